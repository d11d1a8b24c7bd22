//! When something is due: on a day, or at a moment.
//!
//! A day is over when it is over where the person stands who asks; a moment is the same everywhere.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use jiff::civil::Date;

use super::working_time::start_of;
use crate::template::Today;
use crate::value::Moment;
use crate::value::moment::read_date;

/// A day `2026-03-04`, or a moment `2026-03-04T17:00:00+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// By the end of a day.
    Day(Date),
    /// By a moment.
    Moment(Moment),
}

/// A text that is neither a day nor a moment. Cure: in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a due date; write 2026-03-04 or 2026-03-04 17:00 +01:00")]
pub struct DueError {
    /// The first 80 characters.
    pub text: String,
}

impl Due {
    /// The day that it is due, in the offset it was written in.
    #[must_use]
    pub fn date(self) -> Date {
        match self {
            Self::Day(date) => date,
            Self::Moment(moment) => moment.offset().to_datetime(moment.at()).date(),
        }
    }

    /// Whether it is past.
    #[must_use]
    pub fn is_over(self, today: &Today) -> bool {
        match self {
            Self::Day(date) => date < today.date,
            Self::Moment(moment) => moment.at() < today.now,
        }
    }

    /// Whether a text is the canonical text of one.
    #[must_use]
    pub fn is_canonical(text: &str) -> bool {
        text.parse::<Self>()
            .is_ok_and(|due| due.to_string() == text)
    }

    /// The next moment at which it is past, milliseconds UTC, where the offset from UTC is this
    /// many minutes.
    #[must_use]
    pub fn over_ms(self, zone_min: i16) -> i64 {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        match self {
            Self::Day(date) => start_of(date) + DAY_MS - i64::from(zone_min) * 60_000,
            Self::Moment(moment) => moment.at().as_millisecond() + 1,
        }
    }
}

/// Earlier first; of one day, the moments come before the day, which lasts until its end.
impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |due: &Self| match due {
            Self::Day(date) => (*date, 1, None),
            Self::Moment(moment) => (due.date(), 0, Some((moment.at(), moment.offset()))),
        };
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => date.fmt(f),
            Self::Moment(moment) => moment.fmt(f),
        }
    }
}

impl FromStr for Due {
    type Err = DueError;

    /// Reads the canonical text, and of a moment what people make of it.
    fn from_str(text: &str) -> Result<Self, DueError> {
        let day = read_date(text.trim()).map(Self::Day);
        day.or_else(|| Moment::read(text).map(Self::Moment))
            .ok_or_else(|| DueError {
                text: text.chars().take(80).collect(),
            })
    }
}
