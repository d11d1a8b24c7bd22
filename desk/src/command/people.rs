//! Invites, members, devices, teams and roles.

use std::time::Duration;

use casework::ids::DeviceId;
use casework::{Error, InviteFor, InviteLink, MemberChange, MemberKind, Standing, TeamChange};
use serde_json::json;

use super::{Desk, json};
use crate::cli::{InviteArgs, KindArg, MemberCommand, TeamCommand};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::people as shown;
use crate::screen::words::here;

/// `casework invite`: the link, known to the server before it is shown if the server can be
/// reached.
pub(super) fn invite(desk: &mut Desk<'_>, args: &InviteArgs) -> Result<Response, Fault> {
    let gives = match &args.device_of {
        Some(member) => InviteFor::Device {
            member: desk.member(member)?,
        },
        None => InviteFor::Member {
            roles: args.roles.clone(),
        },
    };
    let valid = Duration::from_secs(u64::from(args.days) * 24 * 60 * 60);
    let link = match desk.workspace.invite(gives.clone(), valid, args.uses) {
        // The server's key may not be known yet, or the server may not know the workspace.
        Err(Error::Unavailable(_)) => {
            super::status::synced(desk)?;
            desk.workspace.invite(gives, valid, args.uses)
        }
        made => made,
    }?;
    let known = super::status::synced(desk);
    Ok(told(desk, &link, known.err(), args))
}

fn told(desk: &Desk<'_>, link: &InviteLink, unknown: Option<Fault>, args: &InviteArgs) -> Response {
    let text = link.to_string();
    let expires = i64::try_from(link.expires_ms()).unwrap_or(i64::MAX);
    let mut page = Page::new(desk.screen);
    page.whole_line(text.clone());
    page.gap();
    let uses = if args.uses == 1 {
        "once".to_owned()
    } else {
        format!("{} times", args.uses)
    };
    page.line(format!(
        "Good until {}, {uses}. Whoever has it can join: pass it on in private.",
        here(expires)
    ));
    if let Some(fault) = &unknown {
        let line = format!("The server does not know it yet ({fault}). It works after a sync.");
        page.line(page.tone(Tone::Warning, &line));
        page.line("try: casework sync");
    } else {
        page.line("The other device runs:");
        let name = if args.device_of.is_some() {
            ""
        } else {
            " --name NAME"
        };
        page.line(format!("  casework join LINK{name}"));
    }
    let json = json!({
        "link": text,
        "expires_ms": link.expires_ms(),
        "uses": args.uses,
        "on_server": unknown.is_none(),
    });
    Response::new(page.finish(), json)
}

/// `casework member …`.
pub(super) fn member(desk: &Desk<'_>, command: &MemberCommand) -> Result<Response, Fault> {
    match command {
        MemberCommand::List { all } => {
            let mut members = desk.workspace.members()?;
            let imported = members
                .iter()
                .filter(|member| member.kind == MemberKind::Imported)
                .count();
            if !all {
                members.retain(|member| member.kind != MemberKind::Imported);
            }
            let hidden = if *all { 0 } else { imported };
            let me = desk.workspace.info()?;
            let lines = shown::members(&members, (me.member, me.device), hidden, desk.screen);
            Ok(Response::new(lines, json!({ "members": json(&members) })))
        }
        MemberCommand::Add { name, kind, roles } => {
            let kind = match kind {
                KindArg::Person => MemberKind::Person,
                KindArg::Service => MemberKind::Service,
            };
            let (id, standing) = desk.workspace.add_member(name, kind, roles)?;
            let said = said(&format!("{name} is a member"), standing);
            Ok(Response::line(
                said,
                json!({ "member": id, "standing": standing_name(standing) }),
            ))
        }
        MemberCommand::Role {
            member,
            add,
            remove,
        } => {
            let change = MemberChange {
                add_roles: add.clone(),
                remove_roles: remove.clone(),
                ..MemberChange::default()
            };
            change_member(desk, member, change, "has other roles")
        }
        MemberCommand::Remove { member } => {
            let change = MemberChange {
                active: Some(false),
                ..MemberChange::default()
            };
            change_member(desk, member, change, "is suspended, with every device")
        }
        MemberCommand::Restore { member } => {
            let change = MemberChange {
                active: Some(true),
                ..MemberChange::default()
            };
            change_member(desk, member, change, "is back")
        }
        MemberCommand::Revoke { device, reason } => revoke(desk, device, reason),
        MemberCommand::Can(args) => super::roles::can(desk, args),
    }
}

fn change_member(
    desk: &Desk<'_>,
    member: &str,
    change: MemberChange,
    what: &str,
) -> Result<Response, Fault> {
    let id = desk.member(member)?;
    let standing = desk.workspace.change_member(id, change)?;
    let name = desk.names()?.member(id);
    let json = json!({ "member": id, "standing": standing_name(standing) });
    Ok(Response::line(
        said(&format!("{name} {what}"), standing),
        json,
    ))
}

/// Revokes a device by its name or id, or all devices of a member.
fn revoke(desk: &Desk<'_>, text: &str, reason: &str) -> Result<Response, Fault> {
    let wanted = text.trim().to_lowercase();
    let members = desk.workspace.members()?;
    let standing_devices = members
        .iter()
        .flat_map(|member| member.devices.iter().map(move |device| (member, device)))
        .filter(|(_, device)| !device.revoked);
    let (mut by_device, mut by_member) = (Vec::new(), Vec::new());
    for (member, device) in standing_devices {
        let is_id = wanted.len() >= 4 && device.id.to_string().starts_with(&wanted);
        if is_id || device.name.to_lowercase() == wanted {
            by_device.push((device.id, device.name.clone()));
        }
        if member.name.to_lowercase() == wanted {
            by_member.push((device.id, device.name.clone()));
        }
    }
    let chosen: Vec<(DeviceId, String)> = match (by_device.len(), by_member.len()) {
        (1, _) => by_device,
        (0, 1..) => by_member,
        (0, 0) => {
            return Err(
                Fault::invalid(format!("no device or member is called {text:?}"))
                    .or_try("casework member list"),
            );
        }
        _ => {
            return Err(
                Fault::invalid(format!("several devices are called {text:?}")).or_try(
                    "casework member list --json    (then name it by the beginning of its id)",
                ),
            );
        }
    };
    let mut lines = Vec::new();
    let mut revoked = Vec::new();
    for (device, name) in chosen {
        let standing = desk.workspace.revoke_device(device, reason)?;
        lines.push(said(&format!("{name} is revoked for good"), standing));
        revoked.push(json!({ "device": device, "standing": standing_name(standing) }));
    }
    Ok(Response::new(lines, json!({ "revoked": revoked })))
}

/// `casework team …`.
pub(super) fn team(desk: &Desk<'_>, command: &TeamCommand) -> Result<Response, Fault> {
    match command {
        TeamCommand::List => {
            let teams = desk.workspace.teams()?;
            let lines = shown::teams(&teams, &desk.names()?, desk.screen);
            Ok(Response::new(lines, json!({ "teams": json(&teams) })))
        }
        TeamCommand::Set {
            key,
            name,
            add,
            remove,
        } => {
            let find = |names: &[String]| {
                names
                    .iter()
                    .map(|name| desk.member(name))
                    .collect::<Result<Vec<_>, _>>()
            };
            let change = TeamChange {
                name: name.clone(),
                add: find(add)?,
                remove: find(remove)?,
            };
            let standing = desk.workspace.change_team(key, change)?;
            let json = json!({ "team": key, "standing": standing_name(standing) });
            Ok(Response::line(
                said(&format!("team {key} is so"), standing),
                json,
            ))
        }
    }
}

pub(super) fn said(what: &str, standing: Standing) -> String {
    match standing {
        Standing::InForce => format!("{what}."),
        Standing::Pending => {
            format!("{what} as soon as the server has taken it (casework sync).")
        }
    }
}

pub(super) fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::InForce => "in-force",
        Standing::Pending => "pending",
    }
}
