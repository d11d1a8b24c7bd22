//! The agent as a real process that is killed between any two steps, and agents in histories.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use casework_tests::process::{Person, Premises, settle, text};
use casework_tests::sim::agents;
use serde_json::{Value, json};

const TEMPLATE: &str = r#"
key = "AG"
name = "Agents"
unlisted = "free"
stages = [
    { id = "intake", name = "Intake", category = "intake" },
    { id = "done", name = "Done", category = "done" },
]
fields = [
    { id = "ends", label = "Ends", type = "date" },
    { id = "ended", label = "Ended", type = "counter" },
]

[[automations]]
id = "ends"
name = "It ends"
trigger = { on = "date-reached", date = "field/ends" }
actions = [
    { do = "count", field = "ended", by = 1 },
    { do = "add-label", label = "ended" },
]

[[automations]]
id = "tell"
name = "Tell them"
trigger = { on = "label-added", label = "ended" }
actions = [{ do = "HOW" }]
"#;

/// Ana with a case whose date is past, and an agent whose rule wants this of the world outside.
fn scene(premises: &Premises, wanted: &str) -> (Person, Person, String) {
    let ana = premises.person("ana");
    let url = premises.server.url();
    ana.json(&["init", "Customer care", "--as", "Ana", "--server", &url]);
    let package = ana.folder.with_extension("toml");
    fs::write(&package, TEMPLATE.replace(r#"{ do = "HOW" }"#, wanted)).unwrap();
    ana.json(&["template", "import", package.to_str().unwrap()]);
    ana.json(&["sync"]);
    let link = text(&ana.json(&["invite", "--role", "agent"])["link"]);
    let bot = premises.person("bot");
    bot.json(&["join", &link, "--name", "Bot", "--device", "Server room"]);
    let opened = ana.json(&["case", "open", "AG", "A lease", "--set", "ends=2020-01-01"]);
    ana.json(&["sync"]);
    let case = text(&opened["document"]);
    (ana, bot, case)
}

fn once(bot: &Person) -> Value {
    bot.json(&["agent", "run", "--once"])
}

fn configure(bot: &Person, text: &str) {
    fs::write(bot.folder.join("agent.toml"), text).unwrap();
}

/// A program that notes the key it was called under, and does this besides.
fn program(bot: &Person, besides: &str) {
    let calls = bot.folder.join("calls");
    let script = format!("echo $CASEWORK_KEY >> {}; {besides}", calls.display());
    let config = format!("[commands.note]\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"{script}\"]\n");
    configure(bot, &config);
}

fn calls(bot: &Person) -> Vec<String> {
    let calls = fs::read_to_string(bot.folder.join("calls")).unwrap_or_default();
    calls.lines().map(str::to_owned).collect()
}

/// What the case says in the end: the rule fired once, and what it wanted outside is done.
fn assert_done_once(ana: &Person, bot: &Person, case: &str) {
    settle(&[bot, ana]);
    let shown = ana.case(case);
    assert_eq!(shown["fields"]["ended"]["words"], "1", "{shown}");
    assert_eq!(
        shown["number"],
        "AG-2026-0001".replace("2026", &year(&shown))
    );
    let status = ana.json(&["agent", "status"]);
    assert_eq!(
        (&status["waiting"], &status["dead"]),
        (&json!(0), &json!(0))
    );
    let fired = ana.json(&["automation", "history", "ends"]);
    assert_eq!(fired["runs"].as_array().unwrap().len(), 2, "{fired}");
    assert_eq!(once(bot)["fired"], json!([]));
}

fn year(shown: &Value) -> String {
    text(&shown["number"])[3..7].to_owned()
}

const COMMAND: &str = r#"{ do = "command", command = "note" }"#;
const WEBHOOK: &str = r#"{ do = "webhook", hook = "outside" }"#;

#[test]
fn a_rule_fires_on_the_agent_and_everybody_sees_when_it_will_and_what_it_did() {
    let premises = Premises::new();
    let (ana, bot, case) = scene(&premises, COMMAND);
    let next = ana.json(&["automation", "next"]);
    assert_eq!(next["timers"][0]["timer"]["rule"], "ends", "{next}");
    let dry = ana.json(&["automation", "dry-run", &case, "--rule", "ends"]);
    assert_eq!(
        dry["rules"][0]["fires"][0]["tick"],
        "date/field/ends@2020-01-01"
    );
    program(&bot, "true");
    let told = once(&bot);
    assert_eq!(told["fired"][0]["rule"], "ends", "{told}");
    assert_eq!(
        told["fired"][0]["effects"].as_array().unwrap().len(),
        3,
        "{told}"
    );
    assert_eq!(told["errands"][0]["name"], "note", "{told}");
    assert_eq!(told["numbered"], 1, "{told}");
    assert_eq!(calls(&bot).len(), 1);
    assert_done_once(&ana, &bot, &case);
    assert_eq!(ana.json(&["automation", "next"])["timers"], json!([]));
    assert_eq!(ana.json(&["verify"])["holds"], true);
}

#[test]
fn an_agent_killed_between_claim_and_call_goes_on_where_it_stood() {
    let premises = Premises::new();
    let (ana, bot, case) = scene(&premises, COMMAND);
    // Its configuration lacks the program yet: it claims, fires and waits.
    let claimed = bot.going_on(&["agent", "run"], "did nothing outside");
    drop(claimed);
    program(&bot, "true");
    once(&bot);
    once(&bot);
    assert_eq!(calls(&bot).len(), 1);
    assert_done_once(&ana, &bot, &case);
}

#[test]
fn an_agent_killed_between_call_and_note_calls_again_under_the_same_key() {
    let premises = Premises::new();
    let (ana, bot, case) = scene(&premises, COMMAND);
    program(&bot, "kill -9 $PPID");
    let ended = bot.output(&["agent", "run", "--once"]);
    assert_eq!(ended.status.signal(), Some(9));
    program(&bot, "true");
    once(&bot);
    let calls = calls(&bot);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0], calls[1]);
    assert_done_once(&ana, &bot, &case);
}

#[test]
fn an_agent_killed_between_note_and_report_reports_and_does_not_call() {
    let premises = Premises::new();
    let (ana, bot, case) = scene(&premises, COMMAND);
    program(&bot, "kill -9 $PPID");
    let ended = bot.output(&["agent", "run", "--once"]);
    assert_eq!(ended.status.signal(), Some(9));
    // What the journal holds when the kill comes a moment later.
    let noted =
        json!({ &calls(&bot)[0]: { "tries": 0, "next_ms": 0, "outcome": ["done", "said"] } });
    fs::write(bot.folder.join("agent-journal.json"), noted.to_string()).unwrap();
    program(&bot, "true");
    once(&bot);
    assert_eq!(calls(&bot).len(), 1);
    assert_done_once(&ana, &bot, &case);
}

#[test]
fn a_receiver_hears_twice_only_under_one_webhook_id() {
    let premises = Premises::new();
    let (ana, bot, case) = scene(&premises, WEBHOOK);
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", receiver.local_addr().unwrap());
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    configure(
        &bot,
        &format!("[hooks.outside]\nurl = \"{url}\"\nsecret = \"{secret}\"\n"),
    );
    let agent = bot.going_on(&["agent", "run"], "Ctrl-C");
    let (first, mut unanswered) = heard(&receiver);
    drop(agent);
    let _ = unanswered.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
    let second = std::thread::scope(|scope| {
        let listening = scope.spawn(|| {
            let (id, mut caller) = heard(&receiver);
            let answer = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n";
            caller.write_all(answer).unwrap();
            id
        });
        once(&bot);
        listening.join().unwrap()
    });
    assert_eq!(first, second);
    receiver.set_nonblocking(true).unwrap();
    assert_done_once(&ana, &bot, &case);
    assert!(receiver.accept().is_err(), "it was called a third time");
}

/// Waits for a call; answers its `webhook-id` and the caller, who waits for an answer.
fn heard(receiver: &TcpListener) -> (String, TcpStream) {
    let (caller, _) = receiver.accept().unwrap();
    let mut lines = BufReader::new(caller.try_clone().unwrap()).lines();
    let mut head = lines
        .by_ref()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty());
    let id = head.find_map(|line| line.strip_prefix("webhook-id: ").map(str::to_owned));
    (id.expect("a call bears its id"), caller)
}

#[test]
fn an_agent_serves_the_forms_beside_its_work() {
    let premises = Premises::new();
    let (_, bot, _) = scene(&premises, COMMAND);
    configure(
        &bot,
        "[forms]\nlisten = \"127.0.0.1:0\"\nbase_url = \"http://127.0.0.1:7480\"\n",
    );
    let mut agent = bot.command(&["agent", "run", "--json"]);
    agent.stdout(std::process::Stdio::piped());
    let mut agent = agent.spawn().unwrap();
    let lines = BufReader::new(agent.stdout.take().unwrap()).lines();
    let events = lines.map_while(Result::ok);
    let serving = events
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .find(|event| event["event"] == "serving")
        .expect("it says where it serves");
    let mut caller = TcpStream::connect(text(&serving["address"])).unwrap();
    caller
        .write_all(b"GET /f/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let answer = BufReader::new(caller).lines().next().unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(Path::new(&bot.folder).is_dir());
}

/// Histories of the ordinary test run; `cargo xtask sim` plays more.
const HISTORIES: u64 = 80;

#[test]
fn in_histories_of_two_agents_everything_that_may_happen_once_happens_once() {
    let workers = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                for seed in (worker..HISTORIES).step_by(workers as usize) {
                    let _ = agents::run(seed);
                }
            });
        }
    });
}

#[test]
fn the_same_seed_plays_the_same_history_of_agents() {
    assert_eq!(agents::run(4242), agents::run(4242));
    assert_ne!(agents::run(4242).digest, agents::run(4243).digest);
}
