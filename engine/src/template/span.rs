//! A length of time as a template writes it: `3 business days`, `4 business hours`, `8 weeks`.
//!
//! A span is a number of one unit. What it comes to from a given moment, in a given calendar, is
//! worked out in `crate::clock`. Invariant: every [`Span`] is within the bounds of its unit.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of one unit of time, from 1 to the unit's most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    amount: u32,
    unit: SpanUnit,
}

/// What a span counts. The first two count time as it passes; days, weeks and months count days of
/// a calendar and end with the last of them; the last three count only the hours that a calendar
/// is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanUnit {
    /// Sixty seconds.
    Minutes,
    /// Sixty minutes.
    Hours,
    /// Days of a calendar, whether open or not.
    Days,
    /// Seven days.
    Weeks,
    /// Months: the same day of a later month, or its last day.
    Months,
    /// Minutes in which the calendar is open.
    BusinessMinutes,
    /// Hours in which the calendar is open.
    BusinessHours,
    /// Days on which the calendar opens at all.
    BusinessDays,
}

/// A text that is no span. Cure: in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// Another shape.
    #[error(
        "{text:?} is not a length of time; write a number and a unit, such as 4 hours, 8 weeks, \
         3 business days or PT4H"
    )]
    Unreadable {
        /// The first 80 characters.
        text: String,
    },
    /// Nothing, or more than anybody waits for.
    #[error("{amount} {unit} is out of bounds; write 1 to {max} {unit}")]
    OutOfBounds {
        /// How many.
        amount: u64,
        /// Of what.
        unit: SpanUnit,
        /// The most there may be.
        max: u32,
    },
}

impl Span {
    /// A span.
    ///
    /// # Errors
    /// [`SpanError::OutOfBounds`] for nothing and for more than the unit's [`SpanUnit::most`].
    pub fn new(amount: u64, unit: SpanUnit) -> Result<Self, SpanError> {
        let max = unit.most();
        match u32::try_from(amount) {
            Ok(amount) if (1..=max).contains(&amount) => Ok(Self { amount, unit }),
            Ok(_) | Err(_) => Err(SpanError::OutOfBounds { amount, unit, max }),
        }
    }

    /// How many.
    #[must_use]
    pub const fn amount(self) -> u32 {
        self.amount
    }

    /// Of what.
    #[must_use]
    pub const fn unit(self) -> SpanUnit {
        self.unit
    }
}

impl SpanUnit {
    /// Every unit.
    pub const ALL: [Self; 8] = [
        Self::Minutes,
        Self::Hours,
        Self::Days,
        Self::Weeks,
        Self::Months,
        Self::BusinessMinutes,
        Self::BusinessHours,
        Self::BusinessDays,
    ];

    /// The most of it that a span may have: about a hundred years of days, ten of hours. Business
    /// time is walked through day by day, so it is bounded to about twenty years.
    #[must_use]
    pub const fn most(self) -> u32 {
        match self {
            Self::Minutes => 5_256_000,
            Self::Hours => 87_600,
            Self::Days => 36_500,
            Self::Weeks => 5_200,
            Self::Months => 1_200,
            Self::BusinessMinutes => 2_400_000,
            Self::BusinessHours => 40_000,
            Self::BusinessDays => 5_000,
        }
    }

    /// Whether only the open hours of a calendar count.
    #[must_use]
    pub const fn is_business(self) -> bool {
        match self {
            Self::BusinessMinutes | Self::BusinessHours | Self::BusinessDays => true,
            Self::Minutes | Self::Hours | Self::Days | Self::Weeks | Self::Months => false,
        }
    }

    /// Whether it counts days, and so ends with a day.
    #[must_use]
    pub const fn counts_days(self) -> bool {
        match self {
            Self::Days | Self::Weeks | Self::Months | Self::BusinessDays => true,
            Self::Minutes | Self::Hours | Self::BusinessMinutes | Self::BusinessHours => false,
        }
    }

    /// The words for one and for several.
    #[must_use]
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Minutes => ("minute", "minutes"),
            Self::Hours => ("hour", "hours"),
            Self::Days => ("day", "days"),
            Self::Weeks => ("week", "weeks"),
            Self::Months => ("month", "months"),
            Self::BusinessMinutes => ("business minute", "business minutes"),
            Self::BusinessHours => ("business hour", "business hours"),
            Self::BusinessDays => ("business day", "business days"),
        }
    }
}

impl fmt::Display for SpanUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names().1)
    }
}

/// The canonical text: `1 business day`, `8 weeks`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, several) = self.unit.names();
        write!(
            f,
            "{} {}",
            self.amount,
            if self.amount == 1 { one } else { several }
        )
    }
}

impl FromStr for Span {
    type Err = SpanError;

    /// Reads the canonical text, its usual abbreviations, and the durations of ISO 8601 that have
    /// one part (`PT4H`, `P3D`, `P8W`, `P2M`).
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let words = text.trim().to_ascii_lowercase();
        let found = read_iso(&words).or_else(|| read_words(&words));
        let (amount, unit) = found.ok_or_else(|| SpanError::Unreadable {
            text: text.chars().take(80).collect(),
        })?;
        Self::new(amount, unit)
    }
}

fn read_iso(text: &str) -> Option<(u64, SpanUnit)> {
    let rest = text.strip_prefix('p')?;
    let (digits, unit) = if let Some(time) = rest.strip_prefix('t') {
        let unit = match time.chars().last()? {
            'h' => SpanUnit::Hours,
            'm' => SpanUnit::Minutes,
            _ => return None,
        };
        (time, unit)
    } else {
        let unit = match rest.chars().last()? {
            'd' => SpanUnit::Days,
            'w' => SpanUnit::Weeks,
            'm' => SpanUnit::Months,
            'y' => {
                return Some((
                    number(&rest[..rest.len() - 1])?.checked_mul(12)?,
                    SpanUnit::Months,
                ));
            }
            _ => return None,
        };
        (rest, unit)
    };
    Some((number(&digits[..digits.len() - 1])?, unit))
}

fn read_words(text: &str) -> Option<(u64, SpanUnit)> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let amount = number(&text[..at])?;
    let words: Vec<&str> = text[at..].split_whitespace().collect();
    let (business, name) = match words.as_slice() {
        [name] => (false, *name),
        ["business" | "working", name] => (true, *name),
        _ => return None,
    };
    let unit = match (business, name) {
        (false, "minute" | "minutes" | "min" | "m") => SpanUnit::Minutes,
        (false, "hour" | "hours" | "h") => SpanUnit::Hours,
        (false, "day" | "days" | "d") => SpanUnit::Days,
        (false, "week" | "weeks" | "w") => SpanUnit::Weeks,
        (false, "month" | "months") => SpanUnit::Months,
        (false, "year" | "years") => return Some((amount.checked_mul(12)?, SpanUnit::Months)),
        (true, "minute" | "minutes" | "min") => SpanUnit::BusinessMinutes,
        (true, "hour" | "hours" | "h") => SpanUnit::BusinessHours,
        (true, "day" | "days" | "d") => SpanUnit::BusinessDays,
        (_, _) => return None,
    };
    Some((amount, unit))
}

/// Digits only: neither a sign nor a blank.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_one_text_however_it_was_written() {
        for (written, text) in [
            ("3 business days", "3 business days"),
            ("1 Working Day", "1 business day"),
            ("4 business hours", "4 business hours"),
            (" 8 weeks ", "8 weeks"),
            ("PT4H", "4 hours"),
            ("pt90m", "90 minutes"),
            ("P3D", "3 days"),
            ("P2M", "2 months"),
            ("P1Y", "12 months"),
            ("4h", "4 hours"),
            ("90 min", "90 minutes"),
            ("2 years", "24 months"),
        ] {
            let span: Span = written.parse().unwrap();
            assert_eq!(span.to_string(), text);
            assert_eq!(text.parse(), Ok(span));
        }
    }

    #[test]
    fn the_bounds_of_every_unit_read_back_and_one_more_is_refused() {
        for unit in SpanUnit::ALL {
            let most = Span::new(u64::from(unit.most()), unit).unwrap();
            assert_eq!(most.to_string().parse(), Ok(most));
            assert!(Span::new(u64::from(unit.most()) + 1, unit).is_err());
            assert!(Span::new(0, unit).is_err());
        }
    }

    #[test]
    fn what_is_no_span_is_refused_with_an_example() {
        for text in [
            "",
            "3",
            "days",
            "-3 days",
            "3.5 hours",
            "3 business weeks",
            "P1DT4H",
            "PT",
            "P",
            "p1",
            "1 day 4 hours",
            "99999999999999999999999 hours",
            "é",
            "3 é",
            "Pé",
        ] {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains("write"), "{error}");
        }
    }
}
