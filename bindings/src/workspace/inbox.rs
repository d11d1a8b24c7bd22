//! The inbox of this device's member: reading it, marking it, and what is to be quiet.
//!
//! Marks and quiet rules follow the member to all their devices with the next sync; nobody else
//! ever sees them. An observer hears of changes by [`crate::Changed::inbox`].

use std::sync::atomic::Ordering;

use casework_engine::case::PartId;
use casework_engine::inbox::ItemKind;
use casework_engine::inbox::quiet::{Hours, Mute};
use casework_engine::replica::{InboxAfter, InboxFilter, InboxPage};
use casework_protocol::ids::DocumentId;
use serde::Serialize;

use super::finding::{Candidate, pick};
use super::{Inner, Workspace};
use crate::error::Error;
use crate::moment;
use crate::observer::Changed;

/// What a member does not want to hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QuietView {
    /// Kinds of items.
    pub kinds: Vec<ItemKind>,
    /// Cases.
    pub cases: Vec<DocumentId>,
    /// Templates.
    pub templates: Vec<DocumentId>,
    /// Hours in which nothing is announced.
    pub hours: Option<Hours>,
    /// Whether they are now.
    pub now: bool,
}

/// The inbox.
///
/// Errors of all that follow: [`Error::Denied`] while this device belongs to nobody,
/// [`Error::Unavailable`] when the store fails.
impl Workspace {
    /// A page of the inbox, newest first: at most `take` items after the place where the page
    /// before ended.
    ///
    /// # Errors
    /// See above.
    pub fn inbox(
        &self,
        filter: &InboxFilter,
        after: Option<InboxAfter>,
        take: usize,
    ) -> Result<InboxPage, Error> {
        let now = moment::now()?;
        self.read(|replica| Ok(replica.inbox(filter, (after, take), &now)?))
    }

    /// How many items are unread and not muted.
    ///
    /// # Errors
    /// See above.
    pub fn unread_count(&self) -> Result<usize, Error> {
        let now = moment::now()?;
        self.read(|replica| Ok(replica.unread(&now)?))
    }

    /// Marks items as read. Answers how many were not.
    ///
    /// # Errors
    /// See above.
    pub fn mark_read(&self, items: &[PartId]) -> Result<usize, Error> {
        self.mark(items, true)
    }

    /// Marks items as unread. Answers how many were read.
    ///
    /// # Errors
    /// See above.
    pub fn mark_unread(&self, items: &[PartId]) -> Result<usize, Error> {
        self.mark(items, false)
    }

    fn mark(&self, items: &[PartId], read: bool) -> Result<usize, Error> {
        let now = moment::now()?;
        let marked = self.write(|replica| Ok(replica.mark_items(items, read, &now)?))?;
        self.inner.tell(Changed::default());
        Ok(marked)
    }

    /// Marks everything as read that a filter lets through. Answers how many were unread.
    ///
    /// # Errors
    /// See above.
    pub fn mark_all_read(&self, filter: &InboxFilter) -> Result<usize, Error> {
        let now = moment::now()?;
        let marked = self.write(|replica| Ok(replica.mark_all_read(filter, &now)?))?;
        self.inner.tell(Changed::default());
        Ok(marked)
    }

    /// Finds an item by the beginning of its id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_told(&self, text: &str) -> Result<PartId, Error> {
        let everything = InboxFilter {
            muted: true,
            ..InboxFilter::default()
        };
        let now = moment::now()?;
        let ids = self.read(|replica| Ok(replica.inbox_ids(&everything, &now)?))?;
        let candidates = ids.into_iter().map(|item| Candidate {
            what: item,
            id: item.to_string(),
            names: Vec::new(),
            shown: item.to_string(),
        });
        pick("item", text, candidates.collect())
    }

    /// The quiet rules.
    ///
    /// # Errors
    /// See above.
    pub fn quiet(&self) -> Result<QuietView, Error> {
        let quiet = self.read(|replica| Ok(replica.quiet()?))?;
        let now = i64::try_from(moment::now_ms()).unwrap_or(i64::MAX);
        let mut view = QuietView {
            hours: quiet.hours().cloned(),
            now: quiet.is_quiet_at(now),
            ..QuietView::default()
        };
        for mute in quiet.all() {
            match mute {
                Mute::Kind(kind) => view.kinds.push(kind),
                Mute::Case(case) => view.cases.push(case),
                Mute::Template(template) => view.templates.push(template),
            }
        }
        Ok(view)
    }

    /// Mutes something, or no longer does. Answers whether that was news.
    ///
    /// # Errors
    /// See above.
    pub fn set_mute(&self, mute: Mute, on: bool) -> Result<bool, Error> {
        let now = moment::now()?;
        let news = self.write(|replica| Ok(replica.set_mute(mute, on, &now)?))?;
        self.inner.tell(Changed::default());
        Ok(news)
    }

    /// Sets the hours in which nothing is announced, or ends them. Answers whether that was news.
    ///
    /// # Errors
    /// See above.
    pub fn set_quiet_hours(&self, hours: Option<&Hours>) -> Result<bool, Error> {
        let now = moment::now()?;
        let news = self.write(|replica| Ok(replica.set_quiet_hours(hours, &now)?))?;
        self.inner.tell(Changed::default());
        Ok(news)
    }
}

impl Inner {
    /// Tells observers what changed, and the inbox if it did. Not to be called under the lock.
    pub(crate) fn tell(&self, mut changed: Changed) {
        if let Ok(replica) = self.lock() {
            let turns = replica.inbox_turns();
            changed.inbox |= self.inbox_told.swap(turns, Ordering::AcqRel) != turns;
        }
        self.hub.changed(&changed);
    }
}
