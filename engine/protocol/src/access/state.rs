//! An access record at one version, and the one rule of who sees a document.
//!
//! Reads only; the fold is the one writer.

use rpds::RedBlackTreeSetSync;

use crate::access::entry::{DocumentKind, Principal};
use crate::access::purge::{PurgeRequest, Purged};
use crate::citation::CitedVersion;
use crate::ids::{DeviceId, DocumentId, EntryHash, MemberId, WorkspaceId};
use crate::rights::{Occasion, Verb};
use crate::roster::RosterState;

/// An access record at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessState {
    pub(super) workspace: WorkspaceId,
    pub(super) document: DocumentId,
    pub(super) version: u64,
    pub(super) head: EntryHash,
    pub(super) kind: DocumentKind,
    pub(super) template: DocumentId,
    pub(super) principals: RedBlackTreeSetSync<Principal>,
    pub(super) restricted: bool,
    pub(super) legal_hold: bool,
    pub(super) opened_by: DeviceId,
    pub(super) purge: Option<PurgeRequest>,
    pub(super) purged: Option<Purged>,
}

impl AccessState {
    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.document
    }

    /// 1 for the genesis, then one more per entry.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Hash of the newest entry.
    #[must_use]
    pub fn head(&self) -> EntryHash {
        self.head
    }

    /// This version as a change cites it.
    #[must_use]
    pub fn cite(&self) -> CitedVersion {
        CitedVersion::of(self.version, &self.head)
    }

    /// What the document is.
    #[must_use]
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The template of a case; any other document is its own.
    #[must_use]
    pub fn template(&self) -> DocumentId {
        self.template
    }

    /// Who is on the document, in a fixed order.
    pub fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.principals.iter()
    }

    /// Whether the record names this principal.
    #[must_use]
    pub fn contains(&self, principal: &Principal) -> bool {
        self.principals.contains(principal)
    }

    /// Whether only its principals see the case.
    #[must_use]
    pub fn restricted(&self) -> bool {
        self.restricted
    }

    /// Whether the document must not be purged.
    #[must_use]
    pub fn legal_hold(&self) -> bool {
        self.legal_hold
    }

    /// The device that signed the genesis.
    #[must_use]
    pub fn opened_by(&self) -> DeviceId {
        self.opened_by
    }

    /// The request to purge the document that stands; none once it was carried out.
    #[must_use]
    pub fn purge(&self) -> Option<&PurgeRequest> {
        self.purge.as_ref()
    }

    /// That the document was purged: it has no content any more, and never will.
    #[must_use]
    pub fn purged(&self) -> Option<&Purged> {
        self.purged.as_ref()
    }
}

/// Whether the record names the member: directly, by a team, or by a role.
#[must_use]
pub fn names(roster: &RosterState, access: &AccessState, member: MemberId) -> bool {
    let Some(known) = roster.member(member) else {
        return false;
    };
    access.contains(&Principal::Member(member))
        || access.principals().any(|principal| match principal {
            Principal::Member(_) => false,
            Principal::Team(team) => known.teams.contains(team),
            Principal::Role(role) => known.roles.contains(role),
        })
}

/// Who sees a document:
///
/// * a template: every active member;
/// * a personal document: the one active member that it names, whatever anybody is granted;
/// * an unrestricted case: whoever has a `view` grant that covers it, and whoever it names who has
///   a `view` grant of any scope;
/// * a restricted case: only whom it names, and of these whoever has a `view` grant of any scope.
///
/// So restricting only ever takes sight away and lifting only ever gives it. An owner does not see
/// a restricted case by being an owner; whoever may `restrict` can put themselves on it, and that
/// stands in the record.
#[must_use]
pub fn views(roster: &RosterState, access: &AccessState, member: MemberId) -> bool {
    if !roster.member(member).is_some_and(|member| member.active) {
        return false;
    }
    match access.kind {
        DocumentKind::Template => true,
        DocumentKind::Personal => access.contains(&Principal::Member(member)),
        DocumentKind::Case => {
            (!access.restricted && roster.allows(member, &occasion(roster, access, member)))
                || (names(roster, access, member) && roster.holds(member, Verb::View))
        }
    }
}

/// What scopes can ask about this member and this document, as an occasion to view it; take
/// [`Occasion::to`] and set stage and field for other verbs.
///
/// `own`: the record names the member. `team`: it names a team or role of the member, or a fellow
/// of one of the member's teams.
#[must_use]
pub fn occasion(roster: &RosterState, access: &AccessState, member: MemberId) -> Occasion<'static> {
    let own = access.contains(&Principal::Member(member));
    let team = own
        || names(roster, access, member)
        || access.principals().any(|principal| match principal {
            Principal::Member(other) => roster.are_fellows(member, *other),
            Principal::Team(_) | Principal::Role(_) => false,
        });
    let template = Some(access.template);
    Occasion {
        verb: Verb::View,
        template,
        stage: None,
        field: None,
        own,
        team,
    }
}
