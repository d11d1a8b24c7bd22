//! The other side: a command that finds the replica in use asks its owner.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::frame::{MAX_REPLY_BYTES, receive, send};
use super::socket;
use crate::fault::Fault;
use crate::request::{Progress, Reply, Request, Response};

/// How long an owner may be silent. A long command says now and then how far it is.
const PATIENCE: Duration = Duration::from_secs(600);

/// Whether an owner listens in this folder.
#[must_use]
pub fn is_answered(folder: &Path) -> bool {
    socket::connect(folder).is_ok()
}

/// Has the owner of a folder carry out a request.
///
/// # Errors
/// `Ok(None)` when nobody listens; a [`Fault`] when the command was not carried out, or the owner
/// ended in the middle of it.
pub fn ask(
    folder: &Path,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<Option<Response>, Fault> {
    let Ok(stream) = socket::connect(folder) else {
        return Ok(None);
    };
    stream
        .set_read_timeout(Some(PATIENCE))
        .map_err(|error| lost(&error))?;
    send(&stream, request).map_err(|error| lost(&error))?;
    loop {
        match receive(&stream, MAX_REPLY_BYTES).map_err(|error| lost(&error))? {
            Reply::Step(step) => progress.step(step),
            Reply::End(end) => return end.map(Some),
        }
    }
}

fn lost(error: &io::Error) -> Fault {
    Fault::unavailable(format!(
        "the process that has this replica open ended before it answered ({error})"
    ))
    .or_try("casework status    (whether the command was carried out), then the command again")
}
