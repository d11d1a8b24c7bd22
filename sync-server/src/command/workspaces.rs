//! `casework-server workspaces`: what a server has, also while it serves.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use casework_sync_server::log::Log;
use casework_sync_server::relay::{Relay, RelayConfig};
use casework_sync_server::serve::overview::{Overview, overview};
use casework_sync_server::serve::{AdminAnswer, AdminRequest, DataFolder};
use clap::Args;

use super::running::ask;
use super::{existing, say};

/// `casework-server workspaces`.
#[derive(Args)]
#[command(after_help = "Example:\n  casework-server workspaces --data /var/lib/casework --json")]
pub(crate) struct Workspaces {
    /// Folder of the log and the server's key. The server may be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Workspaces {
    /// Tells every workspace, in the running server if there is one.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = DataFolder::open(existing(&self.data)?)?;
        let (found, live) = match from_running(&folder)? {
            Some(found) => (found, true),
            None => (from_folder(&folder)?, false),
        };
        if self.json {
            say(&serde_json::json!({ "serving": live, "workspaces": found }))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut out = std::io::stdout().lock();
        if found.is_empty() {
            writeln!(out, "no workspace yet")?;
        }
        for one in &found {
            writeln!(out, "{}", line(one)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn from_running(folder: &DataFolder) -> anyhow::Result<Option<Vec<Overview>>> {
    let Some(mut answers) = ask(folder, &AdminRequest::Workspaces)? else {
        return Ok(None);
    };
    match answers.next().transpose()? {
        Some(AdminAnswer::Workspaces(found)) => Ok(Some(found)),
        Some(AdminAnswer::Error(problem)) => bail!(problem),
        Some(AdminAnswer::Step(_) | AdminAnswer::Done(_)) => {
            bail!("the server answers something else")
        }
        None => bail!("the server stopped before it answered"),
    }
}

fn from_folder(folder: &DataFolder) -> anyhow::Result<Vec<Overview>> {
    let log = Arc::new(folder.log()?);
    let relay = Relay::open(
        Arc::clone(&log) as Arc<dyn Log>,
        folder.identity()?,
        RelayConfig::default(),
    )?;
    Ok(overview(&relay, &log)?)
}

fn line(one: &Overview) -> anyhow::Result<String> {
    let state = serde_json::to_value(one.state)?;
    Ok(format!(
        "{}  {}  {:?}: {} entries, {} documents ({} purged), {} members, {} devices, {} held, \
         {} bytes and {} of bundles, last entry {}",
        one.workspace,
        state.as_str().unwrap_or("?"),
        one.name,
        one.entries,
        one.documents,
        one.purged,
        one.members,
        one.devices,
        one.held,
        one.bytes,
        one.bundle_bytes,
        one.last_entry_ms
            .map_or_else(|| "never".to_owned(), |ms| format!("at {ms} ms")),
    ))
}
