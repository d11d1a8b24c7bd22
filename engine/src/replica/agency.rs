//! The agent's turn: what needs a clock or the world outside is done by one enrolled device that
//! has the role `agent`, once, whatever crashes.
//!
//! ```text
//! request, number, timer ─▶ claim ─▶ acknowledged, all before it read, first ─▶ do ─▶ report
//! ```
//! Which device claims is a function of the roster; others stand by and do what they had claimed.
//! A claim holds by its place in the log, so two that both believe they lead do nothing twice.

mod agenda;
mod claims;
mod errands;
mod firing;
mod numbering;

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::frame::Start;
use casework_protocol::ids::{DeviceId, DocumentId};
use serde::Serialize;

pub(super) use self::agenda::Agenda;
use self::claims::{Desk, Watch};
use super::automating::Ran;
use super::history::arrivals;
use super::{Acted, Replica, ReplicaFault};
use crate::automation::Timer;
use crate::automation::numbering::is_provisional;
use crate::case::facet::automation::{AutomationAction, OutwardKind, RunStatus};
use crate::case::{Act, PartId};
use crate::moment::Moment;
use crate::sync::Holdings;
use crate::view::CaseView;

/// The role whose devices may act as agents.
pub const AGENT_ROLE: &str = casework_protocol::roster::role::AGENT;

/// What a claim on a request, on a number or on the time of a rule begins with.
const RUN: &str = "run/";
const NUMBER: &str = "number/";
const TIME: &str = "time/";

/// What the agent is to do outside, now. It may have been done before a crash: whoever is called
/// recognises the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Errand {
    /// The case.
    pub document: DocumentId,
    /// The effect; reported under it.
    pub effect: PartId,
    /// Names this request for ever, in the whole workspace.
    pub key: String,
    /// A web address or a program.
    pub kind: OutwardKind,
    /// Its name in the agent's configuration.
    pub name: String,
    /// The rule that wants it.
    pub rule: String,
    /// The case's number.
    pub number: String,
    /// The case's title.
    pub title: String,
    /// The case's stage.
    pub stage: String,
    /// The values that are handed over, as they are stored, by field.
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// What came of a turn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AgentTurn {
    /// Another device leads: nothing new was taken on, only what this one claimed before was done.
    pub stands_by: bool,
    /// What is to be done outside now.
    pub errands: Vec<Errand>,
    /// Claims that were made: they hold once the server has them.
    pub claimed: usize,
    /// Cases that were given their final number.
    pub numbered: usize,
    /// Cases that were opened for rules.
    pub opened: usize,
    /// Rules whose time had come.
    pub fired: Vec<FiredRule>,
    /// What could not be done, with the case and the reason; it is tried again the next time.
    pub refused: Vec<String>,
    /// Claims that wait for the server.
    pub pending: usize,
    /// Purges that were due and carried out.
    pub purged: usize,
}

/// A rule whose time had come, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiredRule {
    /// The case.
    pub document: DocumentId,
    /// The case's number.
    pub number: String,
    /// What for and when.
    #[serde(flatten)]
    pub timer: Timer,
    /// What it did, and what that set off.
    pub effects: Vec<Ran>,
}

impl AgentTurn {
    /// What one case refuses keeps no other one waiting: it is told. A store that fails ends the
    /// turn.
    pub(super) fn excuse(
        &mut self,
        number: &str,
        served: Result<(), ReplicaFault>,
    ) -> Result<(), ReplicaFault> {
        match served {
            Ok(()) => {}
            Err(fault @ (ReplicaFault::Store(_) | ReplicaFault::NotEnrolled)) => return Err(fault),
            Err(why) => self.refused.push(format!("{number}: {why}")),
        }
        Ok(())
    }
}

impl Replica {
    /// The agents in the order in which they were enrolled: the first one leads.
    ///
    /// # Errors
    /// [`ReplicaFault::NotEnrolled`] before the first sync.
    pub fn agents(&self) -> Result<Vec<DeviceId>, ReplicaFault> {
        let roster = self.roster()?;
        let head = roster.head();
        let mut found: Vec<(u64, DeviceId)> = head
            .members()
            .filter(|(_, member)| member.active && member.roles.contains(AGENT_ROLE))
            .flat_map(|(_, member)| &member.devices)
            .filter(|device| head.member_of(**device).is_some())
            .map(|device| {
                let known = |version: &u64| {
                    let then = roster.at(*version);
                    then.is_some_and(|then| then.device(*device).is_some())
                };
                let since = (1..=head.version()).find(known).unwrap_or(u64::MAX);
                (since, *device)
            })
            .collect();
        found.sort();
        Ok(found.into_iter().map(|(_, device)| device).collect())
    }

    /// Does what is to be done inside the workspace, and tells what is to be done outside.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the store fails. What was done before stays done.
    pub fn agent_turn(&mut self, moment: &Moment) -> Result<AgentTurn, ReplicaFault> {
        let (agents, me) = (self.agents()?, self.device());
        let leads = agents.first() == Some(&me);
        let mut turn = AgentTurn {
            stands_by: !leads,
            ..AgentTurn::default()
        };
        if !agents.contains(&me) {
            return Ok(turn);
        }
        let read_upto = match Holdings::start(self) {
            Start::At(cursor) => cursor.seq,
            Start::Nothing | Start::Partway { .. } => 0,
        };
        let watch = Watch {
            agents: agents.into_iter().collect(),
            me,
            leads,
            read_upto,
        };
        let (desks, taken) = self.desks(moment)?;
        let mut moments = (0_u64..).map(|n| moment.part(n));
        let mut next = || moments.next().unwrap_or(*moment);
        for desk in &desks {
            let served = self.serve(&mut turn, desk, &watch, &mut next);
            turn.excuse(&desk.view.number, served)?;
        }
        if leads {
            self.number_cases(&mut turn, (&desks, taken), &watch, &mut next)?;
            turn.purged = self.purge_due(&next())?;
        }
        Ok(turn)
    }

    /// Does what one case has to do.
    fn serve(
        &mut self,
        turn: &mut AgentTurn,
        desk: &Desk,
        watch: &Watch,
        next: &mut impl FnMut() -> Moment,
    ) -> Result<(), ReplicaFault> {
        for (effect, run) in desk.view.facets.automations.waiting() {
            let of = format!("{RUN}{effect}");
            if self.holds(turn, (desk, of), watch, &next())? {
                self.take_on(turn, desk, (effect, run), &next())?;
            }
        }
        for timer in &desk.due {
            let of = format!("{TIME}{}", timer.key);
            if self.holds(turn, (desk, of), watch, &next())? {
                self.fire(turn, desk, timer, &next())?;
            }
        }
        Ok(())
    }

    /// Records what came of an errand, or that a dead one is to be tried again.
    ///
    /// # Errors
    /// [`ReplicaFault`] as for any act.
    pub fn report(
        &mut self,
        (document, effect): (DocumentId, PartId),
        (status, note): (RunStatus, &str),
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let action = AutomationAction::Report {
            id: effect,
            status,
            note: note.to_owned(),
        };
        let id = PartId::derive(&moment.derive("report"), 0);
        self.act(document, Act::new(id, action.into()), moment)
    }

    /// The cases with something to do, and the numbers that are final. Cases at rest cost the look
    /// at their card.
    fn desks(&mut self, moment: &Moment) -> Result<(Vec<Desk>, BTreeSet<String>), ReplicaFault> {
        let (mut desks, mut taken) = (Vec::new(), BTreeSet::new());
        for card in self.cards()? {
            let provisional = is_provisional(&card.number);
            if !provisional {
                taken.insert(card.number);
            }
            if self
                .agenda
                .rests(card.document, moment.now_ms.cast_signed())
            {
                continue;
            }
            let view = match self.case(card.document) {
                Ok(view) => view,
                // One case that cannot be read keeps no other one waiting.
                Err(ReplicaFault::Document(_)) => continue,
                Err(fault) => return Err(fault),
            };
            let timers = self.timers_of(&view, moment);
            let asked = view.facets.automations.waiting().next().is_some();
            if !provisional && !asked && self.lay(&view, &timers, moment) {
                continue;
            }
            let due = match self.due(&view, timers, moment) {
                Err(ReplicaFault::Document(_)) => continue,
                due => due?,
            };
            if !provisional && !asked && due.is_empty() {
                continue;
            }
            let id = view.document;
            self.document(id)?;
            let Some(open) = self.documents.peek(id) else {
                continue;
            };
            let arrived = arrivals(&self.store, id, &open.automerge)?;
            desks.push(Desk { view, arrived, due });
        }
        Ok((desks, taken))
    }

    /// Lets a case rest until its next timer, unless one has come. Answers whether it rests.
    fn lay(&mut self, view: &CaseView, timers: &[Timer], moment: &Moment) -> bool {
        let now_ms = moment.now_ms.cast_signed();
        let next = timers.iter().map(|timer| timer.at_ms).min();
        let rests = next.is_none_or(|next_ms| next_ms > now_ms);
        if rests {
            self.agenda.lay(view.document, now_ms, next);
        }
        rests
    }
}
