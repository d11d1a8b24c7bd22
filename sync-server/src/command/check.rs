//! `casework-server check`: proves everything that lies in a data folder.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use casework_sync_server::log::Log as _;
use casework_sync_server::relay::check::{MAX_FAULTS, check_workspace};
use casework_sync_server::serve::DataFolder;
use clap::Args;

use super::{existing, say};

/// What a check that found damage ends with.
const DAMAGED: u8 = 3;

/// `casework-server check`.
#[derive(Args)]
#[command(after_help = "Example:\n  casework-server check --data /var/lib/casework")]
pub(crate) struct Check {
    /// Folder of the log and the server's key.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Check {
    /// Checks every workspace; 3 when something does not hold.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = DataFolder::open(existing(&self.data)?)?;
        let (log, servers) = (folder.log()?, folder.identity()?.servers());
        let mut found = Vec::new();
        for id in log.workspaces()? {
            let mut err = std::io::stderr();
            let shown = err.is_terminal() && !self.json;
            let mut step = |entries: u64| {
                if shown {
                    let _ = write!(err, "\r{} {entries} entries", id.short());
                }
            };
            let checked = check_workspace(&log, &servers, id, &mut step)?;
            if shown {
                let _ = writeln!(std::io::stderr());
            }
            found.push((id, checked));
        }
        let sound = found.iter().all(|(_, checked)| checked.faults.is_empty());
        if self.json {
            let workspaces = found.iter().map(|(id, checked)| {
                serde_json::json!({
                    "workspace": id, "entries": checked.entries, "faults": checked.faults,
                })
            });
            let workspaces: Vec<_> = workspaces.collect();
            say(&serde_json::json!({ "sound": sound, "workspaces": workspaces }))?;
        } else {
            let mut out = std::io::stdout().lock();
            for (id, checked) in &found {
                writeln!(out, "{id}: {} entries proved", checked.entries)?;
                for fault in &checked.faults {
                    writeln!(out, "  {fault}")?;
                }
                if checked.faults.len() == MAX_FAULTS {
                    writeln!(out, "  and perhaps more")?;
                }
            }
            if !sound {
                writeln!(
                    out,
                    "try: a backup of the folder, or an empty one: the devices give back what they \
                     hold"
                )?;
            }
        }
        Ok(if sound {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(DAMAGED)
        })
    }
}
