//! A modified program in the hands of a member: it writes and signs, with that member's own key,
//! what the honest program refuses, and hands it to the server itself.
//!
//! The key, the document and the handshake are real; only the checks before writing are missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transaction};
use automerge::{ActorId as AutomergeActor, Author, Automerge, Change, ReadDoc};
use casework_engine::case::{
    Act, Asker, Checked, Past, RevisionMark, Stamp, change_hash, check_act, write,
};
use casework_engine::template::{Revision, Today};
use casework_protocol::actor::actor_id;
use casework_protocol::citation::Citation;
use casework_protocol::frame::handshake::prove;
use casework_protocol::frame::{
    Answer, Channel, ClientFrame, Hello, PushItem, ServerFrame, VERSION, decode,
};
use casework_protocol::ids::{ActorId, ChangeHash, DocumentId, MemberId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::seal::{SignedRun, sign_change};
use casework_sync_server::relay::{self, Output};
use jiff::Timestamp;
use jiff::tz::Offset;

use super::{Stage, Who, package};

/// Nobody in particular.
const NOBODY: MemberId = MemberId::new([0; 16]);

/// The modified program, at one case.
pub struct Forger {
    key: Arc<SecretKey>,
    workspace: WorkspaceId,
    document: DocumentId,
    /// The case as the forger has it.
    pub automerge: Automerge,
    revision: Revision,
    /// What its changes claim.
    pub stamp: Stamp,
    /// Who it says it is.
    pub says: MemberId,
    /// Who it says holds every seat.
    pub holders: BTreeSet<MemberId>,
    /// Whether it takes everything in the case for its own.
    pub owns: bool,
    made: Vec<Vec<u8>>,
    tip: ChangeHash,
}

impl Stage {
    /// A forger with the key and the present copy of somebody.
    ///
    /// # Panics
    /// When the case is not on that device or not on the server.
    pub fn forger(&mut self, who: Who, case: DocumentId) -> Forger {
        let moment = self.moment();
        let bytes = self.replica(who).export(case).expect("the case is here");
        let automerge = Automerge::load(&bytes).expect("an export can be loaded");
        let revision = package().publish().expect("the stage's template is valid");
        let stamp = Stamp {
            citation: self.citation(case),
            revision: Some(RevisionMark::of(&revision.id())),
            time_ms: moment.now_ms.cast_signed(),
            zone_min: 0,
        };
        let mut forger = Forger {
            key: self.actors[who.0].key.clone(),
            workspace: self.actors[who.0].replica.workspace(),
            document: case,
            automerge,
            revision,
            stamp,
            says: NOBODY,
            holders: [NOBODY].into(),
            owns: true,
            made: Vec::new(),
            tip: ChangeHash::new([0; 32]),
        };
        forger.begin(moment.actor_nonce(case));
        forger
    }

    /// What a change of this case cites whose author knows everything that the server knows.
    ///
    /// # Panics
    /// When the case is not on the server.
    #[must_use]
    pub fn citation(&self, case: DocumentId) -> Citation {
        let workspace = self.actors[0].replica.workspace();
        let shared = self.relay.workspace(workspace).expect("it is there");
        let known = shared.read().expect("nobody panicked over it");
        let access = known.access(case).expect("the case is on the server");
        Citation {
            roster: known.roster().cite(),
            access: access.cite(),
        }
    }

    /// Hands something to the server as a device of its own making: the handshake is real, what
    /// is pushed is anything. Nothing else of the device is touched.
    ///
    /// # Panics
    /// When the server ends the connection instead of answering.
    pub fn hand_in(&mut self, who: Who, items: Vec<PushItem>) -> Vec<Answer> {
        let frames = self.speak(who, vec![ClientFrame::Push { number: 7, items }]);
        let answers = frames.into_iter().find_map(|frame| match frame {
            ServerFrame::Answers { number: 7, answers } => Some(answers),
            _ => None,
        });
        answers.expect("the server answers a push")
    }

    /// Says something to the server under somebody's key; what the server says to that.
    ///
    /// # Panics
    /// When the server says what is no frame.
    pub fn speak(&mut self, who: Who, frames: Vec<ClientFrame>) -> Vec<ServerFrame> {
        let relay = self.relay_of(who);
        let hello = Hello {
            version: VERSION,
            workspace: self.actors[who.0].replica.workspace(),
            nonce: self.instant().nonce("forger"),
        };
        let key = self.actors[who.0].key.clone();
        let mut session = relay::Session::new(self.instant().nonce("forged for"));
        let now = self.now_ms();
        let mut say = |frame| {
            let outputs = session.handle(&relay, now, frame);
            heard(&relay, &mut session, (now, outputs))
        };
        let greeted = say(ClientFrame::Hello(hello.clone()));
        let Some(ServerFrame::Welcome(welcome)) = greeted.into_iter().next() else {
            panic!("the server greets");
        };
        let proof = prove(&hello, Channel::Plain, &welcome, key.as_ref(), None);
        let mut told = say(ClientFrame::Prove(proof));
        for frame in frames {
            told.extend(say(frame));
        }
        told
    }
}

fn heard(
    relay: &relay::Relay,
    session: &mut relay::Session,
    (now, outputs): (u64, Vec<Output>),
) -> Vec<ServerFrame> {
    let mut outputs = std::collections::VecDeque::from(outputs);
    let mut frames = Vec::new();
    while let Some(output) = outputs.pop_front() {
        match output {
            Output::Send(message) => frames.push(decode(&message).expect("the server speaks")),
            Output::Submit(request) => {
                let reply = relay.serve(now, *request).expect("the log takes it");
                outputs.extend(session.replied(relay, reply));
            }
            Output::Close(_) => break,
        }
    }
    frames
}

impl Forger {
    fn begin(&mut self, nonce: [u8; 8]) {
        let actor = actor_id(self.workspace, self.document, self.key.device(), nonce);
        self.write_under(actor);
    }

    /// Goes on under another actor, whoever it belongs to.
    pub fn write_under(&mut self, actor: ActorId) {
        let author = Author::from(self.key.device().as_bytes().as_slice()).into_owned();
        // In this order: setting an author replaces the actor.
        self.automerge.set_author(Some(author));
        self.automerge
            .set_actor(AutomergeActor::from(actor.as_bytes().as_slice()));
    }

    /// The actor it writes under.
    ///
    /// # Panics
    /// Never: it was set by [`Forger::write_under`].
    #[must_use]
    pub fn actor(&self) -> ActorId {
        ActorId::from_slice(self.automerge.get_actor().to_bytes()).expect("an actor of ours")
    }

    /// Writes an act that the program would have refused for want of rights or authorship.
    ///
    /// # Panics
    /// When the act makes no sense at all in this case.
    pub fn act(&mut self, act: Act) -> ChangeHash {
        let checked = self.check(act);
        let hash = write(&mut self.automerge, &checked, &self.stamp).expect("it can be written");
        self.made(change_hash(&hash))
    }

    fn check(&self, act: Act) -> Checked {
        let now = Timestamp::from_millisecond(self.stamp.time_ms).expect("a time of our days");
        let asker = Asker {
            today: Today::at(now, Offset::UTC),
            me: self.says,
            knows: &|_| true,
            is_me: &|_| self.owns,
            roles: &BTreeSet::new(),
            holders: &|_| self.holders.clone(),
        };
        check_act(&Past::now(&self.automerge), &self.revision, act, &asker).expect("it makes sense")
    }

    /// Writes operations of its own choice under a message of its own choice.
    ///
    /// # Panics
    /// When the document library refuses the operations.
    pub fn raw(&mut self, message: String, write: impl FnOnce(&mut Transaction<'_>)) -> ChangeHash {
        let options = CommitOptions::default()
            .with_message(message)
            .with_time(self.stamp.time_ms);
        let done = self.automerge.transact_with(
            |()| options,
            |tx| {
                write(tx);
                Ok::<_, automerge::AutomergeError>(())
            },
        );
        let hash = done.expect("the operations are possible").hash;
        self.made(change_hash(&hash.expect("something was written")))
    }

    fn made(&mut self, hash: ChangeHash) -> ChangeHash {
        self.made.push(self.change(hash).raw_bytes().to_vec());
        self.tip = hash;
        hash
    }

    /// One of its changes, or of those it had.
    ///
    /// # Panics
    /// When it has none of that hash.
    #[must_use]
    pub fn change(&self, hash: ChangeHash) -> Change {
        let hash = automerge::ChangeHash(*hash.as_bytes());
        let found = self.automerge.get_change_by_hash(&hash);
        found.expect("the forger has the change")
    }

    /// What was made since the last run, signed.
    pub fn run(&mut self) -> SignedRun {
        let changes = core::mem::take(&mut self.made);
        self.seal(changes, self.tip)
    }

    /// Any bytes as a run, with its signature over any hash.
    #[must_use]
    pub fn seal(&self, changes: Vec<Vec<u8>>, tip: ChangeHash) -> SignedRun {
        let signature = sign_change(self.key.as_ref(), self.workspace, self.document, tip);
        SignedRun::from_parts(self.document, self.key.device(), changes, signature)
    }
}
