//! Reaching a server that has several addresses: one that swallows packets keeps none of the others
//! from being tried.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long one address has to itself before the next is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first address of `host:port` that answers.
pub(crate) async fn dial(authority: &str) -> io::Result<TcpStream> {
    let addresses = tokio::net::lookup_host(authority).await?.collect();
    race(addresses, STAGGER, TcpStream::connect).await
}

/// The first of several attempts that succeeds. Each begins when the one before it failed, or has
/// taken a while; the others end with the first success.
async fn race<T, F>(
    addresses: Vec<SocketAddr>,
    stagger: Duration,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(connect(address));
        }
        let patience = async {
            match waiting.len() {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(stagger).await,
            }
        };
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => failed = error,
                Some(Err(error)) => failed = io::Error::other(error),
                None => return Err(failed),
            },
            () = patience => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an address of these tests does, by its last number: 1 swallows packets, 2 refuses,
    /// more answer with that number.
    async fn play(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            1 => std::future::pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        }
    }

    fn reached(ports: &[u16]) -> io::Result<u16> {
        let address = |port: &u16| SocketAddr::from(([127, 0, 0, 1], *port));
        let addresses = ports.iter().map(address).collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let at_once = Duration::ZERO;
        runtime.unwrap().block_on(race(addresses, at_once, play))
    }

    #[test]
    fn an_address_that_swallows_packets_does_not_keep_the_next_from_being_tried() {
        assert_eq!(reached(&[1, 7]).unwrap(), 7);
        assert_eq!(reached(&[1, 1, 2, 8]).unwrap(), 8);
    }

    #[test]
    fn the_first_address_that_answers_is_taken_and_the_last_refusal_is_told() {
        assert_eq!(reached(&[7]).unwrap(), 7);
        assert_eq!(reached(&[2, 8]).unwrap(), 8);
        let refused = reached(&[2, 2]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(reached(&[]).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
