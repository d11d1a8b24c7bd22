//! The command and the server as real processes: joining, syncing, colliding, revoking, owning.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use casework_tests::process::{Person, Premises, contested, programs, settle, shared, text};
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn a_second_device_joins_by_invite_and_shows_the_same_board() {
    let premises = Premises::new();
    let ana = premises.ana();
    let first = ana.complaint("Before Rui");
    ana.json(&["sync"]);
    let rui = premises.joined(&ana, "Rui");
    assert_eq!(rui.case(&first), ana.case(&first));
    let second = rui.complaint("By Rui");
    rui.json(&["case", "move", &first, "review"]);
    settle(&[&rui, &ana]);
    assert_eq!(ana.case(&second), rui.case(&second));
    assert_eq!(ana.board(), rui.board());
    assert_eq!(ana.list(1), rui.list(50), "page by page, or at once");
    assert_eq!(ana.json(&["verify"])["holds"], true);
    assert_eq!(rui.json(&["verify"])["holds"], true);
    let heads = [&ana, &rui].map(|who| who.json(&["status"])["status"]["head_code"].clone());
    assert!(heads[0].is_string(), "{heads:?}");
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn a_member_brings_a_second_device() {
    let premises = Premises::new();
    let ana = premises.ana();
    let case = ana.complaint("On both devices");
    let link = text(&ana.json(&["invite", "--device-of", "Ana"])["link"]);
    let phone = premises.person("phone");
    phone.json(&["join", &link, "--name", "Ana", "--device", "Phone"]);
    phone.json(&["case", "comment", &case, "From the phone"]);
    settle(&[&phone, &ana]);
    assert_eq!(ana.case(&case)["comments"][0]["author"], "Ana");
    let members = ana.json(&["member", "list"]);
    assert_eq!(lines(&members["members"]), 1, "{members}");
    assert_eq!(lines(&members["members"][0]["devices"]), 2, "{members}");
}

#[test]
fn two_moves_and_two_values_are_contested_on_both_and_settled_once() {
    let premises = Premises::new();
    let ana = premises.ana();
    let rui = premises.joined(&ana, "Rui");
    let case = ana.complaint("Fee charged twice");
    settle(&[&ana, &rui]);
    let go = |who: &Person, stage: &str, why: &str| {
        who.json(&["case", "move", &case, stage, "--reason", why])
    };
    ana.json(&["case", "set", &case, "severity=high"]);
    rui.json(&["case", "set", &case, "severity=low"]);
    go(&ana, "review", "mine");
    go(&rui, "awaiting-customer", "his");
    settle(&[&ana, &rui]);
    let (on_ana, on_rui) = (ana.case(&case), rui.case(&case));
    assert_eq!(on_ana, on_rui);
    assert_eq!(contested(&on_ana), json!(["stage", "field/severity"]));
    let sides = on_ana["contested"][0]["sides"].as_array().unwrap();
    let reasons: Vec<String> = sides.iter().map(|side| text(&side["reason"])).collect();
    assert!(reasons.contains(&"mine".to_owned()) && reasons.contains(&"his".to_owned()));
    assert_eq!(lines(&ana.json(&["list", "--contested"])["cases"]), 1);

    rui.json(&["case", "settle", &case, "stage", "2", "--reason", "agreed"]);
    rui.json(&["case", "settle", &case, "severity", "low"]);
    settle(&[&rui, &ana]);
    let settled = ana.case(&case);
    assert_eq!(settled, rui.case(&case));
    assert_eq!(settled["contested"], json!([]));
    assert_eq!(
        settled["stage"],
        on_ana["contested"][0]["sides"][1]["value"]
    );
    assert_eq!(settled["fields"]["severity"]["words"], "Low");
}

#[test]
fn late_work_of_a_revoked_device_is_held_then_adopted() {
    let premises = Premises::new();
    let ana = premises.ana();
    let rui = premises.joined(&ana, "Rui");
    let case = ana.complaint("Fee charged twice");
    settle(&[&ana, &rui]);
    ana.json(&["member", "revoke", "Rui's tablet", "--reason", "lost"]);
    ana.json(&["sync"]);
    rui.json(&["case", "comment", &case, "From the tunnel"]);
    let [kind, message, cure] = rui.fault(&["sync"]);
    assert_eq!(kind, "denied", "{message}");
    assert!(message.contains("revoked"), "{message}");
    assert!(cure.contains("casework drawer list"), "{cure}");
    assert_eq!(lines(&rui.json(&["drawer", "list"])["drawer"]), 1);

    ana.json(&["sync"]);
    assert_eq!(ana.case(&case)["comments"], json!([]), "held, not merged");
    assert_eq!(lines(&ana.json(&["held", "list"])["held"]), 1);
    ana.json(&["held", "adopt", &case, "--reason", "in good faith"]);
    settle(&[&ana]);
    assert_eq!(ana.case(&case)["comments"][0]["body"], "From the tunnel");
    assert_eq!(ana.json(&["held", "list"])["held"], json!([]));
    assert_eq!(ana.json(&["verify"])["holds"], true);
    let carl = premises.joined(&ana, "Carl");
    assert_eq!(carl.case(&case), ana.case(&case), "adopted for everybody");
}

#[test]
fn an_exported_case_is_the_same_document_on_both_devices() {
    let premises = Premises::new();
    let ana = premises.ana();
    let case = ana.complaint("Fee charged twice");
    let why = ["--rationale", "The fee was booked twice"];
    ana.json(&[&["case", "decide", &case, "verdict", "upheld"], &why[..]].concat());
    ana.json(&["sync"]);
    let rui = premises.joined(&ana, "Rui");
    let exported = [&ana, &rui].map(|who| {
        let out = who.folder.with_extension("out");
        let told = who.json(&["export", &case, "--out", out.to_str().unwrap()]);
        let bytes = fs::read(text(&told["automerge"])).unwrap();
        automerge::Automerge::load(&bytes).expect("any Automerge opens it")
    });
    assert!(exported[0].get_heads() == exported[1].get_heads());
    assert!(exported[0].get_heads().len() == 1);
}

#[test]
fn an_invite_works_once_and_a_server_that_is_away_is_told() {
    let mut premises = Premises::new();
    let ana = premises.ana();
    let link = text(&ana.json(&["invite"])["link"]);
    let (rui, eve) = (premises.person("rui"), premises.person("eve"));
    rui.json(&["join", &link, "--name", "Rui"]);
    let [kind, message, _] = eve.fault(&["join", &link, "--name", "Eve"]);
    assert_eq!(kind, "denied", "{message}");
    premises.server.kill();
    let [kind, message, _] = ana.fault(&["sync"]);
    assert_eq!(kind, "unavailable", "{message}");
    let case = ana.complaint("Offline all the same");
    assert_eq!(ana.case(&case)["title"], "Offline all the same");
    let late = premises.person("late");
    let [kind, message, _] = late.fault(&["join", &link, "--name", "Late"]);
    assert_eq!(kind, "unavailable", "{message}");
    premises.server.start_again();
    ana.json(&["sync"]);
    rui.json(&["sync"]);
    assert_eq!(rui.case(&case), ana.case(&case));
}

#[test]
fn a_watching_owner_sends_what_other_commands_do_and_a_killed_one_leaves_nothing_undone() {
    let premises = Premises::new();
    let ana = premises.ana();
    let rui = premises.joined(&ana, "Rui");
    let watch = ana.going_on(&["sync", "--watch"], "in step");
    let case = ana.complaint("Sent by the owner");
    // Through the owner: it answers when everything is on the server.
    ana.json(&["sync"]);
    rui.json(&["sync"]);
    assert_eq!(rui.case(&case)["title"], "Sent by the owner");

    // Several processes on one replica at once, and the owner is killed in the middle of it.
    let written: Vec<String> = thread::scope(|scope| {
        let (ana, case) = (&ana, &case);
        let tasks = ["one", "two", "three", "four"].map(|name| {
            scope.spawn(move || {
                let notes = (0..3).map(|n| format!("{name} {n}"));
                let done = |note: &String| {
                    let words = ["case", "comment", case, note];
                    let (code, said) = ana.said(&words);
                    // Whoever the owner left without an answer is told so, and only that.
                    let lost = said["error"]["message"].to_string();
                    assert!(code == 0 || lost.contains("ended before"), "{said}");
                    code == 0
                };
                notes.filter(done).collect::<Vec<String>>()
            })
        });
        drop(watch);
        tasks.map(|task| task.join().unwrap()).concat()
    });
    let shown = ana.case(case.as_str());
    let comments = shown["comments"].as_array().unwrap();
    let bodies: Vec<String> = comments.iter().map(|one| text(&one["body"])).collect();
    for note in &written {
        let count = bodies.iter().filter(|body| *body == note).count();
        assert_eq!(count, 1, "{note:?} returned and is there once: {bodies:?}");
    }
    assert_eq!(ana.json(&["verify"])["holds"], true);
    let _next = ana.going_on(&["sync", "--watch"], "in step");
    ana.json(&["sync"]);
    rui.json(&["sync"]);
    assert_eq!(rui.case(&case), ana.case(&case));
}

#[test]
fn the_demo_converges_and_leaves_replicas_to_go_on_with() {
    let home = TempDir::new().unwrap();
    let anybody = Person::in_folder(&home.path().join("demo"));
    let told = anybody.json(&["demo"]);
    assert_eq!(told["converged"], true, "{told}");
    assert_eq!(told["adopted"], 4, "{told}");
    let ana = Person::in_folder(&anybody.folder.join("ana"));
    assert_eq!(ana.json(&["list"])["total"], 63);
    let [_, message, _] = anybody.fault(&["demo"]);
    assert!(
        message.contains("demo"),
        "a folder in use is refused: {message}"
    );
}

#[test]
fn a_cut_log_is_imported_as_far_as_it_goes_and_its_whole_file_goes_on_from_there() {
    let Some(file) = shared("receipt.xes.gz") else {
        return;
    };
    let home = TempDir::new().unwrap();
    let ana = Person::in_folder(&home.path().join("ana"));
    ana.json(&["init", "Permits", "--as", "Ana"]);
    let whole = fs::read(file).unwrap();
    let cut = home.path().join("cut.xes.gz");
    fs::write(&cut, &whole[..whole.len() / 8]).unwrap();
    let (code, said) = ana.said(&["import", "xes", cut.to_str().unwrap()]);
    assert_eq!(code, 3, "{said}");
    let first = said["imported"]["cases"].as_u64().unwrap();
    assert!(first > 10, "{said}");
    let complete = format!("{first} complete cases");
    assert!(
        text(&said["broken"]).contains(&complete),
        "{}",
        said["broken"]
    );
    assert_eq!(ana.json(&["list", "--limit", "1"])["total"], first);

    // A little more of the same file: what is there stays, what is new comes.
    fs::write(&cut, &whole[..whole.len() / 5]).unwrap();
    let (code, said) = ana.said(&["import", "xes", cut.to_str().unwrap()]);
    assert_eq!(code, 3, "{said}");
    assert_eq!(said["imported"]["present"], first, "{}", said["imported"]);
    let second = said["imported"]["cases"].as_u64().unwrap();
    assert!(second > 10, "{}", said["imported"]);
    let templates = ana.json(&["template", "list"]);
    assert_eq!(lines(&templates["templates"]), 1, "{templates}");
    let total = ana.json(&["list", "--limit", "1"])["total"].clone();
    assert_eq!(total, first + second);
    assert_eq!(ana.json(&["verify"])["holds"], true);
}

#[test]
fn a_hostile_log_is_refused_with_what_to_do_and_leaves_nothing() {
    let home = TempDir::new().unwrap();
    let ana = Person::in_folder(&home.path().join("ana"));
    ana.json(&["init", "Permits", "--as", "Ana"]);
    let laughs: String = (1..10)
        .map(|n| {
            let before = format!("&l{};", n - 1).repeat(10);
            format!("<!ENTITY l{n} \"{before}\">")
        })
        .collect();
    let hostile = [
        ("empty.xes", String::new()),
        ("noise.xes", "\u{1}\u{2}not xml at all".repeat(100)),
        ("page.xes", "<html><body>404</body></html>".to_owned()),
        (
            "laughs.xes",
            format!("<!DOCTYPE log [<!ENTITY l0 \"ha\">{laughs}]><log>&l9;</log>"),
        ),
        (
            "deep.xes",
            format!("<log><trace><event>{}", "<list key=\"k\">".repeat(100_000)),
        ),
        ("nothing.xes", "<log></log>".to_owned()),
        ("half.xes.gz", "\u{1f}".to_owned()),
    ];
    for (name, content) in &hostile {
        let file = home.path().join(name);
        fs::write(&file, content).unwrap();
        let path = file.to_str().unwrap();
        let [kind, message, _] = ana.fault(&["import", "xes", path]);
        assert_eq!(kind, "invalid", "{name}: {message}");
        assert!(message.len() < 400, "{name}: {message}");
        assert!(!message.contains('\u{1}'), "{name}: {message:?}");
    }
    assert_eq!(ana.json(&["list"])["total"], 0);
    assert_eq!(ana.json(&["template", "list"])["templates"], json!([]));
    assert!(
        Path::new(&ana.folder).is_dir(),
        "and the workspace is as it was"
    );
}

#[test]
fn a_server_that_cannot_start_says_what_to_do() {
    let premises = Premises::new();
    let folder = premises.person("nobody").folder;
    let (taken, free) = (premises.server.data(), folder.to_str().unwrap());
    let said = |words: &[&str]| {
        let server = Command::new(programs().join("casework-server"))
            .args(words)
            .env("RUST_BACKTRACE", "1")
            .output()
            .unwrap();
        assert_eq!(server.status.code(), Some(1), "{words:?}");
        let told = [server.stdout, server.stderr].concat();
        String::from_utf8(told).unwrap()
    };
    let port = premises.server.url().replace("ws://", "");
    let told = said(&["serve", "--data", free, "--listen", &port]);
    assert!(told.contains("Address already in use"), "{told}");
    assert!(told.contains("  try: --listen"), "{told}");
    assert!(
        told.lines().count() == 2,
        "no backtrace for an operator: {told}"
    );
    let told = said(&["serve", "--data", taken, "--listen", "127.0.0.1:0"]);
    assert!(told.contains("  try: end the casework-server"), "{told}");
    let told = said(&["inspect", "--data", taken, "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(text(&told["error"]["try"]).contains("end the casework-server"));
    let told = said(&["inspect", "--data", "/nowhere/at/all"]);
    assert!(
        told.contains("/nowhere/at/all is not a data folder"),
        "{told}"
    );
}

#[test]
fn wrong_words_are_told_to_programs_as_json() {
    let nobody = Person::in_folder(Path::new("/nowhere/at/all"));
    let wrong: [&[&str]; 5] = [
        &["case", "fly"],
        &["case", "move", "a"],
        &["list", "--sort", "luck"],
        &["invite", "--days", "0"],
        &["import"],
    ];
    for words in wrong {
        let (code, said) = nobody.said(words);
        assert_eq!(code, 2, "{words:?}: {said}");
        assert!(!text(&said["error"]["message"]).is_empty(), "{said}");
        let help = text(&said["error"]["try"]);
        let help: Vec<&str> = help.split(' ').skip(1).collect();
        assert!(nobody.output(&help).status.success(), "{help:?}");
    }
}

fn lines(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

#[test]
fn who_has_a_case_open_is_said_by_a_watch_and_on_its_page() {
    let premises = Premises::new();
    let ana = premises.ana();
    let rui = premises.joined(&ana, "Rui");
    let case = ana.complaint("Fee charged twice");
    settle(&[&ana, &rui]);
    let [kind, message, cure] = rui.fault(&["case", "here", &case]);
    assert_eq!(kind, "unavailable", "{message}");
    assert!(cure.contains("casework sync --watch"), "{cure}");
    assert_eq!(ana.case(&case)["here"], json!([]));

    let _rui_watches = rui.going_on(&["sync", "--watch"], "in step");
    let told = rui.json(&["case", "here", &case]);
    assert_eq!(told["here"], json!([]), "nobody else");
    let words = format!("Rui has {} open", text(&told["number"]));
    let _ana_watches = ana.going_on(&["sync", "--watch"], &words);
    let here = ana.case(&case)["here"].clone();
    assert_eq!(here[0]["name"], "Rui", "{here}");
    assert_eq!(here[0]["activity"], "open", "{here}");
    let page = String::from_utf8(ana.output(&["case", "show", &case]).stdout).unwrap();
    assert!(page.contains("open now: Rui"), "{page}");
}
