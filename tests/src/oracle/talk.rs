//! Comments and decisions, from the deeds and the graph alone.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::{CaseAction, PartId, Place};

use super::register::{begins, says};
use super::{Known, Told};

/// Checks what was said and decided.
pub(super) fn check(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    check_comments(told);
    check_decisions(told, contested);
}

/// Redaction wins over every edit; edits made apart are all kept.
fn check_comments(told: &Told<'_>) {
    let mut written: BTreeSet<PartId> = BTreeSet::new();
    let mut redacted: BTreeSet<PartId> = BTreeSet::new();
    for known in &told.known {
        match known.action() {
            CaseAction::Comment { id, .. } => {
                written.insert(*id);
            }
            CaseAction::RedactComment { id } => {
                redacted.insert(*id);
            }
            _ => {}
        }
    }
    told.same("comments", &told.view.comments(), &(written.len() as u64));
    let rows: BTreeMap<PartId, _> = told.comments.iter().map(|row| (row.id, row)).collect();
    told.same("rows of comments", &rows.len(), &told.comments.len());
    told.same("ids of comments", &rows.keys().copied().collect(), &written);
    for (id, row) in rows {
        told.same(
            "redaction",
            &row.redacted.is_some(),
            &redacted.contains(&id),
        );
        if row.redacted.is_some() {
            assert!(
                row.body.is_empty() && row.parallel.is_empty(),
                "{}",
                told.at("redacted")
            );
            continue;
        }
        let mut seen = BTreeSet::from([row.body.clone()]);
        seen.extend(row.parallel.iter().map(|edit| edit.body.clone()));
        let bodies = told.visible(&Place::Comment(id), |known| match known.action() {
            CaseAction::Comment { id: at, body, .. } if *at == id => begins(body),
            CaseAction::EditComment { id: at, body } if *at == id => says(body),
            _ => None,
        });
        told.same("bodies of a comment", &seen, &bodies);
    }
    check_order(told);
}

/// Nobody's answer stands before what they had read. What a rule wrote on two devices is one comment
/// with two beginnings, and may stand where either does.
fn check_order(told: &Told<'_>) {
    let mut place = BTreeMap::new();
    for (n, row) in told.comments.iter().enumerate() {
        place.insert(row.id, n);
    }
    let mut said: Vec<(&Known<'_>, PartId)> = told.known.iter().filter_map(comment).collect();
    let all: Vec<PartId> = said.iter().map(|(_, id)| *id).collect();
    said.retain(|(_, id)| all.iter().filter(|other| *other == id).count() == 1);
    for (later, id) in &said {
        let mut earlier = said.iter().filter(|(k, _)| later.past.contains(&k.hash));
        let ordered = earlier.all(|(_, before)| place[before] < place[id]);
        assert!(ordered, "{}", told.at("order of comments"));
    }
}

fn comment<'k, 'a>(known: &'k Known<'a>) -> Option<(&'k Known<'a>, PartId)> {
    match known.action() {
        CaseAction::Comment { id, .. } => Some((known, *id)),
        _ => None,
    }
}

fn check_decisions(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    let decides = |k: &&Known<'_>| matches!(k.action(), CaseAction::Decide(_));
    let decided: Vec<&Known<'_>> = told.known.iter().filter(decides).collect();
    told.same("decisions", &told.view.decisions.len(), &decided.len());
    // Each supersedes all that its author could see, so the current ones are those nobody saw.
    let unseen = |d: &&&Known<'_>| !decided.iter().any(|other| other.past.contains(&d.hash));
    let current = decided.iter().filter(unseen).count();
    let seen = told.view.decisions.values().filter(|one| one.current);
    told.same("current decisions", &seen.count(), &current);
    if current > 1 {
        contested.insert(Place::Question("repair?".to_owned()));
    }
}
