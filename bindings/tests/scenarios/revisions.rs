//! A template gets another revision: what boards show of its cases follows.

use casework::case::CaseAction;
use casework::template::Category;
use casework::view::Card;

use crate::stage::{Device, Server, complaint, settle};

fn card(device: &Device) -> Card {
    let mut cards = device.workspace.cards().unwrap();
    assert_eq!(cards.len(), 1);
    // Only this replica knows it.
    cards[0].badges.unsynced = false;
    cards.remove(0)
}

#[test]
fn cards_and_flags_follow_a_revision_that_came_after_the_case() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Noise at night");
    let rui = ana.invite("Rui", "operator");
    settle(&[&ana, &rui]);
    assert_eq!(card(&rui).category, Some(Category::Intake));
    assert!(!card(&rui).badges.requirements_unmet);

    let mut package = complaint();
    package.stages[0].category = Category::Active;
    package.stages[0].required = vec!["phone".to_owned()];
    package.fields[1].card = true;
    ana.workspace.import_template(package).unwrap();
    settle(&[&ana, &rui]);
    for device in [&ana, &rui] {
        let card = card(device);
        assert_eq!(card.category, Some(Category::Active));
        assert!(card.badges.requirements_unmet);
        let view = device.workspace.case(case).unwrap();
        assert_eq!(view.flags.requirements_unmet, ["phone"]);
    }
    assert_eq!(card(&ana), card(&rui));
    assert_eq!(ana.seen(case), rui.seen(case));

    rui.workspace.set_field(case, "phone", "112", None).unwrap();
    settle(&[&rui, &ana]);
    assert!(!card(&ana).badges.requirements_unmet);
    assert_eq!(ana.seen(case), rui.seen(case));
    let again = ana.restart();
    assert_eq!(card(&again), card(&rui), "and it is what is stored");
}

#[test]
fn revisions_published_at_the_same_time_are_merged_into_one_draft_that_takes_the_place_of_both() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "manager");
    settle(&[&ana, &rui]);
    let template = ana.workspace.find_template("CO").unwrap();

    // Both publish offline: different parts, and the same part differently.
    let (mut left, mut right) = (complaint(), complaint());
    left.stages[1].name = "Looking into it".into();
    left.description = "Left".into();
    right.fields[0].help = "In one line".into();
    right.description = "Right".into();
    ana.workspace.import_template(left).unwrap();
    rui.workspace.import_template(right).unwrap();
    settle(&[&ana, &rui]);
    for device in [&ana, &rui] {
        let view = device.workspace.template(template).unwrap();
        assert_eq!(view.contested.len(), 2, "both stay valid");
    }
    let (draft, conflicts) = rui.workspace.merge_revisions(template).unwrap();
    let paths: Vec<&str> = conflicts.iter().map(|c| c.path.as_str()).collect();
    assert_eq!(paths, ["description"]);
    let refused = rui.workspace.publish_draft(template, draft).unwrap_err();
    assert!(
        refused.to_string().contains("not settled yet: description"),
        "{refused}"
    );
    settle(&[&rui, &ana]);
    // The other one decides, on the other device.
    let edits = [("description".to_owned(), Some("Both".into()))].into();
    ana.workspace.edit_draft(template, draft, edits).unwrap();
    let published = ana.workspace.publish_draft(template, draft).unwrap();
    settle(&[&ana, &rui]);
    for device in [&ana, &rui] {
        let view = device.workspace.template(template).unwrap();
        assert_eq!((view.revision, view.contested.len()), (published, 0));
        assert_eq!(view.package.stages[1].name, "Looking into it");
        assert_eq!(view.package.fields[0].help, "In one line");
        assert_eq!(view.package.description, "Both");
        assert_eq!(
            device
                .workspace
                .published_revisions(template)
                .unwrap()
                .len(),
            4
        );
    }
    assert!(rui.workspace.merge_revisions(template).is_err());
}

#[test]
fn a_stage_that_is_taken_away_is_shown_where_it_is_mapped_and_no_case_is_rewritten() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Noise at night");
    let template = ana.workspace.find_template("CO").unwrap();
    let to = "review".to_owned();
    let moved = ana
        .workspace
        .act(case, CaseAction::Move { to }, None, false);
    moved.unwrap();
    let changes = ana.workspace.case(case).unwrap().changes;
    let mut next = complaint();
    next.stages.retain(|stage| stage.id != "review");
    next.transitions.clear();
    let impact = ana.workspace.impact(template, &next).unwrap();
    assert_eq!((impact.open, impact.affected.len()), (1, 1));
    let (missing, cases) = &impact.unmapped[0];
    assert_eq!(
        (missing.kind, missing.id.as_str(), *cases),
        ("stage", "review", 1)
    );
    let refused = ana.workspace.import_template(next.clone()).unwrap_err();
    assert!(
        refused.to_string().contains("1 open cases here have it"),
        "{refused}"
    );
    next.mappings.stage.insert("review".into(), "answer".into());
    let impact = ana.workspace.impact(template, &next).unwrap();
    assert!(impact.unmapped.is_empty());
    assert_eq!(
        impact.affected[0].effects[0].to_string(),
        "stage review becomes answer"
    );
    ana.workspace.import_template(next).unwrap();
    assert_eq!(card(&ana).stage, "answer");
    assert_eq!(card(&ana).category, Some(Category::Waiting));
    assert_eq!(ana.stage_of(case), "review", "what was written stays");
    assert_eq!(ana.workspace.case(case).unwrap().changes, changes);
}
