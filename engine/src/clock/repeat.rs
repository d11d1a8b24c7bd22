//! What repeats: `every 2 weeks`, `every mon, thu until 2026-12-31`, `every business day, 5 times`.
//!
//! A small set instead of the whole of RFC 5545: what people set for a task. The next date is a
//! function of the date before it, the day of finishing and the calendar. Invariant: it lies after
//! the date before it, and not in the past of the day of finishing.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::due::Due;
use super::working_time::WorkingTime;
use crate::template::Day;
use crate::value::Moment;
use crate::value::moment::read_date;

/// The most units between two, and the most times.
const MOST: u32 = 1_000;
/// Most days that are looked through for the next date: a calendar may be closed for long.
const MAX_DAYS: u32 = 40_000;

/// How something repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    rhythm: Rhythm,
    until: Option<Date>,
    times: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rhythm {
    Days(u32),
    BusinessDays(u32),
    Weeks(u32),
    /// On each of these weekdays.
    On(BTreeSet<Day>),
    /// Every so many months, on a day of the month; one that the month lacks is its last.
    Months(u32, Option<i8>),
}

/// A text that says no repetition. Cure: in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no repetition; write every day, every 3 business days, every mon, thu, every 2 \
     weeks, every month on day 31, and if need be until 2026-12-31 or 5 times"
)]
pub struct RepeatError {
    /// The first 80 characters.
    pub text: String,
}

impl Repeat {
    /// The next date after `due`, and how that one repeats; `None` after the last. Dates that are
    /// past on the day of finishing are left out. Days are those of the calendar, else Monday to
    /// Friday; moments keep their time of day, in the calendar's zone if there is one.
    #[must_use]
    pub fn next(
        &self,
        due: Due,
        finished: Date,
        time: Option<&WorkingTime>,
    ) -> Option<(Due, Self)> {
        let times = match self.times {
            Some(times) => Some(times.checked_sub(1).filter(|left| *left > 0)?),
            None => None,
        };
        let local = local_time(due, time);
        let before = local
            .as_ref()
            .map_or_else(|| due.date(), |local| local.date);
        let date = self.rhythm.next(before, finished, time)?;
        if self.until.is_some_and(|until| date > until) {
            return None;
        }
        let next = match local {
            None => Due::Day(date),
            Some(local) => Due::Moment(local.on(date, time)?),
        };
        let rest = Self {
            times,
            ..self.clone()
        };
        Some((next, rest))
    }
}

/// A moment's day and time of day.
struct Local {
    date: Date,
    time: jiff::civil::Time,
    offset: jiff::tz::Offset,
}

impl Local {
    fn on(&self, date: Date, calendar: Option<&WorkingTime>) -> Option<Moment> {
        let at = date.to_datetime(self.time);
        let zoned = calendar.and_then(|calendar| {
            let zone = calendar.zone();
            let instant = zone.to_timestamp(at).ok()?;
            Moment::new(instant, zone.to_offset(instant))
        });
        zoned.or_else(|| Moment::new(self.offset.to_timestamp(at).ok()?, self.offset))
    }
}

fn local_time(due: Due, calendar: Option<&WorkingTime>) -> Option<Local> {
    let moment = match due {
        Due::Day(_) => return None,
        Due::Moment(moment) => moment,
    };
    let offset = calendar.map_or(moment.offset(), |time| time.zone().to_offset(moment.at()));
    let at = offset.to_datetime(moment.at());
    Some(Local {
        date: at.date(),
        time: at.time(),
        offset,
    })
}

impl Rhythm {
    fn next(&self, before: Date, finished: Date, time: Option<&WorkingTime>) -> Option<Date> {
        match self {
            Self::Days(days) => step(before, finished, *days),
            Self::Weeks(weeks) => step(before, finished, weeks * 7),
            Self::On(days) => {
                let mut date = before.max(finished.yesterday().ok()?).tomorrow().ok()?;
                while !days.contains(&Day::of(date)) {
                    date = date.tomorrow().ok()?;
                }
                Some(date)
            }
            Self::BusinessDays(days) => {
                let open = |date: Date| match time {
                    Some(time) => time.is_business_day(date),
                    None => !matches!(Day::of(date), Day::Sat | Day::Sun),
                };
                let (mut date, mut left) = (before, *days);
                for _ in 0..MAX_DAYS {
                    date = date.tomorrow().ok()?;
                    left -= u32::from(open(date));
                    if left == 0 {
                        if date >= finished {
                            return Some(date);
                        }
                        left = *days;
                    }
                }
                None
            }
            Self::Months(months, day) => {
                let day = day.unwrap_or_else(|| before.day());
                let passed = (i32::from(finished.year()) - i32::from(before.year())) * 12
                    + i32::from(finished.month())
                    - i32::from(before.month());
                let every = i32::try_from(*months).ok()?;
                let first = (passed / every - 1).max(0) + 1;
                (first..first + 4)
                    .filter_map(|n| month_later(before, every.checked_mul(n)?, day))
                    .find(|date| *date > before && *date >= finished)
            }
        }
    }
}

/// The first date after one, in steps, that is not before another.
fn step(before: Date, finished: Date, days: u32) -> Option<Date> {
    let days = i64::from(days);
    let behind = i64::from(before.until(finished).ok()?.get_days()).max(0);
    let steps = ((behind + days - 1) / days).max(1);
    let ahead = jiff::Span::new().try_days(steps * days).ok()?;
    before.checked_add(ahead).ok()
}

fn month_later(date: Date, months: i32, day: i8) -> Option<Date> {
    let month = i32::from(date.year()) * 12 + i32::from(date.month()) - 1 + months;
    let first = Date::new(
        i16::try_from(month.div_euclid(12)).ok()?,
        i8::try_from(month.rem_euclid(12)).ok()? + 1,
        1,
    );
    let first = first.ok()?;
    Date::new(first.year(), first.month(), day.min(first.days_in_month())).ok()
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every ")?;
        match &self.rhythm {
            Rhythm::Days(n) => write_units(f, *n, "day")?,
            Rhythm::BusinessDays(n) => write_units(f, *n, "business day")?,
            Rhythm::Weeks(n) => write_units(f, *n, "week")?,
            Rhythm::On(days) => {
                let days: Vec<&str> = days.iter().map(|day| day.name()).collect();
                f.write_str(&days.join(", "))?;
            }
            Rhythm::Months(n, day) => {
                write_units(f, *n, "month")?;
                if let Some(day) = day {
                    write!(f, " on day {day}")?;
                }
            }
        }
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        match self.times {
            Some(times) => write!(f, ", {times} times"),
            None => Ok(()),
        }
    }
}

fn write_units(f: &mut fmt::Formatter<'_>, n: u32, unit: &str) -> fmt::Result {
    match n {
        1 => f.write_str(unit),
        _ => write!(f, "{n} {unit}s"),
    }
}

impl FromStr for Repeat {
    type Err = RepeatError;

    fn from_str(text: &str) -> Result<Self, RepeatError> {
        read(&text.trim().to_ascii_lowercase()).ok_or_else(|| RepeatError {
            text: text.chars().take(80).collect(),
        })
    }
}

fn read(text: &str) -> Option<Repeat> {
    let (text, times) = match text.strip_suffix("times") {
        Some(head) => {
            let head = head.trim_end();
            let at = head.rfind(|c: char| !c.is_ascii_digit())? + 1;
            // The separator may be any character; `at` stays on a boundary only after ASCII.
            let (rest, digits) = head.split_at_checked(at)?;
            (rest.trim_end().trim_end_matches(','), Some(count(digits)?))
        }
        None => (text, None),
    };
    let (text, until) = match text.rsplit_once(" until ") {
        Some((rest, until)) => (rest, Some(read_date(until.trim())?)),
        None => (text, None),
    };
    let rhythm = match text.trim() {
        "daily" => Rhythm::Days(1),
        "weekly" => Rhythm::Weeks(1),
        "monthly" => Rhythm::Months(1, None),
        "yearly" | "annually" => Rhythm::Months(12, None),
        text => read_rhythm(text.strip_prefix("every ")?.trim())?,
    };
    Some(Repeat {
        rhythm,
        until,
        times,
    })
}

fn read_rhythm(text: &str) -> Option<Rhythm> {
    let days: Option<BTreeSet<Day>> = text
        .split([',', ' '])
        .filter(|word| !word.is_empty() && *word != "and")
        .map(Day::read)
        .collect();
    if let Some(days) = days.filter(|days| !days.is_empty()) {
        return Some(Rhythm::On(days));
    }
    let (text, day) = match text.split_once(" on day ") {
        Some((text, day)) => {
            let day: i8 = day.trim().parse().ok()?;
            (text, Some((1..=31).contains(&day).then_some(day)?))
        }
        None => (text, None),
    };
    let (n, unit) = match text.split_once(' ') {
        Some((n, unit)) if n.starts_with(|c: char| c.is_ascii_digit()) => (count(n)?, unit.trim()),
        Some(_) | None => (1, text),
    };
    let rhythm = match unit {
        "day" | "days" => Rhythm::Days(n),
        "business day" | "business days" | "working day" | "working days" => {
            Rhythm::BusinessDays(n)
        }
        "week" | "weeks" => Rhythm::Weeks(n),
        "month" | "months" => return Some(Rhythm::Months(n, day)),
        "year" | "years" => return Some(Rhythm::Months(n.checked_mul(12)?, day)),
        _ => return None,
    };
    day.is_none().then_some(rhythm)
}

fn count(text: &str) -> Option<u32> {
    let n: u32 = text.parse().ok()?;
    (1..=MOST).contains(&n).then_some(n)
}

impl Serialize for Repeat {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Repeat {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
