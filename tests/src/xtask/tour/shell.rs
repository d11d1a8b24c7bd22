//! Runs the commands of the tour: one after the other, in an empty home, with the real programs.
//!
//! A command that ends in `&` goes on until the tour is over. What cannot be the same twice is put
//! in on the way in and taken out on the way back: the port, the invite link, the home.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use casework_tests::process::programs;
use serde_json::Value;
use tempfile::TempDir;

/// The server's address in the text. The tour takes a free port.
const ADDRESS: &str = "127.0.0.1:7410";
/// A link in the text; a real one is long and a secret.
const LINK: &str = "casework://join/…";
/// What every link begins with.
const LINK_START: &str = "casework://join/";
/// A home in the text.
const HOME: &str = "/home/ana";

/// What a command did.
pub(crate) struct Done {
    /// Its exit code.
    pub(crate) code: i32,
    /// What it printed, as the page shows it.
    pub(crate) said: String,
}

/// A shell with a home of its own.
pub(crate) struct Shell {
    home: TempDir,
    address: String,
    link: String,
    going_on: Vec<Child>,
}

impl Shell {
    /// An empty home.
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            home: TempDir::new()?,
            address: ADDRESS.to_owned(),
            link: LINK.to_owned(),
            going_on: Vec::new(),
        })
    }

    /// The folder that commands run in.
    pub(crate) fn here(&self) -> &Path {
        self.home.path()
    }

    /// Runs a command, or starts one that goes on.
    pub(crate) fn run(&mut self, command: &str) -> Result<Done> {
        if let Some(server) = command.strip_suffix('&') {
            return self.begin(server);
        }
        let real = command
            .replace(LINK, &self.link)
            .replace(ADDRESS, &self.address);
        let output = self.shell(&real).output().context("sh")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut said = text(&output.stdout);
        if !output.status.success() {
            // Progress is told there as well, when it takes long; that is not for the page.
            said.push_str(&text(&output.stderr));
        }
        let code = output.status.code().context("a signal ended it")?;
        Ok(Done {
            code,
            said: self.shown(&said),
        })
    }

    fn begin(&mut self, command: &str) -> Result<Done> {
        let real = format!("exec {}", command.replace(ADDRESS, "127.0.0.1:0"));
        let mut shell = self.shell(&real);
        shell.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = shell.spawn().context("sh")?;
        let stdout = child.stdout.take().context("it is piped")?;
        self.going_on.push(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(listen) = ready["listen"].as_str() else {
            bail!("{command}\ndid not get ready: {line}");
        };
        self.address = listen.to_owned();
        Ok(Done {
            code: 0,
            said: String::new(),
        })
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        let path = std::env::var("PATH").unwrap_or_default();
        shell
            .args(["-c", command])
            .current_dir(self.home.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", programs().display()))
            .env("HOME", self.home.path())
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8")
            .env("RUST_LOG", "off")
            .stdin(Stdio::null());
        shell
    }

    /// An output as the page shows it. A link that comes by is remembered.
    fn shown(&mut self, said: &str) -> String {
        let home = self.home.path().to_string_lossy().into_owned();
        let mut shown = said
            .replace(&self.address, ADDRESS)
            .replace(&home, HOME)
            .trim_end()
            .to_owned();
        if let Some(at) = shown.find(LINK_START) {
            let link = shown[at..].split_whitespace().next().unwrap_or_default();
            let link = link.to_owned();
            shown = shown.replace(&link, LINK);
            self.link = link;
        }
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        lines.join("\n")
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for child in &mut self.going_on {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
