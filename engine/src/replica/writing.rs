//! Writing what a step did to a document: its row, changes, tips, view, card and comments.
//!
//! One [`DocumentStep`] gathers what was touched; [`Replica::finish`] turns it into rows. Knows
//! nothing of where the changes came from.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::access::entry::DocumentKind;
use casework_protocol::ids::{ActorId, ChangeHash, DocumentId, MemberId};

use super::abreast::abreast;
use super::breaches::put_breach;
use super::document::{OpenDocument, guarded};
use super::inbox::{News, note_mine};
use super::rows::{Arrived, ChangeRow, TipRow};
use super::store::Writes;
use super::tables::{self, Table};
use super::{DocumentFault, Replica, ReplicaFault};
use crate::case::{Message, PartId, Place, touched_by};
use crate::template::Revision;
use crate::view::{
    Breach, Breaches, Card, CaseView, CommentView, ViewContext, is_begun_twice, read,
    read_comments, refresh, refresh_comments,
};

/// A document taken out of memory while a step works on it. If the step fails it is dropped, and
/// the next use loads what the disk says.
pub(super) struct DocumentStep {
    pub(super) id: DocumentId,
    pub(super) document: OpenDocument,
    touched: BTreeSet<Place>,
    /// Everything is read anew.
    whole: bool,
    /// Something was written to the document in memory, or was about to be.
    pub(super) begun: bool,
    breaches: Breaches,
    tips: BTreeMap<ActorId, TipRow>,
    rows: Vec<ChangeRow>,
    /// When its changes arrived, where the store does not say so any more.
    pub(super) arrived: Option<BTreeMap<ChangeHash, Arrived>>,
}

/// What a step added to a document and has not written yet.
pub(super) struct Added {
    pub(super) rows: BTreeMap<ChangeHash, ChangeRow>,
    pub(super) tips: BTreeMap<ActorId, TipRow>,
}

impl DocumentStep {
    pub(super) fn new(id: DocumentId, document: OpenDocument) -> Self {
        Self {
            id,
            document,
            touched: BTreeSet::new(),
            whole: false,
            begun: false,
            breaches: Breaches::new(),
            tips: BTreeMap::new(),
            rows: Vec::new(),
            arrived: None,
        }
    }

    /// Notes a change that is now in the document. Answers its place.
    pub(super) fn add(&mut self, row: ChangeRow, message: &Message, tip: (ActorId, TipRow)) -> u64 {
        self.touched.extend(touched_by(message));
        let (actor, mut tip) = tip;
        if let Some(older) = self.tips.get(&actor) {
            tip.signed = tip.signed.or(older.signed);
        }
        self.tips.insert(actor, tip);
        let place = self.document.row.next_place;
        self.document.row.next_place += 1;
        self.document.row.loose_bytes += row.bytes.len() as u64;
        self.rows.push(row);
        place
    }

    /// Notes what a change broke.
    pub(super) fn breached(&mut self, hash: ChangeHash, breach: Breach) {
        self.breaches.insert(hash, breach);
    }

    /// Whether nothing was noted.
    pub(super) fn is_idle(&self) -> bool {
        !self.whole && self.rows.is_empty() && self.touched.is_empty() && self.breaches.is_empty()
    }

    /// The document, if it is as it was when it was taken out of memory.
    pub(super) fn untouched(self) -> Option<OpenDocument> {
        (self.is_idle() && !self.begun).then_some(self.document)
    }

    /// Everything of the document is to be read and written anew.
    pub(super) fn reread(&mut self) {
        self.whole = true;
    }

    /// Takes out what was added and is not on the disk, for whoever writes the document anew.
    pub(super) fn take_added(&mut self) -> Added {
        let rows = core::mem::take(&mut self.rows).into_iter();
        Added {
            rows: rows.map(|row| (row.hash, row)).collect(),
            tips: core::mem::take(&mut self.tips),
        }
    }
}

impl Replica {
    /// Takes a document out of memory, loading it if it is not open.
    pub(super) fn take_document(&mut self, id: DocumentId) -> Result<DocumentStep, ReplicaFault> {
        self.document(id)?;
        let document = self
            .documents
            .take(id)
            .expect("the document was just opened");
        Ok(DocumentStep::new(id, document))
    }

    /// An open document, loaded if need be.
    pub(super) fn document(&mut self, id: DocumentId) -> Result<&mut OpenDocument, ReplicaFault> {
        if self.documents.get_mut(id).is_none() {
            if self.is_purged(id) {
                return Err(DocumentFault::Purged(id).into());
            }
            if let Err(ReplicaFault::Document(fault @ DocumentFault::Quarantined { .. })) =
                self.record(id)
            {
                return Err(fault.into());
            }
            let _marker = self.openings.begin(id);
            let document = super::document::load(&self.store, id)?;
            self.documents.put(id, document);
        }
        Ok(self
            .documents
            .get_mut(id)
            .expect("the document was just put in"))
    }

    /// Commits what steps did to received documents. One that cannot be shown any more is set
    /// aside, and the others go on.
    pub(super) fn settle_steps(
        &mut self,
        mut writes: Writes,
        steps: Vec<DocumentStep>,
    ) -> Result<(), ReplicaFault> {
        let mut sound = Vec::with_capacity(steps.len());
        let this = &*self;
        let finished = abreast(steps, |mut step| {
            let mut rows = Writes::default();
            let done = this.finish(&mut rows, &mut step);
            (step, rows, done)
        });
        for (step, rows, done) in finished {
            match done {
                Ok(()) => {
                    writes.append(rows);
                    sound.push(step);
                }
                Err(ReplicaFault::Document(DocumentFault::Quarantined { id, why })) => {
                    self.quarantine_in(&mut writes, id, why)?;
                }
                Err(fault) => return Err(fault),
            }
        }
        self.commit_steps(writes, sound)
    }

    /// Commits what steps did, or nothing if one of the documents cannot be shown any more.
    pub(super) fn settle_whole(
        &mut self,
        mut writes: Writes,
        mut steps: Vec<DocumentStep>,
    ) -> Result<(), ReplicaFault> {
        for step in &mut steps {
            self.finish(&mut writes, step)?;
        }
        self.commit_steps(writes, steps)
    }

    fn commit_steps(
        &mut self,
        writes: Writes,
        steps: Vec<DocumentStep>,
    ) -> Result<(), ReplicaFault> {
        self.commit(writes)?;
        let ids: Vec<DocumentId> = steps.iter().map(|step| step.id).collect();
        for step in steps {
            self.grew(step.id);
            self.documents.put(step.id, step.document);
        }
        self.compact(ids)?;
        Ok(())
    }

    /// Writes everything the step did to its document.
    pub(super) fn finish(
        &self,
        writes: &mut Writes,
        step: &mut DocumentStep,
    ) -> Result<(), ReplicaFault> {
        let id = step.id;
        let first = step.document.row.next_place - step.rows.len() as u64;
        let news = News::of(step.whole, &step.rows);
        for (place, row) in (first..).zip(step.rows.drain(..)) {
            writes.put_cbor(Table::Changes, tables::document_number(id, place), &row);
        }
        for (actor, tip) in &step.tips {
            writes.put_cbor(Table::Tips, tables::document_actor(id, *actor), tip);
        }
        for (change, breach) in &step.breaches {
            put_breach(writes, (id, *change), breach);
        }
        writes.put_cbor(Table::Documents, tables::document(id), &step.document.row);
        match step.document.row.kind {
            DocumentKind::Case => {
                self.write_views(writes, step)?;
                self.write_inbox(writes, step, &news)
            }
            DocumentKind::Personal => self.write_personal(writes, step),
            DocumentKind::Template => Ok(()),
        }
    }

    fn write_views(
        &self,
        writes: &mut Writes,
        step: &mut DocumentStep,
    ) -> Result<(), ReplicaFault> {
        if step.whole {
            step.document.view = None;
            self.delete_all(writes, Table::Comments, step.id)?;
            if step.document.automerge.is_empty() {
                // Even its opening is held: there is nothing to show until somebody adopts it.
                writes.delete(Table::Views, tables::document(step.id));
                writes.delete(Table::Cards, tables::document(step.id));
                return Ok(());
            }
        } else if step.touched.is_empty() && step.breaches.is_empty() {
            return Ok(());
        }
        let roster = self.roster()?.head();
        let members = |device| roster.device(device).map(|device| device.member);
        let template = step.document.row.template;
        let revision = template.and_then(|template| self.current_revision(template));
        let mut view = match step.document.view.take() {
            Some(view) => Some(view),
            None if step.whole => None,
            None => self.stored_view(step.id)?,
        };
        let mut breaches = match &view {
            Some(view) => view.flags.breaches(),
            None => self.stored_breaches(step.id, &step.document.automerge)?,
        };
        breaches.append(&mut step.breaches);
        let context = ViewContext {
            document: step.id,
            members: &members,
            revision: revision.as_deref(),
            breaches: &breaches,
        };
        let automerge = &step.document.automerge;
        // A document of somebody else's making may be one that the document library cannot read.
        let shown = guarded(|| {
            let view = match view.take() {
                Some(mut view) => {
                    refresh(&mut view, automerge, &step.touched, &context).map(|()| view)
                }
                None => read(automerge, &context),
            };
            view.map(|view| {
                // Sixteen maps need not be searched to find that nobody has said anything.
                let none = view.comments() == 0;
                let comments = if none {
                    Vec::new()
                } else {
                    comments(step, &context)
                };
                (view, comments)
            })
        });
        let shown = shown.and_then(|shown| shown.map_err(|error| error.to_string()));
        let (view, comments) =
            shown.map_err(|why| DocumentFault::Quarantined { id: step.id, why })?;
        for (comment, may_have_moved) in comments {
            let key = tables::document_bytes(step.id, &comment_key(&comment));
            if may_have_moved {
                self.delete_moved(writes, (step.id, comment.id), &key)?;
            }
            writes.put(Table::Comments, key, comment.to_stored());
        }
        write_card(writes, &view, (revision.as_deref(), self.member()));
        writes.put(Table::Views, tables::document(step.id), view.to_stored());
        step.document.view = Some(view);
        Ok(())
    }

    /// Deletes the rows of a comment at other places than this one.
    fn delete_moved(
        &self,
        writes: &mut Writes,
        (document, comment): (DocumentId, PartId),
        place: &[u8],
    ) -> Result<(), ReplicaFault> {
        let end = comment.to_string();
        self.store
            .scan(Table::Comments, &tables::document(document), |key, _| {
                if key.ends_with(end.as_bytes()) && key != place {
                    writes.delete(Table::Comments, key.to_vec());
                }
                Ok(true)
            })?;
        Ok(())
    }

    /// The view of a case as it was last stored; `None` when there is none this version can read.
    pub(super) fn stored_view(&self, id: DocumentId) -> Result<Option<CaseView>, ReplicaFault> {
        let bytes = self.store.get(Table::Views, &tables::document(id))?;
        Ok(bytes.and_then(|bytes| CaseView::from_stored(&bytes).ok()))
    }
}

pub(super) fn write_card(
    writes: &mut Writes,
    view: &CaseView,
    (revision, me): (Option<&Revision>, Option<MemberId>),
) {
    let card = Card::of(view, revision);
    note_mine(writes, &card, me);
    writes.put(
        Table::Cards,
        tables::document(view.document),
        card.to_stored(),
    );
    for (_, linked) in view.facets.links.0.keys() {
        let key = tables::document_bytes(*linked, view.document.as_bytes());
        writes.put(Table::Links, key, Vec::new());
    }
}

/// The comments that the step touched, and whether each may have stood in another place before.
fn comments(step: &DocumentStep, context: &ViewContext<'_>) -> Vec<(CommentView, bool)> {
    let moved = |comment: CommentView| {
        let doc = &step.document.automerge;
        let twice = comment.edited.is_some() || is_begun_twice(doc, comment.id, context);
        (comment, twice)
    };
    touched_comments(step, context)
        .into_iter()
        .map(moved)
        .collect()
}

fn touched_comments(step: &DocumentStep, context: &ViewContext<'_>) -> Vec<CommentView> {
    let automerge = &step.document.automerge;
    if step.whole || step.touched.contains(&Place::Case) {
        return read_comments(automerge, context);
    }
    let ids: BTreeSet<PartId> = step
        .touched
        .iter()
        .filter_map(|place| {
            if let Place::Comment(id) = place {
                Some(*id)
            } else {
                None
            }
        })
        .collect();
    refresh_comments(automerge, &ids, context)
}

/// Order first, then the id, so that a scan reads comments in order.
fn comment_key(comment: &CommentView) -> Vec<u8> {
    let mut key = comment.order.counter.to_be_bytes().to_vec();
    // Flipping the sign bit makes signed numbers sort as bytes.
    let time = comment.order.claimed_ms.cast_unsigned() ^ (1 << 63);
    key.extend_from_slice(&time.to_be_bytes());
    key.extend_from_slice(comment.order.change.as_bytes());
    key.extend_from_slice(comment.id.to_string().as_bytes());
    key
}
