//! Roster and access entries as the log sequences them, and the numbering of documents' entries.
//!
//! An entry known before (made here, or shown again) only learns its place; another entry under a
//! known version is a fork, and the server that shows it is not trusted any further.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::access::AccessRecord;
use casework_protocol::access::entry::{AccessBody, AccessEntry};
use casework_protocol::authority::Received;
use casework_protocol::entry::{EntryError, SignedEntry};
use casework_protocol::frame::{Cursor, Logged, Placed, Start};
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::Roster;
use casework_protocol::roster::entry::RosterBody;

use super::authority::{document_row, untrusted};
use super::chains::{put_access, put_roster};
use super::intake::Arriving;
use super::outbox::NOBODYS;
use super::rows::{Arrived, DocumentRow, Outgoing};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{DocumentFault, Notice, Replica, ReplicaFault};

/// Where an item stands in the log and among the entries of its document.
pub(super) struct Numbered {
    pub(super) seq: u64,
    pub(super) document: DocumentId,
    pub(super) number: u64,
    pub(super) entries: u64,
}

impl Replica {
    pub(super) fn take_roster(
        &mut self,
        writes: &mut Writes,
        entry: SignedEntry,
        arrived: Arrived,
        arriving: &mut BTreeMap<DocumentId, Arriving>,
    ) -> Result<(), ReplicaFault> {
        let verified = entry.clone().verify::<RosterBody>().map_err(untrusted)?;
        let version = verified.head().version;
        let received = Received {
            seq: arrived.seq,
            ms: arrived.received_ms,
        };
        if let RosterBody::Adopt { document, .. } = verified.body() {
            arriving.entry(*document).or_default().again = true;
        }
        let known = self
            .roster
            .as_ref()
            .and_then(|roster| roster.entry(version));
        if let Some((known, at)) = known {
            if known.hash() != verified.hash() && !self.stands(version, at) {
                self.branch_roster(writes, version)?;
                return self.take_roster(writes, entry, arrived, arriving);
            }
            if known.hash() != verified.hash() {
                let what = format!("it shows another roster entry as version {version}");
                return Err(ReplicaFault::Untrusted(what));
            }
            if at != received {
                put_roster(writes, version, &entry, Some(arrived));
                self.replace_roster_position(writes, version, received)?;
            }
            return Ok(());
        }
        match &mut self.roster {
            Some(roster) => {
                roster.apply(verified, received).map_err(untrusted)?;
            }
            None => {
                let roster = Roster::found(verified, received).map_err(untrusted)?;
                if roster.workspace() != self.workspace() {
                    let what = format!("it shows workspace {}", roster.workspace());
                    return Err(ReplicaFault::Untrusted(what));
                }
                self.roster = Some(roster);
            }
        }
        put_roster(writes, version, &entry, Some(arrived));
        Ok(())
    }

    /// The roster went on beside entries that stand in no log any more: they end here. What this
    /// device said in them is said again behind the others.
    fn branch_roster(&mut self, writes: &mut Writes, from: u64) -> Result<(), ReplicaFault> {
        let entries = |roster: &Roster| roster.entries().map(|(e, at)| (e.clone(), at)).collect();
        let all: Vec<_> = entries(self.roster()?);
        let device = self.device();
        let (stays, ends): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(entry, _)| entry.head().version < from);
        for (entry, _) in ends {
            let head = entry.head();
            writes.delete(Table::Roster, tables::number(head.version));
            if head.author == device {
                let body = entry.body().clone();
                let made_ms = head.claimed_ms;
                self.enqueue(writes, NOBODYS, Outgoing::Roster { body }, made_ms);
            }
        }
        self.roster = Some(Roster::replay(stays)?);
        self.forget_records(writes);
        Ok(())
    }

    /// The next session gets the whole roster, and everything else from where this one was: what
    /// one server or one bad line kept back must not be missing for ever.
    pub(super) fn read_roster_again(&mut self) -> Result<(), ReplicaFault> {
        let Start::At(Cursor { epoch, seq }) = self.stored_start()? else {
            return Ok(());
        };
        self.put_start(&Start::Partway {
            epoch,
            target: seq,
            below: 0,
        })
    }

    /// An entry that this replica had sequenced itself now has a place in the log.
    pub(super) fn replace_roster_position(
        &mut self,
        writes: &Writes,
        version: u64,
        received: Received,
    ) -> Result<(), ReplicaFault> {
        let entries: Vec<_> = self
            .roster()?
            .entries()
            .map(|(entry, at)| {
                let at = if entry.head().version == version {
                    received
                } else {
                    at
                };
                (entry.clone(), at)
            })
            .collect();
        self.roster = Some(Roster::replay(entries)?);
        self.forget_records(writes);
        Ok(())
    }

    /// The roster stands differently: records are folded again when they are asked for, except those
    /// that are about to be written.
    fn forget_records(&mut self, writes: &Writes) {
        let written = writes.puts(Table::Access);
        let written: BTreeSet<DocumentId> = written
            .into_iter()
            .filter_map(|(key, _)| tables::document_of(key))
            .collect();
        self.records.retain(|id, _| written.contains(id));
    }

    pub(super) fn take_access(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        entry: Result<AccessEntry, EntryError>,
        arrived: Arrived,
    ) -> Result<(), ReplicaFault> {
        if self.is_purged(id) {
            // Its record has ended, whatever a server says that knows nothing of it.
            return Ok(());
        }
        let verified = entry.map_err(untrusted)?;
        let entry = verified.signed().clone();
        let version = verified.head().version;
        let received = Received {
            seq: arrived.seq,
            ms: arrived.received_ms,
        };
        let before = match self.record(id) {
            Ok(record) => Some(record.clone()),
            // The document is set aside with whatever comes for it.
            Err(ReplicaFault::Document(DocumentFault::Quarantined { .. })) => return Ok(()),
            Err(ReplicaFault::Document(_)) => None,
            Err(fault) => return Err(fault),
        };
        let founded = match (&before, verified.body()) {
            (None, AccessBody::Genesis { kind, template, .. }) => {
                Some(document_row(*kind, *template))
            }
            // Of a document that came and went while this device was away: there is nothing to
            // take, and the eviction that follows finds nothing to forget.
            (None, _) => return Ok(()),
            (Some(_), _) => None,
        };
        let roster = self.roster()?;
        let taken = match before.clone() {
            None => AccessRecord::found(verified, received, roster)
                .map_err(|error| error.to_string())
                .and_then(|record| {
                    let own = record.document() == id;
                    own.then_some(record)
                        .ok_or_else(|| "it founds another document".to_owned())
                }),
            Some(mut record) if record.head().version() < version => record
                .apply(verified, received, roster)
                .map(|_| ())
                .map_err(|error| error.to_string())
                .map(|()| record),
            Some(record) => self.retake((id, &record), &verified, received),
        };
        match taken {
            Ok(record) => {
                self.end_entries(writes, (id, before.as_ref()), &record);
                put_access(writes, id, version, (&entry, Some(arrived)));
                let head = record.head().clone();
                if let Some(row) = founded {
                    writes.put_cbor(Table::Documents, tables::document(id), &row);
                }
                self.records.insert(id, record);
                self.follow_purge(writes, &head, arrived)?;
            }
            Err(why) => {
                self.blame(format!("access entry {version} of document {id}: {why}"));
            }
        }
        Ok(())
    }

    /// What an item says of the numbers of its document. Runs are counted when their signatures
    /// hold.
    pub(super) fn numbered(&self, item: &Logged) -> Option<Numbered> {
        let (document, number) = match item {
            Logged::Withheld { document, .. } if self.is_purged(*document) => return None,
            Logged::Access {
                document,
                document_seq,
                ..
            }
            | Logged::Withheld {
                document,
                document_seq,
                ..
            }
            | Logged::Purged {
                document,
                document_seq,
                ..
            } => (*document, *document_seq),
            Logged::Equivocation {
                document_seq, run, ..
            } => (run.document(), *document_seq),
            Logged::Roster { .. } | Logged::Run(_) => return None,
        };
        Some(Numbered {
            seq: item.seq(),
            document,
            number,
            entries: item.len(),
        })
    }

    /// Follows the numbers of documents' entries in log order, whatever kind each is of; a gap after
    /// position `from` shows that something is withheld.
    pub(super) fn count(
        &mut self,
        writes: &mut Writes,
        mut numbered: Vec<Numbered>,
        from: u64,
    ) -> Result<(), ReplicaFault> {
        numbered.sort_by_key(|entry| entry.seq);
        for entry in numbered {
            let numbers = (entry.number, entry.entries);
            self.count_one(writes, entry.document, numbers, entry.seq >= from)?;
        }
        Ok(())
    }

    fn count_one(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        (number, entries): (u64, u64),
        follows: bool,
    ) -> Result<(), ReplicaFault> {
        let Some(mut row) = self.row_in(writes, id)? else {
            return Ok(());
        };
        let expected = row.document_seq.unwrap_or(number);
        let gap = (expected..number).find(|n| follows && !row.ahead.contains(n));
        if let Some(from) = gap {
            self.gaps.insert(id);
            self.notices.push(Notice::Gap {
                document: id,
                from,
                to: number,
            });
        }
        if number + entries > expected || row.document_seq.is_none() {
            row.document_seq = Some(expected.max(number + entries));
            row.ahead.retain(|ahead| *ahead >= number + entries);
            self.put_row(writes, id, row);
        }
        Ok(())
    }

    /// Notes the number of an own entry, so that its absence among what is read is no gap.
    pub(super) fn count_own(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        placed: &Placed,
    ) -> Result<(), ReplicaFault> {
        let Some(mut row) = self.row_in(writes, id)? else {
            return Ok(());
        };
        let number = placed.document_seq;
        if row.document_seq == Some(number) {
            row.document_seq = Some(number + 1);
            while row.ahead.contains(&row.document_seq.unwrap_or_default()) {
                row.document_seq = row.document_seq.map(|next| next + 1);
            }
            let next = row.document_seq.unwrap_or_default();
            row.ahead.retain(|ahead| *ahead >= next);
        } else if row.document_seq.is_some_and(|next| next < number) && !row.ahead.contains(&number)
        {
            row.ahead.push(number);
            self.ahead.insert(id, placed.seq);
        }
        self.put_row(writes, id, row);
        Ok(())
    }

    /// Finds documents in which something between what was read and an own entry did not come,
    /// although everything before this position was sent.
    pub(super) fn find_unread(&mut self, writes: &Writes, upto: u64) -> Result<(), ReplicaFault> {
        let due: Vec<DocumentId> = self
            .ahead
            .iter()
            .filter(|(_, placed)| **placed < upto)
            .map(|(id, _)| *id)
            .collect();
        for document in due {
            self.ahead.remove(&document);
            let row = self.row_in(writes, document)?;
            let next = row.as_ref().and_then(|row| row.document_seq);
            let own = row.and_then(|row| row.ahead.into_iter().min());
            if let (Some(from), Some(to)) = (next, own)
                && from < to
            {
                self.gaps.insert(document);
                self.notices.push(Notice::Gap { document, from, to });
            }
        }
        Ok(())
    }

    /// The row of a document as it will be after these writes.
    pub(super) fn row_in(
        &mut self,
        writes: &Writes,
        id: DocumentId,
    ) -> Result<Option<DocumentRow>, ReplicaFault> {
        let key = tables::document(id);
        if let Some(pending) = writes.pending(Table::Documents, &key) {
            return Ok(pending
                .map(|bytes| decode_row(Table::Documents, bytes))
                .transpose()?);
        }
        if let Some(open) = self.documents.get_mut(id) {
            return Ok(Some(open.row.clone()));
        }
        Ok(self.store.get_cbor(Table::Documents, &key)?)
    }

    /// Writes a document's row, in memory as well if it is open.
    pub(super) fn put_row(&mut self, writes: &mut Writes, id: DocumentId, row: DocumentRow) {
        writes.put_cbor(Table::Documents, tables::document(id), &row);
        if let Some(open) = self.documents.get_mut(id) {
            open.row = row;
        }
    }
}
