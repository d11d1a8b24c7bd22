//! `casework case restrict`, `unrestrict`, `name`, `unname` and `access`.

use casework::{AccessChange, Principal};
use serde_json::json;

use super::{Desk, json};
use crate::cli::AccessCommand;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::access as shown;

/// Carries one out.
pub(super) fn carry_out(desk: &Desk<'_>, command: &AccessCommand) -> Result<Response, Fault> {
    match command {
        AccessCommand::Restrict {
            case,
            names,
            without_me,
        } => {
            let mut add = principals(desk, names)?;
            let me = desk.workspace.info()?.member.map(Principal::Member);
            add.extend(me.filter(|me| !without_me && !add.contains(me)));
            let change = AccessChange {
                add,
                restricted: Some(true),
                ..AccessChange::default()
            };
            changed(desk, case, change, "is restricted to those it names")
        }
        AccessCommand::Unrestrict { case } => {
            let change = AccessChange {
                restricted: Some(false),
                ..AccessChange::default()
            };
            changed(desk, case, change, "is open to everybody with a grant")
        }
        AccessCommand::Name { case, names } => {
            let change = AccessChange {
                add: principals(desk, names)?,
                ..AccessChange::default()
            };
            changed(desk, case, change, "names them")
        }
        AccessCommand::Unname { case, names } => {
            let change = AccessChange {
                remove: principals(desk, names)?,
                ..AccessChange::default()
            };
            changed(desk, case, change, "names them no more")
        }
        AccessCommand::Access { case } => {
            let id = desk.case(case)?;
            let access = desk.workspace.access(id)?;
            let lines = shown::page(&access, &desk.names()?, desk.screen);
            Ok(Response::new(
                lines,
                json!({ "document": id, "access": json(&access) }),
            ))
        }
    }
}

fn principals(desk: &Desk<'_>, names: &[String]) -> Result<Vec<Principal>, Fault> {
    let find = |name: &String| desk.workspace.find_principal(name);
    let found: Result<Vec<_>, _> = names.iter().map(find).collect();
    found.map_err(|error| Fault::from(error).or_try("casework member list, or casework team list"))
}

/// What is so already is left out, so that naming somebody twice refuses nothing else.
fn changed(
    desk: &Desk<'_>,
    case: &str,
    mut change: AccessChange,
    what: &str,
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let now = desk.workspace.access(id)?;
    change.add.retain(|one| !now.principals.contains(one));
    change.remove.retain(|one| now.principals.contains(one));
    change.restricted = change.restricted.filter(|wanted| *wanted != now.restricted);
    let number = desk.workspace.case(id)?.number;
    if change == AccessChange::default() {
        let message = format!("nothing would change: {number} {what} already");
        return Err(Fault::invalid(message).or_try(format!("casework case access {case}")));
    }
    let json = json!({
        "document": id,
        "number": number,
        "added": change.add,
        "removed": change.remove,
        "restricted": change.restricted,
        "standing": "pending",
    });
    desk.workspace.change_access(id, change)?;
    let line = format!("{number} {what} as soon as the server has taken it (casework sync).");
    Ok(Response::line(line, json))
}
