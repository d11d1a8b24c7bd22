//! Taking back what one did: it reads as before, once, and never over somebody else's work.

use casework_protocol::ids::ChangeHash;

use crate::case::facet::attention::AttentionAction;
use crate::case::facet::document::{DocumentAction, VersionStatus};
use crate::case::facet::keeping::KeepingAction;
use crate::case::facet::party::{PartyAction, PartyKey};
use crate::case::trial::{self, Desk, actor_of, file, helena, part, set_summary};
use crate::case::*;
use crate::value::Scalar;

fn undo(desk: &mut Desk, n: u64) -> Result<CaseAction, ActError> {
    let me = desk.member.as_bytes()[0];
    let (hash, action) = undo_last(&desk.doc, &|actor| actor == actor_of(me))?;
    let act = Act {
        undo_of: Some(hash),
        override_rule: matches!(action, CaseAction::Move { .. }),
        ..Act::new(part(n), action.clone()).because("taken back")
    };
    desk.try_act(act).map(|_| action)
}

/// Everything that a case shows, for comparing.
fn state(desk: &Desk) -> String {
    let past = Past::now(&desk.doc);
    let mut told = String::new();
    for key in schema::ROOT_SCALARS {
        told += &format!("{key}={:?}\n", past.sides(Object::Root, key));
    }
    for map in [
        schema::FIELDS,
        schema::SETS,
        schema::LABELS,
        schema::ASSIGNEES,
        schema::WATCHERS,
        schema::MARKS,
        schema::FLAGS,
    ] {
        let object = past.maps(Object::Root, map)[0];
        for key in past.keys(object, String::new().."~".to_owned()) {
            let shown = past.scalar(object, &key);
            // A mark that was taken back says no, a field that was emptied says nothing.
            if !matches!(shown, Some(Scalar::Null | Scalar::Bool(false))) {
                told += &format!("{map}/{key}={shown:?}\n");
            }
        }
    }
    told
}

fn reversible() -> Vec<CaseAction> {
    vec![
        CaseAction::SetTitle {
            title: "Other".into(),
        },
        set_summary("it is loud"),
        set_summary("it is very loud"),
        CaseAction::ClearField {
            field: "urgent".into(),
        },
        CaseAction::AddOption {
            field: "skills".into(),
            option: "tax".into(),
        },
        CaseAction::RemoveOption {
            field: "skills".into(),
            option: "law".into(),
        },
        CaseAction::Move {
            to: "review".into(),
        },
        CaseAction::AddLabel {
            label: "night".into(),
        },
        CaseAction::Assign {
            member: trial::member(3),
        },
        CaseAction::SetOwner { member: None },
        CaseAction::SetPriority {
            priority: Some("high".into()),
        },
        CaseAction::SetDue {
            due: Some("2026-05-01".into()),
        },
        AttentionAction::SetSeverity {
            severity: Some("grave".into()),
        }
        .into(),
        AttentionAction::Watch {
            member: trial::member(4),
        }
        .into(),
        KeepingAction::SetFlag {
            flag: "press".into(),
        }
        .into(),
        KeepingAction::Archive.into(),
        KeepingAction::Trash.into(),
    ]
}

#[test]
fn what_was_done_is_taken_back_one_by_one_until_the_case_reads_as_before() {
    let mut ana = Desk::open(1);
    let mut states = vec![state(&ana)];
    for (n, action) in (200..).zip(reversible()) {
        ana.act(Act::new(part(n), action).because("so"));
        states.push(state(&ana));
    }
    for (n, before) in (300..).zip(states.iter().rev().skip(1)) {
        let done = undo(&mut ana, n).unwrap();
        assert_eq!(&state(&ana), before, "after {done:?}");
    }
    let error = undo(&mut ana, 400).unwrap_err();
    assert!(matches!(error, ActError::NotUndoable { .. }), "{error}");
}

#[test]
fn the_change_taken_back_is_named_and_is_not_taken_back_twice() {
    let mut ana = Desk::open(1);
    let done = ana.does(2, set_summary("left"));
    undo(&mut ana, 3).unwrap();
    let last = ana.changes().pop().unwrap();
    let message = Message::read(last.message().unwrap()).unwrap();
    assert_eq!(message.undo_of, Some(ChangeHash::new(done.0)));
    // What is left is the opening.
    assert!(undo(&mut ana, 4).is_err());
}

#[test]
fn what_somebody_built_on_or_wrote_beside_is_not_taken_back() {
    let mut ana = Desk::open(1);
    let mut rui = ana.copy_to(2);
    ana.does(2, set_summary("left"));
    rui.does(3, set_summary("right"));
    ana.merge(&rui);
    assert!(undo(&mut ana, 4).is_err(), "contested");
    let mut ana = Desk::open(1);
    ana.does(2, set_summary("left"));
    let mut rui = ana.copy_to(2);
    rui.does(3, set_summary("right"));
    ana.merge(&rui);
    let error = undo(&mut ana, 4).unwrap_err();
    assert!(error.to_string().contains("changed it since"), "{error}");
    // Another one's work elsewhere is no hindrance, and is not taken back.
    let mut ana = Desk::open(1);
    ana.does(2, set_summary("left"));
    let mut rui = ana.copy_to(2);
    rui.does(
        3,
        CaseAction::SetDue {
            due: Some("2026-05-01".into()),
        },
    );
    ana.merge(&rui);
    let field = "summary".to_owned();
    assert_eq!(undo(&mut ana, 4), Ok(CaseAction::ClearField { field }));
}

#[test]
fn what_has_no_opposite_says_what_to_do_instead() {
    let mut ana = Desk::open(1);
    ana.does(2, CaseAction::Decide(trial::decide(part(50), "yes")));
    let error = undo(&mut ana, 3).unwrap_err();
    assert!(error.to_string().contains("decision.record"), "{error}");
    let body = "hello".to_owned();
    ana.does(
        4,
        CaseAction::Comment {
            id: part(51),
            body,
            external: false,
            reply_to: None,
        },
    );
    let error = undo(&mut ana, 5).unwrap_err();
    assert!(error.to_string().contains("redacted"), "{error}");
}

#[test]
fn tasks_documents_and_parties_are_taken_back_by_their_own_words() {
    let mut ana = Desk::open(1);
    let (task, item) = (part(60), part(61));
    ana.does(2, trial::create_task(task, item));
    ana.does(3, CaseAction::FinishTask { task });
    assert_eq!(undo(&mut ana, 4), Ok(CaseAction::ReopenTask { task }));
    assert_eq!(undo(&mut ana, 5), Ok(CaseAction::CancelTask { task }));
    let (document, version) = (part(62), part(63));
    let add = DocumentAction::Add {
        id: document,
        name: "Offer".into(),
        kind: "letter".into(),
        version,
        file: file("offer"),
    };
    ana.does(6, add.into());
    let status = VersionStatus::Approved;
    ana.does(7, DocumentAction::SetStatus { version, status }.into());
    let draft = VersionStatus::Draft;
    let back = DocumentAction::SetStatus {
        version,
        status: draft,
    };
    assert_eq!(undo(&mut ana, 8), Ok(back.into()));
    let back = DocumentAction::Withdraw { document };
    assert_eq!(undo(&mut ana, 9), Ok(back.into()));
    let party = part(64);
    let add = PartyAction::Add {
        id: party,
        party: helena(),
    };
    ana.does(10, add.into());
    let (key, value) = (PartyKey::Phone, "123".to_owned());
    ana.does(11, PartyAction::Change { party, key, value }.into());
    let value = String::new();
    let back = PartyAction::Change { party, key, value };
    assert_eq!(undo(&mut ana, 12), Ok(back.into()));
    assert_eq!(
        undo(&mut ana, 13),
        Ok(PartyAction::Withdraw { party }.into())
    );
}
