//! The agent's turn: what needs a clock or the world outside is done by one enrolled device that
//! has the role `agent`, once, whatever crashes.
//!
//! ```text
//! request, number, timer ─▶ claim ─▶ acknowledged, all before it read, first ─▶ do ─▶ report
//! ```
//! Which device claims is a function of the roster; others stand by and do what they had claimed.
//! A claim holds by its place in the log, so two that both believe they lead do nothing twice.

mod claims;
mod firing;
mod numbering;

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::frame::Start;
use casework_protocol::ids::{DeviceId, DocumentId};
use serde::Serialize;

use self::claims::{Desk, Watch};
use super::automating::Ran;
use super::history::arrivals;
use super::{Acted, NewCase, Replica, ReplicaFault};
use crate::automation::Timer;
use crate::automation::numbering::is_provisional;
use crate::case::facet::automation::{AutomationAction, OutwardKind, RunKind, RunStatus};
use crate::case::{Act, Opening, PartId};
use crate::moment::Moment;
use crate::sync::Holdings;
use crate::view::RunView;

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
    /// Rules whose time had come and that could not be fired, with the reason.
    pub refused: Vec<String>,
    /// Claims that wait for the server.
    pub pending: usize,
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
            for (effect, run) in desk.view.facets.automations.waiting() {
                let of = format!("{RUN}{effect}");
                if self.holds(&mut turn, (desk, of), &watch, &next())? {
                    self.take_on(&mut turn, desk, (effect, run), &next())?;
                }
            }
            for timer in &desk.due {
                let of = format!("{TIME}{}", timer.key);
                if self.holds(&mut turn, (desk, of), &watch, &next())? {
                    self.fire(&mut turn, desk, timer, &next())?;
                }
            }
        }
        if leads {
            self.number_cases(&mut turn, (&desks, taken), &watch, &mut next)?;
        }
        Ok(turn)
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

    /// The cases with something to do, and the numbers that are final.
    fn desks(&mut self, moment: &Moment) -> Result<(Vec<Desk>, BTreeSet<String>), ReplicaFault> {
        let (mut desks, mut taken) = (Vec::new(), BTreeSet::new());
        for card in self.cards()? {
            let provisional = is_provisional(&card.number);
            if !provisional {
                taken.insert(card.number);
            }
            let view = match self.case(card.document) {
                Ok(view) => view,
                // One case that cannot be read keeps no other one waiting.
                Err(ReplicaFault::Document(_)) => continue,
                Err(fault) => return Err(fault),
            };
            let due = match self.due(&view, moment) {
                Err(ReplicaFault::Document(_)) => continue,
                due => due?,
            };
            let asked = view.facets.automations.waiting().next().is_some();
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

    fn take_on(
        &mut self,
        turn: &mut AgentTurn,
        desk: &Desk,
        (effect, run): (PartId, &RunView),
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let RunKind::Outward(kind) = run.kind else {
            return Ok(());
        };
        let view = &desk.view;
        if kind == OutwardKind::OpenCase {
            turn.opened += usize::from(self.open_for_rule(view.document, (effect, run), moment)?);
            return Ok(());
        }
        let value = |field: &String| {
            let known = view.fields.get(field)?;
            let json = serde_json::to_value(known.value.as_ref().map(|slot| slot.value())).ok()?;
            Some((field.clone(), json))
        };
        turn.errands.push(Errand {
            document: view.document,
            effect,
            key: format!("{}.{effect}", view.document),
            kind,
            name: run.name.clone(),
            rule: run.rule.clone(),
            number: view.number.clone(),
            title: view.title.value().clone(),
            stage: view.stage.value().clone(),
            fields: run.list.iter().filter_map(value).collect(),
        });
        Ok(())
    }

    /// Opens the case that a rule wants, and records it in the same commit: once.
    fn open_for_rule(
        &mut self,
        document: DocumentId,
        (effect, run): (PartId, &RunView),
        moment: &Moment,
    ) -> Result<bool, ReplicaFault> {
        let mut wanted = None;
        for template in self.templates()? {
            if let Some(revision) = self.current_revision(template)
                && revision.package().key == run.name
            {
                wanted = Some((template, revision));
            }
        }
        let report = (document, effect);
        let Some((template, revision)) = wanted else {
            let note = format!("there is no template {}", run.name);
            self.report(report, (RunStatus::Dead, &note), moment)?;
            return Ok(false);
        };
        let letters = data_encoding::HEXUPPER.encode(&moment.derive("number")[..2]);
        let number = format!("{}-~{letters}", revision.package().key);
        let opening = Opening {
            template,
            title: run.text.clone(),
            number: number.clone(),
            stage: revision.first_stage().id.clone(),
            fields: BTreeMap::new(),
            owner: None,
            assignees: BTreeSet::new(),
        };
        let case = NewCase {
            opening,
            imported: None,
            restricted: false,
        };
        let mut batch = self.batch();
        let opened = match batch.open_case(case, &moment.part(0)) {
            Ok(opened) => opened,
            Err(ReplicaFault::Store(fault)) => return Err(fault.into()),
            Err(why) => {
                drop(batch);
                self.report(report, (RunStatus::Dead, &why.to_string()), moment)?;
                return Ok(false);
            }
        };
        let action = AutomationAction::Report {
            id: effect,
            status: RunStatus::Done,
            note: format!("{number} {}", opened.document),
        };
        let id = PartId::derive(&moment.derive("report"), 0);
        batch.act(document, Act::new(id, action.into()), &moment.part(1))?;
        batch.commit()?;
        Ok(true)
    }
}
