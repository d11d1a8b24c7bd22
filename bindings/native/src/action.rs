//! Everything a person can do to a case, as one list of actions.
//!
//! Fields are named as the case names them. New parts (a comment, a task, a document) get their
//! ids here, and the answer of the call says which. A kind of action that the engine learns does
//! not pass the tests until it is reached from here.

mod parts;
mod ready;
mod records;

pub use ready::{Fresh, Ready};

use crate::given::{ApprovalAnswer, ApprovalMode, ConsentRecord, FileMark, NewParty};
use crate::text::Value;
use crate::vocabulary::{PartyKey, Relation, ReviewState, ReviewVerdict, VersionStatus};

/// One thing done to a case. More may come.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
#[rustfmt::skip] // A line per field: the list is long, and read as a list.
pub enum Action {
    /// Gives another title, one line.
    SetTitle { #[doc = "The title."] title: String },
    /// Moves to a stage, forward or back.
    MoveTo { #[doc = "The stage's id."] stage: String },
    /// Gives a field a value. `set_field` takes the words of people instead.
    SetField {
        #[doc = "The field's id."] field: String,
        #[doc = "Its canonical value, not nothing."] value: Value,
    },
    /// Takes a field's value away.
    ClearField { #[doc = "The field's id."] field: String },
    /// Adds an option to a multi select.
    AddOption {
        #[doc = "The field's id."] field: String,
        #[doc = "The option's id."] option: String,
    },
    /// Removes an option from a multi select.
    RemoveOption {
        #[doc = "The field's id."] field: String,
        #[doc = "The option's id."] option: String,
    },
    /// Adds to a counter.
    Count { #[doc = "The field's id."] field: String, #[doc = "What is added; not zero."] by: i64 },
    /// Edits prose that several people edit together; only the difference is written.
    EditProse {
        #[doc = "The field's id."] field: String,
        #[doc = "The whole new text."] text: String,
    },
    /// Writes a comment.
    Comment {
        #[doc = "What it says."] body: String,
        #[doc = "Written for people outside the team."] #[uniffi(default = false)] external: bool,
        #[doc = "The comment, or what somebody sent by a form, that it answers."] #[uniffi(default = None)] reply_to: Option<String>,
    },
    /// Rewrites one's own comment.
    EditComment {
        #[doc = "The comment."] comment: String,
        #[doc = "What it says now."] body: String,
    },
    /// Hides a comment; needs a reason.
    RedactComment { #[doc = "The comment."] comment: String },
    /// Creates a task.
    CreateTask {
        #[doc = "What is to be done, one line."] title: String,
        #[doc = "The member who is to do it."] #[uniffi(default = None)] assignee: Option<String>,
        #[doc = "By when, `YYYY-MM-DD`."] #[uniffi(default = None)] due: Option<String>,
        #[doc = "The items of its checklist."] #[uniffi(default = [])] checklist: Vec<String>,
    },
    /// Gives a task to a member, or to nobody.
    AssignTask {
        #[doc = "The task."] task: String,
        #[doc = "The member."] assignee: Option<String>,
    },
    /// Changes the due date of a task.
    RescheduleTask {
        #[doc = "The task."] task: String,
        #[doc = "`YYYY-MM-DD`, or nothing."] due: Option<String>,
    },
    /// Finishes a task.
    FinishTask { #[doc = "The task."] task: String },
    /// Cancels a task.
    CancelTask { #[doc = "The task."] task: String },
    /// Opens a finished or cancelled task again.
    ReopenTask { #[doc = "The task."] task: String },
    /// Adds an item to a task's checklist.
    AddItem { #[doc = "The task."] task: String, #[doc = "What it says, one line."] text: String },
    /// Checks or unchecks an item of a checklist.
    CheckItem {
        #[doc = "The task."] task: String,
        #[doc = "The item."] item: String,
        #[doc = "Checked or not."] done: bool,
    },
    /// Makes a task come again when it is done, or no longer.
    RepeatTask {
        #[doc = "The task."] task: String,
        #[doc = "`every 2 weeks` and the like; nothing ends it."] every: Option<String>,
    },
    /// Assigns a member to the case.
    Assign { #[doc = "The member."] member: String },
    /// Takes a member off the case.
    Unassign { #[doc = "The member."] member: String },
    /// Gives the case to an owner, or to nobody.
    SetOwner { #[doc = "The member."] member: Option<String> },
    /// Has a member told of what happens to the case.
    Watch { #[doc = "The member."] member: String },
    /// No longer.
    Unwatch { #[doc = "The member."] member: String },
    /// Puts a label on, one line.
    AddLabel { #[doc = "The label."] label: String },
    /// Takes a label off.
    RemoveLabel { #[doc = "The label."] label: String },
    /// Sets or clears the priority, one line.
    SetPriority { #[doc = "The priority."] priority: Option<String> },
    /// Sets or clears the severity, one line.
    SetSeverity { #[doc = "The severity."] severity: Option<String> },
    /// Sets or clears the due date.
    SetDue { #[doc = "`YYYY-MM-DD`."] due: Option<String> },
    /// Records a decision.
    Decide {
        #[doc = "The question's id in the template."] question: String,
        #[doc = "The outcome's id."] outcome: String,
        #[doc = "Why."] #[uniffi(default = "")] rationale: String,
        #[doc = "On what conditions."] #[uniffi(default = "")] conditions: String,
        #[doc = "The decisions that it replaces."] #[uniffi(default = [])] supersedes: Vec<String>,
    },
    /// Closes the case.
    Close {
        #[doc = "The resolution's id."] resolution: String,
        #[doc = "Notes."] #[uniffi(default = "")] notes: String,
    },
    /// Reopens the case.
    Reopen,
    /// Asks for an approval of the template.
    RequestApproval {
        #[doc = "The approval's id in the template."] kind: String,
        #[doc = "`case`, `version/ID` or `decision/ID`."] #[uniffi(default = "case")] matter: String,
    },
    /// Asks people for an approval that the template does not know.
    AskApproval {
        #[doc = "What people call it."] label: String,
        #[doc = "Who is asked: member ids, `role:KEY`, `team:KEY`."] from: Vec<String>,
        #[doc = "How many must agree."] mode: ApprovalMode,
        #[doc = "`case`, `version/ID` or `decision/ID`."] #[uniffi(default = "case")] matter: String,
        #[doc = "Whoever made it cannot approve it."] #[uniffi(default = false)] not_by_maker: bool,
    },
    /// Answers a request for an approval.
    Vote {
        #[doc = "The approval."] approval: String,
        #[doc = "The answer."] answer: ApprovalAnswer,
        #[doc = "A note."] #[uniffi(default = "")] note: String,
    },
    /// Passes one's own request on to somebody else.
    PassApproval {
        #[doc = "The approval."] approval: String,
        #[doc = "The seat that is passed on: a member id, `role:KEY` or `team:KEY`."] seat: String,
        #[doc = "The member who is to answer."] to: String,
    },
    /// Asks one more.
    AddApprover {
        #[doc = "The approval."] approval: String,
        #[doc = "A member id, `role:KEY` or `team:KEY`."] seat: String,
    },
    /// Takes the request for an approval back.
    WithdrawApproval { #[doc = "The approval."] approval: String },
    /// Adds a document with its first version. Its bytes stay where they are.
    AddDocument {
        #[doc = "What people call it."] name: String,
        #[doc = "Its type's id in the template, or empty."] kind: String,
        #[doc = "What identifies the bytes."] file: FileMark,
    },
    /// Adds a version to a document.
    AddVersion {
        #[doc = "The document."] document: String,
        #[doc = "The versions that it comes after."] parents: Vec<String>,
        #[doc = "What identifies the bytes."] file: FileMark,
    },
    /// Says how a version stands.
    SetVersionStatus {
        #[doc = "The version."] version: String,
        #[doc = "How."] status: VersionStatus,
    },
    /// Chooses among versions that were written at once.
    ChooseVersion {
        #[doc = "The document."] document: String,
        #[doc = "The version."] version: String,
        #[doc = "Those it is chosen over."] over: Vec<String>,
    },
    /// Renames a document.
    RenameDocument {
        #[doc = "The document."] document: String,
        #[doc = "What people call it."] name: String,
    },
    /// Withdraws a document.
    WithdrawDocument { #[doc = "The document."] document: String },
    /// Takes that back.
    ReinstateDocument { #[doc = "The document."] document: String },
    /// Adds a party.
    AddParty { #[doc = "Who it is."] party: NewParty },
    /// Writes down something else about a party.
    ChangeParty {
        #[doc = "The party."] party: String,
        #[doc = "What."] key: PartyKey,
        #[doc = "The new words."] value: String,
    },
    /// Withdraws a party.
    WithdrawParty { #[doc = "The party."] party: String },
    /// Takes that back.
    ReinstateParty { #[doc = "The party."] party: String },
    /// Links the case to another.
    Link {
        #[doc = "How they stand to each other."] relation: Relation,
        #[doc = "The other case."] other: String,
    },
    /// Removes such a link.
    Unlink {
        #[doc = "How they stood to each other."] relation: Relation,
        #[doc = "The other case."] other: String,
    },
    /// Offers the case to somebody.
    OfferTransfer {
        #[doc = "A member id, `role:KEY` or `team:KEY`."] to: String,
        #[doc = "A note."] #[uniffi(default = "")] note: String,
    },
    /// Takes the case over.
    AcceptTransfer { #[doc = "The transfer."] transfer: String },
    /// Declines to.
    DeclineTransfer { #[doc = "The transfer."] transfer: String },
    /// Takes the offer back.
    WithdrawTransfer { #[doc = "The transfer."] transfer: String },
    /// Refers somebody to a service.
    Refer {
        #[doc = "The service, one line."] service: String,
        #[doc = "That the party agreed."] consent: ConsentRecord,
        #[doc = "Who is to answer: a member id, `role:KEY` or `team:KEY`; nothing for somebody outside."] #[uniffi(default = None)] to: Option<String>,
        #[doc = "The party it is about."] #[uniffi(default = None)] party: Option<String>,
        #[doc = "A note."] #[uniffi(default = "")] note: String,
    },
    /// Accepts a referral.
    AcceptReferral { #[doc = "The referral."] referral: String },
    /// Declines it.
    DeclineReferral { #[doc = "The referral."] referral: String },
    /// Says what came of it.
    CompleteReferral {
        #[doc = "The referral."] referral: String,
        #[doc = "What."] outcome: String,
    },
    /// Takes it back.
    WithdrawReferral { #[doc = "The referral."] referral: String },
    /// Puts the case on hold: its clocks stand.
    Hold {
        #[doc = "What it waits for, one line."] why: String,
        #[doc = "Until when, `YYYY-MM-DD`."] #[uniffi(default = None)] until: Option<String>,
    },
    /// Ends a hold.
    EndHold { #[doc = "The hold."] hold: String },
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
    RequestPurge { #[doc = "After so many days."] days: u32 },
    /// Takes that back.
    CancelPurge,
    /// Flags the case, one line.
    SetFlag { #[doc = "The flag."] flag: String },
    /// Takes the flag off.
    ClearFlag { #[doc = "The flag."] flag: String },
    /// Hides the value of a field, its history included; needs a reason.
    RedactField { #[doc = "The field's id."] field: String },
    /// Hides a document; needs a reason.
    RedactDocument { #[doc = "The document."] document: String },
    /// Hides a party; needs a reason.
    RedactParty { #[doc = "The party."] party: String },
    /// Says how what was sent by a form stands.
    ReviewSubmission {
        #[doc = "The submission."] submission: String,
        #[doc = "How."] state: ReviewState,
    },
    /// Takes back a request for information.
    RevokeRequest { #[doc = "The request."] request: String },
    /// Looks at what was done through a rule that asks.
    ReviewOverride {
        #[doc = "The override."] of: String,
        #[doc = "What the look came to."] verdict: ReviewVerdict,
        #[doc = "A note."] #[uniffi(default = "")] note: String,
    },
    /// Settles a contested value on one of its sides. `settle` names the side by its place.
    Settle {
        #[doc = "The contested place."] place: String,
        #[doc = "The side that holds."] value: Value,
    },
}
