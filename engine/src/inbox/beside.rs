//! What two changes tell that were made without knowing of each other.
//!
//! The first of each author that stands beside the first of the other makes the item, so a long
//! parallel run is told once. Which that is depends on what lies behind the two and on nothing
//! else; whatever builds on them later changes nothing about it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash as Hash};
use casework_protocol::ids::MemberId;

use super::region::{Node, Region};
use super::told::Crew;
use super::{Context, Item, ItemKind, item_id};
use crate::case::facet::attention::AttentionKind;
use crate::case::facet::handover::TransferKind;
use crate::case::facet::keeping::KeepingKind;
use crate::case::facet::referral::ReferralKind;
use crate::case::{
    ActionKind, FacetKind, Message, Object, PartId, Past, Place, Shelf, TaskKey, schema,
};
use crate::value::{ConflictPolicy, Scalar};
use crate::view::Looking;

/// Most writers of one place that are held against each other, the newest: a bound on hostile
/// histories, far beyond what people do beside each other.
const MAX_WRITERS: usize = 200;

/// Most changes that are held against one mark, for the same reason.
const MAX_BESIDE: usize = 1_000;

pub(super) fn items(doc: &Automerge, region: &Region, context: &Context<'_>) -> Vec<Item> {
    // Without something new and something beside it there is nothing to compare.
    if region.nodes.len() < 2 {
        return Vec::new();
    }
    let beside = Beside {
        doc,
        looking: Looking::at(doc),
        region,
        context,
    };
    let mut found = beside.contests();
    found.extend(beside.marks((ItemKind::AfterClose, is_close, is_activity)));
    found.extend(beside.marks((ItemKind::InTrash, is_trash, is_no_keeping)));
    found.extend(beside.marks((ItemKind::Purge, is_purge, is_legal_hold)));
    found
}

struct Beside<'a> {
    doc: &'a Automerge,
    looking: Looking<'a>,
    region: &'a Region,
    context: &'a Context<'a>,
}

/// What makes a mark beside something else: the kind, what marks, and what stands beside it.
type Mark = (ItemKind, fn(&Message) -> bool, fn(&Message) -> bool);

/// One who wrote a place, with what was written.
struct Writer<'a> {
    node: &'a Node,
    left: Vec<Scalar>,
}

impl Beside<'_> {
    fn contests(&self) -> Vec<Item> {
        let mut places: BTreeMap<Place, Vec<&Node>> = BTreeMap::new();
        for node in &self.region.nodes {
            for place in self.written(node) {
                places.entry(place).or_default().push(node);
            }
        }
        let mut found = Vec::new();
        for (place, nodes) in places {
            let nodes = &nodes[nodes.len().saturating_sub(MAX_WRITERS)..];
            let beside = |node: &&&Node| nodes.iter().any(|o| self.region.is_beside(node, o));
            let writers: Vec<Writer<'_>> = nodes
                .iter()
                .filter(beside)
                .map(|node| Writer {
                    node,
                    left: self.left(&place, node),
                })
                .collect();
            for (at, one) in writers.iter().enumerate() {
                for other in &writers[at + 1..] {
                    let news = one.node.new || other.node.new;
                    if news && self.differ(one, other) && self.is_first(&writers, one, other) {
                        found.extend(self.contest(&place, one, other));
                    }
                }
            }
        }
        found
    }

    fn differ(&self, one: &Writer<'_>, other: &Writer<'_>) -> bool {
        self.region.is_beside(one.node, other.node)
            && (one.left != other.left || one.left.is_empty())
    }

    /// Whether nothing behind either of them is beside the other already.
    fn is_first(&self, writers: &[Writer<'_>], one: &Writer<'_>, other: &Writer<'_>) -> bool {
        let behind = |of: &Writer<'_>, rival: &Writer<'_>| {
            writers.iter().any(|earlier| {
                self.region.is_behind(earlier.node, of.node) && self.differ(earlier, rival)
            })
        };
        !behind(one, other) && !behind(other, one)
    }

    fn contest(&self, place: &Place, one: &Writer<'_>, other: &Writer<'_>) -> Option<Item> {
        let mut detail = Vec::new();
        if *place == Place::Stage {
            // In the order of the two in the item, so that both devices say the same.
            let mut sides = [one, other];
            sides.sort_by_key(|writer| writer.node.hash);
            let stages = sides.iter().filter_map(|writer| writer.left.first());
            detail.extend(stages.map(ToString::to_string));
        }
        self.tell(
            (ItemKind::Contested, Some(place.clone()), detail),
            (one.node, other.node),
        )
    }

    /// The places whose values this change writes and that may be contested.
    fn written(&self, node: &Node) -> Vec<Place> {
        let on = node.message.on.as_deref();
        let action = node.message.action;
        if let ActionKind::Facet(kind) = action {
            return facet_places(kind, on);
        }
        let place = if action == ActionKind::DecisionRecord {
            self.question(node)
        } else if matches!(action, ActionKind::FieldSet | ActionKind::FieldClear) {
            self.field(node)
        } else if action == ActionKind::ValueSettle {
            on.and_then(|on| on.parse().ok())
        } else if let Some(key) = task_key(action) {
            let task = on.and_then(|on| on.parse().ok());
            task.map(|task| Place::TaskPart(task, key))
        } else {
            root_place(action)
        };
        place.into_iter().collect()
    }

    /// A field whose values contest each other, by the revision that its author went by.
    fn field(&self, node: &Node) -> Option<Place> {
        let id = node.message.on.clone()?;
        let revision = (self.context.revisions)(node.message.revision?);
        let field = revision.as_ref().and_then(|revision| revision.field(&id));
        let policy = field.map_or(ConflictPolicy::Contested, |field| field.policy());
        (policy == ConflictPolicy::Contested).then_some(Place::Field(id))
    }

    fn question(&self, node: &Node) -> Option<Place> {
        let decision = node.message.on.as_deref()?.parse().ok()?;
        let decision: PartId = decision;
        let past = Past::at(self.doc, &[hash(node)]);
        let decisions = past.maps(Object::Root, schema::DECISIONS).pop()?;
        let made = past.maps(decisions, &decision.to_string()).pop()?;
        let question = past.scalar(made, schema::DECISION_QUESTION)?;
        Some(Place::Question(question.as_text()?.to_owned()))
    }

    /// What its author left there; nothing where whatever is said differs from everything else.
    fn left(&self, place: &Place, node: &Node) -> Vec<Scalar> {
        if let Place::Question(_) | Place::Record(..) = place {
            return Vec::new();
        }
        self.looking.difference(place, (&node.deps, hash(node))).1
    }

    /// Marks, and what was done without knowing of them.
    fn marks(&self, (kind, is_mark, is_other): Mark) -> Vec<Item> {
        let nodes = &self.region.nodes;
        let marks: Vec<&Node> = nodes.iter().filter(|node| is_mark(&node.message)).collect();
        let mut found = Vec::new();
        for mark in &marks {
            let beside: Vec<&Node> = nodes
                .iter()
                .filter(|node| is_other(&node.message) && self.region.is_beside(mark, node))
                .take(MAX_BESIDE)
                .collect();
            for node in &beside {
                let earlier =
                    |one: &&&Node| one.member == node.member && self.region.is_behind(one, node);
                let earlier_mark = |one: &&&Node| {
                    self.region.is_behind(one, mark) && self.region.is_beside(one, node)
                };
                let first = !beside.iter().any(|one| earlier(&one))
                    && !marks.iter().any(|one| earlier_mark(&one));
                if first && (mark.new || node.new) {
                    found.extend(self.tell((kind, None, Vec::new()), (mark, node)));
                }
            }
        }
        found
    }

    /// The item for this member, if it is one of the two or answers for the case.
    fn tell(
        &self,
        (kind, place, detail): (ItemKind, Option<Place>, Vec<String>),
        (one, other): (&Node, &Node),
    ) -> Option<Item> {
        let me = Some(self.context.me);
        // Both by one person on two devices: their own doing.
        if one.member == other.member && one.member == me {
            return None;
        }
        if one.message.imported.is_some() || other.message.imported.is_some() {
            return None;
        }
        let party = one.member == me || other.member == me;
        if !party && !self.owners(one, other).contains(&self.context.me) {
            return None;
        }
        let (one, other) = if one.hash < other.hash {
            (one, other)
        } else {
            (other, one)
        };
        // Named first is whoever is not the reader.
        let (by, with) = if one.member == me {
            (other, one)
        } else {
            (one, other)
        };
        let times = [one, other].into_iter().filter(|node| node.member != me);
        let at_ms = times
            .map(|node| (self.context.received)(node.hash).unwrap_or(node.claimed_ms))
            .max()?;
        let name = place.as_ref().map(Place::to_string).unwrap_or_default();
        let of = [
            one.hash.as_bytes().as_slice(),
            other.hash.as_bytes(),
            name.as_bytes(),
        ];
        Some(Item {
            id: item_id(self.context.document, kind, &of),
            kind,
            document: self.context.document,
            at_ms,
            received_ms: Some(at_ms),
            change: Some(by.hash),
            by: by.member,
            with: with.member,
            rule: None,
            place,
            detail,
        })
    }

    fn owners(&self, one: &Node, other: &Node) -> BTreeSet<MemberId> {
        Crew::of(&Past::at(self.doc, &[hash(one), hash(other)])).owners
    }
}

fn hash(node: &Node) -> Hash {
    Hash(*node.hash.as_bytes())
}

fn task_key(action: ActionKind) -> Option<TaskKey> {
    let ended = [
        ActionKind::TaskDone,
        ActionKind::TaskCancel,
        ActionKind::TaskReopen,
    ];
    if ended.contains(&action) {
        Some(TaskKey::Status)
    } else if action == ActionKind::TaskAssign {
        Some(TaskKey::Assignee)
    } else {
        (action == ActionKind::TaskReschedule).then_some(TaskKey::Due)
    }
}

fn root_place(action: ActionKind) -> Option<Place> {
    let places = [
        (ActionKind::TitleSet, Place::Title),
        (ActionKind::StageMove, Place::Stage),
        (ActionKind::OwnerSet, Place::Owner),
        (ActionKind::PrioritySet, Place::Priority),
        (ActionKind::DueSet, Place::Due),
        (ActionKind::CaseClose, Place::Closed),
        (ActionKind::CaseReopen, Place::Closed),
    ];
    let found = places.into_iter().find(|(of, _)| *of == action);
    found.map(|(_, place)| place)
}

/// What is said to an offer is told to whoever took it back beside it, and the other way round.
fn facet_places(kind: FacetKind, on: Option<&str>) -> Vec<Place> {
    let record = |shelf| on.map(|on| Place::Record(shelf, on.to_owned()));
    if kind == FacetKind::Attention(AttentionKind::SetSeverity) {
        return vec![Place::Severity];
    }
    if let FacetKind::Transfer(kind) = kind
        && kind != TransferKind::Offer
    {
        let owner = (kind == TransferKind::Accept).then_some(Place::Owner);
        return record(Shelf::Transfers).into_iter().chain(owner).collect();
    }
    if let FacetKind::Referral(kind) = kind
        && kind != ReferralKind::Make
    {
        return record(Shelf::Referrals).into_iter().collect();
    }
    Vec::new()
}

fn is_close(message: &Message) -> bool {
    message.action == ActionKind::CaseClose
}

fn is_activity(message: &Message) -> bool {
    !matches!(
        message.action,
        ActionKind::CaseClose | ActionKind::CaseReopen | ActionKind::Facet(FacetKind::Reading(_))
    )
}

fn is_trash(message: &Message) -> bool {
    message.action == ActionKind::Facet(FacetKind::Keeping(KeepingKind::Trash))
}

fn is_no_keeping(message: &Message) -> bool {
    !matches!(
        message.action,
        ActionKind::Facet(FacetKind::Keeping(_) | FacetKind::Reading(_))
    )
}

fn is_purge(message: &Message) -> bool {
    message.action == ActionKind::Facet(FacetKind::Keeping(KeepingKind::RequestPurge))
}

fn is_legal_hold(message: &Message) -> bool {
    message.action == ActionKind::Facet(FacetKind::Keeping(KeepingKind::SetLegalHold))
}
