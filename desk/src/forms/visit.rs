//! What comes in from a socket and what goes back, as plain data.

/// How something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// To see.
    Get,
    /// To send.
    Post,
    /// Anything else.
    Other,
}

/// Who calls, so that too many calls can be told: a keyed hash of the address that changes with
/// every start of the program. The address itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller(pub [u8; 8]);

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'v> {
    /// How.
    pub method: Method,
    /// The path as sent.
    pub path: &'v str,
    /// What follows the question mark.
    pub query: &'v str,
    /// The header `Accept-Language`.
    pub accept_language: &'v str,
    /// The header `Content-Type`.
    pub content_type: &'v str,
    /// What was sent.
    pub body: &'v [u8],
    /// Who calls.
    pub caller: Caller,
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// Offset from UTC here and now, in minutes east.
    pub zone_min: i16,
    /// Fresh random bytes.
    pub dice: [u8; 16],
}

/// What goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The media type.
    pub media: &'static str,
    /// The body.
    pub body: String,
    /// The language of the body.
    pub language: String,
    /// Wait until this many milliseconds after the request before sending, so that the time says
    /// nothing.
    pub floor_ms: u64,
    /// Seconds after which it is worth trying again.
    pub retry_secs: Option<u32>,
}

impl Reply {
    /// A page.
    #[must_use]
    pub fn page(status: u16, language: &str, body: String) -> Self {
        Self {
            status,
            media: "text/html; charset=utf-8",
            body,
            language: language.to_owned(),
            floor_ms: 0,
            retry_secs: None,
        }
    }

    /// Plain text.
    #[must_use]
    pub fn text(body: &str) -> Self {
        Self {
            media: "text/plain; charset=utf-8",
            ..Self::page(200, "en", body.to_owned())
        }
    }
}
