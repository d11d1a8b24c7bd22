//! The inbox of this device's member: reading it, marking it, and what is to be quiet.

use casework::Names;
use casework::ids::DocumentId;
use casework::inbox::quiet::{Hours, Mute};
use casework::{InboxAfter, InboxFilter as Filter};

use crate::error::CaseworkError;
use crate::listing::{Person, person};
use crate::text::{count, read, read_all, read_some, write_all, write_some};
use crate::vocabulary::ItemKind;
use crate::workspace::Workspace;

/// Something the member is told.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InboxItem {
    /// Its id.
    pub id: String,
    /// Why it is told.
    pub kind: ItemKind,
    /// The case.
    pub case_id: String,
    /// The case's number; empty when it is not here any more.
    pub number: String,
    /// The case's title; empty likewise.
    pub title: String,
    /// The case's template.
    pub template_id: Option<String>,
    /// When it happened, by the clock of who did it.
    pub at_ms: i64,
    /// When the server received it.
    pub received_ms: Option<i64>,
    /// Who did it.
    pub by: Option<Person>,
    /// The change.
    pub change_id: Option<String>,
    /// Where in the case.
    pub place: Option<String>,
    /// Words that belong to the kind: ids of stages, an answer, a date. What a person reads is in
    /// `about`.
    pub detail: Vec<String>,
    /// The other one of two: who wrote the other side of a conflict.
    #[uniffi(default = None)]
    pub other: Option<Person>,
    /// The automation that did it for them.
    #[uniffi(default = None)]
    pub rule: Option<String>,
    /// What it is about, as people call it: the comment, the field, the task.
    pub about: Option<String>,
    /// Read.
    pub read: bool,
    /// Muted by a quiet rule.
    pub muted: bool,
}

/// Which items to show. The default shows all that are not muted.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct InboxFilter {
    /// Unread ones only.
    #[uniffi(default = false)]
    pub unread: bool,
    /// Of these kinds; none means all.
    #[uniffi(default = [])]
    pub kinds: Vec<ItemKind>,
    /// Of this case.
    #[uniffi(default = None)]
    pub case_id: Option<String>,
    /// Muted ones too.
    #[uniffi(default = false)]
    pub muted: bool,
    /// Since then.
    #[uniffi(default = None)]
    pub since_ms: Option<i64>,
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InboxPage {
    /// The items, newest first.
    pub items: Vec<InboxItem>,
    /// Where the next page begins; nothing at the end.
    pub next: Option<InboxCursor>,
}

/// Where a page of the inbox begins.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InboxCursor {
    /// A time.
    pub at_ms: i64,
    /// An item.
    pub id: String,
}

/// What a member does not want to hear of.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct QuietRules {
    /// Kinds of items.
    pub kinds: Vec<ItemKind>,
    /// Cases.
    pub cases: Vec<String>,
    /// Templates.
    pub templates: Vec<String>,
    /// Hours in which nothing is announced.
    pub hours: Option<QuietHours>,
    /// Whether they are now.
    pub quiet_now: bool,
}

/// Hours in which nothing is announced.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct QuietHours {
    /// Their beginning, `HH:MM`.
    pub start: String,
    /// Their end, `HH:MM`; before the beginning it is that of the next day.
    pub end: String,
    /// The time zone, as `Europe/Lisbon`.
    pub zone: String,
}

/// Something that is muted.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum MuteTarget {
    /// A kind of items.
    OfKind {
        /// Which.
        kind: ItemKind,
    },
    /// A case.
    OfCase {
        /// Its id.
        id: String,
    },
    /// A template.
    OfTemplate {
        /// Its id.
        id: String,
    },
}

#[uniffi::export]
impl Workspace {
    /// A page of the inbox, newest first.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`.
    #[uniffi::method(default(after = None, take = 50))]
    pub fn inbox(
        &self,
        filter: InboxFilter,
        after: Option<InboxCursor>,
        take: u32,
    ) -> Result<InboxPage, CaseworkError> {
        let after = after
            .map(|after| {
                let id = read(&after.id)?;
                Ok::<_, CaseworkError>(InboxAfter {
                    at_ms: after.at_ms,
                    id,
                })
            })
            .transpose()?;
        let sdk = self.sdk()?;
        let page = sdk.inbox(&filter.read()?, after, take as usize)?;
        let names = sdk.names()?;
        Ok(InboxPage {
            items: page
                .entries
                .into_iter()
                .map(|one| item(one, &names))
                .collect(),
            next: page.next.map(|next| InboxCursor {
                at_ms: next.at_ms,
                id: next.id.to_string(),
            }),
        })
    }

    /// How many items are unread and not muted: the number on the icon.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`.
    pub fn unread_count(&self) -> Result<u32, CaseworkError> {
        Ok(count(self.sdk()?.unread_count()?))
    }

    /// Marks items as read. Answers how many were not.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`.
    pub fn mark_read(&self, items: Vec<String>) -> Result<u32, CaseworkError> {
        let items: Vec<_> = read_all(&items)?;
        Ok(count(self.sdk()?.mark_read(&items)?))
    }

    /// Marks items as unread. Answers how many were read.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`.
    pub fn mark_unread(&self, items: Vec<String>) -> Result<u32, CaseworkError> {
        let items: Vec<_> = read_all(&items)?;
        Ok(count(self.sdk()?.mark_unread(&items)?))
    }

    /// Marks everything as read that a filter lets through. Answers how many were unread.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`.
    pub fn mark_all_read(&self, filter: InboxFilter) -> Result<u32, CaseworkError> {
        Ok(count(self.sdk()?.mark_all_read(&filter.read()?)?))
    }

    /// The quiet rules.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`.
    pub fn quiet(&self) -> Result<QuietRules, CaseworkError> {
        let quiet = self.sdk()?.quiet()?;
        Ok(QuietRules {
            kinds: quiet.kinds,
            cases: write_all(quiet.cases),
            templates: write_all(quiet.templates),
            hours: quiet.hours.map(|hours| QuietHours {
                start: hours.from,
                end: hours.until,
                zone: hours.zone,
            }),
            quiet_now: quiet.now,
        })
    }

    /// Mutes something, or no longer does. Answers whether that was news.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`.
    pub fn set_mute(&self, target: MuteTarget, on: bool) -> Result<bool, CaseworkError> {
        let mute = match target {
            MuteTarget::OfKind { kind } => Mute::Kind(kind),
            MuteTarget::OfCase { id } => Mute::Case(read(&id)?),
            MuteTarget::OfTemplate { id } => Mute::Template(read(&id)?),
        };
        Ok(self.sdk()?.set_mute(mute, on)?)
    }

    /// Sets the hours in which nothing is announced, or ends them. Answers whether that was news.
    ///
    /// # Errors
    /// `Denied` while this device belongs to nobody; `Invalid` for ids that are none;
    /// `Unavailable` when the store fails; `Closed`. `Invalid` for times or a zone that are none.
    pub fn set_quiet_hours(&self, hours: Option<QuietHours>) -> Result<bool, CaseworkError> {
        let hours: Option<Hours> = hours
            .map(|hours| read(&format!("{}-{} {}", hours.start, hours.end, hours.zone)))
            .transpose()?;
        Ok(self.sdk()?.set_quiet_hours(hours.as_ref())?)
    }
}

impl InboxFilter {
    fn read(self) -> Result<Filter, CaseworkError> {
        Ok(Filter {
            unread: self.unread,
            kinds: self.kinds.into_iter().collect(),
            case: read_some::<DocumentId>(self.case_id.as_deref())?,
            muted: self.muted,
            since_ms: self.since_ms,
        })
    }
}

fn item(entry: casework::InboxEntry, names: &Names) -> InboxItem {
    let item = entry.item;
    InboxItem {
        id: item.id.to_string(),
        kind: item.kind,
        case_id: item.document.to_string(),
        number: entry.number,
        title: entry.title,
        template_id: write_some(entry.template),
        at_ms: item.at_ms,
        received_ms: item.received_ms,
        by: item.by.map(|member| person(member, names)),
        change_id: write_some(item.change),
        place: write_some(item.place),
        detail: item.detail,
        other: item.with.map(|member| person(member, names)),
        rule: item.rule,
        about: entry.about,
        read: entry.read,
        muted: entry.muted,
    }
}
