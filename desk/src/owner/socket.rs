//! Where the socket of a folder is, and how it is bound so that nobody else can ever connect.
//!
//! A socket's path may have 107 bytes. On Linux a longer one is reached through the opened folder
//! (`/proc/self/fd`), so any folder works.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The socket's name in the folder.
const NAME: &str = "owner.sock";
/// Where it is bound before its mode is set.
const UNBORN: &str = "owner.sock.new";
/// Longest path of a socket, in bytes.
const MAX_PATH_BYTES: usize = 107;

/// Binds the socket of a folder with mode 0600. Only the process that has the replica open may
/// call this: a socket that is there already is a dead one, and is replaced.
pub(super) fn bind(folder: &Path) -> io::Result<UnixListener> {
    let _ = fs::remove_file(folder.join(UNBORN));
    let near = Near::of(folder, UNBORN)?;
    let listener = UnixListener::bind(near.path())?;
    // Nobody knows the other name yet, so nobody can connect before the mode is set.
    fs::set_permissions(folder.join(UNBORN), Permissions::from_mode(0o600))?;
    fs::rename(folder.join(UNBORN), folder.join(NAME))?;
    Ok(listener)
}

/// Connects to the owner of a folder.
pub(super) fn connect(folder: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(Near::of(folder, NAME)?.path())
}

/// Takes the socket away when its owner ends.
pub(super) fn unbind(folder: &Path) {
    // A socket that stays is replaced by the next owner.
    let _ = fs::remove_file(folder.join(NAME));
}

/// A path that is short enough for a socket, and the folder it may go through.
struct Near {
    path: PathBuf,
    _folder: Option<File>,
}

impl Near {
    fn of(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        if path.as_os_str().len() <= MAX_PATH_BYTES {
            return Ok(Self {
                path,
                _folder: None,
            });
        }
        let opened = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", opened.as_raw_fd()));
        Ok(Self {
            path,
            _folder: Some(opened),
        })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let _listener = bind(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join(NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(connect(folder.path()).is_ok());
    }

    #[test]
    fn a_dead_socket_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        drop(bind(folder.path()).unwrap());
        assert!(connect(folder.path()).is_err(), "nobody answers");
        let _listener = bind(folder.path()).unwrap();
        assert!(connect(folder.path()).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_deep_folder_has_a_socket_too() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("x".repeat(120));
        fs::create_dir(&deep).unwrap();
        let _listener = bind(&deep).unwrap();
        assert!(connect(&deep).is_ok());
    }
}
