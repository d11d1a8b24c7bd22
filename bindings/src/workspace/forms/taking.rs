//! Taking what was sent: a case is opened, or what its case takes is set, in one commit with the
//! answers as they were given.
//!
//! The values come first, each followed by what the rules make of it, and the submission last: it
//! says which values were set. A rule may close the case over one of them; the submission is taken
//! all the same, and what the case took no more stays with it. A case that was closed before takes
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::approval::Seat;
use casework_engine::case::facet::form::{FormAction, Submission};
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::{Act, ActError, CaseAction, PartId};
use casework_engine::moment::Moment;
use casework_engine::replica::{Batch, Replica, ReplicaFault};
use casework_engine::template::{Form, FormKind, Revision};
use casework_engine::view::CaseView;
use casework_protocol::ids::DocumentId;

use super::SentForm;
use crate::error::Error;
use crate::moment;
use crate::receipt::consent_hash;
use crate::workspace::cases::{self, NewCaseRequest};
use crate::workspace::fields;
use crate::workspace::templates::revision;

/// Moments of one submission: acts begin here, so that they never meet those of the opening.
const FIRST_PART: u64 = 10_000;

pub(super) fn take_intake(
    replica: &mut Replica,
    template: DocumentId,
    sent: &SentForm,
    now: &Moment,
) -> Result<DocumentId, Error> {
    let revision = revision(replica, template)?;
    let form = offered(&revision, sent, FormKind::Intake)?.clone();
    let answered = of_form(&form, &sent.values);
    let mut mapped: BTreeSet<String> = answered.keys().cloned().collect();
    // What the template presets is asked of nobody, so no answer stands against it.
    let mut fields = form.preset.clone();
    fields.extend(answered);
    let request = NewCaseRequest {
        stage: Some(form.stage.clone()).filter(|stage| !stage.is_empty()),
        fields,
        restricted: !form.restricted_to.is_empty(),
        viewers: form.restricted_to.iter().map(Seat::principal).collect(),
        ..NewCaseRequest::new(template, sent.title.clone())
    };
    let prepared = cases::prepare(replica, &request, now)?;
    let mut batch = replica.batch();
    let case = batch.open_case(prepared.case, now)?.document;
    let mut parts = FIRST_PART..;
    let labels = form.labels.iter().map(|label| CaseAction::AddLabel {
        label: label.clone(),
    });
    for (action, n) in prepared.then.into_iter().chain(labels).zip(parts.by_ref()) {
        let act = Act::new(moment::part()?, action);
        let field = field_of(&act.action).map(str::to_owned);
        match batch.act(case, act, &now.part(n)) {
            Ok(_) => {}
            // A rule closed it at once: what it takes no more stays with the submission.
            Err(ReplicaFault::Act(ActError::Closed { .. })) => {
                mapped.retain(|id| Some(id) != field.as_ref());
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    let submission = submission(&form, sent, (None, mapped));
    let action = FormAction::Submit(submission).into();
    set(&mut batch, (case, action), now, &mut parts)?;
    batch.commit()?;
    Ok(case)
}

pub(super) fn take_answer(
    replica: &mut Replica,
    (case, request): (DocumentId, PartId),
    sent: &SentForm,
    now: &Moment,
) -> Result<DocumentId, Error> {
    let view = replica.case(case)?;
    if view.is_closed() {
        let number = &view.number;
        return Err(Error::Invalid(format!(
            "{number} is closed and takes no answers; reopen it first"
        )));
    }
    let revision = revision(replica, view.template)?;
    let form = offered(&revision, sent, FormKind::Request)?.clone();
    let planned = plan_values(replica, (&view, &revision), &of_form(&form, &sent.values));
    let mut batch = replica.batch();
    let mut parts = FIRST_PART..;
    let mut mapped = BTreeSet::new();
    for (field, actions) in planned {
        let done = actions
            .into_iter()
            .try_for_each(|action| set(&mut batch, (case, action), now, &mut parts));
        // What a rule or a right keeps out stays with the submission for whoever reviews it.
        if done.is_ok() {
            mapped.insert(field);
        }
    }
    let submission = submission(&form, sent, (Some(request), mapped));
    let action = FormAction::Submit(submission).into();
    set(&mut batch, (case, action), now, &mut parts)?;
    if let Some(action) = end_of_hold(&view, request) {
        // An intake member may lack the right; then whoever reviews the answer ends it.
        let _ = set(&mut batch, (case, action), now, &mut parts);
    }
    batch.commit()?;
    Ok(case)
}

/// A request that puts its case on hold gives the hold its own id.
pub(super) fn end_of_hold(view: &CaseView, request: PartId) -> Option<CaseAction> {
    let hold = view.facets.holds.0.get(&request)?;
    let stands = hold.ended.is_none();
    stands.then(|| HoldAction::End { hold: request }.into())
}

/// The field that is filled right after an opening by this.
fn field_of(action: &CaseAction) -> Option<&str> {
    if let CaseAction::AddOption { field, .. }
    | CaseAction::Count { field, .. }
    | CaseAction::EditText { field, .. } = action
    {
        Some(field)
    } else {
        None
    }
}

fn set(
    batch: &mut Batch<'_>,
    (case, action): (DocumentId, CaseAction),
    now: &Moment,
    parts: &mut impl Iterator<Item = u64>,
) -> Result<(), Error> {
    let part = parts.next().unwrap_or_default();
    batch.act(case, Act::new(moment::part()?, action), &now.part(part))?;
    Ok(())
}

/// What sets each field to what was answered; fields that hold it already are set by nothing.
fn plan_values(
    replica: &Replica,
    (view, revision): (&CaseView, &Revision),
    values: &BTreeMap<String, String>,
) -> Vec<(String, Vec<CaseAction>)> {
    let mut planned = Vec::with_capacity(values.len());
    for (id, words) in values {
        let Some(field) = revision.field(id) else {
            continue;
        };
        let Ok(wish) = fields::wish(replica, field, words) else {
            continue;
        };
        let held = view.fields.get(id);
        let chosen = held.map(|held| held.options.clone()).unwrap_or_default();
        let now = held.and_then(|held| held.content(field));
        let is_so = casework_engine::value::FieldValue::parse(field, words).ok() == now;
        let actions = if is_so {
            Vec::new()
        } else {
            wish.actions(field, &chosen)
        };
        planned.push((id.clone(), actions));
    }
    planned
}

fn offered<'r>(revision: &'r Revision, sent: &SentForm, kind: FormKind) -> Result<&'r Form, Error> {
    let form = revision.form(&sent.form).filter(|form| form.kind == kind);
    form.ok_or_else(|| {
        let name = &revision.package().name;
        Error::Invalid(format!("{name} no longer offers the form {:?}", sent.form))
    })
}

/// Only what the form asks for can be set by it.
fn of_form(form: &Form, values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let asked = |field: &String| form.fields.iter().any(|asked| asked.field == *field);
    let values = values.iter().filter(|(field, _)| asked(field));
    values
        .map(|(field, words)| (field.clone(), words.clone()))
        .collect()
}

fn submission(
    form: &Form,
    sent: &SentForm,
    (request, mapped): (Option<PartId>, BTreeSet<String>),
) -> Submission {
    Submission {
        id: sent.id,
        form: sent.form.clone(),
        request,
        link: sent.link.clone(),
        answers: sent.answers.clone(),
        mapped,
        documents: sent.documents.clone(),
        consent: sent.consent.as_deref().map(consent_hash),
        receipt: sent.receipt.clone(),
        anonymous: form.anonymous,
        language: sent.language.clone(),
        given_ms: sent.given_ms,
    }
}
