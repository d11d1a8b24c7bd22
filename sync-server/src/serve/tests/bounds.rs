//! Every bound of the process, met over real sockets: what the client is told, and who is spared.

use super::*;

async fn bounded(set: impl FnOnce(&mut Bounds)) -> Running {
    let mut config = ServeConfig::on_loopback(Store::Memory([250; 32]));
    set(&mut config.bounds);
    start(config).await.unwrap()
}

/// What somebody hears who asks for a WebSocket and is turned away.
async fn turned_away(running: &Running) -> String {
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn who_is_turned_away_at_the_door_is_told_when_to_come_again() {
    for (bound, told) in [
        ("connections", "too many connections: come again in 20 s\n"),
        (
            "address",
            "too many address-connections: come again in 20 s\n",
        ),
    ] {
        let running = bounded(|bounds| match bound {
            "address" => bounds.address_connections = 1,
            _ => bounds.connections = 1,
        })
        .await;
        let mut inside = Wire::connect(&running, ANA).await;
        assert!(is_placed(&inside.push(1, founding()).await[0]));
        let answer = turned_away(&running).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("\r\nretry-after: 20\r\n"), "{answer}");
        assert!(answer.ends_with(told), "{answer}");
        inside.resume().await;
        inside.until_caught_up().await;
        running.shutdown().await;
    }
}

#[tokio::test]
async fn handshakes_beyond_the_rate_are_turned_away_and_who_is_inside_stays() {
    let running = bounded(|bounds| bounds.address_handshakes_per_sec = 1).await;
    let mut inside = Wire::connect(&running, ANA).await;
    // Twenty seconds' worth at once; one is used.
    for _ in 1..20 {
        drop(TcpStream::connect(running.addr()).await.unwrap());
    }
    let answer = turned_away(&running).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    assert!(is_placed(&inside.push(1, founding()).await[0]));
    running.shutdown().await;
}

#[tokio::test]
async fn a_device_with_too_many_connections_is_told_to_wait() {
    let running = bounded(|bounds| bounds.device_connections = 2).await;
    let mut first = Wire::connect(&running, ANA).await;
    let mut second = Wire::connect(&running, ANA).await;
    assert!(is_placed(&first.push(1, founding()).await[0]));
    // It is counted once its proof has been read.
    second.say(&ClientFrame::Ping(1)).await;
    assert!(matches!(second.hear().await, ServerFrame::Pong(1)));
    let mut third = Wire::connect(&running, ANA).await;
    let ServerFrame::Error {
        code: ErrorCode::Busy,
        retry_after_ms: Some(_),
        ..
    } = third.hear().await
    else {
        panic!("not turned away")
    };
    assert_eq!(third.close_code().await, Some(CloseCode::Again));
    drop(second);
    first.resume().await;
    first.until_caught_up().await;
    running.shutdown().await;
}

#[tokio::test]
async fn who_sends_too_many_messages_is_read_more_slowly_and_loses_none() {
    let running = bounded(|bounds| bounds.messages_per_sec = 1).await;
    let mut wire = Wire::connect(&running, ANA).await;
    let begun = std::time::Instant::now();
    for number in 0..20 {
        wire.say(&ClientFrame::Ping(number)).await;
    }
    for number in 0..20 {
        let heard = wire.hear().await;
        assert!(matches!(heard, ServerFrame::Pong(of) if of == number));
    }
    // Hello, proof and eighteen pings came in the burst; the last two a second apart.
    assert!(begun.elapsed() >= Duration::from_secs(1));
    running.shutdown().await;
}

#[tokio::test]
async fn nothing_long_is_taken_from_whom_nobody_knows() {
    let running = in_memory().await;
    let mut wire = Wire::open(&running).await;
    let long = vec![0; 5 * 1024];
    wire.socket
        .send(Message::Binary(long.into()))
        .await
        .unwrap();
    assert_eq!(wire.close_code().await, Some(CloseCode::Size));
    running.shutdown().await;
}

#[tokio::test]
async fn a_server_that_has_its_workspaces_takes_no_more() {
    let mut config = ServeConfig::on_loopback(Store::Memory([250; 32]));
    config.relay.workspaces = 0;
    let running = start(config).await.unwrap();
    let mut wire = Wire::connect(&running, ANA).await;
    wire.say(&ClientFrame::Push {
        number: 1,
        items: founding(),
    })
    .await;
    let ServerFrame::Error { code, detail, .. } = wire.hear().await else {
        panic!("founded")
    };
    assert_eq!(code, ErrorCode::UnknownWorkspace);
    assert!(detail.contains("takes no more"), "{detail}");
    running.shutdown().await;
}

#[tokio::test]
async fn five_hundred_connections_of_one_office_come_back_at_once_and_none_is_refused() {
    let running = bounded(|bounds| bounds.device_connections = 1_000).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(3)) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    let coming = (0..500).map(|_| async {
        let mut wire = Wire::connect(&running, ANA).await;
        wire.resume().await;
        let frames = wire.until_caught_up().await;
        let items = frames.iter().map(|frame| match frame {
            ServerFrame::Entries { items, .. } => items.len(),
            _ => 0,
        });
        (items.sum::<usize>(), wire)
    });
    let back = futures_util::future::join_all(coming).await;
    assert!(back.iter().all(|(items, _)| *items == 5));
    running.shutdown().await;
}
