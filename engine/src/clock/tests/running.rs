//! Clocks over played journeys: pauses, holds, going back, closing, taking up again.

use casework_protocol::ids::ChangeHash;

use super::{at, lisbon, local};
use crate::clock::{ClockView, Phase, Rule, SlaState, WorkingTime, remaining_words, runs};
use crate::template::{CaseClock, Reentry, StageClock};

/// A journey: local times and where the case stands from then on; `!` closed, `#` on hold.
fn phases<'a>(time: &WorkingTime, said: &[(&str, &'a str)]) -> Vec<Phase<'a>> {
    said.iter()
        .enumerate()
        .map(|(n, (when, stage))| Phase {
            at_ms: at(time, when),
            by: ChangeHash::new([n as u8; 32]),
            stage: stage.trim_end_matches(['!', '#']),
            finished: stage.ends_with('!'),
            held: stage.ends_with('#'),
        })
        .collect()
}

fn stage_clock(target: &str) -> StageClock {
    StageClock::new(target.parse().unwrap())
}

fn case_clock(target: &str) -> CaseClock {
    CaseClock {
        id: "response".to_owned(),
        name: "Response".to_owned(),
        target: target.parse().unwrap(),
        warn: None,
        calendar: String::new(),
        from: Vec::new(),
        until: Vec::new(),
        pauses_in: Vec::new(),
        reentry: Reentry::Continues,
    }
}

fn view(time: &WorkingTime, rule: Rule<'_>, said: &[(&str, &str)]) -> Vec<ClockView> {
    let runs = runs(rule, &phases(time, said));
    runs.iter()
        .map(|run| ClockView::of(rule, run, time))
        .collect()
}

fn review(clock: &StageClock) -> Rule<'_> {
    Rule::Stage {
        stage: "review",
        name: "Review",
        clock,
    }
}

#[test]
fn a_stage_clock_starts_with_the_stage_warns_and_breaches() {
    let time = lisbon(&[]);
    let mut clock = stage_clock("8 business hours");
    clock.warn = Some("75%".parse().unwrap());
    let views = view(
        &time,
        review(&clock),
        &[
            ("2026-03-02 09:00", "intake"),
            ("2026-03-02 10:00", "review"),
        ],
    );
    let [view] = views.as_slice() else {
        panic!("{views:?}")
    };
    assert_eq!(local(&time, view.due_ms), "Tue 2026-03-03 10:00");
    assert_eq!(local(&time, view.warn_ms.unwrap()), "Mon 2026-03-02 17:00");
    let state = |when: &str| view.state(at(&time, when));
    assert_eq!(state("2026-03-02 16:59"), SlaState::OnTrack);
    assert_eq!(state("2026-03-02 17:00"), SlaState::AtRisk);
    assert_eq!(state("2026-03-03 09:59"), SlaState::AtRisk);
    assert_eq!(state("2026-03-03 10:00"), SlaState::Breached);
    let next = view.next_change(at(&time, "2026-03-02 12:00")).unwrap();
    assert_eq!(next, view.warn_ms.unwrap());
    assert_eq!(view.next_change(next), Some(view.due_ms));
    assert_eq!(view.next_change(view.due_ms), None);
}

#[test]
fn waiting_for_somebody_pauses_and_coming_back_goes_on() {
    let time = lisbon(&[]);
    let mut clock = stage_clock("8 business hours");
    clock.pauses_in = vec!["waiting".to_owned()];
    let journey: &[(&str, &str)] = &[
        ("2026-03-02 10:00", "review"),
        ("2026-03-02 12:00", "waiting"),
        ("2026-03-05 12:00", "review"),
    ];
    let paused = view(&time, review(&clock), &journey[..2]);
    assert_eq!(
        paused[0].state(at(&time, "2026-06-01 09:00")),
        SlaState::Paused
    );
    assert_eq!(paused[0].next_change(0), None);
    let resumed = view(&time, review(&clock), journey);
    assert_eq!(resumed.len(), 1);
    // Two hours were gone; six are left from Thursday noon.
    assert_eq!(local(&time, resumed[0].due_ms), "Fri 2026-03-06 10:00");
}

#[test]
fn coming_back_from_another_stage_starts_anew_or_goes_on_as_the_template_says() {
    let time = lisbon(&[]);
    let journey: &[(&str, &str)] = &[
        ("2026-03-02 10:00", "review"),
        ("2026-03-02 17:00", "intake"),
        ("2026-03-05 10:00", "review"),
    ];
    let mut clock = stage_clock("8 business hours");
    let anew = view(&time, review(&clock), journey);
    assert_eq!(anew.len(), 2);
    assert_eq!(anew[0].state(at(&time, "2026-03-05 10:00")), SlaState::Met);
    assert_eq!(local(&time, anew[1].due_ms), "Fri 2026-03-06 10:00");
    assert_ne!(anew[0].since, anew[1].since);
    clock.reentry = Reentry::Continues;
    let on = view(&time, review(&clock), journey);
    assert_eq!(on.len(), 1);
    // Six hours were gone.
    assert_eq!(local(&time, on[0].due_ms), "Thu 2026-03-05 12:00");
}

#[test]
fn a_hold_stops_every_clock_and_days_move_by_what_it_lasted() {
    let time = lisbon(&[]);
    let clock = case_clock("1 month");
    let views = view(
        &time,
        Rule::Case(&clock),
        &[
            ("2026-03-02 10:00", "intake"),
            ("2026-03-10 10:00", "intake#"),
            ("2026-03-15 10:00", "intake"),
        ],
    );
    assert_eq!(local(&time, views[0].due_ms), "Wed 2026-04-08 00:00");
}

#[test]
fn a_pause_after_the_breach_changes_nothing() {
    let time = lisbon(&[]);
    let clock = stage_clock("1 business hour");
    let journey: &[(&str, &str)] = &[
        ("2026-03-02 10:00", "review"),
        ("2026-03-02 12:00", "review#"),
        ("2026-03-03 12:00", "review"),
    ];
    for said in [&journey[..2], journey] {
        let views = view(&time, review(&clock), said);
        assert_eq!(local(&time, views[0].due_ms), "Mon 2026-03-02 11:00");
        assert_eq!(
            views[0].state(at(&time, "2026-03-04 09:00")),
            SlaState::Breached
        );
    }
}

#[test]
fn closing_ends_every_clock_and_reopening_goes_on() {
    let time = lisbon(&[]);
    let mut clock = case_clock("2 business days");
    let journey: &[(&str, &str)] = &[
        ("2026-03-02 10:00", "intake"),
        ("2026-03-03 10:00", "done!"),
        ("2026-03-05 10:00", "intake"),
    ];
    let closed = view(&time, Rule::Case(&clock), &journey[..2]);
    assert_eq!(
        closed[0].state(at(&time, "2026-12-01 09:00")),
        SlaState::Met
    );
    let reopened = view(&time, Rule::Case(&clock), journey);
    assert_eq!(reopened.len(), 1);
    // Sixteen business hours were between.
    assert_eq!(local(&time, reopened[0].due_ms), "Fri 2026-03-06 18:00");
    clock.reentry = Reentry::Resets;
    let anew = view(&time, Rule::Case(&clock), journey);
    assert_eq!(anew.len(), 2);
    assert_eq!(local(&time, anew[1].due_ms), "Mon 2026-03-09 18:00");
}

#[test]
fn a_clock_between_stages_is_met_for_good_once_its_end_is_reached() {
    let time = lisbon(&[]);
    let mut clock = case_clock("7 days");
    clock.from = vec!["intake".to_owned()];
    clock.until = vec!["assess".to_owned()];
    let journey: &[(&str, &str)] = &[
        ("2026-03-01 10:00", "draft"),
        ("2026-03-02 10:00", "intake"),
        ("2026-03-04 10:00", "assess"),
        ("2026-03-20 10:00", "intake"),
    ];
    let views = view(&time, Rule::Case(&clock), journey);
    assert_eq!(views.len(), 1);
    assert_eq!(views[0].state(at(&time, "2026-06-01 10:00")), SlaState::Met);
    assert_eq!(view(&time, Rule::Case(&clock), &journey[..1]), []);
    clock.reentry = Reentry::Resets;
    assert_eq!(view(&time, Rule::Case(&clock), journey).len(), 2);
}

#[test]
fn how_a_clock_stands_is_said_in_words() {
    let time = lisbon(&[]);
    let mut clock = stage_clock("2 business days");
    clock.pauses_in = vec!["waiting".to_owned()];
    let journey: &[(&str, &str)] = &[
        ("2026-03-02 10:00", "review"),
        ("2026-03-03 12:00", "waiting"),
        ("2026-03-03 14:00", "review"),
        ("2026-03-04 15:00", "done!"),
    ];
    let words = |until: usize, now: &str| {
        let views = view(&time, review(&clock), &journey[..until]);
        remaining_words(&views[0], at(&time, now), &time, time.zone())
    };
    assert_eq!(
        words(1, "2026-03-02 11:00"),
        "due in 2 business days, Wed 4 Mar 18:00"
    );
    assert_eq!(
        words(1, "2026-03-04 11:00"),
        "due in 6 business hours, Wed 4 Mar 18:00"
    );
    assert_eq!(
        words(1, "2026-03-05 11:00"),
        "overdue by 1 business day, since Wed 4 Mar 18:00"
    );
    assert_eq!(
        words(2, "2026-03-09 11:00"),
        "paused since Tue 3 Mar 12:00, 1 business day left"
    );
    // The pause had one open hour, from 12:00 to 13:00.
    assert_eq!(
        words(3, "2026-03-04 11:00"),
        "due in 1 business day, Thu 5 Mar 10:00"
    );
    assert_eq!(
        words(4, "2026-03-09 11:00"),
        "met with 1 business day to spare"
    );
}
