//! The two real logs, against figures that were counted with other tools.
//!
//! Each test is skipped, and says so, when the data is not there.

use std::path::PathBuf;

use super::*;

fn real(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let read = std::fs::read(folder.join(name)).ok();
    if read.is_none() {
        println!("skipped: ../shared/data/{name} is not there");
    }
    read
}

fn stage_list(plan: &ImportPlan) -> Vec<(&str, StageCategory)> {
    plan.template
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.category))
        .collect()
}

fn field_list(plan: &ImportPlan) -> Vec<(&str, &'static str, Level)> {
    let kind = |kind: &FieldKind| match kind {
        FieldKind::Text => "text",
        FieldKind::Number => "number",
        FieldKind::Checkbox => "checkbox",
        FieldKind::Date => "date",
        FieldKind::DateTime => "date-time",
        FieldKind::SingleSelect { .. } => "select",
    };
    let fields = plan.template.fields.iter();
    fields
        .map(|field| (field.source.as_str(), kind(&field.kind), field.level))
        .collect()
}

#[test]
fn the_permit_process_of_a_municipality_is_planned_exactly() {
    use StageCategory::{Active, Done, Intake};
    let Some(bytes) = real("receipt.xes.gz") else {
        return;
    };
    let (plan, cases) = read_all(&bytes, &Limits::default()).unwrap();
    check(&plan, &cases);
    assert_eq!(
        plan.counts,
        Counts {
            traces: 1434,
            events: 8577,
            attributes: 63_438
        }
    );
    assert_eq!((plan.people.len(), plan.groups.len()), (48, 10));
    assert_eq!(
        (plan.people["Resource01"], plan.people["admin1"]),
        (1228, 352)
    );
    assert_eq!(plan.classifier.as_deref(), Some("Activity classifier"));
    assert_eq!(
        notes(&plan),
        ["8577 events with the only lifecycle transition, left out (first: complete)"]
    );
    assert!(plan.broken.is_none());
    assert_eq!(plan.template.key, "RPEP");
    let stages = stage_list(&plan);
    assert_eq!(stages.len(), 27);
    assert_eq!(stages[0], ("Confirmation of receipt", Intake));
    assert_eq!(stages[1], ("T02 Check confirmation of receipt", Active));
    assert_eq!(
        stages[26],
        ("T15 Print document X request unlicensed", Done)
    );
    let done: Vec<&str> = stages
        .iter()
        .filter(|(_, category)| *category == Done)
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(
        done,
        [
            "T10 Determine necessity to stop indication",
            "T20 Print report Y to stop indication",
            "T15 Print document X request unlicensed",
        ]
    );
}

#[test]
fn the_permit_process_has_its_attributes_as_fields() {
    let Some(bytes) = real("receipt.xes.gz") else {
        return;
    };
    let (plan, cases) = read_all(&bytes, &Limits::default()).unwrap();
    let fields = field_list(&plan);
    assert_eq!(fields.len(), 9);
    for expected in [
        ("channel", "select", Level::Trace),
        ("department", "select", Level::Trace),
        ("group", "select", Level::Trace),
        ("deadline", "date-time", Level::Trace),
        ("responsible", "text", Level::Trace),
        ("concept:instance", "text", Level::Event),
    ] {
        assert!(fields.contains(&expected), "{expected:?} in {fields:?}");
    }
    assert_eq!(
        cases.iter().map(|case| case.events.len()).sum::<usize>(),
        8577
    );
    assert_eq!(cases[0].source_id, "case-10011");
    let first = &cases[0].events[0];
    assert_eq!(first.stage, "confirmation-of-receipt");
    assert_eq!(first.person.as_deref(), Some("Resource21"));
    assert_eq!(
        first.at.unwrap().to_string(),
        "2011-10-11T13:45:40.276+02:00"
    );
}

#[test]
fn the_help_desk_is_planned_exactly() {
    use StageCategory::{Active, Done, Intake};
    let Some(bytes) = real("helpdesk.xes.gz") else {
        return;
    };
    let (plan, cases) = read_all(&bytes, &Limits::default()).unwrap();
    check(&plan, &cases);
    assert_eq!(
        plan.counts,
        Counts {
            traces: 4580,
            events: 21_348,
            attributes: 260_756
        }
    );
    assert_eq!((plan.people.len(), plan.groups.len()), (22, 0));
    assert_eq!(
        (plan.people["Value 2"], plan.people["Value 22"]),
        (4235, 10)
    );
    assert_eq!(
        (plan.classifier.as_deref(), plan.template.key.as_str()),
        (None, "BYTE")
    );
    assert_eq!(notes(&plan), Vec::<String>::new());
    assert_eq!(
        stage_list(&plan),
        [
            ("Insert ticket", Intake),
            ("Assign seriousness", Intake),
            ("Take in charge ticket", Active),
            ("Wait", Active),
            ("Create SW anomaly", Active),
            ("Schedule intervention", Active),
            ("Require upgrade", Active),
            ("Resolve SW anomaly", Active),
            ("RESOLVED", Active),
            ("Resolve ticket", Active),
            ("DUPLICATE", Active),
            ("INVALID", Active),
            ("VERIFIED", Active),
            ("Closed", Done),
        ]
    );
    let select = |source| (source, "select", Level::Event);
    let text = |source| (source, "text", Level::Event);
    assert_eq!(
        field_list(&plan),
        [
            select("seriousness"),
            text("customer"),
            text("product"),
            select("responsible_section"),
            select("seriousness_2"),
            select("service_level"),
            select("service_type"),
            select("support_section"),
            select("workgroup"),
        ]
    );
    assert_eq!(
        cases.iter().map(|case| case.events.len()).sum::<usize>(),
        21_348
    );
    // In the first case only the service level changes, with the third event.
    let changes: Vec<usize> = cases[0]
        .events
        .iter()
        .map(|event| event.changes.len())
        .collect();
    assert_eq!(changes, [9, 0, 1, 0, 0]);
}

#[test]
fn the_real_logs_cut_anywhere_give_complete_cases() {
    for name in ["receipt.xes.gz", "helpdesk.xes.gz"] {
        let Some(bytes) = real(name) else { continue };
        let mut last = 0;
        for cut in (0..bytes.len()).step_by(31 * 997) {
            let (complete, _, error) = read(&bytes[..cut], &Limits::default());
            assert!(error.is_some() && complete >= last, "{name} cut at {cut}");
            last = complete;
        }
        assert!(last > 1000, "{name}: {last}");
    }
}
