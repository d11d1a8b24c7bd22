//! One case that everything is done to.

use super::*;

/// Every kind of action, one after the other, on one desk; contested values come from a second one.
pub(crate) fn play() -> Desk {
    let mut ana = Desk::open(1);
    play_fields(&mut ana);
    play_comments(&mut ana);
    play_tasks(&mut ana);
    facets::play(&mut ana);
    play_people(&mut ana);
    play_ending(&mut ana);
    ana
}

fn play_fields(ana: &mut Desk) {
    ana.does(
        2,
        CaseAction::SetTitle {
            title: "Noise".into(),
        },
    );
    ana.does(3, set_summary("it is loud"));
    ana.does(
        4,
        CaseAction::ClearField {
            field: "urgent".into(),
        },
    );
    ana.does(
        5,
        CaseAction::AddOption {
            field: "skills".into(),
            option: "tax".into(),
        },
    );
    ana.does(
        6,
        CaseAction::RemoveOption {
            field: "skills".into(),
            option: "law".into(),
        },
    );
    ana.does(
        7,
        CaseAction::Count {
            field: "visits".into(),
            by: 2,
        },
    );
    ana.does(8, edit_notes("first lines"));
    ana.does(9, edit_notes("first two lines 🚧 ok"));
}

fn play_comments(ana: &mut Desk) {
    let comment = part(102);
    let body = "ask the neighbours".to_owned();
    ana.does(
        10,
        CaseAction::Comment {
            id: comment,
            body,
            external: false,
            reply_to: None,
        },
    );
    let reply = CaseAction::Comment {
        id: part(104),
        body: "done".into(),
        external: true,
        reply_to: Some(comment),
    };
    ana.does(11, reply);
    ana.does(
        12,
        CaseAction::EditComment {
            id: comment,
            body: "ask all neighbours".into(),
        },
    );
    ana.act(explained(13, CaseAction::RedactComment { id: part(104) }));
}

fn play_tasks(ana: &mut Desk) {
    let (task, item) = (part(100), part(101));
    ana.does(14, create_task(task, item));
    ana.does(
        15,
        CaseAction::AssignTask {
            task,
            assignee: None,
        },
    );
    ana.does(
        16,
        CaseAction::RescheduleTask {
            task,
            due: Some("2026-04-01".into()),
        },
    );
    ana.does(17, CaseAction::FinishTask { task });
    ana.does(18, CaseAction::ReopenTask { task });
    ana.does(19, CaseAction::CancelTask { task });
    ana.does(
        20,
        CaseAction::AddItem {
            task,
            item: part(105),
            text: "knock".into(),
        },
    );
    ana.does(
        21,
        CaseAction::CheckItem {
            task,
            item,
            done: true,
        },
    );
}

fn play_people(ana: &mut Desk) {
    ana.does(22, CaseAction::Assign { member: member(3) });
    ana.does(23, CaseAction::Unassign { member: member(2) });
    ana.does(
        24,
        CaseAction::SetOwner {
            member: Some(member(3)),
        },
    );
    ana.does(25, CaseAction::SetOwner { member: None });
    ana.does(
        26,
        CaseAction::AddLabel {
            label: "night".into(),
        },
    );
    ana.does(
        27,
        CaseAction::RemoveLabel {
            label: "night".into(),
        },
    );
    ana.does(
        28,
        CaseAction::SetPriority {
            priority: Some("high".into()),
        },
    );
    ana.does(
        29,
        CaseAction::SetDue {
            due: Some("2026-05-01".into()),
        },
    );
}

fn play_ending(ana: &mut Desk) {
    ana.does(30, CaseAction::Decide(decide(part(103), "yes")));
    ana.does(31, CaseAction::Decide(decide(part(106), "no")));
    let jump = explained(
        32,
        CaseAction::Move {
            to: "decided".into(),
        },
    );
    ana.act(Act {
        override_rule: true,
        ..jump
    });
    ana.does(
        33,
        CaseAction::Close(Closing {
            code: "solved".into(),
            notes: "quiet now".into(),
        }),
    );
    ana.act(explained(34, CaseAction::Reopen));
    let mut rui = ana.copy_to(2);
    ana.does(35, set_summary("left"));
    rui.does(36, set_summary("right"));
    let review = Review {
        verdict: ReviewVerdict::FollowUp,
        note: "the review is made up for".into(),
    };
    let of = part(32);
    rui.does(38, ReviewAction::Review { of, review }.into());
    ana.merge(&rui);
    let value = Scalar::text("left");
    let settle = CaseAction::Settle {
        place: Place::Field("summary".into()),
        value,
    };
    ana.act(explained(37, settle));
}

fn explained(n: u64, action: CaseAction) -> Act {
    Act::new(part(n), action).because("because")
}
