//! Journeys and clocks of played cases: parted devices derive the same.

use super::play::{NOON, Player, close, meet, move_to, package, players};
use crate::case::action::CaseAction;
use crate::clock::SlaState;
use crate::template::{Calendar, Day, Reentry, Revision, StageClock};
use crate::view::{Card, CaseView, Filter, Sorting, list};

const HOUR: i64 = 3_600_000;

/// The played template with a clock in review and one over the whole case.
fn revision() -> Revision {
    let mut package = package();
    let hours = vec!["08:00-18:00".parse().unwrap()];
    package.calendars = vec![Calendar {
        id: "office".to_owned(),
        name: "Office".to_owned(),
        zone: "Europe/Lisbon".to_owned(),
        hours: Day::ALL
            .into_iter()
            .map(|day| (day, hours.clone()))
            .collect(),
        holidays: Vec::new(),
    }];
    let review = &mut package.stages[1];
    let mut clock = StageClock::new("4 business hours".parse().unwrap());
    clock.warn = Some("1 business hour".parse().unwrap());
    clock.pauses_in = vec!["answer".to_owned()];
    review.sla = Some(clock);
    let whole = r#"{"id":"response","name":"Response","target":"2 days","warn":"50%"}"#;
    package.sla = vec![serde_json::from_str(whole).unwrap()];
    assert_eq!(package.sla[0].reentry, Reentry::Continues);
    package.publish().unwrap()
}

fn stages(view: &CaseView) -> Vec<&str> {
    let visits = view.journey.visits.iter();
    visits.map(|visit| visit.stage.as_str()).collect()
}

/// The clocks at so many hours after the beginning.
fn states(player: &Player, hours: i64) -> Vec<(String, SlaState)> {
    let clocks = player.see().clocks(&revision()).current;
    let state = |clock: &crate::clock::ClockView| clock.state(NOON + hours * HOUR);
    clocks
        .iter()
        .map(|clock| (clock.id.clone(), state(clock)))
        .collect()
}

#[test]
fn a_journey_is_what_each_mover_saw_and_the_move_that_lost_is_not_in_it() {
    let [mut ana, mut rui] = players();
    ana.act_because(move_to("review"), "early");
    rui.act(move_to("answer"));
    rui.act_because(move_to("review"), "early");
    let view = meet(&mut [&mut ana, &mut rui]);
    // Rui's second move has the higher place in the order that decides.
    assert_eq!(stages(&view), ["intake", "answer", "review"]);
    ana.act(move_to("answer"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(stages(&view), ["intake", "answer", "review", "answer"]);
    let stays = view.stays();
    assert_eq!(stays.len(), 4);
    assert!(
        stays
            .windows(2)
            .all(|pair| pair[0].left_ms == Some(pair[1].entered_ms))
    );
    assert_eq!(stays[3].left_ms, None);
}

#[test]
fn a_case_that_was_closed_and_reopened_tells_when() {
    let [mut ana]: [Player; 1] = players();
    ana.act(close("solved"));
    assert_eq!(ana.see().closed_ms(), Some(ana.clock));
    ana.act(CaseAction::Reopen);
    let view = ana.see();
    assert_eq!(view.closed_ms(), None);
    let closed: Vec<bool> = view
        .journey
        .closings
        .iter()
        .map(|turn| turn.closed)
        .collect();
    assert_eq!(closed, [false, true, false]);
}

#[test]
fn parted_devices_derive_the_same_clocks_and_states_once_they_met() {
    let [mut ana, mut rui] = players();
    (ana.revision, rui.revision) = (revision(), revision());
    ana.act_because(move_to("review"), "early");
    let review = |state| ("stage/review".to_owned(), state);
    let whole = |state| ("case/response".to_owned(), state);
    assert_eq!(
        states(&ana, 1),
        [review(SlaState::OnTrack), whole(SlaState::OnTrack)]
    );
    assert_eq!(states(&rui, 1), [whole(SlaState::OnTrack)]);
    meet(&mut [&mut ana, &mut rui]);
    for player in [&ana, &rui] {
        assert_eq!(states(player, 4)[0], review(SlaState::AtRisk));
        assert_eq!(states(player, 5)[0], review(SlaState::Breached));
        assert_eq!(states(player, 40)[1], whole(SlaState::AtRisk));
        assert_eq!(states(player, 200)[1], whole(SlaState::Breached));
    }
    // Waiting for an answer pauses the clock of the review, on both sides.
    rui.act(move_to("answer"));
    meet(&mut [&mut ana, &mut rui]);
    for player in [&ana, &rui] {
        assert_eq!(states(player, 100)[0], review(SlaState::Paused));
    }
    rui.act(close("solved"));
    meet(&mut [&mut ana, &mut rui]);
    assert_eq!(states(&ana, 1000), [whole(SlaState::Met)]);
    assert_eq!(states(&ana, 1000), states(&rui, 1000));
}

#[test]
fn a_card_knows_how_its_clocks_stand_at_any_moment_without_its_revision() {
    let [mut ana]: [Player; 1] = players();
    ana.revision = revision();
    ana.act_because(move_to("review"), "early");
    let card = Card::of(&ana.see(), Some(&ana.revision));
    let card = Card::from_stored(&card.to_stored()).unwrap();
    let entered = ana.clock;
    assert_eq!(card.sla(entered), Some(SlaState::OnTrack));
    let warned = card.next_clock_change(entered).unwrap();
    assert_eq!(warned, entered + 3 * HOUR);
    assert_eq!(card.sla(warned), Some(SlaState::AtRisk));
    let breached = card.next_clock_change(warned).unwrap();
    assert_eq!(card.sla(breached), Some(SlaState::Breached));
    assert_eq!(card.first_clock().unwrap().id, "stage/review");
    let cards = [card];
    let found = |state, at| {
        let filter = Filter {
            sla: Some(([state].into(), at)),
            ..Filter::default()
        };
        list(&cards, &filter, Sorting::Clock).len()
    };
    assert_eq!(found(SlaState::AtRisk, warned), 1);
    assert_eq!(found(SlaState::AtRisk, entered), 0);
    assert_eq!(found(SlaState::Breached, breached), 1);
}
