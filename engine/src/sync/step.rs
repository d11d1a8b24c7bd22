//! One step of a session: a frame and who it is for, the clock, and the end.

use casework_protocol::frame::{ClientFrame, ErrorCode, Present, ServerFrame};
use casework_protocol::ids::DocumentId;

use super::fault::SyncFault;
use super::holdings::Holdings;
use super::pieces::Piece;
use super::pulse::Beat;
use super::session::{Frames, Session, State, encoded_len};

/// How long to wait before connecting again when the server does not say.
const RETRY_AFTER_MS: u64 = 5_000;
/// The longest wait that a server can ask for: a wrong number must not silence a device for days.
const MAX_RETRY_AFTER_MS: u64 = 5 * 60_000;

impl Session {
    pub(super) fn step<H: Holdings>(
        &mut self,
        holdings: &mut H,
        frame: ServerFrame,
        length: usize,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        self.pulse.heard(now_ms);
        self.tally.bytes_in += length as u64;
        let frames = self
            .dispatch(holdings, frame, length, now_ms)
            .and_then(|mut frames| {
                frames.extend(self.work(holdings, now_ms)?);
                Ok(frames)
            });
        self.finish(frames)
    }

    fn dispatch<H: Holdings>(
        &mut self,
        holdings: &mut H,
        frame: ServerFrame,
        length: usize,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if self.state == State::Ended {
            return Err(SyncFault::Ended);
        }
        if uses_credit(&frame) {
            self.reading.spend(length)?;
        }
        match frame {
            ServerFrame::Welcome(welcome) => self.greeted(holdings, &welcome, now_ms),
            ServerFrame::Resumed {
                head,
                continuity,
                entries,
                bundles,
            } => {
                self.tally.expected_entries = entries;
                self.tally.expected_bundles = bundles;
                self.resumed(holdings, head, continuity)
            }
            ServerFrame::Entries { items, upto } => {
                self.entries(holdings, items, (upto, length), now_ms)
            }
            ServerFrame::Piece {
                document,
                index,
                last,
                bytes,
            } => self.piece(
                holdings,
                Piece {
                    document,
                    index,
                    last,
                    bytes,
                },
                now_ms,
            ),
            ServerFrame::Document {
                document,
                below,
                target,
            } => self.document(holdings, document, (below, target), now_ms),
            ServerFrame::Evict(document) => self.evict(holdings, document, now_ms),
            ServerFrame::CaughtUp { head, proof } => {
                self.caught_up(holdings, head, proof.as_ref(), now_ms)
            }
            ServerFrame::Answers { number, answers } => {
                self.answered(holdings, number, answers, now_ms)
            }
            ServerFrame::Inclusion(_) => Err(SyncFault::Unasked("an inclusion proof")),
            ServerFrame::Heads(heads) => self.heads(holdings, heads),
            ServerFrame::Restored(size) => self.restored(holdings, size),
            ServerFrame::Kept { document, refused } => {
                self.kept(holdings, (document, refused), now_ms)
            }
            ServerFrame::Pong(number) => {
                let asked = self.pulse.pong(number);
                asked.then(Vec::new).ok_or(SyncFault::Unasked("a pong"))
            }
            ServerFrame::Presence {
                document,
                present,
                more,
            } => self.presence(document, (present, more), now_ms),
            ServerFrame::Error {
                code,
                detail,
                retry_after_ms,
            } => self.failed(holdings, (code, detail), retry_after_ms, now_ms),
        }
    }

    /// Others came, went, or do something else; no session ends by it.
    fn presence<F>(
        &mut self,
        document: DocumentId,
        words: (Vec<Present>, u32),
        now_ms: u64,
    ) -> Result<Frames, SyncFault<F>> {
        self.voice.told(document, words, now_ms);
        Ok(Vec::new())
    }

    /// Something failed on the server: fatal, unless it answers a single request.
    fn failed<H: Holdings>(
        &mut self,
        holdings: &mut H,
        (code, detail): (ErrorCode, String),
        after_ms: Option<u64>,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        let after_ms = after_ms.unwrap_or(RETRY_AFTER_MS).min(MAX_RETRY_AFTER_MS);
        let waiting = matches!(self.state, State::Resuming { .. });
        if code == ErrorCode::UnknownWorkspace && waiting && !self.joining {
            return self.found(holdings, detail);
        }
        if code == ErrorCode::NotFound && self.reading.end_fetch() {
            self.release(holdings, now_ms)?;
            return Ok(Vec::new());
        }
        if code == ErrorCode::Revoked && self.state == State::Following && self.parting.is_none() {
            self.settle(holdings, now_ms)?;
            self.parting = Some(detail);
            self.reading.part();
            return Ok(Vec::new());
        }
        if matches!(self.state, State::Restoring { .. }) && code == ErrorCode::NotFound {
            return Err(Self::recovering());
        }
        let busy = matches!(code, ErrorCode::Busy | ErrorCode::Recovering);
        if busy && self.pushing.pause(now_ms.saturating_add(after_ms)) {
            return Ok(Vec::new());
        }
        Err(if code.is_passing() {
            SyncFault::RetryAfter { code, after_ms }
        } else {
            SyncFault::Refused { code, detail }
        })
    }

    pub(super) fn beat<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if self.state == State::Ended {
            return Err(SyncFault::Ended);
        }
        let mut frames = match self.pulse.beat(now_ms) {
            Beat::Quiet => Vec::new(),
            Beat::Ping(number) => vec![ClientFrame::Ping(number)],
            Beat::Dead(silent) => return Err(SyncFault::Silent(silent)),
        };
        if let Some(unanswered) = self.pushing.overdue(now_ms) {
            return Err(SyncFault::Silent(unanswered));
        }
        self.voice.lapse(now_ms);
        frames.extend(self.pushing.send_again(now_ms));
        self.pushing.lapse(now_ms);
        self.release(holdings, now_ms)?;
        frames.extend(self.work(holdings, now_ms)?);
        Ok(frames)
    }

    pub(super) fn finish<F>(
        &mut self,
        frames: Result<Frames, SyncFault<F>>,
    ) -> Result<Frames, SyncFault<F>> {
        match &frames {
            Ok(frames) => {
                self.tally.bytes_out += frames
                    .iter()
                    .map(|frame| encoded_len(frame) as u64)
                    .sum::<u64>();
            }
            Err(_) => self.state = State::Ended,
        }
        frames
    }
}

/// Whether the frame uses up credit: those that hand something over.
fn uses_credit(frame: &ServerFrame) -> bool {
    matches!(
        frame,
        ServerFrame::Entries { .. }
            | ServerFrame::Piece { .. }
            | ServerFrame::Document { .. }
            | ServerFrame::Evict(_)
    )
}
