//! The bare relays that the server is held against: what no relay of the same kind can do without.
//!
//! They take a message, keep it in redb and fsync if they are durable, and hand it to everybody
//! else, flushed per batch. They check nothing and order nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use futures_util::{SinkExt as _, StreamExt as _};
use redb::TableDefinition;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// The table of a bare store.
pub const ROWS: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("rows");
/// Messages that a slow reader may lag behind.
const BEHIND: usize = 65_536;

/// A bare relay on a free port of the loopback.
pub struct Bare {
    /// Where it listens.
    pub address: SocketAddr,
}

/// Starts a bare relay on the present runtime; with a folder it keeps every message before it
/// hands it on.
///
/// # Panics
/// When there is no free port or the folder cannot be written.
pub async fn start(folder: Option<PathBuf>) -> Bare {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("the loopback has free ports");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    let (tell, _) = broadcast::channel::<Bytes>(BEHIND);
    let (keep, kept) = mpsc::channel::<Bytes>();
    let everybody = tell.clone();
    std::thread::spawn(move || write(kept, folder.as_deref(), &everybody));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, keep.clone(), tell.subscribe()));
        }
    });
    Bare { address }
}

/// The one writer: takes whatever is there, commits it at once, hands it on.
fn write(kept: mpsc::Receiver<Bytes>, folder: Option<&Path>, tell: &broadcast::Sender<Bytes>) {
    let database = folder.map(|folder| {
        redb::Database::create(folder.join("bare.redb")).expect("the folder can be written")
    });
    let mut next = 0;
    while let Ok(first) = kept.recv() {
        let mut batch = vec![first];
        while let Ok(more) = kept.try_recv() {
            batch.push(more);
        }
        if let Some(database) = &database {
            append(database, &mut next, &batch);
        }
        for message in batch {
            // Nobody listening is no failure.
            let _ = tell.send(message);
        }
    }
}

/// Appends rows in one durable transaction.
///
/// # Panics
/// When the store fails.
pub fn append(database: &redb::Database, next: &mut u64, rows: &[impl AsRef<[u8]>]) {
    let transaction = database.begin_write().expect("the store works");
    {
        let mut table = transaction.open_table(ROWS).expect("the store works");
        for row in rows {
            table.insert(*next, row.as_ref()).expect("the store works");
            *next += 1;
        }
    }
    transaction.commit().expect("the store works");
}

/// One connection: what comes is kept, what was told is sent, flushed when there is no more.
async fn serve(stream: TcpStream, keep: mpsc::Sender<Bytes>, mut told: broadcast::Receiver<Bytes>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = 4 * 1024;
    let accepted = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await;
    let Ok(socket) = accepted else { return };
    let (mut sink, mut source) = socket.split();
    loop {
        tokio::select! {
            message = source.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if keep.send(bytes).is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            message = told.recv() => {
                let Ok(first) = message else { return };
                let mut next = Some(first);
                while let Some(bytes) = next {
                    if sink.feed(Message::Binary(bytes)).await.is_err() {
                        return;
                    }
                    next = told.try_recv().ok();
                }
                if sink.flush().await.is_err() {
                    return;
                }
            }
        }
    }
}
