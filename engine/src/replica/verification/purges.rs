//! Verification of purges: content is gone where a purge took it, and only there.

use casework_protocol::ids::DocumentId;

use super::super::rows::DocumentRow;
use super::super::{Replica, ReplicaFault};
use super::Verification;

impl Replica {
    /// Content is gone where a purge took it, and only there.
    pub(super) fn verify_purges(
        &mut self,
        documents: &[(DocumentId, DocumentRow)],
        found: &mut Verification,
    ) -> Result<(), ReplicaFault> {
        for (id, row) in documents {
            if let Some(seq) = row.bare {
                let what = format!("its content from {seq} on is kept back, and nobody purged it");
                found.find(*id, None, what);
            }
            if self.is_purged(*id) {
                found.find(*id, None, "it was purged, and something of it is here");
            }
        }
        self.load_purged()?;
        for id in self.purged.clone() {
            match self.record(id) {
                Ok(record) if record.head().purged().is_some() => {
                    found.access_entries += record.head().version();
                }
                Ok(_) => found.find(
                    id,
                    None,
                    "it counts as purged, and its record says otherwise",
                ),
                Err(fault) => found.find(id, None, fault),
            }
        }
        Ok(())
    }
}
