//! `casework-server`: the relay as a command.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use casework_protocol::ids::WorkspaceId;
use casework_sync_server::relay::{Creation, OnLoss, Relay, RelayConfig};
use casework_sync_server::serve::{Bounds, DataFolder, ServeConfig, Store, start};
use clap::{Args, Parser, Subcommand};

/// The Casework sync server: verifies, orders, stores and hands on signed changes that it cannot
/// read.
#[derive(Parser)]
#[command(name = "casework-server", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What `inspect` tells of a workspace, in this order.
const ORDER: [&str; 9] = [
    "name",
    "workspace",
    "members",
    "devices",
    "documents",
    "entries",
    "roster",
    "epoch",
    "recovering",
];

const EXAMPLES: &str = "Examples:
  casework-server serve --data /var/lib/casework --listen 0.0.0.0:7410
  casework-server serve --data ./data --listen 127.0.0.1:0     a free port, told on stdout
  casework-server inspect --data ./data
  casework-server epoch --data ./data --workspace 3f9a…        after a loss that nobody can heal";

#[derive(Subcommand)]
enum Command {
    /// Serves until it is told to stop (SIGTERM, SIGINT). One JSON line on stdout says that it is
    /// ready, where, and with which key; logs go to stderr.
    Serve(Serve),
    /// Shows what the data folder holds. The server must not be running.
    Inspect(Inspect),
    /// Opens a new epoch: what the server has lost and no device can bring back in place comes in
    /// anew. The server must not be running.
    Epoch(Epoch),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  casework-server serve --data /var/lib/casework --listen 0.0.0.0:7410"
)]
struct Serve {
    /// Folder of the log and the server's key; made if it is not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7410")]
    listen: SocketAddr,
    /// Serve only workspaces that are here already.
    #[arg(long)]
    no_create: bool,
    /// After a loss, open a new epoch by itself after so many seconds instead of waiting.
    #[arg(long, value_name = "SECONDS")]
    new_epoch_after: Option<u64>,
    /// Most connections at once.
    #[arg(long, value_name = "COUNT")]
    connections: Option<usize>,
    /// Logs as JSON lines. How much is logged: the variable RUST_LOG, for instance `info`.
    #[arg(long)]
    json_logs: bool,
}

#[derive(Args)]
#[command(after_help = "Example:\n  casework-server inspect --data /var/lib/casework --json")]
struct Inspect {
    /// Folder of the log and the server's key.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  casework-server epoch --data /var/lib/casework --workspace 036b7f53ebe1806f4374c8b8e9a1b78c526a0ec4a3de94662c6d3b9ae4a37688"
)]
struct Epoch {
    /// Folder of the log and the server's key.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The workspace, 64 hexadecimal digits.
    #[arg(long, value_name = "ID")]
    workspace: WorkspaceId,
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let as_json = matches!(&command, Command::Inspect(inspect) if inspect.json);
    let done = match command {
        Command::Serve(serve) => serve.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Epoch(epoch) => epoch.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error, as_json);
            ExitCode::FAILURE
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

/// What to do after an error that says this.
fn cure(message: &str) -> &'static str {
    let of = |words: &str| message.contains(words);
    if of("Cannot acquire lock") {
        "end the casework-server that uses this folder, or name another with --data"
    } else if of("Not a redb database") {
        "a backup of the folder, or an empty one: the devices give back what they hold"
    } else if of("Address already in use") || of("cannot use") && of("Cannot assign") {
        "--listen with another port; port 0 takes a free one"
    } else if of("is not a data folder") {
        "--data with the folder that `casework-server serve` was started with"
    } else if of("is not in") {
        "casework-server inspect --data DIR    (which workspaces are there)"
    } else {
        "casework-server --help"
    }
}

impl Serve {
    fn run(self) -> anyhow::Result<()> {
        log_to_stderr(self.json_logs);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<()> {
        let mut bounds = Bounds::default();
        bounds.connections = self.connections.unwrap_or(bounds.connections);
        let config = ServeConfig {
            store: Store::Folder(self.data.clone()),
            listen: self.listen,
            relay: RelayConfig {
                creation: if self.no_create {
                    Creation::Refused
                } else {
                    Creation::Allowed
                },
                on_loss: self.new_epoch_after.map_or(OnLoss::Wait, |seconds| {
                    OnLoss::NewEpochAfterMs(seconds.saturating_mul(1_000))
                }),
            },
            bounds,
        };
        let running = start(config).await.context("the server cannot start")?;
        tracing::info!(
            addr = %running.addr(),
            server = %running.server_key(),
            workspaces = running.workspaces().len(),
            "listening"
        );
        say(&serde_json::json!({
            "event": "ready",
            "listen": running.addr(),
            "url": format!("ws://{}", running.addr()),
            "server": running.server_key(),
            "data": self.data,
        }))?;
        wait_for_a_signal().await?;
        tracing::info!("stopping");
        running.shutdown().await;
        tracing::info!("stopped");
        Ok(())
    }
}

impl Inspect {
    fn run(self) -> anyhow::Result<()> {
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
                "recovering": workspace.recovery().is_some(),
            }));
        }
        let lost = relay.lost();
        if self.json {
            let lost = lost
                .iter()
                .map(|(id, waits)| serde_json::json!({ "workspace": id, "recovering": waits }));
            return say(&serde_json::json!({
                "server": relay.server(),
                "workspaces": workspaces,
                "lost": lost.collect::<Vec<_>>(),
            }));
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
        Ok(())
    }
}

impl Epoch {
    fn run(self) -> anyhow::Result<()> {
        let relay = open(&self.data)?;
        let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
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
        }))
    }
}

fn open(data: &std::path::Path) -> anyhow::Result<Relay> {
    if !data.is_dir() {
        bail!("{} is not a data folder", data.display());
    }
    let folder = DataFolder::open(data)?;
    let log = folder.log()?;
    Ok(Relay::open(
        Arc::new(log),
        folder.key()?,
        RelayConfig::default(),
    )?)
}

fn say(line: &serde_json::Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn log_to_stderr(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if json {
        logs.json().init();
    } else {
        logs.init();
    }
}

#[cfg(unix)]
async fn wait_for_a_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_a_signal() -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
