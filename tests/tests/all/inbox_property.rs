//! The inbox by property: random work of four devices, two of them one member's. At the end both
//! have the same items and marks, and a naive reading of the whole history says who had to be told.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash as Hash};
use casework_engine::case::action::Closing;
use casework_engine::case::{CaseAction, Place};
use casework_engine::inbox::ItemKind;
use casework_engine::inbox::quiet::Mute;
use casework_engine::replica::{InboxEntry, InboxFilter};
use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use casework_tests::stage::{Stage, Who};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const HISTORIES: u64 = 40;
const STEPS: usize = 45;

#[test]
fn both_devices_of_a_member_show_the_same_and_a_naive_reading_says_who_had_to_be_told() {
    for seed in 0..HISTORIES {
        let mut play = Play::begin(seed);
        for _ in 0..STEPS {
            play.step();
        }
        play.end();
    }
}

struct Play {
    stage: Stage,
    dice: ChaCha8Rng,
    who: Vec<Who>,
    cases: Vec<DocumentId>,
    hidden: DocumentId,
}

impl Play {
    fn begin(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let mut who: Vec<Who> = stage.devices(["ana", "rui", "mia"]).to_vec();
        who.push(stage.second_device(who[1], "rui's phone"));
        let cases = vec![stage.open(who[0], "One"), stage.open(who[1], "Two")];
        // Nobody but Ana sees this one.
        let hidden = stage.try_open(who[0], "Hidden", true).unwrap().document;
        stage.settle();
        Self {
            stage,
            dice: ChaCha8Rng::seed_from_u64(seed),
            who,
            cases,
            hidden,
        }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.dice.next_u64() as usize % sides
    }

    fn step(&mut self) {
        let n = self.roll(4);
        let who = self.who[n];
        match self.roll(12) {
            0 => self.stage.cut(who),
            1 => self.stage.heal_one(who),
            2 => {
                self.stage.connect();
                for _ in 0..self.roll(60) {
                    self.stage.deliver_one();
                }
            }
            3 | 4 => self.mark(who),
            5 => {
                let mute = Mute::Kind([ItemKind::Moved, ItemKind::Mention][self.roll(2)]);
                let (on, moment) = (self.roll(2) == 0, self.stage.moment());
                self.stage.replica(who).set_mute(mute, on, &moment).unwrap();
            }
            6 => {
                let action = self.comment();
                let (hidden, ana) = (self.hidden, self.who[0]);
                let _ = self.stage.try_act(ana, hidden, action);
            }
            _ => {
                let n = self.roll(2);
                let case = self.cases[n];
                let action = self.draw();
                let _ = self.stage.try_act(who, case, action);
            }
        }
    }

    fn comment(&mut self) -> CaseAction {
        let name = ["ana", "Rui", "mia", "nobody"][self.roll(4)];
        CaseAction::Comment {
            id: self.stage.part(),
            body: format!("@{name}: look"),
            external: false,
            reply_to: None,
        }
    }

    fn draw(&mut self) -> CaseAction {
        let n = self.roll(3);
        let whose = self.who[n];
        let member = self.stage.member(whose);
        match self.roll(9) {
            0..=2 => CaseAction::Move {
                to: ["intake", "review", "answer"][self.roll(3)].to_owned(),
            },
            3 => CaseAction::Assign { member },
            4 => CaseAction::SetOwner {
                member: Some(member),
            },
            5 => CaseAction::Close(Closing {
                code: "solved".to_owned(),
                notes: String::new(),
            }),
            6 => CaseAction::Reopen,
            7 => CaseAction::CreateTask {
                id: self.stage.part(),
                title: "Climb".to_owned(),
                assignee: Some(member),
                due: None,
                checklist: Vec::new(),
            },
            _ => self.comment(),
        }
    }

    fn mark(&mut self, who: Who) {
        let all = self.inbox(who);
        let (read, moment) = (self.roll(3) > 0, self.stage.moment());
        if all.is_empty() || self.roll(6) == 0 {
            let filter = InboxFilter {
                muted: true,
                ..InboxFilter::default()
            };
            let done = self.stage.replica(who).mark_all_read(&filter, &moment);
            done.unwrap();
        } else {
            let item = all[self.roll(all.len())].item.id;
            let done = self.stage.replica(who).mark_items(&[item], read, &moment);
            done.unwrap();
        }
    }

    fn inbox(&mut self, who: Who) -> Vec<InboxEntry> {
        let filter = InboxFilter {
            muted: true,
            ..InboxFilter::default()
        };
        let moment = self.stage.moment();
        let page = self
            .stage
            .replica(who)
            .inbox(&filter, (None, 10_000), &moment);
        page.unwrap().entries
    }

    fn end(mut self) {
        self.stage.heal();
        self.stage.settle();
        let seed = self.stage.seed();
        let (desk, phone) = (self.inbox(self.who[1]), self.inbox(self.who[3]));
        assert_eq!(desk, phone, "seed {seed}: two devices, two inboxes");
        for who in [self.who[0], self.who[1], self.who[2]] {
            let entries = self.inbox(who);
            self.assert_told(who, &entries);
            // Made anew from the whole history they are the same.
            let again = self.stage.second_device(who, "one more");
            assert_eq!(self.inbox(again), entries, "seed {seed}: {who:?} afresh");
        }
        for who in self.who.clone() {
            let found = self.stage.replica(who).verify(&mut |_, _| {}).unwrap();
            assert!(found.holds(), "seed {seed}: {:?}", found.findings);
        }
    }

    fn assert_told(&mut self, who: Who, entries: &[InboxEntry]) {
        let (seed, me) = (self.stage.seed(), self.stage.member(who));
        let name = ["ana", "rui", "mia"][who.0];
        let mut wanted = BTreeSet::new();
        for case in self.cases.clone() {
            let history = History::of(&mut self.stage, who, case);
            wanted.extend(history.told(me, name));
        }
        let kinds = [
            ItemKind::Mention,
            ItemKind::Assigned,
            ItemKind::Contested,
            ItemKind::AfterClose,
        ];
        let mut found = BTreeSet::new();
        for entry in entries {
            let item = &entry.item;
            assert_ne!(
                item.by,
                Some(me),
                "seed {seed}: {name} is told of their own doing"
            );
            assert!(
                who.0 == 0 || item.document != self.hidden,
                "seed {seed}: {name} is told of what they cannot see"
            );
            // Of contests the naive reading knows those of stages.
            let known = item.kind != ItemKind::Contested || item.place == Some(Place::Stage);
            if kinds.contains(&item.kind) && known && item.document != self.hidden {
                found.insert((item.document, item.kind, item.by, item.with));
            }
        }
        assert_eq!(found, wanted, "seed {seed}: what {name} is told");
    }
}

/// A case's history, read naively: for every change, everything behind it.
struct History {
    case: DocumentId,
    /// In an order in which each follows what it builds on.
    deeds: Vec<(ChangeHash, MemberId, CaseAction)>,
    behind: BTreeMap<ChangeHash, BTreeSet<ChangeHash>>,
}

type Told = (DocumentId, ItemKind, Option<MemberId>, Option<MemberId>);

type Is = fn(&CaseAction) -> bool;
/// One, the other, and whether they say different things.
type Rule = (Is, Is, fn(&CaseAction, &CaseAction) -> bool);

impl History {
    fn of(stage: &mut Stage, who: Who, case: DocumentId) -> Self {
        let bytes = stage.replica(who).export(case).unwrap();
        let doc = Automerge::load(&bytes).unwrap();
        let mut behind: BTreeMap<ChangeHash, BTreeSet<ChangeHash>> = BTreeMap::new();
        let mut deeds = Vec::new();
        for change in doc.get_changes(&[]) {
            let plain = |hash: &Hash| ChangeHash::new(hash.0);
            let hash = plain(&change.hash());
            let mut all: BTreeSet<ChangeHash> = change.deps().iter().map(plain).collect();
            for dep in change.deps() {
                all.extend(behind[&plain(dep)].iter().copied());
            }
            behind.insert(hash, all);
            let deed = stage.deeds[&hash].clone();
            deeds.push((hash, stage.member(deed.who), deed.action));
        }
        Self {
            case,
            deeds,
            behind,
        }
    }

    fn beside(&self, one: ChangeHash, other: ChangeHash) -> bool {
        one != other && !self.behind[&one].contains(&other) && !self.behind[&other].contains(&one)
    }

    fn told(&self, me: MemberId, name: &str) -> BTreeSet<Told> {
        let mut told = BTreeSet::new();
        for (hash, by, action) in &self.deeds {
            if *by != me {
                told.extend(
                    self.told_by(action, (me, name), *hash)
                        .map(|kind| (self.case, kind, Some(*by), None)),
                );
            }
        }
        let is_move = |action: &CaseAction| matches!(action, CaseAction::Move { .. });
        let is_close = |action: &CaseAction| matches!(action, CaseAction::Close(_));
        let is_work =
            |action: &CaseAction| !matches!(action, CaseAction::Close(_) | CaseAction::Reopen);
        let differ = |one: &CaseAction, other: &CaseAction| one != other;
        told.extend(self.pairs((is_move, is_move, differ), ItemKind::Contested, me));
        told.extend(self.pairs((is_close, is_work, differ), ItemKind::AfterClose, me));
        told
    }

    fn told_by(
        &self,
        action: &CaseAction,
        (me, name): (MemberId, &str),
        at: ChangeHash,
    ) -> Option<ItemKind> {
        match action {
            CaseAction::Comment { body, .. } => body
                .to_lowercase()
                .contains(&format!("@{name}:"))
                .then_some(ItemKind::Mention),
            CaseAction::Assign { member }
            | CaseAction::CreateTask {
                assignee: Some(member),
                ..
            } => (*member == me).then_some(ItemKind::Assigned),
            // Whoever owned it already is not told again.
            CaseAction::SetOwner {
                member: Some(member),
            } => (*member == me && !self.owners_before(at).contains(&me))
                .then_some(ItemKind::Assigned),
            _ => None,
        }
    }

    /// The owners that a change found: those of the writes behind it that none behind it replaced.
    fn owners_before(&self, at: ChangeHash) -> BTreeSet<MemberId> {
        let behind = &self.behind[&at];
        let writes: Vec<(ChangeHash, Option<MemberId>)> = self
            .deeds
            .iter()
            .filter(|(hash, _, _)| behind.contains(hash))
            .filter_map(|(hash, _, action)| match action {
                CaseAction::SetOwner { member } => Some((*hash, *member)),
                _ => None,
            })
            .collect();
        let last = |hash: ChangeHash| {
            !writes
                .iter()
                .any(|(later, _)| self.behind[later].contains(&hash))
        };
        writes
            .iter()
            .filter(|(hash, _)| last(*hash))
            .filter_map(|(_, member)| *member)
            .collect()
    }

    /// The first of each that stand beside each other, as this member hears of them: a party, or
    /// whoever owns the case where the two meet.
    fn pairs(
        &self,
        (is_one, is_other, differ): Rule,
        kind: ItemKind,
        me: MemberId,
    ) -> BTreeSet<Told> {
        let mut told = BTreeSet::new();
        let meets = |one: &(ChangeHash, MemberId, CaseAction),
                     other: &(ChangeHash, MemberId, CaseAction)| {
            is_one(&one.2)
                && is_other(&other.2)
                && differ(&one.2, &other.2)
                && self.beside(one.0, other.0)
        };
        for one in &self.deeds {
            for other in self.deeds.iter().filter(|other| meets(one, other)) {
                // Work is told once for each who did it, moves once for all.
                let same = |earlier: &(ChangeHash, MemberId, CaseAction),
                            of: &(ChangeHash, MemberId, CaseAction)| {
                    self.behind[&of.0].contains(&earlier.0)
                        && (kind == ItemKind::Contested || is_one(&of.2) || earlier.1 == of.1)
                };
                let earlier = self.deeds.iter().any(|earlier| {
                    (same(earlier, one) && meets(earlier, other))
                        || (same(earlier, other) && meets(one, earlier))
                });
                let party = one.1 == me || other.1 == me;
                let own = one.1 == me && other.1 == me;
                if earlier || own || !(party || self.owners_at(one.0, other.0).contains(&me)) {
                    continue;
                }
                let (first, second) = if one.0 < other.0 {
                    (one, other)
                } else {
                    (other, one)
                };
                let (by, with) = if first.1 == me {
                    (second.1, first.1)
                } else {
                    (first.1, second.1)
                };
                told.insert((self.case, kind, Some(by), Some(with)));
            }
        }
        told
    }

    fn owners_at(&self, one: ChangeHash, other: ChangeHash) -> BTreeSet<MemberId> {
        let mut seen: BTreeSet<ChangeHash> = self.behind[&one]
            .union(&self.behind[&other])
            .copied()
            .collect();
        seen.extend([one, other]);
        let writes: Vec<(ChangeHash, Option<MemberId>)> = self
            .deeds
            .iter()
            .filter(|(hash, _, _)| seen.contains(hash))
            .filter_map(|(hash, _, action)| match action {
                CaseAction::SetOwner { member } => Some((*hash, *member)),
                _ => None,
            })
            .collect();
        let last = |hash: ChangeHash| {
            !writes
                .iter()
                .any(|(later, _)| self.behind[later].contains(&hash))
        };
        writes
            .iter()
            .filter(|(hash, _)| last(*hash))
            .filter_map(|(_, member)| *member)
            .collect()
    }
}
