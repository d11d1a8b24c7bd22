//! Contested values: what several people wrote without knowing of each other, and settling it.

mod words;

use casework_engine::case::{Act, CaseAction, Decision, PartId, Place};
use casework_engine::replica::{Acted, Replica};
use casework_engine::value::Scalar;
use casework_engine::view::{CaseView, OriginRef};
use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use serde::{Serialize, Serializer};

use self::words::Words;
use super::Workspace;
use crate::error::Error;
use crate::moment;

/// A place with several values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContestedPlace {
    /// Where, as `stage`, `field/iban` or `task/9f…/status`.
    #[serde(serialize_with = "as_text")]
    pub place: Place,
    /// What people call it.
    pub label: String,
    /// The values: the one shown now first, the others in an order that is the same everywhere.
    pub sides: Vec<SideView>,
}

/// One of the values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SideView {
    /// The value as it is stored; for a question, the outcome.
    pub value: Scalar,
    /// The value in words.
    pub words: String,
    /// Who wrote it; `None` while nobody here knows the device.
    pub member: Option<MemberId>,
    /// The member's name.
    pub member_name: String,
    /// When, by the author's clock, milliseconds UTC: a claim.
    pub claimed_ms: i64,
    /// The author's offset from UTC, in minutes.
    pub zone_min: i16,
    /// Why.
    pub reason: Option<String>,
    /// The change that wrote it.
    pub change: ChangeHash,
}

/// Which side is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The n-th of [`ContestedPlace::sides`], from 0.
    Side(usize),
    /// The side that this change wrote.
    Change(ChangeHash),
    /// The side with this value.
    Value(Scalar),
}

impl Workspace {
    /// The contested places of a case.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is not on this device, [`Error::Corrupt`] for a quarantined
    /// case, [`Error::Unavailable`] when the store fails.
    pub fn contested(&self, case: DocumentId) -> Result<Vec<ContestedPlace>, Error> {
        self.read(|replica| contested(replica, case))
    }

    /// Settles a contested place on one of its sides. For a question it records the decision
    /// again, which takes the place of all the others.
    ///
    /// # Errors
    /// As [`Workspace::act`]; also when the place is not contested or has no such side.
    pub fn settle(
        &self,
        case: DocumentId,
        place: &Place,
        choice: &Choice,
        (reason, override_rule): (Option<&str>, bool),
    ) -> Result<Acted, Error> {
        let now = moment::now()?;
        let part = moment::part()?;
        self.write_to([case], |replica| {
            let found = contested(replica, case)?
                .into_iter()
                .find(|one| one.place == *place);
            let found = found.ok_or_else(|| {
                Error::Invalid(format!(
                    "{place} is not contested, so there is nothing to settle"
                ))
            })?;
            let side = found.choose(choice)?;
            let action = if let Place::Question(question) = place {
                let view = replica.case(case)?;
                CaseAction::Decide(decision_again(&view, question, side, moment::part()?)?)
            } else {
                let view = replica.case(case)?;
                settling(&view, place, &side.value)
            };
            let reason = reason.map(str::to_owned);
            Ok(replica.act(
                case,
                Act {
                    reason,
                    override_rule,
                    ..Act::new(part, action)
                },
                &now,
            )?)
        })
    }
}

impl ContestedPlace {
    /// The side that is meant.
    fn choose(&self, choice: &Choice) -> Result<&SideView, Error> {
        let found = match choice {
            Choice::Side(n) => self.sides.get(*n),
            Choice::Change(change) => self.sides.iter().find(|side| side.change == *change),
            Choice::Value(value) => self.sides.iter().find(|side| side.value == *value),
        };
        found.ok_or_else(|| {
            let sides: Vec<String> = self
                .sides
                .iter()
                .map(|side| format!("{:?}", side.words))
                .collect();
            Error::Invalid(format!(
                "that is none of the sides of {}: {}",
                self.label,
                sides.join(", ")
            ))
        })
    }
}

/// What settles a place on a value.
fn settling(view: &CaseView, place: &Place, value: &Scalar) -> CaseAction {
    let contests = view.facets.contests().into_iter();
    let sides = contests
        .filter(|contest| contest.place == *place)
        .flat_map(|contest| contest.sides);
    let mut own = sides.filter(|side| side.value == *value);
    let own = own.find_map(|side| side.settled_by);
    own.unwrap_or_else(|| CaseAction::Settle {
        place: place.clone(),
        value: value.clone(),
    })
}

/// The decision of this side, to be recorded once more.
fn decision_again(
    view: &CaseView,
    question: &str,
    side: &SideView,
    id: PartId,
) -> Result<Decision, Error> {
    let of_change = |by: OriginRef| view.origins.get(by).change == side.change;
    let decided = view
        .decisions
        .values()
        .find(|decision| decision.question == question && of_change(decision.by))
        .ok_or_else(|| Error::Invalid(format!("the decision on {question:?} is gone")))?;
    Ok(Decision {
        id,
        question: question.to_owned(),
        outcome: decided.outcome.clone(),
        rationale: decided.rationale.clone(),
        conditions: decided.conditions.clone(),
        supersedes: [].into(),
    })
}

pub(super) fn contested(
    replica: &mut Replica,
    case: DocumentId,
) -> Result<Vec<ContestedPlace>, Error> {
    let view = replica.case(case)?;
    let revision = replica.current_revision(view.template);
    let words = Words {
        replica,
        view: &view,
        revision: revision.as_deref(),
    };
    let found = view.flags.contested.iter().map(|place| ContestedPlace {
        place: place.clone(),
        label: words.label(place),
        sides: words.sides(place),
    });
    Ok(found.collect())
}

fn as_text<S: Serializer>(place: &Place, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(place)
}
