//! Rights, driven: roles of one's own, refusals that name the grant, restricted cases that are not
//! sent, removal that rescues and evicts, readings that are written down.

use casework_tests::process::{Person, settle};
use serde_json::{Value, json};

use crate::drive::{Office, count, holds, open};

const CASES: &str = r#"
key = "REQ"
name = "Request"
unlisted = "free"

[[stages]]
id = "intake"
name = "Intake"
category = "intake"

[[stages]]
id = "review"
name = "Review"
category = "active"

[[stages]]
id = "done"
name = "Done"
category = "done"

[[fields]]
id = "phone"
label = "Phone"
type = "text"

[[fields]]
id = "salary"
label = "Salary"
type = "text"
"#;

fn can(who: &Person, question: &str) -> Value {
    who.does(&format!("member can {question}"))
}

/// Whether somebody has a case, and has it in their lists.
fn has(who: &Person, case: &str) -> bool {
    let there = who.said(&["case", "show", case]).0 == 0;
    let listed = who.does("list")["cases"].to_string().contains(case);
    assert_eq!(there, listed, "{case}");
    there
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn grants_of_every_scope_hold_offline_and_a_refusal_names_the_one_that_is_missing() {
    let mut office = Office::new(CASES);
    office.ana.does("template import complaint");
    let grants = "--grant 'view,comment template:REQ' --grant 'move stage:REQ/review' \
                  --grant 'edit field:REQ/phone' --grant 'task own' --grant 'assign team'";
    let defined = office
        .ana
        .does(&format!("role define clerk --name Clerk {grants}"));
    assert_eq!(count(&defined["grants"]), 6, "{defined}");
    office.ana.does("sync");
    let mia = office.joins("Mia", "clerk");
    office
        .ana
        .does("team set north --name North --add Mia --add Rui");
    let [free, own, team] =
        ["Nobody's", "Hers", "The team's"].map(|title| open(&office.ana, "REQ", title, &[]));
    let other = office.ana.complaint("Of another template");
    office.ana.does(&format!("case owner {own} Mia"));
    office.ana.does(&format!("case owner {team} Rui"));
    settle(&[&office.ana, &mia, &office.rui]);
    assert_eq!([&free, &own, &team].map(|case| has(&mia, case)), [true; 3]);
    assert!(
        mia.said(&["case", "show", &other]).0 != 0,
        "another template is not sent"
    );

    office.premises.server.kill();
    let allowed = [
        format!("case comment {free} 'Called her'"),
        format!("case set {free} phone=112"),
        format!("case move {free} review"),
        format!("case task add {own} 'Call her'"),
        format!("case assign {team} Mia"),
    ];
    allowed.iter().for_each(|line| drop(mia.does(line)));
    let missing = [
        (
            format!("case set {free} salary=900"),
            "edit field:REQ/salary",
        ),
        (format!("case move {free} done"), "move stage:REQ/done"),
        (format!("case task add {free} 'Call her'"), "task"),
        (format!("case assign {free} Mia"), "assign"),
        (format!("case close {free} done"), "close"),
        ("case open REQ 'A new one'".to_owned(), "open template:REQ"),
        ("team set south --name South".to_owned(), "manage-members"),
        ("template draft start REQ Autumn".to_owned(), "publish"),
    ];
    for (line, grant) in &missing {
        let refused = mia.refused(line);
        holds(
            &refused,
            &["needs the grant", grant, "no role of Mia gives"],
        );
        holds(&refused, &["casework member can me"]);
    }
    let no = can(&mia, &format!("me edit --case {free} --field salary"));
    assert_eq!(
        (&no["allowed"], &no["grant"]),
        (&json!(false), &json!("edit field:REQ/salary"))
    );
    assert!(no["roles"].to_string().contains("operator"), "{no}");
    let yes = can(
        &office.ana,
        &format!("Mia move --case {free} --stage review"),
    );
    assert_eq!(yes["given_by"][0]["grant"], "move stage:REQ/review");
    let read = mia.reads(&format!("member can me edit --case {free} --field salary"));
    holds(&read, &["casework role define", "edit field:REQ/salary"]);

    // The grant that the refusal named is the one that helps.
    office.premises.server.start_again();
    office.ana.does(&format!(
        "role define clerk {grants} --grant 'edit field:REQ/salary'"
    ));
    settle(&[&office.ana, &mia, &office.rui]);
    mia.does(&format!("case set {free} salary=900"));
    settle(&[&mia, &office.ana, &office.rui]);
    for case in [&free, &own, &team] {
        let shown = office.same(case);
        assert_eq!(shown["number"], mia.case(case)["number"]);
        assert_eq!(shown["held"], json!(null));
    }
    assert_eq!(office.ana.does("held list")["held"], json!([]));
}

#[test]
fn a_restricted_case_is_not_sent_and_removal_evicts_after_the_unsent_work_was_rescued() {
    let office = Office::new(CASES);
    let (ana, rui) = (&office.ana, &office.rui);
    let mia = office.joins("Mia", "operator");
    ana.does("team set legal --name Legal --add Mia");
    ana.does("sync");
    let hidden = open(ana, "REQ", "A secret from the start", &["phone=1"]);
    ana.does(&format!("case restrict {hidden} --name team:legal"));
    let case = open(ana, "REQ", "Everybody's at first", &[]);
    settle(&[ana, rui, &mia]);
    assert_eq!(
        [ana, rui, &mia].map(|who| has(who, &hidden)),
        [true, false, true]
    );
    assert_eq!([ana, rui, &mia].map(|who| has(who, &case)), [true; 3]);

    // He works on it in a tunnel while it is taken away.
    rui.does(&format!("case comment {case} 'From the tunnel'"));
    rui.does(&format!("case set {case} phone=112"));
    ana.does(&format!("case restrict {case} --name Mia"));
    ana.does("sync");
    holds(
        &ana.reads(&format!("case access {case}")),
        &["restricted", "Mia"],
    );
    let told = rui.reads("sync");
    holds(&told, &["drawer"]);
    assert!(!has(rui, &case));
    holds(
        &rui.refused(&format!("case show {case}")),
        &["casework list"],
    );
    let drawer = rui.does("drawer list");
    assert_eq!(count(&drawer["drawer"]), 2, "{drawer}");
    holds(
        &rui.reads("drawer list"),
        &[
            "From the tunnel",
            "112",
            "no longer visible",
            "may still be adopted",
        ],
    );
    holds(&rui.reads("inbox"), &["could not stand"]);

    // It is held until somebody who may adopts it.
    settle(&[ana, &mia]);
    assert_eq!(ana.case(&case)["comments"], json!([]));
    let held = ana.does("held list");
    assert_eq!(count(&held["held"]), 2, "{held}");
    holds(&ana.reads("held list"), &["Rui", "Everybody's at first"]);
    holds(&ana.reads("inbox --kind held"), &["Rui", "adopted"]);
    ana.does(&format!("held adopt {case} --reason 'In good faith'"));
    settle(&[ana, &mia, rui]);
    assert_eq!(ana.case(&case), mia.case(&case));
    assert_eq!(ana.case(&case)["comments"][0]["body"], "From the tunnel");
    assert_eq!(mia.case(&case)["fields"]["phone"]["words"], "112");
    assert!(!has(rui, &case));

    // Let in again, he has all of it, and nothing in his drawer; everybody's copies hold.
    ana.does(&format!("case name {case} Rui"));
    settle(&[ana, rui]);
    assert_eq!(rui.case(&case), ana.case(&case));
    assert_eq!(count(&rui.does("drawer list")["drawer"]), 0);
    ana.does(&format!("case unrestrict {hidden}"));
    settle(&[ana, rui]);
    assert!(has(rui, &hidden));
    for who in [ana, rui, &mia] {
        assert_eq!(who.does("verify")["holds"], true);
    }
}

#[test]
fn every_replica_judges_what_comes_in_and_holds_what_a_narrowed_role_no_longer_gives() {
    let office = Office::new(CASES);
    let (ana, rui) = (&office.ana, &office.rui);
    let mia = office.joins("Mia", "manager");
    let case = open(ana, "REQ", "A request", &[]);
    settle(&[ana, rui, &mia]);
    ana.does("member role Rui --add viewer --remove operator");
    ana.does("sync");
    rui.does(&format!("case comment {case} 'Not known to be too late'"));
    assert!(rui.said(&["sync"]).0 <= 1);
    settle(&[ana, &mia]);
    for who in [ana, &mia] {
        assert_eq!(who.case(&case)["comments"], json!([]), "held, not merged");
        assert_eq!(count(&who.does("held list")["held"]), 1);
    }
    let refused = rui.refused(&format!("case comment {case} 'And now it is known'"));
    holds(&refused, &["comment", "no role of Rui gives"]);
    rui.does("sync");
    assert_eq!(count(&rui.does("drawer list")["drawer"]), 1);
    // His role again, and what lay in the drawer is done again.
    ana.does("member role Rui --add operator --remove viewer");
    settle(&[ana, rui]);
    let number = rui.does("drawer list")["drawer"][0]["number"].clone();
    rui.does(&format!("drawer redo {number}"));
    settle(&[rui, ana, &mia]);
    assert_eq!(
        ana.case(&case)["comments"][0]["body"],
        "Not known to be too late"
    );
    office.same(&case);
}

#[test]
fn readings_are_written_down_for_others_to_see_where_the_template_says_so() {
    let office = Office::new(CASES);
    let logged = CASES.replace("key = \"REQ\"", "key = \"LOG\"").replace(
        "unlisted = \"free\"",
        "unlisted = \"free\"\nlog_reads = true",
    );
    office.import(&logged);
    let (ana, rui) = (&office.ana, &office.rui);
    let [watched, other] = ["LOG", "REQ"].map(|key| open(ana, key, "A request", &[]));
    office.settle();
    // Reading needs no server; it is told later.
    for _ in 0..2 {
        rui.does(&format!("case show {watched}"));
        rui.does(&format!("case show {other}"));
    }
    office.settle();
    let told = |case: &str| {
        let timeline = ana.does(&format!("case timeline {case}"));
        let entries = timeline["entries"].as_array().unwrap().clone();
        let by_rui = entries.iter().filter(|entry| entry["author"] == "Rui");
        by_rui
            .map(|entry| entry["sentence"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&watched), ["looked at the case"]);
    assert!(told(&other).is_empty());
}
