//! The records of a case, driven: documents with parallel versions, parties, watchers, severity,
//! priority, due dates, links from both sides, flags; offline on two devices, then together.

use casework_tests::process::contested;
use serde_json::{Value, json};

use crate::drive::{Office, count, holds, open};

const COMPLAINT: [&str; 4] = [
    "channel=phone",
    "customer=Helena Dias",
    "category=billing",
    "summary=Twice",
];

fn complaint(office: &Office, title: &str) -> String {
    open(&office.ana, "CMP", title, &COMPLAINT)
}

fn labels(document: &Value) -> Vec<(String, String, bool)> {
    let versions = document["versions"].as_array().unwrap().iter();
    let told = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    versions
        .map(|one| {
            (
                told(one, "label"),
                told(one, "status"),
                one["current"] == true,
            )
        })
        .collect()
}

fn version(label: &str, status: &str, current: bool) -> (String, String, bool) {
    (label.to_owned(), status.to_owned(), current)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn versions_added_apart_are_parallel_until_one_is_chosen_and_an_approval_stays_with_its_version() {
    let mut office = Office::new("complaint");
    let case = complaint(&office, "Fee charged twice");
    let [one, two, three] = ["1", "2", "3"].map(|n| office.file(&format!("v{n}.pdf"), n));
    let doc = "'Final letter'";
    let add = format!("case document add {case} {one} --type final-response --name {doc}");
    let refused = office.ana.refused(&add);
    holds(
        &refused,
        &["filled first", "casework case set CMP-", " outcome_note=…"],
    );
    office
        .ana
        .does(&format!("case set {case} outcome_note='We are sorry'"));
    office.ana.does(&add);
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    ana.does(&format!("case document version {case} {doc} {two}"));
    ana.does(&format!(
        "case document status {case} {doc} approved --of 2"
    ));
    rui.does(&format!(
        "case document version {case} {doc} {three} --media text/plain"
    ));
    office.premises.server.start_again();
    office.settle();

    let shown = office.same(&case);
    assert_eq!(
        shown["documents"][0]["contested"], true,
        "{}",
        shown["documents"]
    );
    let known = labels(&shown["documents"][0]);
    assert_eq!(known[0], version("1", "draft", false));
    let parallel: Vec<&str> = known[1..]
        .iter()
        .map(|(label, ..)| label.as_str())
        .collect();
    assert_eq!(parallel, ["2a", "2b"]);
    assert!(known[1..].iter().all(|(.., current)| *current), "{known:?}");
    let approved = known
        .iter()
        .find(|(_, status, _)| status == "approved")
        .unwrap()
        .0
        .clone();
    holds(
        &rui.reads(&format!("case show {case}")),
        &["parallel", "sha-256", "Final response"],
    );
    holds(&rui.reads("list"), &["contested"]);
    holds(
        &rui.refused(&format!("case document choose {case} {doc} 7")),
        &["2a", "2b"],
    );
    rui.does(&format!(
        "case document choose {case} {doc} {approved} --reason 'The approved one'"
    ));
    office.settle();
    let chosen = labels(&office.same(&case)["documents"][0]);
    let current: Vec<_> = chosen.iter().filter(|(.., current)| *current).collect();
    assert_eq!(current, [&(approved, "approved".to_owned(), true)]);

    // The next one builds on what was chosen; then everything else that can be done to a document.
    ana.does(&format!("case document version {case} {doc} {three}"));
    ana.does(&format!(
        "case document rename {case} {doc} 'Answer to Helena'"
    ));
    let doc = "'Answer to Helena'";
    for status in ["in-review", "signed", "superseded", "draft"] {
        ana.does(&format!("case document status {case} {doc} {status}"));
    }
    holds(
        &ana.refused(&format!("case document status {case} {doc} fine")),
        &["in-review, approved"],
    );
    ana.does(&format!(
        "case document withdraw {case} {doc} --reason 'Wrong case'"
    ));
    office.settle();
    assert_eq!(office.same(&case)["documents"][0]["withdrawn"], true);
    rui.does(&format!("case document withdraw {case} {doc} --undo"));
    office.settle();
    let document = office.same(&case)["documents"][0].clone();
    assert_eq!(
        (&document["withdrawn"], &document["contested"]),
        (&json!(false), &json!(false))
    );
    let file = &document["versions"][3]["file"];
    let three = "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce";
    assert_eq!(
        (&file["sha256"], &file["bytes"]),
        (&json!(three), &json!(1)),
        "{document}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn parties_watchers_severity_priority_and_due_are_kept_from_both_sides() {
    let mut office = Office::new("complaint");
    let case = complaint(&office, "Fee charged twice");
    office.ana.does(&format!(
        "case party add {case} complainant 'Helena Dias' --phone '+351 1'"
    ));
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    ana.does(&format!(
        "case party set {case} 'Helena Dias' email=helena@example.org note='Call first'"
    ));
    rui.does(&format!(
        "case party set {case} 'Helena Dias' address='Rua Nova 1'"
    ));
    rui.does(&format!(
        "case party add {case} representative 'Dias & Filhos' --organisation"
    ));
    rui.does(&format!("case watch {case}"));
    ana.does(&format!("case watch {case} Ana"));
    ana.does(&format!("case severity {case} high"));
    rui.does(&format!("case severity {case} low"));
    ana.does(&format!("case priority {case} urgent"));
    rui.does(&format!("case priority {case} urgent"));
    ana.does(&format!("case due {case} 2199-01-31"));
    rui.does(&format!("case due {case} 2199-02-28"));
    office.premises.server.start_again();
    office.settle();

    let shown = office.same(&case);
    let helena = &shown["parties"][0];
    assert_eq!(
        (&helena["role"], &helena["email"]),
        (&json!("complainant"), &json!("helena@example.org"))
    );
    assert_eq!(
        (&helena["address"], &helena["phone"]),
        (&json!("Rua Nova 1"), &json!("+351 1"))
    );
    assert_eq!(
        shown["parties"][1]["nature"], "organisation",
        "{}",
        shown["parties"]
    );
    assert_eq!(count(&shown["watchers"]), 2);
    assert_eq!(shown["priority"], "urgent", "said twice, it is no contest");
    assert_eq!(contested(&shown), json!(["severity", "due"]));
    let read = ana.reads(&format!("case show {case}"));
    holds(
        &read,
        &[
            "Complainant: Helena Dias",
            "watched by ",
            "Call first",
            "priority urgent",
        ],
    );
    rui.does(&format!(
        "case settle {case} severity high --reason 'She is old'"
    ));
    rui.does(&format!("case settle {case} due 2199-01-31"));
    ana.does(&format!(
        "case party withdraw {case} 'Dias & Filhos' --reason 'Not involved'"
    ));
    rui.does(&format!("case watch {case} --off"));
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        (&shown["severity"], &shown["due"]),
        (&json!("high"), &json!("2199-01-31"))
    );
    assert_eq!(
        (&shown["parties"][1]["withdrawn"], &shown["watchers"]),
        (&json!(true), &json!(["Ana"]))
    );
    for line in ["severity", "priority", "due"] {
        ana.does(&format!("case {line} {case}"));
    }
    ana.does(&format!(
        "case party withdraw {case} 'Dias & Filhos' --undo"
    ));
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        [&shown["severity"], &shown["priority"], &shown["due"]],
        [&Value::Null; 3]
    );
    assert_eq!(shown["parties"][1]["withdrawn"], false);
}

#[test]
fn a_link_shows_its_inverse_on_the_other_case_and_two_said_apart_both_stand() {
    let mut office = Office::new("complaint");
    let [one, other, third] = ["First", "Second", "Third"].map(|title| complaint(&office, title));
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    ana.does(&format!("case link {one} duplicate-of {other}"));
    rui.does(&format!("case link {one} parent {third}"));
    rui.does(&format!("case link {other} blocks {third}"));
    holds(
        &rui.refused(&format!("case link {one} nephew {other}")),
        &["duplicate-of", "blocks"],
    );
    office.premises.server.start_again();
    office.settle();
    let links = |case: &str| {
        let shown = office.same(case);
        let mut links: Vec<(String, bool)> = shown["links"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| {
                (
                    link["relation"].as_str().unwrap().to_owned(),
                    link["own"] == true,
                )
            })
            .collect();
        links.sort();
        links
    };
    let link = |relation: &str, own: bool| (relation.to_owned(), own);
    assert_eq!(
        links(&one),
        [link("duplicate-of", true), link("parent", true)]
    );
    assert_eq!(
        links(&other),
        [link("blocks", true), link("duplicated-by", false)]
    );
    assert_eq!(
        links(&third),
        [link("blocked-by", false), link("child", false)]
    );
    holds(
        &ana.reads(&format!("case show {third}")),
        &["child", "First", "blocked-by", "Second"],
    );
    rui.does(&format!("case link {one} duplicate-of {other} --remove"));
    office.settle();
    assert_eq!(links(&other), [link("blocks", true)]);
}

#[test]
fn flags_and_labels_are_set_with_a_reason_filtered_and_cleared() {
    let office = Office::new("complaint");
    let (ana, rui) = (&office.ana, &office.rui);
    let case = complaint(&office, "Fee charged twice");
    complaint(&office, "Nothing to see");
    holds(
        &ana.refused(&format!("case flag {case} press")),
        &["needs a reason", "--reason"],
    );
    ana.does(&format!(
        "case flag {case} press --reason 'A journalist called'"
    ));
    ana.does(&format!("case label {case} vip"));
    office.settle();
    assert_eq!(rui.does("list --flagged")["total"], 1);
    assert_eq!(rui.does("list --label vip")["total"], 1);
    holds(
        &rui.reads(&format!("case show {case}")),
        &["flag press", "A journalist called"],
    );
    rui.does(&format!("case flag {case} press --clear"));
    rui.does(&format!("case label {case} --remove vip"));
    office.settle();
    assert_eq!(ana.does("list --flagged")["total"], 0);
    assert_eq!(count(&office.same(&case)["labels"]), 0);
}
