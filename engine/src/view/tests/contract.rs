//! The merge contract (DOMAIN §4), row by row, for the actions of this version.

use super::play::{Player, close, label, meet, member, move_to, players, set};
use crate::case::action::CaseAction;
use crate::case::{Place, TaskKey};
use crate::value::Scalar;
use crate::view::{Breach, Slot, TaskStatus};

fn values<T: Clone>(slot: &Slot<T>) -> Vec<T> {
    slot.sides().map(|side| side.value.clone()).collect()
}

fn contested(view: &crate::view::CaseView) -> Vec<Place> {
    view.flags.contested.iter().cloned().collect()
}

#[test]
fn two_moves_to_different_stages_are_contested_and_keep_targets_movers_and_reasons() {
    let [mut ana, mut rui] = players();
    ana.act_because(set("summary", "hole"), "seen");
    ana.act_because(move_to("review"), "ready");
    rui.act_because(move_to("answer"), "urgent");
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(contested(&view), [Place::Stage]);
    let mut sides: Vec<_> = view
        .stage
        .sides()
        .map(|side| {
            let origin = view.origins.get(side.by);
            (
                side.value.as_str(),
                origin.member.unwrap(),
                origin.reason.as_deref().unwrap(),
            )
        })
        .collect();
    sides.sort_unstable();
    assert_eq!(
        sides,
        [
            ("answer", member(2), "urgent"),
            ("review", member(1), "ready")
        ]
    );
}

#[test]
fn any_later_move_settles_a_contested_stage_and_so_does_a_settlement() {
    let [mut ana, mut rui] = players();
    ana.act(move_to("answer"));
    rui.act(move_to("closed"));
    meet(&mut [&mut ana, &mut rui]);
    let mut eva = rui.clone_as(0x30);
    let (place, value) = (Place::Stage, Scalar::text("answer"));
    eva.act_because(CaseAction::Settle { place, value }, "the older one");
    let settled = eva.see();
    assert_eq!(
        (settled.stage.value().as_str(), contested(&settled).len()),
        ("answer", 0)
    );
    ana.act(move_to("intake"));
    let moved = ana.see();
    assert_eq!(
        (moved.stage.value().as_str(), contested(&moved).len()),
        ("intake", 0)
    );
}

#[test]
fn two_moves_to_the_same_stage_are_one_entry_with_both_on_the_timeline() {
    let [mut ana, mut rui] = players();
    ana.act(move_to("answer"));
    rui.act(move_to("answer"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(!view.stage.is_contested());
    assert!(view.flags.is_clear());
    let moves = ana
        .timeline()
        .into_iter()
        .filter(|entry| entry.target.as_deref() == Some("answer"));
    assert_eq!(
        moves.map(|entry| entry.parallel).collect::<Vec<_>>(),
        [true, true]
    );
}

#[test]
fn a_move_beside_clearing_what_it_requires_lands_and_is_flagged() {
    let [mut ana, mut rui] = players();
    ana.act(set("summary", "hole"));
    meet(&mut [&mut ana, &mut rui]);
    ana.act(move_to("review"));
    rui.act(CaseAction::ClearField {
        field: "summary".to_owned(),
    });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(view.stage.value(), "review");
    assert_eq!(view.flags.requirements_unmet, ["summary"]);
    rui.act(set("summary", "again"));
    assert!(rui.see().flags.requirements_unmet.is_empty());
}

#[test]
fn work_beside_a_close_lands_and_the_case_stays_closed_and_flagged() {
    let [mut ana, mut rui, mut eva] = players();
    ana.act(close("solved"));
    rui.comment("still dripping");
    rui.task("look again", &[]);
    eva.act(set("summary", "water"));
    let view = meet(&mut [&mut ana, &mut rui, &mut eva]);
    assert_eq!(
        view.closed
            .value()
            .as_ref()
            .map(|closing| closing.code.as_str()),
        Some("solved")
    );
    assert_eq!(view.flags.activity_after_close, 3);
    assert_eq!(
        (
            view.tasks.len(),
            view.comments(),
            view.fields.contains_key("summary")
        ),
        (1, 1, true)
    );
    // What is said in knowledge of the close is no such activity.
    rui.comment("I see it is closed");
    assert_eq!(rui.see().flags.activity_after_close, 3);
    // Reopening clears the flag, and a close that knows everything raises none.
    rui.act(CaseAction::Reopen);
    assert_eq!(rui.see().flags.activity_after_close, 0);
    rui.act(close("solved"));
    assert_eq!(rui.see().flags.activity_after_close, 0);
}

#[test]
fn two_closes_are_not_activity_but_contested_when_they_differ() {
    let [mut ana, mut rui] = players();
    ana.act(close("solved"));
    rui.act(close("duplicate"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(
        (contested(&view), view.flags.activity_after_close),
        (vec![Place::Closed], 0)
    );
}

#[test]
fn different_values_of_a_field_are_contested_until_one_is_settled() {
    let [mut ana, mut rui] = players();
    ana.act(set("summary", "hole"));
    rui.act(set("summary", "crack"));
    let view = meet(&mut [&mut ana, &mut rui]);
    let slot = view.fields["summary"].value.as_ref().unwrap();
    let mut both = values(slot);
    both.sort();
    assert_eq!(both, [Scalar::text("crack"), Scalar::text("hole")]);
    assert_eq!(contested(&view), [Place::Field("summary".to_owned())]);
    let place = Place::Field("summary".to_owned());
    rui.act(CaseAction::Settle {
        place,
        value: Scalar::text("hole"),
    });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(
        values(view.fields["summary"].value.as_ref().unwrap()),
        [Scalar::text("hole")]
    );
    assert!(view.flags.is_clear());
}

#[test]
fn the_policy_latest_shows_the_winner_and_nothing_is_contested() {
    let [mut ana, mut rui] = players();
    ana.act(set("phase", "two"));
    rui.act(set("phase", "three"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.flags.is_clear());
    let field = ana.revision.field("phase").unwrap();
    assert!(view.fields["phase"].content(field).is_some());
    let written: Vec<_> = ana
        .timeline()
        .into_iter()
        .flat_map(|entry| entry.after)
        .collect();
    assert!(written.contains(&Scalar::text("two")) && written.contains(&Scalar::text("three")));
}

#[test]
fn a_counter_sums_what_everybody_added_from_its_first_use_on() {
    let [mut ana, mut rui] = players();
    let count = |by| CaseAction::Count {
        field: "visits".to_owned(),
        by,
    };
    ana.act(count(2));
    rui.act(count(5));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(view.fields["visits"].count, Some(7));
    rui.act(count(-7));
    let view = rui.see();
    assert_eq!(
        (
            view.fields["visits"].count,
            view.fields["visits"].is_filled()
        ),
        (Some(0), true)
    );
}

#[test]
fn adding_to_a_set_wins_over_removing_at_the_same_time() {
    let [mut ana, mut rui] = players();
    let (field, option) = ("skills".to_owned(), "a".to_owned());
    ana.act(label("hot"));
    meet(&mut [&mut ana, &mut rui]);
    ana.act(CaseAction::RemoveOption {
        field: field.clone(),
        option: option.clone(),
    });
    ana.act(CaseAction::AddOption {
        field: field.clone(),
        option: option.clone(),
    });
    rui.act(CaseAction::RemoveOption { field, option });
    ana.act(CaseAction::RemoveLabel {
        label: "hot".to_owned(),
    });
    rui.act(CaseAction::RemoveLabel {
        label: "hot".to_owned(),
    });
    rui.act(label("hot"));
    ana.act(CaseAction::Assign { member: member(2) });
    rui.act(CaseAction::Assign { member: member(3) });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.fields["skills"].options.contains("a"));
    assert!(view.labels.contains("hot"));
    assert_eq!(view.assignees, [member(1), member(2), member(3)].into());
    assert!(view.flags.is_clear());
}

#[test]
fn a_single_owner_is_contested() {
    let [mut ana, mut rui] = players();
    ana.act(CaseAction::SetOwner {
        member: Some(member(2)),
    });
    rui.act(CaseAction::SetOwner { member: None });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(contested(&view), [Place::Owner]);
    let sides = values(&view.owner);
    assert!(sides.contains(&None) && sides.contains(&Some(member(2))));
}

#[test]
fn prose_merges_letter_by_letter_even_from_two_beginnings() {
    let [mut ana, mut rui] = players();
    let edit = |text: &str| {
        let (field, text) = ("story".to_owned(), text.to_owned());
        CaseAction::EditText { field, text }
    };
    ana.act(edit("one "));
    rui.act(edit("two "));
    let view = meet(&mut [&mut ana, &mut rui]);
    let both = view.fields["story"].text.clone().unwrap();
    assert!(both == "one two " || both == "two one ", "{both}");
    // Two texts lie there now; edits made apart touch only what each person touched.
    ana.act(edit(&format!("{both}ana")));
    rui.act(edit(&format!("rui, {both}")));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(
        view.fields["story"].text.as_deref(),
        Some(&*format!("rui, {both}ana"))
    );
}

#[test]
fn the_same_value_twice_is_no_conflict_and_different_fields_are_one_parallel_edit() {
    let [mut ana, mut rui] = players();
    ana.act(set("summary", "same"));
    rui.act(set("summary", "same"));
    rui.act(set("phase", "two"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.flags.is_clear() && view.flags.parallel_edit);
    assert!(ana.timeline()[..3].iter().all(|entry| entry.parallel));
    ana.act(label("seen"));
    assert!(!ana.see().flags.parallel_edit);
    assert!(!ana.timeline()[0].parallel);
}

#[test]
fn clearing_beside_setting_is_contested_because_nothing_is_a_value() {
    let [mut ana, mut rui] = players();
    ana.act(CaseAction::ClearField {
        field: "phase".to_owned(),
    });
    rui.act(set("phase", "two"));
    ana.act(set("summary", "x"));
    meet(&mut [&mut ana, &mut rui]);
    ana.act(CaseAction::ClearField {
        field: "summary".to_owned(),
    });
    rui.act(set("summary", "y"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(contested(&view), [Place::Field("summary".to_owned())]);
    let sides = values(view.fields["summary"].value.as_ref().unwrap());
    assert!(sides.contains(&Scalar::Null) && sides.contains(&Scalar::text("y")));
}

#[test]
fn comments_are_ordered_by_causality_before_clocks() {
    let [mut ana, mut rui] = players();
    ana.clock += 86_400_000;
    ana.comment("first, by a clock a day ahead");
    meet(&mut [&mut ana, &mut rui]);
    rui.comment("an answer");
    ana.comment("beside it");
    meet(&mut [&mut ana, &mut rui]);
    let bodies: Vec<_> = rui
        .comments()
        .into_iter()
        .map(|comment| comment.body)
        .collect();
    assert_eq!(
        bodies,
        ["first, by a clock a day ahead", "an answer", "beside it"]
    );
}

#[test]
fn two_edits_of_a_comment_are_both_kept_and_the_newest_is_shown() {
    let [mut ana, mut rui] = players();
    let id = ana.comment("original");
    let mut phone = ana.clone_as(0x11);
    let edit = |body: &str| CaseAction::EditComment {
        id,
        body: body.to_owned(),
    };
    ana.act(edit("from the desk"));
    phone.act(edit("from the phone"));
    meet(&mut [&mut ana, &mut phone, &mut rui]);
    let comment = rui.comments().remove(0);
    assert_eq!(comment.parallel.len(), 1);
    assert_ne!(comment.body, comment.parallel[0].body);
    assert_eq!(comment.author.member, Some(member(1)));
    assert!(comment.edited.is_some());
    phone.act(edit("settled"));
    meet(&mut [&mut ana, &mut phone, &mut rui]);
    let comment = rui.comments().remove(0);
    assert_eq!(
        (comment.body.as_str(), comment.parallel.len()),
        ("settled", 0)
    );
}

#[test]
fn an_edit_holds_against_both_beginnings_of_a_comment_that_two_devices_wrote() {
    let [mut ana, mut rui] = players();
    let id = ana.new_id();
    let write = CaseAction::Comment {
        id,
        body: "late".to_owned(),
        external: false,
        reply_to: None,
    };
    ana.act(write.clone());
    rui.act(write);
    ana.act(CaseAction::EditComment {
        id,
        body: "known".to_owned(),
    });
    meet(&mut [&mut ana, &mut rui]);
    let comments = rui.comments();
    assert_eq!(comments.len(), 1);
    let said = (comments[0].body.as_str(), comments[0].parallel.len());
    assert_eq!(said, ("known", 0));
}

#[test]
fn a_redaction_wins_over_an_edit_in_every_view() {
    let [mut ana, mut rui] = players();
    let id = ana.comment("her name is Secret");
    meet(&mut [&mut ana, &mut rui]);
    rui.act_because(CaseAction::RedactComment { id }, "privacy");
    ana.act(CaseAction::EditComment {
        id,
        body: "Secret again".to_owned(),
    });
    let view = meet(&mut [&mut ana, &mut rui]);
    let comment = ana.comments().remove(0);
    assert_eq!(comment.redacted.as_deref(), Some("privacy"));
    let shown = format!("{view:?}{:?}{:?}", ana.comments(), ana.timeline());
    assert!(!shown.contains("Secret"), "{shown}");
    assert_eq!(
        ana.timeline().iter().filter(|entry| entry.redacted).count(),
        2
    );
}

#[test]
fn a_done_task_stays_done_beside_edits_which_are_kept() {
    let [mut ana, mut rui] = players();
    let (task, items) = ana.task("visit", &["ring", "look"]);
    meet(&mut [&mut ana, &mut rui]);
    ana.act(CaseAction::FinishTask { task });
    rui.act(CaseAction::AssignTask {
        task,
        assignee: Some(member(2)),
    });
    rui.act(CaseAction::RescheduleTask {
        task,
        due: Some("2026-04-01".to_owned()),
    });
    rui.act(CaseAction::CheckItem {
        task,
        item: items[1],
        done: true,
    });
    let view = meet(&mut [&mut ana, &mut rui]);
    let shown = &view.tasks[&task];
    assert_eq!(*shown.status.value(), TaskStatus::Done);
    assert_eq!(*shown.assignee.value(), Some(member(2)));
    assert_eq!(shown.due.value().as_deref(), Some("2026-04-01"));
    assert_eq!(shown.progress(), (1, 2));
    assert!(!shown.is_contested() && view.flags.is_clear());
}

#[test]
fn a_task_done_and_cancelled_at_once_is_contested() {
    let [mut ana, mut rui] = players();
    let (task, _) = ana.task("visit", &[]);
    meet(&mut [&mut ana, &mut rui]);
    ana.act(CaseAction::FinishTask { task });
    rui.act(CaseAction::CancelTask { task });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(contested(&view), [Place::TaskPart(task, TaskKey::Status)]);
}

#[test]
fn one_task_created_on_two_devices_is_one_task_and_done_wins_over_the_other_beginning() {
    let [mut ana, mut rui] = players();
    let id = ana.new_id();
    let create = |title: &str| CaseAction::CreateTask {
        id,
        title: title.to_owned(),
        assignee: None,
        due: None,
        checklist: vec![(id, "step".to_owned())],
    };
    ana.act(create("call"));
    rui.act(create("call"));
    ana.act(CaseAction::FinishTask { task: id });
    rui.act(CaseAction::AssignTask {
        task: id,
        assignee: Some(member(3)),
    });
    let view = meet(&mut [&mut ana, &mut rui]);
    let task = &view.tasks[&id];
    assert_eq!(view.tasks.len(), 1);
    assert_eq!(
        (*task.status.value(), *task.assignee.value()),
        (TaskStatus::Done, Some(member(3)))
    );
    assert_eq!(task.items.len(), 1);
    assert!(view.flags.is_clear(), "{:?}", view.flags);
    // Whoever sees both objects writes both.
    rui.act(CaseAction::ReopenTask { task: id });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(*view.tasks[&id].status.value(), TaskStatus::Open);
    assert!(view.flags.is_clear());
}

#[test]
fn two_decisions_on_a_question_are_contested_until_a_third_supersedes_both() {
    let [mut ana, mut rui] = players();
    let yes = ana.decide("grant?", "yes");
    let no = rui.decide("grant?", "no");
    rui.decide("other?", "no");
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(contested(&view), [Place::Question("grant?".to_owned())]);
    assert!(view.decisions[&yes].current && view.decisions[&no].current);
    let last = ana.decide("grant?", "later");
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.flags.is_clear());
    assert_eq!(view.decisions.len(), 4);
    assert!(view.decisions[&last].current && !view.decisions[&yes].current);
    assert_eq!(view.decisions[&last].supersedes, [yes, no].into());
}

#[test]
fn two_settlements_on_different_sides_are_contested_again() {
    let [mut ana, mut rui] = players();
    ana.act(set("summary", "hole"));
    rui.act(set("summary", "crack"));
    meet(&mut [&mut ana, &mut rui]);
    let settle = |value: &str| {
        let place = Place::Field("summary".to_owned());
        CaseAction::Settle {
            place,
            value: Scalar::text(value),
        }
    };
    ana.act_because(settle("hole"), "seen");
    rui.act_because(settle("crack"), "measured");
    let view = meet(&mut [&mut ana, &mut rui]);
    let slot = view.fields["summary"].value.as_ref().unwrap();
    let mut reasons: Vec<_> = slot
        .sides()
        .map(|side| view.origins.get(side.by).reason.clone().unwrap())
        .collect();
    reasons.sort();
    assert_eq!(reasons, ["measured", "seen"]);
}

#[test]
fn a_broken_rule_is_flagged_by_the_verdict_of_admission() {
    let [mut ana]: [Player; 1] = players();
    let change = ana.act(move_to("answer"));
    let rules = vec!["a review comes first".to_owned()];
    let breach = Breach {
        rules: rules.clone(),
        newer: None,
    };
    let view = ana.see_with(&[(change, breach)].into());
    assert_eq!(view.flags.rule_broken, [(change, rules)].into());
    assert!(!view.flags.is_clear());
}

#[test]
fn an_override_is_kept_with_its_rule_reason_and_author() {
    let [mut ana]: [Player; 1] = players();
    ana.act_because(move_to("review"), "she will tell us tomorrow");
    let view = ana.see();
    let exception = view.overrides.values().next().unwrap();
    assert_eq!(exception.why, "she will tell us tomorrow");
    assert!(exception.rule.contains("SUMMARY"), "{}", exception.rule);
    assert_eq!(view.origins.get(exception.by).member, Some(member(1)));
    assert_eq!(view.flags.requirements_unmet, ["summary"]);
}
