//! The history of one document as a run sees it, for gate layer 2.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::citation::{Citation, CitedVersion};
use casework_protocol::gate::{ActorTip, ChangeHeader, ChangeIndex, IndexedChange, Origin};
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId};
use casework_protocol::limits::MAX_CHANGE_DEPS;

use super::Facts;
use crate::log::{ChangeRow, TipRow};
use crate::relay::workspace::Workspace;

/// The changes of one document as a run sees them: the log, the batch in the making, and the run's
/// own changes so far.
pub(super) struct Sight<'a> {
    workspace: &'a Workspace,
    facts: &'a Facts,
    document: DocumentId,
    pub(super) device: DeviceId,
    tip: Option<TipRow>,
    own: BTreeMap<ChangeHash, ChangeRow>,
    pub(super) rows: Vec<(ChangeHash, ChangeRow)>,
    pub(super) reduced: bool,
}

impl<'a> Sight<'a> {
    pub(super) fn new(
        workspace: &'a Workspace,
        facts: &'a Facts,
        origin: &Origin,
        tip: Option<TipRow>,
    ) -> Self {
        Self {
            workspace,
            facts,
            document: origin.document,
            device: origin.device,
            tip,
            own: BTreeMap::new(),
            rows: Vec::new(),
            reduced: false,
        }
    }

    fn row(&self, hash: ChangeHash) -> Option<ChangeRow> {
        let known = || self.workspace.known(self.facts, hash);
        self.own
            .get(&hash)
            .copied()
            .or_else(known)
            .filter(|row| row.document == self.document)
    }

    /// What the new changes build on and neither the log nor the run has.
    pub(super) fn missing(&self, headers: &[&ChangeHeader]) -> Vec<ChangeHash> {
        let mut own = BTreeSet::new();
        let mut missing = BTreeSet::new();
        for header in headers {
            let lacks = |dep: &&ChangeHash| !own.contains(*dep) && self.row(**dep).is_none();
            missing.extend(header.deps.iter().filter(lacks).copied());
            own.insert(header.hash);
        }
        missing.into_iter().take(MAX_CHANGE_DEPS).collect()
    }

    pub(super) fn add(&mut self, header: &ChangeHeader, citation: &Citation, at: u64) {
        let row = change_row(self.document, header, citation, at);
        self.own.insert(header.hash, row);
        self.rows.push((header.hash, row));
        self.tip = Some(TipRow {
            hash: header.hash,
            change: row,
            closed: false,
        });
    }
}

impl ChangeIndex for Sight<'_> {
    fn change(&self, hash: ChangeHash) -> Option<IndexedChange> {
        let cited = |version| CitedVersion {
            version,
            mark: [0; 8],
        };
        self.row(hash).map(|row| IndexedChange {
            actor: row.actor,
            seq: row.seq,
            max_op: row.max_op,
            citation: Citation {
                roster: cited(row.roster),
                access: cited(row.access),
            },
        })
    }

    fn tip(&self, actor: ActorId) -> Option<ActorTip> {
        let own = self.tip.filter(|tip| tip.change.actor == actor);
        own.or_else(|| self.workspace.tip(self.facts, actor))
            .filter(|tip| tip.change.document == self.document)
            .map(|tip| ActorTip {
                seq: tip.change.seq,
                hash: tip.hash,
                max_op: tip.change.max_op,
            })
    }

    /// Never asked: what has a number up to the tip's was sorted out before.
    fn numbered(&self, _: ActorId, _: u32) -> Option<ChangeHash> {
        None
    }
}

/// What the index keeps of a change at this position.
pub(super) fn change_row(
    document: DocumentId,
    header: &ChangeHeader,
    citation: &Citation,
    at: u64,
) -> ChangeRow {
    ChangeRow {
        document,
        actor: header.actor,
        seq: header.seq,
        max_op: header.max_op(),
        at,
        roster: citation.roster.version,
        access: citation.access.version,
    }
}
