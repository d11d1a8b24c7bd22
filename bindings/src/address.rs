//! The address of a server: `ws://host:port` or `wss://host:port`, with or without a path; by TLS
//! perhaps with the pin of its certificate, `wss://host:port#pin=…`. Without a scheme it is `ws://`.

use core::fmt;
use core::str::FromStr;

use casework_protocol::ids::CertificatePin;

use crate::error::Error;

/// The port of a server whose address names none.
pub const DEFAULT_PORT: u16 = 7410;
/// Longest address, in bytes.
const MAX_BYTES: usize = 400;
/// What the pin of a certificate follows.
const PIN: &str = "#pin=";

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
}

/// What a connection goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Without TLS.
    Plain,
    /// By TLS, with exactly this certificate key if one is pinned.
    Tls(Option<CertificatePin>),
}

impl Address {
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The host as certificates name it: an IPv6 address without its brackets.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// What the WebSocket asks for; whatever carries it is settled before.
    pub(crate) fn request(&self) -> String {
        format!("ws://{}:{}{}", self.host, self.port, self.path)
    }

    /// What the socket connects to.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, pin) = match self.scheme {
            Scheme::Plain => ("ws", None),
            Scheme::Tls(pin) => ("wss", pin),
        };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.path)?;
        pin.map_or(Ok(()), |pin| write!(f, "{PIN}{pin}"))
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::Invalid(format!(
                "{:?} is not the address of a server: {why}; write it like ws://example.org:{DEFAULT_PORT} or \
                 wss://example.org:{DEFAULT_PORT}",
                text.chars().take(80).collect::<String>()
            ))
        };
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(refuse("it is too long"));
        }
        let (text, pin) = match text.split_once(PIN) {
            Some((text, pin)) => {
                let pin = pin.parse::<CertificatePin>();
                let pin = pin.map_err(|_| refuse("its pin is not 64 hexadecimal digits"))?;
                (text, Some(pin))
            }
            None => (text, None),
        };
        let (scheme, rest) = match text.split_once("://") {
            Some(("wss", rest)) => (Scheme::Tls(pin), rest),
            Some(("ws", rest)) if pin.is_none() => (Scheme::Plain, rest),
            None if pin.is_none() => (Scheme::Plain, text),
            Some(("ws", _)) | None => return Err(refuse("only wss:// has a pin")),
            Some(_) => return Err(refuse("it begins neither with ws:// nor with wss://")),
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
            scheme,
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

    const PINNED: &str = "wss://10.0.0.5:9000/sync#pin=\
                          0707070707070707070707070707070707070707070707070707070707070707";

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
            ("wss://example.org", "wss://example.org:7410"),
            (PINNED, PINNED),
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
            "wss://example.org#pin=7",
            "https://example.org",
            &PINNED.replace("wss", "ws"),
            &PINNED.replace("wss://", ""),
        ] {
            assert!(matches!(read(text), Err(Error::Invalid(_))), "{text}");
        }
    }
}
