//! The end of the week: everybody is in step, the invariants hold, and this is what it cost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use casework_engine::replica::Replica;
use casework_protocol::ids::{ChangeHash, DocumentId};

use super::Office;
use crate::once::assert_effects_once;
use crate::stage::Who;

/// What the week cost.
#[derive(Debug, Clone)]
pub struct Cost {
    /// How often what happened.
    pub counted: BTreeMap<&'static str, usize>,
    /// Cases there are.
    pub cases: usize,
    /// People there are.
    pub people: usize,
    /// Time spent in acting alone.
    pub acting: Duration,
    /// Time spent in syncing, both sides and the wire.
    pub syncing: Duration,
    /// Time spent in checking the invariants.
    pub checking: Duration,
    /// Bytes sent by the devices.
    pub bytes_up: u64,
    /// Bytes sent by the server.
    pub bytes_down: u64,
    /// Bytes of the founder's replica, which has every case.
    pub replica_bytes: u64,
    /// Bytes of all its cases saved one by one.
    pub saved_bytes: u64,
    /// Bytes of the changes of all its cases, raw.
    pub change_bytes: u64,
    /// How many changes those are.
    pub changes: u64,
    /// Entries in the server's log.
    pub log_entries: u64,
    /// Changes that wait for an adoption.
    pub held: usize,
    /// Most memory the whole play ever had, all devices and the server together; 0 where the
    /// system does not tell.
    pub peak_memory_bytes: u64,
}

impl Cost {
    /// Actions a second of acting time, on one core.
    #[must_use]
    pub fn actions_per_second(&self) -> f64 {
        self.acted() as f64 / self.acting.as_secs_f64().max(f64::EPSILON)
    }

    /// Bytes that one action cost on its way to the server.
    #[must_use]
    pub fn bytes_per_action(&self) -> f64 {
        self.bytes_up as f64 / (self.acted() as f64).max(1.0)
    }

    /// Actions that were done.
    #[must_use]
    pub fn acted(&self) -> usize {
        self.counted.get("acted").copied().unwrap_or_default()
    }
}

impl Office {
    /// Everybody comes back; then what must hold is looked at.
    pub(super) fn close(mut self) -> Cost {
        for _ in 0..2 {
            (0..self.people.len()).for_each(|n| self.sync(n));
        }
        let began = Instant::now();
        self.assert_nothing_waits();
        self.assert_converged();
        self.assert_nothing_lost();
        self.assert_effects_once();
        self.assert_no_right_exceeded();
        let checking = began.elapsed();
        let founder = self.people[0].who;
        let held = self
            .stage
            .replica(founder)
            .held()
            .expect("the store can be read");
        Cost {
            counted: self.counted(),
            cases: self.cases.iter().map(Vec::len).sum(),
            people: self.people.len(),
            acting: self.tally.acting,
            syncing: self.tally.syncing,
            checking,
            bytes_up: self.tally.bytes_up,
            bytes_down: self.tally.bytes_down,
            replica_bytes: self.stage.disk_bytes(founder),
            saved_bytes: self.tally.saved_bytes,
            change_bytes: self.tally.change_bytes,
            changes: self.tally.changes,
            log_entries: self.stage.log_size(),
            held: held.len(),
            peak_memory_bytes: peak_memory(),
        }
    }

    fn is_lost(&self, who: Who) -> bool {
        self.tally.lost.contains(&who)
    }

    fn assert_nothing_waits(&mut self) {
        let seed = self.stage.seed();
        for who in self.everybody() {
            let replica = self.stage.replica(who);
            let status = replica.status().expect("the store can be read");
            let aside = replica.quarantined().expect("the store can be read");
            assert!(aside.is_empty(), "seed {seed}: {who:?} set aside {aside:?}");
            if !self.is_lost(who) {
                assert_eq!(status.unsent, 0, "seed {seed}: {who:?} has unsent work");
                assert_eq!(
                    status.waiting, 0,
                    "seed {seed}: {who:?} waits for something"
                );
            }
        }
    }

    /// Whoever has a case sees the same as everybody else who has it.
    fn assert_converged(&mut self) {
        let (seed, everybody) = (self.stage.seed(), self.everybody());
        for case in self.cases.clone().into_iter().flatten() {
            let mut first = None;
            for who in everybody
                .iter()
                .filter(|who| !self.tally.lost.contains(who))
            {
                let replica = self.stage.replica(*who);
                let Ok(view) = replica.case(case) else {
                    continue;
                };
                let comments = replica.comments(case).expect("comments can be read");
                let seen = (view, format!("{comments:?}"));
                match &first {
                    None => first = Some(seen),
                    Some(known) => assert!(
                        *known == seen,
                        "seed {seed}: {who:?} sees another case {case} than the first: {}",
                        difference(known, &seen)
                    ),
                }
            }
        }
    }

    /// Every action that returned is in its case, or held, or in its author's drawer. A case that
    /// was restricted to people who have no device left is on the server alone.
    fn assert_nothing_lost(&mut self) {
        let (seed, everybody) = (self.stage.seed(), self.everybody());
        let founder = self.people[0].who;
        let mut changes: BTreeMap<DocumentId, Vec<(ChangeHash, Who)>> = BTreeMap::new();
        for (hash, (who, case)) in &self.done {
            changes.entry(*case).or_default().push((*hash, *who));
        }
        let mut drawers = BTreeMap::new();
        for who in &everybody {
            let drawn = self
                .stage
                .replica(*who)
                .drawer()
                .expect("the store can be read");
            let kept: Vec<ChangeHash> = drawn.into_iter().filter_map(|one| one.change).collect();
            drawers.insert(*who, kept);
        }
        for (case, changes) in changes {
            let first = hashes(self.stage.replica(founder), case);
            let there = |known: &Option<Vec<ChangeHash>>, hash: &ChangeHash| {
                let known = known.as_ref();
                known.is_some_and(|known| known.binary_search(hash).is_ok())
            };
            let missing: Vec<_> = changes
                .into_iter()
                .filter(|(hash, who)| !there(&first, hash) && !drawers[who].contains(hash))
                .collect();
            if missing.is_empty() {
                continue;
            }
            // The founder, who has most, does not have it: somebody else must.
            let others = everybody.iter();
            let others: Vec<_> = others
                .map(|who| hashes(self.stage.replica(*who), case))
                .collect();
            for (hash, who) in missing {
                let kept = others.iter().any(|known| there(known, &hash));
                assert!(
                    kept || self.stage.is_logged(case, hash),
                    "seed {seed}: {who:?} did {hash} on {case}, and it is nowhere"
                );
            }
        }
    }

    /// What a rule of a template does for one trigger is done once: whoever saw it done did not do
    /// it again, and what two did apart is the same thing.
    fn assert_effects_once(&mut self) {
        let (seed, founder) = (self.stage.seed(), self.people[0].who);
        for case in self.cases.clone().into_iter().flatten() {
            let Ok(bytes) = self.stage.replica(founder).export(case) else {
                continue;
            };
            self.tally.effects += assert_effects_once(seed, case, &bytes);
            let document = automerge::Automerge::load(&bytes).expect("an export can be read");
            self.tally.saved_bytes += bytes.len() as u64;
            for change in document.get_changes(&[]) {
                self.tally.change_bytes += change.raw_bytes().len() as u64;
                self.tally.changes += 1;
            }
        }
    }

    /// The founder, who has every case, and one device of each department judge every right of every
    /// change again, from the bytes on their disks. All others show the same cases.
    fn assert_no_right_exceeded(&mut self) {
        let seed = self.stage.seed();
        let first_of = |department| {
            let mut people = self.people.iter().skip(1);
            people.position(|person| person.department == department)
        };
        let mut checked: Vec<usize> = (0..super::DEPARTMENTS).filter_map(first_of).collect();
        checked.iter_mut().for_each(|n| *n += 1);
        checked.insert(0, 0);
        for n in checked {
            let who = self.people[n].who;
            let verified = self.stage.replica(who).verify(&mut |_, _| {});
            let found = verified.expect("the store can be read");
            assert!(found.holds(), "seed {seed}: {who:?}: {:?}", found.findings);
        }
    }
}

/// The first line in which two views differ.
fn difference<T: core::fmt::Debug>(one: &T, other: &T) -> String {
    let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
    let mut lines = one.lines().zip(other.lines());
    let differs = lines.find(|(one, other)| one != other);
    differs.map_or_else(
        || "one goes on".to_owned(),
        |(one, other)| format!("{} / {}", one.trim(), other.trim()),
    )
}

/// The changes of a case that a replica has, ascending.
fn hashes(replica: &mut Replica, case: DocumentId) -> Option<Vec<ChangeHash>> {
    let bytes = replica.export(case).ok()?;
    let document = automerge::Automerge::load(&bytes).expect("what is exported can be read");
    let metas = document.get_changes_meta(&[]);
    let mut known: Vec<ChangeHash> = metas
        .iter()
        .map(|meta| ChangeHash::new(meta.hash.0))
        .collect();
    known.sort_unstable();
    Some(known)
}

/// The high-water mark of this process, where the system tells it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
