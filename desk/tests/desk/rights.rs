//! Roles of one's own, who may do what and why, who is on a case, and readings that are written down.

use serde_json::json;

use crate::program::Person;

#[test]
#[expect(clippy::too_many_lines, reason = "one play from beginning to end")]
fn roles_of_ones_own_are_defined_shown_explained_and_removed() {
    let ana = Person::founder();
    let defined = ana.json(&[
        "role",
        "define",
        "clerk",
        "--name",
        "Clerk",
        "--grant",
        "view,edit template:CMP",
        "--grant",
        "move stage:CMP/review",
        "--grant",
        "edit field:complaint/Severity",
    ]);
    assert_eq!(defined["standing"], "in-force");
    let wanted = [
        "view template:CMP",
        "edit template:CMP",
        "move stage:CMP/review",
        "edit field:CMP/severity",
    ];
    assert_eq!(defined["grants"], json!(wanted));
    ana.json(&["member", "add", "Rui", "--role", "clerk"]);
    let shown = ana.json(&["role", "show", "clerk"]);
    assert_eq!(shown["held_by"], json!(["Rui"]));
    assert!(
        ana.text(&["role", "show", "clerk"])
            .contains("stage:CMP/review")
    );

    let can = |stage: &str| {
        ana.json(&[
            "member",
            "can",
            "Rui",
            "move",
            "--template",
            "CMP",
            "--stage",
            stage,
        ])
    };
    let yes = can("review");
    assert_eq!(yes["allowed"], true);
    assert_eq!(yes["given_by"][0]["grant"], "move stage:CMP/review");
    let no = can("closed");
    assert_eq!(no["obstacle"], "no-grant");
    assert_eq!(no["grant"], "move stage:CMP/closed");
    let told = ana.text(&[
        "member",
        "can",
        "Rui",
        "move",
        "--template",
        "CMP",
        "--stage",
        "closed",
    ]);
    assert!(
        told.contains("roles that give it: ") && told.contains("operator"),
        "{told}"
    );
    assert!(told.contains("--grant \"move stage:CMP/closed\""), "{told}");

    let (kind, message, cure) = ana.fault(&["role", "define", "clerk", "--grant", "fly"]);
    assert_eq!(kind, "invalid");
    assert!(message.contains("there is view, open, move"), "{message}");
    assert!(cure.contains("casework role define"), "{cure}");
    let (_, message, _) = ana.fault(&["role", "define", "new", "--grant", "view"]);
    assert!(message.contains("needs a name"), "{message}");
    ana.json(&["role", "remove", "clerk"]);
    let (_, message, _) = ana.fault(&["role", "show", "clerk"]);
    assert!(message.contains("there is no role"), "{message}");
}

#[test]
fn who_is_on_a_case_is_said_and_shown() {
    let ana = Person::founder();
    let number = ana.complaint("A sensitive case");
    let case = number.as_str();
    ana.json(&["team", "set", "legal", "--name", "Legal"]);
    ana.json(&["member", "add", "Rui", "--role", "operator"]);
    let access = ana.json(&["case", "access", case]);
    assert_eq!(access["access"]["restricted"], false);
    assert_eq!(access["access"]["viewers"].as_array().unwrap().len(), 2);
    let said = ana.json(&[
        "case",
        "restrict",
        case,
        "--name",
        "Rui",
        "--name",
        "team:legal",
    ]);
    assert_eq!(said["restricted"], true);
    assert_eq!(
        said["added"].as_array().unwrap().len(),
        2,
        "she is on it already: {said}"
    );
    assert_eq!(said["standing"], "pending");
    let (_, message, _) = ana.fault(&["case", "unname", case, "role:auditor"]);
    assert!(
        message.contains("there is no role \"auditor\""),
        "{message}"
    );
    let (_, message, _) = ana.fault(&["case", "unname", case, "Rui"]);
    assert!(message.contains("nothing would change"), "{message}");
    let page = ana.text(&["case", "access", case]);
    assert!(
        page.contains("seen by") && page.contains("Who said so"),
        "{page}"
    );
}

#[test]
fn a_template_that_asks_for_it_has_readings_written_down_once_a_day() {
    let ana = Person::founder();
    ana.json(&["template", "import", "whistleblower"]);
    let opened = ana.json(&[
        "case",
        "open",
        "WBR",
        "Something is wrong here",
        "--set",
        "channel=phone",
        "--set",
        "what_happened=Invoices without work",
    ]);
    let case = opened["number"].as_str().unwrap();
    for _ in 0..3 {
        ana.json(&["case", "show", case]);
    }
    let told = ana.json(&["case", "timeline", case]);
    let readings: Vec<&str> = told["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["sentence"].as_str())
        .filter(|sentence| sentence.contains("looked at the case"))
        .collect();
    assert_eq!(readings.len(), 1, "{told}");
    let other = ana.complaint("Nobody writes down who reads this");
    ana.json(&["case", "show", &other]);
    let told = ana.json(&["case", "timeline", &other]);
    assert!(!told.to_string().contains("looked at the case"), "{told}");
}
