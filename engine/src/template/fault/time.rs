//! What is wrong with a calendar or a clock of a package. The rules are in `calendar.rs` and
//! `sla.rs`.

use crate::template::span::Span;

/// The kinds of faults that only calendars and clocks have. Each text ends in what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeFault {
    /// A time zone that is not in the database. Use its IANA name.
    #[error("{zone:?} is not a time zone; use an IANA name, such as Europe/Lisbon")]
    UnknownZone {
        /// The name.
        zone: String,
    },
    /// A calendar that is never open: no clock would ever go. Give it hours.
    #[error("the calendar is never open; list opening hours, such as mon = [\"09:00-17:00\"]")]
    NeverOpen,
    /// Two opening hours of a day overlap. Merge them.
    #[error("the hours {first} and {second} overlap; merge the two")]
    OverlappingHours {
        /// The earlier ones.
        first: String,
        /// The later ones.
        second: String,
    },
    /// Holidays that end before they begin. Swap the two days.
    #[error("the days {range} end before they begin; swap the two")]
    BackwardDays {
        /// The days.
        range: String,
    },
    /// A calendar is named that does not exist. Correct the name or add the calendar.
    #[error("there is no calendar {id:?}; correct the id or add the calendar")]
    UnknownCalendar {
        /// The id.
        id: String,
    },
    /// Business time without a calendar. Add one, or use plain days or hours.
    #[error("{span} need a calendar; add one to the template, or write plain days or hours")]
    NeedsCalendar {
        /// The span.
        span: Span,
    },
    /// A clock that warns before it has begun. Shorten the warning.
    #[error("the warning {warn} before is not shorter than the target {target}; shorten it")]
    WarnsAtOnce {
        /// The warning.
        warn: Span,
        /// The target.
        target: Span,
    },
    /// A clock that could never go. Take the stage out of one of the lists.
    #[error(
        "the clock would never go: {id:?} both starts it and stops it; take it out of one list"
    )]
    NeverRuns {
        /// The stage.
        id: String,
    },
    /// A clock in a stage where cases have ended. Remove it.
    #[error("a finished case waits for nothing; remove the clock of this stage")]
    ClockAtEnd,
}
