//! Intake: items of the log, in log order, become part of the replica in one transaction.
//!
//! ```text
//! items ─▶ roster, access ─▶ verified runs ─▶ per document: place, rights, shape ─▶ one apply
//!                                                  └─▶ aside: held, waiting, quarantined
//! ```
//! Invariant: one bad change never blocks another, and one bad document never blocks the store.

mod proving;

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::access::entry::DocumentKind;
use casework_protocol::frame::{Logged, LoggedRun, Start};
use casework_protocol::ids::{DeviceId, DocumentId};
use casework_protocol::seal::VerifiedRun;

use self::proving::{Place, access_entries, incoming, prove};
use super::abreast::{DOCUMENTS, abreast, abreast_in_parts};
use super::admission::Incoming;
use super::admit::Gathered;
use super::rows::{Arrived, Aside, AsideRow, DocumentRow};
use super::sequencing::Numbered;
use super::store::{Writes, decode_row};
use super::tables::{self, Table, meta};
use super::writing::DocumentStep;
use super::{DocumentFault, Notice, Replica, ReplicaFault};

/// What arrived for one document.
#[derive(Default)]
pub(super) struct Arriving {
    pub(super) changes: Vec<Incoming>,
    /// Look at what is aside again: an adoption, a new revision, a new entry.
    pub(super) again: bool,
}

impl Replica {
    /// Takes items of the log, in log order, and remembers where to go on. One transaction.
    ///
    /// # Errors
    /// [`ReplicaFault`]: the store failed, or the roster that the server handed over forks or has
    /// a gap. Nothing was taken then, and the next session gets the roster from its beginning.
    pub fn take(&mut self, items: Vec<Logged>, start: Start) -> Result<(), ReplicaFault> {
        self.take_all(items, start).or_else(|fault| {
            self.forget_memory();
            if matches!(fault, ReplicaFault::Untrusted(_)) {
                self.read_roster_again()?;
            }
            Err(fault)
        })
    }

    fn take_all(&mut self, items: Vec<Logged>, start: Start) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        let mut arriving: BTreeMap<DocumentId, Arriving> = BTreeMap::new();
        let mut runs = Vec::new();
        self.keep_items(&mut writes, &items);
        // A document that is sent whole comes from its own beginning, in parts a bundle replaces:
        // only what follows the cursor has numbers without a gap.
        let from = match self.stored_start()? {
            Start::At(cursor) => cursor.seq,
            Start::Nothing | Start::Partway { .. } => u64::MAX,
        };
        let mut entries = access_entries(&items).into_iter();
        let numbers = items.iter().filter_map(|item| self.numbered(item));
        let mut numbered: Vec<Numbered> = numbers.collect();
        for item in items {
            match item {
                Logged::Roster {
                    seq,
                    received_ms,
                    entry,
                } => {
                    let arrived = Arrived { seq, received_ms };
                    self.take_roster(&mut writes, entry, arrived, &mut arriving)?;
                }
                Logged::Access {
                    seq,
                    received_ms,
                    document,
                    ..
                } => {
                    let arrived = Arrived { seq, received_ms };
                    let entry = entries.next().expect("every access entry was verified");
                    self.take_access(&mut writes, document, entry, arrived)?;
                    arriving.entry(document).or_default().again = true;
                }
                Logged::Run(logged) => runs.push(logged),
                item @ Logged::Withheld { .. } => self.note_withheld(&mut writes, item),
                item @ Logged::Purged { .. } => self.note_bare(&mut writes, &item)?,
                Logged::Equivocation { run, .. } => {
                    self.take_equivocation(run.document(), run.device(), run);
                }
            }
        }
        for (run, signed) in self.verify_runs(runs) {
            let document = signed.origin().document;
            numbered.push(Numbered {
                seq: run.arrived.seq,
                document,
                number: run.document_seq,
                entries: signed.changes().len() as u64,
            });
            arriving
                .entry(document)
                .or_default()
                .changes
                .extend(incoming(&signed, &run));
        }
        self.count(&mut writes, numbered, from)?;
        let mut steps = self.take_documents(&mut writes, arriving, from)?;
        self.judge_own(&mut writes, &start, &mut steps)?;
        // What is missing is fetched; should that not come to an end, it is read again from here.
        if self.gaps.is_empty() {
            writes.put_cbor(Table::Meta, meta::START.to_vec(), &start);
        }
        self.settle_steps(writes, steps)
    }

    /// Notes changes whose content is not for this device.
    fn note_withheld(&self, writes: &mut Writes, item: Logged) {
        let Logged::Withheld {
            document,
            device,
            changes,
            seq,
            received_ms,
            ..
        } = item
        else {
            return;
        };
        if self.is_purged(document) {
            return;
        }
        for (hash, seq) in changes.into_iter().zip(seq..) {
            let row = AsideRow {
                why: Aside::Withheld,
                device,
                bytes: Vec::new(),
                signed: None,
                arrived: Some(Arrived { seq, received_ms }),
            };
            writes.put_cbor(Table::Aside, tables::document_change(document, hash), &row);
        }
    }

    /// Templates first: a case may cite a revision that comes along with it. A revision that was
    /// not known before lets everything be judged that waited; one that stands before `from`, up to
    /// where all was read, has what is here judged again.
    fn take_documents(
        &mut self,
        writes: &mut Writes,
        arriving: BTreeMap<DocumentId, Arriving>,
        from: u64,
    ) -> Result<Vec<DocumentStep>, ReplicaFault> {
        let mut steps = Vec::new();
        let mut cases = BTreeMap::new();
        let known = self.revisions.len();
        for (id, arriving) in arriving {
            let kind = self.row_in(writes, id)?.map(|row| row.kind);
            if kind == Some(DocumentKind::Template) {
                let known = self.published_of(id);
                steps.extend(self.take_changes(writes, id, arriving)?);
                if self.published_late(id, &known, from) {
                    self.judge_cases_again(writes, id)?;
                }
            } else {
                cases.insert(id, arriving);
            }
        }
        if self.revisions.len() > known {
            for id in self.waiting_documents()? {
                cases.entry(id).or_insert_with(Arriving::default).again = true;
            }
        }
        let mut gathered = Vec::with_capacity(cases.len());
        for (id, arriving) in cases {
            gathered.extend(self.gather_changes(writes, id, arriving)?);
        }
        let this = &*self;
        for judged in abreast(gathered, |gathered| this.judge(gathered)) {
            steps.push(self.conclude(writes, judged?)?);
        }
        Ok(steps)
    }

    /// The documents with changes that cannot be judged yet.
    fn waiting_documents(&self) -> Result<BTreeSet<DocumentId>, ReplicaFault> {
        let mut found = BTreeSet::new();
        self.store.scan(Table::Aside, &[], |key, value| {
            let row: AsideRow = decode_row(Table::Aside, value)?;
            if matches!(row.why, Aside::Waiting(_)) {
                found.extend(tables::document_of(key));
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// Passes runs through the gate and checks their signatures, many together.
    fn verify_runs(&mut self, logged: Vec<LoggedRun>) -> Vec<(Place, VerifiedRun)> {
        let workspace = self.workspace();
        let proved = abreast_in_parts(logged, DOCUMENTS, |part| prove(workspace, part));
        let mut verified = Vec::new();
        for (place, run) in proved.into_iter().flatten() {
            match run {
                Ok(run) => verified.push((place, run)),
                Err(error) => self.blame(error),
            }
        }
        verified
    }

    fn take_equivocation(
        &mut self,
        document: DocumentId,
        device: DeviceId,
        run: casework_protocol::seal::SignedRun,
    ) {
        let proved = run
            .check(self.workspace())
            .map_err(|error| error.to_string())
            .and_then(|run| run.verify().map_err(|error| error.to_string()));
        match proved {
            Ok(_) => self.notices.push(Notice::Equivocation { document, device }),
            Err(error) => self.blame(format!("an equivocation that is none: {error}")),
        }
    }

    pub(super) fn blame(&mut self, what: String) {
        self.notices.push(Notice::ServerFault { what });
    }

    /// Judges what arrived for a template, and what lies aside, in log order.
    fn take_changes(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        arriving: Arriving,
    ) -> Result<Option<DocumentStep>, ReplicaFault> {
        let Some(gathered) = self.gather_changes(writes, id, arriving)? else {
            return Ok(None);
        };
        let judged = self.judge(gathered)?;
        self.conclude(writes, judged).map(Some)
    }

    /// Puts together what arrived for one document and what lies aside. Nothing for a document
    /// whose content cannot be taken.
    fn gather_changes(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        arriving: Arriving,
    ) -> Result<Option<Gathered>, ReplicaFault> {
        if self.is_purged(id) {
            if !arriving.changes.is_empty() {
                self.blame(format!("content of document {id}, which was purged"));
            }
            return Ok(None);
        }
        let Some(row) = self.row_in(writes, id)? else {
            if !arriving.changes.is_empty() {
                self.blame(format!(
                    "changes of document {id}, which has no access record"
                ));
            }
            return Ok(None);
        };
        if arriving.changes.is_empty() && !arriving.again {
            return Ok(None);
        }
        if row.quarantined.is_some() {
            self.keep_aside(writes, id, arriving.changes);
            return Ok(None);
        }
        let kind = row.kind;
        let opened = self.open_in(writes, id, row);
        if kind == DocumentKind::Template {
            // Before it is taken out: what arrives now is added to what was published before.
            self.read_published(id)?;
        }
        let step = match opened.and_then(|()| self.take_document(id)) {
            Ok(step) => step,
            Err(ReplicaFault::Document(DocumentFault::Quarantined { why, .. })) => {
                self.quarantine_in(writes, id, why)?;
                self.keep_aside(writes, id, arriving.changes);
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        };
        self.gather(step, arriving.changes).map(Some)
    }

    /// Makes sure that a document which these writes create can be taken out of memory.
    fn open_in(
        &mut self,
        writes: &Writes,
        id: DocumentId,
        row: DocumentRow,
    ) -> Result<(), ReplicaFault> {
        let fresh = self
            .store
            .get(Table::Documents, &tables::document(id))?
            .is_none();
        let created = writes
            .pending(Table::Documents, &tables::document(id))
            .is_some();
        if fresh && created && self.documents.get_mut(id).is_none() {
            let automerge = automerge::Automerge::new();
            let document = super::document::OpenDocument {
                automerge,
                row,
                view: None,
            };
            self.documents.put(id, document);
        } else {
            self.document(id)?.row = row;
        }
        Ok(())
    }

    /// Keeps changes of a quarantined document, so that nothing is lost with it.
    fn keep_aside(&mut self, writes: &mut Writes, id: DocumentId, changes: Vec<Incoming>) {
        for incoming in changes {
            let why = Aside::Waiting("the document is quarantined".to_owned());
            super::exclusion::put_aside(writes, id, incoming, why);
        }
    }
}
