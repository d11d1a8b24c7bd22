//! Takes chunks of the document format apart and puts them together again, with a fitting length
//! and checksum: what a hostile author can do and plain bit flips cannot.
//!
//! Written from the format, not from the gate's reader, so that a mistake there is not repeated
//! here. Judges nothing.

pub mod mutate;

use casework_protocol::digest::sha256;

/// The first four bytes of every chunk.
pub const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// Type byte of a saved document.
pub const DOCUMENT: u8 = 0;
/// Type byte of a change.
pub const CHANGE: u8 = 1;

/// Columns with their specifications.
pub type Columns = Vec<(u64, Vec<u8>)>;

/// A change in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeParts {
    /// Hashes it depends on, 32 bytes each.
    pub deps: Vec<Vec<u8>>,
    /// Its actor.
    pub actor: Vec<u8>,
    /// Sequence number, first operation.
    pub numbers: [u64; 2],
    /// Claimed time, as its signed LEB128 bits.
    pub time: i64,
    /// Commit message.
    pub message: Vec<u8>,
    /// Other actors.
    pub others: Vec<Vec<u8>>,
    /// Operation columns.
    pub columns: Columns,
    /// What follows the columns.
    pub extra: Vec<u8>,
}

/// A saved document in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentParts {
    /// Its actors.
    pub actors: Vec<Vec<u8>>,
    /// Its heads, 32 bytes each.
    pub heads: Vec<Vec<u8>>,
    /// Columns of the changes.
    pub changes: Columns,
    /// Columns of the operations.
    pub rows: Columns,
    /// What follows the columns.
    pub suffix: Vec<u8>,
}

/// Puts a chunk around its content.
#[must_use]
pub fn seal(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut hashed = vec![kind];
    write_unsigned(&mut hashed, content.len() as u64);
    hashed.extend_from_slice(content);
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&sha256(&[&hashed])[..4]);
    bytes.extend_from_slice(&hashed);
    bytes
}

/// Gives altered bytes the checksum they would need; does nothing to fewer than nine.
pub fn reseal(bytes: &mut [u8]) {
    if bytes.len() > 8 {
        let sum = sha256(&[&bytes[8..]]);
        bytes[4..8].copy_from_slice(&sum[..4]);
    }
}

/// The content of a chunk; `None` when its head cannot be read.
#[must_use]
pub fn content(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut reader = Reader {
        bytes: bytes.get(9..)?,
    };
    let length = usize::try_from(reader.unsigned()?).ok()?;
    Some((bytes[8], reader.bytes.get(..length)?))
}

impl ChangeParts {
    /// Takes a change apart; `None` unless it can be put together again to the same bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (_, content) = content(bytes)?;
        let mut reader = Reader { bytes: content };
        let deps = reader.list(Some(32))?;
        let actor = reader.prefixed()?;
        let numbers = [reader.unsigned()?, reader.unsigned()?];
        let time = reader.signed()?;
        let message = reader.prefixed()?;
        let others = reader.list(None)?;
        let listing = reader.listing()?;
        let columns = reader.columns(listing)?;
        let extra = reader.bytes.to_vec();
        let parts = Self {
            deps,
            actor,
            numbers,
            time,
            message,
            others,
            columns,
            extra,
        };
        (parts.seal() == bytes).then_some(parts)
    }

    /// The change with a fitting length and checksum.
    #[must_use]
    pub fn seal(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_list(&mut out, &self.deps, false);
        write_prefixed(&mut out, &self.actor);
        self.numbers
            .iter()
            .for_each(|number| write_unsigned(&mut out, *number));
        write_signed(&mut out, self.time);
        write_prefixed(&mut out, &self.message);
        write_list(&mut out, &self.others, true);
        write_listing(&mut out, &self.columns);
        write_columns(&mut out, &self.columns);
        out.extend_from_slice(&self.extra);
        seal(CHANGE, &out)
    }
}

impl DocumentParts {
    /// Takes a document apart; `None` unless it can be put together again to the same bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (_, content) = content(bytes)?;
        let mut reader = Reader { bytes: content };
        let actors = reader.list(None)?;
        let heads = reader.list(Some(32))?;
        let (changes, rows) = (reader.listing()?, reader.listing()?);
        let (changes, rows) = (reader.columns(changes)?, reader.columns(rows)?);
        let suffix = reader.bytes.to_vec();
        let parts = Self {
            actors,
            heads,
            changes,
            rows,
            suffix,
        };
        (parts.seal() == bytes).then_some(parts)
    }

    /// The document with a fitting length and checksum.
    #[must_use]
    pub fn seal(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_list(&mut out, &self.actors, true);
        write_list(&mut out, &self.heads, false);
        write_listing(&mut out, &self.changes);
        write_listing(&mut out, &self.rows);
        write_columns(&mut out, &self.changes);
        write_columns(&mut out, &self.rows);
        out.extend_from_slice(&self.suffix);
        seal(DOCUMENT, &out)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(usize::try_from(length).ok()?)?;
        self.bytes = rest;
        Some(taken)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
    }

    fn signed(&mut self) -> Option<i64> {
        let (mut number, mut shift) = (0_i64, 0);
        loop {
            let byte = self.take(1)?[0];
            number |= i64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                let fill = if byte & 0x40 == 0 { 0 } else { -1_i64 };
                return Some(number | fill.checked_shl(shift).unwrap_or(0));
            }
        }
    }

    fn prefixed(&mut self) -> Option<Vec<u8>> {
        let length = self.unsigned()?;
        Some(self.take(length)?.to_vec())
    }

    fn list(&mut self, length: Option<u64>) -> Option<Vec<Vec<u8>>> {
        let count = self.unsigned()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(match length {
                Some(length) => self.take(length)?.to_vec(),
                None => self.prefixed()?,
            });
        }
        Some(entries)
    }

    fn listing(&mut self) -> Option<Vec<(u64, u64)>> {
        let count = self.unsigned()?;
        let mut listing = Vec::new();
        for _ in 0..count {
            listing.push((self.unsigned()?, self.unsigned()?));
        }
        Some(listing)
    }

    fn columns(&mut self, listing: Vec<(u64, u64)>) -> Option<Columns> {
        let column = |(spec, length)| Some((spec, self.take(length)?.to_vec()));
        listing.into_iter().map(column).collect()
    }
}

/// Writes a number in LEB128.
pub fn write_unsigned(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a signed number in LEB128.
pub fn write_signed(out: &mut Vec<u8>, mut number: i64) {
    while !(-0x40..0x40).contains(&number) {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8 & 0x7f);
}

fn write_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    write_unsigned(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn write_list(out: &mut Vec<u8>, entries: &[Vec<u8>], prefixed: bool) {
    write_unsigned(out, entries.len() as u64);
    for entry in entries {
        if prefixed {
            write_unsigned(out, entry.len() as u64);
        }
        out.extend_from_slice(entry);
    }
}

fn write_listing(out: &mut Vec<u8>, columns: &Columns) {
    write_unsigned(out, columns.len() as u64);
    for (spec, bytes) in columns {
        write_unsigned(out, *spec);
        write_unsigned(out, bytes.len() as u64);
    }
}

fn write_columns(out: &mut Vec<u8>, columns: &Columns) {
    columns
        .iter()
        .for_each(|(_, bytes)| out.extend_from_slice(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casebook;

    #[test]
    fn honest_chunks_come_apart_and_together_unchanged() {
        let book = casebook::book();
        for change in book.changes() {
            let parts = ChangeParts::of(&change.bytes).expect("an honest change comes apart");
            assert_eq!(parts.seal(), change.bytes);
        }
        for bytes in [book.save(true), book.save(false)] {
            let parts = DocumentParts::of(&bytes).expect("an honest document comes apart");
            assert_eq!(parts.seal(), bytes);
        }
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 1, -1, 63, 64, -64, -65, 8_191, 8_192, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            write_signed(&mut bytes, number);
            assert_eq!(Reader { bytes: &bytes }.signed(), Some(number));
            let mut bytes = Vec::new();
            write_unsigned(&mut bytes, number.cast_unsigned());
            assert_eq!(
                Reader { bytes: &bytes }.unsigned(),
                Some(number.cast_unsigned())
            );
        }
    }
}
