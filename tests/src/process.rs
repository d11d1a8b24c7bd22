//! The stage of real processes: the two programs, a server that can be killed, people who type.
//!
//! ```text
//! let stage = Premises::new();
//! let ana = stage.ana();  let rui = stage.joined(&ana, "Rui");
//! ana.json(&["case", "move", …]);  settle(&[&ana, &rui]);
//! ```
//! Nothing sleeps: a process is waited for by the line it prints. What cannot go on panics with
//! what the process said.

mod person;

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use casework::CLOCK_AHEAD;
use serde_json::{Value, json};
use tempfile::TempDir;

pub use person::Person;

/// Variables that would change what the programs say. The last two make the demo look for a
/// checkout to build its server from.
const NOT_INHERITED: [&str; 9] = [
    CLOCK_AHEAD,
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
        // What cargo said of this package is none of the build's: crates that look at it (`ring`)
        // would be built anew, and again the next time somebody builds by hand.
        for (name, _) in std::env::vars_os() {
            let said = name.to_string_lossy();
            if said.starts_with("CARGO_PKG_") || said.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
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
    ahead_secs: i64,
}

impl Server {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn start(data: &Path) -> Self {
        let (child, listen) =
            spawn(data, "127.0.0.1:0", 0).unwrap_or_else(|| panic!("{}", log_of(data)));
        Self {
            child,
            data: data.to_owned(),
            listen,
            ahead_secs: 0,
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
        let ahead = self.ahead_secs;
        let started = (0..BIND_ATTEMPTS).find_map(|_| spawn(&self.data, &self.listen, ahead));
        let (child, _) = started.unwrap_or_else(|| panic!("{}", log_of(&self.data)));
        self.child = child;
    }

    /// Has its clock go ahead by so many seconds: ends it and starts it again.
    ///
    /// # Panics
    /// As [`Server::kill`] and [`Server::start_again`] do.
    pub fn set_ahead(&mut self, secs: i64) {
        self.ahead_secs = secs;
        self.kill();
        self.start_again();
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
fn spawn(data: &Path, listen: &str, ahead_secs: i64) -> Option<(Child, String)> {
    let log = data.with_extension("log");
    let mut server = Command::new(programs().join("casework-server"));
    server
        .args(["serve", "--listen", listen, "--data"])
        .arg(data);
    server.env("RUST_LOG", "warn").stdin(Stdio::null());
    server.env(CLOCK_AHEAD, ahead_secs.to_string());
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

fn wait_for(lines: &mut Lines<BufReader<ChildStdout>>, words: &str) {
    let found = lines
        .map_while(Result::ok)
        .any(|line| line.ends_with(words));
    assert!(found, "it ended before it said {words:?}");
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
