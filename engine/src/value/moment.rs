//! Dates and moments. A moment keeps the offset it was written in.
//!
//! No clock and no time zone database: an offset is given or the text is refused, because a device
//! in another zone would read the same words as another moment.

use core::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;

/// A point in time and the offset it was written in; the same instant at another offset is another
/// value. Years 1 to 9999, offsets of whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    at: Timestamp,
    offset: Offset,
}

impl Moment {
    /// A moment; `None` when the offset has seconds or the local year is not 1 to 9999.
    #[must_use]
    pub fn new(at: Timestamp, offset: Offset) -> Option<Self> {
        let year = offset.to_datetime(at).year();
        (offset.seconds() % 60 == 0 && (1..=9999).contains(&year)).then_some(Self { at, offset })
    }

    /// The instant.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The offset from UTC that it was written in.
    #[must_use]
    pub const fn offset(&self) -> Offset {
        self.offset
    }

    /// Reads RFC 3339 and what people make of it: a blank for the `T`, a blank before the offset,
    /// no seconds. The offset is required; a bracketed zone is refused.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let joined = match text.rsplit_once(' ') {
            Some((before, offset)) if offset.starts_with(['+', '-', 'Z']) => {
                format!("{}{offset}", before.trim_end())
            }
            _ => text.to_owned(),
        };
        let pieces = DateTimeParser::new().parse_pieces(&joined).ok()?;
        if pieces.time_zone_annotation().is_some() {
            return None;
        }
        let offset = pieces.to_numeric_offset()?;
        let local = pieces.date().to_datetime(pieces.time()?);
        Self::new(offset.to_timestamp(local).ok()?, offset)
    }
}

/// RFC 3339 with a numeric offset and the shortest fraction: the canonical text.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.display_with_offset(self.offset).fmt(f)
    }
}

/// Reads `2026-03-01` and nothing else.
pub(crate) fn read_date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (date.year() >= 1 && date.to_string() == text).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_its_offset_and_has_one_text() {
        for text in [
            "2026-03-01T09:30:00+01:00",
            "2026-03-01 09:30 +01:00",
            "2026-03-01 09:30:00.000+01:00",
        ] {
            assert_eq!(
                Moment::read(text).unwrap().to_string(),
                "2026-03-01T09:30:00+01:00"
            );
        }
        let zulu = Moment::read("2026-03-01T08:30:00Z").unwrap();
        assert_eq!(zulu.to_string(), "2026-03-01T08:30:00+00:00");
        assert_eq!(
            zulu.at(),
            Moment::read("2026-03-01T09:30:00+01:00").unwrap().at()
        );
        assert_ne!(zulu, Moment::read("2026-03-01T09:30:00+01:00").unwrap());
    }

    #[test]
    fn a_moment_without_an_offset_or_with_a_zone_is_refused() {
        for text in [
            "2026-03-01 09:30",
            "2026-03-01",
            "09:30+01:00",
            "2026-03-01T09:30+01:00[Europe/Paris]",
            "2026-03-01T09:30:00+01:00:30",
            "2026-02-30T09:30:00+01:00",
            "-000001-03-01T09:30:00Z",
            "",
        ] {
            assert_eq!(Moment::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_is_read_only_in_its_canonical_form() {
        assert!(read_date("2026-03-01").is_some());
        for text in [
            "2026-3-1",
            "20260301",
            "2026-02-29",
            "01/03/2026",
            "0000-01-01",
            "",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }
}
