//! A server process for the demo: found beside this program, or built by cargo from the workspace
//! that this program was built in.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use crate::fault::Fault;

/// The program.
const PROGRAM: &str = "casework-server";
/// How long it may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A running server; ends when dropped.
pub(super) struct Server {
    child: Child,
    /// Where it listens, as a device names it.
    pub(super) url: String,
    /// The program, for whoever wants to start it again.
    pub(super) program: PathBuf,
    /// Where its log lies.
    pub(super) data: PathBuf,
}

/// The line that it prints when it listens.
#[derive(Deserialize)]
struct Ready {
    url: String,
}

impl Server {
    /// Starts a server on a free port of this machine.
    pub(super) fn start(data: &Path, say: &mut dyn FnMut(&str)) -> Result<Self, Fault> {
        let program = find(say)?;
        let log = data.with_extension("log");
        let log = File::create(&log).map_err(|error| Fault::file(&log, &error))?;
        let mut child = Command::new(&program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| Fault::file(&program, &error))?;
        let url = match first_line(&mut child) {
            Some(line) => serde_json::from_str::<Ready>(&line)
                .map(|ready| ready.url)
                .ok(),
            None => None,
        };
        let Some(url) = url else {
            let _ = child.kill();
            let _ = child.wait();
            let log = data.with_extension("log");
            return Err(Fault::unavailable("the server did not start")
                .or_try(format!("look into {}", log.display())));
        };
        Ok(Self {
            child,
            url,
            program,
            data: data.to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What it acknowledged is on its disk; it needs no farewell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Its first line, unless it takes too long or ends.
fn first_line(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        if let Some(Ok(line)) = lines.next() {
            let _ = sender.send(line);
        }
        // Reads on, so that the server never waits for a full pipe.
        for _ in lines {}
    });
    receiver.recv_timeout(START_TIMEOUT).ok()
}

/// The program beside this one. When cargo runs us, it is built first, so that the two are never
/// of different ages.
fn find(say: &mut dyn FnMut(&str)) -> Result<PathBuf, Fault> {
    let own = env::current_exe()
        .map_err(|error| Fault::unavailable(format!("where this program lies: {error}")))?;
    let beside = own.with_file_name(format!("{PROGRAM}{}", env::consts::EXE_SUFFIX));
    let by_cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let workspace = by_cargo.as_deref().and_then(workspace_above);
    if workspace.is_none() && beside.exists() {
        return Ok(beside);
    }
    let workspace = workspace
        .or_else(|| workspace_above(&own))
        .or_else(|| env::current_dir().ok().as_deref().and_then(workspace_above));
    let Some(workspace) = workspace else {
        return Err(missing(&own));
    };
    let release = own
        .parent()
        .is_some_and(|folder| folder.ends_with("release"));
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--workspace", "--bin", PROGRAM])
        .current_dir(&workspace);
    // What cargo said of this package would have crates that look at it (`ring`) built anew.
    for (name, _) in env::vars_os() {
        let said = name.to_string_lossy();
        if said.starts_with("CARGO_PKG_") || said.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    if release {
        cargo.arg("--release");
    }
    if let Some(target) = own.parent().and_then(Path::parent) {
        cargo.arg("--target-dir").arg(target);
    }
    if !beside.exists() {
        say("Building the server once (cargo build --workspace --bin casework-server) …");
    }
    let built = cargo
        .status()
        .map_err(|error| Fault::unavailable(format!("cargo: {error}")))?;
    if built.success() && beside.exists() {
        Ok(beside)
    } else {
        Err(missing(&own))
    }
}

fn missing(own: &Path) -> Fault {
    let folder = own.parent().unwrap_or(own);
    Fault::unavailable(format!(
        "the server program {PROGRAM} is not in {}",
        folder.display()
    ))
    .or_try("cargo build --release --bins")
}

/// The folder above a path that holds this project.
fn workspace_above(path: &Path) -> Option<PathBuf> {
    let holds = |folder: &&Path| folder.join("sync-server").join("Cargo.toml").is_file();
    path.ancestors().find(holds).map(Path::to_owned)
}
