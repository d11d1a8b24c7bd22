//! Calendars and clocks as they are written: read, kept in one form, refused with their place.

use super::*;

/// The plain package with these lines, in TOML.
fn with(lines: &str) -> Package {
    let source = format!("{}\n{lines}", plain().to_toml());
    Package::from_toml(&source).unwrap_or_else(|error| panic!("{lines}: {error}"))
}

fn faults(lines: &str) -> Vec<String> {
    with(lines)
        .faults()
        .iter()
        .map(ToString::to_string)
        .collect()
}

const OFFICE: &str = r#"
[[calendars]]
id = "office"
name = "Office"
zone = "Europe/Lisbon"
hours = { mon = ["09:00-13:00", "14:00-18:00"], fri = ["09:00-15:00"] }
holidays = ["12-25", "easter-2", "2026-08-10/2026-08-21"]
"#;

#[test]
fn a_template_with_calendars_and_clocks_is_published_and_reads_back() {
    let lines = format!(
        "{OFFICE}\n[[sla]]\nid = \"response\"\nname = \"Response\"\ntarget = \"PT8H\"\n\
         warn = \"75%\"\npauses_in = [\"work\"]\n"
    );
    let mut package = with(&lines);
    let mut clock = StageClock::new("3 business days".parse().unwrap());
    clock.warn = Some("4 business hours".parse().unwrap());
    package.stages[0].sla = Some(clock);
    assert_eq!(package.faults(), []);
    assert_eq!(Package::from_toml(&package.to_toml()).unwrap(), package);
    let revision = package.publish().unwrap();
    assert_eq!(Revision::decode(revision.as_bytes()).unwrap(), revision);
    let text = String::from_utf8(revision.as_bytes().to_vec()).unwrap();
    assert!(text.contains(r#""target":"8 hours""#), "{text}");
}

#[test]
fn what_is_wrong_with_a_calendar_is_said_with_its_place() {
    for (line, replaced, expected) in [
        (
            "Europe/Lisbon",
            "Europe/Lisboa",
            "calendars[0] \"office\".zone: \"Europe/Lisboa\" is not",
        ),
        (
            "14:00-18:00",
            "12:30-18:00",
            "hours.mon: the hours 09:00-13:00 and 12:30-18:00 overlap",
        ),
        (
            "2026-08-21",
            "2026-08-01",
            "holidays: the days 2026-08-10/2026-08-01 end before",
        ),
        (
            r#"{ mon = ["09:00-13:00", "14:00-18:00"], fri = ["09:00-15:00"] }"#,
            "{}",
            "hours: the calendar is never open",
        ),
    ] {
        let found = faults(&OFFICE.replace(line, replaced));
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }
    let twice = faults(&format!("{OFFICE}{OFFICE}"));
    assert!(
        twice[0].contains("calendars: the id \"office\" is used twice"),
        "{twice:?}"
    );
    let unread = Package::from_toml(&format!(
        "{}\n{}",
        plain().to_toml(),
        OFFICE.replace("18:00", "8:00")
    ));
    assert!(
        unread
            .unwrap_err()
            .to_string()
            .contains("write 09:00-17:30")
    );
}

#[test]
fn what_is_wrong_with_a_clock_is_said_with_its_place() {
    let clock = |line: &str| format!("[[sla]]\nid = \"x\"\nname = \"X\"\n{line}\n");
    for (line, expected) in [
        (
            "target = \"2 business days\"",
            "sla[0] \"x\": 2 business days need a calendar",
        ),
        (
            "target = \"2 days\"\ncalendar = \"home\"",
            "calendar: there is no calendar \"home\"",
        ),
        (
            "target = \"2 days\"\nwarn = \"2 days\"",
            "warn: the warning 2 days before is not shorter",
        ),
        (
            "target = \"2 days\"\npauses_in = [\"moon\"]",
            "pauses_in: there is no stage \"moon\"",
        ),
        (
            "target = \"2 days\"\nfrom = [\"work\"]\nuntil = [\"work\"]",
            "both starts it and stops it",
        ),
    ] {
        let found = faults(&clock(line));
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{line}: {found:?}"
        );
    }
    let mut package = plain();
    let end = package
        .stages
        .iter_mut()
        .find(|stage| stage.category.is_final())
        .unwrap();
    end.sla = Some(StageClock::new("2 days".parse().unwrap()));
    let found: Vec<String> = package.faults().iter().map(ToString::to_string).collect();
    assert!(
        found[0].contains("remove the clock of this stage"),
        "{found:?}"
    );
}
