//! Reading: cards, views, comments and timelines. A case is read from its stored view; its
//! document is opened only to look back.

use std::collections::BTreeSet;

use casework_protocol::access::entry::DocumentKind;
use casework_protocol::ids::{ChangeHash, DocumentId};
use serde::Serialize;

use super::abreast::{ROWS, abreast_in_parts};
use super::asked::day_of;
use super::authority::untrusted;
use super::history::arrivals;
use super::rows::{Aside, AsideRow, DocumentRow, ServerRow};
use super::store::decode_row;
use super::tables::{self, Table};
use super::{DocumentFault, Replica, ReplicaFault};
use crate::case::facet::reading::ReadingAction;
use crate::case::{Act, ActError, PartId};
use crate::moment::Moment;
use crate::view::{
    Arrival, Breaches, Card, CaseView, CommentView, TimelineContext, TimelineEntry, TimelinePage,
};

/// How a replica stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Cases on this device.
    pub cases: usize,
    /// Templates on this device.
    pub templates: usize,
    /// Things that wait to be pushed.
    pub unsent: usize,
    /// Things in the drawer.
    pub drawer: usize,
    /// Changes that wait for an adoption.
    pub held: usize,
    /// Changes that cannot be judged yet.
    pub waiting: usize,
    /// Changes set aside for good.
    pub quarantined: usize,
    /// Whole documents set aside.
    pub quarantined_documents: usize,
    /// Documents whose history from a bundle is still to be judged.
    pub unchecked: usize,
    /// The roster version.
    pub roster: u64,
    /// The server.
    pub server: Option<ServerRow>,
    /// Size of the log at the newest verified head.
    pub log_size: Option<u64>,
    /// The newest verified head as people compare it.
    pub head_code: Option<String>,
}

/// Rows of cards in memory at once.
const ROWS_AT_ONCE: usize = 4096;

impl Replica {
    /// The view of a case.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when it is not here or is quarantined.
    pub fn case(&mut self, id: DocumentId) -> Result<CaseView, ReplicaFault> {
        self.look_at(id, CaseView::clone)
    }

    /// Looks at the view of a case that lies in memory, without a copy of it; else as
    /// [`Replica::case`].
    ///
    /// # Errors
    /// As [`Replica::case`].
    pub fn look_at<T>(
        &mut self,
        id: DocumentId,
        look: impl FnOnce(&CaseView) -> T,
    ) -> Result<T, ReplicaFault> {
        if let Some(view) = self
            .documents
            .get_mut(id)
            .and_then(|open| open.view.as_ref())
        {
            return Ok(look(view));
        }
        self.case_on_disk(id).map(|view| look(&view))
    }

    fn case_on_disk(&mut self, id: DocumentId) -> Result<CaseView, ReplicaFault> {
        if let Some(view) = self.stored_view(id)? {
            return Ok(view);
        }
        // A row of another version of this program, or none: read the document once.
        let mut step = self.take_document(id)?;
        if step.document.row.kind != DocumentKind::Case {
            return Err(DocumentFault::Unknown(id).into());
        }
        step.reread();
        self.settle_whole(super::store::Writes::default(), vec![step])?;
        self.stored_view(id)?
            .ok_or_else(|| DocumentFault::Unknown(id).into())
    }

    /// Writes down that this device's member looks at a case, where its template asks for that;
    /// answers whether it did. Nothing is written twice on one day. Whoever lost sight of the case
    /// or the membership reads what is still here and can sign nothing.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn note_reading(&mut self, id: DocumentId, moment: &Moment) -> Result<bool, ReplicaFault> {
        let template = self.record(id)?.head().template();
        let asks = self
            .current_revision(template)
            .is_some_and(|revision| revision.package().log_reads);
        let (Some(member), true) = (self.member(), asks) else {
            return Ok(false);
        };
        let today = day_of(moment.now_ms.cast_signed(), moment.zone_min)
            .ok_or_else(|| untrusted("the clock is beyond the calendar"))?;
        let day = today.date.to_string();
        let part = PartId::derive(&moment.derive("reading"), 0);
        let act = Act::new(part, ReadingAction::Read { member, day }.into());
        match self.act(id, act, moment) {
            Ok(_) => Ok(true),
            // Twice on one day, or no longer theirs to see: what is still here stays readable.
            Err(ReplicaFault::Act(ActError::Unchanged { .. }) | ReplicaFault::Denied(_)) => {
                Ok(false)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The comments of a case, in order.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn comments(&self, id: DocumentId) -> Result<Vec<CommentView>, ReplicaFault> {
        let mut found = Vec::new();
        self.store
            .scan(Table::Comments, id.as_bytes(), |_, value| {
                found.extend(CommentView::from_stored(value).ok());
                Ok(true)
            })?;
        Ok(found)
    }

    /// The cards of every case on this device, by document id.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn cards(&self) -> Result<Vec<Card>, ReplicaFault> {
        let mut found = Vec::new();
        self.each_card(|card| found.push(card))?;
        Ok(found)
    }

    /// What boards and lists show of a case.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when it is not here.
    pub fn card(&self, id: DocumentId) -> Result<Card, ReplicaFault> {
        let stored = self.stored_card(id)?;
        let mut card = stored.ok_or(DocumentFault::Unknown(id))?;
        card.badges.unsynced = self.unsent_documents()?.contains(&id);
        card.badges.held = self.held_documents()?.contains(&id);
        card.badges.being_checked = self.unchecked_documents()?.contains(&id);
        Ok(card)
    }

    /// Hands over the cards of every case on this device, one by one, by document id: for what
    /// needs a few of many. They are read some at a time on every core, so few are in memory at once.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn each_card(&self, mut take: impl FnMut(Card)) -> Result<(), ReplicaFault> {
        let unsent = self.unsent_documents()?;
        let held = self.held_documents()?;
        let unchecked = self.unchecked_documents()?;
        let read = |part: Vec<Vec<u8>>| -> Vec<Card> {
            let read = |row: &Vec<u8>| Card::from_stored(row).ok();
            part.iter().filter_map(read).collect()
        };
        let mut hand_over = |rows: Vec<Vec<u8>>| {
            for mut card in abreast_in_parts(rows, ROWS, read).into_iter().flatten() {
                card.badges.unsynced = unsent.contains(&card.document);
                card.badges.held = held.contains(&card.document);
                card.badges.being_checked = unchecked.contains(&card.document);
                take(card);
            }
        };
        let mut rows = Vec::new();
        self.store.scan(Table::Cards, &[], |_, value| {
            rows.push(value.to_vec());
            if rows.len() == ROWS_AT_ONCE {
                hand_over(core::mem::take(&mut rows));
            }
            Ok(true)
        })?;
        hand_over(rows);
        Ok(())
    }

    /// The templates on this device.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn templates(&self) -> Result<Vec<DocumentId>, ReplicaFault> {
        self.documents_of(DocumentKind::Template)
    }

    /// The cases on this device.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn cases(&self) -> Result<Vec<DocumentId>, ReplicaFault> {
        self.documents_of(DocumentKind::Case)
    }

    /// The personal documents on this device: those of its member's devices.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn personal_documents(&self) -> Result<Vec<DocumentId>, ReplicaFault> {
        self.documents_of(DocumentKind::Personal)
    }

    fn documents_of(&self, kind: DocumentKind) -> Result<Vec<DocumentId>, ReplicaFault> {
        let mut found = Vec::new();
        self.store.scan(Table::Documents, &[], |key, value| {
            let row: DocumentRow = decode_row(Table::Documents, value)?;
            found.extend(tables::document_of(key).filter(|_| row.kind == kind));
            Ok(true)
        })?;
        Ok(found)
    }

    /// Whose history came as a whole and is not judged yet.
    fn unchecked_documents(&self) -> Result<BTreeSet<DocumentId>, ReplicaFault> {
        let mut unchecked = BTreeSet::new();
        self.store.scan(Table::Unchecked, &[], |key, _| {
            unchecked.extend(tables::document_of(key));
            Ok(true)
        })?;
        Ok(unchecked)
    }

    fn held_documents(&self) -> Result<BTreeSet<DocumentId>, ReplicaFault> {
        Ok(self.held()?.into_iter().map(|held| held.document).collect())
    }

    /// A page of a case's timeline, newest first.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when it is not here or is quarantined.
    pub fn timeline(
        &mut self,
        id: DocumentId,
        page: TimelinePage,
    ) -> Result<Vec<TimelineEntry>, ReplicaFault> {
        let breaches = match self.case(id) {
            Ok(view) => view.flags.breaches(),
            // A template breaks no rule.
            Err(ReplicaFault::Document(_)) => Breaches::new(),
            Err(fault) => return Err(fault),
        };
        self.document(id)?;
        let document = self
            .documents
            .get_mut(id)
            .ok_or(DocumentFault::Unknown(id))?;
        let arrived = arrivals(&self.store, id, &document.automerge)?;
        let roster = self
            .roster
            .as_ref()
            .ok_or(ReplicaFault::NotEnrolled)?
            .head();
        let members = |device| roster.device(device).map(|device| device.member);
        let arrivals = |hash: ChangeHash| {
            arrived.get(&hash).map(|at| Arrival {
                seq: at.seq,
                received_ms: at.received_ms.cast_signed(),
            })
        };
        let context = TimelineContext {
            members: &members,
            arrivals: &arrivals,
        };
        let mut entries = crate::view::timeline(&document.automerge, &context, page);
        for entry in &mut entries {
            let breach = breaches.get(&entry.change);
            entry.breach = breach.cloned().unwrap_or_default();
        }
        Ok(entries)
    }

    /// How the replica stands.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn status(&self) -> Result<Status, ReplicaFault> {
        let mut status = Status {
            cases: 0,
            templates: 0,
            unsent: self.unsent()?,
            drawer: self.drawer()?.len(),
            held: 0,
            waiting: 0,
            quarantined: 0,
            quarantined_documents: 0,
            unchecked: 0,
            roster: self
                .roster
                .as_ref()
                .map_or(0, |roster| roster.head().version()),
            server: self.server()?,
            log_size: None,
            head_code: None,
        };
        if let Some(head) = self.newest_head()? {
            status.log_size = Some(head.head().size);
            status.head_code = Some(head.head().short_code());
        }
        self.store.scan(Table::Documents, &[], |_, value| {
            let row: DocumentRow = decode_row(Table::Documents, value)?;
            match row.kind {
                DocumentKind::Case => status.cases += 1,
                DocumentKind::Template => status.templates += 1,
                DocumentKind::Personal => {}
            }
            status.quarantined_documents += usize::from(row.quarantined.is_some());
            Ok(true)
        })?;
        self.store.scan(Table::Aside, &[], |_, value| {
            match decode_row::<AsideRow>(Table::Aside, value)?.why {
                Aside::Held | Aside::Withheld | Aside::Dependent(_) => status.held += 1,
                Aside::Waiting(_) => status.waiting += 1,
                Aside::Quarantined(_) => status.quarantined += 1,
            }
            Ok(true)
        })?;
        self.store.scan(Table::Unchecked, &[], |_, _| {
            status.unchecked += 1;
            Ok(true)
        })?;
        Ok(status)
    }

    /// A case as any Automerge implementation opens it: the whole history, redacted values
    /// included.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when it is not here or is quarantined.
    pub fn export(&mut self, id: DocumentId) -> Result<Vec<u8>, ReplicaFault> {
        Ok(super::compaction::save(&self.document(id)?.automerge))
    }
}
