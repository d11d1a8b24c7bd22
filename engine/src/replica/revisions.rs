//! Template revisions in the replica: immutable packages by content, and which one is current.

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::Automerge;
use casework_protocol::ids::{DocumentId, RevisionId};

use super::store::Writes;
use super::tables::{self, Table};
use super::writing::write_card;
use super::{Replica, ReplicaFault};
use crate::case::{Past, RevisionMark};
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
