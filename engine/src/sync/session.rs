//! One session: from the hello to the end of a connection.
//!
//! Frames go in, frames come out; see the rooms beside for what each does.
//! Invariant: after a fault the session takes nothing more.

use std::collections::BTreeSet;

use casework_protocol::frame::{
    self, Channel, ClientFrame, Hello, PRESENCE_SINCE, Present, ServerFrame, VERSION,
};
use casework_protocol::ids::{DocumentId, ServerId};
use casework_protocol::log::VerifiedHead;

use super::fault::SyncFault;
use super::healing::Healing;
use super::holdings::Holdings;
use super::presence::{Announcement, Heard, Voice};
use super::progress::{Phase, Progress, Tally};
use super::pulse::Pulse;
use super::pushing::Pushing;
use super::reading::Reading;

/// Frames to send, in order.
pub(super) type Frames = Vec<ClientFrame>;

/// What the session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The welcome.
    Greeting,
    /// The answer to a resume. What still comes of an earlier one is dropped when `again`.
    Resuming { again: bool },
    /// Answers to the entries that found the workspace.
    Founding,
    /// The word that items up to here were taken back.
    Restoring { sent: u64 },
    /// Whatever comes.
    Following,
    /// Nothing.
    Ended,
}

/// The device's half of one connection.
///
/// The driver sends the frame of [`Session::open`], feeds every received frame to
/// [`Session::handle`], calls [`Session::pump`] after local work and [`Session::tick`] at
/// [`Session::wake_at_ms`], and sends what they return, in order. A fault ends the session.
#[derive(Debug)]
pub struct Session {
    pub(super) state: State,
    pub(super) hello: Hello,
    /// What carries it: both proofs name it.
    pub(super) channel: Channel,
    /// The version that both ends speak; 0 before the welcome.
    pub(super) version: u16,
    /// The server, once it proved its key.
    pub(super) server: Option<ServerId>,
    /// The pinned server handed over to this one, and its log is not proved to go on yet.
    pub(super) moving: bool,
    /// The newest head that the server proved to go on from all before.
    pub(super) trusted: Option<VerifiedHead>,
    /// Not enrolled yet: an invite is being redeemed.
    pub(super) joining: bool,
    /// Access was lost, in the server's words: what was done before may still be handed in.
    pub(super) parting: Option<String>,
    pub(super) reading: Reading,
    pub(super) pushing: Pushing,
    pub(super) healing: Healing,
    /// The bundle that the server was offered.
    pub(super) keeping: Option<DocumentId>,
    /// No bundle is offered before.
    pub(super) keep_after_ms: u64,
    pub(super) pulse: Pulse,
    pub(super) voice: Voice,
    pub(super) tally: Tally,
}

impl Session {
    /// Begins a session on a fresh connection. `nonce` must be fresh random bytes: they prove that
    /// the server is there now.
    pub fn open<H: Holdings>(holdings: &H, nonce: [u8; 16]) -> (Self, ClientFrame) {
        let hello = Hello {
            version: VERSION,
            workspace: holdings.workspace(),
            nonce,
        };
        let frame = ClientFrame::Hello(hello.clone());
        let mut session = Self {
            state: State::Greeting,
            hello,
            channel: Channel::Plain,
            version: 0,
            server: None,
            moving: false,
            trusted: None,
            joining: false,
            parting: None,
            reading: Reading::default(),
            pushing: Pushing::default(),
            healing: Healing::default(),
            keeping: None,
            keep_after_ms: 0,
            pulse: Pulse::default(),
            voice: Voice::default(),
            tally: Tally::default(),
        };
        session.tally.bytes_out = frame::encode(&frame).len() as u64;
        (session, frame)
    }

    /// The same session over this channel; without this call it is a plain socket. Before anything
    /// is received.
    #[must_use]
    pub fn over(self, channel: Channel) -> Self {
        Self { channel, ..self }
    }

    /// Takes one message as it came off the wire.
    ///
    /// # Errors
    /// [`SyncFault`]; the session is over then.
    pub fn receive<H: Holdings>(
        &mut self,
        holdings: &mut H,
        message: &[u8],
        now_ms: u64,
    ) -> Result<Vec<ClientFrame>, SyncFault<H::Fault>> {
        match frame::decode(message) {
            Ok(frame) => self.step(holdings, frame, message.len(), now_ms),
            Err(error) => self.finish(Err(SyncFault::Frame(error))),
        }
    }

    /// Takes one frame; what goes out because of it comes back, to be sent in order.
    ///
    /// # Errors
    /// [`SyncFault`]; the session is over then.
    pub fn handle<H: Holdings>(
        &mut self,
        holdings: &mut H,
        frame: ServerFrame,
        now_ms: u64,
    ) -> Result<Vec<ClientFrame>, SyncFault<H::Fault>> {
        let length = encoded_len(&frame);
        self.step(holdings, frame, length, now_ms)
    }

    /// Sends what is outgoing, within the bounds of what may be on its way. To be called after
    /// local work.
    ///
    /// # Errors
    /// [`SyncFault::Holdings`]; the session is over then.
    pub fn pump<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<Vec<ClientFrame>, SyncFault<H::Fault>> {
        self.pushing.look_again();
        let frames = self.work(holdings, now_ms);
        self.finish(frames)
    }

    /// Does what time calls for: pings, giving up on a silent server, trying again. To be called
    /// at [`Session::wake_at_ms`]; too often does no harm.
    ///
    /// # Errors
    /// [`SyncFault`]; the session is over then.
    pub fn tick<H: Holdings>(
        &mut self,
        holdings: &mut H,
        now_ms: u64,
    ) -> Result<Vec<ClientFrame>, SyncFault<H::Fault>> {
        let frames = self.beat(holdings, now_ms);
        self.finish(frames)
    }

    /// Asks for one document whatever the scope is. The frame is to be sent; `None` while another
    /// fetch is on its way (it follows by itself) or before the session reads.
    pub fn fetch(&mut self, document: DocumentId) -> Option<ClientFrame> {
        self.reading.want(document, true);
        let frame = (self.state == State::Following)
            .then(|| self.reading.next_fetch())
            .flatten();
        self.tally.bytes_out += frame.as_ref().map_or(0, |frame| encoded_len(frame) as u64);
        frame
    }

    /// Says this of itself from now on: at once, or as soon as the last word is old enough. To be
    /// followed by [`Session::pump`]. A server that knows no presence is told nothing.
    pub fn announce(&mut self, announcement: Announcement) {
        self.voice.want(announcement);
    }

    /// What the server said of others, as long as it holds.
    #[must_use]
    pub fn heard(&self) -> &Heard {
        &self.voice.heard
    }

    /// The documents at which others came, went or do something else since the last call.
    pub fn take_presence_news(&mut self) -> BTreeSet<DocumentId> {
        core::mem::take(&mut self.voice.news)
    }

    /// Bytes of others' and own work that it keeps in memory, for checks that this is bounded.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let presence = self.voice.heard.rows() * size_of::<Present>();
        self.reading.held_bytes() + self.pushing.held_bytes() + presence
    }

    /// How far the session has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            phase: self.phase(),
            expected_entries: self.tally.expected_entries,
            expected_bundles: self.tally.expected_bundles,
            received_entries: self.tally.received_entries,
            received_bundles: self.tally.received_bundles,
            pushed: self.pushing.pushed(),
            in_flight: self.pushing.in_flight(),
            bytes_in: self.tally.bytes_in,
            bytes_out: self.tally.bytes_out,
            server_clock_skew_ms: self.tally.clock_skew_ms,
        }
    }

    /// Whether this device has everything that is for it under the newest head, and that head
    /// covers all that this session pushed.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        let size = self.trusted.as_ref().map_or(0, |head| head.head().size);
        self.state == State::Following
            && !self.joining
            && self.parting.is_none()
            && self.reading.is_caught_up()
            && self.pushing.placed_upto() <= size
    }

    /// Whether there is nothing left to do but wait: caught up, nothing outgoing, nothing on its
    /// way. Work that the server cannot take yet (see [`Session::gave_up`]) does not count.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_caught_up()
            && self.pushing.is_done()
            && !self.healing.is_active()
            && self.keeping.is_none()
    }

    /// Whether pushing stopped because the server took nothing for many rounds: it lacks something
    /// that this device cannot give it. The next session tries again.
    #[must_use]
    pub fn gave_up(&self) -> bool {
        self.pushing.gave_up()
    }

    /// Asks the server whether it is there, now: the frame to send and its number. `None` while
    /// that cannot be asked: before everything is followed, or while an older question is out.
    ///
    /// [`Session::last_answer`] reaches the number when the server has answered. What it had sent by
    /// then was received before: frames come in order.
    pub fn ask(&mut self) -> Option<(u64, ClientFrame)> {
        let follows = self.state == State::Following;
        let number = follows.then(|| self.pulse.ask()).flatten()?;
        Some((number, ClientFrame::Ping(number)))
    }

    /// The number of the newest question that the server answered; 0 before the first.
    #[must_use]
    pub fn last_answer(&self) -> u64 {
        self.pulse.answered()
    }

    /// When [`Session::tick`] has something to do.
    #[must_use]
    pub fn wake_at_ms(&self) -> Option<u64> {
        let times = [
            self.pulse.next_ms(),
            self.pushing.next_ms(),
            self.reading.next_ms(),
            self.voice.next_ms().filter(|_| self.may_announce()),
        ];
        times.into_iter().flatten().min()
    }

    /// Whether presence has a place in this session now.
    pub(super) fn may_announce(&self) -> bool {
        let follows = self.state == State::Following && !self.joining && self.parting.is_none();
        follows && self.version >= PRESENCE_SINCE
    }

    fn phase(&self) -> Phase {
        match self.state {
            State::Greeting => Phase::Greeting,
            State::Founding => Phase::Founding,
            State::Restoring { .. } => Phase::Restoring,
            State::Ended => Phase::Ended,
            State::Resuming { .. } | State::Following if self.joining => Phase::Joining,
            State::Following if self.parting.is_some() => Phase::Parting,
            State::Resuming { .. } => Phase::CatchingUp,
            State::Following if self.reading.is_first_sync() => Phase::FirstSync,
            State::Following if self.reading.is_caught_up() => Phase::Live,
            State::Following => Phase::CatchingUp,
        }
    }
}

/// The length of a frame on the wire, without writing it.
pub(super) fn encoded_len<F: minicbor::Encode<()>>(frame: &F) -> usize {
    struct Count(usize);
    impl minicbor::encode::Write for Count {
        type Error = core::convert::Infallible;
        fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
            self.0 += bytes.len();
            Ok(())
        }
    }
    let mut count = Count(0);
    minicbor::encode(frame, &mut count).expect("counting cannot fail");
    count.0
}
