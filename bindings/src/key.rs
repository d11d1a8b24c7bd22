//! Where a device's secret key lives: a file by default, the app's own store if it has a better one.
//!
//! The key is made once, on the device, and never leaves it. Losing it means joining again as
//! another device; nothing that was synced is lost.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use casework_protocol::keys::{SecretKey, Signer};
use data_encoding::HEXLOWER_PERMISSIVE;

use crate::error::Error;
use crate::moment::dice;

/// Keeps a device's secret key, for instance in a Keychain or Keystore.
pub trait KeyStore: Send + Sync {
    /// The key of a new device: made and stored if there is none yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be stored; then no device exists.
    fn obtain(&self) -> Result<Arc<dyn Signer>, Error>;

    /// The key that was stored before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store is locked, [`Error::Corrupt`] when the key is not
    /// there or damaged.
    fn recall(&self) -> Result<Arc<dyn Signer>, Error>;
}

/// A key in a file with mode 0600: 64 hexadecimal digits and a line feed.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The file's name in a workspace's folder.
    pub const NAME: &'static str = "device.key";

    /// The key file in a workspace's folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(Self::NAME),
        }
    }

    fn make(&self) -> Result<SecretKey, Error> {
        let seed = dice::<32>()?;
        let text = format!("{}\n", data_encoding::HEXLOWER.encode(&seed));
        write_private(&self.path, text.as_bytes())?;
        Ok(SecretKey::from_seed(&seed))
    }

    fn read(&self) -> Result<SecretKey, Error> {
        let text = fs::read_to_string(&self.path).map_err(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                return Error::file(&self.path, &error);
            }
            Error::Corrupt(format!(
                "the device's key {} is missing; restore it, or join again as a new device, in \
                 another folder",
                self.path.display()
            ))
        })?;
        let bytes = HEXLOWER_PERMISSIVE
            .decode(text.trim().as_bytes())
            .unwrap_or_default();
        let seed: [u8; 32] = bytes.as_slice().try_into().map_err(|_| {
            Error::Corrupt(format!(
                "{} is not a device key: it must hold 64 hexadecimal digits",
                self.path.display()
            ))
        })?;
        Ok(SecretKey::from_seed(&seed))
    }
}

impl KeyStore for KeyFile {
    fn obtain(&self) -> Result<Arc<dyn Signer>, Error> {
        let key = if self.path.exists() {
            self.read()?
        } else {
            self.make()?
        };
        Ok(Arc::new(key))
    }

    fn recall(&self) -> Result<Arc<dyn Signer>, Error> {
        Ok(Arc::new(self.read()?))
    }
}

/// A key for a new device, for key stores that keep its 32 secret bytes themselves.
///
/// # Errors
/// [`Error::Unavailable`] when the operating system gives no random bytes.
pub fn fresh_key() -> Result<SecretKey, Error> {
    Ok(SecretKey::from_seed(&dice::<32>()?))
}

/// Writes a file that only its owner may read, all of it or nothing: first beside it, then renamed.
/// When it returns the name is on the disk, too: a file system may keep later writes of other files
/// and not the renaming.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = path.with_extension("new");
    write_beside(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| sync_folder_of(path))
        .map_err(|error| Error::file(path, &error))
}

#[cfg(unix)]
fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Elsewhere folders are not opened.
#[cfg(not(unix))]
fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn write_beside(beside: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path());
        assert!(matches!(file.recall(), Err(Error::Corrupt(_))));
        let made = file.obtain().unwrap().device();
        assert_eq!(file.obtain().unwrap().device(), made);
        assert_eq!(file.recall().unwrap().device(), made);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path());
        file.obtain().unwrap();
        let mode = fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_named_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path());
        fs::write(&file.path, "abc").unwrap();
        assert!(matches!(file.obtain(), Err(Error::Corrupt(_))));
        assert_eq!(fs::read_to_string(&file.path).unwrap(), "abc");
    }
}
