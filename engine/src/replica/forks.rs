//! Access entries under a version that the record has already: the same one again, at its place, or
//! another one beside entries that stand in no log any more.
//!
//! As in the roster, such entries end where the log went on; what this device said in them is said
//! again behind the others. Invariant: an entry that a head covers never gives way.

use casework_protocol::access::AccessRecord;
use casework_protocol::access::entry::AccessEntry;
use casework_protocol::authority::Received;
use casework_protocol::ids::{ChangeHash, DocumentId};

use super::chains::put_access;
use super::lost::Placement;
use super::rows::Outgoing;
use super::store::Writes;
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};

impl Replica {
    /// The record with an entry under a version that it has already.
    pub(super) fn retake(
        &self,
        (id, record): (DocumentId, &AccessRecord),
        entry: &AccessEntry,
        received: Received,
    ) -> Result<AccessRecord, String> {
        let roster = self.roster().map_err(|fault| fault.to_string())?;
        let version = entry.head().version;
        let (mut entries, mut beside) = (Vec::new(), false);
        for (known, at) in record.entries() {
            let same = known.head().version == version;
            if same && known.hash() != entry.hash() {
                if self.stands_there(id, known, at) {
                    return Err(format!("it shows another entry as version {version}"));
                }
                beside = true;
                break;
            }
            entries.push((known.clone(), if same { received } else { at }));
        }
        let retaken = AccessRecord::replay(entries, roster).and_then(|mut record| {
            if beside {
                record.apply(entry.clone(), received, roster)?;
            }
            Ok(record)
        });
        retaken.map_err(|error| error.to_string())
    }

    /// Whether an access entry stands in the log, as far as this device can say.
    fn stands_there(&self, id: DocumentId, entry: &AccessEntry, at: Received) -> bool {
        at.seq != Received::UNSEQUENCED && !self.is_missing((at.seq, id, hash_of(entry)))
    }

    /// Entries that the record has no more end here; what this device said in them waits to be said
    /// again.
    pub(super) fn end_entries(
        &mut self,
        writes: &mut Writes,
        (id, before): (DocumentId, Option<&AccessRecord>),
        after: &AccessRecord,
    ) {
        let known = before.into_iter().flat_map(AccessRecord::entries);
        for (entry, _) in known {
            let head = entry.head();
            let stays = after.at(head.version);
            if stays.is_some_and(|state| state.head() == entry.hash()) {
                continue;
            }
            writes.delete(Table::Access, tables::document_number(id, head.version));
            if head.author == self.device() {
                let body = entry.body().clone();
                self.enqueue(writes, id, Outgoing::Access { body }, head.claimed_ms);
            }
        }
    }

    /// An access entry that was placed at this position stands in no log, and none that follows it.
    pub(super) fn lose_access(
        &mut self,
        writes: &mut Writes,
        (seq, id, hash): Placement,
    ) -> Result<(), ReplicaFault> {
        let record = match self.record(id) {
            Ok(record) => record.clone(),
            Err(ReplicaFault::Document(_)) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let (mut entries, mut lost) = (Vec::new(), false);
        for (entry, mut at) in record.entries() {
            lost |= at.seq == seq && hash_of(entry) == hash;
            if lost {
                let head = entry.head();
                put_access(writes, id, head.version, (entry.signed(), None));
                at = Received::unsequenced(head.claimed_ms);
            }
            entries.push((entry.clone(), at));
        }
        if lost {
            let record = AccessRecord::replay(entries, self.roster()?)?;
            self.records.insert(id, record);
        }
        Ok(())
    }
}

fn hash_of(entry: &AccessEntry) -> ChangeHash {
    ChangeHash::new(*entry.hash().as_bytes())
}
