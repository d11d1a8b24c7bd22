//! Redacting a field hides what was written under the ids it had before, too: one change for each, in
//! the same commit.

use casework_protocol::ids::DocumentId;

use super::super::{Batch, ReplicaFault};
use crate::case::facet::FacetAction;
use crate::case::facet::redaction::RedactionAction;
use crate::case::{Act, ActError, CaseAction, PartId};
use crate::moment::Moment;
use crate::template::Revision;

impl Batch<'_> {
    /// Redacts the fields that were mapped to one that was just redacted, written or not: somebody
    /// who works under an older revision may still write there.
    pub(super) fn redact_former(
        &mut self,
        id: DocumentId,
        act: &Act,
        (revision, moment): (&Revision, &Moment),
    ) -> Result<(), ReplicaFault> {
        let CaseAction::Facet(FacetAction::Redaction(RedactionAction::Field { field })) =
            &act.action
        else {
            return Ok(());
        };
        for (n, former) in (0..).zip(revision.formerly(field)) {
            let part = PartId::derive(&moment.derive("redact former"), n);
            let action = RedactionAction::Field {
                field: former.to_owned(),
            };
            let mut also = Act::new(part, action.into());
            also.reason.clone_from(&act.reason);
            match self.perform(id, also, moment) {
                Ok(_) | Err(ReplicaFault::Act(ActError::Unchanged { .. })) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}
