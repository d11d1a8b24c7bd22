//! The merge contract of DOMAIN §4, row by row, each played between two people who did not see
//! each other's work.

use casework_engine::case::action::Decision;
use casework_engine::case::facet::document::{DocumentAction, FileMark};
use casework_engine::case::{CaseAction, PartId, Place};
use casework_engine::value::Scalar;
use casework_engine::view::{Badge, TaskStatus, TimelinePage};
use casework_protocol::ids::DocumentId;
use casework_tests::stage::{Stage, Who};

use crate::scene::{
    apart, assert_badges, clear, close, comment, part, set, to, together, with_case,
};

#[test]
fn two_moves_to_different_stages_are_contested_with_both_movers_and_any_later_move_settles() {
    let (mut stage, ana, rui, case) = apart(1);
    stage.act(ana, case, to("answer"));
    stage.act(rui, case, to("done"));
    let view = together(&mut stage, case);
    let sides: Vec<_> = view
        .stage
        .sides()
        .map(|side| view.origins.get(side.by).member)
        .collect();
    assert!(view.flags.contested.contains(&Place::Stage));
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Contested]);
    assert_eq!(sides.len(), 2);
    assert!(sides.contains(&Some(stage.member(ana))) && sides.contains(&Some(stage.member(rui))));
    stage.act(rui, case, to("intake"));
    let view = together(&mut stage, case);
    assert_eq!(view.stage.value(), "intake");
    assert!(!view.stage.is_contested());
}

#[test]
fn a_settlement_with_a_reason_ends_a_contest_and_two_settlements_contest_again() {
    let (mut stage, ana, rui, case) = apart(2);
    stage.act(ana, case, set("phone", "111"));
    stage.act(rui, case, set("phone", "222"));
    let view = together(&mut stage, case);
    assert!(view.flags.contested.contains(&Place::Field("phone".into())));
    let settle = |value: &str| CaseAction::Settle {
        place: Place::Field("phone".into()),
        value: Scalar::text(value),
    };
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, settle("111"));
    stage.act(rui, case, settle("222"));
    let view = together(&mut stage, case);
    assert!(view.flags.contested.contains(&Place::Field("phone".into())));
    stage.act(ana, case, settle("222"));
    let view = together(&mut stage, case);
    assert!(view.flags.contested.is_empty());
}

#[test]
fn two_moves_to_the_same_stage_are_one_entry_and_both_stand_on_the_timeline() {
    let (mut stage, ana, rui, case) = apart(3);
    stage.act(ana, case, to("answer"));
    stage.act(rui, case, to("answer"));
    let view = together(&mut stage, case);
    assert!(!view.stage.is_contested());
    let page = TimelinePage { skip: 0, take: 10 };
    assert_eq!(stage.replica(ana).timeline(case, page).unwrap().len(), 3);
}

#[test]
fn a_move_beside_the_clearing_of_a_required_field_lands_and_is_flagged_never_moved_back() {
    let (mut stage, ana, rui, case) = with_case(4);
    stage.act(ana, case, set("phone", "111"));
    stage.settle();
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, to("review"));
    stage.act(rui, case, clear("phone"));
    let view = together(&mut stage, case);
    assert_eq!(view.stage.value(), "review");
    assert_eq!(view.flags.requirements_unmet, vec!["phone".to_owned()]);
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::RequirementsUnmet]);
}

#[test]
fn work_beside_a_close_lands_and_the_case_stays_closed_and_flagged() {
    let (mut stage, ana, rui, case) = apart(5);
    stage.act(ana, case, close());
    let said = comment(&mut stage, "the lamp is still dark");
    stage.act(rui, case, said);
    stage.act(rui, case, set("phone", "111"));
    let (task, document) = (new_task(&mut stage), letter(&mut stage));
    stage.act(rui, case, task);
    stage.act(rui, case, document);
    let view = together(&mut stage, case);
    assert!(view.is_closed());
    assert_eq!(view.flags.activity_after_close, 4);
    assert_eq!((view.comments(), view.tasks.len()), (1, 1));
    assert_eq!(view.facets.documents.0.len(), 1);
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::ActivityAfterClose]);
}

#[test]
fn different_fields_merge_in_silence_and_the_same_value_is_no_conflict() {
    let (mut stage, ana, rui, case) = apart(6);
    stage.act(ana, case, set("phone", "111"));
    stage.act(rui, case, set("phone", "111"));
    stage.act(rui, case, set("place", "Main Street"));
    let view = together(&mut stage, case);
    assert!(view.flags.is_clear() && view.flags.parallel_edit);
    assert!(view.fields["phone"].is_filled() && view.fields["place"].is_filled());
    assert_badges(&mut stage, &[ana, rui], case, &[]);
    // One mark of the parallel work, gone as soon as somebody builds on all of it.
    let all = TimelinePage { skip: 0, take: 10 };
    for who in [ana, rui] {
        let timeline = stage.replica(who).timeline(case, all).unwrap();
        assert!(timeline[..3].iter().all(|entry| entry.parallel));
    }
    stage.act(ana, case, set("phone", "112"));
    assert!(!together(&mut stage, case).flags.parallel_edit);
}

#[test]
fn a_field_with_policy_latest_shows_one_value_and_is_not_contested() {
    let (mut stage, ana, rui, case) = apart(7);
    stage.act(ana, case, set("place", "Main Street"));
    stage.act(rui, case, set("place", "Side Street"));
    let view = together(&mut stage, case);
    assert!(view.flags.contested.is_empty());
    assert_badges(&mut stage, &[ana, rui], case, &[]);
    let all = TimelinePage { skip: 0, take: 10 };
    let timeline = stage.replica(rui).timeline(case, all).unwrap();
    let written: Vec<Scalar> = timeline.into_iter().flat_map(|entry| entry.after).collect();
    for place in ["Main Street", "Side Street"] {
        assert!(written.contains(&Scalar::text(place)), "{place} is told");
    }
}

#[test]
fn counting_on_two_devices_for_the_first_time_sums_up() {
    let (mut stage, ana, rui, case) = apart(8);
    stage.act(
        ana,
        case,
        CaseAction::Count {
            field: "visits".into(),
            by: 2,
        },
    );
    stage.act(
        rui,
        case,
        CaseAction::Count {
            field: "visits".into(),
            by: 3,
        },
    );
    let view = together(&mut stage, case);
    assert_eq!(view.fields["visits"].count, Some(5));
}

#[test]
fn adding_wins_over_a_removal_that_did_not_see_it() {
    let (mut stage, ana, rui, case) = with_case(9);
    let label = || "lamp".to_owned();
    stage.act(ana, case, CaseAction::AddLabel { label: label() });
    stage.settle();
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, CaseAction::RemoveLabel { label: label() });
    stage.act(ana, case, CaseAction::AddLabel { label: label() });
    stage.act(rui, case, CaseAction::RemoveLabel { label: label() });
    let view = together(&mut stage, case);
    assert!(view.labels.contains("lamp"));
}

#[test]
fn a_clear_beside_a_set_is_contested_like_two_values() {
    let (mut stage, ana, rui, case) = with_case(10);
    stage.act(ana, case, set("phone", "111"));
    stage.settle();
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, clear("phone"));
    stage.act(rui, case, set("phone", "222"));
    let view = together(&mut stage, case);
    assert!(view.flags.contested.contains(&Place::Field("phone".into())));
}

#[test]
fn comments_written_apart_are_both_there_in_one_order() {
    let (mut stage, ana, rui, case) = apart(11);
    for who in [ana, rui] {
        let said = comment(&mut stage, &format!("from {who:?}"));
        stage.act(who, case, said);
    }
    let view = together(&mut stage, case);
    assert_eq!(view.comments(), 2);
    assert!(view.flags.is_clear());
    // An answer stands behind what it answers, whatever the clocks say.
    stage.set_clock_off(rui, -3_600_000);
    let said = comment(&mut stage, "an answer to both");
    stage.act(rui, case, said);
    together(&mut stage, case);
    let comments = stage.replica(ana).comments(case).unwrap();
    assert_eq!(comments[2].body, "an answer to both");
}

#[test]
fn a_redaction_wins_over_an_edit_of_the_same_comment_in_every_view() {
    let (mut stage, ana, rui, case) = with_case(12);
    let said = comment(&mut stage, "his name is …");
    stage.act(rui, case, said);
    stage.settle();
    let id = stage.replica(ana).comments(case).unwrap()[0].id;
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, CaseAction::RedactComment { id });
    stage.act(
        rui,
        case,
        CaseAction::EditComment {
            id,
            body: "her name is …".to_owned(),
        },
    );
    together(&mut stage, case);
    for who in [ana, rui] {
        let comments = stage.replica(who).comments(case).unwrap();
        assert_eq!((comments.len(), comments[0].body.as_str()), (1, ""));
        assert!(comments[0].redacted.is_some() && comments[0].parallel.is_empty());
    }
}

fn new_task(stage: &mut Stage) -> CaseAction {
    CaseAction::CreateTask {
        id: stage.part(),
        title: "call the electrician".to_owned(),
        assignee: None,
        due: None,
        checklist: vec![],
    }
}

fn letter(stage: &mut Stage) -> CaseAction {
    let (id, version) = (stage.part(), stage.part());
    let file = FileMark {
        name: "letter.pdf".to_owned(),
        sha256: "ab".repeat(32),
        bytes: 3,
        media: "application/pdf".to_owned(),
    };
    DocumentAction::Add {
        id,
        name: "A letter".to_owned(),
        kind: "letter".to_owned(),
        version,
        file,
    }
    .into()
}

fn with_task(seed: u64) -> (Stage, Who, Who, DocumentId, PartId) {
    let (mut stage, ana, rui, case) = with_case(seed);
    let task = new_task(&mut stage);
    stage.act(ana, case, task);
    stage.settle();
    part(&mut stage, &[ana, rui]);
    let id = *stage.view(ana, case).tasks.keys().next().unwrap();
    (stage, ana, rui, case, id)
}

#[test]
fn a_task_done_beside_its_reassignment_stays_done_and_is_reassigned() {
    let (mut stage, ana, rui, case, task) = with_task(13);
    let member = stage.member(rui);
    stage.act(ana, case, CaseAction::FinishTask { task });
    stage.act(
        rui,
        case,
        CaseAction::AssignTask {
            task,
            assignee: Some(member),
        },
    );
    let view = together(&mut stage, case);
    assert_eq!(*view.tasks[&task].status.value(), TaskStatus::Done);
    assert_eq!(*view.tasks[&task].assignee.value(), Some(member));
}

#[test]
fn a_task_done_here_and_cancelled_there_is_contested() {
    let (mut stage, ana, rui, case, task) = with_task(14);
    stage.act(ana, case, CaseAction::FinishTask { task });
    stage.act(rui, case, CaseAction::CancelTask { task });
    assert!(together(&mut stage, case).tasks[&task].is_contested());
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Contested]);
}

#[test]
fn two_decisions_on_one_question_are_both_recorded_until_one_supersedes_them() {
    let (mut stage, ana, rui, case) = apart(15);
    let decide = |stage: &mut Stage, who, outcome: &str| {
        let decision = Decision {
            id: stage.part(),
            question: "repair?".to_owned(),
            outcome: outcome.to_owned(),
            rationale: "because".to_owned(),
            conditions: String::new(),
            supersedes: Default::default(),
        };
        stage.act(who, case, CaseAction::Decide(decision));
    };
    decide(&mut stage, ana, "yes");
    decide(&mut stage, rui, "no");
    let view = together(&mut stage, case);
    assert_eq!(view.decisions.len(), 2);
    assert!(
        view.flags
            .contested
            .contains(&Place::Question("repair?".into()))
    );
    decide(&mut stage, ana, "yes, next week");
    let view = together(&mut stage, case);
    assert!(
        !view
            .flags
            .contested
            .contains(&Place::Question("repair?".into()))
    );
    assert_eq!(view.decisions.len(), 3);
}

#[test]
fn two_people_assigned_apart_are_both_assigned_and_two_owners_are_contested() {
    let (mut stage, ana, rui, case) = apart(16);
    let (a, r) = (stage.member(ana), stage.member(rui));
    stage.act(ana, case, CaseAction::Assign { member: a });
    stage.act(rui, case, CaseAction::Assign { member: r });
    stage.act(ana, case, CaseAction::SetOwner { member: Some(a) });
    stage.act(rui, case, CaseAction::SetOwner { member: Some(r) });
    let view = together(&mut stage, case);
    assert!(view.assignees.contains(&a) && view.assignees.contains(&r));
    assert!(view.flags.contested.contains(&Place::Owner));
}

#[test]
fn prose_edited_together_keeps_what_both_wrote() {
    let (mut stage, ana, rui, case) = apart(17);
    let edit = |text: &str| CaseAction::EditText {
        field: "notes".into(),
        text: text.to_owned(),
    };
    stage.heal();
    stage.act(ana, case, edit("the lamp is dark"));
    stage.settle();
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, edit("the old lamp is dark"));
    stage.act(rui, case, edit("the lamp is dark since Monday"));
    let view = together(&mut stage, case);
    let text = view.fields["notes"].text.clone().unwrap_or_default();
    assert_eq!(text, "the old lamp is dark since Monday");
}
