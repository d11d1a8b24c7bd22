//! What is wrong with a trigger that the agent watches, or with a rule that has one. The checks are
//! in `trigger_faults.rs`.

/// The kinds of faults that only triggers have. Each text ends in what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerFault {
    /// A clock is named that does not exist. Correct the name or add the clock.
    #[error("there is no clock {id:?}; write stage/ID or case/ID of one, or add it")]
    UnknownClock {
        /// The id.
        id: String,
    },
    /// A warning is waited for that no clock gives. Add a warning to the clock.
    #[error("the clock {id:?} never warns; give it a warning, or wait for sla-breached")]
    NeverWarns {
        /// The clock, or `any`.
        id: String,
    },
    /// A date is waited for in a field that holds none. Name another field.
    #[error("the field {id:?} holds no date; name one of type date or date-time, or due")]
    NoDate {
        /// The field.
        id: String,
    },
    /// A document type is named that does not exist. Correct the name or add it.
    #[error("there is no document type {id:?}; correct the id or add it")]
    UnknownDocument {
        /// The id.
        id: String,
    },
    /// A form is named that does not exist. Correct the name or add it.
    #[error("there is no form {id:?}; correct the id or add it")]
    UnknownForm {
        /// The id.
        id: String,
    },
    /// Both before and after a date. Remove one.
    #[error("it cannot be both before and after the date; remove one")]
    BeforeAndAfter,
    /// An approval that is still pending gave nothing. Name another outcome.
    #[error("a pending approval has not come out; write approved, returned, rejected or withdrawn")]
    Pending,
    /// A rule that nobody's act sets off speaks of who acts. Name somebody else.
    #[error("nobody's act sets this rule off, so there is no actor; name somebody else")]
    NoActor,
}
