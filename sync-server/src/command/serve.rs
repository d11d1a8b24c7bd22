//! `casework-server serve`: starts the server and waits for the end.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use casework_sync_server::serve::{Running, start};
use clap::Args;

use super::say;
use super::settings::{Logs, Settings};

/// `casework-server serve`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  casework-server serve --data /var/lib/casework --listen 0.0.0.0:7410\n  casework-server serve --config /etc/casework/server.toml --check-config"
)]
pub(crate) struct Serve {
    /// A TOML file of settings; flags and environment go before it.
    #[arg(long, value_name = "FILE", env = "CASEWORK_SERVER_CONFIG")]
    config: Option<PathBuf>,
    /// Tells the settings and ends: 0 if the server would start with them.
    #[arg(long)]
    check_config: bool,
    /// Logs as JSON lines: the same as --logs json.
    #[arg(long, hide = true)]
    json_logs: bool,
    /// The settings given here and in the environment.
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    /// Serves until a signal comes.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let file = match &self.config {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        let settings = self.settings.over(file);
        if self.check_config {
            settings.config()?.check()?;
            say(&serde_json::json!({ "settings": settings }))?;
            return Ok(ExitCode::SUCCESS);
        }
        log_to_stderr(self.json_logs || settings.logs() == Logs::Json);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(serve(&settings))?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let running = start(settings.config()?)
        .await
        .context("the server cannot start")?;
    tracing::info!(
        addr = %running.addr(),
        server = %running.server_key(),
        workspaces = running.workspaces().len(),
        "listening"
    );
    say(&serde_json::json!({
        "event": "ready",
        "listen": running.addr(),
        "url": running.url(),
        "metrics": running.metrics_addr(),
        "server": running.server_key(),
        "certificate": running.certificate_pin().map(|pin| pin.to_string()),
        "data": settings.data,
    }))?;
    let failed = tokio::select! {
        signal = wait_for_a_signal(&running) => signal.map(|()| None)?,
        said = running.failed() => Some(said),
    };
    tracing::info!("stopping");
    running.shutdown().await;
    tracing::info!("stopped");
    match failed {
        None => Ok(()),
        Some(said) => bail!("the server ended because it cannot use its disk: {said}"),
    }
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
async fn wait_for_a_signal(running: &Running) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int, mut hang_up) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    );
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            _ = hang_up.recv() => running.reload_certificate(),
        }
    }
}

#[cfg(not(unix))]
async fn wait_for_a_signal(_: &Running) -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
