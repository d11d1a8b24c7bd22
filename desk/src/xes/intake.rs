//! From the bytes of a file to checked UTF-8: undoes gzip, undoes the encoding, keeps the limits.
//!
//! file → count → (gunzip) → count, ratio → UTF-8 → one token at a time → parser
//!
//! Invariant: no more than one block and one token is held, and every byte handed on is valid
//! UTF-8. The cause of a failure is kept aside, because the parser only passes on `io::Error`.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::fault::Fault;
use super::limits::Limits;

const BLOCK_BYTES: usize = 64 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The first block has at least this much of the file, so that an XML declaration is whole.
const SNIFF_BYTES: usize = 256;
/// The characters of Windows-1252 for the bytes 0x80 to 0x9f; the rest is Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Reads a log's text for the parser. See the head of this file.
pub(crate) struct Intake<R: Read> {
    stream: Stream<R>,
    limits: Limits,
    encoding: Encoding,
    block: Vec<u8>,
    /// The bytes of a character that the last block cut in two.
    carry: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    inflated: u64,
    token_start: u64,
    consumed: u64,
    repaired: u64,
    ended: bool,
    fault: Option<Fault>,
}

type Head<R> = BufReader<Counted<Chain<Cursor<Vec<u8>>, R>>>;

enum Stream<R: Read> {
    Plain(Head<R>),
    Gzip(Box<MultiGzDecoder<Head<R>>>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Windows1252,
}

impl<R: Read> Intake<R> {
    /// Starts reading; tells gzip from plain text by its first two bytes.
    pub(crate) fn open(mut reader: R, limits: Limits) -> Result<Self, Fault> {
        let mut head = Vec::new();
        reader
            .by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(Fault::Io)?;
        let gzip = head == GZIP_MAGIC;
        let counted = Counted {
            inner: Cursor::new(head).chain(reader),
            bytes: 0,
        };
        let buffered = BufReader::with_capacity(BLOCK_BYTES, counted);
        let stream = if gzip {
            Stream::Gzip(Box::new(MultiGzDecoder::new(buffered)))
        } else {
            Stream::Plain(buffered)
        };
        let mut intake = Self {
            stream,
            limits,
            encoding: Encoding::Utf8,
            block: vec![0; BLOCK_BYTES],
            carry: Vec::new(),
            text: Vec::new(),
            at: 0,
            inflated: 0,
            token_start: 0,
            consumed: 0,
            repaired: 0,
            ended: false,
            fault: None,
        };
        intake.read_first_block()?;
        Ok(intake)
    }

    /// The next token starts here; it may not be longer than the limit.
    pub(crate) fn start_token(&mut self) {
        self.token_start = self.consumed;
    }

    /// Reads on to the end of the file, so that its checksum is checked, and tells how many bytes
    /// that are not white space there were.
    pub(crate) fn drain(&mut self) -> Result<u64, Fault> {
        let mut seen = 0;
        loop {
            self.start_token();
            let rest = match self.fill_buf() {
                Ok(rest) => rest,
                Err(error) => return Err(self.take_fault().unwrap_or(Fault::Io(error))),
            };
            if rest.is_empty() {
                return Ok(seen);
            }
            seen += rest
                .iter()
                .filter(|byte| !byte.is_ascii_whitespace())
                .count() as u64;
            let bytes = rest.len();
            self.consume(bytes);
        }
    }

    /// The reason of the last `io::Error`, once.
    pub(crate) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Whether the end of the file was reached.
    pub(crate) fn ended(&self) -> bool {
        self.ended && self.at == self.text.len()
    }

    /// Bytes of text handed to the parser.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Bytes of the file read so far, as stored.
    pub(crate) fn stored_bytes(&self) -> u64 {
        match &self.stream {
            Stream::Plain(head) => head.get_ref().bytes,
            Stream::Gzip(decoder) => decoder.get_ref().get_ref().bytes,
        }
    }

    /// Bytes that were no UTF-8 and were replaced.
    pub(crate) fn repaired(&self) -> u64 {
        self.repaired
    }

    fn read_first_block(&mut self) -> Result<(), Fault> {
        let mut first = Vec::new();
        while first.len() < SNIFF_BYTES {
            // A broken start is reported when the parser comes to it.
            match self.read_block() {
                Ok(0) => break,
                Ok(bytes) => first.extend_from_slice(&self.block[..bytes]),
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        let (encoding, skip) = sniff(&first)?;
        self.encoding = encoding;
        self.decode(first.get(skip..).unwrap_or_default());
        Ok(())
    }

    /// Reads one block of inflated bytes; 0 at the end.
    fn read_block(&mut self) -> Result<usize, Fault> {
        let bytes = loop {
            match self.stream.read(&mut self.block) {
                Ok(bytes) => break bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.stream.fault(error)),
            }
        };
        self.inflated += bytes as u64;
        let stored = self.stored_bytes();
        let limits = &self.limits;
        too_large(stored, limits.file_bytes, "the size of the file in bytes")?;
        too_large(
            self.inflated,
            limits.inflated_bytes,
            "the inflated size in bytes",
        )?;
        if self.inflated > limits.inflate_free_bytes {
            let ratio = self.inflated / stored.max(1);
            too_large(
                ratio,
                limits.inflate_ratio,
                "the inflated size per stored byte",
            )?;
        }
        Ok(bytes)
    }

    fn refill(&mut self) -> Result<(), Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !self.ended {
            let bytes = self.read_block()?;
            if bytes == 0 {
                self.ended = true;
                let cut = std::mem::take(&mut self.carry);
                self.replace(cut.len());
            } else {
                let block = std::mem::take(&mut self.block);
                self.decode(&block[..bytes]);
                self.block = block;
            }
        }
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8]) {
        match self.encoding {
            Encoding::Windows1252 => {
                let decoded: String = bytes.iter().map(|byte| windows_1252(*byte)).collect();
                self.text.extend_from_slice(decoded.as_bytes());
            }
            Encoding::Utf8 if self.carry.is_empty() => self.decode_utf8(bytes),
            Encoding::Utf8 => {
                let mut joined = std::mem::take(&mut self.carry);
                joined.extend_from_slice(bytes);
                self.decode_utf8(&joined);
            }
        }
    }

    fn decode_utf8(&mut self, mut bytes: &[u8]) {
        loop {
            let Err(error) = std::str::from_utf8(bytes) else {
                self.text.extend_from_slice(bytes);
                return;
            };
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            self.text.extend_from_slice(valid);
            let Some(bad) = error.error_len() else {
                self.carry.extend_from_slice(rest);
                return;
            };
            self.replace(bad);
            bytes = &rest[bad..];
        }
    }

    fn replace(&mut self, bytes: usize) {
        if bytes > 0 {
            self.repaired += bytes as u64;
            self.text.extend_from_slice("\u{fffd}".as_bytes());
        }
    }

    fn check_token(&self) -> Result<(), Fault> {
        let limit = self.limits.token_bytes as u64;
        too_large(
            self.consumed - self.token_start,
            limit,
            "one tag or text in bytes",
        )
    }
}

impl<R: Read> BufRead for Intake<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let empty = self.at == self.text.len();
        let filled = self
            .check_token()
            .and_then(|()| if empty { self.refill() } else { Ok(()) });
        if let Err(fault) = filled {
            self.fault = Some(fault);
            return Err(io::Error::other("the intake keeps the reason"));
        }
        // Handed out in pieces, so that a token cannot pass its limit inside one block.
        let limit = self.limits.token_bytes.max(1);
        let end = self.text.len().min(self.at.saturating_add(limit));
        Ok(&self.text[self.at..end])
    }

    fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.text.len() - self.at);
        self.at += bytes;
        self.consumed += bytes as u64;
    }
}

impl<R: Read> Read for Intake<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let bytes = ready.read(into)?;
        self.consume(bytes);
        Ok(bytes)
    }
}

impl<R: Read> Stream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(head) => head.read(into),
            Self::Gzip(decoder) => decoder.read(into),
        }
    }

    fn fault(&self, error: io::Error) -> Fault {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match self {
            Self::Gzip(_) if matches!(error.kind(), UnexpectedEof | InvalidInput | InvalidData) => {
                Fault::Gzip(error)
            }
            Self::Gzip(_) | Self::Plain(_) => Fault::Io(error),
        }
    }
}

struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(into)?;
        self.bytes += bytes as u64;
        Ok(bytes)
    }
}

/// Refuses a figure above its limit.
pub(crate) fn too_large(figure: u64, limit: u64, what: &'static str) -> Result<(), Fault> {
    if figure > limit {
        return Err(Fault::TooLarge { what, limit });
    }
    Ok(())
}

/// The encoding of a file by its first bytes, and how many of them are a byte order mark.
fn sniff(first: &[u8]) -> Result<(Encoding, usize), Fault> {
    if first.starts_with(b"\xef\xbb\xbf") {
        return Ok((Encoding::Utf8, 3));
    }
    let wide: [&[u8]; 4] = [b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"];
    if wide.iter().any(|mark| first.starts_with(mark)) {
        return Err(Fault::Encoding("UTF-16".to_owned()));
    }
    match declared_encoding(first).as_deref() {
        // A file that can be read byte by byte is no UTF-16, whatever it says.
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16") => Ok((Encoding::Utf8, 0)),
        Some(
            "iso-8859-1" | "iso8859-1" | "iso-8859-15" | "latin1" | "latin-1" | "windows-1252"
            | "cp1252",
        ) => Ok((Encoding::Windows1252, 0)),
        Some(other) => Err(Fault::Encoding(other.to_owned())),
    }
}

/// The encoding named by the XML declaration, in lower case.
fn declared_encoding(first: &[u8]) -> Option<String> {
    let head = &first[..first.len().min(SNIFF_BYTES)];
    let head = String::from_utf8_lossy(head);
    let declaration = head.strip_prefix("<?xml")?.split_once("?>")?.0;
    let (_, after) = declaration.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(after[1..].split_once(quote)?.0.trim().to_ascii_lowercase())
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        0x00..=0x7f | 0xa0..=0xff => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// Hands out one byte at a time, as a slow pipe might.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.len().min(1).min(into.len());
            into[..bytes].copy_from_slice(&self.0[..bytes]);
            self.0 = &self.0[bytes..];
            Ok(bytes)
        }
    }

    fn text(bytes: &[u8]) -> Result<(String, u64), Fault> {
        let mut intake = Intake::open(bytes, Limits::default())?;
        let mut out = String::new();
        loop {
            intake.start_token();
            let ready = match intake.fill_buf() {
                Ok(ready) => ready,
                Err(_) => return Err(intake.take_fault().unwrap()),
            };
            if ready.is_empty() {
                return Ok((out, intake.repaired()));
            }
            out.push_str(std::str::from_utf8(ready).unwrap());
            let bytes = ready.len();
            intake.consume(bytes);
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_plain_and_several_members_give_the_same_text() {
        assert_eq!(text(b"<log/>").unwrap().0, "<log/>");
        assert_eq!(text(&gzip(b"<log/>")).unwrap().0, "<log/>");
        let members = [gzip(b"<log>"), gzip(b"</log>")].concat();
        assert_eq!(text(&members).unwrap().0, "<log></log>");
        assert_eq!(text(b"").unwrap().0, "");
        assert_eq!(text(b"x").unwrap().0, "x");
    }

    #[test]
    fn broken_utf8_is_replaced_and_counted_wherever_blocks_end() {
        for pad in [0, 1, 2, BLOCK_BYTES - 2, BLOCK_BYTES - 1] {
            let mut bytes = vec![b'a'; SNIFF_BYTES + pad];
            bytes.extend_from_slice("é€😀".as_bytes());
            bytes.extend_from_slice(b"\xff\xc3(\xe2\x82");
            let (seen, repaired) = text(&bytes).unwrap();
            assert!(seen.ends_with("aé€😀\u{fffd}\u{fffd}(\u{fffd}"), "{pad}");
            assert_eq!(repaired, 4);
        }
    }

    #[test]
    fn a_slow_pipe_gives_the_same_text() {
        let bytes = gzip("<?xml version='1.0' encoding='utf-8'?><log a='é€'/>".as_bytes());
        let mut out = String::new();
        Intake::open(Drip(&bytes), Limits::default())
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        assert!(out.ends_with("a='é€'/>"));
    }

    #[test]
    fn declared_encodings_are_undone_or_refused() {
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><log a='caf\xe9 \x80'/>";
        assert!(text(latin).unwrap().0.ends_with("café €'/>"));
        assert_eq!(text(b"\xef\xbb\xbf<log/>").unwrap().0, "<log/>");
        assert!(matches!(text(b"\xff\xfe<\0l\0"), Err(Fault::Encoding(_))));
        assert!(matches!(text(b"<\0l\0"), Err(Fault::Encoding(_))));
        let other = b"<?xml version='1.0' encoding='Shift_JIS'?><log/>";
        assert!(matches!(text(other), Err(Fault::Encoding(name)) if name == "shift_jis"));
    }

    #[test]
    fn a_gzip_bomb_is_refused_by_its_ratio() {
        let bomb = gzip(&vec![b' '; 24 * 1024 * 1024]);
        assert!(bomb.len() < 64 * 1024);
        let Err(Fault::TooLarge { what, .. }) = text(&bomb) else {
            panic!("not refused")
        };
        assert_eq!(what, "the inflated size per stored byte");
    }

    #[test]
    fn sizes_have_absolute_limits() {
        let limits = Limits {
            inflated_bytes: 100_000,
            ..Limits::default()
        };
        let mut intake = Intake::open(&[b' '; 200_000][..], limits).unwrap();
        assert!(matches!(
            intake.drain(),
            Err(Fault::TooLarge { limit: 100_000, .. })
        ));
        let limits = Limits {
            file_bytes: 100_000,
            ..Limits::default()
        };
        let mut intake = Intake::open(&[b' '; 200_000][..], limits).unwrap();
        assert!(matches!(
            intake.drain(),
            Err(Fault::TooLarge { limit: 100_000, .. })
        ));
    }

    #[test]
    fn a_token_cannot_be_longer_than_its_limit() {
        let limits = Limits {
            token_bytes: 1000,
            ..Limits::default()
        };
        let mut intake = Intake::open(&[b'a'; 200_000][..], limits).unwrap();
        let mut seen = Vec::new();
        assert!(intake.read_to_end(&mut seen).is_err());
        assert!(seen.len() <= 2000, "{}", seen.len());
    }

    #[test]
    fn cut_and_damaged_gzip_is_named_as_such() {
        let whole = gzip(&b"<log>some text</log>".repeat(50));
        for cut in 2..whole.len() {
            assert!(matches!(text(&whole[..cut]), Err(Fault::Gzip(_))), "{cut}");
        }
        let mut damaged = whole;
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        assert!(matches!(text(&damaged), Err(Fault::Gzip(_))));
    }
}
