//! A backup as one stream of bytes: through a pipe, with no room taken on the server's disk.
//!
//! ```text
//! casework-backup/1⏎ · layout · file… · row… · manifest · end (SHA-256 of everything before)
//! ```
//! Invariant: nothing is put in place before the whole stream came and its checksum holds.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use super::backup::{BackupError, Kept, Manifest, VERSION};
use super::data::{CERTIFICATE_KEY_FILE, DataFolder, KEY_FILE, LINE_FILE};
use super::now_ms;
use crate::log::redb::RedbLog;
use crate::log::redb::dump::Loading;

const MAGIC: &[u8] = b"casework-backup/1\n";
const FILE: u8 = 1;
const ROW: u8 = 2;
const MANIFEST: u8 = 3;
const END: u8 = 4;
const FAILED: u8 = 5;
/// Longest small file or manifest: some 100,000 workspaces.
const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
/// Longest key or value of a row: a run, or a piece of a bundle, with room.
const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;

/// Writes everything that is in the folder and its open log now.
///
/// # Errors
/// [`BackupError`]; the stream has no valid end then, so that nobody takes it for whole.
pub fn write(
    folder: &DataFolder,
    log: &RedbLog,
    to: &mut dyn Write,
    step: &mut dyn FnMut(u64),
) -> Result<Manifest, BackupError> {
    let mut out = Hashed::new(to);
    let written = fill(folder, log, &mut out, step);
    if let Err(error) = &written {
        // Whoever reads it may be gone.
        let _ = out
            .text(FAILED, &error.to_string())
            .and_then(|()| out.to.flush());
    }
    written
}

fn fill(
    folder: &DataFolder,
    log: &RedbLog,
    out: &mut Hashed<&mut dyn Write>,
    step: &mut dyn FnMut(u64),
) -> Result<Manifest, BackupError> {
    let server = folder.identity()?.server();
    out.write_all(MAGIC).map_err(pipe)?;
    out.write_all(&RedbLog::DUMPED_LAYOUT.to_be_bytes())
        .map_err(pipe)?;
    for name in [KEY_FILE, LINE_FILE, CERTIFICATE_KEY_FILE] {
        if let Some(text) = folder.read(name)? {
            out.text(FILE, name).map_err(pipe)?;
            out.bytes(text.as_bytes()).map_err(pipe)?;
        }
    }
    let mut rows = 0;
    let dumped = log.dump(&mut |table, key, value| {
        out.write_all(&[ROW, table])?;
        out.bytes(key)?;
        out.bytes(value)?;
        rows += 1;
        if rows % 1_000 == 0 {
            step(rows);
        }
        Ok(())
    })?;
    let kept = dumped.workspaces.into_iter();
    let manifest = Manifest {
        version: VERSION,
        made_ms: now_ms(),
        server,
        rows: dumped.rows,
        workspaces: kept
            .map(|(workspace, entries)| Kept { workspace, entries })
            .collect(),
    };
    let text = serde_json::to_string(&manifest).unwrap_or_default();
    out.text(MANIFEST, &text).map_err(pipe)?;
    out.end().map_err(pipe)?;
    Ok(manifest)
}

/// What a stream brings.
pub(super) enum Section {
    /// A small file: name and content.
    File(String, Vec<u8>),
    /// A row: table, key and value.
    Row(u8, Vec<u8>, Vec<u8>),
}

/// Reads a stream to its end; `take` gets what it brings, of which nothing is proved before this
/// returns.
///
/// # Errors
/// [`BackupError::Stream`] for a stream that was cut or altered; whatever `take` says.
pub(super) fn read(
    from: &mut dyn Read,
    take: &mut dyn FnMut(Section) -> Result<(), BackupError>,
) -> Result<Manifest, BackupError> {
    let mut input = Hashing {
        from,
        hash: Sha256::new(),
    };
    if input.bytes(MAGIC.len())? != MAGIC {
        return Err(broken("it is no backup of casework-server"));
    }
    if input.bytes(8)? != RedbLog::DUMPED_LAYOUT.to_be_bytes() {
        return Err(broken(
            "its log has a layout that this version does not know",
        ));
    }
    let (mut manifest, mut rows) = (None, 0);
    loop {
        match input.bytes(1)?[0] {
            FILE if manifest.is_none() => {
                let name = input.text(MAX_TEXT_BYTES)?;
                take(Section::File(name, input.sized(MAX_TEXT_BYTES)?))?;
            }
            ROW if manifest.is_none() => {
                rows += 1;
                let table = input.bytes(1)?[0];
                let key = input.sized(MAX_ROW_BYTES)?;
                take(Section::Row(table, key, input.sized(MAX_ROW_BYTES)?))?;
            }
            MANIFEST if manifest.is_none() => {
                let found = serde_json::from_str::<Manifest>(&input.text(MAX_TEXT_BYTES)?);
                manifest = Some(found.map_err(|error| broken(&error.to_string()))?);
            }
            END => {
                let manifest = manifest.ok_or_else(|| broken("it has no manifest"))?;
                return input.end(manifest, rows);
            }
            FAILED => return Err(broken(&input.text(MAX_TEXT_BYTES)?)),
            other => return Err(broken(&format!("it has a section {other}"))),
        }
    }
}

/// Hands a stream on and proves it on the way.
///
/// # Errors
/// [`BackupError::Stream`] when it is not whole: what was handed on is no backup then.
pub fn pass_on(from: &mut dyn Read, to: &mut dyn Write) -> Result<Manifest, BackupError> {
    let mut tee = Tee { from, to };
    let manifest = read(&mut tee, &mut |_| Ok(()))?;
    tee.to.flush().map_err(pipe)?;
    Ok(manifest)
}

/// Puts what a stream brings into a folder that nobody uses yet.
///
/// # Errors
/// [`BackupError`]; the folder is of no use then.
pub(super) fn unpack(from: &mut dyn Read, into: &DataFolder) -> Result<Manifest, BackupError> {
    let mut loading = Loading::begin(&into.log_file())?;
    let manifest = read(from, &mut |section| match section {
        Section::File(name, bytes) => {
            if ![KEY_FILE, LINE_FILE, CERTIFICATE_KEY_FILE].contains(&name.as_str()) {
                return Err(broken(&format!("it brings a file {name:?}")));
            }
            Ok(into.put(&name, &bytes)?)
        }
        Section::Row(table, key, value) => Ok(loading.put(table, key, value)?),
    })?;
    loading.finish()?;
    Ok(manifest)
}

/// Counts everything written into the checksum.
struct Hashed<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn new(to: W) -> Self {
        let hash = Sha256::new();
        Self { to, hash }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.to.write_all(bytes)
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        self.write_all(&length.to_be_bytes())?;
        self.write_all(bytes)
    }

    fn text(&mut self, kind: u8, text: &str) -> io::Result<()> {
        self.write_all(&[kind])?;
        self.bytes(text.as_bytes())
    }

    fn end(&mut self) -> io::Result<()> {
        self.write_all(&[END])?;
        let sum = self.hash.finalize_reset();
        self.to.write_all(&sum)?;
        self.to.flush()
    }
}

/// Counts everything read into the checksum.
struct Hashing<'a> {
    from: &'a mut dyn Read,
    hash: Sha256,
}

impl Hashing<'_> {
    /// So many bytes; memory follows those that come.
    fn bytes(&mut self, count: usize) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        let read = (&mut *self.from).take(count as u64).read_to_end(&mut bytes);
        if read.map_err(pipe)? < count {
            return Err(broken("it was cut"));
        }
        self.hash.update(&bytes);
        Ok(bytes)
    }

    fn sized(&mut self, most: usize) -> Result<Vec<u8>, BackupError> {
        let mut length = [0; 4];
        length.copy_from_slice(&self.bytes(4)?);
        let length = u32::from_be_bytes(length) as usize;
        if length > most {
            return Err(broken("it names a length that nothing in it has"));
        }
        self.bytes(length)
    }

    fn text(&mut self, most: usize) -> Result<String, BackupError> {
        let bytes = self.sized(most)?;
        String::from_utf8(bytes).map_err(|error| broken(&error.to_string()))
    }

    fn end(mut self, manifest: Manifest, rows: u64) -> Result<Manifest, BackupError> {
        let hash = self.hash.clone();
        let wanted = self.bytes(32)?;
        if wanted != hash.finalize().as_slice() || manifest.rows != rows {
            return Err(broken(
                "its checksum does not hold: it was altered on the way",
            ));
        }
        if manifest.version != VERSION {
            let found = manifest.version;
            return Err(broken(&format!(
                "its version is {found} and this program reads {VERSION}"
            )));
        }
        let mut more = [0];
        match self.from.read(&mut more).map_err(pipe)? {
            0 => Ok(manifest),
            _ => Err(broken("something comes after its end")),
        }
    }
}

/// Writes on whatever is read.
struct Tee<'a> {
    from: &'a mut dyn Read,
    to: &'a mut dyn Write,
}

impl Read for Tee<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(bytes)?;
        self.to.write_all(&bytes[..read])?;
        Ok(read)
    }
}

fn broken(problem: &str) -> BackupError {
    BackupError::Stream(problem.to_owned())
}

fn pipe(error: io::Error) -> BackupError {
    BackupError::Pipe(error)
}
