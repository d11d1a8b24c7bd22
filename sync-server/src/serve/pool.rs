//! The verification pool: a few threads that check bytes and signatures in batches.
//!
//! Fair between devices: each gives one request per round, whatever it has queued and over however
//! many connections. Invariant: the requests of one device reach the writer in the order they came,
//! because only one thread at a time holds any of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use casework_protocol::ids::DeviceId;
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
    pub(super) mailbox: Mailbox,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// Where a session hears replies. Boxed: a channel keeps room for 32 of what it carries.
pub(super) type Mailbox = mpsc::UnboundedSender<Box<Reply>>;

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
    queues: BTreeMap<DeviceId, VecDeque<Job>>,
    turn: VecDeque<DeviceId>,
    busy: BTreeSet<DeviceId>,
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

    /// Queues a request behind those of the same device.
    pub(super) fn submit(&self, job: Job) {
        let device = job.request.device;
        let mut state = self.lock();
        let queue = state.queues.entry(device).or_default();
        let was_empty = queue.is_empty();
        queue.push_back(job);
        if was_empty && !state.busy.contains(&device) {
            state.turn.push_back(device);
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
        while let Some((devices, jobs)) = self.take() {
            let (requests, backs): (Vec<Request>, Vec<Back>) =
                jobs.into_iter().map(|job| (job.request, job.back)).unzip();
            let proved = verify(requests);
            for job in proved.into_iter().zip(backs) {
                if out.send(job).is_err() {
                    return;
                }
            }
            self.release(&devices);
        }
    }

    /// A batch of requests and their devices; `None` when the pool was stopped and is empty.
    fn take(&self) -> Option<(BTreeSet<DeviceId>, Vec<Job>)> {
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

    fn release(&self, devices: &BTreeSet<DeviceId>) {
        let mut state = self.lock();
        for device in devices {
            state.busy.remove(device);
            if state
                .queues
                .get(device)
                .is_some_and(|queue| !queue.is_empty())
            {
                state.turn.push_back(*device);
            } else {
                state.queues.remove(device);
            }
        }
        drop(state);
        self.wake.notify_one();
    }
}

impl State {
    fn batch(&mut self) -> (BTreeSet<DeviceId>, Vec<Job>) {
        let (mut devices, mut jobs, mut signatures) = (BTreeSet::new(), Vec::new(), 0);
        while let Some(device) = self.turn.pop_front() {
            let Some(queue) = self.queues.get_mut(&device) else {
                continue;
            };
            let weight = queue.front().map_or(0, |job| weight(&job.request));
            if !jobs.is_empty() && signatures + weight > BATCH_SIGNATURES {
                self.turn.push_front(device);
                break;
            }
            devices.insert(device);
            signatures += weight;
            jobs.extend(queue.pop_front());
            if !queue.is_empty() {
                self.turn.push_back(device);
            }
        }
        self.turn.retain(|device| !devices.contains(device));
        self.busy.extend(&devices);
        (devices, jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::Ask;
    use casework_protocol::frame::PushItem;
    use casework_protocol::ids::WorkspaceId;

    use crate::relay::tests::stage::genesis;

    fn job(device: u8, number: u64) -> Job {
        job_of(device, number, Vec::new())
    }

    fn job_of(device: u8, number: u64, items: Vec<PushItem>) -> Job {
        let request = Request {
            workspace: WorkspaceId::new([0; 32]),
            device: DeviceId::new([device; 32]),
            ask: Ask::Push {
                number,
                healing: false,
                items,
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
    fn devices_take_turns_and_each_keeps_its_order() {
        let pool = Pool {
            state: Mutex::default(),
            wake: Condvar::new(),
        };
        for n in 0..4 {
            pool.submit(job(1, 10 + n));
        }
        pool.submit(job(2, 20));
        pool.submit(job(3, 30));
        let (devices, jobs) = pool.take().unwrap();
        assert_eq!(numbers(&jobs), [10, 20, 30, 11, 12, 13]);
        assert_eq!(devices.len(), 3);
    }

    #[test]
    fn a_device_whose_requests_are_being_checked_waits_with_the_next() {
        let pool = Pool {
            state: Mutex::default(),
            wake: Condvar::new(),
        };
        pool.submit(job(1, 10));
        let (devices, _) = pool.take().unwrap();
        pool.submit(job(1, 11));
        pool.submit(job(2, 20));
        assert_eq!(numbers(&pool.take().unwrap().1), [20]);
        pool.release(&devices);
        assert_eq!(numbers(&pool.take().unwrap().1), [11]);
    }

    /// Counts work, not time: what is checked between the arrival of one small request and its turn.
    #[test]
    fn a_flood_from_one_device_puts_one_of_its_requests_before_anybody_elses() {
        let pool = Pool {
            state: Mutex::default(),
            wake: Condvar::new(),
        };
        let flood = vec![PushItem::Roster(genesis()); 1_000];
        // Eight connections, eight requests on each, a thousand signatures in each request.
        for n in 0..64 {
            pool.submit(job_of(1, n, flood.clone()));
        }
        let (flooding, _) = pool.take().unwrap();
        for round in 0..10 {
            pool.submit(job(2, 1_000 + round));
            // A free thread takes it at once, and nothing of the flood with it.
            let (honest, jobs) = pool.take().unwrap();
            assert_eq!(numbers(&jobs), [1_000 + round]);
            pool.release(&honest);
        }
        pool.release(&flooding);
        pool.submit(job(2, 2_000));
        let (_, jobs) = pool.take().unwrap();
        let weights: usize = jobs.iter().map(|job| weight(&job.request)).sum();
        assert_eq!(
            numbers(&jobs)[1..],
            [2_000],
            "one of the flood, then the other"
        );
        assert!(weights <= BATCH_SIGNATURES);
    }
}
