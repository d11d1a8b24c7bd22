//! A client that speaks the protocol over a real WebSocket and keeps nothing: what it costs is the
//! server's, and the bytes it counts are those on the wire.

use std::net::SocketAddr;

use casework_protocol::frame::handshake::{Hello, check_welcome, prove};
use casework_protocol::frame::{
    Answer, Channel, ClientFrame, Cursor, PushItem, Scope, ServerFrame, Start, decode, encode,
};
use casework_protocol::ids::WorkspaceId;
use casework_protocol::keys::SecretKey;
use casework_protocol::log::SignedHead;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::tls;

/// Bytes a client lets the server send ahead.
const CREDIT_BYTES: u64 = 1 << 40;
/// Items in one push frame.
const ITEMS_PER_PUSH: usize = 512;
/// Bytes of runs in one push frame, roughly.
const BYTES_PER_PUSH: usize = 400_000;

/// A connection that is through its handshake.
pub struct Wire<S = TcpStream> {
    socket: WebSocketStream<S>,
    workspace: WorkspaceId,
    pushes: u64,
    /// Bytes of messages received, without the WebSocket's own few per message.
    pub bytes_in: u64,
    /// Bytes of messages sent.
    pub bytes_out: u64,
    /// Messages sent.
    pub messages_out: u64,
}

/// Opens a WebSocket with small buffers and without delays.
///
/// # Panics
/// When nobody listens there.
pub async fn open_socket(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    stream
        .set_nodelay(true)
        .expect("a fresh socket takes options");
    upgrade(address, stream).await
}

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    address: SocketAddr,
    stream: S,
) -> WebSocketStream<S> {
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = 4 * 1024;
    let url = format!("ws://{address}/");
    let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
    opened.expect("the server speaks WebSocket").0
}

impl Wire {
    /// Connects and proves the device's key.
    ///
    /// # Panics
    /// When the handshake fails.
    pub async fn connect(address: SocketAddr, workspace: WorkspaceId, key: &SecretKey) -> Self {
        let socket = open_socket(address).await;
        Self::over(socket, Channel::Plain, workspace, key).await
    }
}

impl Wire<TlsStream<TcpStream>> {
    /// The same by TLS.
    ///
    /// # Panics
    /// When the handshake fails.
    pub async fn connect_by_tls(
        address: SocketAddr,
        workspace: WorkspaceId,
        key: &SecretKey,
    ) -> Self {
        let (stream, channel) = tls::open(address).await;
        let socket = upgrade(address, stream).await;
        Self::over(socket, channel, workspace, key).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    async fn over(
        socket: WebSocketStream<S>,
        channel: Channel,
        workspace: WorkspaceId,
        key: &SecretKey,
    ) -> Self {
        let mut wire = Self {
            socket,
            workspace,
            pushes: 0,
            bytes_in: 0,
            bytes_out: 0,
            messages_out: 0,
        };
        let hello = Hello {
            version: 1,
            workspace,
            nonce: [5; 16],
        };
        wire.send(&ClientFrame::Hello(hello.clone())).await;
        let ServerFrame::Welcome(welcome) = wire.next().await else {
            panic!("no welcome")
        };
        check_welcome(&hello, channel, &welcome).expect("the server has its key");
        wire.send(&ClientFrame::Prove(prove(
            &hello, channel, &welcome, key, None,
        )))
        .await;
        wire
    }

    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// Sends one frame.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send(&mut self, frame: &ClientFrame) {
        let bytes = encode(frame);
        self.bytes_out += bytes.len() as u64;
        self.messages_out += 1;
        self.socket
            .send(Message::Binary(bytes.into()))
            .await
            .expect("the connection stands");
    }

    /// The next message as it came.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn message(&mut self) -> Bytes {
        loop {
            let message = self.socket.next().await.expect("the connection stands");
            if let Message::Binary(bytes) = message.expect("the connection stands") {
                self.bytes_in += bytes.len() as u64;
                return bytes;
            }
        }
    }

    /// The next frame.
    ///
    /// # Panics
    /// When it is none, or an error of the server.
    pub async fn next(&mut self) -> ServerFrame {
        let frame = decode(&self.message().await).expect("the server sends frames");
        if let ServerFrame::Error { code, detail, .. } = &frame {
            panic!("the server answers {code}: {detail}");
        }
        frame
    }

    /// Begins to follow and reads until everything is here; answers the head and how many log
    /// positions came.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "anything else ends the bench"
    )]
    pub async fn follow(&mut self, start: Start, head: Option<SignedHead>) -> (SignedHead, u64) {
        let credit = CREDIT_BYTES;
        self.send(&ClientFrame::Resume {
            start,
            head,
            scope: Scope::All,
            credit,
        })
        .await;
        let mut positions = 0;
        loop {
            match self.next().await {
                ServerFrame::CaughtUp { head, .. } => return (head, positions),
                ServerFrame::Entries { items, .. } => {
                    positions += items.iter().map(|item| item.len()).sum::<u64>();
                }
                ServerFrame::Resumed { .. }
                | ServerFrame::Piece { .. }
                | ServerFrame::Document { .. } => {}
                other => panic!("unexpected while catching up: {other:?}"),
            }
        }
    }

    /// Reads live messages until everything before this position has come.
    pub async fn read_to(&mut self, position: u64) {
        while upto(&self.message().await).is_none_or(|upto| upto < position) {}
    }

    /// Pushes items, a frame after the other, and waits for all answers.
    ///
    /// # Panics
    /// When one is not logged.
    pub async fn push(&mut self, items: &[PushItem]) {
        let mut sent = 0;
        for frame in frames(items) {
            self.pushes += 1;
            let number = self.pushes;
            sent += 1;
            self.send(&ClientFrame::Push {
                number,
                items: frame,
            })
            .await;
            // Whoever founds a workspace waits until it is there; then a few in flight, as the
            // engine does it.
            if sent > 4 || number == 1 {
                self.answered().await;
                sent -= 1;
            }
        }
        for _ in 0..sent {
            self.answered().await;
        }
    }

    async fn answered(&mut self) {
        loop {
            if let ServerFrame::Answers { answers, .. } = self.next().await {
                for answer in &answers {
                    assert!(
                        matches!(answer, Answer::Placed(_)),
                        "not logged: {answer:?}"
                    );
                }
                return;
            }
        }
    }
}

/// Where to go on from a head.
#[must_use]
pub fn after(epoch: casework_protocol::ids::EpochId, seq: u64) -> Start {
    Start::At(Cursor { epoch, seq })
}

fn frames(items: &[PushItem]) -> Vec<Vec<PushItem>> {
    let mut frames: Vec<Vec<PushItem>> = vec![Vec::new()];
    let mut bytes = 0;
    for (place, item) in items.iter().enumerate() {
        let size = match item {
            PushItem::Run(run) => run.changes_len() + 150,
            PushItem::Roster(entry) | PushItem::Access { entry, .. } => entry.wire_len() + 50,
        };
        // An access entry and the run after it stay together.
        let tied = place > 0 && matches!(items[place - 1], PushItem::Access { .. });
        let full = frames
            .last()
            .is_some_and(|frame| frame.len() >= ITEMS_PER_PUSH);
        if (full || bytes + size > BYTES_PER_PUSH) && !tied {
            frames.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        frames
            .last_mut()
            .expect("there is always one")
            .push(item.clone());
    }
    frames
}

/// Up to which position an `Entries` message reaches, without decoding its items: the client's own
/// work is not what is measured.
fn upto(message: &[u8]) -> Option<u64> {
    let mut decoder = minicbor::Decoder::new(message);
    decoder.array().ok()?;
    if decoder.u32().ok()? != 2 {
        return None;
    }
    decoder.array().ok()?;
    decoder.skip().ok()?;
    decoder.u64().ok()
}
