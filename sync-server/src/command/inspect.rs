//! `casework-server inspect`: what a data folder holds.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{open, say};

/// What `inspect` tells of a workspace, in this order.
const ORDER: [&str; 10] = [
    "name",
    "workspace",
    "members",
    "devices",
    "documents",
    "purged",
    "entries",
    "roster",
    "epoch",
    "recovering",
];

/// `casework-server inspect`.
#[derive(Args)]
#[command(after_help = "Example:\n  casework-server inspect --data /var/lib/casework --json")]
pub(crate) struct Inspect {
    /// Folder of the log and the server's key.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Inspect {
    /// Opens the folder and tells what is in it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let relay = open(&self.data)?;
        let mut workspaces = Vec::new();
        for id in relay.workspaces() {
            let Some(shared) = relay.workspace(id) else {
                continue;
            };
            let Ok(workspace) = shared.read() else {
                continue;
            };
            let roster = workspace.roster().head();
            workspaces.push(serde_json::json!({
                "workspace": id,
                "name": roster.name(),
                "epoch": workspace.epoch(),
                "entries": workspace.size(),
                "roster": roster.version(),
                "members": roster.members().count(),
                "devices": roster.devices().filter(|(_, device)| !device.revoked).count(),
                "documents": workspace.document_count(),
                "purged": workspace.purged_count(),
                "recovering": workspace.recovery().is_some(),
            }));
        }
        let lost = relay.lost();
        if self.json {
            let lost = lost
                .iter()
                .map(|(id, waits)| serde_json::json!({ "workspace": id, "recovering": waits }));
            say(&serde_json::json!({
                "server": relay.server(),
                "workspaces": workspaces,
                "lost": lost.collect::<Vec<_>>(),
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "server {}", relay.server())?;
        for workspace in &workspaces {
            writeln!(out)?;
            for key in ORDER {
                let value = &workspace[key];
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                writeln!(out, "  {key:<11} {text}")?;
            }
        }
        for (id, waits) in lost {
            let next = if waits {
                "waits for a device that kept its log; `casework-server epoch` gives that up"
            } else {
                "given up; begins again with the first device that connects"
            };
            writeln!(out, "\n  lost        {id}\n              {next}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
