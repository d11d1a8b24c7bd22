//! The entrance: asks the doorkeeper for every connection, and tells those who are turned away.
//!
//! Telling costs little and is bounded too: whoever comes when too many are being told is closed
//! without a word. What a connection holds of the entrance is given back when it is dropped.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Duration, timeout};

use super::Bounds;
use super::doorkeeper::{Doorkeeper, Neighbourhood, TurnedAway};

/// Most who are being told at once.
const TOLD_AT_ONCE: usize = 64;
/// How long telling may take.
const TELL_TIMEOUT: Duration = Duration::from_secs(2);
/// Most that is read of a request that is turned away.
const REQUEST_BYTES: u64 = 8 * 1024;

/// The entrance of a server.
pub(super) struct Entrance {
    door: Arc<Mutex<Doorkeeper>>,
    telling: Arc<Semaphore>,
    opened: Instant,
}

/// A place inside.
pub(super) struct Place {
    door: Arc<Mutex<Doorkeeper>>,
    from: Neighbourhood,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.door).leave(self.from);
    }
}

impl Entrance {
    /// Nobody is inside.
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            door: Arc::new(Mutex::new(Doorkeeper::new(bounds))),
            telling: Arc::new(Semaphore::new(TOLD_AT_ONCE)),
            opened: Instant::now(),
        }
    }

    /// A place for somebody from this address.
    pub(super) fn let_in(&self, address: IpAddr) -> Result<Place, TurnedAway> {
        let from = Neighbourhood::of(address);
        let now_ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        lock(&self.door).arrive(now_ms, from)?;
        let door = Arc::clone(&self.door);
        Ok(Place { door, from })
    }

    /// Says when to come again, where that can be said: before TLS nobody would understand it.
    pub(super) fn turn_away(&self, stream: TcpStream, turned: TurnedAway, by_tls: bool) {
        tracing::debug!(bound = turned.because.name(), "turned away");
        if by_tls {
            return;
        }
        let Ok(telling) = Arc::clone(&self.telling).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let answer = answer(turned);
            let _ = timeout(TELL_TIMEOUT, say_and_leave(stream, answer.as_bytes())).await;
            drop(telling);
        });
    }
}

/// Writes an answer, whatever was asked, and closes.
pub(super) async fn say_and_leave(mut stream: TcpStream, answer: &[u8]) {
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
    // What it sent is read, or the answer would be taken back with a reset.
    let mut nothing = tokio::io::sink();
    let _ = tokio::io::copy(&mut stream.take(REQUEST_BYTES), &mut nothing).await;
}

fn answer(turned: TurnedAway) -> String {
    let seconds = turned.after_ms.div_ceil(1_000);
    let told = format!(
        "too many {}: come again in {seconds} s\n",
        turned.because.name()
    );
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: {seconds}\r\nconnection: close\r\n\
         content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n{told}",
        told.len()
    )
}

fn lock(door: &Mutex<Doorkeeper>) -> MutexGuard<'_, Doorkeeper> {
    door.lock().unwrap_or_else(PoisonError::into_inner)
}
