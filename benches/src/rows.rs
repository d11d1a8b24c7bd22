//! Every row of DESIGN §11.

pub mod act;
pub mod agent;
pub mod board;
pub mod catch_up;
pub mod fan_out;
pub mod first_sync;
pub mod idle;
pub mod ingest;
pub mod latency;
pub mod native;
pub mod open;
pub mod service;

use crate::measure::Scale;
use crate::table::Row;

/// Measures one or several rows.
pub type Bench = fn(Scale) -> Vec<Row>;

/// The rows by name, in the order of the table.
pub const ROWS: &[(&str, Bench)] = &[
    ("open", open::open),
    ("read", open::read),
    ("act", act::act),
    ("ingest", ingest::ingest),
    ("latency", latency::latency),
    ("fan-out", fan_out::fan_out),
    ("catch-up", catch_up::catch_up),
    ("reconnect", catch_up::reconnect),
    ("cold", first_sync::cold),
    ("first-sync", first_sync::first_sync),
    ("board", board::board),
    ("agent", agent::look),
    ("idle", idle::idle),
    ("native", native::native),
    ("phone", native::phone),
    ("monday", service::monday),
    ("disk", service::disk),
    ("workspaces", service::workspaces),
];

/// A runtime for the rows with sockets: two workers, as CI has cores.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system gives threads")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("the system has room for a folder")
}
