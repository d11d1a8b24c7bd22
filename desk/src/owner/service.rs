//! The owner's side: a thread that accepts connections and a thread for each command.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::frame::{MAX_REQUEST_BYTES, receive, send};
use super::socket;
use crate::fault::Fault;
use crate::request::{Progress, Reply, Request, Response, Step, VERSION};

/// Carries out one request; called on a thread of its own.
pub type CarryOut = dyn Fn(&Request, &mut dyn Progress) -> Result<Response, Fault> + Send + Sync;

/// How long a caller may take to say what it wants.
const HEARING: Duration = Duration::from_secs(10);
/// Between two steps that are passed on.
const STEP_INTERVAL: Duration = Duration::from_millis(100);
/// Commands at the same time; the replica does one after the other anyway.
const MAX_COMMANDS: usize = 64;

/// An owner that listens; ends when dropped, and takes its socket away.
#[derive(Debug)]
pub struct Service {
    folder: PathBuf,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Begins to carry out the commands of other processes.
    ///
    /// # Errors
    /// [`Fault`] when the socket cannot be bound.
    pub fn begin(folder: &Path, carry_out: Arc<CarryOut>) -> Result<Self, Fault> {
        let listener = socket::bind(folder).map_err(|error| Fault::file(folder, &error))?;
        let ending = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ending);
        let busy = Arc::new(AtomicUsize::new(0));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Acquire) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                if busy.fetch_add(1, Ordering::AcqRel) >= MAX_COMMANDS {
                    busy.fetch_sub(1, Ordering::AcqRel);
                    continue;
                }
                let (carry_out, busy) = (Arc::clone(&carry_out), Arc::clone(&busy));
                thread::spawn(move || {
                    let _ = answer(&stream, carry_out.as_ref());
                    busy.fetch_sub(1, Ordering::AcqRel);
                });
            }
        });
        Ok(Self {
            folder: folder.to_owned(),
            ending,
            thread: Some(thread),
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // A connection to ourselves wakes the thread that accepts.
        let woken = socket::connect(&self.folder).is_ok();
        socket::unbind(&self.folder);
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}

fn answer(stream: &UnixStream, carry_out: &CarryOut) -> io::Result<()> {
    stream.set_read_timeout(Some(HEARING))?;
    let request: Request = match receive(stream, MAX_REQUEST_BYTES) {
        Ok(request) => request,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return send(stream, &Reply::End(Err(other_version("another version"))));
        }
        Err(error) => return Err(error),
    };
    if request.version != VERSION {
        return send(stream, &Reply::End(Err(other_version(&request.version))));
    }
    let mut remote = Remote { stream, last: None };
    let end = carry_out(&request, &mut remote);
    send(stream, &Reply::End(end))
}

fn other_version(theirs: &str) -> Fault {
    Fault::unavailable(format!(
        "the process that has this replica open is casework {VERSION}, this is {theirs}"
    ))
    .or_try("end that process and start it again with this version")
}

/// Passes steps on to the caller.
struct Remote<'a> {
    stream: &'a UnixStream,
    last: Option<Instant>,
}

impl Progress for Remote<'_> {
    fn step(&mut self, step: Step) {
        if self.last.is_some_and(|last| last.elapsed() < STEP_INTERVAL) {
            return;
        }
        self.last = Some(Instant::now());
        // A caller that went away does not stop what it asked for.
        let _ = send(self.stream, &Reply::Step(step));
    }
}
