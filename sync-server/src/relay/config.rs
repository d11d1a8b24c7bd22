//! How a relay behaves, and its bounds.

use casework_protocol::limits::{MAX_BUNDLE_BYTES, MAX_HELD_CHANGES};

/// Whether devices may create workspaces here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Creation {
    /// Whoever founds a workspace may push its roster.
    #[default]
    Allowed,
    /// Only workspaces that are here already are served.
    Refused,
}

/// What happens when devices show that the log has lost entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLoss {
    /// Wait until devices have brought everything back, or the operator opens a new epoch.
    #[default]
    Wait,
    /// Open a new epoch by itself after so many milliseconds of waiting.
    NewEpochAfterMs(u64),
}

/// How a relay behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayConfig {
    /// Whether devices may create workspaces.
    pub creation: Creation,
    /// What happens after a loss.
    pub on_loss: OnLoss,
    /// Most workspaces; no more are founded here. What is here already is served.
    pub workspaces: usize,
    /// Bytes of bundles that are arriving, of all devices together; more are asked to come later.
    pub bundle_bytes: usize,
    /// Bytes of one bundle; no more than [`MAX_BUNDLE_BYTES`].
    pub longest_bundle: usize,
    /// Changes of one device that may wait for an adoption, in one workspace.
    pub held_changes: usize,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            creation: Creation::default(),
            on_loss: OnLoss::default(),
            workspaces: 10_000,
            bundle_bytes: 256 * 1024 * 1024,
            longest_bundle: MAX_BUNDLE_BYTES,
            held_changes: MAX_HELD_CHANGES,
        }
    }
}
