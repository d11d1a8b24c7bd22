//! Rules whose time has come: found in the cases that are here, and fired in one commit with all
//! that follows.
//!
//! ```text
//! timers ─▶ condition holds now ─▶ claim that holds ─▶ still so? ─▶ mark + effects + what they set off
//! ```
//! Invariant: the mark bears the key of its occasion, so it is left once; a crash leaves all of it
//! or nothing. What no longer holds when the claim does fires nothing.

use super::claims::Desk;
use super::{AgentTurn, FiredRule};
use crate::automation::{Timer, rule_named, timed};
use crate::case::condition::{Facts, holds};
use crate::case::facet::automation::AutomationAction;
use crate::case::{Act, PartId, Past};
use crate::moment::Moment;
use crate::replica::asked::day_of;
use crate::replica::authority::untrusted;
use crate::replica::{DocumentFault, Replica, ReplicaFault};
use crate::view::CaseView;
use casework_protocol::ids::DocumentId;

impl Replica {
    /// When the rules of a case that wait for time will fire, the earliest first: one that is past
    /// waits for the agent, or for its condition.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the case is not here.
    pub fn timers(&mut self, id: DocumentId, moment: &Moment) -> Result<Vec<Timer>, ReplicaFault> {
        let view = self.case(id)?;
        let revision = self.current_revision(view.template);
        let revision = revision.ok_or(ReplicaFault::Unpublished(view.template))?;
        Ok(timed::timers(&view, &revision, moment.now_ms.cast_signed()))
    }

    /// The timers of a case; none where its template was never published.
    pub(super) fn timers_of(&self, view: &CaseView, moment: &Moment) -> Vec<Timer> {
        let revision = self.current_revision(view.template);
        revision.map_or_else(Vec::new, |revision| {
            timed::timers(view, &revision, moment.now_ms.cast_signed())
        })
    }

    /// The timers of a case whose time has come and whose condition holds.
    pub(super) fn due(
        &mut self,
        view: &CaseView,
        timers: Vec<Timer>,
        moment: &Moment,
    ) -> Result<Vec<Timer>, ReplicaFault> {
        let now_ms = moment.now_ms.cast_signed();
        let mut due = timers;
        due.retain(|timer| timer.is_due(now_ms));
        let revision = self.current_revision(view.template);
        let Some(revision) = revision.filter(|_| !due.is_empty()) else {
            return Ok(Vec::new());
        };
        let today = day_of(now_ms, moment.zone_min)
            .ok_or_else(|| untrusted("the clock is beyond the calendar"))?;
        let me = self.member().ok_or(ReplicaFault::NotEnrolled)?;
        let roles = self.roster()?.head().member(me);
        let roles = roles.map(|member| member.roles.clone()).unwrap_or_default();
        self.document(view.document)?;
        let Some(open) = self.documents.peek(view.document) else {
            return Err(DocumentFault::Unknown(view.document).into());
        };
        let past = Past::now(&open.automerge);
        let facts = Facts::new(&past, &revision, today).by(&roles);
        due.retain(|timer| {
            let rule = rule_named(&revision, &timer.rule);
            rule.is_some_and(|rule| holds(&rule.when, &facts))
        });
        Ok(due)
    }

    /// Fires a rule, if it is still time: the case may have changed since it was found due.
    pub(super) fn fire(
        &mut self,
        turn: &mut AgentTurn,
        desk: &Desk,
        timer: &Timer,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let document = desk.view.document;
        let view = self.case(document)?;
        let timers = self.timers_of(&view, moment);
        let due = self.due(&view, timers, moment)?;
        if !due.iter().any(|due| due.key == timer.key) {
            return Ok(());
        }
        let mark = AutomationAction::Fire {
            id: timer.key,
            rule: timer.rule.clone(),
            of: timer.tick.to_string(),
        };
        let id = PartId::derive(&moment.derive("fire"), 0);
        let mut batch = self.batch();
        let act = Act::new(id, mark.into());
        let (acted, act, revision) = match batch.perform(document, act, moment) {
            Ok(performed) => performed,
            // One case keeps no other one waiting.
            Err(why @ (ReplicaFault::Act(_) | ReplicaFault::Denied(_))) => {
                let rule = &timer.rule;
                turn.refused
                    .push(format!("{rule} on {}: {why}", view.number));
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        let effects = batch.run_rules(document, (acted.change, act), (&revision, moment))?;
        batch.commit()?;
        turn.fired.push(FiredRule {
            document,
            number: view.number,
            timer: timer.clone(),
            effects,
        });
        Ok(())
    }
}
