//! When a calendar is open, as stretches of absolute time.
//!
//! A moment is open when the clock on the wall of the zone shows an open hour of a day that is no
//! holiday. So an hour that is skipped in spring is never open and one that is repeated in autumn
//! is open twice. Invariant: stretches come in order and do not overlap.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::{EARLIEST_MS, LATEST_MS, find_zone, timestamp, within};
use crate::template::{Calendar, Day, Holiday};

/// Most days that are walked through: the longest span of business time in a calendar that opens
/// one day a week.
const MAX_WALKED_DAYS: u32 = 40_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

/// A calendar, ready to be reckoned with.
#[derive(Debug, Clone)]
pub struct WorkingTime {
    zone: TimeZone,
    /// Open hours by weekday from Monday, in milliseconds from midnight, in order.
    week: [Vec<(i64, i64)>; 7],
    days: BTreeSet<Date>,
    ranges: Vec<(Date, Date)>,
    yearly: BTreeSet<(i8, i8)>,
    easter: BTreeSet<i16>,
}

impl WorkingTime {
    /// Makes a calendar ready; `None` when its zone is unknown, never for a published one.
    #[must_use]
    pub fn of(calendar: &Calendar) -> Option<Self> {
        let mut time = Self::around_the_clock();
        time.zone = find_zone(&calendar.zone)?;
        time.week = Day::ALL.map(|day| {
            let ms = |minutes: u16| i64::from(minutes) * MINUTE_MS;
            let hours = calendar.hours_of(day).iter();
            let mut hours: Vec<_> = hours
                .map(|hours| (ms(hours.from_min()), ms(hours.until_min())))
                .collect();
            hours.sort_unstable();
            hours
        });
        for holiday in &calendar.holidays {
            match holiday {
                Holiday::On(date) => {
                    time.days.insert(*date);
                }
                Holiday::Yearly { month, day } => {
                    time.yearly.insert((*month, *day));
                }
                Holiday::Between(first, last) => time.ranges.push((*first, *last)),
                Holiday::Easter(days) => {
                    time.easter.insert(*days);
                }
            }
        }
        Some(time)
    }

    /// Open always, in UTC: what clocks go by in a template without calendars.
    #[must_use]
    pub fn around_the_clock() -> Self {
        Self {
            zone: TimeZone::UTC,
            week: core::array::from_fn(|_| vec![(0, DAY_MS)]),
            days: BTreeSet::new(),
            ranges: Vec::new(),
            yearly: BTreeSet::new(),
            easter: BTreeSet::new(),
        }
    }

    /// Open from Monday to Friday, all day, at an offset from UTC: business days where no calendar
    /// says otherwise.
    #[must_use]
    pub fn weekdays(offset: Offset) -> Self {
        let mut time = Self::around_the_clock();
        time.zone = TimeZone::fixed(offset);
        time.week[5].clear();
        time.week[6].clear();
        time
    }

    /// Its time zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The day that it is there.
    #[must_use]
    pub fn date_at(&self, ms: i64) -> Date {
        self.zone.to_datetime(timestamp(ms)).date()
    }

    /// Whether it opens at all on a day.
    #[must_use]
    pub fn is_business_day(&self, date: Date) -> bool {
        !self.hours_of(date).is_empty()
    }

    /// Whether it is open at a moment.
    #[must_use]
    pub fn is_open(&self, ms: i64) -> bool {
        let local = self.zone.to_datetime(timestamp(ms));
        let time = local.time();
        let seconds = i64::from(time.hour()) * 3600
            + i64::from(time.minute()) * 60
            + i64::from(time.second());
        self.hours_of(local.date())
            .iter()
            .any(|(from, until)| (*from..*until).contains(&(seconds * 1000)))
    }

    /// The open time between two moments, in milliseconds; 0 if the second is not later.
    #[must_use]
    pub fn measure(&self, from_ms: i64, until_ms: i64) -> i64 {
        let until_ms = within(until_ms);
        self.openings(from_ms)
            .take_while(|(start, _)| *start < until_ms)
            .map(|(start, end)| end.min(until_ms) - start)
            .sum()
    }

    /// The moment at which so much open time has passed: the end of an open stretch rather than
    /// the beginning of the next.
    #[must_use]
    pub fn after(&self, from_ms: i64, open_ms: i64) -> i64 {
        let mut left = open_ms;
        if left <= 0 {
            return within(from_ms);
        }
        for (start, end) in self.openings(from_ms) {
            if left <= end - start {
                return start + left;
            }
            left -= end - start;
        }
        LATEST_MS
    }

    /// The moment from which on so much open time passes until a moment.
    #[must_use]
    pub fn until(&self, until_ms: i64, open_ms: i64) -> i64 {
        let until_ms = within(until_ms);
        let mut back = 8 * DAY_MS;
        loop {
            let from = (until_ms - back).max(EARLIEST_MS);
            let total = self.measure(from, until_ms);
            if total >= open_ms {
                // What passes before the wanted stretch; its end is the stretch's beginning.
                return match total - open_ms {
                    0 => self.openings(from).next().map_or(from, |(start, _)| start),
                    before => self.opening_after(from, before),
                };
            }
            if from == EARLIEST_MS || back > i64::from(MAX_WALKED_DAYS) * DAY_MS {
                return from;
            }
            back *= 4;
        }
    }

    /// When it closes for good on a day; `None` when it does not open.
    #[must_use]
    pub fn closing(&self, date: Date) -> Option<i64> {
        self.hours_of(date).last()?;
        // A day begins at most 26 hours from the same day in UTC.
        let around = start_of(date) - 2 * DAY_MS;
        self.openings(around)
            .take_while(|(start, _)| *start < around + 5 * DAY_MS)
            .filter(|(start, _)| self.date_at(*start) == date)
            .map(|(_, end)| end)
            .max()
    }

    /// As [`Self::after`], but the beginning of the next stretch rather than the end of one.
    fn opening_after(&self, from_ms: i64, open_ms: i64) -> i64 {
        let mut left = open_ms;
        for (start, end) in self.openings(from_ms) {
            if left < end - start {
                return start + left;
            }
            left -= end - start;
        }
        LATEST_MS
    }

    fn hours_of(&self, date: Date) -> &[(i64, i64)] {
        if self.is_holiday(date) {
            return &[];
        }
        let day = date.weekday().to_monday_zero_offset();
        usize::try_from(day).map_or(&[], |day| self.week[day].as_slice())
    }

    fn is_holiday(&self, date: Date) -> bool {
        self.days.contains(&date)
            || self.yearly.contains(&(date.month(), date.day()))
            || self
                .ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&date))
            || (!self.easter.is_empty() && {
                let days = (start_of(date) - start_of(easter(date.year()))) / DAY_MS;
                i16::try_from(days).is_ok_and(|days| self.easter.contains(&days))
            })
    }

    /// The open stretches from a moment on, the first one cut there.
    fn openings(&self, from_ms: i64) -> Openings<'_> {
        let from = within(from_ms);
        let offset = self.zone.to_offset(timestamp(from));
        let mut openings = Openings {
            time: self,
            from,
            segment: Segment {
                start: from,
                end: i64::MAX,
                offset,
            },
            date: local_date(from, offset),
            next: 0,
            days_left: MAX_WALKED_DAYS,
        };
        openings.segment.end = self.end_of_offset(from);
        openings
    }

    /// When the offset from UTC that is in force at a moment changes.
    fn end_of_offset(&self, ms: i64) -> i64 {
        let mut later = self.zone.following(timestamp(ms));
        later
            .next()
            .map_or(i64::MAX, |change| change.timestamp().as_millisecond())
    }
}

/// A stretch of time with one offset from UTC.
struct Segment {
    start: i64,
    end: i64,
    offset: Offset,
}

struct Openings<'a> {
    time: &'a WorkingTime,
    from: i64,
    segment: Segment,
    date: Date,
    next: usize,
    days_left: u32,
}

impl Iterator for Openings<'_> {
    type Item = (i64, i64);

    fn next(&mut self) -> Option<(i64, i64)> {
        loop {
            let midnight = start_of(self.date) - offset_ms(self.segment.offset);
            if let Some((opens, closes)) = self.time.hours_of(self.date).get(self.next) {
                self.next += 1;
                let start = (midnight + opens).max(self.segment.start).max(self.from);
                let end = (midnight + closes).min(self.segment.end).min(LATEST_MS);
                if start < end {
                    return Some((start, end));
                }
                continue;
            }
            self.days_left = self.days_left.checked_sub(1)?;
            if midnight >= LATEST_MS {
                return None;
            }
            if midnight + DAY_MS < self.segment.end {
                self.date = self.date.tomorrow().ok()?;
            } else {
                self.enter_next_segment();
            }
            self.next = 0;
        }
    }
}

impl Openings<'_> {
    fn enter_next_segment(&mut self) {
        let start = self.segment.end;
        let offset = self.time.zone.to_offset(timestamp(start));
        self.segment = Segment {
            start,
            end: self.time.end_of_offset(start),
            offset,
        };
        self.date = local_date(start, offset);
    }
}

fn local_date(ms: i64, offset: Offset) -> Date {
    offset.to_datetime(timestamp(ms)).date()
}

fn offset_ms(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1000
}

/// Midnight of a date, as if it were in UTC.
pub(super) fn start_of(date: Date) -> i64 {
    Offset::UTC
        .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
        .map_or(LATEST_MS, Timestamp::as_millisecond)
}

/// Easter Sunday of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher).
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let days = h + l - 7 * m + 114;
    let (month, day) = (days / 31, days % 31 + 1);
    Date::new(year as i16, month as i8, day as i8)
        .expect("Easter lies between the 22nd of March and the 25th of April")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn easter_is_where_the_tables_have_it() {
        for (year, month, day) in [
            (1961, 4, 2),
            (2000, 4, 23),
            (2008, 3, 23),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2038, 4, 25),
            (2285, 3, 22),
        ] {
            assert_eq!(easter(year), date(year, month, day));
        }
    }
}
