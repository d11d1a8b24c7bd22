//! `casework sync --watch`: stays in step, says what happens, and owns the replica meanwhile.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use casework::case::PartId;
use casework::ids::DocumentId;
use casework::view::Card;
use casework::{Changed, InboxEntry, InboxFilter, Notice, Observer, SyncState, Workspace};
use serde_json::json;

use crate::command::{carry_out, notice_words, state_words};
use crate::fault::Fault;
use crate::output;
use crate::owner::Service;
use crate::screen::inbox;
use crate::screen::presence::Doorman;
use crate::screen::words::{count, here, plain};

/// Most items of the inbox that are announced at once: a screenful; the others are in the inbox.
const MAX_ANNOUNCED: usize = 40;
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
        told: Mutex::new(unread_items(workspace).into_iter().map(id_of).collect()),
        doorman: Mutex::default(),
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
    /// The items of the inbox that need not be announced any more.
    told: Mutex<BTreeSet<PartId>>,
    /// Who has which case open, as far as it was said.
    doorman: Mutex<Doorman>,
}

/// The newest unread items that are not muted.
fn unread_items(workspace: &Workspace) -> Vec<InboxEntry> {
    let filter = InboxFilter {
        unread: true,
        ..InboxFilter::default()
    };
    let page = workspace.inbox(&filter, None, MAX_ANNOUNCED);
    page.unwrap_or_default().entries
}

fn id_of(entry: InboxEntry) -> PartId {
    entry.item.id
}

impl Teller {
    fn say(&self, what: &str, words: &str, json: serde_json::Value) {
        if self.as_json {
            let line = json!({ "event": what, "data": json });
            output::lines(&format!("{line}\n"));
        } else {
            let now = casework::timestamp().as_millisecond();
            output::lines(&format!("{}  {words}\n", here(now)));
        }
    }
}

impl Teller {
    /// Announces what is new in the inbox, the oldest first. In quiet hours nothing is said, then or
    /// later: it is in the inbox.
    fn announce(&self) {
        let entries = unread_items(&self.workspace);
        let quiet = self.workspace.quiet().is_ok_and(|quiet| quiet.now);
        let Ok(names) = self.workspace.names() else {
            return;
        };
        let mut teller = inbox::Teller::new(names);
        let Ok(mut told) = self.told.lock() else {
            return;
        };
        for entry in entries.into_iter().rev() {
            if !told.insert(entry.item.id) || quiet {
                continue;
            }
            if let Some(template) = entry.template.filter(|id| !teller.knows(*id))
                && let Ok(revision) = self.workspace.revision(template)
            {
                teller.learn(template, &revision);
            }
            let words = teller.sentence(&entry);
            let line = format!("inbox: {} {words}", plain(&entry.number));
            self.say("inbox", &line, json!(entry));
        }
    }
}

impl Teller {
    /// Says who came to a case, writes in it or left.
    fn greet(&self, case: DocumentId) {
        let Ok(presence) = self.workspace.presence_of(case) else {
            return;
        };
        let steps = self.doorman.lock();
        let steps = steps.map(|mut doorman| doorman.look(case, &presence));
        let steps = steps.unwrap_or_default();
        if steps.is_empty() {
            return;
        }
        let (Ok(view), Ok(names)) = (self.workspace.case(case), self.workspace.names()) else {
            return;
        };
        let number = plain(&view.number);
        for (member, step) in steps {
            let name = names.member(member);
            let json = json!({
                "document": case,
                "number": number,
                "member": member,
                "name": name,
                "activity": step.name(),
            });
            self.say("presence", &step.sentence(&name, &number), json);
        }
    }
}

impl Observer for Teller {
    fn changed(&self, changed: &Changed) {
        if changed.inbox {
            self.announce();
        }
        for case in &changed.presence {
            self.greet(*case);
        }
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
