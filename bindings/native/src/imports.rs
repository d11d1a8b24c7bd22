//! Importing: many cases with what was done to them, in one commit.

use casework::case::Imported;
use casework::{CaseImport as Import, Step, StepAction};

use crate::acting::{NewCase, request};
use crate::action::Action;
use crate::error::CaseworkError;
use crate::text::{read, write_all};
use crate::workspace::Workspace;

/// A case with what was done to it, in order.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseImport {
    /// How it was opened.
    pub new: NewCase,
    /// By whom and when, elsewhere. Defaults of fields are left out then.
    #[uniffi(default = None)]
    pub opened: Option<Elsewhere>,
    /// What was done then.
    #[uniffi(default = [])]
    pub steps: Vec<ImportStep>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ImportStep {
    /// What.
    pub action: Action,
    /// By whom and when, elsewhere.
    #[uniffi(default = None)]
    pub done: Option<Elsewhere>,
    /// Why.
    #[uniffi(default = None)]
    pub reason: Option<String>,
    /// Go through a rule that asks; needs a reason.
    #[uniffi(default = false)]
    pub override_rule: bool,
}

/// Who did something elsewhere, and when. Nobody vouches for it but the importer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Elsewhere {
    /// The member it is claimed for (id).
    pub member_id: String,
    /// When.
    pub at_ms: i64,
    /// The offset from UTC there, in minutes.
    #[uniffi(default = 0)]
    pub zone_min: i16,
}

#[uniffi::export]
impl Workspace {
    /// Opens cases and does everything that was done to them, in **one commit**: all of it, or
    /// nothing. A hundred cases per call are fast; nothing else works meanwhile. Answers their ids.
    ///
    /// # Errors
    /// As [`Workspace::open_case`] and [`Workspace::act`], for the first that fails; the text names
    /// the case.
    pub fn import_cases(&self, cases: Vec<CaseImport>) -> Result<Vec<String>, CaseworkError> {
        let sdk = self.sdk()?;
        let imports: Result<Vec<Import>, CaseworkError> =
            cases.into_iter().map(|case| import(&sdk, case)).collect();
        Ok(write_all(sdk.import_cases(&imports?)?))
    }
}

fn import(sdk: &casework::Workspace, case: CaseImport) -> Result<Import, CaseworkError> {
    let mut request = request(sdk, case.new)?;
    request.imported = case.opened.map(elsewhere).transpose()?;
    let step = |step: ImportStep| {
        let (action, _) = step.action.ready(&mut || Ok(sdk.fresh_part()?))?;
        Ok(Step {
            action: StepAction::Do(action),
            imported: step.done.map(elsewhere).transpose()?,
            reason: step.reason,
            override_rule: step.override_rule,
        })
    };
    let steps: Result<Vec<Step>, CaseworkError> = case.steps.into_iter().map(step).collect();
    Ok(Import {
        request,
        steps: steps?,
    })
}

fn elsewhere(elsewhere: Elsewhere) -> Result<Imported, CaseworkError> {
    Ok(Imported {
        who: read(&elsewhere.member_id)?,
        at_ms: elsewhere.at_ms,
        zone_min: elsewhere.zone_min,
    })
}
