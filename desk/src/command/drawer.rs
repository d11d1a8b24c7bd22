//! `casework drawer …` and `casework held …`.

use casework::{Redone, Standing};
use serde_json::json;

use super::cases::answer;
use super::people::{said, standing_name};
use super::showing::named;
use super::{Desk, json};
use crate::cli::{DrawerCommand, HeldCommand};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::lists;
use crate::screen::words::counted;

/// `casework drawer …`.
pub(super) fn drawer(desk: &Desk<'_>, command: &DrawerCommand) -> Result<Response, Fault> {
    let list = |error: casework::Error| Fault::from(error).or_try("casework drawer list");
    match command {
        DrawerCommand::List => {
            let drawn = desk.workspace.drawer()?;
            let lines = lists::drawer(&drawn, &named(desk)?, desk.screen);
            Ok(Response::new(lines, json!({ "drawer": json(&drawn) })))
        }
        DrawerCommand::Redo { number, reason } => {
            let redone = desk.workspace.redo(*number, reason.as_deref());
            let acted = match redone.map_err(list)? {
                Redone::Acted(acted) => acted,
                Redone::Said(standing) => {
                    let json = json!({ "standing": standing_name(standing) });
                    return Ok(Response::line(said("It holds again", standing), json));
                }
            };
            if desk.workspace.case(acted.document).is_err() {
                // A template's act: there is no case to show.
                return Ok(Response::line(
                    "Done again.",
                    json!({ "change": acted.change }),
                ));
            }
            answer(desk, acted.document, &[acted], "Done again")
        }
        DrawerCommand::Discard { number } => {
            desk.workspace.discard(*number).map_err(list)?;
            Ok(Response::line(
                format!("Number {number} is gone."),
                json!({ "discarded": number }),
            ))
        }
    }
}

/// `casework held …`.
pub(super) fn held(desk: &Desk<'_>, command: &HeldCommand) -> Result<Response, Fault> {
    match command {
        HeldCommand::List => {
            let held = desk.workspace.held()?;
            let lines = lists::held(&held, &named(desk)?, &desk.names()?, desk.screen);
            Ok(Response::new(lines, json!({ "held": json(&held) })))
        }
        HeldCommand::Adopt { case, reason } => {
            let id = desk.case(case)?;
            let adopted = desk.workspace.adopt(id, reason);
            let (count, standing) =
                adopted.map_err(|error| Fault::from(error).or_try("casework held list"))?;
            let changes = counted(count as u64, "change", "changes");
            let line = match standing {
                Standing::InForce => format!("{changes} adopted."),
                Standing::Pending => {
                    format!("{changes} adopted as soon as the server has taken it (casework sync).")
                }
            };
            let standing = if standing == Standing::InForce {
                "in-force"
            } else {
                "pending"
            };
            let json = json!({ "document": id, "adopted": count, "standing": standing });
            Ok(Response::line(line, json))
        }
    }
}
