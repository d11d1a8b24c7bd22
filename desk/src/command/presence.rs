//! `casework case here`: says that a case is open here, and tells who else has it open.

use std::time::Duration;

use casework::ids::DocumentId;
use casework::{Activity, Presence, SyncState};
use serde_json::json;

use super::Desk;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::presence;
use crate::screen::words::plain;

/// For how long somebody who had a case printed counts as looking at it.
const GLANCE: Duration = Duration::from_secs(120);

/// `casework case here`, with what is said of oneself.
pub(super) fn here(
    desk: &Desk<'_>,
    case: &str,
    (typing, left): (bool, bool),
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    if matches!(desk.workspace.sync_state(), SyncState::Off) {
        let message = "nobody can be told: no process stays in step with the server";
        return Err(
            Fault::unavailable(message).or_try("casework sync --watch, and leave it running")
        );
    }
    if left {
        desk.workspace.leave(id);
    } else {
        let activity = [Activity::Open, Activity::Typing][usize::from(typing)];
        desk.workspace.announce(id, activity);
    }
    let (presence, names) = (desk.workspace.presence_of(id)?, desk.names()?);
    let number = plain(&desk.workspace.case(id)?.number);
    let line = match presence::line(&presence, &names) {
        Some(others) => format!("{number} is open here too: {others}"),
        None => format!("Nobody else has {number} open."),
    };
    let here = presence::to_json(&presence, &names);
    Ok(Response::line(
        line,
        json!({ "document": id, "number": number, "here": here, "more": presence.more }),
    ))
}

/// Somebody has a case printed: whoever else is there, while this process stays in step.
pub(super) fn glance(desk: &Desk<'_>, case: DocumentId) -> Result<Presence, Fault> {
    if !matches!(desk.workspace.sync_state(), SyncState::Off) {
        desk.workspace.glance(case, GLANCE);
    }
    Ok(desk.workspace.presence_of(case)?)
}
