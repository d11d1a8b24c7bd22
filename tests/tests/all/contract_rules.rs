//! The merge contract of DOMAIN §4 for rules, revisions and rights: automations that fire on two
//! devices, work under yesterday's template, and work whose right was taken away meanwhile.

use casework_engine::case::facet::reading::ReadingAction;
use casework_engine::case::{CaseAction, FacetAction, Place, TaskKey};
use casework_engine::replica::Notice;
use casework_engine::template::Package;
use casework_engine::value::Scalar;
use casework_engine::view::{Badge, CaseView, TaskStatus, TimelinePage};
use casework_protocol::ids::DocumentId;
use casework_protocol::rights::{Grant, Scope, Verb};
use casework_protocol::roster::entry::RosterBody;
use casework_tests::once::assert_effects_once;
use casework_tests::sim;
use casework_tests::stage::{Stage, Who, package};

use crate::scene::{assert_badges, comment, label, part, restrict, set, to, together, with_case};

/// Ana and Rui apart, on a case whose template has the rules of the random histories.
fn with_rules(seed: u64) -> (Stage, [Who; 2], DocumentId) {
    let mut stage = Stage::with_template(seed, sim::package());
    let people = stage.devices(["ana", "rui"]);
    let case = stage.open(people[0], "Broken street lamp");
    stage.settle();
    part(&mut stage, &people);
    (stage, people, case)
}

fn publish(stage: &mut Stage, who: Who, change: impl FnOnce(&mut Package)) {
    let mut package = package();
    change(&mut package);
    let (template, moment) = (stage.template.unwrap(), stage.moment());
    let revision = package.publish().unwrap();
    stage
        .replica(who)
        .publish(template, revision, &moment)
        .unwrap();
}

fn effects(stage: &mut Stage, on: &[Who], case: DocumentId) {
    for who in on {
        let saved = stage.replica(*who).export(case).unwrap();
        assert_effects_once(stage.seed(), case, &saved);
    }
}

#[test]
fn one_trigger_on_two_devices_has_every_effect_of_its_rules_once() {
    let (mut stage, [ana, rui], case) = with_rules(101);
    stage.act(ana, case, to("answer"));
    stage.act(rui, case, to("answer"));
    let view = together(&mut stage, case);
    let titles = view.tasks_in_order();
    let titles: Vec<&str> = titles
        .iter()
        .map(|(_, task)| task.title.value().as_str())
        .collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles.contains(&"Follow up"));
    assert_eq!((view.comments(), view.fields["visits"].count), (1, Some(2)));
    assert!(view.labels.contains("answering") && view.flags.contested.is_empty());
    effects(&mut stage, &[ana, rui], case);
    // Both moves and what both devices wrote stand on the timeline.
    let page = TimelinePage { skip: 0, take: 30 };
    let timeline = stage.replica(rui).timeline(case, page).unwrap();
    assert_eq!(
        timeline
            .iter()
            .filter(|entry| entry.cause.is_none())
            .count(),
        3
    );
}

#[test]
fn work_on_what_a_rule_made_is_work_on_the_one_thing_whichever_device_made_it() {
    let (mut stage, people, case) = with_rules(102);
    let [ana, rui] = people;
    for who in people {
        stage.act(who, case, to("answer"));
    }
    let task = stage.view(ana, case).tasks_in_order()[0].0;
    assert!(stage.view(rui, case).tasks.contains_key(&task));
    stage.act(ana, case, CaseAction::FinishTask { task });
    stage.act(rui, case, CaseAction::CancelTask { task });
    let view = together(&mut stage, case);
    let place = Place::TaskPart(task, TaskKey::Status);
    assert_eq!(view.flags.contested, [place.clone()].into());
    let value = Scalar::text("done");
    stage.act(rui, case, CaseAction::Settle { place, value });
    let view = together(&mut stage, case);
    assert_eq!(*view.tasks[&task].status.value(), TaskStatus::Done);
    effects(&mut stage, &people, case);
}

#[test]
fn two_readings_of_one_member_apart_show_the_later_day_and_stand_on_the_timeline() {
    let (mut stage, [ana, rui], case) = with_rules(103);
    stage.heal();
    let phone = stage.second_device(rui, "rui's phone");
    part(&mut stage, &[ana, rui, phone]);
    stage.set_clock_off(phone, 3 * 86_400_000);
    for who in [rui, phone] {
        assert!(stage.try_read(who, case).unwrap());
    }
    let view = together(&mut stage, case);
    let member = stage.member(rui);
    let page = TimelinePage { skip: 0, take: 9 };
    let readings = stage.replica(ana).timeline(case, page).unwrap();
    let days = stage.deeds.values().filter_map(|deed| match &deed.action {
        CaseAction::Facet(FacetAction::Reading(ReadingAction::Read { day, .. })) => {
            Some(day.clone())
        }
        _ => None,
    });
    let latest = days.max().unwrap();
    let read = readings
        .iter()
        .filter(|one| one.action.is_some_and(|kind| kind.name() == "case.read"));
    assert_eq!(read.count(), 2);
    let shown = format!("{:?}", view.facets.readings);
    assert!(shown.contains(&latest), "{shown} of {member}");
    assert_badges(&mut stage, &[ana, rui, phone], case, &[]);
}

#[test]
fn work_under_an_older_revision_lands_judged_by_it_and_what_differs_is_flagged() {
    let (mut stage, ana, rui, case) = with_case(104);
    stage.act(ana, case, set("phone", "111"));
    stage.settle();
    part(&mut stage, &[ana, rui]);
    publish(&mut stage, ana, |package| {
        let review = package.stages.iter_mut().find(|stage| stage.id == "review");
        review.unwrap().required.push("place".to_owned());
        let skills = package.fields.iter_mut().find(|field| field.id == "skills");
        skills.unwrap().options[2].disabled = true;
    });
    // Rui does not know: the move needs no place for him, and he still knows how to dig.
    stage.act(rui, case, to("review"));
    let (field, option) = ("skills".to_owned(), "digging".to_owned());
    stage.act(rui, case, CaseAction::AddOption { field, option });
    // His work is there first: no rule was broken that the log had.
    stage.heal_one(rui);
    stage.settle();
    let view = together(&mut stage, case);
    assert_eq!(view.stage.value(), "review");
    assert!(view.fields["skills"].options.contains("digging"));
    assert_eq!(view.flags.requirements_unmet, ["place"]);
    assert!(view.flags.rule_broken.is_empty());
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::RequirementsUnmet]);
    stage.act(rui, case, set("place", "Main Street"));
    together(&mut stage, case);
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn work_in_a_stage_that_a_new_revision_leaves_to_others_is_held_and_what_a_rule_did_is_not() {
    let (mut stage, ana, rui, case) = with_case(105);
    stage.act(rui, case, to("answer"));
    stage.settle();
    part(&mut stage, &[ana, rui]);
    publish(&mut stage, ana, |package| {
        package.stages[2].edit_roles = vec!["manager".to_owned()];
    });
    stage.heal_one(ana);
    stage.settle();
    stage.act(rui, case, label("late"));
    let said = comment(&mut stage, "and this is only talk");
    stage.act(rui, case, said);
    let view = together(&mut stage, case);
    assert!(view.labels.is_empty());
    assert_eq!(stage.replica(ana).held().unwrap().len(), 2);
    assert_eq!(stage.replica(rui).drawer().unwrap().len(), 2);
    adopt(&mut stage, ana, case);
    let view = together(&mut stage, case);
    assert!(view.labels.contains("late") && view.comments() == 1);
}

fn adopt(stage: &mut Stage, who: Who, case: DocumentId) {
    let moment = stage.moment();
    stage
        .replica(who)
        .adopt(case, "honest work", &moment)
        .unwrap();
}

/// Everybody comes back; what these two see is the same. A lost device hears of nothing any more.
fn seen_by_both(stage: &mut Stage, both: [Who; 2], case: DocumentId) -> CaseView {
    stage.heal();
    stage.settle();
    let [one, other] = both.map(|who| stage.view(who, case));
    assert_eq!(one, other);
    one
}

/// A role that may only look and talk.
fn talker() -> RosterBody {
    let all = |verb| Grant {
        verb,
        scope: Scope::All,
    };
    RosterBody::DefineRole {
        role: "talker".to_owned(),
        name: "Talker".to_owned(),
        grants: vec![all(Verb::View), all(Verb::Comment)],
    }
}

#[test]
fn work_of_a_member_whose_role_was_narrowed_is_held_where_it_needed_more_and_lands_elsewhere() {
    let (mut stage, ana, rui, case) = with_case(106);
    let other = stage.open(ana, "The lamp next to it");
    stage.authorise(ana, talker());
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("late"));
    let said = comment(&mut stage, "still allowed");
    stage.act(rui, other, said);
    stage.change_roles(ana, rui, &["talker"], &["operator"]);
    stage.settle();
    let view = together(&mut stage, case);
    assert!(view.labels.is_empty());
    assert_eq!(stage.view(ana, other).comments(), 1);
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Held]);
    assert_badges(&mut stage, &[ana, rui], other, &[]);
    adopt(&mut stage, ana, case);
    let view = together(&mut stage, case);
    assert!(view.labels.contains("late"));
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn work_of_a_revoked_device_is_held_and_that_of_its_owner_s_other_device_lands() {
    let (mut stage, ana, rui, case) = with_case(107);
    let phone = stage.second_device(rui, "rui's phone");
    part(&mut stage, &[rui, phone]);
    stage.act(rui, case, label("from the desk"));
    stage.act(phone, case, label("from the lost phone"));
    stage.revoke(ana, phone);
    stage.settle();
    let view = seen_by_both(&mut stage, [ana, rui], case);
    let labels: Vec<&str> = view.labels.iter().map(String::as_str).collect();
    assert_eq!(labels, ["from the desk"]);
    assert_badges(&mut stage, &[ana], case, &[Badge::Held]);
    let drawer = stage.replica(phone).drawer().unwrap();
    assert!(drawer.len() == 1 && drawer[0].held);
    adopt(&mut stage, ana, case);
    let view = seen_by_both(&mut stage, [ana, rui], case);
    assert_eq!(view.labels.len(), 2);
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn work_on_a_case_that_was_restricted_is_held_and_that_on_other_cases_lands() {
    let (mut stage, ana, rui, case) = with_case(108);
    let other = stage.open(ana, "The lamp next to it");
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("late"));
    stage.act(rui, other, label("in time"));
    restrict(&mut stage, ana, case);
    stage.settle();
    let view = together(&mut stage, case);
    assert!(view.labels.is_empty());
    assert_badges(&mut stage, &[ana], case, &[Badge::Held]);
    assert!(stage.view(ana, other).labels.contains("in time"));
    assert!(stage.replica(rui).case(case).is_err());
    let drawer = stage.replica(rui).drawer().unwrap();
    assert!(drawer.len() == 1 && drawer[0].act.is_some());
    let evicted = |notice: &Notice| matches!(notice, Notice::Evicted { .. });
    assert!(stage.notices(rui).iter().any(evicted));
    adopt(&mut stage, ana, case);
    assert!(together(&mut stage, case).labels.contains("late"));
}
