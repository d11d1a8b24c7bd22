//! Who is on a case: viewers, restriction, legal hold.

use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::ids::DocumentId;

use super::Workspace;
use crate::error::Error;
use crate::moment;

/// A change of who is on a case. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessChange {
    /// Members, teams and roles to put on the case.
    pub add: Vec<Principal>,
    /// Those to take off.
    pub remove: Vec<Principal>,
    /// `true` hides the case from everybody who is not on it, `false` lifts that.
    pub restricted: Option<bool>,
    /// Sets or lifts a legal hold.
    pub legal_hold: Option<bool>,
}

impl Workspace {
    /// Changes who is on a case. It waits for the server and holds from then on: whoever does not
    /// see the case any more loses it with the next sync, unsent work rescued.
    ///
    /// # Errors
    /// [`Error::Denied`] without `assign` or `restrict`; [`Error::Invalid`] when it changes nothing
    /// or the case is not here.
    pub fn change_access(&self, case: DocumentId, change: AccessChange) -> Result<(), Error> {
        let AccessChange {
            add,
            remove,
            restricted,
            legal_hold,
        } = change;
        let now = moment::now()?;
        let body = AccessBody::Change {
            add,
            remove,
            restricted,
            legal_hold,
        };
        self.write_to([case], |replica| {
            Ok(replica.change_access(case, body, &now)?)
        })
    }
}
