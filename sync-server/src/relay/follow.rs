//! What one device gets: from a position on, everything that it may see and asked for.
//!
//! A follower holds a position and, while it is sent whole documents, their ids; never a queue of
//! items: a slow one reads the log later. Invariant: what is handed over was visible where it
//! stands *and* is visible now; when sight is gained the whole document comes, when it is lost an
//! eviction. Only the access entries by which a device loses sight come although it sees no more:
//! an eviction that they do not bear out would be refused.
//!
//! ```text
//! first sync: roster ─▶ templates ─▶ cases, newest first ─▶ log order from the target
//!   ─▶ caught up ─▶ live
//! ```

mod document;
mod echo;
mod first;
mod roster;
mod turn;
mod viewer;

use std::collections::VecDeque;
use std::sync::Arc;

use casework_protocol::frame::{Answer, ServerFrame, encode};
use casework_protocol::ids::{DocumentId, EpochId};
use casework_protocol::limits::ENTRIES_FRAME_BYTES;
use casework_protocol::log::EntryKind;

use super::entries::entries_frame;
use super::workspace::Workspace;
use crate::log::{LogError, Record};
use document::DocumentCursor;
use echo::Echo;
use first::First;
pub(super) use roster::RosterFollower;
use roster::roster_frame;
pub(super) use viewer::Viewer;

/// Reads of the log that bring nothing for the device, after which it is told how far they came and
/// others have their turn.
const SILENT_STEPS: usize = 16;
/// Most documents that wait to be fetched for one device.
const MAX_FETCHES: usize = 64;

/// Sends one device what it may see.
#[derive(Debug)]
pub(super) struct Follower {
    viewer: Viewer,
    epoch: EpochId,
    credit: u64,
    /// Everything for the device before this position was sent.
    position: u64,
    /// Where the log order goes on when the jobs are done.
    after: Option<u64>,
    /// Size of the head that the device was told last.
    told: u64,
    first: Option<First>,
    jobs: VecDeque<Job>,
    fetches: VecDeque<(DocumentId, bool)>,
    /// What the device pushed itself.
    echo: Echo,
}

/// Something to be sent beside the log order.
#[derive(Debug)]
enum Job {
    /// Roster entries from this version on that stand before this position.
    Roster { version: u64, upto: u64 },
    /// A document from its beginning.
    Document(DocumentCursor),
    /// Held runs that became readable for the device, as things stand before `upto`.
    Runs { seqs: VecDeque<u64>, upto: u64 },
    /// A document to be forgotten.
    Evict(DocumentId),
}

/// A frame of a job, and whether the job is done.
struct Sent {
    frame: Option<Arc<[u8]>>,
    done: bool,
}

impl Follower {
    /// Follows the log in order from a position.
    pub(super) fn at(viewer: Viewer, workspace: &Workspace, position: u64, credit: u64) -> Self {
        Self {
            viewer,
            epoch: workspace.epoch(),
            credit,
            position,
            after: None,
            told: workspace.size(),
            first: None,
            jobs: VecDeque::new(),
            fetches: VecDeque::new(),
            echo: Echo::default(),
        }
    }

    /// Sends the roster and the visible documents whose last position below `target` is below
    /// `below`, templates before all others, newest first, and then follows from the target.
    pub(super) fn first(
        viewer: Viewer,
        workspace: &Workspace,
        (target, below): (u64, u64),
        credit: u64,
    ) -> Result<Self, LogError> {
        let first = First::plan(&viewer, workspace, target, below)?;
        let mut this = Self::at(viewer, workspace, 0, credit);
        this.jobs.push_back(Job::Roster {
            version: 1,
            upto: target,
        });
        this.first = Some(first);
        this.after = Some(target);
        Ok(this)
    }

    /// The epoch in which it began.
    pub(super) fn epoch(&self) -> EpochId {
        self.epoch
    }

    /// Whether the device sees a document now, and asked for it.
    pub(super) fn sees(&self, workspace: &Workspace, document: DocumentId) -> bool {
        self.viewer.reach_now(workspace, document) > viewer::Reach::Nothing
    }

    /// Goes on with the roster alone, after access was lost.
    pub(super) fn part(&self, workspace: &Workspace) -> RosterFollower {
        let version = workspace.roster().version_at(self.position);
        RosterFollower::from(version, self.told, self.credit)
    }

    /// The documents of a first sync that are still to come, and those with a bundle among them.
    pub(super) fn expected(&self, workspace: &Workspace) -> (u64, u64) {
        match &self.first {
            Some(first) => first.expected(workspace),
            None => (workspace.size().saturating_sub(self.position), 0),
        }
    }

    /// How many jobs, fetches and stretches of own work it keeps in mind.
    pub(super) fn held_notes(&self) -> usize {
        self.jobs.len() + self.fetches.len() + self.echo.len()
    }

    /// Grants more bytes.
    pub(super) fn grant(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_add(bytes);
    }

    /// The device is told where a run of its own stands, and needs it no more.
    pub(super) fn told_place(&mut self, answer: &Answer) {
        self.echo.add(answer);
    }

    /// Asks for a document from its beginning, and follows it from then on. False when too many
    /// are waiting.
    pub(super) fn fetch(&mut self, document: DocumentId, bundle: bool) -> bool {
        if self.fetches.len() >= MAX_FETCHES || !self.viewer.add(document) {
            return false;
        }
        self.fetches.push_back((document, bundle));
        true
    }

    /// The next frame; `None` when the device has everything or its credit is used up.
    ///
    /// # Errors
    /// The log's.
    pub(super) fn next(&mut self, workspace: &Workspace) -> Result<Option<Arc<[u8]>>, LogError> {
        let mut silent = 0;
        while self.credit > 0 {
            if let Some(job) = self.jobs.front_mut() {
                let sent = job.next(&self.viewer, workspace, self.position)?;
                if sent.done {
                    self.jobs.pop_front();
                }
                if let Some(frame) = sent.frame {
                    return Ok(Some(self.spend(frame)));
                }
            } else if let Some(next) = self.first.as_mut().map(First::next) {
                let Some(cursor) = next else {
                    self.first = None;
                    self.position = self.after.take().unwrap_or(self.position);
                    return Ok(Some(frame_of(&[], self.position)));
                };
                self.jobs.push_back(Job::Document(cursor));
            } else if let Some(after) = self.after.take() {
                self.position = after;
            } else if let Some((document, bundle)) = self.fetches.pop_front() {
                let upto = self.position.min(workspace.size());
                let cursor = DocumentCursor::fetched(workspace, document, upto, bundle)?;
                self.jobs.push_back(Job::Document(cursor));
            } else if self.position < workspace.size() {
                if let Some(frame) = self.step(workspace)? {
                    return Ok(Some(self.spend(frame)));
                }
                silent += 1;
                if silent >= SILENT_STEPS {
                    return Ok(Some(self.spend(frame_of(&[], self.position))));
                }
            } else if self.position == workspace.size() && self.told <= workspace.size() {
                return self.caught_up(workspace);
            } else {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn spend(&mut self, frame: Arc<[u8]>) -> Arc<[u8]> {
        self.credit = self.credit.saturating_sub(frame.len() as u64);
        frame
    }

    /// Tells the newest head, once.
    fn caught_up(&mut self, workspace: &Workspace) -> Result<Option<Arc<[u8]>>, LogError> {
        let (told, size) = (self.told, workspace.size());
        if told == size && !self.viewer.wants_head() {
            return Ok(None);
        }
        self.viewer.has_head();
        self.told = size;
        if let Some(shared) = workspace.recent.caught_up(told) {
            return Ok(Some(shared));
        }
        let grown = told < size;
        let proof = grown
            .then(|| workspace.prove_growth(told, size))
            .transpose()?;
        let head = workspace.head().clone();
        Ok(Some(encode(&ServerFrame::CaughtUp { head, proof }).into()))
    }

    /// One frame of the log order.
    fn step(&mut self, workspace: &Workspace) -> Result<Option<Arc<[u8]>>, LogError> {
        if let Some(end) = self.echo.leave(self.position) {
            self.position = end;
            return Ok(None);
        }
        if let Some(shared) = workspace.recent.frame(self.position)
            && !self.echo.touches(&(shared.from..shared.end))
            && self
                .viewer
                .sees_all(workspace, &shared.documents, shared.end)
        {
            self.position = shared.end;
            return Ok(Some(Arc::clone(&shared.bytes)));
        }
        let mut items: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for record in workspace.read(self.position, ENTRIES_FRAME_BYTES)? {
            if self.echo.covers(&(record.seq..record.end())) {
                self.position = record.end();
                continue;
            }
            let turn = self.viewer.turn(workspace, &record)?;
            if let Some(item) = turn.item {
                bytes += item.len();
                items.push(item);
            }
            if !turn.jobs.is_empty() {
                self.jobs.extend(turn.jobs);
                self.after = Some(record.end());
                break;
            }
            self.position = record.end();
            if bytes >= ENTRIES_FRAME_BYTES {
                break;
            }
        }
        Ok((!items.is_empty()).then(|| frame_of(&items, self.position)))
    }
}

impl Job {
    fn next(
        &mut self,
        viewer: &Viewer,
        workspace: &Workspace,
        position: u64,
    ) -> Result<Sent, LogError> {
        match self {
            Self::Roster { version, upto } => Ok(roster_frame(workspace, version, *upto, position)),
            Self::Document(cursor) => cursor.next(viewer, workspace, position),
            Self::Runs { seqs, upto } => {
                let mut items: Vec<Vec<u8>> = Vec::new();
                let mut bytes = 0;
                while let Some(seq) = seqs.front().filter(|_| bytes < ENTRIES_FRAME_BYTES) {
                    for record in workspace.log.records(workspace.id(), &[*seq])? {
                        let item = viewer.item(workspace, &record, *upto);
                        bytes += item.len();
                        items.push(item);
                    }
                    seqs.pop_front();
                }
                let frame = (!items.is_empty()).then(|| frame_of(&items, position));
                Ok(Sent {
                    frame,
                    done: seqs.is_empty(),
                })
            }
            Self::Evict(document) => {
                let frame = encode(&ServerFrame::Evict(*document));
                Ok(Sent {
                    frame: Some(frame.into()),
                    done: true,
                })
            }
        }
    }
}

fn frame_of(items: &[Vec<u8>], upto: u64) -> Arc<[u8]> {
    let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    entries_frame(&items, upto).into()
}

/// Whether a record is of a document at all.
fn is_of_document(record: &Record) -> bool {
    record.kind != EntryKind::Roster
}
