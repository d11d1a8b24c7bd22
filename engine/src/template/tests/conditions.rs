//! Conditions as they are written: read, shown, and refused with their place.

use super::*;
use crate::value::Scalar;

/// The faults of a condition on entering a stage, as `place: text`.
fn faults_of(when: &str) -> Vec<String> {
    let source = format!(
        "{}\n[[stages]]\nid = \"x\"\nname = \"X\"\ncategory = \"active\"\n\
         entry = [{{ severity = \"ask\", message = \"why?\", when = {when} }}]\n",
        varied().to_toml()
    );
    let package = Package::from_toml(&source).unwrap_or_else(|error| panic!("{when}: {error}"));
    package.faults().iter().map(ToString::to_string).collect()
}

/// The plain package with a field of most natures.
fn varied() -> Package {
    let mut package = plain();
    for kind in [
        FieldType::Money,
        FieldType::Number,
        FieldType::Checkbox,
        FieldType::Location,
        FieldType::SingleSelect,
        FieldType::MultiSelect,
        FieldType::DateTime,
    ] {
        let mut field = crate::value::tests::field_of(kind);
        field.id = kind.name().to_owned();
        package.fields.push(field);
    }
    package.resolutions = vec![Outcome {
        id: "solved".into(),
        label: "Solved".into(),
    }];
    package
}

#[test]
fn a_condition_reads_from_toml_as_an_and_of_ors_and_shows_its_words() {
    let source = r#"
        key = "TST"
        name = "Test"
        [[fields]]
        id = "amount"
        label = "Amount"
        type = "money"
        [[transitions]]
        from = "a"
        to = "b"
        [[transitions.rules]]
        severity = "ask"
        message = "a director approves"
        when = [
            [{ of = "field/amount", is = "above", value = "5000 EUR" },
             { of = "label", is = "has", value = "urgent" }],
            [{ of = "stage", is = "one-of", values = ["review", "a"] }],
        ]
    "#;
    let package = Package::from_toml(source).unwrap();
    let when = &package.transitions[0].rules[0].when;
    assert_eq!(when.all[0][0].value, Scalar::text("5000 EUR"));
    assert_eq!(
        when.to_string(),
        "field/amount is above 5000 EUR or label has urgent; and stage is one of review, a"
    );
    assert_eq!(
        Package::from_toml(&package.to_toml()).as_ref(),
        Ok(&package)
    );
    assert_eq!(
        Package::from_json(&package.to_json()).as_ref(),
        Ok(&package)
    );
}

#[test]
fn every_subject_reads_back_from_its_text() {
    for text in [
        "field/amount",
        "stage",
        "category",
        "label",
        "owner",
        "assignees",
        "watchers",
        "priority",
        "severity",
        "due",
        "opened",
        "entered",
        "title",
        "number",
        "channel",
        "resolution",
        "closed",
        "on-hold",
        "tasks/open",
        "document/cv",
        "decision/grant",
        "approval/offer",
        "party/witness",
        "actor",
    ] {
        assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "field",
        "field/",
        "field/A B",
        "tasks",
        "tasks/done",
        "stage/x",
        "x/y",
    ] {
        assert!(text.parse::<Subject>().is_err(), "{text}");
    }
    for operator in Operator::ALL {
        assert_eq!(serde_json::to_value(operator).unwrap(), operator.name());
    }
}

#[test]
fn a_test_of_something_unknown_is_refused_when_it_is_read() {
    let source = r#"{"key":"TST","name":"T","stages":[{"id":"a","name":"A","category":"done",
        "entry":[{"severity":"ask","message":"m","when":[[{"of":"colour","is":"is"}]]}]}]}"#;
    let error = Package::from_json(source).unwrap_err().to_string();
    assert!(
        error.contains("\"colour\" is nothing a condition can ask about"),
        "{error}"
    );
}

/// Conditions and what is said about them.
const SENSELESS: &[(&str, &str)] = &[
    (
        r#"[[{ of = "field/gone", is = "filled" }]]"#,
        "there is no field \"gone\"",
    ),
    (
        r#"[[{ of = "field/money", is = "before", value = "today" }]]"#,
        "field/money cannot be asked \"before\"; use is, is-not, one-of, none-of, above",
    ),
    (
        r#"[[{ of = "label", is = "is", value = "urgent" }]]"#,
        "label cannot be asked \"is\"; use has, has-not, one-of, none-of, empty, filled",
    ),
    (
        r#"[[{ of = "field/location", is = "is", value = "1, 2" }]]"#,
        "field/location cannot be asked \"is\"; use empty, filled",
    ),
    (
        r#"[[{ of = "field/money", is = "above", value = "much" }]]"#,
        "field/money is never \"much\"; expected an amount",
    ),
    (
        r#"[[{ of = "field/due", is = "before", value = "today+5" }]]"#,
        "field/due is never \"today+5\"; expected a date such as",
    ),
    (
        r#"[[{ of = "opened", is = "before", value = "yesterday" }]]"#,
        "opened is never \"yesterday\"",
    ),
    (
        r#"[[{ of = "field/single-select", is = "is", value = "gone" }]]"#,
        "field/single-select is never \"gone\"; expected",
    ),
    (
        r#"[[{ of = "stage", is = "one-of", values = ["work", "gone"] }]]"#,
        "stage is never \"gone\"; expected new, work, done, dropped, x",
    ),
    (
        r#"[[{ of = "category", is = "is", value = "final" }]]"#,
        "category is never \"final\"; expected intake, active",
    ),
    (
        r#"[[{ of = "resolution", is = "is", value = "lost" }]]"#,
        "resolution is never \"lost\"; expected solved",
    ),
    (
        r#"[[{ of = "owner", is = "is", value = "Ana" }]]"#,
        "owner is never \"Ana\"; expected a member id",
    ),
    (
        r#"[[{ of = "closed", is = "is", value = "maybe" }]]"#,
        "closed is never \"maybe\"; expected yes or no",
    ),
    (
        r#"[[{ of = "tasks/open", is = "above", value = "few" }]]"#,
        "tasks/open is never \"few\"; expected a number",
    ),
    (
        r#"[[{ of = "decision/gone", is = "is", value = "yes" }]]"#,
        "there is no decision type \"gone\"",
    ),
    (
        r#"[[{ of = "stage", is = "is" }]]"#,
        "stage is takes one, as value",
    ),
    (
        r#"[[{ of = "stage", is = "one-of", value = "work" }]]"#,
        "stage one-of takes several, as values",
    ),
    (
        r#"[[{ of = "stage", is = "filled", value = "work" }]]"#,
        "stage filled takes no value",
    ),
    ("[[]]", "a group of tests is empty"),
];

#[test]
fn a_condition_that_could_never_make_sense_is_refused_with_its_place() {
    for (when, expected) in SENSELESS {
        let faults = faults_of(when);
        assert!(
            faults.len() == 1
                && faults[0].contains(expected)
                && faults[0].starts_with("stages[4] \"x\".entry.rules[0].when[0]: "),
            "{when}: {expected:?} in {faults:#?}"
        );
    }
}

#[test]
fn conditions_are_bounded() {
    let test = r#"{ of = "stage", is = "filled" }"#;
    let groups = vec![format!("[{test}]"); limits::MAX_TESTS + 1].join(", ");
    assert!(faults_of(&format!("[{groups}]"))[0].contains("groups of tests"));
    let tests = vec![test; limits::MAX_TESTS + 1].join(", ");
    assert!(faults_of(&format!("[[{tests}]]"))[0].contains("21 tests"));
    let values = vec!["\"work\""; limits::MAX_TEST_VALUES + 1].join(", ");
    let many = format!(r#"[[{{ of = "stage", is = "one-of", values = [{values}] }}]]"#);
    assert!(faults_of(&many)[0].contains("101 values"));
}

#[test]
fn a_stage_says_what_it_asks_for_and_what_contradicts_itself() {
    let faults = |change: fn(&mut Stage)| {
        let mut package = plain();
        change(&mut package.stages[1]);
        let faults = package.faults();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let policy = |stage: &mut Stage, field: &str, policy| {
        stage.field_policy.insert(field.into(), policy);
    };
    let hidden = faults(|stage| {
        stage.required = vec!["name".into()];
        stage
            .field_policy
            .insert("name".into(), FieldPolicy::Hidden);
    });
    assert!(
        hidden
            .iter()
            .any(|fault| fault.contains("required and hidden here")),
        "{hidden:?}"
    );
    let mut closed = plain();
    for stage in &mut closed.stages {
        policy(stage, "name", FieldPolicy::ReadOnly);
    }
    closed.stages[1].required_to_leave = vec!["name".into()];
    let closed = closed.faults();
    assert!(
        closed.len() == 1 && closed[0].to_string().contains("every stage hides it"),
        "{closed:?}"
    );
    for (change, expected) in [
        (
            (|stage| stage.tasks = vec![TaskTemplate::new("a", ""); 2]) as fn(&mut Stage),
            "the id \"a\" is used twice",
        ),
        (
            |stage| stage.edit_roles = vec!["The boss".into()],
            "edit_roles: the id",
        ),
        (
            |stage| stage.documents = vec!["Offer letter".into()],
            "documents: the id",
        ),
        (
            |stage| stage.entry = vec![Rule::new(Severity::Ask, "")],
            "a rule's message is empty",
        ),
        (
            |stage| {
                stage
                    .field_policy
                    .insert("gone".into(), FieldPolicy::ReadOnly);
            },
            "field_policy: there is no field \"gone\"",
        ),
    ] {
        let faults = faults(change);
        assert!(
            faults.iter().any(|fault| fault.contains(expected)),
            "{expected} {faults:?}"
        );
    }
}

#[test]
fn a_rule_with_a_condition_is_no_dead_end_and_a_disabled_stage_is_not_entered() {
    let mut package = plain();
    let never = Condition::of(Test::new(Subject::Priority, Operator::Filled));
    package.stages[1].exit = vec![Rule::new(Severity::Block, "not yet").when(never.clone())];
    let revision = package.clone().publish().unwrap();
    assert_eq!(revision.transition("work", "done"), Movement::Free);
    let said = revision.transition_if("work", "done", |when| *when == never || when.is_empty());
    assert_eq!(said.severity(), Some(Severity::Block));
    package.stages[1].exit = vec![Rule::new(Severity::Block, "never")];
    let faults = package.faults();
    assert!(
        faults[0]
            .to_string()
            .contains("no move leads out of this stage"),
        "{faults:?}"
    );
    let mut package = plain();
    package.stages[1].disabled = true;
    let revision = package.publish().unwrap();
    assert_eq!(
        revision.transition("new", "work").severity(),
        Some(Severity::Block)
    );
    assert_eq!(revision.transition("work", "done"), Movement::Free);
}
