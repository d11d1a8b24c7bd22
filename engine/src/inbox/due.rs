//! What time by itself makes worth telling: what is overdue, clocks that run out.
//!
//! Read from cards whenever the inbox is, and stored nowhere: an item stands while what it says is
//! so. Its id comes from what is due and when, so another date makes another item, unread again.

use casework_protocol::ids::MemberId;

use super::{Item, ItemKind, item_id};
use crate::case::{PartId, Place};
use crate::clock::{ClockView, Due, SlaState};
use crate::view::{Card, Kept, TaskDue};

/// The worse of the two words for a clock.
pub const BREACHED: &str = "breached";
/// The other one.
pub const AT_RISK: &str = "at-risk";

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asking {
    /// Whose inbox.
    pub me: MemberId,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// The offset from UTC where the member is, in minutes: a day is over when it is over there.
    pub zone_min: i16,
}

/// Whether the deadlines of a case can be this member's business.
#[must_use]
pub fn concerns(card: &Card, me: MemberId) -> bool {
    let task = |task: &TaskDue| task.assignee == Some(me);
    let open = !card.is_finished() && card.kept == Kept::InUse;
    open && (works_on(card, me) || card.task_dues.iter().any(task))
}

/// What a case has to tell of time now.
#[must_use]
pub fn items(card: &Card, asking: &Asking) -> Vec<Item> {
    if card.is_finished() || card.kept != Kept::InUse {
        return Vec::new();
    }
    let mut found: Vec<Item> = tasks(card, asking);
    if works_on(card, asking.me) {
        found.extend(case_due(card, asking));
        let clocks = card.clocks.iter();
        found.extend(clocks.filter_map(|clock| of_clock(card, clock, asking)));
    }
    found
}

fn works_on(card: &Card, me: MemberId) -> bool {
    card.owner == Some(me) || card.assignees.contains(&me)
}

/// Since when something due is overdue; `None` while it is not.
fn overdue_since(due: &str, asking: &Asking) -> Option<i64> {
    let due: Due = due.parse().ok()?;
    let since = due.over_ms(asking.zone_min);
    (since <= asking.now_ms).then_some(since)
}

fn case_due(card: &Card, asking: &Asking) -> Option<Item> {
    let due = card.due.as_ref()?;
    let since = overdue_since(due, asking)?;
    let (place, detail) = (Place::Due, vec![due.clone()]);
    Some(standing(card, ItemKind::Overdue, (since, place, detail)))
}

fn tasks(card: &Card, asking: &Asking) -> Vec<Item> {
    let mine = |assignee: Option<MemberId>| {
        assignee == Some(asking.me) || (assignee.is_none() && card.owner == Some(asking.me))
    };
    let tasks = card.task_dues.iter().filter(|task| mine(task.assignee));
    let overdue = tasks.filter_map(|task| {
        let since = overdue_since(&task.due, asking)?;
        let place = Place::Task(task.task);
        let detail = vec![task.due.clone(), task.title.clone()];
        Some(standing(card, ItemKind::Overdue, (since, place, detail)))
    });
    overdue.collect()
}

fn of_clock(card: &Card, clock: &ClockView, asking: &Asking) -> Option<Item> {
    if clock.ended_ms.is_some() {
        return None;
    }
    let (since, word) = match clock.state(asking.now_ms) {
        SlaState::Breached => (clock.due_ms, BREACHED),
        SlaState::AtRisk => (clock.warn_ms?, AT_RISK),
        SlaState::OnTrack | SlaState::Paused | SlaState::Met => return None,
    };
    let detail = vec![
        word.to_owned(),
        clock.due_ms.to_string(),
        clock.name.clone(),
    ];
    let mut item = standing(card, ItemKind::Sla, (since, Place::Stage, detail));
    let of = [clock.id.as_bytes(), clock.since.as_bytes(), word.as_bytes()];
    item.id = item_id(card.document, ItemKind::Sla, &of);
    item.place = None;
    Some(item)
}

type Since = (i64, Place, Vec<String>);

fn standing(card: &Card, kind: ItemKind, (at_ms, place, detail): Since) -> Item {
    let name = place.to_string();
    let of = detail.first().map(String::as_bytes).unwrap_or_default();
    Item {
        id: item_id(card.document, kind, &[name.as_bytes(), of]),
        ..empty(card, kind, (at_ms, place, detail))
    }
}

fn empty(card: &Card, kind: ItemKind, (at_ms, place, detail): Since) -> Item {
    Item {
        id: PartId::new([0; 8]),
        kind,
        document: card.document,
        at_ms,
        received_ms: None,
        change: None,
        by: None,
        with: None,
        rule: None,
        place: Some(place),
        detail,
    }
}
