//! What programs and people of bad intent try, and get nothing by.

use super::super::limits::{
    MAX_ADDITION_BYTES, MAX_ADDITIONS, MAX_FILL_MS, MAX_PAIRS, MISSES_PER_MINUTE, SENDS_PER_MINUTE,
};
use super::*;

const GOOD: [(&str, &str); 2] = [("f.summary", "Hole"), ("consent", "yes")];

#[test]
fn nothing_is_taken_without_a_ticket_of_this_link_and_key() {
    let mut browser = Browser::new();
    let other = FormKey::new([9; 32]);
    let forged = other.issue(
        &browser.token.hash(),
        super::super::ticket::Ticket {
            nonce: nonce(5),
            made_ms: NOW,
        },
    );
    let of_receipts = input(&browser.visit(Method::Get, "/r", b"").body, "ticket");
    browser.now_ms += 30_000;
    for ticket in ["", "x", &forged, &of_receipts] {
        let reply = browser.send_with(ticket, &GOOD);
        assert_eq!(reply.status, 422, "{ticket}");
        assert!(
            reply.body.contains("value=\"Hole\""),
            "nothing typed is lost"
        );
    }
    assert!(browser.taken().is_empty());
}

#[test]
fn a_ticket_of_yesterday_or_of_tomorrow_is_renewed_and_keeps_its_page() {
    let mut browser = Browser::new();
    let ticket = input(&browser.open().body, "ticket");
    browser.now_ms -= 10_000;
    assert_eq!(browser.send_with(&ticket, &GOOD).status, 422);
    browser.now_ms = NOW + MAX_FILL_MS + 1;
    let reply = browser.send_with(&ticket, &GOOD);
    assert_eq!(reply.status, 422);
    browser.now_ms += 5_000;
    let renewed = input(&reply.body, "ticket");
    assert_eq!(browser.send_with(&renewed, &GOOD).status, 200);
    assert_eq!(browser.taken()[0].id, nonce(1).submission());
}

#[test]
fn a_program_that_fills_everything_or_is_too_fast_is_told_so() {
    let mut browser = Browser::new();
    let ticket = input(&browser.open().body, "ticket");
    let fast = browser.send_with(&ticket, &GOOD);
    assert!(fast.status == 422 && fast.body.contains("That was very fast"));
    browser.now_ms += 30_000;
    let trapped = browser.send_with(&ticket, &[GOOD[0], GOOD[1], ("website", "http://spam")]);
    assert!(trapped.status == 422 && trapped.body.contains("must stay empty"));
    assert!(!trapped.body.contains("http://spam"));
    assert!(browser.taken().is_empty());
}

#[test]
fn markup_in_any_answer_and_any_text_of_the_form_stays_text() {
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let mut package = package();
    let form = &mut package.forms[0];
    form.title = evil.into();
    form.intro = evil.into();
    form.consent = evil.into();
    form.questions[0].label = evil.into();
    form.questions[0].help = evil.into();
    form.fields[0].help = evil.into();
    form.languages.clear();
    for field in &mut package.fields {
        field.label = evil.into();
        for option in &mut field.options {
            option.label = format!("{evil}{}", option.id);
        }
        for column in &mut field.columns {
            column.label = evil.into();
        }
    }
    let mut browser = Browser::with(package);
    let answers: Vec<(String, String)> = browser
        .office
        .revision
        .fields()
        .iter()
        .flat_map(|field| {
            ["", ".currency", ".contact", ".r1.what"]
                .map(|part| (format!("f.{}{part}", field.id), evil.to_owned()))
        })
        .collect();
    let mut pairs: Vec<(&str, &str)> = answers.iter().map(|(a, b)| (&**a, &**b)).collect();
    pairs.extend([("q.how", evil), ("documents", evil), ("website", evil)]);
    let page = browser.send(&pairs).body;
    assert!(
        !page.contains("<script") && !page.contains("<img"),
        "{page}"
    );
    assert!(page.contains("&lt;script&gt;"));
    let path = format!("{}?lang={}", browser.path(), "%22%3E%3Cscript%3E");
    assert!(
        !browser
            .visit(Method::Get, &path, b"")
            .body
            .contains("<script")
    );
    let body = encode(&[("ticket", "x"), ("receipt", evil)]);
    let page = browser.visit(Method::Post, "/r", body.as_bytes()).body;
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn every_path_that_leads_nowhere_gets_the_same_page_after_the_same_time() {
    let mut browser = Browser::new();
    let wrong = LinkToken::new([8; 16]);
    let mut seen = Vec::new();
    for path in [
        format!("/f/{wrong}"),
        format!("/f/{}x", browser.token),
        format!("/f/{}/", browser.token),
        format!("/f//{}", browser.token),
        format!("/F/{}", browser.token),
        "/f/../../etc/passwd".to_owned(),
        "/f/%2e%2e%2f".to_owned(),
        "/".to_owned(),
        "/admin".to_owned(),
        format!("/f/{}", "a".repeat(100_000)),
    ] {
        browser.caller += 1;
        let reply = browser.visit(Method::Get, &path, b"");
        assert_eq!(reply.status, 404, "{path:.40}");
        seen.push((reply.body, reply.floor_ms));
    }
    browser.caller += 1;
    let path = format!("/f/{wrong}");
    let posted = browser.visit(Method::Post, &path, encode(&GOOD).as_bytes());
    seen.push((posted.body, posted.floor_ms));
    let path = browser.path();
    let put = browser.visit(Method::Other, &path, b"");
    seen.push((put.body, put.floor_ms));
    assert!(seen.iter().all(|one| *one == seen[0]) && seen[0].1 > 0);
}

#[test]
fn guessing_links_and_receipts_is_bounded_for_each_address() {
    let mut browser = Browser::new();
    let wrong = format!("/f/{}", LinkToken::new([8; 16]));
    for _ in 0..MISSES_PER_MINUTE {
        assert_eq!(browser.visit(Method::Get, &wrong, b"").status, 404);
    }
    let reply = browser.visit(Method::Get, &wrong, b"");
    assert_eq!((reply.status, reply.retry_secs.is_some()), (429, true));
    let ask = browser.visit(Method::Get, "/r", b"");
    let body = encode(&[("ticket", &input(&ask.body, "ticket")), ("receipt", "x")]);
    assert_eq!(
        browser.visit(Method::Post, "/r", body.as_bytes()).status,
        429
    );
    browser.caller = 2;
    assert_eq!(browser.open().status, 200, "others are not bothered");
    browser.caller = 1;
    browser.now_ms += 60_000;
    assert_eq!(browser.open().status, 200, "and it passes");
}

#[test]
fn sending_again_and_again_is_bounded_and_loses_nothing_typed() {
    let mut browser = Browser::new();
    let tickets: Vec<String> = (0..=SENDS_PER_MINUTE)
        .map(|_| input(&browser.open().body, "ticket"))
        .collect();
    browser.now_ms += 2_000;
    let replies: Vec<Reply> = tickets
        .iter()
        .map(|ticket| browser.send_with(ticket, &GOOD))
        .collect();
    let (last, first) = replies.split_last().unwrap();
    assert!(first.iter().all(|reply| reply.status == 200));
    assert_eq!((last.status, last.retry_secs), (429, Some(60)));
    assert!(last.body.contains("value=\"Hole\""));
    assert_eq!(browser.taken().len(), SENDS_PER_MINUTE as usize);
}

#[test]
fn bodies_that_no_browser_sends_are_refused() {
    let mut browser = Browser::new();
    let ticket = input(&browser.open().body, "ticket");
    browser.now_ms += 30_000;
    let path = browser.path();
    let many = format!("ticket={ticket}{}", "&a=b".repeat(MAX_PAIRS));
    for body in [
        format!("ticket={ticket}&f.summary=%ff%fe").into_bytes(),
        format!("ticket={ticket}&f.summary=%00").into_bytes(),
        format!("ticket={ticket}&f.summary=%1b%5b2J").into_bytes(),
        b"\xff\xfe=\xff".to_vec(),
        many.into_bytes(),
    ] {
        let reply = browser.visit(Method::Post, &path, &body);
        assert_eq!(
            reply.status,
            400,
            "{}",
            String::from_utf8_lossy(&body[..20])
        );
    }
    assert!(browser.taken().is_empty());
}

#[test]
fn fields_that_the_form_does_not_ask_cannot_be_set_by_it() {
    let mut package = package();
    package
        .fields
        .push(Field::new("score", "Score", FieldType::Number));
    let mut browser = Browser::with(package);
    let reply = browser.send(&[GOOD[0], GOOD[1], ("f.score", "100"), ("stage", "done")]);
    assert_eq!(reply.status, 200);
    let taken = browser.taken();
    assert_eq!(taken[0].values.keys().collect::<Vec<_>>(), ["summary"]);
    assert!(!taken[0].answers.contains_key("f.score"));
}

#[test]
fn additions_are_bounded_and_bound_to_their_receipt() {
    let mut browser = Browser::new();
    let number = receipt(&browser.send(&GOOD).body);
    let ask = input(&browser.visit(Method::Get, "/r", b"").body, "ticket");
    let body = encode(&[("ticket", &ask), ("receipt", &number)]);
    let page = browser.visit(Method::Post, "/r", body.as_bytes());
    let ticket = input(&page.body, "ticket");
    let long = "x".repeat(MAX_ADDITION_BYTES + 1);
    for (ticket, text) in [
        (&ticket, long.as_str()),
        (&ticket, ""),
        (&ask, "other ticket"),
    ] {
        let body = encode(&[("ticket", ticket), ("receipt", &number), ("addition", text)]);
        assert_eq!(
            browser
                .visit(Method::Post, "/r/add", body.as_bytes())
                .status,
            422
        );
    }
    let unknown = nonce(77).receipt().to_string();
    let body = encode(&[
        ("ticket", &ticket),
        ("receipt", &unknown),
        ("addition", "hi"),
    ]);
    let reply = browser.visit(Method::Post, "/r/add", body.as_bytes());
    assert!(reply.body.contains("There is nothing under this number"));
    assert!(browser.office.added.lock().unwrap().is_empty());
}

#[test]
fn what_is_added_to_one_submission_comes_to_an_end() {
    let mut browser = Browser::new();
    let number = receipt(&browser.send(&GOOD).body);
    let ask = input(&browser.visit(Method::Get, "/r", b"").body, "ticket");
    let body = encode(&[("ticket", &ask), ("receipt", &number)]);
    let mut page = browser.visit(Method::Post, "/r", body.as_bytes());
    for n in 0..=MAX_ADDITIONS {
        browser.now_ms += 60_000;
        let ticket = input(&page.body, "ticket");
        let text = format!("More {n}");
        let body = encode(&[
            ("ticket", &ticket),
            ("receipt", &number),
            ("addition", &text),
        ]);
        page = browser.visit(Method::Post, "/r/add", body.as_bytes());
        assert_eq!(page.status == 200, n < MAX_ADDITIONS, "{n}");
    }
    assert!(page.body.contains("No more can be added here"));
    assert_eq!(browser.office.added.lock().unwrap().len(), MAX_ADDITIONS);
}

#[test]
fn random_bytes_never_fall() {
    use proptest::prelude::*;
    let browser = std::cell::RefCell::new(Browser::new());
    let ticket = input(&browser.borrow_mut().open().body, "ticket");
    proptest!(ProptestConfig::with_cases(200), |(
        path in "(/f/|/r|/r/add|/)?[ -~]{0,40}",
        body in proptest::collection::vec(any::<u8>(), 0..300),
        known in any::<bool>(),
    )| {
        let mut browser = browser.borrow_mut();
        browser.now_ms += 60_000;
        let own = browser.path();
        let path = if known { own } else { path };
        let mut whole = format!("ticket={ticket}&").into_bytes();
        whole.extend(body);
        let reply = browser.visit(Method::Post, &path, &whole);
        prop_assert!(reply.status >= 200 && !reply.body.contains("<script"));
    });
}
