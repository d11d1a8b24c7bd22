//! `casework-server compact`: the log file as small as what is in it.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use casework_sync_server::serve::DataFolder;
use casework_sync_server::serve::compact::compact;
use clap::Args;

use super::running::connect;
use super::{existing, say};
use casework_sync_server::serve::AdminRequest;

/// `casework-server compact`.
#[derive(Args)]
#[command(
    after_help = "Nothing that any device needs is dropped. It needs as much room again as the log has entries.\n\nExample:\n  casework-server compact --data /var/lib/casework"
)]
pub(crate) struct Compact {
    /// Folder of the log and the server's key. The server must not be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Compact {
    /// Compacts; says how large the log was and is.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = DataFolder::open(existing(&self.data)?)?;
        if connect(&folder, &AdminRequest::Workspaces)?.is_some() {
            bail!(
                "a server is running on {}: Cannot acquire lock",
                self.data.display()
            );
        }
        if !folder.log_file().exists() {
            bail!("{} is not a data folder", self.data.display());
        }
        let shown = std::io::stderr().is_terminal();
        let mut step = |rows: u64| {
            if shown {
                let _ = write!(std::io::stderr(), "\r{rows} rows");
            }
        };
        let done = compact(&folder, &mut step)?;
        say(&serde_json::json!({
            "event": "compacted",
            "before_bytes": done.before,
            "after_bytes": done.after,
            "stale_bundles": done.dropped.bundles,
            "stray_pieces": done.dropped.pieces,
        }))?;
        Ok(ExitCode::SUCCESS)
    }
}
