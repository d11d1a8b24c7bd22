//! How far a session has come, for a progress bar and a status line.

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Proving keys.
    Greeting,
    /// Redeeming an invite.
    Joining,
    /// Creating the workspace on a server that does not have it.
    Founding,
    /// Giving a server back what it lost.
    Restoring,
    /// Getting every visible document for the first time.
    FirstSync,
    /// Reading what happened meanwhile.
    CatchingUp,
    /// Up to date; what happens comes as it happens.
    Live,
    /// This device lost access; what was done before is handed in, to be held.
    Parting,
    /// Over.
    Ended,
}

/// How far a session has come. Counts are of this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Log entries that the server announced, roughly.
    pub expected_entries: u64,
    /// Bundles that the server announced.
    pub expected_bundles: u64,
    /// Log entries received, live ones included.
    pub received_entries: u64,
    /// Bundles received.
    pub received_bundles: u64,
    /// Changes and entries that the server has logged for this device.
    pub pushed: u64,
    /// Pushes on their way.
    pub in_flight: usize,
    /// Bytes of frames received.
    pub bytes_in: u64,
    /// Bytes of frames sent.
    pub bytes_out: u64,
    /// Server's clock minus this device's, in milliseconds; `None` before the greeting. A person
    /// whose clock is far off should be told.
    pub server_clock_skew_ms: Option<i64>,
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) expected_entries: u64,
    pub(super) expected_bundles: u64,
    pub(super) received_entries: u64,
    pub(super) received_bundles: u64,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) clock_skew_ms: Option<i64>,
}
