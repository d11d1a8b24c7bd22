//! `casework-server backup` and `restore`.

use std::io::{BufReader, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use casework_sync_server::serve::backup::{Manifest, back_up, restore, restore_stream};
use casework_sync_server::serve::{AdminAnswer, AdminRequest, DataFolder, archive};
use clap::Args;

use super::running::{ask, connect};
use super::{existing, say};

/// `casework-server backup`.
#[derive(Args)]
#[command(
    after_help = "A backup is itself a data folder. It holds the server's key: keep it as safe.\n\nExample:\n  casework-server backup --data /var/lib/casework --to /backup/casework-monday\n  casework-server backup --data /var/lib/casework --to - | age -r KEY > monday.age"
)]
pub(crate) struct Backup {
    /// Folder of the log and the server's key. The server may be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The folder to make; `-` writes the backup to stdout as one stream.
    #[arg(long, value_name = "DIR|-")]
    to: PathBuf,
}

/// `casework-server restore`.
#[derive(Args)]
#[command(
    after_help = "Devices that saw newer entries bring them back when they connect.\n\nExample:\n  casework-server restore --from /backup/casework-monday --data /var/lib/casework\n  age -d monday.age | casework-server restore --from - --data /var/lib/casework"
)]
pub(crate) struct Restore {
    /// The folder or the file that `backup` made; `-` reads a stream from stdin.
    #[arg(long, value_name = "DIR|FILE|-")]
    from: PathBuf,
    /// The data folder to put in place; one that is there is kept beside it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Backup {
    /// Makes a backup, in the running server if there is one.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = DataFolder::open(existing(&self.data)?)?;
        if self.to == Path::new("-") {
            return stream(&folder);
        }
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
        let (manifest, before) = if self.from == Path::new("-") {
            restore_stream(&mut std::io::stdin().lock(), &self.data)?
        } else if self.from.is_file() {
            let named = || self.from.display().to_string();
            let mut file = std::fs::File::open(&self.from).with_context(named)?;
            restore_stream(&mut BufReader::new(&mut file), &self.data)?
        } else {
            restore(&self.from, &self.data)?
        };
        // Another one than the backup's, where that one had handed over.
        let server = DataFolder::open(&self.data)?.identity()?.server();
        say(&serde_json::json!({
            "event": "restored", "data": self.data, "before": before, "backup": manifest,
            "server": server,
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

/// Writes a backup to stdout, out of the running server if there is one; what was written is told on
/// stderr.
fn stream(folder: &DataFolder) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    if std::io::stdout().is_terminal() {
        bail!("a backup is no text for a terminal: redirect stdout to a file or a pipe");
    }
    let manifest = match connect(folder, &AdminRequest::Stream)? {
        Some(mut running) => archive::pass_on(&mut running, &mut out)?,
        None => archive::write(folder, &folder.log()?, &mut out, &mut progress())?,
    };
    out.flush()?;
    let told = serde_json::json!({ "event": "backed-up", "to": "-", "backup": manifest });
    writeln!(std::io::stderr(), "{told}")?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the server that has the folder open; `None` when there is none.
fn ask_running(folder: &DataFolder, to: &Path) -> anyhow::Result<Option<Manifest>> {
    let mut progress = progress();
    let Some(answers) = ask(folder, &AdminRequest::Backup(to.to_owned()))? else {
        return Ok(None);
    };
    for answer in answers {
        match answer? {
            AdminAnswer::Step(rows) => progress(rows),
            AdminAnswer::Done(manifest) => return Ok(Some(manifest)),
            AdminAnswer::Error(problem) => bail!(problem),
            AdminAnswer::Workspaces(_) => bail!("the server answers something else"),
        }
    }
    bail!("the server stopped before the backup was whole")
}
