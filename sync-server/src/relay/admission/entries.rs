//! Roster and access entries, adoptions, and the atomic pair of an access entry and its run.

use casework_protocol::access::entry::{AccessBody, AccessEntry};
use casework_protocol::access::{AccessError, AccessRecord, document_id};
use casework_protocol::authority::{Authority, Received};
use casework_protocol::entry::SignedEntry;
use casework_protocol::frame::logged::payload_hash;
use casework_protocol::frame::{Answer, Logged, Placed, RefusedBecause, encode};
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::log::EntryKind;
use casework_protocol::roster::RosterError;
use casework_protocol::roster::entry::{RosterBody, RosterEntry};

use super::runs::Judged;
use super::{Facts, Pusher, refused};
use crate::log::LogError;
use crate::relay::pending::Placing;
use crate::relay::request::Proved;
use crate::relay::workspace::{Document, Workspace};

/// What became of judging an access entry.
enum JudgedEntry {
    /// It stands already, with this number among the document's entries.
    Known(Received, u64),
    /// The record as it will be.
    Fits(Box<AccessRecord>),
    /// It is not placed.
    Not(Answer),
}

impl Workspace {
    /// Admits a roster entry: the fold decides, and for an adoption also what it would release.
    pub(super) fn admit_roster(&mut self, entry: &RosterEntry) -> Answer {
        if let Some(received) = self.known_roster(entry) {
            return placed(received, 0);
        }
        let released = match self.judge_adoption(entry) {
            Ok(released) => released,
            Err(answer) => return answer,
        };
        let received = self.arrival(0);
        if let Err(error) = self.roster.apply(entry.clone(), received) {
            return refused_roster(&error);
        }
        self.place_roster(entry);
        let rows = self.held.release(&released, received.seq);
        self.pending.held.extend(rows);
        placed(received, 0)
    }

    fn known_roster(&self, entry: &RosterEntry) -> Option<Received> {
        let (known, received) = self.roster.entry(entry.head().version)?;
        (known.hash() == entry.hash()).then_some(received)
    }

    /// The held runs that an adoption would release; none for any other entry.
    fn judge_adoption(&self, entry: &RosterEntry) -> Result<Vec<u64>, Answer> {
        let RosterBody::Adopt {
            document, changes, ..
        } = entry.body()
        else {
            return Ok(Vec::new());
        };
        if self.is_refounded() {
            // What it released is not here either; the chain goes on behind it.
            return Ok(Vec::new());
        }
        let Some(known) = self.documents.get(document) else {
            let problem = format!("document {document} has no access record");
            return Err(refused(RefusedBecause::UnknownDocument, &problem));
        };
        if known.is_purged() {
            return Err(refused(RefusedBecause::Purged, &AccessError::Purged));
        }
        let authority = Authority {
            roster: &self.roster,
            access: &known.access,
        };
        if !authority.judge_adoption(entry, self.arrival(0).seq) {
            let problem = format!("{} may not adopt here", entry.head().author);
            return Err(refused(RefusedBecause::Denied, &problem));
        }
        self.releasable(*document, changes)
            .map_err(|problem| refused(RefusedBecause::Entry, &problem))
    }

    /// The held runs that an adoption of these changes would release.
    pub(in crate::relay) fn releasable(
        &self,
        document: DocumentId,
        changes: &[ChangeHash],
    ) -> Result<Vec<u64>, String> {
        self.held
            .closure(document, changes)
            .map_err(|problem| problem.to_string())
    }

    /// Admits an access entry, and with it the run that follows for the same document: both or
    /// neither.
    pub(super) fn admit_access(
        &mut self,
        pusher: Pusher,
        (document, entry): (DocumentId, &AccessEntry),
        run: Option<Proved>,
        facts: &Facts,
    ) -> Result<Vec<Answer>, LogError> {
        let judged = self.judge_access(document, entry)?;
        let Some(run) = run else {
            return Ok(vec![self.settle_access(document, entry, judged)]);
        };
        let record = match judged {
            JudgedEntry::Fits(record) => record,
            JudgedEntry::Known(received, document_seq) => {
                let answer = match run {
                    Proved::Run(run) => self.admit_run(pusher, &run, facts)?,
                    other @ (Proved::Roster(_) | Proved::Access(..) | Proved::Refused { .. }) => {
                        refusal_of(other)
                    }
                };
                return Ok(vec![placed(received, document_seq), answer]);
            }
            JudgedEntry::Not(answer) => return Ok(vec![answer, Answer::Skipped]),
        };
        let run = match run {
            Proved::Run(run) => run,
            other @ (Proved::Roster(_) | Proved::Access(..) | Proved::Refused { .. }) => {
                return Ok(vec![Answer::Skipped, refusal_of(other)]);
            }
        };
        let first = self.pending.next_seq() + 1;
        match self.judge_run(pusher, &run, &record, (first, facts))? {
            Judged::Fits(fit) if !fit.is_known() => {
                let entry = self.settle_access(document, entry, JudgedEntry::Fits(record));
                Ok(vec![entry, self.settle_run(&run, Judged::Fits(fit))])
            }
            Judged::Fits(fit) => {
                // The run stands without its entry: it was pushed apart. The entry stands alone.
                let run = self.settle_run(&run, Judged::Fits(fit));
                Ok(vec![
                    self.settle_access(document, entry, JudgedEntry::Fits(record)),
                    run,
                ])
            }
            other @ (Judged::Equivocates(_) | Judged::Not(_)) => {
                Ok(vec![Answer::Skipped, self.settle_run(&run, other)])
            }
        }
    }

    fn judge_access(
        &self,
        document: DocumentId,
        entry: &AccessEntry,
    ) -> Result<JudgedEntry, LogError> {
        let received = self.arrival(0);
        let judged = match self.documents.get(&document) {
            Some(known) => {
                let version = entry.head().version;
                let same = known
                    .access
                    .at(version)
                    .is_some_and(|at| at.head() == entry.hash());
                if let Some(received) = known.access.received(version).filter(|_| same) {
                    let document_seq = self.document_seq(received.seq)?;
                    return Ok(JudgedEntry::Known(received, document_seq));
                }
                let mut record = known.access.clone();
                record
                    .apply(entry.clone(), received, &self.roster)
                    .map(|_| ())
                    .map(|()| record)
            }
            None if document_id(&entry.hash()) == document => {
                AccessRecord::found(entry.clone(), received, &self.roster)
            }
            None => {
                let problem = format!("document {document} has no access record");
                let answer = refused(RefusedBecause::UnknownDocument, &problem);
                return Ok(JudgedEntry::Not(answer));
            }
        };
        Ok(match judged {
            Ok(record) => JudgedEntry::Fits(Box::new(record)),
            Err(error) => JudgedEntry::Not(refused_access(&error)),
        })
    }

    fn settle_access(
        &mut self,
        document: DocumentId,
        entry: &AccessEntry,
        judged: JudgedEntry,
    ) -> Answer {
        match judged {
            JudgedEntry::Known(received, document_seq) => placed(received, document_seq),
            JudgedEntry::Fits(record) => {
                let received = self.arrival(0);
                let document_seq = self.place_access(document, entry, *record);
                placed(received, document_seq)
            }
            JudgedEntry::Not(answer) => answer,
        }
    }

    /// The place of what comes `after` more entries.
    fn arrival(&self, after: u64) -> Received {
        Received {
            seq: self.pending.next_seq() + after,
            ms: self.pending.received_ms,
        }
    }

    /// Puts a roster entry that was applied into the batch.
    pub(in crate::relay) fn place_roster(&mut self, entry: &RosterEntry) {
        let (seq, received_ms) = (self.pending.next_seq(), self.pending.received_ms);
        let signed = entry.signed().clone();
        self.pending.push(Placing {
            kind: EntryKind::Roster,
            held: false,
            document: DocumentId::new([0; 16]),
            document_seq: 0,
            entries: &[leaf_of(*entry.hash().as_bytes(), entry.signed())],
            item: encode(&Logged::Roster {
                seq,
                received_ms,
                entry: signed,
            }),
        });
    }

    /// Puts an access entry into the batch, with the record as it is afterwards; its number among
    /// the document's entries.
    pub(in crate::relay) fn place_access(
        &mut self,
        document: DocumentId,
        entry: &AccessEntry,
        record: AccessRecord,
    ) -> u64 {
        let (seq, received_ms) = (self.pending.next_seq(), self.pending.received_ms);
        let known = match self.documents.entry(document) {
            std::collections::btree_map::Entry::Occupied(known) => {
                let known = known.into_mut();
                known.access = record;
                known.marks.push(seq);
                known
            }
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Document::new(record, seq))
            }
        };
        let document_seq = known.row.count;
        known.row.count += 1;
        known.row.last = seq;
        let signed = entry.signed().clone();
        let item = Logged::Access {
            seq,
            document_seq,
            received_ms,
            document,
            entry: signed,
        };
        self.pending.push(Placing {
            kind: EntryKind::Access,
            held: false,
            document,
            document_seq,
            entries: &[leaf_of(*entry.hash().as_bytes(), entry.signed())],
            item: encode(&item),
        });
        if *entry.body() == AccessBody::Purge {
            self.purge(document);
        }
        document_seq
    }
}

/// An entry's hash and payload hash.
fn leaf_of(hash: [u8; 32], entry: &SignedEntry) -> ([u8; 32], [u8; 32]) {
    (hash, payload_hash(entry.bytes()))
}

fn placed(received: Received, document_seq: u64) -> Answer {
    let Received { seq, ms } = received;
    Answer::Placed(vec![Placed {
        seq,
        received_ms: ms,
        held: false,
        document_seq,
    }])
}

fn refusal_of(item: Proved) -> Answer {
    match item {
        Proved::Refused {
            because, detail, ..
        } => Answer::Refused(because, detail),
        Proved::Run(_) | Proved::Roster(_) | Proved::Access(..) => Answer::Skipped,
    }
}

fn refused_roster(error: &RosterError) -> Answer {
    if let RosterError::Stale { head, .. } = error {
        return Answer::Stale(head.version);
    }
    let denied = matches!(
        error,
        RosterError::Inactive(_)
            | RosterError::Lacks { .. }
            | RosterError::Escalation { .. }
            | RosterError::OwnerOnly(_)
    );
    refused(
        if denied {
            RefusedBecause::Denied
        } else {
            RefusedBecause::Entry
        },
        error,
    )
}

fn refused_access(error: &AccessError) -> Answer {
    if let AccessError::Stale { head, .. } = error {
        return Answer::Stale(head.version);
    }
    let denied = matches!(
        error,
        AccessError::Inactive(_) | AccessError::Lacks { .. } | AccessError::Blind(_)
    );
    refused(
        if denied {
            RefusedBecause::Denied
        } else if *error == AccessError::Purged {
            RefusedBecause::Purged
        } else {
            RefusedBecause::Entry
        },
        error,
    )
}
