//! Roster and access entries as rows: writing one, and replaying all of them when loading.
//!
//! Every entry is verified and folded again on loading: the disk is not trusted to vouch for
//! authority. One that has no place in a log was judged before and is judged again where it comes.

use casework_protocol::access::AccessRecord;
use casework_protocol::access::entry::AccessBody;
use casework_protocol::authority::Received;
use casework_protocol::entry::SignedEntry;
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::Roster;
use casework_protocol::roster::entry::RosterBody;

use super::rows::{Arrived, Sequenced};
use super::store::{Store, StoreError, Writes, decode_row};
use super::tables::{self, Table};
use super::{DocumentFault, ReplicaFault};

/// Whether an entry made here holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It holds: this replica still sequences the roster itself.
    InForce,
    /// It waits for the server.
    Pending,
}

pub(super) fn put_roster(
    writes: &mut Writes,
    version: u64,
    entry: &SignedEntry,
    arrived: Option<Arrived>,
) {
    let row = Sequenced {
        entry: entry.clone(),
        arrived,
    };
    writes.put_cbor(Table::Roster, tables::number(version), &row);
}

pub(super) fn put_access(
    writes: &mut Writes,
    id: DocumentId,
    version: u64,
    (entry, arrived): (&SignedEntry, Option<Arrived>),
) {
    let row = Sequenced {
        entry: entry.clone(),
        arrived,
    };
    writes.put_cbor(Table::Access, tables::document_number(id, version), &row);
}

/// Where an entry stands for the folds.
pub(super) fn received(arrived: Option<Arrived>, claimed_ms: u64) -> Received {
    arrived.map_or(Received::unsequenced(claimed_ms), |arrived| Received {
        seq: arrived.seq,
        ms: arrived.received_ms,
    })
}

/// Where a roster entry stands that was taken before. Without a place it expires by nobody's clock:
/// a log judges it by its own again.
pub(super) fn retaken(arrived: Option<Arrived>) -> Received {
    received(arrived, 0)
}

pub(super) fn load_roster(store: &Store) -> Result<Option<Roster>, ReplicaFault> {
    let mut entries = Vec::new();
    store.scan(Table::Roster, &[], |_, value| {
        entries.push(decode_row::<Sequenced>(Table::Roster, value)?);
        Ok(true)
    })?;
    if entries.is_empty() {
        return Ok(None);
    }
    let mut verified = Vec::with_capacity(entries.len());
    for row in entries {
        let entry = row
            .entry
            .verify::<RosterBody>()
            .map_err(|error| damaged("roster", &error))?;
        verified.push((entry, retaken(row.arrived)));
    }
    Ok(Some(
        Roster::replay(verified).map_err(|error| damaged("roster", &error))?,
    ))
}

/// The access record of a document. One that does not hold sets its document aside.
pub(super) fn load_record(
    store: &Store,
    id: DocumentId,
    roster: &Roster,
) -> Result<Option<AccessRecord>, ReplicaFault> {
    let mut entries = Vec::new();
    store.scan(Table::Access, id.as_bytes(), |_, value| {
        entries.push(decode_row::<Sequenced>(Table::Access, value)?);
        Ok(true)
    })?;
    if entries.is_empty() {
        return Ok(None);
    }
    let mut verified = Vec::with_capacity(entries.len());
    for row in entries {
        let entry = row
            .entry
            .verify::<AccessBody>()
            .map_err(|error| unfounded(id, &error))?;
        let received = received(row.arrived, entry.head().claimed_ms);
        verified.push((entry, received));
    }
    let record = AccessRecord::replay(verified, roster).map_err(|e| unfounded(id, &e))?;
    Ok(Some(record))
}

fn unfounded(id: DocumentId, error: &dyn core::fmt::Display) -> DocumentFault {
    let why = format!("its access record does not hold: {error}");
    DocumentFault::Quarantined { id, why }
}

pub(super) fn next_number(store: &Store, table: Table) -> Result<u64, StoreError> {
    Ok(store
        .last_key(table)?
        .map_or(0, |key| tables::last_number(&key) + 1))
}

fn damaged(what: &str, error: &dyn core::fmt::Display) -> StoreError {
    StoreError::Row {
        what: format!("{what}: {error}"),
    }
}
