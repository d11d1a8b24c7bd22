//! What an import would do, and what it did.

use casework::template::Package;

use super::Screen;
use super::ink::Tone;
use super::page::Page;
use super::table::Table;
use super::words::{count, counted, lasting, plain, thousands};
use crate::command::Imported;
use crate::xes::ImportPlan;

/// What an import would do.
#[must_use]
pub fn plan(plan: &ImportPlan, package: &Package, screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    head(plan, package, &mut page);
    page.heading(
        "Stages",
        &counted(package.stages.len() as u64, "activity", "activities"),
    );
    let names: Vec<String> = package
        .stages
        .iter()
        .map(|stage| screen.depth.front(stage.colour(), &plain(&stage.name)))
        .collect();
    for line in names {
        page.line(format!("  {line}"));
    }
    page.heading("Fields", &package.fields.len().to_string());
    let mut table = Table::new(&["  id", "label", "type", "from"]);
    for field in &package.fields {
        let from = plain(&field.help);
        table.row([
            format!("  {}", field.id),
            plain(&field.label),
            field.kind.to_string(),
            from,
        ]);
    }
    page.lines(table.lines(screen));
    notes(plan, &mut page);
    page.gap();
    page.line("Nothing was imported. Without --dry-run it will be.");
    page.finish()
}

/// What an import did.
#[must_use]
pub fn result(
    plan: &ImportPlan,
    package: &Package,
    (imported, complete): (&Imported, bool),
    screen: Screen,
) -> Vec<String> {
    let mut page = Page::new(screen);
    head(plan, package, &mut page);
    let ms = imported.took.as_millis().max(1);
    let speed = u128::from(imported.events) * 1000 / ms;
    let line = format!(
        "Imported {} with {} in {} ({} events/s, each signed)",
        count(imported.cases, "case"),
        count(imported.events, "event"),
        lasting(imported.took),
        thousands(u64::try_from(speed).unwrap_or(u64::MAX))
    );
    page.text(0, &line);
    if imported.present > 0 {
        let before = count(imported.present, "case");
        let events = count(imported.present_events, "event");
        page.line(format!("{before} with {events} were here already"));
    }
    let people = counted(imported.people, "person", "people");
    page.line(page.tone(
        Tone::Quiet,
        &format!("{people} entered as members without devices"),
    ));
    if imported.repeated > 0 {
        let events = counted(
            imported.repeated,
            "event repeats its",
            "events repeat their",
        );
        page.line(page.tone(Tone::Quiet, &format!("{events} stage and became a comment")));
    }
    notes(plan, &mut page);
    page.gap();
    if complete {
        let line = "✓ Cases and events are exactly those of the file.";
        page.line(page.tone(Tone::Good, line));
    } else {
        page.line(page.tone(Tone::Bad, "✗ The counts differ from those of the file."));
    }
    page.line(format!("Look at them with: casework board {}", package.key));
    page.finish()
}

fn head(plan: &ImportPlan, package: &Package, page: &mut Page) {
    let key = page.tone(Tone::Strong, &plain(&package.key));
    let counts = format!(
        "{}, {}, {}, {}",
        count(plan.counts.traces, "case"),
        count(plan.counts.events, "event"),
        count(plan.counts.attributes, "attribute"),
        counted(plan.people.len() as u64, "person", "people")
    );
    page.line(format!("{key}  {}", plain(&package.name)));
    page.line(counts);
    if let Some(classifier) = &plan.classifier {
        let line = format!("activities by the log's {:?}", plain(classifier));
        page.line(page.tone(Tone::Quiet, &line));
    }
    if let Some(broken) = &plan.broken {
        page.text(0, &format!("! {broken}"));
    }
}

fn notes(plan: &ImportPlan, page: &mut Page) {
    if plan.notes.is_empty() {
        return;
    }
    page.heading("Notes", "what was adjusted on the way");
    for note in &plan.notes {
        page.text(2, &plain(&note.to_string()));
    }
}
