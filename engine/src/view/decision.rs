//! Reads decisions out of a document, and which of them are current.
//!
//! A decision is current until a later one on the same question takes its place. Invariant: on
//! every question that was ever decided at least one decision is current, whatever a hostile
//! author wrote: a decision cannot supersede one that is not older.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ObjId, ROOT, ReadDoc};

use super::case::DecisionView;
use super::reader::{Reader, counter_of, text};
use crate::case::{PartId, schema};

/// Every decision of the case.
pub(super) fn read_decisions(reader: &mut Reader<'_>) -> BTreeMap<PartId, DecisionView> {
    let Some(map) = reader.object(&ROOT, schema::DECISIONS) else {
        return BTreeMap::new();
    };
    let ids: Vec<PartId> = reader
        .doc
        .keys(&map)
        .filter_map(|id| id.parse().ok())
        .collect();
    let mut decisions: BTreeMap<PartId, DecisionView> = ids
        .into_iter()
        .filter_map(|id| {
            let object = reader.object(&map, &id.to_string())?;
            Some((id, read_decision(reader, &object)?))
        })
        .collect();
    for id in superseded(&decisions) {
        if let Some(decision) = decisions.get_mut(&id) {
            decision.current = false;
        }
    }
    decisions
}

/// The questions on which more than one decision is current.
pub(super) fn contested_questions(decisions: &BTreeMap<PartId, DecisionView>) -> BTreeSet<String> {
    let mut current: BTreeMap<&str, usize> = BTreeMap::new();
    for decision in decisions.values().filter(|decision| decision.current) {
        *current.entry(&decision.question).or_default() += 1;
    }
    let contested = current.into_iter().filter(|(_, count)| *count > 1);
    contested.map(|(question, _)| question.to_owned()).collect()
}

fn superseded(decisions: &BTreeMap<PartId, DecisionView>) -> BTreeSet<PartId> {
    let mut superseded = BTreeSet::new();
    for later in decisions.values() {
        superseded.extend(later.supersedes.iter().filter(|id| {
            decisions.get(id).is_some_and(|earlier| {
                earlier.position < later.position && earlier.question == later.question
            })
        }));
    }
    superseded
}

fn read_decision(reader: &mut Reader<'_>, object: &ObjId) -> Option<DecisionView> {
    let part = |key| {
        reader
            .scalars(object, key)
            .pop()
            .and_then(|found| text(found.value))
    };
    let question = part(schema::DECISION_QUESTION)?;
    let outcome = part(schema::DECISION_OUTCOME)?;
    let rationale = part(schema::DECISION_RATIONALE).unwrap_or_default();
    let conditions = part(schema::DECISION_CONDITIONS).unwrap_or_default();
    let supersedes = part(schema::DECISION_SUPERSEDES).unwrap_or_default();
    Some(DecisionView {
        question,
        outcome,
        rationale,
        conditions,
        supersedes: supersedes
            .split(' ')
            .filter_map(|id| id.parse().ok())
            .collect(),
        current: true,
        position: counter_of(object),
        by: reader.origin_of_op(object)?,
    })
}
