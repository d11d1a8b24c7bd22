//! Pass 1: reads a log once, keeps figures only, and derives the plan from them.
//!
//! Invariant: memory depends on the number of distinct names, activities and keys, each bounded,
//! never on the number of events.

use std::collections::BTreeMap;

use super::attribute::Value;
use super::classifier::{Activity, Classifier, LIFECYCLE, NAME};
use super::fault::XesError;
use super::fields::{self, KeyFigures};
use super::limits::{MAX_ACTIVITIES, MAX_NAME_BYTES, MAX_PEOPLE, MAX_SOURCE_ID_BYTES};
use super::log::{LogHead, Trace};
use super::notes::{NoteKind, Notes};
use super::plan::{Counts, ImportPlan, Options, ReadingKey, TemplatePlan};
use super::read::Traces;
use super::slug::{cut, label, template_key};
use super::source::{Progress, Source};
use super::stages::{self, TRACE_END, Tally};
use super::timeline::{self, Timed, in_time_order};

/// Traces between two reports of progress.
const REPORT_EVERY: u64 = 64;

/// Reads the log and derives the plan.
pub(crate) fn survey(
    source: &Source,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportPlan, XesError> {
    let total_bytes = source.total_bytes();
    let mut traces = Traces::open(source.open()?, options.limits.clone())?;
    let mut survey = Survey::new(Classifier::choose(
        traces.head(),
        options.classifier.as_deref(),
    )?);
    let mut broken = None;
    while let Some(read) = traces.next() {
        match read {
            Ok(trace) => survey.take(&trace),
            Err(error) => broken = Some(error),
        }
        if survey.counts.traces.is_multiple_of(REPORT_EVERY) {
            progress(Progress {
                read_bytes: traces.stored_bytes(),
                total_bytes,
            });
        }
    }
    progress(Progress {
        read_bytes: traces.stored_bytes(),
        total_bytes,
    });
    if survey.counts.traces == 0 {
        return Err(broken.unwrap_or(XesError::Empty));
    }
    survey.notes.merge(traces.kept_notes());
    Ok(survey.into_plan(traces.head().clone(), source.name(), options, broken))
}

/// A trace's name as an id: trimmed, shortened; `None` if it has none.
pub(crate) fn case_name(trace: &Trace) -> Option<String> {
    let name = trace.attributes.text(NAME)?;
    Some(cut(&name, MAX_SOURCE_ID_BYTES).trim_end().to_owned())
}

/// Whether an attribute of a trace is already told by the case itself.
pub(crate) fn is_case_name(key: &str) -> bool {
    key == NAME
}

struct Survey {
    classifier: Classifier,
    counts: Counts,
    activities: BTreeMap<Activity, Tally>,
    uncounted: Tally,
    of_traces: KeyFigures,
    of_events: KeyFigures,
    people: BTreeMap<String, u64>,
    groups: BTreeMap<String, u64>,
    case_names: BTreeMap<String, u64>,
    notes: Notes,
}

impl Survey {
    fn new(classifier: Classifier) -> Self {
        Self {
            classifier,
            counts: Counts::default(),
            activities: BTreeMap::new(),
            uncounted: Tally::default(),
            of_traces: KeyFigures::default(),
            of_events: KeyFigures::default(),
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            case_names: BTreeMap::new(),
            notes: Notes::default(),
        }
    }

    fn take(&mut self, trace: &Trace) {
        self.counts.traces += 1;
        self.counts.events += trace.events.len() as u64;
        self.counts.attributes += trace.attributes_read;
        self.take_name(trace);
        let Self {
            of_traces, notes, ..
        } = self;
        trace.attributes.each_value(&mut |key, value| {
            if !is_case_name(key) {
                count(of_traces, key, value, notes);
            }
        });
        if trace.events.is_empty() {
            self.notes.add(NoteKind::NoEvents);
        }
        let events = in_time_order(trace, &mut self.notes);
        for (at, timed) in events.iter().enumerate() {
            self.take_activity(timed, at, events.len());
            self.take_event(timed);
        }
    }

    fn take_name(&mut self, trace: &Trace) {
        match case_name(trace) {
            None => self.notes.add(NoteKind::NoCaseName),
            Some(name) => {
                let uses = self.case_names.entry(name).or_default();
                *uses += 1;
                if *uses > 1 {
                    self.notes.add(NoteKind::DuplicateCaseName);
                }
            }
        }
    }

    fn take_activity(&mut self, timed: &Timed<'_>, at: usize, of: usize) {
        let activity = self
            .classifier
            .activity(&timed.event.attributes, &mut self.notes);
        if activity.iter().all(Option::is_none) {
            self.notes.add(NoteKind::NoActivity);
        }
        let seen = self.activities.len();
        let known = seen < MAX_ACTIVITIES || self.activities.contains_key(&activity);
        let tally = if known {
            let new = Tally {
                first_seen: seen as u64,
                ..Tally::default()
            };
            self.activities.entry(activity).or_insert(new)
        } else {
            &mut self.uncounted
        };
        tally.events += 1;
        tally.starts += u64::from(at == 0);
        tally.ends += u64::from(at + 1 == of);
        tally.positions += at as u64 * TRACE_END / (of as u64 - 1).max(1);
    }

    fn take_event(&mut self, timed: &Timed<'_>) {
        let Self {
            of_events,
            people,
            groups,
            notes,
            classifier,
            ..
        } = self;
        let attributes = &timed.event.attributes;
        if let Some(person) = timeline::person(attributes, notes) {
            count_name(people, person, notes);
        }
        if let Some(group) = timeline::group(attributes, notes) {
            count_name(groups, group, notes);
        }
        attributes.each_value(&mut |key, value| {
            if !timeline::is_told(key, value) && !classifier.keys.iter().any(|own| own == key) {
                count(of_events, key, value, notes);
            }
        });
    }

    fn into_plan(
        mut self,
        head: LogHead,
        source_name: &str,
        options: &Options,
        broken: Option<XesError>,
    ) -> ImportPlan {
        let lifecycle_left_out = self.leave_single_lifecycle_out();
        let classifier = self.classifier;
        let stages = stages::derive(
            &self.activities,
            &self.uncounted,
            &classifier,
            &mut self.notes,
        );
        let (fields, trace_fields, mut event_fields) =
            fields::derive(&self.of_traces, &self.of_events, &mut self.notes);
        event_fields.incomplete |= lifecycle_left_out;
        let name = template_name(&head, source_name);
        let template = TemplatePlan {
            key: template_key(&name),
            name,
            stages: stages.plans,
            fields,
        };
        ImportPlan {
            template,
            people: self.people,
            groups: self.groups,
            counts: self.counts,
            notes: self.notes.list(),
            head,
            classifier: classifier.name.clone(),
            broken,
            key: ReadingKey {
                limits: options.limits.clone(),
                classifier,
                left_out: stages.left_out,
                stages: stages.by_activity,
                shared_stage: stages.shared,
                trace_fields,
                event_fields,
                case_names: self.case_names,
            },
        }
    }

    /// A lifecycle that is always the same says nothing as a field.
    fn leave_single_lifecycle_out(&mut self) -> bool {
        let Some((only, events)) = self.of_events.single_text(LIFECYCLE) else {
            return false;
        };
        self.notes
            .add_many(NoteKind::SingleLifecycle, events, Some(only));
        self.of_events.remove(LIFECYCLE);
        true
    }
}

fn count(figures: &mut KeyFigures, key: &str, value: &Value, notes: &mut Notes) {
    if value.is_empty() {
        notes.add_example(NoteKind::EmptyValue, key);
    } else {
        figures.count(key, value);
    }
}

fn count_name(names: &mut BTreeMap<String, u64>, name: String, notes: &mut Notes) {
    if names.len() >= MAX_PEOPLE && !names.contains_key(&name) {
        notes.add_example(NoteKind::ManyPeople, &name);
        return;
    }
    *names.entry(name).or_default() += 1;
}

fn template_name(head: &LogHead, source_name: &str) -> String {
    let name = head
        .attributes
        .text(NAME)
        .unwrap_or_else(|| label(source_name));
    cut(&name, MAX_NAME_BYTES).trim_end().to_owned()
}
