//! One document from its beginning: a bundle if there is one, then the entries after it.
//!
//! Holds the document's id and a position in it. Invariant: what it sends is the whole document as
//! it stood before `upto`.

use casework_protocol::frame::{ServerFrame, encode};
use casework_protocol::ids::DocumentId;
use casework_protocol::limits::ENTRIES_FRAME_BYTES;

use super::first::last_below;
use super::viewer::{Reach, Viewer};
use super::{Sent, frame_of};
use crate::log::{LogError, Record};
use crate::relay::workspace::Workspace;

/// Positions of a document that are looked up at once.
const POSITIONS_STEP: usize = 256;

/// How far a document was sent.
#[derive(Debug)]
pub(super) struct DocumentCursor {
    document: DocumentId,
    upto: u64,
    /// In a first sync, and for a fetch, the document's last position below `upto`: then it ends
    /// with a frame that says so.
    below: Option<u64>,
    /// A fetch is answered also where nothing is to be had any more.
    is_fetch: bool,
    bundle: bool,
    part: Part,
}

#[derive(Debug)]
enum Part {
    Start,
    /// Entries that are no changes, which a bundle leaves out; this many were sent.
    Marks {
        bundle: u64,
        sent: usize,
    },
    /// Pieces of the bundle.
    Pieces {
        bundle: u64,
        index: u32,
        count: u32,
    },
    /// Held runs below the bundle's end that it withholds and this device may have.
    Withheld {
        bundle: u64,
        from: u64,
    },
    /// Entries from this position on.
    Entries {
        from: u64,
    },
    End,
}

impl DocumentCursor {
    /// The document as it stood before this position.
    pub(super) fn new(document: DocumentId, upto: u64) -> Self {
        Self {
            document,
            upto,
            below: None,
            is_fetch: false,
            bundle: true,
            part: Part::Start,
        }
    }

    /// The same in a first sync, where `below` is its last position below the target.
    pub(super) fn of_first_sync(document: DocumentId, target: u64, below: u64) -> Self {
        Self {
            document,
            upto: target,
            below: Some(below),
            is_fetch: false,
            bundle: true,
            part: Part::Start,
        }
    }

    /// The same because the device asked for it; without a bundle when one did not hold.
    pub(super) fn fetched(
        workspace: &Workspace,
        document: DocumentId,
        upto: u64,
        bundle: bool,
    ) -> Result<Self, LogError> {
        let known = workspace.documents.get(&document);
        let below = known
            .map(|known| last_below(workspace, document, known, upto))
            .transpose()?;
        let below = below.flatten().or(Some(0));
        Ok(Self {
            document,
            upto,
            below,
            is_fetch: true,
            bundle,
            part: Part::Start,
        })
    }

    /// The next frame.
    pub(super) fn next(
        &mut self,
        viewer: &Viewer,
        workspace: &Workspace,
        position: u64,
    ) -> Result<Sent, LogError> {
        loop {
            let frame = match self.part {
                Part::Start => {
                    if !self.is_visible(viewer, workspace) {
                        let frame = self.is_fetch.then(|| self.nothing());
                        return Ok(Sent { frame, done: true });
                    }
                    self.start(workspace)?;
                    None
                }
                Part::Marks { bundle, sent } => {
                    let seqs = self.marks(workspace, bundle, sent);
                    if seqs.is_empty() {
                        self.begin_pieces(workspace, bundle)?;
                        continue;
                    }
                    let records = workspace.log.records(workspace.id(), &seqs)?;
                    let (items, _) = self.fill(viewer, workspace, records);
                    self.part = Part::Marks {
                        bundle,
                        sent: sent + items.len().max(1),
                    };
                    Some(frame_of(&items, position))
                }
                Part::Pieces {
                    bundle,
                    index,
                    count,
                } => self.piece(workspace, (bundle, index, count))?,
                Part::Withheld { bundle, from } => {
                    self.withheld(viewer, workspace, (bundle, from), position)?
                }
                Part::Entries { from } => self.entries(viewer, workspace, from, position)?,
                Part::End => {
                    return Ok(Sent {
                        frame: self.end(),
                        done: true,
                    });
                }
            };
            if frame.is_some() {
                let done = matches!(self.part, Part::End) && self.below.is_none();
                return Ok(Sent { frame, done });
            }
        }
    }

    /// What is fetched must also have been visible as far as the log was read, or it would come
    /// before the entry that made it so.
    fn is_visible(&self, viewer: &Viewer, workspace: &Workspace) -> bool {
        let then =
            !self.is_fetch || viewer.reach_at(workspace, self.document, self.upto) > Reach::Nothing;
        then && viewer.reach_now(workspace, self.document) > Reach::Nothing
    }

    fn start(&mut self, workspace: &Workspace) -> Result<(), LogError> {
        let bundle = workspace
            .documents
            .get(&self.document)
            .and_then(|known| known.bundle);
        self.part = match bundle.filter(|bundle| self.bundle && *bundle <= self.upto) {
            Some(bundle) => Part::Marks { bundle, sent: 0 },
            None => Part::Entries { from: 0 },
        };
        Ok(())
    }

    fn marks(&self, workspace: &Workspace, bundle: u64, sent: usize) -> Vec<u64> {
        let known = workspace.documents.get(&self.document);
        let marks = known
            .map(|known| known.marks.as_slice())
            .unwrap_or_default();
        let below = marks.iter().copied().take_while(|seq| *seq < bundle);
        below.skip(sent).take(POSITIONS_STEP).collect()
    }

    fn begin_pieces(&mut self, workspace: &Workspace, bundle: u64) -> Result<(), LogError> {
        let row = workspace.log.bundle(workspace.id(), self.document)?;
        self.part = match row {
            Some(row) if row.upto == bundle => Part::Pieces {
                bundle,
                index: 0,
                count: row.pieces,
            },
            // Replaced meanwhile: begin again with the newer one.
            Some(_) => Part::Start,
            None => Part::Entries { from: 0 },
        };
        Ok(())
    }

    fn piece(
        &mut self,
        workspace: &Workspace,
        (bundle, index, count): (u64, u32, u32),
    ) -> Result<Option<std::sync::Arc<[u8]>>, LogError> {
        if index >= count {
            self.part = Part::Withheld { bundle, from: 0 };
            return Ok(None);
        }
        let piece = workspace
            .log
            .piece(workspace.id(), self.document, bundle, index)?;
        let Some(bytes) = piece else {
            self.part = Part::Start;
            return Ok(None);
        };
        self.part = Part::Pieces {
            bundle,
            index: index + 1,
            count,
        };
        let (document, last) = (self.document, index + 1 == count);
        Ok(Some(
            encode(&ServerFrame::Piece {
                document,
                index,
                last,
                bytes,
            })
            .into(),
        ))
    }

    /// Held runs whose content a bundle must not carry: released since, or for this device anyway.
    fn withheld(
        &mut self,
        viewer: &Viewer,
        workspace: &Workspace,
        (bundle, from): (u64, u64),
        position: u64,
    ) -> Result<Option<std::sync::Arc<[u8]>>, LogError> {
        let own = viewer.reach_now(workspace, self.document) == Reach::Adopts;
        let now = workspace.roster().head();
        let mine = now.device(viewer.device()).map(|device| device.member);
        let seqs: Vec<u64> = workspace
            .held
            .of(self.document)
            .filter(|run| run.seq >= from && run.seq < bundle)
            .filter(|run| run.adopted.is_none_or(|adoption| adoption >= bundle))
            .filter(|run| {
                own || run.adopted.is_some_and(|adoption| adoption < self.upto)
                    || now.device(run.device).map(|device| device.member) == mine
            })
            .map(|run| run.seq)
            .take(POSITIONS_STEP)
            .collect();
        let records = workspace.log.records(workspace.id(), &seqs)?;
        let (items, last) = self.fill(viewer, workspace, records);
        self.part = match last {
            Some(last) => Part::Withheld {
                bundle,
                from: last + 1,
            },
            None => Part::Entries { from: bundle },
        };
        Ok((!items.is_empty()).then(|| frame_of(&items, position)))
    }

    fn entries(
        &mut self,
        viewer: &Viewer,
        workspace: &Workspace,
        from: u64,
        position: u64,
    ) -> Result<Option<std::sync::Arc<[u8]>>, LogError> {
        let log = &workspace.log;
        let mut seqs = log.positions(workspace.id(), self.document, from, POSITIONS_STEP)?;
        seqs.retain(|seq| *seq < self.upto);
        let records = log.records(workspace.id(), &seqs)?;
        let (items, last) = self.fill(viewer, workspace, records);
        let more = last.filter(|last| seqs.last() > Some(last) || seqs.len() == POSITIONS_STEP);
        self.part = more.map_or(Part::End, |last| Part::Entries { from: last + 1 });
        Ok((!items.is_empty()).then(|| frame_of(&items, position)))
    }

    /// Items up to the budget, and the position of the last one taken.
    fn fill(
        &self,
        viewer: &Viewer,
        workspace: &Workspace,
        records: Vec<Record>,
    ) -> (Vec<Vec<u8>>, Option<u64>) {
        let (mut items, mut bytes, mut last) = (Vec::new(), 0, None);
        for record in records {
            let item = viewer.item(workspace, &record, self.upto);
            bytes += item.len();
            last = Some(record.seq);
            items.push(item);
            if bytes >= ENTRIES_FRAME_BYTES {
                break;
            }
        }
        (items, last)
    }

    fn end(&self) -> Option<std::sync::Arc<[u8]>> {
        self.below.map(|below| self.ending(below))
    }

    /// The same as for a document of which the server knows nothing.
    fn nothing(&self) -> std::sync::Arc<[u8]> {
        self.ending(0)
    }

    fn ending(&self, below: u64) -> std::sync::Arc<[u8]> {
        let (document, target) = (self.document, self.upto);
        let frame = ServerFrame::Document {
            document,
            below,
            target,
        };
        encode(&frame).into()
    }
}
