//! Asking for an approval: what of, by whom, of whom.
//!
//! What a template's kind of approval asks is worked out from the case as the author saw it, before
//! acting and again on every replica: whoever asks cannot choose an easier question.

use core::fmt;
use core::str::FromStr;
use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::MemberId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::reading::{current_requests, field_value, read_poll};
use super::{AFTER, BASIS, KIND, LABEL, MAKER, MATTER, QUESTION};
use crate::approval::{Mode, Question, Seat};
use crate::case::bounds::{self, MAX_LISTED, MAX_TITLE_BYTES};
use crate::case::conform::list;
use crate::case::contents::text_scalar;
use crate::case::facet::Seen;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::{Object, Past};
use crate::case::record::Shelf;
use crate::case::refusal::{ActError, AgreementError};
use crate::case::schema;
use crate::case::slots::{container, record_objects};
use crate::case::step::Plan;
use crate::case::values::{optional, put_at, text};
use crate::template::limits::MAX_APPROVERS;
use crate::template::{ApprovalType, Approver, Revision};
use crate::value::Scalar;

/// A request for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The new approval.
    pub id: PartId,
    /// The id of a kind of approval of the template; without one, `label` and `question` say all.
    #[serde(default)]
    pub kind: Option<String>,
    /// What is asked for, one line; empty for what the template calls it.
    #[serde(default)]
    pub label: String,
    /// What is to be approved.
    #[serde(default)]
    pub matter: Matter,
    /// For whom it is asked: whoever asks. Filled in by the engine.
    pub maker: MemberId,
    /// What is asked of whom. Filled in by the engine from the kind.
    #[serde(default)]
    pub question: Question,
    /// The field values that decided who is asked. Filled in by the engine.
    #[serde(default)]
    pub basis: BTreeMap<String, Scalar>,
    /// The requests of the same kind that it takes the place of. Filled in by the engine.
    #[serde(default)]
    pub after: BTreeSet<PartId>,
}

/// What is to be approved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    /// The case as it stands: `case`.
    #[default]
    Case,
    /// A version of a document: `version/<id>`.
    Version(PartId),
    /// A decision: `decision/<id>`.
    Decision(PartId),
}

/// A text that is nothing one could approve. Cure: write it as in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is nothing to approve; write case, version/ID or decision/ID")]
pub struct MatterError {
    /// The first 80 characters of the text.
    pub text: String,
}

impl Request {
    /// A request for a kind of approval of the template; everything else is filled in.
    #[must_use]
    pub fn of_kind(id: PartId, kind: impl Into<String>, maker: MemberId) -> Self {
        Self {
            id,
            kind: Some(kind.into()),
            label: String::new(),
            matter: Matter::Case,
            maker,
            question: Question::default(),
            basis: BTreeMap::new(),
            after: BTreeSet::new(),
        }
    }

    pub(super) fn plan(&self, plan: &mut Plan, past: &Past<'_>) -> Result<(), ActError> {
        bounds::check_line("approval", &self.label, MAX_TITLE_BYTES)?;
        if let Some(kind) = &self.kind {
            bounds::check_slug("approval", kind)?;
        }
        check_question(&self.question)?;
        self.check_matter(past)?;
        let current = self
            .kind
            .as_deref()
            .map(|kind| current_requests(past, kind));
        if current.unwrap_or_default() != self.after {
            return Err(ActError::WrongValue {
                what: format!("approval {}", self.id),
                problem: "it must take the place of every earlier request of its kind",
            });
        }
        let (count, max) = (self.after.len(), MAX_LISTED);
        if count > max {
            let what = "earlier requests";
            return Err(ActError::TooMany { what, count, max });
        }
        let after: Vec<String> = self.after.iter().map(PartId::to_string).collect();
        let values = [
            (LABEL, Scalar::text(&self.label)),
            (KIND, text_scalar(self.kind.as_deref())),
            (MATTER, Scalar::Text(self.matter.to_string())),
            (MAKER, Scalar::Text(self.maker.to_string())),
            (QUESTION, Scalar::Text(self.question.to_json())),
            (BASIS, Scalar::Text(basis_text(&self.basis))),
            (AFTER, Scalar::Text(after.join(" "))),
        ];
        plan.make_record(past, (Shelf::Approvals, &self.id.to_string()), values)
    }

    pub(super) fn read(id: PartId, ops: &[Op]) -> Option<Self> {
        let said = |name| text(put_at(ops, name)?);
        let after = said(AFTER)?;
        let after = after.split(' ').filter(|id| !id.is_empty());
        Some(Self {
            id,
            kind: optional(put_at(ops, KIND)?)?,
            label: said(LABEL)?,
            matter: said(MATTER)?.parse().ok()?,
            maker: said(MAKER)?.parse().ok()?,
            question: Question::read(&said(QUESTION)?)?,
            basis: read_basis(&said(BASIS)?)?,
            after: after.map(|id| id.parse().ok()).collect::<Option<_>>()?,
        })
    }

    /// What the template asks must be what is asked.
    pub(super) fn fits(&self, past: &Past<'_>, revision: &Revision) -> Result<(), ActError> {
        let Some(kind) = &self.kind else {
            return if self.basis.is_empty() {
                Ok(())
            } else {
                Err(self.other())
            };
        };
        let kind = find_kind(revision, kind)?;
        let (mut asked, basis) = asked_now(past, revision, kind)?;
        // Who had a vote when it was asked is for the roster to say: see `electorate`.
        asked.voters.clone_from(&self.question.voters);
        if asked == self.question && basis == self.basis {
            Ok(())
        } else {
            Err(self.other())
        }
    }

    pub(super) fn electorate(&self) -> Option<(&BTreeSet<Seat>, &BTreeSet<MemberId>)> {
        let question = &self.question;
        (question.mode == Mode::Majority).then_some((&question.seats, &question.voters))
    }

    /// Asked before acting: one request of a kind at a time.
    pub(super) fn check(&self, past: &Past<'_>) -> Result<(), ActError> {
        for id in &self.after {
            if !read_poll(past, *id)?.tally().outcome.is_decided() {
                return Err(ActError::Agreement(AgreementError::StillOpen {
                    what: "approval",
                    id: *id,
                }));
            }
        }
        Ok(())
    }

    pub(super) fn complete(&mut self, seen: &Seen<'_>) -> Result<(), ActError> {
        self.maker = seen.asker.me;
        if let Some(kind) = &self.kind {
            let found = find_kind(seen.revision, kind)?;
            (self.question, self.basis) = asked_now(seen.past, seen.revision, found)?;
            self.after = current_requests(seen.past, kind);
            if self.label.is_empty() {
                self.label.clone_from(&found.label);
            }
        } else {
            self.basis.clear();
            self.after.clear();
        }
        for seat in &self.question.seats {
            check_held(seat, seen)?;
        }
        self.question.voters.clear();
        if self.question.mode == Mode::Majority {
            let seats = self.question.seats.iter();
            self.question.voters = seats.flat_map(|seat| (seen.asker.holders)(seat)).collect();
        }
        Ok(())
    }

    pub(super) fn people(&self) -> Vec<MemberId> {
        let seats = self.question.seats.iter().filter_map(Seat::member);
        let people: BTreeSet<MemberId> =
            seats.chain(self.question.voters.iter().copied()).collect();
        people.into_iter().collect()
    }

    fn check_matter(&self, past: &Past<'_>) -> Result<(), ActError> {
        match self.matter {
            Matter::Case => Ok(()),
            Matter::Version(id) => {
                record_objects(past, Shelf::Versions, &id.to_string()).map(|_| ())
            }
            Matter::Decision(id) => {
                let decisions = container(past, schema::DECISIONS)?;
                if past.seen(decisions, &id.to_string()).is_empty() {
                    let what = "decision";
                    return Err(ActError::UnknownPart { what, id });
                }
                Ok(())
            }
        }
    }

    fn other(&self) -> ActError {
        ActError::WrongValue {
            what: format!("approval {}", self.id),
            problem: "it asks something else than the template does; ask again",
        }
    }
}

/// Refuses a seat that nobody holds: an approval that nobody can give.
pub(in crate::case::facet) fn check_held(seat: &Seat, seen: &Seen<'_>) -> Result<(), ActError> {
    if (seen.asker.holders)(seat).is_empty() {
        return Err(ActError::Agreement(AgreementError::NobodyHolds {
            seat: seat.to_string(),
        }));
    }
    Ok(())
}

/// The values that decided who is asked, from their text.
pub(crate) fn read_basis(json: &str) -> Option<BTreeMap<String, Scalar>> {
    let basis = serde_json::from_str(json).ok()?;
    (basis_text(&basis) == json).then_some(basis)
}

/// The text of the values that decided who is asked.
pub(crate) fn basis_text(basis: &BTreeMap<String, Scalar>) -> String {
    serde_json::to_string(basis).expect("texts and scalars always serialise")
}

fn find_kind<'r>(revision: &'r Revision, kind: &str) -> Result<&'r ApprovalType, ActError> {
    revision.approval_type(kind).ok_or_else(|| {
        ActError::Agreement(AgreementError::UnknownApproval {
            kind: kind.chars().take(80).collect(),
            known: list(
                revision
                    .package()
                    .approvals
                    .iter()
                    .map(|kind| kind.id.as_str()),
            ),
        })
    })
}

/// What the template asks at the values that this past shows.
fn asked_now(
    past: &Past<'_>,
    revision: &Revision,
    kind: &ApprovalType,
) -> Result<(Question, BTreeMap<String, Scalar>), ActError> {
    let value = |field: &str| field_value(past, field);
    let tier = kind
        .tier(revision.fields(), value)
        .map_err(|field| AgreementError::Undecided {
            field: field.to_owned(),
        })?;
    let seats = tier
        .approvers
        .iter()
        .map(|approver| seat_of(past, approver));
    let basis = kind.basis().into_iter();
    let basis = basis.filter_map(|field| Some((field.to_owned(), field_value(past, field)?)));
    let question = Question {
        mode: tier.mode,
        count: tier.count,
        seats: seats.collect::<Result<_, _>>()?,
        voters: BTreeSet::new(),
        maker_checker: kind.maker_checker,
        made_by: kind.made_by.clone(),
        note_required: kind.note_required,
    };
    Ok((question, basis.collect()))
}

fn seat_of(past: &Past<'_>, approver: &Approver) -> Result<Seat, ActError> {
    let (value, place) = match approver {
        Approver::Seat(seat) => return Ok(seat.clone()),
        Approver::Owner => (past.scalar(Object::Root, schema::OWNER), "owner"),
        Approver::Field(field) => (field_value(past, field), field.as_str()),
    };
    let member = value.and_then(|value| value.as_text()?.parse().ok());
    member.map(Seat::Member).ok_or_else(|| {
        ActError::Agreement(AgreementError::Undecided {
            field: place.to_owned(),
        })
    })
}

fn check_question(question: &Question) -> Result<(), ActError> {
    let wrong = |problem| ActError::WrongValue {
        what: "what is asked".to_owned(),
        problem,
    };
    let (count, max) = (question.seats.len(), MAX_APPROVERS);
    if count > max {
        let what = "approvers";
        return Err(ActError::TooMany { what, count, max });
    }
    let (count, max) = (question.voters.len(), MAX_LISTED);
    if count > max {
        let what = "voters";
        return Err(ActError::TooMany { what, count, max });
    }
    if question.seats.is_empty() {
        return Err(wrong("nobody is asked; name an approver"));
    }
    if (question.mode == Mode::Count) != (question.count > 0) {
        return Err(wrong("a number of members goes with the mode count only"));
    }
    if (question.mode == Mode::Majority) == question.voters.is_empty() {
        return Err(wrong("a majority needs voters, and nothing else has them"));
    }
    question
        .made_by
        .iter()
        .try_for_each(|field| bounds::check_slug("field", field))
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case => f.write_str("case"),
            Self::Version(id) => write!(f, "version/{id}"),
            Self::Decision(id) => write!(f, "decision/{id}"),
        }
    }
}

impl FromStr for Matter {
    type Err = MatterError;

    fn from_str(text: &str) -> Result<Self, MatterError> {
        let matter = match text.split_once('/') {
            None if text == "case" => Some(Self::Case),
            Some(("version", id)) => id.parse().ok().map(Self::Version),
            Some(("decision", id)) => id.parse().ok().map(Self::Decision),
            None | Some(_) => None,
        };
        matter.ok_or_else(|| MatterError {
            text: crate::value::text::cut(text),
        })
    }
}

impl Serialize for Matter {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Matter {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
