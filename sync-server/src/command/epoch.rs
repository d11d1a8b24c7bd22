//! `casework-server epoch`: gives a loss up.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use casework_protocol::ids::WorkspaceId;
use clap::Args;

use super::{now_ms, open, say};

/// `casework-server epoch`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  casework-server epoch --data /var/lib/casework --workspace 036b7f53ebe1806f4374c8b8e9a1b78c526a0ec4a3de94662c6d3b9ae4a37688"
)]
pub(crate) struct Epoch {
    /// Folder of the log and the server's key.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The workspace, 64 hexadecimal digits.
    #[arg(long, value_name = "ID")]
    workspace: WorkspaceId,
}

impl Epoch {
    /// Opens the epoch, and says where the new one forks off.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let relay = open(&self.data)?;
        let now_ms = now_ms()?;
        if !relay.open_epoch(now_ms, self.workspace)? {
            bail!(
                "workspace {} is not in {}",
                self.workspace,
                self.data.display()
            );
        }
        let fork = match relay.workspace(self.workspace) {
            Some(shared) => shared.read().map_or(0, |workspace| workspace.size()),
            // Nothing of it is here: devices found it again.
            None => 0,
        };
        say(&serde_json::json!({
            "event": "epoch-opened",
            "workspace": self.workspace,
            "fork": fork,
        }))?;
        Ok(ExitCode::SUCCESS)
    }
}
