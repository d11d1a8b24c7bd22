//! What is redacted is shown nowhere, under none of its names, on no device, whatever way it came.

use casework::case::facet::redaction::RedactionAction;
use casework::value::FieldType;

use crate::stage::{Device, Server, complaint, settle};

const SECRET: &str = "+351 912 345 678";

/// Everything that a device shows of a case, as scripts get it.
fn everything(device: &Device, case: casework::ids::DocumentId) -> String {
    let view = device.workspace.case(case).unwrap();
    let timeline = device.workspace.timeline(case, 0, 100).unwrap();
    let cards = device.workspace.cards().unwrap();
    format!("{view:?} {timeline:?} {cards:?}")
}

#[test]
fn a_redacted_field_is_hidden_under_the_names_it_had_before_too() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let case = ana.open_case("Noise at night");
    ana.set(case, "phone", SECRET).unwrap();
    settle(&[&ana, &rui]);
    let mut next = complaint();
    next.fields[0] = casework::template::Field {
        card: true,
        ..casework::template::Field::new("telephone", "Telephone", FieldType::Text)
    };
    next.mappings
        .field
        .insert("phone".into(), "telephone".into());
    ana.workspace.import_template(next).unwrap();
    settle(&[&ana, &rui]);
    assert!(everything(&rui, case).contains(SECRET));

    let redact = RedactionAction::Field {
        field: "telephone".into(),
    };
    let reason = Some("asked to be forgotten");
    let redacted = ana.workspace.act(case, redact.into(), reason, false);
    redacted.unwrap();
    settle(&[&ana, &rui]);
    // Mia reads the whole case at once, the others what changed.
    let mia = ana.invite("Mia", "operator");
    for device in [&ana, &rui, &mia] {
        let told = everything(device, case);
        assert!(!told.contains(SECRET), "{told}");
        assert_eq!(device.seen(case), ana.seen(case));
        let verified = device.workspace.verify(&mut |_, _| {}).unwrap();
        assert!(verified.holds(), "{:?}", verified.findings);
    }
}

#[test]
fn a_field_that_was_cleared_is_hidden_on_the_timeline_and_alike_for_a_newcomer() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let case = ana.open_case("Noise at night");
    ana.set(case, "phone", SECRET).unwrap();
    ana.workspace.clear_field(case, "phone", None).unwrap();
    settle(&[&ana, &rui]);
    let redact = RedactionAction::Field {
        field: "phone".into(),
    };
    let never = RedactionAction::Field {
        field: "handler".into(),
    };
    let reason = Some("asked to be forgotten");
    for action in [redact, never] {
        ana.workspace
            .act(case, action.into(), reason, false)
            .unwrap();
    }
    settle(&[&ana, &rui]);
    let mia = ana.invite("Mia", "operator");
    for device in [&ana, &rui, &mia] {
        let told = everything(device, case);
        assert!(!told.contains(SECRET), "{told}");
        assert_eq!(device.seen(case), ana.seen(case));
    }
}
