//! Acting: an act becomes one signed change, durable with everything it alters.
//!
//! ```text
//! Act ─▶ judge (rules, rights) ─▶ write ─▶ sign ─▶ change + outbox + view + card ─▶ one commit
//! ```
//! Several acts may share a commit ([`Batch`]); they stand or fall together, and an import never
//! leaves half a case.

mod templates;

use std::collections::BTreeMap;
use std::sync::Arc;

use automerge::ActorId as AutomergeActor;
use casework_protocol::access::AccessRecord;
use casework_protocol::access::entry::{AccessBody, DocumentKind, Principal};
use casework_protocol::authority::Authority;
use casework_protocol::ids::{ActorId, ChangeHash, DocumentId, MemberId};
use serde::Serialize;

use super::asked::{OwnAct, day_of};
use super::authority::untrusted;
use super::automating::Ran;
use super::document::author_of;
use super::store::Writes;
use super::tables::Table;
use super::writing::DocumentStep;
use super::{DocumentFault, Replica, ReplicaFault};
use crate::case::facet::FacetKind;
use crate::case::facet::automation::AutomationKind;
use crate::case::{
    Act, ActError, ActionKind, Asker, CaseAction, Checked, Needed, Opening, PartId, Past,
    WriteError, change_hash, check_act, write,
};
use crate::moment::Moment;
use crate::template::Revision;
use crate::template_document::{TemplateAct, TemplateAction};

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub change: ChangeHash,
    /// What the person should be told: rules that warn.
    pub warnings: Vec<String>,
    /// What the template's rules did about it.
    pub effects: Vec<Ran>,
}

/// A case that is to be opened.
#[derive(Debug, Clone)]
pub struct NewCase {
    /// What it begins with.
    pub opening: Opening,
    /// Original person and time, when imported.
    pub imported: Option<crate::case::Imported>,
    /// Only for those named: its owner, assignees and the opener.
    pub restricted: bool,
}

/// Acts that are committed together.
pub struct Batch<'r> {
    pub(super) replica: &'r mut Replica,
    pub(super) writes: Writes,
    pub(super) steps: BTreeMap<DocumentId, DocumentStep>,
    pub(super) records: BTreeMap<DocumentId, AccessRecord>,
    outbox_before: u64,
}

impl Replica {
    /// Does one thing to a case. Durable when it returns.
    ///
    /// # Errors
    /// [`ReplicaFault`]: not allowed, against a rule, without effect, or the store failed. Nothing
    /// was done then.
    pub fn act(
        &mut self,
        id: DocumentId,
        act: Act,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let mut batch = self.batch();
        let acted = batch.act(id, act, moment)?;
        batch.commit()?;
        Ok(acted)
    }

    /// Opens a case.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn open_case(&mut self, case: NewCase, moment: &Moment) -> Result<Acted, ReplicaFault> {
        let mut batch = self.batch();
        let acted = batch.open_case(case, moment)?;
        batch.commit()?;
        Ok(acted)
    }

    /// Opens a template with its first revision.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn open_template(
        &mut self,
        revision: Revision,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let mut batch = self.batch();
        let acted = batch.open_template(revision, moment)?;
        batch.commit()?;
        Ok(acted)
    }

    /// Publishes another revision of a template.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn publish(
        &mut self,
        template: DocumentId,
        revision: Revision,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        self.refuse_unmapped(template, &revision)?;
        let action = TemplateAction::Publish(revision.into());
        let act = TemplateAct {
            action,
            reason: None,
            redo_of: None,
        };
        let mut batch = self.batch();
        let acted = batch.act_on_template(template, act, moment)?;
        batch.commit()?;
        Ok(acted)
    }

    /// Starts a batch of acts.
    pub fn batch(&mut self) -> Batch<'_> {
        let outbox_before = self.next_outbox;
        Batch {
            replica: self,
            writes: Writes::default(),
            steps: BTreeMap::new(),
            records: BTreeMap::new(),
            outbox_before,
        }
    }
}

impl Batch<'_> {
    /// Does one thing to a case.
    ///
    /// # Errors
    /// As [`Replica::act`]; what the batch did before stays in it.
    pub fn act(
        &mut self,
        id: DocumentId,
        mut act: Act,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        // Only a rule that runs here makes an effect of an act, and only the agent's turn a mark.
        act.cause = None;
        if act.action.kind() == ActionKind::Facet(FacetKind::Automation(AutomationKind::Fire)) {
            let action = act.action.kind();
            return Err(ActError::OnlyByAgent { action }.into());
        }
        let (acted, act, revision) = self.perform(id, act, moment)?;
        let effects = self.run_rules(id, (acted.change, act), (&revision, moment))?;
        Ok(Acted { effects, ..acted })
    }

    /// Does one thing to a case, and nothing of what it sets off. Answers the act as it was done.
    pub(super) fn perform(
        &mut self,
        id: DocumentId,
        act: Act,
        moment: &Moment,
    ) -> Result<(Acted, Act, Arc<Revision>), ReplicaFault> {
        let member = self.me()?;
        self.reach(id)?;
        let template = self.steps[&id].document.row.template;
        let template = template.ok_or(DocumentFault::Unknown(id))?;
        let revision = self
            .replica
            .current_revision(template)
            .ok_or(ReplicaFault::Unpublished(template))?;
        let checked = self.check(id, &revision, act, moment)?;
        let granted = checked
            .act()
            .cause
            .as_ref()
            .is_some_and(|cause| cause.of.is_some());
        if !granted {
            self.allow(id, member, (checked.needed(), Some(&revision)))?;
        }
        let stamp = self.stamp(id, Some(&revision), moment)?;
        let kept = OwnAct::Case(Box::new(checked.act().clone()));
        let step = self.begin(id, moment);
        let hash = write(&mut step.document.automerge, &checked, &stamp).map_err(unwritten)?;
        let hash = change_hash(&hash);
        self.seal(id, hash, &kept, moment)?;
        self.follow_access(id, &checked.act().action, moment)?;
        let acted = Acted {
            document: id,
            change: hash,
            warnings: checked.warnings().to_vec(),
            effects: Vec::new(),
        };
        Ok((acted, checked.act().clone(), revision))
    }

    /// Opens a case: its access record and its first change.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn open_case(&mut self, case: NewCase, moment: &Moment) -> Result<Acted, ReplicaFault> {
        let NewCase {
            opening,
            imported,
            restricted,
        } = case;
        let mut principals = vec![Principal::Member(self.me()?)];
        let named = opening.assignees.iter().chain(&opening.owner).copied();
        for member in named.map(Principal::Member) {
            if !principals.contains(&member) {
                principals.push(member);
            }
        }
        let id = self.found(
            AccessBody::Genesis {
                kind: DocumentKind::Case,
                template: Some(opening.template),
                principals,
                restricted,
                nonce: moment.nonce("document").to_vec(),
            },
            moment,
        )?;
        let part = PartId::derive(&moment.derive("open"), 0);
        let mut act = Act::new(part, CaseAction::Open(opening));
        act.imported = imported;
        let acted = self.act(id, act, moment);
        if acted.is_err() {
            self.unfound(id);
        }
        acted
    }

    /// Deletes a row in the same commit.
    pub(super) fn forget(&mut self, table: Table, key: Vec<u8>) {
        self.writes.delete(table, key);
    }

    /// Commits everything, or nothing.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`]; nothing was done then.
    pub fn commit(mut self) -> Result<(), ReplicaFault> {
        let writes = core::mem::take(&mut self.writes);
        let steps: Vec<DocumentStep> = core::mem::take(&mut self.steps).into_values().collect();
        let records = core::mem::take(&mut self.records);
        self.replica.settle_whole(writes, steps)?;
        self.replica.records.extend(records);
        self.outbox_before = self.replica.next_outbox;
        Ok(())
    }

    pub(super) fn me(&self) -> Result<MemberId, ReplicaFault> {
        self.replica.member().ok_or(ReplicaFault::NotEnrolled)
    }

    /// Takes a document and its access record into the batch.
    pub(super) fn reach(&mut self, id: DocumentId) -> Result<(), ReplicaFault> {
        if !self.steps.contains_key(&id) {
            let step = self.replica.take_document(id)?;
            self.steps.insert(id, step);
        }
        if !self.records.contains_key(&id) {
            let record = self.replica.record(id)?.clone();
            self.records.insert(id, record);
        }
        Ok(())
    }

    pub(super) fn check(
        &self,
        id: DocumentId,
        revision: &Revision,
        act: Act,
        moment: &Moment,
    ) -> Result<Checked, ReplicaFault> {
        let automerge = &self.steps[&id].document.automerge;
        let roster = self.replica.roster()?.head();
        let me = self.me()?;
        let knows = |member| roster.member(member).is_some();
        let is_me = |actor: ActorId| {
            let actor = AutomergeActor::from(actor.as_bytes().as_slice());
            let device = author_of(automerge, &actor);
            device
                .and_then(|d| roster.device(d))
                .is_some_and(|device| device.member == me)
        };
        let today = day_of(moment.now_ms.cast_signed(), moment.zone_min)
            .ok_or_else(|| untrusted("the clock is beyond the calendar"))?;
        let roles = roster.member(me).map(|member| member.roles.clone());
        let asker = Asker {
            today,
            me,
            knows: &knows,
            is_me: &is_me,
            roles: &roles.unwrap_or_default(),
            holders: &|seat| seat.holders(roster).collect(),
        };
        Ok(check_act(&Past::now(automerge), revision, act, &asker)?)
    }

    /// Refuses what no role of this member grants here, naming the grant.
    fn allow(
        &self,
        id: DocumentId,
        member: MemberId,
        (needed, revision): (&[Needed], Option<&Revision>),
    ) -> Result<(), ReplicaFault> {
        #[cfg(test)]
        if self.replica.lawless {
            return Ok(());
        }
        let authority = Authority {
            roster: self.replica.roster()?,
            access: &self.records[&id],
        };
        for needed in needed {
            if let Some(denial) = self.replica.denial(authority, member, (needed, revision)) {
                return Err(Box::new(denial).into());
            }
        }
        Ok(())
    }
}

impl Drop for Batch<'_> {
    /// What was not committed never happened: memory goes back to what the disk says.
    fn drop(&mut self) {
        self.replica.next_outbox = self.outbox_before;
    }
}

fn unwritten(error: WriteError) -> ReplicaFault {
    match error {
        WriteError::Act(error) => error.into(),
        WriteError::Document(_) | WriteError::Empty => untrusted(error),
    }
}
