//! Every operator of a condition, on every kind of subject, against a case that is acted on.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::Offset;

use super::super::trial::*;
use super::super::*;
use crate::template::{
    Choice, Condition, Field, Operator, Package, Revision, Rule, Severity, Subject, Test, Today,
};
use crate::value::{FieldType, Scalar};

/// A case with a value of every nature, acted on by one desk.
struct Scene {
    desk: Desk,
    today: Today,
}

fn rich_package() -> Package {
    let mut package = package();
    for (id, kind) in [
        ("amount", FieldType::Money),
        ("score", FieldType::Number),
        ("met", FieldType::Date),
        ("heard", FieldType::DateTime),
        ("phone", FieldType::Phone),
        ("site", FieldType::Location),
        ("member", FieldType::Member),
    ] {
        package.fields.push(Field::new(id, id, kind));
    }
    let mut kind = Field::new("kind", "Kind", FieldType::SingleSelect);
    kind.options = vec![Choice::new("noise", "Noise"), Choice::new("smell", "Smell")];
    package.fields.push(kind);
    package
}

fn scene() -> Scene {
    let revision: Arc<Revision> = Arc::new(rich_package().publish().unwrap());
    let mut desk = Desk::of(1, Arc::clone(&revision));
    for (n, (field, value)) in [
        ("amount", r#"{"amount":"5000","currency":"EUR"}"#),
        ("score", "7.5"),
        ("met", "2026-03-10"),
        ("heard", "2026-03-10T09:30:00+01:00"),
        ("phone", "+351912345678"),
        ("kind", "noise"),
        ("summary", "A LOUD party"),
    ]
    .into_iter()
    .enumerate()
    {
        let value = Scalar::text(value);
        let field = field.to_owned();
        desk.does(40 + n as u64, CaseAction::SetField { field, value });
    }
    desk.does(
        60,
        CaseAction::Count {
            field: "visits".into(),
            by: 3,
        },
    );
    desk.does(
        61,
        CaseAction::AddLabel {
            label: "urgent".into(),
        },
    );
    desk.does(
        62,
        CaseAction::SetDue {
            due: Some("2026-03-20".into()),
        },
    );
    desk.does(63, create_task(part(100), part(101)));
    desk.does(64, CaseAction::Decide(decide(part(103), "yes")));
    desk.does(65, edit_notes("some words"));
    let now = "2026-03-15T12:00:00Z".parse().unwrap();
    Scene {
        desk,
        today: Today::at(now, Offset::UTC),
    }
}

impl Scene {
    #[track_caller]
    fn asks(&self, of: &str, is: Operator, value: &str) -> bool {
        let mut test = Test::new(of.parse().unwrap(), is);
        if matches!(is, Operator::OneOf | Operator::NoneOf) {
            test.values = value.split(", ").map(Scalar::text).collect();
        } else if !value.is_empty() {
            test.value = Scalar::text(value);
        }
        let condition = Condition::of(test);
        // Whatever is asked here can also be published.
        let mut package = rich_package();
        package.stages[1].entry = vec![Rule::new(Severity::Warn, "x").when(condition.clone())];
        assert_eq!(package.faults(), [], "{condition}");
        self.holds(&condition)
    }

    fn holds(&self, condition: &Condition) -> bool {
        let past = Past::now(&self.desk.doc);
        holds(
            condition,
            &Facts::new(&past, &self.desk.revision, self.today),
        )
    }
}

#[test]
fn every_operator_answers_for_every_nature() {
    use Operator as O;
    let scene = scene();
    for (of, is, value, expected) in [
        ("field/summary", O::Is, "A LOUD party", true),
        ("field/summary", O::Is, "a loud party", false),
        ("field/summary", O::Has, "loud", true),
        ("field/summary", O::HasNot, "quiet", true),
        ("field/kind", O::OneOf, "noise, smell", true),
        ("field/kind", O::NoneOf, "noise, smell", false),
        ("field/kind", O::IsNot, "smell", true),
        ("field/phone", O::Is, "+351 912 345 678", true),
        ("field/amount", O::Above, "4999.99 EUR", true),
        ("field/amount", O::Above, "5000 EUR", false),
        ("field/amount", O::AtLeast, "5000 EUR", true),
        ("field/amount", O::Is, "5000.00 EUR", true),
        ("field/amount", O::Above, "1 USD", false),
        ("field/amount", O::Below, "9999999 USD", false),
        ("field/score", O::Below, "8", true),
        ("field/score", O::AtMost, "7.5", true),
        ("field/score", O::IsNot, "7.50", false),
        ("field/visits", O::AtLeast, "3", true),
        ("field/visits", O::OneOf, "2, 3", true),
        ("field/met", O::Before, "today", true),
        ("field/met", O::Before, "today-5d", false),
        ("field/met", O::Is, "today-5d", true),
        ("field/met", O::After, "now-1w", true),
        ("field/met", O::AtLeast, "2026-03-10", true),
        ("field/heard", O::Is, "2026-03-10", true),
        ("field/heard", O::Before, "2026-03-10T09:31:00+01:00", true),
        ("field/heard", O::After, "now-6d", true),
        ("field/urgent", O::Is, "yes", true),
        ("field/urgent", O::IsNot, "no", true),
        ("field/skills", O::Has, "law", true),
        ("field/skills", O::HasNot, "law", false),
        ("field/skills", O::OneOf, "tax, law", true),
        ("field/skills", O::NoneOf, "tax", true),
        ("field/notes", O::Filled, "", true),
        ("field/site", O::Empty, "", true),
        (
            "field/member",
            O::Is,
            "01010101010101010101010101010101",
            false,
        ),
        (
            "field/member",
            O::IsNot,
            "01010101010101010101010101010101",
            true,
        ),
        (
            "field/member",
            O::NoneOf,
            "01010101010101010101010101010101",
            true,
        ),
    ] {
        assert_eq!(scene.asks(of, is, value), expected, "{of} {is} {value}");
    }
}

#[test]
fn what_a_case_has_besides_fields_answers_too() {
    use Operator as O;
    let scene = scene();
    let me = member(1).to_string();
    for (of, is, value, expected) in [
        ("stage", O::Is, "new", true),
        ("stage", O::OneOf, "review, decided", false),
        ("category", O::Is, "intake", true),
        ("label", O::Has, "urgent", true),
        ("label", O::HasNot, "urgent", false),
        ("owner", O::Is, me.as_str(), true),
        ("assignees", O::Has, me.as_str(), true),
        ("watchers", O::Empty, "", true),
        ("priority", O::Is, "high", false),
        ("due", O::After, "today+4d", true),
        ("due", O::Before, "2026-03-20", false),
        ("opened", O::Before, "now-1y", true),
        ("entered", O::AtLeast, "1970-01-01", true),
        ("title", O::Has, "NOISE", true),
        ("number", O::Is, "CMP-~1", true),
        ("resolution", O::Empty, "", true),
        ("closed", O::Is, "no", true),
        ("on-hold", O::Is, "yes", false),
        ("tasks/open", O::Is, "1", true),
        ("tasks/open", O::Above, "1", false),
        ("decision/grant", O::Is, "yes", true),
        ("document/letter", O::Filled, "", false),
        ("approval/granting", O::Is, "approved", false),
        ("party/witness", O::Empty, "", true),
        ("channel", O::Empty, "", true),
    ] {
        assert_eq!(scene.asks(of, is, value), expected, "{of} {is} {value}");
    }
}

#[test]
fn a_condition_is_an_and_of_ors_and_an_empty_one_holds() {
    let scene = scene();
    let yes = || Test::with(Subject::Stage, Operator::Is, "new");
    let no = || Test::with(Subject::Stage, Operator::Is, "review");
    for (all, expected) in [
        (vec![], true),
        (vec![vec![yes()]], true),
        (vec![vec![no(), yes()]], true),
        (vec![vec![no(), yes()], vec![no()]], false),
        (vec![vec![yes()], vec![no(), yes()]], true),
        (vec![vec![]], false),
    ] {
        assert_eq!(scene.holds(&Condition { all }), expected);
    }
}

#[test]
fn who_acts_is_asked_only_before_acting() {
    let scene = scene();
    let past = Past::now(&scene.desk.doc);
    let facts = Facts::new(&past, &scene.desk.revision, scene.today);
    let has = Condition::of(Test::with(Subject::Actor, Operator::Has, "manager"));
    let has_not = Condition::of(Test::with(Subject::Actor, Operator::HasNot, "manager"));
    let roles = BTreeSet::from(["manager".to_owned()]);
    assert!(holds(&has, &facts.by(&roles)) && !holds(&has_not, &facts.by(&roles)));
    assert!(!holds(&has, &facts) && !holds(&has_not, &facts));
}

#[test]
fn what_is_about_to_be_done_stands_in_the_place_of_what_is() {
    let scene = scene();
    let past = Past::now(&scene.desk.doc);
    let facts = Facts::new(&past, &scene.desk.revision, scene.today);
    let above = Condition::of(Test::with(
        Subject::Field("score".into()),
        Operator::Above,
        "9",
    ));
    let set = CaseAction::SetField {
        field: "score".into(),
        value: Scalar::text("9.5"),
    };
    assert!(!holds(&above, &facts) && holds(&above, &facts.after(&set)));
    let empty = Condition::of(Test::new(Subject::Field("score".into()), Operator::Empty));
    let clear = CaseAction::ClearField {
        field: "score".into(),
    };
    assert!(!holds(&empty, &facts) && holds(&empty, &facts.after(&clear)));
}

#[test]
fn a_contested_decision_is_there_but_has_no_outcome() {
    let mut scene = scene();
    let mut rui = scene.desk.copy_to(2);
    scene
        .desk
        .does(70, CaseAction::Decide(decide(part(110), "yes")));
    rui.does(71, CaseAction::Decide(decide(part(111), "no")));
    scene.desk.merge(&rui);
    for (is, value, expected) in [
        (Operator::Filled, "", true),
        (Operator::Is, "yes", false),
        (Operator::Is, "no", false),
    ] {
        assert_eq!(scene.asks("decision/grant", is, value), expected);
    }
}

#[test]
fn a_change_in_a_batch_sees_what_the_merged_document_would() {
    let scene = scene();
    let mut later = scene.desk.copy_to(2);
    later.does(80, set_summary("in the batch"));
    let hash = later.does(
        81,
        CaseAction::Move {
            to: "review".into(),
        },
    );
    let mut batch = Batch::new(&scene.desk.doc);
    for change in later.changes().into_iter().skip(scene.desk.changes().len()) {
        let shaped = shape_case(&batch, change, &later.revisions()).unwrap();
        batch.take(shaped);
    }
    let in_batch = batch
        .past_of(&[automerge::ChangeHash(hash.0)])
        .expect("it was taken");
    let merged = Past::now(&later.doc);
    for (of, is, value) in [
        ("stage", Operator::Is, "review"),
        ("field/summary", Operator::Is, "in the batch"),
        ("entered", Operator::After, "1970-01-01"),
        ("opened", Operator::Filled, ""),
        ("tasks/open", Operator::Is, "1"),
    ] {
        let test = Test {
            value: if value.is_empty() {
                Scalar::Null
            } else {
                Scalar::text(value)
            },
            ..Test::new(of.parse().unwrap(), is)
        };
        let ask = |past: &Past<'_>| passes(&test, &Facts::new(past, &later.revision, scene.today));
        assert_eq!(ask(&in_batch), ask(&merged), "{test}");
    }
    let written = |past: &Past<'_>| {
        let newest = past.seen(Object::Root, schema::STAGE).pop().unwrap();
        past.claimed_ms(newest.id)
    };
    assert_eq!(written(&in_batch), written(&merged));
    assert!(written(&merged).is_some());
}

#[test]
fn documents_and_parties_answer_by_type_and_role() {
    use crate::case::facet::document::{DocumentAction, VersionStatus};
    use crate::case::facet::party::PartyAction;
    use crate::case::trial::{file, helena};
    let mut scene = scene();
    let (id, version) = (part(120), part(121));
    let add = DocumentAction::Add {
        id,
        name: "Offer".into(),
        kind: "letter".into(),
        version,
        file: file("offer"),
    };
    let party = part(122);
    let helena = PartyAction::Add {
        id: party,
        party: helena(),
    };
    scene.desk.does(90, add.into());
    scene.desk.does(91, helena.into());
    assert!(scene.asks("document/letter", Operator::Has, "draft"));
    assert!(!scene.asks("document/photo", Operator::Filled, ""));
    assert!(scene.asks("party/complainant", Operator::Has, "Helena Dias"));
    let status = VersionStatus::Approved;
    let approve = DocumentAction::SetStatus { version, status };
    scene.desk.does(92, approve.into());
    assert!(scene.asks("document/letter", Operator::Has, "approved"));
    let withdraw = DocumentAction::Withdraw { document: id };
    scene.desk.does(93, withdraw.into());
    scene.desk.does(94, PartyAction::Withdraw { party }.into());
    assert!(scene.asks("document/letter", Operator::Empty, ""));
    assert!(scene.asks("party/complainant", Operator::Empty, ""));
}
