//! Opening cases and acting on them. Every call is one commit; what it did is durable and signed
//! when it returns.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::{Act, CaseAction, FieldEntry, Imported, Opening, PartId};
use casework_engine::moment::Moment;
use casework_engine::replica::{Acted, Batch, NewCase, Replica};
use casework_engine::template::Revision;
use casework_protocol::access::entry::Principal;
use casework_protocol::ids::{DocumentId, MemberId};

use super::Workspace;
use super::fields::{self, Wish};
use super::finding::find_stage;
use crate::error::Error;
use crate::moment;

/// The letters of provisional numbers (Crockford): no I, L, O or U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a case is opened with, in the words of people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCaseRequest {
    /// The template's document; required.
    pub template: Option<DocumentId>,
    /// One line.
    pub title: String,
    /// The number it has elsewhere; `None` makes a provisional one (`HR-~K7Q2`).
    pub number: Option<String>,
    /// The stage by id or name; `None` is the template's first.
    pub stage: Option<String>,
    /// Field (id or label) → value as people write it.
    pub fields: BTreeMap<String, String>,
    /// The owner.
    pub owner: Option<MemberId>,
    /// The assignees.
    pub assignees: BTreeSet<MemberId>,
    /// The person and time it is claimed for, when imported. Defaults of fields are left out then.
    pub imported: Option<Imported>,
    /// Only for those named: owner, assignees and the opener.
    pub restricted: bool,
    /// Who sees it besides owner, assignees and the opener: members, teams, roles.
    pub viewers: Vec<Principal>,
    /// Go through rules that ask before a case is opened so, for this reason.
    pub overriding: Option<String>,
}

/// A case that is ready to be opened, and what follows in the same commit.
pub(super) struct Prepared {
    pub(super) case: NewCase,
    pub(super) then: Vec<CaseAction>,
}

impl NewCaseRequest {
    /// A case of this template with this title.
    #[must_use]
    pub fn new(template: DocumentId, title: impl Into<String>) -> Self {
        Self {
            template: Some(template),
            title: title.into(),
            ..Self::default()
        }
    }

    /// The same with a field filled in.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, words: impl Into<String>) -> Self {
        self.fields.insert(field.into(), words.into());
        self
    }
}

/// Acting on cases.
///
/// Errors of all that follow: [`Error::Invalid`] for what makes no sense here or breaks a rule (the
/// text says the way out); [`Error::Unchanged`] for what is so already; [`Error::Asks`] for a reason;
/// [`Error::Denied`] without the right; [`Error::Corrupt`] for a quarantined case;
/// [`Error::Unavailable`] when the store fails. Nothing was done then.
impl Workspace {
    /// Opens a case.
    ///
    /// # Errors
    /// See above.
    pub fn open_case(&self, request: &NewCaseRequest) -> Result<Acted, Error> {
        let now = moment::now()?;
        let acted = self.write(|replica| {
            let prepared = prepare(replica, request, &now)?;
            let mut batch = replica.batch();
            let acted = open(&mut batch, prepared, &now)?;
            batch.commit()?;
            Ok(acted)
        })?;
        self.write_to([acted.document], |_| Ok(()))?;
        Ok(acted)
    }

    /// Does one thing to a case. With `override_rule` it goes through a rule that asks, which
    /// needs a reason.
    ///
    /// # Errors
    /// See above.
    pub fn act(
        &self,
        case: DocumentId,
        action: CaseAction,
        reason: Option<&str>,
        override_rule: bool,
    ) -> Result<Acted, Error> {
        let reason = reason.map(str::to_owned);
        let act = Act {
            reason,
            override_rule,
            ..Act::new(moment::part()?, action)
        };
        self.act_with(case, act)
    }

    /// Does one thing to a case, with everything that can be said about it.
    ///
    /// # Errors
    /// See above.
    pub fn act_with(&self, case: DocumentId, act: Act) -> Result<Acted, Error> {
        let now = moment::now()?;
        self.write_to([case], |replica| Ok(replica.act(case, act, &now)?))
    }

    /// Does several things to a case in one commit: all of them, or none. With `override_rule`
    /// each goes through a rule that asks, for this reason.
    ///
    /// # Errors
    /// See above, for the first that fails.
    pub fn act_together(
        &self,
        case: DocumentId,
        actions: Vec<CaseAction>,
        reason: Option<&str>,
        override_rule: bool,
    ) -> Result<Vec<Acted>, Error> {
        let (now, several) = (moment::now()?, actions.len() > 1);
        let why = (reason, override_rule);
        self.write_to([case], |replica| {
            act_all(replica, case, (actions, why), &now).map_err(|error| error.among(several))
        })
    }

    /// Writes a comment. Answers its id.
    ///
    /// # Errors
    /// See above.
    pub fn comment(&self, case: DocumentId, body: &str, external: bool) -> Result<PartId, Error> {
        let id = moment::part()?;
        let body = body.to_owned();
        let action = CaseAction::Comment {
            id,
            body,
            external,
            reply_to: None,
        };
        self.act(case, action, None, false)?;
        Ok(id)
    }

    /// A fresh id for a comment, task, checklist item or decision that is to be made.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the operating system gives no random bytes.
    pub fn fresh_part(&self) -> Result<PartId, Error> {
        moment::part()
    }
}

/// Does several things in one commit, with the reason and whether rules that ask are gone through.
pub(super) fn act_all(
    replica: &mut Replica,
    case: DocumentId,
    (actions, (reason, override_rule)): (Vec<CaseAction>, (Option<&str>, bool)),
    now: &Moment,
) -> Result<Vec<Acted>, Error> {
    let mut batch = replica.batch();
    let mut done = Vec::with_capacity(actions.len());
    for (n, action) in (0..).zip(actions) {
        let act = Act {
            reason: reason.map(str::to_owned),
            override_rule,
            ..Act::new(moment::part()?, action)
        };
        done.push(batch.act(case, act, &now.part(n))?);
    }
    batch.commit()?;
    Ok(done)
}

/// Opens a prepared case in a batch, with what follows.
pub(super) fn open(
    batch: &mut Batch<'_>,
    prepared: Prepared,
    now: &Moment,
) -> Result<Acted, Error> {
    let imported = prepared.case.imported;
    let acted = batch.open_case(prepared.case, now)?;
    for (n, action) in (1..).zip(prepared.then) {
        let act = Act {
            imported,
            ..Act::new(moment::part()?, action)
        };
        batch.act(acted.document, act, &now.part(n))?;
    }
    Ok(acted)
}

/// Reads a request against its template.
pub(super) fn prepare(
    replica: &mut Replica,
    request: &NewCaseRequest,
    now: &Moment,
) -> Result<Prepared, Error> {
    let template = request
        .template
        .ok_or_else(|| Error::Invalid("a case needs a template".to_owned()))?;
    let revision = super::templates::revision(replica, template)?;
    let (entries, then) = opening_fields(replica, &revision, request)?;
    let stage = match &request.stage {
        Some(text) => find_stage(&revision, text)?,
        None => revision.first_stage().id.clone(),
    };
    let opening = Opening {
        template,
        title: request.title.clone(),
        number: match &request.number {
            Some(number) => number.clone(),
            None => provisional_number(&revision.package().key, now),
        },
        stage,
        fields: entries,
        owner: request.owner,
        assignees: request.assignees.clone(),
    };
    let (imported, restricted) = (request.imported, request.restricted);
    Ok(Prepared {
        case: NewCase {
            opening,
            imported,
            restricted,
            viewers: request.viewers.clone(),
            overriding: request.overriding.clone(),
        },
        then,
    })
}

type OpeningFields = (BTreeMap<String, FieldEntry>, Vec<CaseAction>);

fn opening_fields(
    replica: &Replica,
    revision: &Revision,
    request: &NewCaseRequest,
) -> Result<OpeningFields, Error> {
    let mut wishes: BTreeMap<String, Wish> = BTreeMap::new();
    for (name, words) in &request.fields {
        let field = fields::field(revision, name)?;
        let wish = fields::wish(replica, field, words)?;
        if wishes.insert(field.id.clone(), wish).is_some() {
            return Err(Error::Invalid(format!("{} is given twice", field.label)));
        }
    }
    let (mut entries, mut then) = (BTreeMap::new(), Vec::new());
    for field in revision.fields() {
        let wish = match wishes.remove(&field.id) {
            Some(wish) => Some(wish),
            None if request.imported.is_some() => None,
            None => match &field.default {
                Some(words) if !words.is_null() => {
                    Some(fields::wish(replica, field, &words.to_string())?)
                }
                Some(_) | None => None,
            },
        };
        match wish.map(|wish| wish.at_opening(field)) {
            Some(Ok(entry)) => {
                entries.insert(field.id.clone(), entry);
            }
            Some(Err(actions)) => then.extend(actions),
            None => {}
        }
    }
    Ok((entries, then))
}

/// `HR-~K7Q2`: the template's key and four letters of the moment's seed. Unique enough for people
/// until the final number comes; the document's id is what identifies a case.
fn provisional_number(key: &str, now: &Moment) -> String {
    let dice = now.derive("number");
    let letters = dice
        .iter()
        .take(4)
        .map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
    format!("{key}-~{}", letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provisional_number_is_the_key_and_four_letters_that_nobody_misreads() {
        let now = Moment {
            now_ms: 0,
            zone_min: 0,
            seed: [7; 32],
        };
        let number = provisional_number("HR", &now);
        let letters = number.strip_prefix("HR-~").unwrap();
        assert_eq!(letters.len(), 4);
        assert!(
            letters.bytes().all(|byte| LETTERS.contains(&byte)),
            "{number}"
        );
        assert_eq!(number, provisional_number("HR", &now));
        assert_ne!(number, provisional_number("HR", &now.part(1)));
    }
}
