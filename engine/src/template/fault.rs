//! What is wrong with a package, where, and what to do about it.

mod form;
mod list;
mod time;
mod trigger;

pub use form::FormFault;
pub(super) use list::Faults;
pub use list::TemplateFault;
pub use time::TimeFault;
pub use trigger::TriggerFault;

use crate::value::{ConflictPolicy, FieldError, FieldType};

/// The kinds of faults. Each text ends in what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The key has another shape. Choose two to six capital letters.
    #[error("the key {key:?} must be two to six capital letters, such as HR")]
    BadKey {
        /// The key.
        key: String,
    },
    /// An id has another shape. Choose a plain one; it is never shown.
    #[error("the id {id:?} must be 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit")]
    BadId {
        /// The id.
        id: String,
    },
    /// Two things of one kind have the same id. Rename one.
    #[error("the id {id:?} is used twice; rename one of them")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A name, label or message is empty. Write one.
    #[error("{what} is empty; write one")]
    Empty {
        /// Which.
        what: &'static str,
    },
    /// A text is too long or holds control characters. Shorten it or remove them.
    #[error("{what} must be at most {max} bytes of text without control characters")]
    BadText {
        /// Which.
        what: &'static str,
        /// The limit in bytes.
        max: usize,
    },
    /// There are more of something than a template may have. Remove some.
    #[error("there are {count} {what} and may be {max}; remove some")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The package as a whole is too large. Remove options, fields or texts.
    #[error("the package has {bytes} bytes and may have {max}; remove options or shorten texts")]
    TooLarge {
        /// Its canonical length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A colour has another shape. Write it in hexadecimal.
    #[error("{colour:?} is not a colour; write it as #2563eb, in lower case")]
    BadColour {
        /// The colour.
        colour: String,
    },
    /// No stage for a new case. Add one.
    #[error("no stage has the category intake or active; add one for new cases")]
    NoStart,
    /// No stage for a finished case. Add one.
    #[error("no stage has the category done or cancelled; add one for finished cases")]
    NoEnd,
    /// Cases that enter the stage could never leave it. List a move out of it, or make it final.
    #[error("no move leads out of this stage; list one or make the stage done or cancelled")]
    DeadEnd,
    /// Moves lead out of the stage, but never to the end. List one that does.
    #[error("no way leads from this stage to a done or cancelled stage; list the missing move")]
    NoWayToEnd,
    /// A stage is named that does not exist. Correct the name or add the stage.
    #[error("there is no stage {id:?}; correct the id or add the stage")]
    UnknownStage {
        /// The id.
        id: String,
    },
    /// A field is named that does not exist. Correct the name or add the field.
    #[error("there is no field {id:?}; correct the id or add the field")]
    UnknownField {
        /// The id.
        id: String,
    },
    /// A field is required that nobody can fill. Do not require it.
    #[error("the {kind} field {id:?} cannot be filled, so it cannot be required; remove it here")]
    CannotBeFilled {
        /// The field's id.
        id: String,
        /// Its type.
        kind: FieldType,
    },
    /// The same pair is listed twice. Merge the two.
    #[error("the move from {from:?} to {to:?} is listed twice; merge the two")]
    DuplicateTransition {
        /// The stage left.
        from: String,
        /// The stage entered.
        to: String,
    },
    /// A move from a stage to itself. Remove it.
    #[error("a move from {id:?} to itself changes nothing; remove it")]
    MoveToItself {
        /// The stage.
        id: String,
    },
    /// A select without options that can be chosen. Add some.
    #[error("a {kind} field needs at least one option that is not disabled")]
    NoOptions {
        /// The field's type.
        kind: FieldType,
    },
    /// A table without columns. Add some.
    #[error("a table needs at least one column")]
    NoColumns,
    /// Two options cannot be told apart. Rename one.
    #[error("the label {label:?} is the label or id of another option; rename one of them")]
    AmbiguousLabel {
        /// The label.
        label: String,
    },
    /// A label holds a semicolon, which separates several choices. Rewrite it.
    #[error("the label {label:?} holds a semicolon, which separates choices; rewrite it")]
    SemicolonInLabel {
        /// The label.
        label: String,
    },
    /// The setting means nothing for this type. Remove it.
    #[error("{setting} means nothing for a {kind} field; remove it")]
    DoesNotApply {
        /// Which.
        setting: &'static str,
        /// The field's type.
        kind: FieldType,
    },
    /// A column has a type or a setting that a cell cannot have. Use a simple field.
    #[error("a column cannot have {what}; use a simple type without it")]
    BadColumn {
        /// What it has.
        what: String,
    },
    /// The policy means nothing for this type. Remove it.
    #[error("the conflict policy {policy} does not suit a {kind} field; remove it")]
    BadPolicy {
        /// The policy.
        policy: ConflictPolicy,
        /// The field's type.
        kind: FieldType,
    },
    /// A bound is not a value of the type. Correct it.
    #[error("{setting} {value:?} is not a bound of a {kind} field; expected {expected}")]
    BadBound {
        /// `min` or `max`.
        setting: &'static str,
        /// The bound.
        value: String,
        /// The field's type.
        kind: FieldType,
        /// What would be one.
        expected: &'static str,
    },
    /// No value can lie between the bounds. Swap them.
    #[error("min {min:?} is above max {max:?}; swap them")]
    EmptyRange {
        /// The lower bound.
        min: String,
        /// The upper bound.
        max: String,
    },
    /// The pattern is no regular expression, or too costly. Correct it.
    #[error("the pattern {pattern:?} cannot be used: {problem}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// Why.
        problem: String,
    },
    /// A currency has another shape. Use the ISO 4217 code.
    #[error("{currency:?} is not a currency; use three capital letters, such as EUR")]
    BadCurrency {
        /// The currency.
        currency: String,
    },
    /// A kind of approval is named that does not exist. Correct the id or add it.
    #[error("there is no approval {id:?}; correct the id or add it")]
    UnknownApproval {
        /// The id.
        id: String,
    },
    /// An approval that nobody is asked to give. Name approvers.
    #[error("nobody is asked, so nobody could give it; name at least one approver")]
    NobodyApproves,
    /// More members must agree than can. Lower the count or name a role.
    #[error(
        "{count} members of {approvers} approvers can never agree; count from 1 to {approvers}, or name a role"
    )]
    UnreachableCount {
        /// The count.
        count: u16,
        /// How many are named.
        approvers: usize,
    },
    /// A count that nothing uses. Set the mode to count, or remove it.
    #[error("a count means something only with mode \"count\"; set the mode or remove the count")]
    CountWithoutMode,
    /// A field that names no person is to name an approver. Use a member field.
    #[error("the {kind} field {id:?} names no member; use a member field")]
    NotAMember {
        /// The field's id.
        id: String,
        /// Its type.
        kind: FieldType,
    },
    /// A threshold looks at a field that has no amount. Use a number, money or counter field.
    #[error("the {kind} field {id:?} has no amount to compare; use a number, money or counter")]
    NotAnAmount {
        /// The field's id.
        id: String,
        /// Its type.
        kind: FieldType,
    },
    /// The threshold is no value of its field. Correct it.
    #[error("the threshold cannot be compared: {problem}")]
    BadThreshold {
        /// Why.
        #[source]
        problem: FieldError,
    },
    /// A threshold that lies below an earlier one of its field could hide it. Sort them.
    #[error("the thresholds of one field must rise; sort them")]
    ThresholdsDescend,
    /// The default is not a value that the field takes. Correct it.
    #[error("the default is refused: {problem}")]
    BadDefault {
        /// Why.
        #[source]
        problem: FieldError,
    },
    /// A field is required and hidden in the same stage. Show it, or do not require it.
    #[error("the field {id:?} is required and hidden here; show it or do not require it")]
    HiddenRequired {
        /// The field's id.
        id: String,
    },
    /// A field is required, but no stage lets anybody fill it. Make it visible in one.
    #[error("the field {id:?} is required, but every stage hides it or makes it read-only")]
    ReadOnlyRequired {
        /// The field's id.
        id: String,
    },
    /// A field is required that is no longer filled. Do not require it, or enable it.
    #[error("the field {id:?} is disabled, so it cannot be required; enable it or remove it here")]
    DisabledRequired {
        /// The field's id.
        id: String,
    },
    /// A test asks what its subject cannot answer. Use one of the operators named.
    #[error("{subject} cannot be asked {operator:?}; use {allowed}")]
    WrongOperator {
        /// What is asked about.
        subject: String,
        /// How.
        operator: &'static str,
        /// The operators that suit it.
        allowed: String,
    },
    /// A test compares with something that its subject never is. Correct the value.
    #[error("{subject} is never {value:?}; expected {expected}")]
    BadTestValue {
        /// What is asked about.
        subject: String,
        /// The value.
        value: String,
        /// What would be one.
        expected: String,
    },
    /// A test has no value, several where one is compared, or one where none is. Correct it.
    #[error("{subject} {operator} takes {takes}")]
    BadTestCount {
        /// What is asked about.
        subject: String,
        /// How.
        operator: &'static str,
        /// How many values it takes, and under which key.
        takes: &'static str,
    },
    /// A group of a condition holds no test, so it could never hold. Remove it.
    #[error("a group of tests is empty and would never hold; remove it")]
    EmptyGroup,
    /// A mapping leads away from something that is still there. Remove one of the two.
    #[error("{id:?} is mapped but still there; remove the mapping, or the thing itself")]
    MapsWhatIs {
        /// The id.
        id: String,
    },
    /// An option is named that the field does not have. Correct the name or add the option.
    #[error("the field {field:?} has no option {id:?}; correct the id or add the option")]
    UnknownOption {
        /// The option's id.
        id: String,
        /// The field's id.
        field: String,
    },
    /// A decision type is named that does not exist. Correct the name or add the type.
    #[error("there is no decision type {id:?}; correct the id or add the type")]
    UnknownDecisionType {
        /// The id.
        id: String,
    },
    /// An option or outcome is named that does not exist. Correct the name or add it.
    #[error("there is no option {id:?}; correct the id or add the option")]
    UnknownChoice {
        /// The id.
        id: String,
    },
    /// Somebody is named who cannot be found. Name a person in one of the forms there are.
    #[error(
        "{text:?} names nobody here; write owner, actor, member/ID or field/ID of a field of type member"
    )]
    BadPerson {
        /// The words.
        text: String,
    },
    /// Work is given to several people at once. Name one.
    #[error(
        "{text} may be several people, and work is given to one; write owner, actor, member/ID or field/ID"
    )]
    NotOnePerson {
        /// The words.
        text: String,
    },
    /// A placeholder stands for nothing. Correct it.
    #[error("{problem}")]
    BadPlaceholder {
        /// Why.
        #[source]
        problem: super::placeholder::PlaceholderError,
    },
    /// An automation reads prose that people edit together. Use another field.
    #[error(
        "the text of {id:?} is edited by several people at once, so an automation cannot quote it; use another field"
    )]
    ProseInRule {
        /// The field's id.
        id: String,
    },
    /// Automations without conditions set each other off for ever. Give one of them a condition.
    #[error(
        "it sets itself off again, perhaps through other automations, and none of them has a condition; give one of them a condition or remove it"
    )]
    AutomationLoop,
    /// A form has a fault of its own kind.
    #[error(transparent)]
    Form(FormFault),
    /// A calendar or a clock has a fault of its own kind.
    #[error(transparent)]
    Time(TimeFault),
    /// A trigger, or a rule that has one, has a fault of its own kind.
    #[error(transparent)]
    Trigger(TriggerFault),
}
