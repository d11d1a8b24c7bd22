//! The door: what the first bytes of a connection ask for, before any WebSocket.
//!
//! `GET /healthz` is answered plainly; everything else goes on to the WebSocket handshake. Nothing
//! is taken off the stream to find out.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const HEALTH: &[u8] = b"GET /healthz ";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\
                        cache-control: no-store\r\nconnection: close\r\n\r\nok\n";
/// How long to wait for the rest of a first line that came in pieces.
const PIECE_WAIT: Duration = Duration::from_millis(5);

/// Answers a health check; `None` when it was one.
pub(super) async fn enter(mut stream: TcpStream) -> std::io::Result<Option<TcpStream>> {
    if !asks_for_health(&stream).await? {
        return Ok(Some(stream));
    }
    stream.write_all(ANSWER).await?;
    stream.shutdown().await?;
    // Reads the rest of the request, so that closing does not reset the answer.
    let mut rest = [0; 1024];
    while let Ok(Ok(1..)) =
        tokio::time::timeout(Duration::from_secs(1), read(&stream, &mut rest)).await
    {}
    Ok(None)
}

async fn asks_for_health(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; HEALTH.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if seen == 0 || first[..seen] != HEALTH[..seen] {
            return Ok(false);
        }
        if seen == HEALTH.len() {
            return Ok(true);
        }
        tokio::time::sleep(PIECE_WAIT).await;
    }
}

async fn read(stream: &TcpStream, into: &mut [u8]) -> std::io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(into) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}
