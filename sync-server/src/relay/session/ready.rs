//! A session whose device is proved: what each rank may ask, and what is answered at once.

use std::collections::BTreeMap;

use casework_protocol::frame::{
    Answer, ClientFrame, DocumentHeads, ErrorCode, PushItem, ServerFrame,
};
use casework_protocol::ids::{DeviceId, DocumentId, WorkspaceId};
use casework_protocol::limits::{MAX_FRAME_BYTES, MAX_LISTED_DOCUMENTS, MAX_PUSH_ITEMS};

use super::present::Presence;
use super::resume::Wish;
use super::{Fatal, Output, Rank, error, send};
use crate::log::LogError;
use crate::relay::follow::{Follower, RosterFollower};
use crate::relay::upload::Upload;
use crate::relay::{Ask, Relay, Reply, Request, Shared, reading};

/// Pushes of which is noted what they hold; more than a device has on their way.
const MAX_PUSHES_NOTED: usize = 64;
/// Bytes of a heads frame before the next one begins.
const HEADS_FRAME_BYTES: usize = MAX_FRAME_BYTES / 2;

/// A session whose device is proved.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) workspace: WorkspaceId,
    /// Of the protocol, as both sides speak it.
    pub(super) version: u16,
    shared: Option<Shared>,
    pub(super) device: DeviceId,
    pub(super) rank: Rank,
    healing: bool,
    pub(super) following: Following,
    bundle: Option<Upload>,
    /// Pushes that are not answered: which of their items are runs.
    pub(super) pushed: BTreeMap<u64, Vec<bool>>,
    /// In a box: most connections have none.
    pub(super) presence: Option<Box<Presence>>,
}

#[derive(Debug)]
pub(super) enum Following {
    Nothing,
    Everything(Box<Follower>),
    Roster(RosterFollower),
}

pub(super) type Outputs = Result<Vec<Output>, Fatal>;

impl Ready {
    pub(super) fn new(at: (WorkspaceId, u16), device: DeviceId, rank: Rank) -> Self {
        let (workspace, version) = at;
        Self {
            workspace,
            version,
            shared: None,
            device,
            rank,
            healing: false,
            following: Following::Nothing,
            bundle: None,
            pushed: BTreeMap::new(),
            presence: None,
        }
    }

    pub(super) fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    pub(super) fn device(&self) -> DeviceId {
        self.device
    }

    pub(super) fn rank(&self) -> Rank {
        self.rank
    }

    pub(super) fn handle(&mut self, relay: &Relay, now_ms: u64, frame: ClientFrame) -> Outputs {
        match frame {
            ClientFrame::Hello(_) | ClientFrame::Prove(_) => {
                Err(Fatal::new(ErrorCode::Malformed, "the handshake is over"))
            }
            ClientFrame::Resume {
                start,
                head,
                scope,
                credit,
            } => self.resume(
                relay,
                now_ms,
                Wish {
                    start,
                    head,
                    scope,
                    credit,
                },
            ),
            ClientFrame::Credit(bytes) => {
                match &mut self.following {
                    Following::Nothing => {}
                    Following::Everything(follower) => follower.grant(bytes),
                    Following::Roster(follower) => follower.grant(bytes),
                }
                Ok(Vec::new())
            }
            ClientFrame::Push { number, items } => self.push(number, items),
            ClientFrame::Fetch { document, bundle } => Ok(self.fetch(relay, document, bundle)),
            ClientFrame::ProveInclusion(seq) => Ok(self.prove_inclusion(relay, seq)),
            ClientFrame::Piece {
                document,
                index,
                last,
                bytes,
            } => Ok(self.piece(relay, document, (index, last), &bytes)),
            ClientFrame::Heads(heads) => self.heads(relay, &heads),
            restore @ ClientFrame::Restore { .. } => self.restore(relay, restore),
            ClientFrame::Ping(number) => Ok(vec![send(&ServerFrame::Pong(number))]),
            ClientFrame::Presence { here, hears } => self.announce(relay, now_ms, (here, hears)),
        }
    }

    pub(super) fn replied(&mut self, relay: &Relay, reply: Reply) -> Vec<Output> {
        match reply {
            Reply::Answers { number, answers } => {
                self.promote(relay);
                self.tell_places(number, &answers);
                vec![send(&ServerFrame::Answers { number, answers })]
            }
            Reply::Restored(size) => {
                self.promote(relay);
                vec![send(&ServerFrame::Restored(size))]
            }
            Reply::Kept { document, refused } => {
                vec![send(&ServerFrame::Kept { document, refused })]
            }
            Reply::Failed { code, detail } => vec![error(code, &detail)],
            Reply::Done => Vec::new(),
        }
    }

    pub(super) fn poll(&mut self, relay: &Relay) -> Result<Option<Output>, LogError> {
        if matches!(self.following, Following::Nothing) {
            return Ok(None);
        }
        let Some(shared) = self.shared(relay) else {
            return Ok(None);
        };
        let workspace = reading(&shared);
        if let Following::Everything(follower) = &self.following {
            if follower.epoch() != workspace.epoch() {
                return Ok(Some(Output::Close(ErrorCode::Stopping)));
            }
            if workspace.roster().head().member_of(self.device).is_none() {
                // What came before the revocation was sent or is no longer for this device; the
                // roster itself shows by whom and why.
                self.following = Following::Roster(follower.part(&workspace));
                self.rank = Rank::Parting;
                self.presence = None;
                return Ok(Some(revoked()));
            }
        }
        let frame = match &mut self.following {
            Following::Nothing => None,
            Following::Everything(follower) => follower.next(&workspace)?,
            Following::Roster(follower) => follower.next(&workspace)?,
        };
        Ok(frame.map(Output::Send))
    }

    pub(super) fn shared(&mut self, relay: &Relay) -> Option<Shared> {
        if self.shared.is_none() {
            self.shared = relay.workspace(self.workspace);
        }
        self.shared.clone()
    }

    /// Who was not a member may have become one by what was just logged.
    fn promote(&mut self, relay: &Relay) {
        if self.rank == Rank::Member {
            return;
        }
        if let Some(shared) = self.shared(relay) {
            let active = reading(&shared)
                .roster()
                .head()
                .member_of(self.device)
                .is_some();
            if active && self.rank != Rank::Parting {
                self.rank = Rank::Member;
                self.following = Following::Nothing;
            }
        }
    }

    /// What the device is told to stand in the log needs no echo.
    fn tell_places(&mut self, number: u64, answers: &[Answer]) {
        let runs = self.pushed.remove(&number).unwrap_or_default();
        if let Following::Everything(follower) = &mut self.following {
            let answers = answers.iter().zip(runs);
            answers
                .filter(|(_, is_run)| *is_run)
                .for_each(|(answer, _)| follower.told_place(answer));
        }
    }

    fn push(&mut self, number: u64, items: Vec<PushItem>) -> Outputs {
        if items.len() > MAX_PUSH_ITEMS {
            return Err(Fatal::new(ErrorCode::TooMuch, "too many items in one push"));
        }
        let allowed = match self.rank {
            Rank::Member | Rank::Parting => true,
            Rank::Guest => matches!(items.as_slice(), [PushItem::Roster(_)]),
            Rank::Founder => matches!(items.first(), Some(PushItem::Roster(_))),
            Rank::Stranger => false,
        };
        if !allowed {
            return Err(Fatal::new(
                ErrorCode::NotEnrolled,
                "the device may not push this",
            ));
        }
        let runs = items.iter().map(|item| matches!(item, PushItem::Run(_)));
        self.pushed.insert(number, runs.collect());
        while self.pushed.len() > MAX_PUSHES_NOTED {
            self.pushed.pop_first();
        }
        Ok(vec![self.request(Ask::Push {
            number,
            healing: self.healing,
            items,
        })])
    }

    fn fetch(&mut self, relay: &Relay, document: DocumentId, bundle: bool) -> Vec<Output> {
        let sees = self.shared(relay).is_some_and(|shared| {
            let workspace = reading(&shared);
            self.rank == Rank::Member && workspace.sees(self.device, document)
        });
        let not_found = || {
            error(
                ErrorCode::NotFound,
                &format!("no document {document} for you"),
            )
        };
        match &mut self.following {
            Following::Everything(follower) if sees => {
                let taken = follower.fetch(document, bundle);
                let busy = || error(ErrorCode::Busy, "too many documents are being fetched");
                if taken { Vec::new() } else { vec![busy()] }
            }
            Following::Everything(_) | Following::Roster(_) | Following::Nothing => {
                vec![not_found()]
            }
        }
    }

    fn prove_inclusion(&mut self, relay: &Relay, seq: u64) -> Vec<Output> {
        let shared = self.shared(relay).filter(|_| self.rank == Rank::Member);
        let proof = shared.and_then(|shared| reading(&shared).prove_inclusion(seq).ok());
        vec![match proof {
            Some(proof) => send(&ServerFrame::Inclusion(proof)),
            None => error(ErrorCode::NotFound, &format!("no entry at position {seq}")),
        }]
    }

    fn piece(
        &mut self,
        relay: &Relay,
        document: DocumentId,
        (index, last): (u32, bool),
        bytes: &[u8],
    ) -> Vec<Output> {
        if self.rank != Rank::Member {
            return refused(document, ErrorCode::NotEnrolled);
        }
        let before = self.bundle.take();
        let going_on = Upload::going_on(before, relay.uploads(), document, index)
            .and_then(|mut upload| upload.add(bytes).map(|()| upload));
        match going_on {
            Err(code) => refused(document, code),
            Ok(upload) if last => {
                let (bytes, room) = upload.whole();
                vec![self.request(Ask::Keep {
                    document,
                    bytes,
                    room,
                })]
            }
            Ok(upload) => {
                self.bundle = Some(upload);
                Vec::new()
            }
        }
    }

    /// Compares heads and opens the session for healing.
    fn heads(&mut self, relay: &Relay, heads: &[DocumentHeads]) -> Outputs {
        if heads.len() > MAX_LISTED_DOCUMENTS {
            return Err(Fatal::new(
                ErrorCode::TooMuch,
                "too many documents in one frame",
            ));
        }
        let Some(shared) = self.shared(relay).filter(|_| self.rank == Rank::Member) else {
            return Ok(vec![error(
                ErrorCode::NotFound,
                "nothing here to compare with",
            )]);
        };
        self.healing = true;
        let workspace = reading(&shared);
        let (mut outputs, mut answers, mut bytes) = (Vec::new(), Vec::new(), 0);
        for theirs in heads {
            let ours = match workspace.heads(theirs.document) {
                None => DocumentHeads {
                    document: theirs.document,
                    access: 0,
                    heads: Vec::new(),
                },
                Some(_) if !workspace.sees(self.device, theirs.document) => continue,
                Some(heads) => DocumentHeads {
                    document: theirs.document,
                    access: workspace
                        .access(theirs.document)
                        .map_or(0, |access| access.head().version()),
                    heads: heads.to_vec(),
                },
            };
            if ours == *theirs {
                continue;
            }
            bytes += 32 + 34 * ours.heads.len();
            answers.push(ours);
            if bytes > HEADS_FRAME_BYTES {
                bytes = 0;
                outputs.push(send(&ServerFrame::Heads(std::mem::take(&mut answers))));
            }
        }
        outputs.push(send(&ServerFrame::Heads(answers)));
        Ok(outputs)
    }

    fn restore(&mut self, relay: &Relay, frame: ClientFrame) -> Outputs {
        let ClientFrame::Restore {
            head,
            items,
            proof,
            purges,
        } = frame
        else {
            return Ok(Vec::new());
        };
        if matches!(self.rank, Rank::Guest | Rank::Parting) {
            let problem = "the device may not restore";
            return Err(Fatal::new(ErrorCode::NotEnrolled, problem));
        }
        let purges = purges.unwrap_or_default();
        if items.len().max(purges.len()) > MAX_PUSH_ITEMS {
            let problem = "too many items in one frame";
            return Err(Fatal::new(ErrorCode::TooMuch, problem));
        }
        match relay.key().verify(head, self.workspace) {
            Ok(head) => {
                let ask = Ask::Restore {
                    head,
                    items,
                    proof,
                    purges,
                };
                Ok(vec![self.request(ask)])
            }
            Err(problem) => Err(Fatal::new(ErrorCode::BadProof, &problem.to_string())),
        }
    }

    pub(super) fn request(&self, ask: Ask) -> Output {
        let (workspace, device) = (self.workspace, self.device);
        Output::Submit(Box::new(Request {
            workspace,
            device,
            ask,
        }))
    }
}

fn refused(document: DocumentId, code: ErrorCode) -> Vec<Output> {
    vec![send(&ServerFrame::Kept {
        document,
        refused: Some(code),
    })]
}

pub(super) fn revoked() -> Output {
    let detail = "this device or its member lost access; what it wrote before may still be pushed";
    error(ErrorCode::Revoked, detail)
}
