//! Template revisions in the replica: immutable packages by content, and which one is current.

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::Automerge;
use casework_protocol::ids::{DocumentId, RevisionId};

use super::rows::Aside;
use super::store::Writes;
use super::tables::{self, Table};
use super::writing::write_card;
use super::{Replica, ReplicaFault};
use crate::case::{Message, Past, RevisionMark};
use crate::template::Revision;
use crate::template_document;

impl Replica {
    /// The current revision of a template; `None` while it has not arrived.
    #[must_use]
    pub fn current_revision(&self, template: DocumentId) -> Option<Arc<Revision>> {
        let id = self.current.get(&template)?;
        self.revisions.get(id).cloned()
    }

    /// The revisions that concurrent publishes left current; none while there is only one.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the template is not here or is quarantined.
    pub fn contested_revisions(
        &mut self,
        template: DocumentId,
    ) -> Result<BTreeSet<RevisionId>, ReplicaFault> {
        let automerge = &self.document(template)?.automerge;
        let current = template_document::current(&Past::now(automerge));
        Ok(current.map(|current| current.contested).unwrap_or_default())
    }

    /// The revision that a change cites by its mark.
    pub(super) fn marked_revision(&self, mark: RevisionMark) -> Option<Arc<Revision>> {
        self.revisions
            .iter()
            .find(|(id, _)| mark.names(id))
            .map(|(_, revision)| revision.clone())
    }

    /// Why an own change that cites a revision whose publish fell does not stand: every other device
    /// waits for that revision, and so does this one.
    pub(super) fn waits_for_revision(&self, message: &Message) -> Option<Aside> {
        let mark = message.revision?;
        let missing = self.marked_revision(mark).is_none();
        missing.then(|| Aside::Waiting(format!("template revision {mark} does not stand")))
    }

    /// Reads every stored revision, and which ones are current.
    pub(super) fn load_revisions(&mut self) -> Result<(), ReplicaFault> {
        let mut packages = Vec::new();
        let mut current = Vec::new();
        self.store.scan(Table::Revisions, &[], |key, value| {
            match (key.len(), DocumentId::from_slice(key)) {
                (DocumentId::LEN, Some(template)) => {
                    current.extend(RevisionId::from_slice(value).map(|id| (template, id)));
                }
                _ => packages.push(value.to_vec()),
            }
            Ok(true)
        })?;
        for bytes in packages {
            if let Ok(revision) = Revision::decode(&bytes) {
                self.revisions.insert(revision.id(), Arc::new(revision));
            }
        }
        self.current.extend(current);
        Ok(())
    }

    /// Takes the revisions of a template document over into the store and into memory.
    pub(super) fn read_revisions(
        &mut self,
        writes: &mut Writes,
        automerge: &Automerge,
        template: DocumentId,
    ) -> Result<(), ReplicaFault> {
        let past = Past::now(automerge);
        for id in template_document::published(&past) {
            if self.revisions.contains_key(&id) {
                continue;
            }
            if let Some(Ok(revision)) = template_document::revision(&past, id) {
                writes.put(
                    Table::Revisions,
                    tables::revision(id),
                    revision.as_bytes().to_vec(),
                );
                self.revisions.insert(id, Arc::new(revision));
            }
        }
        let shown = template_document::current(&past).map(|current| current.shown);
        if let Some(id) = shown.filter(|id| self.revisions.contains_key(id)) {
            writes.put(
                Table::Revisions,
                tables::document(template),
                id.as_bytes().to_vec(),
            );
            if self.current.insert(template, id) != Some(id) {
                self.show_again(writes, template)?;
            }
        }
        Ok(())
    }

    /// A template was rebuilt without some of its publishes: what only they brought is a revision no
    /// more, and what is current is what stands.
    pub(super) fn retract_revisions(
        &mut self,
        writes: &mut Writes,
        template: DocumentId,
        (before, after): (&Automerge, &Automerge),
    ) -> Result<(), ReplicaFault> {
        let stay = template_document::published(&Past::now(after));
        let mut gone = template_document::published(&Past::now(before));
        gone.retain(|id| !stay.contains(id));
        self.retain_unpublished(&mut gone, template)?;
        for id in gone {
            self.revisions.remove(&id);
            writes.delete(Table::Revisions, tables::revision(id));
        }
        if template_document::current(&Past::now(after)).is_none() {
            self.current.remove(&template);
            writes.delete(Table::Revisions, tables::document(template));
        }
        self.read_revisions(writes, after, template)
    }

    /// Leaves the revisions that no template but this one published.
    fn retain_unpublished(
        &mut self,
        revisions: &mut BTreeSet<RevisionId>,
        except: DocumentId,
    ) -> Result<(), ReplicaFault> {
        if revisions.is_empty() {
            return Ok(());
        }
        // One that came in this very step is not on the disk yet, but what it published is known.
        let mut others: BTreeSet<DocumentId> = self.published.keys().copied().collect();
        others.extend(self.templates()?);
        others.remove(&except);
        for other in others {
            let known = self.published.contains_key(&other);
            self.read_published(other)?;
            for (_, id) in self.published_of(other).values() {
                revisions.remove(id);
            }
            if !known {
                // It may be about to change, in this very step.
                self.published.remove(&other);
            }
        }
        Ok(())
    }

    /// Cards and views of a template's cases follow its current revision, which may have arrived
    /// after them.
    fn show_again(
        &mut self,
        writes: &mut Writes,
        template: DocumentId,
    ) -> Result<(), ReplicaFault> {
        let me = self.member();
        let Some(revision) = self.current_revision(template) else {
            return Ok(());
        };
        let cases = self.cases_of(template)?;
        for case in cases {
            // One that cannot be read is made anew, under this revision, by whoever reads it.
            let Some(mut view) = self.stored_view(case)? else {
                continue;
            };
            view.judge_again(&revision);
            write_card(writes, &view, (Some(&revision), me));
            writes.put(Table::Views, tables::document(case), view.to_stored());
            if let Some(open) = self.documents.get_mut(case) {
                open.view = None;
            }
        }
        Ok(())
    }
}
