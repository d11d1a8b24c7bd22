//! What a member may do and why: which grant gives it, or which one is missing, in words that one
//! person can say to another.
//!
//! Answers questions; admission judges. Both ask the same occasions of the same states, so an
//! answer is the verdict that an act made now would get.

use casework_protocol::access::{AccessError, AccessState, names, occasion, views};
use casework_protocol::authority::Authority;
use casework_protocol::ids::{DocumentId, MemberId};
use casework_protocol::rights::{Grant, Occasion, Verb};
use casework_protocol::roster::{RosterError, RosterState};
use serde::Serialize;

use super::grant_words::{doing, narrowest};
use super::stage_roles::{edit_roles, works_as};
use super::{Replica, ReplicaFault};
use crate::case::{Needed, is_work};
use crate::template::Revision;

/// A question about a right: may this member do this there?
#[derive(Debug, Clone)]
pub struct Question {
    /// Who.
    pub member: MemberId,
    /// What.
    pub verb: Verb,
    /// Where.
    pub place: Where,
    /// The stage moved to, or the one the case is in; of a case the present one without it.
    pub stage: Option<String>,
    /// The field that is edited.
    pub field: Option<String>,
}

/// Where something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Outside any document, for instance to the roster.
    Workspace,
    /// On cases of a template that are neither the member's own nor a team's.
    Template(DocumentId),
    /// On one case, with everything its access record says.
    Case(DocumentId),
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Whether an act made now would be allowed.
    pub allowed: bool,
    /// The grants of the member that cover it.
    pub given_by: Vec<Given>,
    /// What stands in the way, if anything does.
    pub obstacle: Option<Obstacle>,
    /// The narrowest grant that covers it whoever's the case is, as `casework role define` takes it.
    pub grant: String,
    /// Keys of the roles that cover it, whether or not the member has them.
    pub roles: Vec<String>,
    /// Keys of the roles that work in the stage, where the template names some.
    pub stage_roles: Vec<String>,
}

/// A grant and the role it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// The role's key.
    pub role: String,
    /// The grant, as `casework role define` takes it.
    pub grant: String,
}

/// What stands in the way of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// The member is suspended. Cure: somebody who manages members lets them back.
    Suspended,
    /// The member does not see the case: no grant to view covers it. Cure: a grant, or being named.
    Unseen,
    /// The case is restricted and does not name the member. Cure: somebody on it names them.
    Restricted,
    /// No role of the member grants it. Cure: a role that does.
    NoGrant,
    /// The stage that the case stands in is worked on by other roles. Cure: one of those roles.
    StageRoles,
}

/// Why somebody may not act, as they are told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Denial {
    /// Name of the member.
    pub member: String,
    /// The verb that is missing.
    pub verb: Verb,
    /// What was to be done, for instance `editing field salary of Hiring`.
    pub doing: String,
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// The grant that is missing, as `casework role define` takes it.
    pub grant: String,
    /// The roles that work in the stage, when those stand in the way.
    pub stage_roles: Vec<String>,
}

impl core::fmt::Display for Denial {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            member,
            doing,
            grant,
            ..
        } = self;
        match self.obstacle {
            Obstacle::Suspended => write!(
                f,
                "{member} is suspended; somebody who manages members can let them back"
            ),
            Obstacle::Restricted => write!(
                f,
                "the case is restricted and names neither {member} nor a team or role of theirs; \
                 ask somebody on it, or an owner, to name {member}"
            ),
            Obstacle::Unseen => write!(
                f,
                "{member} does not see this case: it needs a grant to view it, or being named on \
                 it; ask an owner"
            ),
            Obstacle::StageRoles => write!(
                f,
                "{doing} is up to {} in this stage, and {member} has no such role; ask an owner \
                 for it, or whoever has it to do this",
                self.stage_roles.join(", ")
            ),
            Obstacle::NoGrant => write!(
                f,
                "{doing} needs the grant \"{grant}\", which no role of {member} gives; ask an owner"
            ),
        }
    }
}

impl Replica {
    /// Answers whether a member may do something, which grant gives it, and what is missing.
    ///
    /// # Errors
    /// [`ReplicaFault::UnknownMember`]; [`ReplicaFault::Document`] for a case that is not here.
    pub fn explain(&mut self, question: &Question) -> Result<Answer, ReplicaFault> {
        let Question {
            member,
            verb,
            place,
            ..
        } = *question;
        let mut stage = question.stage.clone();
        if let Where::Case(case) = place {
            self.record(case)?;
            if stage.is_none() {
                stage = self.case(case).ok().map(|view| view.stage.value().clone());
            }
        }
        let roster = self.roster()?.head();
        let known = roster
            .member(member)
            .ok_or(ReplicaFault::UnknownMember(member))?;
        let access = match place {
            Where::Case(case) => Some(self.records[&case].head()),
            Where::Workspace | Where::Template(_) => None,
        };
        let asked = Occasion {
            stage: stage.as_deref(),
            field: question.field.as_deref(),
            ..occasion_of(roster, (place, access), member).to(verb)
        };
        // Whoever a case names sees it with a grant to view of any scope.
        let named = access.is_some_and(|access| names(roster, access, member));
        let covers = |grant: &Grant| {
            grant.covers(&asked) || (named && verb == Verb::View && grant.verb == Verb::View)
        };
        let mut given_by = Vec::new();
        let mut roles = Vec::new();
        for (key, role) in roster.roles() {
            for grant in role.grants.iter().filter(|grant| covers(grant)) {
                if known.roles.contains(key) {
                    given_by.push(Given {
                        role: key.to_owned(),
                        grant: self.grant_words(grant),
                    });
                }
                if roles.last().is_none_or(|last| last != key) {
                    roles.push(key.to_owned());
                }
            }
        }
        let stage_roles = self.stage_roles_of(place, verb)?;
        let roster = self.roster()?.head();
        let access = match place {
            Where::Case(case) => Some(self.records[&case].head()),
            Where::Workspace | Where::Template(_) => None,
        };
        let kept_out = !stage_roles.is_empty() && !works_as(roster, member, &stage_roles);
        let obstacle = obstacle(roster, access, (member, verb), !given_by.is_empty())
            .or(kept_out.then_some(Obstacle::StageRoles));
        Ok(Answer {
            allowed: obstacle.is_none(),
            given_by,
            obstacle,
            grant: self.grant_words(&narrowest(&asked)),
            roles,
            stage_roles,
        })
    }

    /// Refuses what this device's member may not do with a case as it stands now, naming the grant.
    ///
    /// # Errors
    /// [`ReplicaFault::Denied`]; [`ReplicaFault::NotEnrolled`]; [`ReplicaFault::Document`] for a case
    /// that is not here.
    pub fn require(&mut self, case: DocumentId, verb: Verb) -> Result<(), ReplicaFault> {
        let member = self.member().ok_or(ReplicaFault::NotEnrolled)?;
        let stage = self.case(case)?.stage.value().clone();
        self.record(case)?;
        let authority = Authority {
            roster: self.roster()?,
            access: &self.records[&case],
        };
        let needed = Needed {
            verb,
            stage: Some(stage),
            field: None,
            seats: Vec::new(),
            works_in: None,
        };
        match self.denial(authority, member, (&needed, None)) {
            Some(denial) => Err(Box::new(denial).into()),
            None => Ok(()),
        }
    }

    /// The roles that a case's present stage asks for, for what works on it.
    fn stage_roles_of(&mut self, place: Where, verb: Verb) -> Result<Vec<String>, ReplicaFault> {
        let Where::Case(case) = place else {
            return Ok(Vec::new());
        };
        if !is_work(verb) {
            return Ok(Vec::new());
        }
        let template = self.record(case)?.head().template();
        // A case that cannot be read has no stage that anybody could work in.
        let Ok(view) = self.case(case) else {
            return Ok(Vec::new());
        };
        let revision = self.current_revision(template);
        let roles = revision
            .as_ref()
            .and_then(|known| edit_roles(known, view.stage.value()));
        Ok(roles.unwrap_or_default().to_vec())
    }

    /// What stands in the way of an act on a document, if anything does.
    pub(super) fn denial(
        &self,
        authority: Authority<'_>,
        member: MemberId,
        (needed, revision): (&Needed, Option<&Revision>),
    ) -> Option<Denial> {
        let standing = authority.in_force(u64::MAX);
        let (roster, access) = (standing.roster, standing.access);
        let asked = Occasion {
            stage: needed.stage.as_deref(),
            field: needed.field.as_deref(),
            ..occasion(roster, access, member).to(needed.verb)
        };
        let granted = needed.verb == Verb::View || roster.allows(member, &asked);
        if let Some(obstacle) = obstacle(roster, Some(access), (member, needed.verb), granted) {
            return Some(self.denied(roster, (member, obstacle), &asked));
        }
        let stage_roles = edit_roles(revision?, needed.works_in.as_deref()?)?;
        if works_as(roster, member, stage_roles) {
            return None;
        }
        Some(Denial {
            stage_roles: stage_roles.to_vec(),
            ..self.denied(roster, (member, Obstacle::StageRoles), &asked)
        })
    }

    /// A refusal of the roster, with the missing grant in words.
    pub(super) fn said_in_vain(&self, error: RosterError) -> ReplicaFault {
        let (RosterError::Lacks { member, verb }, Ok(roster)) = (&error, self.roster()) else {
            return error.into();
        };
        let asked = Occasion::anywhere(*verb);
        Box::new(self.denied(roster.head(), (*member, Obstacle::NoGrant), &asked)).into()
    }

    /// A refusal to open a document, with the missing grant in words.
    pub(super) fn founded_in_vain(
        &self,
        template: Option<DocumentId>,
        error: AccessError,
    ) -> ReplicaFault {
        let (AccessError::Lacks { member, verb }, Ok(roster)) = (&error, self.roster()) else {
            return error.into();
        };
        let asked = Occasion {
            template,
            ..Occasion::anywhere(*verb)
        };
        Box::new(self.denied(roster.head(), (*member, Obstacle::NoGrant), &asked)).into()
    }

    /// A refusal of an access record, with the missing grant in words.
    pub(super) fn changed_in_vain(&self, id: DocumentId, error: AccessError) -> ReplicaFault {
        let (AccessError::Lacks { member, verb }, Ok(roster)) = (&error, self.roster()) else {
            return error.into();
        };
        let (roster, record) = (roster.head(), self.records[&id].head());
        let asked = occasion(roster, record, *member).to(*verb);
        Box::new(self.denied(roster, (*member, Obstacle::NoGrant), &asked)).into()
    }

    /// What a member is told who may not do something.
    fn denied(
        &self,
        roster: &RosterState,
        (member, obstacle): (MemberId, Obstacle),
        asked: &Occasion<'_>,
    ) -> Denial {
        let name = roster.member(member).map(|known| known.name.clone());
        let template = asked.template.map(|template| {
            self.current_revision(template)
                .map_or_else(|| template.short(), |known| known.package().name.clone())
        });
        Denial {
            member: name.unwrap_or_else(|| member.short()),
            verb: asked.verb,
            doing: doing(asked, template.as_deref()),
            obstacle,
            grant: self.grant_words(&narrowest(asked)),
            stage_roles: Vec::new(),
        }
    }
}

fn occasion_of(
    roster: &RosterState,
    (place, access): (Where, Option<&AccessState>),
    member: MemberId,
) -> Occasion<'static> {
    match (place, access) {
        (Where::Case(_), Some(access)) => occasion(roster, access, member),
        (Where::Template(template), _) => Occasion {
            template: Some(template),
            ..Occasion::anywhere(Verb::View)
        },
        (Where::Workspace, _) | (Where::Case(_), None) => Occasion::anywhere(Verb::View),
    }
}

/// The same order in which an act is judged: the member, sight of the case, then the grant. Whoever
/// may `restrict` need not see the case: they may join it.
fn obstacle(
    roster: &RosterState,
    access: Option<&AccessState>,
    (member, verb): (MemberId, Verb),
    granted: bool,
) -> Option<Obstacle> {
    if !roster.member(member).is_some_and(|member| member.active) {
        return Some(Obstacle::Suspended);
    }
    if let Some(access) = access.filter(|access| !views(roster, access, member))
        && !(verb == Verb::Restrict && granted)
    {
        let named = names(roster, access, member);
        return Some(if access.restricted() && !named {
            Obstacle::Restricted
        } else {
            Obstacle::Unseen
        });
    }
    (!granted).then_some(Obstacle::NoGrant)
}
