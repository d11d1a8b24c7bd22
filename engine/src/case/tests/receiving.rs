//! Received changes: what this program writes passes, in any batch.

use automerge::{Automerge, Change, ExpandedChange};

use crate::case::trial::{self, Desk, part, play, set_summary};
use crate::case::*;
use crate::value::Scalar;

#[test]
fn the_play_uses_every_action_of_a_case() {
    let used: std::collections::BTreeSet<_> = play()
        .changes()
        .iter()
        .map(|change| Message::read(change.message().unwrap()).unwrap().action)
        .collect();
    // What rules, readings and recurrences write needs a template that asks for it; their own tests
    // play them.
    let elsewhere = |kind: &ActionKind| {
        matches!(
            kind,
            ActionKind::Facet(
                FacetKind::Automation(_) | FacetKind::Reading(_) | FacetKind::Recurrence(_)
            )
        )
    };
    let all = ActionKind::all().filter(|kind| kind.is_of_case() && !elsewhere(kind));
    assert!(used.is_superset(&all.collect()), "{used:?}");
}

#[test]
fn every_change_passes_one_by_one_and_in_one_batch_and_both_make_the_same_case() {
    let desk = play();
    let revisions = desk.revisions();
    let mut single = Automerge::new();
    for change in desk.changes() {
        let mut batch = Batch::new(&single);
        batch.take(shape_case(&batch, change, &revisions).unwrap());
        let changes = batch.into_changes();
        single.apply_changes(changes).unwrap();
    }
    let empty = Automerge::new();
    let mut batch = Batch::new(&empty);
    for change in desk.changes() {
        batch.take(shape_case(&batch, change, &revisions).unwrap());
    }
    let changes = batch.into_changes();
    let mut whole = Automerge::new();
    whole.apply_changes(changes).unwrap();
    assert_eq!(single.get_heads(), desk.doc.get_heads());
    assert_eq!(whole.save(), single.save());
    Automerge::load(&whole.save()).unwrap();
}

#[test]
fn the_act_read_back_from_a_change_is_the_act_that_was_written() {
    let mut desk = Desk::open(1);
    let act = Act {
        imported: Some(Imported {
            who: trial::member(5),
            at_ms: -1,
            zone_min: 120,
        }),
        redo_of: Some(casework_protocol::ids::ChangeHash::new([9; 32])),
        ..Act::new(part(0), set_summary("x")).because("so")
    };
    let before = desk.doc.clone();
    let hash = desk.act(act.clone());
    let batch = Batch::new(&before);
    let shaped = shape_case(&batch, desk.change(hash), &desk.revisions()).unwrap();
    let ShapedAct::Case(read) = shaped.act() else {
        panic!("a case was acted on")
    };
    assert_eq!(
        **read,
        Act {
            id: PartId::new([0; 8]),
            ..act
        }
    );
    assert_eq!(shaped.message().zone_min, 60);
}

#[test]
fn every_act_of_the_play_reads_back_with_its_values() {
    let desk = play();
    let empty = Automerge::new();
    let mut batch = Batch::new(&empty);
    for change in desk.changes() {
        let shaped = shape_case(&batch, change, &desk.revisions()).unwrap();
        let ShapedAct::Case(act) = shaped.act() else {
            panic!("a case was acted on")
        };
        assert_eq!(act.action.kind(), shaped.message().action);
        assert_eq!(act.action.target(), shaped.message().on);
        let json = serde_json::to_string(&act).unwrap();
        assert_eq!(serde_json::from_str::<Act>(&json).unwrap(), **act);
        let bytes = postcard::to_allocvec(&act).unwrap();
        assert_eq!(
            postcard::from_bytes::<Act>(&bytes).unwrap(),
            **act,
            "{act:?}"
        );
        batch.take(shaped);
    }
}

#[test]
fn an_edit_of_prose_reads_back_with_the_text_it_left() {
    let mut desk = Desk::open(1);
    desk.does(2, trial::edit_notes("first"));
    let hash = desk.does(3, trial::edit_notes("first and second"));
    desk.does(4, trial::edit_notes("third"));
    let act = act_of(&desk.doc, &desk.change(hash)).unwrap();
    assert_eq!(act.action, trial::edit_notes("first and second"));
}

#[test]
fn every_change_of_the_play_passes_the_first_layer_of_the_gate() {
    use casework_protocol::gate::{Origin, check_change};
    use casework_protocol::ids::{DeviceId, DocumentId, WorkspaceId};
    for change in play().changes() {
        let n = change.actor_id().to_bytes()[0];
        let origin = Origin {
            workspace: WorkspaceId::new([7; 32]),
            document: DocumentId::new([8; 16]),
            device: DeviceId::new([n; 32]),
        };
        check_change(&origin, change.raw_bytes().to_vec()).unwrap();
    }
}

#[test]
fn a_change_labelled_as_another_action_is_refused() {
    let desk = play();
    let revisions = desk.revisions();
    let messages: Vec<Message> = desk
        .changes()
        .iter()
        .map(|change| Message::read(change.message().unwrap()).unwrap())
        .collect();
    let mut doc = Automerge::new();
    let (mut refused, mut allowed) = (0, Vec::new());
    for change in desk.changes() {
        let own = Message::read(change.message().unwrap()).unwrap();
        let batch = Batch::new(&doc);
        for other in messages.iter().filter(|other| other.action != own.action) {
            let forged = relabel(&change, other);
            match shape_case(&batch, forged, &revisions) {
                // A settlement is a field set to one of its sides: any later value settles.
                Ok(_) if own.action == ActionKind::ValueSettle => {
                    assert_eq!(other.action, ActionKind::FieldSet);
                }
                Ok(_) => allowed.push((own.action, other.action)),
                Err(error) => {
                    assert!(!error.is_waiting(), "{error}");
                    refused += 1;
                }
            }
        }
        drop(batch);
        doc.apply_changes([change]).unwrap();
    }
    assert_eq!(allowed, Vec::new(), "these pass under another name");
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn a_change_moved_to_another_target_is_refused() {
    let desk = play();
    let revisions = desk.revisions();
    let mut doc = Automerge::new();
    for change in desk.changes() {
        let batch = Batch::new(&doc);
        let own = Message::read(change.message().unwrap()).unwrap();
        for on in [
            "review",
            "urgent",
            "summary",
            "field/summary",
            "0000000000000001",
        ] {
            if own.on.as_deref() == Some(on) {
                continue;
            }
            let forged = relabel(
                &change,
                &Message {
                    on: Some(on.into()),
                    ..own.clone()
                },
            );
            let error = shape_case(&batch, forged, &revisions).unwrap_err();
            assert!(!error.is_waiting(), "{error}");
        }
        drop(batch);
        doc.apply_changes([change]).unwrap();
    }
}

#[test]
fn a_change_that_does_not_replace_what_its_author_saw_is_refused() {
    let mut ana = Desk::open(1);
    let mut rui = ana.copy_to(2);
    ana.does(2, set_summary("left"));
    let right = rui.does(3, set_summary("right"));
    // Rui saw nothing in the field, so replacing Ana's value would be a lie about what Rui saw.
    let change = rui.change(right);
    let mut expanded: ExpandedChange = change.decode();
    let id = automerge::legacy::OpId::new(
        change.start_op().get(),
        &automerge::ActorId::from(&trial::actor_of(1).as_bytes()[..]),
    );
    expanded.operations[0].pred = [id].into_iter().collect();
    let batch = Batch::new(&ana.doc);
    shape_case(&batch, change, &rui.revisions()).unwrap();
    let error = shape_case(&batch, expanded.into(), &rui.revisions()).unwrap_err();
    assert!(
        matches!(error, ShapeError::OtherOperation { at: 0, .. }),
        "{error}"
    );
}

#[test]
fn concurrent_work_passes_on_the_replica_that_has_the_other_half() {
    let mut ana = Desk::open(1);
    let mut rui = ana.copy_to(2);
    let task = part(50);
    for (n, desk) in [(10, &mut ana), (20, &mut rui)] {
        desk.does(n, set_summary(&format!("by {n}")));
        desk.does(n + 1, trial::edit_notes(&format!("notes by {n}")));
        desk.does(n + 2, trial::create_task(task, part(51)));
        desk.does(
            n + 3,
            CaseAction::CheckItem {
                task,
                item: part(51),
                done: true,
            },
        );
        desk.does(
            n + 4,
            CaseAction::Count {
                field: "visits".into(),
                by: 1,
            },
        );
        desk.does(n + 5, trial::edit_notes(&format!("notes of {n}")));
    }
    let theirs = ana.doc.get_changes_added(&rui.doc);
    let before = ana.doc.clone();
    let mut batch = Batch::new(&before);
    for change in theirs {
        batch.take(shape_case(&batch, change, &ana.revisions()).unwrap());
    }
    ana.doc.apply_changes(batch.into_changes()).unwrap();
    // Both tasks and both texts are there, and further work writes to all of them.
    ana.does(30, CaseAction::FinishTask { task });
    ana.does(31, trial::edit_notes("one text"));
    let theirs = rui.doc.get_changes_added(&ana.doc);
    let before = rui.doc.clone();
    let mut batch = Batch::new(&before);
    for change in theirs {
        batch.take(shape_case(&batch, change, &ana.revisions()).unwrap());
    }
    rui.doc.apply_changes(batch.into_changes()).unwrap();
    let past = Past::now(&rui.doc);
    let tasks = past.maps(Object::Root, schema::TASKS)[0];
    let objects = past.maps(tasks, &task.to_string());
    assert_eq!(objects.len(), 2);
    for object in objects {
        assert_eq!(
            past.sides(object, schema::TASK_STATUS),
            [Scalar::text("done")].into()
        );
    }
    let texts = past.texts(past.maps(Object::Root, schema::TEXTS)[0], "notes");
    let prose: Vec<String> = texts.iter().map(|text| past.prose(*text)).collect();
    assert_eq!(prose.concat(), "one text");
    assert_eq!(prose.len(), 2);
}

#[test]
fn what_cannot_be_judged_yet_waits() {
    let mut desk = Desk::open(1);
    let before = desk.doc.clone();
    let first = desk.does(2, set_summary("a"));
    let second = desk.does(3, set_summary("b"));
    let batch = Batch::new(&before);
    let unknown = shape_case(&batch, desk.change(first), &|_| None).unwrap_err();
    assert!(matches!(unknown, ShapeError::UnknownRevision(_)) && unknown.is_waiting());
    let early = shape_case(&batch, desk.change(second), &desk.revisions()).unwrap_err();
    assert!(matches!(early, ShapeError::Missing(_)) && early.is_waiting());
    let mut expanded = desk.change(first).decode();
    expanded.message = expanded
        .message
        .map(|text| text.replace("field.set", "field.shuffle"));
    let later = shape_case(&batch, expanded.into(), &desk.revisions()).unwrap_err();
    assert!(later.is_waiting(), "{later}");
    let mut expanded = desk.change(first).decode();
    expanded.message = None;
    let none = shape_case(&batch, expanded.into(), &desk.revisions()).unwrap_err();
    assert_eq!(none, ShapeError::NoMessage);
}

#[test]
fn a_second_opening_is_refused() {
    let mut ana = Desk::open(1);
    let mut rui = Desk::new(2);
    let again = rui.act(trial::opening());
    let batch = Batch::new(&ana.doc);
    // The change has no dependencies, so its own past is empty: the document must be asked.
    let error = shape_case(&batch, rui.change(again), &ana.revisions()).unwrap_err();
    assert!(
        matches!(error, ShapeError::Act(ActError::AlreadyOpened)),
        "{error}"
    );
    assert_eq!(ana.try_act(trial::opening()), Err(ActError::AlreadyOpened));
}

pub(super) fn relabel(change: &Change, message: &Message) -> Change {
    let mut expanded = change.decode();
    expanded.message = Some(message.to_text());
    expanded.into()
}
