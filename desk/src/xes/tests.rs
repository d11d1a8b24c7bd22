//! The whole room on small logs; hostile bytes and the real logs in files of their own.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::attribute::Value;
use super::log::Scope;
use super::plan::{FieldKind, Level, StageCategory};
use super::*;

mod hostile;
mod planning;
mod real;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
  <global scope="event"><date key="time:timestamp" value="1970-01-01T00:00:00Z"/></global>
  <classifier name="Activity classifier" keys="concept:name lifecycle:transition"/>
  <classifier name="By person" keys="org:resource"/>
  <classifier name="Of traces" scope="trace" keys="concept:name"/>
  <string key="concept:name" value="Small claims"><int key="version" value="2"/></string>
"#;

/// An event: activity, person, time and further attributes.
fn event(activity: &str, person: &str, at: &str, more: &str) -> String {
    format!(
        "<event><string key='concept:name' value='{activity}'/>\
         <string key='org:resource' value='{person}'/>\
         <date key='time:timestamp' value='{at}'/>{more}</event>\n"
    )
}

fn trace(name: &str, content: &str) -> String {
    format!("<trace><string key='concept:name' value='{name}'/>{content}</trace>\n")
}

fn log(traces: &str) -> String {
    format!("{HEAD}{traces}</log>\n")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn planned(xml: &str) -> (ImportPlan, Vec<CasePlan>) {
    read_all(xml.as_bytes(), &Limits::default()).unwrap()
}

fn notes(plan: &ImportPlan) -> Vec<String> {
    plan.notes.iter().map(ToString::to_string).collect()
}

/// Complete traces, events in them, and the error at the end.
fn read(bytes: &[u8], limits: &Limits) -> (u64, u64, Option<XesError>) {
    let mut traces = match Traces::open(bytes, limits.clone()) {
        Ok(traces) => traces,
        Err(error) => return (0, 0, Some(error)),
    };
    let (mut complete, mut events) = (0, 0);
    for read in traces.by_ref() {
        match read {
            Ok(trace) => {
                complete += 1;
                events += trace.events.len() as u64;
            }
            Err(error) => {
                assert!(traces.next().is_none(), "nothing follows an error");
                return (complete, events, Some(error));
            }
        }
    }
    (complete, events, None)
}

/// A log of `count` traces that looks like real ones.
fn sample(count: usize) -> String {
    let case = |n: usize| {
        let steps = ["Receive", "Check", "Check", "Decide", "Archive"];
        let events = steps.iter().take(2 + n % 4).enumerate().map(|(at, step)| {
            let time = format!(
                "2024-03-{:02}T0{}:00:00.{:03}+01:00",
                1 + n % 28,
                at + 1,
                n % 1000
            );
            let more = format!("<int key='amount' value='{}'/>", (n * at) % 50);
            event(step, &format!("person {}", (n + at) % 7), &time, &more)
        });
        let channel = ["Post", "Desk", "Web &amp; mail"][n % 3];
        let own = format!("<string key='channel' value='{channel}'/>");
        trace(&format!("case {n}"), &(own + &events.collect::<String>()))
    };
    log(&(0..count).map(case).collect::<String>())
}

#[test]
fn the_head_of_a_log_is_read() {
    let xml = log("");
    let traces = Traces::open(xml.as_bytes(), Limits::default()).unwrap();
    let head = traces.head();
    assert_eq!(head.extensions[0].prefix, "concept");
    assert_eq!(head.trace_globals.text("concept:name").unwrap(), "UNKNOWN");
    assert!(matches!(
        head.event_globals.get("time:timestamp").unwrap().value,
        Value::Date(_)
    ));
    let names: Vec<_> = head
        .classifiers
        .iter()
        .map(|c| (c.name.as_str(), c.scope))
        .collect();
    let (events, traces) = (Scope::Event, Scope::Trace);
    let expected = [
        ("Activity classifier", events),
        ("By person", events),
        ("Of traces", traces),
    ];
    assert_eq!(names, expected);
    let name = head.attributes.get("concept:name").unwrap();
    assert_eq!(name.value, Value::Text("Small claims".to_owned()));
    assert_eq!(name.nested.get("version").unwrap().value, Value::Int(2));
    assert!(matches!(
        read_all(xml.as_bytes(), &Limits::default()),
        Err(XesError::Empty)
    ));
}

#[test]
fn lists_containers_and_nested_attributes_are_read() {
    let content = "<list key='drivers'><values><string key='d' value='a'><float key='cost' \
                   value='1.5'/></string><string key='d' value='b'/></values></list>\
                   <list key='old style'><int value='1'/><int value='2'/></list>\
                   <container key='address'><string key='city' value='Porto'/>\
                   <container key='place'><float key='lat' value='41.1'/></container></container>\
                   <id key='identity:id' value='9a0b'><boolean key='checked' value='true'/></id>";
    let (plan, cases) = planned(&log(&trace("one", content)));
    let seen: Vec<_> = cases[0]
        .fields
        .iter()
        .map(|(id, value)| (id.as_str(), value))
        .collect();
    let text = |text: &str| PlannedValue::Text(text.to_owned());
    let number = |digits: &str| PlannedValue::Number(digits.to_owned());
    assert_eq!(
        seen,
        [
            ("drivers", &text("d: a (cost: 1.5), d: b")),
            ("old-style", &text("1, 2")),
            ("address-city", &text("Porto")),
            ("address-place-lat", &number("41.1")),
            ("identity-id", &text("9a0b")),
            ("identity-id-checked", &PlannedValue::Checkbox(true)),
        ]
    );
    assert_eq!(plan.template.fields[3].source, "address / place / lat");
    assert_eq!(plan.counts.attributes, 14);
    assert_eq!(
        notes(&plan),
        ["1 case had no events", "1 stage added: Closed"]
    );
}

#[test]
fn a_case_has_its_events_in_time_order_and_only_real_changes() {
    let amount = |n: u32| format!("<int key='amount' value='{n}'/>");
    let at = |hour: u32| format!("2024-03-01T{hour:02}:00:00+01:00");
    let untimed = "<event><string key='concept:name' value='Call'/></event>";
    let content = event("Open", "ana", &at(8), &amount(5))
        + &event("Close", "rui", &at(12), &amount(7))
        + untimed
        + &event("Check", "ana", &at(9), &amount(5));
    let xml = log(&(trace("a", &content) + &trace("b", &event("Open", "ana", &at(8), ""))));
    let (plan, cases) = planned(&xml);
    let seen: Vec<_> = cases[0]
        .events
        .iter()
        .map(|e| {
            (
                e.stage.as_str(),
                e.person.as_deref(),
                e.at.map(|at| at.to_string()),
                e.changes.len(),
            )
        })
        .collect();
    let time = |hour: u32| Some(format!("2024-03-01T{hour:02}:00:00+01:00"));
    assert_eq!(
        seen,
        [
            ("open", Some("ana"), time(8), 1),
            ("check", Some("ana"), time(9), 0),
            ("close", Some("rui"), time(12), 1),
            ("call", None, None, 0),
        ]
    );
    let change = ("amount".to_owned(), PlannedValue::Number("7".to_owned()));
    assert_eq!(cases[0].events[2].changes, [change]);
    assert_eq!(
        plan.people
            .iter()
            .map(|(name, n)| (name.as_str(), *n))
            .collect::<Vec<_>>(),
        [("ana", 3), ("rui", 1)]
    );
    assert_eq!(
        notes(&plan),
        [
            "1 event had no timestamp",
            "1 case had its events out of order and was sorted"
        ]
    );
    assert_eq!(plan.template.name, "Small claims");
    assert_eq!(plan.template.key, "SC");
}

#[test]
fn what_is_adjusted_is_noted() {
    let content = "<date key='due' value='10/09/2012'/><int key='n' value='many'/>\
                   <string value='no key'/><string key='empty' value=''/><string key='none'/>\
                   <string key='twice' value='1'/><string key='twice' value='2'/>\
                   <mystery><string key='x' value='y'/></mystery>stray\
                   <string key='firm' value='R&D &lt;x>'/><date key='local' value='2024-03-01T10:00:00'/>\
                   <string key='bell' value='a&#7;b'/><trace/>";
    let xml = log(&(trace("a", content) + "<event/>")) + "<!-- bye -->";
    let bytes = [xml.as_bytes(), b"\xff"].concat();
    let (plan, cases) = read_all(&bytes, &Limits::default()).unwrap();
    let fields: Vec<_> = cases[0].fields.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(fields, ["due", "n", "twice", "firm", "local", "bell"]);
    let text = |id: &str| {
        let found = cases[0]
            .fields
            .iter()
            .find(|(field, _)| field == id)
            .unwrap();
        let PlannedValue::Text(text) = &found.1 else {
            panic!("{found:?} is no text")
        };
        text.clone()
    };
    assert_eq!(
        (text("due").as_str(), text("n").as_str()),
        ("10/09/2012", "many")
    );
    assert_eq!(
        (text("twice").as_str(), text("firm").as_str()),
        ("2", "R&D <x>")
    );
    assert_eq!(text("bell"), "a\u{fffd}b");
    assert_eq!(
        notes(&plan),
        [
            "1 case had no events",
            "1 date was not readable and stays text (first: 10/09/2012)",
            "1 value did not fit its type and stays text (first: many)",
            "1 time had no offset, taken as UTC (first: 2024-03-01T10:00:00)",
            "1 key stood twice, the last counts (first: twice)",
            "1 attribute had no key, left out (first: no key)",
            "2 attributes were empty, left out (first: empty)",
            "3 unknown elements left out (first: mystery)",
            "1 stray text left out (first: stray)",
            "1 loose ampersand kept (first: R&D &lt;x>)",
            "1 control character replaced",
            "1 byte was not UTF-8, replaced",
            "13 bytes after the end of the log",
            "1 stage added: Closed",
        ]
    );
}

#[test]
fn what_follows_the_first_trace_is_no_head() {
    let late = "<string key='late' value='x'/><classifier name='Late' keys='a'/>";
    let (plan, cases) = planned(&log(&(trace("a", "") + late + &trace("b", ""))));
    assert_eq!((cases.len(), plan.head.classifiers.len()), (2, 3));
    assert!(plan.head.attributes.get("late").is_none());
    assert!(notes(&plan).contains(&"2 unknown elements left out (first: string)".to_owned()));
}

/// Everything a case names is in the plan, once.
fn check(plan: &ImportPlan, cases: &[CasePlan]) {
    let stages: Vec<&str> = plan
        .template
        .stages
        .iter()
        .map(|stage| stage.id.as_str())
        .collect();
    let fields: Vec<&str> = plan
        .template
        .fields
        .iter()
        .map(|field| field.id.as_str())
        .collect();
    assert!(
        plan.template
            .stages
            .iter()
            .any(|s| s.category == StageCategory::Intake)
    );
    assert!(
        plan.template
            .stages
            .iter()
            .any(|s| s.category == StageCategory::Done)
    );
    let mut ids = std::collections::BTreeSet::new();
    for case in cases {
        assert!(
            ids.insert(case.source_id.as_str()),
            "{} is used twice",
            case.source_id
        );
        assert!(
            case.fields
                .iter()
                .all(|(id, _)| fields.contains(&id.as_str()))
        );
        for event in &case.events {
            assert!(stages.contains(&event.stage.as_str()));
            assert!(
                event
                    .changes
                    .iter()
                    .all(|(id, _)| fields.contains(&id.as_str()))
            );
            assert!(
                event
                    .person
                    .iter()
                    .all(|person| plan.people.contains_key(person))
            );
        }
    }
}
