//! The stage of real processes: the two programs, a server that can be killed, people who type.
//!
//! ```text
//! let stage = Premises::new();
//! let ana = stage.ana();  let rui = stage.joined(&ana, "Rui");
//! ana.json(&["case", "move", …]);  settle(&[&ana, &rui]);
//! ```
//! Nothing sleeps: a process is waited for by the line it prints. What cannot go on panics with
//! what the process said.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Variables that would change what the programs say. The last two make the demo look for a
/// checkout to build its server from.
const NOT_INHERITED: [&str; 8] = [
    "CASEWORK_FOLDER",
    "CASEWORK_NAME",
    "COLUMNS",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "RUST_LOG",
    "CARGO",
    "CARGO_MANIFEST_DIR",
];

/// How often a port that a killed server had is asked for again.
const BIND_ATTEMPTS: usize = 20;

/// The folder of `casework` and `casework-server`, built once, with the profile and into the
/// target folder of whoever asks. The whole workspace is selected, so that features are those of
/// `cargo test --workspace` and nothing is built twice.
///
/// # Panics
/// When cargo cannot build them.
#[must_use]
pub fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // …/target/debug/xtask, …/target/debug/deps/all-… → …/target/debug
        let own = std::env::current_exe().expect("this program lies somewhere");
        let beside = own.parent().expect("in a folder");
        let folder = match beside.parent().filter(|_| beside.ends_with("deps")) {
            Some(above) => above.to_owned(),
            None => beside.to_owned(),
        };
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(profile) => profile,
        };
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--workspace", "--profile", profile]);
        cargo.args(["--bin", "casework", "--bin", "casework-server"]);
        if let Some(target) = folder.parent() {
            cargo.arg("--target-dir").arg(target);
        }
        cargo.current_dir(checkout());
        let built = cargo.status().expect("cargo runs");
        assert!(built.success(), "the programs are built");
        folder
    })
}

/// The folder of this workspace.
#[must_use]
pub fn checkout() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// A file of the data that lies beside the checkout, where there is one; says so where not.
#[must_use]
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = checkout().parent()?.join("shared/data").join(name);
    if path.is_file() {
        return Some(path);
    }
    let remark = format!("skipped: {} is not here\n", path.display());
    // There is nobody else to tell.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), remark.as_bytes());
    None
}

/// `casework-server` as a process.
#[derive(Debug)]
pub struct Server {
    child: Child,
    data: PathBuf,
    listen: String,
}

impl Server {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn start(data: &Path) -> Self {
        let (child, listen) =
            spawn(data, "127.0.0.1:0").unwrap_or_else(|| panic!("{}", log_of(data)));
        Self {
            child,
            data: data.to_owned(),
            listen,
        }
    }

    /// Where it listens, as a device names it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.listen)
    }

    /// Its folder.
    ///
    /// # Panics
    /// Never: temporary folders have names in UTF-8.
    #[must_use]
    pub fn data(&self) -> &str {
        self.data.to_str().expect("a name in UTF-8")
    }

    /// `kill -9`: no farewell, nothing flushed, nothing closed.
    ///
    /// # Panics
    /// When it has ended before.
    pub fn kill(&mut self) {
        let ended = self.child.try_wait().expect("a process can be asked for");
        assert!(
            ended.is_none(),
            "the server ended by itself: {}",
            log_of(&self.data)
        );
        self.child.kill().expect("a process can be killed");
        self.child.wait().expect("a killed process ends");
    }

    /// Starts it again with the same folder and port, after [`Server::kill`].
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start_again(&mut self) {
        // Another program may have the port for a moment, as the near end of a connection.
        let started = (0..BIND_ATTEMPTS).find_map(|_| spawn(&self.data, &self.listen));
        let (child, _) = started.unwrap_or_else(|| panic!("{}", log_of(&self.data)));
        self.child = child;
    }

    /// What the folder of a server that does not run holds: `casework-server inspect`.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn inspect(&self) -> Value {
        let mut inspect = Command::new(programs().join("casework-server"));
        inspect
            .args(["inspect", "--json", "--data"])
            .arg(&self.data);
        let output = inspect.output().expect("the server's program runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "inspect: {errors}");
        serde_json::from_slice(&output.stdout).expect("inspect --json prints JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that said it is ready, and where; `None` when it ended instead.
fn spawn(data: &Path, listen: &str) -> Option<(Child, String)> {
    let log = data.with_extension("log");
    let mut server = Command::new(programs().join("casework-server"));
    server
        .args(["serve", "--listen", listen, "--data"])
        .arg(data);
    server.env("RUST_LOG", "warn").stdin(Stdio::null());
    server.stdout(Stdio::piped());
    server.stderr(File::create(log).expect("a log can be written"));
    let mut child = server.spawn().expect("the server's program runs");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    let read = BufReader::new(stdout).read_line(&mut line);
    let ready: Option<Value> = read.ok().and_then(|_| serde_json::from_str(&line).ok());
    match ready.as_ref().and_then(|ready| ready["listen"].as_str()) {
        Some(listen) => Some((child, listen.to_owned())),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            None
        }
    }
}

fn log_of(data: &Path) -> String {
    let log = std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
    format!("the server of {} said: {log}", data.display())
}

/// A server and the folders of everybody who works with it.
#[derive(Debug)]
pub struct Premises {
    /// The server.
    pub server: Server,
    home: TempDir,
}

impl Default for Premises {
    fn default() -> Self {
        Self::new()
    }
}

impl Premises {
    /// A server on a free port with nothing in it.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn new() -> Self {
        let home = TempDir::new().expect("a folder can be made");
        let server = Server::start(&home.path().join("server"));
        Self { server, home }
    }

    /// Somebody with a folder of their own and nothing in it.
    #[must_use]
    pub fn person(&self, name: &str) -> Person {
        Person::in_folder(&self.home.path().join(name))
    }

    /// Ana, with a workspace on the server and the complaint template.
    #[must_use]
    pub fn ana(&self) -> Person {
        let ana = self.person("ana");
        let url = self.server.url();
        ana.json(&["init", "Customer care", "--as", "Ana", "--server", &url]);
        ana.json(&["template", "import", "complaint"]);
        ana.json(&["sync"]);
        ana
    }

    /// Somebody who joins with an invite of hers, on a device of that name.
    #[must_use]
    pub fn joined(&self, host: &Person, name: &str) -> Person {
        let invite = host.json(&["invite", "--role", "operator"]);
        assert_eq!(invite["on_server"], true, "{invite}");
        let person = self.person(&name.to_lowercase());
        let device = format!("{name}'s tablet");
        let link = text(&invite["link"]);
        person.json(&["join", &link, "--name", name, "--device", &device]);
        person
    }
}

/// Somebody who types commands for one replica.
#[derive(Debug, Clone)]
pub struct Person {
    /// Where the replica lies.
    pub folder: PathBuf,
}

impl Person {
    /// Somebody whose replica lies, or will lie, there.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
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

fn wait_for(lines: &mut Lines<BufReader<ChildStdout>>, words: &str) {
    let found = lines
        .map_while(Result::ok)
        .any(|line| line.ends_with(words));
    assert!(found, "it ended before it said {words:?}");
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

/// A command that goes on until it is dropped, which kills it with `kill -9`.
#[derive(Debug)]
pub struct GoingOn {
    child: Child,
}

impl Drop for GoingOn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everybody syncs until nobody can have anything new.
pub fn settle(people: &[&Person]) {
    for _ in 0..2 {
        for person in people {
            person.json(&["sync"]);
        }
    }
}

/// A string of an answer.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value} is no string"))
        .to_owned()
}

/// The places that are contested, as `case show --json` names them.
#[must_use]
pub fn contested(case: &Value) -> Value {
    let places = case["contested"].as_array().into_iter().flatten();
    places.map(|contest| json!(contest["place"])).collect()
}
