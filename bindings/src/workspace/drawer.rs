//! The drawer, held work, and the verification of everything.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use casework_engine::replica::{
    Drawn, HeldWork, Quarantined, Reach, Redone, Replica, Retried, Standing, Verification,
};
use casework_protocol::ids::{ChangeHash, DocumentId};

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

    /// Does something from the drawer again: an action as a new change that names the original,
    /// something said about people or access as a new entry. With a reason it goes through a rule
    /// that asks.
    ///
    /// # Errors
    /// As [`Workspace::act`]; it stays in the drawer then.
    pub fn redo(&self, number: u64, reason: Option<&str>) -> Result<Redone, Error> {
        let now = moment::now()?;
        let redone = self.write_people(|replica| Ok(replica.redo(number, reason, &now)?))?;
        if let Redone::Acted(acted) = &redone {
            self.write_to([acted.document], |_| Ok(()))?;
        }
        Ok(redone)
    }

    /// Throws something out of the drawer, for good.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is nothing of this number.
    pub fn discard(&self, number: u64) -> Result<(), Error> {
        let drawn = self.drawer()?.into_iter().find(|one| one.number == number);
        self.write_to(drawn.map(|one| one.document), |replica| {
            Ok(replica.discard(number)?)
        })
    }

    /// How far a change has come: here, on the server, held, refused.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a quarantined document; [`Error::Unavailable`] when the store fails.
    pub fn reach(&self, document: DocumentId, change: ChangeHash) -> Result<Reach, Error> {
        self.read(|replica| Ok(replica.reach(document, change)?))
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

    /// Everything that is set aside for good, whole documents first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, Error> {
        self.read(|replica| Ok(replica.quarantined()?))
    }

    /// Tries again to open a quarantined document and judges its changes that were set aside once
    /// more: worth it after an update of this program, or when the disk was at fault.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the document is not here.
    pub fn retry_quarantined(&self, document: DocumentId) -> Result<Retried, Error> {
        self.write_to([document], |replica| {
            Ok(replica.retry_quarantined(document)?)
        })
    }

    /// Gives up this device's copy of a quarantined document and has the server send it anew at
    /// the next sync. Unsent work goes to the drawer; answers how many things.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the document is not here, or nothing is wrong with it.
    pub fn fetch_quarantined(&self, document: DocumentId) -> Result<usize, Error> {
        self.write_to([document], |replica| {
            if replica.server()?.is_none() {
                return Err(Error::Invalid(
                    "there is no server to fetch it from: what is here is all there is".to_owned(),
                ));
            }
            Ok(replica.fetch_quarantined(document)?)
        })
        .inspect(|_| self.inner.connect_anew())
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

/// Judges histories that came from bundles, from where the last call stopped until all have been
/// looked at or the time is over. Answers whether some were not looked at in this round, and those
/// that were: what would not have been let in was taken out of them.
pub(super) fn judge_bundles(
    replica: &mut Replica,
    judged: &mut Option<DocumentId>,
    at_most: Duration,
) -> Result<(bool, BTreeSet<DocumentId>), Error> {
    let (begun, mut looked_at) = (Instant::now(), BTreeSet::new());
    while begun.elapsed() < at_most {
        *judged = replica.check_next(*judged)?.map(|(document, _)| document);
        let Some(document) = *judged else {
            return Ok((false, looked_at));
        };
        looked_at.insert(document);
    }
    Ok((true, looked_at))
}
