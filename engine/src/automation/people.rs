//! Whom a rule means: from `owner` or `field/handler` to a member.

use casework_protocol::ids::MemberId;

use super::effect::Scene;
use crate::case::{Object, schema};
use crate::template::Person;

/// The one member that is meant, as the case stands right after the trigger.
///
/// # Errors
/// Why there is nobody, in words.
pub(super) fn one(scene: &Scene<'_>, person: &Person) -> Result<MemberId, String> {
    let found = match person {
        Person::Owner => text(scene, Object::Root, schema::OWNER),
        Person::Actor => scene.actor,
        Person::Member(member) => Some(*member),
        Person::Field(field) => {
            let fields = scene.past.maps(Object::Root, schema::FIELDS);
            fields
                .first()
                .and_then(|fields| text(scene, *fields, field))
        }
        Person::Role(key) => only(scene, |member| member.roles.contains(key)),
        Person::Team(key) => only(scene, |member| member.teams.contains(key)),
        Person::Assignees | Person::Watchers => None,
    };
    let member = found.ok_or_else(|| format!("{person} is nobody here"))?;
    match scene.roster.member(member) {
        Some(known) if known.active => Ok(member),
        Some(known) => Err(format!("{} is suspended", known.name)),
        None => Err(format!("the workspace has no member {member}")),
    }
}

/// The only active member of whom this is so; nobody if there are several.
fn only(
    scene: &Scene<'_>,
    is: impl Fn(&casework_protocol::roster::Member) -> bool,
) -> Option<MemberId> {
    let mut found = scene
        .roster
        .members()
        .filter(|(_, member)| member.active && is(member))
        .map(|(id, _)| id);
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

fn text(scene: &Scene<'_>, object: Object, key: &str) -> Option<MemberId> {
    let value = scene.past.scalar(object, key)?;
    value.as_text()?.parse().ok()
}
