//! Everything a person can do to a case, as one list of actions.
//!
//! Fields are named as the case names them. New parts (a comment, a task, a document) get their
//! ids here, and the answer of the call says which. A kind of action that the engine learns does
//! not pass the tests until it is reached from here.

mod parts;
mod records;
#[cfg(test)]
mod tests;

use casework::case::facet::approval::ApprovalAction;
use casework::case::{CaseAction, Closing, Decision, PartId};

use crate::acting::{ApprovalAnswer, ApprovalMode, ConsentRecord, FileMark, NewParty};
use crate::error::CaseworkError;
use crate::text::{Value, read, read_all, read_some};
use crate::vocabulary::{PartyKey, Relation, ReviewState, ReviewVerdict, VersionStatus};

/// One thing done to a case. More may come.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Action {
    /// Gives another title, one line.
    SetTitle {
        /// The title.
        title: String,
    },
    /// Moves to a stage, forward or back.
    MoveTo {
        /// The stage's id.
        stage: String,
    },
    /// Gives a field a value. `set_field` takes the words of people instead.
    SetField {
        /// The field's id.
        field: String,
        /// Its canonical value, not nothing.
        value: Value,
    },
    /// Takes a field's value away.
    ClearField {
        /// The field's id.
        field: String,
    },
    /// Adds an option to a multi select.
    AddOption {
        /// The field's id.
        field: String,
        /// The option's id.
        option: String,
    },
    /// Removes an option from a multi select.
    RemoveOption {
        /// The field's id.
        field: String,
        /// The option's id.
        option: String,
    },
    /// Adds to a counter.
    Count {
        /// The field's id.
        field: String,
        /// What is added; not zero.
        by: i64,
    },
    /// Edits prose that several people edit together; only the difference is written.
    EditProse {
        /// The field's id.
        field: String,
        /// The whole new text.
        text: String,
    },
    /// Writes a comment.
    Comment {
        /// What it says.
        body: String,
        /// Written for people outside the team.
        #[uniffi(default = false)]
        external: bool,
        /// The comment, or what somebody sent by a form, that it answers.
        #[uniffi(default = None)]
        reply_to: Option<String>,
    },
    /// Rewrites one's own comment.
    EditComment {
        /// The comment.
        comment: String,
        /// What it says now.
        body: String,
    },
    /// Hides a comment; needs a reason.
    RedactComment {
        /// The comment.
        comment: String,
    },
    /// Creates a task.
    CreateTask {
        /// What is to be done, one line.
        title: String,
        /// The member who is to do it.
        #[uniffi(default = None)]
        assignee: Option<String>,
        /// By when, `YYYY-MM-DD`.
        #[uniffi(default = None)]
        due: Option<String>,
        /// The items of its checklist.
        #[uniffi(default = [])]
        checklist: Vec<String>,
    },
    /// Gives a task to a member, or to nobody.
    AssignTask {
        /// The task.
        task: String,
        /// The member.
        assignee: Option<String>,
    },
    /// Changes the due date of a task.
    RescheduleTask {
        /// The task.
        task: String,
        /// `YYYY-MM-DD`, or nothing.
        due: Option<String>,
    },
    /// Finishes a task.
    FinishTask {
        /// The task.
        task: String,
    },
    /// Cancels a task.
    CancelTask {
        /// The task.
        task: String,
    },
    /// Opens a finished or cancelled task again.
    ReopenTask {
        /// The task.
        task: String,
    },
    /// Adds an item to a task's checklist.
    AddItem {
        /// The task.
        task: String,
        /// What it says, one line.
        text: String,
    },
    /// Checks or unchecks an item of a checklist.
    CheckItem {
        /// The task.
        task: String,
        /// The item.
        item: String,
        /// Checked or not.
        done: bool,
    },
    /// Makes a task come again when it is done, or no longer.
    RepeatTask {
        /// The task.
        task: String,
        /// `every 2 weeks` and the like; nothing ends it.
        every: Option<String>,
    },
    /// Assigns a member to the case.
    Assign {
        /// The member.
        member: String,
    },
    /// Takes a member off the case.
    Unassign {
        /// The member.
        member: String,
    },
    /// Gives the case to an owner, or to nobody.
    SetOwner {
        /// The member.
        member: Option<String>,
    },
    /// Has a member told of what happens to the case.
    Watch {
        /// The member.
        member: String,
    },
    /// No longer.
    Unwatch {
        /// The member.
        member: String,
    },
    /// Puts a label on, one line.
    AddLabel {
        /// The label.
        label: String,
    },
    /// Takes a label off.
    RemoveLabel {
        /// The label.
        label: String,
    },
    /// Sets or clears the priority, one line.
    SetPriority {
        /// The priority.
        priority: Option<String>,
    },
    /// Sets or clears the severity, one line.
    SetSeverity {
        /// The severity.
        severity: Option<String>,
    },
    /// Sets or clears the due date.
    SetDue {
        /// `YYYY-MM-DD`.
        due: Option<String>,
    },
    /// Records a decision.
    Decide {
        /// The question's id in the template.
        question: String,
        /// The outcome's id.
        outcome: String,
        /// Why.
        #[uniffi(default = "")]
        rationale: String,
        /// On what conditions.
        #[uniffi(default = "")]
        conditions: String,
        /// The decisions that it replaces.
        #[uniffi(default = [])]
        supersedes: Vec<String>,
    },
    /// Closes the case.
    Close {
        /// The resolution's id.
        resolution: String,
        /// Notes.
        #[uniffi(default = "")]
        notes: String,
    },
    /// Reopens the case.
    Reopen,
    /// Asks for an approval of the template.
    RequestApproval {
        /// The approval's id in the template.
        kind: String,
        /// `case`, `version/ID` or `decision/ID`.
        #[uniffi(default = "case")]
        matter: String,
    },
    /// Asks people for an approval that the template does not know.
    AskApproval {
        /// What people call it.
        label: String,
        /// Who is asked: member ids, `role:KEY`, `team:KEY`.
        from: Vec<String>,
        /// How many must agree.
        mode: ApprovalMode,
        /// `case`, `version/ID` or `decision/ID`.
        #[uniffi(default = "case")]
        matter: String,
        /// Whoever made it cannot approve it.
        #[uniffi(default = false)]
        not_by_maker: bool,
    },
    /// Answers a request for an approval.
    Vote {
        /// The approval.
        approval: String,
        /// The answer.
        answer: ApprovalAnswer,
        /// A note.
        #[uniffi(default = "")]
        note: String,
    },
    /// Passes one's own request on to somebody else.
    PassApproval {
        /// The approval.
        approval: String,
        /// The seat that is passed on: a member id, `role:KEY` or `team:KEY`.
        seat: String,
        /// The member who is to answer.
        to: String,
    },
    /// Asks one more.
    AddApprover {
        /// The approval.
        approval: String,
        /// A member id, `role:KEY` or `team:KEY`.
        seat: String,
    },
    /// Takes the request for an approval back.
    WithdrawApproval {
        /// The approval.
        approval: String,
    },
    /// Adds a document with its first version. Its bytes stay where they are.
    AddDocument {
        /// What people call it.
        name: String,
        /// Its type's id in the template, or empty.
        kind: String,
        /// What identifies the bytes.
        file: FileMark,
    },
    /// Adds a version to a document.
    AddVersion {
        /// The document.
        document: String,
        /// The versions that it comes after.
        parents: Vec<String>,
        /// What identifies the bytes.
        file: FileMark,
    },
    /// Says how a version stands.
    SetVersionStatus {
        /// The version.
        version: String,
        /// How.
        status: VersionStatus,
    },
    /// Chooses among versions that were written at once.
    ChooseVersion {
        /// The document.
        document: String,
        /// The version.
        version: String,
        /// Those it is chosen over.
        over: Vec<String>,
    },
    /// Renames a document.
    RenameDocument {
        /// The document.
        document: String,
        /// What people call it.
        name: String,
    },
    /// Withdraws a document.
    WithdrawDocument {
        /// The document.
        document: String,
    },
    /// Takes that back.
    ReinstateDocument {
        /// The document.
        document: String,
    },
    /// Adds a party.
    AddParty {
        /// Who it is.
        party: NewParty,
    },
    /// Writes down something else about a party.
    ChangeParty {
        /// The party.
        party: String,
        /// What.
        key: PartyKey,
        /// The new words.
        value: String,
    },
    /// Withdraws a party.
    WithdrawParty {
        /// The party.
        party: String,
    },
    /// Takes that back.
    ReinstateParty {
        /// The party.
        party: String,
    },
    /// Links the case to another.
    Link {
        /// How they stand to each other.
        relation: Relation,
        /// The other case.
        other: String,
    },
    /// Removes such a link.
    Unlink {
        /// How they stood to each other.
        relation: Relation,
        /// The other case.
        other: String,
    },
    /// Offers the case to somebody.
    OfferTransfer {
        /// A member id, `role:KEY` or `team:KEY`.
        to: String,
        /// A note.
        #[uniffi(default = "")]
        note: String,
    },
    /// Takes the case over.
    AcceptTransfer {
        /// The transfer.
        transfer: String,
    },
    /// Declines to.
    DeclineTransfer {
        /// The transfer.
        transfer: String,
    },
    /// Takes the offer back.
    WithdrawTransfer {
        /// The transfer.
        transfer: String,
    },
    /// Refers somebody to a service.
    Refer {
        /// The service, one line.
        service: String,
        /// That the party agreed.
        consent: ConsentRecord,
        /// Who is to answer: a member id, `role:KEY` or `team:KEY`; nothing for somebody outside.
        #[uniffi(default = None)]
        to: Option<String>,
        /// The party it is about.
        #[uniffi(default = None)]
        party: Option<String>,
        /// A note.
        #[uniffi(default = "")]
        note: String,
    },
    /// Accepts a referral.
    AcceptReferral {
        /// The referral.
        referral: String,
    },
    /// Declines it.
    DeclineReferral {
        /// The referral.
        referral: String,
    },
    /// Says what came of it.
    CompleteReferral {
        /// The referral.
        referral: String,
        /// What.
        outcome: String,
    },
    /// Takes it back.
    WithdrawReferral {
        /// The referral.
        referral: String,
    },
    /// Puts the case on hold: its clocks stand.
    Hold {
        /// What it waits for, one line.
        why: String,
        /// Until when, `YYYY-MM-DD`.
        #[uniffi(default = None)]
        until: Option<String>,
    },
    /// Ends a hold.
    EndHold {
        /// The hold.
        hold: String,
    },
    /// Archives the case.
    Archive,
    /// Takes it out of the archive.
    Unarchive,
    /// Puts it into the trash.
    Trash,
    /// Takes it out of the trash.
    Restore,
    /// Forbids that it is purged.
    SetLegalHold,
    /// Lifts that.
    LiftLegalHold,
    /// Asks for it to be purged, for good.
    RequestPurge {
        /// After so many days.
        days: u32,
    },
    /// Takes that back.
    CancelPurge,
    /// Flags the case, one line.
    SetFlag {
        /// The flag.
        flag: String,
    },
    /// Takes the flag off.
    ClearFlag {
        /// The flag.
        flag: String,
    },
    /// Hides the value of a field, its history included; needs a reason.
    RedactField {
        /// The field's id.
        field: String,
    },
    /// Hides a document; needs a reason.
    RedactDocument {
        /// The document.
        document: String,
    },
    /// Hides a party; needs a reason.
    RedactParty {
        /// The party.
        party: String,
    },
    /// Says how what was sent by a form stands.
    ReviewSubmission {
        /// The submission.
        submission: String,
        /// How.
        state: ReviewState,
    },
    /// Takes back a request for information.
    RevokeRequest {
        /// The request.
        request: String,
    },
    /// Looks at what was done through a rule that asks.
    ReviewOverride {
        /// The override.
        of: String,
        /// What the look came to.
        verdict: ReviewVerdict,
        /// A note.
        #[uniffi(default = "")]
        note: String,
    },
    /// Settles a contested value on one of its sides. `settle` names the side by its place.
    Settle {
        /// The contested place.
        place: String,
        /// The side that holds.
        value: Value,
    },
}

/// An action as the engine takes it, and the part that it makes.
pub(crate) type Ready = (CaseAction, Option<PartId>);

/// Where ids of new parts come from.
pub(crate) type Fresh<'a> = &'a mut dyn FnMut() -> Result<PartId, CaseworkError>;

impl Action {
    /// The action as the engine takes it.
    pub(crate) fn ready(self, fresh: Fresh<'_>) -> Result<Ready, CaseworkError> {
        let left = match self.fields(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        let left = match left.tasks(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        let left = match left.people()? {
            Ok(action) => return Ok((action, None)),
            Err(left) => left,
        };
        let left = match left.approvals(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        left.records(fresh)
    }

    /// Title, stage, fields, comments, decisions.
    fn fields(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let action = match self {
            Self::SetTitle { title } => CaseAction::SetTitle { title },
            Self::MoveTo { stage } => CaseAction::Move { to: stage },
            Self::SetField { field, value } => CaseAction::SetField {
                field,
                value: value.into(),
            },
            Self::ClearField { field } => CaseAction::ClearField { field },
            Self::AddOption { field, option } => CaseAction::AddOption { field, option },
            Self::RemoveOption { field, option } => CaseAction::RemoveOption { field, option },
            Self::Count { field, by } => CaseAction::Count { field, by },
            Self::EditProse { field, text } => CaseAction::EditText { field, text },
            Self::Comment {
                body,
                external,
                reply_to,
            } => {
                let (id, reply_to) = (fresh()?, read_some(reply_to.as_deref())?);
                let action = CaseAction::Comment {
                    id,
                    body,
                    external,
                    reply_to,
                };
                return Ok(Ok((action, Some(id))));
            }
            Self::EditComment { comment, body } => CaseAction::EditComment {
                id: read(&comment)?,
                body,
            },
            Self::RedactComment { comment } => CaseAction::RedactComment {
                id: read(&comment)?,
            },
            Self::Decide {
                question,
                outcome,
                rationale,
                conditions,
                supersedes,
            } => {
                let id = fresh()?;
                let decision = Decision {
                    id,
                    question,
                    outcome,
                    rationale,
                    conditions,
                    supersedes: read_all::<PartId, _>(&supersedes)?,
                };
                return Ok(Ok((CaseAction::Decide(decision), Some(id))));
            }
            Self::Close { resolution, notes } => CaseAction::Close(Closing {
                code: resolution,
                notes,
            }),
            Self::Reopen => CaseAction::Reopen,
            Self::Settle { place, value } => CaseAction::Settle {
                place: read(&place)?,
                value: value.into(),
            },
            left => return Ok(Err(left)),
        };
        Ok(Ok((action, None)))
    }

    /// Approvals.
    fn approvals(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let (action, made) = match self {
            Self::RequestApproval { kind, matter } => parts::approval(&kind, &matter, fresh)?,
            Self::AskApproval {
                label,
                from,
                mode,
                matter,
                not_by_maker,
            } => parts::asked((label, &from, &matter), (mode, not_by_maker), fresh)?,
            Self::Vote {
                approval,
                answer,
                note,
            } => parts::vote(&approval, answer, note, fresh)?,
            Self::PassApproval { approval, seat, to } => (
                ApprovalAction::Reassign {
                    approval: read(&approval)?,
                    seat: parts::seat(&seat)?,
                    by: parts::ME,
                    to: read(&to)?,
                },
                None,
            ),
            Self::AddApprover { approval, seat } => (
                ApprovalAction::AddApprover {
                    approval: read(&approval)?,
                    seat: parts::seat(&seat)?,
                },
                None,
            ),
            Self::WithdrawApproval { approval } => (
                ApprovalAction::Withdraw {
                    approval: read(&approval)?,
                },
                None,
            ),
            left => return Ok(Err(left)),
        };
        Ok(Ok((action.into(), made)))
    }
}
