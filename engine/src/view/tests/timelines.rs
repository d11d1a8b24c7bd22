//! Timelines: complete, in a stable order, with what was found and what was left.

use std::collections::BTreeSet;

use casework_protocol::ids::ChangeHash;
use proptest::prelude::*;

use super::play::{NOON, Player, close, label, meet, member, member_of, move_to, players, set};
use crate::case::ActionKind;
use crate::case::action::CaseAction;
use crate::value::Scalar;
use crate::view::{Arrival, Skew, TimelineContext, TimelineEntry, TimelinePage, timeline};

fn newest(player: &Player) -> TimelineEntry {
    player.timeline().remove(0)
}

fn text(value: &str) -> Vec<Scalar> {
    vec![Scalar::text(value)]
}

#[test]
fn an_entry_tells_who_did_what_why_and_what_it_replaced() {
    let [mut ana, mut rui] = players();
    ana.act(move_to("answer"));
    meet(&mut [&mut ana, &mut rui]);
    let change = rui.act_because(move_to("intake"), "wrong desk");
    let entry = newest(&rui);
    assert_eq!((entry.change, entry.member), (change, Some(member(2))));
    assert_eq!(entry.action, Some(ActionKind::StageMove));
    assert_eq!(
        (entry.before, entry.after),
        (text("answer"), text("intake"))
    );
    assert_eq!(
        (entry.reason.as_deref(), entry.zone_min),
        (Some("wrong desk"), 60)
    );
    assert_eq!((entry.claimed_ms, entry.arrival), (rui.clock, None));
    assert!(!entry.parallel && !entry.redacted && entry.skew.is_none());
}

#[test]
fn every_action_shows_what_it_left() {
    let [mut ana]: [Player; 1] = players();
    let (task, items) = ana.task("visit", &["ring"]);
    assert_eq!(newest(&ana).after, text("visit"));
    let mut left = |action: CaseAction| {
        ana.act_because(action, "because");
        let entry = newest(&ana);
        (entry.before, entry.after, entry.subject)
    };
    let check = CaseAction::CheckItem {
        task,
        item: items[0],
        done: true,
    };
    let (yes, no) = (vec![Scalar::Bool(true)], vec![Scalar::Bool(false)]);
    assert_eq!(left(check), (no, yes.clone(), Some("ring".to_owned())));
    let done = CaseAction::FinishTask { task };
    assert_eq!(
        left(done),
        (text("open"), text("done"), Some("visit".to_owned()))
    );
    assert_eq!(left(set("summary", "x")), (vec![], text("x"), None));
    let clear = CaseAction::ClearField {
        field: "summary".to_owned(),
    };
    assert_eq!(left(clear), (text("x"), vec![Scalar::Null], None));
    let count = CaseAction::Count {
        field: "visits".to_owned(),
        by: 4,
    };
    assert_eq!(
        left(count.clone()),
        (vec![Scalar::Int(0)], vec![Scalar::Int(4)], None)
    );
    assert_eq!(
        left(count),
        (vec![Scalar::Int(4)], vec![Scalar::Int(8)], None)
    );
    let story = CaseAction::EditText {
        field: "story".to_owned(),
        text: "tale".to_owned(),
    };
    assert_eq!(left(story).1, text("tale"));
    assert_eq!(left(label("hot")), (vec![], yes.clone(), None));
    let cool = CaseAction::RemoveLabel {
        label: "hot".to_owned(),
    };
    assert_eq!(left(cool), (yes, vec![], None));
    let owner = CaseAction::SetOwner { member: None };
    assert_eq!(
        left(owner),
        (text(&member(1).to_string()), vec![Scalar::Null], None)
    );
}

#[test]
fn closing_deciding_and_commenting_show_what_they_left() {
    let [mut ana]: [Player; 1] = players();
    ana.act(close("solved"));
    let closed = newest(&ana);

    assert_eq!((closed.before, closed.after.len()), (vec![Scalar::Null], 1));
    ana.act(CaseAction::Reopen);
    ana.decide("grant?", "yes");
    let decided = newest(&ana);
    assert_eq!(
        (decided.subject.as_deref(), decided.after),
        (Some("grant?"), text("yes"))
    );
    let id = ana.comment("hello");
    ana.act(CaseAction::EditComment {
        id,
        body: "hello!".to_owned(),
    });
    let edited = newest(&ana);
    assert_eq!(
        (edited.before, edited.after),
        (text("hello"), text("hello!"))
    );
    assert_eq!(
        ana.timeline().last().unwrap().after,
        text("Broken pavement")
    );
}

#[test]
fn a_settlement_shows_every_side_it_found() {
    let [mut ana, mut rui] = players();
    ana.act(set("summary", "hole"));
    rui.act(set("summary", "crack"));
    meet(&mut [&mut ana, &mut rui]);
    let place = crate::case::Place::Field("summary".to_owned());
    ana.act(CaseAction::Settle {
        place,
        value: Scalar::text("crack"),
    });
    let entry = newest(&ana);
    let found: BTreeSet<_> = entry.before.into_iter().collect();
    assert_eq!(found, [Scalar::text("crack"), Scalar::text("hole")].into());
    assert_eq!(entry.after, text("crack"));
}

#[test]
fn an_override_is_named_with_its_rule() {
    let [mut ana]: [Player; 1] = players();
    ana.act_because(move_to("review"), "tomorrow");
    let entry = newest(&ana);
    assert!(entry.overrides.unwrap().contains("SUMMARY"));
}

#[test]
fn received_times_stand_beside_claims_and_skewed_clocks_are_marked() {
    let [mut ana, mut rui] = players();
    ana.clock += 86_400_000;
    let ahead = ana.act(label("ahead"));
    meet(&mut [&mut ana, &mut rui]);
    let behind = rui.act(label("behind"));
    let received = NOON + 120_000;
    let arrivals = |hash: ChangeHash| {
        (hash == ahead).then_some(Arrival {
            seq: 7,
            received_ms: received,
        })
    };
    let context = TimelineContext {
        members: &member_of,
        arrivals: &arrivals,
    };
    let entries = timeline(&rui.doc, &context, TimelinePage { skip: 0, take: 9 });
    assert_eq!((entries[0].change, entries[1].change), (behind, ahead));
    assert_eq!(entries[0].skew, Some(Skew::BehindWhatItKnew(86_400_000)));
    assert_eq!(entries[1].skew, Some(Skew::AheadOfReceipt(86_400_000)));
    assert_eq!(
        entries[1].arrival,
        Some(Arrival {
            seq: 7,
            received_ms: received
        })
    );
    assert_eq!((entries[0].arrival, entries[2].skew), (None, None));
}

/// The definition, by brute force: some change neither knew it nor was known to it.
fn is_parallel(player: &Player, change: ChangeHash) -> bool {
    let doc = &player.doc;
    let hash = automerge::ChangeHash(*change.as_bytes());
    let mut after = BTreeSet::from([hash]);
    doc.get_changes_meta(&[hash]).iter().any(|meta| {
        let knows = meta.deps.iter().any(|dep| after.contains(dep));
        if knows {
            after.insert(meta.hash);
        }
        !knows
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_parts_of_one_complete_causal_timeline_with_true_parallel_marks(
        steps in prop::collection::vec((0usize..4, 0usize..4, any::<bool>()), 1..50),
        size in 1usize..7,
    ) {
        let mut all = players::<4>();
        for (n, (who, from, merge)) in steps.into_iter().enumerate() {
            if merge {
                let mut other = all[from].doc.fork();
                all[who].doc.merge(&mut other).unwrap();
            } else {
                all[who].act(label(&n.to_string()));
            }
        }
        for player in &all {
            let whole = player.timeline();
            prop_assert_eq!(whole.len() as u64, crate::view::timeline_length(&player.doc));
            let order: Vec<_> = whole.iter().map(|entry| entry.change).collect();
            for (position, entry) in whole.iter().enumerate() {
                let hash = automerge::ChangeHash(*entry.change.as_bytes());
                for dep in player.doc.get_change_meta_by_hash(&hash).unwrap().deps {
                    let found = order.iter().position(|change| change.as_bytes() == &dep.0);
                    prop_assert!(found.unwrap() > position);
                }
                prop_assert_eq!(entry.parallel, is_parallel(player, entry.change));
            }
            let context = TimelineContext { members: &member_of, arrivals: &|_| None };
            let paged: Vec<_> = (0..=whole.len() / size)
                .flat_map(|page| {
                    let page = TimelinePage { skip: page * size, take: size };
                    timeline(&player.doc, &context, page)
                })
                .collect();
            prop_assert_eq!(paged, whole);
        }
    }
}
