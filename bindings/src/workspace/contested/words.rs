//! The sides of contested places in words: stages, people, options and answers by their names.

use casework_engine::case::{Closing, Place, TaskKey};
use casework_engine::replica::Replica;
use casework_engine::template::Revision;
use casework_engine::value::{FieldValue, Scalar};
use casework_engine::view::{CaseView, Contest, ContestSide, Origin, Side, Slot, TaskView};
use casework_protocol::ids::MemberId;

use super::SideView;

/// Everything needed to put a case's values into words.
pub(super) struct Words<'a> {
    pub(super) replica: &'a Replica,
    pub(super) view: &'a CaseView,
    pub(super) revision: Option<&'a Revision>,
}

impl Words<'_> {
    /// What people call a place.
    pub(super) fn label(&self, place: &Place) -> String {
        match place {
            Place::Field(id) => self
                .revision
                .and_then(|revision| revision.field(id))
                .map_or_else(|| id.clone(), |field| field.label.clone()),
            Place::TaskPart(task, key) => {
                let title = self
                    .view
                    .tasks
                    .get(task)
                    .map(|task| task.title.value().as_str());
                format!("{key} of task {:?}", title.unwrap_or_default())
            }
            Place::Question(question) => self
                .revision
                .and_then(|revision| revision.decision_type(question))
                .map_or_else(|| question.clone(), |kind| kind.label.clone()),
            Place::Record(_, _) | Place::RecordPart(_, _, _) => self
                .contest(place)
                .map_or_else(|| place.to_string(), |contest| contest.label),
            Place::Case
            | Place::Title
            | Place::Stage
            | Place::Owner
            | Place::Priority
            | Place::Severity
            | Place::Due
            | Place::Closed
            | Place::Set(_)
            | Place::Counter(_)
            | Place::Text(_)
            | Place::Labels
            | Place::Assignees
            | Place::Watchers
            | Place::Task(_)
            | Place::Comment(_)
            | Place::Decision(_)
            | Place::Overrides
            | Place::Number => place.to_string(),
        }
    }

    /// Every side of a contested place, the shown one first; none for places that merge.
    pub(super) fn sides(&self, place: &Place) -> Vec<SideView> {
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
            Place::TaskPart(task, key) => view
                .tasks
                .get(task)
                .map(|task| self.task(task, *key))
                .unwrap_or_default(),
            Place::Question(question) => self.decisions(question),
            Place::Record(_, _) | Place::RecordPart(_, _, _) => self.facet_sides(place),
            // Sets, counters and prose merge; nobody has to choose.
            Place::Case
            | Place::Set(_)
            | Place::Counter(_)
            | Place::Text(_)
            | Place::Labels
            | Place::Assignees
            | Place::Watchers
            | Place::Task(_)
            | Place::Comment(_)
            | Place::Decision(_)
            | Place::Overrides
            | Place::Number => Vec::new(),
        }
    }

    /// The contest at a place of a facet.
    pub(super) fn contest(&self, place: &Place) -> Option<Contest> {
        let contests = self.view.facets.contests();
        contests.into_iter().find(|contest| contest.place == *place)
    }

    fn facet_sides(&self, place: &Place) -> Vec<SideView> {
        let sides = self.contest(place).map(|contest| contest.sides);
        let side = |side: ContestSide| {
            let words = side.words.unwrap_or_else(|| self.person(&side.value));
            self.side(self.view.origins.get(side.by), side.value, words)
        };
        sides.into_iter().flatten().map(side).collect()
    }

    fn task(&self, task: &TaskView, key: TaskKey) -> Vec<SideView> {
        match key {
            TaskKey::Title => self.slot(&task.title, text, &Scalar::to_string),
            TaskKey::Assignee => self.slot(&task.assignee, member, &|value| self.person(value)),
            TaskKey::Due => self.slot(&task.due, optional, &or_none),
            TaskKey::Status => self.slot(
                &task.status,
                |status| Scalar::text(status.name()),
                &Scalar::to_string,
            ),
            TaskKey::ItemText(id) | TaskKey::ItemDone(id) => {
                let Some(item) = task.items.iter().find(|item| item.id == id) else {
                    return Vec::new();
                };
                if matches!(key, TaskKey::ItemText(_)) {
                    return self.slot(&item.text, text, &Scalar::to_string);
                }
                self.slot(
                    &item.done,
                    |done| Scalar::Bool(*done),
                    &|value| match value {
                        Scalar::Bool(true) => "checked".to_owned(),
                        Scalar::Null | Scalar::Bool(false) | Scalar::Int(_) | Scalar::Text(_) => {
                            "not checked".to_owned()
                        }
                    },
                )
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
        let kind = self
            .revision
            .and_then(|revision| revision.decision_type(question));
        let sides = current.into_iter().map(|(_, decision)| {
            let known = kind.and_then(|kind| {
                kind.outcomes
                    .iter()
                    .find(|outcome| outcome.id == decision.outcome)
            });
            let words = known.map_or_else(|| decision.outcome.clone(), |o| o.label.clone());
            self.side(
                self.view.origins.get(decision.by),
                Scalar::text(&decision.outcome),
                words,
            )
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
        let member_name = origin
            .member
            .map(|member| self.name(member))
            .unwrap_or_default();
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
        let known = self
            .replica
            .roster()
            .ok()
            .and_then(|roster| roster.head().member(member));
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
        let known = self
            .revision
            .and_then(|revision| revision.resolution(&closing.code));
        let label = known.map_or(closing.code, |outcome| outcome.label.clone());
        if closing.notes.is_empty() {
            label
        } else {
            format!("{label}: {}", closing.notes)
        }
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
    value
        .as_ref()
        .map_or(Scalar::Null, |closing| Scalar::Text(closing.to_json()))
}

fn or_none(value: &Scalar) -> String {
    if value.is_null() {
        "nothing".to_owned()
    } else {
        value.to_string()
    }
}
