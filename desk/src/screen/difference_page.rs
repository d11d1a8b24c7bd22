//! What differs between revisions, what a draft changes, and what that does to cases: coloured by
//! how heavy it is.

use std::collections::BTreeMap;

use casework::template::{Conflict, Difference, Weight};
use casework::view::Effect;
use casework::{DraftStatus, DraftView, Impact};

use super::Screen;
use super::ink::Tone;
use super::page::{INDENT, Page};
use super::table::Table;
use super::words::{count, plain};

/// Most cases that a preview lists; the rest is counted.
const MAX_CASES: usize = 40;

/// The lines of a diff: heaviest first.
#[must_use]
pub fn lines(found: &[Difference], screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    if found.is_empty() {
        page.line("Nothing differs.");
    }
    differences(found, &mut page);
    page.finish()
}

/// The lines of a draft: what it changes and what keeps it from being published.
#[must_use]
pub fn draft_lines(view: &DraftView, screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    let draft = &view.draft;
    let name = page.tone(Tone::Strong, &plain(&draft.name));
    let status = match draft.status {
        DraftStatus::Open => "being written".to_owned(),
        DraftStatus::Discarded => "given up".to_owned(),
        DraftStatus::Published(revision) => format!("published as {}", revision.short()),
    };
    let about = page.tone(Tone::Quiet, &format!("draft {}, {status}", draft.id));
    page.line(format!("{name}  {about}"));
    if view.differences.is_empty() {
        page.line("It changes nothing yet.");
    }
    differences(&view.differences, &mut page);
    conflicts(&draft.conflicts, &mut page);
    let mut warn = |heading: &str, tone, lines: Vec<String>| {
        if !lines.is_empty() {
            page.heading(heading, "");
            for line in lines {
                let line = page.tone(tone, &plain(&line));
                page.flow(INDENT, INDENT, &line);
            }
        }
    };
    let contested = draft.contested.iter().cloned().collect();
    warn("Changed by two people at once", Tone::Warning, contested);
    warn("Leads nowhere", Tone::Warning, view.astray.clone());
    warn(
        "Keeps it from being published",
        Tone::Bad,
        view.faults.clone(),
    );
    page.finish()
}

/// The lines of what a merge leaves to people.
#[must_use]
pub fn conflict_lines(found: &[Conflict], screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    conflicts(found, &mut page);
    page.finish()
}

/// The lines of a preview.
#[must_use]
pub fn impact_lines(impact: &Impact, screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    let affected = impact.affected.len();
    page.line(format!(
        "{} of {} would be affected; {} not looked at.",
        affected,
        count(impact.open as u64, "open case"),
        count(impact.closed as u64, "closed one")
    ));
    if !impact.unmapped.is_empty() {
        page.heading("Cannot be published", "");
        for (what, cases) in &impact.unmapped {
            let cases = count(*cases as u64, "open case");
            let line = page.tone(Tone::Bad, &plain(&format!("{what} ({cases})")));
            page.flow(INDENT, INDENT, &line);
        }
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for effect in impact.affected.iter().flat_map(|case| &case.effects) {
        *kinds.entry(effect.to_string()).or_default() += 1;
    }
    if !kinds.is_empty() {
        page.heading("What changes", "");
        let mut table = Table::new(&["cases", "what"]);
        for (what, cases) in kinds {
            table.row([cases.to_string(), plain(&what)]);
        }
        page.lines(table.lines(screen));
        page.heading("Which cases", "");
    }
    for case in impact.affected.iter().take(MAX_CASES) {
        let tone = if case.effects.iter().any(Effect::forbids) {
            Tone::Bad
        } else {
            Tone::Warning
        };
        let effects: Vec<String> = case.effects.iter().map(ToString::to_string).collect();
        let number = page.tone(tone, &plain(&case.number));
        let (title, effects) = (plain(&case.title), plain(&effects.join("; ")));
        page.flow(INDENT, INDENT, &format!("{number}  {title}: {effects}"));
    }
    if affected > MAX_CASES {
        page.line(format!("  … and {} more", affected - MAX_CASES));
    }
    page.finish()
}

fn differences(found: &[Difference], page: &mut Page) {
    for weight in Weight::ALL.into_iter().rev() {
        let mut of_weight = found.iter().filter(|d| d.weight == weight).peekable();
        if of_weight.peek().is_none() {
            continue;
        }
        let (heading, about) = heading(weight);
        page.heading(heading, about);
        for difference in of_weight {
            let tone = match (&difference.before, &difference.after) {
                (None, _) => Tone::Good,
                (_, None) => Tone::Bad,
                (Some(_), Some(_)) => Tone::Warning,
            };
            let line = page.tone(tone, &plain(&difference.to_string()));
            page.flow(INDENT, INDENT, &line);
        }
    }
}

const fn heading(weight: Weight) -> (&'static str, &'static str) {
    match weight {
        Weight::Cosmetic => ("Seen", "names, texts, colours and orders"),
        Weight::Additive => ("Added", "something more to choose or to fill"),
        Weight::Changing => ("Changed", "what is asked, allowed or done"),
        Weight::Destructive => ("Taken away", "cases need a place to go"),
        Weight::Forbidden => ("Never published", "the type of a field stays what it is"),
    }
}

fn conflicts(found: &[Conflict], page: &mut Page) {
    if found.is_empty() {
        return;
    }
    page.heading("To decide", "both changed it, differently");
    for conflict in found {
        let words = |value: &Option<serde_json::Value>| match value {
            Some(value) => plain(&value.to_string()),
            None => "taken away".to_owned(),
        };
        let path = page.tone(Tone::Bad, &plain(&conflict.path));
        let (taken, left) = (words(&conflict.taken), words(&conflict.left));
        let was = words(&conflict.base);
        page.flow(
            INDENT,
            INDENT,
            &format!("{path}: {taken} or {left} (was {was})"),
        );
    }
}
