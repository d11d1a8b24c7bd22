//! The writing half of the log on disk.
//!
//! Rows go in sorted by key, so that a page is found once per batch and not once per row.

use std::collections::BTreeMap;

use casework_protocol::ids::{DocumentId, WorkspaceId};
use casework_protocol::log::EntryKind;
use redb::{Database, ReadableTable, Table, WriteTransaction};

use super::super::tables::{
    AUTHORITY, BUNDLES, CHANGES, DOCUMENTS, DocumentValue, HELD, NODES, PIECES, POSITIONS,
    POSITIONS_PER_ROW, RECORDS, TIPS, WORKSPACES, change_key, decode, decode_workspace,
    document_key, encode_change, encode_record, encode_tip, encode_workspace, node_key, piece_key,
    place_key, positions_key, push_position, tip_key,
};
use super::super::{Batch, BundleRow, HeldRow, LogError};
use super::storage;

/// Appends the batches in one transaction and says which workspaces are new, with their numbers.
pub(super) fn append(
    database: &Database,
    batches: &[Batch],
) -> Result<Vec<(WorkspaceId, u32)>, LogError> {
    let write = database.begin_write().map_err(storage)?;
    let mut new = Vec::new();
    for batch in batches {
        let (number, is_new) = write_workspace(&write, batch)?;
        if is_new {
            new.push((batch.workspace, number));
        }
        write_records(&write, number, batch)?;
        write_index(&write, number, batch)?;
        write_documents(&write, number, batch)?;
        write_nodes(&write, number, batch)?;
        write_purges(&write, number, batch)?;
    }
    write.commit().map_err(storage)?;
    Ok(new)
}

/// Replaces the bundle of a document.
pub(super) fn put_bundle(
    database: &Database,
    (number, document): (u32, DocumentId),
    upto: u64,
    pieces: &[&[u8]],
) -> Result<(), LogError> {
    let write = database.begin_write().map_err(storage)?;
    {
        let mut table = write.open_table(PIECES).map_err(storage)?;
        table
            .retain_in(pieces_of(number, &document), |_, _| false)
            .map_err(storage)?;
        let mut row = BundleRow {
            upto,
            bytes: 0,
            pieces: 0,
        };
        for piece in pieces {
            let key = piece_key(number, &document, upto, row.pieces);
            table.insert(key, *piece).map_err(storage)?;
            row.pieces += 1;
            row.bytes += piece.len() as u64;
        }
        let mut table = write.open_table(BUNDLES).map_err(storage)?;
        let bytes = minicbor::to_vec(row).expect("memory takes every byte");
        table
            .insert(document_key(number, &document), bytes.as_slice())
            .map_err(storage)?;
    }
    write.commit().map_err(storage)
}

/// The keys of every piece of a document.
fn pieces_of(number: u32, document: &DocumentId) -> core::ops::RangeInclusive<[u8; 32]> {
    piece_key(number, document, 0, 0)..=piece_key(number, document, u64::MAX, u32::MAX)
}

/// Replaces the items of purged documents, and takes their bundles and held runs away.
fn write_purges(write: &WriteTransaction, number: u32, batch: &Batch) -> Result<(), LogError> {
    if batch.purged.is_empty() {
        return Ok(());
    }
    let mut records = write.open_table(RECORDS).map_err(storage)?;
    let mut bundles = write.open_table(BUNDLES).map_err(storage)?;
    let mut pieces = write.open_table(PIECES).map_err(storage)?;
    for (document, bare) in &batch.purged {
        for record in bare {
            records
                .insert(
                    place_key(number, record.seq),
                    encode_record(record).as_slice(),
                )
                .map_err(storage)?;
        }
        bundles
            .remove(document_key(number, document))
            .map_err(storage)?;
        pieces
            .retain_in(pieces_of(number, document), |_, _| false)
            .map_err(storage)?;
    }
    let mut held = write.open_table(HELD).map_err(storage)?;
    let mut gone = Vec::new();
    let all = place_key(number, 0)..=place_key(number, u64::MAX);
    for row in held.range(all).map_err(storage)? {
        let (key, value) = row.map_err(storage)?;
        let row: HeldRow = decode("held", value.value())?;
        gone.extend(
            batch
                .purged
                .contains_key(&row.document)
                .then(|| key.value()),
        );
    }
    for key in gone {
        held.remove(key).map_err(storage)?;
    }
    Ok(())
}

fn write_workspace(write: &WriteTransaction, batch: &Batch) -> Result<(u32, bool), LogError> {
    let mut table = write.open_table(WORKSPACES).map_err(storage)?;
    let stored = table
        .get(*batch.workspace.as_bytes())
        .map_err(storage)?
        .map(|value| decode_workspace(value.value()))
        .transpose()?;
    let expected = stored.as_ref().map_or(0, |(_, row)| row.frontier.size());
    if expected != batch.first {
        let (workspace, found) = (batch.workspace, batch.first);
        return Err(LogError::NotAtEnd {
            workspace,
            expected,
            found,
        });
    }
    let number = match &stored {
        Some((number, _)) => *number,
        None => next_number(&table)?,
    };
    let value = encode_workspace(number, &batch.row);
    table
        .insert(*batch.workspace.as_bytes(), value.as_slice())
        .map_err(storage)?;
    Ok((number, stored.is_none()))
}

fn next_number(table: &Table<'_, [u8; 32], &[u8]>) -> Result<u32, LogError> {
    let mut next = 0;
    for row in table.iter().map_err(storage)? {
        let (_, value) = row.map_err(storage)?;
        next = next.max(decode_workspace(value.value())?.0 + 1);
    }
    Ok(next)
}

/// Most tree nodes in one row. The database takes pages of powers of two for rows longer than a page
/// of 4 KiB: a list just beyond one takes twice its length.
const NODES_PER_ROW: usize = 120;

fn write_records(write: &WriteTransaction, number: u32, batch: &Batch) -> Result<(), LogError> {
    let mut records = write.open_table(RECORDS).map_err(storage)?;
    let mut authority = write.open_table(AUTHORITY).map_err(storage)?;
    for record in &batch.records {
        let key = place_key(number, record.seq);
        records
            .insert(key, encode_record(record).as_slice())
            .map_err(storage)?;
        if record.kind != EntryKind::Change {
            authority
                .insert(key, *record.document.as_bytes())
                .map_err(storage)?;
        }
    }
    if !batch.held.is_empty() {
        let mut held = write.open_table(HELD).map_err(storage)?;
        for row in &batch.held {
            let bytes = minicbor::to_vec(row).expect("memory takes every byte");
            held.insert(place_key(number, row.seq), bytes.as_slice())
                .map_err(storage)?;
        }
    }
    Ok(())
}

fn write_index(write: &WriteTransaction, number: u32, batch: &Batch) -> Result<(), LogError> {
    if !batch.changes.is_empty() {
        let mut changes = write.open_table(CHANGES).map_err(storage)?;
        let sorted: BTreeMap<_, _> = batch
            .changes
            .iter()
            .map(|(hash, row)| (hash, row))
            .collect();
        for (hash, row) in sorted {
            changes
                .insert(change_key(number, hash), encode_change(row))
                .map_err(storage)?;
        }
    }
    if !batch.tips.is_empty() {
        let mut tips = write.open_table(TIPS).map_err(storage)?;
        for (actor, tip) in &batch.tips {
            tips.insert(tip_key(number, actor), encode_tip(tip))
                .map_err(storage)?;
        }
    }
    Ok(())
}

fn write_documents(write: &WriteTransaction, number: u32, batch: &Batch) -> Result<(), LogError> {
    if batch.documents.is_empty() {
        return Ok(());
    }
    let mut added: BTreeMap<DocumentId, Vec<u64>> = BTreeMap::new();
    for record in batch
        .records
        .iter()
        .filter(|record| record.kind != EntryKind::Roster)
    {
        added.entry(record.document).or_default().push(record.seq);
    }
    let mut documents = write.open_table(DOCUMENTS).map_err(storage)?;
    let mut positions = write.open_table(POSITIONS).map_err(storage)?;
    for (document, row) in &batch.documents {
        let key = document_key(number, document);
        let stored = documents.get(key).map_err(storage)?;
        let stored: Option<DocumentValue> = stored
            .map(|value| decode("documents", value.value()))
            .transpose()?;
        let mut value = stored.unwrap_or_default();
        value.row = row.clone();
        for seq in added.get(document).into_iter().flatten() {
            push_position(&mut value.tail, *seq);
            if value.tail.len() >= POSITIONS_PER_ROW * 8 {
                let first = super::positions_in(&value.tail).next().unwrap_or(*seq);
                positions
                    .insert(
                        positions_key(number, document, first),
                        value.tail.as_slice(),
                    )
                    .map_err(storage)?;
                value.tail.clear();
            }
        }
        let bytes = minicbor::to_vec(&value).expect("memory takes every byte");
        documents.insert(key, bytes.as_slice()).map_err(storage)?;
    }
    Ok(())
}

fn write_nodes(write: &WriteTransaction, number: u32, batch: &Batch) -> Result<(), LogError> {
    if batch.nodes.is_empty() {
        return Ok(());
    }
    let mut levels: BTreeMap<u8, (u64, Vec<u8>)> = BTreeMap::new();
    for (level, index, hash) in &batch.nodes {
        let (_, list) = levels.entry(*level).or_insert_with(|| (*index, Vec::new()));
        list.extend_from_slice(hash.as_bytes());
    }
    let mut table = write.open_table(NODES).map_err(storage)?;
    for (level, (first, list)) in &levels {
        for (index, row) in (*first..)
            .step_by(NODES_PER_ROW)
            .zip(list.chunks(NODES_PER_ROW * 32))
        {
            table
                .insert(node_key(number, *level, index), row)
                .map_err(storage)?;
        }
    }
    Ok(())
}
