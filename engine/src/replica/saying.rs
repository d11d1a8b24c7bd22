//! Saying things in the roster and in access records.
//!
//! Before the first server the founder's replica sequences the roster itself. Afterwards an entry
//! waits in the outbox and grants nothing, here either, until a server has taken it; one that holds
//! no longer by then goes to the drawer.

use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::AccessBody;
use casework_protocol::authority::Received;
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::draft::RosterDraft;
use casework_protocol::roster::entry::RosterBody;

use super::authority::untrusted;
use super::chains::{Standing, put_roster};
use super::outbox::NOBODYS;
use super::rows::Outgoing;
use super::store::Writes;
use super::{Replica, ReplicaFault};
use crate::moment::Moment;

impl Replica {
    /// Says something in the roster. Before the first server it holds at once; afterwards it
    /// waits for the server and grants nothing until then.
    ///
    /// # Errors
    /// [`ReplicaFault::Roster`] when it could not hold now either; [`ReplicaFault::NotEnrolled`].
    pub fn authorise(
        &mut self,
        body: RosterBody,
        moment: &Moment,
    ) -> Result<Standing, ReplicaFault> {
        self.authorise_in(Writes::default(), body, moment)
    }

    /// The same, in one commit with other writes.
    pub(super) fn authorise_in(
        &mut self,
        mut writes: Writes,
        body: RosterBody,
        moment: &Moment,
    ) -> Result<Standing, ReplicaFault> {
        let received = Received::unsequenced(moment.now_ms);
        let draft = RosterDraft {
            body,
            claimed_ms: moment.now_ms,
        };
        let roster = self.roster()?;
        let entry = draft
            .rebase(roster, received, self.identity.key.as_ref())
            .map_err(|error| self.said_in_vain(error))?;
        if self.server()?.is_some() {
            let what = Outgoing::Roster { body: draft.body };
            self.enqueue(&mut writes, NOBODYS, what, moment.now_ms);
            self.commit(writes)?;
            return Ok(Standing::Pending);
        }
        let mut grown = roster.clone();
        grown.apply(entry.clone().verify().map_err(untrusted)?, received)?;
        put_roster(&mut writes, grown.head().version(), &entry, None);
        self.commit(writes)?;
        self.roster = Some(grown);
        Ok(Standing::InForce)
    }

    /// Changes who is on a document; waits for the server.
    ///
    /// # Errors
    /// [`ReplicaFault::Access`] when it could not hold now either.
    pub fn change_access(
        &mut self,
        id: DocumentId,
        body: AccessBody,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        self.change_access_in(Writes::default(), (id, body), moment)
    }

    /// The same, in one commit with other writes.
    pub(super) fn change_access_in(
        &mut self,
        mut writes: Writes,
        (id, body): (DocumentId, AccessBody),
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        self.record(id)?;
        let (roster, record) = (self.roster()?, &self.records[&id]);
        let draft = AccessDraft {
            body,
            claimed_ms: moment.now_ms,
        };
        let received = Received::unsequenced(moment.now_ms);
        draft
            .rebase(record, roster, received, self.identity.key.as_ref())
            .map_err(|error| self.changed_in_vain(id, error))?;
        let what = Outgoing::Access { body: draft.body };
        self.enqueue(&mut writes, id, what, moment.now_ms);
        self.commit(writes)
    }
}
