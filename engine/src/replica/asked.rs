//! What an act asks of its author: the day it is judged on, the rights it needs, and the act itself
//! as outbox and drawer keep it.

use automerge::{Automerge, Change};
use casework_protocol::access::entry::AccessBody;
use casework_protocol::authority::Act as Asking;
use casework_protocol::ids::ChangeHash;
use casework_protocol::roster::entry::RosterBody;

use super::document::{change_of, guarded};
use crate::case::{Message, Needed, Past, Shaped, act_of};
use crate::personal::{self, PersonalAction};
use crate::template::Today;
use crate::template_document::{self, TemplateAct};

/// The author's day, as claimed. `None` for a time beyond the calendar.
pub(super) fn day_of(time_ms: i64, zone_min: i16) -> Option<Today> {
    let now = jiff::Timestamp::from_millisecond(time_ms).ok()?;
    let offset = jiff::tz::Offset::from_seconds(i32::from(zone_min) * 60).ok()?;
    Some(Today::at(now, offset))
}

/// The rights an act needs, as the authority asks for them.
pub(super) fn asking(needed: &[Needed]) -> Vec<Asking<'_>> {
    needed
        .iter()
        .map(|needed| Asking {
            verb: needed.verb,
            stage: needed.stage.as_deref(),
            field: needed.field.as_deref(),
            seats: &needed.seats,
        })
        .collect()
}

/// The rights that a received change needs. An effect of a rule needs none: the rule is the
/// operator's grant, and whether it is one is judged too (`automating.rs`).
pub(super) fn asked_by(shaped: &Shaped) -> &[Needed] {
    if is_effect(shaped.message()) {
        &[]
    } else {
        shaped.needed()
    }
}

/// Whether it says that an act of its author triggered it.
pub(super) fn is_effect(message: &Message) -> bool {
    message
        .cause
        .as_ref()
        .is_some_and(|cause| cause.of.is_some())
}

/// The rights that an own act, kept as text, needed where it was made.
pub(super) fn needed_by(act: &str, past: &Past<'_>, message: &Message) -> Vec<Needed> {
    if is_effect(message) {
        return Vec::new();
    }
    match serde_json::from_str(act) {
        Ok(OwnAct::Case(act)) => crate::case::needed(past, &act, message.rule.is_some()),
        Ok(OwnAct::Personal(_)) => Vec::new(),
        Ok(OwnAct::Template(_) | OwnAct::Entry(_)) | Err(_) => {
            let verb = casework_protocol::rights::Verb::Publish;
            vec![Needed {
                verb,
                stage: None,
                field: None,
                seats: Vec::new(),
                works_in: None,
            }]
        }
    }
}

/// What a person did, as outbox and drawer keep it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnAct {
    /// To a case.
    Case(Box<crate::case::Act>),
    /// To a template.
    Template(TemplateAct),
    /// To the roster or to an access record: an entry that nobody's log has taken.
    Entry(OwnEntry),
    /// To one's own personal document.
    Personal(PersonalAction),
}

/// A roster or access entry as it was said, to be signed onto the head of the day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OwnEntry {
    /// What it says, for instance `team.change night`.
    pub what: String,
    chain: Chain,
    /// The body in CBOR, as hexadecimal digits.
    body: String,
}

/// The chain that an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Chain {
    Roster,
    Access,
}

/// The body of an own entry.
pub(super) enum Said {
    /// Of the roster.
    Roster(RosterBody),
    /// Of the document's access record.
    Access(AccessBody),
}

impl OwnEntry {
    /// A roster entry.
    pub(super) fn of_roster(body: &RosterBody) -> Self {
        let (name, target) = match body {
            RosterBody::Genesis { name, .. } => ("workspace.found", name.clone()),
            RosterBody::AddMember { name, .. } => ("member.add", name.clone()),
            RosterBody::ChangeMember { member, .. } => ("member.change", member.short()),
            RosterBody::RevokeDevice { device, .. } => ("device.revoke", device.short()),
            RosterBody::DefineRole { role, .. } => ("role.define", role.clone()),
            RosterBody::RemoveRole { role } => ("role.remove", role.clone()),
            RosterBody::ChangeTeam { team, .. } => ("team.change", team.clone()),
            RosterBody::OpenInvite { invite, .. } => ("invite.open", invite.short()),
            RosterBody::CancelInvite { invite } => ("invite.cancel", invite.short()),
            RosterBody::Redeem { invite, .. } => ("invite.redeem", invite.short()),
            RosterBody::Adopt { document, .. } => ("held.adopt", document.short()),
        };
        Self::new(Chain::Roster, format!("{name} {target}"), body)
    }

    /// An entry of an access record.
    pub(super) fn of_access(body: &AccessBody) -> Self {
        let what = match body {
            AccessBody::Genesis { .. } => "access.found",
            AccessBody::Change { .. } => "access.change",
            AccessBody::RequestPurge { .. } => "access.request-purge",
            AccessBody::CancelPurge => "access.cancel-purge",
            AccessBody::Purge => "access.purge",
        };
        Self::new(Chain::Access, what.to_owned(), body)
    }

    fn new(chain: Chain, what: String, body: &impl minicbor::Encode<()>) -> Self {
        let bytes = minicbor::to_vec(body).expect("encoding to memory does not fail");
        let body = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { what, chain, body }
    }

    /// What was said; `None` if this version cannot read it.
    pub(super) fn said(&self) -> Option<Said> {
        let digits = self.body.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes?;
        match self.chain {
            Chain::Roster => minicbor::decode(&bytes).ok().map(Said::Roster),
            Chain::Access => minicbor::decode(&bytes).ok().map(Said::Access),
        }
    }
}

impl OwnAct {
    /// What a change did that stands in a document, where it was not kept as an act any more, and when
    /// by its author's clock. `None` for what no act writes.
    pub(super) fn of_change(doc: &Automerge, hash: ChangeHash) -> Option<(Self, u64)> {
        let change = change_of(doc, hash)?;
        let act = guarded(|| Self::read(doc, &change)).ok().flatten()?;
        Some((act, u64::try_from(change.timestamp()).unwrap_or_default()))
    }

    fn read(doc: &Automerge, change: &Change) -> Option<Self> {
        let action = Message::read(change.message()?).ok()?.action;
        if action.is_of_template() {
            template_document::act_of(doc, change).map(Self::Template)
        } else if action.is_of_personal() {
            personal::action_of(change).map(Self::Personal)
        } else {
            act_of(doc, change).map(|act| Self::Case(Box::new(act)))
        }
    }

    /// What was done, as a message names it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Entry(entry) => &entry.what,
            Self::Case(act) => act.action.kind().name(),
            Self::Template(act) => act.action.kind().name(),
            Self::Personal(action) => action.kind().name(),
        }
    }

    /// The same with what it was done to, for instance `field.set phone`.
    #[must_use]
    pub fn words(&self) -> String {
        let target = match self {
            Self::Case(act) => act.action.target(),
            Self::Template(_) | Self::Personal(_) | Self::Entry(_) => None,
        };
        target.map_or_else(
            || self.name().to_owned(),
            |target| format!("{} {target}", self.name()),
        )
    }
}
