//! One workspace's presence as a value: who is where, until when, and what listeners do not know yet.
//!
//! Time is an argument. Changes gather until the room rings, and a listener is told what stands then:
//! so a flood comes to one word a second for each document, a slow reader gets the newest state only,
//! and a thousand listeners are told a thousand words a second between them, not each.
//!
//! Invariant: nobody is shown at a document that their member does not see by the records as they
//! stand now, and memory is bounded by [`MAX_PRESENT`] devices with a few documents each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use casework_protocol::frame::{Activity, Announced, Present, ServerFrame, encode};
use casework_protocol::ids::{DeviceId, DocumentId};
use casework_protocol::limits::{
    MAX_PRESENT_DEVICES, MAX_PRESENT_DOCUMENTS, PRESENCE_AGAIN_MS, PRESENCE_EVERY_MS,
    PRESENCE_LASTS_MS,
};

use crate::relay::workspace::Workspace;

/// Most devices that are present in one workspace at once; the word of more is not taken.
const MAX_PRESENT: usize = 10_000;
/// Most listeners that are woken in a second: where there are more the room rings less often.
const WOKEN_PER_SEC: u64 = 1_000;

/// The room of a workspace.
#[derive(Debug, Default)]
pub(super) struct Room {
    stays: BTreeMap<DeviceId, Stay>,
    gatherings: BTreeMap<DocumentId, Gathering>,
    /// Documents by the ring at which they last had news.
    news: BTreeSet<(u64, DocumentId)>,
    /// Documents that have news since the last ring.
    fresh: BTreeSet<DocumentId>,
    /// Somewhere the last one left since the last ring.
    emptied: bool,
    /// How often it rang.
    rings: u64,
    rung_ms: u64,
    hearers: u64,
    seats: u64,
}

/// What one device says of itself.
#[derive(Debug)]
struct Stay {
    /// The session that said it: another one of the same device takes its place.
    seat: u64,
    until_ms: u64,
    here: BTreeMap<DocumentId, Activity>,
}

/// Everybody at one document.
#[derive(Debug, Default)]
struct Gathering {
    present: BTreeMap<DeviceId, Activity>,
    /// The ring at which it last had news; 0 before the first.
    ring: u64,
    rung_ms: u64,
    /// The roster and access versions by which sight was judged.
    judged: (u64, u64),
    /// What listeners are told, made once for all of them.
    said: Option<Arc<[u8]>>,
}

/// What one session was told.
#[derive(Debug, Default)]
pub(in crate::relay) struct Told {
    /// It knows the news up to this place.
    upto: (u64, Option<DocumentId>),
    /// Up to this ring it was told where nobody is any more.
    swept: u64,
    /// Where it knows somebody to be.
    documents: BTreeSet<DocumentId>,
}

/// Who listens, and what they may see is judged by.
pub(in crate::relay) struct Ear<'a> {
    pub(in crate::relay) device: DeviceId,
    pub(in crate::relay) workspace: &'a Workspace,
}

impl Told {
    /// Of how many documents it was told.
    pub(in crate::relay) fn len(&self) -> usize {
        self.documents.len()
    }
}

impl Room {
    /// A number for a session.
    pub(super) fn seat(&mut self) -> u64 {
        self.seats += 1;
        self.seats
    }

    pub(super) fn count_hearer(&mut self, comes: bool) {
        self.hearers = match comes {
            true => self.hearers + 1,
            false => self.hearers.saturating_sub(1),
        };
    }

    /// How many devices are present.
    pub(super) fn present(&self) -> usize {
        self.stays.len()
    }

    /// Bytes of what is known of everybody, roughly.
    pub(super) fn held_bytes(&self) -> usize {
        let rows: usize = self.gatherings.values().map(|at| at.present.len()).sum();
        let said = self.gatherings.values().filter_map(|at| at.said.as_ref());
        2 * rows * size_of::<(DeviceId, DocumentId, u64)>() + said.map(|s| s.len()).sum::<usize>()
    }

    /// Whether nothing is going to happen here by itself.
    pub(super) fn is_idle(&self) -> bool {
        self.stays.is_empty() && self.fresh.is_empty() && !self.emptied
    }

    /// A device says all that it has open, all of which it sees.
    pub(super) fn announce(
        &mut self,
        now_ms: u64,
        (seat, device): (u64, DeviceId),
        here: &[Announced],
    ) {
        if here.is_empty() {
            return self.leave((seat, device));
        }
        if self.stays.len() >= MAX_PRESENT && !self.stays.contains_key(&device) {
            return;
        }
        let mut now = BTreeMap::new();
        for Announced { document, activity } in here {
            let strongest = now.entry(*document).or_insert(*activity);
            *strongest = (*strongest).max(*activity);
        }
        let stay = Stay {
            seat,
            until_ms: now_ms.saturating_add(PRESENCE_LASTS_MS),
            here: now.clone(),
        };
        let before = self.stays.insert(device, stay);
        for document in before.iter().flat_map(|before| before.here.keys()) {
            if !now.contains_key(document) {
                self.remove(device, *document);
            }
        }
        for (document, activity) in now {
            self.put(now_ms, device, (document, activity));
        }
    }

    /// A session ends, or says that it has nothing open. One that another session of its device
    /// has replaced changes nothing.
    pub(super) fn leave(&mut self, (seat, device): (u64, DeviceId)) {
        if self
            .stays
            .get(&device)
            .is_some_and(|stay| stay.seat == seat)
        {
            self.end(device);
        }
    }

    /// Nobody is here. Whether listeners are to be told so now.
    pub(super) fn empty(&mut self, now_ms: u64) -> bool {
        for device in self.stays.keys().copied().collect::<Vec<_>>() {
            self.end(device);
        }
        self.is_due(now_ms) && self.number_news(now_ms)
    }

    /// Ends what was not repeated and what may not be shown any more; whether listeners have
    /// something to hear now.
    pub(super) fn ring(&mut self, now_ms: u64, workspace: &Workspace) -> bool {
        let over = |stay: &Stay| {
            // A clock that went back must not keep anybody here for longer.
            now_ms >= stay.until_ms || stay.until_ms > now_ms.saturating_add(PRESENCE_LASTS_MS)
        };
        let gone = self.stays.iter().filter(|(_, stay)| over(stay));
        for device in gone.map(|(device, _)| *device).collect::<Vec<_>>() {
            self.end(device);
        }
        for document in self.gatherings.keys().copied().collect::<Vec<_>>() {
            self.judge(document, workspace);
        }
        self.is_due(now_ms) && self.number_news(now_ms)
    }

    /// The next thing that a session is to be told.
    pub(super) fn next(
        &mut self,
        told: &mut Told,
        ear: &Ear<'_>,
        sees: impl Fn(DocumentId) -> bool,
    ) -> Option<Arc<[u8]>> {
        if let Some(document) = self.next_ended(told, &sees) {
            told.documents.remove(&document);
            return Some(words(document, Vec::new(), 0));
        }
        loop {
            let (ring, document) = self.next_news(told)?;
            told.upto = (ring, Some(document));
            let somebody = sees(document) && self.has_others(document, ear);
            let known = told.documents.contains(&document);
            if somebody && (known || told.documents.len() < MAX_PRESENT_DOCUMENTS) {
                told.documents.insert(document);
                return self.said(document);
            }
            if told.documents.remove(&document) {
                return Some(words(document, Vec::new(), 0));
            }
        }
    }

    /// A document at which the session knows somebody, and where nobody is any more or which it
    /// does not see any more. Looked for once a ring.
    fn next_ended(&self, told: &mut Told, sees: impl Fn(DocumentId) -> bool) -> Option<DocumentId> {
        if told.swept == self.rings {
            return None;
        }
        let ended =
            |document: &&DocumentId| !self.gatherings.contains_key(*document) || !sees(**document);
        let found = told.documents.iter().find(ended).copied();
        if found.is_none() {
            told.swept = self.rings;
        }
        found
    }

    fn next_news(&self, told: &Told) -> Option<(u64, DocumentId)> {
        use core::ops::Bound::{Excluded, Included, Unbounded};
        let from = match told.upto {
            (ring, Some(document)) => Excluded((ring, document)),
            (ring, None) => Included((ring, DocumentId::new([0; 16]))),
        };
        self.news.range((from, Unbounded)).next().copied()
    }

    /// Whether somebody but the listener is there, after everybody's sight was judged.
    fn has_others(&mut self, document: DocumentId, ear: &Ear<'_>) -> bool {
        self.judge(document, ear.workspace);
        let gathering = self.gatherings.get(&document);
        let mut there = gathering.into_iter().flat_map(|g| g.present.keys());
        there.any(|device| *device != ear.device)
    }

    /// What listeners are told of a document.
    fn said(&mut self, document: DocumentId) -> Option<Arc<[u8]>> {
        let gathering = self.gatherings.get_mut(&document)?;
        if gathering.said.is_none() {
            let rows = gathering.present.iter();
            let mut rows: Vec<Present> = rows
                .map(|(device, activity)| Present {
                    device: *device,
                    activity: *activity,
                })
                .collect();
            // Whoever writes is named before whoever reads.
            rows.sort_by_key(|row| core::cmp::Reverse(row.activity));
            let more = rows.len().saturating_sub(MAX_PRESENT_DEVICES);
            rows.truncate(MAX_PRESENT_DEVICES);
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            gathering.said = Some(words(document, rows, more));
        }
        gathering.said.clone()
    }

    /// Takes everybody out of a document who does not see it by the present records.
    fn judge(&mut self, document: DocumentId, workspace: &Workspace) {
        let Some(gathering) = self.gatherings.get_mut(&document) else {
            return;
        };
        let access = workspace.access(document);
        let access = access.map_or(0, |access| access.head().version());
        let versions = (workspace.roster().head().version(), access);
        if gathering.judged == versions {
            return;
        }
        gathering.judged = versions;
        let present = gathering.present.keys().copied();
        let blind: Vec<DeviceId> = present
            .filter(|device| !workspace.sees(*device, document))
            .collect();
        for device in blind {
            self.remove(device, document);
            if let Some(stay) = self.stays.get_mut(&device) {
                stay.here.remove(&document);
            }
        }
    }

    fn put(&mut self, now_ms: u64, device: DeviceId, (document, now): (DocumentId, Activity)) {
        let gathering = self.gatherings.entry(document).or_default();
        let before = gathering.present.insert(device, now);
        let changes = before != Some(now);
        if changes {
            gathering.said = None;
        }
        if before.is_none() {
            gathering.judged = (0, 0);
        }
        // Presence that goes on is told again, or listeners would take it for over.
        let is_old = now_ms.saturating_sub(gathering.rung_ms) >= PRESENCE_AGAIN_MS / 2;
        if changes || is_old {
            self.fresh.insert(document);
        }
    }

    fn remove(&mut self, device: DeviceId, document: DocumentId) {
        let Some(gathering) = self.gatherings.get_mut(&document) else {
            return;
        };
        if gathering.present.remove(&device).is_none() {
            return;
        }
        gathering.said = None;
        if gathering.present.is_empty() {
            self.news.remove(&(gathering.ring, document));
            self.gatherings.remove(&document);
            self.fresh.remove(&document);
            self.emptied = true;
        } else {
            self.fresh.insert(document);
        }
    }

    fn end(&mut self, device: DeviceId) {
        let stay = self.stays.remove(&device);
        for document in stay.into_iter().flat_map(|stay| stay.here.into_keys()) {
            self.remove(device, document);
        }
    }

    fn is_due(&self, now_ms: u64) -> bool {
        let pause = PRESENCE_EVERY_MS.max(self.hearers * 1_000 / WOKEN_PER_SEC);
        now_ms.abs_diff(self.rung_ms) >= pause
    }

    /// What gathered becomes news; whether there is any.
    fn number_news(&mut self, now_ms: u64) -> bool {
        if self.fresh.is_empty() && !self.emptied {
            return false;
        }
        self.emptied = false;
        self.rings += 1;
        self.rung_ms = now_ms;
        for document in core::mem::take(&mut self.fresh) {
            if let Some(gathering) = self.gatherings.get_mut(&document) {
                self.news.remove(&(gathering.ring, document));
                gathering.ring = self.rings;
                gathering.rung_ms = now_ms;
                self.news.insert((self.rings, document));
            }
        }
        true
    }
}

fn words(document: DocumentId, present: Vec<Present>, more: u32) -> Arc<[u8]> {
    let frame = ServerFrame::Presence {
        document,
        present,
        more,
    };
    encode(&frame).into()
}
