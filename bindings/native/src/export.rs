//! Taking cases out and away: exports, links between cases, purges.

use casework::PurgeState;

use crate::error::CaseworkError;
use crate::listing::{Person, person};
use crate::text::read;
use crate::vocabulary::Relation;
use crate::workspace::Workspace;

/// A case in a form that other programs read.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ExportedCase {
    /// A name for the file, without ending.
    pub name: String,
    /// The whole history: an Automerge document that any implementation opens.
    pub automerge: Vec<u8>,
    /// The case as it stands, with its timeline (JSON).
    pub json: String,
}

/// A case that another is linked to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LinkedCase {
    /// How they stand to each other.
    pub relation: Relation,
    /// The other case.
    pub case_id: String,
    /// Written on this case, as against: on the other.
    pub own: bool,
    /// The other case was purged.
    pub purged: bool,
}

/// How the purge of a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PurgeStage {
    /// Its time has not come.
    Waiting,
    /// A legal hold is in the way.
    OnHold,
    /// Somebody did something about it that others did not know of.
    Contested,
    /// It can be carried out.
    Due,
    /// It is on its way to the server.
    Sent,
    /// The case is gone.
    Done,
}

/// A case that is to be purged, or was.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Purge {
    /// The case.
    pub case_id: String,
    /// Its template.
    pub template_id: String,
    /// How it stands.
    pub stage: PurgeStage,
    /// When it is due, or was carried out.
    pub at_ms: u64,
    /// Who asked for it.
    pub by: Option<Person>,
}

#[uniffi::export]
impl Workspace {
    /// A case in forms that other programs read.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn export(&self, case_id: &str) -> Result<ExportedCase, CaseworkError> {
        let exported = self.sdk()?.export(read(case_id)?)?;
        Ok(ExportedCase {
            name: exported.name,
            automerge: exported.automerge,
            json: exported.json,
        })
    }

    /// Every link of a case, from both sides.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn links(&self, case_id: &str) -> Result<Vec<LinkedCase>, CaseworkError> {
        let linked = |one: casework::replica::LinkedCase| LinkedCase {
            relation: one.relation,
            case_id: one.case.to_string(),
            own: one.own,
            purged: one.purged,
        };
        Ok(self
            .sdk()?
            .links(read(case_id)?)?
            .into_iter()
            .map(linked)
            .collect())
    }

    /// Cases that are to be purged, or were.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn purges(&self) -> Result<Vec<Purge>, CaseworkError> {
        let sdk = self.sdk()?;
        let (purges, names) = (sdk.purges()?, sdk.names()?);
        Ok(purges.into_iter().map(|one| purge(one, &names)).collect())
    }

    /// How the purge of one case stands.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn purge_of(&self, case_id: &str) -> Result<Option<Purge>, CaseworkError> {
        let sdk = self.sdk()?;
        let (found, names) = (sdk.purge_of(read(case_id)?)?, sdk.names()?);
        Ok(found.map(|one| purge(one, &names)))
    }

    /// Carries out a purge that is due: the case is gone for good, everywhere.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`. `Invalid` while it is not due.
    pub fn purge(&self, case_id: &str) -> Result<(), CaseworkError> {
        Ok(self.sdk()?.purge(read(case_id)?)?)
    }
}

fn purge(purge: casework::Purge, names: &casework::Names) -> Purge {
    let (stage, at_ms) = match purge.state {
        PurgeState::Waiting { due_ms } => (PurgeStage::Waiting, due_ms),
        PurgeState::OnHold { due_ms } => (PurgeStage::OnHold, due_ms),
        PurgeState::Contested { due_ms } => (PurgeStage::Contested, due_ms),
        PurgeState::Due { due_ms } => (PurgeStage::Due, due_ms),
        PurgeState::Sent { due_ms } => (PurgeStage::Sent, due_ms),
        PurgeState::Done { purged_ms } => (PurgeStage::Done, purged_ms),
    };
    Purge {
        case_id: purge.document.to_string(),
        template_id: purge.template.to_string(),
        stage,
        at_ms,
        by: purge.by.map(|member| person(member, names)),
    }
}
