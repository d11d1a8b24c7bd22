//! A saved document from somebody else: the gate, then opening it.
//!
//! Input: the chunk. The document library may still panic on what the gate accepts (that costs one
//! document a quarantine, so it is counted); what opens must be what the gate announced.

use automerge::{Automerge, Change, LoadOptions, OnPartialLoad};
use casework_protocol::gate::{CheckedDocument, GateError, check_document};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{CASE, WORKSPACE, book, save};
use crate::chunk::mutate::mutate_document;
use crate::guard::guarded;
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    let checked = match first(data) {
        Ok(checked) => checked,
        Err(error) => return Outcome::refused(&error),
    };
    match guarded(|| open(data)) {
        Ok(Ok(doc)) => match agrees(&checked, &doc) {
            Ok(()) => {
                let origin = checked.check_origin(WORKSPACE, CASE);
                Outcome::accepted(&origin)
            }
            Err(caught) => Outcome::read(&"").within(caught).with_caught(1),
        },
        Ok(Err(_)) => Outcome::read(&"").within("LoadRefuses"),
        Err(_) => Outcome::read(&"").within("LoadPanics").with_caught(1),
    }
}

/// The first check alone.
///
/// # Errors
/// The gate's.
pub fn first(data: &[u8]) -> Result<CheckedDocument<'_>, GateError> {
    check_document(data)
}

/// Opens it as a replica does.
pub(crate) fn open(bytes: &[u8]) -> Result<Automerge, String> {
    let options = LoadOptions::new().on_partial_load(OnPartialLoad::Error);
    Automerge::load_with_options(bytes, options).map_err(|error| error.to_string())
}

/// The opened document is what the gate announced, and is saved and opened again unchanged. The
/// error names what panicked in the document library on the way.
fn agrees(checked: &CheckedDocument<'_>, doc: &Automerge) -> Result<(), &'static str> {
    let mut heads: Vec<[u8; 32]> = doc.get_heads().iter().map(|head| head.0).collect();
    heads.sort_unstable();
    let announced = checked.heads().iter().map(|head| *head.as_bytes());
    assert!(
        announced.eq(heads.iter().copied()),
        "other heads than announced"
    );
    let metas = guarded(|| doc.get_changes_meta(&[]).len()).map_err(|_| "MetaPanics")?;
    assert_eq!(
        metas as u64,
        checked.change_count(),
        "other changes than announced"
    );
    let changes = guarded(|| doc.get_changes(&[])).map_err(|_| "ChangesPanic")?;
    let ops: u64 = changes.iter().map(|change| change.len() as u64).sum();
    assert_eq!(ops, checked.op_count(), "other operations than announced");
    for actor in checked.actors() {
        let own = changes
            .iter()
            .filter(|c| c.actor_id().to_bytes() == actor.actor.as_bytes());
        assert_eq!(
            own.count(),
            actor.changes as usize,
            "other authors than announced"
        );
    }
    let saved = guarded(|| save(doc, true)).map_err(|_| "SavePanics")?;
    let again = check_document(&saved)
        .unwrap_or_else(|error| panic!("saved again it does not pass the gate: {error}"));
    assert_eq!(again.heads(), checked.heads());
    let loaded = guarded(|| open(&saved)).map_err(|_| "SecondLoadPanics")?;
    assert_eq!(
        loaded.map(|doc| doc.get_heads()),
        Ok(doc.get_heads()),
        "saved, it is another one"
    );
    Ok(())
}

/// The case at several points of its history, deflated and not.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let book = book();
    let mut seeds = vec![book.save(true), book.save(false)];
    let mut doc = Automerge::new();
    for (place, change) in book.changes().iter().enumerate() {
        let change =
            Change::from_bytes(change.bytes.clone()).expect("the book's changes are sound");
        doc.apply_changes([change])
            .expect("the book's changes apply in their order");
        if place % 9 == 0 {
            seeds.push(save(&doc, false));
        }
    }
    seeds
}

/// Alters parts of the chunk, or any bytes.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    if dice.random_ratio(1, 10) {
        mutate_bytes(data, other, dice);
    } else {
        mutate_document(data, other, dice);
    }
}
