//! Every action of the engine is reached from the list, or is here with the reason why it is not.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeSet;

use casework::case::{ActionKind, PartId};

use casework_native::{
    Action, ApprovalAnswer, ApprovalMode, ConsentRecord, FileMark, NewParty, PartyKey, PartyNature,
    Relation, ReviewState, ReviewVerdict, Value, VersionStatus,
};

const PART: &str = "0102030405060708";
const MEMBER: &str = "000102030405060708090a0b0c0d0e0f";
const CASE: &str = "101112131415161718191a1b1c1d1e1f";

/// Kinds that no person does through [`Action`], and why.
const ELSEWHERE: [(&str, &str); 15] = [
    ("case.open", "open_case and import_cases"),
    (
        "form.request",
        "request_information, which makes the secret of the link",
    ),
    (
        "form.submit",
        "the machine beside the server that shows forms",
    ),
    ("form.add", "the same"),
    (
        "approval.late-vote",
        "the engine, for a vote that comes after the outcome",
    ),
    (
        "task.recur",
        "the engine, when a task that comes again is done",
    ),
    ("case.read", "note_reading"),
    ("notice.send", "automations"),
    ("effect.request", "automations"),
    ("automation.failed", "automations"),
    ("automation.stopped", "automations"),
    ("effect.claim", "the agent"),
    ("automation.fired", "the agent"),
    ("effect.outcome", "the agent"),
    ("number.assign", "the agent"),
];

fn part() -> String {
    PART.to_owned()
}

fn member() -> String {
    MEMBER.to_owned()
}

fn word() -> String {
    "word".to_owned()
}

fn file() -> FileMark {
    FileMark {
        name: "a.pdf".to_owned(),
        sha256: "0".repeat(64),
        bytes: 3,
        media: "application/pdf".to_owned(),
    }
}

fn of_fields() -> Vec<Action> {
    let (field, option) = (word(), word());
    vec![
        Action::SetTitle { title: word() },
        Action::MoveTo { stage: word() },
        Action::SetField {
            field: field.clone(),
            value: Value::Words { text: word() },
        },
        Action::ClearField {
            field: field.clone(),
        },
        Action::AddOption {
            field: field.clone(),
            option: option.clone(),
        },
        Action::RemoveOption {
            field: field.clone(),
            option,
        },
        Action::Count {
            field: field.clone(),
            by: 1,
        },
        Action::EditProse {
            field: field.clone(),
            text: word(),
        },
        Action::RedactField { field },
        Action::Comment {
            body: word(),
            external: false,
            reply_to: None,
        },
        Action::EditComment {
            comment: part(),
            body: word(),
        },
        Action::RedactComment { comment: part() },
        Action::Decide {
            question: word(),
            outcome: word(),
            rationale: word(),
            conditions: word(),
            supersedes: vec![part()],
        },
        Action::Close {
            resolution: word(),
            notes: word(),
        },
        Action::Reopen,
        Action::Settle {
            place: "stage".to_owned(),
            value: Value::Words { text: word() },
        },
    ]
}

fn of_tasks_and_people() -> Vec<Action> {
    vec![
        Action::CreateTask {
            title: word(),
            assignee: Some(member()),
            due: None,
            checklist: vec![word()],
        },
        Action::AssignTask {
            task: part(),
            assignee: None,
        },
        Action::RescheduleTask {
            task: part(),
            due: None,
        },
        Action::FinishTask { task: part() },
        Action::CancelTask { task: part() },
        Action::ReopenTask { task: part() },
        Action::AddItem {
            task: part(),
            text: word(),
        },
        Action::CheckItem {
            task: part(),
            item: part(),
            done: true,
        },
        Action::RepeatTask {
            task: part(),
            every: None,
        },
        Action::Assign { member: member() },
        Action::Unassign { member: member() },
        Action::SetOwner { member: None },
        Action::Watch { member: member() },
        Action::Unwatch { member: member() },
        Action::AddLabel { label: word() },
        Action::RemoveLabel { label: word() },
        Action::SetPriority { priority: None },
        Action::SetSeverity { severity: None },
        Action::SetDue { due: None },
    ]
}

fn of_approvals() -> Vec<Action> {
    vec![
        Action::RequestApproval {
            kind: word(),
            matter: format!("version/{PART}"),
        },
        Action::AskApproval {
            label: word(),
            from: vec![member(), "role:manager".to_owned(), "team:night".to_owned()],
            mode: ApprovalMode::AtLeast { count: 2 },
            matter: "case".to_owned(),
            not_by_maker: true,
        },
        Action::Vote {
            approval: part(),
            answer: ApprovalAnswer::SendBack,
            note: word(),
        },
        Action::PassApproval {
            approval: part(),
            seat: member(),
            to: member(),
        },
        Action::AddApprover {
            approval: part(),
            seat: "role:manager".to_owned(),
        },
        Action::WithdrawApproval { approval: part() },
    ]
}

fn of_records() -> Vec<Action> {
    vec![
        Action::AddDocument {
            name: word(),
            kind: word(),
            file: file(),
        },
        Action::AddVersion {
            document: part(),
            parents: vec![part()],
            file: file(),
        },
        Action::SetVersionStatus {
            version: part(),
            status: VersionStatus::Signed,
        },
        Action::ChooseVersion {
            document: part(),
            version: part(),
            over: vec![part()],
        },
        Action::RenameDocument {
            document: part(),
            name: word(),
        },
        Action::WithdrawDocument { document: part() },
        Action::ReinstateDocument { document: part() },
        Action::RedactDocument { document: part() },
        Action::AddParty {
            party: NewParty {
                role: word(),
                name: word(),
                nature: PartyNature::Person,
                email: String::new(),
                phone: String::new(),
                address: String::new(),
                note: String::new(),
            },
        },
        Action::ChangeParty {
            party: part(),
            key: PartyKey::Phone,
            value: word(),
        },
        Action::WithdrawParty { party: part() },
        Action::ReinstateParty { party: part() },
        Action::RedactParty { party: part() },
        Action::Link {
            relation: Relation::Blocks,
            other: CASE.to_owned(),
        },
        Action::Unlink {
            relation: Relation::Blocks,
            other: CASE.to_owned(),
        },
        Action::ReviewSubmission {
            submission: part(),
            state: ReviewState::Accepted,
        },
        Action::RevokeRequest { request: part() },
        Action::ReviewOverride {
            of: part(),
            verdict: ReviewVerdict::Accepted,
            note: word(),
        },
    ]
}

fn of_offers_and_keeping() -> Vec<Action> {
    vec![
        Action::OfferTransfer {
            to: "team:night".to_owned(),
            note: word(),
        },
        Action::AcceptTransfer { transfer: part() },
        Action::DeclineTransfer { transfer: part() },
        Action::WithdrawTransfer { transfer: part() },
        Action::Refer {
            service: word(),
            consent: ConsentRecord {
                given: true,
                by: word(),
                how: word(),
                on: "2027-01-01".to_owned(),
            },
            to: None,
            party: None,
            note: word(),
        },
        Action::AcceptReferral { referral: part() },
        Action::DeclineReferral { referral: part() },
        Action::CompleteReferral {
            referral: part(),
            outcome: word(),
        },
        Action::WithdrawReferral { referral: part() },
        Action::Hold {
            why: word(),
            until: None,
        },
        Action::EndHold { hold: part() },
        Action::Archive,
        Action::Unarchive,
        Action::Trash,
        Action::Restore,
        Action::SetLegalHold,
        Action::LiftLegalHold,
        Action::RequestPurge { days: 30 },
        Action::CancelPurge,
        Action::SetFlag { flag: word() },
        Action::ClearFlag { flag: word() },
    ]
}

fn everything() -> Vec<Action> {
    [
        of_fields(),
        of_tasks_and_people(),
        of_approvals(),
        of_records(),
        of_offers_and_keeping(),
    ]
    .concat()
}

#[test]
fn every_action_of_the_engine_is_reached_or_said_why_not() {
    let mut parts = (0..).map(|n: u64| PartId::new(n.to_be_bytes()));
    let reached: BTreeSet<&str> = everything()
        .into_iter()
        .map(|action| {
            let ready = action.ready(&mut || Ok(parts.next().expect("there is no end")));
            ready.expect("it is well formed").0.kind().name()
        })
        .collect();
    let all: BTreeSet<&str> = ActionKind::all()
        .filter(|kind| kind.is_of_case())
        .map(ActionKind::name)
        .collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(kind, _)| *kind).collect();
    let forgotten: Vec<_> = all.iter().filter(|kind| !reached.contains(*kind)).collect();
    let forgotten: Vec<_> = forgotten
        .into_iter()
        .filter(|kind| !elsewhere.contains(*kind))
        .collect();
    assert!(forgotten.is_empty(), "not reached: {forgotten:?}");
    let stale: Vec<_> = elsewhere
        .iter()
        .filter(|kind| reached.contains(*kind) || !all.contains(*kind))
        .collect();
    assert!(stale.is_empty(), "listed without need: {stale:?}");
}

#[test]
fn what_makes_a_part_says_which_and_nothing_else_does() {
    let mut parts = (1..).map(|n: u64| PartId::new(n.to_be_bytes()));
    for action in everything() {
        let said = format!("{action:?}");
        let (_, made) = action
            .ready(&mut || Ok(parts.next().expect("there is no end")))
            .unwrap();
        let makes = [
            "Comment {",
            "CreateTask",
            "AddItem",
            "Decide",
            "RequestApproval",
            "AskApproval",
        ];
        let makes = makes
            .iter()
            .chain(&["Vote", "AddDocument", "AddVersion", "AddParty", "Offer"]);
        let mut makes = makes.chain(&["Refer {", "Hold {"]);
        assert_eq!(
            made.is_some(),
            makes.any(|word| said.starts_with(word)),
            "{said}"
        );
    }
}

#[test]
fn an_id_that_is_none_is_refused_with_its_form() {
    let action = Action::FinishTask { task: "x".into() };
    let refused = action
        .ready(&mut || unreachable!("nothing is made"))
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("16 lower-case hexadecimal digits"),
        "{refused}"
    );
}
