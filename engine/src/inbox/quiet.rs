//! Quiet rules: what a member does not want to be told of, and when not at all.
//!
//! A muted item is still there for whoever asks for everything; it is not counted and not
//! announced. In quiet hours nothing is announced and everything is counted.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use casework_protocol::ids::DocumentId;
use jiff::civil::Time;
use serde::Serialize;

use super::ItemKind;
use crate::clock::find_zone;
use crate::personal::Personal;

/// The name of the rule for quiet hours.
const HOURS: &str = "hours";
/// How a mute says that it stands.
pub const MUTED: &str = "muted";

/// What a mute is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mute {
    /// Items of a kind.
    Kind(ItemKind),
    /// Items of a case.
    Case(DocumentId),
    /// Items of the cases of a template.
    Template(DocumentId),
}

/// Hours in which nothing is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hours {
    /// From this time of day, `22:00`.
    pub from: String,
    /// Until this one; one that is not later is of the next day.
    pub until: String,
    /// In this time zone, by its IANA name.
    pub zone: String,
}

/// A text that is no quiet rule. Cure: write it as in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} are no quiet hours; write 22:00-07:00 Europe/Lisbon")]
pub struct HoursError {
    /// The first 80 characters of the text.
    pub text: String,
}

/// The quiet rules of one member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quiet {
    mutes: BTreeSet<Mute>,
    hours: Option<Hours>,
}

impl Quiet {
    /// The rules that stand. What this version cannot read silences nothing.
    #[must_use]
    pub fn of(personal: &Personal) -> Self {
        let mut quiet = Self::default();
        for (what, how) in personal.quiet() {
            if what == HOURS {
                quiet.hours = how.parse().ok();
            } else if let Some(mute) = Mute::read(what) {
                quiet.mutes.insert(mute);
            }
        }
        quiet
    }

    /// Whether items of this kind, case and template are muted.
    #[must_use]
    pub fn mutes(&self, kind: ItemKind, case: DocumentId, template: Option<DocumentId>) -> bool {
        self.mutes.contains(&Mute::Kind(kind))
            || self.mutes.contains(&Mute::Case(case))
            || template.is_some_and(|template| self.mutes.contains(&Mute::Template(template)))
    }

    /// Whether nothing is announced at this moment.
    #[must_use]
    pub fn is_quiet_at(&self, now_ms: i64) -> bool {
        self.hours.as_ref().is_some_and(|hours| hours.cover(now_ms))
    }

    /// What is muted.
    pub fn all(&self) -> impl Iterator<Item = Mute> + '_ {
        self.mutes.iter().copied()
    }

    /// The quiet hours.
    #[must_use]
    pub const fn hours(&self) -> Option<&Hours> {
        self.hours.as_ref()
    }
}

impl Mute {
    /// Its name among the quiet rules.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Kind(kind) => format!("kind/{}", kind.name()),
            Self::Case(id) => format!("case/{id}"),
            Self::Template(id) => format!("template/{id}"),
        }
    }

    fn read(name: &str) -> Option<Self> {
        let (what, of) = name.split_once('/')?;
        match what {
            "kind" => ItemKind::from_name(of).map(Self::Kind),
            "case" => of.parse().ok().map(Self::Case),
            "template" => of.parse().ok().map(Self::Template),
            _ => None,
        }
    }
}

impl Hours {
    /// Their name among the quiet rules.
    #[must_use]
    pub const fn name() -> &'static str {
        HOURS
    }

    fn cover(&self, now_ms: i64) -> bool {
        let (Some(zone), Ok(now)) = (
            find_zone(&self.zone),
            jiff::Timestamp::from_millisecond(now_ms),
        ) else {
            return false;
        };
        let (Some(from), Some(until)) = (read_time(&self.from), read_time(&self.until)) else {
            return false;
        };
        let time = now.to_zoned(zone).time();
        if from < until {
            from <= time && time < until
        } else {
            time >= from || time < until
        }
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let read = || {
            let (times, zone) = text.trim().split_once(' ')?;
            let (from, until) = times.split_once('-')?;
            read_time(from)?;
            read_time(until)?;
            find_zone(zone.trim())?;
            Some(Self {
                from: from.to_owned(),
                until: until.to_owned(),
                zone: zone.trim().to_owned(),
            })
        };
        read().ok_or_else(|| HoursError {
            text: text.chars().take(80).collect(),
        })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{} {}", self.from, self.until, self.zone)
    }
}

/// `07:30`, and nothing else.
fn read_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let whole = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        whole.then(|| digits.parse::<i8>().ok())?
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}
