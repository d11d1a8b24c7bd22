//! One person's day: found, open, fill, move, discuss, decide, close, look back, check.

use crate::program::Person;

#[test]
#[expect(clippy::too_many_lines, reason = "one day of one case, told in order")]
fn a_case_goes_from_intake_to_closed_and_its_timeline_tells_it() {
    let ana = Person::founder();
    let number = ana.complaint("Fee charged twice");
    assert!(number.starts_with("CMP-~"), "{number}");
    let case = number.as_str();
    ana.json(&["case", "move", case, "Review and response"]);
    ana.json(&[
        "case",
        "set",
        case,
        "severity=high",
        "amount=12.50 EUR",
        "contacts_count=+1",
    ]);
    ana.json(&["case", "set", case, "contacts_count=2", "products=card,app"]);
    ana.json(&["case", "comment", case, "She prefers letters", "--external"]);
    let task = ana.json(&[
        "case",
        "task",
        "add",
        case,
        "Call her",
        "--for",
        "Ana",
        "--due",
        "2027-01-05",
        "--item",
        "find the number",
        "--item",
        "take notes",
    ]);
    let task = task["task"].as_str().unwrap();
    ana.json(&["case", "task", "check", case, &task[..6], "find the number"]);
    ana.json(&["case", "task", "done", case, "Call her"]);
    ana.json(&["case", "label", case, "urgent", "vip"]);
    ana.json(&["case", "label", case, "--remove", "vip"]);
    ana.json(&["case", "owner", case, "Ana"]);
    ana.json(&["case", "priority", case, "high"]);
    ana.json(&["case", "due", case, "2027-02-01"]);
    ana.json(&[
        "case",
        "decide",
        case,
        "verdict",
        "upheld",
        "--rationale",
        "Booked twice",
    ]);
    ana.json(&["case", "close", case, "resolved", "--notes", "Booked back"]);
    ana.json(&["case", "reopen", case, "--reason", "She wrote again"]);

    let shown = ana.json(&["case", "show", case]);
    assert_eq!(shown["stage"], "review");
    assert_eq!(shown["fields"]["severity"]["words"], "High");
    assert_eq!(shown["fields"]["amount"]["words"], "12.50 EUR");
    assert_eq!(shown["fields"]["contacts_count"]["count"], 3);
    assert_eq!(
        shown["fields"]["products"]["options"],
        serde_json::json!(["app", "card"])
    );
    let labels = serde_json::json!(["reopened", "urgent"]);
    assert_eq!(
        shown["labels"], labels,
        "the template labels what is reopened"
    );
    assert_eq!(shown["owner"], "Ana");
    let tasks = shown["tasks"].as_array().unwrap();
    let own = tasks.iter().find(|task| task["items"][0]["done"] == true);
    assert_eq!(own.expect("beside the template's tasks")["status"], "done");
    assert_eq!(shown["comments"][0]["external"], true);
    assert_eq!(shown["decisions"][0]["outcome"], "upheld");
    assert!(shown["closed"].is_null());

    let timeline = ana.json(&["case", "timeline", case]);
    let entries = timeline["entries"].as_array().unwrap();
    assert_eq!(entries.len() as u64, shown["changes"].as_u64().unwrap());
    assert!(entries.iter().all(|entry| entry["author"] == "Ana"));
    // Newest first: what the template does about a reopening stands above it.
    let reopened = entries.iter().position(|e| e["action"] == "case.reopen");
    let (by_rules, rest) = entries.split_at(reopened.expect("it was reopened"));
    let done: Vec<&str> = by_rules
        .iter()
        .filter_map(|e| e["action"].as_str())
        .collect();
    assert_eq!(done, ["notice.send", "label.add"]);
    assert_eq!(rest[0]["reason"], "She wrote again");
    assert_eq!(entries.last().unwrap()["action"], "case.open");
    let moved = entries
        .iter()
        .find(|entry| entry["action"] == "stage.move")
        .unwrap();
    assert_eq!(moved["sentence"], "stage Intake → Review and response");
}

#[test]
fn a_rule_that_asks_is_refused_then_gone_through_with_a_reason() {
    let ana = Person::founder();
    let case = ana.complaint("Fee charged twice");
    let (kind, message, cure) = ana.fault(&["case", "move", &case, "closed"]);
    assert_eq!(kind, "invalid");
    assert!(message.contains("Closing without a review"), "{message}");
    assert!(cure.contains("--override --reason"), "{cure}");
    ana.json(&[
        "case",
        "move",
        &case,
        "closed",
        "--override",
        "--reason",
        "Settled on the phone",
    ]);
    let shown = ana.text(&["case", "show", &case]);
    assert!(shown.contains("Overrides"), "{shown}");
    assert!(shown.contains("Settled on the phone"), "{shown}");
}

#[test]
fn lists_and_boards_show_the_cases_that_were_asked_for() {
    let ana = Person::founder();
    let numbers: Vec<String> = (0..5)
        .map(|n| ana.complaint(["North", "South", "East", "West", "Zenith"][n]))
        .collect();
    ana.json(&["case", "move", &numbers[1], "review"]);
    ana.json(&["case", "owner", &numbers[2], "Ana"]);
    ana.json(&["case", "label", &numbers[3], "press"]);
    let total = |words: &[&str]| {
        ana.json(&[&["list"], words].concat())["total"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(total(&[]), 5);
    assert_eq!(total(&["--mine"]), 1);
    assert_eq!(total(&["--unassigned"]), 4);
    assert_eq!(total(&["--label", "press"]), 1);
    assert_eq!(total(&["--stage", "Review and response"]), 1);
    assert_eq!(total(&["--search", "zenith"]), 1);
    assert_eq!(total(&["--contested"]), 0);
    assert_eq!(total(&["--template", "Complaint", "--open"]), 5);
    let board = ana.json(&["board"]);
    let columns = board["boards"][0]["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 7);
    assert_eq!(columns[0]["total"], 4);
    assert_eq!(columns[1]["total"], 1);
}

#[test]
fn a_case_is_named_by_number_title_or_the_beginning_of_its_id() {
    let ana = Person::founder();
    let number = ana.complaint("Fee charged twice");
    let document = ana.json(&["case", "show", &number])["document"]
        .as_str()
        .unwrap()
        .to_owned();
    for name in [
        "fee charged",
        &document[..6],
        &document,
        &number.to_lowercase(),
    ] {
        assert_eq!(
            ana.json(&["case", "show", name])["number"],
            number.as_str(),
            "{name}"
        );
    }
    ana.complaint("Fee charged too late");
    let (_, message, cure) = ana.fault(&["case", "show", "fee charged"]);
    assert!(message.contains("several"), "{message}");
    assert_eq!(cure, "casework list");
}

#[test]
fn people_roles_and_teams_are_told() {
    let ana = Person::founder();
    ana.json(&[
        "member",
        "add",
        "Intake form",
        "--kind",
        "service",
        "--role",
        "intake",
    ]);
    ana.json(&[
        "team",
        "set",
        "north",
        "--name",
        "Team North",
        "--add",
        "Ana",
    ]);
    let members = ana.json(&["member", "list"]);
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    let teams = ana.json(&["team", "list"]);
    assert_eq!(teams["teams"][0]["name"], "Team North");
    let roles = ana.text(&["role", "list"]);
    assert!(
        roles.contains("operator") && roles.contains("settle"),
        "{roles}"
    );
    ana.json(&[
        "member",
        "role",
        "Intake form",
        "--add",
        "viewer",
        "--remove",
        "intake",
    ]);
    ana.json(&["member", "remove", "Intake form"]);
    let members = ana.text(&["member", "list"]);
    assert!(members.contains("suspended"), "{members}");
}

#[test]
fn everything_is_verified_and_a_case_is_exported_as_a_plain_document() {
    let ana = Person::founder();
    let case = ana.complaint("Fee charged twice");
    ana.json(&["case", "move", &case, "review"]);
    let verified = ana.json(&["verify"]);
    assert_eq!(verified["holds"], true);
    assert_eq!(verified["documents"], 2);
    let out = ana.folder.with_file_name("out");
    let exported = ana.json(&["export", &case, "--out", out.to_str().unwrap()]);
    let bytes = std::fs::read(exported["automerge"].as_str().unwrap()).unwrap();
    assert_eq!(
        bytes[..4],
        [0x85, 0x6f, 0x4a, 0x83],
        "an Automerge document"
    );
    let json = std::fs::read_to_string(exported["json"].as_str().unwrap()).unwrap();
    assert!(json.contains("Fee charged twice"));
}

#[test]
fn a_template_round_trips_through_its_toml() {
    let ana = Person::founder();
    let toml = ana.text(&["template", "show", "CMP", "--toml"]);
    let file = ana.folder.with_file_name("copy.toml");
    std::fs::write(&file, &toml).unwrap();
    let again = ana.json(&["template", "import", file.to_str().unwrap()]);
    assert_eq!(again["import"]["did"], "unchanged");
    std::fs::write(&file, toml.replace("Customer care", "Complaints office")).unwrap();
    let newer = ana.json(&["template", "import", file.to_str().unwrap()]);
    assert_eq!(newer["import"]["did"], "published");
}

#[test]
fn the_status_says_who_and_what() {
    let ana = Person::founder();
    ana.complaint("Fee charged twice");
    let status = ana.json(&["status"]);
    assert_eq!(status["info"]["member_name"], "Ana");
    assert_eq!(status["info"]["device_name"], "Laptop");
    assert_eq!(status["status"]["cases"], 1);
    assert!(status["status"]["unsent"].as_u64().unwrap() > 0);
}
