//! `casework template …`, and the library that comes with casework.

use std::path::Path;

use casework::template::Package;
use casework::{TemplateImport, TemplateView};
use serde_json::json;

use super::{Desk, drafts, json};
use crate::cli::TemplateCommand;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::Screen;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::table::Table;
use crate::screen::template_page;
use crate::screen::words::{count, plain};

/// The packages that come with casework: name and TOML.
pub const LIBRARY: [(&str, &str); 12] = [
    (
        "child-protection",
        include_str!("../../templates/child-protection.toml"),
    ),
    ("complaint", include_str!("../../templates/complaint.toml")),
    (
        "contract-approval",
        include_str!("../../templates/contract-approval.toml"),
    ),
    (
        "credit-analysis",
        include_str!("../../templates/credit-analysis.toml"),
    ),
    (
        "field-inspection",
        include_str!("../../templates/field-inspection.toml"),
    ),
    ("hiring", include_str!("../../templates/hiring.toml")),
    (
        "information-request",
        include_str!("../../templates/information-request.toml"),
    ),
    (
        "internal-investigation",
        include_str!("../../templates/internal-investigation.toml"),
    ),
    (
        "onboarding",
        include_str!("../../templates/onboarding.toml"),
    ),
    (
        "security-incident",
        include_str!("../../templates/security-incident.toml"),
    ),
    (
        "service-request",
        include_str!("../../templates/service-request.toml"),
    ),
    (
        "whistleblower",
        include_str!("../../templates/whistleblower.toml"),
    ),
];

/// The TOML of a package of the library.
#[must_use]
pub fn from_library(name: &str) -> Option<&'static str> {
    LIBRARY
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, toml)| *toml)
}

/// `casework template library`, which needs no workspace.
///
/// # Errors
/// [`Fault`] for a name that is not in it.
pub fn library(name: Option<&str>, screen: Screen) -> Result<Response, Fault> {
    let Some(name) = name else {
        let mut table = Table::new(&["name", "key", "what", "stages", "fields"]);
        let mut found = Vec::new();
        for (name, toml) in LIBRARY {
            let package = read(Path::new(name), toml)?;
            table.row([
                name.to_owned(),
                package.key.clone(),
                plain(&package.description),
                package.stages.len().to_string(),
                package.fields.len().to_string(),
            ]);
            found.push(json!({ "name": name, "key": package.key, "title": package.name }));
        }
        let mut lines = table.lines(screen);
        lines.extend([
            String::new(),
            "Take one with: casework template import NAME".to_owned(),
        ]);
        return Ok(Response::new(lines, json!({ "library": found })));
    };
    let toml = from_library(name).ok_or_else(|| {
        Fault::invalid(format!("the library has no template {name:?}"))
            .or_try("casework template library")
    })?;
    let lines = toml.lines().map(str::to_owned).collect();
    Ok(Response::new(lines, json(&read(Path::new(name), toml)?)))
}

/// Reads a package, as TOML or, by the file's ending, as JSON.
///
/// # Errors
/// [`Fault`] with line and column.
pub fn read(path: &Path, content: &str) -> Result<Package, Fault> {
    let is_json = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let read = if is_json {
        Package::from_json(content)
    } else {
        Package::from_toml(content)
    };
    read.map_err(|error| Fault::invalid(format!("{}: {error}", path.display())))
}

pub(super) fn carry_out(desk: &Desk<'_>, command: &TemplateCommand) -> Result<Response, Fault> {
    match command {
        TemplateCommand::Import { package, content } => import(desk, package, content.as_deref()),
        TemplateCommand::List => {
            let templates = desk.workspace.templates()?;
            let json = json!({ "templates": templates.iter().map(brief).collect::<Vec<_>>() });
            Ok(Response::new(list(desk, &templates)?, json))
        }
        TemplateCommand::Show { template, toml } => {
            let found = desk.workspace.template(desk.template(template)?)?;
            let lines = if *toml {
                found.package.to_toml().lines().map(str::to_owned).collect()
            } else {
                template_page::lines(&found, desk.screen)
            };
            Ok(Response::new(lines, json(&found)))
        }
        TemplateCommand::Library { name } => library(name.as_deref(), desk.screen),
        TemplateCommand::Lint { package, content } => {
            lint(package, content.as_deref().unwrap_or_default())
        }
        TemplateCommand::Diff {
            template,
            package,
            content,
            draft,
            since,
        } => {
            let other = package.as_deref().map(|path| (path, content.as_deref()));
            drafts::diff(desk, template, other, (draft.as_deref(), since.as_deref()))
        }
        TemplateCommand::Preview {
            template,
            package,
            content,
            draft,
        } => {
            let other = package.as_deref().map(|path| (path, content.as_deref()));
            drafts::preview(desk, template, other, draft.as_deref())
        }
        TemplateCommand::Draft(command) => drafts::carry_out(desk, command),
        TemplateCommand::Publish { template, draft } => {
            drafts::publish(desk, template, draft.as_deref())
        }
        TemplateCommand::Merge { template } => drafts::merge(desk, template),
        TemplateCommand::Revisions { template } => drafts::revisions(desk, template),
        TemplateCommand::Export {
            template,
            revision,
            as_json,
        } => drafts::export(desk, template, revision.as_deref(), *as_json),
        TemplateCommand::Schema => Ok(schema()),
    }
}

/// The JSON Schema of packages, which a test of the engine keeps current.
const SCHEMA: &str = include_str!("../../../docs/template.schema.json");

/// `casework template schema`, which needs no workspace.
#[must_use]
pub fn schema() -> Response {
    let lines = SCHEMA.lines().map(str::to_owned).collect();
    Response::new(lines, serde_json::from_str(SCHEMA).unwrap_or_default())
}

/// `casework template lint`, which needs no workspace: every fault, each with its place.
///
/// # Errors
/// [`Fault`] for a file that is no package at all.
pub fn lint(path: &Path, content: &str) -> Result<Response, Fault> {
    let package = read(path, content)?;
    let faults = package.faults();
    let mut lines: Vec<String> = faults
        .iter()
        .map(|fault| plain(&fault.to_string()))
        .collect();
    lines.push(match faults.len() {
        0 => format!("{} has no faults.", plain(&package.name)),
        found => format!(
            "{} has {}.",
            plain(&package.name),
            count(found as u64, "fault")
        ),
    });
    let faults: Vec<_> = faults
        .iter()
        .map(|fault| json!({ "at": fault.at, "fault": fault.fault.to_string() }))
        .collect();
    let exit = if faults.is_empty() { 0 } else { 3 };
    let json = json!({ "name": package.name, "faults": faults });
    Ok(Response {
        exit,
        ..Response::new(lines, json)
    })
}

fn import(desk: &Desk<'_>, path: &Path, content: Option<&str>) -> Result<Response, Fault> {
    let content = content.ok_or_else(|| {
        Fault::invalid(format!("{} was not read", path.display()))
            .or_try("casework template library")
    })?;
    let package = read(path, content)?;
    let (key, name) = (package.key.clone(), plain(&package.name));
    let import = desk.workspace.import_template(package).map_err(|error| {
        let taken_away = error.to_string().contains("is gone and cases may have it");
        let way = if taken_away { "preview" } else { "lint" };
        let key = if taken_away {
            format!(" {key}")
        } else {
            String::new()
        };
        Fault::from(error).or_try(format!("casework template {way}{key} {}", path.display()))
    })?;
    let revision = import.revision().short();
    let line = match import {
        TemplateImport::Opened { .. } => {
            format!("{key} {name} is a template now (revision {revision}).")
        }
        TemplateImport::Published { .. } => format!("{key} {name} has a new revision, {revision}."),
        TemplateImport::Unchanged { .. } => {
            format!("{key} {name} is so already (revision {revision}).")
        }
    };
    let example = format!("Open a case with: casework case open {key} \"A title\"");
    let json = json!({ "key": key, "import": json(&import) });
    Ok(Response::new(vec![line, example], json))
}

fn list(desk: &Desk<'_>, templates: &[TemplateView]) -> Result<Vec<String>, Fault> {
    if templates.is_empty() {
        return Ok(vec![
            "No templates yet. Try: casework template import complaint".to_owned(),
        ]);
    }
    let cards = desk.workspace.cards()?;
    let mut table = Table::new(&["key", "name", "cases", "stages", "fields", "revision", ""]);
    for template in templates {
        let cases = cards
            .iter()
            .filter(|card| card.template == template.document)
            .count();
        let mark = if template.contested.is_empty() {
            ""
        } else {
            "contested"
        };
        table.row([
            plain(&template.package.key),
            plain(&template.package.name),
            cases.to_string(),
            template.package.stages.len().to_string(),
            template.package.fields.len().to_string(),
            template.revision.short(),
            mark.to_owned(),
        ]);
    }
    let mut lines = table.lines(desk.screen);
    for template in templates.iter().filter(|one| !one.contested.is_empty()) {
        lines.push(String::new());
        lines.extend(at_once(&template.package.key, desk.screen));
    }
    Ok(lines)
}

/// What to do about revisions that were published at the same time.
pub(super) fn at_once(key: &str, screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    let key = plain(key);
    let words = format!(
        "Revisions of {key} were published at the same time; each stays valid. Begin one draft that \
         takes the place of all with: casework template merge {key}"
    );
    page.toned(Tone::Warning, &words);
    page.finish()
}

fn brief(template: &TemplateView) -> serde_json::Value {
    json!({
        "document": template.document,
        "key": template.package.key,
        "name": template.package.name,
        "revision": template.revision,
        "contested": template.contested,
        "stages": template.package.stages.len(),
        "fields": template.package.fields.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_of_the_library_can_be_published() {
        for (name, toml) in LIBRARY {
            let published = read(Path::new(name), toml).unwrap().publish();
            assert!(published.is_ok(), "{name}: {:?}", published.err());
        }
    }

    #[test]
    fn a_name_that_is_not_in_the_library_is_answered_with_where_to_look() {
        let fault = library(Some("nothing"), Screen::plain(80)).unwrap_err();
        assert_eq!(fault.cure.as_deref(), Some("casework template library"));
    }
}
