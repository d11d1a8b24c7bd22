//! What a server is started with: flags, then environment, then a TOML file, then defaults.
//!
//! Every setting has one name: `idle-secs` in the file is `--idle-secs` as a flag and
//! `CASEWORK_SERVER_IDLE_SECS` in the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use casework_sync_server::relay::{Creation, OnLoss, RelayConfig};
use casework_sync_server::serve::{Bounds, Clock, ServeConfig, Store, Tls};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// Largest settings file: a person wrote it.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// Where the server listens if nobody says.
const LISTEN: &str = "127.0.0.1:7410";

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Logs {
    /// Lines for people.
    #[default]
    Text,
    /// JSON lines.
    Json,
}

macro_rules! env_name {
    ($name:literal) => {
        concat!("CASEWORK_SERVER_", $name)
    };
}

/// Settings; what is absent is taken from the next source.
#[derive(Debug, Clone, Default, Args, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    /// Folder of the log and the server's key; made if it is not there.
    #[arg(long, value_name = "DIR", env = env_name!("DATA"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:7410]
    #[arg(long, value_name = "ADDR", env = env_name!("LISTEN"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Where counters are told for Prometheus, as `GET /metrics`; nowhere without. Not for the
    /// public.
    #[arg(long, value_name = "ADDR", env = env_name!("METRICS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<SocketAddr>,
    /// Devices connect by TLS with the certificate in this file (PEM, those between it and its root
    /// after it). It is read again when it changes, or on SIGHUP.
    #[arg(long, value_name = "FILE", env = env_name!("TLS_CERTIFICATE"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_certificate: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "FILE", env = env_name!("TLS_KEY"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_key: Option<PathBuf>,
    /// Devices connect by TLS with a certificate of the server's own, whose key the address and
    /// every invite pin: needs neither domain name nor authority.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", env = env_name!("TLS_SELF_SIGNED"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_self_signed: Option<bool>,
    /// Serve only workspaces that are here already.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", env = env_name!("NO_CREATE"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    no_create: Option<bool>,
    /// After a loss, open a new epoch by itself after so many seconds instead of waiting.
    #[arg(long, value_name = "SECONDS", env = env_name!("NEW_EPOCH_AFTER"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    new_epoch_after: Option<u64>,
    /// Most connections at once [default: 20000]
    #[arg(long, value_name = "COUNT", env = env_name!("CONNECTIONS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<usize>,
    /// Most of them from one address; an IPv6 address counts as its /64 [default: 2000]
    #[arg(long, value_name = "COUNT", env = env_name!("ADDRESS_CONNECTIONS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    address_connections: Option<usize>,
    /// Most connections of one device [default: 16]
    #[arg(long, value_name = "COUNT", env = env_name!("DEVICE_CONNECTIONS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    device_connections: Option<usize>,
    /// New connections in a second, twenty seconds' worth at once [default: 500]
    #[arg(long, value_name = "COUNT", env = env_name!("HANDSHAKES_PER_SEC"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    handshakes_per_sec: Option<u64>,
    /// The same from one address [default: 50]
    #[arg(long, value_name = "COUNT", env = env_name!("ADDRESS_HANDSHAKES_PER_SEC"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    address_handshakes_per_sec: Option<u64>,
    /// Most connections that are in their handshake at once; more wait [default: 256]
    #[arg(long, value_name = "COUNT", env = env_name!("HANDSHAKES"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    handshakes: Option<usize>,
    /// How long a handshake may take [default: 10]
    #[arg(long, value_name = "SECONDS", env = env_name!("HANDSHAKE_SECS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake_secs: Option<u64>,
    /// A connection that was silent for so long is pinged, and closed after twice that
    /// [default: 45]
    #[arg(long, value_name = "SECONDS", env = env_name!("IDLE_SECS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_secs: Option<u64>,
    /// Messages of one connection in a second, twenty seconds' worth at once [default: 200]
    #[arg(long, value_name = "COUNT", env = env_name!("MESSAGES_PER_SEC"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    messages_per_sec: Option<u64>,
    /// Requests of one connection that are not answered yet [default: 8]
    #[arg(long, value_name = "COUNT", env = env_name!("REQUESTS_IN_FLIGHT"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_in_flight: Option<usize>,
    /// Mebibytes of requests of all connections that are not answered yet [default: 256]
    #[arg(long, value_name = "MIB", env = env_name!("MIB_IN_FLIGHT"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    mib_in_flight: Option<usize>,
    /// Most workspaces; no more are founded here [default: 10000]
    #[arg(long, value_name = "COUNT", env = env_name!("WORKSPACES"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    workspaces: Option<usize>,
    /// Mebibytes of bundles that are arriving, of all devices together [default: 256]
    #[arg(long, value_name = "MIB", env = env_name!("MIB_OF_BUNDLES"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    mib_of_bundles: Option<usize>,
    /// Mebibytes of one bundle; 128 is the most that any device takes [default: 128]
    #[arg(long, value_name = "MIB", env = env_name!("MIB_PER_BUNDLE"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    mib_per_bundle: Option<usize>,
    /// Changes of one device that wait for an adoption; more are refused [default: 10000]
    #[arg(long, value_name = "COUNT", env = env_name!("HELD_CHANGES"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    held_changes: Option<usize>,
    /// Threads that check signatures [default: one per core, at most 8]
    #[arg(long, value_name = "COUNT", env = env_name!("VERIFIERS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    verifiers: Option<usize>,
    /// How logs are written to stderr. How much: the variable RUST_LOG, for instance `info`
    /// [default: text]
    #[arg(long, value_enum, env = env_name!("LOGS"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    logs: Option<Logs>,
}

impl Settings {
    /// Reads a file of settings.
    ///
    /// # Errors
    /// What cannot be read, or what it says that no setting is, with its line.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("the settings in {}", path.display());
        let length = std::fs::metadata(path).with_context(named)?.len();
        if length > MAX_FILE_BYTES {
            bail!(
                "{} have {length} bytes; they may have {MAX_FILE_BYTES}",
                named()
            );
        }
        let text = std::fs::read_to_string(path).with_context(named)?;
        toml::from_str(&text).with_context(named)
    }

    /// These settings, and where they say nothing those.
    #[must_use]
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            data: self.data.or(below.data),
            listen: self.listen.or(below.listen),
            metrics: self.metrics.or(below.metrics),
            tls_certificate: self.tls_certificate.or(below.tls_certificate),
            tls_key: self.tls_key.or(below.tls_key),
            tls_self_signed: self.tls_self_signed.or(below.tls_self_signed),
            no_create: self.no_create.or(below.no_create),
            new_epoch_after: self.new_epoch_after.or(below.new_epoch_after),
            connections: self.connections.or(below.connections),
            handshakes: self.handshakes.or(below.handshakes),
            handshake_secs: self.handshake_secs.or(below.handshake_secs),
            idle_secs: self.idle_secs.or(below.idle_secs),
            requests_in_flight: self.requests_in_flight.or(below.requests_in_flight),
            mib_in_flight: self.mib_in_flight.or(below.mib_in_flight),
            address_connections: self.address_connections.or(below.address_connections),
            device_connections: self.device_connections.or(below.device_connections),
            handshakes_per_sec: self.handshakes_per_sec.or(below.handshakes_per_sec),
            address_handshakes_per_sec: self
                .address_handshakes_per_sec
                .or(below.address_handshakes_per_sec),
            messages_per_sec: self.messages_per_sec.or(below.messages_per_sec),
            workspaces: self.workspaces.or(below.workspaces),
            mib_of_bundles: self.mib_of_bundles.or(below.mib_of_bundles),
            mib_per_bundle: self.mib_per_bundle.or(below.mib_per_bundle),
            held_changes: self.held_changes.or(below.held_changes),
            verifiers: self.verifiers.or(below.verifiers),
            logs: self.logs.or(below.logs),
        }
    }

    /// How logs are written.
    pub(crate) fn logs(&self) -> Logs {
        self.logs.unwrap_or_default()
    }

    /// The settings as the server takes them.
    ///
    /// # Errors
    /// No data folder, or a bound of nothing.
    pub(crate) fn config(&self) -> anyhow::Result<ServeConfig> {
        let Some(data) = &self.data else {
            bail!("no data folder is named: --data DIR, or `data = \"DIR\"` in the settings");
        };
        let usual = RelayConfig::default();
        let creation = if self.no_create.unwrap_or(false) {
            Creation::Refused
        } else {
            Creation::Allowed
        };
        let on_loss = self.new_epoch_after.map_or(OnLoss::Wait, |seconds| {
            OnLoss::NewEpochAfterMs(seconds.saturating_mul(1_000))
        });
        Ok(ServeConfig {
            store: Store::Folder(data.clone()),
            listen: match self.listen {
                Some(listen) => listen,
                None => LISTEN.parse()?,
            },
            metrics: self.metrics,
            tls: self.tls()?,
            relay: RelayConfig {
                creation,
                on_loss,
                workspaces: self.workspaces.unwrap_or(usual.workspaces),
                bundle_bytes: mib(self.mib_of_bundles, usual.bundle_bytes),
                longest_bundle: mib(self.mib_per_bundle, usual.longest_bundle),
                held_changes: self.held_changes.unwrap_or(usual.held_changes),
            },
            bounds: self.bounds()?,
            clock: Clock::default(),
        })
    }
}

/// Mebibytes as bytes.
fn mib(given: Option<usize>, usual: usize) -> usize {
    given.map_or(usual, |mib| mib.saturating_mul(1024 * 1024))
}

impl Settings {
    fn bounds(&self) -> anyhow::Result<Bounds> {
        let wide = |count: Option<usize>| count.map(|count| count as u64);
        let counts = [
            ("connections", wide(self.connections)),
            ("address-connections", wide(self.address_connections)),
            ("device-connections", wide(self.device_connections)),
            ("handshakes-per-sec", self.handshakes_per_sec),
            (
                "address-handshakes-per-sec",
                self.address_handshakes_per_sec,
            ),
            ("handshakes", wide(self.handshakes)),
            ("messages-per-sec", self.messages_per_sec),
            ("requests-in-flight", wide(self.requests_in_flight)),
            ("mib-in-flight", wide(self.mib_in_flight)),
            ("workspaces", wide(self.workspaces)),
            ("mib-of-bundles", wide(self.mib_of_bundles)),
            ("mib-per-bundle", wide(self.mib_per_bundle)),
            ("held-changes", wide(self.held_changes)),
            ("verifiers", wide(self.verifiers)),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == Some(0)) {
            bail!("{name} is 0 and must be at least 1");
        }
        let usual = Bounds::default();
        let seconds =
            |given: Option<u64>, usual: Duration| given.map_or(usual, Duration::from_secs);
        Ok(Bounds {
            connections: self.connections.unwrap_or(usual.connections),
            address_connections: self
                .address_connections
                .unwrap_or(usual.address_connections),
            device_connections: self.device_connections.unwrap_or(usual.device_connections),
            handshakes_per_sec: self.handshakes_per_sec.unwrap_or(usual.handshakes_per_sec),
            address_handshakes_per_sec: self
                .address_handshakes_per_sec
                .unwrap_or(usual.address_handshakes_per_sec),
            handshakes: self.handshakes.unwrap_or(usual.handshakes),
            handshake_timeout: seconds(self.handshake_secs, usual.handshake_timeout),
            idle: seconds(self.idle_secs, usual.idle),
            messages_per_sec: self.messages_per_sec.unwrap_or(usual.messages_per_sec),
            requests_in_flight: self.requests_in_flight.unwrap_or(usual.requests_in_flight),
            bytes_in_flight: mib(self.mib_in_flight, usual.bytes_in_flight),
            verifiers: self.verifiers.unwrap_or(usual.verifiers),
        })
    }

    fn tls(&self) -> anyhow::Result<Tls> {
        let own = self.tls_self_signed.unwrap_or(false);
        match (&self.tls_certificate, &self.tls_key) {
            (None, None) if own => Ok(Tls::SelfSigned),
            (None, None) => Ok(Tls::Off),
            (Some(certificate), Some(key)) if !own => Ok(Tls::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            (Some(_), Some(_)) => {
                bail!("tls-self-signed and tls-certificate exclude each other: choose one")
            }
            (Some(_), None) => bail!("tls-certificate needs tls-key, the file of its key"),
            (None, Some(_)) => bail!("tls-key needs tls-certificate, the file it is the key of"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Listed {
        #[command(flatten)]
        _settings: Settings,
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
        let file: Settings =
            toml::from_str("data = \"/d\"\nconnections = 7\nidle-secs = 9\n").unwrap();
        let flags = Settings {
            connections: Some(8),
            ..Settings::default()
        };
        let config = flags.over(file).config().unwrap();
        assert_eq!(config.bounds.connections, 8);
        assert_eq!(config.bounds.idle, Duration::from_secs(9));
        assert_eq!(config.bounds.handshakes, Bounds::default().handshakes);
        assert_eq!(config.store, Store::Folder("/d".into()));
    }

    #[test]
    fn the_shipped_settings_are_the_defaults() {
        let shipped: Settings = toml::from_str(include_str!("../../dist/server.toml")).unwrap();
        let relay = shipped.config().unwrap().relay;
        assert_eq!(relay, RelayConfig::default());
        let (shipped, usual) = (shipped.config().unwrap().bounds, Bounds::default());
        let verifiers = usual.verifiers;
        assert_eq!(
            Bounds {
                verifiers,
                ..shipped
            },
            usual
        );
    }

    #[test]
    fn every_bound_is_named_in_the_shipped_settings_and_in_the_page_for_operators() {
        let command = <Listed as clap::CommandFactory>::command();
        let names = command.get_arguments().filter_map(|arg| arg.get_long());
        let page = include_str!("../../../docs/operations.md");
        let shipped = include_str!("../../dist/server.toml");
        let no_bound = [
            "data",
            "listen",
            "metrics",
            "no-create",
            "new-epoch-after",
            "logs",
        ];
        let mut bounds = 0;
        for name in names.filter(|name| !no_bound.contains(name) && !name.starts_with("tls-")) {
            assert!(page.contains(&format!("| `{name}` |")), "{name} has no row");
            let line = |line: &str| {
                line.trim_start_matches("# ")
                    .starts_with(&format!("{name} ="))
            };
            assert!(shipped.lines().any(line), "{name} is not shipped");
            bounds += 1;
        }
        assert!(bounds > 10, "{bounds}");
    }

    #[test]
    fn a_setting_that_does_not_exist_or_bounds_nothing_is_refused_by_name() {
        let error = toml::from_str::<Settings>("conections = 7").unwrap_err();
        assert!(error.to_string().contains("conections"), "{error}");
        let file: Settings = toml::from_str("data = \"/d\"\nverifiers = 0").unwrap();
        assert!(file.config().unwrap_err().to_string().contains("verifiers"));
        assert!(Settings::default().config().is_err());
    }
}
