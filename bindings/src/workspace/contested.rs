//! Contested values: what several people wrote without knowing of each other, and settling it.

use casework_engine::case::{Act, CaseAction, Closing, Decision, Place, TaskKey};
use casework_engine::replica::{Acted, Replica};
use casework_engine::template::Revision;
use casework_engine::value::{FieldValue, Scalar};
use casework_engine::view::{CaseView, Origin, OriginRef, Side, Slot, TaskView};
use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use serde::{Serialize, Serializer};

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
        reason: Option<&str>,
    ) -> Result<Acted, Error> {
        let now = moment::now()?;
        let part = moment::part()?;
        self.write_to([case], |replica| {
            let found = contested(replica, case)?.into_iter().find(|one| one.place == *place);
            let found = found.ok_or_else(|| {
                Error::Invalid(format!("{place} is not contested, so there is nothing to settle"))
            })?;
            let side = found.choose(choice)?;
            let action = match place {
                Place::Question(question) => {
                    let id = moment::part()?;
                    let view = replica.case(case)?;
                    CaseAction::Decide(decision_again(&view, question, side, id)?)
                }
                _ => CaseAction::Settle { place: place.clone(), value: side.value.clone() },
            };
            let reason = reason.map(str::to_owned);
            Ok(replica.act(case, Act { reason, ..Act::new(part, action) }, &now)?)
        })
    }
}

impl ContestedPlace {
    /// The side that is meant.
    fn choose(&self, choice: &Choice) -> Result<&SideView, Error> {
        let found = match choice {
            Choice::Side(n) => self.sides.get(*n),
            Choice::Value(value) => self.sides.iter().find(|side| side.value == *value),
        };
        found.ok_or_else(|| {
            let sides: Vec<String> =
                self.sides.iter().map(|side| format!("{:?}", side.words)).collect();
            Error::Invalid(format!("that is none of the sides of {}: {}", self.label, sides.join(", ")))
        })
    }
}

/// The decision of this side, to be recorded once more.
fn decision_again(
    view: &CaseView,
    question: &str,
    side: &SideView,
    id: casework_engine::case::PartId,
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

/// Everything needed to put a case's values into words.
struct Words<'a> {
    replica: &'a Replica,
    view: &'a CaseView,
    revision: Option<&'a Revision>,
}

pub(super) fn contested(
    replica: &mut Replica,
    case: DocumentId,
) -> Result<Vec<ContestedPlace>, Error> {
    let view = replica.case(case)?;
    let revision = replica.current_revision(view.template);
    let words = Words { replica, view: &view, revision: revision.as_deref() };
    let found = view.flags.contested.iter().map(|place| ContestedPlace {
        place: place.clone(),
        label: words.label(place),
        sides: words.sides(place),
    });
    Ok(found.collect())
}

impl Words<'_> {
    fn label(&self, place: &Place) -> String {
        match place {
            Place::Field(id) => self
                .revision
                .and_then(|revision| revision.field(id))
                .map_or_else(|| id.clone(), |field| field.label.clone()),
            Place::TaskPart(task, key) => {
                let title = self.view.tasks.get(task).map(|task| task.title.value().as_str());
                format!("{key} of task {:?}", title.unwrap_or_default())
            }
            Place::Question(question) => self
                .revision
                .and_then(|revision| revision.decision_type(question))
                .map_or_else(|| question.clone(), |kind| kind.label.clone()),
            other => other.to_string(),
        }
    }

    fn sides(&self, place: &Place) -> Vec<SideView> {
        let view = self.view;
        match place {
            Place::Title => self.slot(&view.title, text, &Scalar::to_string),
            Place::Stage => self.slot(&view.stage, text, &|value| self.stage(value)),
            Place::Owner => self.slot(&view.owner, member, &|value| self.person(value)),
            Place::Priority => self.slot(&view.priority, optional, &or_none),
            Place::Severity => self.slot(&view.severity, optional, &or_none),
            Place::Due => self.slot(&view.due, optional, &or_none),
            Place::Closed => self.slot(&view.closed, closing, &|value| self.closing(value)),
            Place::Field(id) => {
                let slot = view.fields.get(id).and_then(|field| field.value.as_ref());
                let sides = |slot| self.slot(slot, Scalar::clone, &|value| self.field(id, value));
                slot.map(sides).unwrap_or_default()
            }
            Place::TaskPart(task, key) => {
                view.tasks.get(task).map(|task| self.task(task, *key)).unwrap_or_default()
            }
            Place::Question(question) => self.decisions(question),
            _ => Vec::new(),
        }
    }

    fn task(&self, task: &TaskView, key: TaskKey) -> Vec<SideView> {
        match key {
            TaskKey::Title => self.slot(&task.title, text, &Scalar::to_string),
            TaskKey::Assignee => self.slot(&task.assignee, member, &|value| self.person(value)),
            TaskKey::Due => self.slot(&task.due, optional, &or_none),
            TaskKey::Status => {
                self.slot(&task.status, |status| Scalar::text(status.name()), &Scalar::to_string)
            }
            TaskKey::ItemText(id) | TaskKey::ItemDone(id) => {
                let Some(item) = task.items.iter().find(|item| item.id == id) else {
                    return Vec::new();
                };
                if matches!(key, TaskKey::ItemText(_)) {
                    return self.slot(&item.text, text, &Scalar::to_string);
                }
                self.slot(&item.done, |done| Scalar::Bool(*done), &|value| match value {
                    Scalar::Bool(true) => "checked".to_owned(),
                    _ => "not checked".to_owned(),
                })
            }
        }
    }

    fn decisions(&self, question: &str) -> Vec<SideView> {
        let mut current: Vec<_> = self
            .view
            .decisions
            .iter()
            .filter(|(_, decision)| decision.current && decision.question == question)
            .collect();
        current.sort_by_key(|(id, decision)| (core::cmp::Reverse(decision.position), **id));
        let kind = self.revision.and_then(|revision| revision.decision_type(question));
        let sides = current.into_iter().map(|(_, decision)| {
            let known = kind.and_then(|kind| {
                kind.outcomes.iter().find(|outcome| outcome.id == decision.outcome)
            });
            let words = known.map_or_else(|| decision.outcome.clone(), |o| o.label.clone());
            self.side(self.view.origins.get(decision.by), Scalar::text(&decision.outcome), words)
        });
        sides.collect()
    }

    fn slot<T>(
        &self,
        slot: &Slot<T>,
        scalar: impl Fn(&T) -> Scalar,
        words: &dyn Fn(&Scalar) -> String,
    ) -> Vec<SideView> {
        let side = |side: &Side<T>| {
            let value = scalar(&side.value);
            let words = words(&value);
            self.side(self.view.origins.get(side.by), value, words)
        };
        slot.sides().map(side).collect()
    }

    fn side(&self, origin: &Origin, value: Scalar, words: String) -> SideView {
        let member_name = origin.member.map(|member| self.name(member)).unwrap_or_default();
        SideView {
            value,
            words,
            member: origin.member,
            member_name,
            claimed_ms: origin.claimed_ms,
            zone_min: origin.zone_min,
            reason: origin.reason.clone(),
            change: origin.change,
        }
    }

    fn name(&self, member: MemberId) -> String {
        let known = self.replica.roster().ok().and_then(|roster| roster.head().member(member));
        known.map_or_else(|| member.short(), |member| member.name.clone())
    }

    fn person(&self, value: &Scalar) -> String {
        match value.as_text().and_then(|text| text.parse().ok()) {
            Some(member) => self.name(member),
            None => or_none(value),
        }
    }

    fn stage(&self, value: &Scalar) -> String {
        let id = value.to_string();
        let known = self.revision.and_then(|revision| revision.stage(&id));
        known.map_or(id, |stage| stage.name.clone())
    }

    fn closing(&self, value: &Scalar) -> String {
        let Some(closing) = value.as_text().and_then(Closing::read) else {
            return "open".to_owned();
        };
        let known = self.revision.and_then(|revision| revision.resolution(&closing.code));
        let label = known.map_or(closing.code, |outcome| outcome.label.clone());
        if closing.notes.is_empty() { label } else { format!("{label}: {}", closing.notes) }
    }

    fn field(&self, id: &str, value: &Scalar) -> String {
        if value.is_null() {
            return or_none(value);
        }
        let Some(field) = self.revision.and_then(|revision| revision.field(id)) else {
            return value.to_string();
        };
        match FieldValue::from_scalar(field.kind, value) {
            Ok(FieldValue::Member(member)) => self.name(member),
            Ok(known) => known.words(field),
            Err(_) => value.to_string(),
        }
    }
}

fn text(value: &String) -> Scalar {
    Scalar::text(value)
}

fn optional(value: &Option<String>) -> Scalar {
    value.as_ref().map_or(Scalar::Null, Scalar::text)
}

fn member(value: &Option<MemberId>) -> Scalar {
    value.map_or(Scalar::Null, |member| Scalar::Text(member.to_string()))
}

fn closing(value: &Option<Closing>) -> Scalar {
    value.as_ref().map_or(Scalar::Null, |closing| Scalar::Text(closing.to_json()))
}

fn or_none(value: &Scalar) -> String {
    if value.is_null() { "nothing".to_owned() } else { value.to_string() }
}

fn as_text<S: Serializer>(place: &Place, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(place)
}
