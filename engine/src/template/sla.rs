//! Clocks as a template writes them: how long a case may stand in a stage, and how long the whole
//! of it, or a stretch of it, may take.
//!
//! ```text
//! target, warning, calendar, pauses ──clock──▶ due, warned, breached        (crate::clock)
//! ```
//! Nothing here knows a case or a moment.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::{Fault, Faults, TimeFault};
use super::limits::{MAX_CLOCKS, MAX_STAGES};
use super::package::Package;
use super::publish::{limit, name, slug, unique};
use super::span::{Span, SpanUnit};
use crate::value::text::cut;

/// How long a case may stand in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StageClock {
    /// How long.
    pub target: Span,
    /// When to say that it is getting late; absent = only when it is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<Warning>,
    /// The id of the calendar it goes by; empty = the first one of the template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub calendar: String,
    /// Stages in which this clock stands still, and goes on when the case comes back: where one
    /// waits for somebody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses_in: Vec<String>,
    /// What happens when the case comes back from any other stage.
    #[serde(default, skip_serializing_if = "Reentry::is_default")]
    pub reentry: Reentry,
}

/// How long a case, or a stretch of it, may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaseClock {
    /// Stable id.
    pub id: String,
    /// What people call it: `Acknowledgement`, `Final response`.
    pub name: String,
    /// How long.
    pub target: Span,
    /// When to say that it is getting late; absent = only when it is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<Warning>,
    /// The id of the calendar it goes by; empty = the first one of the template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub calendar: String,
    /// The stages that start it; none = the opening of the case does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// The stages that end it. A finished or closed case always does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<String>,
    /// Stages in which it stands still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses_in: Vec<String>,
    /// What happens when a finished case is taken up again.
    #[serde(default = "continues", skip_serializing_if = "Reentry::continues")]
    pub reentry: Reentry,
}

/// What a clock that has ended does when its time begins again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reentry {
    /// Starts from zero.
    #[default]
    Resets,
    /// Goes on where it was, as if it had been paused.
    Continues,
}

/// When a clock says that it is getting late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// So long before it is due, written like any span.
    Before(Span),
    /// When so many hundredths of the time are gone, written `75%`.
    Share(u8),
}

/// A text that is no warning. Cure: in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no warning; write 75% or how long before, such as 4 business hours")]
pub struct WarningError {
    /// The first 80 characters.
    pub text: String,
}

impl StageClock {
    /// A clock that goes by the template's first calendar, never warns or pauses, and starts anew
    /// each time the stage is entered.
    #[must_use]
    pub const fn new(target: Span) -> Self {
        Self {
            target,
            warn: None,
            calendar: String::new(),
            pauses_in: Vec::new(),
            reentry: Reentry::Resets,
        }
    }
}

impl Reentry {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::Resets
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn continues(&self) -> bool {
        *self == Self::Continues
    }
}

const fn continues() -> Reentry {
    Reentry::Continues
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(span) => span.fmt(f),
            Self::Share(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for Warning {
    type Err = WarningError;

    fn from_str(text: &str) -> Result<Self, WarningError> {
        let words = text.trim();
        let read = || match words.strip_suffix('%') {
            Some(share) => {
                let share: u8 = share.trim().parse().ok()?;
                (1..=99).contains(&share).then_some(Self::Share(share))
            }
            None => {
                let span = words.strip_suffix("before").unwrap_or(words);
                span.parse().ok().map(Self::Before)
            }
        };
        read().ok_or_else(|| WarningError { text: cut(text) })
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Warning {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Adds the faults of the package's clocks: unknown stages and calendars, business time without a
/// calendar, warnings before the beginning.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    for (index, stage) in package.stages.iter().enumerate() {
        let Some(clock) = &stage.sla else { continue };
        let at = format!("stages[{index}] {:?}.sla", cut(&stage.id));
        find_timing_faults(
            package,
            &at,
            (clock.target, clock.warn, &clock.calendar),
            faults,
        );
        find_stage_faults(package, (&at, "pauses_in"), &clock.pauses_in, faults);
        if clock.pauses_in.contains(&stage.id) {
            let id = cut(&stage.id);
            faults.add(
                format!("{at}.pauses_in"),
                Fault::Time(TimeFault::NeverRuns { id }),
            );
        }
        if stage.category.is_final() {
            faults.add(at, Fault::Time(TimeFault::ClockAtEnd));
        }
    }
    limit("sla", ("clocks", package.sla.len(), MAX_CLOCKS), faults);
    for (index, clock) in package.sla.iter().take(MAX_CLOCKS).enumerate() {
        let at = format!("sla[{index}] {:?}", cut(&clock.id));
        slug(&at, &clock.id, faults);
        name(&at, &clock.name, "the name", faults);
        find_timing_faults(
            package,
            &at,
            (clock.target, clock.warn, &clock.calendar),
            faults,
        );
        for (list, stages) in [
            ("from", &clock.from),
            ("until", &clock.until),
            ("pauses_in", &clock.pauses_in),
        ] {
            find_stage_faults(package, (&at, list), stages, faults);
        }
        for id in clock.until.iter().filter(|id| clock.from.contains(id)) {
            let id = cut(id);
            faults.add(
                format!("{at}.until"),
                Fault::Time(TimeFault::NeverRuns { id }),
            );
        }
    }
    unique(package.sla.iter().map(|clock| &clock.id), "sla", faults);
}

fn find_timing_faults(
    package: &Package,
    at: &str,
    (target, warn, calendar): (Span, Option<Warning>, &str),
    faults: &mut Faults,
) {
    let known = |id: &str| package.calendars.iter().any(|calendar| calendar.id == id);
    let before = match warn {
        Some(Warning::Before(span)) => Some(span),
        Some(Warning::Share(_)) | None => None,
    };
    if !calendar.is_empty() && !known(calendar) {
        let id = cut(calendar);
        faults.add(
            format!("{at}.calendar"),
            Fault::Time(TimeFault::UnknownCalendar { id }),
        );
    }
    let business = [Some(target), before]
        .into_iter()
        .flatten()
        .find(|span| span.unit().is_business());
    if let Some(span) = business
        && package.calendars.is_empty()
    {
        faults.add(at, Fault::Time(TimeFault::NeedsCalendar { span }));
    }
    if let Some(warn) = before
        && exceeds(warn, target)
    {
        faults.add(
            format!("{at}.warn"),
            Fault::Time(TimeFault::WarnsAtOnce { warn, target }),
        );
    }
}

/// Whether a span is surely not shorter than another one; units that cannot be compared are let be.
fn exceeds(warn: Span, target: Span) -> bool {
    let minutes = |span: Span| {
        let amount = u64::from(span.amount());
        match span.unit() {
            SpanUnit::Minutes => Some((false, amount)),
            SpanUnit::Hours => Some((false, amount * 60)),
            SpanUnit::Days => Some((false, amount * 24 * 60)),
            SpanUnit::Weeks => Some((false, amount * 7 * 24 * 60)),
            SpanUnit::BusinessMinutes => Some((true, amount)),
            SpanUnit::BusinessHours => Some((true, amount * 60)),
            SpanUnit::Months | SpanUnit::BusinessDays => None,
        }
    };
    if warn.unit() == target.unit() {
        return warn.amount() >= target.amount();
    }
    match (minutes(warn), minutes(target)) {
        (Some((business, warn)), Some((other, target))) => business == other && warn >= target,
        (_, _) => false,
    }
}

fn find_stage_faults(
    package: &Package,
    (at, list): (&str, &str),
    stages: &[String],
    faults: &mut Faults,
) {
    let at = format!("{at}.{list}");
    limit(&at, ("stages", stages.len(), MAX_STAGES), faults);
    for id in stages.iter().take(MAX_STAGES) {
        if !package.stages.iter().any(|stage| stage.id == *id) {
            faults.add(&at, Fault::UnknownStage { id: cut(id) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_has_one_text_however_it_was_written() {
        for (written, text) in [
            ("75%", "75%"),
            ("4 business hours before", "4 business hours"),
            ("PT2H", "2 hours"),
        ] {
            let warning: Warning = written.parse().unwrap();
            assert_eq!(warning.to_string(), text);
            assert_eq!(text.parse(), Ok(warning));
        }
        for text in ["", "0%", "100%", "before", "soon"] {
            assert!(text.parse::<Warning>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_warning_that_would_be_given_at_once_is_recognised_where_units_compare() {
        let span = |text: &str| text.parse::<Span>().unwrap();
        for (warn, target) in [
            ("3 days", "3 days"),
            ("48 hours", "1 day"),
            ("9 business hours", "9 business hours"),
        ] {
            assert!(exceeds(span(warn), span(target)), "{warn} of {target}");
        }
        for (warn, target) in [
            ("1 day", "3 days"),
            ("8 business hours", "1 business day"),
            ("5 hours", "5 business hours"),
        ] {
            assert!(!exceeds(span(warn), span(target)), "{warn} of {target}");
        }
    }
}
