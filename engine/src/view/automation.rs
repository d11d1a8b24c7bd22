//! What automations left in a case: notices, requests to the agent and what came of them, rules
//! that failed or were stopped; and what agents claimed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facet::{Contest, FacetView};
use super::reader::{Reader, text};
use super::record::{Record, read_records};
use super::side::{OriginRef, Slot};
use crate::case::facet::automation::{self as keys, RunKind, RunStatus};
use crate::case::{PartId, Shelf};
use crate::value::Scalar;

/// Everything that rules left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automations {
    /// By effect.
    pub runs: BTreeMap<PartId, RunView>,
    /// What agents took on, by claim.
    pub claims: BTreeMap<PartId, ClaimView>,
}

/// One thing that a rule left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// What it is.
    pub kind: RunKind,
    /// The automation's id.
    pub rule: String,
    /// The hook, program or template that is wanted, what a rule's time came for, or nothing.
    pub name: String,
    /// What is said: the notice, the title of a case, why the rule failed.
    pub text: String,
    /// Whom a notice is for, or the fields that are handed over.
    pub list: Vec<String>,
    /// How a request stands.
    pub status: Slot<RunStatus>,
    /// What came of it, in words.
    pub note: Slot<String>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Which change left it.
    pub created: OriginRef,
}

/// Something an agent took on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimView {
    /// What: `run/ID`, `number/NUMBER` or `time/ID`.
    pub of: String,
    /// Which change claimed it.
    pub created: OriginRef,
}

impl Automations {
    /// What was left, in the order of creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &RunView)> {
        let mut runs: Vec<_> = self.runs.iter().map(|(id, run)| (*id, run)).collect();
        runs.sort_by_key(|(id, run)| (run.position, *id));
        runs
    }

    /// The requests that wait for the agent.
    pub fn waiting(&self) -> impl Iterator<Item = (PartId, &RunView)> {
        let runs = self.runs.iter().map(|(id, run)| (*id, run));
        runs.filter(|(_, run)| run.is_waiting())
    }
}

impl RunView {
    /// Whether the agent has something to do about it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.kind, RunKind::Outward(_)) && *self.status.value() == RunStatus::Waiting
    }

    /// Whether the agent gave up.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.kind, RunKind::Outward(_)) && *self.status.value() == RunStatus::Dead
    }

    /// Whether somebody should look at the rule.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        match self.kind {
            RunKind::Failed | RunKind::Stopped => true,
            RunKind::Outward(_) => self.is_dead(),
            RunKind::Notice | RunKind::Fired => false,
        }
    }
}

impl FacetView for Automations {
    const SHELVES: &'static [Shelf] = &[Shelf::Runs, Shelf::Claims];

    fn read(reader: &mut Reader<'_>) -> Self {
        let mut found = Self::default();
        for mut record in read_records(reader, Shelf::Runs) {
            let id = record.key.parse().ok();
            let run = read_run(reader, &mut record);
            found.runs.extend(id.zip(run));
        }
        for mut record in read_records(reader, Shelf::Claims) {
            let id = record.key.parse().ok();
            let claim = record.text(keys::CLAIMED).map(|of| ClaimView {
                of,
                created: record.created,
            });
            found.claims.extend(id.zip(claim));
        }
        found
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for run in self.runs.values_mut() {
            visit(&mut run.created);
            run.status.visit(visit);
            run.note.visit(visit);
        }
        for claim in self.claims.values_mut() {
            visit(&mut claim.created);
        }
    }

    // Two agents that report the same thing differently is the agents' matter, not the people's.
    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}

fn read_run(reader: &mut Reader<'_>, record: &mut Record) -> Option<RunView> {
    let list = record.text(keys::LIST)?;
    let list = list.split(' ').filter(|item| !item.is_empty());
    Some(RunView {
        kind: RunKind::from_name(&record.text(keys::KIND)?)?,
        rule: record.text(keys::RULE)?,
        name: record.text(keys::NAME)?,
        text: record.text(keys::TEXT)?,
        list: list.map(str::to_owned).collect(),
        status: record.slot(reader, keys::STATUS, status)?,
        note: record.slot(reader, keys::NOTE, text)?,
        position: record.position,
        created: record.created,
    })
}

fn status(value: Scalar) -> Option<RunStatus> {
    RunStatus::from_name(value.as_text()?)
}
