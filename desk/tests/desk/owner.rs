//! One process owns a replica; the others have it do their work.

use std::os::unix::fs::PermissionsExt;
use std::thread;

use crate::program::Person;

/// A person whose replica is owned by a watching process. There is no server: it owns all the same.
fn watched() -> (Person, crate::program::Running) {
    let ana = Person::founder();
    ana.json(&["server", "ws://127.0.0.1:9"]);
    let mut owner = ana.spawn(&["sync", "--watch"]);
    owner.wait_for("in step from here on");
    (ana, owner)
}

#[test]
fn commands_go_through_the_owner_while_it_watches() {
    let (ana, owner) = watched();
    let socket = ana.folder.join("owner.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let case = ana.complaint("Through the owner");
    ana.json(&["case", "move", &case, "review"]);
    assert_eq!(ana.json(&["case", "show", &case])["stage"], "review");
    assert_eq!(ana.json(&["verify"])["holds"], true);
    let (_, message, _) = ana.fault(&["case", "move", &case, "nowhere"]);
    assert!(message.contains("nowhere"), "{message}");
    drop(owner);
    assert_eq!(
        ana.json(&["case", "show", &case])["stage"],
        "review",
        "it is durable"
    );
}

#[test]
fn a_relative_file_means_the_callers_folder_not_the_owners() {
    let (ana, _owner) = watched();
    let home = ana.folder.parent().unwrap();
    std::fs::copy(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/hiring.toml"),
        home.join("own.toml"),
    )
    .unwrap();
    let import = ana
        .command(&["template", "import", "own.toml"])
        .current_dir(home)
        .output();
    assert!(import.unwrap().status.success());
    let case = ana.complaint("Exported");
    let export = ana
        .command(&["export", &case, "--out", "there"])
        .current_dir(home)
        .output();
    assert!(export.unwrap().status.success());
    assert_eq!(std::fs::read_dir(home.join("there")).unwrap().count(), 2);
}

#[test]
fn a_second_owner_is_refused() {
    let (ana, _owner) = watched();
    let (kind, message, _) = ana.fault(&["sync", "--watch"]);
    assert_eq!(kind, "unavailable");
    assert!(message.contains("owner already"), "{message}");
}

#[test]
fn a_killed_owner_leaves_nothing_that_stops_the_next() {
    let (ana, owner) = watched();
    let case = ana.complaint("Before the end");
    drop(owner);
    assert!(
        ana.folder.join("owner.sock").exists(),
        "a killed owner cannot tidy up"
    );
    assert_eq!(
        ana.json(&["case", "show", &case])["title"],
        "Before the end"
    );
    let mut next = ana.spawn(&["sync", "--watch"]);
    next.wait_for("in step from here on");
    assert_eq!(
        ana.json(&["case", "show", &case])["title"],
        "Before the end"
    );
}

#[test]
fn commands_at_the_same_time_wait_for_each_other() {
    let ana = Person::founder();
    let case = ana.complaint("Busy");
    thread::scope(|scope| {
        for n in 0..6 {
            let (ana, case) = (&ana, &case);
            scope.spawn(move || ana.json(&["case", "comment", case, &format!("comment {n}")]));
        }
    });
    assert_eq!(
        ana.json(&["case", "show", &case])["comments"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
}
