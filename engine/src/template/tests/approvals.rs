//! Kinds of approval: what is refused at publish, and who is asked at which value.

use super::*;
use crate::approval::Mode;
use crate::value::Scalar;

const SOURCE: &str = r#"
key = "CT"
name = "Contract"

[[stages]]
id = "request"
name = "Request"
category = "intake"

[[stages]]
id = "approval"
name = "Approval"
category = "active"

[[stages]]
id = "done"
name = "Done"
category = "done"

[[fields]]
id = "value"
label = "Value"
type = "money"

[[fields]]
id = "days"
label = "Days"
type = "number"

[[fields]]
id = "boss"
label = "Boss"
type = "member"

[[approvals]]
id = "contract"
label = "Contract approval"
stage = "approval"
approvers = ["role:manager", "field:boss", "owner"]
maker_checker = true
made_by = ["value"]
thresholds = [
  { field = "value", from = "50000 EUR", approvers = ["role:director"] },
  { field = "value", from = "500000 EUR", mode = "count", count = 2, approvers = ["role:director"] },
]
"#;

fn contract() -> Package {
    Package::from_toml(SOURCE).expect("the source is a package")
}

/// The faults after a change of the one kind of approval.
fn faults_after(change: impl FnOnce(&mut ApprovalType)) -> Vec<String> {
    let mut package = contract();
    change(&mut package.approvals[0]);
    let faults = package.faults();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_template_with_thresholds_is_published_and_reads_back_from_both_formats() {
    let package = contract();
    assert_eq!(package.faults(), []);
    assert_eq!(Package::from_toml(&package.to_toml()), Ok(package.clone()));
    assert_eq!(Package::from_json(&package.to_json()), Ok(package.clone()));
    let revision = package.publish().unwrap();
    assert!(Revision::decode(revision.as_bytes()).is_ok());
    assert_eq!(revision.approval_type("contract").unwrap().mode, Mode::Any);
}

#[test]
fn the_value_says_who_is_asked() {
    let package = contract();
    let kind = &package.approvals[0];
    let at = |words: Option<&str>| {
        let field = &package.fields[0];
        let scalar = words.map(|words| {
            let value = crate::value::FieldValue::parse(field, words);
            value.expect("an amount").to_scalar()
        });
        kind.tier(&package.fields, move |_| scalar.clone())
    };
    let position = |words| at(Some(words)).map(|tier| (tier.position, tier.mode, tier.count));
    assert_eq!(position("49999.99 EUR"), Ok((0, Mode::Any, 0)));
    assert_eq!(position("50000 EUR"), Ok((1, Mode::Any, 0)));
    assert_eq!(position("500000 EUR"), Ok((2, Mode::Count, 2)));
    // Another currency cannot be compared, so the strictest question is asked.
    assert_eq!(position("1 USD"), Ok((2, Mode::Count, 2)));
    assert_eq!(at(None), Err("value"));
}

#[test]
fn an_approval_that_nobody_can_give_is_a_fault() {
    let only = |faults: Vec<String>, expected: &str| {
        assert!(
            faults.len() == 1 && faults[0].contains(expected),
            "{expected:?} in {faults:#?}"
        );
    };
    only(
        faults_after(|kind| kind.approvers.clear()),
        "nobody is asked",
    );
    let counted = |count, approver: &str| {
        let approver: Approver = approver.parse().unwrap();
        faults_after(|kind| {
            (kind.mode, kind.count) = (Mode::Count, count);
            kind.approvers = vec![approver];
        })
    };
    only(counted(0, "role:boss"), "can never agree");
    only(counted(2, "owner"), "can never agree");
    assert_eq!(counted(2, "team:board"), [""; 0]);
    only(faults_after(|kind| kind.count = 2), "only with mode");
    only(
        faults_after(|kind| kind.thresholds[1].approvers.clear()),
        "thresholds[1].approvers: nobody",
    );
}

#[test]
fn references_to_nothing_and_fields_of_another_type_are_faults() {
    let found = |change: fn(&mut ApprovalType), expected: &str| {
        let faults = faults_after(change);
        assert!(
            faults.iter().any(|fault| fault.contains(expected)),
            "{expected:?} in {faults:#?}"
        );
    };
    found(|kind| kind.id = "No".into(), "the id \"No\"");
    found(|kind| kind.label.clear(), "the label is empty");
    found(|kind| kind.stage = "gone".into(), "no stage \"gone\"");
    found(|kind| kind.made_by.push("gone".into()), "no field \"gone\"");
    found(
        |kind| kind.approvers.push(Approver::Field("gone".into())),
        "no field \"gone\"",
    );
    found(
        |kind| kind.approvers.push(Approver::Field("days".into())),
        "names no member",
    );
    found(|kind| kind.approvers.push(Approver::Owner), "used twice");
    found(
        |kind| kind.thresholds[0].field = "boss".into(),
        "has no amount",
    );
    found(
        |kind| kind.thresholds[0].from = Scalar::text("many"),
        "cannot be compared",
    );
    found(|kind| kind.thresholds.swap(0, 1), "must rise");
    let twice = |package: &mut Package| package.approvals.push(package.approvals[0].clone());
    let mut package = contract();
    twice(&mut package);
    assert_eq!(package.faults().len(), 1);
}

#[test]
fn an_approver_is_written_in_one_way() {
    for text in ["owner", "field:boss", "role:director", "team:legal-2"] {
        assert_eq!(text.parse::<Approver>().unwrap().to_string(), text);
    }
    for text in ["", "boss", "field:", "field:Boss", "owner ", "role:"] {
        assert!(text.parse::<Approver>().is_err(), "{text}");
    }
}
