//! Tables of members, teams and roles.

use std::collections::BTreeMap;

use casework::ids::{DeviceId, MemberId};
use casework::{MemberKind, MemberView, RoleView, TeamView};

use super::Screen;
use super::ink::Tone;
use super::page::Page;
use super::table::Table;
use super::words::{counted, plain, width};
use casework::Names;

/// Widest column of the places where grants hold.
const MAX_SCOPE: usize = 44;

/// Members with their roles and devices; `me` is marked, `hidden` ones are counted.
#[must_use]
pub fn members(
    members: &[MemberView],
    me: (Option<MemberId>, DeviceId),
    hidden: usize,
    screen: Screen,
) -> Vec<String> {
    let mut table = Table::new(&["name", "roles", "teams", "devices", "id"]);
    for member in members {
        let mut name = plain(&member.name);
        if Some(member.id) == me.0 {
            name.push_str(" (you)");
        }
        let standing = match (member.kind, member.active) {
            (_, false) => Some("suspended"),
            (MemberKind::Service, true) => Some("service"),
            (MemberKind::Imported, true) => Some("imported"),
            (MemberKind::Person, true) => None,
        };
        let roles: Vec<&str> = member.roles.iter().map(String::as_str).collect();
        let roles = match standing {
            Some(standing) => format!(
                "{} {}",
                screen.depth.tone(Tone::Warning, standing),
                roles.join(", ")
            ),
            None => roles.join(", "),
        };
        let teams: Vec<&str> = member.teams.iter().map(String::as_str).collect();
        let devices: Vec<String> = member
            .devices
            .iter()
            .map(|device| {
                let name = plain(&device.name);
                match (device.revoked, device.id == me.1) {
                    (true, _) => screen.depth.tone(Tone::Bad, &format!("{name} (revoked)")),
                    (false, true) => format!("{name} (this)"),
                    (false, false) => name,
                }
            })
            .collect();
        table.row([
            name,
            roles,
            teams.join(", "),
            devices.join(", "),
            member.id.short(),
        ]);
    }
    let mut page = Page::new(screen);
    page.lines(table.lines(screen));
    if hidden > 0 {
        let people = counted(hidden as u64, "person", "people");
        let line = format!("and {people} named by imports (casework member list --all)");
        page.line(page.tone(Tone::Quiet, &line));
    }
    page.finish()
}

/// Teams and who is in them.
#[must_use]
pub fn teams(teams: &[TeamView], names: &Names, screen: Screen) -> Vec<String> {
    if teams.is_empty() {
        return vec![
            "No teams yet. Try: casework team set north --name \"Team North\" --add NAME".into(),
        ];
    }
    let mut table = Table::new(&["key", "name", "members"]);
    for team in teams {
        let members = names.several(team.members.iter().copied());
        table.row([plain(&team.key), plain(&team.name), members]);
    }
    table.lines(screen)
}

/// Roles and what they grant, verbs gathered by scope.
#[must_use]
pub fn roles(roles: &[RoleView], screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    for role in roles {
        let kind = if role.built_in {
            "built in"
        } else {
            "defined here"
        };
        page.heading(
            &plain(&role.key),
            &format!("{} · {kind}", plain(&role.name)),
        );
        let mut by_scope: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for grant in &role.words {
            let (verb, place) = grant.split_once(' ').unwrap_or((grant, "all"));
            by_scope.entry(scope(place)).or_default().push(verb);
        }
        let widest = by_scope.keys().map(|scope| width(scope)).max();
        let columns = widest.unwrap_or_default().clamp(10, MAX_SCOPE);
        for (scope, verbs) in by_scope {
            page.pair(&scope, columns, &verbs.join(", "), None);
        }
    }
    page.finish()
}

fn scope(place: &str) -> String {
    match place {
        "all" => "everywhere".to_owned(),
        "own" => "own cases".to_owned(),
        "team" => "team's".to_owned(),
        place => plain(place),
    }
}
