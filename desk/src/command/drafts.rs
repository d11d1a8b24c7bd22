//! `casework template draft …`, `diff`, `preview`, `publish`, `merge`, `revisions` and `export`.

use std::path::Path;

use casework::case::PartId;
use casework::ids::DocumentId;
use casework::template::{Package, Revision, differences};
use casework::{Draft, DraftStatus, DraftView};
use serde_json::{Value, json};

use super::templates::{at_once, read};
use super::{Desk, json};
use crate::cli::DraftCommand;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::difference_page;
use crate::screen::table::Table;
use crate::screen::words::{count, plain};

pub(super) fn carry_out(desk: &Desk<'_>, command: &DraftCommand) -> Result<Response, Fault> {
    match command {
        DraftCommand::Start {
            template,
            name,
            package,
            content,
        } => start(
            desk,
            (template, name),
            package.as_deref(),
            content.as_deref(),
        ),
        DraftCommand::List { template } => list(desk, template),
        DraftCommand::Show {
            template,
            draft,
            toml,
        } => show(desk, template, draft.as_deref(), *toml),
        DraftCommand::Set {
            template,
            path,
            value,
            draft,
        } => {
            // What is no JSON is the text it seems to be.
            let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
            edit(desk, (template, draft.as_deref()), path, Some(value))
        }
        DraftCommand::Remove {
            template,
            path,
            draft,
        } => edit(desk, (template, draft.as_deref()), path, Some(Value::Null)),
        DraftCommand::Reset {
            template,
            path,
            draft,
        } => edit(desk, (template, draft.as_deref()), path, None),
        DraftCommand::Keep {
            template,
            path,
            draft,
        } => {
            let document = desk.template(template)?;
            let found = find(desk, document, draft.as_deref())?;
            let value = found.edits.get(path).cloned();
            edit(desk, (template, draft.as_deref()), path, value)
        }
        DraftCommand::Import {
            template,
            package,
            content,
            draft,
        } => {
            let document = desk.template(template)?;
            let found = find(desk, document, draft.as_deref())?;
            let package = given(package, content.as_deref())?;
            desk.workspace.import_draft(document, found.id, &package)?;
            shown(desk, document, found.id)
        }
        DraftCommand::Discard { template, draft } => {
            let document = desk.template(template)?;
            let found = find(desk, document, draft.as_deref())?;
            desk.workspace.discard_draft(document, found.id)?;
            let line = format!("Draft {} is given up; it stays readable.", found.id);
            Ok(Response::line(line, json!({ "draft": found.id })))
        }
    }
}

/// `template diff`: against a file, a draft, or an older revision.
pub(super) fn diff(
    desk: &Desk<'_>,
    template: &str,
    other: Option<(&Path, Option<&str>)>,
    (draft, since): (Option<&str>, Option<&str>),
) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let current = desk.workspace.template(document)?.package;
    let (before, after) = if let Some(since) = since {
        let older = revision(desk, document, since)?;
        (older.package().draftable(), current)
    } else {
        let after = wanted(desk, document, other, draft)?;
        (current, after)
    };
    let found = differences(&before, &after).map_err(|error| Fault::invalid(error.to_string()))?;
    let lines = difference_page::lines(&found, desk.screen);
    Ok(Response::new(lines, json!({ "differences": json(&found) })))
}

/// `template preview`: what publishing would do to open cases.
pub(super) fn preview(
    desk: &Desk<'_>,
    template: &str,
    other: Option<(&Path, Option<&str>)>,
    draft: Option<&str>,
) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let package = wanted(desk, document, other, draft)?;
    let impact = desk.workspace.impact(document, &package)?;
    let lines = difference_page::impact_lines(&impact, desk.screen);
    let mut response = Response::new(lines, json!({ "impact": json(&impact) }));
    if !impact.unmapped.is_empty() {
        response.exit = 3;
    }
    Ok(response)
}

/// `template publish`: a draft.
pub(super) fn publish(
    desk: &Desk<'_>,
    template: &str,
    draft: Option<&str>,
) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let found = find(desk, document, draft)?;
    let published = desk.workspace.publish_draft(document, found.id);
    let revision = published.map_err(|error| {
        Fault::from(error).or_try(format!("casework template draft show {template}"))
    })?;
    let line = format!(
        "{} is published as revision {}.",
        plain(&found.name),
        revision.short()
    );
    let json = json!({ "draft": found.id, "revision": revision });
    Ok(Response::line(line, json))
}

/// `template merge`.
pub(super) fn merge(desk: &Desk<'_>, template: &str) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let merged = desk.workspace.merge_revisions(document).map_err(|error| {
        Fault::from(error).or_try(format!("casework template revisions {template}"))
    });
    let (draft, conflicts) = merged?;
    let mut lines = vec![format!(
        "Draft {draft} has what each of them changed; {}.",
        count(conflicts.len() as u64, "part to decide")
    )];
    lines.extend(difference_page::conflict_lines(&conflicts, desk.screen));
    lines.push(match conflicts.is_empty() {
        true => format!("Publish it with: casework template publish {template}"),
        false => format!(
            "Decide with: casework template draft keep {template} PATH, or draft set {template} \
             PATH VALUE"
        ),
    });
    let json = json!({ "draft": draft, "conflicts": json(&conflicts) });
    Ok(Response::new(lines, json))
}

/// `template revisions`.
pub(super) fn revisions(desk: &Desk<'_>, template: &str) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let current = desk.workspace.template(document)?;
    let found = desk.workspace.published_revisions(document)?;
    let mut table = Table::new(&["revision", "name", "takes the place of", ""]);
    for revision in &found {
        let before: Vec<String> = revision.supersedes().iter().map(|id| id.short()).collect();
        let mark = if current.revision == revision.id() {
            "current"
        } else if current.contested.contains(&revision.id()) {
            "published at the same time"
        } else {
            ""
        };
        table.row([
            revision.id().short(),
            plain(&revision.package().name),
            before.join(", "),
            mark.to_owned(),
        ]);
    }
    let known = |revision: &std::sync::Arc<Revision>| json!({ "revision": revision.id(), "supersedes": revision.supersedes() });
    let json = json!({
        "current": current.revision,
        "contested": current.contested,
        "revisions": found.iter().map(known).collect::<Vec<_>>(),
    });
    let mut lines = table.lines(desk.screen);
    if !current.contested.is_empty() {
        lines.push(String::new());
        lines.extend(at_once(&current.package.key, desk.screen));
    }
    Ok(Response::new(lines, json))
}

/// `template export`.
pub(super) fn export(
    desk: &Desk<'_>,
    template: &str,
    older: Option<&str>,
    as_json: bool,
) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let package = match older {
        Some(id) => revision(desk, document, id)?.package().draftable(),
        None => desk.workspace.export_template(document)?,
    };
    let text = if as_json {
        package.to_json()
    } else {
        package.to_toml()
    };
    let lines = text.lines().map(str::to_owned).collect();
    Ok(Response::new(lines, json(&package)))
}

fn start(
    desk: &Desk<'_>,
    (template, name): (&str, &str),
    path: Option<&Path>,
    content: Option<&str>,
) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let package = path.map(|path| given(path, content)).transpose()?;
    let id = desk
        .workspace
        .start_draft(document, name, package.as_ref())?;
    shown(desk, document, id)
}

fn list(desk: &Desk<'_>, template: &str) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let drafts = desk.workspace.drafts(document)?;
    let mut table = Table::new(&["draft", "name", "changes", "to decide", ""]);
    for draft in &drafts {
        let status = match draft.status {
            DraftStatus::Open => String::new(),
            DraftStatus::Discarded => "given up".to_owned(),
            DraftStatus::Published(revision) => format!("published as {}", revision.short()),
        };
        table.row([
            draft.id.to_string(),
            plain(&draft.name),
            draft.edits.len().to_string(),
            (draft.conflicts.len() + draft.contested.len()).to_string(),
            status,
        ]);
    }
    let lines = if table.is_empty() {
        let start = format!("casework template draft start {template} \"Autumn\"");
        vec![format!("No drafts. Begin one with: {start}")]
    } else {
        table.lines(desk.screen)
    };
    Ok(Response::new(lines, json!({ "drafts": json(&drafts) })))
}

fn show(
    desk: &Desk<'_>,
    template: &str,
    draft: Option<&str>,
    toml: bool,
) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let found = find(desk, document, draft)?;
    if !toml {
        return shown(desk, document, found.id);
    }
    let view = desk.workspace.draft(document, found.id)?;
    let toml = view.package.to_toml();
    let lines = toml.lines().map(str::to_owned).collect();
    Ok(Response::new(lines, json(&view.package)))
}

fn edit(
    desk: &Desk<'_>,
    (template, draft): (&str, Option<&str>),
    path: &str,
    value: Option<Value>,
) -> Result<Response, Fault> {
    let document = desk.template(template)?;
    let found = find(desk, document, draft)?;
    let edits = [(path.to_owned(), value)].into();
    let edited = desk.workspace.edit_draft(document, found.id, edits);
    edited.map_err(|error| {
        Fault::from(error).or_try(format!("casework template draft show {template}"))
    })?;
    shown(desk, document, found.id)
}

fn shown(desk: &Desk<'_>, document: DocumentId, id: PartId) -> Result<Response, Fault> {
    let view: DraftView = desk.workspace.draft(document, id)?;
    let lines = difference_page::draft_lines(&view, desk.screen);
    Ok(Response::new(lines, json!({ "draft": json(&view) })))
}

/// The package that is to be compared with the current one: of a draft, or of a file.
fn wanted(
    desk: &Desk<'_>,
    document: DocumentId,
    other: Option<(&Path, Option<&str>)>,
    draft: Option<&str>,
) -> Result<Package, Fault> {
    if let Some((path, content)) = other {
        return given(path, content);
    }
    let found = find(desk, document, draft)?;
    Ok(desk.workspace.draft(document, found.id)?.package)
}

fn given(path: &Path, content: Option<&str>) -> Result<Package, Fault> {
    let content =
        content.ok_or_else(|| Fault::invalid(format!("{} was not read", path.display())))?;
    read(path, content)
}

/// A draft by the beginning of its id, or the only one that is still written.
fn find(desk: &Desk<'_>, document: DocumentId, wanted: Option<&str>) -> Result<Draft, Fault> {
    let drafts = desk.workspace.drafts(document)?.into_iter();
    let fits = |draft: &Draft| match wanted {
        Some(wanted) => draft.id.to_string().starts_with(wanted),
        None => draft.status == DraftStatus::Open,
    };
    let mut found: Vec<Draft> = drafts.filter(fits).collect();
    match (found.pop(), found.len()) {
        (Some(draft), 0) => Ok(draft),
        (Some(_), more) => Err(Fault::invalid(format!(
            "{} drafts fit; name one by the beginning of its id",
            more + 1
        ))
        .or_try("casework template draft list KEY")),
        (None, _) => Err(Fault::invalid("there is no such draft")
            .or_try("casework template draft start KEY \"A name\"")),
    }
}

/// A published revision by the beginning of its id.
fn revision(
    desk: &Desk<'_>,
    document: DocumentId,
    wanted: &str,
) -> Result<std::sync::Arc<Revision>, Fault> {
    let known = desk.workspace.published_revisions(document)?;
    let mut fitting = known
        .into_iter()
        .filter(|revision| revision.id().to_string().starts_with(wanted));
    match (fitting.next(), fitting.next()) {
        (Some(revision), None) => Ok(revision),
        (Some(_), Some(_)) => Err(Fault::invalid(format!(
            "several revisions begin with {wanted:?}; write more of it"
        ))),
        (None, _) => Err(Fault::invalid(format!(
            "no revision of this template begins with {wanted:?}"
        ))
        .or_try("casework template revisions KEY")),
    }
}
