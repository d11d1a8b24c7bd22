//! `casework case document …`.

use std::collections::BTreeSet;
use std::path::Path;

use casework::case::facet::document::{DocumentAction, VersionStatus};
use casework::case::{CaseAction, PartId};
use casework::file_mark;
use casework::ids::DocumentId;

use crate::cli::{DocumentCommand, Why};
use crate::command::Desk;
use crate::command::cases::act;
use crate::fault::Fault;
use crate::request::Response;

pub(super) fn carry_out(desk: &Desk<'_>, command: &DocumentCommand) -> Result<Response, Fault> {
    let (case, named) = named(command);
    let id = desk.case(case)?;
    let document = match named {
        Some(text) => desk.workspace.find_document(id, text)?,
        None => desk.workspace.fresh_part()?,
    };
    let (action, done) = planned(desk, command, (id, document))?;
    let mut why = Why::default();
    if let DocumentCommand::Withdraw { reason, .. } | DocumentCommand::Choose { reason, .. } =
        command
    {
        why.reason.clone_from(reason);
    }
    let mut response = act(desk, id, action, &why, done)?;
    if let Some(json) = response.json.as_object_mut() {
        json.insert("part".to_owned(), document.to_string().into());
    }
    Ok(response)
}

fn planned(
    desk: &Desk<'_>,
    command: &DocumentCommand,
    (case, document): (DocumentId, PartId),
) -> Result<(CaseAction, &'static str), Fault> {
    let workspace = desk.workspace;
    let (action, done) = match command {
        DocumentCommand::Add {
            file,
            kind,
            name,
            media,
            ..
        } => {
            let file = file_mark(file, media.as_deref())?;
            let add = DocumentAction::Add {
                id: document,
                name: name.clone().unwrap_or_else(|| file.name.clone()),
                kind: kind.clone(),
                version: workspace.fresh_part()?,
                file,
            };
            (add, "New document")
        }
        DocumentCommand::Version {
            file,
            parents,
            media,
            ..
        } => {
            let found = parents
                .iter()
                .map(|text| workspace.find_version(case, document, text))
                .collect::<Result<BTreeSet<_>, _>>()?;
            let action = version(desk, (document, file), found, media.as_deref())?;
            (action, "New version")
        }
        DocumentCommand::Status {
            status, version, ..
        } => {
            let version = match version {
                Some(text) => workspace.find_version(case, document, text)?,
                None => current(desk, case, document)?,
            };
            let status = VersionStatus::from_name(status).ok_or_else(|| {
                let known = VersionStatus::ALL.map(VersionStatus::name).join(", ");
                Fault::invalid(format!("{status:?} is no status; there are {known}"))
            })?;
            let action = DocumentAction::SetStatus { version, status };
            (action, "New status")
        }
        DocumentCommand::Choose { version, .. } => {
            let version = workspace.find_version(case, document, version)?;
            let over = BTreeSet::new();
            let choose = DocumentAction::Choose {
                document,
                version,
                over,
            };
            (choose, "Chosen")
        }
        DocumentCommand::Rename { name, .. } => {
            let name = name.clone();
            (DocumentAction::Rename { document, name }, "Renamed")
        }
        DocumentCommand::Withdraw { undo: true, .. } => {
            (DocumentAction::Reinstate { document }, "Reinstated")
        }
        DocumentCommand::Withdraw { .. } => (DocumentAction::Withdraw { document }, "Withdrawn"),
    };
    Ok((action.into(), done))
}

fn version(
    desk: &Desk<'_>,
    (document, file): (PartId, &Path),
    parents: BTreeSet<PartId>,
    media: Option<&str>,
) -> Result<DocumentAction, Fault> {
    Ok(DocumentAction::AddVersion {
        document,
        id: desk.workspace.fresh_part()?,
        parents,
        file: file_mark(file, media)?,
    })
}

/// The version that counts, if that is known.
fn current(desk: &Desk<'_>, case: DocumentId, document: PartId) -> Result<PartId, Fault> {
    let view = desk.workspace.case(case)?;
    let document = view.facets.documents.0.get(&document);
    let current = document.and_then(|document| document.current_version());
    current.map(|(id, _)| id).ok_or_else(|| {
        Fault::invalid("its versions are parallel, so it must be said which one is meant")
            .or_try("--of 3a, or casework case document choose")
    })
}

/// The case a command names, and the document if there is one already.
fn named(command: &DocumentCommand) -> (&str, Option<&str>) {
    match command {
        DocumentCommand::Add { case, .. } => (case, None),
        DocumentCommand::Version { case, document, .. }
        | DocumentCommand::Status { case, document, .. }
        | DocumentCommand::Choose { case, document, .. }
        | DocumentCommand::Rename { case, document, .. }
        | DocumentCommand::Withdraw { case, document, .. } => (case, Some(document)),
    }
}
