//! Somebody at a keyboard: the command with their words, and what it said to people and programs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use casework::CLOCK_AHEAD;
use serde_json::Value;

use super::{GoingOn, NOT_INHERITED, programs, text, wait_for};

/// Somebody who types commands for one replica.
#[derive(Debug, Clone)]
pub struct Person {
    /// Where the replica lies.
    pub folder: PathBuf,
    ahead_secs: i64,
}

impl Person {
    /// Somebody whose replica lies, or will lie, there.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            ahead_secs: 0,
        }
    }

    /// The same by a clock that is so many seconds ahead.
    #[must_use]
    pub fn ahead(&self, secs: i64) -> Self {
        Self {
            ahead_secs: secs,
            ..self.clone()
        }
    }

    /// The program with these words, in a neutral environment.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(programs().join("casework"));
        command.arg("--folder").arg(&self.folder).args(words);
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        command.env(CLOCK_AHEAD, self.ahead_secs.to_string());
        command.env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    /// What it did with these words.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program runs")
    }

    /// The exit code, and what it said to programs.
    ///
    /// # Panics
    /// When that is not JSON, or a signal ended it.
    #[must_use]
    pub fn said(&self, words: &[&str]) -> (i32, Value) {
        let output = self.output(&[words, &["--json"]].concat());
        let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let stdout = String::from_utf8_lossy(&output.stdout);
            let stderr = String::from_utf8_lossy(&output.stderr);
            panic!("{words:?}: {error}: {stdout}{stderr}")
        });
        (output.status.code().expect("it ended by itself"), said)
    }

    /// What it said to programs; it must succeed.
    ///
    /// # Panics
    /// When it does not.
    #[expect(clippy::must_use_candidate, reason = "mostly called for what it does")]
    pub fn json(&self, words: &[&str]) -> Value {
        let (code, said) = self.said(words);
        assert_eq!(code, 0, "{words:?}: {said}");
        said
    }

    /// Why it was not carried out: kind, message and what to try.
    ///
    /// # Panics
    /// When it was carried out, or does not say what to try.
    #[must_use]
    pub fn fault(&self, words: &[&str]) -> [String; 3] {
        let (code, said) = self.said(words);
        assert_eq!(code, 1, "{words:?}: {said}");
        ["kind", "message", "try"].map(|part| {
            let words = said["error"][part].as_str().unwrap_or_default();
            assert!(!words.is_empty(), "no {part:?} in {said}");
            words.to_owned()
        })
    }

    /// What it said to programs when a line was typed; it must succeed. What belongs together stands
    /// between single quotes.
    ///
    /// # Panics
    /// When it does not.
    pub fn does(&self, line: &str) -> Value {
        let words = words_of(line);
        self.json(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Why a typed line was not carried out, as one text: the message, then what to try.
    ///
    /// # Panics
    /// When it was carried out, or does not say what to try.
    #[must_use]
    pub fn refused(&self, line: &str) -> String {
        let words = words_of(line);
        let [_, message, cure] = self.fault(&words.iter().map(String::as_str).collect::<Vec<_>>());
        format!("{message}\n  try: {cure}")
    }

    /// What a person reads on a wide screen when they type a line; it must succeed.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn reads(&self, line: &str) -> String {
        let words = words_of(line);
        let mut command = self.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let output = command.env("COLUMNS", "200").output();
        let output = output.expect("the program runs");
        let [said, errors] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b));
        assert!(output.status.success(), "{line}: {said}{errors}");
        said.into_owned()
    }

    /// Opens a complaint and answers its number.
    #[must_use]
    pub fn complaint(&self, title: &str) -> String {
        let fields = [
            "channel=phone",
            "customer=Helena Dias; complainant",
            "category=billing",
            "summary=Charged twice",
        ];
        let mut words = vec!["case", "open", "CMP", title];
        words.extend(fields.iter().flat_map(|field| ["--set", field]));
        text(&self.json(&words)["number"])
    }

    /// A case without what only this replica knows.
    #[must_use]
    pub fn case(&self, number: &str) -> Value {
        let mut shown = self.json(&["case", "show", number]);
        if let Some(object) = shown.as_object_mut() {
            object.remove("unsynced");
            object.remove("held");
        }
        shown
    }

    /// Every case of the list, page by page, without what only this replica knows.
    #[must_use]
    pub fn list(&self, page: usize) -> Vec<Value> {
        let (mut cases, limit) = (Vec::new(), page.to_string());
        loop {
            let skip = cases.len().to_string();
            let listed = self.json(&[
                "list", "--sort", "number", "--skip", &skip, "--limit", &limit,
            ]);
            let Some(shown) = listed["cases"].as_array().filter(|cases| !cases.is_empty()) else {
                assert_eq!(listed["total"], cases.len(), "the pages are the whole list");
                return cases;
            };
            cases.extend(shown.iter().map(without_own));
        }
    }

    /// Every column of every board, empty ones too, with its cases in the board's order.
    #[must_use]
    pub fn board(&self) -> Value {
        let mut board = self.json(&["board", "--empty"]);
        let boards = board["boards"].as_array_mut().into_iter().flatten();
        for column in boards.flat_map(|board| board["columns"].as_array_mut().into_iter().flatten())
        {
            let cases = column["cases"].as_array().into_iter().flatten();
            column["cases"] = cases.map(without_own).collect();
        }
        board
    }

    /// Starts a command that goes on, and waits for a line that ends in these words.
    ///
    /// # Panics
    /// When it ends before.
    #[must_use]
    pub fn going_on(&self, words: &[&str], until: &str) -> GoingOn {
        let mut command = self.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program runs");
        let stdout = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        wait_for(&mut lines, until);
        // Reads on, so that the process never waits for a full pipe.
        thread::spawn(move || lines.for_each(drop));
        GoingOn { child }
    }
}

/// A card without what only this replica knows.
fn without_own(card: &Value) -> Value {
    let mut card = card.clone();
    if let Some(badges) = card["badges"].as_object_mut() {
        for own in ["unsynced", "held", "being_checked"] {
            badges.remove(own);
        }
    }
    card
}

/// The words of a typed line; between single quotes a blank belongs to its word.
fn words_of(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for letter in line.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            blank if blank.is_whitespace() && !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    assert!(!quoted, "a quote is not closed: {line}");
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_a_shell_would_read_its_single_quotes() {
        let words = words_of("case  move X 'in review' --note=\'two words\' ''");
        assert_eq!(
            words,
            ["case", "move", "X", "in review", "--note=two words", ""]
        );
    }
}
