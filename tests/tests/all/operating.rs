//! The server's program in the hands of an operator, as real processes: drills that end in a restored,
//! proved and running server, and disks that are full.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use casework_tests::process::{Person, Premises, programs, settle, text};
use serde_json::Value;

fn server(words: &[&str]) -> Command {
    let mut command = Command::new(programs().join("casework-server"));
    command.args(words).env_remove("RUST_LOG");
    command
}

fn run(words: &[&str]) -> Output {
    server(words).output().expect("the program runs")
}

/// What it says in JSON; it must do what was asked.
fn does(words: &[&str]) -> Value {
    let output = run(words);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// What it says when it does not do it: what is wrong, and what to try.
fn refuses(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("error: ") && errors.contains("try: "),
        "{errors}"
    );
    errors
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

/// Ana and Rui with a case each, in step with the server.
fn at_work(premises: &Premises) -> (Person, Person, String) {
    let ana = premises.ana();
    let rui = premises.joined(&ana, "Rui");
    let case = ana.complaint("Broken street lamp");
    settle(&[&ana, &rui]);
    rui.json(&["case", "label", &case, "night"]);
    settle(&[&rui, &ana]);
    (ana, rui, case)
}

/// As often as a server that takes its log back asks people to come again.
fn come_again(people: &[&Person]) {
    let all_well = || {
        let each = people.iter().map(|person| person.said(&["sync"]).0);
        each.fold(0, i32::max) == 0
    };
    assert!(
        (0..40).any(|_| all_well()),
        "the server never has its log back"
    );
}

fn assert_whole(people: &[&Person], case: &str, labels: usize) {
    come_again(people);
    settle(people);
    for person in people {
        assert_eq!(
            person.case(case)["labels"].as_array().unwrap().len(),
            labels
        );
        assert_eq!(person.json(&["verify"])["holds"], true);
    }
}

#[test]
fn a_stream_taken_while_people_work_is_restored_and_devices_bring_back_what_came_after() {
    let mut premises = Premises::new();
    let (ana, rui, case) = at_work(&premises);
    let data = premises.server.data().to_owned();
    let taken = run(&["backup", "--data", &data, "--to", "-"]);
    assert!(taken.status.success(), "{taken:?}");
    let told: Value = serde_json::from_slice(&taken.stderr).unwrap();
    assert_eq!(told["event"], "backed-up");
    rui.json(&["case", "label", &case, "after the backup"]);
    settle(&[&rui, &ana]);
    premises.server.kill();
    // A stream that was cut is refused, and the folder stays as it is.
    for cut in [0, 30, taken.stdout.len() / 2, taken.stdout.len() - 1] {
        let mut child = server(&["restore", "--from", "-", "--data", &data])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // It may have seen enough before everything is written.
        let _ = pipe.write_all(&taken.stdout[..cut]);
        drop(pipe);
        let said = refuses(&child.wait_with_output().unwrap());
        assert!(said.contains("no whole backup"), "{said}");
    }
    assert_eq!(does(&["check", "--data", &data, "--json"])["sound"], true);
    let file = Path::new(&data).with_file_name("monday");
    std::fs::write(&file, &taken.stdout).unwrap();
    let restored = does(&["restore", "--from", path(&file), "--data", &data]);
    assert!(Path::new(&text(&restored["before"])).is_dir());
    assert_eq!(does(&["check", "--data", &data, "--json"])["sound"], true);
    premises.server.start_again();
    assert_whole(&[&ana, &rui], &case, 2);
}

#[test]
fn a_key_is_rotated_between_two_runs_and_devices_newcomers_and_backups_go_on() {
    let mut premises = Premises::new();
    let (ana, rui, case) = at_work(&premises);
    let data = premises.server.data().to_owned();
    let copy = Path::new(&data).with_file_name("tuesday");
    does(&["backup", "--data", &data, "--to", path(&copy)]);
    let invite = text(&ana.json(&["invite", "--role", "operator"])["link"]);
    ana.json(&["sync"]);
    // While it serves nothing happens.
    let said = refuses(&run(&["rotate-key", "--data", &data]));
    assert!(said.contains("end the casework-server"), "{said}");
    premises.server.kill();
    let rotated = does(&["rotate-key", "--data", &data]);
    assert_ne!(rotated["old"], rotated["server"]);
    premises.server.start_again();
    rui.json(&["case", "label", &case, "under the new key"]);
    assert_whole(&[&rui, &ana], &case, 2);
    // An invite from before, and the backup from before.
    let eva = premises.person("eva");
    eva.json(&["join", &invite, "--name", "Eva", "--device", "Phone"]);
    assert_whole(&[&eva, &ana], &case, 2);
    premises.server.kill();
    let restored = does(&["restore", "--from", path(&copy), "--data", &data]);
    assert_eq!(restored["server"], rotated["server"]);
    assert_eq!(restored["backup"]["server"], rotated["old"]);
    premises.server.start_again();
    assert_whole(&[&ana, &rui, &eva], &case, 2);
}

#[test]
fn a_log_is_compacted_and_a_newcomer_still_gets_everything_proved() {
    let mut premises = Premises::new();
    let (ana, rui, case) = at_work(&premises);
    let data = premises.server.data().to_owned();
    for n in 0..20 {
        rui.json(&["case", "label", &case, &format!("label {n}")]);
    }
    settle(&[&rui, &ana]);
    let said = refuses(&run(&["compact", "--data", &data]));
    assert!(said.contains("end the casework-server"), "{said}");
    let live = does(&["workspaces", "--data", &data, "--json"]);
    premises.server.kill();
    let offline = does(&["workspaces", "--data", &data, "--json"]);
    assert_eq!(
        (&live["serving"], &offline["serving"]),
        (&true.into(), &false.into())
    );
    assert_eq!(live["workspaces"], offline["workspaces"]);
    assert_eq!(live["workspaces"][0]["members"], 2);
    let done = does(&["compact", "--data", &data]);
    let (before, after) = (done["before_bytes"].as_u64(), done["after_bytes"].as_u64());
    assert!(after < before, "{done}");
    let length = std::fs::metadata(Path::new(&data).join("log.redb"))
        .unwrap()
        .len();
    assert_eq!(Some(length), after);
    assert_eq!(does(&["check", "--data", &data, "--json"])["sound"], true);
    let same = does(&["workspaces", "--data", &data, "--json"]);
    assert_eq!(same["workspaces"], offline["workspaces"]);
    premises.server.start_again();
    let eva = premises.joined(&ana, "Eva");
    assert_whole(&[&ana, &rui, &eva], &case, 21);
}

/// `ulimit -f` in place of a small disk, and `/dev/full` in place of a full one.
#[cfg(target_os = "linux")]
#[test]
fn a_backup_on_a_full_disk_says_so_and_the_folder_and_the_running_server_stay_whole() {
    let mut premises = Premises::new();
    let (ana, rui, case) = at_work(&premises);
    let data = premises.server.data().to_owned();
    let full = || std::fs::File::create("/dev/full").unwrap();
    let streamed = server(&["backup", "--data", &data, "--to", "-"])
        .stdout(full())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = refuses(&streamed.wait_with_output().unwrap());
    assert!(
        said.contains("No space left") && said.contains("make room"),
        "{said}"
    );
    assert_whole(&[&ana, &rui], &case, 1);
    premises.server.kill();
    let limited = |words: &str| {
        let program = programs().join("casework-server");
        let script = format!("trap '' XFSZ; ulimit -f 40; exec \"$0\" {words}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(program);
        shell.output().expect("there is a shell")
    };
    let copy = Path::new(&data).with_file_name("wednesday");
    let said = refuses(&limited(&format!(
        "backup --data {data} --to {}",
        path(&copy)
    )));
    assert!(
        said.contains("File too large") && said.contains("make room"),
        "{said}"
    );
    let half = refuses(&run(&["restore", "--from", path(&copy), "--data", &data]));
    assert!(half.contains("no whole backup"), "{half}");
    let said = refuses(&limited(&format!("compact --data {data}")));
    assert!(said.contains("File too large"), "{said}");
    assert_eq!(does(&["check", "--data", &data, "--json"])["sound"], true);
    premises.server.start_again();
    assert_whole(&[&ana, &rui], &case, 1);
}
