//! What one process takes at once. `docs/operations.md` lists every bound with what a client is told.
//!
//! Defaults let an office of five hundred devices come back in one moment from one address.

use std::time::Duration;

/// Bounds of the process. Every one of them slows a client down or turns it away politely; none
/// answers an honest burst by closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most connections at once; more are turned away at the door.
    pub connections: usize,
    /// Most of them from one address; an IPv6 address counts as its /64.
    pub address_connections: usize,
    /// Most connections of one device; more are answered with *busy* and closed.
    pub device_connections: usize,
    /// Most new connections in a second on average, twenty seconds' worth at once; more are turned
    /// away at the door.
    pub handshakes_per_sec: u64,
    /// Most of them from one address.
    pub address_handshakes_per_sec: u64,
    /// Most connections that are in their handshake at once; more wait.
    pub handshakes: usize,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// A connection that was silent for so long is pinged, and closed after twice that.
    pub idle: Duration,
    /// Messages of one connection in a second on average, twenty seconds' worth at once; reading
    /// stops for the rest.
    pub messages_per_sec: u64,
    /// Requests of one session that are not answered yet; reading stops until one is.
    pub requests_in_flight: usize,
    /// Bytes of requests of all sessions that are not answered yet; reading stops likewise.
    pub bytes_in_flight: usize,
    /// Threads that check signatures.
    pub verifiers: usize,
}

impl Bounds {
    /// As wide for one address, one device and one connection as for all of them: where one
    /// machine plays everybody, as in benches.
    #[must_use]
    pub fn of_one_player() -> Self {
        let usual = Self::default();
        Self {
            address_connections: usual.connections,
            device_connections: usual.connections,
            handshakes_per_sec: 1_000_000,
            address_handshakes_per_sec: 1_000_000,
            messages_per_sec: 1_000_000,
            ..usual
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            connections: 20_000,
            address_connections: 2_000,
            device_connections: 16,
            handshakes_per_sec: 500,
            address_handshakes_per_sec: 50,
            messages_per_sec: 200,
            handshakes: 256,
            handshake_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(45),
            requests_in_flight: 8,
            bytes_in_flight: 256 * 1024 * 1024,
            verifiers: cores.clamp(1, 8),
        }
    }
}
