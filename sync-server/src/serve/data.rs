//! The data folder: the log file and the server's key. The log file's lock keeps a second server
//! out.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use casework_protocol::keys::SecretKey;
use casework_protocol::succession::Succession;
use zeroize::Zeroizing;

use super::ServeError;
use crate::log::LogError;
use crate::log::redb::RedbLog;
use crate::relay::Identity;

const LOG_FILE: &str = "log.redb";
pub(super) const KEY_FILE: &str = "server.key";
/// The handovers that led to the key, one a line.
pub(super) const LINE_FILE: &str = "server.line";
/// The next key, while a rotation is on its way.
const NEXT_FILE: &str = "server.next";
pub(super) const CERTIFICATE_KEY_FILE: &str = "tls.key";
const ADMIN_SOCKET: &str = "admin.sock";

/// A folder that holds one server.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// Opens the folder, or makes it, for its owner alone: the log holds what cases say. A folder
    /// that is there keeps the rights it has.
    ///
    /// # Errors
    /// [`ServeError::Io`].
    pub fn open(path: &Path) -> Result<Self, ServeError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(path).map_err(|source| io(path, source))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Opens the log; fails while another process has it.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn log(&self) -> Result<RedbLog, LogError> {
        RedbLog::open(&self.log_file())
    }

    /// The file of the log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.path.join(LOG_FILE)
    }

    /// The socket by which its owner reaches the running server.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        self.path.join(ADMIN_SOCKET)
    }

    /// The key of the self-signed certificate, in PEM, if one was made.
    ///
    /// # Errors
    /// [`ServeError::Io`].
    pub(super) fn certificate_key(&self) -> Result<Option<Zeroizing<String>>, ServeError> {
        self.read(CERTIFICATE_KEY_FILE)
    }

    /// Writes the key of the self-signed certificate.
    ///
    /// # Errors
    /// [`ServeError::Io`].
    pub(super) fn put_certificate_key(&self, pem: &str) -> Result<(), ServeError> {
        self.put(CERTIFICATE_KEY_FILE, pem.as_bytes())
    }

    /// Writes a file that only the owner of the process can read. It appears under its name only
    /// when it is whole and on disk.
    ///
    /// # Errors
    /// [`ServeError::Io`].
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), ServeError> {
        put(&self.path.join(name), bytes)
    }

    /// Reads who this server is, or makes a key that only the owner of the process can read.
    ///
    /// # Errors
    /// [`ServeError`] when a file cannot be read or written, holds no key, or a rotation of the key
    /// was begun and not ended.
    pub fn identity(&self) -> Result<Identity, ServeError> {
        if let Some(identity) = self.known_identity()? {
            return Ok(identity);
        }
        let key = draw_key()?;
        self.put(KEY_FILE, encode(&key.to_seed()).as_bytes())?;
        Ok(Identity::from(key))
    }

    /// Reads who this server is; `None` where there is no key yet.
    ///
    /// # Errors
    /// As [`DataFolder::identity`].
    pub fn known_identity(&self) -> Result<Option<Identity>, ServeError> {
        if self.path.join(NEXT_FILE).exists() {
            return Err(ServeError::Rotating(self.path.clone()));
        }
        self.present_identity()
    }

    /// The same, also while a rotation is on its way.
    pub(super) fn present_identity(&self) -> Result<Option<Identity>, ServeError> {
        let path = self.path.join(KEY_FILE);
        let Some(text) = self.read(KEY_FILE)? else {
            return Ok(None);
        };
        let seed = decode(text.trim()).ok_or(ServeError::Key(path))?;
        let line = self.read(LINE_FILE)?;
        let line = read_line(line.as_ref().map_or("", |text| text.as_str()));
        let line = line.ok_or_else(|| ServeError::Key(self.path.join(LINE_FILE)))?;
        Ok(Some(Identity::new(SecretKey::from_seed(&seed), line)))
    }

    /// Writes who this server is: the line first, which says nothing without the key that it ends in.
    ///
    /// # Errors
    /// [`ServeError::Io`].
    pub(super) fn put_identity(&self, identity: &Identity) -> Result<(), ServeError> {
        if !identity.line().is_empty() {
            self.put(LINE_FILE, write_line(identity.line()).as_bytes())?;
        }
        self.put(KEY_FILE, encode(&identity.key().to_seed()).as_bytes())
    }

    /// The key that is to take over, drawn and kept before anything is signed by it.
    pub(super) fn next_key(&self) -> Result<SecretKey, ServeError> {
        let path = self.path.join(NEXT_FILE);
        if let Some(text) = self.read(NEXT_FILE)? {
            let seed = decode(text.trim()).ok_or(ServeError::Key(path))?;
            return Ok(SecretKey::from_seed(&seed));
        }
        let key = draw_key()?;
        self.put(NEXT_FILE, encode(&key.to_seed()).as_bytes())?;
        Ok(key)
    }

    /// The rotation is over.
    pub(super) fn forget_next_key(&self) -> Result<(), ServeError> {
        let path = self.path.join(NEXT_FILE);
        fs::remove_file(&path).map_err(|source| io(&path, source))
    }

    /// What a small file of the folder says.
    pub(super) fn read(&self, name: &str) -> Result<Option<Zeroizing<String>>, ServeError> {
        let (path, mut text) = (self.path.join(name), Zeroizing::new(String::new()));
        let read = fs::File::open(&path).and_then(|mut file| file.read_to_string(&mut text));
        match read {
            Ok(_) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io(&path, source)),
        }
    }
}

fn draw_key() -> Result<SecretKey, ServeError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| ServeError::Random(error.to_string()))?;
    Ok(SecretKey::from_seed(&seed))
}

/// One handover a line, in hexadecimal digits.
fn write_line(line: &[Succession]) -> String {
    let mut text = String::new();
    for word in line {
        let bytes = minicbor::to_vec(word).expect("memory takes every byte");
        text.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
        text.push('\n');
    }
    text
}

fn read_line(text: &str) -> Option<Vec<Succession>> {
    let word = |line: &str| {
        let (digits, rest) = line.as_bytes().as_chunks::<2>();
        let digit = |pair: &[u8; 2]| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        };
        let bytes: Option<Vec<u8>> = digits.iter().map(digit).collect();
        minicbor::decode(&bytes.filter(|_| rest.is_empty())?).ok()
    };
    text.lines().map(word).collect()
}

fn encode(seed: &[u8; 32]) -> String {
    seed.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), ServeError> {
    let part = path.with_extension("part");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let write = || {
        let mut file = options.open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(|source| io(path, source))
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes().as_chunks::<2>();
    if digits.0.len() != 32 || !digits.1.is_empty() {
        return None;
    }
    let mut seed = [0; 32];
    for (byte, pair) in seed.iter_mut().zip(digits.0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(seed)
}

fn io(path: &Path, source: std::io::Error) -> ServeError {
    ServeError::Io {
        what: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it_and_the_log() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&place.path().join("new")).unwrap();
        let first = folder.identity().unwrap().server();
        assert_eq!(folder.identity().unwrap().server(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(place.path().join("new").join(KEY_FILE)), 0o600);
            assert_eq!(mode(place.path().join("new")), 0o700);
        }
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(place.path()).unwrap();
        fs::write(place.path().join(KEY_FILE), "not a key").unwrap();
        assert!(matches!(folder.identity(), Err(ServeError::Key(_))));
        assert_eq!(fs::read(place.path().join(KEY_FILE)).unwrap(), b"not a key");
    }

    #[test]
    fn a_key_and_the_line_to_it_come_back_as_they_were_written() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(place.path()).unwrap();
        let key = |n| SecretKey::from_seed(&[n; 32]);
        let third = Identity::from(key(1))
            .hand_over(key(2), 7)
            .hand_over(key(3), 8);
        folder.put_identity(&third).unwrap();
        let read = folder.identity().unwrap();
        assert_eq!((read.server(), read.line()), (third.server(), third.line()));
        fs::write(place.path().join(LINE_FILE), "8g\n").unwrap();
        assert!(matches!(folder.identity(), Err(ServeError::Key(_))));
    }
}
