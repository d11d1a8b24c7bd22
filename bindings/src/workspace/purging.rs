//! Purges: which are requested, which were carried out, and carrying one out.

use casework_engine::replica::Purge;
use casework_protocol::ids::DocumentId;

use super::Workspace;
use crate::error::Error;
use crate::moment;

impl Workspace {
    /// Every purge that is requested or was carried out, by case. Nothing of what was in a purged
    /// case is left to tell.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn purges(&self) -> Result<Vec<Purge>, Error> {
        let now = moment::now()?;
        self.read(|replica| Ok(replica.purges(now.now_ms)?))
    }

    /// How the purge of one case stands; `None` when none is requested.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn purge_of(&self, case: DocumentId) -> Result<Option<Purge>, Error> {
        let now = moment::now()?;
        self.read(|replica| Ok(replica.purge_of(case, now.now_ms)?))
    }

    /// Carries out a purge that is due. It holds once the server has taken it: then the case is
    /// gone on every device, for good.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what it waits for; [`Error::Denied`] without the grant to erase.
    pub fn purge(&self, case: DocumentId) -> Result<(), Error> {
        let now = moment::now()?;
        self.write_to([case], |replica| Ok(replica.purge(case, &now)?))
    }
}
