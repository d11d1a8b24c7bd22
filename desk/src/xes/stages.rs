//! From the activities of a log to the stages of a template: names, order, categories, colours.
//!
//! Invariant: there is at least one stage that is intake and one that is done, and every activity
//! that was counted has a stage.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::classifier::{Activity, Classifier, activity_name};
use super::limits::MAX_STAGES;
use super::notes::{NoteKind, Notes};
use super::plan::{StageCategory, StagePlan};
use super::slug::Slugs;

/// The end of a trace in the unit of [`Tally::positions`]; its start is 0.
pub(crate) const TRACE_END: u64 = 1_000_000;
const UNNAMED: &str = "Unnamed activity";
const SHARED: &str = "Other activities";
const CLOSED: &str = "Closed";

const INTAKE_COLORS: [&str; 2] = ["#6366f1", "#8b5cf6"];
const ACTIVE_COLORS: [&str; 6] = [
    "#2563eb", "#0891b2", "#0d9488", "#ca8a04", "#ea580c", "#db2777",
];
const DONE_COLORS: [&str; 3] = ["#16a34a", "#15803d", "#65a30d"];

/// The figures of one activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Its events.
    pub(crate) events: u64,
    /// Traces it is the first event of.
    pub(crate) starts: u64,
    /// Traces it is the last event of.
    pub(crate) ends: u64,
    /// The sum of its relative positions in traces, each from 0 to [`TRACE_END`].
    pub(crate) positions: u64,
    /// How many activities were seen before it.
    pub(crate) first_seen: u64,
}

/// The stages, and which activity belongs to which.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    pub(crate) plans: Vec<StagePlan>,
    pub(crate) by_activity: BTreeMap<Activity, usize>,
    /// Where the lifecycle stands in an activity, if it says nothing and is left out.
    pub(crate) left_out: Option<usize>,
    /// The stage of all other activities.
    pub(crate) shared: Option<usize>,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        let first_seen = if self.events == 0 {
            u64::MAX
        } else {
            self.first_seen
        };
        self.first_seen = first_seen.min(other.first_seen);
        self.events += other.events;
        self.starts += other.starts;
        self.ends += other.ends;
        self.positions += other.positions;
    }

    fn mean_position(&self) -> u64 {
        self.positions / self.events.max(1)
    }
}

/// Derives the stages. `uncounted` are the events of activities beyond those in `figures`.
pub(crate) fn derive(
    figures: &BTreeMap<Activity, Tally>,
    uncounted: &Tally,
    classifier: &Classifier,
    notes: &mut Notes,
) -> Stages {
    let left_out = single_lifecycle(figures, classifier, notes);
    let mut named: BTreeMap<Option<String>, Tally> = BTreeMap::new();
    for (activity, tally) in figures {
        named
            .entry(activity_name(activity, left_out))
            .or_default()
            .add(tally);
    }
    let (mut stages, shared) = share_rare_ones(named, uncounted, notes);
    stages.sort_by_key(|(_, tally)| (tally.mean_position(), tally.first_seen));
    let mut categories = categories(&stages);
    let mut places: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    for (place, (name, _)) in stages.iter().enumerate() {
        names.push(match name {
            Name::Activity(Some(name)) => name.clone(),
            Name::Activity(None) => UNNAMED.to_owned(),
            Name::Shared => SHARED.to_owned(),
        });
        if let Name::Activity(name) = name {
            places.insert(name.clone(), place);
        }
    }
    if names.is_empty() {
        // Nothing was whole before the damage: a template begins somewhere all the same.
        names.push(UNNAMED.to_owned());
        categories.push(StageCategory::Intake);
    }
    if !categories.contains(&StageCategory::Done) {
        notes.add(NoteKind::AddedClosedStage);
        names.push(CLOSED.to_owned());
        categories.push(StageCategory::Done);
    }
    let shared_stage = stages
        .iter()
        .position(|(name, _)| *name == Name::Shared && shared);
    let by_activity = figures.keys().filter_map(|activity| {
        Some((
            activity.clone(),
            *places.get(&activity_name(activity, left_out))?,
        ))
    });
    Stages {
        by_activity: by_activity.collect(),
        plans: planned(&names, &categories),
        left_out,
        shared: shared_stage,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Activity(Option<String>),
    Shared,
}

/// The lifecycle's place in the classifier if it has one value in the whole log, or none.
fn single_lifecycle(
    figures: &BTreeMap<Activity, Tally>,
    classifier: &Classifier,
    notes: &mut Notes,
) -> Option<usize> {
    let at = classifier.lifecycle()?;
    let mut values = figures
        .iter()
        .filter_map(|(activity, tally)| Some((activity.get(at)?.as_deref()?, tally.events)));
    let Some((only, mut events)) = values.next() else {
        return Some(at);
    };
    for (value, more) in values {
        if value != only {
            return None;
        }
        events += more;
    }
    notes.add_many(NoteKind::SingleLifecycle, events, Some(only));
    Some(at)
}

/// Keeps the activities used most, and puts the others into one; whether there is such a one.
fn share_rare_ones(
    named: BTreeMap<Option<String>, Tally>,
    uncounted: &Tally,
    notes: &mut Notes,
) -> (Vec<(Name, Tally)>, bool) {
    let mut all: Vec<(Name, Tally)> = named
        .into_iter()
        .map(|(name, tally)| (Name::Activity(name), tally))
        .collect();
    if all.len() <= MAX_STAGES && uncounted.events == 0 {
        return (all, false);
    }
    all.sort_by_key(|(_, tally)| (Reverse(tally.events), tally.first_seen));
    let rare = all.split_off(all.len().min(MAX_STAGES - 1));
    notes.add_many(NoteKind::ManyActivities, rare.len().max(1) as u64, None);
    let mut shared = *uncounted;
    rare.iter().for_each(|(_, tally)| shared.add(tally));
    all.push((Name::Shared, shared));
    (all, true)
}

/// The activity that begins most cases is intake, and so is one that mostly begins them; one that
/// mostly ends them is done. If none does, the one that ends most cases is, when it ends a case
/// at least every fourth time.
fn categories(stages: &[(Name, Tally)]) -> Vec<StageCategory> {
    let earliest = |(place, (_, tally)): &(usize, &(Name, Tally))| (tally.starts, Reverse(*place));
    let first = stages
        .iter()
        .enumerate()
        .max_by_key(earliest)
        .map(|(place, _)| place);
    let category = |(place, (_, tally)): (usize, &(Name, Tally))| {
        if Some(place) == first {
            StageCategory::Intake
        } else if tally.ends * 2 > tally.events {
            StageCategory::Done
        } else if tally.starts * 2 > tally.events {
            StageCategory::Intake
        } else {
            StageCategory::Active
        }
    };
    let mut found: Vec<StageCategory> = stages.iter().enumerate().map(category).collect();
    if !found.contains(&StageCategory::Done) {
        let enders = stages.iter().enumerate().filter(|(place, (_, tally))| {
            Some(*place) != first && tally.ends > 0 && tally.ends * 4 >= tally.events
        });
        let last = enders.max_by_key(|(place, (_, tally))| (tally.ends, *place));
        if let Some((place, _)) = last {
            found[place] = StageCategory::Done;
        }
    }
    found
}

fn planned(names: &[String], categories: &[StageCategory]) -> Vec<StagePlan> {
    let mut slugs = Slugs::default();
    let mut used: BTreeMap<StageCategory, usize> = BTreeMap::new();
    let stage = |(order, (name, category)): (usize, (&String, &StageCategory))| {
        let colors: &[&'static str] = match category {
            StageCategory::Intake => &INTAKE_COLORS,
            StageCategory::Active => &ACTIVE_COLORS,
            StageCategory::Done => &DONE_COLORS,
        };
        let turn = used.entry(*category).or_default();
        let color = colors[*turn % colors.len()];
        *turn += 1;
        let id = slugs.make(name, "stage");
        StagePlan {
            id,
            name: name.clone(),
            category: *category,
            order,
            color,
        }
    };
    names
        .iter()
        .zip(categories)
        .enumerate()
        .map(stage)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classifier(keys: &[&str]) -> Classifier {
        Classifier {
            name: None,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    /// (activity, events, starts, ends, mean position in per cent)
    fn derived(rows: &[(&str, u64, u64, u64, u64)]) -> (Stages, Vec<NoteKind>) {
        let tally = |(seen, row): (usize, &(&str, u64, u64, u64, u64))| {
            let &(name, events, starts, ends, percent) = row;
            let positions = events * percent * TRACE_END / 100;
            let first_seen = seen as u64;
            (
                vec![Some(name.to_owned())],
                Tally {
                    events,
                    starts,
                    ends,
                    positions,
                    first_seen,
                },
            )
        };
        let figures = rows.iter().enumerate().map(tally).collect();
        let mut notes = Notes::default();
        let stages = derive(
            &figures,
            &Tally::default(),
            &classifier(&["concept:name"]),
            &mut notes,
        );
        (stages, notes.list().iter().map(|note| note.kind).collect())
    }

    fn shape(stages: &Stages) -> Vec<(&str, StageCategory)> {
        stages
            .plans
            .iter()
            .map(|stage| (stage.name.as_str(), stage.category))
            .collect()
    }

    #[test]
    fn stages_are_ordered_by_their_mean_position() {
        use StageCategory::{Active, Done, Intake};
        let (stages, notes) = derived(&[
            ("Close", 9, 0, 9, 100),
            ("Work", 12, 1, 1, 50),
            ("Wait", 4, 0, 0, 50),
            ("Open", 10, 9, 0, 5),
        ]);
        let expected = [
            ("Open", Intake),
            ("Work", Active),
            ("Wait", Active),
            ("Close", Done),
        ];
        assert_eq!(shape(&stages), expected);
        assert_eq!(notes, []);
        assert_eq!(stages.plans[3].order, 3);
        assert_eq!(stages.by_activity[&vec![Some("Close".to_owned())]], 3);
    }

    #[test]
    fn there_is_always_an_intake_and_a_done_stage() {
        use StageCategory::{Done, Intake};
        let (stages, notes) = derived(&[("Only", 5, 5, 5, 0)]);
        assert_eq!(shape(&stages), [("Only", Intake), ("Closed", Done)]);
        assert_eq!(notes, [NoteKind::AddedClosedStage]);
        let (stages, _) = derived(&[]);
        assert_eq!(shape(&stages), [(UNNAMED, Intake), ("Closed", Done)]);
        let (stages, _) = derived(&[("A", 10, 10, 4, 0), ("B", 20, 0, 6, 60)]);
        assert_eq!(shape(&stages), [("A", Intake), ("B", Done)]);
        let (stages, _) = derived(&[("A", 10, 10, 9, 0), ("Closed", 20, 0, 1, 60)]);
        let ids: Vec<&str> = stages.plans.iter().map(|stage| stage.id.as_str()).collect();
        assert_eq!(ids, ["a", "closed", "closed-2"]);
    }

    #[test]
    fn a_lifecycle_with_one_value_is_left_out_of_the_names() {
        let figure = |name: &str, lifecycle: Option<&str>, events| {
            let activity = vec![Some(name.to_owned()), lifecycle.map(str::to_owned)];
            (
                activity,
                Tally {
                    events,
                    starts: 1,
                    ..Tally::default()
                },
            )
        };
        let keys = classifier(&["concept:name", "lifecycle:transition"]);
        let mut notes = Notes::default();
        let figures = [figure("A", Some("complete"), 3), figure("A", None, 1)].into();
        let stages = derive(&figures, &Tally::default(), &keys, &mut notes);
        assert_eq!(stages.plans[0].name, "A");
        assert_eq!(stages.by_activity.len(), 2);
        assert_eq!(notes.list()[0].count, 3);
        let figures = [
            figure("A", Some("complete"), 3),
            figure("A", Some("start"), 1),
        ]
        .into();
        let stages = derive(&figures, &Tally::default(), &keys, &mut notes);
        let names: Vec<&str> = stages
            .plans
            .iter()
            .map(|stage| stage.name.as_str())
            .collect();
        assert_eq!(names, ["A + complete", "A + start", "Closed"]);
    }

    #[test]
    fn the_rarest_activities_share_a_stage() {
        let names: Vec<String> = (0..150).map(|n| format!("Activity {n}")).collect();
        let rows: Vec<_> = names
            .iter()
            .zip(0..)
            .map(|(name, n)| (name.as_str(), 1 + n, n, 0, 10))
            .collect();
        let (stages, notes) = derived(&rows);
        let shared = stages.shared.unwrap();
        assert_eq!(stages.plans[shared].name, SHARED);
        assert_eq!(stages.by_activity.len(), MAX_STAGES - 1);
        assert!(
            stages
                .by_activity
                .contains_key(&vec![Some("Activity 149".to_owned())])
        );
        assert!(
            !stages
                .by_activity
                .contains_key(&vec![Some("Activity 0".to_owned())])
        );
        assert!(notes.contains(&NoteKind::ManyActivities));
    }
}
