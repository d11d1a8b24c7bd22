//! `casework agent run`: an enrolled device that gives cases their numbers, fires the rules whose
//! time has come, does what rules want outside and serves forms, next to the server.
//!
//! ```text
//! sync ─▶ turn (claims, numbers, cases, timed rules) ─▶ errands ─▶ deliver ─▶ journal ─▶ report ─▶ sync …
//! ```
//! What is done inside the workspace is done once. What is done outside is done under one key for
//! ever: after a crash between the call and its record it comes again, under the same key.

mod bell;
mod config;
mod deliver;
mod journal;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use casework::case::facet::automation::RunStatus;
use casework::{AgentTurn, Errand, Error, Hearing, Workspace};
use serde_json::json;

use bell::{Bell, Ringer};
use config::AgentConfig;
use deliver::{Delivered, deliver};
use journal::Journal;

use crate::command::carry_out;
use crate::fault::Fault;
use crate::form_host::FormHost;
use crate::output;
use crate::owner::Service;
use crate::screen::words::plain;

/// Most rounds of syncing and acting of `--once`: a claim holds after the second one, and what it
/// leads to may want another.
const MAX_ROUNDS: usize = 32;
/// Rounds in which claims may wait for the server and nothing else happens.
const MAX_PATIENCE: usize = 3;

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
    let host = match &agent.config.forms {
        Some(args) => {
            let host = FormHost::open(workspace, args)?;
            let address = host.serving.address();
            let words = format!("serving forms at http://{address}");
            say(
                as_json,
                &words,
                &json!({ "event": "serving", "address": address.to_string() }),
            );
            Some(host)
        }
        None => None,
    };
    let bell = Arc::new(Bell::default());
    workspace.hear_presence(Hearing::Nobody);
    let watch = workspace.watch(Arc::new(Ringer {
        bell: Arc::clone(&bell),
        rooms: host.as_ref().map(|host| Arc::clone(&host.rooms)),
    }))?;
    let ending = Arc::clone(&bell);
    thread::spawn(move || {
        let _ = crate::watch::wait_for_the_end();
        ending.end();
    });
    let acting = json!({ "event": "acting" });
    say(as_json, "acting as the agent; end with Ctrl-C", &acting);
    loop {
        let turn = agent.look()?;
        agent.tell(&turn, as_json);
        if !bell.wait(Duration::from_secs(every.max(1))) {
            break;
        }
    }
    // First the doors, then the line: what was taken last is still sent.
    drop(host);
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
        let (mut all, mut waited) = (AgentTurn::default(), 0);
        for _ in 0..MAX_ROUNDS {
            self.workspace.sync(&mut |_| {})?;
            let turn = self.look()?;
            if !as_json {
                self.tell(&turn, false);
            }
            let done = turn.claimed + turn.numbered + turn.opened;
            let done = done + turn.fired.len() + turn.errands.len();
            waited = if done == 0 { waited + 1 } else { 0 };
            let over = done == 0 && (turn.pending == 0 || waited >= MAX_PATIENCE);
            absorb(&mut all, turn);
            if over {
                break;
            }
        }
        self.workspace.sync(&mut |_| {})?;
        if as_json {
            say(true, "", &json!(all));
        }
        Ok(())
    }

    /// One look: the turn inside, then the errands that are due.
    fn look(&mut self) -> Result<AgentTurn, Fault> {
        let mut turn = self.workspace.agent_turn()?;
        let mut done = Vec::new();
        for errand in core::mem::take(&mut turn.errands) {
            if self.run_errand(&errand, &mut turn.refused)? {
                done.push(errand);
            }
        }
        turn.errands = done;
        Ok(turn)
    }

    /// Delivers an errand unless it was or is not due, and records what came of it. Answers
    /// whether it is done with.
    fn run_errand(&mut self, errand: &Errand, refused: &mut Vec<String>) -> Result<bool, Fault> {
        let now = casework::timestamp();
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
        match self.workspace.report_errand(at, status, &note) {
            Ok(_) => {}
            Err(fault @ Error::Unavailable(_)) => return Err(fault.into()),
            // The journal keeps the outcome, so it is reported the next time and not done again.
            Err(why) => {
                refused.push(format!("{}: {why}", errand.number));
                return Ok(false);
            }
        }
        self.journal.forget(&errand.key)?;
        Ok(true)
    }

    fn tell(&self, turn: &AgentTurn, as_json: bool) {
        let told: Vec<String> = turn
            .fired
            .iter()
            .map(|one| format!("{} on {}", plain(&one.timer.rule), plain(&one.number)))
            .collect();
        for why in &turn.refused {
            say(
                as_json,
                &format!("could not fire {}", plain(why)),
                &json!({ "refused": why }),
            );
        }
        let idle = AgentTurn {
            stands_by: true,
            ..AgentTurn::default()
        };
        if *turn == idle {
            say(as_json, "another agent leads; standing by", &json!(turn));
        } else if *turn != AgentTurn::default() && turn.pending == 0 {
            let errands: Vec<String> = turn
                .errands
                .iter()
                .map(|errand| format!("{} for {}", plain(&errand.name), plain(&errand.number)))
                .collect();
            let words = format!(
                "claimed {}, numbered {}, opened {}, fired {}, did {}",
                turn.claimed,
                turn.numbered,
                turn.opened,
                if told.is_empty() {
                    "no rule".to_owned()
                } else {
                    told.join(", ")
                },
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

/// Adds what a round did to what the rounds before it did.
fn absorb(all: &mut AgentTurn, turn: AgentTurn) {
    all.stands_by = turn.stands_by;
    all.pending = turn.pending;
    all.claimed += turn.claimed;
    all.numbered += turn.numbered;
    all.opened += turn.opened;
    all.errands.extend(turn.errands);
    all.fired.extend(turn.fired);
    all.refused.extend(turn.refused);
}

fn say(as_json: bool, words: &str, json: &serde_json::Value) {
    if as_json {
        output::lines(&format!("{json}\n"));
    } else {
        output::lines(&format!("{words}\n"));
    }
}
