//! Why an action is refused before it is written: what failed, and the way out.
//!
//! The structural refusals also keep a received change out; those that come from rules, constraints
//! or a lack of effect never do.

mod agreement;

use casework_protocol::ids::{MemberId, RevisionId};

pub use agreement::AgreementError;

use super::kind::ActionKind;
use super::part::PartId;
use super::place::Place;
use crate::template::Unmapped;
use crate::value::FieldError;

/// An action that cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// The document holds no case. Cure: open it first, or look at the right document.
    #[error("there is no case in this document yet")]
    NotOpened,
    /// The document holds a case already. Cure: open another document.
    #[error("the case is open already")]
    AlreadyOpened,
    /// The case holds no such part. Cure: look at the case for its parts; it may not have arrived.
    #[error("the case has no {what} {id}")]
    UnknownPart {
        /// Task, item, comment or decision.
        what: &'static str,
        /// The id looked for.
        id: PartId,
    },
    /// The id is taken. Cause: a seed used twice. Cure: ask with a fresh id.
    #[error("the {what} {id} exists already")]
    Occupied {
        /// Task, item, comment, decision or action.
        what: &'static str,
        /// The id.
        id: PartId,
    },
    /// The case holds no such record. Cure: look at it for its records; it may not be here yet.
    #[error("the case has no {place}")]
    NoRecord {
        /// The record looked for.
        place: Place,
    },
    /// There is such a record already. Cause: a seed used twice. Cure: ask with a fresh id.
    #[error("{place} exists already")]
    RecordExists {
        /// The record.
        place: Place,
    },
    /// There is nothing at this place to take away. Cure: look at the case again.
    #[error("there is nothing to take away at {place}")]
    NothingThere {
        /// The place.
        place: Place,
    },
    /// Nothing would change. Cure: none needed.
    #[error("{place} is so already")]
    Unchanged {
        /// The place.
        place: Place,
    },
    /// Only contested values are settled. Cure: set the value instead.
    #[error("{place} is not contested, so there is nothing to settle")]
    NotContested {
        /// The place.
        place: Place,
    },
    /// Settling chooses one of the sides. Cure: choose one, or set another value.
    #[error("{value:?} is none of the contested sides of {place}: {sides}")]
    NotASide {
        /// The place.
        place: Place,
        /// The value asked for.
        value: String,
        /// The sides there are.
        sides: String,
    },
    /// Values of this place are not settled. Cure: act on it directly.
    #[error("{place} cannot be settled; act on it directly")]
    NotSettleable {
        /// The place.
        place: Place,
    },
    /// A text that must say something is blank.
    #[error("the {what} is blank")]
    Blank {
        /// Which text.
        what: &'static str,
    },
    /// A text is too long. Cure: shorten it.
    #[error("the {what} has {bytes} bytes and may have {max}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Too many of something at once. Cure: do it in several actions.
    #[error("{count} {what} are more than the {max} that one action may have")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// A text holds a character that it may not hold. Cure: remove it.
    #[error("the {what} holds the control character U+{code:04X}")]
    ControlCharacter {
        /// Which text.
        what: &'static str,
        /// The character.
        code: u32,
    },
    /// A text is no id of a stage, field or option. Cure: copy the id from the template.
    #[error("{text:?} is not the id of a {what}")]
    NotAnId {
        /// Stage, field or option.
        what: &'static str,
        /// The first 80 characters.
        text: String,
    },
    /// A text is neither a date nor a moment. Cure: write `YYYY-MM-DD`, or a moment with its offset.
    #[error("the {what} {text:?} is not a date such as 2026-03-01 or 2026-03-01T17:00:00+01:00")]
    NotADate {
        /// Which date.
        what: &'static str,
        /// The first 80 characters.
        text: String,
    },
    /// A value of the wrong kind for what is done with it. Cure: the action named.
    #[error("{what}: {problem}")]
    WrongValue {
        /// Which value.
        what: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// The action needs a reason. Cure: give one.
    #[error("{action} needs a reason")]
    NeedsReason {
        /// The action.
        action: ActionKind,
    },
    /// The message would be longer than a change may carry. Cure: shorten the reason.
    #[error("the message of this action has {bytes} bytes and may have {max}")]
    MessageTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },

    /// The change would be larger than the gate lets through. Cure: shorten the texts, or give
    /// them in several actions.
    #[error("this action would take {bytes} bytes and may take {max}")]
    ChangeTooLarge {
        /// About how many.
        bytes: usize,
        /// The limit.
        max: usize,
    },

    /// The template's revision has no such stage. Cure: one of those named.
    #[error("the template has no stage {stage:?}; it has {known}")]
    UnknownStage {
        /// The stage asked for.
        stage: String,
        /// The stages there are.
        known: String,
    },
    /// The template's revision has no such field. Cure: one of those named.
    #[error("the template has no field {field:?}; it has {known}")]
    UnknownField {
        /// The field asked for.
        field: String,
        /// The fields there are.
        known: String,
    },
    /// The field is of another kind than the action needs. Cure: the action named.
    #[error("the field {field:?} is {kind}: {cure}")]
    WrongKind {
        /// The field.
        field: String,
        /// Its type and policy.
        kind: String,
        /// The action to use.
        cure: &'static str,
    },
    /// The field has no such option, or no longer offers it. Cure: one of those named.
    #[error("the field {field:?} offers no option {option:?}; it offers {known}")]
    UnknownOption {
        /// The field.
        field: String,
        /// The option asked for.
        option: String,
        /// The options that can be chosen.
        known: String,
    },
    /// The value does not fit the field. Cure: in the text.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The template has no such resolution. Cure: one of those named.
    #[error("the template has no resolution {code:?}; it has {known}")]
    UnknownResolution {
        /// The code asked for.
        code: String,
        /// The codes there are.
        known: String,
    },
    /// The decision type has no such outcome. Cure: one of those named.
    #[error(
        "the question {question:?} cannot be answered with {outcome:?}; the answers are {known}"
    )]
    UnknownOutcome {
        /// The question.
        question: String,
        /// The outcome asked for.
        outcome: String,
        /// The outcomes there are.
        known: String,
    },
    /// The workspace has no such member. Cure: add the member first.
    #[error("the workspace has no member {member}")]
    UnknownMember {
        /// The member asked for.
        member: MemberId,
    },
    /// The template takes no new cases. Cure: another template, or open this one again.
    #[error("the template is {status} and takes no new cases")]
    TemplateClosed {
        /// Its status.
        status: &'static str,
    },
    /// The case is closed. Cure: reopen it first.
    #[error("the case is closed; reopen it first, then {action} is possible")]
    Closed {
        /// The action refused.
        action: ActionKind,
    },
    /// A rule of the template forbids the move. Cure: in the rule's text, or the stages named.
    #[error("the move from {from:?} to {to:?} is blocked: {rule}; possible from here: {open}")]
    Blocked {
        /// The stage left.
        from: String,
        /// The stage that was to be entered.
        to: String,
        /// What the rule says.
        rule: String,
        /// The stages that can be entered.
        open: String,
    },
    /// A rule of the template forbids this here. Cure: in the rule's text, or where it is possible.
    #[error("{action} is blocked: {rule}; {open}")]
    Forbidden {
        /// The action.
        action: ActionKind,
        /// What the rule says.
        rule: String,
        /// Where or how it is possible.
        open: String,
    },
    /// A rule of the template asks before this is done. Cure: do what it says, or override it with
    /// a reason.
    #[error("{rule}; to go on all the same, override the rule and give a reason")]
    Asked {
        /// What the rule says.
        rule: String,
    },
    /// The revision is current already. Cure: none needed.
    #[error("the revision {revision} is current already")]
    AlreadyCurrent {
        /// The revision.
        revision: RevisionId,
    },
    /// The type or policy of a field never changes. Cure: add a field under another id.
    #[error("the field {field:?} is {from} and cannot become {to}; add another field instead")]
    TypeChanged {
        /// The field.
        field: String,
        /// What it is.
        from: String,
        /// What it would become.
        to: String,
    },
    /// A revision is named that the template does not have. Cure: one of those published.
    #[error("the template has no revision {revision}")]
    UnknownRevision {
        /// The revision.
        revision: RevisionId,
    },
    /// A publish does not take the place of exactly what is current. Cause: somebody published in
    /// between. Cure: publish again.
    #[error("the revision {revision} does not take the place of what is current: {current}")]
    WrongLineage {
        /// The revision.
        revision: RevisionId,
        /// What is current.
        current: String,
    },
    /// A publish takes something away that cases may have. Cure: in the text.
    #[error(transparent)]
    Unmapped(Unmapped),
    /// The draft was published or given up. Cure: begin another one.
    #[error("the draft {id} is no longer written; begin another one")]
    DraftClosed {
        /// The draft.
        id: PartId,
    },
    /// The draft says so already. Cure: none needed.
    #[error("the draft is so already")]
    DraftUnchanged,
    /// The inbox is so already. Cure: none needed.
    #[error("the inbox is so already")]
    InboxUnchanged,
    /// An approval, a handover or a hold refuses it. Cure: in the text.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// This kind of decision must say more. Cure: add it.
    #[error("a decision on {question:?} must give its {part}")]
    DecisionLacks {
        /// The question.
        question: String,
        /// Rationale or conditions.
        part: &'static str,
    },
    /// An edit by another person than the comment's author. Cure: answer the comment.
    #[error("the comment {id} was written by somebody else; only its author can edit it")]
    NotYours {
        /// The comment.
        id: PartId,
    },
    /// Only one member can do this, and it is not the one who asks. Cure: ask that member.
    #[error("only {member} can do this ({action})")]
    NotYourself {
        /// The action.
        action: ActionKind,
        /// Whose it is.
        member: MemberId,
    },
    /// Only a rule of the template does this, as what an act sets off. Cure: do what sets it off.
    #[error("only an automation does {action}")]
    OnlyByRule {
        /// The action.
        action: ActionKind,
    },
    /// Only the agent does this, when it is time. Cure: none; it does so by itself.
    #[error("only the agent does {action}, when it is time")]
    OnlyByAgent {
        /// The action.
        action: ActionKind,
    },
    /// The template offers other words. Cure: one of those named.
    #[error("{word:?} is no {what} of the template; there are {known}")]
    NotOffered {
        /// Of what.
        what: &'static str,
        /// The word asked for.
        word: String,
        /// The words there are.
        known: String,
    },
    /// The template asks for fields before this. Cure: fill them first.
    #[error("{what} needs these fields to be filled first: {missing}")]
    FieldsFirst {
        /// What is to be done.
        what: String,
        /// The fields that are empty.
        missing: String,
    },
    /// A purge is not requested while a legal hold stands. Cure: have the hold lifted.
    #[error("a legal hold stands on the case; it cannot be purged")]
    OnLegalHold,
    /// The case is in the trash. Cure: restore it first.
    #[error("the case is in the trash; restore it first, then {action} is possible")]
    Trashed {
        /// The action refused.
        action: ActionKind,
    },
    /// What was done cannot be taken back by doing something. Cure: in the text.
    #[error("{action} is not taken back: {problem}")]
    NotUndoable {
        /// What was done.
        action: ActionKind,
        /// Why, and what to do instead.
        problem: &'static str,
    },
    /// There is nothing left that could be taken back.
    #[error("you have done nothing here that is left to be taken back")]
    NothingToUndo,
}
