//! Clocks that jump while the server runs: received times never go back, and nobody is turned away.

use casework_protocol::frame::Logged;

use super::*;

const DAY_MS: i64 = 86_400_000;

/// The received time of every item, in log order.
async fn received(running: &Running) -> Vec<u64> {
    let mut reader = Wire::connect(running, ANA).await;
    reader.resume().await;
    let frames = reader.until_caught_up().await;
    let items = frames.into_iter().flat_map(|frame| match frame {
        ServerFrame::Entries { items, .. } => items,
        _ => Vec::new(),
    });
    let mut times: Vec<(u64, u64)> = items
        .map(|item| match item {
            Logged::Run(run) => (run.seq, run.received_ms),
            Logged::Roster {
                seq, received_ms, ..
            }
            | Logged::Access {
                seq, received_ms, ..
            } => (seq, received_ms),
            other => panic!("{other:?}"),
        })
        .collect();
    times.sort_unstable();
    times.into_iter().map(|(_, time)| time).collect()
}

#[tokio::test]
async fn a_clock_that_jumps_back_a_day_or_ahead_a_year_turns_nobody_away_and_no_time_goes_back() {
    let place = tempfile::tempdir().unwrap();
    let mut config = ServeConfig::on_loopback(Store::Folder(place.path().to_owned()));
    let clock = config.clock.clone();
    config.bounds.idle = Duration::from_secs(3_600);
    let running = start(config.clone()).await.unwrap();
    let mut stayed = Wire::connect(&running, ANA).await;
    assert!(is_placed(&stayed.push(1, founding()).await[0]));
    let jumps = [0, -DAY_MS, 0, 365 * DAY_MS, 0, -DAY_MS, 3 * DAY_MS];
    let mut pushes = work(2 * jumps.len()).into_iter();
    for (number, jump) in (2..).zip(jumps) {
        clock.jump_to(jump);
        // Who was connected goes on, and who comes now is let in.
        assert!(
            stayed
                .push(number, pushes.next().unwrap())
                .await
                .iter()
                .all(is_placed)
        );
        let mut comes = Wire::connect(&running, ANA).await;
        assert!(
            comes
                .push(1, pushes.next().unwrap())
                .await
                .iter()
                .all(is_placed)
        );
    }
    let times = received(&running).await;
    assert_eq!(times.len(), 2 + 2 * jumps.len());
    assert!(times.is_sorted(), "{times:?}");
    let year = times.last().unwrap() - times.first().unwrap();
    assert!(
        year >= 364 * DAY_MS.unsigned_abs(),
        "the year stays in the log: {year}"
    );
    drop(stayed);
    running.shutdown().await;
    // It starts again with a clock that is behind its log.
    clock.jump_to(-DAY_MS);
    let running = start(config).await.unwrap();
    assert_eq!(received(&running).await, times);
    running.shutdown().await;
}

#[tokio::test]
async fn who_is_told_to_wait_waits_no_longer_because_the_clock_jumped() {
    let mut config = ServeConfig::on_loopback(Store::Memory([250; 32]));
    config.bounds.device_connections = 1;
    let clock = config.clock.clone();
    let running = start(config).await.unwrap();
    let first = Wire::connect(&running, ANA).await;
    for jump in [365 * DAY_MS, -DAY_MS] {
        clock.jump_to(jump);
        let mut second = Wire::connect(&running, ANA).await;
        let ServerFrame::Error {
            code,
            retry_after_ms,
            ..
        } = second.hear().await
        else {
            panic!("no error")
        };
        assert_eq!(code, ErrorCode::Busy);
        assert!(
            retry_after_ms.is_some_and(|wait| wait < 60_000),
            "{retry_after_ms:?}"
        );
    }
    drop(first);
    running.shutdown().await;
}
