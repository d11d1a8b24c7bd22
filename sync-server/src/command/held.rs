//! `casework-server held`: work that waits for an adoption, as an operator may see it.
//!
//! Whose it is, of which document, since when; what is in it the server cannot read. Only members
//! who may adopt decide about it, on their devices.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use casework_protocol::ids::WorkspaceId;
use casework_sync_server::log::{HeldRow, Log, LogError};
use casework_sync_server::relay::{Relay, RelayConfig};
use casework_sync_server::serve::DataFolder;
use clap::Args;
use serde_json::{Value, json};

use super::{existing, say};

/// `casework-server held`.
#[derive(Args)]
#[command(
    after_help = "Members who may adopt decide on it: casework held\n\nExample:\n  casework-server held --data /var/lib/casework"
)]
pub(crate) struct Held {
    /// Folder of the log and the server's key. The server must not be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Held {
    /// Tells what waits.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = DataFolder::open(existing(&self.data)?)?;
        let log = Arc::new(folder.log()?);
        let relay = Relay::open(
            Arc::clone(&log) as Arc<dyn Log>,
            folder.identity()?,
            RelayConfig::default(),
        )?;
        let mut held = Vec::new();
        for id in relay.workspaces() {
            let waiting = log.held(id)?.into_iter();
            for row in waiting.filter(|row| row.adopted.is_none()) {
                let received_ms = received(log.as_ref(), id, row.seq)?;
                held.push(told(&relay, id, &row, received_ms));
            }
        }
        if self.json {
            say(&json!({ "held": held }))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut out = std::io::stdout().lock();
        if held.is_empty() {
            writeln!(out, "nothing waits for a decision")?;
        }
        for row in &held {
            writeln!(
                out,
                "{}  {} changes by {} ({}) to document {}, position {}",
                text(&row["workspace"]),
                row["changes"],
                text(&row["member"]),
                text(&row["device_name"]),
                text(&row["document"]),
                row["position"],
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn received(log: &dyn Log, id: WorkspaceId, seq: u64) -> Result<Option<u64>, LogError> {
    let found = log.read(id, seq, 1)?;
    Ok(found.first().map(|record| record.received_ms))
}

fn told(relay: &Relay, id: WorkspaceId, row: &HeldRow, received_ms: Option<u64>) -> Value {
    let shared = relay.workspace(id);
    let workspace = shared.as_ref().and_then(|shared| shared.read().ok());
    let roster = workspace
        .as_ref()
        .map(|workspace| workspace.roster().head());
    let device = roster.and_then(|roster| roster.device(row.device));
    let member = device.and_then(|device| roster?.member(device.member));
    json!({
        "workspace": id,
        "document": row.document,
        "position": row.seq,
        "changes": row.changes.len(),
        "received_ms": received_ms,
        "device": row.device,
        "device_name": device.map(|device| device.name.as_str()),
        "member": member.map(|member| member.name.as_str()),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
