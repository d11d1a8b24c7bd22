//! The drawer, held work, and the verification of everything.

use std::time::{Duration, Instant};

use casework_engine::replica::{Acted, Drawn, HeldWork, Replica, Standing, Verification};
use casework_protocol::ids::DocumentId;

use super::Workspace;
use crate::error::Error;
use crate::moment;

impl Workspace {
    /// Own work that could not stand, oldest first: readable, to be done again or thrown away.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn drawer(&self) -> Result<Vec<Drawn>, Error> {
        self.read(|replica| Ok(replica.drawer()?))
    }

    /// Does something from the drawer again, as a new change that names the original.
    ///
    /// # Errors
    /// As [`Workspace::act`]; it stays in the drawer then.
    pub fn redo(&self, number: u64) -> Result<Acted, Error> {
        let now = moment::now()?;
        let acted = self.write(|replica| Ok(replica.redo(number, &now)?))?;
        self.write_to([acted.document], |_| Ok(()))?;
        Ok(acted)
    }

    /// Throws something out of the drawer, for good.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is nothing of this number.
    pub fn discard(&self, number: u64) -> Result<(), Error> {
        self.read(|replica| Ok(replica.discard(number)?))
    }

    /// Everything that waits for an adoption, in log order. Its content is here only for its
    /// author and for members who may adopt.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn held(&self) -> Result<Vec<HeldWork>, Error> {
        self.read(|replica| Ok(replica.held()?))
    }

    /// Adopts the held work of one case. Answers how many changes, and whether it holds already.
    ///
    /// # Errors
    /// [`Error::Denied`] without `adopt`; [`Error::Invalid`] when nothing is held.
    pub fn adopt(&self, case: DocumentId, reason: &str) -> Result<(usize, Standing), Error> {
        let now = moment::now()?;
        self.write_to([case], |replica| {
            if !replica
                .held()?
                .iter()
                .any(|held| held.document == case && held.what.is_some())
            {
                return Err(Error::Invalid(
                    "there is no held work here to adopt".to_owned(),
                ));
            }
            Ok(replica.adopt(case, reason, &now)?)
        })
    }

    /// Checks every signature, chain and right of the whole replica again, from the bytes on the
    /// disk. `progress` hears how many documents of how many are done. What does not hold is in
    /// the answer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn verify(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<Verification, Error> {
        self.read(|replica| Ok(replica.verify(progress)?))
    }
}

/// Judges histories that came from bundles until all are judged, one does not hold, or the time is
/// over. Answers whether something is left that can be judged.
pub(super) fn judge_bundles(replica: &mut Replica, at_most: Duration) -> Result<bool, Error> {
    let begun = Instant::now();
    while begun.elapsed() < at_most {
        match replica.check_next()? {
            None => return Ok(false),
            Some(found) if !found.holds() => return Ok(false),
            Some(_) => {}
        }
    }
    Ok(true)
}
