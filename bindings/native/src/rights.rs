//! Who is on a case, and who may do what.

use casework::{Obstacle, Principal, Question, Where};

use crate::error::CaseworkError;
use crate::listing::Person;
use crate::text::read;
use crate::workspace::Workspace;

/// Who is on a case, and who sees it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseAccess {
    /// Only for those named.
    pub restricted: bool,
    /// It may not be purged.
    pub legal_hold: bool,
    /// Those named: `member:ID`, `team:KEY`, `role:KEY`.
    pub principals: Vec<String>,
    /// Everybody who sees it.
    pub viewers: Vec<Person>,
}

/// A change of who is on a case. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct AccessChange {
    /// To put on the case: names or ids of members, `team:KEY`, `role:KEY`.
    #[uniffi(default = [])]
    pub add: Vec<String>,
    /// To take off.
    #[uniffi(default = [])]
    pub remove: Vec<String>,
    /// `true` hides the case from everybody who is not on it, `false` lifts that.
    #[uniffi(default = None)]
    pub restricted: Option<bool>,
    /// Sets or lifts a legal hold.
    #[uniffi(default = None)]
    pub legal_hold: Option<bool>,
}

/// Where a right is asked for.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum RightPlace {
    /// In the whole workspace.
    Everywhere,
    /// With a template.
    WithTemplate {
        /// Its id.
        id: String,
    },
    /// On a case.
    OnCase {
        /// Its id.
        id: String,
    },
}

/// A question about a right.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RightQuestion {
    /// The member's id.
    pub member_id: String,
    /// What: `view`, `edit`, `comment`, `approve`…
    pub verb: String,
    /// Where.
    pub place: RightPlace,
    /// In this stage (id or name).
    #[uniffi(default = None)]
    pub stage: Option<String>,
    /// For this field (id or label).
    #[uniffi(default = None)]
    pub field: Option<String>,
}

/// What stands in the way of a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RightObstacle {
    /// The member is suspended.
    Suspended,
    /// The member does not see the case.
    Unseen,
    /// The case is only for those named.
    Restricted,
    /// No role grants it.
    NoGrant,
    /// The stage is for other roles.
    StageRoles,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RightAnswer {
    /// Whether the member may.
    pub allowed: bool,
    /// Roles that give it, with the grant.
    pub given_by: Vec<String>,
    /// What stands in the way.
    pub obstacle: Option<RightObstacle>,
    /// The grant that is missing, as people write it.
    pub missing_grant: String,
    /// Roles that would give it.
    pub roles: Vec<String>,
}

#[uniffi::export]
impl Workspace {
    /// Who is on a case and who sees it, by everything that has arrived here.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn access(&self, case_id: &str) -> Result<CaseAccess, CaseworkError> {
        let access = self.sdk()?.access(read(case_id)?)?;
        let viewer = |viewer: casework::Viewer| Person {
            id: viewer.member.to_string(),
            name: viewer.name,
        };
        Ok(CaseAccess {
            restricted: access.restricted,
            legal_hold: access.legal_hold,
            principals: access.principals.iter().map(principal).collect(),
            viewers: access.viewers.into_iter().map(viewer).collect(),
        })
    }

    /// Changes who is on a case. It waits for the server and holds from then on: whoever does not
    /// see the case any more loses it with the next sync, unsent work rescued.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn change_access(&self, case_id: &str, change: AccessChange) -> Result<(), CaseworkError> {
        let sdk = self.sdk()?;
        let named = |all: &[String]| -> Result<Vec<Principal>, CaseworkError> {
            all.iter().map(|who| Ok(sdk.find_principal(who)?)).collect()
        };
        let change = casework::AccessChange {
            add: named(&change.add)?,
            remove: named(&change.remove)?,
            restricted: change.restricted,
            legal_hold: change.legal_hold,
        };
        Ok(sdk.change_access(read(case_id)?, change)?)
    }

    /// Whether a member may do something, which role gives it, and what is missing.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn can(&self, question: RightQuestion) -> Result<RightAnswer, CaseworkError> {
        let place = match question.place {
            RightPlace::Everywhere => Where::Workspace,
            RightPlace::WithTemplate { id } => Where::Template(read(&id)?),
            RightPlace::OnCase { id } => Where::Case(read(&id)?),
        };
        let answer = self.sdk()?.can(Question {
            member: read(&question.member_id)?,
            verb: casework::read_verb(&question.verb)?,
            place,
            stage: question.stage,
            field: question.field,
        })?;
        let given = |given: casework::Given| format!("{}: {}", given.role, given.grant);
        Ok(RightAnswer {
            allowed: answer.allowed,
            given_by: answer.given_by.into_iter().map(given).collect(),
            obstacle: answer.obstacle.map(obstacle),
            missing_grant: answer.grant,
            roles: answer.roles,
        })
    }

    /// Writes down that this person looks at a case, where its template asks for that, at most once
    /// a day; answers whether it did. Call it when a person is shown a case.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn note_reading(&self, case_id: &str) -> Result<bool, CaseworkError> {
        Ok(self.sdk()?.note_reading(read(case_id)?)?)
    }
}

fn principal(principal: &Principal) -> String {
    match principal {
        Principal::Member(member) => format!("member:{member}"),
        Principal::Team(key) => format!("team:{key}"),
        Principal::Role(key) => format!("role:{key}"),
    }
}

fn obstacle(obstacle: Obstacle) -> RightObstacle {
    match obstacle {
        Obstacle::Suspended => RightObstacle::Suspended,
        Obstacle::Unseen => RightObstacle::Unseen,
        Obstacle::Restricted => RightObstacle::Restricted,
        Obstacle::NoGrant => RightObstacle::NoGrant,
        Obstacle::StageRoles => RightObstacle::StageRoles,
    }
}
