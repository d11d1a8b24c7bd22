//! Drafts, the preview of a publish, and the merge of what was published at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;

use casework_protocol::ids::{DocumentId, RevisionId};
use serde::Serialize;

use super::asked::day_of;
use super::rows::DocumentRow;
use super::store::decode_row;
use super::tables::{self, Table};
use super::{Acted, Replica, ReplicaFault};
use crate::case::{ActError, Facts, PartId, Past, holds};
use crate::moment::Moment;
use crate::template::{
    Conflict, Node, Package, Revision, Severity, TreeError, Unmapped, common_ancestor, merge_trees,
    tree_differences, unmapped,
};
use crate::template_document::draft::{
    self, Draft, DraftAction, DraftStart, DraftStatus, Drafted, Edits, edits_between, edits_of,
};
use crate::template_document::{self, TemplateAct, TemplateAction};
use crate::view::{Effect, effects};

/// What publishing a package would do to the cases of its template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Impact {
    /// Open cases of the template on this device.
    pub open: usize,
    /// Closed ones.
    pub closed: usize,
    /// The open cases for which something changes, by number.
    pub affected: Vec<Affected>,
    /// What is taken away without saying where its cases go, and how many open cases have it.
    /// Anything here keeps the package from being published.
    pub unmapped: Vec<(Unmapped, usize)>,
}

/// A case for which something changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// Its document.
    pub document: DocumentId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// What changes.
    pub effects: Vec<Effect>,
}

/// A draft that merges what was published at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeDraft {
    /// The draft.
    pub draft: PartId,
    /// What came of writing it.
    pub acted: Acted,
    /// What the revisions say differently.
    pub conflicts: Vec<Conflict>,
}

impl Replica {
    /// The drafts of a template, oldest id first.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the template is not here or is quarantined.
    pub fn drafts(&mut self, template: DocumentId) -> Result<Vec<Draft>, ReplicaFault> {
        let automerge = &self.document(template)?.automerge;
        Ok(draft::drafts(&Past::now(automerge)))
    }

    /// One draft with what it would publish.
    ///
    /// # Errors
    /// [`ActError::UnknownPart`], or [`ReplicaFault::Draft`] when its parts make no package.
    pub fn drafted(
        &mut self,
        template: DocumentId,
        id: PartId,
    ) -> Result<(Draft, Drafted), ReplicaFault> {
        let automerge = &self.document(template)?.automerge;
        let unknown = ActError::UnknownPart { what: "draft", id };
        let draft = draft::draft(&Past::now(automerge), id).ok_or(unknown)?;
        let base = self.published_revision(template, draft.bases[0])?;
        let drafted = draft.apply(&base).map_err(ReplicaFault::Draft)?;
        Ok((draft, drafted))
    }

    /// Begins a draft of what is current, or of a package that is to take its place.
    ///
    /// # Errors
    /// As [`Replica::act`]; [`ReplicaFault::Draft`] when the package has two things with one id.
    pub fn start_draft(
        &mut self,
        template: DocumentId,
        (name, package): (&str, Option<&Package>),
        moment: &Moment,
    ) -> Result<(PartId, Acted), ReplicaFault> {
        let unpublished = ReplicaFault::Unpublished(template);
        let current = self.current_revision(template).ok_or(unpublished)?;
        let edits = match package {
            Some(package) => edits_between(&current, package).map_err(ReplicaFault::Draft)?,
            None => Edits::new(),
        };
        let mut bases = vec![current.id()];
        bases.extend(self.contested_revisions(template)?);
        bases.dedup();
        self.begin_draft(template, (name, bases), (edits, Edits::new()), moment)
    }

    /// Replaces what a draft changes by what leads to a package.
    ///
    /// # Errors
    /// As [`Replica::act`]; [`ReplicaFault::Draft`] when the package has two things with one id.
    pub fn import_draft(
        &mut self,
        template: DocumentId,
        (id, package): (PartId, &Package),
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let (draft, _) = self.drafted(template, id)?;
        let base = self.published_revision(template, draft.bases[0])?;
        let wanted = edits_between(&base, package).map_err(ReplicaFault::Draft)?;
        let dropped = draft
            .edits
            .keys()
            .filter(|path| !wanted.contains_key(*path));
        let mut edits: BTreeMap<String, Option<String>> =
            dropped.map(|path| (path.clone(), None)).collect();
        edits.extend(wanted.into_iter().map(|(path, text)| (path, Some(text))));
        self.write_draft(template, DraftAction::Edit { id, edits }, moment)
    }

    /// Writes on a draft.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn write_draft(
        &mut self,
        template: DocumentId,
        action: DraftAction,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let act = TemplateAct::new(TemplateAction::Draft(action));
        let mut batch = self.batch();
        let acted = batch.act_on_template(template, act, moment)?;
        batch.commit()?;
        Ok(acted)
    }

    /// Publishes what a draft says, in the place of whatever is current.
    ///
    /// # Errors
    /// Every fault of the package; what is not settled or mapped; as [`Replica::act`].
    pub fn publish_draft(
        &mut self,
        template: DocumentId,
        id: PartId,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let (draft, drafted) = self.drafted(template, id)?;
        let open: Vec<&str> = draft.conflicts.iter().map(|c| c.path.as_str()).collect();
        if draft.status == DraftStatus::Open && !open.is_empty() {
            return Err(ReplicaFault::Unsettled(open.join(", ")));
        }
        let revision = drafted.package.publish().map_err(ReplicaFault::Template)?;
        self.refuse_unmapped(template, &revision)?;
        let act = TemplateAct::new(TemplateAction::PublishDraft {
            draft: id,
            revision: Arc::new(revision),
        });
        let mut batch = self.batch();
        let acted = batch.act_on_template(template, act, moment)?;
        batch.commit()?;
        Ok(acted)
    }

    /// Begins a draft that merges what was published at the same time, part by part, on top of
    /// what all of it comes from. Publishing it takes the place of all.
    ///
    /// # Errors
    /// [`ReplicaFault::NothingToMerge`] while one revision is current; as [`Replica::act`].
    pub fn merge_revisions(
        &mut self,
        template: DocumentId,
        moment: &Moment,
    ) -> Result<MergeDraft, ReplicaFault> {
        let sides = self.contested_revisions(template)?;
        let shown = self.current.get(&template).copied();
        let Some(shown) = shown.filter(|shown| sides.len() > 1 && sides.contains(shown)) else {
            return Err(ReplicaFault::NothingToMerge(template));
        };
        let find = |id: RevisionId| self.revisions.get(&id).cloned();
        let ancestor = common_ancestor(&sides, &find)
            .map_err(|unknown| ReplicaFault::UnknownRevision(unknown.0))?;
        let tree = |id: RevisionId| -> Result<Node, ReplicaFault> {
            let revision = find(id).ok_or(ReplicaFault::UnknownRevision(id))?;
            revision
                .package()
                .draftable()
                .to_tree()
                .map_err(ReplicaFault::Draft)
        };
        let base = tree(ancestor.unwrap_or(shown))?;
        let mut merged = tree(shown)?;
        let mut conflicts: Vec<Conflict> = Vec::new();
        for side in sides.iter().filter(|side| **side != shown) {
            let step = merge_trees(&base, &merged, &tree(*side)?);
            merged = step.tree;
            conflicts.extend(step.conflicts);
        }
        let edits = edits_of(&tree_differences(&tree(shown)?, &merged));
        let json = |conflict: &Conflict| {
            serde_json::to_string(conflict).expect("paths and JSON always serialise")
        };
        let named = conflicts
            .iter()
            .map(|c| (c.path.clone(), json(c)))
            .collect();
        let mut bases = vec![shown];
        bases.extend(sides.iter().filter(|side| **side != shown));
        let (draft, acted) =
            self.begin_draft(template, ("merge", bases), (edits, named), moment)?;
        Ok(MergeDraft {
            draft,
            acted,
            conflicts,
        })
    }

    /// What publishing a package would do to the open cases of its template on this device.
    ///
    /// # Errors
    /// Every fault of the package; [`ReplicaFault::Unpublished`].
    pub fn impact(
        &mut self,
        template: DocumentId,
        package: &Package,
        moment: &Moment,
    ) -> Result<Impact, ReplicaFault> {
        let before = self.current_revision(template);
        let before = before.ok_or(ReplicaFault::Unpublished(template))?;
        let after = package
            .draftable()
            .publish()
            .map_err(ReplicaFault::Template)?;
        let mut impact = Impact {
            open: 0,
            closed: 0,
            affected: Vec::new(),
            unmapped: Vec::new(),
        };
        for case in self.cases_of(template)? {
            let view = self.case(case)?;
            if view.is_closed() {
                impact.closed += 1;
                continue;
            }
            impact.open += 1;
            let mut effects = effects(&view, &before, &after);
            let rules = self.broken_rules(case, (view.stage.value(), &before, &after), moment)?;
            effects.extend(rules);
            if !effects.is_empty() {
                impact.affected.push(Affected {
                    document: case,
                    number: view.number.clone(),
                    title: view.title.value().clone(),
                    effects,
                });
            }
        }
        impact.affected.sort_by(|a, b| a.number.cmp(&b.number));
        impact.unmapped = self.count_unmapped(template, &before, &after)?;
        Ok(impact)
    }

    /// Refuses a publish that takes something away without saying where its cases go.
    pub(super) fn refuse_unmapped(
        &mut self,
        template: DocumentId,
        next: &Revision,
    ) -> Result<(), ReplicaFault> {
        let Some(before) = self.current_revision(template) else {
            return Ok(());
        };
        let missing = self.count_unmapped(template, &before, next)?;
        match missing.into_iter().next() {
            Some((first, cases)) => Err(ReplicaFault::Unmapped { first, cases }),
            None => Ok(()),
        }
    }

    fn count_unmapped(
        &mut self,
        template: DocumentId,
        before: &Revision,
        next: &Revision,
    ) -> Result<Vec<(Unmapped, usize)>, ReplicaFault> {
        let missing = unmapped(before, next.package());
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let mut counts = vec![0; missing.len()];
        for case in self.cases_of(template)? {
            let view = self.case(case)?;
            for (count, what) in counts.iter_mut().zip(&missing) {
                let has = match what.kind {
                    "stage" => *view.stage.value() == what.id,
                    "field" => view
                        .fields
                        .get(&what.id)
                        .is_some_and(|held| held.is_filled()),
                    _ => what.id.split_once('/').is_some_and(|(field, option)| {
                        view.fields.get(field).is_some_and(|held| {
                            let single = held.value.as_ref().and_then(|s| s.value().as_text());
                            single == Some(option) || held.options.contains(option)
                        })
                    }),
                };
                *count += usize::from(has && !view.is_closed());
            }
        }
        Ok(missing.into_iter().zip(counts).collect())
    }

    /// The rules of entering its stage that are new and would ask or refuse, were it to enter now.
    fn broken_rules(
        &mut self,
        case: DocumentId,
        (stage, before, after): (&str, &Revision, &Revision),
        moment: &Moment,
    ) -> Result<Vec<Effect>, ReplicaFault> {
        let known = before.stage(stage).map(|stage| stage.entry.clone());
        let known = known.unwrap_or_default();
        let entry = after
            .stage(stage)
            .into_iter()
            .flat_map(|stage| &stage.entry);
        let new: Vec<_> = entry
            .filter(|rule| rule.severity != Severity::Warn && !known.contains(rule))
            .collect();
        let today = day_of(moment.now_ms.cast_signed(), moment.zone_min);
        let (Some(today), false) = (today, new.is_empty()) else {
            return Ok(Vec::new());
        };
        let past = Past::now(&self.document(case)?.automerge);
        let facts = Facts::new(&past, after, today);
        let broken = new.into_iter().filter(|rule| holds(&rule.when, &facts));
        Ok(broken
            .map(|rule| Effect::RuleBroken {
                rule: rule.message.clone(),
            })
            .collect())
    }

    fn begin_draft(
        &mut self,
        template: DocumentId,
        (name, bases): (&str, Vec<RevisionId>),
        (edits, conflicts): (Edits, Edits),
        moment: &Moment,
    ) -> Result<(PartId, Acted), ReplicaFault> {
        let id = PartId::derive(&moment.derive("draft"), 0);
        let start = DraftStart {
            id,
            name: name.to_owned(),
            bases,
            edits,
            conflicts,
        };
        let acted = self.write_draft(template, DraftAction::Start(start), moment)?;
        Ok((id, acted))
    }

    /// A revision of a template, by the template's document: it may have been superseded.
    pub fn published_revision(
        &mut self,
        template: DocumentId,
        id: RevisionId,
    ) -> Result<Arc<Revision>, ReplicaFault> {
        if let Some(known) = self.revisions.get(&id) {
            return Ok(Arc::clone(known));
        }
        let automerge = &self.document(template)?.automerge;
        let found = template_document::revision(&Past::now(automerge), id);
        let read = found.and_then(Result::ok);
        read.map(Arc::new).ok_or(ReplicaFault::UnknownRevision(id))
    }

    /// Every revision that was published of a template, oldest first.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the template is not here or is quarantined.
    pub fn published_revisions(
        &mut self,
        template: DocumentId,
    ) -> Result<Vec<Arc<Revision>>, ReplicaFault> {
        let automerge = &self.document(template)?.automerge;
        let mut left = template_document::published(&Past::now(automerge));
        let mut ordered: Vec<Arc<Revision>> = Vec::new();
        while !left.is_empty() {
            // Those that wait for none of the others.
            let ready: Vec<RevisionId> = left
                .iter()
                .copied()
                .filter(|id| {
                    let revision = self.revisions.get(id);
                    revision.is_none_or(|r| r.supersedes().iter().all(|b| !left.contains(b)))
                })
                .collect();
            left.retain(|id| !ready.contains(id));
            ordered.extend(
                ready
                    .iter()
                    .filter_map(|id| self.revisions.get(id).cloned()),
            );
            if ready.is_empty() {
                break;
            }
        }
        Ok(ordered)
    }

    /// The cases of a template on this device.
    pub(super) fn cases_of(&self, template: DocumentId) -> Result<Vec<DocumentId>, ReplicaFault> {
        let mut cases = Vec::new();
        self.store.scan(Table::Documents, &[], |key, value| {
            let row: DocumentRow = decode_row(Table::Documents, value)?;
            let case = tables::document_of(key).filter(|_| row.template == Some(template));
            cases.extend(case);
            Ok(true)
        })?;
        Ok(cases)
    }
}

impl From<TreeError> for ReplicaFault {
    fn from(error: TreeError) -> Self {
        Self::Draft(error)
    }
}
