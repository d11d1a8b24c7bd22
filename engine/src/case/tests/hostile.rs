//! Hostile changes: whatever passes can be merged, saved, loaded and read, and nothing panics.
//!
//! The mutations keep what gate layers 1 and 2 check (actor, sequence, dependencies, counters) and
//! change everything else: messages, objects, keys, values, predecessors, kinds of operation.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{Automerge, Change, ExpandedChange, ObjType, ScalarValue};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::receiving::relabel;
use crate::case::trial::{self, Desk, part, play, set_summary};
use crate::case::*;

/// One step of the play: the document before it, and its change.
struct Scene {
    before: Automerge,
    change: Change,
}

fn scenes(desk: &Desk) -> Vec<Scene> {
    let mut before = Automerge::new();
    let mut scenes = Vec::new();
    for change in desk.changes() {
        scenes.push(Scene {
            before: before.clone(),
            change: change.clone(),
        });
        before.apply_changes([change]).unwrap();
    }
    scenes
}

#[test]
fn whatever_passes_of_mutated_changes_can_be_merged_saved_loaded_and_read() {
    let desk = play();
    let revisions = desk.revisions();
    let scenes = scenes(&desk);
    let pool = Pool::of(&scenes);
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..4_000_u64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scene = scenes.choose(&mut rng).unwrap();
        let Some(mutant) = mutate(&scene.change, &pool, &mut rng) else {
            continue;
        };
        let batch = Batch::new(&scene.before);
        let judged = catch_unwind(AssertUnwindSafe(|| shape_case(&batch, mutant, &revisions)));
        let judged = judged.unwrap_or_else(|_| panic!("seed {seed}: judging panicked"));
        let Ok(shaped) = judged else {
            *outcomes.entry("refused").or_default() += 1;
            continue;
        };
        *outcomes.entry("passed").or_default() += 1;
        let mut batch = Batch::new(&scene.before);
        batch.take(shaped);
        let changes = batch.into_changes();
        let used = catch_unwind(AssertUnwindSafe(|| use_up(&scene.before, changes)));
        assert!(
            used.is_ok(),
            "seed {seed}: a change that passed broke the document"
        );
    }
    assert!(
        outcomes["passed"] > 20 && outcomes["refused"] > 2_000,
        "{outcomes:?}"
    );
}

/// Merges, saves, loads, reads and works on: everything a replica does with a change.
fn use_up(before: &Automerge, changes: Vec<Change>) {
    let mut doc = before.clone();
    doc.apply_changes(changes).unwrap();
    let saved = doc.save();
    let loaded = Automerge::load(&saved).unwrap();
    assert_eq!(loaded.get_heads(), doc.get_heads());
    let _ = loaded.hydrate(None);
    for change in loaded.get_changes(&[]) {
        let _ = Past::at(&loaded, &[change.hash()]).scalar(Object::Root, schema::TITLE);
    }
    let mut desk = Desk::new(9);
    desk.doc = trial::sat_at(loaded, 9);
    let _ = desk.try_act(Act::new(part(9_000), set_summary("afterwards")));
    Automerge::load(&desk.doc.save()).unwrap();
}

/// Everything that the mutations draw from.
struct Pool {
    messages: Vec<String>,
    ops: Vec<Op>,
    ids: Vec<OpId>,
}

impl Pool {
    fn of(scenes: &[Scene]) -> Self {
        let mut pool = Self {
            messages: Vec::new(),
            ops: Vec::new(),
            ids: Vec::new(),
        };
        for Scene { change, .. } in scenes {
            let expanded = change.decode();
            pool.messages.extend(expanded.message);
            for (counter, op) in (change.start_op().get()..).zip(expanded.operations) {
                pool.ids.push(OpId::new(counter, change.actor_id()));
                pool.ops.push(op);
            }
        }
        pool
    }
}

/// A mutated change, or `None` if the encoder cannot even write it.
fn mutate(change: &Change, pool: &Pool, rng: &mut ChaCha8Rng) -> Option<Change> {
    let mut expanded = change.decode();
    for _ in 0..rng.random_range(1..=2) {
        mutate_once(&mut expanded, pool, rng);
    }
    let bytes = catch_unwind(AssertUnwindSafe(|| {
        Change::from(expanded).raw_bytes().to_vec()
    }));
    Change::from_bytes(bytes.ok()?).ok()
}

fn mutate_once(expanded: &mut ExpandedChange, pool: &Pool, rng: &mut ChaCha8Rng) {
    let count = expanded.operations.len();
    let at = rng.random_range(0..count.max(1));
    let known = |rng: &mut ChaCha8Rng, below: u64| {
        let ids: Vec<&OpId> = pool.ids.iter().filter(|id| id.counter() < below).collect();
        ids.choose(rng).map(|id| (*id).clone())
    };
    let below = expanded.start_op.get();
    match rng.random_range(0..13) {
        0 => expanded.message = pool.messages.choose(rng).cloned(),
        1 if count > 1 => {
            expanded.operations.remove(at);
        }
        2 if count > 1 => {
            let other = rng.random_range(0..count);
            expanded.operations.swap(at, other);
        }
        3 => expanded
            .operations
            .push(pool.ops.choose(rng).unwrap().clone()),
        4 => expanded
            .operations
            .insert(at, pool.ops.choose(rng).unwrap().clone()),
        _ if count == 0 => {}
        5 => expanded.operations[at].action = pool.ops.choose(rng).unwrap().action.clone(),
        6 => expanded.operations[at].action = strange_action(rng),
        7 => expanded.operations[at].key = pool.ops.choose(rng).unwrap().key.clone(),
        8 => {
            if let Some(id) = known(rng, below) {
                expanded.operations[at].obj = ObjectId::Id(id);
            }
        }
        9 => expanded.operations[at].pred = known(rng, below).into_iter().collect(),
        10 => expanded.operations[at].insert ^= true,
        11 => {
            if let Some(id) = known(rng, below) {
                expanded.operations[at].key = Key::Seq(ElementId::Id(id));
            }
        }
        _ => expanded.operations[at].action = OpType::Put(same_kind(&expanded.operations[at], rng)),
    }
}

/// A value of the kind that was there: such mutants often pass, as they should.
fn same_kind(op: &Op, rng: &mut ChaCha8Rng) -> ScalarValue {
    match &op.action {
        OpType::Put(ScalarValue::Str(_)) => {
            let words = ["other", "yes", "2026-06-01", "x", "", "a\u{7}"];
            ScalarValue::Str((*words.choose(rng).unwrap()).into())
        }
        OpType::Put(ScalarValue::Int(_)) => ScalarValue::Int(i64::from(rng.next_u32())),
        OpType::Put(ScalarValue::Boolean(value)) => ScalarValue::Boolean(!value),
        OpType::Make(_)
        | OpType::Delete
        | OpType::Increment(_)
        | OpType::Put(_)
        | OpType::MarkBegin(_)
        | OpType::MarkEnd(_) => ScalarValue::Null,
    }
}

fn strange_action(rng: &mut ChaCha8Rng) -> OpType {
    let actions = [
        OpType::Make(ObjType::List),
        OpType::Make(ObjType::Table),
        OpType::Make(ObjType::Map),
        OpType::Make(ObjType::Text),
        OpType::Increment(3),
        OpType::Delete,
        OpType::MarkEnd(true),
        OpType::Put(ScalarValue::counter(4)),
        OpType::Put(ScalarValue::Uint(4)),
        OpType::Put(ScalarValue::Timestamp(4)),
        OpType::Put(ScalarValue::F64(f64::NAN)),
        OpType::Put(ScalarValue::Bytes(vec![1])),
        OpType::Put(ScalarValue::Unknown {
            type_code: 11,
            bytes: vec![1],
        }),
    ];
    actions.choose(rng).unwrap().clone()
}

#[test]
fn a_mutated_change_gets_the_same_verdict_in_a_batch_as_on_the_merged_document() {
    let desk = play();
    let revisions = desk.revisions();
    let scenes = scenes(&desk);
    let pool = Pool::of(&scenes);
    let empty = Automerge::new();
    let mut batch = Batch::new(&empty);
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    for Scene { before, change } in &scenes {
        for _ in 0..40 {
            let Some(mutant) = mutate(change, &pool, &mut rng) else {
                continue;
            };
            let merged = shape_case(&Batch::new(before), mutant.clone(), &revisions);
            let overlaid = shape_case(&batch, mutant, &revisions);
            assert_eq!(overlaid.err(), merged.err());
        }
        batch.take(shape_case(&batch, change.clone(), &revisions).unwrap());
    }
}

#[test]
fn an_edit_of_prose_that_names_a_character_its_author_never_saw_is_refused() {
    let mut ana = Desk::open(1);
    ana.does(2, trial::edit_notes("shared"));
    let mut rui = ana.copy_to(2);
    let hidden = ana.does(3, trial::edit_notes("shared by two"));
    let hidden = ana.change(hidden);
    let edit = rui.does(4, trial::edit_notes("shared?"));
    let change = rui.change(edit);
    let before = ana.doc.clone();
    let batch = Batch::new(&before);
    shape_case(&batch, change.clone(), &rui.revisions()).unwrap();
    let mut expanded = change.decode();
    let id = OpId::new(hidden.start_op().get(), hidden.actor_id());
    expanded.operations[0].key = Key::Seq(ElementId::Id(id));
    let error = shape_case(&batch, expanded.into(), &rui.revisions()).unwrap_err();
    assert!(
        matches!(error, ShapeError::OtherOperation { .. }),
        "{error}"
    );
    let mut expanded = change.decode();
    expanded.operations[0].action = OpType::Put("two".into());
    let error = shape_case(&batch, expanded.into(), &rui.revisions()).unwrap_err();
    assert!(
        matches!(error, ShapeError::OtherOperation { .. }),
        "{error}"
    );
}

#[test]
fn a_case_change_in_a_template_and_the_reverse_are_refused() {
    let desk = play();
    let change = desk.changes().remove(1);
    let own = Message::read(change.message().unwrap()).unwrap();
    let other = Message {
        action: ActionKind::TemplatePublish,
        revision: None,
        ..own
    };
    let batch = Batch::new(&desk.doc);
    let error = shape_case(&batch, relabel(&change, &other), &desk.revisions()).unwrap_err();
    assert!(matches!(error, ShapeError::OtherDocument { .. }), "{error}");
    let error = crate::template_document::shape_template(&batch, change).unwrap_err();
    assert!(matches!(error, ShapeError::OtherDocument { .. }), "{error}");
}

#[test]
fn a_change_in_another_encoding_is_refused_because_the_document_could_not_be_loaded_again() {
    let mut desk = Desk::open(1);
    desk.does(2, set_summary("x"));
    let before = desk.doc.clone();
    let hash = desk.does(3, set_summary("y"));
    let honest = desk.change(hash);
    let hostile = Change::from_bytes(spell_out_the_keys(honest.raw_bytes())).unwrap();
    assert_ne!(hostile.hash(), honest.hash());
    assert_eq!(hostile.decode().operations, honest.decode().operations);
    let batch = Batch::new(&before);
    shape_case(&batch, honest, &desk.revisions()).unwrap();
    let error = shape_case(&batch, hostile.clone(), &desk.revisions()).unwrap_err();
    assert_eq!(error, ShapeError::NotCanonical);
    // What would happen otherwise: merging works, and loading does not.
    let mut doc = before.clone();
    doc.apply_changes([hostile]).unwrap();
    assert!(Automerge::load(&doc.save()).is_err());
}

/// Encodes a change of two operations on one key again, the key written out twice instead of once
/// with a count of two.
fn spell_out_the_keys(chunk: &[u8]) -> Vec<u8> {
    const KEY_STRINGS: u64 = 21;
    let mut at = 9;
    read(chunk, &mut at);
    let body = at;
    at += 1 + 32 * usize::from(chunk[at]);
    at += 1 + usize::from(chunk[at]);
    for _ in ["seq", "start op", "time"] {
        read(chunk, &mut at);
    }
    let message = usize::try_from(read(chunk, &mut at)).unwrap();
    at += message;
    for _ in 0..read(chunk, &mut at) {
        at += 1 + usize::from(chunk[at]);
    }
    let head = &chunk[body..at];
    let columns: Vec<(u64, usize)> = (0..read(chunk, &mut at))
        .map(|_| {
            (
                read(chunk, &mut at),
                usize::try_from(read(chunk, &mut at)).unwrap(),
            )
        })
        .collect();
    let mut metadata = vec![u8::try_from(columns.len()).unwrap()];
    let mut data = Vec::new();
    for (spec, length) in columns {
        let mut column = chunk[at..at + length].to_vec();
        at += length;
        if spec == KEY_STRINGS {
            assert_eq!(column[0], 2, "both operations have one key");
            column = [&[0x7e], &column[1..], &column[1..]].concat();
        }
        metadata.extend(uleb(spec));
        metadata.extend(uleb(column.len() as u64));
        data.extend(column);
    }
    let contents = [head, &metadata, &data, &chunk[at..]].concat();
    let tail = [&[1][..], &uleb(contents.len() as u64), &contents].concat();
    let checksum = casework_protocol::digest::sha256(&[&tail]);
    [&chunk[..4], &checksum[..4], &tail].concat()
}

fn read(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn uleb(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        bytes.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}
