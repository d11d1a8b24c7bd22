//! Refreshing what was touched gives what reading everything gives, and equal sets of changes give
//! equal views, whatever people do in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::play::{CASE, Player, close, label, meet, member, move_to, players, set};
use crate::case::action::{CaseAction, Decision};
use crate::case::{PartId, Place};
use crate::value::Scalar;
use crate::view::{CaseView, CommentView, refresh, refresh_comments};

mod agreements;
mod facets;

/// A player with the view and the comments it keeps up to date.
struct Keeper {
    player: Player,
    view: CaseView,
    comments: BTreeMap<PartId, CommentView>,
}

impl Keeper {
    fn new(player: Player) -> Self {
        let view = player.see();
        Self {
            player,
            view,
            comments: BTreeMap::new(),
        }
    }

    /// Brings view and comments up to date after the document had been `before`.
    fn refresh(&mut self, before: &automerge::Automerge) {
        let touched = self.player.touched_since(before);
        let none = BTreeSet::new();
        let context = self.player.context(&none);
        refresh(&mut self.view, &self.player.doc, &touched, &context).unwrap();
        let ids = touched.iter().filter_map(|place| {
            if let Place::Comment(id) = place {
                Some(*id)
            } else {
                None
            }
        });
        let rows = refresh_comments(&self.player.doc, &ids.collect(), &context);
        self.comments
            .extend(rows.into_iter().map(|row| (row.id, row)));
    }

    fn check(&self) {
        assert_eq!(self.view, self.player.see());
        let read = self
            .player
            .comments()
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        assert_eq!(self.comments, read);
        assert_eq!(
            CaseView::from_stored(&self.view.to_stored()).unwrap(),
            self.view
        );
        assert_eq!(self.view.document, CASE);
    }
}

/// What an action is aimed at: things that are there, and words and people drawn from `x`.
struct Aim {
    x: u8,
    /// A fresh id.
    id: PartId,
    task: PartId,
    item: PartId,
    comment: PartId,
    reply_to: Option<PartId>,
    someone: Option<casework_protocol::ids::MemberId>,
    word: String,
    yes: bool,
    due: Option<String>,
}

impl Aim {
    fn take(keeper: &mut Keeper, x: u8) -> Self {
        let pick = |ids: Vec<PartId>| {
            let chosen = ids.get(usize::from(x) % ids.len().max(1));
            chosen.copied().unwrap_or(PartId::new([0; 8]))
        };
        let view = &keeper.view;
        let task = pick(view.tasks.keys().copied().collect());
        let items = view.tasks.get(&task).map_or(&[][..], |task| &task.items);
        let item = pick(items.iter().map(|item| item.id).collect());
        let comment = pick(keeper.comments.keys().copied().collect());
        let yes = x.is_multiple_of(2);
        Self {
            x,
            id: keeper.player.new_id(),
            task,
            item,
            comment,
            reply_to: keeper.comments.contains_key(&comment).then_some(comment),
            someone: (!x.is_multiple_of(3)).then(|| member(x % 3)),
            word: ["red", "blue", "green"][usize::from(x % 3)].to_owned(),
            yes,
            due: yes.then(|| format!("2026-05-0{}", x % 9 + 1)),
        }
    }

    fn field_action(self, kind: u8) -> CaseAction {
        let Self { x, word, .. } = self;
        let option = ["a", "b", "c"][usize::from(x % 3)].to_owned();
        let named = str::to_owned;
        match kind {
            0 => set("summary", &word),
            1 => set("phase", &word),
            2 => CaseAction::ClearField {
                field: named("summary"),
            },
            3 => CaseAction::AddOption {
                field: named("skills"),
                option,
            },
            4 => CaseAction::RemoveOption {
                field: named("skills"),
                option,
            },
            5 => CaseAction::Count {
                field: named("visits"),
                by: i64::from(x) - 100,
            },
            6 => CaseAction::EditText {
                field: named("story"),
                text: format!("{word} {x}"),
            },
            _ => set("summary", &format!("{word}er")),
        }
    }

    fn talk_action(self, kind: u8) -> CaseAction {
        let Self {
            x,
            id,
            comment,
            reply_to,
            word: body,
            yes: external,
            ..
        } = self;
        match kind {
            0..=2 => CaseAction::Comment {
                id,
                body,
                external,
                reply_to,
            },
            3 | 4 => CaseAction::EditComment { id: comment, body },
            5 => CaseAction::RedactComment { id: comment },
            _ => CaseAction::Decide(Decision {
                id,
                question: format!("q{}", x % 2),
                outcome: body,
                rationale: String::new(),
                conditions: String::new(),
                supersedes: BTreeSet::new(),
            }),
        }
    }

    fn task_action(self, kind: u8) -> CaseAction {
        let Self {
            x,
            id,
            task,
            item,
            someone: assignee,
            word,
            yes: done,
            due,
            ..
        } = self;
        match kind {
            0 | 1 => {
                let lines =
                    (0..x % 3).map(|n| (PartId::new([n, x, 0, 0, 0, 0, 0, 1]), word.clone()));
                let checklist = lines.collect();
                CaseAction::CreateTask {
                    id,
                    title: word,
                    assignee,
                    due,
                    checklist,
                }
            }
            2 => CaseAction::AssignTask { task, assignee },
            3 => CaseAction::RescheduleTask { task, due },
            4 if done => CaseAction::FinishTask { task },
            4 => CaseAction::CancelTask { task },
            5 => CaseAction::ReopenTask { task },
            6 => CaseAction::AddItem {
                task,
                item: id,
                text: word,
            },
            _ => CaseAction::CheckItem { task, item, done },
        }
    }

    fn header_action(self, kind: u8) -> CaseAction {
        let Self {
            x,
            someone,
            word,
            yes,
            due,
            ..
        } = self;
        match (kind, someone) {
            (0, _) => CaseAction::SetTitle { title: word },
            (1 | 2, _) => move_to(["intake", "review", "answer", "closed"][usize::from(x % 4)]),
            (3, Some(member)) if yes => CaseAction::Assign { member },
            (3, Some(member)) => CaseAction::Unassign { member },
            (3 | 4, _) => CaseAction::SetOwner { member: someone },
            (5, _) if yes => label(&word),
            (5, _) => CaseAction::RemoveLabel { label: word },
            (6, _) if x % 3 == 0 => close(&word),
            (6, _) => CaseAction::Reopen,
            (_, _) if yes => CaseAction::SetDue { due },
            (_, _) => CaseAction::SetPriority {
                priority: Some(word),
            },
        }
    }
}

/// One of everything that can be done, aimed at what is there.
fn action(keeper: &mut Keeper, kind: u8, x: u8) -> CaseAction {
    if kind >= 192 {
        return agreements::action(keeper, kind % 32, x);
    }
    if kind / 8 % 8 > 3 {
        return facets::action(keeper, kind % 32, x);
    }
    let aim = Aim::take(keeper, x);
    match (kind / 8 % 4, kind % 8) {
        (0, kind) => aim.field_action(kind),
        (1, 7) => settlement(&keeper.view, x),
        (1, kind) => aim.talk_action(kind),
        (2, kind) => aim.task_action(kind),
        (_, kind) => aim.header_action(kind),
    }
}

/// Settles one of the contested places on one of its sides; anything else if there is none.
fn settlement(view: &CaseView, x: u8) -> CaseAction {
    let places: Vec<&Place> = view.flags.contested.iter().collect();
    let sides = |slot: &crate::view::Slot<Scalar>| {
        slot.sides()
            .map(|side| side.value.clone())
            .collect::<Vec<_>>()
    };
    let place = places.get(usize::from(x) % places.len().max(1));
    let facets = view.facets.contests();
    let facet = facets.iter().find(|contest| Some(&&contest.place) == place);
    if let Some(contest) = facet {
        let side = &contest.sides[usize::from(x / 16) % contest.sides.len()];
        return side.settled_by.clone().unwrap_or(CaseAction::Settle {
            place: contest.place.clone(),
            value: side.value.clone(),
        });
    }
    let found: Vec<Scalar> = match place {
        Some(Place::Field(id)) => sides(view.fields[id].value.as_ref().unwrap()),
        Some(Place::Stage) => view
            .stage
            .sides()
            .map(|side| Scalar::text(&side.value))
            .collect(),
        Some(Place::TaskPart(id, crate::case::TaskKey::Status)) => {
            let sides = view.tasks[id].status.sides();
            sides.map(|side| Scalar::text(side.value.name())).collect()
        }
        _ => Vec::new(),
    };
    match (place, found.get(usize::from(x / 16) % found.len().max(1))) {
        (Some(place), Some(value)) => CaseAction::Settle {
            place: (*place).clone(),
            value: value.clone(),
        },
        _ => label("calm"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn refreshing_what_was_touched_is_reading_everything(
        steps in prop::collection::vec((0u8..3, any::<u8>(), any::<u8>()), 1..60),
    ) {
        let mut keepers = players::<3>().map(Keeper::new);
        for (who, kind, x) in steps {
            let who = usize::from(who);
            let before = keepers[who].player.doc.fork();
            if kind % 5 == 0 {
                let from = usize::from(x) % 3;
                let mut other = keepers[from].player.doc.fork();
                keepers[who].player.doc.merge(&mut other).unwrap();
            } else {
                let action = action(&mut keepers[who], kind, x);
                // What is refused has changed nothing.
                let _ = keepers[who].player.try_act(action, Some("because"));
            }
            keepers[who].refresh(&before);
            keepers[who].check();
        }
        let [a, b, c] = &mut keepers;
        meet(&mut [&mut a.player, &mut b.player, &mut c.player]);
    }
}

#[test]
fn every_kind_of_action_is_among_the_random_ones() {
    let [player] = players::<1>();
    let mut keeper = Keeper::new(player);
    let mut done = BTreeSet::new();
    for round in 0..40u8 {
        for kind in (0..64u8).chain(192..224) {
            let before = keeper.player.doc.fork();
            let action = action(&mut keeper, kind, round.wrapping_mul(7).wrapping_add(kind));
            let name = action.kind().name();
            if keeper.player.try_act(action, Some("because")).is_ok() {
                done.insert(name);
            }
            keeper.refresh(&before);
        }
    }
    keeper.check();
    // Alone nothing is contested and no vote is late; opening was done before; the rest is up to
    // rules, the agent, whoever reads or sends a form (`view/tests/facets.rs`).
    let not_alone = [
        "case.open",
        "value.settle",
        "notice.send",
        "effect.request",
        "automation.failed",
        "automation.stopped",
        "effect.claim",
        "automation.fired",
        "effect.outcome",
        "number.assign",
        "approval.late-vote",
        "case.read",
        "task.repeat",
        "task.recur",
        "form.request",
        "form.revoke",
        "form.submit",
        "form.review",
        "form.add",
    ];
    let all = crate::case::ActionKind::all().filter(|kind| !kind.is_of_template());
    let missing: Vec<_> = all
        .map(|kind| kind.name())
        .filter(|name| !done.contains(name))
        .collect();
    assert_eq!(missing, not_alone);
}
