//! Every table of the replica's store, its key and its value. Keys are built and split here only.
//!
//! Names end in the version of their layout; a changed layout gets a new name and a migration.
//! All keys are big-endian byte strings, so that ranges run in the order people expect.

use casework_protocol::ids::{ActorId, ChangeHash, DocumentId, RevisionId};
use redb::TableDefinition;

use crate::case::PartId;

/// A table of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    /// Name → value: workspace, server, head, start, scope, counters.
    Meta,
    /// Roster version → `Sequenced` entry.
    Roster,
    /// Document ‖ access version → `Sequenced` entry.
    Access,
    /// Document → `DocumentRow`.
    Documents,
    /// Document → saved Automerge document.
    Snapshots,
    /// Document → `History` of the changes in the snapshot, in stored order.
    Histories,
    /// Document ‖ place → `ChangeRow`: changes since the snapshot.
    Changes,
    /// Document ‖ change hash → `Arrival` of a change that was in the snapshot before it arrived.
    Late,
    /// Document ‖ actor → `TipRow`.
    Tips,
    /// Document ‖ change hash → `AsideRow`: held, waiting, quarantined.
    Aside,
    /// Number → `OutboxRow`, in causal order.
    Outbox,
    /// Number → `DrawerRow`.
    Drawer,
    /// Document → `Card`.
    Cards,
    /// Document → `CaseView`.
    Views,
    /// Document ‖ order key → `CommentView`.
    Comments,
    /// Revision id → canonical package.
    Revisions,
    /// Log position → `Logged` item, on replicas that keep the whole log.
    Log,
    /// Log position ‖ document ‖ hash → `OutboxRow`: own work that was placed there by an answer, until
    /// that much of the log was read. Position [`LOST`] is for changes that a server lost again.
    Unjudged,
    /// Document → number of changes when this device last offered a bundle of it.
    Bundled,
    /// Document → (): loaded from a bundle, rights over its history not yet judged.
    Unchecked,
    /// Linked case ‖ linking case → (): where to look for the inverse of a link. A row may outlive
    /// its link; the view of the linking case is what counts.
    Links,
    /// Document → `Personal`: what a personal document says.
    Personal,
    /// Document ‖ item id → `InboxRow`: what this member is told.
    Inbox,
    /// Time downwards ‖ item id → `InboxPlace`: the same in the order in which it is shown. It says
    /// nothing of what the item is about; a row whose item is gone counts for nothing.
    InboxOrder,
    /// Document → (): cases that this member works on, whose deadlines are for the inbox.
    Mine,
    /// Document ‖ change hash → `BreachRow`: what the change broke and landed all the same.
    Breaches,
    /// Document → `PurgeRow`: a purge that is requested, or was carried out. The latter is a
    /// tombstone and stays for ever.
    Purges,
    /// Document → (): the server may have lost something of it; heads are to be compared.
    Compare,
}

/// In place of a log position: none any more.
pub(crate) const LOST: u64 = u64::MAX;

impl Table {
    /// Every table, so that opening a store creates them all.
    pub(crate) const ALL: [Self; 28] = [
        Self::Meta,
        Self::Roster,
        Self::Access,
        Self::Documents,
        Self::Snapshots,
        Self::Histories,
        Self::Changes,
        Self::Late,
        Self::Tips,
        Self::Aside,
        Self::Outbox,
        Self::Drawer,
        Self::Cards,
        Self::Views,
        Self::Comments,
        Self::Revisions,
        Self::Log,
        Self::Unjudged,
        Self::Bundled,
        Self::Unchecked,
        Self::Links,
        Self::Personal,
        Self::Inbox,
        Self::InboxOrder,
        Self::Mine,
        Self::Breaches,
        Self::Purges,
        Self::Compare,
    ];

    /// The redb table.
    pub(crate) const fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(match self {
            Self::Meta => "meta/1",
            Self::Roster => "roster/1",
            Self::Access => "access/1",
            Self::Documents => "documents/1",
            Self::Snapshots => "snapshots/1",
            Self::Histories => "histories/1",
            Self::Changes => "changes/1",
            Self::Late => "late/1",
            Self::Tips => "tips/1",
            Self::Aside => "aside/1",
            Self::Outbox => "outbox/1",
            Self::Drawer => "drawer/1",
            Self::Cards => "cards/1",
            Self::Views => "views/1",
            Self::Comments => "comments/1",
            Self::Revisions => "revisions/1",
            Self::Log => "log/1",
            Self::Unjudged => "unjudged/1",
            Self::Bundled => "bundled/1",
            Self::Unchecked => "unchecked/1",
            Self::Links => "links/1",
            Self::Personal => "personal/1",
            Self::Inbox => "inbox/1",
            Self::InboxOrder => "inbox-order/1",
            Self::Mine => "mine/1",
            Self::Breaches => "breaches/1",
            Self::Purges => "purges/1",
            Self::Compare => "compare/1",
        })
    }

    /// Tables whose keys begin with a document id; eviction empties them for that document.
    pub(crate) const OF_A_DOCUMENT: [Self; 19] = [
        Self::Access,
        Self::Documents,
        Self::Snapshots,
        Self::Histories,
        Self::Changes,
        Self::Late,
        Self::Tips,
        Self::Aside,
        Self::Cards,
        Self::Views,
        Self::Comments,
        Self::Bundled,
        Self::Unchecked,
        Self::Personal,
        Self::Inbox,
        Self::Mine,
        Self::Breaches,
        Self::Purges,
        Self::Compare,
    ];
}

/// Names in the meta table.
pub(crate) mod meta {
    /// Layout version of the whole store, decimal text.
    pub(crate) const LAYOUT: &[u8] = b"layout";
    /// The workspace id.
    pub(crate) const WORKSPACE: &[u8] = b"workspace";
    /// The device this replica belongs to.
    pub(crate) const DEVICE: &[u8] = b"device";
    /// `ServerRow`: address and pinned key.
    pub(crate) const SERVER: &[u8] = b"server";
    /// Newest signed log head.
    pub(crate) const HEAD: &[u8] = b"head";
    /// Where the next sync starts.
    pub(crate) const START: &[u8] = b"start";
    /// What the device wants to be sent.
    pub(crate) const SCOPE: &[u8] = b"scope";
    /// Documents that were given up and are to be fetched anew.
    pub(crate) const WANTED: &[u8] = b"wanted";
    /// Whether the cases that the member works on were looked through: (), since the inbox is here.
    pub(crate) const MINE: &[u8] = b"mine";
}

/// A key made of one number.
pub(crate) fn number(n: u64) -> Vec<u8> {
    n.to_be_bytes().to_vec()
}

/// Reads the last eight bytes of a key as a number.
pub(crate) fn last_number(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let start = key.len().saturating_sub(8);
    let tail = &key[start..];
    bytes[8 - tail.len()..].copy_from_slice(tail);
    u64::from_be_bytes(bytes)
}

/// A key of one document.
pub(crate) fn document(id: DocumentId) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// The document at the beginning of a key.
pub(crate) fn document_of(key: &[u8]) -> Option<DocumentId> {
    DocumentId::from_slice(key.get(..DocumentId::LEN)?)
}

/// Document ‖ number.
pub(crate) fn document_number(id: DocumentId, n: u64) -> Vec<u8> {
    [id.as_bytes().as_slice(), &n.to_be_bytes()].concat()
}

/// Document ‖ change hash.
pub(crate) fn document_change(id: DocumentId, hash: ChangeHash) -> Vec<u8> {
    [id.as_bytes().as_slice(), hash.as_bytes()].concat()
}

/// The change hash at the end of a key.
pub(crate) fn change_of(key: &[u8]) -> Option<ChangeHash> {
    ChangeHash::from_slice(key.get(key.len().checked_sub(ChangeHash::LEN)?..)?)
}

/// Document ‖ actor.
pub(crate) fn document_actor(id: DocumentId, actor: ActorId) -> Vec<u8> {
    [id.as_bytes().as_slice(), actor.as_bytes()].concat()
}

/// The actor at the end of a key.
pub(crate) fn actor_of(key: &[u8]) -> Option<ActorId> {
    ActorId::from_slice(key.get(key.len().checked_sub(ActorId::LEN)?..)?)
}

/// Document ‖ free bytes.
pub(crate) fn document_bytes(id: DocumentId, rest: &[u8]) -> Vec<u8> {
    [id.as_bytes().as_slice(), rest].concat()
}

/// The second document of a key of two.
pub(crate) fn second_document(key: &[u8]) -> Option<DocumentId> {
    DocumentId::from_slice(key.get(16..)?)
}

/// Position ‖ document ‖ change hash.
pub(crate) fn unjudged(seq: u64, id: DocumentId, hash: ChangeHash) -> Vec<u8> {
    [seq.to_be_bytes().as_slice(), id.as_bytes(), hash.as_bytes()].concat()
}

/// Splits a key of [`unjudged`].
pub(crate) fn split_unjudged(key: &[u8]) -> Option<(u64, DocumentId, ChangeHash)> {
    let seq = u64::from_be_bytes(key.get(..8)?.try_into().ok()?);
    Some((seq, document_of(key.get(8..)?)?, change_of(key)?))
}

/// Document ‖ item.
pub(crate) fn document_item(id: DocumentId, item: PartId) -> Vec<u8> {
    [id.as_bytes().as_slice(), item.as_bytes()].concat()
}

/// Time, the newest first ‖ item.
pub(crate) fn inbox_order(at_ms: i64, item: PartId) -> Vec<u8> {
    // Flipping the sign bit makes signed numbers sort as bytes, and all bits turn the order round.
    let down = !(at_ms.cast_unsigned() ^ (1 << 63));
    [down.to_be_bytes().as_slice(), item.as_bytes()].concat()
}

/// Splits a key of [`inbox_order`].
pub(crate) fn split_inbox_order(key: &[u8]) -> Option<(i64, PartId)> {
    let down = u64::from_be_bytes(key.get(..8)?.try_into().ok()?);
    let at_ms = (!down ^ (1 << 63)).cast_signed();
    Some((at_ms, PartId::new(key.get(8..)?.try_into().ok()?)))
}

/// A revision.
pub(crate) fn revision(id: RevisionId) -> Vec<u8> {
    id.as_bytes().to_vec()
}
