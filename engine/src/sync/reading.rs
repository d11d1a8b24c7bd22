//! Where a session stands in what it reads: order, gathered items, pieces, fetches, credit.
//!
//! It keeps the books; what is done with what arrives is in `intake.rs`.

use std::collections::VecDeque;

use casework_protocol::frame::{ClientFrame, Logged, Start};
use casework_protocol::ids::{DocumentId, EpochId};
use casework_protocol::limits::DEFAULT_CREDIT_BYTES;
use casework_protocol::log::{LogHead, VerifiedHead};

use super::fault::SyncFault;
use super::order::Order;
use super::pieces::Assembly;

/// First sync: bytes of items gathered for one transaction. Small documents come one by one, and a
/// transaction for each would cost more than all the rest.
const GATHERED_BYTES: usize = 512 * 1024;
/// First sync: documents after which the place is stored, so that an interruption costs little.
const GATHERED_DOCUMENTS: u32 = 64;
/// How often a head is stored under which nothing came for this device.
const STORE_HEAD_EVERY_MS: u64 = 5_000;

/// Where a session stands in what it reads.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) order: Order,
    /// The start that the resume showed, or that was stored since.
    pub(super) saved: Start,
    pub(super) gathered: Vec<Logged>,
    pub(super) gathered_bytes: usize,
    pub(super) gathered_documents: u32,
    pub(super) assembly: Option<Assembly>,
    /// Documents asked for by themselves; the first is on its way when `asked`.
    pub(super) fetches: VecDeque<(DocumentId, bool)>,
    pub(super) asked: bool,
    /// Caught up to this head, which is not stored yet.
    pub(super) reached: Option<VerifiedHead>,
    /// Something came since a head was stored.
    pub(super) news: bool,
    pub(super) store_after_ms: u64,
    pub(super) caught_up: bool,
    /// Bytes that the server may still send.
    pub(super) credit: i64,
    pub(super) spent: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            order: Order::from_start(Start::Nothing, EpochId::new([0; EpochId::LEN]), 0),
            saved: Start::Nothing,
            gathered: Vec::new(),
            gathered_bytes: 0,
            gathered_documents: 0,
            assembly: None,
            fetches: VecDeque::new(),
            asked: false,
            reached: None,
            news: true,
            store_after_ms: 0,
            caught_up: false,
            credit: 0,
            spent: 0,
        }
    }
}

impl Reading {
    /// A resume was sent. Credit adds up, because the server may not have seen this one yet.
    pub(super) fn ask(&mut self, start: Start, credit: u64) {
        let left = self.credit.max(0);
        let fetches = core::mem::take(&mut self.fetches);
        *self = Self {
            saved: start,
            fetches,
            ..Self::default()
        };
        self.credit = left.saturating_add_unsigned(credit);
    }

    /// Bytes in memory: items for the next transaction, and a bundle in the making.
    pub(super) fn held_bytes(&self) -> usize {
        self.gathered_bytes + self.assembly.as_ref().map_or(0, Assembly::len)
    }

    /// The resume was answered under this head.
    pub(super) fn begin(&mut self, head: &LogHead) {
        self.order = Order::from_start(self.saved, head.epoch, head.size);
    }

    pub(super) fn asked(&self) -> Start {
        self.saved
    }

    pub(super) fn is_first_sync(&self) -> bool {
        self.order.is_first_sync()
    }

    pub(super) fn is_caught_up(&self) -> bool {
        self.caught_up && self.fetches.is_empty()
    }

    /// A message of this length used up credit. The last one may overdraw it. Items are consumed
    /// as they come, so only a server that goes on while they are not wanted can run out of it.
    pub(super) fn spend<F>(&mut self, length: usize) -> Result<(), SyncFault<F>> {
        if self.credit <= 0 {
            return Err(SyncFault::OverCredit { bytes: length });
        }
        self.credit = self.credit.saturating_sub_unsigned(length as u64);
        self.spent += length as u64;
        Ok(())
    }

    /// Grants new credit when half of it was used.
    pub(super) fn grant(&mut self) -> Option<ClientFrame> {
        if self.spent < DEFAULT_CREDIT_BYTES / 2 {
            return None;
        }
        let spent = core::mem::take(&mut self.spent);
        self.credit = self.credit.saturating_add_unsigned(spent);
        Some(ClientFrame::Credit(spent))
    }

    /// Puts a document on the list of those to be asked for.
    pub(super) fn want(&mut self, document: DocumentId, bundle: bool) {
        match self
            .fetches
            .iter_mut()
            .skip(usize::from(self.asked))
            .find(|f| f.0 == document)
        {
            Some(fetch) => fetch.1 &= bundle,
            None => self.fetches.push_back((document, bundle)),
        }
    }

    /// The next document to be asked for, one at a time.
    pub(super) fn next_fetch(&mut self) -> Option<ClientFrame> {
        if self.asked {
            return None;
        }
        let (document, bundle) = *self.fetches.front()?;
        self.asked = true;
        Some(ClientFrame::Fetch { document, bundle })
    }

    pub(super) fn fetched(&self) -> Option<DocumentId> {
        self.fetches
            .front()
            .filter(|_| self.asked)
            .map(|(document, _)| *document)
    }

    /// The fetch that is on its way was answered. Whether one was.
    pub(super) fn end_fetch(&mut self) -> bool {
        let asked = core::mem::take(&mut self.asked);
        if asked {
            self.fetches.pop_front();
        }
        asked
    }

    /// Keeps items for the next transaction; whether it is time for one.
    pub(super) fn gather(&mut self, items: Vec<Logged>, bytes: usize) -> bool {
        self.news |= !items.is_empty();
        self.gathered.extend(items);
        self.gathered_bytes += bytes;
        self.gathered_bytes >= GATHERED_BYTES
    }

    /// A document of a first sync is complete; whether it is time to store where it is.
    pub(super) fn gather_document(&mut self) -> bool {
        self.gathered_documents += 1;
        self.gathered_documents >= GATHERED_DOCUMENTS
    }

    /// A head was stored.
    pub(super) fn stored(&mut self, start: Start, now_ms: u64) {
        self.saved = start;
        self.news = false;
        self.store_after_ms = now_ms.saturating_add(STORE_HEAD_EVERY_MS);
    }

    /// Whether a head may be stored: nothing is being fetched, and something came under it or the
    /// last one was stored long ago.
    pub(super) fn may_store(&self, now_ms: u64) -> bool {
        self.fetches.is_empty() && (self.news || now_ms >= self.store_after_ms)
    }

    /// When a head is to be stored.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let waits = self.reached.is_some() && self.fetches.is_empty();
        waits.then_some(self.store_after_ms)
    }

    /// Access was lost: nothing more is read but the roster.
    pub(super) fn part(&mut self) {
        self.take_gathered();
        self.assembly = None;
        self.fetches.clear();
        self.asked = false;
        self.reached = None;
        self.caught_up = false;
    }

    /// The document is not for this device any more: it is not asked for. A fetch that is on its
    /// way is answered, if only by its end.
    pub(super) fn unwant(&mut self, document: DocumentId) {
        let asked = self.fetched();
        self.fetches
            .retain(|(wanted, _)| *wanted != document || asked == Some(document));
    }

    pub(super) fn take_gathered(&mut self) -> Vec<Logged> {
        self.gathered_bytes = 0;
        self.gathered_documents = 0;
        core::mem::take(&mut self.gathered)
    }
}
