//! The page of a template: stages, fields, moves, decisions, resolutions.

use casework::TemplateView;
use casework::template::{Field, Package, Stage, Standing};

use super::Screen;
use super::ink::Tone;
use super::page::Page;
use super::table::Table;
use super::words::{plain, wrap};

/// The lines of the page.
#[must_use]
pub fn lines(template: &TemplateView, screen: Screen) -> Vec<String> {
    let package = &template.package;
    let mut page = Page::new(screen);
    let key = page.tone(Tone::Strong, &plain(&package.key));
    let revision = page.tone(
        Tone::Quiet,
        &format!("revision {}", template.revision.short()),
    );
    page.line(format!("{key}  {}  {revision}", plain(&package.name)));
    for line in wrap(&package.description, screen.width, 6) {
        page.line(page.tone(Tone::Quiet, &line));
    }
    if !template.contested.is_empty() {
        let line =
            "! contested: revisions were published at the same time (casework template merge)";
        page.line(page.tone(Tone::Bad, line));
    }
    stages(package, &mut page);
    fields(package, &mut page);
    moves(package, &mut page);
    answers(package, &mut page);
    page.finish()
}

fn stages(package: &Package, page: &mut Page) {
    page.heading("Stages", "");
    let mut table = Table::new(&[
        "id",
        "name",
        "category",
        "required there",
        "required to leave",
    ]);
    for stage in &package.stages {
        let name = page.screen.depth.front(stage.colour(), &plain(&stage.name));
        table.row([
            plain(&stage.id),
            name,
            category(stage),
            stage.required.join(", "),
            stage.required_to_leave.join(", "),
        ]);
    }
    page.lines(table.lines(page.screen));
}

fn category(stage: &Stage) -> String {
    match stage.standing {
        Standing::Primary => stage.category.to_string(),
        Standing::Secondary => format!("{}, exception", stage.category),
    }
}

fn fields(package: &Package, page: &mut Page) {
    page.heading("Fields", "");
    let mut table = Table::new(&["id", "label", "type", "at the same time", "choices"]);
    for field in &package.fields {
        table.row([
            plain(&field.id),
            plain(&field.label),
            field.kind.to_string(),
            field.policy().to_string(),
            choices(field),
        ]);
    }
    page.lines(table.lines(page.screen));
}

fn choices(field: &Field) -> String {
    let offered = field.options.iter().filter(|choice| !choice.disabled);
    offered
        .map(|choice| plain(&choice.id))
        .collect::<Vec<_>>()
        .join(", ")
}

fn moves(package: &Package, page: &mut Page) {
    if package.transitions.is_empty() {
        page.heading("Moves", "free from any stage to any other");
        return;
    }
    let unlisted = package.unlisted.severity();
    let rest = unlisted.map_or_else(|| "free".to_owned(), |severity| severity.to_string());
    page.heading("Moves", &format!("all others: {rest}"));
    let mut table = Table::new(&["from", "to", "label", "rules"]);
    for transition in &package.transitions {
        let rules = transition
            .rules
            .iter()
            .map(|rule| format!("{}: {}", rule.severity, plain(&rule.message)));
        table.row([
            plain(&transition.from),
            plain(&transition.to),
            plain(&transition.label),
            rules.collect::<Vec<_>>().join("; "),
        ]);
    }
    page.lines(table.lines(page.screen));
}

fn answers(package: &Package, page: &mut Page) {
    if !package.decision_types.is_empty() {
        page.heading("Decisions", "");
        for kind in &package.decision_types {
            let outcomes: Vec<String> = kind
                .outcomes
                .iter()
                .map(|outcome| plain(&outcome.id))
                .collect();
            page.pair(
                &kind.id,
                14,
                &format!("{} {}", plain(&kind.label), outcomes.join(" / ")),
                None,
            );
        }
    }
    if !package.resolutions.is_empty() {
        let codes: Vec<String> = package
            .resolutions
            .iter()
            .map(|outcome| plain(&outcome.id))
            .collect();
        page.heading("Resolutions", "");
        page.text(2, &codes.join(", "));
    }
}
