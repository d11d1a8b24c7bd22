//! What an idle connection costs the server: resident memory of a server process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use casework_protocol::frame::Start;
use casework_sync_server::serve::{Bounds, ServeConfig, Store, Tls, start};

use super::{folder, runtime};
use crate::bare;
use crate::measure::{Scale, resident_bytes};
use crate::table::{Aim, Figure, Row};
use crate::wire::{Wire, open_socket};
use crate::workload::{Office, Push};

/// The hidden argument with which this program starts itself as a server.
pub const SERVE_IDLE: &str = "--serve-idle";
/// The server that devices reach by TLS.
const BY_TLS: &str = "casework-tls";

/// Runs a server in this process until its input ends, and tells its address in a line: `casework`
/// for the real one, `casework-tls` for it by TLS, anything else for a bare relay.
///
/// # Panics
/// When the server does not start.
pub fn serve_idle(kind: &str, out: &mut impl Write) {
    let runtime = runtime();
    let address = runtime.block_on(async {
        if kind.starts_with("casework") {
            let mut config = ServeConfig::on_loopback(Store::Memory([9; 32]));
            if kind == BY_TLS {
                config.tls = Tls::SelfSigned;
            }
            config.bounds = Bounds::of_one_player();
            let server = start(config).await.expect("the loopback has free ports");
            let address = server.addr();
            // Dropping it would stop it.
            std::mem::forget(server);
            address
        } else {
            bare::start(None).await.address
        }
    });
    writeln!(out, "{address}").expect("somebody reads");
    out.flush().expect("somebody reads");
    let mut rest = Vec::new();
    std::io::stdin()
        .read_to_end(&mut rest)
        .expect("the input ends");
}

/// Memory of an idle connection that has caught up, beside one to a bare relay.
///
/// # Panics
/// When a server does not start.
#[must_use]
pub fn idle(scale: Scale) -> Vec<Row> {
    let connections = scale.of(5_000, 20);
    let ours = per_connection("casework", connections);
    let by_tls = per_connection(BY_TLS, connections);
    let bare = per_connection("bare", connections);
    let row = |what: String, measured, aim| Row {
        what,
        measured,
        yardstick: ("bare WebSocket, 4 KiB read buffer", bare),
        aim,
    };
    vec![
        row(
            format!("memory of an idle connection, of {connections}"),
            ours,
            Aim::Within(Figure::Bytes(8.0 * 1024.0)),
        ),
        row(
            format!("the same by TLS, of {connections}"),
            by_tls,
            Aim::Told,
        ),
    ]
}

/// A server in a process of its own; ends when dropped.
pub struct Apart {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub process: u32,
}

impl Drop for Apart {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends with its input; there is nothing to do about one that does not.
        let _ = self.child.wait();
    }
}

/// Starts one.
///
/// # Panics
/// When it does not start.
#[must_use]
pub fn serve_apart(kind: &str) -> Apart {
    let program = std::env::current_exe().expect("this program has a file");
    let mut child = Command::new(program)
        .args(["bench", SERVE_IDLE, kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it was piped");
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("the server tells its address");
    Apart {
        address: line.trim().parse().expect("an address"),
        process: child.id(),
        child,
    }
}

fn per_connection(kind: &str, connections: usize) -> Figure {
    let server = serve_apart(kind);
    let (address, process) = (server.address, server.process);
    runtime().block_on(measure(kind, address, process, connections))
}

async fn measure(kind: &str, address: SocketAddr, process: u32, connections: usize) -> Figure {
    let place = folder();
    let mut office = Office::found(place.path());
    office.open_cases(1);
    let Push { prelude, .. } = Push::of(&mut office);
    let (mut real, mut bare, mut by_tls) = (Vec::new(), Vec::new(), Vec::new());
    let (workspace, key) = (office.workspace(), &office.key);
    if kind == "casework" {
        let mut wire = Wire::connect(address, workspace, key).await;
        wire.push(&prelude).await;
        real.push(wire);
    } else if kind == BY_TLS {
        let mut wire = Wire::connect_by_tls(address, workspace, key).await;
        wire.push(&prelude).await;
        by_tls.push(wire);
    }
    // The first ones warm up what every server has once.
    let warm = connections / 10 + 1;
    let mut before = None;
    for n in 0..warm + connections {
        if n == warm {
            before = resident_bytes(process);
        }
        if kind == "casework" {
            let mut wire = Wire::connect(address, workspace, key).await;
            wire.follow(Start::Nothing, None).await;
            real.push(wire);
        } else if kind == BY_TLS {
            let mut wire = Wire::connect_by_tls(address, workspace, key).await;
            wire.follow(Start::Nothing, None).await;
            by_tls.push(wire);
        } else {
            bare.push(open_socket(address).await);
        }
    }
    match (before, resident_bytes(process)) {
        (Some(before), Some(after)) => {
            Figure::Bytes(after.saturating_sub(before) as f64 / connections as f64)
        }
        (_, _) => Figure::None,
    }
}
