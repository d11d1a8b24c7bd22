//! What agents take on: a request to the world outside becomes an errand, and a case that a rule
//! wants is opened here, once, with its record in the same commit.
//!
//! A case opened for a rule inherits who sees the one it comes from, and is linked below it; a line of
//! cases that rules opened one from the other ends at the depth of any chain of rules.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::access::entry::Principal;
use casework_protocol::ids::DocumentId;

use super::claims::Desk;
use super::{AgentTurn, Errand};
use crate::case::cause::MAX_DEPTH;
use crate::case::facet::automation::{AutomationAction, OutwardKind, RunKind, RunStatus};
use crate::case::facet::link::{LinkAction, Relation};
use crate::case::{Act, Opening, PartId};
use crate::moment::Moment;
use crate::replica::{NewCase, Replica, ReplicaFault};
use crate::template::Revision;
use crate::value::FieldValue;
use crate::view::{CaseView, RunView};

impl Replica {
    pub(super) fn take_on(
        &mut self,
        turn: &mut AgentTurn,
        desk: &Desk,
        (effect, run): (PartId, &RunView),
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let RunKind::Outward(kind) = run.kind else {
            return Ok(());
        };
        let view = &desk.view;
        if kind == OutwardKind::OpenCase {
            turn.opened += usize::from(self.open_for_rule(view.document, (effect, run), moment)?);
            return Ok(());
        }
        let revision = self.current_revision(view.template);
        let value = |field: &String| {
            Some((
                field.clone(),
                handed_over(view, revision.as_deref()?, field)?,
            ))
        };
        turn.errands.push(Errand {
            document: view.document,
            effect,
            key: format!("{}.{effect}", view.document),
            kind,
            name: run.name.clone(),
            rule: run.rule.clone(),
            number: view.number.clone(),
            title: view.title.value().clone(),
            stage: view.stage.value().clone(),
            fields: run.list.iter().filter_map(value).collect(),
        });
        Ok(())
    }

    /// Opens the case that a rule wants, and records it in the same commit: once.
    fn open_for_rule(
        &mut self,
        document: DocumentId,
        (effect, run): (PartId, &RunView),
        moment: &Moment,
    ) -> Result<bool, ReplicaFault> {
        let mut wanted = None;
        for template in self.templates()? {
            if let Some(revision) = self.current_revision(template)
                && revision.package().key == run.name
            {
                wanted = Some((template, revision));
            }
        }
        let report = (document, effect);
        let Some((template, revision)) = wanted else {
            let note = format!("there is no template {}", run.name);
            self.report(report, (RunStatus::Dead, &note), moment)?;
            return Ok(false);
        };
        if self.line_above(document)? >= usize::from(MAX_DEPTH) {
            let note =
                format!("{MAX_DEPTH} cases stand above it already, each opened from the other");
            self.report(report, (RunStatus::Dead, &note), moment)?;
            return Ok(false);
        }
        let case = self.case_below(document, (template, &revision, run), moment)?;
        let number = case.opening.number.clone();
        let mut batch = self.batch();
        let opened = match batch.open_case(case, &moment.part(0)) {
            Ok(opened) => opened,
            Err(ReplicaFault::Store(fault)) => return Err(fault.into()),
            Err(why) => {
                drop(batch);
                self.report(report, (RunStatus::Dead, &why.to_string()), moment)?;
                return Ok(false);
            }
        };
        let action = AutomationAction::Report {
            id: effect,
            status: RunStatus::Done,
            note: format!("{number} {}", opened.document),
        };
        let id = PartId::derive(&moment.derive("report"), 0);
        batch.act(document, Act::new(id, action.into()), &moment.part(1))?;
        let link = LinkAction::Add {
            relation: Relation::Child,
            case: opened.document,
        };
        let id = PartId::derive(&moment.derive("link"), 0);
        match batch.act(document, Act::new(id, link.into()), &moment.part(2)) {
            Ok(_) => {}
            Err(ReplicaFault::Store(fault)) => return Err(fault.into()),
            // The record names the new case all the same.
            Err(_) => {}
        }
        batch.commit()?;
        Ok(true)
    }

    /// The case that a rule wants: below the one it comes from, for those who see that.
    fn case_below(
        &mut self,
        document: DocumentId,
        (template, revision, run): (DocumentId, &Revision, &RunView),
        moment: &Moment,
    ) -> Result<NewCase, ReplicaFault> {
        let letters = data_encoding::HEXUPPER.encode(&moment.derive("number")[..2]);
        let opening = Opening {
            template,
            title: run.text.clone(),
            number: format!("{}-~{letters}", revision.package().key),
            stage: revision.first_stage().id.clone(),
            fields: BTreeMap::new(),
            owner: None,
            assignees: BTreeSet::new(),
        };
        let source = self.record(document)?.head();
        let restricted = source.restricted();
        let viewers: Vec<Principal> = if restricted {
            source.principals().cloned().collect()
        } else {
            Vec::new()
        };
        Ok(NewCase {
            opening,
            imported: None,
            restricted,
            viewers,
            overriding: None,
        })
    }

    /// How many cases stand above one, each opened from the next.
    fn line_above(&mut self, case: DocumentId) -> Result<usize, ReplicaFault> {
        let (mut seen, mut at) = (BTreeSet::from([case]), case);
        while seen.len() <= usize::from(MAX_DEPTH) {
            let links = self.links(at)?.into_iter();
            let parent = { links }.find(|link| link.relation == Relation::Parent);
            match parent.filter(|link| seen.insert(link.case)) {
                Some(parent) if self.case(parent.case).is_ok() => at = parent.case,
                Some(_) | None => break,
            }
        }
        Ok(seen.len() - 1)
    }
}

/// A field's value as it is handed over: what people see, in the form it is stored in; a list for a
/// multi select. Null when it is empty or redacted.
fn handed_over(view: &CaseView, revision: &Revision, field: &str) -> Option<serde_json::Value> {
    let field = revision.field(field)?;
    let content = view.content(revision, field);
    match content {
        None => Some(serde_json::Value::Null),
        Some(FieldValue::MultiSelect(options)) => serde_json::to_value(options).ok(),
        Some(value) => serde_json::to_value(value.to_scalar()).ok(),
    }
}
