//! `casework-server backup` and `restore`.

use std::io::{BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use casework_sync_server::serve::backup::{Manifest, back_up, restore};
use casework_sync_server::serve::{AdminAnswer, AdminRequest, DataFolder};
use clap::Args;

use super::{existing, say};

/// `casework-server backup`.
#[derive(Args)]
#[command(
    after_help = "A backup is itself a data folder. It holds the server's key: keep it as safe.\n\nExample:\n  casework-server backup --data /var/lib/casework --to /backup/casework-monday"
)]
pub(crate) struct Backup {
    /// Folder of the log and the server's key. The server may be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// `casework-server restore`.
#[derive(Args)]
#[command(
    after_help = "Devices that saw newer entries bring them back when they connect.\n\nExample:\n  casework-server restore --from /backup/casework-monday --data /var/lib/casework"
)]
pub(crate) struct Restore {
    /// The folder that `backup` made.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The data folder to put in place; one that is there is kept beside it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Backup {
    /// Makes a backup, in the running server if there is one.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = DataFolder::open(existing(&self.data)?)?;
        let to = std::path::absolute(&self.to)?;
        let manifest = match ask_running(&folder, &to)? {
            Some(manifest) => manifest,
            None => back_up(&folder, &folder.log()?, &to, &mut progress())?,
        };
        say(&serde_json::json!({ "event": "backed-up", "to": to, "backup": manifest }))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    /// Puts a backup in place.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if self.data.is_dir() {
            // Fails while a server has it.
            drop(DataFolder::open(&self.data)?.log()?);
        }
        let (manifest, before) = restore(&self.from, &self.data)?;
        say(&serde_json::json!({
            "event": "restored", "data": self.data, "before": before, "backup": manifest,
        }))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn progress() -> impl FnMut(u64) {
    let shown = std::io::stderr().is_terminal();
    move |rows| {
        if shown {
            let _ = write!(std::io::stderr(), "\r{rows} rows");
        }
    }
}

/// Asks the server that has the folder open; `None` when there is none.
#[cfg(unix)]
fn ask_running(folder: &DataFolder, to: &Path) -> anyhow::Result<Option<Manifest>> {
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(folder.admin_socket()) else {
        return Ok(None);
    };
    let mut line = serde_json::to_string(&AdminRequest::Backup(to.to_owned()))?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut progress = progress();
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?).context("the server answers something else")? {
            AdminAnswer::Step(rows) => progress(rows),
            AdminAnswer::Done(manifest) => return Ok(Some(manifest)),
            AdminAnswer::Error(problem) => bail!(problem),
        }
    }
    bail!("the server stopped before the backup was whole")
}

#[cfg(not(unix))]
fn ask_running(_: &DataFolder, _: &Path) -> anyhow::Result<Option<Manifest>> {
    Ok(None)
}
