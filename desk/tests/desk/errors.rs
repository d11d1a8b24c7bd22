//! What goes wrong is said in one sentence, with something to try and the right exit code.

use crate::program::Person;

#[test]
fn without_a_workspace_the_ways_to_one_are_told() {
    let nobody = Person::new();
    let (kind, message, cure) = nobody.fault(&["board"]);
    assert_eq!(kind, "invalid");
    assert!(message.contains("no workspace"), "{message}");
    assert!(
        cure.contains("casework init") && cure.contains("casework demo"),
        "{cure}"
    );
    assert!(!nobody.folder.exists(), "looking makes nothing");
}

#[test]
fn a_second_workspace_in_the_same_folder_is_refused() {
    let ana = Person::founder();
    let (kind, message, _) = ana.fault(&["init", "Another", "--as", "Ana"]);
    assert_eq!(kind, "invalid");
    assert!(message.contains("already"), "{message}");
    assert_eq!(ana.json(&["status"])["info"]["name"], "Customer care");
}

#[test]
fn words_that_make_no_command_end_with_two() {
    let ana = Person::new();
    for words in [
        &["case", "fly"][..],
        &["case", "move"],
        &["case", "move", "a", "b", "--override"],
    ] {
        assert_eq!(ana.output(words).status.code(), Some(2), "{words:?}");
    }
    assert_eq!(ana.output(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_refusal_names_what_failed_and_what_there_is() {
    let ana = Person::founder();
    let case = ana.complaint("Fee charged twice");
    let refused = |words: &[&str], part: &str| {
        let (_, message, _) = ana.fault(words);
        assert!(message.contains(part), "{words:?}: {message}");
    };
    refused(&["case", "show", "CMP-~NONE"], "no case");
    refused(&["case", "move", &case, "nowhere"], "Intake");
    refused(&["case", "set", &case, "colour=red"], "colour");
    refused(&["case", "set", &case, "severity=purple"], "purple");
    refused(&["case", "set", &case, "severity"], "which field");
    refused(&["case", "set", &case, "amount=12.50"], "12.50");
    refused(&["case", "assign", &case, "Zoe"], "Zoe");
    refused(&["case", "settle", &case, "stage", "1"], "contested");
    refused(&["case", "close", &case, "gone"], "gone");
    refused(&["case", "open", "XXX", "A title"], "XXX");
    refused(&["drawer", "redo", "7"], "7");
    refused(
        &["import", "xes", "/nowhere/at/all.xes"],
        "/nowhere/at/all.xes",
    );
    refused(
        &["template", "import", "/nowhere/at/all.toml"],
        "/nowhere/at/all.toml",
    );
}

#[test]
fn a_file_that_is_no_template_is_answered_with_line_and_place() {
    let ana = Person::founder();
    let file = ana.folder.with_file_name("bad.toml");
    std::fs::write(
        &file,
        "key = \"BAD\"\nname = \"Bad\"\ncolur = \"#ffffff\"\n",
    )
    .unwrap();
    let (_, message, _) = ana.fault(&["template", "import", file.to_str().unwrap()]);
    assert!(
        message.contains("line 3") && message.contains("colur"),
        "{message}"
    );
}

#[test]
fn a_link_that_is_none_is_refused_before_anything_is_made() {
    let rui = Person::new();
    let (kind, _, _) = rui.fault(&["join", "casework://join/nonsense", "--name", "Rui"]);
    assert_eq!(kind, "invalid");
    assert!(!rui.folder.exists(), "nothing was made");
}

#[test]
fn errors_for_people_stand_on_standard_error_with_something_to_try() {
    let nobody = Person::new();
    let output = nobody.output(&["board"]);
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("error: ") && text.contains("\n  try: "),
        "{text}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let ana = Person::founder();
    let mut child = ana.command(&["role", "list"]);
    let mut child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
