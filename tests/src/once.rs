//! Effects of rules exactly once: what a rule does for one trigger is one thing, however many
//! devices it triggered on.
//!
//! Read from the messages of a saved case and the graph of its changes alone; nothing of the
//! engine's rules is asked.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash};
use casework_engine::case::facet::automation::AutomationKind;
use casework_engine::case::facet::hold::HoldKind;
use casework_engine::case::{ActionKind, FacetKind, Message};
use casework_protocol::ids::DocumentId;

/// Checks every effect in a saved case and answers how many changes of rules there are. Whoever saw
/// one done did not do it again; and what two devices made apart (a task, a comment, a notice, a
/// hold, a request, a step of a counter) is one thing. Two who set one field apart to different
/// values set off what follows from each: then the same rule names two people, say, and both stand.
///
/// # Panics
/// When one was done twice; names the seed.
pub fn assert_effects_once(seed: u64, case: DocumentId, saved: &[u8]) -> usize {
    let document = Automerge::load(saved).expect("an export can be read");
    let mut effects: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut count = 0;
    for meta in document.get_changes_meta(&[]) {
        let text = meta.message.as_deref();
        let message = text.and_then(|text| Message::read(text).ok());
        let Some(message) = message else { continue };
        if let Some(cause) = message.cause {
            let key = (cause.rule, cause.key, cause.step);
            let made = makes(message.action).then_some((message.action, message.on));
            let done: &mut Vec<_> = effects.entry(key).or_default();
            done.push((meta.hash, made));
            count += 1;
        }
    }
    for ((rule, key, _), done) in effects.iter().filter(|(_, done)| done.len() > 1) {
        let made: BTreeSet<_> = done.iter().filter_map(|(_, made)| made.as_ref()).collect();
        assert!(
            made.len() < 2,
            "seed {seed}: {rule} of {key} made {made:?} on {case}"
        );
        for (one, _) in done {
            let past = past(&document, *one);
            let twice = done.iter().any(|(other, _)| past.contains(other));
            assert!(!twice, "seed {seed}: {rule} of {key} acted twice on {case}");
        }
    }
    count
}

/// Whether such an action makes a thing with an id of its own.
fn makes(action: ActionKind) -> bool {
    matches!(
        action,
        ActionKind::TaskCreate
            | ActionKind::CommentAdd
            | ActionKind::CounterAdd
            | ActionKind::Facet(
                FacetKind::Hold(HoldKind::Start)
                    | FacetKind::Automation(AutomationKind::Notify | AutomationKind::Request)
            )
    )
}

/// Everything that the author of a change had seen.
fn past(document: &Automerge, change: ChangeHash) -> BTreeSet<ChangeHash> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![change]);
    while let Some(next) = open.pop() {
        let meta = document.get_change_meta_by_hash(&next);
        for dep in meta.map(|meta| meta.deps).unwrap_or_default() {
            if seen.insert(dep) {
                open.push(dep);
            }
        }
    }
    seen
}
