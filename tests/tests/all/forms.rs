//! A form served by a device of the intake member: what strangers send is signed by it, reaches the
//! office through the server, and what the office does reaches the stranger.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use casework_tests::process::{Person, Premises, checkout, settle, text};

/// The program that serves; killed when dropped.
pub(crate) struct Desk {
    child: Child,
    address: String,
}

impl Desk {
    pub(crate) fn open(intake: &Person) -> Self {
        let words = [
            "form",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--min-fill-secs",
            "0",
            "--json",
        ];
        let mut command = intake.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.next().unwrap().unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        // Reads on, so that the process never waits for a full pipe.
        thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address: text(&said["data"]["address"]),
        }
    }

    fn ask(&self, first: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let length = body.len();
        write!(
            stream,
            "{first} HTTP/1.1\r\nHost: forms\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        )
        .unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    /// Opens a page and sends it with these answers.
    pub(crate) fn fill_in(&self, path: &str, answers: &str) -> String {
        let page = self.ask(&format!("GET {path}"), "");
        let ticket = after(&page, "name=\"ticket\" value=\"");
        self.ask(
            &format!("POST {path}"),
            &format!("ticket={ticket}&{answers}"),
        )
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands in a page between these words and the next quote or tag.
pub(crate) fn after(page: &str, words: &str) -> String {
    let rest = page.split(words).nth(1).unwrap_or_else(|| panic!("{page}"));
    rest.split(['"', '<']).next().unwrap_or_default().to_owned()
}

pub(crate) fn path_of(made: &serde_json::Value) -> String {
    let url = text(&made["url"]);
    url[url.find("/f/").unwrap()..].to_owned()
}

#[test]
fn what_a_stranger_sends_is_signed_by_the_intake_and_answered_by_the_office() {
    let premises = Premises::new();
    let ana = premises.ana();
    let package = checkout().join("desk/tests/desk/service.toml");
    ana.json(&["template", "import", package.to_str().unwrap()]);
    let words = ["--kind", "service", "--role", "intake"];
    ana.json(&[&["member", "add", "Front door"], &words[..]].concat());
    ana.json(&["sync"]);
    let invite = ana.json(&["invite", "--device-of", "Front door"]);
    ana.json(&["sync"]);
    let door = premises.person("door");
    let link = text(&invite["link"]);
    door.json(&[
        "join",
        &link,
        "--name",
        "Front door",
        "--device",
        "Server room",
    ]);
    let path = path_of(&door.json(&["form", "link", "SRV", "report"]));

    let desk = Desk::open(&door);
    let sent = desk.fill_in(&path, "f.summary=Dark+street&f.street=Rua+Nova&consent=yes");
    let receipt = after(&sent, "class=\"box number\">");
    drop(desk);
    settle(&[&door, &ana]);
    let new = ana.json(&["form", "submissions", "--new"]);
    let case = text(&new["submissions"][0]["number"]);
    assert_eq!(ana.case(&case)["title"], "Dark street");
    let timeline = ana.output(&["case", "timeline", &case]);
    let timeline = String::from_utf8_lossy(&timeline.stdout).into_owned();
    assert!(timeline.contains("Front door"), "{timeline}");

    ana.json(&["form", "review", &case, "--accept"]);
    ana.json(&["case", "comment", &case, "A lamp is coming", "--external"]);
    let asked = ana.json(&["form", "request", &case, "more", "--note", "Since when?"]);
    settle(&[&ana, &door]);
    let desk = Desk::open(&door);
    let back = desk.fill_in("/r", &format!("receipt={receipt}"));
    assert!(back.contains("Somebody is working on it."), "{back}");
    assert!(back.contains("A lamp is coming"), "{back}");
    let answered = desk.fill_in(&path_of(&asked), "f.seen=2026-01-31&q.else=");
    assert!(answered.contains("class=\"box number\">"), "{answered}");
    drop(desk);
    settle(&[&door, &ana]);
    let fields = ana.case(&case)["fields"].clone();
    assert!(fields.to_string().contains("2026-01-31"), "{fields}");
    for who in [&ana, &door] {
        assert_eq!(who.json(&["verify"])["holds"], true);
    }
}

#[test]
fn a_second_host_with_a_copied_folder_serves_no_link_of_the_first() {
    let premises = Premises::new();
    let ana = premises.ana();
    let package = checkout().join("desk/tests/desk/service.toml");
    ana.json(&["template", "import", package.to_str().unwrap()]);
    let words = ["--kind", "service", "--role", "intake"];
    ana.json(&[&["member", "add", "Front door"], &words[..]].concat());
    ana.json(&["sync"]);
    let door = |name: &str| {
        let invite = ana.json(&["invite", "--device-of", "Front door"]);
        ana.json(&["sync"]);
        let person = premises.person(name);
        let link = text(&invite["link"]);
        person.json(&["join", &link, "--name", "Front door", "--device", name]);
        person
    };
    let (first, second) = (door("first"), door("second"));
    let path = path_of(&first.json(&["form", "link", "SRV", "report"]));
    let desk = Desk::open(&first);
    let answers = "f.summary=Dark+street&f.street=Rua+Nova&consent=yes";
    let page = desk.ask(&format!("GET {path}"), "");
    let ticket = after(&page, "name=\"ticket\" value=\"");
    let body = format!("ticket={ticket}&{answers}");
    let sent = desk.ask(&format!("POST {path}"), &body);
    assert!(sent.contains("class=\"box number\">"), "{sent}");
    drop(desk);
    // The link and the key of the first door lie in the folder of the second one as well.
    for file in ["form-links.json", "forms.key"] {
        std::fs::copy(first.folder.join(file), second.folder.join(file)).unwrap();
    }
    let desk = Desk::open(&second);
    let page = desk.ask(&format!("GET {path}"), "");
    assert!(page.starts_with("HTTP/1.1 404"), "{page}");
    // Once it knows of the submission, it answers the page that is sent again with its receipt.
    let again = desk.ask(&format!("POST {path}"), &body);
    let known = after(&sent, "class=\"box number\">");
    assert!(
        again.starts_with("HTTP/1.1 404") || again.contains(&known),
        "{again}"
    );
    drop(desk);
    settle(&[&first, &second, &ana]);
    let all = ana.json(&["form", "submissions"]);
    assert_eq!(all["submissions"].as_array().unwrap().len(), 1, "{all}");
}

/// Rules that wait for forms, behind the forms of the service.
const RULES: &str = r#"
[[automations]]
id = "welcome"
name = "Welcome"
trigger = { on = "form-submitted", form = "report" }
actions = [
    { do = "comment", body = "We received it: {field/summary}", external = true },
    { do = "create-task", title = "Look at the street" },
]

[[automations]]
id = "seen"
name = "It was seen"
trigger = { on = "form-submitted", form = "more" }
when = [[{ of = "field/seen", is = "filled" }]]
actions = [
    { do = "comment", body = "Seen on {field/seen}, thank you", external = true },
    { do = "add-label", label = "seen" },
    { do = "webhook", hook = "outside" },
]
"#;

#[test]
fn rules_that_wait_for_a_form_run_where_it_is_taken_and_answer_whoever_sent_it() {
    let premises = Premises::new();
    let ana = premises.ana();
    let package = checkout().join("desk/tests/desk/service.toml");
    let package = std::fs::read_to_string(package).unwrap();
    let with_rules = ana.folder.with_extension("service.toml");
    std::fs::write(&with_rules, format!("{package}\n{RULES}")).unwrap();
    ana.json(&["template", "import", with_rules.to_str().unwrap()]);
    ana.json(&["sync"]);
    let link = text(&ana.json(&["invite", "--role", "agent"])["link"]);
    ana.json(&["sync"]);
    let bot = premises.person("bot");
    bot.json(&["join", &link, "--name", "Bot", "--device", "Server room"]);
    let path = path_of(&bot.json(&["form", "link", "SRV", "report"]));

    let desk = Desk::open(&bot);
    let sent = desk.fill_in(&path, "f.summary=Dark+street&consent=yes");
    let sender = after(&sent, "class=\"box number\">");
    let told = desk.fill_in("/r", &format!("receipt={sender}"));
    assert!(told.contains("We received it: Dark street"), "{told}");
    drop(desk);
    settle(&[&bot, &ana]);
    let case = text(&ana.json(&["form", "submissions"])["submissions"][0]["number"]);
    let shown = ana.case(&case);
    assert_eq!(shown["tasks"][0]["title"], "Look at the street", "{shown}");
    assert!(!shown["labels"].to_string().contains("seen"), "{shown}");
    let asked = path_of(&ana.json(&["form", "request", &case, "more"]));
    settle(&[&ana, &bot]);

    let desk = Desk::open(&bot);
    let answered = desk.fill_in(&asked, "f.seen=2026-01-31");
    let neighbour = after(&answered, "class=\"box number\">");
    let told = desk.fill_in("/r", &format!("receipt={neighbour}"));
    assert!(told.contains("Seen on 2026-01-31, thank you"), "{told}");
    assert!(!told.contains("We received it"), "{told}");
    let told = desk.fill_in("/r", &format!("receipt={sender}"));
    assert!(!told.contains("Seen on"), "{told}");
    drop(desk);
    settle(&[&bot, &ana]);
    for who in [&ana, &bot] {
        let shown = who.case(&case);
        assert!(shown["labels"].to_string().contains("seen"), "{shown}");
        assert_eq!(who.json(&["verify"])["holds"], true);
    }
    let history = ana.json(&["automation", "history", "seen"]);
    // One row for each thing that the rule did, and each once.
    let runs = history["runs"].as_array().unwrap().iter();
    let words = runs.map(|run| text(&run["action"]));
    let mut kinds: Vec<String> = words.map(|w| w.split(' ').next().unwrap().into()).collect();
    kinds.sort();
    let expected = ["comment.add", "effect.request", "label.add"];
    assert_eq!(kinds, expected, "{history}");
    assert_eq!(ana.json(&["agent", "status"])["waiting"], 1);
}
