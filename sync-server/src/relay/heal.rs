//! Healing: a log that is shorter than this server itself has said takes back what devices hold.
//!
//! A head that this server signed for a longer log proves the loss; items that reach from the log's
//! end towards that head are taken verbatim if the tree over them is a beginning of the head's.
//! Invariant: what is taken back stands exactly where it stood, or nothing of it is taken.

use std::collections::BTreeSet;
use std::sync::Arc;

use casework_protocol::access::AccessRecord;
use casework_protocol::authority::Received;
use casework_protocol::frame::{Continuity, ErrorCode};
use casework_protocol::ids::DocumentId;
use casework_protocol::log::VerifiedHead;
use casework_protocol::roster::entry::{RosterBody, RosterEntry};

use super::identity::Identity;
use super::request::{Brought, Lost, LostWhat, detail};
use super::workspace::{Document, Workspace};
use super::{OnLoss, Reply, failure};
use crate::log::{Log, LogError, Recovery};

impl Workspace {
    /// How the log relates to a head that this server signed earlier.
    ///
    /// # Errors
    /// The log's.
    pub fn continuity(&self, shown: &VerifiedHead) -> Result<Continuity, LogError> {
        let head = shown.head();
        if head.epoch != self.row.epoch {
            let ended = self
                .row
                .ended
                .iter()
                .rev()
                .find(|end| end.epoch == head.epoch);
            let common = match ended {
                None => 0,
                // The epoch went on after the device was there, or beside what it was shown.
                Some(end) if head.size <= end.size => {
                    let same = self.root_at(head.size)? == head.root;
                    if same { head.size } else { 0 }
                }
                // Where the log went on beside what the device was shown, nothing is known in common.
                Some(_) => 0,
            };
            return Ok(Continuity::NewEpoch {
                from: head.epoch,
                common,
            });
        }
        if head.size > self.size() {
            return Ok(Continuity::Behind {
                common: self.size(),
                recovering: true,
            });
        }
        if self.root_at(head.size)? != head.root {
            return Ok(Continuity::Behind {
                common: 0,
                recovering: false,
            });
        }
        Ok(Continuity::Extends(
            self.prove_growth(head.size, self.size())?,
        ))
    }

    /// Begins to recover, or aims further: until the log has reached this head, nothing new is
    /// taken.
    pub(super) fn recover(&mut self, now_ms: u64, shown: &VerifiedHead) -> Result<(), LogError> {
        if !matches!(self.continuity(shown)?, Continuity::Behind { .. }) {
            return Ok(());
        }
        let aimed = self
            .row
            .recovery
            .as_ref()
            .and_then(|recovery| self.target(recovery));
        if aimed.is_some_and(|aimed| aimed.head().size >= shown.head().size) {
            return Ok(());
        }
        let since_ms = self
            .row
            .recovery
            .as_ref()
            .map_or(now_ms, |recovery| recovery.since_ms);
        self.row.recovery = Some(Recovery {
            target: shown.signed().clone(),
            since_ms,
        });
        self.pending.row_changed = true;
        Ok(())
    }

    /// Opens a new epoch if the waiting has an end and it has come.
    pub(super) fn tick(&mut self, now_ms: u64, on_loss: OnLoss) {
        let (Some(recovery), OnLoss::NewEpochAfterMs(wait_ms)) = (&self.row.recovery, on_loss)
        else {
            return;
        };
        if now_ms.saturating_sub(recovery.since_ms) >= wait_ms {
            self.open_epoch(now_ms);
        }
    }

    /// Whether the log is again what the server had said.
    pub(super) fn has_reached(&self, recovery: &Recovery) -> bool {
        self.target(recovery).is_none_or(|target| {
            let head = target.head();
            head.epoch != self.row.epoch
                || (head.size <= self.size()
                    && self.root_at(head.size).is_ok_and(|root| root == head.root))
        })
    }

    fn target(&self, recovery: &Recovery) -> Option<VerifiedHead> {
        self.key.verify(recovery.target.clone(), self.id).ok()
    }

    /// Takes back lost items. When they do not fit, memory is loaded again and nothing happened.
    pub(super) fn restore(
        &mut self,
        now_ms: u64,
        head: &VerifiedHead,
        brought: Brought,
    ) -> Result<Reply, LogError> {
        if !self.pending.is_empty() {
            let detail = "the log is being written to; send it again".to_owned();
            return Ok(failure(ErrorCode::Busy, detail));
        }
        self.recover(now_ms, head)?;
        match self.take_back(head, brought) {
            Ok(size) => Ok(Reply::Restored(size)),
            Err(problem) => {
                let (log, key) = (Arc::clone(&self.log), Arc::clone(&self.key));
                let recovery = self.row.recovery.clone();
                if let Ok(Some(loaded)) = Self::load(log, key, self.id) {
                    *self = loaded;
                    self.row.recovery = recovery;
                    self.pending.row_changed = self.row.recovery.is_some();
                }
                Ok(failure(ErrorCode::NotFound, detail(&problem)))
            }
        }
    }

    /// An emptied server takes a workspace back from its first entry on.
    pub(super) fn refound(
        (log, key): (Arc<dyn Log>, Arc<Identity>),
        now_ms: u64,
        head: &VerifiedHead,
        brought: Brought,
    ) -> Result<(Self, Reply), Reply> {
        let problem = |text: String| failure(ErrorCode::NotFound, detail(&text));
        let Brought {
            items,
            proof,
            purged,
        } = brought;
        let mut items = items.map_err(problem)?;
        let Some(Lost {
            seq: 0,
            received_ms,
            what: LostWhat::Roster(genesis),
            ..
        }) = items.first()
        else {
            return Err(problem(
                "the first item is not the genesis of a roster".to_owned(),
            ));
        };
        let epoch = head.head().epoch;
        let epoch = (epoch, Vec::new());
        let mut this = Self::found((log, key), genesis, epoch, *received_ms).map_err(problem)?;
        if this.id != head.head().workspace {
            return Err(problem("the genesis is of another workspace".to_owned()));
        }
        items.remove(0);
        this.row.recovery = Some(Recovery {
            target: head.signed().clone(),
            since_ms: now_ms,
        });
        let brought = Brought {
            items: Ok(items),
            proof,
            purged,
        };
        let size = this.take_back(head, brought).map_err(problem)?;
        Ok((this, Reply::Restored(size)))
    }

    fn take_back(&mut self, head: &VerifiedHead, brought: Brought) -> Result<u64, String> {
        let Brought {
            items,
            proof,
            purged,
        } = brought;
        let (head, items) = (head.head(), items?);
        if head.epoch != self.row.epoch {
            return Err(format!("the head is of epoch {}", head.epoch));
        }
        for lost in items {
            self.take_back_one(lost, &purged)?;
        }
        let (size, root) = (self.pending.next_seq(), self.pending.frontier.root());
        if size == head.size {
            return if root == head.root {
                Ok(size)
            } else {
                Err(format!(
                    "the items lead to root {root} and not to {}",
                    head.root
                ))
            };
        }
        let proof = proof
            .filter(|proof| proof.old_size == size && proof.new_size == head.size)
            .ok_or_else(|| format!("no proof from {size} to {}", head.size))?;
        proof
            .verify(&root, &head.root)
            .map_err(|error| error.to_string())?;
        Ok(size)
    }

    fn take_back_one(&mut self, lost: Lost, purged: &BTreeSet<DocumentId>) -> Result<(), String> {
        let Lost {
            seq,
            document_seq,
            received_ms,
            what,
        } = lost;
        if seq != self.pending.next_seq() {
            return Err(format!(
                "position {seq} where {} is next",
                self.pending.next_seq()
            ));
        }
        self.pending.received_ms = received_ms;
        let received = Received {
            seq,
            ms: received_ms,
        };
        match what {
            LostWhat::Roster(entry) => self.take_back_roster(&entry, received)?,
            LostWhat::Access(document, entry) => {
                let judged = match self.documents.get(&document) {
                    Some(known) => {
                        let mut record = known.access.clone();
                        record
                            .apply(entry.clone(), received, &self.roster)
                            .map(|_| ())
                            .map(|()| record)
                    }
                    None => AccessRecord::found(entry.clone(), received, &self.roster),
                };
                let record = judged.map_err(|error| format!("position {seq}: {error}"))?;
                if record.document() != document {
                    return Err(format!(
                        "position {seq} is of document {}",
                        record.document()
                    ));
                }
                self.place_access(document, &entry, record);
            }
            LostWhat::Run(run) => {
                let known = self.known_document(&run.origin().document, seq, document_seq)?;
                let fit = self.refit(&run, known);
                self.place_run(&run, fit);
            }
            LostWhat::Bare(document, kind, entries) => {
                self.known_document(&document, seq, document_seq)?;
                let proved = purged.contains(&document)
                    || self
                        .documents
                        .get(&document)
                        .is_some_and(Document::is_purged);
                if !proved {
                    return Err(format!("position {seq}: no proof that it was purged"));
                }
                self.place_bare((document, document_seq), kind, &entries)?;
            }
            LostWhat::Equivocation(run) => {
                self.known_document(&run.origin().document, seq, document_seq)?;
                let stored = self.log.lookup(self.id, &[], &[run.actor()]);
                let stored = stored
                    .map_err(|error| error.to_string())?
                    .tips
                    .pop()
                    .flatten();
                let tip = self.pending.tips.get(&run.actor()).copied().or(stored);
                let tip = tip.ok_or_else(|| format!("position {seq} proves nothing"))?;
                self.place_equivocation(&run, tip);
            }
        }
        Ok(())
    }

    fn take_back_roster(&mut self, entry: &RosterEntry, received: Received) -> Result<(), String> {
        let mut released = Vec::new();
        if let RosterBody::Adopt {
            document, changes, ..
        } = entry.body()
        {
            released = self.releasable(*document, changes).unwrap_or_default();
        }
        let seq = received.seq;
        let applied = self.roster.apply(entry.clone(), received).map(|_| ());
        applied.map_err(|error| format!("position {seq}: {error}"))?;
        self.place_roster(entry);
        let rows = self.held.release(&released, seq);
        self.pending.held.extend(rows);
        Ok(())
    }

    fn known_document(
        &self,
        document: &DocumentId,
        seq: u64,
        document_seq: u64,
    ) -> Result<&AccessRecord, String> {
        let known = self.documents.get(document);
        let known = known.ok_or_else(|| format!("position {seq}: unknown document {document}"))?;
        if known.row.count == document_seq {
            Ok(&known.access)
        } else {
            Err(format!(
                "position {seq} is entry {document_seq} where {} is next",
                known.row.count
            ))
        }
    }
}
