//! What the server hands over: items, bundles, documents, evictions, heads.
//!
//! ```text
//! Entries ─▶ order ─▶ (first sync: gathered) ─▶ take_items      Piece… ─▶ take_bundle
//! CaughtUp ─▶ signed, proved, covers all ─▶ caught_up           bad bundle ─▶ Fetch entries
//! ```
//! Invariant: the stored start never passes a document whose bundle did not hold until its entries
//! have come instead.

use casework_protocol::frame::{Cursor, Logged, Start};
use casework_protocol::ids::DocumentId;
use casework_protocol::log::{ConsistencyProof, SignedHead};

use super::fault::SyncFault;
use super::heads::judge_growth;
use super::holdings::Holdings;
use super::order::Misplaced;
use super::pieces::{Assembly, Built, Piece};
use super::session::{Frames, Session, State};

impl Session {
    /// Items of the log.
    pub(super) fn entries<H: Holdings>(
        &mut self,
        holdings: &mut H,
        items: Vec<Logged>,
        (upto, length): (u64, usize),
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if !self.reads("entries")? {
            return Ok(Vec::new());
        }
        if self.parting.is_some() {
            return self.roster_only(holdings, items, now_ms);
        }
        let fetched = self.reading.fetched();
        self.reading
            .order
            .items(&items, upto, fetched)
            .map_err(out_of_order)?;
        let entries: u64 = items.iter().map(Logged::len).sum();
        self.tally.received_entries += entries;
        let full = self.reading.gather(items, length);
        let known = self.trusted.as_ref().map_or(0, |head| head.head().size);
        self.reading.caught_up &= self.reading.order.upto() <= known;
        let gathers = self.reading.is_first_sync() && !self.joining;
        if full || !gathers {
            self.settle(holdings, now_ms)?;
        }
        if self.pushing.read_on() {
            self.healing.call_for();
        }
        Ok(self.reading.grant().into_iter().collect())
    }

    /// Who lost access may still learn who took it, and gets nothing else.
    fn roster_only<H: Holdings>(
        &mut self,
        holdings: &mut H,
        items: Vec<Logged>,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if items
            .iter()
            .any(|item| !matches!(item, Logged::Roster { .. }))
        {
            return Err(SyncFault::Unasked("content after access was lost"));
        }
        let start = self.reading.saved;
        holdings
            .take_items(items, start, now_ms)
            .map_err(SyncFault::Holdings)?;
        Ok(self.reading.grant().into_iter().collect())
    }

    /// A piece of a bundle.
    pub(super) fn piece<H: Holdings>(
        &mut self,
        holdings: &mut H,
        piece: Piece,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if !self.reads("a piece of a bundle")? {
            return Ok(Vec::new());
        }
        let document = piece.document;
        let assembly = match self.reading.assembly.take() {
            Some(assembly) => assembly,
            None => {
                // Its access entries came before and must be there.
                self.settle(holdings, now_ms)?;
                self.reading.order.bundle(document);
                Assembly::of(document)
            }
        };
        let begun = assembly.document();
        let fault = |problem| SyncFault::Pieces {
            document: begun,
            problem,
        };
        match assembly.add(piece).map_err(fault)? {
            Built::Part(assembly) => self.reading.assembly = Some(assembly),
            Built::Whole(bytes) => {
                self.tally.received_bundles += 1;
                let head = self
                    .trusted
                    .as_ref()
                    .ok_or(SyncFault::Unasked("a bundle"))?;
                let taken = holdings.take_bundle(document, &bytes, head);
                if taken.map_err(SyncFault::Holdings)?.is_err() {
                    self.reading.want(document, false);
                }
            }
        }
        Ok(self.reading.grant().into_iter().collect())
    }

    /// A document is complete: the next of a first sync, or the one that was fetched.
    pub(super) fn document<H: Holdings>(
        &mut self,
        holdings: &mut H,
        document: DocumentId,
        (below, target): (u64, u64),
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if !self.reads("a complete document")? {
            return Ok(Vec::new());
        }
        if self.reading.assembly.is_some() {
            return Err(SyncFault::Pieces {
                document,
                problem: "it ends without its last piece",
            });
        }
        match self.reading.order.document(below, target) {
            Ok(()) => {}
            Err(_) if self.reading.fetched() == Some(document) => {
                self.reading.end_fetch();
                self.release(holdings, now_ms)?;
                return Ok(Vec::new());
            }
            Err(misplaced) => return Err(out_of_order(misplaced)),
        }
        if self.reading.gather_document() {
            self.settle(holdings, now_ms)?;
        }
        Ok(Vec::new())
    }

    /// A document stopped being visible.
    pub(super) fn evict<H: Holdings>(
        &mut self,
        holdings: &mut H,
        document: DocumentId,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if !self.reads("an eviction")? {
            return Ok(Vec::new());
        }
        if self
            .reading
            .assembly
            .as_ref()
            .is_some_and(|a| a.document() == document)
        {
            return Err(SyncFault::Pieces {
                document,
                problem: "it is evicted half-way",
            });
        }
        self.settle(holdings, now_ms)?;
        holdings.evict(document).map_err(SyncFault::Holdings)?;
        self.reading.unwant(document);
        self.voice.forget(document);
        Ok(Vec::new())
    }

    /// Everything up to this head was sent.
    pub(super) fn caught_up<H: Holdings>(
        &mut self,
        holdings: &mut H,
        head: SignedHead,
        proof: Option<&ConsistencyProof>,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if !self.reads("a head")? {
            return Ok(Vec::new());
        }
        let offered = self.verify_head(head)?;
        if self.parting.is_some() {
            self.reading.caught_up = true;
            return Ok(Vec::new());
        }
        let trusted = self.trusted.as_ref().ok_or(SyncFault::Unasked("a head"))?;
        let head = judge_growth(trusted, offered, proof)?;
        let (upto, size) = (self.reading.order.upto(), head.head().size);
        if upto > size {
            return Err(SyncFault::BeyondHead { upto, size });
        }
        if let Some(assembly) = &self.reading.assembly {
            let document = assembly.document();
            return Err(SyncFault::Pieces {
                document,
                problem: "its last piece never came",
            });
        }
        self.reading.caught_up = true;
        if self.joining {
            self.trust(holdings, head)?;
            return Ok(Vec::new());
        }
        self.trusted = Some(head.clone());
        self.reading.order.caught_up(size);
        self.reading.reached = Some(head);
        self.release(holdings, now_ms)?;
        Ok(Vec::new())
    }

    /// Stores what was gathered and where to go on.
    pub(super) fn settle<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<(), SyncFault<H::Fault>> {
        if self.state != State::Following {
            return Ok(());
        }
        let waits = self.joining || !self.reading.fetches.is_empty();
        if self.parting.is_some() {
            return Ok(());
        }
        let start = if waits {
            self.reading.saved
        } else {
            self.proved_start()
        };
        let items = self.reading.take_gathered();
        if !items.is_empty() {
            holdings
                .take_items(items, start, now_ms)
                .map_err(SyncFault::Holdings)?;
            // The roster shows this device: an earlier session redeemed, the answer was lost.
            self.joining &= self.pushing.has_begun() || holdings.invite().is_some();
            if self.fetch_gaps(holdings) {
                return Ok(());
            }
        } else if start != self.reading.saved && self.reading.is_first_sync() {
            holdings
                .complete_document(start)
                .map_err(SyncFault::Holdings)?;
        } else {
            // The place in the log alone is stored with the next items, or when caught up.
            return Ok(());
        }
        self.reading.saved = start;
        Ok(())
    }

    /// Where to go on, but never beyond the newest head: what is announced without one is only the
    /// server's word.
    fn proved_start(&self) -> Start {
        let size = self.trusted.as_ref().map_or(0, |head| head.head().size);
        match self.reading.order.start() {
            Start::At(cursor) => Start::At(Cursor {
                seq: cursor.seq.min(size),
                ..cursor
            }),
            start @ (Start::Nothing | Start::Partway { .. }) => start,
        }
    }

    /// Stores what no fetch holds back any more. A head under which nothing came for this device
    /// is stored now and then only: others may be busy, and each storing costs an fsync.
    pub(super) fn release<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<(), SyncFault<H::Fault>> {
        self.settle(holdings, now_ms)?;
        if !self.reading.may_store(now_ms) {
            return Ok(());
        }
        let Some(head) = self.reading.reached.take() else {
            return Ok(());
        };
        let cursor = Cursor {
            epoch: head.head().epoch,
            seq: head.head().size,
        };
        holdings
            .caught_up(head, cursor)
            .map_err(SyncFault::Holdings)?;
        self.healing.look(holdings);
        if !self.fetch_gaps(holdings) {
            self.reading.stored(Start::At(cursor), now_ms);
        }
        Ok(())
    }

    /// Asks for documents of which something did not come. Answers whether there are any.
    fn fetch_gaps<H: Holdings>(&mut self, holdings: &mut H) -> bool {
        let gaps = holdings.take_gaps();
        for document in &gaps {
            self.reading.want(*document, false);
        }
        !gaps.is_empty()
    }

    /// Whether what the server hands over is to be taken; `false` for what still comes of before.
    fn reads<F>(&self, what: &'static str) -> Result<bool, SyncFault<F>> {
        match self.state {
            State::Following => Ok(true),
            State::Resuming { again: true } | State::Restoring { .. } => Ok(false),
            State::Greeting | State::Resuming { again: false } | State::Founding | State::Ended => {
                Err(SyncFault::Unasked(what))
            }
        }
    }
}

fn out_of_order<F>(Misplaced { seq, expected }: Misplaced) -> SyncFault<F> {
    SyncFault::OutOfOrder { seq, expected }
}
