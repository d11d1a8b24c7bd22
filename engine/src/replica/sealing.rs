//! Putting a change on paper: the actor it is written under, its signature, its rows, and the
//! access record of a new document.
//!
//! Judges nothing; [`super::act`] has done that before.

use automerge::{ActorId as AutomergeActor, Author, Automerge, ReadDoc};
use casework_protocol::access::entry::{AccessBody, DocumentKind, Principal};
use casework_protocol::actor::actor_id;
use casework_protocol::citation::Citation;
use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use casework_protocol::seal::sign_change;

use super::asked::OwnAct;
use super::authority::{document_row, untrusted};
use super::chains::put_access;
use super::document::OpenDocument;
use super::rows::{ChangeRow, Outgoing, TipRow};
use super::tables::{self, Table};
use super::writing::DocumentStep;
use super::{Batch, ReplicaFault};
use crate::case::facet::keeping::settled_access;
use crate::case::{CaseAction, Message, RevisionMark, Stamp};
use crate::moment::Moment;
use crate::template::Revision;

impl Batch<'_> {
    /// What the author of the next change knows and when it acts.
    pub(super) fn stamp(
        &self,
        id: DocumentId,
        revision: Option<&Revision>,
        moment: &Moment,
    ) -> Result<Stamp, ReplicaFault> {
        let citation = Citation {
            roster: self.replica.roster()?.cite(),
            access: self.records[&id].cite(),
        };
        Ok(Stamp {
            citation,
            revision: revision.map(|revision| RevisionMark::of(&revision.id())),
            time_ms: moment.now_ms.cast_signed(),
            zone_min: moment.zone_min,
        })
    }

    /// Makes the document write under this opening's actor and this device's key.
    pub(super) fn begin(&mut self, id: DocumentId, moment: &Moment) -> &mut DocumentStep {
        let (workspace, device) = (self.replica.workspace(), self.replica.device());
        let nonce = moment.actor_nonce(id);
        let actor = *self
            .replica
            .actors
            .entry(id)
            .or_insert_with(|| actor_id(workspace, id, device, nonce));
        let step = self
            .steps
            .get_mut(&id)
            .expect("the document was reached before");
        step.begun = true;
        let automerge = &mut step.document.automerge;
        if automerge.get_actor().to_bytes() != actor.as_bytes() {
            // In this order: setting an author replaces the actor.
            automerge.set_author(Some(
                Author::from(device.as_bytes().as_slice()).into_owned(),
            ));
            automerge.set_actor(AutomergeActor::from(actor.as_bytes().as_slice()));
        }
        step
    }

    /// Signs the newest change and writes it with its outbox row.
    pub(super) fn seal(
        &mut self,
        id: DocumentId,
        hash: ChangeHash,
        kept: &OwnAct,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let replica = &mut *self.replica;
        let device = replica.device();
        let signature = sign_change(
            replica.identity.key.as_ref(),
            replica.identity.workspace,
            id,
            hash,
        );
        let step = self
            .steps
            .get_mut(&id)
            .expect("the document was reached before");
        let change = step
            .document
            .automerge
            .get_change_by_hash(&automerge::ChangeHash(*hash.as_bytes()))
            .ok_or_else(|| untrusted("a change that was just made is not there"))?;
        let actor = super::document::actor_of(change.actor_id())
            .ok_or_else(|| untrusted("the actor has another length"))?;
        let message = Message::read(change.message().unwrap_or_default()).map_err(untrusted)?;
        let (seq, max_op) = (count(change.seq())?, count(change.max_op())?);
        let tip = TipRow {
            device,
            seq,
            hash,
            max_op,
            signed: Some((hash, signature)),
        };
        let bytes = change.raw_bytes().to_vec();
        let row = ChangeRow {
            bytes,
            hash,
            device,
            arrived: None,
        };
        let place = step.add(row, &message, (actor, tip));
        let act = serde_json::to_string(kept).map_err(untrusted)?;
        let Citation { roster, access } = message.citation;
        let what = Outgoing::Change {
            hash,
            act,
            place,
            signature,
            cites: (roster.version, access.version),
            under: message.revision.map(|mark| mark.to_string()),
        };
        replica.enqueue(&mut self.writes, id, what, moment.now_ms);
        Ok(())
    }

    /// Founds the access record of a new document.
    pub(super) fn found(
        &mut self,
        body: AccessBody,
        moment: &Moment,
    ) -> Result<DocumentId, ReplicaFault> {
        let (kind, template) = match &body {
            AccessBody::Genesis { kind, template, .. } => (*kind, *template),
            AccessBody::Change { .. }
            | AccessBody::RequestPurge { .. }
            | AccessBody::CancelPurge
            | AccessBody::Purge => (DocumentKind::Case, None),
        };
        let (id, entry, record) = self.replica.found_record(body, moment)?;
        put_access(&mut self.writes, id, 1, (&entry, None));
        self.replica
            .enqueue(&mut self.writes, id, Outgoing::Genesis, moment.now_ms);
        let row = document_row(kind, template);
        let document = OpenDocument {
            automerge: Automerge::new(),
            row,
            view: None,
        };
        let mut step = DocumentStep::new(id, document);
        step.begun = true;
        self.steps.insert(id, step);
        self.records.insert(id, record);
        Ok(id)
    }

    /// Takes a document back out that could not be opened.
    pub(super) fn unfound(&mut self, id: DocumentId) {
        self.steps.remove(&id);
        self.records.remove(&id);
        self.replica.actors.remove(&id);
        self.writes
            .retract(Table::Access, &tables::document_number(id, 1));
        self.replica.next_outbox -= 1;
        self.writes
            .retract(Table::Outbox, &tables::number(self.replica.next_outbox));
    }

    /// What an action changes in the access record: whoever is given work on a case must be able
    /// to see it.
    pub(super) fn follow_access(
        &mut self,
        id: DocumentId,
        action: &CaseAction,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let mut bodies: Vec<AccessBody> = given_to(action)
            .into_iter()
            .map(Principal::Member)
            .filter(|principal| !self.records[&id].head().contains(principal))
            .map(|principal| AccessBody::Change {
                add: vec![principal],
                remove: Vec::new(),
                restricted: None,
                legal_hold: None,
            })
            .collect();
        if let CaseAction::Facet(action) = action {
            // One that changes nothing is dropped when it is signed: only then it is known what
            // the entries before it, made here or elsewhere, have changed.
            bodies.extend(action.facet().access());
        }
        if let CaseAction::Settle { place, value } = action {
            let standing = self.records[&id].head().purge().map(|purge| purge.days);
            bodies.extend(settled_access(place, value, standing));
        }
        for body in bodies {
            let what = Outgoing::Access { body };
            self.replica
                .enqueue(&mut self.writes, id, what, moment.now_ms);
        }
        Ok(())
    }
}

/// The members who are given something to do.
pub(super) fn given_to(action: &CaseAction) -> Vec<MemberId> {
    if let CaseAction::Assign { member }
    | CaseAction::SetOwner {
        member: Some(member),
    }
    | CaseAction::AssignTask {
        assignee: Some(member),
        ..
    }
    | CaseAction::CreateTask {
        assignee: Some(member),
        ..
    } = action
    {
        vec![*member]
    } else if let CaseAction::Facet(action) = action {
        action.facet().people()
    } else {
        Vec::new()
    }
}

fn count(n: u64) -> Result<u32, ReplicaFault> {
    u32::try_from(n).map_err(|_| untrusted("a counter is at its end"))
}
