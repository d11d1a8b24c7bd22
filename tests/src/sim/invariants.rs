//! What must hold after every step of a history, whatever happened in it.
//!
//! * acknowledged ⇒ durable: the log is never shorter than the server said, and a server that starts
//!   on what the disk holds this moment has all of it;
//! * log order equal everywhere: every head that a device trusts is a beginning of the server's log;
//! * no right exceeded: whatever stands free in the log is of a device that was active and whose member
//!   saw the case at every moment from what it had seen to its arrival, looked up one position after
//!   the other;
//! * memory bounded: what sessions and the relay keep is counted and stays under their bounds.
//!
//! What holds only when everybody is in step is checked at the end of each history.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::sync::Holdings as _;
use casework_protocol::access::views;
use casework_protocol::citation::Citation;
use casework_protocol::frame::{Logged, Standing, decode};
use casework_protocol::gate::CheckedChange;
use casework_protocol::ids::{ChangeHash, EpochId};
use casework_protocol::limits::{DEFAULT_CREDIT_BYTES, MAX_FRAME_BYTES};
use casework_protocol::seal::CheckedRun;

use casework_sync_server::relay::Workspace;

use crate::stage::{Stage, Who};

/// A device keeps half a megabyte of pushes on their way, one that is being filled, and as much of
/// items for its next transaction; a bundle of these cases fits beside them.
const MAX_DEVICE_BYTES: usize = 4 * 1024 * 1024;
/// Jobs, fetches, pushes and stretches of one session on the relay, each of which has its bound.
const MAX_SESSION_NOTES: usize = 2_000;
/// Recent commits of a workspace, and its presence.
const MAX_RELAY_BYTES: usize = 2 * 1024 * 1024 + MAX_FRAME_BYTES;
/// What may be on its way to a device: its credit, and the message that overdraws it.
const MAX_QUEUED_BYTES: usize = DEFAULT_CREDIT_BYTES as usize + 2 * MAX_FRAME_BYTES;
/// One in so many steps the disk is read as if the power failed now.
const DISK_EVERY: u64 = 8;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Invariants {
    steps: u64,
    /// The head of each device that was compared with the log.
    compared: BTreeMap<Who, (EpochId, u64)>,
    /// Changes before this position were judged.
    judged: u64,
}

impl Invariants {
    /// Checks everything that must hold now.
    ///
    /// # Panics
    /// When it does not; the message names the seed.
    pub(super) fn check(&mut self, stage: &mut Stage) {
        self.steps += 1;
        let (seed, size, told) = (stage.seed(), stage.log_size(), stage.acknowledged);
        assert!(
            size >= told,
            "seed {seed}: {told} acknowledged, {size} are there"
        );
        if self.steps % DISK_EVERY == seed % DISK_EVERY
            && let Some(durable) = stage.durable_size()
        {
            assert!(
                durable >= told,
                "seed {seed}: {told} acknowledged, {durable} on the disk"
            );
        }
        self.check_order(stage);
        self.check_rights(stage);
        check_memory(stage);
    }

    /// Nothing stands free in the log that its author could not make.
    fn check_rights(&mut self, stage: &Stage) {
        let (seed, id) = (stage.seed(), stage.workspace());
        let records = stage.server_log().read(id, self.judged, usize::MAX);
        let shared = stage.relay().workspace(id);
        let shared = shared.expect("the workspace is on the server");
        let log = shared.read().expect("nobody panicked over it");
        for record in records.expect("the log can be read") {
            self.judged = self.judged.max(record.end());
            let Ok(Logged::Run(logged)) = decode(&record.item) else {
                continue;
            };
            if logged.standing != Standing::Admitted {
                continue;
            }
            let run = logged.run.check(id).map(CheckedRun::verify);
            let run = run.expect("the log takes what the gate takes");
            let run = run.expect("the log takes what is signed");
            let device = run.origin().device;
            for (change, arrival) in run.changes().iter().zip(logged.seq..) {
                let sees = saw_throughout(&log, change, arrival);
                let hash = change.header().hash;
                assert!(
                    sees,
                    "seed {seed}: {hash} of {device} at {arrival} exceeds its rights"
                );
            }
        }
    }

    /// No device trusts a head that is not a beginning of the one log.
    fn check_order(&mut self, stage: &Stage) {
        let seed = stage.seed();
        let server = stage.relay().server();
        let shared = stage.relay().workspace(stage.workspace());
        let shared = shared.expect("the workspace is on the server");
        let log = shared.read().expect("nobody panicked over it");
        for (n, actor) in stage.actors.iter().enumerate() {
            let Some(head) = actor.replica.head() else {
                continue;
            };
            let head = head.verify(server, stage.workspace());
            let head = *head.expect("it was verified when it came").head();
            let place = (head.epoch, head.size);
            if self.compared.insert(Who(n), place) == Some(place) {
                continue;
            }
            let name = &actor.name;
            assert_eq!(head.epoch, log.epoch(), "seed {seed}: {name}");
            assert!(
                head.size <= log.size(),
                "seed {seed}: {name} trusts more than there is"
            );
            let root = log.root_at(head.size).expect("the log can be read");
            assert_eq!(head.root, root, "seed {seed}: {name} trusts another log");
        }
    }

    /// Everything that anybody did and was told is done is in the log or in its author's drawer.
    ///
    /// # Panics
    /// When it is not; the message names the seed.
    pub(super) fn check_nothing_lost(&self, stage: &mut Stage, given_up: &BTreeSet<ChangeHash>) {
        let seed = stage.seed();
        for n in 0..stage.actors.len() {
            let who = Who(n);
            let missing = stage.unlogged_deeds(who);
            let drawn = stage.replica(who).drawer();
            let drawn = drawn.expect("the store can be read");
            let drawn: BTreeSet<ChangeHash> = drawn.iter().filter_map(|one| one.change).collect();
            let lost: Vec<ChangeHash> = missing
                .into_iter()
                .filter(|change| !drawn.contains(change) && !given_up.contains(change))
                .collect();
            assert!(lost.is_empty(), "seed {seed}: {who:?} lost {lost:?}");
        }
    }
}

/// Whether the author of a change saw its case from what they cite on, at every position of the log
/// up to where it arrived.
fn saw_throughout(log: &Workspace, change: &CheckedChange, arrival: u64) -> bool {
    let origin = change.origin();
    let cited = Citation::read(&change.header().message).expect("the gate reads it too");
    let Some(access) = log.access(origin.document) else {
        return false;
    };
    let roster = log.roster().entry(cited.roster.version);
    let since = roster.map(|(_, received)| received.seq);
    let record = access.received(cited.access.version);
    let Some((since, record)) = since.zip(record.map(|received| received.seq)) else {
        return false;
    };
    (since.max(record) + 1..=arrival).all(|at| {
        let (roster, access) = (log.roster().in_force(at), access.in_force(at));
        let member = roster.member_of(origin.device);
        member.is_some_and(|member| views(roster, access, member))
    })
}

fn check_memory(stage: &Stage) {
    let seed = stage.seed();
    for actor in &stage.actors {
        let Some(link) = &actor.link else { continue };
        let name = &actor.name;
        let held = link.client.held_bytes();
        assert!(
            held <= MAX_DEVICE_BYTES,
            "seed {seed}: {name} keeps {held} bytes"
        );
        let notes = link.server.held_notes();
        assert!(
            notes <= MAX_SESSION_NOTES,
            "seed {seed}: {notes} notes for {name}"
        );
        let queued: usize = link.to_client.iter().map(Vec::len).sum();
        assert!(
            queued <= MAX_QUEUED_BYTES,
            "seed {seed}: {queued} bytes for {name}"
        );
    }
    let held = stage.relay().held_bytes();
    assert!(
        held <= MAX_RELAY_BYTES,
        "seed {seed}: the relay keeps {held} bytes"
    );
}
