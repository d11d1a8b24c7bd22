//! Random concurrent work of several desks, received elsewhere in batches of any size: all of it
//! passes, and everybody has the same case in the end.

use automerge::{Automerge, Change};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::case::trial::{self, Desk, part, set_summary};
use crate::case::*;
use crate::value::Scalar;

#[test]
fn honest_concurrent_work_passes_in_batches_of_any_size() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let desks = work(&mut rng);
        let everything = all_changes(&desks, &mut rng);
        let revisions = desks[0].revisions();
        let mut doc = Automerge::new();
        let mut rest = everything.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rng.random_range(1..=rest.len()));
            let mut batch = Batch::new(&doc);
            for change in now {
                let shaped = shape_case(&batch, change.clone(), &revisions)
                    .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                batch.take(shaped);
            }
            let changes = batch.into_changes();
            doc.apply_changes(changes).unwrap();
            rest = later;
        }
        let mut merged = desks[0].doc.clone();
        for desk in &desks {
            merged.merge(&mut desk.doc.clone()).unwrap();
        }
        assert_eq!(doc.get_heads(), merged.get_heads(), "seed {seed}");
        assert_eq!(doc.hydrate(None), merged.hydrate(None), "seed {seed}");
        Automerge::load(&doc.save()).unwrap();
    }
}

#[test]
fn a_batch_reads_like_the_document_it_will_become() {
    for seed in 100..105 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let desks = work(&mut rng);
        let everything = all_changes(&desks, &mut rng);
        let revisions = desks[0].revisions();
        let empty = Automerge::new();
        let mut batch = Batch::new(&empty);
        let mut doc = Automerge::new();
        for change in everything {
            let merged = Past::at(&doc, change.deps());
            let overlaid = batch.past_of(change.deps()).unwrap();
            for key in schema::ROOT_SCALARS {
                let seen = |past: &Past<'_>| past.seen(Object::Root, key);
                assert_eq!(seen(&overlaid), seen(&merged), "seed {seed}, {key}");
            }
            for map in schema::MAPS {
                let Some(object) = merged.maps(Object::Root, map).first().copied() else {
                    continue;
                };
                let keys = |past: &Past<'_>| past.keys(object, String::new().."~".to_owned());
                assert_eq!(keys(&overlaid), keys(&merged), "seed {seed}, {map}");
                for key in keys(&merged) {
                    assert_eq!(overlaid.seen(object, &key), merged.seen(object, &key));
                    for text in merged.texts(object, &key) {
                        assert_eq!(overlaid.elements(text), merged.elements(text));
                    }
                }
            }
            let shaped = shape_case(&batch, change.clone(), &revisions).unwrap();
            batch.take(shaped);
            doc.apply_changes([change]).unwrap();
        }
    }
}

/// Three desks that act and meet at random.
fn work(rng: &mut ChaCha8Rng) -> Vec<Desk> {
    let first = Desk::open(1);
    let mut desks = vec![first.copy_to(2), first.copy_to(3), first];
    for n in 0..40 {
        let who = rng.random_range(0..desks.len());
        if rng.random_bool(0.2) {
            let other = desks[rng.random_range(0..desks.len())].clone();
            desks[who].merge(&other);
        }
        // Refusals are part of the play: what has no effect is not written.
        let _ = desks[who].try_act(random_act(1_000 + n, rng));
    }
    desks
}

fn random_act(n: u64, rng: &mut ChaCha8Rng) -> Act {
    let task = part(50 + rng.random_range(0..2));
    let word = *["one", "two", "two of three"].choose(rng).unwrap();
    let label = || word.to_owned();
    let field = || "skills".to_owned();
    let action = match rng.random_range(0..18) {
        0 => CaseAction::SetTitle { title: label() },
        1 | 2 => set_summary(word),
        3 => CaseAction::ClearField {
            field: "summary".into(),
        },
        4 => CaseAction::AddOption {
            field: field(),
            option: "law".into(),
        },
        5 => CaseAction::RemoveOption {
            field: field(),
            option: "law".into(),
        },
        6 => CaseAction::Count {
            field: "visits".into(),
            by: 1,
        },
        7 | 8 => trial::edit_notes(&format!("{word} {n}")),
        9 => CaseAction::Comment {
            id: part(n),
            body: label(),
            external: false,
            reply_to: None,
        },
        10 => trial::create_task(task, part(60)),
        11 => CaseAction::FinishTask { task },
        12 => CaseAction::CancelTask { task },
        13 => CaseAction::CheckItem {
            task,
            item: part(60),
            done: rng.random_bool(0.5),
        },
        14 => CaseAction::AddLabel { label: label() },
        15 => CaseAction::Decide(trial::decide(part(n), "yes")),
        16 => {
            let value = Scalar::text(word);
            CaseAction::Settle {
                place: Place::Field("summary".into()),
                value,
            }
        }
        _ => CaseAction::Move {
            to: "review".into(),
        },
    };
    Act {
        override_rule: true,
        ..Act::new(part(n), action).because("so")
    }
}

/// All changes of all desks, each after those it builds on, otherwise in any order.
fn all_changes(desks: &[Desk], rng: &mut ChaCha8Rng) -> Vec<Change> {
    let mut merged = desks[0].doc.clone();
    for desk in desks {
        merged.merge(&mut desk.doc.clone()).unwrap();
    }
    let mut waiting = merged.get_changes(&[]);
    waiting.shuffle(rng);
    let mut ready: Vec<Change> = Vec::new();
    while !waiting.is_empty() {
        let known = |hash| ready.iter().any(|change| change.hash() == hash);
        let next = waiting
            .iter()
            .position(|change| change.deps().iter().all(|dep| known(*dep)));
        ready.push(waiting.swap_remove(next.unwrap()));
    }
    ready
}
