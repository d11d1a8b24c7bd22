//! Pass 2: reads the log again and plans one case per trace, by the plan of pass 1.
//!
//! Invariant: a case is handed out whole or not at all, and names only stages and fields of the
//! plan; a file that changed since pass 1 is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::attribute::{Attributes, Value};
use super::classifier::{Activity, activity_name};
use super::fault::XesError;
use super::log::Trace;
use super::notes::Notes;
use super::plan::{CasePlan, EventPlan, FieldIndex, ImportPlan, PlannedValue, ReadingKey};
use super::read::Traces;
use super::source::{Progress, Source};
use super::survey::{case_name, is_case_name};
use super::timeline::{self, Timed, in_time_order};

/// The cases of a log, one at a time. After an error there is nothing more.
pub struct Cases<'p> {
    plan: &'p ImportPlan,
    traces: Traces<Box<dyn Read + Send>>,
    total_bytes: Option<u64>,
    /// Ids given to cases whose name is missing or used by another case.
    made_ids: BTreeSet<String>,
    /// The last number given to a name.
    numbers: BTreeMap<String, u64>,
    over: bool,
    notes: Notes,
}

/// Values by the place of their field in the template.
type Values = BTreeMap<usize, PlannedValue>;

impl<'p> Cases<'p> {
    pub(crate) fn open(plan: &'p ImportPlan, source: &Source) -> Result<Self, XesError> {
        Ok(Self {
            plan,
            traces: Traces::open(source.open()?, plan.key.limits.clone())?,
            total_bytes: source.total_bytes(),
            made_ids: BTreeSet::new(),
            numbers: BTreeMap::new(),
            over: false,
            notes: Notes::default(),
        })
    }

    /// How far the reading is.
    pub fn progress(&self) -> Progress {
        Progress {
            read_bytes: self.traces.stored_bytes(),
            total_bytes: self.total_bytes,
        }
    }

    fn plan_case(&mut self, trace: &Trace) -> Result<CasePlan, XesError> {
        let plan = self.plan;
        let key = &plan.key;
        let changed = |what| XesError::Changed {
            case: trace.position,
            what,
        };
        let (source_id, title) = self.name_case(trace).map_err(changed)?;
        let is_own = |path: &str, _: &Value| is_case_name(path);
        let fields = self
            .values(&trace.attributes, &key.trace_fields, &is_own)
            .map_err(changed)?;
        let mut current = Values::new();
        let mut events = Vec::with_capacity(trace.events.len());
        for timed in in_time_order(trace, &mut self.notes) {
            events.push(self.plan_event(&timed, &mut current).map_err(changed)?);
        }
        let fields = self.by_id(fields);
        Ok(CasePlan {
            position: trace.position,
            source_id,
            title,
            fields,
            events,
        })
    }

    fn plan_event(&mut self, timed: &Timed<'_>, current: &mut Values) -> Result<EventPlan, String> {
        let plan = self.plan;
        let attributes = &timed.event.attributes;
        let activity = plan.key.classifier.activity(attributes, &mut self.notes);
        let (stage, shared) = stage_of(&plan.key, &activity)?;
        let known = |names: &BTreeMap<String, u64>, name: &String| names.contains_key(name);
        let person = timeline::person(attributes, &mut self.notes);
        let group = timeline::group(attributes, &mut self.notes);
        let is_own = |path: &str, value: &Value| {
            timeline::is_told(path, value) || plan.key.classifier.keys.iter().any(|key| key == path)
        };
        let mut values = self.values(attributes, &plan.key.event_fields, &is_own)?;
        values.retain(|field, value| current.get(field) != Some(value));
        current.extend(values.iter().map(|(field, value)| (*field, value.clone())));
        Ok(EventPlan {
            stage: plan.template.stages[stage].id.clone(),
            activity: if shared {
                activity_name(&activity, plan.key.left_out)
            } else {
                None
            },
            person: person.filter(|person| known(&plan.people, person)),
            group: group.filter(|group| known(&plan.groups, group)),
            at: timed.at,
            changes: self.by_id(values),
        })
    }

    /// A unique id and a title. A name used before gets a number; so does a missing one.
    fn name_case(&mut self, trace: &Trace) -> Result<(String, String), String> {
        let names = &self.plan.key.case_names;
        let Some(name) = case_name(trace) else {
            let title = format!("Case {}", trace.position);
            return Ok((self.made_id(&title), title));
        };
        match names.get(&name) {
            None => Err(format!("has the new name {name:?}")),
            Some(1) => Ok((name.clone(), name)),
            Some(_) if self.numbers.contains_key(&name) => Ok((self.made_id(&name), name)),
            Some(_) => {
                self.numbers.insert(name.clone(), 1);
                Ok((name.clone(), name))
            }
        }
    }

    /// The name itself or with the next number that makes it unique.
    fn made_id(&mut self, name: &str) -> String {
        let number = self.numbers.entry(name.to_owned()).or_default();
        loop {
            *number += 1;
            let id = if *number == 1 {
                name.to_owned()
            } else {
                format!("{name} ({number})")
            };
            if !self.plan.key.case_names.contains_key(&id) && self.made_ids.insert(id.clone()) {
                return id;
            }
        }
    }

    /// The values of attributes that have a field.
    fn values(
        &mut self,
        attributes: &Attributes,
        index: &FieldIndex,
        is_own: &dyn Fn(&str, &Value) -> bool,
    ) -> Result<Values, String> {
        let fields = &self.plan.template.fields;
        let notes = &mut self.notes;
        let mut values = Values::new();
        let mut unknown = None;
        attributes.each_value(&mut |path, value| {
            if value.is_empty() || is_own(path, value) {
                return;
            }
            match index.fields.get(path) {
                Some(field) => match fields[*field].kind.planned(value, notes) {
                    Some(planned) => drop(values.insert(*field, planned)),
                    None => unknown = Some(format!("has a new kind of value for {path:?}")),
                },
                None if index.incomplete => {}
                None => unknown = Some(format!("has the new attribute {path:?}")),
            }
        });
        unknown.map_or(Ok(values), Err)
    }

    fn by_id(&self, values: Values) -> Vec<(String, PlannedValue)> {
        let id = |field: usize| self.plan.template.fields[field].id.clone();
        values
            .into_iter()
            .map(|(field, value)| (id(field), value))
            .collect()
    }

    /// At the end of a file that was read whole both times, the counts must agree.
    fn check_counts(&self) -> Option<XesError> {
        let counts = (self.plan.counts.traces, self.plan.counts.events);
        let read = (self.traces.traces_read(), self.traces.events_read());
        let what = || format!("is the last, though there were {} cases before", counts.0);
        (counts != read).then(|| XesError::Changed {
            case: read.0,
            what: what(),
        })
    }
}

impl Iterator for Cases<'_> {
    type Item = Result<CasePlan, XesError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let planned = match self.traces.next() {
            None => {
                self.over = true;
                return self.check_counts().map(Err);
            }
            Some(read) => read.and_then(|trace| self.plan_case(&trace)),
        };
        self.over = planned.is_err();
        Some(planned)
    }
}

/// The stage of an activity, and whether it shares it with others.
fn stage_of(key: &ReadingKey, activity: &Activity) -> Result<(usize, bool), String> {
    let own = key.stages.get(activity).map(|stage| (*stage, false));
    own.or(key.shared_stage.map(|stage| (stage, true)))
        .ok_or_else(|| {
            let name = activity_name(activity, key.left_out).unwrap_or_default();
            format!("has the new activity {name:?}")
        })
}
