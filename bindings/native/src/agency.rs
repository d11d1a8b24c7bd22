//! What waits for an answer of this member.

use crate::error::CaseworkError;
use crate::listing::{Person, person};
use crate::workspace::Workspace;

/// Something that waits for an answer of this member.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Wanted {
    /// The case.
    pub case_id: String,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// What.
    pub what: WantedKind,
    /// Its id: what the action that answers takes.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Who asks.
    pub by: Option<Person>,
    /// Since when, by the clock of who asks.
    pub since_ms: i64,
}

/// What waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WantedKind {
    /// An approval to give.
    Approval,
    /// A case to take over.
    Transfer,
    /// A referral to accept.
    Referral,
    /// Something that this version has no word for.
    Unknown,
}

#[uniffi::export]
impl Workspace {
    /// What waits for an answer of this member: approvals to give, cases to take over. Oldest
    /// first.
    ///
    /// # Errors
    /// `Denied` before the roster of a joining device has arrived; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn wanted(&self) -> Result<Vec<Wanted>, CaseworkError> {
        let sdk = self.sdk()?;
        let (wanted, names) = (sdk.wanted()?, sdk.names()?);
        let one = |one: casework::Wanted| Wanted {
            case_id: one.document.to_string(),
            number: one.number,
            title: one.title,
            what: match one.what {
                "transfer" => WantedKind::Transfer,
                "referral" => WantedKind::Referral,
                "approval" => WantedKind::Approval,
                _ => WantedKind::Unknown,
            },
            id: one.id.to_string(),
            label: one.label,
            by: one.by.map(|member| person(member, &names)),
            since_ms: one.since_ms,
        };
        Ok(wanted.into_iter().map(one).collect())
    }
}
