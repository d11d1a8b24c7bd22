//! Takes honest chunks apart so that tests can put them together wrongly. Test support only.

pub(super) mod honest;

use crate::digest::sha256;

use super::chunk::MAGIC;
use super::leb::Reader;

pub(super) fn write_unsigned(out: &mut Vec<u8>, mut n: u64) {
    loop {
        let byte = (n & 0x7f) as u8;
        n >>= 7;
        out.push(if n == 0 { byte } else { byte | 0x80 });
        if n == 0 {
            return;
        }
    }
}

pub(super) fn write_signed(out: &mut Vec<u8>, mut n: i64) {
    loop {
        let byte = (n & 0x7f) as u8;
        n >>= 7;
        let last = (n == 0 && byte & 0x40 == 0) || (n == -1 && byte & 0x40 != 0);
        out.push(if last { byte } else { byte | 0x80 });
        if last {
            return;
        }
    }
}

/// Spells columns the way the library does, by another road than the reader.
pub(super) struct Column;

impl Column {
    pub(super) fn of(values: &[Option<u64>]) -> Vec<u8> {
        Self::spell(values, |out, n| write_unsigned(out, *n))
    }

    pub(super) fn deltas(values: &[Option<i64>]) -> Vec<u8> {
        let mut running = 0;
        let deltas: Vec<_> = values
            .iter()
            .map(|value| value.map(|value| value - core::mem::replace(&mut running, value)))
            .collect();
        Self::spell(&deltas, |out, n| write_signed(out, *n))
    }

    pub(super) fn texts(values: &[Option<&str>]) -> Vec<u8> {
        Self::spell(values, |out, text| {
            write_unsigned(out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        })
    }

    pub(super) fn booleans(values: &[bool]) -> Vec<u8> {
        let mut out = Vec::new();
        if values.first() == Some(&true) {
            out.push(0);
        }
        for run in values.chunk_by(|a, b| a == b) {
            write_unsigned(&mut out, run.len() as u64);
        }
        out
    }

    /// A repeat of one number, however absurd its count.
    pub(super) fn repeat(count: i64, value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write_signed(&mut out, count);
        write_unsigned(&mut out, value);
        out
    }

    fn spell<T: PartialEq>(values: &[Option<T>], write: impl Fn(&mut Vec<u8>, &T)) -> Vec<u8> {
        let mut out = Vec::new();
        let mut literals: Vec<&T> = Vec::new();
        let flush = |out: &mut Vec<u8>, literals: &mut Vec<&T>| {
            if !literals.is_empty() {
                write_signed(out, -(literals.len() as i64));
                literals.drain(..).for_each(|value| write(out, value));
            }
        };
        let runs: Vec<&[Option<T>]> = values.chunk_by(|a, b| a == b).collect();
        for run in runs {
            match (&run[0], run.len()) {
                (Some(value), 1) => literals.push(value),
                (Some(value), count) => {
                    flush(&mut out, &mut literals);
                    write_signed(&mut out, count as i64);
                    write(&mut out, value);
                }
                (None, count) => {
                    flush(&mut out, &mut literals);
                    write_signed(&mut out, 0);
                    write_unsigned(&mut out, count as u64);
                }
            }
        }
        flush(&mut out, &mut literals);
        out
    }
}

pub(super) fn seal(chunk_type: u8, content: &[u8]) -> Vec<u8> {
    let mut hashed = vec![chunk_type];
    write_unsigned(&mut hashed, content.len() as u64);
    hashed.extend_from_slice(content);
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&sha256(&[&hashed])[..4]);
    bytes.extend_from_slice(&hashed);
    bytes
}

/// Gives altered bytes the checksum they would need.
pub(super) fn reseal(bytes: &mut [u8]) {
    if bytes.len() > 8 {
        let sum = sha256(&[&bytes[8..]]);
        bytes[4..8].copy_from_slice(&sum[..4]);
    }
}

pub(super) type Columns = Vec<(u32, Vec<u8>)>;

pub(super) fn set_column(columns: &mut Columns, spec: u32, bytes: Vec<u8>) {
    columns.retain(|(known, _)| *known != spec);
    let place = columns
        .iter()
        .position(|(known, _)| *known > spec)
        .unwrap_or(columns.len());
    if !bytes.is_empty() {
        columns.insert(place, (spec, bytes));
    }
}

fn write_listing(out: &mut Vec<u8>, columns: &Columns) {
    write_unsigned(out, columns.len() as u64);
    for (spec, bytes) in columns {
        write_unsigned(out, u64::from(*spec));
        write_unsigned(out, bytes.len() as u64);
    }
}

fn read_listing(reader: &mut Reader<'_>) -> Vec<(u32, u64)> {
    let count = reader.unsigned("columns").unwrap();
    (0..count)
        .map(|_| {
            (
                reader.unsigned("spec").unwrap() as u32,
                reader.unsigned("length").unwrap(),
            )
        })
        .collect()
}

fn read_columns(reader: &mut Reader<'_>, listing: Vec<(u32, u64)>) -> Columns {
    listing
        .into_iter()
        .map(|(spec, length)| (spec, reader.take("column", length).unwrap().to_vec()))
        .collect()
}

fn read_list(reader: &mut Reader<'_>, length: Option<u64>) -> Vec<Vec<u8>> {
    let count = reader.unsigned("list").unwrap();
    (0..count)
        .map(|_| {
            let length = length.unwrap_or_else(|| reader.unsigned("length").unwrap());
            reader.take("entry", length).unwrap().to_vec()
        })
        .collect()
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

/// A change in parts.
#[derive(Debug, Clone)]
pub(super) struct ForgedChange {
    pub(super) deps: Vec<Vec<u8>>,
    pub(super) actor: Vec<u8>,
    pub(super) seq: u64,
    pub(super) start_op: u64,
    pub(super) time: i64,
    pub(super) message: Vec<u8>,
    pub(super) others: Vec<Vec<u8>>,
    pub(super) columns: Columns,
    pub(super) extra: Vec<u8>,
}

impl ForgedChange {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(&bytes[9..]);
        reader.unsigned("length").unwrap();
        let deps = read_list(&mut reader, Some(32));
        let length = reader.unsigned("actor").unwrap();
        let actor = reader.take("actor", length).unwrap().to_vec();
        let seq = reader.unsigned("seq").unwrap();
        let start_op = reader.unsigned("start").unwrap();
        let time = reader.signed("time").unwrap();
        let length = reader.unsigned("message").unwrap();
        let message = reader.take("message", length).unwrap().to_vec();
        let others = read_list(&mut reader, None);
        let listing = read_listing(&mut reader);
        let columns = read_columns(&mut reader, listing);
        let extra = reader.rest().to_vec();
        Self {
            deps,
            actor,
            seq,
            start_op,
            time,
            message,
            others,
            columns,
            extra,
        }
    }

    pub(super) fn set(&mut self, spec: u32, bytes: Vec<u8>) -> &mut Self {
        set_column(&mut self.columns, spec, bytes);
        self
    }

    pub(super) fn seal(&self) -> Vec<u8> {
        let mut content = Vec::new();
        write_list(&mut content, &self.deps, false);
        write_unsigned(&mut content, self.actor.len() as u64);
        content.extend_from_slice(&self.actor);
        write_unsigned(&mut content, self.seq);
        write_unsigned(&mut content, self.start_op);
        write_signed(&mut content, self.time);
        write_unsigned(&mut content, self.message.len() as u64);
        content.extend_from_slice(&self.message);
        write_list(&mut content, &self.others, true);
        write_listing(&mut content, &self.columns);
        self.columns
            .iter()
            .for_each(|(_, bytes)| content.extend_from_slice(bytes));
        content.extend_from_slice(&self.extra);
        seal(1, &content)
    }
}

/// A saved document in parts.
#[derive(Debug, Clone)]
pub(super) struct ForgedDocument {
    pub(super) actors: Vec<Vec<u8>>,
    pub(super) heads: Vec<Vec<u8>>,
    pub(super) changes: Columns,
    pub(super) rows: Columns,
    pub(super) suffix: Vec<u8>,
}

impl ForgedDocument {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(&bytes[9..]);
        reader.unsigned("length").unwrap();
        let actors = read_list(&mut reader, None);
        let heads = read_list(&mut reader, Some(32));
        let changes = read_listing(&mut reader);
        let rows = read_listing(&mut reader);
        let changes = read_columns(&mut reader, changes);
        let rows = read_columns(&mut reader, rows);
        Self {
            actors,
            heads,
            changes,
            rows,
            suffix: reader.rest().to_vec(),
        }
    }

    pub(super) fn seal(&self) -> Vec<u8> {
        let mut content = Vec::new();
        write_list(&mut content, &self.actors, true);
        write_list(&mut content, &self.heads, false);
        write_listing(&mut content, &self.changes);
        write_listing(&mut content, &self.rows);
        for (_, bytes) in self.changes.iter().chain(&self.rows) {
            content.extend_from_slice(bytes);
        }
        content.extend_from_slice(&self.suffix);
        seal(0, &content)
    }
}
