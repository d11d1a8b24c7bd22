//! Invite links, as somebody pastes them.
//!
//! Input: the text. A link that is read is written and read again as the same, and says nothing of
//! its secret when it is logged.

use casework::{Error, InviteLink};
use casework_protocol::ids::EpochId;
use casework_protocol::log::{LogHead, NodeHash, SignedHead, sign_head};
use data_encoding::BASE64URL_NOPAD;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{WORKSPACE, key};
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

const PREFIX: &str = "casework://join/";

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    let link = match first(data) {
        Ok(link) => link,
        Err(error) => return Outcome::refused(&error).within(&reason(&error)),
    };
    let written = link.to_string();
    let again: InviteLink = written.parse().expect("what we write, we read");
    assert!(again == link, "writing changed the link");
    assert_eq!(again.to_string(), written);
    let shown = format!("{link:?}");
    assert!(
        !shown.contains(&written[PREFIX.len()..]),
        "a log would tell the secret"
    );
    match link.at_address("ws://example.org:1") {
        Ok(moved) => assert_eq!(moved.invite(), link.invite()),
        Err(error) => panic!("a plain address is refused: {error}"),
    }
    Outcome::accepted(&"").within("Link")
}

/// What a refusal is about: refusals of this room differ in their words only.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    // What stands in quotation marks is the input's.
    let quoted = text.find('"').zip(text.rfind('"'));
    let text = quoted.map_or(text.clone(), |(from, to)| {
        [&text[..from], &text[to + 1..]].concat()
    });
    let about = text.split([':', ';']).nth(1).unwrap_or_default();
    about
        .split_whitespace()
        .take(4)
        .collect::<Vec<_>>()
        .join("-")
}

/// The first check alone: reading.
///
/// # Errors
/// The link's.
pub fn first(data: &[u8]) -> Result<InviteLink, Error> {
    String::from_utf8_lossy(data).parse()
}

/// Links with and without a log head.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let root = NodeHash::new([5; 32]);
    let epoch = EpochId::new([2; 16]);
    let head = LogHead {
        workspace: WORKSPACE,
        epoch,
        size: 8,
        root,
        time_ms: 1_000,
    };
    let head = sign_head(&key(9), head);
    let links = [
        ("ws://127.0.0.1:7420", None),
        ("ws://example.org:80", Some(head)),
    ];
    links
        .into_iter()
        .map(|(address, head)| text(&layout(address, head)))
        .collect()
}

fn layout(address: &str, head: Option<SignedHead>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut out);
    let fields = |e: &mut minicbor::Encoder<&mut Vec<u8>>| {
        e.array(7)?
            .u8(1)?
            .encode(WORKSPACE)?
            .str(address)?
            .encode(key(9).server())?;
        e.encode(head)?
            .bytes(&[6; 32])?
            .u64(1_700_000_000_000)?
            .ok()
    };
    fields(&mut encoder).expect("memory takes every byte");
    out
}

fn text(bytes: &[u8]) -> Vec<u8> {
    format!("{PREFIX}{}", BASE64URL_NOPAD.encode(bytes)).into_bytes()
}

/// Alters the text, or the bytes that it stands for.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let body = data.strip_prefix(PREFIX.as_bytes());
    let inner = body.and_then(|body| BASE64URL_NOPAD.decode(body).ok());
    match inner {
        Some(mut bytes) if dice.random_ratio(3, 4) => {
            mutate_bytes(&mut bytes, &[], dice);
            *data = text(&bytes);
        }
        Some(_) | None => mutate_bytes(data, other, dice),
    }
}
