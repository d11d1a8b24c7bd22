//! Coming back: after others worked, and after nobody did.

use std::time::{Duration, Instant};

use casework_protocol::frame::{PushItem, Start};
use casework_protocol::keys::Signature;
use casework_protocol::log::{SignedHead, VerifiedHead};

use super::latency::{Served, serve};
use super::runtime;
use crate::measure::{Scale, quantile};
use crate::table::{Aim, Figure, Row};
use crate::wire::{Wire, after};

/// What one catch-up took.
struct Took {
    time: Duration,
    bytes_in: u64,
    bytes_both: u64,
    asked: u64,
    positions: u64,
}

async fn come_back(served: &Served, start: Start, head: Option<SignedHead>) -> Took {
    let (address, workspace) = (served.server.addr(), served.office.workspace());
    let mut wire = Wire::connect(address, workspace, &served.office.key).await;
    let (handshake_in, sent) = (wire.bytes_in, wire.messages_out);
    let started = Instant::now();
    let (_, positions) = wire.follow(start, head).await;
    Took {
        time: started.elapsed(),
        bytes_in: wire.bytes_in - handshake_in,
        bytes_both: wire.bytes_in + wire.bytes_out,
        asked: wire.messages_out - sent,
        positions,
    }
}

async fn newest(served: &Served) -> VerifiedHead {
    let (address, workspace) = (served.server.addr(), served.office.workspace());
    let mut wire = Wire::connect(address, workspace, &served.office.key).await;
    let (head, _) = wire.follow(Start::Nothing, None).await;
    head.verify(served.server.server_key(), workspace)
        .expect("our own server")
}

/// Catching up with one change in each of 1,000 cases.
///
/// # Panics
/// When not everything comes.
#[must_use]
pub fn catch_up(scale: Scale) -> Vec<Row> {
    let cases = scale.of(1_000, 20);
    let runtime = runtime();
    let (took, signed) = runtime.block_on(async {
        let served = serve(cases, cases).await;
        let before = newest(&served).await;
        let (address, workspace) = (served.server.addr(), served.office.workspace());
        let mut writer = Wire::connect(address, workspace, &served.office.key).await;
        writer.push(&served.singles).await;
        let mut all = Vec::new();
        for _ in 0..scale.of(9, 1) {
            let head = before.head();
            let start = after(head.epoch, head.size);
            all.push(come_back(&served, start, Some(before.signed().clone())).await);
        }
        let signed: usize = served.singles.iter().map(signed_bytes).sum();
        served.server.shutdown().await;
        (all, signed as f64)
    });
    assert!(
        took.iter().all(|took| took.positions == cases as u64),
        "not everything came"
    );
    let mut times: Vec<Duration> = took.iter().map(|took| took.time).collect();
    let what = format!("catch-up, {cases} cases × 1 change");
    let asked = took.iter().map(|took| took.asked).max().unwrap_or_default();
    vec![
        Row {
            what: format!("{what}: bytes received"),
            measured: Figure::Bytes(took[0].bytes_in as f64),
            yardstick: ("the signed changes themselves", Figure::Bytes(signed)),
            aim: Aim::AtMost(1.2),
        },
        Row {
            what: format!("{what}: round trips"),
            measured: Figure::Count(asked),
            yardstick: ("–", Figure::None),
            aim: Aim::Within(Figure::Count(1)),
        },
        Row {
            what: format!("{what}: time on the wire"),
            measured: Figure::Time(quantile(&mut times, 0.5)),
            yardstick: ("–", Figure::None),
            aim: Aim::Within(Figure::Time(Duration::from_millis(60))),
        },
    ]
}

/// A change and its signature.
fn signed_bytes(item: &PushItem) -> usize {
    match item {
        PushItem::Run(run) => run.changes_len() + Signature::LEN,
        PushItem::Roster(entry) | PushItem::Access { entry, .. } => entry.wire_len(),
    }
}

/// Connecting again when nothing happened, with few cases and with many.
#[must_use]
pub fn reconnect(scale: Scale) -> Vec<Row> {
    let few = bytes_of_reconnect(scale.of(10, 2));
    let cases = scale.of(1_000, 20);
    let many = bytes_of_reconnect(cases);
    vec![Row {
        what: format!("reconnect with nothing new, {cases} cases, both ways with the handshake"),
        measured: Figure::Bytes(many),
        yardstick: ("with a hundredth of the cases", Figure::Bytes(few)),
        aim: Aim::Within(Figure::Bytes(1_000.0)),
    }]
}

fn bytes_of_reconnect(cases: usize) -> f64 {
    runtime().block_on(async {
        let served = serve(cases, cases).await;
        let head = newest(&served).await;
        let start = after(head.head().epoch, head.head().size);
        let took = come_back(&served, start, Some(head.signed().clone())).await;
        served.server.shutdown().await;
        took.bytes_both as f64
    })
}
