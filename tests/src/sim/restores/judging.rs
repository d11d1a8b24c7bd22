//! What must hold when everybody has come back to a restored server, and what is told where it does not.

use std::collections::BTreeSet;

use casework_engine::sync::Holdings as _;
use casework_protocol::frame::Continuity;
use casework_protocol::ids::{ChangeHash, DocumentId, ServerId};
use casework_protocol::log::{EntryKind, VerifiedHead};
use casework_sync_server::log::Record;
use casework_sync_server::relay::check::check_workspace;

use super::Play;
use crate::stage::{Stage, Who};

impl Play {
    /// Notes which changes stand in the log, before anybody lost rights, under a head that some device has.
    pub(super) fn note_proved(&mut self) {
        let (id, servers) = (
            self.stage.workspace(),
            self.stage.server_identity().servers(),
        );
        let mut heads = Vec::new();
        for who in self.who.clone() {
            let head = self.stage.replica(who).head();
            let known = |server: &ServerId| head.clone()?.verify(*server, id).ok();
            heads.extend(servers.iter().find_map(known));
        }
        let shared = self.stage.relay().workspace(id);
        let shared = shared.expect("the workspace is there");
        let workspace = shared.read().expect("nobody panicked over it");
        let fits =
            |head: &&VerifiedHead| matches!(workspace.continuity(head), Ok(Continuity::Extends(_)));
        let sizes = heads.iter().filter(fits).map(|head| head.head().size);
        let upto = sizes.max().unwrap_or_default();
        let records = self.stage.server_log().read(id, 0, usize::MAX);
        let records = records.expect("the log can be read");
        // What came after somebody had lost their rights need not stand.
        let late =
            |record: &Record| record.kind == EntryKind::Roster && record.seq >= self.before_all;
        let before = records.into_iter().take_while(|record| !late(record));
        for record in before {
            let covered = record.hashes.iter().zip(record.seq..);
            let covered = covered.filter(|(_, seq)| *seq < upto);
            self.proved
                .extend(covered.map(|(hash, _)| ChangeHash::new(*hash)));
        }
    }

    /// Whether somebody had a head over a change, and no operator gave up waiting for it.
    pub(super) fn is_bound_to_stand(&self, change: ChangeHash) -> bool {
        self.met.epochs == 0 && self.proved.contains(&change)
    }

    pub(super) fn is_drawn(&mut self, who: Who, change: ChangeHash) -> bool {
        let drawn = self.stage.replica(who).drawer();
        let mut drawn = drawn.expect("the store can be read").into_iter();
        self.demoted == Some(who) && drawn.any(|drawn| drawn.change == Some(change))
    }

    /// As [`Stage::assert_converged`], and tells what the log has where it does not hold.
    pub(super) fn assert_alike(&mut self, case: DocumentId) {
        let who = self.who.clone();
        let view = |stage: &mut Stage, who: Who| stage.replica(who).case(case).ok();
        let views: Vec<_> = who.iter().map(|who| view(&mut self.stage, *who)).collect();
        let mut there = views.iter().flatten();
        let first = there.next();
        if there.all(|view| Some(view) == first) {
            return self.stage.assert_converged(case);
        }
        let mut said = format!(
            "seed {}: {case}: demoted {:?}",
            self.stage.seed(),
            self.demoted
        );
        let records = self
            .stage
            .server_log()
            .read(self.stage.workspace(), 0, usize::MAX);
        let done = &self.done;
        for record in records.expect("the log can be read") {
            let labels = record
                .hashes
                .iter()
                .filter_map(|hash| done.get(&ChangeHash::new(*hash)));
            let labels = labels.filter(|(of, ..)| *of == case);
            let labels: Vec<_> = labels
                .map(|(_, who, label)| format!("{label} {who:?}"))
                .collect();
            if !labels.is_empty() {
                said.push_str(&format!(
                    "\n  {} held {}: {labels:?}",
                    record.seq, record.held
                ));
            }
        }
        for (who, view) in who.into_iter().zip(views) {
            let labels = view.map(|view| view.labels);
            let found = self.stage.replica(who).verify(&mut |_, _| {});
            let findings = found.expect("the store can be read").findings;
            let what: Vec<_> = findings.into_iter().map(|found| found.what).collect();
            said.push_str(&format!("\n  {who:?}: {labels:?} {what:?}"));
        }
        panic!("{said}");
    }

    /// What every device says of a label.
    pub(super) fn whereabouts(&mut self, case: DocumentId, label: &str) -> String {
        let mut found = format!("{:?}", self.met);
        for who in self.who.clone() {
            let fault = self.stage.last_fault(who).map(ToString::to_string);
            let replica = self.stage.replica(who);
            let shown = replica.case(case).map(|view| view.labels.contains(label));
            let drawn = replica.drawer().expect("the store can be read");
            let drawn: Vec<_> = drawn.into_iter().map(|drawn| drawn.reason).collect();
            let unsent = replica.unsent().expect("the store can be read");
            let line =
                format!("\n  {who:?}: {shown:?}, unsent {unsent}, drawn {drawn:?}, {fault:?}");
            found.push_str(&line);
        }
        found
    }

    pub(super) fn assert_no_verdict_fell(&mut self) {
        let (seed, ana) = (self.stage.seed(), self.who[0]);
        // What nobody had a head over comes back as a new arrival: after its maker lost their rights it
        // is held, and a case that they opened is not admitted.
        let demoted = self.demoted;
        let late = |who: &Who| demoted == Some(*who);
        let by_late = self
            .done
            .iter()
            .filter(|(change, (_, who, _))| late(who) && !self.proved.contains(*change));
        let by_late: BTreeSet<_> = by_late
            .map(|(_, (case, _, label))| (*case, label.clone()))
            .collect();
        for case in self.cases.clone() {
            if late(&self.openers[&case]) && self.stage.replica(ana).case(case).is_err() {
                let mut there = self.done.iter().filter(|(_, (of, ..))| *of == case);
                let proved = there.any(|(change, _)| self.proved.contains(change));
                assert!(!proved, "seed {seed}: case {case} was proved, and is gone");
                continue;
            }
            let labels = self.stage.view(ana, case).labels;
            let stood = self.seen.iter().filter(|(of, _)| *of == case);
            for (_, label) in stood.filter(|stood| !by_late.contains(*stood)) {
                assert!(
                    labels.contains(label),
                    "seed {seed}: {label} stood and fell"
                );
            }
        }
    }

    pub(super) fn assert_sound(&mut self) {
        let seed = self.stage.seed();
        let (log, id) = (self.stage.server_log(), self.stage.workspace());
        let servers = self.stage.server_identity().servers();
        let checked = check_workspace(log.as_ref(), &servers, id, &mut |_| {});
        let faults = checked.expect("the log can be read").faults;
        assert!(faults.is_empty(), "seed {seed}: {faults:?}");
        for who in self.who.clone() {
            let found = self.stage.replica(who).verify(&mut |_, _| {});
            let found = found.expect("the store can be read").findings.into_iter();
            // Late work of whoever lost their rights waits, with what builds on it.
            let waits = |what: &str| what.starts_with("held ") || what.starts_with("it builds on ");
            let other = found.filter(|found| self.demoted.is_none() || !waits(&found.what));
            let other: Vec<_> = other.collect();
            assert!(other.is_empty(), "seed {seed}: {who:?}: {other:?}");
            let unsent = self.stage.replica(who).unsent();
            let unsent = unsent.expect("the store can be read");
            assert_eq!(unsent, 0, "seed {seed}: {who:?} still has unsent work");
        }
    }
}
