//! `casework-server`: the relay as a command.

mod command;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use command::backup::{Backup, Restore};
use command::check::Check;
use command::compact::Compact;
use command::epoch::Epoch;
use command::held::Held;
use command::inspect::Inspect;
use command::rotate_key::RotateKey;
use command::serve::Serve;
use command::workspaces::Workspaces;
use command::{cure, say};

/// The Casework sync server: verifies, orders, stores and hands on signed changes that it cannot
/// read.
#[derive(Parser)]
#[command(name = "casework-server", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  casework-server serve --data /var/lib/casework --listen 0.0.0.0:7410
  casework-server serve --data ./data --listen 127.0.0.1:0     a free port, told on stdout
  casework-server serve --config /etc/casework/server.toml --check-config
  casework-server backup --data /var/lib/casework --to /backup/casework-monday
  casework-server backup --data ./data --to - | ssh vault 'cat > monday'
  casework-server workspaces --data ./data                     also while it serves
  casework-server inspect --data ./data
  casework-server check --data ./data                          reads and proves every entry
  casework-server held --data ./data                           work that waits for an adoption
  casework-server compact --data ./data                        the log as small as it can be
  casework-server rotate-key --data ./data                     a new key; devices go on
  casework-server epoch --data ./data --workspace 3f9a…        after a loss that nobody can heal

Exit code: 0 done, 1 not done (the message says why and what to do), 2 wrong usage,
3 the check found damage.";

#[derive(Subcommand)]
enum Command {
    /// Serves until it is told to stop (SIGTERM, SIGINT). One JSON line on stdout says that it is
    /// ready, where, and with which key; logs go to stderr.
    Serve(Box<Serve>),
    /// Shows what the data folder holds. The server must not be running.
    Inspect(Inspect),
    /// Reads every entry again and proves it: hashes, places, the tree and the signed heads. The
    /// server must not be running.
    Check(Check),
    /// Copies the data folder, also while the server is running.
    Backup(Backup),
    /// Puts a backup in place of a data folder. The server must not be running.
    Restore(Restore),
    /// Tells which work waits for an adoption. The server must not be running.
    Held(Held),
    /// Lists the workspaces: how much each has, since when, how it stands. Also while the server is
    /// running.
    Workspaces(Workspaces),
    /// Makes the log as small as what is in it. Nothing is lost. The server must not be running.
    Compact(Compact),
    /// Hands over to a new key. Devices that know the old one go on by themselves. The server must
    /// not be running.
    RotateKey(RotateKey),
    /// Opens a new epoch: what the server has lost and no device can bring back in place comes in
    /// anew. The server must not be running.
    Epoch(Epoch),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let as_json = command.answers_json();
    let done = match command {
        Command::Serve(serve) => serve.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Check(check) => check.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Held(held) => held.run(),
        Command::Workspaces(workspaces) => workspaces.run(),
        Command::Compact(compact) => compact.run(),
        Command::RotateKey(rotate) => rotate.run(),
        Command::Epoch(epoch) => epoch.run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            tell(&error, as_json);
            ExitCode::FAILURE
        }
    }
}

impl Command {
    fn answers_json(&self) -> bool {
        match self {
            Self::Inspect(inspect) => inspect.json,
            Self::Check(check) => check.json,
            Self::Held(held) => held.json,
            Self::Workspaces(workspaces) => workspaces.json,
            Self::Serve(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Compact(_)
            | Self::RotateKey(_)
            | Self::Epoch(_) => false,
        }
    }
}

/// Says what went wrong and what to do about it. There is nobody to tell when that fails.
fn tell(error: &anyhow::Error, as_json: bool) {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Most errors name their cause already.
        if !message.contains(&cause) {
            let colon = if message.is_empty() { "" } else { ": " };
            message = format!("{message}{colon}{cause}");
        }
    }
    let cure = cure(&message);
    if as_json {
        let _ = say(&serde_json::json!({ "error": { "message": message, "try": cure } }));
        return;
    }
    let _ = writeln!(std::io::stderr(), "error: {message}\n  try: {cure}");
}
