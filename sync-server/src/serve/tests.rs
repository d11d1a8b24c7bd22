//! The process around the relay, over real sockets on the loopback.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at the one variant it is about"
)]

mod bounds;
mod clocks;
#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod operations;
#[cfg(unix)]
mod rotation;
#[cfg(unix)]
mod streams;
#[cfg(unix)]
mod yesterday;

use std::path::Path;
use std::time::Duration;

use casework_protocol::frame::handshake::{check_welcome, prove};
use casework_protocol::frame::{
    Answer, Channel, ClientFrame, ErrorCode, Hello, PushItem, Scope, ServerFrame, Start, VERSION,
    decode, encode,
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::*;
use crate::relay::tests::stage::{ANA, Stage, genesis, is_placed, key};

const PATIENCE: Duration = Duration::from_secs(20);

/// A device on a real socket.
struct Wire {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Wire {
    async fn open(running: &Running) -> Self {
        let url = format!("ws://{}", running.addr());
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Self { socket }
    }

    /// Connects device `n` and completes its handshake.
    async fn connect(running: &Running, n: u8) -> Self {
        let mut this = Self::open(running).await;
        let workspace = Stage::empty(RelayConfig::default()).workspace;
        let hello = Hello {
            version: VERSION,
            workspace,
            nonce: [n; 16],
        };
        this.say(&ClientFrame::Hello(hello.clone())).await;
        let ServerFrame::Welcome(welcome) = this.hear().await else {
            panic!("no welcome")
        };
        assert_eq!(
            check_welcome(&hello, Channel::Plain, &welcome),
            Ok(running.server_key())
        );
        this.say(&ClientFrame::Prove(prove(
            &hello,
            Channel::Plain,
            &welcome,
            &key(n),
            None,
        )))
        .await;
        this
    }

    async fn say(&mut self, frame: &ClientFrame) {
        self.socket
            .send(Message::Binary(encode(frame).into()))
            .await
            .unwrap();
    }

    async fn hear(&mut self) -> ServerFrame {
        loop {
            match self.message().await {
                Message::Binary(bytes) => return decode(&bytes).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn message(&mut self) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        message
            .expect("an answer within patience")
            .expect("still open")
            .unwrap()
    }

    /// The code with which the server closes, whatever it says before.
    async fn close_code(&mut self) -> Option<CloseCode> {
        loop {
            if let Message::Close(frame) = self.message().await {
                return frame.map(|frame| frame.code);
            }
        }
    }

    async fn push(&mut self, number: u64, items: Vec<PushItem>) -> Vec<Answer> {
        self.say(&ClientFrame::Push { number, items }).await;
        loop {
            if let ServerFrame::Answers {
                number: of,
                answers,
            } = self.hear().await
            {
                assert_eq!(of, number, "answers come in order");
                return answers;
            }
        }
    }

    async fn resume(&mut self) {
        let (start, head, scope) = (Start::Nothing, None, Scope::All);
        self.say(&ClientFrame::Resume {
            start,
            head,
            scope,
            credit: u64::MAX,
        })
        .await;
    }

    /// Frames up to the next word that everything was sent.
    async fn until_caught_up(&mut self) -> Vec<ServerFrame> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.hear().await);
            if matches!(frames.last(), Some(ServerFrame::CaughtUp { .. })) {
                return frames;
            }
        }
    }
}

async fn in_memory() -> Running {
    start(ServeConfig::on_loopback(Store::Memory([250; 32])))
        .await
        .unwrap()
}

async fn on_disk(path: &Path) -> Running {
    start(ServeConfig::on_loopback(Store::Folder(path.to_owned())))
        .await
        .unwrap()
}

fn founding() -> Vec<PushItem> {
    vec![PushItem::Roster(genesis())]
}

/// What Ana does after founding, as pushes: a case, and changes one by one.
fn work(pushes: usize) -> Vec<Vec<PushItem>> {
    let mut stage = Stage::found();
    let (access, mut pen) = stage.case(ANA, &[], false);
    let first = vec![access, PushItem::Run(pen.write(1))];
    let rest = (1..pushes).map(|_| vec![PushItem::Run(pen.write(1))]);
    std::iter::once(first)
        .chain(rest.collect::<Vec<_>>())
        .collect()
}

#[tokio::test]
async fn work_travels_from_one_connection_to_another() {
    let running = in_memory().await;
    let mut writer = Wire::connect(&running, ANA).await;
    assert!(is_placed(&writer.push(1, founding()).await[0]));
    let mut reader = Wire::connect(&running, ANA).await;
    reader.resume().await;
    reader.until_caught_up().await;
    for (number, items) in (2..).zip(work(20)) {
        let answers = writer.push(number, items).await;
        assert!(answers.iter().all(is_placed), "{answers:?}");
        let frames = reader.until_caught_up().await;
        assert!(
            frames
                .iter()
                .any(|frame| matches!(frame, ServerFrame::Entries { .. }))
        );
    }
    running.shutdown().await;
}

#[tokio::test]
async fn pushes_that_are_not_waited_for_are_answered_in_order() {
    let running = in_memory().await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    let pushes = work(200);
    for (number, items) in (2..).zip(pushes.clone()) {
        writer.say(&ClientFrame::Push { number, items }).await;
    }
    for (number, items) in (2..).zip(pushes) {
        let ServerFrame::Answers {
            number: of,
            answers,
        } = writer.hear().await
        else {
            panic!()
        };
        assert_eq!((of, answers.len()), (number, items.len()));
        assert!(answers.iter().all(is_placed), "{answers:?}");
    }
    running.shutdown().await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let running = on_disk(folder.path()).await;
    let first_key = running.server_key();
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(10)) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    // A second server on the same folder is kept out.
    let second = start(ServeConfig::on_loopback(Store::Folder(
        folder.path().to_owned(),
    )))
    .await;
    assert!(matches!(second, Err(ServeError::Log(_))));
    let (_, code) = tokio::join!(running.shutdown(), writer.close_code());
    assert_eq!(code, Some(CloseCode::Away));
    let running = on_disk(folder.path()).await;
    assert_eq!(running.server_key(), first_key);
    let mut reader = Wire::connect(&running, ANA).await;
    reader.resume().await;
    let frames = reader.until_caught_up().await;
    let items: usize = frames
        .iter()
        .map(|frame| match frame {
            ServerFrame::Entries { items, .. } => items.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(items, 12, "genesis, access record and ten changes");
    running.shutdown().await;
}

#[tokio::test]
async fn a_health_check_on_the_same_port_is_answered() {
    let running = in_memory().await;
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    // In two pieces, as a slow network may bring it.
    stream.write_all(b"GET /hea").await.unwrap();
    stream.flush().await.unwrap();
    stream
        .write_all(b"lthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"));
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    stream
        .write_all(b"GET /other HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(PATIENCE, read).await.unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    running.shutdown().await;
}

#[tokio::test]
async fn whoever_speaks_another_language_is_closed_with_a_code() {
    let running = in_memory().await;
    let mut wire = Wire::open(&running).await;
    wire.socket
        .send(Message::Text("hello".into()))
        .await
        .unwrap();
    assert_eq!(wire.close_code().await, Some(CloseCode::Protocol));
    let mut wire = Wire::open(&running).await;
    wire.socket
        .send(Message::Binary(vec![0xff; 100].into()))
        .await
        .unwrap();
    assert_eq!(wire.close_code().await, Some(CloseCode::Protocol));
    let mut wire = Wire::connect(&running, ANA).await;
    wire.say(&ClientFrame::Push {
        number: 1,
        items: vec![PushItem::Roster(genesis()); 1_025],
    })
    .await;
    let ServerFrame::Error {
        code: ErrorCode::TooMuch,
        ..
    } = wire.hear().await
    else {
        panic!()
    };
    assert_eq!(wire.close_code().await, Some(CloseCode::Size));
    running.shutdown().await;
}

#[tokio::test]
async fn a_silent_newcomer_is_not_waited_for() {
    let mut config = ServeConfig::on_loopback(Store::Memory([1; 32]));
    config.bounds.handshake_timeout = Duration::from_millis(50);
    let running = start(config).await.unwrap();
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    let mut nothing = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut nothing)).await;
    assert_eq!(read.unwrap().unwrap_or(0), 0);
    // One that only opened the socket is closed likewise.
    let mut wire = Wire::open(&running).await;
    assert_eq!(wire.close_code().await, Some(CloseCode::Again));
    running.shutdown().await;
}

#[tokio::test]
async fn a_quiet_device_is_pinged_and_stays() {
    let mut config = ServeConfig::on_loopback(Store::Memory([1; 32]));
    config.bounds.idle = Duration::from_millis(50);
    let running = start(config).await.unwrap();
    let mut wire = Wire::connect(&running, ANA).await;
    for _ in 0..3 {
        assert!(matches!(wire.message().await, Message::Ping(_)));
        wire.socket.flush().await.unwrap();
    }
    assert!(is_placed(&wire.push(1, founding()).await[0]));
    running.shutdown().await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_up_nobody() {
    let running = in_memory().await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    let mut deaf = Wire::connect(&running, ANA).await;
    deaf.resume().await;
    let mut stage = Stage::found();
    let (access, mut pen) = stage.case(ANA, &[], false);
    let first = vec![access, PushItem::Run(pen.write(1))];
    writer.push(2, first).await;
    for number in 3..43 {
        let items = vec![PushItem::Run(pen.write(200))];
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    // It reads at last, and everything is there.
    let mut seen = 0;
    while seen < 1 + 2 + 40 {
        if let ServerFrame::Entries { items, .. } = deaf.hear().await {
            seen += items.len();
        }
    }
    running.shutdown().await;
}
