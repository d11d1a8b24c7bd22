//! Leaving: this device's copy of a workspace is taken away for good.

use std::fs;
use std::io;
use std::path::Path;

use super::{Workspace, joining};
use crate::error::Error;
use crate::key::KeyFile;
use crate::tls::Trust;

impl Workspace {
    /// Takes everything of the workspace out of its folder: the replica, a key that lies there, what
    /// vouches for the server. What was synced stays on the server and with the others; on the roster
    /// this device stays until somebody revokes it. Ends what is under way; nothing can be done here
    /// afterwards. A key in the app's own store is the app's to delete.
    ///
    /// # Errors
    /// [`Error::Invalid`] while something was not sent or lies in the drawer, unless that may be lost;
    /// [`Error::Unavailable`] when a file cannot be deleted: the same again goes on.
    pub fn erase(&self, even_unsent: bool) -> Result<(), Error> {
        let folder = self.folder().to_owned();
        self.read(|replica| {
            // What is held lies on the server; what else is in the drawer lies nowhere else.
            let drawn = replica.drawer()?.iter().filter(|one| !one.held).count();
            let only_here = replica.unsent()? + drawn;
            if only_here > 0 && !even_unsent {
                return Err(Error::Invalid(format!(
                    "{only_here} things done here were not sent, or lie in the drawer, and would be \
                     lost; sync first, look into the drawer, or say that they may go"
                )));
            }
            // The lock is held: nothing is written beside this.
            joining::clear(&folder);
            remove(&folder.join(KeyFile::NAME))?;
            Trust::in_folder(&folder).forget()
        })?;
        self.end();
        if Self::is_in(&folder) {
            return Err(Error::Unavailable(format!(
                "the replica in {} cannot be deleted; try again",
                folder.display()
            )));
        }
        Ok(())
    }
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
