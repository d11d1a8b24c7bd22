//! Rights in the words of people: grants as they are written, what a member may do and why, and
//! who is on a case.
//!
//! Decides nothing: the engine judges, this finds what people mean and says what was answered.

use casework_engine::replica::{Answer, Question, Replica, Where};
use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::access::{names, views};
use casework_protocol::ids::{DocumentId, MemberId};
use casework_protocol::rights::{Grant, Scope, Verb};
use serde::Serialize;

use super::Workspace;
use super::finding::{find_field, find_member, find_stage, find_template};
use crate::error::Error;

/// Who is on a case and who sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessView {
    /// Only those named see the case.
    pub restricted: bool,
    /// The case must not be purged.
    pub legal_hold: bool,
    /// Members, teams and roles on the case.
    pub principals: Vec<Principal>,
    /// Active members who see the case, by name.
    pub viewers: Vec<Viewer>,
    /// What was said in the record, oldest first.
    pub history: Vec<AccessSaid>,
}

/// Somebody who sees a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Viewer {
    /// The member.
    pub member: MemberId,
    /// Name for people.
    pub name: String,
    /// The record names the member, a team or a role of theirs.
    pub named: bool,
}

/// One entry of an access record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessSaid {
    /// Whose device signed it.
    pub by: Option<MemberId>,
    /// When its author claims to have signed it, milliseconds since 1970.
    pub claimed_ms: u64,
    /// Put on the case.
    pub added: Vec<Principal>,
    /// Taken off.
    pub removed: Vec<Principal>,
    /// Restricted, or opened again.
    pub restricted: Option<bool>,
    /// A legal hold set or lifted.
    pub legal_hold: Option<bool>,
    /// A purge requested, cancelled or carried out.
    pub purge: Option<PurgeSaid>,
}

/// What an entry of an access record says about purging the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PurgeSaid {
    /// It is to be purged after so many days.
    Requested {
        /// The days.
        days: u32,
    },
    /// It is not to be purged.
    Cancelled,
    /// It is purged.
    CarriedOut,
}

impl Workspace {
    /// Reads grants as people write them: `VERB[,VERB…] [all | own | team | template:KEY |
    /// stage:KEY/STAGE | field:KEY/FIELD]`, for instance `edit,comment template:CMP`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no verb, or a template, stage or field that is not here; the
    /// text lists those there are.
    pub fn read_grants(&self, words: &str) -> Result<Vec<Grant>, Error> {
        self.read(|replica| read_grants(replica, words))
    }

    /// A grant as people write it.
    ///
    /// # Errors
    /// [`Error::Internal`] after a defect in another thread.
    pub fn grant_words(&self, grant: &Grant) -> Result<String, Error> {
        self.read(|replica| Ok(replica.grant_words(grant)))
    }

    /// Whether a member may do something, which grant gives it, and what is missing. Stage and
    /// field by id or name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a member, case, stage or field that is not here.
    pub fn can(&self, mut question: Question) -> Result<Answer, Error> {
        self.read(|replica| {
            let template = match question.place {
                Where::Workspace => None,
                Where::Template(template) => Some(template),
                Where::Case(case) => Some(replica.case(case)?.template),
            };
            if let Some(template) = template {
                let revision = super::templates::revision(replica, template)?;
                question.stage = question
                    .stage
                    .map(|stage| find_stage(&revision, &stage))
                    .transpose()?;
                question.field = question
                    .field
                    .map(|field| find_field(&revision, &field))
                    .transpose()?;
            }
            Ok(replica.explain(&question)?)
        })
    }

    /// Writes down that this person looks at a case, where its template asks for that, at most once
    /// a day; answers whether it did. Call it when a person is shown a case, not when a program
    /// reads it to draw a list.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the case is not here.
    pub fn note_reading(&self, case: DocumentId) -> Result<bool, Error> {
        let now = crate::moment::now()?;
        let noted = self.read(|replica| Ok(replica.note_reading(case, &now)?))?;
        if noted {
            self.write_to([case], |_| Ok(()))?;
        }
        Ok(noted)
    }

    /// Who is on a case and who sees it, by everything that has arrived here.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the case is not here.
    pub fn access(&self, case: DocumentId) -> Result<AccessView, Error> {
        self.read(|replica| {
            let record = replica.access(case)?.clone();
            let (roster, state) = (replica.roster()?.head(), record.head());
            let mut viewers: Vec<Viewer> = roster
                .members()
                .filter(|(member, _)| views(roster, state, *member))
                .map(|(member, known)| Viewer {
                    member,
                    name: known.name.clone(),
                    named: names(roster, state, member),
                })
                .collect();
            viewers.sort_by(|a, b| (&a.name, a.member).cmp(&(&b.name, b.member)));
            let said = record.entries().map(|(entry, _)| {
                let author = roster.device(entry.head().author);
                said(
                    author.map(|device| device.member),
                    entry.head().claimed_ms,
                    entry.body(),
                )
            });
            Ok(AccessView {
                restricted: state.restricted(),
                legal_hold: state.legal_hold(),
                principals: state.principals().cloned().collect(),
                viewers,
                history: said.collect(),
            })
        })
    }

    /// Finds whom a case can name: a member by name or id, `team:KEY`, `role:KEY`, or the key of a
    /// team or role that no member is called.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several members; the text lists them.
    pub fn find_principal(&self, text: &str) -> Result<Principal, Error> {
        self.read(|replica| {
            let roster = replica.roster()?.head();
            let text = text.trim();
            let unknown = |what: &str, key: &str, known: Vec<&str>| {
                Error::Invalid(format!(
                    "there is no {what} {key:?}; there is {}",
                    known.join(", ")
                ))
            };
            if let Some(key) = text.strip_prefix("team:") {
                let known = || roster.teams().map(|(key, _)| key).collect();
                roster
                    .team(key)
                    .ok_or_else(|| unknown("team", key, known()))?;
                return Ok(Principal::Team(key.to_owned()));
            }
            if let Some(key) = text.strip_prefix("role:") {
                let known = || roster.roles().map(|(key, _)| key).collect();
                roster
                    .role(key)
                    .ok_or_else(|| unknown("role", key, known()))?;
                return Ok(Principal::Role(key.to_owned()));
            }
            match find_member(replica, text) {
                Ok(member) => Ok(Principal::Member(member)),
                Err(_) if roster.team(text).is_some() => Ok(Principal::Team(text.to_owned())),
                Err(_) if roster.role(text).is_some() => Ok(Principal::Role(text.to_owned())),
                Err(error) => Err(error),
            }
        })
    }
}

fn said(by: Option<MemberId>, claimed_ms: u64, body: &AccessBody) -> AccessSaid {
    let purging = |purge| AccessSaid {
        by,
        claimed_ms,
        added: Vec::new(),
        removed: Vec::new(),
        restricted: None,
        legal_hold: None,
        purge: Some(purge),
    };
    match body {
        AccessBody::RequestPurge { days } => purging(PurgeSaid::Requested { days: *days }),
        AccessBody::CancelPurge => purging(PurgeSaid::Cancelled),
        AccessBody::Purge => purging(PurgeSaid::CarriedOut),
        AccessBody::Genesis {
            principals,
            restricted,
            ..
        } => AccessSaid {
            by,
            claimed_ms,
            added: principals.clone(),
            removed: Vec::new(),
            restricted: restricted.then_some(true),
            legal_hold: None,
            purge: None,
        },
        AccessBody::Change {
            add,
            remove,
            restricted,
            legal_hold,
        } => AccessSaid {
            by,
            claimed_ms,
            added: add.clone(),
            removed: remove.clone(),
            restricted: *restricted,
            legal_hold: *legal_hold,
            purge: None,
        },
    }
}

fn read_grants(replica: &mut Replica, words: &str) -> Result<Vec<Grant>, Error> {
    let mut parts = words.split_whitespace();
    let verbs = parts.next().unwrap_or_default();
    let scope = match (parts.next(), parts.next()) {
        (None, _) => Scope::All,
        (Some(scope), None) => read_scope(replica, scope)?,
        (Some(_), Some(_)) => {
            return Err(Error::Invalid(format!(
                "{words:?} is no grant: write VERB SCOPE, for instance \"edit template:CMP\""
            )));
        }
    };
    verbs
        .split(',')
        .map(|verb| read_grant(verb, &scope))
        .collect()
}

fn read_grant(verb: &str, scope: &Scope) -> Result<Grant, Error> {
    let verb = read_verb(verb)?;
    if verb == Verb::ManageMembers && *scope != Scope::All {
        return Err(Error::Invalid(
            "manage-members holds in the whole workspace or not at all: leave the scope out"
                .to_owned(),
        ));
    }
    Ok(Grant {
        verb,
        scope: scope.clone(),
    })
}

/// A verb as people write it.
///
/// # Errors
/// [`Error::Invalid`]; the text lists the verbs there are.
pub fn read_verb(text: &str) -> Result<Verb, Error> {
    text.parse().map_err(|error| {
        let verbs: Vec<&str> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
        Error::Invalid(format!("{error}; there is {}", verbs.join(", ")))
    })
}

fn read_scope(replica: &mut Replica, text: &str) -> Result<Scope, Error> {
    let (kind, name) = match text {
        "all" => return Ok(Scope::All),
        "own" => return Ok(Scope::Own),
        "team" => return Ok(Scope::Team),
        _ => text.split_once(':').unwrap_or((text, "")),
    };
    if kind == "template" {
        return Ok(Scope::Template(find_template(replica, name)?));
    }
    if !["stage", "field"].contains(&kind) {
        return Err(Error::Invalid(format!(
            "{text:?} is no scope: all, own, team, template:KEY, stage:KEY/STAGE or \
             field:KEY/FIELD"
        )));
    }
    let (template, part) = name.split_once('/').ok_or_else(|| {
        Error::Invalid(format!(
            "{text:?} names no {kind}: write {kind}:KEY/{}",
            kind.to_uppercase()
        ))
    })?;
    let template = find_template(replica, template)?;
    let revision = super::templates::revision(replica, template)?;
    Ok(if kind == "stage" {
        Scope::Stage(template, find_stage(&revision, part)?)
    } else {
        Scope::Field(template, find_field(&revision, part)?)
    })
}
