//! What a revision says about moves, the first stage and what is missing.

use super::*;

fn published(change: impl FnOnce(&mut Package)) -> Revision {
    let mut package = plain();
    change(&mut package);
    package.publish().unwrap()
}

fn missing(fields: &[&Field]) -> Vec<String> {
    fields.iter().map(|field| field.id.clone()).collect()
}

#[test]
fn without_listed_moves_every_move_is_free() {
    let revision = published(|_| {});
    for (from, to) in [("new", "done"), ("done", "new"), ("dropped", "work")] {
        assert_eq!(revision.transition(from, to), Movement::Free);
    }
    assert_eq!(revision.transition("new", "gone"), Movement::Unknown);
    assert_eq!(revision.transition("*", "new"), Movement::Unknown);
}

#[test]
fn an_unlisted_move_asks_by_default() {
    let revision = published(|p| p.transitions = vec![listed("new", "work", &[])]);
    assert_eq!(revision.transition("new", "work"), Movement::Free);
    assert_eq!(
        revision.transition("work", "new"),
        Movement::Ruled {
            severity: Severity::Ask,
            message: "Test does not list a move from Work to New".into()
        }
    );
}

#[test]
fn an_unlisted_move_does_what_the_template_says() {
    for (unlisted, severity) in [
        (Unlisted::Free, None),
        (Unlisted::Warn, Some(Severity::Warn)),
        (Unlisted::Ask, Some(Severity::Ask)),
        (Unlisted::Block, Some(Severity::Block)),
    ] {
        let revision = published(|p| {
            p.unlisted = unlisted;
            p.transitions = vec![listed("*", "done", &[])];
        });
        assert_eq!(revision.transition("new", "work").severity(), severity);
    }
}

#[test]
fn a_listed_pair_goes_before_any_stage() {
    let revision = published(|p| {
        p.transitions = vec![
            listed("*", "done", &[(Severity::Ask, "why?")]),
            listed("work", "done", &[]),
        ];
        p.transitions[1].label = "Finish".into();
    });
    assert_eq!(revision.transition("work", "done"), Movement::Free);
    assert_eq!(
        revision.transition("new", "done").severity(),
        Some(Severity::Ask)
    );
    assert_eq!(revision.move_label("work", "done"), Some("Finish"));
    assert_eq!(revision.move_label("new", "done"), None);
}

#[test]
fn the_strongest_of_several_rules_speaks_first() {
    let revision = published(|p| {
        let rules = [
            (Severity::Warn, "late"),
            (Severity::Block, "never"),
            (Severity::Ask, "why?"),
        ];
        p.transitions = vec![listed("work", "new", &rules)];
    });
    assert_eq!(
        revision.transition("work", "new"),
        Movement::Ruled {
            severity: Severity::Block,
            message: "never; why?; late".into()
        }
    );
}

#[test]
fn a_case_begins_at_the_first_primary_intake() {
    assert_eq!(published(|_| {}).first_stage().id, "new");
    let swapped = published(|p| p.stages.swap(0, 1));
    assert_eq!(swapped.first_stage().id, "new", "intake goes before active");
    let secondary = published(|p| p.stages[0].standing = Standing::Secondary);
    assert_eq!(
        secondary.first_stage().id,
        "work",
        "primary goes before secondary"
    );
    let only = published(|p| {
        p.stages.retain(|stage| stage.id != "work");
        p.stages[0].standing = Standing::Secondary;
    });
    assert_eq!(only.first_stage().id, "new");
}

#[test]
fn what_a_stage_requires_is_missing_until_it_is_filled() {
    let revision = published(|p| {
        p.stages[1].required = vec!["due".into(), "name".into()];
    });
    assert_eq!(
        missing(&revision.missing_required("work", |_| false)),
        ["due", "name"]
    );
    assert_eq!(
        missing(&revision.missing_required("work", |id| id == "due")),
        ["name"]
    );
    assert_eq!(
        missing(&revision.missing_required("new", |_| false)),
        [""; 0]
    );
    assert_eq!(
        missing(&revision.missing_required("gone", |_| false)),
        [""; 0]
    );
}

#[test]
fn going_on_asks_for_more_than_going_back_or_giving_up() {
    let revision = published(|p| {
        p.stages[0].required = vec!["name".into()];
        p.stages[1].required_to_leave = vec!["due".into(), "name".into()];
        p.stages[2].required = vec!["name".into()];
    });
    let ask = |from, to| missing(&revision.missing_for_move(from, to, |_| false));
    assert_eq!(ask("work", "done"), ["name", "due"]);
    assert_eq!(ask("work", "new"), ["name"]);
    assert_eq!(ask("work", "dropped"), [""; 0]);
    assert_eq!(ask("new", "work"), [""; 0]);
    assert_eq!(ask("gone", "done"), ["name"]);
}

#[test]
fn stages_and_fields_are_found_by_their_ids() {
    let revision = published(|p| p.stages[1].colour = Some("#123456".into()));
    assert_eq!(revision.stage("work").map(Stage::colour), Some("#123456"));
    assert_eq!(
        revision.stage("done").map(Stage::colour),
        Some(Category::Done.colour())
    );
    assert_eq!(revision.stage_position("done"), Some(2));
    assert_eq!(
        revision.field("due").map(|field| field.kind),
        Some(FieldType::Date)
    );
    assert!(revision.stage("gone").is_none() && revision.field("gone").is_none());
    assert!(revision.decision_type("x").is_none() && revision.resolution("x").is_none());
}
