//! The plan of an import: the template to make, the people to enter, and how to read each case.
//!
//! Made by one pass over the log ([`ImportPlan::survey`]); the cases come from a second pass
//! ([`ImportPlan::cases`]). It is neutral data and knows nothing of the engine.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::cases::Cases;
use super::classifier::{Activity, Classifier};
use super::fault::XesError;
use super::limits::Limits;
use super::log::LogHead;
use super::moment::Moment;
use super::notes::Note;
use super::source::{Progress, Source};
use super::survey;

/// What the person who imports may choose.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name of the classifier that names the stages; `None` chooses one.
    pub classifier: Option<String>,
    /// The limits of the reading.
    pub limits: Limits,
}

/// What one pass over a log found out.
#[derive(Debug)]
pub struct ImportPlan {
    /// The template to make.
    pub template: TemplatePlan,
    /// The people named by events, with how many events each.
    pub people: BTreeMap<String, u64>,
    /// The groups named by events, with how many events each.
    pub groups: BTreeMap<String, u64>,
    /// What the complete traces hold.
    pub counts: Counts,
    /// What was adjusted.
    pub notes: Vec<Note>,
    /// The head of the log.
    pub head: LogHead,
    /// The name of the classifier that names the stages; `None` when events go by
    /// `concept:name` because the log has no classifier.
    pub classifier: Option<String>,
    /// Why the reading stopped before the end of the file, if it did. The plan is about the
    /// complete traces before it.
    pub broken: Option<XesError>,
    pub(crate) key: ReadingKey,
}

/// How many complete traces there are, and what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cases.
    pub traces: u64,
    /// Events.
    pub events: u64,
    /// Attributes of traces and events, nested ones included.
    pub attributes: u64,
}

/// The template to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplatePlan {
    /// Prefix of case numbers: two to six capital letters.
    pub key: String,
    /// The name of the log.
    pub name: String,
    /// The stages in their order.
    pub stages: Vec<StagePlan>,
    /// The fields: those of cases first, then those that events change.
    pub fields: Vec<FieldPlan>,
}

/// A stage to make: one activity of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagePlan {
    /// Its id: a slug.
    pub id: String,
    /// The activity.
    pub name: String,
    /// What it means for counting.
    pub category: StageCategory,
    /// Its place, from 0.
    pub order: usize,
    /// `#rrggbb` in lower case.
    pub color: &'static str,
}

/// What a stage means for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StageCategory {
    /// Cases begin here.
    Intake,
    /// Being worked on.
    Active,
    /// Cases mostly end here.
    Done,
}

/// A field to make: one attribute of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPlan {
    /// Its id: a slug.
    pub id: String,
    /// Its label for people.
    pub label: String,
    /// Its type.
    pub kind: FieldKind,
    /// The attribute's key; for a nested one the keys that lead to it, joined by " / ".
    pub source: String,
    /// Whose attribute it is.
    pub level: Level,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A decimal number.
    Number,
    /// Yes or no.
    Checkbox,
    /// A day.
    Date,
    /// A moment with its offset.
    DateTime,
    /// One of a few values.
    SingleSelect {
        /// The values.
        options: Vec<OptionPlan>,
    },
}

/// One of a few values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionPlan {
    /// Its id: a slug.
    pub id: String,
    /// The value in the log.
    pub label: String,
}

/// Whose attribute a field was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The case's: set when it is opened.
    Trace,
    /// Its events': set by the first event that has it, changed by later ones.
    Event,
}

/// One case to make.
#[derive(Clone, Debug, PartialEq)]
pub struct CasePlan {
    /// Position in the file, from 1.
    pub position: u64,
    /// Its name in the log; unique in the plan.
    pub source_id: String,
    /// A title for people.
    pub title: String,
    /// Its fields: (field id, value), each field at most once.
    pub fields: Vec<(String, PlannedValue)>,
    /// Its events in the order of their time.
    pub events: Vec<EventPlan>,
}

/// One action to make.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPlan {
    /// The id of the stage the case is in after it. It may be the one it was in before.
    pub stage: String,
    /// The activity, where it shares its stage with others because there are too many.
    pub activity: Option<String>,
    /// Who the log says did it: a claim.
    pub person: Option<String>,
    /// The group the log says did it: a claim.
    pub group: Option<String>,
    /// When the log says it was done: a claim.
    pub at: Option<Moment>,
    /// Fields that get another value than they have: (field id, value), each at most once.
    pub changes: Vec<(String, PlannedValue)>,
}

/// A value for a field of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlannedValue {
    /// For [`FieldKind::Text`].
    Text(String),
    /// For [`FieldKind::Number`]: plain decimal digits without exponent, at most 28 of them.
    Number(String),
    /// For [`FieldKind::Checkbox`].
    Checkbox(bool),
    /// For [`FieldKind::Date`].
    Date(Date),
    /// For [`FieldKind::DateTime`].
    DateTime(Moment),
    /// For [`FieldKind::SingleSelect`]: the id of the option.
    Choice(String),
}

/// How the second pass finds stages and fields.
#[derive(Debug)]
pub(crate) struct ReadingKey {
    pub(crate) limits: Limits,
    pub(crate) classifier: Classifier,
    /// Where the lifecycle stands in an activity, if it is left out of the name.
    pub(crate) left_out: Option<usize>,
    pub(crate) stages: BTreeMap<Activity, usize>,
    /// The stage of the activities that share one.
    pub(crate) shared_stage: Option<usize>,
    pub(crate) trace_fields: FieldIndex,
    pub(crate) event_fields: FieldIndex,
    /// Every case name, with how many cases have it.
    pub(crate) case_names: BTreeMap<String, u64>,
}

/// The fields of one level by their sources.
#[derive(Debug, Default)]
pub(crate) struct FieldIndex {
    pub(crate) fields: BTreeMap<String, usize>,
    /// Some attributes were left out, so an unknown one is no surprise.
    pub(crate) incomplete: bool,
}

impl ImportPlan {
    /// Reads a log once and derives template, people and counts. `progress` is told now and then.
    ///
    /// A file that is cut or damaged after at least one complete trace gives a plan about the
    /// complete traces, with [`ImportPlan::broken`] set.
    ///
    /// # Errors
    /// [`XesError`] when the file cannot be opened, has no complete trace or lacks the classifier.
    pub fn survey(
        source: &Source,
        options: &Options,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, XesError> {
        survey::survey(source, options, progress)
    }

    /// Reads the log again and plans its cases one at a time, in the order of the file.
    ///
    /// # Errors
    /// [`XesError`] when the file cannot be opened or its head cannot be read.
    pub fn cases(&self, source: &Source) -> Result<Cases<'_>, XesError> {
        Cases::open(self, source)
    }
}
