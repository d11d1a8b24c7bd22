//! The turn of one item in log order: handed over or not, and what follows from it.
//!
//! Entries of authority change who sees what: documents come whole, or are to be forgotten.

use std::collections::VecDeque;

use casework_protocol::frame::Logged;
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::log::EntryKind;
use casework_protocol::roster::entry::{RosterBody, RosterEntry};

use super::document::DocumentCursor;
use super::viewer::{Reach, Viewer};
use super::{Job, is_of_document};
use crate::log::{LogError, Record};
use crate::relay::workspace::{Workspace, decode_item};

/// What the turn of an item brings.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The item as this device may have it.
    pub(super) item: Option<Vec<u8>>,
    /// What must be sent before the log order goes on.
    pub(super) jobs: Vec<Job>,
}

impl Viewer {
    /// What the turn of this item brings for the device.
    pub(super) fn turn(&self, workspace: &Workspace, record: &Record) -> Result<Turn, LogError> {
        match record.kind {
            EntryKind::Roster => {
                let jobs = self.after_roster(workspace, record)?;
                Ok(Turn {
                    item: Some(record.item.clone()),
                    jobs,
                })
            }
            EntryKind::Access => Ok(self.access_turn(workspace, record)),
            EntryKind::Change | EntryKind::Equivocation => {
                let item = self
                    .sees_still(workspace, record)
                    .then(|| self.item(workspace, record, record.seq));
                Ok(Turn {
                    item,
                    jobs: Vec::new(),
                })
            }
        }
    }

    fn sees_still(&self, workspace: &Workspace, record: &Record) -> bool {
        debug_assert!(is_of_document(record), "roster entries go to everybody");
        self.reach_at(workspace, record.document, record.seq) > Reach::Nothing
            && self.reach_now(workspace, record.document) > Reach::Nothing
    }

    fn access_turn(&self, workspace: &Workspace, record: &Record) -> Turn {
        let (document, seq) = (record.document, record.seq);
        let before = self.reach_at(workspace, document, seq);
        let after = self.reach_at(workspace, document, seq + 1);
        let now = self.reach_now(workspace, document);
        let first = record.document_seq == 0;
        let item = || Some(record.item.clone());
        match (before, after) {
            (Reach::Nothing, Reach::Nothing) => Turn::default(),
            // It saw the document until here and must learn who took that away.
            (_, Reach::Nothing) => Turn {
                item: item(),
                jobs: vec![Job::Evict(document)],
            },
            (Reach::Nothing, _) if now > Reach::Nothing && !first => {
                let jobs = vec![Job::Document(DocumentCursor::new(document, seq + 1))];
                Turn { item: None, jobs }
            }
            _ if now > Reach::Nothing => {
                let gained = before == Reach::Sees && after == Reach::Adopts;
                let jobs = gained.then(|| held_runs(workspace, document, seq));
                Turn {
                    item: item(),
                    jobs: jobs.flatten().into_iter().collect(),
                }
            }
            (Reach::Nothing, _) => Turn::default(),
            // It had the document then and is to give it up further on: without every entry up to
            // there, it could not tell that this was taken away from it.
            _ => Turn {
                item: item(),
                jobs: Vec::new(),
            },
        }
    }

    /// What a roster entry brings: released work, or documents gained and lost.
    fn after_roster(&self, workspace: &Workspace, record: &Record) -> Result<Vec<Job>, LogError> {
        let entry = roster_entry(workspace, record)?;
        if let RosterBody::Adopt {
            document, changes, ..
        } = entry.body()
        {
            return Ok(self.released(workspace, *document, changes, record.seq));
        }
        let (seq, roster) = (record.seq, workspace.roster());
        if !self.is_touched(roster.in_force(seq), roster.in_force(seq + 1)) {
            return Ok(Vec::new());
        }
        let mut jobs = Vec::new();
        for document in workspace.documents.keys().copied() {
            let before = self.reach_at(workspace, document, seq);
            let after = self.reach_at(workspace, document, seq + 1);
            let now = self.reach_now(workspace, document);
            match (before, after) {
                (Reach::Nothing, Reach::Nothing) => {}
                (_, Reach::Nothing) => jobs.push(Job::Evict(document)),
                (Reach::Nothing, _) if now > Reach::Nothing => {
                    jobs.push(Job::Document(DocumentCursor::new(document, seq + 1)));
                }
                (Reach::Sees, Reach::Adopts) if now > Reach::Nothing => {
                    jobs.extend(held_runs(workspace, document, seq));
                }
                _ => {}
            }
        }
        Ok(jobs)
    }

    /// The runs that an adoption at this position released.
    fn released(
        &self,
        workspace: &Workspace,
        document: DocumentId,
        changes: &[ChangeHash],
        adoption: u64,
    ) -> Vec<Job> {
        if changes.is_empty() || self.reach_now(workspace, document) == Reach::Nothing {
            return Vec::new();
        }
        let runs = workspace
            .held
            .of(document)
            .filter(|run| run.adopted == Some(adoption));
        let seqs: VecDeque<u64> = runs.map(|run| run.seq).collect();
        let job = (!seqs.is_empty()).then_some(Job::Runs {
            seqs,
            upto: adoption + 1,
        });
        job.into_iter().collect()
    }
}

/// The runs of a document that were held when this position came, for somebody who may adopt now.
fn held_runs(workspace: &Workspace, document: DocumentId, at: u64) -> Option<Job> {
    let waiting = workspace
        .held
        .of(document)
        .filter(|run| run.seq < at && run.adopted.is_none_or(|adoption| adoption > at));
    let seqs: VecDeque<u64> = waiting.map(|run| run.seq).collect();
    (!seqs.is_empty()).then_some(Job::Runs { seqs, upto: at + 1 })
}

/// The roster entry of a record; verified when it was admitted and kept by the roster.
fn roster_entry<'a>(
    workspace: &'a Workspace,
    record: &Record,
) -> Result<&'a RosterEntry, LogError> {
    let version = workspace.roster().version_at(record.seq + 1);
    workspace
        .roster()
        .entry(version)
        .map(|(entry, _)| entry)
        .ok_or_else(|| {
            let what = match decode_item(record) {
                Ok(Logged::Roster { seq, .. }) => {
                    format!("roster entry at {seq} is not in the roster")
                }
                Ok(_) | Err(_) => format!("position {} is no roster entry", record.seq),
            };
            LogError::Corrupt {
                table: "records",
                problem: what,
            }
        })
}
