//! The wire: messages in order while a connection stands, all of them lost when it breaks.
//!
//! That is what a WebSocket gives. Acknowledgements get lost with everything else, so a device
//! never knows whether the server took what it sent last.

use std::collections::VecDeque;

use casework_engine::replica::ReplicaFault;
use casework_engine::sync::{Session, SyncFault};
use casework_protocol::frame::{Answer, ClientFrame, decode, encode};
use casework_sync_server::relay::{self, Output, Reply};
use rand::Rng;

use super::tamper::{Passing, Tamper, pass, pass_down};
use super::{Stage, Who};

/// One connection.
pub(crate) struct Link {
    pub(crate) client: Session,
    pub(crate) server: relay::Session,
    to_server: VecDeque<Vec<u8>>,
    pub(crate) to_client: VecDeque<Vec<u8>>,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
}

/// What came of what the server's session wanted done.
enum Taken {
    /// The connection stays; so many entries of the log were said to be durable.
    Open { acknowledged: u64 },
    /// It ends.
    Closed,
    /// The server's disk took nothing.
    Failed,
}

/// The size that the log has at least, for an answer to be true.
fn last_place(answer: &Answer) -> Option<u64> {
    match answer {
        Answer::Placed(places) => places.iter().map(|place| place.seq + 1).max(),
        Answer::Missing(_) | Answer::Refused(..) | Answer::Stale(_) | Answer::Skipped => None,
    }
}

/// How a word of a server about presence begins.
const PRESENCE: [u8; 2] = [0x82, 14];
/// How many deliveries a settling may take before it counts as endless.
const SETTLING_STEPS: usize = 200_000;
/// How often one device may connect anew while the stage settles.
const SETTLING_SESSIONS: u64 = 40;

impl Stage {
    /// Cuts somebody's wire; what is on its way is lost.
    pub fn cut(&mut self, who: Who) {
        let actor = &mut self.actors[who.0];
        actor.link = None;
        actor.is_cut = true;
    }

    /// Cuts everybody's wire, for a moment.
    pub fn cut_all(&mut self) {
        for actor in &mut self.actors {
            actor.link = None;
        }
    }

    /// Mends every wire.
    pub fn heal(&mut self) {
        for actor in &mut self.actors {
            actor.is_cut = false;
        }
    }

    /// Breaks somebody's connection; it may connect again at once.
    pub fn break_link(&mut self, who: Who) {
        self.actors[who.0].link = None;
    }

    /// Mends the wire of one device only.
    pub fn heal_one(&mut self, who: Who) {
        self.actors[who.0].is_cut = false;
    }

    /// Bytes that went over somebody's present connection, up and down.
    #[must_use]
    pub fn traffic(&self, who: Who) -> (u64, u64) {
        self.actors[who.0]
            .link
            .as_ref()
            .map_or((0, 0), |link| (link.bytes_up, link.bytes_down))
    }

    /// Why somebody's last session ended.
    #[must_use]
    pub fn last_fault(&self, who: Who) -> Option<&SyncFault<ReplicaFault>> {
        self.actors[who.0].last_fault.as_ref()
    }

    /// Why somebody's last session ended; forgotten then.
    pub fn take_fault(&mut self, who: Who) -> Option<SyncFault<ReplicaFault>> {
        self.actors[who.0].last_fault.take()
    }

    /// The program of somebody ends in the middle and starts again on what its disk has.
    pub fn crash(&mut self, who: Who) {
        let torn = {
            let unsynced = self.actors[who.0].disk.unsynced();
            if unsynced == 0 {
                0
            } else {
                self.rng.next_u64() as usize % (unsynced + 1)
            }
        };
        self.note_event(b"crash", who, &[]);
        let disk = self.actors[who.0].disk.crash(torn);
        self.actors[who.0].restart_on(disk);
    }

    /// Somebody's disk takes nothing any more from the n-th sync on.
    pub fn freeze(&mut self, who: Who, syncs: u64) {
        self.actors[who.0].disk.freeze_after(syncs);
    }

    /// Somebody's device goes back to a backup of its disk.
    pub fn restore_device(&mut self, who: Who, backup: &crate::disk::Disk) {
        self.actors[who.0].restart_on(backup.backup());
    }

    /// A backup of somebody's disk.
    #[must_use]
    pub fn back_up_device(&self, who: Who) -> crate::disk::Disk {
        self.actors[who.0].disk.backup()
    }

    /// Connects whoever can be connected and is not.
    pub fn connect(&mut self) {
        for n in 0..self.actors.len() {
            let actor = &self.actors[n];
            let waits = actor.is_cut || self.now_ms() < actor.retry_at_ms;
            if actor.link.is_none() && !waits {
                self.connect_one(Who(n));
            }
        }
    }

    fn connect_one(&mut self, who: Who) {
        let nonce = self.instant().nonce("hello");
        let server = relay::Session::new(self.instant().nonce("welcome"));
        let actor = &mut self.actors[who.0];
        actor.sessions += 1;
        let (client, hello) = Session::open(&actor.replica, nonce);
        let mut link = Link {
            client,
            server,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            bytes_up: 0,
            bytes_down: 0,
        };
        link.send_up(vec![hello], &mut actor.tamper);
        actor.link = Some(link);
    }

    /// Delivers one message somewhere, if there is one; which one, the dice of the play decide.
    /// Answers whether anything happened.
    pub fn deliver_one(&mut self) -> bool {
        let count = self.actors.len();
        let first = self.rng.next_u64() as usize % count.max(1);
        (0..count).any(|n| self.deliver(Who((first + n) % count)))
    }

    fn deliver(&mut self, who: Who) -> bool {
        let up_first = self.rng.next_u64().is_multiple_of(2);
        let moved = match up_first {
            true => self.deliver_up(who) || self.deliver_down(who),
            false => self.deliver_down(who) || self.deliver_up(who),
        };
        moved || self.work(who)
    }

    fn deliver_up(&mut self, who: Who) -> bool {
        let (relay, now) = (self.relay_of(who), self.now_ms());
        let actor = &mut self.actors[who.0];
        let Some(link) = actor.link.as_mut() else {
            return false;
        };
        let Some(message) = link.to_server.pop_front() else {
            return false;
        };
        let frame: ClientFrame = decode(&message).expect("our own frames can be read");
        let of_presence = matches!(frame, ClientFrame::Presence { .. });
        let outputs = link.server.handle(&relay, now, frame);
        let asks = outputs.iter().any(|o| matches!(o, Output::Submit(_)));
        assert!(!of_presence || !asks, "presence asks nothing of the log");
        let taken = link.take_outputs((&relay, now), outputs, &mut actor.tamper);
        self.follow_up(who, taken);
        self.note_event(b"up", who, &message);
        true
    }

    /// A server whose disk fails ends, and starts again on another one.
    fn follow_up(&mut self, who: Who, taken: Taken) {
        let actor = &mut self.actors[who.0];
        match taken {
            Taken::Open { acknowledged } => self.acknowledged = self.acknowledged.max(acknowledged),
            Taken::Closed => {
                if actor.link.as_ref().is_some_and(|l| l.to_client.is_empty()) {
                    actor.link = None;
                }
            }
            Taken::Failed => self.crash_server(),
        }
    }

    fn deliver_down(&mut self, who: Who) -> bool {
        let now = self.now_ms();
        let actor = &mut self.actors[who.0];
        let Some(link) = actor.link.as_mut() else {
            return false;
        };
        let Some(message) = link.to_client.pop_front() else {
            return false;
        };
        link.bytes_down += message.len() as u64;
        let syncs = actor.disk.syncs();
        match link.client.receive(&mut actor.replica, &message, now) {
            Ok(frames) => link.send_up(frames, &mut actor.tamper),
            Err(fault) => actor.end_session(fault, now),
        }
        let wrote = actor.disk.syncs() > syncs;
        let of_presence = message.starts_with(&PRESENCE);
        assert!(!of_presence || !wrote, "presence is written nowhere");
        self.note_event(b"down", who, &message);
        true
    }

    /// Local work that became due: redeeming an invite, pushing, following the log, time.
    fn work(&mut self, who: Who) -> bool {
        let moment = self.instant();
        let relay = self.relay_of(who);
        let actor = &mut self.actors[who.0];
        let Some(link) = actor.link.as_mut() else {
            return false;
        };
        if actor.invite.is_some()
            && actor.replica.member().is_none()
            && actor.replica.roster().is_ok()
        {
            // An invite that no longer holds leaves the device outside; tests look at that.
            if let Err(fault) = actor.replica.redeem(&actor.name, "device", &moment) {
                actor.last_fault = Some(SyncFault::Holdings(fault));
            }
        }
        relay.ring(moment.now_ms);
        link.client.announce(actor.announcement.clone());
        let mut frames = Vec::new();
        let pumped = link.client.pump(&mut actor.replica, moment.now_ms);
        let ticked = pumped.and_then(|more| {
            frames.extend(more);
            link.client.tick(&mut actor.replica, moment.now_ms)
        });
        match ticked {
            Ok(more) => frames.extend(more),
            Err(fault) => {
                actor.end_session(fault, moment.now_ms);
                return true;
            }
        }
        let busy = !frames.is_empty();
        link.send_up(frames, &mut actor.tamper);
        let output = link.server.poll(&relay).expect("the log can be read");
        if let Some(output) = output.or_else(|| link.server.tell(&relay)) {
            let at = (&*relay, moment.now_ms);
            let taken = link.take_outputs(at, vec![output], &mut actor.tamper);
            self.follow_up(who, taken);
            return true;
        }
        busy
    }

    /// One device connects, says and hears everything, and goes again; the others are not asked.
    /// Answers the bytes that went up and down.
    ///
    /// # Panics
    /// When it does not come to rest; names the seed.
    pub fn sync_one(&mut self, who: Who) -> (u64, u64) {
        self.heal_one(who);
        self.actors[who.0].sessions = 0;
        let (mut up, mut down) = (0, 0);
        for _ in 0..SETTLING_STEPS {
            let actor = &self.actors[who.0];
            if actor.is_cut {
                return (up, down);
            }
            if actor.link.is_none() {
                let (at, sessions) = (actor.retry_at_ms, actor.sessions);
                assert!(
                    sessions <= SETTLING_SESSIONS,
                    "seed {}: again and again",
                    self.seed()
                );
                self.wait_until(at);
                self.connect_one(who);
            }
            let before = self.traffic(who);
            let moved = self.deliver(who);
            let after = self.traffic(who);
            up += after.0.saturating_sub(before.0);
            down += after.1.saturating_sub(before.1);
            let link = self.actors[who.0].link.as_ref();
            let rests = link.is_some_and(|link| link.client.is_idle() || link.client.gave_up());
            if !moved && rests {
                self.cut(who);
                return (up, down);
            }
            if let (false, Some(next)) = (moved, link.and_then(|link| link.client.wake_at_ms())) {
                self.wait_until(next);
            }
        }
        panic!("seed {}: {who:?} does not come to rest", self.seed());
    }

    /// Lets everything happen until nothing is left to do.
    ///
    /// # Panics
    /// When the play does not come to rest; names the seed.
    pub fn settle(&mut self) {
        for actor in &mut self.actors {
            actor.sessions = 0;
        }
        for _ in 0..SETTLING_STEPS {
            self.connect();
            if !self.deliver_one() {
                if self.is_at_rest() {
                    return;
                }
                self.wait_for_the_next();
            }
            if let Some(actor) = self.actors.iter().find(|a| a.sessions > SETTLING_SESSIONS) {
                let (seed, name) = (self.seed(), &actor.name);
                panic!(
                    "seed {seed}: {name} connects again and again: {:?}",
                    actor.last_fault
                );
            }
        }
        panic!(
            "seed {}: the stage does not come to rest: {}",
            self.seed(),
            self.describe()
        );
    }

    /// Nothing is on its way: time passes until somebody has something to do.
    fn wait_for_the_next(&mut self) {
        let wakes = self
            .actors
            .iter()
            .filter_map(|actor| actor.link.as_ref()?.client.wake_at_ms());
        let retries = self
            .actors
            .iter()
            .filter(|actor| actor.link.is_none() && !actor.is_cut)
            .map(|actor| actor.retry_at_ms);
        if let Some(next) = wakes.chain(retries).min() {
            self.wait_until(next);
        }
    }

    /// Whether nobody has anything left to do but wait.
    fn is_at_rest(&self) -> bool {
        self.actors.iter().all(|actor| {
            actor.link.as_ref().is_none_or(|link| {
                link.to_client.is_empty()
                    && link.to_server.is_empty()
                    && (link.client.is_idle() || link.client.gave_up())
            }) && (actor.link.is_some() || actor.is_cut)
        })
    }

    fn describe(&self) -> String {
        let tell = |link: &Link| format!("{:?}", link.client.progress());
        self.actors
            .iter()
            .map(|actor| {
                let link = actor.link.as_ref().map_or("no link".to_owned(), tell);
                format!(
                    "{}: {link}, last fault {:?}; ",
                    actor.name, actor.last_fault
                )
            })
            .collect()
    }
}

impl Link {
    fn send_up(&mut self, frames: Vec<ClientFrame>, tamper: &mut Option<Tamper>) {
        for frame in frames {
            let (up, down) = pass(tamper, Passing::Up(frame));
            self.post(up, down);
        }
    }

    fn post(&mut self, up: Vec<ClientFrame>, down: Vec<Vec<u8>>) {
        for frame in up {
            let message = encode(&frame);
            self.bytes_up += message.len() as u64;
            self.to_server.push_back(message);
        }
        self.to_client.extend(down);
    }

    /// Does what the server's session wants done.
    fn take_outputs(
        &mut self,
        (relay, now_ms): (&relay::Relay, u64),
        outputs: Vec<Output>,
        tamper: &mut Option<Tamper>,
    ) -> Taken {
        let mut acknowledged = 0;
        let mut outputs = VecDeque::from(outputs);
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Send(message) => {
                    let (up, down) = pass_down(tamper, &message);
                    self.post(up, down);
                }
                Output::Submit(request) => {
                    let Ok(reply) = relay.serve(now_ms, *request) else {
                        return Taken::Failed;
                    };
                    if let Reply::Answers { answers, .. } = &reply {
                        let places = answers.iter().filter_map(last_place).max();
                        acknowledged = acknowledged.max(places.unwrap_or_default());
                    }
                    outputs.extend(self.server.replied(relay, reply));
                }
                Output::Close(_) => return Taken::Closed,
            }
        }
        Taken::Open { acknowledged }
    }
}
