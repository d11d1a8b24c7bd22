//! What people see fits their terminal, and has colours only where they can be shown.

use console::measure_text_width;

use crate::program::Person;

fn busy() -> (Person, String) {
    let ana = Person::founder();
    ana.json(&["template", "import", "field-inspection"]);
    ana.json(&["template", "import", "hiring"]);
    let long = "The yearly fee of the second card of the joint account was charged twice in March";
    let case = ana.complaint(long);
    ana.complaint("A short one");
    ana.json(&["case", "move", &case, "review"]);
    ana.json(&["case", "comment", &case, &"a long comment ".repeat(30)]);
    ana.json(&[
        "case",
        "task",
        "add",
        &case,
        &"a long task ".repeat(12),
        "--item",
        "line",
    ]);
    ana.json(&[
        "case",
        "label",
        &case,
        "a label that is rather long",
        "press",
        "regulator",
    ]);
    (ana, case)
}

#[test]
fn no_screen_is_wider_than_the_terminal() {
    let (ana, case) = busy();
    let screens: [&[&str]; 11] = [
        &["board"],
        &["board", "CMP", "--empty"],
        &["list"],
        &["case", "timeline", &case],
        &["case", "show", &case],
        &["member", "list"],
        &["role", "list"],
        &["template", "list"],
        &["template", "show", "CMP"],
        &["template", "library"],
        &["verify"],
    ];
    for columns in ["40", "80", "120"] {
        for words in screens {
            let output = ana.command(words).env("COLUMNS", columns).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            for line in text.lines().filter(|line| !line.contains("casework ")) {
                let limit: usize = columns.parse().unwrap();
                assert!(
                    measure_text_width(line) <= limit,
                    "{words:?} at {columns}:\n{line}"
                );
            }
        }
    }
}

#[test]
fn colours_are_for_terminals_and_can_be_refused() {
    let (ana, _) = busy();
    let shown = |name: &str| {
        let mut command = ana.command(&["board"]);
        command.env("CLICOLOR_FORCE", "1").env(name, "1");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(shown("SOMETHING_ELSE").contains('\u{1b}'));
    assert!(!shown("NO_COLOR").contains('\u{1b}'));
    assert!(
        !ana.text(&["board"]).contains('\u{1b}'),
        "a pipe has no colours"
    );
}
