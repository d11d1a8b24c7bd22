//! Where a case is kept, driven: closing and reopening, archive, trash, legal hold, purge,
//! redaction in every view and export, undo.

use std::fs;

use casework_tests::process::{Person, settle, text};
use serde_json::json;

use crate::drive::{DAY, Office, count, holds, open};

fn complaint(office: &Office, title: &str) -> String {
    let fields = [
        "channel=phone",
        "customer=Helena Dias",
        "category=billing",
        "summary=Charged twice",
    ];
    open(&office.ana, "CMP", title, &fields)
}

#[test]
fn a_case_is_closed_with_a_code_and_every_reopening_is_logged() {
    let mut office = Office::new("complaint");
    let case = complaint(&office, "Fee charged twice");
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    holds(
        &ana.refused(&format!("case close {case} fine")),
        &["resolved, not-justified, duplicate"],
    );
    ana.does(&format!("case close {case} resolved --notes 'Booked back'"));
    holds(
        &ana.refused(&format!("case close {case} resolved --notes 'Booked back'")),
        &["closed", "casework case reopen CMP-"],
    );
    let late = rui.does(&format!("case comment {case} 'She called again'"));
    assert_eq!(late["document"], json!(case));
    office.premises.server.start_again();
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        (&shown["closed"]["code"], &shown["closed"]["notes"]),
        (&json!("resolved"), &json!("Booked back"))
    );
    assert_eq!(shown["flags"]["activity_after_close"], 1);
    holds(&rui.reads("list"), &["activity after close"]);
    assert_eq!(rui.does("list --open")["total"], 0);
    for why in ["She wrote again", "And again"] {
        rui.does(&format!("case reopen {case} --reason '{why}'"));
        rui.does(&format!("case close {case} duplicate"));
    }
    rui.does(&format!("case reopen {case} --reason 'No duplicate'"));
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        (&shown["closed"], count(&shown["reopenings"])),
        (&json!(null), 3)
    );
    let read = ana.reads(&format!("case show {case}"));
    holds(
        &read,
        &[
            "Reopened",
            "She wrote again",
            "had been closed: Resolved",
            "had been closed: Duplicate",
        ],
    );
    holds(
        &ana.refused(&format!("case reopen {case} --reason again")),
        &["not closed"],
    );
}

#[test]
fn archive_and_trash_take_a_case_out_of_lists_and_boards_and_bring_it_back() {
    let mut office = Office::new("complaint");
    let case = complaint(&office, "Fee charged twice");
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    ana.does(&format!("case archive {case} --reason 'Old'"));
    rui.does(&format!("case trash {case} --reason 'Opened by mistake'"));
    let refused = rui.refused(&format!("case comment {case} 'One more'"));
    holds(&refused, &["in the trash", "casework case restore CMP-"]);
    office.premises.server.start_again();
    office.settle();
    let kept = office.same(&case)["keeping"].clone();
    assert_eq!(
        (&kept["archived"], &kept["trash"]),
        (&json!(true), &json!(true))
    );
    let total = |who: &Person, words: &str| who.does(&format!("list {words}"))["total"].clone();
    for who in [ana, rui] {
        assert_eq!(
            [
                total(who, ""),
                total(who, "--archived"),
                total(who, "--trash")
            ],
            [json!(0), json!(0), json!(1)]
        );
        assert_eq!(count(&who.does("board")["boards"]), 0);
    }
    holds(
        &ana.reads(&format!("case show {case}")),
        &["in the trash", "Opened by mistake", "archived"],
    );
    ana.does(&format!("case restore {case}"));
    assert_eq!(
        [total(ana, ""), total(ana, "--archived")],
        [json!(0), json!(1)]
    );
    ana.does(&format!("case archive {case} --undo"));
    office.settle();
    assert_eq!(
        [total(rui, ""), total(rui, "--trash")],
        [json!(1), json!(0)]
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn a_purge_waits_its_days_stops_at_a_legal_hold_and_takes_the_content_away_everywhere() {
    let mut office = Office::new("complaint");
    let [case, stays] = ["Purge me", "Keep me"].map(|title| complaint(&office, title));
    office
        .ana
        .does(&format!("case link {stays} relates {case}"));
    office.settle();
    let ana = &office.ana;
    let ask = format!("case purge {case} --days 30 --reason 'Retention is over'");
    holds(
        &ana.refused(&format!("case purge {case} --days 3 --reason now")),
        &["7 to 3,660 days", "--days"],
    );
    holds(
        &ana.refused(&format!("case purge {case} --carry-out")),
        &["no purge", &format!("casework case purge {case} --days")],
    );
    let told = ana.reads(&ask);
    holds(&told, &["casework purges"]);
    holds(&ana.reads("purges"), &["Purge me", "waits for the server"]);
    office.settle();
    for who in [&office.ana, &office.rui] {
        holds(
            &who.reads("purges"),
            &["Purge me", "waits until", "requested by Ana"],
        );
        holds(&who.reads(&format!("case show {case}")), &["to be purged"]);
    }
    holds(
        &ana.refused(&format!("case purge {case} --carry-out")),
        &["casework purges"],
    );
    // Taken back and asked for again; then a court orders a hold, while nobody reaches a server.
    ana.does(&format!("case purge {case} --cancel"));
    office.settle();
    assert_eq!(office.ana.does("purges")["purges"], json!([]));
    office.ana.does(&ask);
    office.settle();
    office.ana.does(&format!(
        "case legal-hold {case} --reason 'Court order 12/26'"
    ));
    office.settle();
    office.premises.server.set_ahead(31 * DAY);
    let [ana, rui] = [&office.ana, &office.rui].map(|who| who.ahead(31 * DAY));
    settle(&[&ana, &rui]);
    holds(&ana.reads("purges"), &["held by a legal hold"]);
    let refused = ana.refused(&format!("case purge {case} --carry-out"));
    holds(
        &refused,
        &[
            "legal hold",
            &format!("casework case legal-hold {case} --lift --reason"),
        ],
    );
    ana.does(&format!("case legal-hold {case} --lift --reason Judged"));
    settle(&[&ana, &rui]);
    holds(
        &ana.reads("purges"),
        &["due since", "casework case purge CASE --carry-out"],
    );
    // He has not heard of it and works on.
    rui.does(&format!("case comment {case} 'Not known to be too late'"));
    let gone = ana.does(&format!("case purge {case} --carry-out"));
    assert_eq!(gone["purge"], "sent");
    holds(&ana.reads("purges"), &["waits for the server"]);
    ana.does("sync");
    assert!(rui.said(&["sync"]).0 <= 1);
    settle(&[&ana, &rui]);
    office.ana = ana.clone();
    let later = office.joins("Nova", "operator");
    for who in [&ana, &rui, &later] {
        holds(&who.refused(&format!("case show {case}")), &["casework"]);
        holds(&who.reads("purges"), &["purged"]);
        assert_eq!(who.does("list")["total"], 1);
        assert_eq!(who.does("verify")["holds"], true);
        holds(
            &who.reads(&format!("case show {stays}")),
            &["relates", "purged"],
        );
    }
    holds(
        &rui.reads("drawer list"),
        &["Not known to be too late", "purged"],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn what_is_redacted_is_gone_from_every_view_and_export_on_both_devices() {
    let mut office = Office::new("complaint");
    let case = complaint(&office, "Fee charged twice");
    let file = office.file("Passport of Zoe.pdf", "scan");
    let (secret, phone, word, name) = (
        "Zoe Secret",
        "+351 999 000 111",
        "unspeakable",
        "Passport of Zoe",
    );
    office
        .ana
        .does(&format!("case set {case} customer_phone='{phone}'"));
    office
        .ana
        .does(&format!("case set {case} description='Told by {secret}'"));
    office
        .ana
        .does(&format!("case comment {case} 'It is {word}'"));
    office.ana.does(&format!(
        "case party add {case} representative '{secret}' --phone '{phone}'"
    ));
    let path = file.clone();
    office
        .ana
        .json(&["case", "document", "add", &case, &path, "--type", "letter"]);
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    let comment = text(&ana.case(&case)["comments"][0]["id"]);
    let document = text(&ana.case(&case)["documents"][0]["id"]);
    for what in [
        "field customer_phone".to_owned(),
        "field description".into(),
        format!("party '{secret}'"),
        format!("comment {comment}"),
        format!("document {document}"),
    ] {
        ana.does(&format!(
            "case redact {case} {what} --reason 'Asked to be forgotten'"
        ));
    }
    // Apart, he edits what she redacts: redaction wins.
    rui.does(&format!("case set {case} customer_phone='{phone}9'"));
    rui.does(&format!("case party set {case} '{secret}' note='{word}'"));
    office.premises.server.start_again();
    office.settle();
    office.same(&case);
    for who in [ana, rui] {
        let views = [
            "case show",
            "case timeline",
            "case show --json",
            "case timeline --json",
            "list --json",
            "board --json",
        ]
        .map(|view| match view.strip_prefix("case") {
            Some(_) => who.reads(&format!("{view} {case}")),
            None => who.reads(view),
        });
        let out = who.folder.with_extension("out");
        let told = who.json(&["export", &case, "--out", out.to_str().unwrap()]);
        let exported = fs::read_to_string(text(&told["json"])).unwrap();
        for (view, said) in views.iter().chain([&exported]).enumerate() {
            for gone in [secret, phone, word, name] {
                assert!(
                    !said.contains(gone),
                    "view {view} still has {gone:?}: {said}"
                );
            }
        }
        holds(&views[0], &["redacted: Asked to be forgotten"]);
        holds(&views[1], &["Asked to be forgotten"]);
        assert_eq!(who.does("list --search 999")["total"], 0);
    }
    holds(
        &ana.refused(&format!("case undo {case}")),
        &["redact", "stays in the record"],
    );
}

#[test]
fn a_comment_is_written_anew_by_its_author_and_the_timeline_keeps_what_it_said() {
    let mut office = Office::new("complaint");
    let case = complaint(&office, "Fee charged twice");
    office
        .ana
        .does(&format!("case comment {case} 'She prefers letters'"));
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    let comment = text(&ana.case(&case)["comments"][0]["id"]);
    let anew = format!("case comment {case} 'She prefers Portuguese' --edit {comment}");
    holds(&rui.refused(&anew), &["comment", "author"]);
    ana.does(&anew);
    holds(&ana.refused(&anew), &["is so already"]);
    rui.does(&format!(
        "case comment {case} 'I wrote to her' --reply-to {comment}"
    ));
    office.premises.server.start_again();
    office.settle();
    let shown = office.same(&case);
    assert_eq!(shown["comments"][0]["body"], "She prefers Portuguese");
    assert_eq!(count(&shown["comments"]), 2);
    let timeline = rui.reads(&format!("case timeline {case}"));
    holds(
        &timeline,
        &["She prefers letters", "She prefers Portuguese"],
    );
}

#[test]
fn ones_own_last_actions_are_taken_back_by_their_opposites_and_nobody_else_s() {
    let mut office = Office::new("complaint");
    let case = complaint(&office, "Fee charged twice");
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    rui.does(&format!("case set {case} severity=low"));
    ana.does(&format!("case move {case} review"));
    ana.does(&format!("case label {case} urgent"));
    ana.does(&format!("case set {case} amount='12 EUR'"));
    ana.does(&format!("case priority {case} high"));
    let undone = ana.does(&format!("case undo {case} --reason 'The wrong case'"));
    assert_eq!(count(&undone["undone"]), 1);
    assert_eq!(ana.case(&case)["priority"], json!(null));
    let undone = ana.does(&format!("case undo {case} --steps 2"));
    assert_eq!(count(&undone["undone"]), 2, "{undone}");
    // A rule asks about the way back: nothing is taken back, and the refusal says how.
    let refused = ana.refused(&format!("case undo {case}"));
    holds(
        &refused,
        &["does not list a move", "casework case undo", "--reason"],
    );
    ana.does(&format!("case undo {case} --reason 'The wrong case'"));
    office.premises.server.start_again();
    office.settle();
    let shown = office.same(&case);
    assert_eq!(
        (&shown["stage"], &shown["labels"]),
        (&json!("intake"), &json!([]))
    );
    let severity = &shown["fields"]["severity"]["words"];
    assert_eq!(severity, "Low", "what he did stays");
    let amount = &shown["fields"]["amount"];
    assert!(amount["value"].is_null(), "{amount}");
    let timeline = ana.reads(&format!("case timeline {case}"));
    holds(&timeline, &["urgent", "12.00 EUR", "The wrong case"]);
    holds(
        &rui.refused(&format!("case undo {case} --steps 9")),
        &["left to be taken back", "casework case timeline"],
    );
}
