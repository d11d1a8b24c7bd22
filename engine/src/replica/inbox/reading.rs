//! Reading the inbox: pages by range, newest first, what only time makes put in between.

use std::collections::BTreeSet;

use casework_protocol::ids::DocumentId;
use serde::{Deserialize, Serialize};

use super::InboxPlace;
use crate::case::PartId;
use crate::inbox::quiet::Quiet;
use crate::inbox::{Item, ItemKind, horizon};
use crate::moment::Moment;
use crate::personal::Personal;
use crate::replica::store::decode_row;
use crate::replica::tables::{self, Table};
use crate::replica::{Replica, ReplicaFault};
use crate::view::Card;

/// Which items are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxFilter {
    /// Only unread ones.
    pub unread: bool,
    /// Only of these kinds; empty = of all.
    pub kinds: BTreeSet<ItemKind>,
    /// Only of this case.
    pub case: Option<DocumentId>,
    /// Muted ones too.
    pub muted: bool,
    /// Only what came at or after this time, milliseconds since 1970.
    pub since_ms: Option<i64>,
}

/// Where a page begins: after this item of the page before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxAfter {
    /// The item's time.
    pub at_ms: i64,
    /// The item.
    pub id: PartId,
}

/// An item as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InboxEntry {
    /// What is told.
    pub item: Item,
    /// Whether it is read.
    pub read: bool,
    /// Whether a quiet rule mutes it.
    pub muted: bool,
    /// The number of the case.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its template.
    pub template: Option<DocumentId>,
    /// What people call the part of the case that it is about, as it is now: the beginning of the
    /// comment, the title of the task, the label of the field. Nothing where that is redacted.
    pub about: Option<String>,
}

/// A page of the inbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InboxPage {
    /// Newest first.
    pub entries: Vec<InboxEntry>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<InboxAfter>,
}

/// An item in the order, before its text is fetched.
struct Listed {
    at_ms: i64,
    id: PartId,
    place: (DocumentId, Option<DocumentId>, ItemKind),
    /// What stands only while it is so; stored ones are fetched when they are shown.
    standing: Option<Item>,
}

/// What a filter asks besides.
struct Sieve<'a> {
    filter: &'a InboxFilter,
    personal: Personal,
    quiet: Quiet,
    from_ms: i64,
}

impl Sieve<'_> {
    fn is_read(&self, listed: &Listed) -> bool {
        let received = listed.standing.is_none().then_some(listed.at_ms);
        self.personal.is_read(listed.id, received)
    }

    fn is_muted(&self, listed: &Listed) -> bool {
        let (case, template, kind) = listed.place;
        self.quiet.mutes(kind, case, template)
    }

    fn lets(&self, listed: &Listed) -> bool {
        let (case, _, kind) = listed.place;
        let filter = self.filter;
        (listed.standing.is_some() || listed.at_ms >= self.from_ms)
            && filter.since_ms.is_none_or(|since| listed.at_ms >= since)
            && filter.case.is_none_or(|wanted| wanted == case)
            && (filter.kinds.is_empty() || filter.kinds.contains(&kind))
            && !(filter.unread && self.is_read(listed))
            && (filter.muted || !self.is_muted(listed))
    }
}

impl Replica {
    /// A page of the inbox, newest first.
    ///
    /// # Errors
    /// [`ReplicaFault::NotEnrolled`] without a member, or the store failed.
    pub fn inbox(
        &mut self,
        filter: &InboxFilter,
        (after, take): (Option<InboxAfter>, usize),
        moment: &Moment,
    ) -> Result<InboxPage, ReplicaFault> {
        let sieve = self.sieve(filter)?;
        let mut page = InboxPage::default();
        let mut listed = Vec::new();
        self.walk(after, moment, &mut |one| {
            if sieve.lets(&one) {
                listed.push(one);
            }
            // One more than wanted tells that there is another page.
            listed.len() <= take
        })?;
        for one in listed {
            if page.entries.len() == take {
                let last = page.entries.last();
                page.next = last.map(|last: &InboxEntry| InboxAfter {
                    at_ms: last.item.at_ms,
                    id: last.item.id,
                });
                break;
            }
            page.entries.extend(self.entry(one, &sieve)?);
        }
        Ok(page)
    }

    /// How many items are unread and not muted.
    ///
    /// # Errors
    /// As [`Replica::inbox`].
    pub fn unread(&mut self, moment: &Moment) -> Result<usize, ReplicaFault> {
        let filter = InboxFilter {
            unread: true,
            ..InboxFilter::default()
        };
        Ok(self.inbox_ids(&filter, moment)?.len())
    }

    /// The ids of the items that a filter lets through, newest first.
    ///
    /// # Errors
    /// As [`Replica::inbox`].
    pub fn inbox_ids(
        &mut self,
        filter: &InboxFilter,
        moment: &Moment,
    ) -> Result<Vec<PartId>, ReplicaFault> {
        let sieve = self.sieve(filter)?;
        let mut found = Vec::new();
        self.walk(None, moment, &mut |one| {
            if sieve.lets(&one) {
                found.push(one.id);
            }
            true
        })?;
        Ok(found)
    }

    fn sieve<'f>(&mut self, filter: &'f InboxFilter) -> Result<Sieve<'f>, ReplicaFault> {
        let personal = self.personal()?.clone();
        Ok(Sieve {
            filter,
            quiet: Quiet::of(&personal),
            personal,
            from_ms: self.newest_head_ms()?.map_or(i64::MIN, horizon),
        })
    }

    /// Everything after a place, newest first, until `visit` answers `false`.
    fn walk(
        &mut self,
        after: Option<InboxAfter>,
        moment: &Moment,
        visit: &mut dyn FnMut(Listed) -> bool,
    ) -> Result<(), ReplicaFault> {
        let mut standing = self.standing_items(moment)?;
        let order = |one: &Item| tables::inbox_order(one.at_ms, one.id);
        standing.sort_by_key(|(item, _)| order(item));
        let begin = after.map(|after| tables::inbox_order(after.at_ms, after.id));
        let begin = begin.unwrap_or_default();
        standing.retain(|(item, _)| order(item) > begin);
        let mut standing = standing.into_iter().peekable();
        let mut goes_on = true;
        self.store
            .scan_from(Table::InboxOrder, &[], &begin, |key, value| {
                if *key == *begin {
                    return Ok(true);
                }
                while goes_on && standing.peek().is_some_and(|(item, _)| *order(item) < *key) {
                    goes_on = standing.next().is_none_or(|next| visit(listed(next)));
                }
                let place: InboxPlace = decode_row(Table::InboxOrder, value)?;
                if let (true, Some((at_ms, id)), Some(kind)) =
                    (goes_on, tables::split_inbox_order(key), place.kind())
                {
                    let place = (place.document, place.template, kind);
                    goes_on = visit(Listed {
                        at_ms,
                        id,
                        place,
                        standing: None,
                    });
                }
                Ok(goes_on)
            })?;
        while goes_on && let Some(next) = standing.next() {
            goes_on = visit(listed(next));
        }
        Ok(())
    }

    pub(in crate::replica) fn stored_card(
        &self,
        document: DocumentId,
    ) -> Result<Option<Card>, ReplicaFault> {
        let stored = self.store.get(Table::Cards, &tables::document(document))?;
        Ok(stored.and_then(|bytes| Card::from_stored(&bytes).ok()))
    }

    /// An item as it is shown; `None` when it, or its case, is gone.
    fn entry(
        &mut self,
        listed: Listed,
        sieve: &Sieve<'_>,
    ) -> Result<Option<InboxEntry>, ReplicaFault> {
        let (document, template, _) = listed.place;
        let (read, muted) = (sieve.is_read(&listed), sieve.is_muted(&listed));
        let item = match listed.standing {
            Some(item) => item,
            None => {
                let key = tables::document_item(document, listed.id);
                let stored = self.store.get(Table::Inbox, &key)?;
                match stored.as_deref().and_then(Item::from_stored) {
                    Some(item) => item,
                    None => return Ok(None),
                }
            }
        };
        let card = self.stored_card(document)?;
        if card.is_none() && item.kind != ItemKind::Drawer {
            return Ok(None);
        }
        let about = self.about(&item)?;
        let (number, title) = card
            .map(|card| (card.number, card.title))
            .unwrap_or_default();
        Ok(Some(InboxEntry {
            item,
            read,
            muted,
            number,
            title,
            template,
            about,
        }))
    }
}

fn listed((item, template): (Item, Option<DocumentId>)) -> Listed {
    Listed {
        at_ms: item.at_ms,
        id: item.id,
        place: (item.document, template, item.kind),
        standing: Some(item),
    }
}
