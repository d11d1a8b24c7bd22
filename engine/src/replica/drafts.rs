//! Drafts, and the merge of what was published at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use casework_protocol::ids::{DocumentId, RevisionId};

use super::rows::DocumentRow;
use super::store::decode_row;
use super::tables::{self, Table};
use super::{Acted, Replica, ReplicaFault};
use crate::case::{ActError, PartId, Past};
use crate::moment::Moment;
use crate::template::{
    Conflict, Node, Package, Revision, TreeError, common_ancestor, merge_trees, tree_differences,
};
use crate::template_document::draft::{
    self, Draft, DraftAction, DraftStart, DraftStatus, Drafted, Edits, edits_between, edits_of,
};
use crate::template_document::{self, TemplateAct, TemplateAction};

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
        let conflicts = draft.conflicts.iter().map(|c| c.path.as_str());
        let both: BTreeSet<&str> = conflicts
            .chain(draft.contested.iter().map(String::as_str))
            .collect();
        let open: Vec<&str> = both.into_iter().collect();
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
