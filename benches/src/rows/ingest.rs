//! Taking changes in: gate, signature, admission, order, tree and fsync, on one core.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casework_protocol::frame::{Answer, PushItem};
use casework_protocol::gate::Origin;
use casework_protocol::ids::{ChangeHash, DeviceId, WorkspaceId};
use casework_protocol::keys::{Claim, SecretKey, Signature, Signer as _, verify_batch};
use casework_protocol::seal::{SignedRun, change_claim, sign_change};
use casework_sync_server::log::redb::RedbLog;
use casework_sync_server::relay::{Ask, Relay, RelayConfig, Reply, Request, verify};

use super::folder;
use crate::measure::{Scale, quantile, thread_cpu};
use crate::table::{Aim, Figure, Row};
use crate::workload::{Office, Push, changes_of};

/// Changes in one request, and requests verified and committed together.
const PER_REQUEST: usize = 256;
const PER_COMMIT: usize = 4;
/// Signatures checked together by the yardstick, as the server's pool does it.
const PER_BATCH: usize = PER_REQUEST * PER_COMMIT;

/// Single signed changes, and what must be logged before them.
pub struct Ingest {
    workspace: WorkspaceId,
    device: DeviceId,
    prelude: Vec<PushItem>,
    singles: Vec<SignedRun>,
    claims: Vec<Claim>,
}

/// Makes changes to many cases, in turns.
#[must_use]
pub fn workload(cases: usize, changes: usize) -> Ingest {
    let folder = folder();
    let mut office = Office::found(folder.path());
    for case in office.open_cases(cases) {
        office.work(case, changes / cases);
    }
    let workspace = office.workspace();
    let Push { prelude, singles } = Push::of(&mut office);
    let claims = singles
        .iter()
        .map(|run| claim(run, workspace, &office.key))
        .collect();
    Ingest {
        workspace,
        device: office.key.device(),
        prelude,
        singles,
        claims,
    }
}

fn claim(run: &SignedRun, workspace: WorkspaceId, key: &SecretKey) -> Claim {
    let (hash, _): (ChangeHash, Vec<u8>) = changes_of(run, workspace).remove(0);
    let (document, device) = (run.document(), run.device());
    let origin = Origin {
        workspace,
        document,
        device,
    };
    let signature: Signature = sign_change(key, workspace, document, hash);
    change_claim(&origin, hash, signature)
}

impl Ingest {
    /// Logs everything into a fresh log; answers wall and CPU time of the changes alone.
    ///
    /// # Panics
    /// When a change is not logged.
    #[must_use]
    pub fn take(&self, place: &Path) -> (Duration, Option<Duration>) {
        let log = Arc::new(RedbLog::open(place).expect("there is room"));
        let relay = Relay::open(log, SecretKey::from_seed(&[9; 32]), RelayConfig::default());
        let relay = relay.expect("an empty log is sound");
        for items in self.prelude.chunks(PER_REQUEST) {
            let request = self.request(items.to_vec());
            assert_logged(&relay.serve(1, request).expect("the log takes it"));
        }
        let requests: Vec<Vec<PushItem>> = self
            .singles
            .chunks(PER_REQUEST)
            .map(|runs| runs.iter().cloned().map(PushItem::Run).collect())
            .collect();
        let (started, cpu) = (Instant::now(), thread_cpu());
        for group in requests.chunks(PER_COMMIT) {
            let group = group
                .iter()
                .map(|items| self.request(items.clone()))
                .collect();
            let replies: Vec<Reply> = verify(group)
                .into_iter()
                .map(|proved| relay.stage(2, proved))
                .collect();
            relay.commit(2).expect("the log takes it");
            replies.iter().for_each(assert_logged);
        }
        let spent = thread_cpu().zip(cpu).map(|(after, before)| after - before);
        (started.elapsed(), spent)
    }

    /// The yardstick: the same signatures in batches, and nothing else.
    ///
    /// # Panics
    /// When one does not hold.
    #[must_use]
    pub fn verify_only(&self) -> Duration {
        let started = Instant::now();
        for batch in self.claims.chunks(PER_BATCH) {
            assert!(verify_batch(batch).iter().all(Result::is_ok));
        }
        started.elapsed()
    }

    /// A weaker yardstick: one signature after the other.
    #[must_use]
    pub fn verify_singly(&self) -> Duration {
        let some = &self.claims[..self.claims.len().min(1_000)];
        let started = Instant::now();
        for claim in some {
            assert!(verify_batch(core::slice::from_ref(claim))[0].is_ok());
        }
        started.elapsed() * self.claims.len() as u32 / some.len() as u32
    }

    /// The bytes of the changes, without signatures.
    #[must_use]
    pub fn change_bytes(&self) -> usize {
        self.singles.iter().map(SignedRun::changes_len).sum()
    }

    /// How many changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.singles.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.singles.is_empty()
    }

    fn request(&self, items: Vec<PushItem>) -> Request {
        let ask = Ask::Push {
            number: 1,
            healing: false,
            items,
        };
        Request {
            workspace: self.workspace,
            device: self.device,
            ask,
        }
    }
}

fn assert_logged(reply: &Reply) {
    let Reply::Answers { answers, .. } = reply else {
        panic!("not answered: {reply:?}")
    };
    let bad = answers
        .iter()
        .find(|answer| !matches!(answer, Answer::Placed(_)));
    assert!(bad.is_none(), "not logged: {bad:?}");
}

/// Ingest beside batched verification, the CPU of a change, and verification one by one.
#[must_use]
pub fn ingest(scale: Scale) -> Vec<Row> {
    let work = workload(scale.of(200, 4), scale.of(20_000, 40));
    let count = work.len() as f64;
    let (mut walls, mut cpus, mut batched, mut singly) = (vec![], vec![], vec![], vec![]);
    for _ in 0..scale.of(5, 1) {
        let place = folder();
        let (wall, cpu) = work.take(&place.path().join("log.redb"));
        walls.push(wall);
        cpus.extend(cpu);
        batched.push(work.verify_only());
        singly.push(work.verify_singly());
    }
    let rate = |times: &mut Vec<Duration>| count / quantile(times, 0.5).as_secs_f64();
    let measured = Figure::Rate(rate(&mut walls), "changes");
    let what = "server ingest of single signed changes, verified and fsynced, one core";
    let row = |name, times: &mut Vec<Duration>, aim| Row {
        what: what.into(),
        measured,
        yardstick: (name, Figure::Rate(rate(times), "signatures")),
        aim,
    };
    let mut rows = vec![
        row(
            "batched ed25519 verification",
            &mut batched,
            Aim::AtLeast(0.6),
        ),
        row("verification one by one", &mut singly, Aim::Told),
    ];
    if !cpus.is_empty() {
        let signature = quantile(&mut batched, 0.5).div_f64(count);
        rows.push(Row {
            what: "CPU of one ingested change".into(),
            measured: Figure::Time(quantile(&mut cpus, 0.5).div_f64(count)),
            yardstick: ("its signature in a batch", Figure::Time(signature)),
            aim: Aim::Within(Figure::Time(Duration::from_micros(20))),
        });
    }
    rows
}
