//! From a writer through the server to a reader, one change at a time.

use std::time::{Duration, Instant};

use casework_protocol::frame::{ClientFrame, PushItem, Start};
use casework_sync_server::serve::{Bounds, Running, ServeConfig, Store, start};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;

use super::{folder, runtime};
use crate::bare;
use crate::measure::{Scale, quantile};
use crate::table::{Aim, Figure, Row};
use crate::wire::{Wire, open_socket};
use crate::workload::{Office, Push};

/// An office whose prelude is on a server, with changes still to be pushed.
pub struct Served {
    /// The server.
    pub server: Running,
    /// The office.
    pub office: Office,
    /// What is still to be pushed, a change per run.
    pub singles: Vec<PushItem>,
    _folder: tempfile::TempDir,
}

/// Starts a durable server and pushes everything but the single changes.
///
/// # Panics
/// When the server does not start.
pub async fn serve(cases: usize, changes: usize) -> Served {
    let folder = folder();
    let mut office = Office::found(&folder.path().join("office"));
    for case in office.open_cases(cases) {
        office.work(case, changes / cases);
    }
    let Push { prelude, singles } = Push::of(&mut office);
    let mut config = ServeConfig::on_loopback(Store::Folder(folder.path().join("server")));
    config.bounds = Bounds::of_one_player();
    let server = start(config).await.expect("the loopback has free ports");
    let mut wire = Wire::connect(server.addr(), office.workspace(), &office.key).await;
    wire.push(&prelude).await;
    let singles = singles.into_iter().map(PushItem::Run).collect();
    Served {
        server,
        office,
        singles,
        _folder: folder,
    }
}

/// Times from the sending of a change to its arrival at another connection.
async fn through_server(served: &Served) -> Vec<Duration> {
    let (address, workspace) = (served.server.addr(), served.office.workspace());
    let mut writer = Wire::connect(address, workspace, &served.office.key).await;
    let mut reader = Wire::connect(address, workspace, &served.office.key).await;
    let (_, mut position) = reader.follow(Start::Nothing, None).await;
    let mut times = Vec::with_capacity(served.singles.len());
    for (n, item) in served.singles.iter().enumerate() {
        let started = Instant::now();
        let items = vec![item.clone()];
        writer
            .send(&ClientFrame::Push {
                number: n as u64,
                items,
            })
            .await;
        position += 1;
        reader.read_to(position).await;
        times.push(started.elapsed());
        writer.message().await;
    }
    times
}

/// The same through a bare relay that keeps every message before it hands it on.
async fn through_bare(served: &Served) -> Vec<Duration> {
    let folder = folder();
    let bare = bare::start(Some(folder.path().to_owned())).await;
    let mut writer = open_socket(bare.address).await;
    let mut reader = open_socket(bare.address).await;
    let mut times = Vec::with_capacity(served.singles.len());
    for item in &served.singles {
        let items = vec![item.clone()];
        let message = casework_protocol::frame::encode(&ClientFrame::Push { number: 1, items });
        let started = Instant::now();
        writer
            .send(Message::Binary(message.into()))
            .await
            .expect("the connection stands");
        reader
            .next()
            .await
            .expect("the connection stands")
            .expect("the connection stands");
        times.push(started.elapsed());
        // Its own copy comes back to the writer too.
        writer
            .next()
            .await
            .expect("the connection stands")
            .expect("the connection stands");
    }
    times
}

/// Median and 99th percentile of the way, beside a bare durable relay.
#[must_use]
pub fn latency(scale: Scale) -> Vec<Row> {
    let runtime = runtime();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..scale.of(5, 1) {
        runtime.block_on(async {
            let served = serve(scale.of(20, 1), scale.of(1_000, 10)).await;
            bare.extend(through_bare(&served).await);
            ours.extend(through_server(&served).await);
            served.server.shutdown().await;
        });
    }
    let row = |share: f64, what: &str, aim| {
        let (mut ours, mut bare) = (ours.clone(), bare.clone());
        Row {
            what: format!("writer → reader through the server, {what}"),
            measured: Figure::Time(quantile(&mut ours, share)),
            yardstick: (
                "bare durable relay",
                Figure::Time(quantile(&mut bare, share)),
            ),
            aim,
        }
    };
    vec![
        row(0.5, "p50", Aim::AtMost(1.5)),
        row(0.99, "p99", Aim::AtMost(4.0)),
    ]
}
