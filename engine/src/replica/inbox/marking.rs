//! What the member keeps for themself about the inbox: read marks and quiet rules.
//!
//! Every device writes the personal document that it founded and reads those of all.

use std::collections::BTreeMap;

use casework_protocol::access::entry::Principal;
use casework_protocol::ids::DocumentId;

use super::InboxFilter;
use crate::case::PartId;
use crate::inbox::KEPT_DAYS;
use crate::inbox::quiet::{Hours, MUTED, Mute, Quiet};
use crate::moment::Moment;
use crate::personal::{MAX_MARKS, Personal, PersonalAction};
use crate::replica::tables::{self, Table};
use crate::replica::{Replica, ReplicaFault};

/// How long a mark is kept: twice as long as any item that it could be about.
const MARKS_KEPT_MS: i64 = 2 * KEPT_DAYS * 24 * 60 * 60 * 1000;

impl Replica {
    /// What the member keeps for themself, all devices together.
    pub(super) fn personal(&mut self) -> Result<&Personal, ReplicaFault> {
        if self.personal.is_none() {
            let read = self.read_personal()?;
            self.personal = Some(read);
        }
        Ok(self.personal.get_or_insert_default())
    }

    fn read_personal(&mut self) -> Result<Personal, ReplicaFault> {
        let me = self.member().ok_or(ReplicaFault::NotEnrolled)?;
        let mut stored: Vec<(DocumentId, Vec<u8>)> = Vec::new();
        self.store.scan(Table::Personal, &[], |key, value| {
            stored.extend(tables::document_of(key).map(|id| (id, value.to_vec())));
            Ok(true)
        })?;
        let mut all = Personal::default();
        for (id, bytes) in stored {
            // Whatever a server hands over: only what is this member's own counts.
            let own = match self.record(id) {
                Ok(record) => record.head().contains(&Principal::Member(me)),
                Err(ReplicaFault::Document(_)) => false,
                Err(fault) => return Err(fault),
            };
            if !own {
                continue;
            }
            match Personal::from_stored(&bytes) {
                Some(said) => all.join(said),
                // A row of another version of this program: read the document once.
                None => all.join(Personal::read(&self.document(id)?.automerge)),
            }
        }
        Ok(all)
    }

    /// Marks items as read, or as unread. Answers how many were not so already.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn mark_items(
        &mut self,
        items: &[PartId],
        read: bool,
        moment: &Moment,
    ) -> Result<usize, ReplicaFault> {
        let is_read = |filter: InboxFilter, replica: &mut Self| replica.inbox_ids(&filter, moment);
        let unread = is_read(
            InboxFilter {
                unread: true,
                muted: true,
                ..InboxFilter::default()
            },
            self,
        )?;
        let all = is_read(
            InboxFilter {
                muted: true,
                ..InboxFilter::default()
            },
            self,
        )?;
        let wanted = items
            .iter()
            .filter(|item| all.contains(item) && unread.contains(item) == read);
        let wanted: Vec<PartId> = wanted.copied().collect();
        self.put_marks(&wanted, (None, read), moment)?;
        Ok(wanted.len())
    }

    /// Marks everything as read that a filter lets through. Answers how many were unread.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn mark_all_read(
        &mut self,
        filter: &InboxFilter,
        moment: &Moment,
    ) -> Result<usize, ReplicaFault> {
        let wanted = InboxFilter {
            unread: true,
            ..filter.clone()
        };
        let unread = self.inbox_ids(&wanted, moment)?;
        let everything = InboxFilter {
            muted: true,
            ..InboxFilter::default()
        };
        // Without a filter one time says it for all that the server gave a time.
        let until = if *filter == everything {
            self.newest_received()?
        } else {
            None
        };
        let known = self.personal()?.clone();
        let until = until.filter(|until| !known.is_read_until(*until));
        let marked: Vec<PartId> = match until {
            Some(_) => {
                let stored = self.received_ids()?;
                let by_time = |item: &PartId| stored.contains(item) && !known.has_mark(*item);
                unread
                    .iter()
                    .copied()
                    .filter(|item| !by_time(item))
                    .collect()
            }
            None => unread.clone(),
        };
        self.put_marks(&marked, (until, true), moment)?;
        Ok(unread.len())
    }

    fn put_marks(
        &mut self,
        items: &[PartId],
        (until, read): (Option<i64>, bool),
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let known = self.personal()?.clone();
        let now = moment.now_ms.cast_signed();
        let mut actions: Vec<PersonalAction> = until
            .map(|received_ms| PersonalAction::ReadUntil { received_ms })
            .into_iter()
            .collect();
        // Room is left for old ones to forget.
        for items in items.chunks(MAX_MARKS / 2) {
            let stamp = |item: &PartId| {
                let at = known.next_mark(*item, now);
                (*item, Some(if read { at } else { -at }))
            };
            let mut marks: BTreeMap<PartId, Option<i64>> = items.iter().map(stamp).collect();
            let old = known.marked_before(now.saturating_sub(MARKS_KEPT_MS));
            for item in old.take(MAX_MARKS / 2) {
                marks.entry(item).or_insert(None);
            }
            actions.push(PersonalAction::Mark { marks });
        }
        self.keep(actions, moment)
    }

    fn keep(&mut self, actions: Vec<PersonalAction>, moment: &Moment) -> Result<(), ReplicaFault> {
        if actions.is_empty() {
            return Ok(());
        }
        let mut batch = self.batch();
        for (n, action) in (0..).zip(actions) {
            batch.keep_for_myself(action, &moment.part(n))?;
        }
        batch.commit()
    }

    /// The quiet rules.
    ///
    /// # Errors
    /// [`ReplicaFault::NotEnrolled`] without a member, or the store failed.
    pub fn quiet(&mut self) -> Result<Quiet, ReplicaFault> {
        Ok(Quiet::of(self.personal()?))
    }

    /// Mutes something, or no longer does. Answers whether that was news.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn set_mute(
        &mut self,
        mute: Mute,
        on: bool,
        moment: &Moment,
    ) -> Result<bool, ReplicaFault> {
        if self.quiet()?.all().any(|known| known == mute) == on {
            return Ok(false);
        }
        let value = if on { MUTED } else { "" };
        self.put_quiet(mute.name(), value.to_owned(), moment)?;
        Ok(true)
    }

    /// Sets quiet hours, or ends them. Answers whether that was news.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn set_quiet_hours(
        &mut self,
        hours: Option<&Hours>,
        moment: &Moment,
    ) -> Result<bool, ReplicaFault> {
        if self.quiet()?.hours() == hours {
            return Ok(false);
        }
        let value = hours.map(Hours::to_string).unwrap_or_default();
        self.put_quiet(Hours::name().to_owned(), value, moment)?;
        Ok(true)
    }

    fn put_quiet(
        &mut self,
        what: String,
        value: String,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let now = moment.now_ms.cast_signed();
        let since_ms = self.personal()?.next_quiet(&what, now);
        let action = PersonalAction::Quiet {
            what,
            since_ms,
            value,
        };
        self.keep(vec![action], moment)
    }

    /// When the server received the newest thing of which an item tells.
    fn newest_received(&self) -> Result<Option<i64>, ReplicaFault> {
        let mut newest = None;
        self.store.scan(Table::InboxOrder, &[], |key, _| {
            newest = tables::split_inbox_order(key).map(|(at_ms, _)| at_ms);
            Ok(false)
        })?;
        Ok(newest)
    }

    fn received_ids(&self) -> Result<std::collections::BTreeSet<PartId>, ReplicaFault> {
        let mut found = std::collections::BTreeSet::new();
        self.store.scan(Table::InboxOrder, &[], |key, _| {
            found.extend(tables::split_inbox_order(key).map(|(_, item)| item));
            Ok(true)
        })?;
        Ok(found)
    }
}
