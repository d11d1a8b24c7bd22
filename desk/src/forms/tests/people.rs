//! What people do: read, fill in, correct, send, send again, come back.

use super::*;

const GOOD: [(&str, &str); 2] = [("f.summary", "Hole in the road"), ("consent", "yes")];

#[test]
fn a_form_is_shown_with_every_question_and_no_script() {
    let mut browser = Browser::new();
    let reply = browser.open();
    assert_eq!(reply.status, 200);
    let page = &reply.body;
    for needle in [
        "<h1>Report a problem</h1>",
        "<p class=\"said\">We read everything.</p>",
        "<label for=\"f.summary\">",
        "type=\"date\"",
        "type=\"datetime-local\"",
        "type=\"tel\"",
        "type=\"email\"",
        "<textarea name=\"f.story\"",
        "<legend>Topic",
        "name=\"f.cost.currency\"",
        "name=\"f.items.r5.many\"",
        "name=\"q.how\"",
        "lang=\"en\"",
        "name=\"viewport\"",
        "max=\"2026-02-02\"",
        "You may keep this.",
    ] {
        assert!(page.contains(needle), "{needle} in {page}");
    }
    assert!(!page.contains("<script") && !page.contains("onload"));
}

#[test]
fn every_input_has_a_label_and_every_group_a_legend() {
    let page = Browser::new().open().body;
    for piece in page.split('<').filter(|piece| {
        ["input ", "select ", "textarea "]
            .iter()
            .any(|tag| piece.starts_with(tag))
    }) {
        if piece.contains("type=\"hidden\"") {
            continue;
        }
        let id = piece.split(" id=\"").nth(1).expect(piece);
        let id = id.split('"').next().unwrap();
        let by_for = page.contains(&format!("for=\"{id}\""));
        let inside = page.contains("<label class=\"choice\"><input") && piece.contains("type=\"");
        assert!(by_for || inside, "{piece}");
    }
    assert_eq!(
        page.matches("<fieldset").count(),
        page.matches("<legend").count()
    );
}

#[test]
fn every_type_of_answer_becomes_the_value_of_its_field() {
    let mut browser = Browser::new();
    let reply = browser.send(&[
        ("f.summary", "  Hole in the road "),
        ("f.story", "One.\r\nTwo."),
        ("f.topic", "road"),
        ("f.marks", "road"),
        ("f.marks", "lamp"),
        ("f.cost", "12.50"),
        ("f.cost.currency", "EUR"),
        ("f.seen", "2026-02-01"),
        ("f.items.r1.what", "Sign"),
        ("f.items.r1.many", "2"),
        ("f.items.r3.what", "Lamp"),
        ("f.height", "1.5"),
        ("f.when", "2026-02-01T09:30"),
        ("f.urgent", "no"),
        ("f.reporter", "Ana; Prata"),
        ("f.reporter.contact", "ana@example.org"),
        ("f.phone", "+351 912 345 678"),
        ("f.mail", "ana@example.org"),
        ("f.page", "https://example.org"),
        ("f.place", "38.7223, -9.1393"),
        ("q.how", "A friend"),
        ("documents", "Photo of the hole\r\n\r\nLetter"),
        ("consent", "yes"),
    ]);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let taken = browser.taken();
    let sent = &taken[0];
    let value = |field: &str| sent.values.get(field).map_or("", String::as_str);
    assert_eq!(sent.values.len(), 15, "{:?}", sent.values);
    assert_eq!(value("summary"), "Hole in the road");
    assert_eq!(value("story"), "One.\nTwo.");
    assert_eq!(value("marks"), "road; lamp");
    assert_eq!(value("cost"), "12.50 EUR");
    assert_eq!(value("when"), "2026-02-01T09:30+01:00");
    assert_eq!(value("reporter"), "Ana, Prata; ; ana@example.org");
    let items =
        r#"[{"id":"r1","cells":{"many":"2","what":"Sign"}},{"id":"r3","cells":{"what":"Lamp"}}]"#;
    assert_eq!(value("items"), items);
    assert_eq!(sent.title, "Hole in the road");
    assert_eq!(sent.documents, ["Photo of the hole", "Letter"]);
    assert_eq!(
        sent.answers["f.summary"],
        ["  Hole in the road "],
        "kept as given"
    );
    assert_eq!(sent.answers["q.how"], ["A friend"]);
    assert_eq!(sent.consent.as_deref(), Some("You may keep this."));
    assert!(!sent.answers.contains_key("consent") && !sent.answers.contains_key("ticket"));
}

#[test]
fn what_is_wrong_is_named_and_what_was_typed_is_shown_again() {
    let mut browser = Browser::new();
    let reply = browser.send(&[
        ("f.mail", "nobody"),
        ("f.seen", "2030-01-01"),
        ("f.items.r2.many", "lots"),
        ("f.cost", "much"),
        ("f.story", "A long story"),
    ]);
    assert_eq!(reply.status, 422);
    let page = &reply.body;
    assert!(browser.taken().is_empty());
    for needle in [
        "<title>Error: Report a problem</title>",
        "<a href=\"#f.summary\">Summary</a>: This has to be answered.",
        "<a href=\"#f.seen\">Seen on</a>: This lies in the future.",
        "<a href=\"#f.mail\">",
        "Row 2: Write a number",
        "aria-describedby=\"f.mail-error\"",
        "aria-invalid=\"true\"",
        "id=\"f.mail-error\"",
        "value=\"nobody\"",
        "\nA long story</textarea>",
        "<a href=\"#consent\">",
    ] {
        assert!(page.contains(needle), "{needle} in {page}");
    }
    // Every link of the summary leads somewhere.
    for link in page.split("<a href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    let ticket = input(page, "ticket");
    let reply = browser.send_with(&ticket, &GOOD);
    assert_eq!(
        reply.status, 200,
        "the corrected page is taken: {}",
        reply.body
    );
}

#[test]
fn the_second_click_gets_the_same_receipt_and_sends_nothing() {
    let mut browser = Browser::new();
    let ticket = input(&browser.open().body, "ticket");
    browser.now_ms += 30_000;
    let first = browser.send_with(&ticket, &GOOD);
    let second = browser.send_with(&ticket, &GOOD);
    assert_eq!(receipt(&first.body), receipt(&second.body));
    assert_eq!(browser.taken().len(), 1);
    assert_eq!(browser.taken()[0].id, nonce(1).submission());
    assert_eq!(receipt(&first.body), nonce(1).receipt().to_string());
}

#[test]
fn a_page_that_was_open_during_a_restart_is_still_taken() {
    let mut browser = Browser::new();
    let ticket = input(&browser.open().body, "ticket");
    browser.site = Site::new(Settings::default(), FormKey::new([1; 32]));
    browser.now_ms += 60_000;
    assert_eq!(browser.send_with(&ticket, &GOOD).status, 200);
}

#[test]
fn what_the_workspace_refuses_is_not_lost_to_the_person() {
    let mut browser = Browser::new();
    for (fault, status) in [
        (OfficeFault::Refused("a rule".into()), 422),
        (OfficeFault::Unavailable("the disk".into()), 503),
    ] {
        *browser.office.fault.lock().unwrap() = Some(fault);
        let reply = browser.send(&GOOD);
        assert_eq!(reply.status, status);
        assert!(reply.body.contains("value=\"Hole in the road\""));
        assert!(!reply.body.contains("a rule") && !reply.body.contains("the disk"));
    }
    *browser.office.fault.lock().unwrap() = Some(OfficeFault::Gone);
    assert_eq!(browser.send(&GOOD).status, 404);
    assert!(browser.taken().is_empty());
}

#[test]
fn a_form_is_read_in_the_language_asked_for() {
    let mut browser = Browser::new();
    let path = format!("{}?lang=pt", browser.path());
    let page = browser.visit(Method::Get, &path, b"").body;
    for needle in [
        "<html lang=\"pt\"",
        "Comunicar um problema",
        ">Resumo",
        "Estrada",
        "Enviar",
        "action=\"?lang=pt\"",
        "hreflang=\"en\"",
    ] {
        assert!(page.contains(needle), "{needle} in {page}");
    }
    let ticket = input(&page, "ticket");
    browser.now_ms += 30_000;
    let body = encode(&[("ticket", &ticket), ("f.height", "1,5"), GOOD[0], GOOD[1]]);
    let reply = browser.visit(Method::Post, &path, body.as_bytes());
    assert!(reply.body.contains("Obrigado"), "{}", reply.body);
    let taken = browser.taken();
    assert_eq!(
        (
            taken[0].language.as_str(),
            taken[0].values["height"].as_str()
        ),
        ("pt", "1.5")
    );
}

#[test]
fn the_person_with_the_receipt_sees_how_it_stands_and_adds_once() {
    let mut browser = Browser::new();
    let number = receipt(&browser.send(&GOOD).body);
    let ask = browser.visit(Method::Get, "/r", b"");
    let ticket = input(&ask.body, "ticket");
    let typed = number.to_lowercase().replace('-', " ");
    let body = encode(&[("ticket", &ticket), ("receipt", &typed)]);
    let page = browser.visit(Method::Post, "/r", body.as_bytes());
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Somebody is working on it."));
    assert!(page.body.contains("We are &lt;b&gt;on&lt;/b&gt; it"));
    assert!(
        !page.body.contains("Hole in the road"),
        "answers are not shown again"
    );
    let ticket = input(&page.body, "ticket");
    let body = encode(&[
        ("ticket", &ticket),
        ("receipt", &number),
        ("addition", "And a photo"),
    ]);
    for _ in 0..2 {
        let page = browser.visit(Method::Post, "/r/add", body.as_bytes());
        assert!(page.body.contains("It has been added."), "{}", page.body);
    }
    assert_eq!(browser.office.added.lock().unwrap().len(), 1);
}

#[test]
fn an_anonymous_form_says_so() {
    let mut package = package();
    package.forms[0].anonymous = true;
    let page = Browser::with(package).open().body;
    assert!(page.contains("we keep neither your name nor your address"));
}
