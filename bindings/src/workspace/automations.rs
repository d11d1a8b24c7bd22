//! Automations: what they would do, why they do not act, and what they did.
//!
//! Errors of all that follow: [`Error::Invalid`] for what makes no sense; [`Error::Denied`] without
//! the right to the act that is rehearsed; [`Error::Corrupt`] for a quarantined case;
//! [`Error::Unavailable`] when the store fails. Nothing here changes a case.

use casework_engine::automation::Timer;
use casework_engine::case::{Act, CaseAction};
use casework_engine::replica::{PastRun, Ran, RuleReport};
use casework_protocol::ids::DocumentId;

use super::Workspace;
use crate::error::Error;
use crate::moment;

impl Workspace {
    /// What the rules would do about an action on a case. Nothing is done.
    ///
    /// # Errors
    /// See above.
    pub fn rehearse(&self, case: DocumentId, action: CaseAction) -> Result<Vec<Ran>, Error> {
        let now = moment::now()?;
        let act = Act::new(moment::part()?, action);
        self.read(|replica| Ok(replica.rehearse(case, act, &now)?))
    }

    /// Why each rule would act on a case now, or would not.
    ///
    /// # Errors
    /// See above.
    pub fn explain_rules(&self, case: DocumentId) -> Result<Vec<RuleReport>, Error> {
        let now = moment::now()?;
        self.read(|replica| Ok(replica.explain_rules(case, &now)?))
    }

    /// When the rules of a case that wait for time fire, the earliest first.
    ///
    /// # Errors
    /// See above.
    pub fn timers(&self, case: DocumentId) -> Result<Vec<Timer>, Error> {
        let now = moment::now()?;
        self.read(|replica| Ok(replica.timers(case, &now)?))
    }

    /// What rules did, newest first: of one rule or all, on one case or all.
    ///
    /// # Errors
    /// See above.
    pub fn rule_history(
        &self,
        rule: Option<&str>,
        case: Option<DocumentId>,
    ) -> Result<Vec<PastRun>, Error> {
        self.read(|replica| Ok(replica.rule_history(rule, case)?))
    }
}
