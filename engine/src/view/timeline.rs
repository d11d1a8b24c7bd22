//! The timeline of a case: one entry per change, newest first, derived from the history alone.
//!
//! It cannot be edited because it *is* the history. Only the changes of the page are read, so the
//! newest entries of a long history are as cheap as those of a short one. Values that were redacted
//! stay in the history but are not shown here either.

mod reading;
mod walk;

use std::collections::BTreeSet;

use automerge::{Automerge, ReadDoc};
use casework_protocol::ids::{ChangeHash, DeviceId, MemberId};

use self::reading::{Difference, History, Matter};
use self::walk::{Visited, newest_first};
use super::breach::Breach;
use super::reader::{Members, device_of};
use crate::case::message::Message;
use crate::case::{ActionKind, Cause, Imported, Place};
use crate::value::Scalar;

/// How far a clock may be off before the entry says so, in milliseconds: five minutes.
pub const SKEW_TOLERANCE_MS: i64 = 5 * 60 * 1000;

/// What a timeline is made of besides the document.
#[derive(Clone, Copy)]
pub struct TimelineContext<'a> {
    /// Whose device it is.
    pub members: &'a Members<'a>,
    /// Where a change stands in the workspace's log; `None` while no server has it.
    pub arrivals: &'a dyn Fn(ChangeHash) -> Option<Arrival>,
}

/// Where and when a change entered the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Arrival {
    /// Its position.
    pub seq: u64,
    /// By the server's clock, milliseconds UTC.
    pub received_ms: i64,
}

/// A part of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelinePage {
    /// How many of the newest entries to leave out.
    pub skip: usize,
    /// How many to read.
    pub take: usize,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TimelineEntry {
    /// The change.
    pub change: ChangeHash,
    /// The device that signed it.
    pub device: Option<DeviceId>,
    /// The member whose device it is: the verified author.
    pub member: Option<MemberId>,
    /// When, by the author's clock, milliseconds UTC: a claim.
    pub claimed_ms: i64,
    /// The author's offset from UTC, in minutes.
    pub zone_min: i16,
    /// When it reached the server; `None` while it has not.
    pub arrival: Option<Arrival>,
    /// Who is claimed to have done it elsewhere, and when, if it was imported.
    pub imported: Option<Imported>,
    /// What was done; `None` if this version cannot read it.
    #[serde(serialize_with = "name_of")]
    pub action: Option<ActionKind>,
    /// To what, as the message names it.
    pub target: Option<String>,
    /// What people call the thing: a task's title, a decision's question.
    pub subject: Option<String>,
    /// The values the author found, the one shown first; several if they were contested.
    pub before: Vec<Scalar>,
    /// What the author left.
    pub after: Vec<Scalar>,
    /// Why.
    pub reason: Option<String>,
    /// The rule that was overridden.
    pub overrides: Option<String>,
    /// The change that this one does again.
    pub redo_of: Option<ChangeHash>,
    /// The automation that did it; absent for what a person did.
    pub cause: Option<Cause>,
    /// What triggered that automation: an action and its target.
    pub trigger: Option<String>,
    /// The change that this one takes back.
    pub undo_of: Option<ChangeHash>,
    /// Whether other work was done without knowing of it, or it of that.
    pub parallel: bool,
    /// What is wrong with the claimed time.
    pub skew: Option<Skew>,
    /// Whether its values are not shown because they were redacted.
    pub redacted: bool,
    /// What it broke and landed all the same.
    pub breach: Breach,
}

/// A claimed time that cannot be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Skew {
    /// It lies this many milliseconds after the server received the change.
    AheadOfReceipt(i64),
    /// It lies this many milliseconds before something the author knew.
    BehindWhatItKnew(i64),
}

/// Reads a page of the timeline, newest first.
#[must_use]
pub fn timeline(
    doc: &Automerge,
    context: &TimelineContext<'_>,
    page: TimelinePage,
) -> Vec<TimelineEntry> {
    let history = History::of(doc);
    let redacted = history.redacted();
    newest_first(doc, page.skip, page.take)
        .into_iter()
        .map(|visited| entry(&history, context, &redacted, &visited))
        .collect()
}

/// How many entries the timeline has.
#[must_use]
pub fn timeline_length(doc: &Automerge) -> u64 {
    doc.stats().num_changes
}

/// The history of a case, to look at what single changes did to one place.
pub(crate) struct Looking<'a>(History<'a>);

impl<'a> Looking<'a> {
    /// Looks back over this document.
    pub(crate) fn at(doc: &'a Automerge) -> Self {
        Self(History::of(doc))
    }

    /// The values that a change found at a place and those it left, the one shown first.
    pub(crate) fn difference(
        &self,
        place: &Place,
        (deps, hash): (&[automerge::ChangeHash], automerge::ChangeHash),
    ) -> (Vec<Scalar>, Vec<Scalar>) {
        let matter = Matter::of_place(place.clone()).unwrap_or(Matter::Nothing);
        let difference = self.0.difference(&matter, deps, hash);
        (difference.before, difference.after)
    }
}

fn entry(
    history: &History<'_>,
    context: &TimelineContext<'_>,
    redacted: &BTreeSet<String>,
    visited: &Visited<'_>,
) -> TimelineEntry {
    let meta = &visited.meta;
    let change = ChangeHash::new(meta.hash.0);
    let device = device_of(meta);
    let arrival = (context.arrivals)(change);
    let message = meta
        .message
        .as_deref()
        .and_then(|text| Message::read(text).ok());
    let matter = message.as_ref().map_or(Matter::Nothing, Matter::of);
    let hidden = matter
        .redaction_key()
        .is_some_and(|key| redacted.contains(&key));
    let difference = if hidden {
        // What was redacted stays in the history; yesterday's entries do not show it either.
        Difference::default()
    } else {
        history.difference(&matter, &meta.deps, meta.hash)
    };
    TimelineEntry {
        change,
        device,
        member: device.and_then(context.members),
        claimed_ms: meta.timestamp,
        zone_min: message.as_ref().map_or(0, |message| message.zone_min),
        arrival,
        imported: message.as_ref().and_then(|message| message.imported),
        action: message.as_ref().map(|message| message.action),
        target: message.as_ref().and_then(|message| message.on.clone()),
        subject: difference.subject,
        before: difference.before,
        after: difference.after,
        redo_of: message.as_ref().and_then(|message| message.redo_of),
        trigger: message
            .as_ref()
            .and_then(|message| history.trigger(message)),
        cause: message.as_ref().and_then(|message| message.cause.clone()),
        undo_of: message.as_ref().and_then(|message| message.undo_of),
        overrides: message.as_ref().and_then(|message| message.rule.clone()),
        reason: message.and_then(|message| message.why),
        parallel: visited.parallel,
        skew: skew(meta.timestamp, arrival, visited.known_ms),
        redacted: hidden,
        breach: Breach::default(),
    }
}

fn skew(claimed_ms: i64, arrival: Option<Arrival>, known_ms: Option<i64>) -> Option<Skew> {
    let ahead = arrival.map_or(0, |arrival| claimed_ms.saturating_sub(arrival.received_ms));
    let behind = known_ms.map_or(0, |known| known.saturating_sub(claimed_ms));
    if ahead > SKEW_TOLERANCE_MS {
        Some(Skew::AheadOfReceipt(ahead))
    } else if behind > SKEW_TOLERANCE_MS {
        Some(Skew::BehindWhatItKnew(behind))
    } else {
        None
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn name_of<S: serde::Serializer>(action: &Option<ActionKind>, s: S) -> Result<S::Ok, S::Error> {
    match action {
        Some(action) => s.serialize_some(action.name()),
        None => s.serialize_none(),
    }
}
