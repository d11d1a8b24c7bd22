//! A business calendar as a template writes it: a time zone, opening hours by weekday, holidays.
//!
//! Opening hours are what a clock on the wall shows there, so a day on which clocks are put back is
//! an hour longer only if that hour is open. What time comes to is worked out in `crate::clock`.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::{Fault, Faults, TimeFault};
use super::limits::{MAX_CALENDARS, MAX_HOLIDAYS, MAX_OPEN_HOURS, YEARS};
use super::package::Package;
use super::publish::{limit, name, slug, unique};
use crate::clock::find_zone;
use crate::value::text::cut;

/// When work is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Stable id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The IANA name of its time zone, such as `Europe/Lisbon`.
    pub zone: String,
    /// The open hours of each weekday; a day that is not listed is closed.
    pub hours: BTreeMap<Day, Vec<OpenHours>>,
    /// The days on which it is closed all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holiday>,
}

/// A weekday, written `mon` to `sun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// Hours of one day, written `09:00-17:30`; the end may be `24:00`. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpenHours {
    from_min: u16,
    until_min: u16,
}

/// Days on which a calendar is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holiday {
    /// One day, written `2026-12-24`.
    On(Date),
    /// The same day every year, written `12-25`. The 29th of February is one in leap years.
    Yearly {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
    },
    /// From a day to a day, both included, written `2026-08-10/2026-08-21`.
    Between(Date, Date),
    /// So many days after the Easter Sunday of the Gregorian calendar, written `easter-2`,
    /// `easter`, `easter+60`.
    Easter(i16),
}

/// A text that is no part of a calendar. Cure: in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// Opening hours of another shape, or that end before they begin.
    #[error("{text:?} are no opening hours; write 09:00-17:30, the end after the beginning")]
    Hours {
        /// The first 80 characters.
        text: String,
    },
    /// A holiday of another shape.
    #[error(
        "{text:?} is no holiday; write 2026-12-24, 12-25 for every year, 2026-08-10/2026-08-21 or \
         easter-2"
    )]
    Holiday {
        /// The first 80 characters.
        text: String,
    },
}

impl Calendar {
    /// The hours of a weekday, in the order in which they were written.
    #[must_use]
    pub fn hours_of(&self, day: Day) -> &[OpenHours] {
        self.hours.get(&day).map_or(&[], Vec::as_slice)
    }
}

impl Day {
    /// Every day of the week, Monday first.
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];

    /// The name used in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    /// The day of a date.
    #[must_use]
    pub fn of(date: Date) -> Self {
        match date.weekday() {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }

    /// Reads `mon`, `Monday` and the like; `None` for anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let known = |day: &Self| {
            let whole = match day {
                Self::Mon => "monday",
                Self::Tue => "tuesday",
                Self::Wed => "wednesday",
                Self::Thu => "thursday",
                Self::Fri => "friday",
                Self::Sat => "saturday",
                Self::Sun => "sunday",
            };
            text == day.name() || text == whole
        };
        Self::ALL.into_iter().find(known)
    }
}

impl OpenHours {
    /// Hours between two minutes of a day; `None` unless the end lies after the beginning and
    /// within the day.
    #[must_use]
    pub fn new(from_min: u16, until_min: u16) -> Option<Self> {
        (from_min < until_min && until_min <= 24 * 60).then_some(Self {
            from_min,
            until_min,
        })
    }

    /// The first open minute, from midnight.
    #[must_use]
    pub const fn from_min(self) -> u16 {
        self.from_min
    }

    /// The first minute that is not open any more, at most 1,440.
    #[must_use]
    pub const fn until_min(self) -> u16 {
        self.until_min
    }
}

impl fmt::Display for OpenHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from_min, self.until_min);
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from / 60,
            from % 60,
            until / 60,
            until % 60
        )
    }
}

impl FromStr for OpenHours {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let read = || {
            let (from, until) = text.split_once('-')?;
            Self::new(read_minute(from.trim())?, read_minute(until.trim())?)
        };
        read().ok_or_else(|| CalendarError::Hours { text: cut(text) })
    }
}

/// `09:30` as minutes from midnight; `24:00` is one.
fn read_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
}

impl fmt::Display for Holiday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(date) => date.fmt(f),
            Self::Yearly { month, day } => write!(f, "{month:02}-{day:02}"),
            Self::Between(first, last) => write!(f, "{first}/{last}"),
            Self::Easter(0) => f.write_str("easter"),
            Self::Easter(days) => write!(f, "easter{days:+}"),
        }
    }
}

impl FromStr for Holiday {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        read_holiday(text.trim()).ok_or_else(|| CalendarError::Holiday { text: cut(text) })
    }
}

fn read_holiday(text: &str) -> Option<Holiday> {
    if let Some(days) = text.strip_prefix("easter") {
        let days: i16 = if days.is_empty() {
            0
        } else {
            days.parse().ok().filter(|_| days.starts_with(['+', '-']))?
        };
        return (-300..=300)
            .contains(&days)
            .then_some(Holiday::Easter(days));
    }
    if let Some((first, last)) = text.split_once('/') {
        return Some(Holiday::Between(read_day(first)?, read_day(last)?));
    }
    if text.len() == 5 {
        // Read in a leap year, so that the 29th of February is a day.
        let date = read_day(&format!("2024-{text}"))?;
        return Some(Holiday::Yearly {
            month: date.month(),
            day: date.day(),
        });
    }
    read_day(text).map(Holiday::On)
}

fn read_day(text: &str) -> Option<Date> {
    let date: Date = text.trim().parse().ok()?;
    (date.to_string() == text.trim() && YEARS.contains(&date.year())).then_some(date)
}

macro_rules! as_text {
    ($($kind:ty),+) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    )+};
}

as_text!(OpenHours, Holiday);

/// Adds the faults of the package's calendars: unknown zones, hours that overlap, calendars that
/// never open.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    let calendars = &package.calendars;
    limit(
        "calendars",
        ("calendars", calendars.len(), MAX_CALENDARS),
        faults,
    );
    for (index, calendar) in calendars.iter().take(MAX_CALENDARS).enumerate() {
        let at = format!("calendars[{index}] {:?}", cut(&calendar.id));
        slug(&at, &calendar.id, faults);
        name(&at, &calendar.name, "the name", faults);
        if find_zone(&calendar.zone).is_none() {
            let zone = cut(&calendar.zone);
            faults.add(
                format!("{at}.zone"),
                Fault::Time(TimeFault::UnknownZone { zone }),
            );
        }
        find_hours_faults(calendar, &at, faults);
        let at = format!("{at}.holidays");
        let count = calendar.holidays.len();
        limit(&at, ("holidays", count, MAX_HOLIDAYS), faults);
        for holiday in calendar.holidays.iter().take(MAX_HOLIDAYS) {
            if let Holiday::Between(first, last) = holiday
                && first > last
            {
                let range = holiday.to_string();
                faults.add(&at, Fault::Time(TimeFault::BackwardDays { range }));
            }
        }
    }
    unique(
        calendars.iter().map(|calendar| &calendar.id),
        "calendars",
        faults,
    );
}

fn find_hours_faults(calendar: &Calendar, at: &str, faults: &mut Faults) {
    if calendar.hours.values().all(Vec::is_empty) {
        faults.add(format!("{at}.hours"), Fault::Time(TimeFault::NeverOpen));
    }
    for (day, hours) in &calendar.hours {
        let at = format!("{at}.hours.{}", day.name());
        limit(&at, ("opening hours", hours.len(), MAX_OPEN_HOURS), faults);
        let mut sorted: Vec<OpenHours> = hours.iter().take(MAX_OPEN_HOURS).copied().collect();
        sorted.sort_unstable();
        for pair in sorted.windows(2) {
            if pair[1].from_min < pair[0].until_min {
                let (first, second) = (pair[0].to_string(), pair[1].to_string());
                faults.add(
                    &at,
                    Fault::Time(TimeFault::OverlappingHours { first, second }),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_holidays_have_one_text_however_they_were_written() {
        for (written, text) in [
            ("09:00-17:30", "09:00-17:30"),
            ("00:00 - 24:00", "00:00-24:00"),
        ] {
            let hours: OpenHours = written.parse().unwrap();
            assert_eq!(hours.to_string(), text);
        }
        for text in [
            "2026-12-24",
            "12-25",
            "02-29",
            "2026-08-10/2026-08-21",
            "easter",
            "easter-2",
            "easter+60",
        ] {
            let holiday: Holiday = text.parse().unwrap();
            assert_eq!(holiday.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_part_of_a_calendar_is_refused() {
        for text in [
            "",
            "9:00-17:00",
            "09:00",
            "17:00-09:00",
            "09:00-09:00",
            "09:60-10:00",
            "09:00-24:01",
            "+9:00-10:00",
            "é-10:00",
        ] {
            assert!(text.parse::<OpenHours>().is_err(), "{text}");
        }
        for text in [
            "",
            "13-01",
            "02-30",
            "2026-13-01",
            "easter2",
            "easter+",
            "easter+301",
            "easter+x",
            "2026-08-10/",
            "1000-01-01",
            "12-2é",
            "2026-1-1",
        ] {
            assert!(text.parse::<Holiday>().is_err(), "{text}");
        }
    }
}
