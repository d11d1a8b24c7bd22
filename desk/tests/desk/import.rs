//! Importing process logs: every case and event arrives, once, whole.

use std::io::Write;

use crate::program::{Person, shared};

const SMALL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <string key="concept:name" value="Garden permits"/>
  <trace>
    <string key="concept:name" value="permit-1"/>
    <string key="district" value="north"/>
    <event><string key="concept:name" value="Received"/><string key="org:resource" value="Resource01"/><string key="org:group" value="Desk"/><date key="time:timestamp" value="2011-10-11T13:42:22+02:00"/></event>
    <event><string key="concept:name" value="Checked"/><string key="org:resource" value="Resource02"/><date key="time:timestamp" value="2011-10-12T09:00:00+02:00"/><string key="result" value="fine"/></event>
    <event><string key="concept:name" value="Checked"/><string key="org:resource" value="Resource02"/><date key="time:timestamp" value="2011-10-12T10:00:00+02:00"/><string key="result" value="fine"/></event>
  </trace>
  <trace>
    <string key="concept:name" value="permit-2"/>
    <string key="district" value="south"/>
    <event><string key="concept:name" value="Received"/></event>
  </trace>
  <trace><string key="concept:name" value="permit-3"/></trace>
</log>
"#;

fn small(person: &Person, name: &str, content: &str) -> String {
    let path = person.folder.with_file_name(name);
    std::fs::File::create(&path)
        .unwrap()
        .write_all(content.as_bytes())
        .unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_trace_is_a_case_and_every_event_an_action_with_its_claim() {
    let ana = Person::founder();
    let file = small(&ana, "garden.xes", SMALL);
    let done = ana.json(&["import", "xes", &file]);
    assert_eq!(done["imported"]["cases"], 3);
    assert_eq!(done["imported"]["events"], 4);
    assert_eq!(done["imported"]["complete"], true);
    assert_eq!(done["imported"]["repeated_as_comments"], 1);
    let key = done["template"]["key"].as_str().unwrap();
    let number = format!("{key}-permit-1");
    let shown = ana.json(&["case", "show", &number]);
    assert_eq!(shown["stage_name"], "Checked");
    assert_eq!(shown["comments"][0]["body"], "activity Checked");
    let timeline = ana.json(&["case", "timeline", &number]);
    let entries = timeline["entries"].as_array().unwrap();
    let opened = entries.last().unwrap();
    assert_eq!(opened["author"], "Ana", "the importer signs");
    assert_eq!(opened["imported_name"], "Resource01");
    assert_eq!(opened["imported"]["at_ms"], 1_318_333_342_000_u64);
    assert_eq!(opened["imported"]["zone_min"], 120);
    let text = ana.text(&["case", "timeline", &number]);
    assert!(
        text.contains("imported: Resource01, 2011-10-11 13:42"),
        "{text}"
    );
    let members = ana.json(&["member", "list", "--all"]);
    let imported = members["members"].as_array().unwrap().iter();
    assert_eq!(
        imported
            .filter(|member| member["kind"] == "imported")
            .count(),
        3
    );
    assert_eq!(ana.json(&["verify"])["holds"], true);
}

#[test]
fn a_dry_run_imports_nothing() {
    let ana = Person::founder();
    let file = small(&ana, "garden.xes", SMALL);
    let plan = ana.json(&["import", "xes", &file, "--dry-run"]);
    assert_eq!(
        (plan["cases"].as_u64(), plan["events"].as_u64()),
        (Some(3), Some(4))
    );
    assert_eq!(ana.json(&["list"])["total"], 0);
    assert_eq!(
        ana.json(&["template", "list"])["templates"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_same_file_is_not_imported_twice_unless_asked() {
    let ana = Person::founder();
    let file = small(&ana, "garden.xes", SMALL);
    ana.json(&["import", "xes", &file]);
    let (_, message, cure) = ana.fault(&["import", "xes", &file]);
    assert!(message.contains("imported before"), "{message}");
    assert!(cure.contains("--again"), "{cure}");
    ana.json(&["import", "xes", &file, "--again"]);
    assert_eq!(ana.json(&["list"])["total"], 6);
}

#[test]
fn an_import_goes_on_where_an_earlier_one_ended() {
    let ana = Person::founder();
    let cut = SMALL.find("permit-3").unwrap();
    let file = small(&ana, "garden.xes", &SMALL[..cut]);
    let output = ana.output(&["import", "xes", &file, "--json"]);
    assert_eq!(output.status.code(), Some(3), "a cut file is told");
    let first: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(first["imported"]["cases"], 2);
    assert!(
        first["broken"]
            .as_str()
            .unwrap()
            .contains("2 complete cases")
    );
    let file = small(&ana, "garden.xes", SMALL);
    let second = ana.json(&["import", "xes", &file]);
    assert_eq!(second["imported"]["cases"], 1);
    assert_eq!(second["imported"]["present"], 2);
    assert_eq!(second["imported"]["complete"], true);
    assert_eq!(ana.json(&["list"])["total"], 3);
}

#[test]
fn a_hostile_file_is_refused_and_leaves_nothing() {
    let ana = Person::founder();
    let file = small(
        &ana,
        "evil.xes",
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aa\">]><log/>",
    );
    let (_, message, _) = ana.fault(&["import", "xes", &file]);
    assert!(message.contains("DOCTYPE"), "{message}");
    assert_eq!(
        ana.json(&["template", "list"])["templates"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_permit_log_of_a_municipality_arrives_to_the_last_event() {
    let Some(file) = shared("receipt.xes.gz") else {
        println!("skipped: the shared data is not on this machine");
        return;
    };
    let ana = Person::founder();
    let done = ana.json(&["import", "xes", file.to_str().unwrap()]);
    assert_eq!(done["imported"]["cases"], 1_434);
    assert_eq!(done["imported"]["events"], 8_577);
    assert_eq!(done["imported"]["complete"], true);
    let key = done["template"]["key"].as_str().unwrap();
    assert_eq!(
        ana.json(&["list", "--template", key, "--limit", "1"])["total"],
        1_434
    );
}
