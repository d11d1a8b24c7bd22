//! Rules, driven: what a stage and a move ask for, how a refusal reads, what goes through with a
//! reason, and what a newer rule says of late work.

use casework_tests::process::settle;
use serde_json::json;

use crate::drive::{Office, count, holds, open};

const PERMIT: &str = r#"
key = "PER"
name = "Permit"

[[stages]]
id = "intake"
name = "Intake"
category = "intake"
required = ["applicant"]
required_to_leave = ["purpose"]
documents = ["plan"]

[[stages]]
id = "check"
name = "Check"
category = "active"
required = ["fee"]
field_policy = { applicant = "read-only", note = "hidden", fee = "required" }
entry = [{ severity = "warn", message = "Bring the keys of the archive." }]
exit = [{ severity = "block", message = "Nothing is decided before the site was visited.", when = [[{ of = "field/visited", is = "is-not", value = true }]] }]

[[stages]]
id = "fast"
name = "Fast lane"
category = "active"

[[stages]]
id = "done"
name = "Done"
category = "done"

[[fields]]
id = "applicant"
label = "Applicant"
type = "party"

[[fields]]
id = "purpose"
label = "Purpose"
type = "text"

[[fields]]
id = "fee"
label = "Fee"
type = "money"

[[fields]]
id = "visited"
label = "Visited"
type = "checkbox"

[[fields]]
id = "wanted_on"
label = "Wanted on"
type = "date"

[[fields]]
id = "note"
label = "Note of the clerk"
type = "text"

[[document_types]]
id = "plan"
label = "Plan"

[[transitions]]
from = "intake"
to = "check"

[[transitions]]
from = "check"
to = "done"

[[transitions]]
from = "fast"
to = "done"

[[transitions]]
from = "intake"
to = "fast"
rules = [{ severity = "ask", message = "The fast lane is for what is urgent, small or soon", when = [
    [{ of = "stage", is = "is", value = "intake" }],
    [{ of = "label", is = "has-not", value = "urgent" }],
    [{ of = "field/fee", is = "above", value = "100 EUR" }, { of = "assignees", is = "empty" }],
    [{ of = "field/wanted_on", is = "empty" }, { of = "field/wanted_on", is = "after", value = "today+7d" }],
] }]
"#;

/// A case that has what its first stage asks for when it is left.
fn ready(office: &Office, title: &str) -> String {
    let (ana, plan) = (&office.ana, office.file("plan.pdf", "walls"));
    let case = open(
        ana,
        "PER",
        title,
        &["applicant=Eva Lopes", "purpose=A garage"],
    );
    ana.does(&format!("case document add {case} {plan} --type plan"));
    case
}

#[test]
fn offline_a_refusal_names_rule_field_and_document_and_the_way_out() {
    let mut office = Office::new(PERMIT);
    let case = open(&office.ana, "PER", "A garage", &["applicant=Eva Lopes"]);
    office.settle();
    office.premises.server.kill();
    let rui = &office.rui;

    let refused = rui.refused("case open PER 'Without a name'");
    holds(
        &refused,
        &["opening requires Applicant", "--set applicant="],
    );
    let to_check = format!("case move {case} check");
    // Closing is no way past what the stage asks of whoever leaves it.
    let refused = rui.refused(&format!("case close {case} settled"));
    holds(&refused, &["closing here requires", "Purpose"]);
    holds(
        &refused,
        &["the document Plan (plan)", "try: casework case"],
    );
    let refused = rui.refused(&to_check);
    holds(&refused, &["Purpose", "the document Plan (plan)", "Fee"]);
    holds(
        &refused,
        &[
            "try: casework case set PER-",
            " purpose=… fee=… and casework case document add",
        ],
    );
    rui.does(&format!("case set {case} purpose='A garage' fee='80 EUR'"));
    let refused = rui.refused(&to_check);
    holds(
        &refused,
        &["casework case document add PER-", "FILE --type plan"],
    );
    let plan = office.file("plan.pdf", "walls");
    rui.does(&format!("case document add {case} {plan} --type plan"));
    let moved = rui.does(&to_check);
    assert_eq!(moved["warnings"], json!(["Bring the keys of the archive."]));

    // What a stage says of its fields.
    let refused = rui.refused(&format!("case set {case} applicant='Rita Dias'"));
    holds(&refused, &["Applicant is read-only in Check", "Intake"]);
    holds(&refused, &["try: casework case move PER-", " intake"]);
    let refused = rui.refused(&format!("case clear {case} fee"));
    holds(&refused, &["Fee", "Check"]);
    let refused = rui.refused(&format!("case set {case} note='It smells'"));
    holds(&refused, &["Note of the clerk is hidden in Check"]);

    // A block is not gone past, whatever the reason.
    let to_done = format!("case move {case} done");
    for line in [
        to_done.clone(),
        format!("{to_done} --override --reason hurry"),
    ] {
        let refused = rui.refused(&line);
        holds(
            &refused,
            &["Nothing is decided before the site was visited", "blocked"],
        );
    }
    let refused = rui.refused(&format!(
        "case close {case} settled --override --reason hurry"
    ));
    holds(
        &refused,
        &["Nothing is decided before the site was visited"],
    );
    rui.does(&format!("case set {case} visited=yes"));
    rui.does(&to_done);

    office.premises.server.start_again();
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        (&shown["stage"], &shown["flags"]["rule_broken"]),
        (&json!("done"), &json!({}))
    );
}

#[test]
fn a_condition_of_labels_amounts_people_and_dates_asks_only_where_all_its_groups_hold() {
    let office = Office::new(PERMIT);
    let ana = &office.ana;
    let goes = |case: &str| ana.said(&["case", "move", case, "fast"]).0;
    let asked = ready(&office, "Nobody is on it");
    let refused = ana.refused(&format!("case move {asked} fast"));
    holds(
        &refused,
        &[
            "The fast lane is for what is urgent, small or soon",
            "--override --reason",
        ],
    );

    // Each of these makes one group of the condition fail.
    let urgent = ready(&office, "Urgent");
    ana.does(&format!("case label {urgent} urgent"));
    assert_eq!(goes(&urgent), 0);
    let small = ready(&office, "Small and somebody's");
    ana.does(&format!("case set {small} fee='100 EUR'"));
    assert_eq!(goes(&small), 1, "nobody is on it");
    ana.does(&format!("case assign {small} Rui"));
    assert_eq!(goes(&small), 0);
    let soon = ready(&office, "Soon");
    ana.does(&format!("case set {soon} wanted_on=2020-01-01"));
    assert_eq!(goes(&soon), 0);
    let later = ready(&office, "Later");
    ana.does(&format!("case set {later} wanted_on=2199-01-01"));
    assert_eq!(goes(&later), 1);
}

#[test]
fn what_went_past_an_asking_rule_offline_is_listed_and_reviewed_on_other_devices() {
    let mut office = Office::new(PERMIT);
    let mia = office.joins("Mia", "manager");
    let case = ready(&office, "A fence");
    office.ana.does(&format!("case owner {case} Ana"));
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    holds(
        &rui.refused(&format!("case move {case} fast")),
        &["--override --reason"],
    );
    rui.does(&format!(
        "case move {case} fast --override --reason 'She waits at the counter'"
    ));
    assert_eq!(
        ana.does("overrides")["overrides"],
        json!([]),
        "nothing has come yet"
    );
    office.premises.server.start_again();
    office.settle();

    let all = ana.does("overrides --template PER");
    assert_eq!(count(&all["overrides"]), 1, "{all}");
    let listed = &all["overrides"][0];
    assert_eq!(
        (&listed["who"], &listed["review"]),
        (&json!("Rui"), &json!(null))
    );
    assert_eq!(listed["why"], "She waits at the counter");
    holds(
        &ana.reads("overrides"),
        &["The fast lane is for what", "She waits at", "open"],
    );
    holds(&ana.reads("list"), &["override to review"]);
    holds(
        &ana.reads(&format!("case show {case}")),
        &["Overrides", "not reviewed yet"],
    );
    let shown = ana.case(&case);
    assert_eq!(shown["overrides"][0]["why"], "She waits at the counter");
    let told = ana.does("inbox --kind rule");
    assert_eq!(count(&told["entries"]), 1, "its owner is told: {told}");

    // Two review it, apart, and not whoever did it: the stricter stands until a later word.
    let id = listed["override"].as_str().unwrap();
    let review = format!("case review {case} {id}");
    let own = rui.refused(&format!("{review} accepted"));
    holds(&own, &["whoever made it cannot agree to it"]);
    let bare = ana.refused(&format!("{review} follow-up"));
    holds(&bare, &["note", "--note"]);
    settle(&[&mia]);
    ana.does(&format!("{review} follow-up --note 'Ask for the letter'"));
    mia.does(&format!("{review} accepted"));
    settle(&[ana, &mia, rui]);
    for who in [ana, rui] {
        let listed = who.does("overrides");
        assert_eq!(count(&listed["overrides"][0]["reviews"]), 2, "{listed}");
        assert_eq!(listed["overrides"][0]["review"], "to be followed up");
    }
    mia.does(&format!("{review} accepted --note 'It came'"));
    settle(&[&mia, ana, rui]);
    assert_eq!(ana.does("overrides")["overrides"], json!([]));
    assert_eq!(count(&ana.does("overrides --reviewed")["overrides"]), 1);
    office.same(&case);
}

#[test]
fn late_work_that_breaks_a_newer_rule_lands_and_is_flagged_with_the_rule_on_both() {
    let office = Office::new(PERMIT);
    let (ana, rui) = (&office.ana, &office.rui);
    let case = ready(&office, "A balcony");
    ana.does(&format!("case label {case} urgent"));
    ana.does(&format!("case owner {case} Ana"));
    office.settle();
    let stricter =
        "rules = [{ severity = \"block\", message = \"A mast is decided by the council\" }]";
    let newer = PERMIT.replace(
        "from = \"fast\"\nto = \"done\"\n",
        &format!("from = \"fast\"\nto = \"done\"\n{stricter}\n"),
    );
    office.import(&newer);
    ana.does("sync");
    // He has not heard of it.
    rui.does(&format!("case move {case} fast"));
    rui.does(&format!("case move {case} done"));
    office.settle();
    let shown = office.same(&case);
    assert_eq!(shown["stage"], "done", "it landed");
    let flagged = shown["flags"]["newer_rule_broken"].as_object().unwrap();
    assert_eq!(flagged.len(), 1, "{shown}");
    holds(
        &flagged.values().next().unwrap().to_string(),
        &["A mast is decided by the council"],
    );
    for who in [ana, rui] {
        holds(&who.reads("list"), &["breaks a newer rule"]);
        holds(
            &who.reads(&format!("case show {case}")),
            &["A mast is decided by the council"],
        );
        assert_eq!(who.does("verify")["holds"], true);
    }
    holds(
        &ana.reads("inbox --kind rule"),
        &["work of Rui breaks a newer rule", "casework case show"],
    );
    // Whoever knows the rule is held to it.
    let other = ready(&office, "A mast");
    ana.does(&format!("case label {other} urgent"));
    ana.does(&format!("case move {other} fast"));
    let refused = ana.refused(&format!("case move {other} done"));
    holds(&refused, &["A mast is decided by the council", "blocked"]);
}
