//! What goes out when: fetches first, then what heals, then own work, then bundles.

use casework_protocol::frame::{Answer, ClientFrame, ErrorCode, PushItem, RefusedBecause};
use casework_protocol::ids::DocumentId;
use casework_protocol::limits::BUNDLE_PIECE_BYTES;

use super::fault::SyncFault;
use super::holdings::{Holdings, Parcel};
use super::pushing::{Answered, PUSH_BYTES};
use super::session::{Frames, Session, State};

/// How long to wait before looking for another bundle worth keeping.
const KEEP_EVERY_MS: u64 = 60_000;

impl Session {
    /// Everything that can go out now.
    pub(super) fn work<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        match self.state {
            State::Founding if self.pushing.is_quiet() => Ok(vec![self.resume_again(holdings)]),
            State::Founding => Ok(self.pushing.frames(now_ms)),
            State::Following => self.follow(holdings, now_ms),
            State::Ended => Err(SyncFault::Ended),
            State::Greeting | State::Resuming { .. } | State::Restoring { .. } => Ok(Vec::new()),
        }
    }

    fn follow<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        let mut frames: Frames = self.reading.next_fetch().into_iter().collect();
        if self.may_announce() {
            frames.extend(self.voice.frame(now_ms));
        }
        if self.pushing.is_paused() {
            return Ok(frames);
        }
        frames.extend(self.compare(holdings, now_ms)?);
        loop {
            frames.extend(self.pushing.frames(now_ms));
            if !self.may_push() || !self.pushing.wants_more(now_ms) {
                break;
            }
            let rows = self.pushing.rows();
            let parcels = holdings
                .outgoing(&rows, PUSH_BYTES)
                .map_err(SyncFault::Holdings)?;
            let parcels = self.presentable(parcels);
            if parcels.is_empty() {
                self.pushing.drained();
            }
            self.pushing.enqueue(parcels);
        }
        let handed_in = self.reading.is_caught_up() && self.pushing.is_done();
        if let Some(detail) = self.parting.take_if(|_| handed_in) {
            return Err(SyncFault::Refused {
                code: ErrorCode::Revoked,
                detail,
            });
        }
        if self.joining && self.reading.is_caught_up() && self.pushing.is_done() {
            // Nothing to redeem: the server took it before and the answer was lost.
            self.joining = false;
            frames.push(self.resume_again(holdings));
            return Ok(frames);
        }
        frames.extend(self.offer_bundle(holdings, now_ms)?);
        Ok(frames)
    }

    /// Own work waits until heads are compared, and until the roster is here at all.
    fn may_push(&self) -> bool {
        let ready = if self.joining || self.parting.is_some() {
            self.reading.is_caught_up()
        } else {
            !self.reading.is_first_sync()
        };
        ready && !self.healing.is_active()
    }

    /// Who is not enrolled yet may push one thing: the redemption.
    fn presentable(&self, mut parcels: Vec<Parcel>) -> Vec<Parcel> {
        if self.joining {
            parcels.truncate(1);
            parcels.retain(|parcel| matches!(parcel.item, PushItem::Roster(_)));
        }
        parcels
    }

    /// The answers to a push.
    pub(super) fn answered<H: Holdings>(
        &mut self,
        holdings: &mut H,
        number: u64,
        answers: Vec<Answer>,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        let Some(Answered { pairs, missing }) = self.pushing.answered(number, answers, now_ms)?
        else {
            return Ok(Vec::new());
        };
        let refusal = pairs.iter().find_map(refusal_of_entry);
        let redeemed = pairs.iter().any(|(parcel, answer)| {
            matches!(
                (&parcel.item, answer),
                (PushItem::Roster(_), Answer::Placed(_))
            )
        });
        holdings
            .answered(pairs, now_ms)
            .map_err(SyncFault::Holdings)?;
        if missing && !self.pushing.gave_up() {
            self.healing.call_for();
        }
        self.healing.look(holdings);
        match refusal {
            Some((_, detail)) if self.state == State::Founding => {
                return Err(SyncFault::Refused {
                    code: ErrorCode::UnknownWorkspace,
                    detail,
                });
            }
            Some((because, detail)) if self.joining => {
                return Err(SyncFault::InviteRefused { because, detail });
            }
            Some(_) | None => {}
        }
        if self.joining && redeemed {
            self.joining = false;
            return Ok(vec![self.resume_again(holdings)]);
        }
        Ok(Vec::new())
    }

    /// Offers a bundle when there is nothing better to do.
    fn offer_bundle<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if now_ms < self.keep_after_ms || !self.is_idle() {
            return Ok(Vec::new());
        }
        let Some((document, bytes)) = holdings.bundle_to_keep().map_err(SyncFault::Holdings)?
        else {
            self.keep_after_ms = now_ms.saturating_add(KEEP_EVERY_MS);
            return Ok(Vec::new());
        };
        self.keeping = Some(document);
        let pieces = bytes.chunks(BUNDLE_PIECE_BYTES).count();
        let piece = |(index, bytes): (u32, &[u8])| {
            let last = index as usize + 1 == pieces;
            ClientFrame::Piece {
                document,
                index,
                last,
                bytes: bytes.to_vec(),
            }
        };
        Ok((0..)
            .zip(bytes.chunks(BUNDLE_PIECE_BYTES))
            .map(piece)
            .collect())
    }

    /// What the server says to the bundle that was offered.
    pub(super) fn kept<H: Holdings>(
        &mut self,
        holdings: &mut H,
        (document, refused): (DocumentId, Option<ErrorCode>),
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if self
            .keeping
            .take_if(|offered| *offered == document)
            .is_none()
        {
            return Err(SyncFault::Unasked(
                "a word on a bundle that was not offered",
            ));
        }
        if refused.is_some() {
            self.keep_after_ms = now_ms.saturating_add(KEEP_EVERY_MS);
        }
        holdings
            .bundle_kept(document, refused)
            .map_err(SyncFault::Holdings)?;
        Ok(Vec::new())
    }
}

fn refusal_of_entry((parcel, answer): &(Parcel, Answer)) -> Option<(RefusedBecause, String)> {
    match (&parcel.item, answer) {
        (PushItem::Roster(_), Answer::Refused(because, detail)) => Some((*because, detail.clone())),
        _ => None,
    }
}
