//! What is done to the facets of the case in the play: every kind of action once, in an order in
//! which each has an effect.

use std::collections::BTreeSet;

use casework_engine::approval::{Answer, Question, Seat, Vote};
use casework_engine::case::facet::approval::ApprovalAction;
use casework_engine::case::facet::approval::request::Request;
use casework_engine::case::facet::attention::AttentionAction;
use casework_engine::case::facet::automation::{AutomationAction, Outward, OutwardKind, RunStatus};
use casework_engine::case::facet::document::{DocumentAction, FileMark, VersionStatus};
use casework_engine::case::facet::form::{FormAction, InformationRequest, ReviewState, Submission};
use casework_engine::case::facet::handover::TransferAction;
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::facet::link::{LinkAction, Relation};
use casework_engine::case::facet::party::{PartyAction, PartyKey, PartyMark};
use casework_engine::case::facet::reading::ReadingAction;
use casework_engine::case::facet::recurrence::RecurrenceAction;
use casework_engine::case::facet::redaction::RedactionAction;
use casework_engine::case::facet::referral::{Consent, Referral, ReferralAction};
use casework_engine::case::{CaseAction, PartId};
use casework_protocol::ids::DocumentId;

use super::member;
use super::play::part;

/// Everything that is done to facets.
pub(super) fn facets() -> Vec<CaseAction> {
    let mut all = papers();
    all.extend(people());
    all.extend(votes());
    all.extend(offers());
    all.extend(rules());
    all.extend(forms());
    all.extend(keeping());
    all.extend(hidden());
    all
}

fn digits(digit: char) -> String {
    String::from(digit).repeat(64)
}

fn file(name: &str) -> FileMark {
    FileMark {
        name: name.into(),
        sha256: digits('a'),
        bytes: 3,
        media: "text/plain".into(),
    }
}

const DOCUMENT: u64 = 200;
const PARTY: u64 = 210;

fn papers() -> Vec<CaseAction> {
    let (document, first) = (part(DOCUMENT), part(201));
    let add = |id, parents: BTreeSet<PartId>| DocumentAction::AddVersion {
        document,
        id,
        parents,
        file: file("letter.txt"),
    };
    let actions = [
        DocumentAction::Add {
            id: document,
            name: "Letter".into(),
            kind: "letter".into(),
            version: first,
            file: file("letter.txt"),
        },
        add(part(202), BTreeSet::new()),
        add(part(203), [first].into()),
        DocumentAction::Choose {
            document,
            version: part(203),
            over: BTreeSet::new(),
        },
        DocumentAction::SetStatus {
            version: part(203),
            status: VersionStatus::Approved,
        },
        DocumentAction::Rename {
            document,
            name: "The letter".into(),
        },
        DocumentAction::Withdraw { document },
        DocumentAction::Reinstate { document },
    ];
    actions.into_iter().map(CaseAction::from).collect()
}

fn people() -> Vec<CaseAction> {
    let (party, watcher) = (part(PARTY), member(3));
    let mark = PartyMark {
        role: "witness".into(),
        name: "Maria".into(),
        ..PartyMark::default()
    };
    let (relation, case) = (Relation::Blocks, DocumentId::new([9; 16]));
    let severity = Some("high".to_owned());
    vec![
        PartyAction::Add {
            id: party,
            party: mark,
        }
        .into(),
        PartyAction::Change {
            party,
            key: PartyKey::Phone,
            value: "112".into(),
        }
        .into(),
        PartyAction::Withdraw { party }.into(),
        PartyAction::Reinstate { party }.into(),
        AttentionAction::Watch { member: watcher }.into(),
        AttentionAction::Unwatch { member: watcher }.into(),
        AttentionAction::SetSeverity { severity }.into(),
        LinkAction::Add { relation, case }.into(),
        LinkAction::Remove { relation, case }.into(),
        ReadingAction::Read {
            member: member(1),
            day: "1970-01-01".into(),
        }
        .into(),
    ]
}

fn request(id: PartId) -> CaseAction {
    ApprovalAction::Request(Request {
        kind: None,
        label: "The offer".into(),
        question: Question {
            seats: [Seat::Member(member(1))].into(),
            ..Question::default()
        },
        ..Request::of_kind(id, "", member(1))
    })
    .into()
}

fn votes() -> Vec<CaseAction> {
    let (voted, passed_on) = (part(220), part(221));
    let vote = |n| {
        let vote = Vote {
            id: part(n),
            member: member(1),
            answer: Answer::Approve,
            seats: BTreeSet::new(),
            note: String::new(),
        };
        CaseAction::from(ApprovalAction::Vote {
            approval: voted,
            vote,
        })
    };
    let approval = passed_on;
    vec![
        request(voted),
        vote(222),
        // The second one is late.
        vote(223),
        request(passed_on),
        ApprovalAction::AddApprover {
            approval,
            seat: Seat::Team("legal".into()),
        }
        .into(),
        ApprovalAction::Reassign {
            approval,
            seat: Seat::Member(member(1)),
            by: member(1),
            to: member(2),
        }
        .into(),
        ApprovalAction::Withdraw { approval }.into(),
    ]
}

fn offer(n: u64) -> CaseAction {
    TransferAction::Offer {
        id: part(n),
        to: Seat::Team("legal".into()),
        note: "call first".into(),
    }
    .into()
}

fn refer(n: u64) -> CaseAction {
    let consent = Consent {
        given: false,
        by: String::new(),
        how: String::new(),
        on: String::new(),
    };
    let referral = Referral {
        id: part(n),
        service: "Legal advice".into(),
        to: None,
        party: Some("The law centre".into()),
        note: String::new(),
        consent,
    };
    ReferralAction::Make(referral).into()
}

fn offers() -> Vec<CaseAction> {
    let (member, hold) = (member(1), part(236));
    let [transfer, declined, withdrawn] = [230, 231, 232].map(part);
    let [referral, refused, taken_back] = [233, 234, 235].map(part);
    let outcome = "advised".to_owned();
    let (why, until) = ("spare parts".to_owned(), None);
    let accept = TransferAction::Accept { transfer, member };
    let decline = TransferAction::Decline {
        transfer: declined,
        member,
    };
    let withdraw = TransferAction::Withdraw {
        transfer: withdrawn,
    };
    let refuse = ReferralAction::Decline {
        referral: refused,
        member,
    };
    let take_back = ReferralAction::Withdraw {
        referral: taken_back,
    };
    vec![
        offer(230),
        accept.into(),
        offer(231),
        decline.into(),
        offer(232),
        withdraw.into(),
        refer(233),
        ReferralAction::Accept { referral, member }.into(),
        ReferralAction::Complete { referral, outcome }.into(),
        refer(234),
        refuse.into(),
        refer(235),
        take_back.into(),
        HoldAction::Start {
            id: hold,
            why,
            until,
        }
        .into(),
        HoldAction::End { hold }.into(),
    ]
}

fn rules() -> Vec<CaseAction> {
    let rule = || "follow".to_owned();
    let why = || "the owner is nobody here".to_owned();
    let what = Outward {
        kind: OutwardKind::Webhook,
        name: "crm".into(),
        text: String::new(),
        fields: vec!["summary".into()],
        rule: rule(),
    };
    let asked = part(241);
    let (task, repeat) = (part(246), Some("every week".to_owned()));
    let actions = [
        AutomationAction::Notify {
            id: part(240),
            to: vec!["assignees".into()],
            text: "look at it".into(),
        },
        AutomationAction::Request { id: asked, what },
        AutomationAction::Fail {
            id: part(242),
            rule: rule(),
            why: why(),
        },
        AutomationAction::Stop {
            id: part(243),
            rule: rule(),
            why: why(),
        },
        AutomationAction::Fire {
            id: part(246),
            rule: rule(),
            of: "idle".into(),
        },
        AutomationAction::Claim {
            id: part(244),
            of: format!("run/{asked}"),
        },
        AutomationAction::Report {
            id: asked,
            status: RunStatus::Done,
            note: "delivered".into(),
        },
        AutomationAction::Number {
            number: "CMP-2026-0001".into(),
        },
    ];
    let mut all: Vec<CaseAction> = actions.into_iter().map(CaseAction::from).collect();
    all.extend([
        CaseAction::CreateTask {
            id: task,
            title: "look again".into(),
            assignee: None,
            due: Some("2026-03-02".into()),
            checklist: vec![(part(247), "ring".into())],
        },
        RecurrenceAction::Repeat { task, repeat }.into(),
        // It begins the next one.
        CaseAction::FinishTask { task },
    ]);
    all
}

fn forms() -> Vec<CaseAction> {
    let (request, submission) = (part(250), part(251));
    let ask = InformationRequest {
        id: request,
        form: "more".into(),
        token: digits('a'),
        expires_ms: None,
        single_use: false,
        note: "since when?".into(),
    };
    let sent = Submission {
        id: submission,
        form: "more".into(),
        request: Some(request),
        link: digits('a'),
        answers: [("q.else".to_owned(), vec!["since Monday".to_owned()])].into(),
        mapped: ["summary".to_owned()].into(),
        documents: vec!["Receipt".into()],
        consent: Some(digits('c')),
        receipt: digits('b'),
        anonymous: false,
        language: "pt-BR".into(),
        given_ms: 1_700_000_000_000,
    };
    let actions = [
        FormAction::Request(ask),
        FormAction::Submit(sent),
        FormAction::Add {
            id: part(252),
            submission,
            text: "and on Tuesday".into(),
            given_ms: 1_700_000_000_000,
        },
        FormAction::Review {
            submission,
            state: ReviewState::Accepted,
        },
        FormAction::Revoke { request },
    ];
    actions.into_iter().map(CaseAction::from).collect()
}

fn keeping() -> Vec<CaseAction> {
    let flag = || "press".to_owned();
    let actions = [
        KeepingAction::Archive,
        KeepingAction::Unarchive,
        KeepingAction::Trash,
        KeepingAction::Restore,
        KeepingAction::SetLegalHold,
        KeepingAction::LiftLegalHold,
        KeepingAction::RequestPurge { days: 30 },
        KeepingAction::CancelPurge,
        KeepingAction::SetFlag { flag: flag() },
        KeepingAction::ClearFlag { flag: flag() },
    ];
    actions.into_iter().map(CaseAction::from).collect()
}

fn hidden() -> Vec<CaseAction> {
    let (document, party) = (part(DOCUMENT), part(PARTY));
    let field = "urgent".to_owned();
    vec![
        RedactionAction::Field { field }.into(),
        RedactionAction::Document { document }.into(),
        RedactionAction::Party { party }.into(),
    ]
}
