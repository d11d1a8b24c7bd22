//! A personal document: what its actions write is what they may be received as, and what several say
//! together does not depend on the order in which they are read.

use automerge::{ActorId, Author, Automerge, Change, ReadDoc};
use casework_protocol::citation::{Citation, CitedVersion};

use super::*;

fn stamp() -> Stamp {
    let cited = CitedVersion {
        version: 1,
        mark: [1; 8],
    };
    Stamp {
        citation: Citation {
            roster: cited,
            access: cited,
        },
        revision: None,
        time_ms: 1_000,
        zone_min: 0,
    }
}

fn document(byte: u8) -> Automerge {
    let mut doc = Automerge::new();
    doc.set_author(Some(Author::from([byte; 32].as_slice()).into_owned()));
    doc.set_actor(ActorId::from([byte; 24].as_slice()));
    act(&mut doc, PersonalAction::Open);
    doc
}

fn act(doc: &mut Automerge, action: PersonalAction) -> Change {
    let checked = check_personal(&Past::now(doc), action).unwrap();
    let hash = write_personal(doc, &checked, &stamp()).unwrap();
    doc.get_change_by_hash(&hash).unwrap()
}

fn item(byte: u8) -> PartId {
    PartId::new([byte; 8])
}

fn mark(byte: u8, at: i64) -> PersonalAction {
    PersonalAction::Mark {
        marks: [(item(byte), Some(at))].into(),
    }
}

fn quiet(what: &str, since_ms: i64, value: &str) -> PersonalAction {
    PersonalAction::Quiet {
        what: what.to_owned(),
        since_ms,
        value: value.to_owned(),
    }
}

#[test]
fn what_an_action_writes_is_what_it_may_be_received_as() {
    let mut doc = document(1);
    let forget = PersonalAction::Mark {
        marks: [(item(0x10), None), (item(0xf0), Some(-9))].into(),
    };
    let actions = [
        mark(0x10, 5),
        mark(0x10, 6),
        forget,
        PersonalAction::ReadUntil { received_ms: 77 },
        quiet("kind/moved", 5, "muted"),
        quiet("kind/moved", 6, ""),
    ];
    for action in actions {
        let before = doc.clone();
        let change = act(&mut doc, action.clone());
        let batch = Batch::new(&before);
        let shaped = shape_personal(&batch, change).unwrap();
        let crate::case::ShapedAct::Personal(read) = shaped.act() else {
            panic!("{action:?} came back as something else");
        };
        assert_eq!(**read, action);
        assert!(shaped.needed().is_empty());
    }
}

#[test]
fn a_change_of_a_case_is_none_of_a_personal_document_and_the_other_way_round() {
    let mut doc = document(1);
    let change = act(&mut doc, mark(1, 5));
    let empty = Automerge::new();
    let batch = Batch::new(&empty);
    assert!(crate::case::shape_case(&batch, change.clone(), &|_| None).is_err());
    assert!(crate::template_document::shape_template(&batch, change).is_err());
}

#[test]
fn marks_need_an_opened_document_are_bounded_and_must_say_something_new() {
    let empty = Automerge::new();
    let past = Past::now(&empty);
    let error = check_personal(&past, mark(1, 5)).unwrap_err();
    assert!(matches!(error, ActError::NotOpened), "{error}");
    let mut doc = document(1);
    let many = (0..=MAX_MARKS as u64).map(|n| (PartId::new(n.to_be_bytes()), Some(1)));
    let marks = many.collect();
    let error = check_personal(&Past::now(&doc), PersonalAction::Mark { marks }).unwrap_err();
    assert!(matches!(error, ActError::TooMany { .. }), "{error}");
    act(&mut doc, mark(1, 5));
    let error = check_personal(&Past::now(&doc), mark(1, 5)).unwrap_err();
    assert!(matches!(error, ActError::InboxUnchanged), "{error}");
}

#[test]
fn of_two_marks_the_later_counts_on_whatever_device_it_was_made() {
    let (mut one, mut other) = (document(1), document(2));
    act(&mut one, mark(7, 100));
    act(&mut other, mark(7, -200));
    act(&mut other, mark(8, 50));
    act(&mut one, quiet("kind/moved", 10, "muted"));
    act(&mut other, quiet("kind/moved", 11, ""));
    let (one, other) = (Personal::read(&one), Personal::read(&other));
    let (mut there, mut back) = (one.clone(), other.clone());
    there.join(other.clone());
    back.join(one.clone());
    assert_eq!(there, back);
    assert!(!there.is_read(item(7), Some(1)), "unread again, later");
    assert!(there.is_read(item(8), None));
    assert_eq!(there.quiet().count(), 0, "the rule ended later");
    assert_eq!(there.next_mark(item(7), 3), 201, "a slow clock counts too");
    let stored = Personal::from_stored(&there.to_stored()).unwrap();
    assert_eq!(stored, there);
}

#[test]
fn what_was_received_up_to_a_time_is_read_unless_it_is_marked_unread() {
    let mut doc = document(1);
    act(&mut doc, PersonalAction::ReadUntil { received_ms: 100 });
    act(&mut doc, mark(7, -5));
    let read = Personal::read(&doc);
    assert!(read.is_read(item(1), Some(100)) && !read.is_read(item(1), Some(101)));
    assert!(
        !read.is_read(item(1), None),
        "what only time makes has no time of receipt"
    );
    assert!(!read.is_read(item(7), Some(50)));
}

/// The text of this test is part of the format.
#[test]
fn the_message_of_a_mark_is_pinned() {
    let mut doc = document(1);
    let change = act(&mut doc, mark(0x4f, 1_700_000_000_000));
    let message = change.message().unwrap();
    let pinned = r#""v":1,"do":"inbox.mark","tz":0}"#;
    assert!(message.ends_with(pinned), "{message}");
}
