//! Who follows, and what they may see: visibility by the protocol's one rule, narrowed by scope.

use std::collections::BTreeSet;

use casework_protocol::access::entry::DocumentKind;
use casework_protocol::access::{AccessState, occasion, views};
use casework_protocol::frame::{Logged, Scope, Standing, encode};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId};
use casework_protocol::limits::MAX_LISTED_DOCUMENTS;
use casework_protocol::rights::{Grant, Verb};
use casework_protocol::roster::RosterState;

use crate::log::Record;
use crate::relay::workspace::{Workspace, decode_item};

/// How far a device reaches into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Not at all.
    Nothing,
    /// It sees the document.
    Sees,
    /// It sees held work too.
    Adopts,
}

/// One device of one member, with what it asked for.
#[derive(Debug)]
pub(in crate::relay) struct Viewer {
    device: DeviceId,
    member: MemberId,
    scope: Scope,
    /// Documents fetched beside the scope.
    extra: BTreeSet<DocumentId>,
    /// Not told any head yet.
    fresh: bool,
}

impl Viewer {
    pub(in crate::relay) fn new(device: DeviceId, member: MemberId, scope: Scope) -> Self {
        Self {
            device,
            member,
            scope,
            extra: BTreeSet::new(),
            fresh: true,
        }
    }

    /// Adds a document to what it follows; false when it follows too many.
    pub(super) fn add(&mut self, document: DocumentId) -> bool {
        if self.extra.len() >= MAX_LISTED_DOCUMENTS {
            return false;
        }
        self.extra.insert(document);
        true
    }

    pub(super) fn wants_head(&self) -> bool {
        self.fresh
    }

    pub(super) fn has_head(&mut self) {
        self.fresh = false;
    }

    /// How far it reaches with these states of authority.
    pub(super) fn reach(&self, roster: &RosterState, access: &AccessState) -> Reach {
        if !views(roster, access, self.member) || !self.wants(roster, access) {
            return Reach::Nothing;
        }
        let here = occasion(roster, access, self.member);
        if roster.allows(self.member, &here.to(Verb::Adopt)) {
            Reach::Adopts
        } else {
            Reach::Sees
        }
    }

    /// How far it reaches now.
    pub(super) fn reach_now(&self, workspace: &Workspace, document: DocumentId) -> Reach {
        workspace.access(document).map_or(Reach::Nothing, |access| {
            self.reach(workspace.roster().head(), access.head())
        })
    }

    /// How far it reached for what arrived at this position; nothing before the genesis.
    pub(super) fn reach_at(&self, workspace: &Workspace, document: DocumentId, at: u64) -> Reach {
        let Some(access) = workspace.access(document) else {
            return Reach::Nothing;
        };
        if access.received(1).is_none_or(|genesis| genesis.seq >= at) {
            return Reach::Nothing;
        }
        self.reach(workspace.roster().in_force(at), access.in_force(at))
    }

    /// Whether it sees all of these documents, now and since before this position.
    pub(super) fn sees_all(
        &self,
        workspace: &Workspace,
        documents: &BTreeSet<DocumentId>,
        at: u64,
    ) -> bool {
        let (roster, now) = (workspace.roster(), workspace.roster().head());
        roster.version_at(at) == now.version()
            && documents.iter().all(|document| {
                workspace.access(*document).is_some_and(|access| {
                    let head = access.head();
                    access.version_at(at) == head.version()
                        && views(now, head, self.member)
                        && self.wants(now, head)
                })
            })
    }

    fn wants(&self, roster: &RosterState, access: &AccessState) -> bool {
        match access.kind() {
            // Whatever cases a device wants: these are small, and it cannot do without them.
            DocumentKind::Template | DocumentKind::Personal => return true,
            DocumentKind::Case => {}
        }
        if self.extra.contains(&access.document()) {
            return true;
        }
        match &self.scope {
            Scope::All => true,
            Scope::Mine => occasion(roster, access, self.member).own,
            Scope::Team => occasion(roster, access, self.member).team,
            Scope::Templates(templates) => templates.contains(&access.template()),
            Scope::Listed(documents) => documents.contains(&access.document()),
        }
    }

    /// An item as this device may have it. Held work that was released before `upto` is released.
    pub(super) fn item(&self, workspace: &Workspace, record: &Record, upto: u64) -> Vec<u8> {
        if !record.held {
            return record.item.clone();
        }
        let Some(held) = workspace.held.run(record.seq) else {
            return record.item.clone();
        };
        let released = held.adopted.is_some_and(|adoption| adoption < upto);
        if released {
            return with_standing(record, Standing::Adopted);
        }
        let now = workspace.roster().head();
        let own = now
            .device(held.device)
            .is_some_and(|device| device.member == self.member);
        if own || self.reach_now(workspace, record.document) == Reach::Adopts {
            return record.item.clone();
        }
        encode(&Logged::Withheld {
            seq: record.seq,
            document_seq: record.document_seq,
            received_ms: record.received_ms,
            document: record.document,
            device: held.device,
            changes: record.hashes.iter().copied().map(ChangeHash::new).collect(),
        })
    }

    /// Whether an entry of the roster between these two states can change what it sees.
    pub(super) fn is_touched(&self, before: &RosterState, after: &RosterState) -> bool {
        Rights::of(before, self.member) != Rights::of(after, self.member)
    }

    pub(super) fn device(&self) -> DeviceId {
        self.device
    }
}

/// All that visibility asks of the roster about one member.
#[derive(PartialEq)]
struct Rights<'a> {
    active: bool,
    grants: BTreeSet<&'a Grant>,
    roles: BTreeSet<&'a String>,
    teams: BTreeSet<&'a String>,
    fellows: BTreeSet<MemberId>,
}

impl<'a> Rights<'a> {
    fn of(roster: &'a RosterState, member: MemberId) -> Self {
        let known = roster.member(member);
        let teams: BTreeSet<&String> = known
            .into_iter()
            .flat_map(|known| known.teams.iter())
            .collect();
        let fellows = teams
            .iter()
            .filter_map(|team| roster.team(team.as_str()))
            .flat_map(|team| team.members.iter().copied());
        Self {
            active: known.is_some_and(|known| known.active),
            grants: roster.grants(member).collect(),
            roles: known
                .into_iter()
                .flat_map(|known| known.roles.iter())
                .collect(),
            fellows: fellows.collect(),
            teams,
        }
    }
}

/// The item of a held run with another standing.
fn with_standing(record: &Record, standing: Standing) -> Vec<u8> {
    match decode_item(record) {
        Ok(Logged::Run(mut run)) => {
            run.standing = standing;
            encode(&Logged::Run(run))
        }
        Ok(_) | Err(_) => record.item.clone(),
    }
}
