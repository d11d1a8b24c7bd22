//! What one change by itself has to tell: to whom, and what.
//!
//! Judged by the case as its author left it. Imported work tells nobody anything: it was done
//! elsewhere, long ago. Effects of rules are known by what they made, so that what two devices made
//! of one trigger is told once.

mod agreements;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use automerge::{Automerge, ChangeHash as Hash};
use casework_protocol::ids::MemberId;
use casework_protocol::roster::RosterState;

use super::mention::mentions;
use super::region::{Node, Region};
use super::{Context, Item, ItemKind, item_id};
use crate::approval::Seat;
use crate::case::facet::attention::AttentionKind;
use crate::case::facet::automation::AutomationKind;
use crate::case::facet::form::FormActionKind;
use crate::case::facet::handover::TransferKind;
use crate::case::facet::hold::HoldKind;
use crate::case::facet::keeping::KeepingKind;
use crate::case::facet::referral::ReferralKind;
use crate::case::record::Shelf;
use crate::case::{ActionKind, FacetKind, Object, PartId, Past, Place, TaskKey, schema};
use crate::value::Scalar;
use crate::view::Looking;

/// What a change tells somebody.
type Told = (ItemKind, Option<Place>, Vec<String>);

pub(super) fn items(doc: &Automerge, region: &Region, context: &Context<'_>) -> Vec<Item> {
    let looking = OnceCell::new();
    let mut found = Vec::new();
    for node in &region.nodes {
        let others = node.member.is_some() && node.member != Some(context.me);
        if !node.new || !others || node.message.imported.is_some() {
            continue;
        }
        let teller = Teller {
            doc,
            looking: &looking,
            node,
            context,
        };
        let told = teller.told().into_iter().chain(teller.overridden());
        found.extend(told.map(|told| item(node, told, context)));
    }
    found
}

fn item(node: &Node, (kind, place, detail): Told, context: &Context<'_>) -> Item {
    let cause = node
        .message
        .cause
        .as_ref()
        .filter(|cause| cause.of.is_some());
    let name = place.as_ref().map(Place::to_string).unwrap_or_default();
    // What a rule made is one thing, on however many devices the rule ran.
    let step = cause.map(|cause| (cause.key, cause.step.to_be_bytes()));
    let of: Vec<&[u8]> = match &step {
        Some((key, step)) => vec![key.as_bytes().as_slice(), step, name.as_bytes()],
        None => vec![node.hash.as_bytes().as_slice(), name.as_bytes()],
    };
    let received = (context.received)(node.hash);
    let at_ms = received.unwrap_or(node.claimed_ms);
    Item {
        id: item_id(context.document, kind, &of),
        kind,
        document: context.document,
        at_ms,
        received_ms: Some(at_ms),
        change: Some(node.hash),
        by: node.member,
        with: None,
        rule: cause.map(|cause| cause.rule.clone()),
        place,
        detail,
    }
}

/// Who is on a case.
pub(super) struct Crew {
    pub(super) owners: BTreeSet<MemberId>,
    assignees: BTreeSet<MemberId>,
    watchers: BTreeSet<MemberId>,
}

impl Crew {
    pub(super) fn of(past: &Past<'_>) -> Self {
        let member = |text: &str| text.parse::<MemberId>().ok();
        let owners = past.sides(Object::Root, schema::OWNER);
        let owners = owners.iter().filter_map(|side| member(side.as_text()?));
        let set = |name| {
            let maps = past.maps(Object::Root, name).into_iter();
            let keys = maps.flat_map(|map| past.keys(map, String::new().."g".to_owned()));
            keys.filter_map(|key| member(&key)).collect()
        };
        Self {
            owners: owners.collect(),
            assignees: set(schema::ASSIGNEES),
            watchers: set(schema::WATCHERS),
        }
    }

    fn has(&self, member: MemberId) -> bool {
        self.owners.contains(&member)
            || self.assignees.contains(&member)
            || self.watchers.contains(&member)
    }
}

pub(super) struct Teller<'a> {
    doc: &'a Automerge,
    /// Made when it is first needed: most changes are told without looking back.
    looking: &'a OnceCell<Looking<'a>>,
    node: &'a Node,
    context: &'a Context<'a>,
}

impl Teller<'_> {
    fn told(&self) -> Vec<Told> {
        let on = self.node.message.on.as_deref();
        let part = || on.and_then(|on| on.parse::<PartId>().ok());
        let me = self.context.me;
        let is_me = on.is_some_and(|on| on.parse() == Ok(me));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self.node.message.action {
            ActionKind::CaseOpen => self.opened(),
            ActionKind::OwnerSet => self.given(Place::Owner, "owner"),
            ActionKind::AssigneeAdd if is_me => {
                vec![(ItemKind::Assigned, None, words(&["assignee"]))]
            }
            ActionKind::AssigneeRemove if is_me => {
                vec![(ItemKind::Unassigned, None, words(&["assignee"]))]
            }
            ActionKind::StageMove => self.to_crew(ItemKind::Moved, || self.stages()),
            ActionKind::CaseClose => self.to_crew(ItemKind::Moved, || words(&["closed"])),
            ActionKind::CaseReopen => self.to_crew(ItemKind::Moved, || words(&["reopened"])),
            ActionKind::CommentAdd | ActionKind::CommentEdit => {
                let place = part().map(Place::Comment);
                place.map_or_else(Vec::new, |place| self.mentioned(place))
            }
            ActionKind::TaskCreate => part().map_or_else(Vec::new, |task| {
                let mut told = self.given(Place::TaskPart(task, TaskKey::Assignee), "task");
                told.extend(self.mentioned(Place::TaskPart(task, TaskKey::Title)));
                told
            }),
            ActionKind::TaskAssign => part().map_or_else(Vec::new, |task| {
                self.given(Place::TaskPart(task, TaskKey::Assignee), "task")
            }),
            ActionKind::Facet(kind) => self.facet(kind, is_me),
            ActionKind::AssigneeAdd
            | ActionKind::AssigneeRemove
            | ActionKind::TitleSet
            | ActionKind::FieldSet
            | ActionKind::FieldClear
            | ActionKind::OptionAdd
            | ActionKind::OptionRemove
            | ActionKind::CounterAdd
            | ActionKind::TextEdit
            | ActionKind::CommentRedact
            | ActionKind::TaskReschedule
            | ActionKind::TaskDone
            | ActionKind::TaskCancel
            | ActionKind::TaskReopen
            | ActionKind::ItemAdd
            | ActionKind::ItemCheck
            | ActionKind::LabelAdd
            | ActionKind::LabelRemove
            | ActionKind::PrioritySet
            | ActionKind::DueSet
            | ActionKind::DecisionRecord
            | ActionKind::ValueSettle
            | ActionKind::TemplateOpen
            | ActionKind::TemplatePublish
            | ActionKind::DraftStart
            | ActionKind::DraftEdit
            | ActionKind::DraftDiscard
            | ActionKind::DraftPublish
            | ActionKind::PersonalOpen
            | ActionKind::InboxMark
            | ActionKind::InboxReadUntil
            | ActionKind::InboxQuiet => Vec::new(),
        }
    }

    fn facet(&self, kind: FacetKind, is_me: bool) -> Vec<Told> {
        match kind {
            FacetKind::Attention(AttentionKind::Watch) if is_me => {
                vec![(ItemKind::Assigned, None, vec!["watcher".to_owned()])]
            }
            FacetKind::Approval(kind) => self.approval(kind),
            FacetKind::Transfer(kind) => match kind {
                TransferKind::Offer => self.offered(Shelf::Transfers),
                TransferKind::Accept => self.answered(Shelf::Transfers, "accepted"),
                TransferKind::Decline => self.answered(Shelf::Transfers, "declined"),
                TransferKind::Withdraw => self.withdrawn(Shelf::Transfers),
            },
            FacetKind::Referral(kind) => match kind {
                ReferralKind::Make => self.offered(Shelf::Referrals),
                ReferralKind::Accept => self.answered(Shelf::Referrals, "accepted"),
                ReferralKind::Decline => self.answered(Shelf::Referrals, "declined"),
                ReferralKind::Complete => self.answered(Shelf::Referrals, "completed"),
                ReferralKind::Withdraw => self.withdrawn(Shelf::Referrals),
            },
            FacetKind::Hold(HoldKind::Start) => self.to_crew(ItemKind::Hold, || word("on hold")),
            FacetKind::Hold(HoldKind::End) => self.to_crew(ItemKind::Hold, || word("goes on")),
            FacetKind::Keeping(KeepingKind::RequestPurge) => {
                self.to_crew(ItemKind::Purge, || word("requested"))
            }
            FacetKind::Keeping(KeepingKind::CancelPurge) => {
                self.to_crew(ItemKind::Purge, || word("cancelled"))
            }
            FacetKind::Form(FormActionKind::Submit) => {
                self.to_crew(ItemKind::Form, || word("sent"))
            }
            FacetKind::Form(FormActionKind::Add) => {
                self.to_crew(ItemKind::Form, || word("added to"))
            }
            FacetKind::Automation(AutomationKind::Notify) => self.notified(),
            FacetKind::Attention(_)
            | FacetKind::Keeping(_)
            | FacetKind::Form(_)
            | FacetKind::Automation(_)
            | FacetKind::Document(_)
            | FacetKind::Reading(_)
            | FacetKind::Party(_)
            | FacetKind::Link(_)
            | FacetKind::Redaction(_)
            | FacetKind::Recurrence(_)
            | FacetKind::Review(_) => Vec::new(),
        }
    }

    fn looking(&self) -> &Looking<'_> {
        self.looking.get_or_init(|| Looking::at(self.doc))
    }

    /// The case as the author left it.
    fn left(&self) -> Past<'_> {
        Past::at(self.doc, &[Hash(*self.node.hash.as_bytes())])
    }

    fn to_crew(&self, kind: ItemKind, detail: impl Fn() -> Vec<String>) -> Vec<Told> {
        if Crew::of(&self.left()).has(self.context.me) {
            vec![(kind, None, detail())]
        } else {
            Vec::new()
        }
    }

    fn opened(&self) -> Vec<Told> {
        let crew = Crew::of(&self.left());
        if crew.owners.contains(&self.context.me) {
            vec![(ItemKind::Assigned, None, word("owner"))]
        } else if crew.has(self.context.me) {
            vec![(ItemKind::Assigned, None, word("assignee"))]
        } else {
            Vec::new()
        }
    }

    /// From one stage to the other.
    fn stages(&self) -> Vec<String> {
        let difference = self.looking().difference(&Place::Stage, self.step());
        let first = |values: &[Scalar]| values.first().map(ToString::to_string).unwrap_or_default();
        vec![first(&difference.0), first(&difference.1)]
    }

    fn step(&self) -> (&[Hash], Hash) {
        (&self.node.deps, Hash(*self.node.hash.as_bytes()))
    }

    /// A place that names a member: given to this one, or taken.
    fn given(&self, place: Place, what: &str) -> Vec<Told> {
        let (before, after) = self.looking().difference(&place, self.step());
        let me = self.context.me.to_string();
        let is_me = |values: &[Scalar]| values.iter().any(|value| value.as_text() == Some(&me));
        let task = if let Place::TaskPart(task, _) = &place {
            Some(Place::Task(*task))
        } else {
            None
        };
        match (is_me(&before), is_me(&after)) {
            (false, true) => vec![(ItemKind::Assigned, task, word(what))],
            (true, false) => vec![(ItemKind::Unassigned, task, word(what))],
            (true, true) | (false, false) => Vec::new(),
        }
    }

    /// Whether a text names this member and did not before.
    fn mentioned(&self, place: Place) -> Vec<Told> {
        let (before, after) = self.looking().difference(&place, self.step());
        let Some(roster) = self.roster() else {
            return Vec::new();
        };
        let names = |values: &[Scalar]| {
            let mut texts = values.iter().filter_map(|value| value.as_text());
            texts.any(|text| mentions(text, roster, self.context.me))
        };
        if !names(&after) || names(&before) {
            return Vec::new();
        }
        let place = if let Place::TaskPart(task, _) = place {
            Place::Task(task)
        } else {
            place
        };
        vec![(ItemKind::Mention, Some(place), Vec::new())]
    }

    /// The roster that the author saw.
    fn roster(&self) -> Option<&RosterState> {
        let roster = self.context.roster;
        let version = roster.cited(self.node.message.citation.roster).ok()?;
        roster.at(version)
    }

    fn holds(&self, seat: &Seat) -> bool {
        self.roster()
            .is_some_and(|roster| seat.is_held_by(self.context.me, roster))
    }

    /// A rule that was gone past with a reason, or broken all the same.
    fn overridden(&self) -> Option<Told> {
        let detail = match (
            &self.node.message.rule,
            (self.context.broken)(self.node.hash),
        ) {
            (Some(_), _) => Vec::new(),
            (None, Some(broken)) => word(broken.word()),
            (None, None) => return None,
        };
        let owns = Crew::of(&self.left()).owners.contains(&self.context.me);
        owns.then_some((ItemKind::Rule, None, detail))
    }
}

fn word(word: &str) -> Vec<String> {
    vec![word.to_owned()]
}
