//! One connection: a socket, a session, and the way to the pool and back.
//!
//! It moves frames; the session decides. Invariant: reading stops while too much of this session
//! is unanswered, and producing stops while the socket is full, so that a connection's memory is
//! bounded by constants.

mod hearing;

use std::sync::Arc;

use casework_protocol::frame::{Channel, ClientFrame, ErrorCode, ServerFrame, decode, encode};
use casework_protocol::limits::MAX_FRAME_BYTES;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::bucket::Bucket;
use super::devices::{Counted, Devices};
use super::door::Readiness;
use super::metrics::Metrics;
use super::pool::{Back, Job, Mailbox, Pool};
use super::presence::Bells;
use super::socket::{Arriving, Event, Socket};
use super::tls::Certificate;
use super::writer::Growth;
use super::{Bounds, Clock, door};
use crate::relay::{Ask, Output, Relay, Reply, Request, Session};

/// How long a closing connection may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// When a device with too many connections may come again: most of them end when they are found to
/// be dead.
const BUSY_DEVICE_MS: u64 = 30_000;

/// What all connections share.
pub(super) struct Hub {
    pub(super) relay: Arc<Relay>,
    pub(super) pool: Arc<Pool>,
    pub(super) growth: Arc<Growth>,
    pub(super) bells: Arc<Bells>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Clock,
    pub(super) bounds: Bounds,
    pub(super) bytes: Arc<Semaphore>,
    pub(super) arriving: Arc<Arriving>,
    pub(super) handshakes: Semaphore,
    pub(super) devices: Devices,
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) trouble: Arc<watch::Sender<Option<String>>>,
}

impl Hub {
    /// The disk failed while it was read: the server ends, and says so.
    fn tell_of_trouble(&self) {
        if let Some(said) = self.relay.trouble()
            && self.trouble.borrow().is_none()
        {
            self.trouble.send_replace(Some(said));
        }
    }

    fn readiness(&self) -> Readiness {
        if self.trouble.borrow().is_some() {
            Readiness::Failed
        } else if *self.stopping.borrow() {
            Readiness::Stopping
        } else {
            Readiness::Ready
        }
    }
}

/// Serves one connection until it ends.
pub(super) async fn run(hub: Arc<Hub>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let deadline = Instant::now() + hub.bounds.handshake_timeout;
    // In a box, so that what only the beginning needs is not carried to the end.
    let Some((socket, channel)) = Box::pin(open(&hub, stream, deadline)).await else {
        return;
    };
    let mut nonce = [0; 16];
    if getrandom::fill(&mut nonce).is_err() {
        tracing::error!("no random numbers for a handshake");
        return;
    }
    let connection = Connection::new(hub, Session::new(nonce).over(channel), deadline);
    let (socket, code) = connection.serve(socket).await;
    if let (Some(socket), Some(code)) = (socket, code) {
        let _ = timeout(CLOSE_TIMEOUT, socket.close(code)).await;
    }
}

async fn open(hub: &Hub, stream: TcpStream, deadline: Instant) -> Option<(Socket, Channel)> {
    let handshake = async {
        let _place = hub.handshakes.acquire().await.ok()?;
        let readiness = hub.readiness();
        let (way, channel) = match &hub.certificate {
            None => (door::enter(stream, readiness).await?, Channel::Plain),
            Some(certificate) => {
                let (stream, channel) = certificate.accept(stream).await?;
                (door::enter(stream, readiness).await?, channel)
            }
        };
        Some((Socket::new(way, &hub.arriving), channel))
    };
    let opened = tokio::time::timeout_at(deadline, handshake).await;
    hub.metrics.handshake(match &opened {
        Ok(Some(_)) => "upgraded",
        Ok(None) => "refused",
        Err(_) => "timeout",
    });
    opened.ok()?
}

struct Connection {
    hub: Arc<Hub>,
    session: Session,
    mailbox: Mailbox,
    replies: mpsc::UnboundedReceiver<Box<Reply>>,
    growth: Option<watch::Receiver<u64>>,
    /// Rings when there is something to tell of who is present, if the device wants to hear it.
    bell: Option<watch::Receiver<u64>>,
    /// It said something about its presence: others are told when it ends.
    stirs: bool,
    /// The device, once it is proved and counted.
    counted: Option<Counted>,
    begun: Instant,
    messages: Bucket,
    /// Nothing is read before: it sends more than it may.
    paused: Option<Instant>,
    in_flight: usize,
    /// The next moment at which silence matters.
    deadline: Instant,
    pinged: bool,
    closing: Option<ErrorCode>,
}

impl Connection {
    fn new(hub: Arc<Hub>, session: Session, deadline: Instant) -> Self {
        let (mailbox, replies) = mpsc::unbounded_channel();
        Self {
            hub,
            session,
            mailbox,
            replies,
            growth: None,
            bell: None,
            stirs: false,
            counted: None,
            begun: Instant::now(),
            messages: Bucket::default(),
            paused: None,
            in_flight: 0,
            deadline,
            pinged: false,
            closing: None,
        }
    }

    /// Moves frames until one side ends. Returns the socket and the code to close it with, if
    /// there is somebody to say it to.
    async fn serve(mut self, mut socket: Socket) -> (Option<Socket>, Option<ErrorCode>) {
        let mut stopping = self.hub.stopping.clone();
        loop {
            self.reply(&mut socket).await;
            self.produce(&mut socket);
            if let Some(code) = self.closing.filter(|_| self.in_flight == 0) {
                return (Some(socket), Some(code));
            }
            let reading = self.in_flight < self.hub.bounds.requests_in_flight
                && self.closing.is_none()
                && self.paused.is_none();
            let wake = self
                .paused
                .map_or(self.deadline, |at| at.min(self.deadline));
            tokio::select! {
                biased;
                Some(reply) = self.replies.recv() => {
                    self.answer(&mut socket, *reply).await;
                }
                event = socket.event(reading) => match self.take(&mut socket, event).await {
                    Ok(()) => {}
                    Err(Gone) => return (None, None),
                },
                () = grown(&mut self.growth) => {}
                () = grown(&mut self.bell) => {}
                () = sleep_until(wake) => if self.paused.take().is_none()
                    && self.is_silent(&mut socket)
                {
                    return (Some(socket), self.closing.or(Some(ErrorCode::Busy)));
                },
                _ = stopping.changed(), if self.closing.is_none() => {
                    self.closing = Some(ErrorCode::Stopping);
                    self.deadline = Instant::now() + CLOSE_TIMEOUT;
                }
            }
        }
    }

    /// Answers everything that is decided, before more of the log goes out: what a device was told
    /// the place of is not sent back to it.
    async fn reply(&mut self, socket: &mut Socket) {
        while let Ok(reply) = self.replies.try_recv() {
            self.answer(socket, *reply).await;
        }
    }

    async fn answer(&mut self, socket: &mut Socket, reply: Reply) {
        self.in_flight -= 1;
        let outputs = self.session.replied(&self.hub.relay, reply);
        self.act(socket, outputs, 0).await
    }

    /// Hands over what the session has to send, while the socket has room.
    fn produce(&mut self, socket: &mut Socket) {
        self.read_on(socket);
        // Whether it was this one that met it, or somebody else.
        self.hub.tell_of_trouble();
    }

    fn read_on(&mut self, socket: &mut Socket) {
        while self.closing.is_none() && socket.has_room() {
            match self.session.poll(&self.hub.relay) {
                Ok(Some(Output::Send(message))) => self.send(socket, message),
                Ok(Some(Output::Close(code))) => self.closing = Some(code),
                Ok(Some(Output::Submit(_)) | None) => match self.session.tell(&self.hub.relay) {
                    Some(Output::Send(message)) => self.send(socket, message),
                    Some(Output::Submit(_) | Output::Close(_)) | None => break,
                },
                Err(error) => {
                    tracing::error!(%error, "a follower cannot read the log");
                    self.hub.relay.note(&error);
                    self.closing = Some(ErrorCode::Internal);
                }
            }
        }
    }

    fn send(&self, socket: &mut Socket, message: Arc<[u8]>) {
        self.hub.metrics.sent_bytes.inc_by(message.len() as u64);
        socket.send(message);
    }

    async fn take(&mut self, socket: &mut Socket, event: Event) -> Result<(), Gone> {
        if matches!(event, Event::Message(_) | Event::Alive) {
            self.pace();
            self.pinged = false;
            if self.session.workspace().is_some() {
                self.deadline = Instant::now() + self.hub.bounds.idle;
            }
        }
        match event {
            Event::Message(bytes) => {
                self.hub.metrics.received_bytes.inc_by(bytes.len() as u64);
                let outputs = match decode::<ClientFrame>(&bytes) {
                    Ok(frame) => self.hear(frame),
                    Err(_) => vec![Output::Close(ErrorCode::Malformed)],
                };
                self.act(socket, outputs, bytes.len()).await;
                Ok(())
            }
            Event::Alive | Event::Flushed => Ok(()),
            Event::Malformed => {
                self.closing = Some(ErrorCode::Malformed);
                Ok(())
            }
            Event::TooLong => {
                self.closing = Some(ErrorCode::TooMuch);
                Ok(())
            }
            Event::Crowded => {
                self.hub.metrics.turned_away("arriving");
                let told = "too much is arriving at once; send it again";
                self.send(socket, busy(told));
                self.closing = Some(ErrorCode::Busy);
                Ok(())
            }
            Event::Gone => Err(Gone),
        }
    }

    /// Does what the session wants; `bytes` is the length of the message it came from.
    async fn act(&mut self, socket: &mut Socket, outputs: Vec<Output>, bytes: usize) {
        for output in outputs {
            match output {
                Output::Send(message) => self.send(socket, message),
                Output::Submit(request) => self.submit(*request, bytes).await,
                Output::Close(code) => self.closing = Some(code),
            }
        }
        if self.growth.is_none()
            && let Some(workspace) = self.session.workspace()
            && let Some(device) = self.session.device()
        {
            self.hub.metrics.handshake("proved");
            socket.allow(MAX_FRAME_BYTES);
            self.growth = Some(self.hub.growth.subscribe(workspace));
            self.deadline = Instant::now() + self.hub.bounds.idle;
            self.counted = self
                .hub
                .devices
                .count(device, self.hub.bounds.device_connections);
            if self.counted.is_none() {
                self.hub.metrics.turned_away("device-connections");
                let told = "this device has too many connections; close some";
                self.send(socket, busy(told));
                self.closing = Some(ErrorCode::Busy);
            }
        }
    }

    /// One more message came; whoever sends too many is not read for a while.
    fn pace(&mut self) {
        let per_sec = self.hub.bounds.messages_per_sec;
        let now_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.messages.add(now_ms, per_sec);
        let wait_ms = self.messages.wait_ms(now_ms, per_sec);
        self.paused = (wait_ms > 0).then(|| Instant::now() + Duration::from_millis(wait_ms));
    }

    async fn submit(&mut self, request: Request, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let bytes = bytes.min(u32::try_from(self.hub.bounds.bytes_in_flight).unwrap_or(u32::MAX));
        let permit = Arc::clone(&self.hub.bytes)
            .acquire_many_owned(bytes)
            .await
            .ok();
        let back = Back {
            mailbox: self.mailbox.clone(),
            permit,
        };
        if matches!(request.ask, Ask::Recover(_)) {
            tracing::warn!(
                workspace = %request.workspace,
                "entries are lost: a device shows a newer head of this server; nothing new is taken \
                 until a device brings them back, or `casework-server epoch` gives them up"
            );
        }
        self.in_flight += 1;
        self.hub.metrics.requests.inc();
        self.hub.pool.submit(Job { request, back });
    }

    /// Nothing came for a while: ask once, then give up. True when it is over.
    fn is_silent(&mut self, socket: &mut Socket) -> bool {
        let asks = self.session.workspace().is_some() && !self.pinged && self.closing.is_none();
        if asks {
            socket.ping();
            self.pinged = true;
            self.deadline = Instant::now() + self.hub.bounds.idle;
            return false;
        }
        true
    }
}

/// What a device is told that comes again later.
fn busy(told: &str) -> Arc<[u8]> {
    encode(&ServerFrame::Error {
        code: ErrorCode::Busy,
        detail: told.to_owned(),
        retry_after_ms: Some(BUSY_DEVICE_MS),
    })
    .into()
}

/// The peer is gone.
struct Gone;

/// Returns when the workspace has grown; never before the session has one.
async fn grown(growth: &mut Option<watch::Receiver<u64>>) {
    let ended = match growth {
        Some(growth) => growth.changed().await.is_err(),
        None => true,
    };
    if ended {
        std::future::pending::<()>().await;
    }
}
