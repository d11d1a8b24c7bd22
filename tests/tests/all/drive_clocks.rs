//! Clocks and calendars, driven: targets in business time over holidays, at risk, breached, paused,
//! reset; tasks that are overdue and repeat. Time passes by clocks that are put ahead.

use casework_tests::process::{Person, settle};
use serde_json::{Value, json};

use crate::drive::{DAY, Office, count, holds, open};

/// Every day of the year counts in `always`; in `office` not one day but the tenth of each month.
const TIMED: &str = r#"
key = "TIM"
name = "Timed"
unlisted = "free"

[[stages]]
id = "intake"
name = "Intake"
category = "intake"
sla = { target = "3 days", warn = "1 day", pauses_in = ["waiting"] }

[[stages]]
id = "waiting"
name = "Waiting"
category = "waiting"

[[stages]]
id = "review"
name = "Review"
category = "active"
sla = { target = "2 business days", warn = "50%", calendar = "lisbon", reentry = "continues" }

[[stages]]
id = "done"
name = "Done"
category = "done"

[[calendars]]
id = "always"
name = "Always"
zone = "UTC"
hours = { mon = ["00:00-24:00"], tue = ["00:00-24:00"], wed = ["00:00-24:00"], thu = ["00:00-24:00"], fri = ["00:00-24:00"], sat = ["00:00-24:00"], sun = ["00:00-24:00"] }

[[calendars]]
id = "lisbon"
name = "Lisbon"
zone = "Europe/Lisbon"
hours = { mon = ["09:00-18:00"], tue = ["09:00-18:00"], wed = ["09:00-18:00"], thu = ["09:00-18:00"], fri = ["09:00-18:00"] }
holidays = ["01-01", "easter-2", "12-25"]

[[sla]]
id = "answer"
name = "Answered"
target = "10 days"
warn = "2 days"
calendar = "always"
until = ["review"]
pauses_in = ["waiting"]
"#;

fn state(who: &Person, case: &str, clock: &str) -> Value {
    let shown = who.case(case);
    let clocks = shown["clocks"]["current"].as_array().unwrap().iter();
    let mut of = clocks.filter(|one| one["id"] == clock);
    of.next().unwrap_or_else(|| panic!("no {clock}: {shown}"))["state"].clone()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn a_clock_is_on_track_at_risk_breached_paused_and_met_on_every_device() {
    let mut office = Office::new(TIMED);
    let [case, late] =
        ["A request", "A late one"].map(|title| open(&office.ana, "TIM", title, &[]));
    for case in [&case, &late] {
        office.ana.does(&format!("case owner {case} Ana"));
    }
    office.settle();
    // Both have them, and nobody reaches a server for days.
    office.premises.server.kill();
    let at = |days: i64| [&office.ana, &office.rui].map(|who| who.ahead(days * DAY));
    let stands = |days: i64, case: &str, clock: &str| {
        let states = at(days).map(|who| state(&who, case, clock));
        assert_eq!(states[0], states[1]);
        states[0].as_str().unwrap().to_owned()
    };
    let total =
        |days: i64, sla: &str| at(days)[1].does(&format!("list --sla {sla}"))["total"].clone();
    let [intake, answer] = ["stage/intake", "case/answer"];
    assert_eq!(
        [intake, answer].map(|clock| stands(0, &case, clock)),
        ["on-track"; 2]
    );
    assert_eq!(
        [total(0, "at-risk"), total(0, "on-track")],
        [json!(0), json!(2)]
    );
    assert_eq!(stands(3, &case, intake), "at-risk");
    assert_eq!(total(3, "at-risk"), 2);
    holds(&at(3)[0].reads("list"), &["sla at risk"]);
    holds(
        &at(3)[0].reads("inbox --kind sla"),
        &["Intake: getting late"],
    );

    // On the third day one of them waits for the customer: its clocks stand still.
    at(3)[0].does(&format!("case move {case} waiting"));
    let then = at(4)[0].clone();
    assert_eq!(
        [intake, answer].map(|clock| state(&then, &case, clock)),
        ["paused"; 2]
    );
    assert_eq!(stands(4, &late, intake), "breached");
    assert_eq!(then.does("list --sla breached --sort clock")["total"], 1);
    assert_eq!(then.does("list --sla paused")["total"], 1);
    holds(&then.reads("list"), &["sla breached", "sla paused"]);
    holds(&then.reads("board"), &["sla breached"]);
    holds(
        &then.reads(&format!("case show {late}")),
        &["Clocks", "breached", "overdue by"],
    );
    holds(&then.reads("inbox --kind sla"), &["Intake: too late"]);

    office.premises.server.start_again();
    office.premises.server.set_ahead(60 * DAY);
    let [ana, rui] = [&office.ana, &office.rui].map(|who| who.ahead(60 * DAY));
    settle(&[&ana, &rui]);
    assert_eq!(state(&rui, &case, answer), "paused");
    rui.does(&format!("case move {case} intake"));
    settle(&[&rui, &ana]);
    // Three of ten days were gone.
    for (days, wanted) in [
        (60, "on-track"),
        (63, "on-track"),
        (66, "at-risk"),
        (69, "breached"),
    ] {
        assert_eq!(
            state(&ana.ahead(days * DAY), &case, answer),
            wanted,
            "{days}"
        );
    }
    for case in [&case, &late] {
        rui.does(&format!("case move {case} review"));
    }
    settle(&[&rui, &ana]);
    assert_eq!(state(&ana, &case, answer), "met");
    let [on_ana, on_rui] = [&ana, &rui].map(|who| who.case(&late)["clocks"].clone());
    assert_eq!(on_ana, on_rui);
    assert!(on_ana["missed"].as_u64().unwrap() > 0, "{on_ana}");
}

#[test]
fn business_days_leave_out_nights_week_ends_and_holidays_in_the_zone_of_the_calendar() {
    let office = Office::new(TIMED);
    let case = open(&office.ana, "TIM", "A request", &[]);
    office.ana.does(&format!("case move {case} review"));
    let shown = office.ana.case(&case);
    let clocks = shown["clocks"]["current"].as_array().unwrap();
    let clock = clocks
        .iter()
        .find(|one| one["id"] == "stage/review")
        .unwrap();
    let due = jiff::Timestamp::from_millisecond(clock["due_ms"].as_i64().unwrap()).unwrap();
    let due = due.in_tz("Europe/Lisbon").unwrap();
    let hour = i32::from(due.hour()) * 60 + i32::from(due.minute());
    assert!(
        (9 * 60..=18 * 60).contains(&hour),
        "the office is open at {due}"
    );
    assert!(due.weekday().to_monday_zero_offset() < 5, "{due}");
    let days =
        (clock["due_ms"].as_i64().unwrap() - clock["started_ms"].as_i64().unwrap()) / (DAY * 1_000);
    assert!((1..=7).contains(&days), "{clock}");
    // After 2 business days and a night it is breached, wherever the reader is.
    let late = office.ana.ahead(8 * DAY);
    assert_eq!(state(&late, &case, "stage/review"), "breached");
    let mut there = late.command(&["case", "show", &case]);
    let told = there.env("TZ", "Pacific/Auckland").output().unwrap();
    holds(
        &String::from_utf8_lossy(&told.stdout),
        &["breached", &due.strftime("%H:%M").to_string()],
    );
    for wrong in [
        "zone = \"Mars/Base\"",
        "hours = { mon = [\"18:00-09:00\"] }",
        "holidays = [\"02-31\"]",
    ] {
        let key = wrong.split(' ').next().unwrap();
        let line = TIMED
            .lines()
            .rfind(|line| line.starts_with(&format!("{key} = ")))
            .unwrap();
        let path = office.file("wrong.toml", &TIMED.replace(line, wrong));
        let (code, said) = office.ana.said(&["template", "lint", &path]);
        assert!(code != 0, "{wrong}: {said}");
    }
}

#[test]
fn tasks_and_cases_that_are_overdue_are_found_and_told_to_whoever_has_them() {
    let mut office = Office::new(TIMED);
    let case = open(&office.ana, "TIM", "A request", &[]);
    office.settle();
    office.ana.does(&format!("case owner {case} Ana"));
    office.ana.does(&format!(
        "case task add {case} 'Call her' --for Rui --due 2020-03-02"
    ));
    office.ana.does(&format!("case due {case} 2020-03-31"));
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    for who in [ana, rui] {
        assert_eq!(who.does("list --overdue")["total"], 1);
        holds(
            &who.reads(&format!("case show {case}")),
            &["due 2020-03-31 (overdue)", "due 2020-03-02 (overdue)"],
        );
    }
    holds(
        &ana.reads("inbox --kind overdue"),
        &["due 2020-03-31: overdue"],
    );
    let told = rui.does("inbox --kind overdue");
    assert_eq!(
        (
            count(&told["entries"]),
            &told["entries"][0]["item"]["detail"][1]
        ),
        (1, &json!("Call her"))
    );
    rui.does(&format!("case task done {case} 'Call her'"));
    assert_eq!(
        rui.does("inbox --kind overdue")["entries"],
        json!([]),
        "it is over with the task"
    );
}

#[test]
fn a_task_that_repeats_has_one_next_when_both_finish_it_and_none_after_the_last() {
    let mut office = Office::new(TIMED);
    let case = open(&office.ana, "TIM", "A request", &[]);
    office.ana.does(&format!(
        "case task add {case} Water --due 2199-01-31 --item Basement"
    ));
    office.ana.does(&format!(
        "case task repeat {case} Water 'every month on day 31, 2 times'"
    ));
    holds(
        &office
            .ana
            .refused(&format!("case task repeat {case} Water sometimes")),
        &["every 3 business days"],
    );
    office.settle();
    office.premises.server.kill();
    for who in [&office.ana, &office.rui] {
        who.does(&format!("case task done {case} Water"));
    }
    office.premises.server.start_again();
    office.settle();
    let tasks = |office: &Office| {
        let shown = office.same(&case);
        let tasks = shown["tasks"].as_array().unwrap().iter();
        let mut told: Vec<(String, String)> = tasks
            .map(|task| {
                let part = |key: &str| task[key].as_str().unwrap_or_default().to_owned();
                (part("due"), part("status"))
            })
            .collect();
        told.sort();
        told
    };
    let task = |due: &str, status: &str| (due.to_owned(), status.to_owned());
    assert_eq!(
        tasks(&office),
        [task("2199-01-31", "done"), task("2199-02-28", "open")]
    );
    let shown = office.same(&case);
    let next = shown["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|task| task["status"] == "open")
        .unwrap();
    let id = next["id"].as_str().unwrap();
    office.rui.does(&format!("case task done {case} {id}"));
    office.settle();
    assert_eq!(
        tasks(&office),
        [task("2199-01-31", "done"), task("2199-02-28", "done")]
    );
}
