//! What arrives, with its signatures checked many at a time.
//!
//! Asks nothing of the replica; whether an author may do what was signed is judged later.

use casework_protocol::access::entry::AccessEntry;
use casework_protocol::entry::{EntryError, SignedEntry};
use casework_protocol::frame::{Logged, LoggedRun, Standing as LogStanding};
use casework_protocol::ids::WorkspaceId;
use casework_protocol::seal::{CheckedRun, VerifiedRun};

use crate::replica::admission::Incoming;
use crate::replica::rows::Arrived;

/// The access entries among these, their signatures checked together.
pub(super) fn access_entries(items: &[Logged]) -> Vec<Result<AccessEntry, EntryError>> {
    let entries = items.iter().filter_map(|item| {
        if let Logged::Access { entry, .. } = item {
            Some(entry.clone())
        } else {
            None
        }
    });
    SignedEntry::verify_all(entries.collect())
}

/// Runs, each with its place, in their order; or what is wrong with one.
pub(super) fn prove(
    workspace: WorkspaceId,
    logged: Vec<LoggedRun>,
) -> Vec<(Place, Result<VerifiedRun, String>)> {
    let mut places = Vec::with_capacity(logged.len());
    let mut runs = Vec::with_capacity(logged.len());
    for logged in logged {
        let (seq, received_ms) = (logged.seq, logged.received_ms);
        let place = Place {
            document_seq: logged.document_seq,
            arrived: Arrived { seq, received_ms },
            held: logged.standing == LogStanding::Held,
        };
        let document = logged.run.document();
        let checked = logged.run.check(workspace);
        let problem = |error| format!("a run of document {document}: {error}");
        places.push((place, checked.as_ref().err().map(problem)));
        runs.extend(checked.ok());
    }
    let mut verified = CheckedRun::verify_all(runs).into_iter();
    let proved = places.into_iter().map(|(place, problem)| {
        let run = match problem {
            Some(problem) => Err(problem),
            None => verified
                .next()
                .expect("there is one for each run that passed the gate")
                .map_err(|error| format!("a run at {}: {error}", place.arrived.seq)),
        };
        (place, run)
    });
    proved.collect()
}

/// Where a run came to stand.
pub(super) struct Place {
    pub(super) document_seq: u64,
    pub(super) arrived: Arrived,
    held: bool,
}

/// The changes of a verified run, each with its own position.
pub(super) fn incoming(run: &VerifiedRun, place: &Place) -> Vec<Incoming> {
    let signed = Some((run.tip(), run.signature()));
    let device = run.origin().device;
    run.changes()
        .iter()
        .zip(place.arrived.seq..)
        .map(|(change, seq)| Incoming {
            change: change.clone(),
            device,
            signed,
            arrived: Some(Arrived {
                seq,
                received_ms: place.arrived.received_ms,
            }),
            held: place.held,
        })
        .collect()
}
