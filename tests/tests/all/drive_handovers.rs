//! Handing over, driven: transfers with acceptance, referrals with consent, holds and their time.

use casework_tests::process::settle;
use serde_json::{Value, json};

use crate::drive::{DAY, Office, count, holds, open};

const PLAIN: &str = r#"
key = "CTR"
name = "Contract"
unlisted = "free"

[[stages]]
id = "draft"
name = "Draft"
category = "active"

[[stages]]
id = "signed"
name = "Signed"
category = "done"
"#;

#[test]
fn a_case_is_offered_and_taken_over_declined_or_taken_back_and_an_acceptance_holds() {
    let mut office = Office::new(PLAIN);
    let [case, other, third] =
        ["One", "Two", "Three"].map(|title| open(&office.ana, "CTR", title, &[]));
    for case in [&case, &other, &third] {
        office.ana.does(&format!("case owner {case} Ana"));
        office.ana.does(&format!(
            "case transfer offer {case} Rui --note 'Call her first' --reason 'Moved'"
        ));
    }
    office.settle();
    let (ana, rui) = (&office.ana, &office.rui);
    holds(
        &rui.reads("approvals"),
        &["transfer", "One", "casework case transfer accept"],
    );
    holds(&rui.reads("inbox"), &["offers you a transfer"]);
    assert_eq!(office.same(&case)["owner"], "Ana", "an offer moves nothing");
    rui.does(&format!(
        "case transfer decline {other} --reason 'On leave'"
    ));
    office.settle();
    holds(&ana.reads("inbox"), &["your transfer declined"]);
    holds(
        &ana.reads(&format!("case show {other}")),
        &["declined", "On leave"],
    );
    // Taken back and accepted apart: accepted, and both are shown.
    office.premises.server.kill();
    rui.does(&format!("case transfer accept {case}"));
    ana.does(&format!(
        "case transfer withdraw {case} --reason 'I keep it'"
    ));
    ana.does(&format!("case transfer withdraw {third}"));
    office.premises.server.start_again();
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        (&shown["owner"], &shown["transfers"][0]["state"]),
        (&json!("Rui"), &json!("accepted"))
    );
    holds(
        &ana.reads(&format!("case show {case}")),
        &["answered twice at once", "I keep it"],
    );
    assert_eq!(office.same(&third)["transfers"][0]["state"], "withdrawn");
    holds(
        &rui.refused(&format!("case transfer accept {third}")),
        &[&format!("casework case show {third}")],
    );

    ana.does("team set north --name North --add Rui");
    ana.does("sync");
    ana.does(&format!("case transfer offer {third} team:north"));
    office.settle();
    rui.does(&format!("case transfer accept {third}"));
    office.settle();
    assert_eq!(office.same(&third)["owner"], "Rui");
}

#[test]
fn a_part_is_referred_with_consent_answered_and_completed() {
    let office = Office::new(PLAIN);
    let (ana, rui) = (&office.ana, &office.rui);
    let case = open(ana, "CTR", "Lia", &[]);
    office.settle();
    let make = format!("case referral make {case} 'Legal advice' --to Rui");
    holds(
        &ana.refused(&make),
        &["consent", "--consent-by WHO", "--without-consent"],
    );
    let consent = "--consent-by 'the mother' --consent-how 'in writing' --consent-on 2026-03-01";
    ana.does(&format!("{make} {consent} --note 'The custody only'"));
    ana.does(&format!(
        "case referral make {case} Shelter --party 'The house' --without-consent --reason Danger"
    ));
    ana.does(&format!(
        "case referral make {case} School --party 'The school' {consent}"
    ));
    office.settle();
    holds(
        &rui.reads("approvals"),
        &["referral", "Legal advice", "casework case referral accept"],
    );
    let early = rui.refused(&format!(
        "case referral complete {case} 'Legal advice' 'Advised'"
    ));
    holds(
        &early,
        &["not accepted", "casework case referral accept CTR-"],
    );
    rui.does(&format!("case referral accept {case} 'Legal advice'"));
    rui.does(&format!(
        "case referral complete {case} 'Legal advice' 'Advised twice'"
    ));
    ana.does(&format!(
        "case referral decline {case} Shelter --reason 'No bed'"
    ));
    ana.does(&format!("case referral withdraw {case} School"));
    office.settle();
    let shown = office.same(&case);
    let states: Vec<&Value> = shown["referrals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["completed", "declined", "withdrawn"]);
    assert_eq!(shown["referrals"][0]["outcome"], "Advised twice");
    assert_eq!(shown["referrals"][0]["consent"]["by"], "the mother");
    let read = ana.reads(&format!("case show {case}"));
    holds(
        &read,
        &[
            "consent by the mother, in writing, 2026-03-01",
            "without consent",
            "No bed",
        ],
    );
}

#[test]
fn a_case_waits_until_every_hold_is_ended_and_its_time_on_hold_is_the_whole_of_it() {
    let mut office = Office::new(PLAIN);
    let case = open(&office.ana, "CTR", "Cleaning", &[]);
    office.settle();
    office.premises.server.kill();
    office.ana.does(&format!(
        "case hold start {case} 'the bank' --until 2199-01-01"
    ));
    office
        .rui
        .does(&format!("case hold start {case} 'the customer'"));
    office.premises.server.start_again();
    office.settle();
    let (ana, rui) = (&office.ana, &office.rui);
    assert_eq!(ana.case(&case)["on_hold"], true);
    holds(&ana.reads("list"), &["on hold"]);
    office.premises.server.set_ahead(2 * DAY);
    let [ana, rui] = [ana, rui].map(|who| who.ahead(2 * DAY));
    ana.does(&format!(
        "case hold end {case} 'the bank' --reason 'It answered'"
    ));
    settle(&[&ana, &rui]);
    assert_eq!(rui.case(&case)["on_hold"], true, "the other stands");
    rui.does(&format!("case hold end {case}"));
    settle(&[&rui, &ana]);
    let shown = ana.case(&case);
    assert_eq!(
        (&shown["on_hold"], count(&shown["holds"])),
        (&json!(false), 2)
    );
    let days = shown["on_hold_ms"].as_i64().unwrap() / (DAY * 1_000);
    assert_eq!(
        days, 2,
        "both at once are one pause: {}",
        shown["on_hold_ms"]
    );
    holds(
        &ana.reads(&format!("case show {case}")),
        &["Holds", "2 days", "the customer"],
    );
    holds(&ana.refused(&format!("case hold end {case}")), &["hold"]);
}
