//! The outbox: what was done here and is not in the server's log yet, in causal order.
//!
//! Rows become parcels only when they are pushed: consecutive changes of one actor as one run
//! under one signature, access and roster entries signed onto the head of the day. A row leaves
//! the outbox when the server has answered for it, never before.

mod filling;
mod on_the_way;

use std::collections::BTreeSet;

use casework_protocol::access::AccessRecord;
use casework_protocol::access::draft::AccessDraft;
use casework_protocol::authority::Received;
use casework_protocol::frame::PushItem;
use casework_protocol::ids::{ActorId, DocumentId};
use casework_protocol::keys::Signature;
use casework_protocol::limits::{MAX_RUN_BYTES, MAX_RUN_CHANGES};
use casework_protocol::roster::draft::RosterDraft;
use casework_protocol::roster::{Roster, RosterError};
use casework_protocol::seal::SignedRun;

use self::filling::Filling;
use super::authority::untrusted;
use super::document::actor_of;
use super::rows::{Aside, OutboxDocument, OutboxRow, Outgoing, Sequenced};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};
use crate::sync::Parcel;

/// The document of an outbox row that concerns none.
pub(super) const NOBODYS: DocumentId = DocumentId::new([0; DocumentId::LEN]);

/// Outbox rows read at once while a push is filled: a fraction of what fits, so that little is
/// read twice.
const ROWS_AT_ONCE: usize = 128;

/// A row, its number, and what it needs.
type Filled = (u64, OutboxRow, Filling);

/// A run being gathered.
struct Gathering {
    rows: Vec<u64>,
    document: DocumentId,
    actor: ActorId,
    changes: Vec<Vec<u8>>,
    bytes: usize,
    signature: Signature,
}

/// Parcels being made, with the heads that pending entries are signed onto.
struct Packing<'a> {
    replica: &'a Replica,
    roster: Roster,
    records: Vec<(DocumentId, AccessRecord)>,
    run: Option<Gathering>,
    parcels: Vec<Parcel>,
    /// Rows that go nowhere, with the reason; none where what they wanted is so already.
    dropped: Vec<(u64, Option<String>)>,
}

impl Replica {
    /// How many rows wait to be pushed.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn unsent(&self) -> Result<usize, ReplicaFault> {
        Ok(self.store.count(Table::Outbox)?)
    }

    /// The documents with unsent work.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn unsent_documents(&self) -> Result<BTreeSet<DocumentId>, ReplicaFault> {
        let mut found = BTreeSet::new();
        self.store.scan(Table::Outbox, &[], |_, value| {
            found.insert(decode_row::<OutboxDocument>(Table::Outbox, value)?.document);
            Ok(true)
        })?;
        found.remove(&NOBODYS);
        Ok(found)
    }

    /// The next parcels, about `budget` bytes, leaving out rows that are on their way.
    pub(super) fn pack(
        &mut self,
        in_flight: &[u64],
        budget: usize,
    ) -> Result<Vec<Parcel>, ReplicaFault> {
        let filled = self.next_filled(in_flight, budget)?;
        if filled.is_empty() {
            return Ok(Vec::new());
        }
        let on_the_way = self.access_on_the_way(in_flight, &filled)?;
        let mut on_the_way = on_the_way.iter().peekable();
        let mut packing = Packing {
            roster: self.roster()?.clone(),
            replica: self,
            records: Vec::new(),
            run: None,
            parcels: Vec::new(),
            dropped: Vec::new(),
        };
        for (number, row, filling) in filled {
            while let Some((_, earlier)) = on_the_way.next_if(|(earlier, _)| *earlier < number) {
                packing.suppose(earlier)?;
            }
            packing.add(number, row, filling)?;
        }
        packing.close_run();
        let Packing {
            parcels, dropped, ..
        } = packing;
        self.drop_rows(dropped)?;
        Ok(parcels)
    }

    /// Rows in order with what they need, until they make up the budget. Only what is sent is
    /// read, however long the outbox is. What was done to a document that cannot be read waits, and
    /// what was done to it later, which may build on that.
    fn next_filled(
        &mut self,
        in_flight: &[u64],
        budget: usize,
    ) -> Result<Vec<Filled>, ReplicaFault> {
        let in_flight: BTreeSet<u64> = in_flight.iter().copied().collect();
        let (mut filled, mut bytes, mut next) = (Vec::new(), 0, 0);
        let mut unread = BTreeSet::new();
        while let Some(rows) = self.some_rows(&in_flight, next)? {
            for (number, row) in rows {
                next = number + 1;
                if unread.contains(&row.document) {
                    continue;
                }
                let filling = self.fill(&row)?;
                match &filling {
                    Filling::Later => {
                        unread.insert(row.document);
                        continue;
                    }
                    Filling::Change(change) => bytes += change.len(),
                    Filling::Nothing | Filling::Gone(_) => {}
                }
                // An access entry and the run after it succeed or fail together.
                let alone = matches!(row.what, Outgoing::Change { .. } | Outgoing::Roster { .. });
                filled.push((number, row, filling));
                if alone && bytes >= budget {
                    return Ok(filled);
                }
            }
        }
        Ok(filled)
    }

    /// The first rows from a number on that are not on their way; `None` at the end.
    fn some_rows(
        &self,
        in_flight: &BTreeSet<u64>,
        from: u64,
    ) -> Result<Option<Vec<(u64, OutboxRow)>>, ReplicaFault> {
        let mut rows = Vec::new();
        self.store
            .scan_from(Table::Outbox, &[], &tables::number(from), |key, value| {
                let number = tables::last_number(key);
                if !in_flight.contains(&number) {
                    rows.push((number, decode_row(Table::Outbox, value)?));
                }
                Ok(rows.len() < ROWS_AT_ONCE)
            })?;
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// Takes rows out of the outbox: what was said in them goes to the drawer.
    fn drop_rows(&mut self, dropped: Vec<(u64, Option<String>)>) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        for (number, why) in dropped {
            let key = tables::number(number);
            let row: Option<OutboxRow> = self.store.get_cbor(Table::Outbox, &key)?;
            writes.delete(Table::Outbox, key);
            let (Some(row), Some(why)) = (row, why) else {
                continue;
            };
            if let Outgoing::Change { hash, .. } = row.what {
                let (of, why) = ((row.document, hash), Aside::Quarantined(why));
                self.rescue(&mut writes, of, &why, (Some(&(number, row)), None))?;
            } else {
                self.keep_entry(&mut writes, &row, &why);
            }
        }
        self.commit(writes)
    }
}

impl Packing<'_> {
    fn add(&mut self, number: u64, row: OutboxRow, filling: Filling) -> Result<(), ReplicaFault> {
        match row.what {
            Outgoing::Change { signature, .. } => match filling {
                Filling::Change(bytes) => self.add_change(number, row.document, (bytes, signature)),
                Filling::Gone(why) => {
                    self.dropped.push((number, Some(why)));
                    Ok(())
                }
                Filling::Nothing | Filling::Later => Ok(()),
            },
            Outgoing::Genesis => {
                let key = tables::document_number(row.document, 1);
                let entry: Option<Sequenced> = self.replica.store.get_cbor(Table::Access, &key)?;
                if let Some(Sequenced { entry, .. }) = entry {
                    self.add_entry(
                        number,
                        PushItem::Access {
                            document: row.document,
                            entry,
                        },
                    );
                }
                Ok(())
            }
            Outgoing::Access { body } => {
                let draft = AccessDraft {
                    body,
                    claimed_ms: row.made_ms,
                };
                self.add_access(number, row.document, &draft)
            }
            Outgoing::Roster { body } => {
                let draft = RosterDraft {
                    body,
                    claimed_ms: row.made_ms,
                };
                self.add_roster(number, &draft)
            }
        }
    }

    fn add_change(
        &mut self,
        number: u64,
        document: DocumentId,
        (bytes, signature): (Vec<u8>, Signature),
    ) -> Result<(), ReplicaFault> {
        let change = automerge::Change::from_bytes(bytes.clone()).map_err(untrusted)?;
        let Some(actor) = actor_of(change.actor_id()) else {
            return Ok(());
        };
        if let Some(run) = self
            .run
            .as_mut()
            .filter(|run| run.takes(document, actor, bytes.len()))
        {
            run.rows.push(number);
            run.bytes += bytes.len();
            run.changes.push(bytes);
            run.signature = signature;
            return Ok(());
        }
        self.close_run();
        self.run = Some(Gathering {
            rows: vec![number],
            document,
            actor,
            bytes: bytes.len(),
            changes: vec![bytes],
            signature,
        });
        Ok(())
    }

    fn add_roster(&mut self, number: u64, draft: &RosterDraft) -> Result<(), ReplicaFault> {
        let key = self.replica.identity.key.clone();
        let received = Received::unsequenced(draft.claimed_ms);
        match draft.rebase(&self.roster, received, key.as_ref()) {
            Ok(entry) => {
                self.roster
                    .apply(entry.clone().verify().map_err(untrusted)?, received)?;
                self.add_entry(number, PushItem::Roster(entry));
            }
            Err(RosterError::NoEffect) => self.dropped.push((number, None)),
            Err(error) => self.dropped.push((number, Some(error.to_string()))),
        }
        Ok(())
    }

    fn add_entry(&mut self, number: u64, item: PushItem) {
        self.close_run();
        self.parcels.push(Parcel {
            rows: vec![number],
            item,
        });
    }

    fn close_run(&mut self) {
        if let Some(run) = self.run.take() {
            let device = self.replica.device();
            let item = SignedRun::from_parts(run.document, device, run.changes, run.signature);
            self.parcels.push(Parcel {
                rows: run.rows,
                item: PushItem::Run(item),
            });
        }
    }
}

impl Gathering {
    /// Whether the change belongs to this run. Rows are in causal order, so the same actor's next
    /// row is its next change.
    fn takes(&self, document: DocumentId, actor: ActorId, bytes: usize) -> bool {
        self.document == document
            && self.actor == actor
            && self.changes.len() < MAX_RUN_CHANGES
            && self.bytes + bytes <= MAX_RUN_BYTES
    }
}
