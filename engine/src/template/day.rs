//! Days and moments as conditions write them: fixed (`2026-03-01`) or relative to the moment of an
//! action (`today+5d`, `now-30d`).
//!
//! `today` is a date where the person stands, `now` a moment. Units: `min`, `h` (with `now` only),
//! `d`, `w`, `mo`, `y`. Reads no clock: the moment is an argument.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::check::Today;
use super::limits::MAX_DISTANCE;
use crate::value::Moment;
use crate::value::moment::read_date;

/// A day or moment as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// A date.
    Date(Date),
    /// A moment.
    At(Timestamp),
    /// So far from today.
    Today(Distance),
    /// So far from now.
    Now(Distance),
}

/// How far, in which unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Distance {
    amount: i64,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

/// A point in time to compare with: a whole day, or a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// A whole day.
    Day(Date),
    /// A moment.
    At(Timestamp),
}

impl Written {
    /// Reads a date, a moment with its offset, `today±N` or `now±N`; `None` for anything else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some(distance) = text.strip_prefix("today") {
            let distance = Distance::read(distance)?;
            let whole = !matches!(distance.unit, Unit::Minutes | Unit::Hours);
            return whole.then_some(Self::Today(distance));
        }
        if let Some(distance) = text.strip_prefix("now") {
            return Distance::read(distance).map(Self::Now);
        }
        if let Some(date) = read_date(text) {
            return Some(Self::Date(date));
        }
        Moment::read(text).map(|moment| Self::At(moment.at()))
    }

    /// The point meant; `None` when it lies beyond the calendar.
    pub(crate) fn resolve(&self, today: &Today) -> Option<Point> {
        match self {
            Self::Date(date) => Some(Point::Day(*date)),
            Self::At(at) => Some(Point::At(*at)),
            Self::Today(distance) => {
                let day = today.date.checked_add(distance.span()).ok()?;
                Some(Point::Day(day))
            }
            Self::Now(distance) => {
                let local = today.offset.to_datetime(today.now);
                let then = local.checked_add(distance.span()).ok()?;
                today.offset.to_timestamp(then).ok().map(Point::At)
            }
        }
    }
}

impl Distance {
    /// Reads nothing, `+5d`, `-30min`.
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            let (amount, unit) = (0, Unit::Days);
            return Some(Self { amount, unit });
        }
        let (sign, rest) = match text.as_bytes().first()? {
            b'+' => (1, &text[1..]),
            b'-' => (-1, &text[1..]),
            _ => return None,
        };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let amount: u32 = rest[..digits].parse().ok()?;
        let unit = match &rest[digits..] {
            "min" => Unit::Minutes,
            "h" => Unit::Hours,
            "d" => Unit::Days,
            "w" => Unit::Weeks,
            "mo" => Unit::Months,
            "y" => Unit::Years,
            _ => return None,
        };
        (amount <= MAX_DISTANCE).then_some(Self {
            amount: sign * i64::from(amount),
            unit,
        })
    }

    fn span(self) -> Span {
        // Within the limits of every unit: the amount is at most MAX_DISTANCE, years at most that
        // many are refused by jiff when added, not when named.
        let span = Span::new();
        let named = match self.unit {
            Unit::Minutes => span.try_minutes(self.amount),
            Unit::Hours => span.try_hours(self.amount),
            Unit::Days => span.try_days(self.amount),
            Unit::Weeks => span.try_weeks(self.amount),
            Unit::Months => span.try_months(self.amount),
            Unit::Years => span.try_years(self.amount),
        };
        // More years than the calendar has: as far as it goes, which no case reaches.
        named.unwrap_or_else(|_| Span::new().years(self.amount.signum() * 9_998))
    }
}

impl Point {
    /// Whether it is the same day, or the same moment.
    pub(crate) fn is(self, other: Self, today: &Today) -> bool {
        match (self, other) {
            (Self::At(one), Self::At(two)) => one == two,
            (_, _) => self.day(today) == other.day(today),
        }
    }

    /// Whether it is earlier: by the day, unless both are moments.
    pub(crate) fn is_before(self, other: Self, today: &Today) -> bool {
        match (self, other) {
            (Self::At(one), Self::At(two)) => one < two,
            (_, _) => self.day(today) < other.day(today),
        }
    }

    fn day(self, today: &Today) -> Date {
        match self {
            Self::Day(date) => date,
            Self::At(at) => today.offset.to_datetime(at).date(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    fn today() -> Today {
        let now = "2026-03-31T23:30:00Z".parse().unwrap();
        Today::at(now, Offset::constant(1))
    }

    fn point(text: &str) -> String {
        match Written::read(text).unwrap().resolve(&today()) {
            Some(Point::Day(date)) => date.to_string(),
            Some(Point::At(at)) => at.to_string(),
            None => "beyond".to_owned(),
        }
    }

    #[test]
    fn relative_days_count_from_the_day_where_the_person_stands() {
        assert_eq!(point("today"), "2026-04-01");
        assert_eq!(point("today+5d"), "2026-04-06");
        assert_eq!(point("today-1mo"), "2026-03-01");
        assert_eq!(point("today+2w"), "2026-04-15");
        assert_eq!(point("now"), "2026-03-31T23:30:00Z");
        assert_eq!(point("now-90min"), "2026-03-31T22:00:00Z");
        assert_eq!(point("now-1y"), "2025-03-31T23:30:00Z");
        assert_eq!(point("today+36600y"), "beyond");
        assert_eq!(point("2026-03-01"), "2026-03-01");
        assert_eq!(point("2026-03-01 09:30 +01:00"), "2026-03-01T08:30:00Z");
    }

    #[test]
    fn what_is_no_day_is_not_read() {
        for text in [
            "",
            "tomorrow",
            "today+",
            "today+5",
            "today5d",
            "today+5h",
            "now+5x",
            "now+-5d",
            "today+36601d",
            "today+99999999999d",
            "2026-3-1",
        ] {
            assert_eq!(Written::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_and_a_day_are_compared_by_the_day() {
        let late = Point::At("2026-03-31T23:10:00Z".parse().unwrap());
        let day = Point::Day("2026-04-01".parse().unwrap());
        assert!(late.is(day, &today()) && day.is(late, &today()));
        assert!(!late.is_before(day, &today()));
        let next = Point::Day("2026-04-02".parse().unwrap());
        assert!(late.is_before(next, &today()) && !next.is_before(late, &today()));
    }
}
