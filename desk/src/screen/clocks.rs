//! The clocks of a case in words: how each stands, and when it is due.

use casework::clock::{ClockView, Due, SlaState, remaining_words};
use casework::template::{Revision, Today};
use casework::view::CaseView;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::ink::Tone;
use super::page::{INDENT, Page};
use super::words::{count, fill, plain, width};

/// Widest column of names.
const MAX_NAME: usize = 28;

/// Adds the section of a case page; nothing where the template sets no clock.
pub fn show(view: &CaseView, revision: &Revision, today: &Today, page: &mut Page) {
    let clocks = view.clocks(revision);
    if clocks.current.is_empty() && clocks.missed == 0 {
        return;
    }
    let missed = u64::from(clocks.missed);
    let note = match missed {
        0 => String::new(),
        missed => format!("{} missed before", count(missed, "target")),
    };
    page.heading("Clocks", &note);
    let names = clocks
        .current
        .iter()
        .map(|clock| width(&plain(&clock.name)));
    let columns = names.max().unwrap_or_default().min(MAX_NAME);
    let now = today.now.as_millisecond();
    for clock in &clocks.current {
        let state = clock.state(now);
        let label = page.tone(tone(state), state.label());
        let words = words(clock, now, revision);
        let line = format!("{}  {label}  {words}", fill(&plain(&clock.name), columns));
        page.flow(INDENT, columns + 2, &line);
    }
}

/// The clocks for programs.
#[must_use]
pub fn to_json(view: &CaseView, revision: &Revision, today: &Today) -> Value {
    let now = today.now.as_millisecond();
    let clocks = view.clocks(revision);
    let one = |clock: &ClockView| {
        json!({
            "id": clock.id,
            "name": clock.name,
            "state": clock.state(now),
            "target": clock.target,
            "started_ms": clock.started_ms,
            "warn_ms": clock.warn_ms,
            "due_ms": clock.due_ms,
            "paused_ms": clock.paused_ms,
            "ended_ms": clock.ended_ms,
            "next_change_ms": clock.next_change(now),
            "words": words(clock, now, revision),
        })
    };
    json!({
        "current": clocks.current.iter().map(one).collect::<Vec<_>>(),
        "missed": clocks.missed,
    })
}

/// In the zone of the calendar; a template without calendars has none, and the reader's serves.
fn words(clock: &ClockView, now_ms: i64, revision: &Revision) -> String {
    let time = revision.working_time(&clock.calendar);
    let zone = match revision.first_working_time() {
        Some(_) => time.zone().clone(),
        None => TimeZone::system(),
    };
    remaining_words(clock, now_ms, time, &zone)
}

/// The colour of a state.
#[must_use]
pub const fn tone(state: SlaState) -> Tone {
    match state {
        SlaState::Breached => Tone::Bad,
        SlaState::AtRisk => Tone::Warning,
        SlaState::OnTrack | SlaState::Met => Tone::Good,
        SlaState::Paused => Tone::Quiet,
    }
}

/// A due date in words, marked when it is over and still counts.
#[must_use]
pub fn due_words(due: &str, counts: bool, today: &Today, page: &Page) -> String {
    let over = counts && due.parse::<Due>().is_ok_and(|due| due.is_over(today));
    let words = format!("due {}", plain(due));
    if over {
        page.tone(Tone::Bad, &format!("{words} (overdue)"))
    } else {
        words
    }
}
