//! What strangers try on the forms: too much, too often, twice at once, and words that steer.

use super::*;

#[test]
fn what_is_no_request_or_too_large_ends_early() {
    let office = Office::new();
    let path = office.link(&[]);
    let large = "x".repeat(200_000);
    let page = ask(&office.address, &format!("POST {path} HTTP/1.1"), &large);
    assert_eq!(page.status, 413);
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "y".repeat(100_000)
    );
    assert!(raw(&office.address, head.as_bytes()).status >= 400);
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
    ] {
        let status = raw(&office.address, &[bytes, b"\r\n\r\n"].concat()).status;
        assert!(status == 400 || status == 0, "{status}");
    }
    assert_eq!(office.get(&path).status, 200, "and others are served on");
}

#[test]
#[cfg(target_os = "linux")]
fn one_address_holds_only_its_share_of_the_connections_and_is_told_so() {
    let office = Office::new();
    let path = office.link(&[]);
    // Each begins a request and never ends it.
    let mut held: Vec<TcpStream> = (0..40)
        .map_while(|_| {
            let mut stream = TcpStream::connect(&office.address).ok()?;
            let _ = stream.write_all(b"POST /r HTTP/1.1\r\nHost: x\r\n");
            Some(stream)
        })
        .collect();
    let page = office.get(&path);
    assert_eq!(page.status, 429, "{}", page.head);
    assert!(page.head.contains("retry-after:"), "{}", page.head);
    assert!(
        page.body
            .contains("Too many requests came from where you are")
    );
    let other = from_elsewhere(&office.address, &path);
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    held.clear();
    let back = (0..100).any(|_| office.get(&path).status == 200);
    assert!(back, "whoever leaves makes room");
}

#[test]
fn a_receipt_shows_nothing_that_was_written_for_somebody_else_who_was_asked() {
    let office = Office::new();
    let sender = receipt(&office.send(&office.link(&[]), &REPORT));
    let case = office.submissions(&[])[0]["number"]
        .as_str()
        .unwrap()
        .to_owned();
    let say = |words: &[&str]| {
        office
            .ana
            .json(&[&["case", "comment", &case], words].concat())
    };
    say(&["Thank you for the report", "--external"]);
    let asked = path_of(&office.ana.json(&["form", "request", &case, "more"]));
    let neighbour = receipt(&office.send(&asked, &[("f.seen", "2026-01-31")]));
    say(&["Dear neighbour, was it you?", "--external"]);
    let told = comes_back(&office, &sender);
    assert!(told.contains("Thank you for the report"), "{told}");
    assert!(!told.contains("neighbour"), "{told}");
    let told = comes_back(&office, &neighbour);
    assert!(
        !told.contains("Thank you") && !told.contains("neighbour"),
        "{told}"
    );

    let ids: Vec<String> = office
        .submissions(&[])
        .iter()
        .map(|row| row["submission"].as_str().unwrap().to_owned())
        .collect();
    let several = office.ana.fault(&["form", "answer", &case, "It was not"]).1;
    assert!(several.contains("there are several"), "{several}");
    let of_neighbour = office
        .submissions(&[])
        .iter()
        .position(|row| row["form"] == "more");
    let of_neighbour = &ids[of_neighbour.unwrap()];
    let to = ["--submission", &of_neighbour[..8]];
    office
        .ana
        .json(&[&["form", "answer", &case, "We believe you"], &to[..]].concat());
    assert!(comes_back(&office, &neighbour).contains("We believe you"));
    assert!(!comes_back(&office, &sender).contains("We believe you"));
}

#[test]
fn two_clicks_at_once_open_one_case_and_both_get_its_receipt() {
    let office = Office::new();
    let path = office.link(&[]);
    let ticket = input(&office.get(&path).body, "ticket");
    let answers = [&[("ticket", ticket.as_str())], &REPORT[..]].concat();
    let pages = at_once(4, |_| office.post(&path, &answers));
    let numbers: Vec<String> = pages.iter().map(receipt).collect();
    assert!(
        numbers.iter().all(|number| *number == numbers[0]),
        "{numbers:?}"
    );
    assert_eq!(office.submissions(&[]).len(), 1);

    let ticket = input(&comes_back(&office, &numbers[0]), "ticket");
    let more = [
        ("ticket", ticket.as_str()),
        ("receipt", &numbers[0]),
        ("addition", "The left"),
    ];
    let pages = at_once(4, |_| office.post("/r/add", &more));
    assert!(
        pages
            .iter()
            .all(|page| page.body.contains("It has been added."))
    );
    assert_eq!(office.submissions(&[])[0]["additions"], 1);
}

#[test]
fn of_two_people_at_a_link_for_one_only_one_opens_a_case() {
    let office = Office::new();
    let path = office.link(&["--single-use"]);
    let tickets: Vec<String> = (0..4)
        .map(|_| input(&office.get(&path).body, "ticket"))
        .collect();
    let pages = at_once(4, |n| {
        let ticket = [("ticket", tickets[n].as_str())];
        office.post(&path, &[&ticket[..], &REPORT[..]].concat())
    });
    let mut told: Vec<u16> = pages.iter().map(|page| page.status).collect();
    told.sort_unstable();
    assert_eq!(told, [200, 404, 404, 404]);
    assert_eq!(office.submissions(&[]).len(), 1);
}

/// The same from several connections at the same moment.
fn at_once(times: usize, ask: impl Fn(usize) -> Page + Sync) -> Vec<Page> {
    let start = std::sync::Barrier::new(times);
    std::thread::scope(|scope| {
        let (start, ask) = (&start, &ask);
        let asking: Vec<_> = (0..times)
            .map(|n| {
                scope.spawn(move || {
                    start.wait();
                    ask(n)
                })
            })
            .collect();
        let answers = asking.into_iter().map(|one| one.join().unwrap());
        answers.collect()
    })
}

#[test]
fn what_strangers_write_never_steers_a_terminal_or_turns_a_line() {
    let office = Office::new();
    let path = office.link(&[]);
    let evil = "Lamp \u{202e}desserts\u{202c}\u{2066}\u{200f} =HYPERLINK(1) {{owner}} $(id)";
    let prose = "One\r\nSubmission accepted: SRV-1\r\n\u{202e}Two";
    let sent = office.send(
        &path,
        &[
            ("f.summary", evil),
            ("f.street", "Rua Nova"),
            ("consent", "yes"),
        ],
    );
    assert_eq!(sent.status, 200, "{}", sent.body);
    let number = receipt(&sent);
    let case = office.submissions(&[])[0]["number"]
        .as_str()
        .unwrap()
        .to_owned();
    let ticket = input(&comes_back(&office, &number), "ticket");
    let more = [
        ("ticket", ticket.as_str()),
        ("receipt", &number),
        ("addition", prose),
    ];
    assert_eq!(office.post("/r/add", &more).status, 200);
    let asked = path_of(&office.ana.json(&["form", "request", &case, "more"]));
    let answers = [("f.seen", "2026-01-31"), ("q.else", prose)];
    assert_eq!(office.send(&asked, &answers).status, 200);
    let submissions = office.submissions(&[]);
    let ids = submissions
        .iter()
        .map(|row| row["submission"].as_str().unwrap());
    let mut looks: Vec<Vec<&str>> = vec![
        vec!["case", "show", &case],
        vec!["case", "timeline", &case],
        vec!["form", "submissions"],
        vec!["board"],
        vec!["list"],
        vec!["inbox"],
    ];
    looks.extend(ids.map(|id| vec!["form", "show", &case, id]));
    for words in looks {
        let told = office.ana.text(&words);
        let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let steers = told
            .chars()
            .find(|c| turns(*c) || (c.is_control() && *c != '\n'));
        assert_eq!(steers, None, "{words:?}: {told:?}");
        let forged = told
            .lines()
            .any(|line| line.starts_with("Submission accepted"));
        assert!(!forged, "{words:?}: {told}");
    }
}

#[test]
fn only_what_a_form_of_a_browser_sends_is_taken() {
    let office = Office::new();
    let path = office.link(&[]);
    let ticket = input(&office.get(&path).body, "ticket");
    let fields = format!("ticket={ticket}&f.summary=Hole&consent=yes");
    for media in [
        "multipart/form-data; boundary=x",
        "application/json",
        "text/plain",
        "",
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
            fields.len()
        );
        let page = raw(&office.address, format!("{head}{fields}").as_bytes());
        assert_eq!(page.status, 400, "{media}");
    }
    // Two lengths, or a length beside chunks, are how one request is smuggled into another.
    for twice in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{twice}\r\n\r\n0\r\n\r\nGET /r HTTP/1.1\r\n\r\n"
        );
        let page = raw(&office.address, head.as_bytes());
        assert!(
            page.status >= 400 || page.status == 0,
            "{twice}: {}",
            page.status
        );
        assert!(!page.body.contains("HTTP/1.1"), "one answer at most");
    }
    let many = "X: y\r\n".repeat(500);
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    assert!(raw(&office.address, head.as_bytes()).status >= 400);
    // Chunks without end are cut where a body is.
    let mut chunks =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..40 {
        chunks.push_str(&format!("1000\r\n{}\r\n", "x".repeat(0x1000)));
    }
    assert_eq!(raw(&office.address, chunks.as_bytes()).status, 413);
    assert!(office.submissions(&[]).is_empty());
}

/// Another address of this machine.
fn from_elsewhere(address: &str, path: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    })
}

/// What somebody with this receipt reads.
pub(super) fn comes_back(office: &Office, number: &str) -> String {
    let ticket = input(&office.get("/r").body, "ticket");
    office
        .post("/r", &[("ticket", &ticket), ("receipt", number)])
        .body
}
