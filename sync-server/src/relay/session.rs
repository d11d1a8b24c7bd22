//! One connection as a state machine: frames in, frames and requests out. No IO, clock or dice.
//!
//! ```text
//! greeting ─Hello▶ proving ─Prove▶ ready: member · guest (invite) · parting (lost access) ·
//!                                        founder (workspace not here) · stranger (not enrolled)
//! ```
//! Invariant: nothing of a workspace but its roster leaves before a device proved an enrolled key.

mod present;
mod ready;
mod resume;

use std::sync::Arc;

use casework_protocol::frame::handshake::{check_prove, welcome};
use casework_protocol::frame::{
    Channel, ClientFrame, ErrorCode, Hello, Prove, ServerFrame, VERSION, encode,
};
use casework_protocol::ids::{DeviceId, WorkspaceId};
use casework_protocol::limits::MAX_DETAIL_BYTES;
use casework_protocol::roster::{Inactive, RosterState};

use super::{Relay, Reply, Request};
use crate::log::LogError;
use ready::Ready;

/// What a session wants done by whoever drives it.
#[derive(Debug)]
pub enum Output {
    /// Send this message.
    Send(Arc<[u8]>),
    /// Have this verified, staged and committed, and hand the reply to [`Session::replied`].
    Submit(Box<Request>),
    /// Send what is outstanding and close.
    Close(ErrorCode),
}

/// Who the other side turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// An active device of an active member.
    Member,
    /// Holds an invite: may read the roster and redeem.
    Guest,
    /// A device that was revoked, or whose member is suspended: may read the roster, and push what
    /// it wrote before, which is held.
    Parting,
    /// The workspace is not here: may found it, or bring it back.
    Founder,
    /// Not enrolled as far as this log knows: may bring back what the log lost.
    Stranger,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    nonce: [u8; 16],
    channel: Channel,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Greeting,
    Proving(Hello),
    Ready(Box<Ready>),
    Closed,
}

impl Session {
    /// A connection that was just accepted, with sixteen fresh random bytes.
    #[must_use]
    pub fn new(nonce: [u8; 16]) -> Self {
        Self {
            nonce,
            channel: Channel::Plain,
            phase: Phase::Greeting,
        }
    }

    /// The same connection over this channel; without this call it is a plain socket.
    #[must_use]
    pub fn over(self, channel: Channel) -> Self {
        Self { channel, ..self }
    }

    /// The workspace, once the device is proved.
    #[must_use]
    pub fn workspace(&self) -> Option<WorkspaceId> {
        self.ready().map(Ready::workspace)
    }

    /// The device, once it is proved.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.ready().map(Ready::device)
    }

    /// What the device is to this server, once it is proved.
    #[must_use]
    pub fn rank(&self) -> Option<Rank> {
        self.ready().map(Ready::rank)
    }

    /// Takes one frame of the device.
    pub fn handle(&mut self, relay: &Relay, now_ms: u64, frame: ClientFrame) -> Vec<Output> {
        match (&mut self.phase, frame) {
            (Phase::Greeting, ClientFrame::Hello(hello)) => self.greet(relay, now_ms, hello),
            (Phase::Proving(hello), ClientFrame::Prove(prove)) => {
                let hello = hello.clone();
                self.prove(relay, now_ms, &hello, &prove)
            }
            (Phase::Ready(ready), frame) => match ready.handle(relay, now_ms, frame) {
                Ok(outputs) => outputs,
                Err(fatal) => self.end(&fatal),
            },
            (Phase::Closed, _) => Vec::new(),
            (Phase::Greeting | Phase::Proving(_), _) => self.end(&Fatal::new(
                ErrorCode::Malformed,
                "this frame has no place here",
            )),
        }
    }

    /// Takes the reply to a request of this session, after the commit.
    pub fn replied(&mut self, relay: &Relay, reply: Reply) -> Vec<Output> {
        match &mut self.phase {
            Phase::Ready(ready) => ready.replied(relay, reply),
            Phase::Greeting | Phase::Proving(_) | Phase::Closed => Vec::new(),
        }
    }

    /// The next thing to send as a follower; `None` until the log grows, credit comes or a reply.
    ///
    /// # Errors
    /// The log's; close with `internal` then.
    pub fn poll(&mut self, relay: &Relay) -> Result<Option<Output>, LogError> {
        let Phase::Ready(ready) = &mut self.phase else {
            return Ok(None);
        };
        let output = ready.poll(relay)?;
        if matches!(output, Some(Output::Close(_))) {
            self.phase = Phase::Closed;
        }
        Ok(output)
    }

    /// The next thing to tell of who is present; `None` until the relay rings for the workspace
    /// ([`Relay::ring`]). To be asked after [`Session::poll`] has nothing, while there is room to
    /// send: what is not asked for waits nowhere.
    pub fn tell(&mut self, relay: &Relay) -> Option<Output> {
        match &mut self.phase {
            Phase::Ready(ready) => ready.tell(relay),
            Phase::Greeting | Phase::Proving(_) | Phase::Closed => None,
        }
    }

    /// The connection is gone: its device is not present by it any more.
    pub fn leave(&mut self) {
        if let Phase::Ready(ready) = &mut self.phase {
            ready.presence = None;
        }
    }

    /// How many jobs, fetches, pushes and documents it keeps in mind for its device, for checks that
    /// this is bounded. None of them holds any content.
    #[must_use]
    pub fn held_notes(&self) -> usize {
        self.ready().map_or(0, Ready::held_notes)
    }

    /// Whether the device wants to hear who is present.
    #[must_use]
    pub fn hears_presence(&self) -> bool {
        self.ready().is_some_and(Ready::hears)
    }

    fn ready(&self) -> Option<&Ready> {
        match &self.phase {
            Phase::Ready(ready) => Some(ready),
            Phase::Greeting | Phase::Proving(_) | Phase::Closed => None,
        }
    }

    fn greet(&mut self, relay: &Relay, now_ms: u64, hello: Hello) -> Vec<Output> {
        if hello.version == 0 {
            return self.end(&Fatal::new(ErrorCode::Version, "version 0 does not exist"));
        }
        let key = relay.key();
        let mut welcome = welcome(&hello, self.channel, key.key(), self.nonce, now_ms);
        welcome.line = (!key.line().is_empty()).then(|| key.line().to_vec());
        self.phase = Phase::Proving(hello);
        vec![send(&ServerFrame::Welcome(welcome))]
    }

    fn prove(&mut self, relay: &Relay, now_ms: u64, hello: &Hello, prove: &Prove) -> Vec<Output> {
        if let Err(error) = check_prove(hello, self.channel, &self.nonce, relay.server(), prove) {
            return self.end(&Fatal::new(ErrorCode::BadProof, &error.to_string()));
        }
        let rank = match relay.workspace(hello.workspace) {
            None => Rank::Founder,
            Some(shared) => {
                let workspace = super::reading(&shared);
                match rank_in(workspace.roster().head(), prove, now_ms) {
                    Ok(rank) => rank,
                    Err(fatal) => {
                        drop(workspace);
                        return self.end(&fatal);
                    }
                }
            }
        };
        let version = VERSION.min(hello.version);
        let ready = Ready::new((hello.workspace, version), prove.device, rank);
        self.phase = Phase::Ready(Box::new(ready));
        Vec::new()
    }

    fn end(&mut self, fatal: &Fatal) -> Vec<Output> {
        self.phase = Phase::Closed;
        vec![error(fatal.code, &fatal.detail), Output::Close(fatal.code)]
    }
}

fn rank_in(roster: &RosterState, prove: &Prove, now_ms: u64) -> Result<Rank, Fatal> {
    match (enrolled_rank(roster, prove.device), &prove.invite) {
        (Rank::Stranger, Some(proof)) => {
            let usable = roster.invite(proof.invite).is_some_and(|invite| {
                !invite.cancelled && invite.uses_left > 0 && now_ms <= invite.expires_ms
            });
            let detail = "the invite is unknown, used up, cancelled or expired";
            usable
                .then_some(Rank::Guest)
                .ok_or(Fatal::new(ErrorCode::NotEnrolled, detail))
        }
        (rank, _) => Ok(rank),
    }
}

/// What a device is by the roster alone.
fn enrolled_rank(roster: &RosterState, device: DeviceId) -> Rank {
    match roster.acting(device) {
        Ok(_) => Rank::Member,
        Err(Inactive::Revoked(_) | Inactive::Suspended(_)) => Rank::Parting,
        Err(_) => Rank::Stranger,
    }
}

/// Something that ends the connection.
#[derive(Debug)]
struct Fatal {
    code: ErrorCode,
    detail: String,
}

impl Fatal {
    fn new(code: ErrorCode, detail: &str) -> Self {
        Self {
            code,
            detail: detail.chars().take(MAX_DETAIL_BYTES / 4).collect(),
        }
    }
}

fn send(frame: &ServerFrame) -> Output {
    Output::Send(encode(frame).into())
}

fn error(code: ErrorCode, detail: &str) -> Output {
    let retry_after_ms = code.is_passing().then_some(super::RETRY_AFTER_MS);
    send(&ServerFrame::Error {
        code,
        detail: detail.to_owned(),
        retry_after_ms,
    })
}
