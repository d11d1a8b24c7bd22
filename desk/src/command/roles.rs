//! `casework role …` and `casework member can`: what roles grant, and what a member may do and why.

use casework::rights::Grant;
use casework::{Answer, Obstacle, Question, RoleView, Where, read_verb};
use serde_json::json;

use super::people::{said, standing_name};
use super::{Desk, json};
use crate::cli::{CanArgs, RoleCommand};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::people as shown;
use crate::screen::words::plain;

/// `casework role …`.
pub(super) fn roles(desk: &Desk<'_>, command: &RoleCommand) -> Result<Response, Fault> {
    match command {
        RoleCommand::List => {
            let roles = desk.workspace.roles()?;
            let lines = shown::roles(&roles, desk.screen);
            Ok(Response::new(lines, json!({ "roles": json(&roles) })))
        }
        RoleCommand::Show { key } => {
            let role = role(desk, key)?;
            let members = desk.workspace.members()?;
            let holders: Vec<String> = members
                .iter()
                .filter(|member| member.roles.contains(key))
                .map(|member| plain(&member.name))
                .collect();
            let mut page = Page::new(desk.screen);
            page.lines(shown::roles(core::slice::from_ref(&role), desk.screen));
            let held = if holders.is_empty() {
                "nobody".to_owned()
            } else {
                holders.join(", ")
            };
            page.pair("held by", 10, &held, None);
            let json = json!({ "role": json(&role), "held_by": holders });
            Ok(Response::new(page.finish(), json))
        }
        RoleCommand::Define { key, name, grants } => define(desk, key, name.as_deref(), grants),
        RoleCommand::Remove { key } => {
            role(desk, key)?;
            let standing = desk.workspace.remove_role(key)?;
            let json = json!({ "role": key, "standing": standing_name(standing) });
            let line = said(
                &format!("role {key} is gone; whoever had it lost it"),
                standing,
            );
            Ok(Response::line(line, json))
        }
    }
}

fn role(desk: &Desk<'_>, key: &str) -> Result<RoleView, Fault> {
    let found = desk
        .workspace
        .roles()?
        .into_iter()
        .find(|one| one.key == key);
    found.ok_or_else(|| {
        Fault::invalid(format!("there is no role {key:?}")).or_try("casework role list")
    })
}

fn define(
    desk: &Desk<'_>,
    key: &str,
    name: Option<&str>,
    words: &[String],
) -> Result<Response, Fault> {
    let mut grants: Vec<Grant> = Vec::new();
    for words in words {
        let read = desk.workspace.read_grants(words);
        grants.extend(
            read.map_err(|error| Fault::from(error).or_try("casework role define --help"))?,
        );
    }
    let name = match name {
        Some(name) => name.to_owned(),
        None => role(desk, key).map(|role| role.name).map_err(|_| {
            Fault::invalid(format!("role {key} is new and needs a name"))
                .or_try(format!("casework role define {key} --name NAME --grant …"))
        })?,
    };
    let standing = desk.workspace.define_role(key, &name, grants.clone())?;
    let shown: Result<Vec<String>, _> = grants
        .iter()
        .map(|grant| desk.workspace.grant_words(grant))
        .collect();
    let shown = shown?;
    let line = said(&format!("role {key} grants {}", shown.join(", ")), standing);
    let json = json!({
        "role": key,
        "name": name,
        "grants": shown,
        "standing": standing_name(standing),
    });
    Ok(Response::line(line, json))
}

/// `casework member can`.
pub(super) fn can(desk: &Desk<'_>, args: &CanArgs) -> Result<Response, Fault> {
    let member = desk.member(&args.member)?;
    let verb = read_verb(&args.verb)
        .map_err(|error| Fault::from(error).or_try("casework member can --help"))?;
    let place = match (&args.case, &args.template) {
        (Some(case), _) => Where::Case(desk.case(case)?),
        (None, Some(template)) => Where::Template(desk.template(template)?),
        (None, None) => Where::Workspace,
    };
    let question = Question {
        member,
        verb,
        place,
        stage: args.stage.clone(),
        field: args.field.clone(),
    };
    let answer = desk.workspace.can(question)?;
    let name = desk.names()?.member(member);
    let mut page = Page::new(desk.screen);
    let verdict = if answer.allowed {
        page.tone(Tone::Good, "yes")
    } else {
        page.tone(Tone::Bad, "no")
    };
    page.line(format!("{verdict}: {}", reason(&name, &answer)));
    for given in &answer.given_by {
        page.pair(&given.role, 12, &given.grant, None);
    }
    if !answer.allowed {
        remedy(&mut page, &name, &answer);
    }
    let mut json = json(&answer);
    if let Some(object) = json.as_object_mut() {
        object.insert("member".to_owned(), json!(name));
        object.insert("verb".to_owned(), json!(verb));
    }
    Ok(Response::new(page.finish(), json))
}

fn reason(name: &str, answer: &Answer) -> String {
    match answer.obstacle {
        None => format!("{name} may, by"),
        Some(Obstacle::Suspended) => format!("{name} is suspended"),
        Some(Obstacle::Restricted) => {
            format!("the case is restricted and names neither {name} nor a team or role of theirs")
        }
        Some(Obstacle::Unseen) => format!("{name} does not see the case"),
        Some(Obstacle::StageRoles) => format!(
            "the stage is worked on by {}, and {name} has no such role",
            answer.stage_roles.join(", ")
        ),
        Some(Obstacle::NoGrant) => format!("no role of {name} gives \"{}\"", answer.grant),
    }
}

/// What somebody who manages members, or is on the case, can do about it.
fn remedy(page: &mut Page, member: &str, answer: &Answer) {
    let member = if member.contains(' ') {
        format!("{member:?}")
    } else {
        member.to_owned()
    };
    match answer.obstacle {
        None => {}
        Some(Obstacle::Suspended) => page.line(format!("try: casework member restore {member}")),
        Some(Obstacle::Restricted | Obstacle::Unseen) => {
            page.line(format!("try: casework case name CASE {member}"));
        }
        Some(Obstacle::StageRoles) => {
            page.line(format!("try: casework member role {member} --add ROLE"));
        }
        Some(Obstacle::NoGrant) => {
            if !answer.roles.is_empty() {
                page.line(format!("roles that give it: {}", answer.roles.join(", ")));
                page.line(format!("try: casework member role {member} --add ROLE"));
            }
            page.line(format!(
                "or: casework role define KEY --name NAME --grant {:?}",
                answer.grant
            ));
        }
    }
}
