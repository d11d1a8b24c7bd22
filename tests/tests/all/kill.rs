//! The server process is killed with `kill -9` under load, again and again: everything that it
//! acknowledged is there, at the place it was acknowledged for, and everybody converges.
//!
//! Several devices write all the time through the SDK. The kill comes after a drawn number of
//! acknowledgements, in the middle of whatever is on its way then.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use casework::case::CaseAction;
use casework::ids::{ChangeHash, DocumentId};
use casework::{
    Error, Founding, InviteFor, NewCaseRequest, Newcomer, Observer, SyncState, Watch, Workspace,
};
use casework_tests::process::Premises;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// How often the server is killed.
const KILLS: u64 = 6;
/// Devices that write.
const WRITERS: [&str; 4] = ["Ana", "Rui", "Carl", "Dora"];
/// Cases that all of them write to.
const CASES: usize = 3;
/// How many changes a device may be ahead of the server's acknowledgements.
const AHEAD: u64 = 24;
/// Longest that acknowledgements may stay away; the test fails then, it never waits for it.
const PATIENCE: Duration = Duration::from_secs(120);
/// A timeline to its end.
const WHOLE: usize = 1_000_000;
/// The same seed draws the same actions and the same moments to kill at.
const SEED: u64 = 41;

/// Where in the log a change was acknowledged to be: position and time.
type Places = BTreeMap<ChangeHash, (u64, i64)>;

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_under_load() {
    let mut premises = Premises::new();
    let writers = writers(&premises);
    let cases: Vec<DocumentId> = (0..CASES)
        .map(|n| open(&writers[0].workspace, &format!("Case {n}")))
        .collect();
    settle(&writers);
    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    let over = AtomicBool::new(false);
    let (mut promised, mut epoch) = (Places::new(), None);

    thread::scope(|scope| {
        for (n, writer) in writers.iter().enumerate() {
            let (cases, over) = (&cases, &over);
            scope.spawn(move || writer.write(n as u64, cases, over));
        }
        for kill in 0..KILLS {
            let more = dice.random_range(10..60);
            let counts: Vec<u64> = writers.iter().map(|writer| writer.acks.count()).collect();
            // In turn, so that every device is in the middle of something at some kill.
            let n = kill as usize % writers.len();
            writers[n].acks.wait_until(counts[n] + more, "acknowledged");
            premises.server.kill();
            let acknowledged = acknowledged(&writers, &cases);
            let held = premises.server.inspect()["workspaces"][0].clone();
            assert_kept(&held, &acknowledged, &promised);
            assert_eq!(*epoch.get_or_insert(held["epoch"].clone()), held["epoch"]);
            promised = acknowledged;
            premises.server.start_again();
            writers.iter().for_each(Writer::hurry);
        }
        over.store(true, Ordering::Release);
        writers.iter().for_each(|writer| writer.acks.ring());
    });
    let writers: Vec<Writer> = writers.into_iter().map(Writer::rest).collect();
    settle(&writers);

    let fresh = join(&premises, &writers[0].workspace, "Eve");
    assert_all_there(&writers, &fresh, (&cases, &promised));
}

/// What the server's folder holds right after a kill, before any device could give it anything
/// back: at least everything that was acknowledged, and no sign of a loss.
fn assert_kept(held: &Value, acknowledged: &Places, before: &Places) {
    let newest = acknowledged.values().map(|(seq, _)| *seq).max().unwrap();
    let entries = held["entries"].as_u64().unwrap();
    assert!(
        entries > newest,
        "seed {SEED}: position {newest} was acknowledged, {entries} entries are there"
    );
    assert_eq!(held["recovering"], false, "seed {SEED}: {held}");
    for (change, place) in before {
        assert_eq!(acknowledged.get(change), Some(place), "{change}");
    }
    assert!(acknowledged.len() > before.len(), "there was load");
}

/// A device that has everything from the server has what was acknowledged, where it was
/// acknowledged to be; and everybody sees the same.
fn assert_all_there(
    writers: &[Writer],
    fresh: &Workspace,
    (cases, promised): (&[DocumentId], &Places),
) {
    let there = places(fresh, cases);
    for (change, place) in promised {
        assert_eq!(
            there.get(change),
            Some(place),
            "seed {SEED}: {change} was acknowledged"
        );
    }
    let written: u64 = writers.iter().map(|writer| writer.acks.written()).sum();
    assert!(
        there.len() as u64 >= written,
        "{} of {written}",
        there.len()
    );
    for writer in writers {
        assert_eq!(writer.workspace.status().unwrap().unsent, 0);
        assert_eq!(places(&writer.workspace, cases), there, "{}", writer.name);
        assert_same(&writer.workspace, fresh, cases);
    }
    for workspace in writers
        .iter()
        .map(|writer| &writer.workspace)
        .chain([fresh])
    {
        let found = workspace.verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "seed {SEED}: {found:?}");
        assert_eq!(workspace.status().unwrap().drawer, 0);
    }
}

/// A device that writes, and stays in step meanwhile.
struct Writer {
    name: &'static str,
    workspace: Workspace,
    acks: Arc<Acks>,
    watch: Option<Watch>,
}

impl Writer {
    fn new(name: &'static str, workspace: Workspace) -> Self {
        let acks = Arc::new(Acks::default());
        let watch = Some(workspace.watch(acks.clone()).unwrap());
        Self {
            name,
            workspace,
            acks,
            watch,
        }
    }

    /// Connects now instead of after the wait that follows a failure.
    fn hurry(&self) {
        self.watch.iter().for_each(Watch::hurry);
    }

    /// Writes until it is over, some changes ahead of the server and never more.
    fn write(&self, n: u64, cases: &[DocumentId], over: &AtomicBool) {
        let mut dice = ChaCha8Rng::seed_from_u64(SEED + 1 + n);
        let mut turn = 0_u64;
        while !over.load(Ordering::Acquire) {
            turn += 1;
            let case = cases[dice.random_range(0..cases.len())];
            let words = format!("{} {turn}", self.name);
            let wrote = match dice.random_range(0..4) {
                0 => {
                    let amount = format!("{turn}.{n}0 EUR");
                    self.set(case, "amount", &amount)
                }
                1 => self.set(case, "summary", &words),
                2 => {
                    let stages = ["intake", "review", "awaiting-customer"];
                    let to = stages[dice.random_range(0..stages.len())].to_owned();
                    let moved = self
                        .workspace
                        .act(case, CaseAction::Move { to }, None, false);
                    // A move to where it stands has no effect and is refused: that is no fault.
                    if moved.is_err() {
                        continue;
                    }
                    Ok(())
                }
                _ => self.workspace.comment(case, &words, false).map(drop),
            };
            wrote.unwrap_or_else(|error| panic!("{words}: {error}"));
            self.acks.wrote(over);
        }
    }

    fn set(&self, case: DocumentId, field: &str, words: &str) -> Result<(), Error> {
        let set = self.workspace.set_field(case, field, words, None);
        set.map(drop)
    }

    /// Stops watching.
    fn rest(mut self) -> Self {
        self.watch = None;
        self
    }
}

/// Counts what a device wrote and what the server acknowledged to it.
#[derive(Default)]
struct Acks {
    count: Mutex<Count>,
    turned: Condvar,
}

#[derive(Default)]
struct Count {
    /// Acknowledged on the connections before this one, and on this one.
    before: u64,
    now: u64,
    written: u64,
    /// What waited to be acknowledged when somebody last looked.
    unsent: u64,
}

impl Acks {
    fn count(&self) -> u64 {
        let count = self.count.lock().unwrap();
        count.before + count.now
    }

    fn written(&self) -> u64 {
        self.count.lock().unwrap().written
    }

    fn ring(&self) {
        self.turned.notify_all();
    }

    fn wait_until(&self, wanted: u64, what: &str) {
        let count = self.count.lock().unwrap();
        let waits = |count: &mut Count| count.before + count.now < wanted;
        let waited = self.turned.wait_timeout_while(count, PATIENCE, waits);
        let late = waited.unwrap().1;
        assert!(
            !late.timed_out(),
            "seed {SEED}: {wanted} {what}: they do not come"
        );
    }

    /// One more is written; goes on when not too much waits to be acknowledged.
    fn wrote(&self, over: &AtomicBool) {
        let mut count = self.count.lock().unwrap();
        count.written += 1;
        count.unsent += 1;
        let ahead = |count: &mut Count| count.unsent > AHEAD && !over.load(Ordering::Acquire);
        let waited = self.turned.wait_timeout_while(count, PATIENCE, ahead);
        let late = waited.unwrap().1;
        assert!(
            !late.timed_out(),
            "seed {SEED}: the server acknowledges nothing"
        );
    }
}

impl Observer for Acks {
    fn status(&self, state: &SyncState) {
        let mut count = self.count.lock().unwrap();
        let now = match state {
            SyncState::Working(now) | SyncState::InStep(now) => {
                count.unsent = now.unsent as u64;
                now.pushed
            }
            SyncState::Off
            | SyncState::Connecting
            | SyncState::Paused
            | SyncState::Resting { .. }
            | SyncState::Offline { .. }
            | SyncState::Stopped { .. } => 0,
        };
        if now < count.now {
            // Another connection counts from the beginning.
            count.before += count.now;
        }
        count.now = now;
        drop(count);
        self.ring();
    }
}

/// A founder with the complaint template on the server, and colleagues who joined.
fn writers(premises: &Premises) -> Vec<Writer> {
    let founding = Founding {
        workspace_name: "Customer care".to_owned(),
        member_name: WRITERS[0].to_owned(),
        device_name: "Laptop".to_owned(),
    };
    let ana = Workspace::found(&premises.person(WRITERS[0]).folder, &founding).unwrap();
    let package = include_str!("../../../desk/templates/complaint.toml");
    let package = casework::template::Package::from_toml(package).unwrap();
    ana.import_template(package).unwrap();
    ana.set_server(&premises.server.url(), None).unwrap();
    ana.sync(&mut |_| {}).unwrap();
    let mut all = vec![ana];
    for name in &WRITERS[1..] {
        all.push(join(premises, &all[0], name));
    }
    let named = WRITERS.into_iter().zip(all);
    named
        .map(|(name, workspace)| Writer::new(name, workspace))
        .collect()
}

fn join(premises: &Premises, host: &Workspace, name: &str) -> Workspace {
    let gives = InviteFor::Member {
        roles: vec!["manager".to_owned()],
    };
    let link = host.invite(gives, Duration::from_secs(3_600), 1).unwrap();
    host.sync(&mut |_| {}).unwrap();
    let newcomer = Newcomer {
        member_name: name.to_owned(),
        device_name: "Phone".to_owned(),
    };
    let folder: &Path = &premises.person(name).folder;
    Workspace::join(folder, &link, &newcomer, &mut |_| {}).unwrap()
}

fn open(workspace: &Workspace, title: &str) -> DocumentId {
    let template = workspace.find_template("CMP").unwrap();
    let request = NewCaseRequest::new(template, title)
        .with("channel", "phone")
        .with("customer", "Helena Dias; complainant")
        .with("category", "billing")
        .with("summary", "Charged twice");
    workspace.open_case(&request).unwrap().document
}

fn settle(writers: &[Writer]) {
    for _ in 0..2 {
        for writer in writers {
            writer.workspace.sync(&mut |_| {}).unwrap();
        }
    }
}

/// Every change that a device has an acknowledgement for. Two devices never disagree.
fn acknowledged(writers: &[Writer], cases: &[DocumentId]) -> Places {
    let mut all = Places::new();
    for writer in writers {
        for (change, place) in places(&writer.workspace, cases) {
            let known = *all.entry(change).or_insert(place);
            assert_eq!(known, place, "seed {SEED}: {change} has two places");
        }
    }
    all
}

fn places(workspace: &Workspace, cases: &[DocumentId]) -> Places {
    let entries = cases
        .iter()
        .flat_map(|case| workspace.timeline(*case, 0, WHOLE).unwrap());
    let arrived = entries.filter_map(|entry| entry.arrival.map(|at| (entry.change, at)));
    arrived
        .map(|(change, at)| (change, (at.seq, at.received_ms)))
        .collect()
}

fn assert_same(one: &Workspace, other: &Workspace, cases: &[DocumentId]) {
    for case in cases {
        assert_eq!(
            one.case(*case).unwrap(),
            other.case(*case).unwrap(),
            "seed {SEED}"
        );
        assert_eq!(one.comments(*case).unwrap(), other.comments(*case).unwrap());
    }
}
