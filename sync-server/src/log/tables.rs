//! Every table of the log file: name, key, value, and how each is written and read.
//!
//! Names carry a version: a table whose bytes mean something else gets a new name. Keys begin with
//! the workspace's number in this file, all numbers big-endian, so that a range is one stretch.

use casework_protocol::ids::{ActorId, ChangeHash, DocumentId, WorkspaceId};
use casework_protocol::log::EntryKind;
use minicbor::{Decode, Encode};
use redb::TableDefinition;

use super::{ChangeRow, DocumentRow, LogError, Record, TipRow, WorkspaceRow};

/// Layout of the file as a whole.
pub(super) const LAYOUT: u64 = 1;
/// `layout` → [`LAYOUT`].
pub(super) const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about/1");
/// Workspace → its number in this file ‖ [`WorkspaceRow`] as CBOR.
pub(super) const WORKSPACES: TableDefinition<'_, [u8; 32], &[u8]> =
    TableDefinition::new("workspaces/1");
/// Number ‖ position of the first entry → [`Record`]; see [`encode_record`].
pub(super) const RECORDS: TableDefinition<'_, [u8; 12], &[u8]> = TableDefinition::new("records/1");
/// Number ‖ change hash → [`ChangeRow`].
pub(super) const CHANGES: TableDefinition<'_, [u8; 36], [u8; 72]> =
    TableDefinition::new("changes/1");
/// Number ‖ actor → [`TipRow`].
pub(super) const TIPS: TableDefinition<'_, [u8; 28], [u8; 105]> = TableDefinition::new("tips/1");
/// Number ‖ document → [`DocumentValue`].
pub(super) const DOCUMENTS: TableDefinition<'_, [u8; 20], &[u8]> =
    TableDefinition::new("documents/1");
/// Number ‖ document ‖ first position in it → [`POSITIONS_PER_ROW`] positions.
pub(super) const POSITIONS: TableDefinition<'_, [u8; 28], &[u8]> =
    TableDefinition::new("positions/1");
/// Number ‖ level ‖ index of the first node in it → node hashes, side by side.
pub(super) const NODES: TableDefinition<'_, [u8; 13], &[u8]> = TableDefinition::new("nodes/1");
/// Number ‖ position of an entry that is no change → its document.
pub(super) const AUTHORITY: TableDefinition<'_, [u8; 12], [u8; 16]> =
    TableDefinition::new("authority/1");
/// Number ‖ position → [`super::HeldRow`] as CBOR.
pub(super) const HELD: TableDefinition<'_, [u8; 12], &[u8]> = TableDefinition::new("held/1");
/// Number ‖ document → [`super::BundleRow`] as CBOR.
pub(super) const BUNDLES: TableDefinition<'_, [u8; 20], &[u8]> = TableDefinition::new("bundles/1");
/// Number ‖ document ‖ upto ‖ index of the piece → its bytes.
pub(super) const PIECES: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("pieces/1");

/// A document's newest positions stand in its own row until there are this many.
pub(super) const POSITIONS_PER_ROW: usize = 64;

/// The value of a document: what is asked for, and its newest positions.
#[derive(Debug, Default, Encode, Decode)]
#[cbor(array)]
pub(super) struct DocumentValue {
    #[n(0)]
    pub(super) row: DocumentRow,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) tail: Vec<u8>,
}

/// Number ‖ position.
pub(super) fn place_key(number: u32, seq: u64) -> [u8; 12] {
    join(&[&number.to_be_bytes(), &seq.to_be_bytes()])
}

/// The position in a [`place_key`].
pub(super) fn place_of(key: &[u8; 12]) -> u64 {
    number_at(key, 4)
}

/// Number ‖ change hash.
pub(super) fn change_key(number: u32, hash: &ChangeHash) -> [u8; 36] {
    join(&[&number.to_be_bytes(), hash.as_bytes()])
}

/// Number ‖ actor.
pub(super) fn tip_key(number: u32, actor: &ActorId) -> [u8; 28] {
    join(&[&number.to_be_bytes(), actor.as_bytes()])
}

/// Number ‖ document.
pub(super) fn document_key(number: u32, document: &DocumentId) -> [u8; 20] {
    join(&[&number.to_be_bytes(), document.as_bytes()])
}

/// The document in a [`document_key`].
pub(super) fn document_of(key: &[u8; 20]) -> DocumentId {
    let mut id = [0; DocumentId::LEN];
    id.copy_from_slice(&key[4..]);
    DocumentId::new(id)
}

/// Number ‖ document ‖ first position.
pub(super) fn positions_key(number: u32, document: &DocumentId, first: u64) -> [u8; 28] {
    join(&[
        &number.to_be_bytes(),
        document.as_bytes(),
        &first.to_be_bytes(),
    ])
}

/// Number ‖ level ‖ index.
pub(super) fn node_key(number: u32, level: u8, index: u64) -> [u8; 13] {
    join(&[&number.to_be_bytes(), &[level], &index.to_be_bytes()])
}

/// The index in a [`node_key`].
pub(super) fn node_index_of(key: &[u8; 13]) -> u64 {
    number_at(key, 5)
}

/// Number ‖ document ‖ upto ‖ index.
pub(super) fn piece_key(number: u32, document: &DocumentId, upto: u64, index: u32) -> [u8; 32] {
    join(&[
        &number.to_be_bytes(),
        document.as_bytes(),
        &upto.to_be_bytes(),
        &index.to_be_bytes(),
    ])
}

/// A workspace's number and row.
pub(super) fn encode_workspace(number: u32, row: &WorkspaceRow) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    minicbor::encode(row, &mut bytes).expect("memory takes every byte");
    bytes
}

/// Reads what [`encode_workspace`] wrote.
pub(super) fn decode_workspace(bytes: &[u8]) -> Result<(u32, WorkspaceRow), LogError> {
    let (number, row) = bytes
        .split_first_chunk::<4>()
        .ok_or_else(|| corrupt("workspaces", "too short"))?;
    Ok((u32::from_be_bytes(*number), decode("workspaces", row)?))
}

/// Decodes a CBOR value of this table.
pub(super) fn decode<'b, T: Decode<'b, ()>>(
    table: &'static str,
    bytes: &'b [u8],
) -> Result<T, LogError> {
    minicbor::decode(bytes).map_err(|error| corrupt(table, &error.to_string()))
}

/// A row of this table that cannot be read.
pub(super) fn corrupt(table: &'static str, problem: &str) -> LogError {
    LogError::Corrupt {
        table,
        problem: problem.to_owned(),
    }
}

/// document-seq ‖ received ‖ kind ‖ held ‖ document ‖ number of hashes ‖ hashes ‖ item.
pub(super) fn encode_record(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(38 + 32 * record.hashes.len() + record.item.len());
    bytes.extend_from_slice(&record.document_seq.to_be_bytes());
    bytes.extend_from_slice(&record.received_ms.to_be_bytes());
    bytes.push(record.kind.number());
    bytes.push(u8::from(record.held));
    bytes.extend_from_slice(record.document.as_bytes());
    let count = u32::try_from(record.hashes.len()).expect("a run has at most 256 changes");
    bytes.extend_from_slice(&count.to_be_bytes());
    for hash in &record.hashes {
        bytes.extend_from_slice(hash);
    }
    bytes.extend_from_slice(&record.item);
    bytes
}

/// Reads what [`encode_record`] wrote at this position.
pub(super) fn decode_record(seq: u64, bytes: &[u8]) -> Result<Record, LogError> {
    let short = || corrupt("records", "too short");
    let (head, rest) = bytes.split_first_chunk::<38>().ok_or_else(short)?;
    let kind =
        EntryKind::from_number(head[16]).ok_or_else(|| corrupt("records", "unknown kind"))?;
    let count = u32::from_be_bytes([head[34], head[35], head[36], head[37]]) as usize;
    let (hashes, item) = rest
        .split_at_checked(count.saturating_mul(32))
        .ok_or_else(short)?;
    let mut document = [0; DocumentId::LEN];
    document.copy_from_slice(&head[18..34]);
    Ok(Record {
        seq,
        document_seq: number_at(head, 0),
        received_ms: number_at(head, 8),
        kind,
        held: head[17] == 1,
        document: DocumentId::new(document),
        hashes: hashes.as_chunks::<32>().0.to_vec(),
        item: item.to_vec(),
    })
}

/// document ‖ actor ‖ seq ‖ max op ‖ position ‖ roster ‖ access.
pub(super) fn encode_change(row: &ChangeRow) -> [u8; 72] {
    join(&[
        row.document.as_bytes(),
        row.actor.as_bytes(),
        &row.seq.to_be_bytes(),
        &row.max_op.to_be_bytes(),
        &row.at.to_be_bytes(),
        &row.roster.to_be_bytes(),
        &row.access.to_be_bytes(),
    ])
}

/// Reads what [`encode_change`] wrote.
pub(super) fn decode_change(bytes: &[u8; 72]) -> ChangeRow {
    let (mut document, mut actor) = ([0; DocumentId::LEN], [0; ActorId::LEN]);
    document.copy_from_slice(&bytes[..16]);
    actor.copy_from_slice(&bytes[16..40]);
    let small =
        |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    ChangeRow {
        document: DocumentId::new(document),
        actor: ActorId::new(actor),
        seq: small(40),
        max_op: small(44),
        at: number_at(bytes, 48),
        roster: number_at(bytes, 56),
        access: number_at(bytes, 64),
    }
}

/// hash ‖ change ‖ closed.
pub(super) fn encode_tip(tip: &TipRow) -> [u8; 105] {
    join(&[
        tip.hash.as_bytes(),
        &encode_change(&tip.change),
        &[u8::from(tip.closed)],
    ])
}

/// Reads what [`encode_tip`] wrote.
pub(super) fn decode_tip(bytes: &[u8; 105]) -> TipRow {
    let (mut hash, mut change) = ([0; ChangeHash::LEN], [0; 72]);
    hash.copy_from_slice(&bytes[..32]);
    change.copy_from_slice(&bytes[32..104]);
    TipRow {
        hash: ChangeHash::new(hash),
        change: decode_change(&change),
        closed: bytes[104] == 1,
    }
}

/// Appends an ascending position to a list of them.
pub(super) fn push_position(list: &mut Vec<u8>, seq: u64) {
    list.extend_from_slice(&seq.to_be_bytes());
}

/// The positions in a list.
pub(super) fn positions_in(list: &[u8]) -> impl Iterator<Item = u64> + '_ {
    list.as_chunks::<8>()
        .0
        .iter()
        .map(|seq| u64::from_be_bytes(*seq))
}

/// The number of a workspace that is not in this file: no key begins with it.
pub(super) const NOBODY: u32 = u32::MAX;

/// Every workspace in order of its id, with its number.
pub(super) type Numbered = Vec<(WorkspaceId, u32)>;

fn join<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = 0;
    for part in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    debug_assert_eq!(at, N, "the parts of a key fill it");
    bytes
}

fn number_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_be_bytes(number)
}
