//! The address of a server: `ws://host:port`, with or without the scheme, with or without a path.

use core::fmt;
use core::str::FromStr;

use crate::error::Error;

/// The port of a server whose address names none.
pub const DEFAULT_PORT: u16 = 7410;
/// Longest address, in bytes.
const MAX_BYTES: usize = 300;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    host: String,
    port: u16,
    path: String,
}

impl Address {
    /// What the socket connects to.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}:{}{}", self.host, self.port, self.path)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::Invalid(format!(
                "{:?} is not the address of a server: {why}; write it like ws://example.org:{DEFAULT_PORT}",
                text.chars().take(80).collect::<String>()
            ))
        };
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(refuse("it is too long"));
        }
        if text.starts_with("wss://") {
            return Err(Error::Invalid(
                "wss:// needs TLS, which is not in this version; use ws:// inside a private \
                 network or a tunnel"
                    .to_owned(),
            ));
        }
        let rest = match text.split_once("://") {
            Some(("ws", rest)) => rest,
            Some(_) => return Err(refuse("it does not begin with ws://")),
            None => text,
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (host, port) =
            split_port(authority).ok_or_else(|| refuse("the port is not a number"))?;
        let fine = |c: char| c.is_ascii_alphanumeric() || "-._:[]%".contains(c);
        if host.is_empty() || host == "[]" || !host.chars().all(fine) {
            return Err(refuse("it names no host"));
        }
        let bare = path.trim_end_matches('/');
        if !bare
            .chars()
            .all(|c| c.is_ascii_graphic() && !"?#\"<>\\".contains(c))
        {
            return Err(refuse("its path has characters that no path has"));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            path: bare.to_owned(),
        })
    }
}

/// Host and port; an IPv6 address stands in brackets. `None` for a port that is none.
fn split_port(authority: &str) -> Option<(&str, u16)> {
    let end_of_host = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[end_of_host..].rfind(':') {
        Some(at) => {
            let (host, port) = authority.split_at(end_of_host + at);
            Some((host, port[1..].parse().ok().filter(|port| *port > 0)?))
        }
        None => Some((authority, DEFAULT_PORT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Error> {
        text.parse::<Address>().map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_read_in_the_ways_people_write_it() {
        for (text, whole) in [
            ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000"),
            ("127.0.0.1:9000", "ws://127.0.0.1:9000"),
            ("example.org", "ws://example.org:7410"),
            ("ws://example.org/", "ws://example.org:7410"),
            ("ws://[::1]:9000/sync", "ws://[::1]:9000/sync"),
            (" [::1] ", "ws://[::1]:7410"),
        ] {
            assert_eq!(read(text).unwrap(), whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ws://",
            "http://example.org",
            "a b",
            "host:0",
            "host:x",
            "ws://:7",
            "[]",
        ] {
            assert!(matches!(read(text), Err(Error::Invalid(_))), "{text}");
        }
    }

    #[test]
    fn tls_is_refused_in_plain_words() {
        let error = read("wss://example.org").unwrap_err();
        assert!(error.to_string().contains("TLS"), "{error}");
    }
}
