//! Acting on one's own personal document in a batch: founding it, marking, quiet rules.

use casework_protocol::access::document_id;
use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{AccessBody, DocumentKind, Principal};
use casework_protocol::ids::{DocumentId, MemberId};

use super::{Acted, Batch, unwritten};
use crate::case::{Past, change_hash};
use crate::moment::Moment;
use crate::personal::{PersonalAction, check_personal, write_personal};
use crate::replica::asked::OwnAct;
use crate::replica::tables::{self, Table};
use crate::replica::{Replica, ReplicaFault};

impl Replica {
    /// The document that this device founds for its member, whether it has or not.
    pub(in crate::replica) fn own_personal(&self, member: MemberId) -> DocumentId {
        let draft = AccessDraft {
            body: genesis(member),
            claimed_ms: 0,
        };
        let entry = draft.found(self.workspace(), self.identity.key.as_ref());
        document_id(&entry.hash::<AccessBody>())
    }
}

impl Batch<'_> {
    /// Does one thing to the personal document of this device, founding it if need be.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn keep_for_myself(
        &mut self,
        action: PersonalAction,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let member = self.me()?;
        let id = self.replica.own_personal(member);
        let known = self.steps.contains_key(&id)
            || self
                .replica
                .store
                .get(Table::Documents, &tables::document(id))?
                .is_some();
        if !known {
            self.found(genesis(member), moment)?;
            self.act_on_personal(id, PersonalAction::Open, &moment.part(0))?;
        }
        self.act_on_personal(id, action, &moment.part(1))
    }

    /// Does one thing to a personal document.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub(in crate::replica) fn act_on_personal(
        &mut self,
        id: DocumentId,
        action: PersonalAction,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let member = self.me()?;
        self.reach(id)?;
        // Sight of it is all that it takes; whoever lost the membership lost that.
        self.allow(id, member, (&[], None))?;
        let checked = check_personal(&Past::now(&self.steps[&id].document.automerge), action)?;
        let stamp = self.stamp(id, None, moment)?;
        let step = self.begin(id, moment);
        let hash =
            write_personal(&mut step.document.automerge, &checked, &stamp).map_err(unwritten)?;
        let hash = change_hash(&hash);
        let kept = OwnAct::Personal(checked.action().clone());
        self.seal(id, hash, &kept, moment)?;
        Ok(Acted {
            document: id,
            change: hash,
            warnings: Vec::new(),
            effects: Vec::new(),
        })
    }
}

/// The only form that the genesis of a member's personal document has on one device.
fn genesis(member: MemberId) -> AccessBody {
    AccessBody::Genesis {
        kind: DocumentKind::Personal,
        template: None,
        principals: vec![Principal::Member(member)],
        restricted: true,
        nonce: vec![0; 16],
    }
}
