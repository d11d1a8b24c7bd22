//! Edit roles of stages: who may work on a case that stands there, by the revision that a change
//! cites and by the newest one published before it arrived.
//!
//! Publishing has a place in the log like everything else, so every replica finds the same newest
//! revision for the same arrival. What fails only by that one is held, never thrown away: its
//! author could not know.

use std::collections::BTreeMap;
use std::sync::Arc;

use automerge::Automerge;
use casework_protocol::authority::{Authority, Standing};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId, RevisionId};
use casework_protocol::roster::RosterState;
use casework_protocol::roster::role::{AGENT, OWNER};

use super::admission::Incoming;
use super::history::arrivals;
use super::rows::Arrived;
use super::{Replica, ReplicaFault};
use crate::case::{ActionKind, Message, Needed, Past};
use crate::template::Revision;
use crate::template_document;

/// The publishes of one template: by change, the revision and the place in the log from which on
/// it counts; none while no log has taken it.
pub(super) type Published = BTreeMap<ChangeHash, (Option<u64>, RevisionId)>;

/// The revisions by which an act on a case is judged.
#[derive(Debug, Clone, Default)]
pub(super) struct Revisions {
    /// The one it cites.
    pub(super) cited: Option<Arc<Revision>>,
    /// The newest one published before it arrived.
    pub(super) newest: Option<Arc<Revision>>,
}

/// Whether the device's member may work on a case in the stages that an act asks about. Owners
/// always may, and the agent: what it does, the template told it to.
pub(super) fn works_in(
    revision: Option<&Revision>,
    standing: &Standing<'_>,
    device: DeviceId,
    needed: &[Needed],
) -> bool {
    let Some(revision) = revision else {
        return true;
    };
    needed
        .iter()
        .filter_map(|needed| edit_roles(revision, needed.works_in.as_deref()?))
        .all(|roles| {
            let member = standing.roster.member_of(device);
            member.is_some_and(|member| works_as(standing.roster, member, roles))
        })
}

/// Whether a member may work where these roles are asked for.
pub(super) fn works_as(roster: &RosterState, member: MemberId, roles: &[String]) -> bool {
    roster.member(member).is_some_and(|known| {
        let has = |role: &str| known.roles.contains(role);
        has(OWNER) || has(AGENT) || roles.iter().any(|role| has(role))
    })
}

/// The roles that a stage asks for; `None` when whoever has the right may work there.
pub(super) fn edit_roles<'r>(revision: &'r Revision, stage: &str) -> Option<&'r [String]> {
    let roles = &revision.stage(stage)?.edit_roles;
    (!roles.is_empty()).then_some(roles)
}

/// Whether any stage of a revision asks for roles.
fn asks(revision: &Revision) -> bool {
    revision
        .stages()
        .iter()
        .any(|stage| !stage.edit_roles.is_empty())
}

impl Replica {
    /// Reads when the revisions of a template were published, once.
    pub(super) fn read_published(&mut self, template: DocumentId) -> Result<(), ReplicaFault> {
        if self.published.contains_key(&template) {
            return Ok(());
        }
        match self.document(template) {
            Ok(_) => {}
            // Not here, or set aside: only the cited revision can speak.
            Err(ReplicaFault::Document(_)) => return Ok(()),
            Err(fault) => return Err(fault),
        }
        self.record(template)?;
        let Some(open) = self.documents.peek(template) else {
            return Ok(());
        };
        let arrived = arrivals(&self.store, template, &open.automerge)?;
        let mut published = Published::new();
        for meta in open.automerge.get_changes_meta(&[]) {
            let hash = ChangeHash::new(meta.hash.0);
            let message = meta
                .message
                .as_deref()
                .and_then(|text| Message::read(text).ok());
            let document = &open.automerge;
            let revision = message.and_then(|said| published_by(document, (hash, &said)));
            if let Some(revision) = revision {
                let since = self.counts_from(template, hash, arrived.get(&hash).copied());
                published.insert(hash, (since, revision));
            }
        }
        self.published.insert(template, published);
        Ok(())
    }

    /// Gives publishes that were known before the place that they came back with.
    pub(super) fn place_published(&mut self, template: DocumentId, known: &[Incoming]) {
        for incoming in known {
            let hash = incoming.change.header().hash;
            let since = self.counts_from(template, hash, incoming.arrived);
            let published = self.published.get_mut(&template);
            if let Some((known, _)) = published.and_then(|all| all.get_mut(&hash)) {
                *known = since;
            }
        }
    }

    /// Forgets publishes that do not stand.
    pub(super) fn forget_published<T>(
        &mut self,
        template: DocumentId,
        excluded: &BTreeMap<ChangeHash, T>,
    ) {
        if let Some(published) = self.published.get_mut(&template) {
            published.retain(|hash, _| !excluded.contains_key(hash));
        }
    }

    /// Notes a publish that was taken into the document of its template.
    pub(super) fn note_published(
        &mut self,
        (template, document): (DocumentId, &Automerge),
        said: (ChangeHash, &Message),
        arrived: Option<Arrived>,
    ) {
        let since = self.counts_from(template, said.0, arrived);
        if let (Some(published), Some(revision)) = (
            self.published.get_mut(&template),
            published_by(document, said),
        ) {
            published.insert(said.0, (since, revision));
        }
    }

    /// The publishes of a template that are known.
    pub(super) fn published_of(&self, template: DocumentId) -> Published {
        self.published.get(&template).cloned().unwrap_or_default()
    }

    /// Whether a publish became known that took the place of another one and stands in the log
    /// before this position.
    pub(super) fn published_late(
        &self,
        template: DocumentId,
        known: &Published,
        from: u64,
    ) -> bool {
        let all = self.published.get(&template).into_iter().flatten();
        let fresh = all.filter(|(hash, _)| !known.contains_key(*hash));
        let takes_a_place = |id: &RevisionId| {
            let revision = self.revisions.get(id);
            revision.is_some_and(|revision| !revision.supersedes().is_empty())
        };
        let mut places = fresh.filter(|(_, (_, id))| takes_a_place(id));
        places.any(|(_, (since, _))| since.is_some_and(|since| since < from))
    }

    /// The revisions by which something said on a case of this template is judged. What a rule of
    /// the template did is the template's own word, and that it is one is judged elsewhere: edit
    /// roles are for people.
    pub(super) fn judged_by(
        &self,
        template: Option<DocumentId>,
        message: &Message,
        arrived: Option<Arrived>,
    ) -> Revisions {
        if message.cause.is_some() {
            return Revisions::default();
        }
        Revisions {
            cited: message.revision.and_then(|mark| self.marked_revision(mark)),
            newest: template.and_then(|id| self.newest_before(id, arrived)),
        }
    }

    /// The newest revision that was published before this position; nothing for what no log has
    /// taken yet, which is judged by the revision it is made under.
    pub(super) fn newest_before(
        &self,
        template: DocumentId,
        arrived: Option<Arrived>,
    ) -> Option<Arc<Revision>> {
        let arrival = arrived?.seq;
        let known = self.published.get(&template)?.values();
        let before = known.filter_map(|(since, id)| Some(((*since)?, *id)));
        let (_, id) = before.filter(|(since, _)| *since < arrival).max()?;
        self.revisions.get(&id).cloned()
    }

    /// Whether edit roles could hold something that arrived here although its author cites the
    /// roster and the access record of that very moment.
    pub(super) fn roles_may_hold(
        &mut self,
        id: DocumentId,
        arrived: Arrived,
    ) -> Result<bool, ReplicaFault> {
        let Ok(record) = self.record(id) else {
            return Ok(true);
        };
        let template = record.head().template();
        if template == id {
            return Ok(false);
        }
        self.read_published(template)?;
        let newest = self.newest_before(template, Some(arrived));
        Ok(newest.is_some_and(|revision| asks(&revision)))
    }

    /// From where on a publish counts: its place in the log, or that of its adoption if it was
    /// held. Before that nobody could have been bound by it.
    fn counts_from(
        &self,
        template: DocumentId,
        hash: ChangeHash,
        arrived: Option<Arrived>,
    ) -> Option<u64> {
        let arrived = arrived?.seq;
        let (Some(roster), Some(access)) = (self.roster.as_ref(), self.records.get(&template))
        else {
            return Some(arrived);
        };
        let adopted = Authority { roster, access }
            .adopted(hash)
            .and_then(|adoption| roster.received(adoption.version));
        Some(adopted.map_or(arrived, |adopted| adopted.seq.max(arrived)))
    }
}

/// The revision that a change of a template published. A publish names it; that of a draft names
/// the draft, and the document says what it made current.
fn published_by(
    document: &Automerge,
    (hash, message): (ChangeHash, &Message),
) -> Option<RevisionId> {
    if message.action == ActionKind::DraftPublish {
        let made = automerge::ChangeHash(*hash.as_bytes());
        return Some(template_document::current(&Past::at(document, &[made]))?.shown);
    }
    let publishes = message.action.is_of_template();
    message.on.as_deref().filter(|_| publishes)?.parse().ok()
}
