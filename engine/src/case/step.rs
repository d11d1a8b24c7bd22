//! The steps of a plan: what a change writes, one write after the other.
//!
//! Knows maps, keys and values, not what they mean; the tables that use it do (`plan.rs`, `facet`).

use super::bounds;
use super::part::PartId;
use super::past::{Held, Object, Past};
use super::place::{Place, TaskKey};
use super::record::Shelf;
use super::refusal::ActError;
use super::slots::{container, record_objects, task_objects};
use crate::value::Scalar;

/// What a change writes, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Deletes what stands at the key, if anything, and puts the value.
    Put {
        object: Target,
        key: String,
        value: Scalar,
    },
    /// Deletes what stands at the key.
    Remove { object: Target, key: String },
    /// Makes a map where nothing stands.
    MakeMap { object: Target, key: String },
    /// Makes a text where nothing stands.
    MakeText { object: Target, key: String },
    /// Edits the first text so that all of them together say this. The last step of its plan.
    Prose { texts: Vec<Target>, text: String },
}

/// An object that is there already, or the n-th that this plan makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    There(Object),
    New(usize),
}

impl Plan {
    pub(super) fn put(&mut self, object: Object, key: &str, value: Scalar) -> Result<(), ActError> {
        let object = Target::There(object);
        self.steps.push(Step::Put {
            object,
            key: key.to_owned(),
            value,
        });
        Ok(())
    }

    pub(super) fn put_root(&mut self, key: &str, value: Scalar) -> Result<(), ActError> {
        self.put(Object::Root, key, value)
    }

    /// Puts into the n-th object that this plan makes.
    pub(super) fn put_new(&mut self, n: usize, key: &str, value: Scalar) {
        self.steps.push(Step::Put {
            object: Target::New(n),
            key: key.to_owned(),
            value,
        });
    }

    /// Puts a value of a task into every map of the task that has one there.
    pub(super) fn put_task(
        &mut self,
        past: &Past<'_>,
        task: PartId,
        key: TaskKey,
        value: Scalar,
    ) -> Result<(), ActError> {
        let name = key.to_string();
        let mut objects = task_objects(past, task)?;
        objects.retain(|object| !past.seen(*object, &name).is_empty());
        if let (true, TaskKey::ItemDone(item)) = (objects.is_empty(), key) {
            return Err(ActError::UnknownPart {
                what: "item",
                id: item,
            });
        }
        objects
            .into_iter()
            .try_for_each(|object| self.put(object, &name, value.clone()))
    }

    /// Makes a record with its first values. Several may be made by one plan.
    ///
    /// # Errors
    /// [`ActError::RecordExists`] if one is there already.
    pub(crate) fn make_record<'v>(
        &mut self,
        past: &Past<'_>,
        (shelf, key): (Shelf, &str),
        values: impl IntoIterator<Item = (&'v str, Scalar)>,
    ) -> Result<(), ActError> {
        let map = container(past, shelf.map())?;
        if !past.seen(map, key).is_empty() {
            return Err(ActError::RecordExists {
                place: Place::Record(shelf, key.to_owned()),
            });
        }
        let made = self.steps.iter();
        let made = made
            .filter(|step| matches!(step, Step::MakeMap { .. } | Step::MakeText { .. }))
            .count();
        self.steps.push(Step::MakeMap {
            object: Target::There(map),
            key: key.to_owned(),
        });
        for (name, value) in values {
            self.put_new(made, name, value);
        }
        Ok(())
    }

    /// Puts a value of a record into every map of the record.
    ///
    /// # Errors
    /// [`ActError::NoRecord`] if there is none.
    pub(crate) fn put_record(
        &mut self,
        past: &Past<'_>,
        (shelf, key): (Shelf, &str),
        name: &str,
        value: Scalar,
    ) -> Result<(), ActError> {
        record_objects(past, shelf, key)?
            .into_iter()
            .try_for_each(|object| self.put(object, name, value.clone()))
    }

    /// Puts a value at a key of a shelf that holds values and not records: a set, where an add wins
    /// over a concurrent removal.
    ///
    /// # Errors
    /// [`ActError::NotOpened`] without a case.
    pub(crate) fn put_entry(
        &mut self,
        past: &Past<'_>,
        (shelf, key): (Shelf, &str),
        value: Scalar,
    ) -> Result<(), ActError> {
        self.put(container(past, shelf.map())?, key, value)
    }

    /// Takes away what stands at a key of such a shelf.
    ///
    /// # Errors
    /// [`ActError::NothingThere`] if nothing does.
    pub(crate) fn remove_entry(
        &mut self,
        past: &Past<'_>,
        (shelf, key): (Shelf, &str),
    ) -> Result<(), ActError> {
        let place = Place::Record(shelf, key.to_owned());
        self.remove(past, shelf.map(), key.to_owned(), place)
    }

    /// Takes away what stands at a key of one of the root's maps.
    pub(super) fn remove(
        &mut self,
        past: &Past<'_>,
        map: &str,
        key: String,
        place: Place,
    ) -> Result<(), ActError> {
        let object = container(past, map)?;
        if past.seen(object, &key).is_empty() {
            return Err(ActError::NothingThere { place });
        }
        self.steps.push(Step::Remove {
            object: Target::There(object),
            key,
        });
        Ok(())
    }

    /// About how many bytes its operations take in a change, never less than that.
    pub(super) fn bytes(&self) -> usize {
        const PER_STEP: usize = 48;
        const PER_CHARACTER: usize = 16;
        self.steps
            .iter()
            .map(|step| match step {
                Step::Put { key, value, .. } => {
                    2 * key.len() + value.as_text().map_or(0, str::len) + PER_STEP
                }
                Step::Remove { key, .. }
                | Step::MakeMap { key, .. }
                | Step::MakeText { key, .. } => key.len() + PER_STEP,
                Step::Prose { .. } => bounds::MAX_EDITED_CHARACTERS * PER_CHARACTER,
            })
            .sum()
    }

    /// Whether the plan would make the document say anything else than it does. Overrides alone
    /// are no effect.
    pub(crate) fn has_effect(&self, past: &Past<'_>) -> bool {
        self.steps.iter().any(|step| match step {
            Step::MakeMap { .. } | Step::Remove { .. } => true,
            Step::MakeText { .. } => false,
            Step::Prose { texts, text } => {
                let prose = |target: &Target| match target {
                    Target::There(object) => past.prose(*object),
                    Target::New(_) => String::new(),
                };
                texts.iter().map(prose).collect::<String>() != *text
            }
            Step::Put {
                object: Target::New(_),
                ..
            } => true,
            Step::Put {
                object: Target::There(object),
                key,
                value,
            } => !is_so(past, *object, key, value),
        })
    }
}

/// Whether this value, and nothing else, stands there already.
fn is_so(past: &Past<'_>, object: Object, key: &str, value: &Scalar) -> bool {
    let seen = past.seen(object, key);
    let same = |held: &Held| matches!(held, Held::Scalar(now) if now == value);
    !seen.is_empty() && seen.iter().all(|seen| same(&seen.held))
}
