//! The device's half of healing: founding, giving back what a server lost, comparing heads.
//!
//! Nothing that any replica holds is lost: what stands in a lost log goes back verbatim, what
//! cannot comes as new arrivals after a comparison of heads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use casework_protocol::frame::{ClientFrame, DocumentHeads, ErrorCode, Logged};
use casework_protocol::ids::DocumentId;
use casework_protocol::limits::MAX_PUSH_ITEMS;

use super::fault::SyncFault;
use super::holdings::{Holdings, Parcel};
use super::session::{Frames, Session, State};

/// Bytes of items in one restoring frame.
const RESTORE_BYTES: usize = 512 * 1024;
/// Purges proved in one restoring frame: about a kilobyte each.
const PROVED_PURGES: usize = 256;
/// When to come again to a server that waits for what other devices hold.
const RECOVERING_RETRY_MS: u64 = 30_000;
/// Documents compared at once: what they lack is in memory together.
const COMPARED_DOCUMENTS: usize = 128;
/// Heads compared at once, so that the frame stays small.
const COMPARED_HEADS: usize = 4_096;

/// Where healing stands.
#[derive(Debug, Default)]
pub(super) struct Healing {
    /// The server lacks something: heads are to be compared.
    due: bool,
    waiting: VecDeque<DocumentHeads>,
    asked: Vec<DocumentHeads>,
    entered_epoch: bool,
    founded: bool,
}

impl Healing {
    /// A new epoch begins; `false` if one already did in this session.
    pub(super) fn enter_epoch(&mut self) -> bool {
        self.due = true;
        !core::mem::replace(&mut self.entered_epoch, true)
    }

    /// The server said that it lacks something.
    pub(super) fn call_for(&mut self) {
        self.due = true;
    }

    /// Whether the replica has anything to compare.
    pub(super) fn look<H: Holdings>(&mut self, holdings: &H) {
        self.due |= holdings.is_to_compare();
    }

    /// Whether heads are being compared, or will be.
    pub(super) fn is_active(&self) -> bool {
        self.due || !self.waiting.is_empty() || !self.asked.is_empty()
    }

    /// The next documents to compare.
    fn next(&mut self) -> Option<ClientFrame> {
        let (mut compared, mut heads) = (Vec::new(), 0);
        while let Some(next) = self.waiting.front() {
            heads += next.heads.len();
            let full = compared.len() >= COMPARED_DOCUMENTS || heads > COMPARED_HEADS;
            if full && !compared.is_empty() {
                break;
            }
            compared.extend(self.waiting.pop_front());
        }
        self.asked.clone_from(&compared);
        (!compared.is_empty()).then_some(ClientFrame::Heads(compared))
    }

    /// The server's heads of what was asked, each once. It leaves out documents where both sides
    /// are equal, so one that is here and left out although nothing was said of it is unknown to
    /// the server, or not for this device.
    fn told(&mut self, heads: Vec<DocumentHeads>) -> Option<Vec<DocumentHeads>> {
        let asked = core::mem::take(&mut self.asked);
        let mut known: BTreeMap<DocumentId, Option<DocumentHeads>> =
            asked.iter().map(|asked| (asked.document, None)).collect();
        for heads in heads {
            let place = known
                .get_mut(&heads.document)
                .filter(|place| place.is_none())?;
            *place = Some(heads);
        }
        let told = asked.into_iter().filter_map(|asked| {
            let nothing = asked.access == 0 && asked.heads.is_empty();
            known
                .remove(&asked.document)
                .flatten()
                .or_else(|| nothing.then_some(asked))
        });
        Some(told.collect())
    }
}

impl Session {
    /// The server does not have the workspace: creates it from the roster.
    pub(super) fn found<H: Holdings>(
        &mut self,
        holdings: &mut H,
        detail: String,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        let refused = SyncFault::Refused {
            code: ErrorCode::UnknownWorkspace,
            detail,
        };
        if core::mem::replace(&mut self.healing.founded, true) {
            return Err(refused);
        }
        let parcels: Vec<Parcel> = holdings.founding().map_err(SyncFault::Holdings)?;
        if parcels.is_empty() {
            return Err(refused);
        }
        self.pushing.enqueue(parcels);
        self.state = State::Founding;
        Ok(Vec::new())
    }

    /// Gives back what the server lost from a position on, or comes again later.
    pub(super) fn restore<H: Holdings>(
        &mut self,
        holdings: &mut H,
        from: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        let later = Self::recovering;
        let head = self.trusted.clone().ok_or_else(later)?;
        let size = head.head().size;
        let kept = holdings
            .kept_log(from, RESTORE_BYTES)
            .map_err(SyncFault::Holdings)?;
        let (items, end) = gapless(kept, from, size);
        if items.is_empty() {
            return Err(later());
        }
        let purges = holdings.kept_purges(&items).map_err(SyncFault::Holdings)?;
        let purges = (!purges.is_empty()).then_some(purges);
        let proof = if end == size {
            None
        } else {
            let proof = holdings.kept_proof(end).map_err(SyncFault::Holdings)?;
            Some(proof.ok_or_else(later)?)
        };
        self.state = State::Restoring { sent: end };
        let head = head.signed().clone();
        Ok(vec![ClientFrame::Restore {
            head,
            items,
            proof,
            purges,
        }])
    }

    /// The server took items back and now reaches to here.
    pub(super) fn restored<H: Holdings>(
        &mut self,
        holdings: &mut H,
        size: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        let State::Restoring { sent } = self.state else {
            return Err(SyncFault::Unasked("the answer to no restore"));
        };
        let target = self.trusted.as_ref().map_or(0, |head| head.head().size);
        if size >= target {
            Ok(vec![self.resume_again(holdings)])
        } else if size >= sent {
            self.restore(holdings, size)
        } else {
            Err(Self::recovering())
        }
    }

    /// The server is not yet what it was and this device cannot help it: come again.
    pub(super) fn recovering<F>() -> SyncFault<F> {
        let (code, after_ms) = (ErrorCode::Recovering, RECOVERING_RETRY_MS);
        SyncFault::RetryAfter { code, after_ms }
    }

    /// Compares heads of some documents, when that is due and everything readable was read.
    pub(super) fn compare<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<Option<ClientFrame>, SyncFault<H::Fault>> {
        let busy = !self.healing.asked.is_empty() || !self.pushing.queue_is_empty();
        let ready = self.reading.is_caught_up() && !self.pushing.is_held(now_ms);
        if !self.healing.is_active() || busy || !ready {
            return Ok(None);
        }
        if core::mem::take(&mut self.healing.due) {
            self.healing.waiting = holdings.heads().map_err(SyncFault::Holdings)?.into();
            // Lost roster entries first: changes cite them.
            let roster = holdings.founding().map_err(SyncFault::Holdings)?;
            if !roster.is_empty() {
                self.pushing.enqueue(roster);
                return Ok(None);
            }
        }
        Ok(self.healing.next())
    }

    /// The server told its heads.
    pub(super) fn heads<H: Holdings>(
        &mut self,
        holdings: &mut H,
        heads: Vec<DocumentHeads>,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if self.healing.asked.is_empty() {
            return Err(SyncFault::Unasked("heads"));
        }
        let told = self
            .healing
            .told(heads)
            .ok_or(SyncFault::Unasked("heads of a document"))?;
        let parcels = holdings.lacking(&told).map_err(SyncFault::Holdings)?;
        self.pushing.enqueue(parcels);
        Ok(Vec::new())
    }
}

/// The items that follow each other from a position on, up to a size, and where they end; no more
/// than go into one frame with the proofs of their purges.
fn gapless(items: Vec<Logged>, from: u64, size: u64) -> (Vec<Logged>, u64) {
    let mut end = from;
    let mut follow = Vec::new();
    let mut purged = BTreeSet::new();
    for item in items.into_iter().take(MAX_PUSH_ITEMS) {
        let next = end.saturating_add(item.len());
        if item.seq() != end || next > size {
            break;
        }
        if let Logged::Purged { document, .. } = &item {
            purged.insert(*document);
            if purged.len() > PROVED_PURGES {
                break;
            }
        }
        end = next;
        follow.push(item);
    }
    (follow, end)
}
