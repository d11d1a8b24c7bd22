//! The inbox, driven: every kind of thing a member is told, what they do about it, marks and quiet
//! rules that follow them to their other device, the digest.

use std::collections::BTreeSet;

use casework_tests::process::{Person, checkout, settle, text};
use serde_json::json;

use crate::drive::{DAY, Office, count, holds, open};
use crate::forms::{Desk, after, path_of};

const COMPLAINT: [&str; 4] = [
    "channel=phone",
    "customer=Helena Dias",
    "category=billing",
    "summary=Twice",
];

/// The kinds of the unread items.
fn unread(who: &Person) -> BTreeSet<String> {
    let shown = who.does("inbox --unread --limit 200");
    let entries = shown["entries"].as_array().unwrap().iter();
    entries.map(|entry| text(&entry["item"]["kind"])).collect()
}

fn kinds(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn number(who: &Person) -> i64 {
    who.does("status")["inbox"]["unread"].as_i64().unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn whoever_is_named_given_work_asked_or_crossed_offline_is_told_with_what_to_do_next() {
    let mut office = Office::new("complaint");
    let case = open(&office.ana, "CMP", "Fee charged twice", &COMPLAINT);
    office.settle();
    office.premises.server.kill();
    let (ana, rui) = (&office.ana, &office.rui);
    ana.does(&format!("case comment {case} '@Rui can you call her?'"));
    ana.does(&format!("case assign {case} Rui"));
    ana.does(&format!("case owner {case} Rui"));
    ana.does(&format!(
        "case task add {case} 'Call her' --for Rui --due 2020-03-02"
    ));
    ana.does(&format!(
        "case approval request {case} 'The refund' --from Rui"
    ));
    ana.does(&format!(
        "case transfer offer {case} Rui --note 'Call first'"
    ));
    ana.does(&format!("case due {case} 2020-03-31"));
    ana.does(&format!("case hold start {case} 'the bank'"));
    ana.does(&format!("case move {case} review"));
    ana.does(&format!("case set {case} severity=high"));
    rui.does(&format!("case set {case} severity=low"));
    rui.does(&format!("case move {case} awaiting-customer"));
    assert_eq!(unread(rui), kinds(&[]), "nothing has come yet");
    office.premises.server.start_again();
    office.settle();
    let told = [
        "mention",
        "assigned",
        "approval",
        "offer",
        "overdue",
        "hold",
        "moved",
        "contested",
    ];
    assert_eq!(unread(rui), kinds(&told));
    assert_eq!(
        unread(ana),
        kinds(&["contested"]),
        "nobody is told of their own doing"
    );
    let read = rui.reads("inbox");
    let wanted = [
        "Ana: @Rui can you call her?",
        "Ana asks for your approval: “The refund”",
        "Ana offers you a transfer",
        "task “Call her” was due 2020-03-02",
        "due 2020-03-31: overdue",
        "Ana put it on hold",
        "Severity says two things at once: ",
        " and to ",
        " at once: ",
        "Fee charged twice",
    ];
    holds(&read, &wanted);
    let next = ["casework case show", "casework approvals"];
    holds(&read, &next);
    // On a narrow screen nothing of what it says is lost.
    let mut narrow = rui.command(&["inbox"]);
    let narrow = narrow.env("COLUMNS", "60").output().unwrap();
    let narrow = String::from_utf8_lossy(&narrow.stdout).into_owned();
    assert!(!narrow.contains('…'), "{narrow}");
    assert!(
        narrow.lines().all(|line| line.chars().count() <= 60),
        "{narrow}"
    );
    let joined = narrow.split_whitespace().collect::<Vec<_>>().join(" ");
    holds(
        &joined,
        &["Review and response", "Awaiting customer", " at once: "],
    );

    // Done, it is over; what was said stays until it is read.
    rui.does(&format!("case settle {case} severity high"));
    rui.does(&format!("case approval vote {case} 'The refund' approve"));
    rui.does(&format!(
        "case transfer decline {case} --reason 'It is mine already'"
    ));
    office.settle();
    assert!(
        unread(ana).is_superset(&kinds(&["answer"])),
        "{:?}",
        unread(ana)
    );
    assert_eq!(rui.does("approvals"), json!([]));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn a_clock_that_runs_out_held_work_what_could_not_stand_and_what_a_form_brought_are_told() {
    let office = Office::new("complaint");
    let package = checkout().join("desk/tests/desk/service.toml");
    office
        .ana
        .json(&["template", "import", package.to_str().unwrap()]);
    office
        .ana
        .does("member add 'Front door' --kind service --role intake");
    office.ana.does("sync");
    let link = text(&office.ana.does("invite --device-of 'Front door'")["link"]);
    let door = office.premises.person("door");
    door.json(&[
        "join",
        &link,
        "--name",
        "Front door",
        "--device",
        "Server room",
    ]);
    let case = open(&office.ana, "CMP", "Fee charged twice", &COMPLAINT);
    office.ana.does(&format!("case owner {case} Ana"));
    settle(&[&office.ana, &office.rui, &door]);

    // A form opens a case, and a request brings an answer into it: its owner is told of that.
    let path = path_of(&door.json(&["form", "link", "SRV", "report"]));
    let desk = Desk::open(&door);
    let sent = desk.fill_in(&path, "f.summary=Dark+street&f.street=Rua+Nova&consent=yes");
    holds(&sent, &["class=\"box number\">"]);
    drop(desk);
    settle(&[&door, &office.ana]);
    let new = office.ana.does("form submissions --new");
    let opened = text(&new["submissions"][0]["number"]);
    holds(
        &office.ana.reads("form submissions --new"),
        &["Dark street"],
    );
    office.ana.does(&format!("case owner {opened} Ana"));
    let asked = office
        .ana
        .does(&format!("form request {opened} more --note 'Since when?'"));
    settle(&[&office.ana, &door]);
    let desk = Desk::open(&door);
    let answered = desk.fill_in(&path_of(&asked), "f.seen=2026-01-31&q.else=");
    assert!(!after(&answered, "class=\"box number\">").is_empty());
    drop(desk);
    settle(&[&door, &office.ana]);
    assert!(
        unread(&office.ana).contains("form"),
        "{:?}",
        unread(&office.ana)
    );
    holds(
        &office.ana.reads("inbox --kind form"),
        &["a form was sent to the case", "casework form show"],
    );

    // Late work of somebody whose device was revoked is held; they are told as well.
    office.ana.does("member revoke rui-device --reason Lost");
    office.ana.does("sync");
    office
        .rui
        .does(&format!("case comment {case} 'From the tunnel'"));
    assert_eq!(office.rui.said(&["sync"]).0, 1);
    settle(&[&office.ana]);
    assert!(unread(&office.ana).contains("held"));
    holds(
        &office.ana.reads("inbox --kind held"),
        &["work of Rui waits to be adopted", "casework held list"],
    );
    // His device has no inbox any more; what he did lies in its drawer, readable.
    holds(&office.rui.reads("drawer list"), &["From the tunnel"]);

    // Weeks later the clock of the acknowledgement has run out.
    let late = office.ana.ahead(20 * DAY);
    holds(
        &late.reads("inbox --kind sla"),
        &["Acknowledgement: too late", "Fee charged twice"],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn what_is_read_or_muted_on_one_device_is_so_on_the_other_and_the_digest_is_short() {
    let office = Office::new("complaint");
    let (ana, rui) = (&office.ana, &office.rui);
    let phone = office.device_of("Rui", "phone");
    let [case, other] =
        ["Fee charged twice", "Card was kept"].map(|title| open(ana, "CMP", title, &COMPLAINT));
    for case in [&case, &other] {
        ana.does(&format!("case owner {case} Rui"));
        ana.does(&format!("case comment {case} 'Ask @Rui'"));
        ana.does(&format!("case move {case} review"));
    }
    settle(&[ana, rui, &phone]);
    assert_eq!([number(rui), number(&phone), number(ana)], [6, 6, 0]);
    assert_eq!(rui.does("inbox")["entries"], phone.does("inbox")["entries"]);
    let digest = rui.does("inbox digest");
    assert_eq!((count(&digest["cases"]), &digest["items"]), (2, &json!(6)));
    let read = rui.reads("inbox digest");
    assert!(read.lines().count() <= 4, "{read}");
    holds(
        &read,
        &[
            "Fee charged twice",
            "Card was kept",
            "mention",
            "assigned",
            "moved",
        ],
    );
    assert_eq!(
        count(&rui.does("inbox digest --since 2199-01-01")["cases"]),
        0
    );

    // Apart: read here, muted there.
    assert_eq!(rui.does(&format!("inbox read --case {case}"))["marked"], 3);
    phone.does("inbox mute --kind moved");
    phone.does("inbox quiet-hours 22:00-07:00 Europe/Lisbon");
    assert_eq!([number(rui), number(&phone)], [3, 4]);
    settle(&[rui, &phone, rui]);
    for device in [rui, &phone] {
        assert_eq!(unread(device), kinds(&["assigned", "mention"]));
        assert_eq!(number(device), 2);
        assert_eq!(device.does("inbox quiet-hours")["hours"]["from"], "22:00");
        holds(
            &device.reads("inbox quiet-hours"),
            &["22:00-07:00 Europe/Lisbon", "kind moved"],
        );
        assert_eq!(
            count(&device.does("inbox --all")["entries"]),
            6,
            "muted ones are there"
        );
    }
    let id = text(&phone.does("inbox --kind mention --unread")["entries"][0]["item"]["id"]);
    phone.does(&format!("inbox read {}", &id[..6]));
    phone.does(&format!("inbox unread {}", &id[..6]));
    phone.does("inbox unmute --kind moved");
    phone.does("inbox quiet-hours --off");
    rui.does(&format!("inbox mute --case {other}"));
    settle(&[&phone, rui, &phone]);
    assert_eq!(
        [number(rui), number(&phone)],
        [0, 0],
        "the rest is of the muted case"
    );
    rui.does(&format!("inbox unmute --case {other}"));
    rui.does("inbox mute --template CMP");
    assert_eq!(number(rui), 0);
    rui.does("inbox unmute --template CMP");
    assert_eq!(number(rui), 3);
    rui.does("inbox read --all");
    settle(&[rui, &phone]);
    assert_eq!([number(rui), number(&phone)], [0, 0]);
    holds(&phone.reads("inbox --unread"), &["Nothing here"]);
    holds(
        &phone.refused("inbox read zzzzzz"),
        &["casework inbox --all"],
    );
    // Nobody else gets what he keeps for himself.
    settle(&[ana]);
    assert_eq!(ana.does("verify")["holds"], true);
    for page in ["inbox --limit 2", "inbox --limit 2 --all"] {
        let first = rui.does(page);
        let after = text(&first["entries"][1]["item"]["id"]);
        let next = rui.does(&format!("{page} --after {after}"));
        assert_ne!(first["entries"][1], next["entries"][0]);
    }
}
