//! The clocks against calendars read minute by minute, and by examples that people can check.

mod examples;
mod oracle;
mod property;
mod repeating;
mod running;

use jiff::civil::DateTime;

use super::WorkingTime;
use crate::template::{Calendar, Day, Holiday, OpenHours};

/// A calendar from its parts.
pub(super) fn calendar(zone: &str, hours: &[(&[Day], &[&str])], holidays: &[&str]) -> Calendar {
    let mut calendar = Calendar {
        id: "office".to_owned(),
        name: "Office".to_owned(),
        zone: zone.to_owned(),
        hours: std::collections::BTreeMap::new(),
        holidays: holidays
            .iter()
            .map(|text| text.parse::<Holiday>().unwrap())
            .collect(),
    };
    for (days, open) in hours {
        let open: Vec<OpenHours> = open.iter().map(|text| text.parse().unwrap()).collect();
        for day in *days {
            calendar.hours.insert(*day, open.clone());
        }
    }
    calendar
}

const WEEKDAYS: &[Day] = &[Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri];

/// An office in Lisbon: two stretches a day, open on weekdays.
pub(super) fn lisbon(holidays: &[&str]) -> WorkingTime {
    let hours: &[(&[Day], &[&str])] = &[(WEEKDAYS, &["09:00-13:00", "14:00-18:00"])];
    WorkingTime::of(&calendar("Europe/Lisbon", hours, holidays)).unwrap()
}

/// A local moment in the zone of a calendar.
pub(super) fn at(time: &WorkingTime, local: &str) -> i64 {
    let local: DateTime = local.parse().unwrap();
    time.zone().to_timestamp(local).unwrap().as_millisecond()
}

/// The local words of a moment.
pub(super) fn local(time: &WorkingTime, ms: i64) -> String {
    let at = time.zone().to_datetime(super::timestamp(ms));
    at.strftime("%a %Y-%m-%d %H:%M").to_string()
}
