//! Every page that is served, taken apart: what people who hear it, who tab through it and who read
//! it on a telephone need is there.

use std::collections::{BTreeMap, BTreeSet};

use super::super::words::TAGS;
use super::*;

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "input", "br", "img"];

/// An element of a page.
#[derive(Debug, Clone)]
struct Element {
    tag: String,
    attributes: BTreeMap<String, String>,
    /// The places of the elements around it, the outermost first.
    around: Vec<usize>,
    /// The text in it, without what its descendants say.
    text: String,
}

/// A page in its elements, in order.
#[derive(Debug)]
struct Document(Vec<Element>);

impl Element {
    fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }
}

impl Document {
    /// Reads a page; whatever is not closed in its order is no page.
    fn read(page: &str) -> Self {
        let rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
        let (mut all, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut pieces = rest.split('<');
        assert_eq!(pieces.next(), Some(""));
        for piece in pieces {
            let (inside, text) = piece.split_once('>').expect("a tag ends");
            if let Some(tag) = inside.strip_prefix('/') {
                let last = open.pop().expect("something is open");
                assert_eq!(all[last].tag, tag, "closed in its order");
            } else {
                let element = element(inside, open.clone());
                let is_void = VOID.contains(&element.tag.as_str());
                all.push(element);
                if !is_void {
                    open.push(all.len() - 1);
                }
            }
            if let Some(within) = open.last() {
                all[*within].text.push_str(text);
            }
        }
        assert!(open.is_empty(), "everything is closed");
        Self(all)
    }

    fn all(&self, tag: &str) -> Vec<&Element> {
        self.0.iter().filter(|one| one.tag == tag).collect()
    }

    fn within<'d>(&'d self, element: &'d Element, tag: &str) -> Option<&'d Element> {
        let around = element.around.iter().map(|at| &self.0[*at]);
        around.rev().find(|one| one.tag == tag)
    }

    /// Everything that is said inside an element.
    fn said(&self, element: &Element) -> String {
        let at = self.0.iter().position(|one| core::ptr::eq(one, element));
        let at = at.expect("it is of this page");
        let inside = self.0.iter().filter(|one| one.around.contains(&at));
        let texts = inside.map(|one| one.text.as_str());
        core::iter::once(element.text.as_str())
            .chain(texts)
            .collect()
    }
}

fn element(inside: &str, around: Vec<usize>) -> Element {
    let (tag, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
    let mut attributes = BTreeMap::new();
    while !rest.trim().is_empty() {
        let (name, value, after) = match rest.split_once('=') {
            Some((name, after)) if !name.trim().contains(' ') => {
                let after = after.strip_prefix('"').expect("values are in quotes");
                let (value, after) = after.split_once('"').expect("and these end");
                (name, value, after)
            }
            Some(_) | None => {
                let (name, after) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
                (name, "", after)
            }
        };
        let twice = attributes.insert(name.trim().to_owned(), value.to_owned());
        assert!(twice.is_none(), "{name} twice in {inside}");
        rest = after;
    }
    Element {
        tag: tag.to_owned(),
        attributes,
        around,
        text: String::new(),
    }
}

/// What every page owes its readers.
#[track_caller]
fn look_at(what: &str, reply: &Reply) {
    let page = Document::read(&reply.body);
    let html = page.all("html")[0];
    assert_eq!(html.get("lang"), reply.language, "{what}: lang");
    assert!(!html.get("lang").is_empty() && html.has("dir"), "{what}");
    assert_eq!(page.all("h1").len(), 1, "{what}: one headline");
    assert_eq!(page.all("main").len(), 1, "{what}: one main part");
    let title = page.all("title");
    assert!(
        title.len() == 1 && !title[0].text.is_empty(),
        "{what}: title"
    );
    let view = page.all("meta");
    let view = view.iter().find(|meta| meta.get("name") == "viewport");
    let content = view.expect("a viewport").get("content");
    assert!(content.contains("width=device-width") && !content.contains("scal=no"));
    nothing_runs(what, &page);
    references_lead_somewhere(what, &page);
    headlines_do_not_skip(what, &page);
    for input in page.0.iter().filter(|one| is_input(one)) {
        assert!(is_labelled(&page, input), "{what}: {input:?} has no label");
    }
    for group in page.0.iter().filter(|one| one.tag == "fieldset") {
        let at = page.0.iter().position(|one| core::ptr::eq(one, group));
        let legend = &page.0[at.expect("it is here") + 1];
        assert_eq!(legend.tag, "legend", "{what}: {group:?}");
        assert!(!page.said(legend).trim().is_empty(), "{what}: {group:?}");
    }
    for button in page.all("button").into_iter().chain(page.all("a")) {
        assert!(!page.said(button).trim().is_empty(), "{what}: {button:?}");
    }
    for form in page.all("form") {
        assert_eq!(form.get("method"), "post", "{what}");
        let inside = |one: &&Element| page.within(one, "form").is_some();
        let hidden = page
            .0
            .iter()
            .filter(inside)
            .filter(|one| one.get("name") == "ticket");
        assert_eq!(hidden.count(), 1, "{what}: a ticket");
    }
}

fn is_input(one: &Element) -> bool {
    matches!(one.tag.as_str(), "input" | "select" | "textarea") && one.get("type") != "hidden"
}

/// By `for`, or around it; with words.
fn is_labelled(page: &Document, input: &Element) -> bool {
    let by_id = page.all("label").into_iter();
    let mut by_id = by_id.filter(|label| label.get("for") == input.get("id"));
    let label = page.within(input, "label").or_else(|| by_id.next());
    !input.get("id").is_empty() && label.is_some_and(|label| !page.said(label).trim().is_empty())
}

/// No script, no handler, nothing loaded from anywhere, no style but the one that is allowed.
fn nothing_runs(what: &str, page: &Document) {
    for one in &page.0 {
        let forbidden = ["script", "iframe", "object", "embed", "img", "link", "base"];
        assert!(!forbidden.contains(&one.tag.as_str()), "{what}: {one:?}");
        for name in one.attributes.keys() {
            let runs = name.starts_with("on") || ["src", "style", "srcdoc"].contains(&&**name);
            assert!(!runs, "{what}: {one:?}");
        }
        for name in ["href", "action"] {
            let to = one.get(name);
            let here = to.is_empty() || to.starts_with(['#', '?', '/']);
            assert!(here && !to.starts_with("//"), "{what}: {one:?}");
        }
    }
}

fn references_lead_somewhere(what: &str, page: &Document) {
    let mut ids = BTreeSet::new();
    for one in page.0.iter().filter(|one| one.has("id")) {
        assert!(ids.insert(one.get("id")), "{what}: {} twice", one.get("id"));
    }
    for one in &page.0 {
        let named = ["aria-describedby", "aria-labelledby", "for"];
        let named = named.iter().flat_map(|name| one.get(name).split(' '));
        let linked = one.get("href").strip_prefix('#');
        for id in named.chain(linked).filter(|id| !id.is_empty()) {
            assert!(ids.contains(id), "{what}: {id} in {one:?}");
        }
        if one.has("aria-invalid") {
            assert!(
                one.get("aria-describedby").contains("-error"),
                "{what}: {one:?}"
            );
        }
    }
}

fn headlines_do_not_skip(what: &str, page: &Document) {
    let levels = page
        .0
        .iter()
        .filter_map(|one| one.tag.strip_prefix('h')?.parse::<u8>().ok());
    let mut last = 0;
    for level in levels {
        assert!(level <= last + 1, "{what}: h{level} after h{last}");
        last = level;
    }
}

/// Every page of a form, by what it is.
fn pages(package: Package, language: &str) -> Vec<(String, Reply)> {
    let mut browser = Browser::with(package);
    let path = format!("{}?lang={language}", browser.path());
    let receipts = format!("/r?lang={language}");
    let mut found = Vec::new();
    let form = browser.visit(Method::Get, &path, b"");
    let ticket = input(&form.body, "ticket");
    found.push(("the form", form));
    let post = |browser: &mut Browser, path: &str, pairs: &[(&str, &str)]| {
        browser.visit(Method::Post, path, encode(pairs).as_bytes())
    };
    let fast = post(&mut browser, &path, &[("ticket", &ticket)]);
    found.push(("sent too fast", fast));
    browser.now_ms += 60_000;
    let wrong: Vec<(String, String)> = wrong_answers(&browser.office.revision);
    let mut pairs: Vec<(&str, &str)> = wrong.iter().map(|(a, b)| (&**a, &**b)).collect();
    pairs.push(("ticket", &ticket));
    let corrected = post(&mut browser, &path, &pairs);
    assert_eq!(corrected.status, 422);
    found.push(("what is to be corrected", corrected));
    let unreadable = browser.visit(Method::Post, &path, b"%00=%00");
    found.push(("no form of ours", unreadable));
    let nowhere = format!("/f/nothing?lang={language}");
    let gone = browser.visit(Method::Get, &nowhere, b"");
    found.push(("a link that leads nowhere", gone));
    found.extend(receipt_pages(&mut browser, &receipts, language));
    browser.now_ms += 3_600_000;
    let down = Some(OfficeFault::Unavailable("the disk".into()));
    *browser.office.fault.lock().unwrap() = down;
    found.push(("not now", send(&mut browser, language)));
    for _ in 0..100 {
        browser.visit(Method::Get, "/r", b"");
    }
    found.push(("too often", browser.visit(Method::Get, &receipts, b"")));
    let full = super::super::doors::NoPlace::All.reply(language);
    found.push(("no room", full));
    let named = found.into_iter();
    named
        .map(|(what, reply)| (format!("{what} ({language})"), reply))
        .collect()
}

/// The pages after sending, and for whoever comes back.
fn receipt_pages(
    browser: &mut Browser,
    receipts: &str,
    language: &str,
) -> Vec<(&'static str, Reply)> {
    let mut found = Vec::new();
    let thanks = send(browser, language);
    assert_eq!(thanks.status, 200, "{}", thanks.body);
    let number = receipt(&thanks.body);
    found.push(("thanks", thanks));
    let ask = browser.visit(Method::Get, receipts, b"");
    let ticket = input(&ask.body, "ticket");
    found.push(("asking for the receipt", ask));
    for (what, number) in [
        ("an unknown receipt", "nothing"),
        ("how it stands", &number),
    ] {
        let body = encode(&[("ticket", &ticket), ("receipt", number)]);
        found.push((what, browser.visit(Method::Post, receipts, body.as_bytes())));
    }
    let ticket = input(&found[3].1.body, "ticket");
    let path = format!("/r/add?lang={language}");
    for (what, text) in [("nothing added", ""), ("something added", "And a photo")] {
        let pairs = [
            ("ticket", &*ticket),
            ("receipt", &number),
            ("addition", text),
        ];
        let reply = browser.visit(Method::Post, &path, encode(&pairs).as_bytes());
        found.push((what, reply));
    }
    found
}

/// Something in every input that is no answer.
fn wrong_answers(revision: &Revision) -> Vec<(String, String)> {
    let mut wrong = vec![
        ("documents".to_owned(), "x\n".repeat(50)),
        ("f.items.r2.many".to_owned(), "lots".to_owned()),
    ];
    for field in revision.fields() {
        wrong.push((
            format!("f.{}", field.id),
            "\u{2603} is no answer".to_owned(),
        ));
    }
    wrong
}

/// Opens a form in a language and sends what is enough.
fn send(browser: &mut Browser, language: &str) -> Reply {
    let path = format!("{}?lang={language}", browser.path());
    let page = browser.visit(Method::Get, &path, b"").body;
    let ticket = input(&page, "ticket");
    browser.now_ms += 60_000;
    let pairs = [
        ("ticket", &*ticket),
        ("f.summary", "Hole"),
        ("consent", "yes"),
    ];
    browser.visit(Method::Post, &path, encode(&pairs).as_bytes())
}

#[test]
fn every_page_in_every_language_can_be_heard_tabbed_through_and_read() {
    let mut package = package();
    for tag in TAGS.into_iter().filter(|tag| *tag != "en") {
        let texts = FormTexts::default();
        package.forms[0]
            .languages
            .entry(tag.into())
            .or_insert(texts);
    }
    package.forms[0].anonymous = true;
    for tag in TAGS {
        for (what, reply) in pages(package.clone(), tag) {
            assert_eq!(reply.language, tag, "{what}");
            look_at(&what, &reply);
        }
    }
}

#[test]
fn a_language_that_is_written_from_right_to_left_is_shown_so() {
    let mut package = package();
    package.forms[0].languages.clear();
    package.forms[0]
        .languages
        .insert("ar".into(), FormTexts::default());
    let mut browser = Browser::with(package);
    let path = format!("{}?lang=ar", browser.path());
    let reply = browser.visit(Method::Get, &path, b"");
    look_at("arabic", &reply);
    assert!(reply.body.contains("<html lang=\"ar\" dir=\"rtl\">"));
}

#[test]
fn every_form_of_every_shipped_template_is_such_a_page() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let package = Package::from_toml(&source).unwrap();
        for form in package.forms.clone() {
            let mut one = package.clone();
            let tags: Vec<String> = form.tags().map(str::to_owned).collect();
            // The office of these tests offers a form of this name.
            one.forms = vec![Form {
                id: "report".into(),
                ..form
            }];
            one.automations.clear();
            let mut browser = Browser::with(one);
            for tag in &tags {
                let path = format!("{}?lang={tag}", browser.path());
                let what = format!("{} in {tag}", package.name);
                let page = browser.visit(Method::Get, &path, b"");
                look_at(&what, &page);
                let ticket = input(&page.body, "ticket");
                browser.now_ms += 60_000;
                let body = encode(&[("ticket", &ticket)]);
                let page = browser.visit(Method::Post, &path, body.as_bytes());
                look_at(&format!("{what}, sent empty"), &page);
                seen += 1;
            }
        }
    }
    assert!(seen > 12, "{seen}");
}

#[test]
fn every_colour_of_text_stands_out_from_what_is_behind_it() {
    let style = Browser::new().open().body;
    let style = style.split("<style>").nth(1).unwrap();
    let style = style.split("</style>").next().unwrap().to_owned();
    let mut seen = 0;
    for rule in style.split('}').filter_map(|rule| rule.split_once('{')) {
        let value = |name: &str| {
            let mut all = rule.1.split(';').filter_map(|one| one.split_once(':'));
            let found = all.find(|(known, _)| *known == name)?.1;
            found.starts_with('#').then(|| found.to_owned())
        };
        let behind = value("background").unwrap_or("#fff".into());
        if let Some(text) = value("color") {
            // Boxes have the darkest ground on which texts of every colour stand.
            for ground in [behind.as_str(), "#eef2f8"] {
                let is_own = ground == behind;
                if is_own || behind == "#fff" {
                    let contrast = contrast(&text, ground);
                    assert!(
                        contrast >= 4.5,
                        "{text} on {ground} in {}: {contrast}",
                        rule.0
                    );
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 5);
}

/// The contrast of two colours (WCAG 2.2).
fn contrast(one: &str, other: &str) -> f64 {
    let light = |colour: &str| {
        let digits = colour.trim_start_matches('#');
        let digits: String = match digits.len() {
            3 => digits.chars().flat_map(|c| [c, c]).collect(),
            _ => digits.to_owned(),
        };
        let part = |at: usize| {
            let value = u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    let (a, b) = (light(one), light(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}
