//! Runs the program in a folder of its own and reads what it says.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// One person's replica, and the program to work with it.
pub(crate) struct Person {
    pub(crate) folder: PathBuf,
    _home: TempDir,
}

impl Person {
    /// Somebody without a workspace yet.
    pub(crate) fn new() -> Self {
        let home = TempDir::new().unwrap();
        Self {
            folder: home.path().join("replica"),
            _home: home,
        }
    }

    /// Somebody with a workspace of their own and the complaint template.
    pub(crate) fn founder() -> Self {
        let person = Self::new();
        person.json(&["init", "Customer care", "--as", "Ana", "--device", "Laptop"]);
        person.json(&["template", "import", "complaint"]);
        person
    }

    /// The program with these words, in a neutral environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_casework"));
        command.arg("--folder").arg(&self.folder).args(words);
        for name in [
            "CASEWORK_FOLDER",
            "CASEWORK_NAME",
            "COLUMNS",
            "NO_COLOR",
            "CLICOLOR_FORCE",
        ] {
            command.env_remove(name);
        }
        command.env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What it prints for people; it must succeed.
    pub(crate) fn text(&self, words: &[&str]) -> String {
        let output = self.output(words);
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {text}{errors}");
        text
    }

    /// What it says to programs; it must succeed.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[words, &["--json"]].concat())).unwrap()
    }

    /// Why it was not carried out: kind, message and what to try.
    pub(crate) fn fault(&self, words: &[&str]) -> (String, String, String) {
        let output = self.output(&[words, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {text}");
        let said: Value = serde_json::from_str(&text).unwrap();
        let part = |name: &str| said["error"][name].as_str().unwrap_or_default().to_owned();
        (part("kind"), part("message"), part("try"))
    }

    /// Opens a complaint and answers its number.
    pub(crate) fn complaint(&self, title: &str) -> String {
        let fields = [
            "channel=phone",
            "customer=Helena Dias; complainant",
            "category=billing",
            "summary=Charged twice",
        ];
        let mut words = vec!["case", "open", "CMP", title];
        for field in &fields {
            words.extend(["--set", field]);
        }
        self.json(&words)["number"].as_str().unwrap().to_owned()
    }

    /// Starts a process that goes on.
    pub(crate) fn spawn(&self, words: &[&str]) -> Running {
        let mut command = self.command(words);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running { child }
    }
}

/// A process that goes on until it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    /// Waits for a line that holds these words, and answers it.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        use std::io::{BufRead, BufReader};
        let stdout = self.child.stdout.take().unwrap();
        let mut lines = BufReader::new(stdout).lines();
        let found = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(words));
        let found = found.unwrap_or_else(|| panic!("it ended before it said {words:?}"));
        // Goes on reading, so that the process never waits for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        found
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file of the shared test data, if it is on this machine.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    let path = root.join("shared/data").join(name);
    path.is_file().then_some(path)
}
