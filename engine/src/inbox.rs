//! The inbox: what one member is told of what others did, derived and never written by anybody.
//!
//! ```text
//! changes that are new here ──told, beside──▶ items ──▶ stored with the change
//! cards, drawer, held work  ──due──────────▶ items that stand while what they say is so
//! ```
//! Pure. Whom a change concerns is judged by the case as its author left it and by the roster that
//! its author saw, never by what else is here; so two devices of one member with the same changes
//! have the same items, whatever order they came in. Invariant: nobody is told of their own doing.

pub mod due;
pub mod mention;
pub mod quiet;

mod beside;
mod region;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::Automerge;
use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use casework_protocol::roster::Roster;
use serde::{Deserialize, Serialize};

use self::region::Region;
use crate::case::{PartId, Place, RevisionMark};
use crate::template::Revision;

/// How long an item is kept after the server received what it tells of, in days. Longer than the
/// longest absence that the product is made for, so that whoever comes back finds all of it; and
/// what lies in the past of a case that comes whole (a first sync, becoming visible) makes no items
/// beyond it, so that both devices of a member have the same ones.
pub const KEPT_DAYS: i64 = 90;
/// Most items that are kept, the newest: hundreds of screenfuls. A first sync of a workspace full of
/// cases leaves so many and no more.
pub const MAX_ITEMS: usize = 5_000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// First byte of a stored item.
const STORED_VERSION: u8 = 1;

/// Why somebody is told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// Somebody wrote the member's name with an `@` before it.
    Mention,
    /// The member is to answer for a case, work on it, watch it, or do a task.
    Assigned,
    /// No longer.
    Unassigned,
    /// A case of the member's went to another stage, was closed or reopened.
    Moved,
    /// Two people said different things without knowing of each other.
    Contested,
    /// Somebody worked on a case without knowing that it was closed.
    AfterClose,
    /// Somebody worked on a case without knowing that it was in the trash.
    InTrash,
    /// A case of the member's is to be purged, or no longer.
    Purge,
    /// The member is asked to approve.
    Approval,
    /// The member is asked to take over a case, or a part of one.
    Offer,
    /// Somebody answered what the member asked.
    Answer,
    /// Somebody took back what the member was asked.
    Withdrawn,
    /// A rule of the template tells the member something.
    Notice,
    /// Somebody outside sent a form into a case of the member's.
    Form,
    /// A case of the member's waits, or goes on.
    Hold,
    /// Somebody went past a rule in a case that the member owns, or broke one without knowing.
    Rule,
    /// A case or a task of the member's should be done by now.
    Overdue,
    /// A clock of a case of the member's is running out, or has.
    Sla,
    /// Own work could not stand, and lies in the drawer.
    Drawer,
    /// Work of somebody else waits until it is adopted, and the member may.
    Held,
}

/// One thing that a member is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id: the same on every device of the member.
    pub id: PartId,
    /// Why.
    pub kind: ItemKind,
    /// The case.
    pub document: DocumentId,
    /// Where it stands among the others, milliseconds since 1970: when the server received what it
    /// tells of, or when it came to be so.
    pub at_ms: i64,
    /// When the server received what it tells of; `None` for what stands only while it is so.
    pub received_ms: Option<i64>,
    /// The change that it tells of.
    pub change: Option<ChangeHash>,
    /// Whose doing it is.
    pub by: Option<MemberId>,
    /// The other one of two.
    pub with: Option<MemberId>,
    /// The automation that did it for them.
    pub rule: Option<String>,
    /// What part of the case.
    pub place: Option<Place>,
    /// What else there is to say, by kind; never the content of a field, a comment or a document.
    pub detail: Vec<String>,
}

/// What a change broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A rule of the revision that it cites.
    Rule,
    /// A rule that its author could not know.
    NewerRule,
}

impl Broken {
    /// The word for it in the details of an item.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rule => "broken",
            Self::NewerRule => "newer",
        }
    }
}

/// What items are derived from besides the document.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The case.
    pub document: DocumentId,
    /// Whose inbox.
    pub me: MemberId,
    /// The roster, with its past.
    pub roster: &'a Roster,
    /// The revisions that changes cite.
    pub revisions: &'a dyn Fn(RevisionMark) -> Option<Arc<Revision>>,
    /// What a change broke and landed all the same; `None` where it broke nothing.
    pub broken: &'a dyn Fn(ChangeHash) -> Option<Broken>,
    /// When the server received a change, milliseconds since 1970; `None` while it has not.
    pub received: &'a dyn Fn(ChangeHash) -> Option<i64>,
}

/// The items that these changes of a case make, in no particular order.
#[must_use]
pub fn items(doc: &Automerge, news: &BTreeSet<ChangeHash>, context: &Context<'_>) -> Vec<Item> {
    let region = Region::of(doc, news, context);
    let mut found = told::items(doc, &region, context);
    found.extend(beside::items(doc, &region, context));
    found
}

/// Before which time what was received is too old for the inbox.
#[must_use]
pub fn horizon(newest_ms: i64) -> i64 {
    newest_ms.saturating_sub(KEPT_DAYS * DAY_MS)
}

impl ItemKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Mention,
        Self::Assigned,
        Self::Unassigned,
        Self::Moved,
        Self::Contested,
        Self::AfterClose,
        Self::InTrash,
        Self::Purge,
        Self::Approval,
        Self::Offer,
        Self::Answer,
        Self::Withdrawn,
        Self::Notice,
        Self::Form,
        Self::Hold,
        Self::Rule,
        Self::Overdue,
        Self::Sla,
        Self::Drawer,
        Self::Held,
    ];

    /// Its word in commands and quiet rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Assigned => "assigned",
            Self::Unassigned => "unassigned",
            Self::Moved => "moved",
            Self::Contested => "contested",
            Self::AfterClose => "after-close",
            Self::InTrash => "in-trash",
            Self::Purge => "purge",
            Self::Approval => "approval",
            Self::Offer => "offer",
            Self::Answer => "answer",
            Self::Withdrawn => "withdrawn",
            Self::Notice => "notice",
            Self::Form => "form",
            Self::Hold => "hold",
            Self::Rule => "rule",
            Self::Overdue => "overdue",
            Self::Sla => "sla",
            Self::Drawer => "drawer",
            Self::Held => "held",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Item {
    /// The bytes to store: a version and the item.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![STORED_VERSION])
            .expect("an item has no sequence of unknown length")
    }

    /// Reads what [`Self::to_stored`] wrote; `None` for another version or damaged bytes.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&STORED_VERSION, body)) => postcard::from_bytes(body).ok(),
            Some(_) | None => None,
        }
    }

    /// Whether it stands only while what it says is so.
    #[must_use]
    pub const fn is_standing(&self) -> bool {
        self.received_ms.is_none()
    }
}

/// The id of an item: of what it tells in which case, never of when or in which order it came.
pub(crate) fn item_id(document: DocumentId, kind: ItemKind, of: &[&[u8]]) -> PartId {
    let mut parts: Vec<&[u8]> = vec![b"inbox", document.as_bytes(), kind.name().as_bytes()];
    parts.extend(of);
    let hash = digest(Tag::Derive, &parts);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    PartId::new(bytes)
}

#[cfg(test)]
mod tests;
