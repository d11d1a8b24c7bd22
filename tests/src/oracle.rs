//! A naive second reading of the merge contract (DOMAIN §4), to hold the engine's views against.
//!
//! It knows only what people did and which change had seen which (the graph); it computes by
//! brute force and shares no code with the engine. Which of several rivals is shown is not its
//! business: that all replicas show the same one is.

mod agreements;

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_engine::case::CaseAction;
use casework_engine::value::Scalar;
use casework_engine::view::CaseView;
use casework_protocol::ids::{ChangeHash, DocumentId};

use crate::stage::{Deed, Stage, Who};

/// What somebody did, and everything its author had seen.
struct Known<'a> {
    deed: &'a Deed,
    hash: ChangeHash,
    past: BTreeSet<ChangeHash>,
}

/// A place that holds one value: its name, what the view shows there, what an action writes there.
type Register = (
    &'static str,
    BTreeSet<String>,
    fn(&CaseAction) -> Option<String>,
);

/// Checks a view against the deeds that are in its document.
///
/// # Panics
/// When the view breaks the merge contract; names the seed.
pub fn check(stage: &mut Stage, who: Who, case: DocumentId, view: &CaseView) {
    let seed = stage.seed();
    let members = stage.members();
    let saved = stage
        .replica(who)
        .export(case)
        .expect("the case is on this device");
    let document = Automerge::load(&saved).expect("an export loads anywhere");
    let known = read(&document, stage);
    let registers: [Register; 4] = [
        (
            "stage",
            sides(view.stage.sides().map(|side| side.value.clone())),
            stage_of,
        ),
        (
            "title",
            sides(view.title.sides().map(|side| side.value.clone())),
            title_of,
        ),
        ("phone", field_sides(view, "phone"), |action| {
            value_of(action, "phone")
        }),
        ("place", field_sides(view, "place"), |action| {
            value_of(action, "place")
        }),
    ];
    for (name, seen, written) in registers {
        let expected = visible(&known, written);
        assert_eq!(seen, expected, "seed {seed}: {name} of case {case}");
    }
    let closed = sides(
        view.closed
            .sides()
            .map(|side| format!("{}", side.value.is_some())),
    );
    assert_eq!(
        closed,
        visible(&known, closed_of),
        "seed {seed}: closed of case {case}"
    );
    check_sets(seed, &known, view);
    let visits: i64 = known
        .iter()
        .filter_map(|known| count_of(&known.deed.action))
        .sum();
    let counted = view
        .fields
        .get("visits")
        .and_then(|field| field.count)
        .unwrap_or_default();
    assert_eq!(counted, visits, "seed {seed}: visits of case {case}");
    check_tasks(seed, &known, view);
    let comments = known
        .iter()
        .filter(|k| matches!(k.deed.action, CaseAction::Comment { .. }));
    assert_eq!(
        view.comments(),
        comments.count() as u64,
        "seed {seed}: comments of {case}"
    );
    check_decisions(seed, &known, view);
    agreements::check(seed, &known, view, &|who| members[who]);
}

/// Every deed of the document with its whole causal past.
fn read<'a>(document: &Automerge, stage: &'a Stage) -> Vec<Known<'a>> {
    let mut pasts: BTreeMap<ChangeHash, BTreeSet<ChangeHash>> = BTreeMap::new();
    let mut known = Vec::new();
    for change in document.get_changes(&[]) {
        let hash = ChangeHash::new(change.hash().0);
        let mut past = BTreeSet::new();
        for dep in change.deps() {
            let dep = ChangeHash::new(dep.0);
            past.extend(pasts[&dep].iter().copied());
            past.insert(dep);
        }
        pasts.insert(hash, past.clone());
        let deed = stage
            .deeds
            .get(&hash)
            .expect("nobody else writes on this stage");
        known.push(Known { deed, hash, past });
    }
    known
}

/// The values written that no other writer of the same place had seen.
fn visible(
    known: &[Known<'_>],
    written: impl Fn(&CaseAction) -> Option<String>,
) -> BTreeSet<String> {
    let writers: Vec<(&Known<'_>, String)> = known
        .iter()
        .filter_map(|k| Some((k, written(&k.deed.action)?)))
        .collect();
    writers
        .iter()
        .filter(|(write, _)| {
            !writers
                .iter()
                .any(|(other, _)| other.past.contains(&write.hash))
        })
        .map(|(_, value)| value.clone())
        .collect()
}

/// Whether something is in a set: somebody added it and nobody who had seen that removed it.
fn present(
    known: &[Known<'_>],
    adds: impl Fn(&CaseAction) -> bool,
    removes: impl Fn(&CaseAction) -> bool,
) -> bool {
    known.iter().filter(|k| adds(&k.deed.action)).any(|add| {
        !known
            .iter()
            .any(|k| removes(&k.deed.action) && k.past.contains(&add.hash))
    })
}

fn check_sets(seed: u64, known: &[Known<'_>], view: &CaseView) {
    for label in ["red", "green", "blue"] {
        let expected = present(
            known,
            |a| matches!(a, CaseAction::AddLabel { label: l } if l == label),
            |a| matches!(a, CaseAction::RemoveLabel { label: l } if l == label),
        );
        assert_eq!(
            view.labels.contains(label),
            expected,
            "seed {seed}: label {label}"
        );
    }
    let chosen = view
        .fields
        .get("skills")
        .map(|field| field.options.clone())
        .unwrap_or_default();
    for option in ["ladder", "electric", "digging"] {
        let expected = present(
            known,
            |a| matches!(a, CaseAction::AddOption { option: o, .. } if o == option),
            |a| matches!(a, CaseAction::RemoveOption { option: o, .. } if o == option),
        );
        assert_eq!(
            chosen.contains(option),
            expected,
            "seed {seed}: option {option}"
        );
    }
    let assigned: BTreeSet<_> = known
        .iter()
        .filter_map(|k| match &k.deed.action {
            CaseAction::Assign { member } => Some(*member),
            _ => None,
        })
        .collect();
    assert_eq!(view.assignees, assigned, "seed {seed}: assignees");
}

fn check_tasks(seed: u64, known: &[Known<'_>], view: &CaseView) {
    let created: BTreeSet<_> = known
        .iter()
        .filter_map(|k| match &k.deed.action {
            CaseAction::CreateTask { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(
        view.tasks.keys().copied().collect::<BTreeSet<_>>(),
        created,
        "seed {seed}"
    );
    for (id, task) in &view.tasks {
        let status = visible(known, |action| match action {
            CaseAction::CreateTask { id: task, .. } if task == id => Some("Open".into()),
            CaseAction::FinishTask { task } if task == id => Some("Done".into()),
            CaseAction::CancelTask { task } if task == id => Some("Cancelled".into()),
            _ => None,
        });
        let seen = sides(task.status.sides().map(|side| format!("{:?}", side.value)));
        assert_eq!(seen, status, "seed {seed}: status of task {id}");
    }
}

fn check_decisions(seed: u64, known: &[Known<'_>], view: &CaseView) {
    let decided: Vec<&Known<'_>> = known
        .iter()
        .filter(|k| matches!(k.deed.action, CaseAction::Decide(_)))
        .collect();
    assert_eq!(
        view.decisions.len(),
        decided.len(),
        "seed {seed}: decisions"
    );
    // Each supersedes all that its author could see, so the current ones are those nobody saw.
    let current = decided
        .iter()
        .filter(|d| !decided.iter().any(|other| other.past.contains(&d.hash)))
        .count();
    let contested = view
        .flags
        .contested
        .iter()
        .any(|place| place.to_string().contains("repair?"));
    assert_eq!(contested, current > 1, "seed {seed}: decision contested");
}

fn sides(values: impl Iterator<Item = String>) -> BTreeSet<String> {
    values.collect()
}

fn field_sides(view: &CaseView, field: &str) -> BTreeSet<String> {
    let slot = view
        .fields
        .get(field)
        .and_then(|field| field.value.as_ref());
    slot.map(|slot| sides(slot.sides().map(|side| show(&side.value))))
        .unwrap_or_default()
}

fn show(value: &Scalar) -> String {
    value.as_text().unwrap_or("nothing").to_owned()
}

fn stage_of(action: &CaseAction) -> Option<String> {
    match action {
        CaseAction::Open(opening) => Some(opening.stage.clone()),
        CaseAction::Move { to } => Some(to.clone()),
        _ => None,
    }
}

fn title_of(action: &CaseAction) -> Option<String> {
    match action {
        CaseAction::Open(opening) => Some(opening.title.clone()),
        CaseAction::SetTitle { title } => Some(title.clone()),
        _ => None,
    }
}

fn closed_of(action: &CaseAction) -> Option<String> {
    match action {
        CaseAction::Close(_) => Some("true".into()),
        CaseAction::Open(_) | CaseAction::Reopen => Some("false".into()),
        _ => None,
    }
}

fn value_of(action: &CaseAction, wanted: &str) -> Option<String> {
    match action {
        CaseAction::SetField { field, value } if field == wanted => Some(show(value)),
        CaseAction::ClearField { field } if field == wanted => Some("nothing".into()),
        _ => None,
    }
}

fn count_of(action: &CaseAction) -> Option<i64> {
    match action {
        CaseAction::Count { by, .. } => Some(*by),
        _ => None,
    }
}
