//! `casework-server rotate-key`: the server's key hands over to a new one.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use casework_sync_server::serve::DataFolder;
use casework_sync_server::serve::rotation::rotate;
use clap::Args;

use super::{existing, now_ms, say};

/// `casework-server rotate-key`.
#[derive(Args)]
#[command(
    after_help = "Devices that know the old key go on by themselves, whenever they come. Take a backup afterwards:\nolder ones hold the old key.\n\nExample:\n  casework-server rotate-key --data /var/lib/casework"
)]
pub(crate) struct RotateKey {
    /// Folder of the log and the server's key. The server must not be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl RotateKey {
    /// Rotates; says which key is left and which is now.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = DataFolder::open(existing(&self.data)?)?;
        if !folder.log_file().exists() {
            bail!("{} is not a data folder", self.data.display());
        }
        let log = folder.log().context("the key stays as it is")?;
        let rotated = rotate(&folder, &log, now_ms()?)?;
        say(&serde_json::json!({
            "event": "key-rotated", "old": rotated.old, "server": rotated.new,
            "bundles": rotated.bundles,
        }))?;
        Ok(ExitCode::SUCCESS)
    }
}
