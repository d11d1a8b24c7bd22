//! One writer, many readers: deliveries per second.

use std::time::{Duration, Instant};

use casework_protocol::frame::{PushItem, Start, encode};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::latency::{Served, serve};
use super::runtime;
use crate::bare;
use crate::measure::{Scale, quantile};
use crate::table::{Aim, Figure, Row};
use crate::wire::{Wire, open_socket};

/// Connects readers that have caught up, pushes all changes, and waits until everybody has them.
async fn through_server(served: &Served, readers: usize, changes: &[PushItem]) -> Duration {
    let (address, workspace) = (served.server.addr(), served.office.workspace());
    let mut following = Vec::with_capacity(readers);
    let mut position = 0;
    for _ in 0..readers {
        let mut reader = Wire::connect(address, workspace, &served.office.key).await;
        let (head, _) = reader.follow(Start::Nothing, None).await;
        let server = served.server.server_key();
        position = head
            .verify(server, workspace)
            .expect("our own server")
            .head()
            .size;
        following.push(reader);
    }
    let mut writer = Wire::connect(address, workspace, &served.office.key).await;
    let upto = position + changes.len() as u64;
    let started = Instant::now();
    let mut waiting = JoinSet::new();
    for mut reader in following {
        waiting.spawn(async move { reader.read_to(upto).await });
    }
    writer.push(changes).await;
    while let Some(done) = waiting.join_next().await {
        done.expect("a reader gets everything");
    }
    started.elapsed()
}

/// The same through a bare relay that keeps nothing and hands on messages of the same size.
async fn through_bare(readers: usize, changes: &[PushItem]) -> Duration {
    let bare = bare::start(None).await;
    let mut following = Vec::with_capacity(readers);
    for _ in 0..readers {
        following.push(open_socket(bare.address).await);
    }
    let messages: Vec<Vec<u8>> = changes.iter().map(encode).collect();
    let mut writer = open_socket(bare.address).await;
    // The writer gets its own messages back, and reads them like everybody.
    let (count, started) = (messages.len(), Instant::now());
    let mut waiting = JoinSet::new();
    for mut reader in following {
        waiting.spawn(async move {
            for _ in 0..count {
                reader
                    .next()
                    .await
                    .expect("the connection stands")
                    .expect("a message");
            }
        });
    }
    for message in messages {
        writer
            .feed(Message::Binary(message.into()))
            .await
            .expect("the connection stands");
    }
    writer.flush().await.expect("the connection stands");
    for _ in 0..count {
        writer
            .next()
            .await
            .expect("the connection stands")
            .expect("a message");
    }
    while let Some(done) = waiting.join_next().await {
        done.expect("a reader gets everything");
    }
    started.elapsed()
}

/// Fan-out to ten and to a thousand readers, beside a bare relay.
#[must_use]
pub fn fan_out(scale: Scale) -> Vec<Row> {
    let wide = scale.of(1_000, 20);
    vec![
        one_to(scale, scale.of(10, 3), 5_000),
        one_to(scale, wide, 100),
    ]
}

fn one_to(scale: Scale, readers: usize, changes: usize) -> Row {
    let runtime = runtime();
    let (rounds, changes) = (scale.of(3, 1), scale.of(changes, 5));
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let served = serve(5, 5 * (changes * rounds).div_ceil(5)).await;
        for changes in served.singles.chunks(changes).take(rounds) {
            bare.push(through_bare(readers, changes).await);
            ours.push(through_server(&served, readers, changes).await);
        }
        served.server.shutdown().await;
    });
    let rate = |times: &mut Vec<Duration>| {
        let deliveries = (readers * changes) as f64;
        Figure::Rate(
            deliveries / quantile(times, 0.5).as_secs_f64(),
            "deliveries",
        )
    };
    Row {
        what: format!("fan-out 1 → {readers}, verified and fsynced before"),
        measured: rate(&mut ours),
        yardstick: ("bare relay that keeps nothing", rate(&mut bare)),
        aim: Aim::AtLeast(0.8),
    }
}
