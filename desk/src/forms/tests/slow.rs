//! Callers who are slow on purpose, over a real socket: they are let go, and nobody waits for them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::forms::server::{Serving, Waits, serve_for};

use super::Browser;

/// A server that waits so long for heads, bodies and connections; the first of them to be over.
fn serving(head_ms: u64, body_ms: u64, life_ms: u64) -> (Serving, String) {
    let browser = Browser::new();
    let path = browser.path();
    let waits = Waits {
        head: Duration::from_millis(head_ms),
        body: Duration::from_millis(body_ms),
        life: Duration::from_millis(life_ms),
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let office = Arc::new(browser.office);
    let serving = serve_for(browser.site, office, address, (false, waits));
    (serving.unwrap(), path)
}

fn connect(serving: &Serving) -> TcpStream {
    let stream = TcpStream::connect(serving.address()).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    stream
}

/// What comes until the server hangs up.
fn rest(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    String::from_utf8(said).unwrap()
}

/// What the server says of a page that somebody opens meanwhile.
fn status_of(serving: &Serving, path: &str) -> String {
    let mut stream = connect(serving);
    let head = format!("GET {path} HTTP/1.1\r\nhost: forms\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    rest(stream).lines().next().unwrap_or_default().to_owned()
}

const LONG: u64 = 600_000;

#[test]
fn a_body_that_does_not_come_ends_with_a_word_and_others_do_not_wait_for_it() {
    let (serving, path) = serving(LONG, 200, LONG);
    let mut slow = connect(&serving);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: forms\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\nticket="
    );
    slow.write_all(head.as_bytes()).unwrap();
    assert_eq!(status_of(&serving, &path), "HTTP/1.1 200 OK");
    let said = rest(slow);
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let (serving, path) = serving(200, LONG, LONG);
    let mut slow = connect(&serving);
    slow.write_all(b"GET / HTTP/1.1\r\nhost: f").unwrap();
    assert_eq!(status_of(&serving, &path), "HTTP/1.1 200 OK");
    let said = rest(slow);
    assert!(!said.contains("200 OK"), "{said}");
}

#[test]
fn a_connection_on_which_nothing_ends_is_ended() {
    let (serving, path) = serving(LONG, LONG, 200);
    let silent = connect(&serving);
    assert_eq!(status_of(&serving, &path), "HTTP/1.1 200 OK");
    assert_eq!(rest(silent), "");
}
