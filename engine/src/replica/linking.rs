//! Links from the other side, and taking back what one did.
//!
//! A link is written on one case; the linked one shows its inverse from an index of this replica,
//! so what is shown depends on the cases that are here.

use std::collections::{BTreeMap, BTreeSet};

use automerge::ActorId as AutomergeActor;
use casework_protocol::ids::{ActorId, ChangeHash, DocumentId};

use super::document::author_of;
use super::tables::{self, Table};
use super::{Acted, Replica, ReplicaFault};
use crate::case::facet::link::Relation;
use crate::case::{Act, CaseAction, PartId, undo_last};
use crate::moment::Moment;

/// A link as one of its two cases shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LinkedCase {
    /// What the other case is to this one.
    pub relation: Relation,
    /// The other case.
    pub case: DocumentId,
    /// Whether the link is written on this case; the inverse of one written there else.
    pub own: bool,
    /// Whether the other case was purged.
    pub purged: bool,
}

impl Replica {
    /// Every link of a case, from both sides, each once.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the case is not here or is quarantined.
    pub fn links(&mut self, id: DocumentId) -> Result<Vec<LinkedCase>, ReplicaFault> {
        let own: BTreeSet<(Relation, DocumentId)> =
            self.case(id)?.facets.links.0.into_keys().collect();
        let mut linking = Vec::new();
        self.store.scan(Table::Links, id.as_bytes(), |key, _| {
            linking.extend(tables::second_document(key));
            Ok(true)
        })?;
        let mut found: BTreeMap<(Relation, DocumentId), bool> =
            own.into_iter().map(|link| (link, true)).collect();
        for other in linking {
            // Its view counts, not the row: the link may be gone, or the case.
            let Some(view) = self.stored_view(other)? else {
                continue;
            };
            for (relation, linked) in view.facets.links.0.into_keys() {
                if linked == id {
                    found.entry((relation.inverse(), other)).or_insert(false);
                }
            }
        }
        let linked = found.into_iter().map(|((relation, case), own)| LinkedCase {
            relation,
            case,
            own,
            purged: self.is_purged(case),
        });
        Ok(linked.collect())
    }

    /// Takes back the last things that this member did to a case, newest first: all of them, or
    /// none. Answers what was taken back with what was done.
    ///
    /// # Errors
    /// As [`Replica::act`]; also when there is nothing left to take back, or it cannot be.
    pub fn undo(
        &mut self,
        id: DocumentId,
        (steps, reason): (u32, Option<&str>),
        moment: &Moment,
    ) -> Result<Vec<(ChangeHash, Acted)>, ReplicaFault> {
        let mut batch = self.batch();
        let mut done = Vec::new();
        for step in 0..u64::from(steps) {
            let (undone, action) = batch.last_own(id)?;
            let now = moment.part(step);
            let act = Act {
                reason: reason.map(str::to_owned),
                undo_of: Some(undone),
                // A reason goes through what a rule asks; where none asks, it stays a reason.
                override_rule: reason.is_some(),
                ..Act::new(PartId::derive(&now.derive("undo"), 0), action)
            };
            done.push((undone, batch.act(id, act, &now)?));
        }
        batch.commit()?;
        Ok(done)
    }
}

impl super::Batch<'_> {
    fn last_own(&mut self, id: DocumentId) -> Result<(ChangeHash, CaseAction), ReplicaFault> {
        self.reach(id)?;
        let me = self.replica.member().ok_or(ReplicaFault::NotEnrolled)?;
        let roster = self.replica.roster()?.head();
        let automerge = &self.steps[&id].document.automerge;
        let is_mine = |actor: ActorId| {
            let actor = AutomergeActor::from(actor.as_bytes().as_slice());
            let device = author_of(automerge, &actor);
            device
                .and_then(|device| roster.device(device))
                .is_some_and(|device| device.member == me)
        };
        Ok(undo_last(automerge, &is_mine)?)
    }
}
