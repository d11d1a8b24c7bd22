//! Every fault is found, at its place.

use super::*;
use crate::value::{ConflictPolicy, Scalar};

/// The faults of the plain package after a change, as `place: text`.
fn faults_after(change: impl FnOnce(&mut Package)) -> Vec<String> {
    let mut package = plain();
    change(&mut package);
    let faults = package.publish().expect_err("the change makes a fault");
    faults.iter().map(ToString::to_string).collect()
}

fn field_faults(kind: FieldType, change: impl FnOnce(&mut Field)) -> Vec<String> {
    faults_after(|package| {
        let mut field = crate::value::tests::field_of(kind);
        change(&mut field);
        package.fields.push(field);
    })
}

#[track_caller]
fn assert_only(faults: &[String], expected: &str) {
    assert!(
        faults.len() == 1 && faults[0].contains(expected),
        "{expected:?} in {faults:#?}"
    );
}

#[test]
fn the_plain_package_and_every_type_of_field_are_published() {
    let mut package = plain();
    for kind in FieldType::ALL {
        let mut field = crate::value::tests::field_of(kind);
        field.id = kind.name().to_owned();
        package.fields.push(field);
    }
    assert_eq!(package.faults(), []);
    assert!(package.publish().is_ok());
}

#[test]
fn a_key_of_another_shape_is_a_fault() {
    for key in ["", "A", "ABCDEFG", "Hr", "H1", "ÉÉ"] {
        assert_only(&faults_after(|p| p.key = key.into()), "key: the key");
    }
}

#[test]
fn names_must_be_one_line_that_says_something() {
    assert_only(
        &faults_after(|p| p.name = " ".into()),
        "name: the name is empty",
    );
    assert_only(
        &faults_after(|p| p.name = "a\u{1b}b".into()),
        "name: the name must be at most",
    );
    assert_only(
        &faults_after(|p| p.stages[1].name.clear()),
        "stages[1] \"work\": the name is empty",
    );
    assert_only(
        &faults_after(|p| p.fields[0].label = "x".repeat(201)),
        "fields[0] \"name\"",
    );
    assert_only(
        &faults_after(|p| p.description = "x".repeat(4_001)),
        "description: the description",
    );
}

#[test]
fn ids_have_a_shape_and_differ() {
    assert_only(
        &faults_after(|p| p.stages[1].id = "Work!".into()),
        "stages[1] \"Work!\": the id",
    );
    assert_only(
        &faults_after(|p| p.stages[1].id = "new".into()),
        "stages: the id \"new\" is used twice",
    );
    assert_only(
        &faults_after(|p| p.fields[1].id = "name".into()),
        "fields: the id \"name\" is used",
    );
    assert_only(
        &faults_after(|p| p.stages[0].owner_role = "The boss".into()),
        ".owner_role: the id",
    );
}

#[test]
fn colours_are_hexadecimal_in_lower_case() {
    for colour in ["red", "#fff", "#FF0000", "#ff000g", "ff0000"] {
        assert_only(
            &faults_after(|p| p.colour = colour.into()),
            "is not a colour",
        );
        assert_only(
            &faults_after(|p| p.stages[2].colour = Some(colour.into())),
            "stages[2] \"done\".colour",
        );
    }
}

#[test]
fn a_package_needs_a_beginning_and_an_end() {
    let no_start = faults_after(|p| p.stages.retain(|stage| stage.category.is_final()));
    assert_only(&no_start, "no stage has the category intake or active");
    let no_end = faults_after(|p| p.stages.retain(|stage| !stage.category.is_final()));
    assert_only(&no_end, "no stage has the category done or cancelled");
}

#[test]
fn required_fields_exist_and_can_be_filled() {
    assert_only(
        &faults_after(|p| p.stages[1].required = vec!["salary".into()]),
        "stages[1] \"work\".required: there is no field \"salary\"",
    );
    assert_only(
        &faults_after(|p| p.stages[1].required_to_leave = vec!["name".into(), "name".into()]),
        "required_to_leave: the id \"name\" is used twice",
    );
    let unfillable = faults_after(|p| {
        p.fields.push(Field::new("cv", "CV", FieldType::File));
        p.stages[0].required = vec!["cv".into()];
    });
    assert_only(&unfillable, "the file field \"cv\" cannot be filled");
}

#[test]
fn transitions_name_two_different_stages_once() {
    let with = |from: &str, to: &str| {
        let transition = listed(from, to, &[]);
        faults_after(|p| p.transitions = vec![listed("new", "work", &[]), transition])
    };
    assert_only(
        &with("gone", "work"),
        "transitions[1].from: there is no stage \"gone\"",
    );
    assert_only(
        &with("work", "gone"),
        "transitions[1].to: there is no stage \"gone\"",
    );
    assert_only(
        &with("work", "*"),
        "transitions[1].to: there is no stage \"*\"",
    );
    assert_only(&with("work", "work"), "a move from \"work\" to itself");
    assert_only(
        &with("new", "work"),
        "the move from \"new\" to \"work\" is listed twice",
    );
}

#[test]
fn a_rule_needs_a_message() {
    let silent = faults_after(|p| {
        p.transitions = vec![listed("new", "work", &[(Severity::Ask, "")])];
    });
    assert_only(&silent, "transitions[0]: a rule's message is empty");
}

#[test]
fn a_stage_without_a_way_out_is_a_fault() {
    let locked = |transitions: Vec<Transition>| {
        faults_after(|p| {
            p.unlisted = Unlisted::Block;
            p.transitions = transitions;
        })
    };
    assert_only(
        &locked(vec![listed("new", "work", &[]), listed("new", "done", &[])]),
        "stages[1] \"work\": no move leads out of this stage",
    );
    let blocked = [(Severity::Block, "never")];
    assert_only(
        &locked(vec![
            listed("*", "done", &[]),
            listed("work", "done", &blocked),
        ]),
        "stages[1] \"work\": no move leads out",
    );
    assert_only(
        &locked(vec![listed("*", "work", &[]), listed("new", "done", &[])]),
        "stages[1] \"work\": no move leads out",
    );
    let circle = locked(vec![listed("new", "work", &[]), listed("work", "new", &[])]);
    assert_eq!(circle.len(), 2);
    assert!(
        circle
            .iter()
            .all(|fault| fault.contains("no way leads from this stage")),
        "{circle:?}"
    );
}

#[test]
fn final_stages_need_no_way_out_and_asking_is_a_way() {
    let mut package = plain();
    package.transitions = vec![listed("new", "work", &[])];
    assert_eq!(package.faults(), []);
    package.unlisted = Unlisted::Block;
    package
        .transitions
        .push(listed("work", "done", &[(Severity::Ask, "why?")]));
    assert_eq!(package.faults(), []);
}

#[test]
fn options_belong_to_selects_and_can_be_told_apart() {
    use FieldType::{SingleSelect, Text};
    let with = |change: fn(&mut Field)| field_faults(SingleSelect, change);
    assert_only(&with(|f| f.options.clear()), "needs at least one option");
    assert_only(
        &with(|f| f.options.iter_mut().for_each(|o| o.disabled = true)),
        "at least one option",
    );
    assert_only(
        &with(|f| f.options[1].id = "a".into()),
        "the id \"a\" is used twice",
    );
    assert_only(
        &with(|f| f.options[1].id = "A".into()),
        "the id \"A\" must be",
    );
    assert_only(
        &with(|f| f.options[1].label = "NÃO".into()),
        "the label \"Não\" is the label",
    );
    assert_only(
        &with(|f| f.options[1].label = "a".into()),
        "the label \"a\" is the label or id",
    );
    assert_only(
        &with(|f| f.options[1].label = "x; y".into()),
        "holds a semicolon",
    );
    let stray = field_faults(Text, |f| f.options = vec![Choice::new("a", "A")]);
    assert_only(&stray, "options means nothing for a text field");
}

#[test]
fn columns_belong_to_tables_and_are_simple() {
    use FieldType::{Counter, File, Number, Table, Text};
    assert_only(
        &field_faults(Table, |f| f.columns.clear()),
        "a table needs at least one column",
    );
    for kind in [Table, Counter, File] {
        let nested = field_faults(Table, |f| f.columns[0].kind = kind);
        assert_only(
            &nested,
            &format!(".columns[0] \"text\": a column cannot have the type {kind}"),
        );
    }
    assert_only(
        &field_faults(Table, |f| f.columns[1].card = true),
        "a column cannot have card",
    );
    assert_only(
        &field_faults(Table, |f| f.columns[1].id = "text".into()),
        "\"text\" is used twice",
    );
    let bounded = field_faults(Table, |f| {
        f.columns[1].constraints.min = Some(Scalar::Bool(true))
    });
    assert_only(
        &bounded,
        ".columns[1] \"number\".constraints.min: min \"true\" is not a bound",
    );
    let stray = field_faults(Number, |f| f.columns = vec![Field::new("a", "A", Text)]);
    assert_only(&stray, "columns means nothing for a number field");
}

#[test]
fn a_policy_suits_its_type() {
    for (kind, policy) in [
        (FieldType::Text, ConflictPolicy::Counter),
        (FieldType::Counter, ConflictPolicy::Contested),
        (FieldType::SingleSelect, ConflictPolicy::Set),
        (FieldType::Number, ConflictPolicy::Text),
    ] {
        let faults = field_faults(kind, |f| f.conflict = Some(policy));
        assert_only(
            &faults,
            &format!("the conflict policy {policy} does not suit a {kind} field"),
        );
    }
}

#[test]
fn constraints_apply_to_their_types() {
    use FieldType::{Checkbox, LongText, Number, Text};
    let zero = || Some(Scalar::Int(0));
    assert_only(
        &field_faults(Text, |f| f.constraints.min = zero()),
        "min means nothing",
    );
    assert_only(
        &field_faults(Checkbox, |f| f.constraints.max = zero()),
        "max means nothing",
    );
    assert_only(
        &field_faults(Number, |f| f.constraints.not_future = true),
        "not_future means nothing",
    );
    assert_only(
        &field_faults(Number, |f| f.constraints.max_length = Some(3)),
        "max_length means",
    );
    let pattern = field_faults(LongText, |f| f.constraints.pattern = Some("a".into()));
    assert_only(&pattern, "pattern means nothing for a long-text field");
    let message = field_faults(Text, |f| f.constraints.message = Some("no".into()));
    assert_only(&message, "message (without a pattern) means nothing");
    let currency = field_faults(Text, |f| f.constraints.currencies = vec!["EUR".into()]);
    assert_only(&currency, "currencies means nothing for a text field");
    let formula = field_faults(Text, |f| f.formula = "a + b".into());
    assert_only(&formula, "formula means nothing for a text field");
}

#[test]
fn bounds_are_values_of_the_type_in_the_right_order() {
    use FieldType::{Counter, Date, DateTime, Money, Number};
    for (kind, bound) in [
        (Number, Scalar::text("1e3")),
        (Counter, Scalar::text("1")),
        (Date, Scalar::text("1.1.2026")),
        (Date, Scalar::Int(2026)),
        (DateTime, Scalar::text("2026-01-01T00:00:00")),
    ] {
        let faults = field_faults(kind, |f| f.constraints.min = Some(bound));
        assert_only(&faults, ".constraints.min: min");
    }
    let swapped = field_faults(Money, |f| {
        f.constraints.min = Some(Scalar::Int(2));
        f.constraints.max = Some(Scalar::text("1.99"));
    });
    assert_only(&swapped, "min \"2\" is above max \"1.99\"");
    let euro = field_faults(Money, |f| f.constraints.currencies = vec!["euro".into()]);
    assert_only(&euro, "\"euro\" is not a currency");
}

#[test]
fn a_pattern_is_a_regular_expression_of_bounded_cost() {
    for pattern in [
        "(",
        "a)|(b",
        r"(?=a)",
        r"(a)\1",
        r"\w{200}",
        &"(".repeat(80),
        &"a".repeat(501),
    ] {
        let faults = field_faults(FieldType::Text, |f| {
            f.constraints.pattern = Some(pattern.into())
        });
        assert_only(&faults, ".constraints.pattern: the pattern");
    }
}

#[test]
fn a_default_is_a_value_that_the_field_takes() {
    use FieldType::{Date, File, Number, SingleSelect};
    let default = |value: Scalar| move |field: &mut Field| field.default = Some(value);
    assert_only(
        &field_faults(Number, default(Scalar::text("x"))),
        ".default: the default is refused",
    );
    assert_only(
        &field_faults(SingleSelect, default(Scalar::text("maybe"))),
        "is not an option",
    );
    assert_only(
        &field_faults(File, default(Scalar::text("x"))),
        "needs an attachment",
    );
    let above = field_faults(Number, |f| {
        f.constraints.max = Some(Scalar::Int(1));
        f.default = Some(Scalar::Int(2));
    });
    assert_only(&above, "2 is above the allowed 1");
    let disabled = field_faults(SingleSelect, |f| {
        f.options[1].disabled = true;
        f.default = Some(Scalar::text("b"));
    });
    assert_only(&disabled, "no longer offered");
    let blank = field_faults(Date, default(Scalar::text("")));
    assert_only(&blank, "nothing was given");
}

#[test]
fn decisions_have_ids_and_outcomes() {
    let decision = |outcomes: &[(&str, &str)]| {
        let outcomes = outcomes
            .iter()
            .map(|(id, label)| Outcome {
                id: (*id).to_owned(),
                label: (*label).to_owned(),
            })
            .collect();
        faults_after(|p| {
            p.decision_types = vec![DecisionType::new("d", "Decide?", outcomes)];
        })
    };
    assert_only(
        &decision(&[]),
        "decision_types[0] \"d\".outcomes: the list of outcomes is empty",
    );
    assert_only(
        &decision(&[("y", "Yes"), ("y", "No")]),
        "the id \"y\" is used twice",
    );
    assert_only(&decision(&[("Y", "Yes")]), "the id \"Y\" must be");
    let resolutions = faults_after(|p| {
        p.resolutions = vec![Outcome {
            id: "ok".into(),
            label: String::new(),
        }];
    });
    assert_only(&resolutions, "resolutions: a label is empty");
}

#[test]
fn counts_and_sizes_are_bounded() {
    let stages = faults_after(|p| {
        let stage = |i: usize| Stage::new(format!("s{i}"), "S", Category::Active);
        p.stages.extend((0..limits::MAX_STAGES).map(stage));
    });
    assert_only(&stages, "there are 204 stages and may be 200");
    let fields = faults_after(|p| {
        let field = |i: usize| Field::new(format!("f{i}"), "F", FieldType::Text);
        p.fields = (0..=limits::MAX_FIELDS).map(field).collect();
    });
    assert_only(&fields, "there are 501 fields and may be 500");
    let options = field_faults(FieldType::SingleSelect, |f| {
        f.options = (0..=limits::MAX_OPTIONS)
            .map(|i| Choice::new(format!("o{i}"), format!("O{i}")))
            .collect();
    });
    assert_only(&options, "there are 1001 options and may be 1000");
    let large = faults_after(|p| {
        let mut field = Field::new("f", "F", FieldType::Text);
        field.help = "x".repeat(limits::MAX_PROSE_BYTES);
        let field = |i: usize| Field {
            id: format!("f{i}"),
            ..field.clone()
        };
        p.fields = (0..40).map(field).collect();
    });
    assert_only(&large, "package: the package has");
}

#[test]
fn all_faults_are_told_at_once() {
    let many = faults_after(|p| {
        p.key = "x".into();
        p.stages[0].id = "X".into();
        p.stages[1].required = vec!["gone".into()];
        p.fields[0].default = Some(Scalar::Bool(true));
        p.fields[1].default = Some(Scalar::text("tomorrow"));
    });
    assert_eq!(many.len(), 4, "{many:#?}");
}

#[test]
fn patterns_are_counted_in_columns_as_well() {
    let many = field_faults(FieldType::Table, |f| {
        let mut column = Field::new("c", "C", FieldType::Text);
        column.constraints.pattern = Some(r"\w{60}".into());
        f.columns = vec![column; limits::MAX_PATTERNS + 1];
    });
    assert_only(&many, "patterns: there are 51 patterns and may be 50");
}
