//! A point in time with the offset it was written in, read from the many forms found in logs.
//!
//! Invariant: a [`Moment`] always has a civil date and time that can be shown.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Most digits of a fraction that the date parser reads.
const FRACTION_DIGITS: usize = 9;

/// A point in time to the millisecond, and the offset from UTC it was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    at_ms: i64,
    offset_minutes: i16,
}

/// A moment as read, and what had to be assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadMoment {
    /// The moment.
    pub(crate) moment: Moment,
    /// There was no offset: taken as UTC.
    pub(crate) no_offset: bool,
    /// It was finer than a millisecond: cut.
    pub(crate) finer: bool,
}

impl Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z, negative before.
    pub fn at_ms(self) -> i64 {
        self.at_ms
    }

    /// Minutes that the local time is ahead of UTC, negative west of Greenwich.
    pub fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }

    /// The local date.
    pub fn date(self) -> Date {
        self.civil().date()
    }

    /// Whether the local time is midnight to the millisecond: most likely a date was meant.
    pub(crate) fn is_midnight(self) -> bool {
        (self.at_ms + i64::from(self.offset_minutes) * 60_000).rem_euclid(DAY_MS) == 0
    }

    /// Reads ISO 8601 / `xs:dateTime` in the forms seen in logs: any offset or none, any
    /// fraction, a space for the `T`, or a date alone. `None` if it is not a date.
    pub(crate) fn read(text: &str) -> Option<ReadMoment> {
        let text = with_short_fraction(text.trim());
        let pieces = Pieces::parse(text.as_ref()).ok()?;
        let offset = pieces.to_numeric_offset();
        if offset.is_none() && pieces.time_zone_annotation().is_some() {
            return None;
        }
        let civil = pieces
            .date()
            .to_datetime(pieces.time().unwrap_or(Time::midnight()));
        let instant = offset.unwrap_or(Offset::UTC).to_timestamp(civil).ok()?;
        let offset_minutes = i16::try_from(offset.unwrap_or(Offset::UTC).seconds() / 60).ok()?;
        let at_ms = instant.as_nanosecond().div_euclid(1_000_000);
        let moment = Self {
            at_ms: i64::try_from(at_ms).ok()?,
            offset_minutes,
        };
        moment.try_civil()?;
        Some(ReadMoment {
            moment,
            no_offset: offset.is_none(),
            finer: instant.as_nanosecond().rem_euclid(1_000_000) != 0,
        })
    }

    fn civil(self) -> DateTime {
        self.try_civil()
            .expect("a moment is only made after its civil time was computed")
    }

    fn try_civil(self) -> Option<DateTime> {
        let offset = Offset::from_seconds(i32::from(self.offset_minutes) * 60).ok()?;
        Some(offset.to_datetime(Timestamp::from_millisecond(self.at_ms).ok()?))
    }
}

impl fmt::Display for Moment {
    /// RFC 3339, with the offset as hours and minutes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.offset_minutes.unsigned_abs();
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        write!(
            f,
            "{}{sign}{:02}:{:02}",
            self.civil(),
            minutes / 60,
            minutes % 60
        )
    }
}

/// Cuts a fraction to what the date parser reads; some tools write twelve digits.
fn with_short_fraction(text: &str) -> Cow<'_, str> {
    let Some(dot) = text.find(['.', ',']) else {
        return Cow::Borrowed(text);
    };
    let digits = text[dot + 1..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    if digits <= FRACTION_DIGITS {
        return Cow::Borrowed(text);
    }
    let (head, tail) = (&text[..=dot + FRACTION_DIGITS], &text[dot + 1 + digits..]);
    Cow::Owned(format!("{head}{tail}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        Moment::read(text).map_or("none".to_owned(), |read| read.moment.to_string())
    }

    #[test]
    fn offsets_and_fractions_of_every_tool_are_read() {
        for (text, expected) in [
            (
                "2011-10-11T13:45:40.276+02:00",
                "2011-10-11T13:45:40.276+02:00",
            ),
            ("2012-10-09T14:50:17+00:00", "2012-10-09T14:50:17+00:00"),
            ("2012-10-09T14:50:17Z", "2012-10-09T14:50:17+00:00"),
            ("2012-10-09T14:50:17", "2012-10-09T14:50:17+00:00"),
            ("2012-10-09 14:50:17.5", "2012-10-09T14:50:17.5+00:00"),
            (
                "2012-10-09T14:50:17.1234567+05:30",
                "2012-10-09T14:50:17.123+05:30",
            ),
            (
                "2012-10-09T14:50:17.123456789012-03:30",
                "2012-10-09T14:50:17.123-03:30",
            ),
            ("2012-10-09T14:50:17+0200", "2012-10-09T14:50:17+02:00"),
            (
                "2012-04-20 08:11:26.118+02",
                "2012-04-20T08:11:26.118+02:00",
            ),
            ("2012-10-09T14:50Z", "2012-10-09T14:50:00+00:00"),
            (" 2012-10-09 ", "2012-10-09T00:00:00+00:00"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999+00:00"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "soon",
            "10/09/2012",
            "2012-13-01T00:00:00Z",
            "2012-02-30T00:00:00Z",
            "2012-10-09T25:00:00Z",
            "2012-10-09T14:50:17[Europe/Lisbon]",
            "99999-01-01T00:00:00Z",
            "2012-10-09T14:50:17+99:00",
            "14:50:17",
        ] {
            assert_eq!(shown(text), "none", "{text}");
        }
    }

    #[test]
    fn assumptions_are_reported() {
        let local = Moment::read("2012-10-09T14:50:17").unwrap();
        assert!(local.no_offset && !local.finer);
        let fine = Moment::read("1969-12-31T23:59:59.9999999Z").unwrap();
        assert!(fine.finer && !fine.no_offset);
        assert_eq!(fine.moment.at_ms(), -1);
    }

    #[test]
    fn midnight_is_judged_in_local_time() {
        assert!(
            Moment::read("2012-10-09T00:00:00+02:00")
                .unwrap()
                .moment
                .is_midnight()
        );
        assert!(
            !Moment::read("2012-10-09T00:00:00.001+02:00")
                .unwrap()
                .moment
                .is_midnight()
        );
        assert!(
            !Moment::read("2012-10-08T22:00:00Z")
                .unwrap()
                .moment
                .is_midnight()
        );
        let date = Moment::read("2012-10-09T00:30:00+02:00")
            .unwrap()
            .moment
            .date();
        assert_eq!(date.to_string(), "2012-10-09");
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            let _ = Moment::read(&text);
        }

        #[test]
        fn what_is_shown_reads_back_equal(ms in -60_000_000_000_000i64..200_000_000_000_000, offset in -900i16..900) {
            let moment = Moment { at_ms: ms, offset_minutes: offset };
            prop_assume!(moment.try_civil().is_some());
            let read = Moment::read(&moment.to_string()).unwrap();
            prop_assert_eq!(read.moment, moment);
        }
    }
}
