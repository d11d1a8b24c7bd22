//! What waits for one observer, and the thread that brings it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use casework_engine::replica::Notice;

use super::{Changed, Observer};
use crate::error::Error;
use crate::progress::SyncState;

/// Most notices that wait for a slow observer; older ones are dropped, for they are stored in what
/// they speak of.
const MAX_WAITING_NOTICES: usize = 1_000;

/// The mailbox of one observer.
#[derive(Debug)]
pub(super) struct Mailbox {
    post: Mutex<Post>,
    /// Rung when something was put in, and when the observer is detached.
    bell: Condvar,
    /// Rung when a round of calls is over.
    told: Condvar,
}

/// What waits.
#[derive(Default)]
struct Post {
    /// `None` once it is detached.
    observer: Option<Arc<dyn Observer>>,
    news: News,
    /// The thread that calls it at the moment.
    calling: Option<ThreadId>,
}

/// What one round of calls tells.
#[derive(Debug, Default)]
struct News {
    changed: Changed,
    notices: Vec<Notice>,
    state: Option<SyncState>,
    closed: bool,
}

impl core::fmt::Debug for Post {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Post")
            .field("news", &self.news)
            .finish_non_exhaustive()
    }
}

impl News {
    fn is_empty(&self) -> bool {
        let said = self.closed || self.state.is_some();
        !said && self.changed.is_empty() && self.notices.is_empty()
    }

    fn tell(&self, observer: &dyn Observer) {
        if !self.changed.is_empty() {
            observer.changed(&self.changed);
        }
        if let Some(state) = &self.state {
            observer.status(state);
        }
        if !self.notices.is_empty() {
            observer.notices(&self.notices);
        }
        if self.closed {
            observer.closed();
        }
    }
}

impl Mailbox {
    /// A mailbox with a thread that empties it.
    pub(super) fn of(observer: Arc<dyn Observer>) -> Result<Arc<Self>, Error> {
        let mailbox = Arc::new(Self {
            post: Mutex::new(Post {
                observer: Some(observer),
                ..Post::default()
            }),
            bell: Condvar::new(),
            told: Condvar::new(),
        });
        let emptied = mailbox.clone();
        thread::Builder::new()
            .name("casework-observer".to_owned())
            .spawn(move || emptied.deliver())
            .map_err(|error| Error::Unavailable(format!("no thread can be started: {error}")))?;
        Ok(mailbox)
    }

    pub(super) fn changed(&self, changed: &Changed) {
        self.put(|news| news.changed.join(changed.clone()));
    }

    pub(super) fn notices(&self, notices: &[Notice]) {
        self.put(|news| {
            news.notices.extend_from_slice(notices);
            let excess = news.notices.len().saturating_sub(MAX_WAITING_NOTICES);
            news.notices.drain(..excess);
        });
    }

    pub(super) fn state(&self, state: &SyncState) {
        self.put(|news| news.state = Some(state.clone()));
    }

    /// Nothing comes after this.
    pub(super) fn close(&self) {
        self.put(|news| news.closed = true);
    }

    /// No call begins from now on.
    pub(super) fn detach(&self) {
        let gone = self.lock().observer.take();
        self.bell.notify_all();
        self.told.notify_all();
        // Outside of the lock: it is the app's code that ends here, and may do anything.
        drop(gone);
    }

    #[cfg(test)]
    pub(super) fn is_detached(&self) -> bool {
        self.lock().observer.is_none()
    }

    /// Waits until a call that has begun is over, unless it is the caller's own.
    pub(super) fn wait_for_call(&self) {
        let me = thread::current().id();
        let going_on = |post: &mut Post| post.calling.is_some_and(|thread| thread != me);
        let _post = self.told.wait_while(self.lock(), going_on);
    }

    /// Waits until everything that is in here now was told, or until then.
    pub(super) fn wait_until_told(&self, end: Instant) {
        let waiting = |post: &mut Post| {
            post.observer.is_some() && (post.calling.is_some() || !post.news.changed.is_empty())
        };
        let left = end.saturating_duration_since(Instant::now());
        let _post = self.told.wait_timeout_while(self.lock(), left, waiting);
    }

    fn put(&self, news: impl FnOnce(&mut News)) {
        let mut post = self.lock();
        if post.observer.is_some() && !post.news.closed {
            news(&mut post.news);
            self.bell.notify_all();
        }
    }

    /// Plain data: a panic elsewhere cannot have left it half changed.
    fn lock(&self) -> MutexGuard<'_, Post> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the observer until it is detached or has heard the last word.
    fn deliver(&self) {
        while let Some((observer, news)) = self.next() {
            // A panic in the app's code was reported where it happened.
            let told = catch_unwind(AssertUnwindSafe(|| news.tell(observer.as_ref())));
            drop(observer);
            let over = told.is_err() || news.closed;
            self.lock().calling = None;
            self.told.notify_all();
            if over {
                self.detach();
            }
        }
    }

    /// Waits for something to tell; `None` when the observer is detached.
    fn next(&self) -> Option<(Arc<dyn Observer>, News)> {
        let nothing = |post: &mut Post| post.observer.is_some() && post.news.is_empty();
        let waited = self.bell.wait_while(self.lock(), nothing);
        let mut post = waited.unwrap_or_else(PoisonError::into_inner);
        let observer = post.observer.clone()?;
        post.calling = Some(thread::current().id());
        Some((observer, core::mem::take(&mut post.news)))
    }
}
