//! `casework sync --watch`: stays in step, says what happens, and owns the replica meanwhile.

use std::sync::Arc;

use casework::view::Card;
use casework::{Changed, Notice, Observer, SyncState, Workspace};
use serde_json::json;

use crate::command::{carry_out, notice_words, state_words};
use crate::fault::Fault;
use crate::output;
use crate::owner::Service;
use crate::screen::words::{count, here, plain};

/// Most cases that are named when several changed at once.
const MAX_NAMED: usize = 5;

/// Watches until the process is asked to end.
pub(crate) fn run(workspace: &Workspace, as_json: bool) -> Result<(), Fault> {
    let served = workspace.clone();
    let service = Service::begin(
        workspace.folder(),
        Arc::new(move |request, progress| carry_out(&served, request, progress)),
    )?;
    let teller = Arc::new(Teller {
        workspace: workspace.clone(),
        as_json,
    });
    teller.say(
        "watching",
        &format!(
            "{} is in step from here on; end with Ctrl-C",
            workspace.folder().display()
        ),
        json!({ "folder": workspace.folder() }),
    );
    let watch = workspace.watch(teller)?;
    let ended = wait_for_the_end();
    // First the door, then the line: whoever asks now finds the replica free in a moment.
    drop(service);
    watch.stop();
    ended
}

pub(crate) fn wait_for_the_end() -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Fault::unavailable(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error: std::io::Error| Fault::unavailable(format!("no signals: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

/// Says what happens, a line each.
struct Teller {
    workspace: Workspace,
    as_json: bool,
}

impl Teller {
    fn say(&self, what: &str, words: &str, json: serde_json::Value) {
        if self.as_json {
            let line = json!({ "event": what, "data": json });
            output::lines(&format!("{line}\n"));
        } else {
            let now = jiff::Timestamp::now().as_millisecond();
            output::lines(&format!("{}  {words}\n", here(now)));
        }
    }
}

impl Observer for Teller {
    fn changed(&self, changed: &Changed) {
        let cards = self.workspace.cards().unwrap_or_default();
        let known = |card: &&Card| changed.documents.contains(&card.document);
        let named: Vec<String> = cards
            .iter()
            .filter(known)
            .take(MAX_NAMED)
            .map(|card| format!("{} {}", plain(&card.number), plain(&card.title)))
            .collect();
        let total = changed.documents.len();
        let mut words = named.join(", ");
        if total > named.len() {
            words.push_str(&format!(
                " and {}",
                count((total - named.len()) as u64, "other")
            ));
        }
        if changed.people {
            words = if words.is_empty() {
                "people".into()
            } else {
                format!("{words}; people")
            };
        }
        if !words.is_empty() {
            self.say("changed", &format!("changed: {words}"), json!(changed));
        }
    }

    fn status(&self, state: &SyncState) {
        // Work in progress is told by what it changes.
        if !matches!(state, SyncState::Working(_) | SyncState::Connecting) {
            self.say("sync", &state_words(state), json!(state));
        }
    }

    fn notices(&self, notices: &[Notice]) {
        for notice in notices {
            self.say("notice", &notice_words(notice), json!(notice));
        }
    }
}
