//! The order of a first sync: templates, then the others, the one with the newest entry first.
//!
//! Cases are judged by the revisions of their templates: a device that got them first would set
//! every case aside and judge all of them twice. Holds 24 bytes per visible document until each was
//! sent. Invariant: the order depends on the log below the target only, so that an interrupted first
//! sync goes on where it stopped; templates that may not have arrived are sent again.

use casework_protocol::access::entry::DocumentKind;
use casework_protocol::ids::DocumentId;

use super::document::DocumentCursor;
use super::viewer::{Reach, Viewer};
use crate::log::LogError;
use crate::relay::workspace::{Document, Workspace};

/// A first sync that goes on.
#[derive(Debug)]
pub(super) struct First {
    target: u64,
    /// Last position below the target and document, ascending.
    order: Vec<(u64, DocumentId)>,
    /// The same for templates, whose ends are not told: they are no step of the order.
    templates: Vec<(u64, DocumentId)>,
    roster: u64,
}

impl First {
    /// Plans it: everything visible now whose last position below `target` is below `below`.
    pub(super) fn plan(
        viewer: &Viewer,
        workspace: &Workspace,
        target: u64,
        below: u64,
    ) -> Result<Self, LogError> {
        let (mut order, mut templates) = (Vec::new(), Vec::new());
        for (id, document) in &workspace.documents {
            if viewer.reach_now(workspace, *id) == Reach::Nothing {
                continue;
            }
            let last = last_below(workspace, *id, document, target)?;
            let list = match document.access.head().kind() {
                DocumentKind::Template => &mut templates,
                DocumentKind::Case | DocumentKind::Personal => &mut order,
            };
            list.extend(last.filter(|last| *last < below).map(|last| (last, *id)));
        }
        order.sort_unstable();
        templates.sort_unstable();
        Ok(Self {
            target,
            order,
            templates,
            roster: workspace.roster().head().version(),
        })
    }

    /// The next document.
    pub(super) fn next(&mut self) -> Option<DocumentCursor> {
        if let Some((_, template)) = self.templates.pop() {
            return Some(DocumentCursor::new(template, self.target));
        }
        let (last, document) = self.order.pop()?;
        Some(DocumentCursor::of_first_sync(document, self.target, last))
    }

    /// Entries and bundles that will follow, roughly.
    pub(super) fn expected(&self, workspace: &Workspace) -> (u64, u64) {
        let all = self.templates.iter().chain(&self.order);
        let documents = all.filter_map(|(_, id)| workspace.documents.get(id));
        documents.fold(
            (self.roster, 0),
            |(entries, bundles), document| match document.bundle {
                Some(_) => (entries, bundles + 1),
                None => (entries + document.row.count, bundles),
            },
        )
    }
}

/// The last position of a document below the target; `None` when it has none there.
pub(super) fn last_below(
    workspace: &Workspace,
    id: DocumentId,
    document: &Document,
    target: u64,
) -> Result<Option<u64>, LogError> {
    if document
        .access
        .received(1)
        .is_none_or(|genesis| genesis.seq >= target)
    {
        return Ok(None);
    }
    if document.row.last < target {
        return Ok(Some(document.row.last));
    }
    let seqs = workspace.log.positions(workspace.id(), id, 0, usize::MAX)?;
    let Some(seq) = seqs.into_iter().take_while(|seq| *seq < target).last() else {
        return Ok(None);
    };
    let record = workspace.log.records(workspace.id(), &[seq])?;
    Ok(record.first().map(|record| record.end() - 1))
}
