//! Automations, driven: on the acting device and offline, once for two devices, stopped where they
//! go round, visible where they fail, rehearsed, and carried outside by the agent.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use casework_tests::process::{Person, settle};
use serde_json::{Value, json};

use crate::drive::{DAY, Office, count, holds, open};

const RULES: &str = r#"
key = "AUT"
name = "Automated"
unlisted = "free"

[[stages]]
id = "intake"
name = "Intake"
category = "intake"

[[stages]]
id = "review"
name = "Review"
category = "active"
required = ["reviewer"]

[[stages]]
id = "done"
name = "Done"
category = "done"

[[fields]]
id = "amount"
label = "Amount"
type = "money"

[[fields]]
id = "reviewer"
label = "Reviewer"
type = "member"

[[fields]]
id = "ends"
label = "Ends"
type = "date"

[[fields]]
id = "rounds"
label = "Rounds"
type = "counter"

[[automations]]
id = "big"
name = "Big amounts"
trigger = { on = "field-changed", field = "amount" }
when = [[{ of = "field/amount", is = "at-least", value = "500 EUR" }]]
actions = [
    { do = "add-label", label = "big" },
    { do = "create-task", title = "Look at {field/amount}", due = "3 days" },
    { do = "assign", to = "actor" },
    { do = "notify", to = ["role/owner"], text = "{title} is about {field/amount}" },
]

[[automations]]
id = "on-big"
name = "What is big is urgent"
trigger = { on = "label-added", label = "big" }
actions = [{ do = "set-priority", priority = "high" }, { do = "count", field = "rounds", by = 1 }]

[[automations]]
id = "ping"
name = "Ping"
trigger = { on = "label-added", label = "ping" }
actions = [{ do = "remove-label", label = "ping" }, { do = "add-label", label = "pong" }]

[[automations]]
id = "pong"
name = "Pong"
trigger = { on = "label-added", label = "pong" }
actions = [{ do = "remove-label", label = "pong" }, { do = "add-label", label = "ping" }]

[[automations]]
id = "forward"
name = "Send it on"
trigger = { on = "label-added", label = "forward" }
actions = [{ do = "move", to = "review" }]

[[automations]]
id = "ended"
name = "It ended"
trigger = { on = "date-reached", date = "field/ends", after = "2 days" }
actions = [{ do = "add-label", label = "ended" }, { do = "webhook", hook = "billing", fields = ["amount"] }]
"#;

fn history(who: &Person, words: &str) -> Vec<Value> {
    who.does(&format!("automation history {words}"))["runs"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn rules_run_on_the_acting_device_offline_and_one_trigger_on_two_devices_has_every_effect_once() {
    let mut office = Office::new(RULES);
    let case = open(&office.ana, "AUT", "A claim", &[]);
    office.settle();
    office.premises.server.kill();
    let said = office
        .rui
        .does(&format!("case set {case} amount='900 EUR'"));
    assert_eq!(count(&said["effects"]), 6, "a chain of two rules: {said}");
    let told = office
        .ana
        .reads(&format!("case set {case} amount='900 EUR'"));
    holds(
        &told,
        &[
            "by rule Big amounts:",
            "by rule What is big is urgent:",
            "Look at 900.00 EUR",
        ],
    );
    office.premises.server.start_again();
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        (&shown["labels"], &shown["priority"]),
        (&json!(["big"]), &json!("high"))
    );
    assert_eq!(
        (count(&shown["tasks"]), &shown["fields"]["rounds"]["count"]),
        (1, &json!(1))
    );
    let assignees = shown["assignees"].as_array().unwrap();
    let mut assignees: Vec<&str> = assignees.iter().filter_map(|one| one.as_str()).collect();
    assignees.sort_unstable();
    assert_eq!(assignees, ["Ana", "Rui"], "each is the actor of their own");
    let told = office.ana.does("inbox --kind notice");
    assert_eq!(count(&told["entries"]), 1, "{told}");
    holds(
        &office.ana.reads("inbox --kind notice"),
        &["A claim is about 900.00 EUR", "(rule big)"],
    );
    for who in [&office.ana, &office.rui] {
        assert!(history(who, &format!("on-big --case {case}")).len() >= 2);
        holds(
            &who.reads(&format!("case timeline {case}")),
            &["by rule big"],
        );
        assert_eq!(who.does("verify")["holds"], true);
    }
}

#[test]
fn a_dry_run_tells_what_would_happen_and_why_not_and_does_nothing() {
    let office = Office::new(RULES);
    let ana = &office.ana;
    let case = open(ana, "AUT", "A claim", &[]);
    let changes = ana.case(&case)["changes"].clone();
    let would = ana.does(&format!("automation dry-run {case} --set amount='900 EUR'"));
    assert_eq!(count(&would["would"]), 6, "{would}");
    let read = ana.reads(&format!("automation dry-run {case} --set amount='900 EUR'"));
    holds(&read, &["Look at 900.00 EUR", "Nothing was done."]);
    holds(
        &ana.reads(&format!("automation dry-run {case} --set amount='9 EUR'")),
        &["No rule would do anything"],
    );
    let read = ana.reads(&format!("automation dry-run {case} --rule big"));
    holds(&read, &["would not act now", "(no)"]);
    holds(
        &ana.reads(&format!("automation dry-run {case} --label forward")),
        &["Send it on", "failed", "Reviewer"],
    );
    holds(
        &ana.refused(&format!("automation dry-run {case} --rule bog")),
        &["casework automation list"],
    );
    assert_eq!(ana.case(&case)["changes"], changes);
    assert_eq!(count(&ana.does("automation list AUT")["automations"]), 6);
}

#[test]
fn a_rule_that_goes_round_is_stopped_and_one_that_fails_is_visible_to_everybody() {
    let office = Office::new(RULES);
    let (ana, rui) = (&office.ana, &office.rui);
    let case = open(ana, "AUT", "A claim", &[]);
    office.settle();
    let told = rui.reads(&format!("case label {case} ping"));
    holds(&told, &["stopped, it goes round in circles", "ping"]);
    let told = rui.reads(&format!("case label {case} forward"));
    holds(&told, &["rule Send it on failed", "Reviewer"]);
    assert_eq!(rui.case(&case)["stage"], "intake", "the act itself stands");
    office.settle();
    for who in [ana, rui] {
        let runs = history(who, &format!("forward --case {case}"));
        assert_eq!(runs.len(), 1, "{runs:?}");
        let failed = &runs[0];
        assert_eq!(failed["trouble"], true, "{failed}");
        holds(&failed["why"].to_string(), &["Review requires Reviewer"]);
        holds(
            &who.reads("automation history forward"),
            &["forward !", "on Rui's device"],
        );
        holds(
            &who.reads(&format!("case timeline {case}")),
            &["goes round", "rule forward failed", "Reviewer"],
        );
    }
    office.same(&case);
}

/// Waits for a call and answers it; the head in lower case, and the body.
fn called(receiver: &TcpListener, answer: &str) -> (String, Value) {
    let (mut caller, _) = receiver.accept().unwrap();
    let mut reader = BufReader::new(caller.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let head = head.to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    write!(
        caller,
        "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn what_waits_for_time_is_fired_by_the_agent_which_numbers_calls_outside_and_gives_up_visibly() {
    let mut office = Office::new(RULES);
    let bot = office.joins("Bot", "agent");
    let case = open(
        &office.ana,
        "AUT",
        "A lease",
        &["ends=2020-01-01", "amount=12 EUR"],
    );
    let later = open(&office.ana, "AUT", "A later lease", &["ends=2199-01-01"]);
    settle(&[&office.ana, &office.rui, &bot]);
    let next = office.rui.does("automation next");
    assert_eq!(count(&next["timers"]), 2, "{next}");
    assert_eq!(next["timers"][0]["timer"]["rule"], "ended");
    let explained = office
        .rui
        .reads(&format!("automation dry-run {case} --rule ended"));
    holds(&explained, &["fires since 2020-01-03"]);

    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", receiver.local_addr().unwrap());
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let config = format!("[hooks.billing]\nurl = \"{url}\"\nsecret = \"{secret}\"\n");
    fs::write(bot.folder.join("agent.toml"), config).unwrap();
    let calls = thread::spawn(move || {
        let first = called(&receiver, "204 No Content");
        (first, receiver)
    });
    let turn = bot.does("agent run --once");
    let ((head, body), receiver) = calls.join().unwrap();
    holds(
        &head,
        &[
            "post /hook",
            "webhook-id: ",
            "webhook-timestamp: ",
            "webhook-signature: v1,",
        ],
    );
    holds(&body.to_string(), &["A lease", "12"]);
    assert_eq!(
        (
            &turn["numbered"],
            count(&turn["fired"]),
            count(&turn["errands"])
        ),
        (&json!(2), 1, 1)
    );
    settle(&[&bot, &office.ana, &office.rui]);
    let shown = office.same(&case);
    assert_eq!(shown["labels"], json!(["ended"]));
    let numbers =
        [&case, &later].map(|case| office.same(case)["number"].as_str().unwrap().to_owned());
    let years = numbers.clone().map(|number| number[4..8].to_owned());
    let wanted: Vec<String> = years
        .iter()
        .zip(1..)
        .map(|(year, n)| format!("AUT-{year}-{n:04}"))
        .collect();
    let mut numbers = numbers.to_vec();
    numbers.sort();
    assert_eq!(numbers, wanted, "without a gap");
    assert_eq!(bot.does("agent run --once")["fired"], json!([]), "once");
    let status = office.ana.does("agent status");
    assert_eq!(
        (&status["waiting"], &status["dead"]),
        (&json!(0), &json!(0))
    );

    // Somebody refuses for good: it stands in the list of what was given up, and is asked for again.
    office
        .ana
        .does(&format!("case set {later} ends=2020-02-01"));
    settle(&[&office.ana, &bot]);
    let calls = thread::spawn(move || (called(&receiver, "410 Gone"), receiver));
    bot.does("agent run --once");
    let (_, receiver) = calls.join().unwrap();
    settle(&[&bot, &office.ana]);
    let dead = office.ana.does("agent dead-letters");
    assert_eq!(count(&dead["dead"]), 1, "{dead}");
    holds(
        &office.ana.reads("agent dead-letters"),
        &["billing", "410", "--retry"],
    );
    office.ana.does("agent dead-letters --retry all");
    settle(&[&office.ana, &bot]);
    let calls = thread::spawn(move || called(&receiver, "204 No Content"));
    bot.does("agent run --once");
    calls.join().unwrap();
    settle(&[&bot, &office.ana, &office.rui]);
    assert_eq!(office.ana.does("agent status")["dead"], 0);
    assert!(
        history(&office.rui, "ended")
            .iter()
            .all(|run| run["trouble"] == false)
    );

    // What lies ahead fires when its time has come.
    let ahead = open(&office.ana, "AUT", "Tomorrow", &[]);
    let day = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%F")
        .to_string();
    office.ana.does(&format!("case set {ahead} ends={day}"));
    settle(&[&office.ana, &bot]);
    assert_eq!(bot.does("agent run --once")["fired"], json!([]));
    office.premises.server.set_ahead(3 * DAY);
    fs::remove_file(bot.folder.join("agent.toml")).unwrap();
    let [ana, bot] = [&office.ana, &bot].map(|who| who.ahead(3 * DAY));
    assert_eq!(count(&bot.does("agent run --once")["fired"]), 1);
    settle(&[&bot, &ana]);
    assert_eq!(ana.case(&ahead)["labels"], json!(["ended"]));
    assert_eq!(
        ana.does("agent status")["waiting"],
        1,
        "the hook is not configured any more"
    );
}
