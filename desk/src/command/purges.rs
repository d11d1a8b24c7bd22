//! `casework purges` and `casework case purge --carry-out`.

use casework::case::facet::keeping::PURGE;
use casework::ids::DocumentId;
use casework::{ErrorKind, Purge, PurgeState};
use serde_json::json;

use super::showing::named;
use super::{Desk, json};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::purges;

/// Every purge that waits, is held or was carried out.
pub(super) fn list(desk: &Desk<'_>) -> Result<Response, Fault> {
    let purges = desk.workspace.purges()?;
    let mut templates = std::collections::BTreeMap::new();
    for template in desk.workspace.templates()? {
        templates.insert(template.document, template.package.key.clone());
    }
    let requested = requested(desk, &purges)?;
    let known = (&named(desk)?, &templates);
    let lines = purges::list((&purges, &requested), known, &desk.names()?, desk.screen);
    let json = json!({ "purges": json(&purges), "requested": requested });
    Ok(Response::new(lines, json))
}

/// The cases whose purge was requested here and has not reached the server.
fn requested(desk: &Desk<'_>, known: &[Purge]) -> Result<Vec<DocumentId>, Fault> {
    let mut requested = Vec::new();
    for card in desk.workspace.cards()? {
        let id = card.document;
        if !card.badges.unsynced || known.iter().any(|purge| purge.document == id) {
            continue;
        }
        let view = desk.workspace.case(id)?;
        if view.facets.keeping.set_by(PURGE).is_some() {
            requested.push(id);
        }
    }
    Ok(requested)
}

/// Carries out one that is due.
pub(super) fn carry_out(desk: &Desk<'_>, case: &str) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let called = named(desk)?.remove(&id).unwrap_or_else(|| id.short());
    if let Err(error) = desk.workspace.purge(id) {
        let denied = error.kind() == ErrorKind::Denied;
        let fault = Fault::from(error);
        return Err(match desk.workspace.purge_of(id)? {
            Some(Purge {
                state: PurgeState::OnHold { .. },
                ..
            }) => fault.or_try(format!(
                "casework case legal-hold {case} --lift --reason \"…\""
            )),
            Some(_) if !denied => fault.or_try("casework purges"),
            None if !denied => fault.or_try(format!(
                "casework case purge {case} --days 30 --reason \"…\", then casework sync"
            )),
            Some(_) | None => fault,
        });
    }
    let line = format!(
        "{called} is purged once the server has it: then its content is gone on every device, for \
         good."
    );
    Ok(Response::line(
        line,
        json!({ "document": id, "purge": "sent" }),
    ))
}
