//! What an app knows of network and battery, and a watch should respect.
//!
//! Hints change when the network is used, never what is sent or kept.

use serde::{Deserialize, Serialize};

/// What the app knows. The default asks for nothing: a connection is kept open and everything is
/// sent and taken as it happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// No connection at all until this is taken back.
    pub paused: bool,
    /// Bytes cost money: connect to get in step, hang up, and connect again when there is work to
    /// send or after fifteen minutes.
    pub metered: bool,
    /// Power is short: the same.
    pub low_power: bool,
}

impl Hints {
    /// Whether connections should be few and short.
    #[must_use]
    pub const fn is_sparing(self) -> bool {
        self.metered || self.low_power
    }
}
