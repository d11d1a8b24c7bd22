//! Plays of links, of how a case is kept, of redactions, and of what rules and the agent leave.

use casework_protocol::ids::DocumentId;

use super::does;
use crate::case::CaseAction;
use crate::case::facet::automation::{AutomationAction, Outward, OutwardKind, RunStatus};
use crate::case::facet::keeping::KeepingAction;
use crate::case::facet::link::{LinkAction, Relation};
use crate::case::facet::recurrence::{NextTask, RecurrenceAction};
use crate::case::facet::redaction::RedactionAction;
use crate::case::trial::{Desk, part};

pub(super) fn links(ana: &mut Desk) {
    let (relation, case) = (Relation::DuplicateOf, DocumentId::new([0xd0; 16]));
    let add = LinkAction::Add { relation, case };
    does(ana, 2300, [add, LinkAction::Remove { relation, case }]);
}

pub(super) fn keeping(ana: &mut Desk) {
    let flag = "press".to_owned();
    does(
        ana,
        2400,
        [
            KeepingAction::Archive,
            KeepingAction::Unarchive,
            KeepingAction::RequestPurge { days: 30 },
            KeepingAction::CancelPurge,
            KeepingAction::SetLegalHold,
            KeepingAction::LiftLegalHold,
            KeepingAction::SetFlag { flag: flag.clone() },
            KeepingAction::ClearFlag { flag },
            KeepingAction::Trash,
            KeepingAction::Restore,
        ],
    );
}

pub(super) fn redactions(ana: &mut Desk) {
    let field = "urgent".to_owned();
    does(
        ana,
        2500,
        [
            RedactionAction::Field { field },
            RedactionAction::Document {
                document: part(1001),
            },
            RedactionAction::Party { party: part(2201) },
        ],
    );
}

pub(super) fn automations(ana: &mut Desk) {
    let rule = || "welcome".to_owned();
    let of_a_rule = [
        AutomationAction::Notify {
            id: part(1501),
            to: vec!["role/manager".into(), "assignees".into()],
            text: "look at this".into(),
        },
        AutomationAction::Request {
            id: part(1502),
            what: Outward {
                kind: OutwardKind::Webhook,
                name: "crm".into(),
                text: String::new(),
                fields: vec!["summary".into()],
                rule: rule(),
            },
        },
        AutomationAction::Fail {
            id: part(1503),
            rule: rule(),
            why: "nobody to assign".into(),
        },
        AutomationAction::Stop {
            id: part(1504),
            rule: rule(),
            why: "there → back → there".into(),
        },
    ];
    for (step, action) in (0..).zip(of_a_rule) {
        let mut act = crate::case::Act::new(part(1510), action.into());
        act.cause = Some(crate::case::Cause {
            rule: rule(),
            of: Some(casework_protocol::ids::ChangeHash::new([5; 32])),
            key: part(1500),
            step,
            depth: 1,
        });
        ana.act(act);
    }
    let of_the_agent = [
        AutomationAction::Claim {
            id: part(1505),
            of: "run/0000".into(),
        },
        AutomationAction::Fire {
            id: part(1506),
            rule: "weekly".into(),
            of: "idle@0000000000000000".into(),
        },
        AutomationAction::Report {
            id: part(1502),
            status: RunStatus::Done,
            note: "200".into(),
        },
        AutomationAction::Number {
            number: "CMP-2026-0001".into(),
        },
    ];
    does(ana, 1520, of_the_agent);
}

pub(super) fn recurrence(ana: &mut Desk) {
    let task = part(1701);
    let create = CaseAction::CreateTask {
        id: task,
        title: "Visit".into(),
        assignee: None,
        due: Some("2026-03-02".into()),
        checklist: vec![(part(1702), "Ring".into()), (part(1703), "Write".into())],
    };
    does(ana, 1710, [create]);
    let repeat = Some("every week, 3 times".to_owned());
    let next = NextTask {
        title: "Visit".into(),
        assignee: None,
        due: "2026-03-09".into(),
        repeat: "every week, 2 times".into(),
        checklist: vec!["Ring".into(), "Write".into()],
    };
    let repeat = RecurrenceAction::Repeat { task, repeat };
    let recur = RecurrenceAction::Recur { task, next };
    does(ana, 1720, [repeat, recur]);
}
