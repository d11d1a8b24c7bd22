//! What the agent knows and no template may say: web addresses, secrets, programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::ServeArgs;
use crate::fault::Fault;

/// The name of the file in the replica's folder.
pub(super) const CONFIG_FILE: &str = "agent.toml";
/// What a secret begins with (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";

/// What rules may ask for, by the names that templates use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentConfig {
    /// Web addresses.
    #[serde(default)]
    pub hooks: BTreeMap<String, Hook>,
    /// Programs.
    #[serde(default)]
    pub commands: BTreeMap<String, Program>,
    /// Public forms that are served beside the agent's work; none if absent.
    #[serde(default)]
    pub forms: Option<ServeArgs>,
}

/// A web address that is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hook {
    /// Where, `https://…` or `http://…`.
    pub url: String,
    /// The secret that signs, `whsec_` and base64.
    pub secret: String,
}

/// A program that is run. The errand comes as JSON on its standard input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// How long it may take, in seconds.
    #[serde(default = "default_timeout_secs")]
    pub timeout_secs: u64,
}

impl AgentConfig {
    /// Reads the configuration in a replica's folder; empty if there is none.
    ///
    /// # Errors
    /// [`Fault`] for a file that cannot be read, and for a secret of another shape.
    pub(super) fn read(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(CONFIG_FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).map_err(|error| Fault::file(&path, &error))?;
        let wrong = |what: String| Fault::invalid(format!("{}: {what}", path.display()));
        let config: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        for (name, hook) in &config.hooks {
            if hook.key().is_none() {
                return Err(wrong(format!(
                    "the secret of hook {name} is not whsec_ and base64"
                )));
            }
            if !hook.url.starts_with("https://") && !hook.url.starts_with("http://") {
                return Err(wrong(format!("the url of hook {name} is no web address")));
            }
        }
        Ok(config)
    }
}

impl Hook {
    /// The key that signs.
    #[must_use]
    pub(super) fn key(&self) -> Option<Vec<u8>> {
        let secret = self.secret.strip_prefix(SECRET_PREFIX)?;
        let key = data_encoding::BASE64.decode(secret.as_bytes()).ok()?;
        (!key.is_empty()).then_some(key)
    }
}

const fn default_timeout_secs() -> u64 {
    30
}
