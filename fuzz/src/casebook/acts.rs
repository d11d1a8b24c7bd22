//! What is done in the play: the opening, every kind of action once, and what collides.

use std::collections::BTreeMap;

use casework_engine::case::{CaseAction, Closing, Decision, FieldEntry, Opening, PartId};
use casework_engine::value::Scalar;

use super::play::part;
use super::{TEMPLATE, member};

pub(super) fn opening() -> CaseAction {
    let fields = BTreeMap::from([
        ("urgent".to_owned(), FieldEntry::Value(Scalar::Bool(true))),
        (
            "skills".to_owned(),
            FieldEntry::Options(["law".to_owned()].into()),
        ),
    ]);
    CaseAction::Open(Opening {
        template: TEMPLATE,
        title: "Noise at night".into(),
        number: "CMP-~1".into(),
        stage: "new".into(),
        fields,
        owner: Some(member(1)),
        assignees: [member(1), member(2)].into(),
    })
}

fn set_summary(text: &str) -> CaseAction {
    CaseAction::SetField {
        field: "summary".into(),
        value: Scalar::text(text),
    }
}

fn edit_notes(text: &str) -> CaseAction {
    CaseAction::EditText {
        field: "notes".into(),
        text: text.into(),
    }
}

/// Every kind of action that one person can do alone, in an order in which each has an effect.
pub(super) fn alone() -> Vec<CaseAction> {
    let (task, item, comment) = (part(100), part(101), part(102));
    let mut all = fields_and_words(comment);
    all.extend(tasks(task, item));
    let decide = |id, outcome: &str| {
        CaseAction::Decide(Decision {
            id,
            question: "grant".into(),
            outcome: outcome.into(),
            rationale: "it is so".into(),
            conditions: String::new(),
            supersedes: [].into(),
        })
    };
    all.extend([
        CaseAction::Assign { member: member(3) },
        CaseAction::Unassign { member: member(2) },
        CaseAction::SetOwner {
            member: Some(member(2)),
        },
        CaseAction::SetOwner { member: None },
        CaseAction::AddLabel {
            label: "night".into(),
        },
        CaseAction::RemoveLabel {
            label: "night".into(),
        },
        CaseAction::SetPriority {
            priority: Some("high".into()),
        },
        CaseAction::SetDue {
            due: Some("2026-05-01".into()),
        },
        decide(part(103), "yes"),
        decide(part(106), "no"),
        CaseAction::Move {
            to: "decided".into(),
        },
        CaseAction::Close(Closing {
            code: "solved".into(),
            notes: "quiet now".into(),
        }),
        CaseAction::Reopen,
    ]);
    all
}

fn fields_and_words(comment: PartId) -> Vec<CaseAction> {
    vec![
        CaseAction::SetTitle {
            title: "Noise".into(),
        },
        set_summary("it is loud"),
        CaseAction::ClearField {
            field: "urgent".into(),
        },
        CaseAction::AddOption {
            field: "skills".into(),
            option: "tax".into(),
        },
        CaseAction::RemoveOption {
            field: "skills".into(),
            option: "law".into(),
        },
        CaseAction::Count {
            field: "visits".into(),
            by: 2,
        },
        edit_notes("first lines"),
        edit_notes("first two lines 🚧 ok"),
        CaseAction::Comment {
            id: comment,
            body: "ask the neighbours".into(),
            external: false,
            reply_to: None,
        },
        CaseAction::Comment {
            id: part(104),
            body: "done".into(),
            external: true,
            reply_to: Some(comment),
        },
        CaseAction::EditComment {
            id: comment,
            body: "ask all neighbours".into(),
        },
        CaseAction::RedactComment { id: part(104) },
    ]
}

fn tasks(task: PartId, item: PartId) -> Vec<CaseAction> {
    vec![
        CaseAction::CreateTask {
            id: task,
            title: "Visit".into(),
            assignee: Some(member(2)),
            due: Some("2026-03-01".into()),
            checklist: vec![(item, "ring the bell".into())],
        },
        CaseAction::AssignTask {
            task,
            assignee: None,
        },
        CaseAction::RescheduleTask {
            task,
            due: Some("2026-04-01".into()),
        },
        CaseAction::FinishTask { task },
        CaseAction::ReopenTask { task },
        CaseAction::CancelTask { task },
        CaseAction::AddItem {
            task,
            item: part(105),
            text: "knock".into(),
        },
        CaseAction::CheckItem {
            task,
            item,
            done: true,
        },
    ]
}

/// What each does beside the other in a round: same field, same prose, same counter, one item, and
/// a comment.
pub(super) fn beside(n: u8, round: u64) -> Vec<CaseAction> {
    let text = format!("as device {n} sees it in round {round}");
    let id = part(5_000 + 10 * round + u64::from(n));
    vec![
        set_summary(&text),
        edit_notes(&format!("two lines {round} by {n}")),
        CaseAction::Count {
            field: "visits".into(),
            by: i64::from(n),
        },
        CaseAction::AddLabel {
            label: format!("round {round} by {n}"),
        },
        CaseAction::CheckItem {
            task: part(100),
            item: part(105),
            done: round.is_multiple_of(2),
        },
        CaseAction::Comment {
            id,
            body: text,
            external: false,
            reply_to: None,
        },
    ]
}
