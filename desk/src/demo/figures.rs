//! What the demo cost: changes, bytes on the wire, times, bytes on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use casework::SyncReport;
use serde_json::{Value, json};

use super::stage::Stage;
use crate::fault::Fault;
use crate::screen::page::Page;
use crate::screen::table::Table;
use crate::screen::words::{bytes, count, lasting, thousands};

/// What is counted while the story goes on.
#[derive(Debug, Default)]
pub(super) struct Figures {
    by_person: BTreeMap<&'static str, Traffic>,
    /// Cases, bytes received and time of Rui's first sync of the sample cases.
    first: Option<(u64, u64, Duration)>,
    /// The sync after the collision, of whoever had most to say.
    idle: Option<(u64, Duration)>,
}

/// One person's syncs together.
#[derive(Debug, Default)]
struct Traffic {
    syncs: u64,
    pushed: u64,
    received: u64,
    bytes_in: u64,
    bytes_out: u64,
    time: Duration,
}

impl Figures {
    /// Counts a sync.
    pub(super) fn synced(&mut self, name: &'static str, report: SyncReport) {
        let traffic = self.by_person.entry(name).or_default();
        traffic.syncs += 1;
        traffic.pushed += report.pushed;
        traffic.received += report.received;
        traffic.bytes_in += report.bytes_in;
        traffic.bytes_out += report.bytes_out;
        traffic.time += report.duration;
    }

    /// Remembers what it took to get every case for the first time.
    pub(super) fn first_sync(&mut self, cases: u64, report: &SyncReport) {
        self.first = Some((cases, report.bytes_in, report.duration));
    }

    /// Remembers a sync that had nothing to do.
    pub(super) fn nothing_new(&mut self, report: &SyncReport) {
        self.idle = Some((report.bytes_in + report.bytes_out, report.duration));
    }

    /// Shows what it all cost.
    pub(super) fn show(&self, stage: &Stage, page: &mut Page) -> Result<(), Fault> {
        let mut table = Table::new(&[
            "  replica",
            "changes",
            "sent",
            "received",
            "out",
            "in",
            "syncs",
            "time",
            "on disk",
        ]);
        for (name, workspace) in stage.people() {
            let empty = Traffic::default();
            let traffic = self.by_person.get(name).unwrap_or(&empty);
            let changes: u64 = workspace
                .cards()?
                .iter()
                .map(|card| workspace.case(card.document))
                .try_fold(0, |sum, view| view.map(|view| sum + view.changes))?;
            table.row([
                format!("  {name}"),
                thousands(changes),
                thousands(traffic.pushed),
                thousands(traffic.received),
                bytes(traffic.bytes_out),
                bytes(traffic.bytes_in),
                traffic.syncs.to_string(),
                lasting(traffic.time),
                bytes(size_of(workspace.folder())),
            ]);
        }
        page.lines(table.lines(page.screen));
        let server = bytes(size_of(&stage.server.data));
        page.line(format!("  the server's log: {server} on disk"));
        if let Some((cases, received, time)) = self.first {
            page.line(format!(
                "  first sync of {}: {} in {}",
                count(cases, "case"),
                bytes(received),
                lasting(time)
            ));
        }
        if let Some((moved, time)) = self.idle {
            page.line(format!(
                "  a sync with nothing new: {} in {}",
                bytes(moved),
                lasting(time)
            ));
        }
        Ok(())
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let ms = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let people: BTreeMap<&str, Value> = self
            .by_person
            .iter()
            .map(|(name, traffic)| {
                let told = json!({
                    "syncs": traffic.syncs,
                    "pushed": traffic.pushed,
                    "received": traffic.received,
                    "bytes_in": traffic.bytes_in,
                    "bytes_out": traffic.bytes_out,
                    "time_ms": ms(&traffic.time),
                });
                (*name, told)
            })
            .collect();
        json!({
            "replicas": people,
            "first_sync": self.first.map(|(cases, bytes, time)| {
                json!({ "cases": cases, "bytes": bytes, "time_ms": ms(&time) })
            }),
            "nothing_new": self.idle.map(|(bytes, time)| {
                json!({ "bytes": bytes, "time_ms": ms(&time) })
            }),
        })
    }
}

/// The bytes of the files in a folder.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(known) if known.is_dir() => size_of(&entry.path()),
            Ok(known) => known.len(),
            Err(_) => 0,
        })
        .sum()
}
