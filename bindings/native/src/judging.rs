//! Asking before doing: where a case can go, what stands in the way, and which buttons to show.

use casework::{Outcome, Verdict as Judged};

use crate::acting::{ActOptions, act};
use crate::action::Action;
use crate::error::CaseworkError;
use crate::text::read;
use crate::workspace::Workspace;

/// Whether something can be done. More may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum VerdictOutcome {
    /// It can.
    Possible,
    /// It is so already.
    Unchanged,
    /// With a reason, and `override_rule` ([`crate::ActOptions`]).
    Asks,
    /// It cannot, as things stand.
    Refused,
    /// A right is missing.
    Denied,
}

/// What would come of an action.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Verdict {
    /// Whether it can be done.
    pub outcome: VerdictOutcome,
    /// Why not, and the way out, for the person at the screen; empty when it is possible.
    pub text: String,
    /// Ids of the fields that are to be filled first, for moves and closing.
    #[uniffi(default = [])]
    pub missing_fields: Vec<String>,
    /// Ids of the document types that are to be there first, likewise.
    #[uniffi(default = [])]
    pub missing_documents: Vec<String>,
    /// What rules would say about it without standing in its way.
    #[uniffi(default = [])]
    pub warnings: Vec<String>,
}

/// A stage that a case could move to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MoveOffer {
    /// The stage's id.
    pub stage: String,
    /// What people call it.
    pub name: String,
    /// What the button says, where the template has words for the move.
    pub label: Option<String>,
    /// Whether it can be done now.
    pub verdict: Verdict,
}

#[uniffi::export]
impl Workspace {
    /// What would come of an action, done with these options. Nothing is done. As dear as the
    /// action without its writing: off the main thread.
    ///
    /// # Errors
    /// `Invalid` for a case that is not here, or ids that are none; `Corrupt` for a quarantined
    /// one; `Unavailable` when the store fails; `Closed`.
    #[uniffi::method(default(options = None))]
    pub fn judge(
        &self,
        case_id: &str,
        action: Action,
        options: Option<ActOptions>,
    ) -> Result<Verdict, CaseworkError> {
        let (sdk, options) = (self.sdk()?, options.unwrap_or_default());
        let action = act(&sdk, action)?.action;
        let reason = options.reason.as_deref();
        let judged = sdk.judge(read(case_id)?, action, reason, options.override_rule)?;
        Ok(judged.into())
    }

    /// The stages that a case could move to, in the template's order, each with what would come of
    /// it now.
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Corrupt` for a quarantined one; `Unavailable` when
    /// the store fails, or its template is not here; `Closed`.
    pub fn moves(&self, case_id: &str) -> Result<Vec<MoveOffer>, CaseworkError> {
        let offers = self.sdk()?.moves(read(case_id)?)?;
        let offer = |one: casework::MoveOffer| MoveOffer {
            stage: one.stage,
            name: one.name,
            label: one.label,
            verdict: one.verdict.into(),
        };
        Ok(offers.into_iter().map(offer).collect())
    }

    /// What this device's member may do on a case as it stands: the words of
    /// [`crate::RightQuestion`], for instance `edit`, `move`, `comment`, `approve`, `settle`. Which
    /// buttons to show at all; whether one can be pressed now says [`Workspace::judge`].
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Denied` while this device belongs to nobody;
    /// `Unavailable` when the store fails; `Closed`.
    pub fn rights_on(&self, case_id: &str) -> Result<Vec<String>, CaseworkError> {
        let rights = self.sdk()?.rights_on(read(case_id)?)?;
        Ok(rights.iter().map(|verb| verb.as_str().to_owned()).collect())
    }
}

impl From<Judged> for Verdict {
    fn from(judged: Judged) -> Self {
        Self {
            outcome: match judged.outcome {
                Outcome::Possible => VerdictOutcome::Possible,
                Outcome::Unchanged => VerdictOutcome::Unchanged,
                Outcome::Asks => VerdictOutcome::Asks,
                Outcome::Refused => VerdictOutcome::Refused,
                Outcome::Denied => VerdictOutcome::Denied,
            },
            text: judged.text,
            missing_fields: judged.missing_fields,
            missing_documents: judged.missing_documents,
            warnings: judged.warnings,
        }
    }
}
