//! Loading a workspace from its log: its authority is replayed, its rows are read.
//!
//! Invariant: what was admitted once is accepted again, because the folds are pure.

use std::sync::Arc;

use casework_protocol::access::AccessRecord;
use casework_protocol::access::entry::AccessEntry;
use casework_protocol::authority::Received;
use casework_protocol::entry::EntryError;
use casework_protocol::frame::Logged;
use casework_protocol::ids::WorkspaceId;
use casework_protocol::log::EntryKind;
use casework_protocol::roster::Roster;

use super::{Document, Workspace, WorkspaceError};
use crate::log::{Log, LogError, Record};
use crate::relay::held::HeldWork;
use crate::relay::identity::Identity;
use crate::relay::recent::Recent;

/// How many entries are read at once.
const LOAD_STEP: usize = 1_000;

impl Workspace {
    /// Loads a workspace from its log.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub(in crate::relay) fn load(
        log: Arc<dyn Log>,
        key: Arc<Identity>,
        id: WorkspaceId,
    ) -> Result<Option<Self>, WorkspaceError> {
        let Some(mut row) = log.workspace(id)? else {
            return Ok(None);
        };
        row.head = key.renew(row.head, id);
        let authority = log.authority(id)?;
        let mut this: Option<Self> = None;
        for places in authority.chunks(LOAD_STEP) {
            let seqs: Vec<u64> = places.iter().map(|(seq, _)| *seq).collect();
            for record in log.records(id, &seqs)? {
                let taken = match &mut this {
                    None => read_genesis(&record).map(|roster| {
                        let parts = (Arc::clone(&log), Arc::clone(&key));
                        this = Some(Self::empty(id, parts, roster, row.clone()));
                    }),
                    Some(this) => this.replay(&record),
                };
                taken.map_err(|problem| WorkspaceError::Entry {
                    workspace: id,
                    seq: record.seq,
                    problem,
                })?;
            }
        }
        let Some(mut this) = this else {
            return Ok(None);
        };
        for (document, row) in log.documents(id)? {
            if let Some(known) = this.documents.get_mut(&document) {
                known.row = row;
                known.bundle = log.bundle(id, document)?.map(|bundle| bundle.upto);
            }
        }
        this.held = HeldWork::load(log.held(id)?);
        let peaks = Recent::peaks(this.size());
        let edge = peaks.map(|place| Ok((place, log.node(id, place.0, place.1)?)));
        this.recent = Recent::new(this.size(), edge.collect::<Result<_, LogError>>()?);
        let recovery = this.row.recovery.take();
        this.row.recovery = recovery.filter(|recovery| !this.has_reached(recovery));
        Ok(Some(this))
    }

    fn replay(&mut self, record: &Record) -> Result<(), String> {
        let received = Received {
            seq: record.seq,
            ms: record.received_ms,
        };
        match decode_item(record)? {
            Logged::Roster { entry, .. } => {
                let entry = entry.verify().map_err(text::<EntryError>)?;
                self.roster.apply(entry, received).map_err(text)?;
            }
            Logged::Access {
                document, entry, ..
            } => {
                let entry: AccessEntry = entry.verify().map_err(text::<EntryError>)?;
                match self.documents.get_mut(&document) {
                    Some(known) => {
                        known
                            .access
                            .apply(entry, received, &self.roster)
                            .map_err(text)?;
                        known.marks.push(record.seq);
                    }
                    None => {
                        let access =
                            AccessRecord::found(entry, received, &self.roster).map_err(text)?;
                        self.documents
                            .insert(document, Document::new(access, record.seq));
                    }
                }
            }
            Logged::Equivocation { .. }
            | Logged::Purged {
                kind: EntryKind::Equivocation,
                ..
            } => {
                if let Some(known) = self.documents.get_mut(&record.document) {
                    known.marks.push(record.seq);
                }
            }
            Logged::Run(_) | Logged::Withheld { .. } | Logged::Purged { .. } => {
                return Err("a change among the entries of authority".to_owned());
            }
        }
        Ok(())
    }
}

/// The item of a record.
pub(in crate::relay) fn decode_item(record: &Record) -> Result<Logged, String> {
    minicbor::decode(&record.item).map_err(|error| error.to_string())
}

fn read_genesis(record: &Record) -> Result<Roster, String> {
    let Logged::Roster { entry, .. } = decode_item(record)? else {
        return Err("the log does not begin with the genesis of its roster".to_owned());
    };
    let entry = entry.verify().map_err(text::<EntryError>)?;
    Roster::found(
        entry,
        Received {
            seq: record.seq,
            ms: record.received_ms,
        },
    )
    .map_err(text)
}

fn text<E: core::fmt::Display>(error: E) -> String {
    error.to_string()
}
