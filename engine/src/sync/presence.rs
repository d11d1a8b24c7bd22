//! Presence as a device keeps it: what it says of itself, and what it was told of others.
//!
//! Nothing here is stored. What was told is the server's word: it is bounded, ends by this device's
//! own clock, and is shown only as far as roster and access record bear it out ([`Heard::at`]).
//! Invariant: whatever a server says about presence, no session ends by it.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::access::{AccessState, views};
use casework_protocol::frame::{Activity, Announced, ClientFrame, Present};
use casework_protocol::ids::{DeviceId, DocumentId, MemberId};
use casework_protocol::limits::{
    MAX_ANNOUNCED_DOCUMENTS, MAX_PRESENT_DEVICES, MAX_PRESENT_DOCUMENTS, PRESENCE_AGAIN_MS,
    PRESENCE_EVERY_MS, PRESENCE_LASTS_MS,
};
use casework_protocol::roster::RosterState;

/// How long somebody counts as writing after the last sign of it.
pub const TYPING_LASTS_MS: u64 = 5_000;

/// What this device says of itself. It outlives connections: the next one says it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The most recent last.
    here: Vec<Stay>,
    hears: bool,
}

/// One document that is open here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stay {
    document: DocumentId,
    /// The last sign of writing.
    typed_ms: Option<u64>,
    /// It closes by itself then.
    until_ms: Option<u64>,
}

/// What this device was told of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    documents: BTreeMap<DocumentId, Told>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    present: Vec<Present>,
    more: u32,
    until_ms: u64,
}

/// Somebody at a document, as far as this device lets it be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Witness {
    /// Who; oneself, on another device of one's own.
    pub member: MemberId,
    /// What they do there: the most of what their devices do.
    pub activity: Activity,
}

/// The presence half of a session.
#[derive(Debug, Default)]
pub(super) struct Voice {
    wants: Announcement,
    /// What was said last, and when.
    said: Option<(Vec<Announced>, bool)>,
    said_ms: u64,
    /// When it last looked whether there is something to say.
    looked_ms: u64,
    pub(super) heard: Heard,
    pub(super) news: BTreeSet<DocumentId>,
}

impl Announcement {
    /// Says that a document is open, or is written in. Of more than
    /// [`MAX_ANNOUNCED_DOCUMENTS`] the one that was touched longest ago closes.
    pub fn enter(&mut self, document: DocumentId, activity: Activity, now_ms: u64) {
        let typed_ms = (activity >= Activity::Typing).then_some(now_ms);
        self.put(Stay {
            document,
            typed_ms,
            until_ms: None,
        });
    }

    /// Says that a document is open until then, unless it is open for longer already.
    pub fn glance(&mut self, document: DocumentId, until_ms: u64) {
        let open = |stay: &&Stay| stay.document == document;
        let known = self.here.iter().find(open).copied();
        let typed_ms = known.and_then(|stay| stay.typed_ms);
        let until_ms = match known {
            Some(Stay { until_ms: None, .. }) => None,
            Some(_) | None => Some(until_ms),
        };
        self.put(Stay {
            document,
            typed_ms,
            until_ms,
        });
    }

    /// Says that a document is closed.
    pub fn leave(&mut self, document: DocumentId) {
        self.here.retain(|stay| stay.document != document);
    }

    /// Whether to be told of others.
    pub fn hear(&mut self, hears: bool) {
        self.hears = hears;
    }

    /// Whether it wants to be told of others.
    #[must_use]
    pub fn hears(&self) -> bool {
        self.hears
    }

    fn put(&mut self, stay: Stay) {
        self.leave(stay.document);
        self.here.push(stay);
        let excess = self.here.len().saturating_sub(MAX_ANNOUNCED_DOCUMENTS);
        self.here.drain(..excess);
    }

    /// What it comes to now, in the order of documents.
    fn at(&self, now_ms: u64) -> Vec<Announced> {
        let open = |stay: &&Stay| stay.until_ms.is_none_or(|until| now_ms < until);
        let here = self.here.iter().filter(open).map(|stay| Announced {
            document: stay.document,
            activity: match stay.types_until_ms() {
                Some(until) if now_ms < until => Activity::Typing,
                Some(_) | None => Activity::Open,
            },
        });
        let mut here: Vec<Announced> = here.collect();
        here.sort_by_key(|word| word.document);
        here
    }

    /// When it next comes to something else by itself.
    fn next_ms(&self, now_ms: u64) -> Option<u64> {
        let ends = |stay: &Stay| [stay.until_ms, stay.types_until_ms()];
        let ends = self.here.iter().flat_map(ends).flatten();
        ends.filter(|end| *end > now_ms).min()
    }
}

impl Stay {
    fn types_until_ms(&self) -> Option<u64> {
        let typed_ms = self.typed_ms?;
        Some(typed_ms.saturating_add(TYPING_LASTS_MS))
    }
}

impl Heard {
    /// Who is at a document now, in the order of members: others who see it by these records, if
    /// this device's own member does. A server that lies can say that somebody is there who could
    /// be, and nothing else.
    #[must_use]
    pub fn at(
        &self,
        (document, now_ms): (DocumentId, u64),
        own: DeviceId,
        roster: &RosterState,
        access: &AccessState,
    ) -> Vec<Witness> {
        let sees = |member: &MemberId| views(roster, access, *member);
        let Some(told) = self.documents.get(&document).filter(|t| !t.is_over(now_ms)) else {
            return Vec::new();
        };
        if !roster.member_of(own).is_some_and(|member| sees(&member)) {
            return Vec::new();
        }
        let mut found = BTreeMap::new();
        for row in told.present.iter().filter(|row| row.device != own) {
            let Some(member) = roster.member_of(row.device).filter(sees) else {
                continue;
            };
            let most = found.entry(member).or_insert(row.activity);
            *most = (*most).max(row.activity);
        }
        let witness = |(member, activity)| Witness { member, activity };
        found.into_iter().map(witness).collect()
    }

    /// How many more devices are at a document than were named.
    #[must_use]
    pub fn more_at(&self, document: DocumentId, now_ms: u64) -> u32 {
        let told = self.documents.get(&document);
        told.filter(|told| !told.is_over(now_ms))
            .map_or(0, |told| told.more)
    }

    /// How many devices it keeps in memory, at all documents together.
    #[must_use]
    pub fn rows(&self) -> usize {
        let told = self.documents.values();
        told.map(|told| told.present.len()).sum()
    }

    /// The documents at which somebody was said to be.
    pub fn documents(&self) -> impl Iterator<Item = DocumentId> {
        self.documents.keys().copied()
    }

    /// Takes the word of a server; whether it may look different now.
    fn take(
        &mut self,
        document: DocumentId,
        (mut present, more): (Vec<Present>, u32),
        now_ms: u64,
    ) -> bool {
        if present.is_empty() {
            return self.documents.remove(&document).is_some();
        }
        let known = self.documents.contains_key(&document);
        if !known && self.documents.len() >= MAX_PRESENT_DOCUMENTS {
            return false;
        }
        present.truncate(MAX_PRESENT_DEVICES);
        present.shrink_to_fit();
        let told = Told {
            present,
            more,
            until_ms: now_ms.saturating_add(PRESENCE_LASTS_MS),
        };
        let same = |old: &Told| (&old.present, old.more) == (&told.present, told.more);
        let changed = !self.documents.get(&document).is_some_and(same);
        self.documents.insert(document, told);
        changed
    }

    /// Forgets what nobody repeated; where that was.
    fn lapse(&mut self, now_ms: u64) -> Vec<DocumentId> {
        let over = self.documents.iter();
        let over = over.filter(|(_, told)| told.is_over(now_ms));
        let over: Vec<DocumentId> = over.map(|(document, _)| *document).collect();
        for document in &over {
            self.documents.remove(document);
        }
        over
    }
}

impl Told {
    /// A clock that went back must not keep anybody there for longer.
    fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.until_ms || self.until_ms > now_ms.saturating_add(PRESENCE_LASTS_MS)
    }
}

impl Voice {
    /// The device says something else from now on.
    pub(super) fn want(&mut self, wants: Announcement) {
        if !wants.hears {
            self.news.extend(self.heard.documents());
            self.heard = Heard::default();
        }
        self.wants = wants;
    }

    /// What is to be said now; nothing while the last word is too fresh, or still holds.
    pub(super) fn frame(&mut self, now_ms: u64) -> Option<ClientFrame> {
        self.looked_ms = now_ms;
        let here = self.wants.at(now_ms);
        let want = (here, self.wants.hears);
        let due = match &self.said {
            None => !want.0.is_empty() || want.1,
            Some(said) if *said == want => {
                !want.0.is_empty() && now_ms.abs_diff(self.said_ms) >= PRESENCE_AGAIN_MS
            }
            Some(_) => now_ms.abs_diff(self.said_ms) >= PRESENCE_EVERY_MS,
        };
        if !due {
            return None;
        }
        self.said_ms = now_ms;
        let (here, hears) = want.clone();
        self.said = Some(want);
        Some(ClientFrame::Presence { here, hears })
    }

    /// A new conversation begins: everything is said again.
    pub(super) fn begin(&mut self) {
        self.said = None;
    }

    /// When there is something to say or to forget.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let now_ms = self.looked_ms;
        let want = (self.wants.at(now_ms), self.wants.hears);
        let word = match &self.said {
            Some(said) if *said != want => Some(self.said_ms.saturating_add(PRESENCE_EVERY_MS)),
            Some((here, _)) if !here.is_empty() => {
                Some(self.said_ms.saturating_add(PRESENCE_AGAIN_MS))
            }
            Some(_) | None => None,
        };
        let lapse = self.heard.documents.values().map(|told| told.until_ms);
        let times = [word, self.wants.next_ms(now_ms), lapse.min()];
        times.into_iter().flatten().min()
    }

    /// The server says who is at a document. What nobody wanted to hear is passed over.
    pub(super) fn told(&mut self, document: DocumentId, words: (Vec<Present>, u32), now_ms: u64) {
        if self.wants.hears && self.heard.take(document, words, now_ms) {
            self.news.insert(document);
        }
    }

    /// The document is not for this device any more.
    pub(super) fn forget(&mut self, document: DocumentId) {
        if self.heard.documents.remove(&document).is_some() {
            self.news.insert(document);
        }
    }

    /// Time passes; nobody is there for longer than they were said to be.
    pub(super) fn lapse(&mut self, now_ms: u64) {
        self.news.extend(self.heard.lapse(now_ms));
    }
}
