//! The data folder: the log file and the server's key. The log file's lock keeps a second server
//! out.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use casework_protocol::keys::SecretKey;
use zeroize::Zeroizing;

use super::ServeError;
use crate::log::LogError;
use crate::log::redb::RedbLog;

const LOG_FILE: &str = "log.redb";
const KEY_FILE: &str = "server.key";
const CERTIFICATE_KEY_FILE: &str = "tls.key";
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
        let path = self.path.join(CERTIFICATE_KEY_FILE);
        match fs::read_to_string(&path) {
            Ok(pem) => Ok(Some(Zeroizing::new(pem))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io(&path, source)),
        }
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

    /// Writes the server's key.
    ///
    /// # Errors
    /// [`ServeError::Io`].
    pub(super) fn put_key(&self, key: &SecretKey) -> Result<(), ServeError> {
        self.put(KEY_FILE, encode(&key.to_seed()).as_bytes())
    }

    /// Reads the server's key, or makes one that only the owner of the process can read.
    ///
    /// # Errors
    /// [`ServeError`] when the file cannot be read or written, or holds no key.
    pub fn key(&self) -> Result<SecretKey, ServeError> {
        let path = self.path.join(KEY_FILE);
        let mut text = String::new();
        match fs::File::open(&path) {
            Ok(mut file) => {
                file.read_to_string(&mut text)
                    .map_err(|source| io(&path, source))?;
                let seed = decode(text.trim()).ok_or_else(|| ServeError::Key(path.clone()))?;
                Ok(SecretKey::from_seed(&seed))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => make(&path),
            Err(source) => Err(io(&path, source)),
        }
    }
}

fn make(path: &Path) -> Result<SecretKey, ServeError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| ServeError::Random(error.to_string()))?;
    put(path, encode(&seed).as_bytes())?;
    Ok(SecretKey::from_seed(&seed))
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
    use casework_protocol::keys::Signer as _;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it_and_the_log() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&place.path().join("new")).unwrap();
        let first = folder.key().unwrap().device();
        assert_eq!(folder.key().unwrap().device(), first);
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
        assert!(matches!(folder.key(), Err(ServeError::Key(_))));
        assert_eq!(fs::read(place.path().join(KEY_FILE)).unwrap(), b"not a key");
    }
}
