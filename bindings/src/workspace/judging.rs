//! Asking before doing: may this be done now, what stands in the way, and where can a case go?

use std::collections::BTreeSet;

use casework_engine::case::{Act, CaseAction};
use casework_engine::replica::{Question, Replica, ReplicaFault, Where};
use casework_engine::template::Revision;
use casework_engine::view::{CaseView, FieldView};
use casework_protocol::ids::DocumentId;
use casework_protocol::rights::Verb;

use super::Workspace;
use crate::error::Error;
use crate::moment;

/// Whether something can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It can.
    Possible,
    /// It is so already.
    Unchanged,
    /// With a reason, going through a rule that asks.
    Asks,
    /// It cannot, as things stand.
    Refused,
    /// A right is missing.
    Denied,
}

/// What would come of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it can be done.
    pub outcome: Outcome,
    /// Why not, and the way out, for the person at the screen; empty when it is possible.
    pub text: String,
    /// Ids of the fields that are to be filled first, for moves and closing.
    pub missing_fields: Vec<String>,
    /// Ids of the document types that are to be there first, likewise.
    pub missing_documents: Vec<String>,
    /// What rules would say about it without standing in its way.
    pub warnings: Vec<String>,
}

/// A stage that a case could move to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveOffer {
    /// Its id.
    pub stage: String,
    /// What people call it.
    pub name: String,
    /// What the button says, where the template has words for the move.
    pub label: Option<String>,
    /// Whether it can be done now.
    pub verdict: Verdict,
}

/// Asking. Errors: [`Error::Invalid`] for a case that is not here, [`Error::Corrupt`] for a
/// quarantined one, [`Error::Unavailable`] when the store fails.
impl Workspace {
    /// What would come of an action, done like this. Nothing is done.
    ///
    /// # Errors
    /// See above.
    pub fn judge(
        &self,
        case: DocumentId,
        action: CaseAction,
        reason: Option<&str>,
        override_rule: bool,
    ) -> Result<Verdict, Error> {
        let act = Act {
            reason: reason.map(str::to_owned),
            override_rule,
            ..Act::new(moment::part()?, action)
        };
        self.read(|replica| {
            let view = replica.case(case)?;
            verdict(replica, &view, act)
        })
    }

    /// The stages that a case could move to, in the template's order, each with what would come of
    /// it now: what the buttons of a page show.
    ///
    /// # Errors
    /// See above; [`Error::Unavailable`] also while the template is not here.
    pub fn moves(&self, case: DocumentId) -> Result<Vec<MoveOffer>, Error> {
        self.read(|replica| {
            let view = replica.case(case)?;
            let revision = super::templates::revision(replica, view.template)?;
            let stands = revision.placed(view.stage.value()).to_owned();
            let stages = revision.stages().iter();
            let others = stages.filter(|stage| stage.id != stands && !stage.disabled);
            let offer = |stage: &casework_engine::template::Stage| {
                let to = stage.id.clone();
                let act = Act::new(moment::part()?, CaseAction::Move { to });
                Ok(MoveOffer {
                    stage: stage.id.clone(),
                    name: stage.name.clone(),
                    label: revision.move_label(&stands, &stage.id).map(str::to_owned),
                    verdict: verdict(replica, &view, act)?,
                })
            };
            others.map(offer).collect()
        })
    }

    /// What this device's member may do on a case as it stands, by the rights that have arrived
    /// here: which buttons to show at all. Whether one can be pressed now, [`Workspace::judge`]
    /// says.
    ///
    /// # Errors
    /// See above; [`Error::Denied`] while this device belongs to nobody.
    pub fn rights_on(&self, case: DocumentId) -> Result<BTreeSet<Verb>, Error> {
        self.read(|replica| {
            let member = replica.member().ok_or(ReplicaFault::NotEnrolled)?;
            let mut allowed = BTreeSet::new();
            for verb in Verb::ALL {
                let question = Question {
                    member,
                    verb,
                    place: Where::Case(case),
                    stage: None,
                    field: None,
                };
                if replica.explain(&question)?.allowed {
                    allowed.insert(verb);
                }
            }
            Ok(allowed)
        })
    }
}

fn verdict(replica: &mut Replica, view: &CaseView, act: Act) -> Result<Verdict, Error> {
    let (now, action) = (moment::now()?, act.action.clone());
    let mut batch = replica.batch();
    // The batch is dropped: the next use of the case reads what the disk says.
    let judged = batch.act(view.document, act, &now).map_err(Error::from);
    drop(batch);
    let (outcome, text, warnings) = match judged {
        Ok(acted) => (Outcome::Possible, String::new(), acted.warnings),
        Err(Error::Unchanged(text)) => (Outcome::Unchanged, text, Vec::new()),
        Err(Error::Asks(text)) => (Outcome::Asks, text, Vec::new()),
        Err(Error::Invalid(text)) => (Outcome::Refused, text, Vec::new()),
        Err(Error::Denied(text)) => (Outcome::Denied, text, Vec::new()),
        Err(error) => return Err(error),
    };
    let revision = super::templates::revision(replica, view.template);
    let (missing_fields, missing_documents) = match revision {
        Ok(revision) => missing(view, &revision, &action),
        Err(_) => (Vec::new(), Vec::new()),
    };
    Ok(Verdict {
        outcome,
        text,
        missing_fields,
        missing_documents,
        warnings,
    })
}

/// What is to be there first, by ids: fields and types of documents.
fn missing(
    view: &CaseView,
    revision: &Revision,
    action: &CaseAction,
) -> (Vec<String>, Vec<String>) {
    let filled = |id: &str| view.held(revision, id).is_some_and(FieldView::is_filled);
    let documents = view.facets.documents.0.values();
    let standing: BTreeSet<&str> = documents
        .filter(|document| !*document.withdrawn.value())
        .map(|document| document.kind.as_str())
        .collect();
    let there = |kind: &str| standing.contains(kind);
    let stage = view.stage.value();
    let (fields, documents) = if let CaseAction::Move { to } = action {
        if revision.placed(stage) == revision.placed(to) {
            return (Vec::new(), Vec::new());
        }
        (
            revision.missing_for_move(stage, to, filled),
            revision.missing_documents(stage, to, there),
        )
    } else if let CaseAction::Close(_) = action {
        (
            revision.missing_for_close(stage, filled),
            revision.documents_missing_for_close(stage, there),
        )
    } else {
        return (Vec::new(), Vec::new());
    };
    let ids = fields.into_iter().map(|field| field.id.clone());
    (
        ids.collect(),
        documents.into_iter().map(str::to_owned).collect(),
    )
}
