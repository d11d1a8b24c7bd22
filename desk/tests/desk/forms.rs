//! Public forms as people meet them: a link, a browser, the program that serves, and what operators
//! see of it.

mod attacks;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Person, Running};

/// Ana with the service template, whose forms are served.
struct Office {
    ana: Person,
    serving: Running,
    address: String,
}

/// An answer of the server.
struct Page {
    status: u16,
    head: String,
    body: String,
}

impl Office {
    fn new() -> Self {
        let ana = Person::new();
        ana.json(&["init", "City", "--as", "Ana", "--device", "Laptop"]);
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desk/service.toml");
        ana.json(&["template", "import", package.to_str().unwrap()]);
        let (serving, address) = serve(&ana);
        Self {
            ana,
            serving,
            address,
        }
    }

    /// A new intake link, as the path of its form.
    fn link(&self, words: &[&str]) -> String {
        let made = self
            .ana
            .json(&[&["form", "link", "SRV", "report"], words].concat());
        path_of(&made)
    }

    fn get(&self, path: &str) -> Page {
        ask(&self.address, &format!("GET {path} HTTP/1.1"), "")
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(pairs);
        ask(
            &self.address,
            &format!("POST {path} HTTP/1.1"),
            &body.finish(),
        )
    }

    /// Opens the form and sends it.
    fn send(&self, path: &str, answers: &[(&str, &str)]) -> Page {
        let page = self.get(path);
        assert_eq!(page.status, 200, "{}", page.body);
        let ticket = input(&page.body, "ticket");
        self.post(path, &[&[("ticket", ticket.as_str())], answers].concat())
    }

    fn submissions(&self, words: &[&str]) -> Vec<Value> {
        let said = self.ana.json(&[&["form", "submissions"], words].concat());
        said["submissions"].as_array().unwrap().clone()
    }
}

fn serve(ana: &Person) -> (Running, String) {
    let mut serving = ana.spawn(&[
        "form",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--min-fill-secs",
        "0",
        "--json",
    ]);
    let line = serving.wait_for("serving");
    let said: Value = serde_json::from_str(&line).unwrap();
    let address = said["data"]["address"].as_str().unwrap().to_owned();
    (serving, address)
}

fn path_of(made: &Value) -> String {
    let url = made["url"].as_str().unwrap();
    url[url.find("/f/").unwrap()..].to_owned()
}

fn ask(address: &str, first: &str, body: &str) -> Page {
    let head = format!(
        "{first}\r\nHost: forms\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        body.len()
    );
    raw(address, format!("{head}{body}").as_bytes())
}

fn raw(address: &str, bytes: &[u8]) -> Page {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Page {
        status: status.unwrap_or_default(),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

fn input(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page
        .split(&mark)
        .nth(1)
        .unwrap_or_else(|| panic!("{name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

fn receipt(page: &Page) -> String {
    let mark = "class=\"box number\">";
    let rest = page
        .body
        .split(mark)
        .nth(1)
        .unwrap_or_else(|| panic!("{}", page.body));
    rest.split('<').next().unwrap().to_owned()
}

const REPORT: [(&str, &str); 3] = [
    ("f.summary", "Hole in the road"),
    ("f.street", "Rua Nova <b>1</b>"),
    ("consent", "yes"),
];

#[test]
fn a_form_opens_a_case_that_is_reviewed_and_followed_by_its_receipt() {
    let office = Office::new();
    let path = office.link(&["--for", "Website"]);
    let sent = office.send(&path, &REPORT);
    assert_eq!(sent.status, 200, "{}", sent.body);
    let number = receipt(&sent);
    let new = office.submissions(&["--new"]);
    assert_eq!(new.len(), 1);
    let case = new[0]["number"].as_str().unwrap();
    let view = office.ana.json(&["case", "show", case]);
    assert_eq!(view["title"], "Hole in the road");
    let shown = office.ana.json(&["form", "show", case]);
    assert_eq!(
        shown["given"]["answers"]["f.street"][0],
        "Rua Nova <b>1</b>"
    );
    assert_eq!(
        shown["given"]["mapped"],
        serde_json::json!(["street", "summary"])
    );
    let told = office.ana.text(&["case", "timeline", case]);
    assert!(
        told.contains("came in, which set street, summary"),
        "{told}"
    );
    let page = office.ana.text(&["case", "show", case]);
    assert!(
        page.contains("labels web") && page.contains("report sent"),
        "{page}"
    );

    office.ana.json(&[
        "form",
        "review",
        case,
        "--ask",
        "--reason",
        "where exactly?",
    ]);
    office
        .ana
        .json(&["case", "comment", case, "Which side?", "--external"]);
    office
        .ana
        .json(&["case", "comment", case, "He calls often"]);
    assert_eq!(office.submissions(&["--new"]).len(), 0);
    let ticket = input(&office.get("/r").body, "ticket");
    let back = office.post("/r", &[("ticket", &ticket), ("receipt", &number)]);
    assert!(
        back.body.contains("We need an answer from you"),
        "{}",
        back.body
    );
    assert!(back.body.contains("Which side?"));
    for secret in ["He calls often", "where exactly?", case, "Rua Nova"] {
        assert!(!back.body.contains(secret), "{secret}");
    }
    let ticket = input(&back.body, "ticket");
    let more = [
        ("ticket", ticket.as_str()),
        ("receipt", &number),
        ("addition", "The left"),
    ];
    assert!(
        office
            .post("/r/add", &more)
            .body
            .contains("It has been added.")
    );
    let shown = office.ana.json(&["form", "show", case]);
    assert_eq!(shown["given"]["additions"][0]["text"], "The left");
    assert_eq!(office.ana.json(&["verify"])["holds"], true);
}

#[test]
fn a_request_sets_what_the_case_takes_and_ends_with_its_answer() {
    let office = Office::new();
    let case = office
        .ana
        .json(&["case", "open", "SRV", "Lamp", "--set", "summary=Lamp"]);
    let case = case["number"].as_str().unwrap().to_owned();
    let note = "Please tell us the day.";
    let made = office
        .ana
        .json(&["form", "request", &case, "more", "--note", note]);
    let path = path_of(&made);
    assert!(office.get(&path).body.contains(note));
    let sent = office.send(&path, &[("f.seen", "2026-01-31"), ("q.else", "It blinks")]);
    assert_eq!(sent.status, 200, "{}", sent.body);
    let view = office.ana.text(&["case", "show", &case]);
    assert!(
        view.contains("2026-01-31") && view.contains("used"),
        "{view}"
    );
    assert_eq!(office.get(&path).status, 404, "it was for one answer");
    let told = office.ana.json(&["case", "timeline", &case]).to_string();
    assert!(
        told.contains("hold.start") && told.contains("hold.end"),
        "{told}"
    );
    let second = path_of(&office.ana.json(&["form", "request", &case, "more"]));
    assert_eq!(office.get(&second).status, 200);
    office.ana.json(&["case", "close", &case, "solved"]);
    assert_eq!(
        office.get(&second).status,
        404,
        "a closed case asks nothing"
    );
}

#[test]
fn a_page_that_is_sent_again_after_a_crash_opens_one_case() {
    let mut office = Office::new();
    let path = office.link(&[]);
    let ticket = input(&office.get(&path).body, "ticket");
    let answers = [&[("ticket", ticket.as_str())], &REPORT[..]].concat();
    let first = office.post(&path, &answers);
    office.serving.child.kill().unwrap();
    office.serving.child.wait().unwrap();
    let (serving, address) = serve(&office.ana);
    (office.serving, office.address) = (serving, address);
    let second = office.post(&path, &answers);
    assert_eq!(receipt(&first), receipt(&second));
    assert_eq!(office.submissions(&[]).len(), 1);
}

#[test]
fn links_end_by_use_and_by_hand_and_all_look_the_same_then() {
    let office = Office::new();
    let (once, ended) = (
        office.link(&["--single-use"]),
        office.link(&["--for", "Fair"]),
    );
    assert_eq!(office.send(&once, &REPORT).status, 200);
    office.ana.json(&["form", "revoke", "fair"]);
    let pages =
        [once.as_str(), &ended, "/f/00000000000000000000000000", "/x"].map(|path| office.get(path));
    for page in &pages {
        assert_eq!((page.status, &page.body), (404, &pages[0].body));
    }
    let links = office.ana.json(&["form", "links"]);
    let states: Vec<&str> = links["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["used", "revoked"]);
}

#[test]
fn every_page_forbids_what_it_does_not_need() {
    let office = Office::new();
    let path = office.link(&[]);
    for page in [office.get(&path), office.get("/nothing"), office.get("/r")] {
        for header in [
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "form-action 'self'; frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
        ] {
            assert!(page.head.contains(header), "{header} in {}", page.head);
        }
        assert!(!page.head.contains("set-cookie"), "{}", page.head);
    }
    let head = ask(&office.address, &format!("HEAD {path} HTTP/1.1"), "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[test]
fn a_page_that_is_sent_again_after_a_restart_adds_nothing_twice() {
    let mut office = Office::new();
    let number = receipt(&office.send(&office.link(&[]), &REPORT));
    let ticket = input(&attacks::comes_back(&office, &number), "ticket");
    let more = [
        ("ticket", ticket.as_str()),
        ("receipt", &number),
        ("addition", "The left"),
    ];
    assert_eq!(office.post("/r/add", &more).status, 200);
    office.serving.child.kill().unwrap();
    office.serving.child.wait().unwrap();
    let (serving, address) = serve(&office.ana);
    (office.serving, office.address) = (serving, address);
    assert_eq!(office.post("/r/add", &more).status, 200);
    assert_eq!(office.submissions(&[])[0]["additions"], 1);
}
