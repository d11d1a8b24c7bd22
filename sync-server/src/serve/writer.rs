//! The one writer: drains what was proved, stages it, commits once, answers, wakes followers.
//!
//! While one commit is on its way to the disk the next batch gathers by itself: that is the group
//! commit. Invariant: no reply leaves before the commit that it speaks of returned.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use casework_protocol::frame::ErrorCode;
use casework_protocol::ids::WorkspaceId;
use tokio::sync::watch;

use super::clock::Clock;
use super::metrics::Metrics;
use super::pool::{Back, Proved};
use crate::log::LogError;
use crate::relay::{Relay, Reply, WorkspaceError};

/// Requests in one commit. Bounds how long the first one waits for the last.
const COMMIT_REQUESTS: usize = 512;

/// How far each workspace's log reaches, for followers to wait on.
#[derive(Debug, Default)]
pub(super) struct Growth {
    sizes: Mutex<BTreeMap<WorkspaceId, watch::Sender<u64>>>,
}

impl Growth {
    /// Waits for this workspace to grow.
    pub(super) fn subscribe(&self, workspace: WorkspaceId) -> watch::Receiver<u64> {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes
            .entry(workspace)
            .or_insert_with(|| watch::channel(0).0)
            .subscribe()
    }

    /// Tells those who wait.
    pub(super) fn tell(&self, grown: Vec<(WorkspaceId, u64)>) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        for (workspace, size) in grown {
            match sizes.get(&workspace) {
                Some(sender) if sender.receiver_count() > 0 => {
                    sender.send_replace(size);
                }
                Some(_) => {
                    sizes.remove(&workspace);
                }
                None => {}
            }
        }
    }
}

/// What the writer writes to and tells.
pub(super) struct Desk {
    pub(super) relay: Arc<Relay>,
    pub(super) growth: Arc<Growth>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Clock,
    /// What the storage said when it failed for good.
    pub(super) trouble: Arc<watch::Sender<Option<String>>>,
}

/// Starts the writer; it ends when the pool has.
pub(super) fn start(desk: Desk, proved: Receiver<Proved>) -> std::thread::JoinHandle<()> {
    std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || {
            let writing = catch_unwind(AssertUnwindSafe(|| {
                while let Ok(first) = proved.recv() {
                    desk.write(first, &proved);
                }
            }));
            if writing.is_err() {
                // The store trusts its pages. Nothing of what it was about was acknowledged.
                let gave_up = "the store gave up: its file is damaged (casework-server check)";
                tracing::error!("{gave_up}");
                desk.trouble.send_replace(Some(gave_up.to_owned()));
            }
        })
        .expect("a server that cannot start a thread cannot serve")
}

impl Desk {
    fn write(&self, first: Proved, proved: &Receiver<Proved>) {
        let mut replies: Vec<(Reply, Back)> = Vec::new();
        self.tell_of_jumps();
        let rest = std::iter::from_fn(|| proved.try_recv().ok());
        for (request, back) in std::iter::once(first).chain(rest).take(COMMIT_REQUESTS) {
            replies.push((self.relay.stage(self.clock.now_ms(), request), back));
        }
        self.tell_of_trouble();
        let begun = Instant::now();
        match self.relay.commit(self.clock.now_ms()) {
            Ok(grown) => {
                let answered = replies.iter().map(|(reply, _)| reply);
                self.metrics.committed(begun.elapsed(), answered);
                for (reply, back) in replies {
                    let _ = back.mailbox.send(Box::new(reply));
                    drop(back.permit);
                }
                self.growth.tell(grown);
            }
            Err(error) => {
                tracing::error!(%error, "commit failed; nothing of it was acknowledged");
                self.metrics.commit_failed();
                if let WorkspaceError::Log(LogError::Storage(_)) = &error {
                    // What was said first says most.
                    let said = self.relay.trouble().unwrap_or_else(|| error.to_string());
                    self.trouble.send_replace(Some(said));
                }
                for (_, back) in replies {
                    let detail = "the server could not write; send it again".to_owned();
                    let code = ErrorCode::Internal;
                    let _ = back.mailbox.send(Box::new(Reply::Failed { code, detail }));
                }
            }
        }
    }

    /// The disk failed while something was looked up: nothing more is to be had of it.
    fn tell_of_trouble(&self) {
        if let Some(said) = self.relay.trouble()
            && self.trouble.borrow().is_none()
        {
            tracing::error!(said, "the log cannot be read");
            self.trouble.send_replace(Some(said));
        }
    }

    /// Says that the machine's clock was set, because what that does to the log stays.
    fn tell_of_jumps(&self) {
        match self.clock.look() {
            (_, None) => {}
            (now_ms, Some(jump_ms)) if jump_ms > 0 => tracing::warn!(
                jump_ms,
                now_ms,
                "the clock jumped ahead: what comes now is received at that time, and what comes \
                 after it is set back not before it"
            ),
            (now_ms, Some(jump_ms)) => tracing::warn!(
                jump_ms,
                now_ms,
                "the clock was set back: until it has caught up everything is received at the last \
                 time of its log"
            ),
        }
    }
}
