//! Importing: many cases with their history, some hundred per commit, never half a case.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::{Act, CaseAction, FieldEntry, Imported};
use casework_engine::moment::Moment;
use casework_engine::replica::{Batch, Replica};
use casework_engine::template::{Field, Revision};
use casework_engine::value::Scalar;
use casework_protocol::ids::DocumentId;

use super::Workspace;
use super::cases::{NewCaseRequest, open, prepare};
use super::fields::{self, Wish};
use super::finding::find_stage;
use crate::error::Error;
use crate::moment;

/// A case with what was done to it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseImport {
    /// How it was opened.
    pub request: NewCaseRequest,
    /// What was done then.
    pub steps: Vec<Step>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub action: StepAction,
    /// By whom and when, elsewhere.
    pub imported: Option<Imported>,
    /// Why.
    pub reason: Option<String>,
    /// Go through a rule that asks; needs a reason.
    pub override_rule: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAction {
    /// Moves to a stage (id or name).
    Move(String),
    /// Gives a field (id or label) what a person would write; left out when it holds exactly that.
    Set(String, String),
    /// Writes an internal comment.
    Comment(String),
    /// Any action.
    Do(CaseAction),
}

/// What the fields of one case hold so far.
type Filled = BTreeMap<String, Held>;

/// What one field holds.
#[derive(Default, Clone, PartialEq, Eq)]
struct Held {
    value: Option<Scalar>,
    options: BTreeSet<String>,
    prose: Option<String>,
}

impl Workspace {
    /// Opens cases and does everything that was done to them, in **one commit**: all of it, or
    /// nothing. A hundred cases per call are fast; the call holds the replica meanwhile.
    ///
    /// # Errors
    /// As [`Workspace::open_case`] and [`Workspace::act`], for the first that fails; the text
    /// names the case and the step.
    pub fn import_cases(&self, cases: &[CaseImport]) -> Result<Vec<DocumentId>, Error> {
        let opened = self.write(|replica| {
            let mut ready = Vec::with_capacity(cases.len());
            for case in cases {
                let now = moment::now()?;
                ready.push(ready_case(replica, case, &now).map_err(|error| name(error, case))?);
            }
            let mut batch = replica.batch();
            let mut opened = Vec::with_capacity(cases.len());
            for (ready, case) in ready.into_iter().zip(cases) {
                opened.push(write_case(&mut batch, ready).map_err(|error| name(error, case))?);
            }
            batch.commit()?;
            Ok(opened)
        })?;
        self.write_to(opened.iter().copied(), |_| Ok(()))?;
        Ok(opened)
    }
}

/// A case with all its acts, ready to be written.
struct Ready {
    prepared: super::cases::Prepared,
    acts: Vec<Act>,
    now: Moment,
}

fn ready_case(replica: &mut Replica, case: &CaseImport, now: &Moment) -> Result<Ready, Error> {
    let prepared = prepare(replica, &case.request, now)?;
    let template = prepared.case.opening.template;
    let revision = super::templates::revision(replica, template)?;
    let mut filled: Filled = prepared
        .case
        .opening
        .fields
        .iter()
        .map(|(id, entry)| (id.clone(), opened_with(entry)))
        .collect();
    let mut acts = Vec::new();
    for step in &case.steps {
        for action in actions(replica, &revision, &mut filled, &step.action)? {
            acts.push(Act {
                reason: step.reason.clone(),
                override_rule: step.override_rule,
                imported: step.imported,
                ..Act::new(moment::part()?, action)
            });
        }
    }
    Ok(Ready {
        prepared,
        acts,
        now: *now,
    })
}

fn write_case(batch: &mut Batch<'_>, ready: Ready) -> Result<DocumentId, Error> {
    // The opening takes the moments up to here; see `open`.
    let first = 1 + ready.prepared.then.len() as u64;
    let document = open(batch, ready.prepared, &ready.now)?.document;
    for (n, act) in (first..).zip(ready.acts) {
        batch.act(document, act, &ready.now.part(n))?;
    }
    Ok(document)
}

fn actions(
    replica: &Replica,
    revision: &Revision,
    filled: &mut Filled,
    action: &StepAction,
) -> Result<Vec<CaseAction>, Error> {
    Ok(match action {
        StepAction::Move(stage) => vec![CaseAction::Move {
            to: find_stage(revision, stage)?,
        }],
        StepAction::Set(name, words) => {
            let field = fields::field(revision, name)?;
            let wish = fields::wish(replica, field, words)?;
            set(filled, field, wish)
        }
        StepAction::Comment(body) => vec![CaseAction::Comment {
            id: moment::part()?,
            body: body.clone(),
            external: false,
            reply_to: None,
        }],
        StepAction::Do(action) => vec![action.clone()],
    })
}

/// The actions that set a field: none when it holds exactly that.
fn set(filled: &mut Filled, field: &Field, wish: Wish) -> Vec<CaseAction> {
    let held = filled.entry(field.id.clone()).or_default();
    let before = held.clone();
    match &wish {
        Wish::Value(value) => held.value = Some(value.to_scalar()),
        Wish::Options(options) => held.options = options.clone(),
        Wish::Prose(text) => held.prose = Some(text.clone()),
        Wish::Count(_) => return wish.actions(field, &before.options),
    }
    if before == *held {
        Vec::new()
    } else {
        wish.actions(field, &before.options)
    }
}

fn opened_with(entry: &FieldEntry) -> Held {
    match entry {
        FieldEntry::Options(options) => Held {
            options: options.clone(),
            ..Held::default()
        },
        FieldEntry::Value(value) => Held {
            value: Some(value.clone()),
            ..Held::default()
        },
    }
}

/// The same error, naming the case.
fn name(error: Error, case: &CaseImport) -> Error {
    let named = |text: String| {
        let number = case
            .request
            .number
            .as_deref()
            .unwrap_or(&case.request.title);
        format!("case {number:?}: {text}")
    };
    match error {
        Error::Invalid(text) | Error::Unchanged(text) => Error::Invalid(named(text)),
        Error::Asks(text) => Error::Asks(named(text)),
        Error::Denied(text) => Error::Denied(named(text)),
        other @ (Error::Unavailable(_)
        | Error::Changed(_)
        | Error::InUse(_)
        | Error::Corrupt(_)
        | Error::Internal(_)) => other,
    }
}
