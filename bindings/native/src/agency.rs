//! What waits for this member, and what the rules of templates would do. Reports of rules cross as
//! JSON: they are for people who write templates.

use crate::acting::act;
use crate::action::Action;
use crate::error::CaseworkError;
use crate::listing::{Person, person};
use crate::text::{json, read, read_some};
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
}

/// Errors of all that follow: `Invalid` for what is not here or makes no sense; `Denied` without
/// the right; `Unavailable` when the store fails; `Closed`.
#[uniffi::export]
impl Workspace {
    /// What waits for an answer of this member: approvals to give, cases to take over. Oldest
    /// first.
    ///
    /// # Errors
    /// See above.
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
                _ => WantedKind::Approval,
            },
            id: one.id.to_string(),
            label: one.label,
            by: one.by.map(|member| person(member, &names)),
            since_ms: one.since_ms,
        };
        Ok(wanted.into_iter().map(one).collect())
    }

    /// What the rules would do about an action on a case, as JSON. Nothing is done.
    ///
    /// # Errors
    /// See above.
    pub fn rehearse(&self, case_id: &str, action: Action) -> Result<String, CaseworkError> {
        let sdk = self.sdk()?;
        let act = act(&sdk, action)?;
        json(&sdk.rehearse(read(case_id)?, act.action)?)
    }

    /// Why each rule would act on a case now, or would not, as JSON.
    ///
    /// # Errors
    /// See above.
    pub fn explain_rules(&self, case_id: &str) -> Result<String, CaseworkError> {
        json(&self.sdk()?.explain_rules(read(case_id)?)?)
    }

    /// When the rules of a case that wait for time fire, the earliest first, as JSON.
    ///
    /// # Errors
    /// See above.
    pub fn timers(&self, case_id: &str) -> Result<String, CaseworkError> {
        json(&self.sdk()?.timers(read(case_id)?)?)
    }

    /// What rules did, newest first: of one rule or all, on one case or all; as JSON.
    ///
    /// # Errors
    /// See above.
    #[uniffi::method(default(rule = None, case_id = None))]
    pub fn rule_history(
        &self,
        rule: Option<String>,
        case_id: Option<String>,
    ) -> Result<String, CaseworkError> {
        let case = read_some(case_id.as_deref())?;
        json(&self.sdk()?.rule_history(rule.as_deref(), case)?)
    }
}
