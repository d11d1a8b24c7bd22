//! `casework agent run`: an enrolled device that gives cases their numbers and does what rules want
//! outside, next to the server.
//!
//! ```text
//! sync ─▶ turn (claims, numbers, cases) ─▶ errands ─▶ deliver ─▶ journal ─▶ report ─▶ sync …
//! ```
//! What is done inside the workspace is done once. What is done outside is done under one key for
//! ever: after a crash between the call and its record it comes again, under the same key.

mod config;
mod deliver;
mod journal;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use casework::case::facet::automation::RunStatus;
use casework::{AgentTurn, Changed, Errand, Notice, Observer, SyncState, Workspace};
use serde_json::json;

use config::AgentConfig;
use deliver::{Delivered, deliver};
use journal::Journal;

use crate::command::carry_out;
use crate::fault::Fault;
use crate::output;
use crate::owner::Service;
use crate::screen::words::plain;

/// Most rounds of syncing and acting of `--once`: claim, number or deliver, report.
const MAX_ROUNDS: usize = 8;
/// Between two looks at whether the process is to end.
const BREATH: Duration = Duration::from_millis(200);

/// Acts as the agent.
pub(crate) fn run(
    workspace: &Workspace,
    (once, every): (bool, u64),
    as_json: bool,
) -> Result<(), Fault> {
    let mut agent = Agent::open(workspace)?;
    if once {
        return agent.once(as_json);
    }
    let served = workspace.clone();
    let service = Service::begin(
        workspace.folder(),
        Arc::new(move |request, progress| carry_out(&served, request, progress)),
    )?;
    let watch = workspace.watch(Arc::new(Silent))?;
    let ending = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&ending);
    thread::spawn(move || {
        let _ = crate::watch::wait_for_the_end();
        ended.store(true, Ordering::Release);
    });
    say(
        as_json,
        "acting as the agent; end with Ctrl-C",
        &json!({ "event": "acting" }),
    );
    while !ending.load(Ordering::Acquire) {
        let turn = agent.look()?;
        agent.tell(&turn, as_json);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(every.max(1)) && !ending.load(Ordering::Acquire)
        {
            thread::sleep(BREATH);
        }
    }
    drop(service);
    watch.stop();
    Ok(())
}

struct Agent {
    workspace: Workspace,
    config: AgentConfig,
    journal: Journal,
}

impl Agent {
    fn open(workspace: &Workspace) -> Result<Self, Fault> {
        let folder: &Path = workspace.folder();
        Ok(Self {
            workspace: workspace.clone(),
            config: AgentConfig::read(folder)?,
            journal: Journal::open(folder)?,
        })
    }

    fn once(&mut self, as_json: bool) -> Result<(), Fault> {
        for _ in 0..MAX_ROUNDS {
            self.workspace.sync(&mut |_| {})?;
            let turn = self.look()?;
            self.tell(&turn, as_json);
            let done = turn.claimed + turn.numbered + turn.opened + turn.errands.len();
            if turn.stands_by || done == 0 {
                break;
            }
        }
        self.workspace.sync(&mut |_| {})?;
        Ok(())
    }

    /// One look: the turn inside, then the errands that are due.
    fn look(&mut self) -> Result<AgentTurn, Fault> {
        let mut turn = self.workspace.agent_turn()?;
        let mut done = Vec::new();
        for errand in core::mem::take(&mut turn.errands) {
            if self.run_errand(&errand)? {
                done.push(errand);
            }
        }
        turn.errands = done;
        Ok(turn)
    }

    /// Delivers an errand unless it was or is not due, and records what came of it. Answers
    /// whether it is done with.
    fn run_errand(&mut self, errand: &Errand) -> Result<bool, Fault> {
        let now = jiff::Timestamp::now();
        let entry = self.journal.entry(&errand.key);
        let (status, note) = match entry.outcome {
            // Done before a crash kept the record from being made.
            Some(outcome) => outcome,
            None if entry.next_ms > now.as_millisecond() => return Ok(false),
            None => match deliver(&self.config, errand, now) {
                Delivered::Done(note) => (RunStatus::Done, note),
                Delivered::Refused(note) => (RunStatus::Dead, note),
                Delivered::Unknown(_) => return Ok(false),
                Delivered::Failed(note) => {
                    let jitter = self.workspace.fresh_part()?;
                    let again = self
                        .journal
                        .failed(&errand.key, now, jitter.as_bytes()[0])?;
                    if again {
                        return Ok(false);
                    }
                    (RunStatus::Dead, note)
                }
            },
        };
        self.journal.finished(&errand.key, (status, &note))?;
        let at = (errand.document, errand.effect);
        self.workspace.report_errand(at, status, &note)?;
        self.journal.forget(&errand.key)?;
        Ok(true)
    }

    fn tell(&self, turn: &AgentTurn, as_json: bool) {
        if turn.stands_by {
            say(as_json, "another agent leads; standing by", &json!(turn));
        } else if *turn != AgentTurn::default() && turn.pending == 0 {
            let errands: Vec<String> = turn
                .errands
                .iter()
                .map(|errand| format!("{} for {}", plain(&errand.name), plain(&errand.number)))
                .collect();
            let words = format!(
                "claimed {}, numbered {}, opened {}, did {}",
                turn.claimed,
                turn.numbered,
                turn.opened,
                if errands.is_empty() {
                    "nothing outside".to_owned()
                } else {
                    errands.join(", ")
                }
            );
            say(as_json, &words, &json!(turn));
        }
    }
}

fn say(as_json: bool, words: &str, json: &serde_json::Value) {
    if as_json {
        output::lines(&format!("{json}\n"));
    } else {
        output::lines(&format!("{words}\n"));
    }
}

/// The agent looks by itself.
struct Silent;

impl Observer for Silent {
    fn changed(&self, _: &Changed) {}

    fn status(&self, _: &SyncState) {}

    fn notices(&self, _: &[Notice]) {}
}
