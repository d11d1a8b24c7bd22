//! Who else is at a case just now: open, or being written in. Known only while connected, never
//! stored, and the server's word.

use std::time::Duration;

use casework::{Activity, Hearing};

use crate::error::CaseworkError;
use crate::listing::{Person, person};
use crate::text::{read, write_all};
use crate::workspace::Workspace;

/// What somebody does at a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AtWork {
    /// Has it open.
    Open,
    /// Writes in it.
    Typing,
}

/// Somebody who is at a case.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Present {
    /// Who; oneself, on another device of one's own.
    pub who: Person,
    /// What they do there.
    pub at_work: AtWork,
}

/// Who else is at a case.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CasePresence {
    /// Each once, in the order of their ids.
    pub present: Vec<Present>,
    /// How many more devices there are.
    pub more: u32,
}

#[uniffi::export]
impl Workspace {
    /// Says that a case is open here, or is being written in, until [`Workspace::leave_case`].
    /// Writing ends by itself after five seconds: say it again with every few keystrokes. At most
    /// eight cases are open at once; the one touched longest ago closes. Nothing is said while not
    /// connected, and nothing of it is stored anywhere.
    ///
    /// # Errors
    /// `Invalid` for an id that is none; `Closed`.
    pub fn announce_case(&self, case_id: &str, at_work: AtWork) -> Result<(), CaseworkError> {
        let activity = match at_work {
            AtWork::Open => Activity::Open,
            AtWork::Typing => Activity::Typing,
        };
        self.sdk()?.announce(read(case_id)?, activity);
        Ok(())
    }

    /// Says that a case is looked at for so many seconds.
    ///
    /// # Errors
    /// As [`Workspace::announce_case`].
    pub fn glance_at_case(&self, case_id: &str, seconds: u32) -> Result<(), CaseworkError> {
        let lasting = Duration::from_secs(seconds.into());
        self.sdk()?.glance(read(case_id)?, lasting);
        Ok(())
    }

    /// Says that a case is closed here.
    ///
    /// # Errors
    /// As [`Workspace::announce_case`].
    pub fn leave_case(&self, case_id: &str) -> Result<(), CaseworkError> {
        self.sdk()?.leave(read(case_id)?);
        Ok(())
    }

    /// Whether to be told who is present, from now on: off for an app that shows nobody. It costs
    /// traffic only while somebody is there.
    ///
    /// # Errors
    /// `Closed`.
    pub fn hear_presence(&self, hear: bool) -> Result<(), CaseworkError> {
        let hearing = if hear {
            Hearing::Everybody
        } else {
            Hearing::Nobody
        };
        self.sdk()?.hear_presence(hearing);
        Ok(())
    }

    /// Who else is at a case; nobody while not connected. [`Changes::presence`](crate::Changes)
    /// names the cases where that changes.
    ///
    /// # Errors
    /// `Invalid` for an id that is none; `Closed`.
    pub fn presence_of(&self, case_id: &str) -> Result<CasePresence, CaseworkError> {
        let sdk = self.sdk()?;
        let (presence, names) = (sdk.presence_of(read(case_id)?)?, sdk.names()?);
        let present = presence.present.iter().map(|one| Present {
            who: person(one.member, &names),
            at_work: match one.activity {
                Activity::Typing => AtWork::Typing,
                // What is not known here is at least being there.
                Activity::Open | _ => AtWork::Open,
            },
        });
        Ok(CasePresence {
            present: present.collect(),
            more: presence.more,
        })
    }

    /// The ids of the cases at which somebody else is.
    ///
    /// # Errors
    /// `Closed`.
    pub fn cases_with_company(&self) -> Result<Vec<String>, CaseworkError> {
        Ok(write_all(self.sdk()?.presence()?.keys()))
    }
}
