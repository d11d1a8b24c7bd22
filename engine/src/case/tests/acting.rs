//! Acting: what is written, what is refused and how it is said.

use std::sync::Arc;

use automerge::{ROOT, ReadDoc};
use casework_protocol::rights::Verb;

use crate::case::trial::{self, Desk, part, play, set_summary};
use crate::case::*;
use crate::template::{Rule, Severity};
use crate::value::Scalar;

fn root(desk: &Desk, key: &str) -> Option<Scalar> {
    Past::now(&desk.doc).scalar(Object::Root, key)
}

fn in_map(desk: &Desk, map: &str, key: &str) -> Option<Scalar> {
    let past = Past::now(&desk.doc);
    let map = past.maps(Object::Root, map)[0];
    past.scalar(map, key)
}

#[test]
fn the_play_reads_back_from_the_document_as_it_was_written() {
    let desk = play();
    assert_eq!(root(&desk, schema::KIND), Some(Scalar::text("case")));
    assert_eq!(root(&desk, schema::VERSION), Some(Scalar::Int(1)));
    assert_eq!(root(&desk, schema::TITLE), Some(Scalar::text("Noise")));
    assert_eq!(root(&desk, schema::STAGE), Some(Scalar::text("decided")));
    assert_eq!(root(&desk, schema::OWNER), Some(Scalar::Null));
    assert_eq!(root(&desk, schema::PRIORITY), Some(Scalar::text("high")));
    assert_eq!(root(&desk, schema::DUE), Some(Scalar::text("2026-05-01")));
    assert_eq!(root(&desk, schema::CLOSED), Some(Scalar::Null));
    assert_eq!(
        in_map(&desk, schema::FIELDS, "summary"),
        Some(Scalar::text("left"))
    );
    assert_eq!(in_map(&desk, schema::FIELDS, "urgent"), Some(Scalar::Null));
    assert_eq!(
        in_map(&desk, schema::SETS, "skills/tax"),
        Some(Scalar::Bool(true))
    );
    assert_eq!(in_map(&desk, schema::SETS, "skills/law"), None);
    assert_eq!(in_map(&desk, schema::LABELS, "night"), None);
    let counted = schema::count_key("visits", part(7));
    assert_eq!(
        in_map(&desk, schema::COUNTS, &counted),
        Some(Scalar::Int(2))
    );
    let entry = in_map(&desk, schema::OVERRIDES, &part(32).to_string()).unwrap();
    let entry = Override::read(entry.as_text().unwrap()).unwrap();
    assert_eq!(
        (entry.rule.as_str(), entry.why.as_str()),
        ("a review comes first", "because")
    );
    let past = Past::now(&desk.doc);
    let texts = past.texts(past.maps(Object::Root, schema::TEXTS)[0], "notes");
    assert_eq!(past.prose(texts[0]), "first two lines 🚧 ok");
    assert_eq!(current_decisions(&past, "grant"), [part(106)].into());
    // Any Automerge tool reads it.
    let title = desk
        .doc
        .get(ROOT, "title")
        .unwrap()
        .unwrap()
        .0
        .into_string()
        .unwrap();
    assert_eq!(title, "Noise");
}

fn effectless() -> Vec<CaseAction> {
    let task = part(100);
    vec![
        CaseAction::SetTitle {
            title: "Noise".into(),
        },
        set_summary("left"),
        CaseAction::ClearField {
            field: "urgent".into(),
        },
        CaseAction::AddOption {
            field: "skills".into(),
            option: "tax".into(),
        },
        CaseAction::Move {
            to: "decided".into(),
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
        CaseAction::CancelTask { task },
        CaseAction::CheckItem {
            task,
            item: part(101),
            done: true,
        },
        CaseAction::AssignTask {
            task,
            assignee: None,
        },
        CaseAction::EditComment {
            id: part(102),
            body: "ask all neighbours".into(),
        },
        trial::edit_notes("first two lines 🚧 ok"),
        CaseAction::Reopen,
        CaseAction::Count {
            field: "visits".into(),
            by: 0,
        },
    ]
}

#[test]
fn an_action_without_effect_is_refused() {
    let mut desk = play();
    for action in effectless() {
        let heads = desk.doc.get_heads();
        let error = desk
            .try_act(Act::new(part(500), action.clone()))
            .unwrap_err();
        assert!(
            matches!(error, ActError::Unchanged { .. }),
            "{action:?}: {error}"
        );
        assert_eq!(desk.doc.get_heads(), heads);
    }
    for action in [
        CaseAction::RemoveOption {
            field: "skills".into(),
            option: "law".into(),
        },
        CaseAction::RemoveLabel {
            label: "night".into(),
        },
        CaseAction::Unassign {
            member: trial::member(2),
        },
    ] {
        let error = desk.try_act(Act::new(part(500), action)).unwrap_err();
        assert!(matches!(error, ActError::NothingThere { .. }), "{error}");
    }
}

#[test]
fn setting_the_same_value_settles_a_contested_one() {
    let mut ana = Desk::open(1);
    let mut rui = ana.copy_to(2);
    ana.does(2, set_summary("left"));
    rui.does(3, set_summary("right"));
    ana.merge(&rui);
    let past = Past::now(&ana.doc);
    let fields = past.maps(Object::Root, schema::FIELDS)[0];
    let shown = past.scalar(fields, "summary").unwrap();
    assert_eq!(past.sides(fields, "summary").len(), 2);
    let value = CaseAction::SetField {
        field: "summary".into(),
        value: shown.clone(),
    };
    ana.does(4, value);
    let past = Past::now(&ana.doc);
    assert_eq!(
        past.sides(past.maps(Object::Root, schema::FIELDS)[0], "summary"),
        [shown].into()
    );
}

#[test]
fn only_a_contested_value_is_settled_and_only_on_one_of_its_sides() {
    let mut ana = Desk::open(1);
    let mut rui = ana.copy_to(2);
    let settle = |text: &str| {
        let place = Place::Field("summary".into());
        Act::new(
            part(9),
            CaseAction::Settle {
                place,
                value: Scalar::text(text),
            },
        )
    };
    ana.does(2, set_summary("left"));
    let error = ana.try_act(settle("left")).unwrap_err();
    assert!(matches!(error, ActError::NotContested { .. }), "{error}");
    rui.does(3, set_summary("right"));
    ana.merge(&rui);
    let error = ana.try_act(settle("middle")).unwrap_err();
    assert!(matches!(error, ActError::NotASide { .. }), "{error}");
    let labels = CaseAction::Settle {
        place: Place::Labels,
        value: Scalar::Null,
    };
    let error = ana.try_act(Act::new(part(9), labels)).unwrap_err();
    assert!(matches!(error, ActError::NotSettleable { .. }), "{error}");
    ana.act(settle("left"));
    assert_eq!(
        in_map(&ana, schema::FIELDS, "summary"),
        Some(Scalar::text("left"))
    );
}

#[test]
fn a_set_keeps_an_addition_that_is_concurrent_with_a_removal() {
    let mut ana = Desk::open(1);
    let mut rui = ana.copy_to(2);
    let law = || ("skills".to_owned(), "law".to_owned());
    let (field, option) = law();
    ana.does(2, CaseAction::RemoveOption { field, option });
    let (field, option) = law();
    rui.does(3, CaseAction::RemoveOption { field, option });
    let (field, option) = law();
    rui.does(4, CaseAction::AddOption { field, option });
    ana.merge(&rui);
    assert_eq!(
        in_map(&ana, schema::SETS, "skills/law"),
        Some(Scalar::Bool(true))
    );
}

#[test]
fn a_block_refuses_with_the_way_out() {
    let mut desk = Desk::open(1);
    let act = Act::new(
        part(2),
        CaseAction::Move {
            to: "appeal".into(),
        },
    );
    let error = desk
        .try_act(Act {
            override_rule: true,
            ..act.because("now")
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the move from \"new\" to \"appeal\" is blocked: nothing was decided yet; \
         possible from here: review, decided"
    );
}

#[test]
fn an_ask_wants_an_override_with_a_reason_and_is_recorded() {
    let mut desk = Desk::open(1);
    let act = || {
        Act::new(
            part(2),
            CaseAction::Move {
                to: "decided".into(),
            },
        )
    };
    for act in [
        act(),
        act().because("urgent"),
        Act {
            override_rule: true,
            ..act()
        },
    ] {
        let error = desk.try_act(act).unwrap_err();
        assert!(matches!(error, ActError::Asked { .. }), "{error}");
    }
    let checked = desk
        .check(Act {
            override_rule: true,
            ..act().because("urgent")
        })
        .unwrap();
    assert_eq!(checked.rule(), Some("a review comes first"));
    let verbs: Vec<Verb> = checked.needed().iter().map(|needed| needed.verb).collect();
    assert_eq!(verbs, [Verb::Move, Verb::Override]);
    assert!(
        checked
            .needed()
            .iter()
            .all(|needed| needed.stage.as_deref() == Some("decided"))
    );
}

#[test]
fn a_required_field_asks_and_a_warning_is_said() {
    let mut desk = Desk::open(1);
    let error = desk.try_act(Act::new(
        part(2),
        CaseAction::Move {
            to: "review".into(),
        },
    ));
    assert_eq!(
        error.unwrap_err().to_string(),
        "Review requires Summary; to go on all the same, override the rule and give a reason"
    );
    desk.does(3, set_summary("x"));
    desk.does(
        4,
        CaseAction::Move {
            to: "review".into(),
        },
    );
    let checked = desk
        .check(Act::new(part(5), CaseAction::Move { to: "new".into() }))
        .unwrap();
    assert_eq!(checked.warnings(), ["the clock starts again"]);
    assert_eq!(checked.rule(), None);
}

#[test]
fn a_closed_case_takes_comments_settlements_and_reopening_only() {
    let mut desk = Desk::open(1);
    let close = Closing {
        code: "solved".into(),
        notes: String::new(),
    };
    desk.does(2, CaseAction::Close(close));
    let error = desk
        .try_act(Act::new(part(3), set_summary("x")))
        .unwrap_err();
    assert!(error.to_string().contains("reopen it first"), "{error}");
    let comment = CaseAction::Comment {
        id: part(4),
        body: "late".into(),
        external: false,
        reply_to: None,
    };
    desk.does(4, comment);
    desk.does(5, CaseAction::Reopen);
    desk.does(6, set_summary("x"));
}

#[test]
fn closing_asks_for_what_leaving_the_stage_asks_for() {
    let mut package = trial::package();
    package.stages[0].required_to_leave = vec!["summary".into()];
    let said = Rule::new(Severity::Ask, "nobody looked at it");
    package.stages[0].exit = vec![said];
    let mut desk = Desk::of(1, Arc::new(package.publish().unwrap()));
    let close = || {
        CaseAction::Close(Closing {
            code: "solved".into(),
            notes: String::new(),
        })
    };
    let error = desk.try_act(Act::new(part(2), close())).unwrap_err();
    for asked in ["nobody looked at it", "closing here requires Summary"] {
        assert!(error.to_string().contains(asked), "{error}");
    }
    desk.does(3, set_summary("x"));
    let mut act = Act::new(part(4), close()).because("known already");
    act.override_rule = true;
    let checked = desk.check(act.clone()).unwrap();
    assert_eq!(checked.rule(), Some("nobody looked at it"));
    desk.act(act);
}

type Refused = Vec<(CaseAction, &'static str)>;

fn not_in_the_template() -> Refused {
    let field = |field: &str, value| CaseAction::SetField {
        field: field.into(),
        value,
    };
    vec![
        (
            CaseAction::Move {
                to: "nowhere".into(),
            },
            "it has new, review, appeal, decided",
        ),
        (
            field("colour", Scalar::text("red")),
            "it has summary, urgent, visits, skills, notes",
        ),
        (
            field("skills", Scalar::text("law")),
            "add and remove its options",
        ),
        (field("urgent", Scalar::text("yes")), "Urgent"),
        (field("summary", Scalar::Null), "clear"),
        (
            CaseAction::ClearField {
                field: "visits".into(),
            },
            "add to it",
        ),
        (
            CaseAction::AddOption {
                field: "skills".into(),
                option: "art".into(),
            },
            "it offers law, tax",
        ),
        (
            CaseAction::Assign {
                member: trial::member(200),
            },
            "has no member",
        ),
        (
            CaseAction::Close(Closing {
                code: "lost".into(),
                notes: String::new(),
            }),
            "it has solved, withdrawn",
        ),
    ]
}

fn not_in_the_case() -> Refused {
    vec![
        (
            CaseAction::Decide(trial::decide(part(8), "perhaps")),
            "the answers are yes, no",
        ),
        (CaseAction::FinishTask { task: part(8) }, "no task"),
        (
            CaseAction::EditComment {
                id: part(8),
                body: "x".into(),
            },
            "no comment",
        ),
        (CaseAction::RedactComment { id: part(8) }, "needs a reason"),
        (CaseAction::SetTitle { title: "  ".into() }, "blank"),
        (
            CaseAction::SetTitle {
                title: "a\nb".into(),
            },
            "U+000A",
        ),
        (
            CaseAction::SetTitle {
                title: "x".repeat(501),
            },
            "501 bytes",
        ),
        (
            CaseAction::SetDue {
                due: Some("2026-2-1".into()),
            },
            "2026-2-1",
        ),
    ]
}

#[test]
fn what_the_template_or_the_case_does_not_have_is_refused_by_name() {
    let mut desk = Desk::open(1);
    for (action, said) in not_in_the_template().into_iter().chain(not_in_the_case()) {
        let error = desk
            .try_act(Act::new(part(2), action.clone()))
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{action:?}: {error}");
    }
}

#[test]
fn nobody_edits_the_comment_of_another_member() {
    let ana = play();
    let mut rui = ana.copy_to(2);
    let edit = CaseAction::EditComment {
        id: part(102),
        body: "never said".into(),
    };
    assert_eq!(
        rui.try_act(Act::new(part(9), edit)),
        Err(ActError::NotYours { id: part(102) })
    );
    assert_eq!(
        writers_of(&Past::now(&rui.doc), part(102)),
        [trial::actor_of(1)]
    );
}

#[test]
fn every_action_needs_the_right_that_its_verb_names() {
    let desk = play();
    let empty = automerge::Automerge::new();
    let mut batch = Batch::new(&empty);
    let mut verbs = std::collections::BTreeMap::new();
    for change in desk.changes() {
        let shaped = shape_case(&batch, change, &desk.revisions()).unwrap();
        let needed: Vec<_> = shaped.needed().iter().map(|needed| needed.verb).collect();
        verbs.entry(shaped.message().action).or_insert(needed);
        batch.take(shaped);
    }
    let expect = |kind, verb| assert_eq!(verbs[&kind], [verb], "{kind}");
    expect(ActionKind::CaseOpen, Verb::Open);
    expect(ActionKind::FieldSet, Verb::Edit);
    expect(ActionKind::CommentAdd, Verb::Comment);
    expect(ActionKind::CommentRedact, Verb::Redact);
    expect(ActionKind::ItemCheck, Verb::Task);
    expect(ActionKind::OwnerSet, Verb::Assign);
    expect(ActionKind::DecisionRecord, Verb::Decide);
    expect(ActionKind::CaseClose, Verb::Close);
    expect(ActionKind::CaseReopen, Verb::Reopen);
    expect(ActionKind::ValueSettle, Verb::Settle);
    assert_eq!(verbs[&ActionKind::StageMove], [Verb::Move, Verb::Override]);
}

#[test]
fn received_work_that_broke_a_rule_is_told_and_not_kept_out() {
    let desk = Desk::open(1);
    let past = Past::now(&desk.doc);
    let today = crate::template::Today::at(jiff::Timestamp::UNIX_EPOCH, jiff::tz::Offset::UTC);
    let jump = Act::new(
        part(2),
        CaseAction::Move {
            to: "appeal".into(),
        },
    );
    assert_eq!(
        breaches(&Facts::new(&past, &desk.revision, today), &jump),
        ["nothing was decided yet"]
    );
    let skip = Act::new(
        part(2),
        CaseAction::Move {
            to: "decided".into(),
        },
    );
    assert_eq!(
        breaches(&Facts::new(&past, &desk.revision, today), &skip),
        ["a review comes first"]
    );
    let asked = Act {
        override_rule: true,
        ..skip
    };
    assert!(breaches(&Facts::new(&past, &desk.revision, today), &asked).is_empty());
}

#[test]
fn the_stage_is_read_at_any_point_of_the_history() {
    let mut desk = Desk::open(1);
    desk.does(2, set_summary("x"));
    let before = desk.doc.get_heads();
    desk.does(
        3,
        CaseAction::Move {
            to: "review".into(),
        },
    );
    assert_eq!(
        stage_of(&Past::at(&desk.doc, &before)).as_deref(),
        Some("new")
    );
    assert_eq!(stage_of(&Past::now(&desk.doc)).as_deref(), Some("review"));
    assert_eq!(
        template_of(&Past::now(&desk.doc)),
        Some(casework_protocol::ids::DocumentId::new([4; 16]))
    );
    assert!(!is_closed(&Past::now(&desk.doc)));
}

#[test]
fn an_action_that_no_change_can_carry_is_refused_and_leaves_the_case_as_it_was() {
    let mut desk = Desk::open(1);
    let long = Decision {
        rationale: "x".repeat(120_000),
        conditions: "y".repeat(120_000),
        ..trial::decide(part(2), "yes")
    };
    let edit = trial::edit_notes(&"z".repeat(9_000));
    let heads = desk.doc.get_heads();
    for action in [CaseAction::Decide(long), edit] {
        let checked = desk.check(Act::new(part(2), action)).unwrap();
        let stamp = desk.stamp();
        let error = write(&mut desk.doc, &checked, &stamp).unwrap_err();
        assert!(matches!(error, WriteError::Act(_)), "{error}");
        assert_eq!(desk.doc.get_heads(), heads);
    }
    desk.does(3, set_summary("still works"));
    desk.does(4, trial::edit_notes(&"z".repeat(8_000)));
}
