//! The preview of a publish: what it would do to the open cases of its template on this device.

use casework_protocol::ids::DocumentId;
use serde::Serialize;

use super::asked::day_of;
use super::{Replica, ReplicaFault};
use crate::case::{Facts, Past, holds};
use crate::moment::Moment;
use crate::template::{Package, Revision, Severity, Unmapped, unmapped};
use crate::view::{Effect, effects};

/// What publishing a package would do to the cases of its template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Impact {
    /// Open cases of the template on this device.
    pub open: usize,
    /// Closed ones.
    pub closed: usize,
    /// The open cases for which something changes, by number.
    pub affected: Vec<Affected>,
    /// What is taken away without saying where its cases go, and how many open cases have it.
    /// Anything here keeps the package from being published.
    pub unmapped: Vec<(Unmapped, usize)>,
}

/// A case for which something changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// Its document.
    pub document: DocumentId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// What changes.
    pub effects: Vec<Effect>,
}

impl Replica {
    /// What publishing a package would do to the open cases of its template on this device.
    ///
    /// # Errors
    /// Every fault of the package; [`ReplicaFault::Unpublished`].
    pub fn impact(
        &mut self,
        template: DocumentId,
        package: &Package,
        moment: &Moment,
    ) -> Result<Impact, ReplicaFault> {
        let before = self.current_revision(template);
        let before = before.ok_or(ReplicaFault::Unpublished(template))?;
        let after = package
            .draftable()
            .publish()
            .map_err(ReplicaFault::Template)?;
        let mut impact = Impact {
            open: 0,
            closed: 0,
            affected: Vec::new(),
            unmapped: Vec::new(),
        };
        for case in self.cases_of(template)? {
            let view = self.case(case)?;
            if view.is_closed() {
                impact.closed += 1;
                continue;
            }
            impact.open += 1;
            let mut effects = effects(&view, &before, &after);
            let rules = self.broken_rules(case, (view.stage.value(), &before, &after), moment)?;
            effects.extend(rules);
            if !effects.is_empty() {
                impact.affected.push(Affected {
                    document: case,
                    number: view.number.clone(),
                    title: view.title.value().clone(),
                    effects,
                });
            }
        }
        impact.affected.sort_by(|a, b| a.number.cmp(&b.number));
        impact.unmapped = self.count_unmapped(template, &before, &after)?;
        Ok(impact)
    }

    /// Refuses a publish that takes something away without saying where its cases go.
    pub(super) fn refuse_unmapped(
        &mut self,
        template: DocumentId,
        next: &Revision,
    ) -> Result<(), ReplicaFault> {
        let Some(before) = self.current_revision(template) else {
            return Ok(());
        };
        let missing = self.count_unmapped(template, &before, next)?;
        match missing.into_iter().next() {
            Some((first, cases)) => Err(ReplicaFault::Unmapped { first, cases }),
            None => Ok(()),
        }
    }

    fn count_unmapped(
        &mut self,
        template: DocumentId,
        before: &Revision,
        next: &Revision,
    ) -> Result<Vec<(Unmapped, usize)>, ReplicaFault> {
        let missing = unmapped(before, next.package());
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let mut counts = vec![0; missing.len()];
        for case in self.cases_of(template)? {
            let view = self.case(case)?;
            for (count, what) in counts.iter_mut().zip(&missing) {
                let has = match what.kind {
                    "stage" => *view.stage.value() == what.id,
                    "field" => view
                        .fields
                        .get(&what.id)
                        .is_some_and(|held| held.is_filled()),
                    _ => what.id.split_once('/').is_some_and(|(field, option)| {
                        view.fields.get(field).is_some_and(|held| {
                            let single = held.value.as_ref().and_then(|s| s.value().as_text());
                            single == Some(option) || held.options.contains(option)
                        })
                    }),
                };
                *count += usize::from(has && !view.is_closed());
            }
        }
        Ok(missing.into_iter().zip(counts).collect())
    }

    /// The rules of entering its stage that are new and would ask or refuse, were it to enter now.
    fn broken_rules(
        &mut self,
        case: DocumentId,
        (stage, before, after): (&str, &Revision, &Revision),
        moment: &Moment,
    ) -> Result<Vec<Effect>, ReplicaFault> {
        let known = before.stage(stage).map(|stage| stage.entry.clone());
        let known = known.unwrap_or_default();
        let entry = after
            .stage(stage)
            .into_iter()
            .flat_map(|stage| &stage.entry);
        let new: Vec<_> = entry
            .filter(|rule| rule.severity != Severity::Warn && !known.contains(rule))
            .collect();
        let today = day_of(moment.now_ms.cast_signed(), moment.zone_min);
        let (Some(today), false) = (today, new.is_empty()) else {
            return Ok(Vec::new());
        };
        let past = Past::now(&self.document(case)?.automerge);
        let facts = Facts::new(&past, after, today);
        let broken = new.into_iter().filter(|rule| holds(&rule.when, &facts));
        Ok(broken
            .map(|rule| Effect::RuleBroken {
                rule: rule.message.clone(),
            })
            .collect())
    }
}
