//! Proving keys, and going on from where the last session ended.
//!
//! The device proves its key and asks to go on in one breath: one round trip less.

use casework_protocol::frame::handshake::{check_welcome, prove};
use casework_protocol::frame::{ClientFrame, Continuity, Start, VERSION, Welcome};
use casework_protocol::ids::ServerId;
use casework_protocol::limits::{DEFAULT_CREDIT_BYTES, MAX_SUCCESSIONS};
use casework_protocol::log::{SignedHead, VerifiedHead};
use casework_protocol::succession::successor;

use super::fault::SyncFault;
use super::heads::{self, Judged, judge_continuity};
use super::holdings::{Holdings, Turn};
use super::session::{Frames, Session, State};

impl Session {
    /// The server answered the hello.
    pub(super) fn greeted<H: Holdings>(
        &mut self,
        holdings: &mut H,
        welcome: &Welcome,
        now_ms: u64,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if self.state != State::Greeting {
            return Err(SyncFault::Unasked("a second welcome"));
        }
        let found =
            check_welcome(&self.hello, self.channel, welcome).map_err(SyncFault::BadWelcome)?;
        let pinned = holdings.pinned();
        if let Some(expected) = pinned.filter(|pinned| leads_to(*pinned, welcome) != found) {
            return Err(SyncFault::WrongServer { expected, found });
        }
        if !(1..=VERSION).contains(&welcome.version) {
            return Err(SyncFault::Version {
                offered: welcome.version,
            });
        }
        if pinned.is_none() {
            holdings.pin(found).map_err(SyncFault::Holdings)?;
        }
        self.server = Some(found);
        self.moving = pinned.is_some_and(|pinned| pinned != found);
        self.version = welcome.version;
        self.tally.clock_skew_ms = Some(welcome.time_ms.wrapping_sub(now_ms).cast_signed());
        let head = holdings.head();
        // The head this device trusts was signed by the key it has pinned.
        let known = pinned.unwrap_or(found);
        let head = head.map(|head| heads::verify(head, known, self.hello.workspace));
        self.trusted = head.transpose()?;
        self.joining = holdings.invite().is_some();
        let (signer, invite) = (holdings.signer(), holdings.invite());
        let proof = prove(&self.hello, self.channel, welcome, signer, invite);
        self.state = State::Resuming { again: false };
        Ok(vec![ClientFrame::Prove(proof), self.resume(holdings)])
    }

    /// Asks to go on from what the replica holds now, dropping what still comes of before.
    pub(super) fn resume_again<H: Holdings>(&mut self, holdings: &H) -> ClientFrame {
        self.state = State::Resuming { again: true };
        self.resume(holdings)
    }

    fn resume<H: Holdings>(&mut self, holdings: &H) -> ClientFrame {
        self.voice.begin();
        let start = if self.joining {
            Start::Nothing
        } else {
            holdings.start()
        };
        self.reading.ask(start, DEFAULT_CREDIT_BYTES);
        ClientFrame::Resume {
            start,
            head: self.trusted.as_ref().map(|head| head.signed().clone()),
            scope: holdings.scope(),
            credit: DEFAULT_CREDIT_BYTES,
        }
    }

    /// The server says how its log stands to what this device has seen of it.
    pub(super) fn resumed<H: Holdings>(
        &mut self,
        holdings: &mut H,
        head: SignedHead,
        continuity: Continuity,
    ) -> Result<Frames, SyncFault<H::Fault>> {
        if !matches!(self.state, State::Resuming { .. }) {
            return Err(SyncFault::Unasked("an answer to no resume"));
        }
        let offered = self.verify_head(head)?;
        match judge_continuity(self.trusted.as_ref(), offered, continuity)? {
            Judged::GoOn(head) => {
                heads::check_start(self.reading.asked(), &head)?;
                if !self.pushing.has_begun() {
                    let size = head.head().size;
                    holdings.goes_on(size).map_err(SyncFault::Holdings)?;
                    self.healing.look(holdings);
                }
                self.trust(holdings, head.clone())?;
                self.reading.begin(head.head());
                self.state = State::Following;
                Ok(Vec::new())
            }
            Judged::Diverged {
                trusted,
                offered,
                evidence,
            } => Err(SyncFault::Diverged {
                trusted,
                offered,
                evidence,
            }),
            Judged::Behind { common } => {
                holdings
                    .turn(Turn::Recover { from: common })
                    .map_err(SyncFault::Holdings)?;
                self.restore(holdings, common)
            }
            Judged::NewEpoch { head, common } => {
                if !self.healing.enter_epoch() {
                    return Err(SyncFault::Continuity("a second new epoch in one session"));
                }
                let epoch = head.head().epoch;
                let turn = Turn::Epoch { epoch, common };
                holdings.turn(turn).map_err(SyncFault::Holdings)?;
                self.trust(holdings, head)?;
                Ok(vec![self.resume_again(holdings)])
            }
        }
    }

    /// Remembers a head that was judged, durably when it is news.
    pub(super) fn trust<H: Holdings>(
        &mut self,
        holdings: &mut H,
        head: VerifiedHead,
    ) -> Result<(), SyncFault<H::Fault>> {
        let place = |head: &VerifiedHead| (head.head().epoch, head.head().size);
        if core::mem::take(&mut self.moving) {
            holdings.succeed(&head).map_err(SyncFault::Holdings)?;
        } else if self.trusted.as_ref().map(place) != Some(place(&head)) {
            holdings.saw_head(&head).map_err(SyncFault::Holdings)?;
        }
        self.trusted = Some(head);
        Ok(())
    }

    /// Reads a head that must be of this server and workspace.
    pub(super) fn verify_head<F>(&self, head: SignedHead) -> Result<VerifiedHead, SyncFault<F>> {
        let server = self
            .server
            .ok_or(SyncFault::Unasked("a head before the welcome"))?;
        heads::verify(head, server, self.hello.workspace)
    }
}

/// The key that the pinned one leads to, by what the server says of its handovers.
fn leads_to(pinned: ServerId, welcome: &Welcome) -> ServerId {
    let line = welcome.line.as_deref().unwrap_or_default();
    successor(pinned, &line[..line.len().min(MAX_SUCCESSIONS)])
}
