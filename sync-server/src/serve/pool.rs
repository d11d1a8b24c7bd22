//! The verification pool: a few threads that check bytes and signatures in batches.
//!
//! Fair between sessions: each gives one request per round, whatever it has queued. Invariant: the
//! requests of one session reach the writer in the order they came, because only one thread at a
//! time holds any of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::relay::{ProvedRequest, Reply, Request, verify, weight};

/// Signatures checked together; beyond this a batch gets no cheaper per signature.
const BATCH_SIGNATURES: usize = 1_024;
/// Proved requests that may wait for the writer before the pool waits too.
const PROVED_QUEUE: usize = 256;

/// A request with the way back.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) back: Back,
}

/// The way back to a session. The permit frees the request's bytes when it is dropped.
#[derive(Debug)]
pub(super) struct Back {
    pub(super) mailbox: mpsc::UnboundedSender<Reply>,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// What the writer receives.
pub(super) type Proved = (ProvedRequest, Back);

/// The pool.
#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queues: BTreeMap<u64, VecDeque<Job>>,
    turn: VecDeque<u64>,
    busy: BTreeSet<u64>,
    stopping: bool,
}

impl Pool {
    /// Starts the threads; what they prove comes out of the receiver, which ends when the pool was
    /// stopped and has finished.
    pub(super) fn start(threads: usize) -> (Arc<Self>, Receiver<Proved>) {
        let pool = Arc::new(Self {
            state: Mutex::default(),
            wake: Condvar::new(),
        });
        let (out, proved) = sync_channel(PROVED_QUEUE);
        for number in 0..threads.max(1) {
            let (pool, out) = (Arc::clone(&pool), out.clone());
            std::thread::Builder::new()
                .name(format!("verify-{number}"))
                .spawn(move || pool.work(&out))
                .expect("a server that cannot start a thread cannot serve");
        }
        (pool, proved)
    }

    /// Queues a request of this session.
    pub(super) fn submit(&self, session: u64, job: Job) {
        let mut state = self.lock();
        let queue = state.queues.entry(session).or_default();
        let was_empty = queue.is_empty();
        queue.push_back(job);
        if was_empty && !state.busy.contains(&session) {
            state.turn.push_back(session);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Finishes what is queued and ends the threads.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, out: &SyncSender<Proved>) {
        while let Some((sessions, jobs)) = self.take() {
            let (requests, backs): (Vec<Request>, Vec<Back>) =
                jobs.into_iter().map(|job| (job.request, job.back)).unzip();
            let proved = verify(requests);
            for job in proved.into_iter().zip(backs) {
                if out.send(job).is_err() {
                    return;
                }
            }
            self.release(&sessions);
        }
    }

    /// A batch of requests and their sessions; `None` when the pool was stopped and is empty.
    fn take(&self) -> Option<(BTreeSet<u64>, Vec<Job>)> {
        let mut state = self.lock();
        loop {
            let batch = state.batch();
            if !batch.1.is_empty() {
                return Some(batch);
            }
            if state.stopping {
                return None;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn release(&self, sessions: &BTreeSet<u64>) {
        let mut state = self.lock();
        for session in sessions {
            state.busy.remove(session);
            if state
                .queues
                .get(session)
                .is_some_and(|queue| !queue.is_empty())
            {
                state.turn.push_back(*session);
            } else {
                state.queues.remove(session);
            }
        }
        drop(state);
        self.wake.notify_one();
    }
}

impl State {
    fn batch(&mut self) -> (BTreeSet<u64>, Vec<Job>) {
        let (mut sessions, mut jobs, mut signatures) = (BTreeSet::new(), Vec::new(), 0);
        while signatures < BATCH_SIGNATURES
            && let Some(session) = self.turn.pop_front()
        {
            sessions.insert(session);
            let Some(queue) = self.queues.get_mut(&session) else {
                continue;
            };
            if let Some(job) = queue.pop_front() {
                signatures += weight(&job.request);
                jobs.push(job);
            }
            if !queue.is_empty() {
                self.turn.push_back(session);
            }
        }
        self.turn.retain(|session| !sessions.contains(session));
        self.busy.extend(&sessions);
        (sessions, jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::Ask;
    use casework_protocol::ids::{DeviceId, WorkspaceId};

    fn job(number: u64) -> Job {
        let request = Request {
            workspace: WorkspaceId::new([0; 32]),
            device: DeviceId::new([0; 32]),
            ask: Ask::Push {
                number,
                healing: false,
                items: Vec::new(),
            },
        };
        Job {
            request,
            back: Back {
                mailbox: mpsc::unbounded_channel().0,
                permit: None,
            },
        }
    }

    fn numbers(jobs: &[Job]) -> Vec<u64> {
        jobs.iter()
            .map(|job| match job.request.ask {
                Ask::Push { number, .. } => number,
                Ask::Restore { .. } | Ask::Recover(_) | Ask::Keep { .. } => u64::MAX,
            })
            .collect()
    }

    #[test]
    fn sessions_take_turns_and_each_keeps_its_order() {
        let pool = Pool {
            state: Mutex::default(),
            wake: Condvar::new(),
        };
        for n in 0..4 {
            pool.submit(1, job(10 + n));
        }
        pool.submit(2, job(20));
        pool.submit(3, job(30));
        let (sessions, jobs) = pool.take().unwrap();
        assert_eq!(numbers(&jobs), [10, 20, 30, 11, 12, 13]);
        assert_eq!(sessions, BTreeSet::from([1, 2, 3]));
    }

    #[test]
    fn a_session_whose_requests_are_being_checked_waits_with_the_next() {
        let pool = Pool {
            state: Mutex::default(),
            wake: Condvar::new(),
        };
        pool.submit(1, job(10));
        let (sessions, _) = pool.take().unwrap();
        pool.submit(1, job(11));
        pool.submit(2, job(20));
        assert_eq!(numbers(&pool.take().unwrap().1), [20]);
        pool.release(&sessions);
        assert_eq!(numbers(&pool.take().unwrap().1), [11]);
    }
}
