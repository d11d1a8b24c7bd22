//! The timeline of a case: who did what, when they say and when the server had it, before → after.
//!
//! ✓ stands before an author whose signature was verified; every entry a replica holds has one.

use casework::Names;
use casework::telling::Teller;
use casework::view::{Skew, TimelineEntry};

use super::Screen;
use super::ink::Tone;
use super::page::Page;
use super::words::{here, plain, there};

/// Columns of the claimed time and the gap after it.
const TIME_COLUMNS: usize = 18;

/// The lines of a timeline.
#[must_use]
pub fn lines(teller: &Teller<'_>, entries: &[TimelineEntry], screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    for one in entries {
        entry(teller, one, &mut page);
    }
    page.finish()
}

fn entry(teller: &Teller<'_>, entry: &TimelineEntry, page: &mut Page) {
    let names = teller.glossary.names;
    let claimed = there(entry.claimed_ms, entry.zone_min);
    let author = match entry.member {
        Some(member) => {
            format!("{} {}", page.tone(Tone::Good, "✓"), names.member(member))
        }
        None => page.tone(Tone::Bad, "author unknown here"),
    };
    let deed = teller.deed(entry);
    let time = page.tone(Tone::Quiet, &claimed);
    page.flow(0, TIME_COLUMNS, &format!("{time}  {author}  {deed}"));
    let indent = " ".repeat(TIME_COLUMNS);
    if let Some(claim) = &entry.imported {
        let who = names.member(claim.who);
        let line = format!("imported: {who}, {}", there(claim.at_ms, claim.zone_min));
        page.line(format!("{indent}{}", page.tone(Tone::Warning, &line)));
    }
    if let Some(reason) = &entry.reason {
        page.text(TIME_COLUMNS, &format!("“{}”", plain(reason)));
    }
    let aside = aside(entry, names);
    page.flow(TIME_COLUMNS, 0, &page.tone(Tone::Quiet, &aside));
}

/// What stands under an entry: device, receipt, marks.
fn aside(entry: &TimelineEntry, names: &Names) -> String {
    let mut asides = Vec::new();
    if let Some(device) = entry.device {
        asides.push(names.device(device));
    }
    asides.push(match entry.arrival {
        Some(arrival) => format!("received {} as #{}", here(arrival.received_ms), arrival.seq),
        None => "not on the server yet".to_owned(),
    });
    if let Some(rule) = &entry.overrides {
        asides.push(format!("overrode: {}", plain(rule)));
    }
    for rule in &entry.breach.rules {
        asides.push(format!("broke a rule: {}", plain(rule)));
    }
    if let Some(newer) = &entry.breach.newer {
        let rules: Vec<String> = newer.rules.iter().map(|rule| plain(rule)).collect();
        let (revision, rules) = (newer.revision.short(), rules.join("; "));
        asides.push(format!(
            "breaks a newer rule (revision {revision}): {rules}"
        ));
    }
    if let Some(cause) = &entry.cause {
        let because = entry.trigger.as_deref().unwrap_or("its time came");
        asides.push(format!(
            "by rule {}, because: {}",
            plain(&cause.rule),
            plain(because)
        ));
    }
    if entry.redo_of.is_some() {
        asides.push("done again from the drawer".to_owned());
    }
    if let Some(undone) = entry.undo_of {
        asides.push(format!("takes back {}", undone.short()));
    }
    if entry.parallel {
        asides.push("parallel edit".to_owned());
    }
    match entry.skew {
        Some(Skew::AheadOfReceipt(ms)) => {
            asides.push(format!("clock {} min ahead", ms / 60_000));
        }
        Some(Skew::BehindWhatItKnew(ms)) => {
            asides.push(format!("clock {} min behind what it knew", ms / 60_000));
        }
        None => {}
    }
    asides.push(entry.change.short());
    asides.join(" · ")
}
