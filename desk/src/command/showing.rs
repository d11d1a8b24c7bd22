//! `casework case show` and `casework case timeline`.

use std::collections::BTreeMap;

use casework::ids::DocumentId;
use casework::replica::LinkedCase;
use casework::template::{Revision, Today};
use casework::view::{CaseView, CommentView, TimelineEntry};
use serde_json::{Map, Value, json};

use super::{Desk, json};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::agreements;
use crate::screen::case_page::CasePage;
use crate::screen::clocks;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::part_page::PartPage;
use crate::screen::presence;
use crate::screen::timeline;
use crate::screen::words::plain;
use casework::Names;
use casework::telling::Glossary;
use casework::telling::Teller;

/// `casework case show`.
pub(super) fn show(desk: &Desk<'_>, case: &str) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let workspace = desk.workspace;
    workspace.note_reading(id)?;
    let view = workspace.case(id)?;
    let revision = workspace.revision(view.template).ok();
    let (comments, contested) = (workspace.comments(id)?, workspace.contested(id)?);
    let (names, access) = (desk.names()?, workspace.access(id)?);
    let held = workspace
        .held()?
        .iter()
        .filter(|held| held.document == id)
        .count();
    let card = workspace
        .cards()?
        .into_iter()
        .find(|card| card.document == id);
    let unsynced = card.as_ref().is_some_and(|card| card.badges.unsynced);
    let template = revision
        .as_ref()
        .map_or("", |revision| &revision.package().name);
    let links = links(desk, id)?;
    let purge = workspace.purge_of(id)?;
    let here = super::presence::glance(desk, id)?;
    let parts = PartPage {
        view: &view,
        revision: revision.as_deref(),
        links: &links,
        purge: purge.as_ref(),
        names: &names,
    };
    let now = casework::timestamp().to_zoned(jiff::tz::TimeZone::system());
    let today = Today::at(now.timestamp(), now.offset());
    let page = CasePage {
        view: &view,
        revision: revision.as_deref(),
        template,
        comments: &comments,
        contested: &contested,
        names: &names,
        held,
        unsynced,
        access: Some(&access),
        here: &here,
        parts,
        today: &today,
    };
    let mut json = case_json(&view, revision.as_deref(), &names);
    json.extend(parts.json());
    json.insert("comments".into(), comments_json(&comments, &names));
    json.insert("contested".into(), json!(contested));
    if let Some(revision) = &revision {
        json.insert("clocks".into(), clocks::to_json(&view, revision, &today));
    }
    json.insert("held".into(), json!(held));
    json.insert("here".into(), presence::to_json(&here, &names));
    let overrides = super::overrides::of_case_json(&view, &names);
    json.insert("overrides".into(), overrides);
    if let Value::Object(facets) = agreements::facets_json(&view, desk.now_ms(), &names) {
        json.extend(facets);
    }
    json.insert("unsynced".into(), json!(unsynced));
    json.insert("restricted".into(), json!(access.restricted));
    json.insert("named".into(), json!(access.principals));
    Ok(Response::new(page.lines(desk.screen), Value::Object(json)))
}

/// Its links, with what the other cases are called here.
fn links(desk: &Desk<'_>, id: DocumentId) -> Result<Vec<(LinkedCase, String)>, Fault> {
    let links = desk.workspace.links(id)?;
    let called = if links.is_empty() {
        BTreeMap::new()
    } else {
        named(desk)?
    };
    let with_name = |link: LinkedCase| {
        let name = called.get(&link.case).cloned();
        let gone = if link.purged { "" } else { " (not here)" };
        let name = name.unwrap_or_else(|| format!("{}{gone}", link.case.short()));
        (link, name)
    };
    Ok(links.into_iter().map(with_name).collect())
}

/// `casework case timeline`.
pub(super) fn timeline(
    desk: &Desk<'_>,
    case: &str,
    (skip, take): (usize, usize),
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    desk.workspace.note_reading(id)?;
    let view = desk.workspace.case(id)?;
    let revision = desk.workspace.revision(view.template).ok();
    let names = desk.names()?;
    let entries = desk.workspace.timeline(id, skip, take)?;
    let teller = Teller::new(&view, revision.as_deref(), &names);
    let mut page = Page::new(desk.screen);
    let number = page.tone(Tone::Strong, &plain(&view.number));
    let about = format!(
        "{} of {} changes, newest first",
        entries.len(),
        view.changes
    );
    page.line(format!(
        "{number}  {}  {}",
        plain(view.title.value()),
        page.tone(Tone::Quiet, &about)
    ));
    page.gap();
    page.lines(timeline::lines(&teller, &entries, desk.screen));
    let told: Vec<Value> = entries
        .iter()
        .map(|entry| entry_json(entry, &teller, &names))
        .collect();
    let json = json!({
        "document": id,
        "number": view.number,
        "total": view.changes,
        "entries": told,
    });
    Ok(Response::new(page.finish(), json))
}

fn entry_json(entry: &TimelineEntry, teller: &Teller<'_>, names: &Names) -> Value {
    let mut told = json(entry);
    if let Some(object) = told.as_object_mut() {
        object.insert(
            "author".into(),
            json!(entry.member.map(|member| names.member(member))),
        );
        object.insert("sentence".into(), json!(teller.deed(entry)));
        if let Some(claim) = &entry.imported {
            object.insert("imported_name".into(), json!(names.member(claim.who)));
        }
    }
    told
}

/// A case for programs: values with their words.
pub(super) fn case_json(
    view: &CaseView,
    revision: Option<&Revision>,
    names: &Names,
) -> Map<String, Value> {
    let glossary = Glossary { revision, names };
    let people = |members: &std::collections::BTreeSet<casework::ids::MemberId>| {
        members
            .iter()
            .map(|member| names.member(*member))
            .collect::<Vec<_>>()
    };
    let json = json!({
        "document": view.document,
        "template": view.template,
        "number": view.number,
        "title": view.title.value(),
        "stage": view.stage.value(),
        "stage_name": glossary.stage(view.stage.value()),
        "stage_entered_ms": view.stage_entered_ms(),
        "owner": view.owner.value().map(|owner| names.member(owner)),
        "assignees": people(&view.assignees),
        "priority": view.priority.value(),
        "due": view.due.value(),
        "labels": view.labels,
        "closed": view.closed.value(),
        "fields": fields_json(view, revision, glossary),
        "tasks": tasks_json(view, names),
        "decisions": decisions_json(view, names),
        "flags": view.flags,
        "changes": view.changes,
        "changed_ms": view.changed_ms,
        "opened": view.origins.get(view.opened),
    });
    if let Value::Object(object) = json {
        object
    } else {
        Map::new()
    }
}

fn fields_json(view: &CaseView, revision: Option<&Revision>, glossary: Glossary<'_>) -> Value {
    let mut fields = Map::new();
    for (id, held) in &view.fields {
        let field = revision.and_then(|revision| revision.field(id));
        // Mapped, as the page shows it.
        let content = revision.zip(field).and_then(|(revision, field)| {
            let content = view.content(revision, field)?;
            Some((field, content))
        });
        let words = content
            .as_ref()
            .map(|(field, content)| glossary.content(field, content));
        let contested = field.is_some_and(|field| held.is_contested(field.policy()));
        let value = held.value.as_ref().map(|slot| slot.value().clone());
        fields.insert(
            id.clone(),
            json!({
                "label": glossary.label(id),
                "value": value,
                "options": held.options,
                "count": held.count,
                "text": held.text,
                "words": words,
                "contested": contested,
                "redacted": held.redacted,
            }),
        );
    }
    Value::Object(fields)
}

fn tasks_json(view: &CaseView, names: &Names) -> Value {
    let tasks = view.tasks_in_order().into_iter().map(|(id, task)| {
        let items = task.items.iter().map(
            |item| json!({ "id": item.id, "text": item.text.value(), "done": item.done.value() }),
        );
        json!({
            "id": id,
            "title": task.title.value(),
            "status": task.status.value().name(),
            "assignee": task.assignee.value().map(|member| names.member(member)),
            "due": task.due.value(),
            "repeat": task.repeats(),
            "items": items.collect::<Vec<_>>(),
            "contested": task.is_contested(),
        })
    });
    Value::Array(tasks.collect())
}

fn decisions_json(view: &CaseView, names: &Names) -> Value {
    let decisions = view.decisions.iter().map(|(id, decision)| {
        let by = view.origins.get(decision.by);
        json!({
            "id": id,
            "question": decision.question,
            "outcome": decision.outcome,
            "rationale": decision.rationale,
            "conditions": decision.conditions,
            "current": decision.current,
            "by": by.member.map(|member| names.member(member)),
            "claimed_ms": by.claimed_ms,
        })
    });
    Value::Array(decisions.collect())
}

fn comments_json(comments: &[CommentView], names: &Names) -> Value {
    let comments = comments.iter().map(|comment| {
        json!({
            "id": comment.id,
            "body": comment.body,
            "external": comment.external,
            "reply_to": comment.reply_to,
            "author": comment.author.member.map(|member| names.member(member)),
            "claimed_ms": comment.author.claimed_ms,
            "imported": comment.author.imported,
            "edited": comment.edited.is_some(),
            "redacted": comment.redacted,
        })
    });
    Value::Array(comments.collect())
}

/// The number and title of a case, for lists; the id of one that is not here.
pub(super) fn named(desk: &Desk<'_>) -> Result<BTreeMap<DocumentId, String>, Fault> {
    let cards = desk.workspace.cards()?;
    Ok(cards
        .into_iter()
        .map(|card| (card.document, format!("{} {}", card.number, card.title)))
        .collect())
}
