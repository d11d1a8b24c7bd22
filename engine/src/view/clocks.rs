//! The clocks of a case: its journey, reckoned by what its template says.
//!
//! Invariant: a function of the view and the revision. Devices with the same changes derive the
//! same clocks, offline too; only the state at a moment needs a clock on the wall.

use casework_protocol::ids::ChangeHash;

use super::case::CaseView;
use super::journey::moments;
use crate::clock::{ClockView, Phase, Rule, runs, within};
use crate::template::{Category, Revision};

/// The clocks of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Those that go or stand still, and those over the whole case that ended: in the order of the
    /// template's stages, then of its clocks.
    pub current: Vec<ClockView>,
    /// How many earlier ones ended late.
    pub missed: u32,
}

/// How long a case stood in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The stage.
    pub stage: String,
    /// When it was entered, milliseconds UTC.
    pub entered_ms: i64,
    /// When it was left; `None` while the case stands there.
    pub left_ms: Option<i64>,
}

impl CaseView {
    /// The clocks that the template sets for the case.
    #[must_use]
    pub fn clocks(&self, revision: &Revision) -> Clocks {
        let package = revision.package();
        if package.sla.is_empty() && package.stages.iter().all(|stage| stage.sla.is_none()) {
            return Clocks::default();
        }
        let phases = self.phases(revision);
        let stages = package.stages.iter().filter_map(|stage| {
            Some(Rule::Stage {
                stage: &stage.id,
                name: &stage.name,
                clock: stage.sla.as_ref()?,
            })
        });
        let mut clocks = Clocks::default();
        for rule in stages.chain(package.sla.iter().map(Rule::Case)) {
            let time = revision.working_time(rule.calendar());
            let mut views: Vec<ClockView> = runs(rule, &phases)
                .iter()
                .map(|run| ClockView::of(rule, run, time))
                .collect();
            let over = |view: &ClockView| view.ended_ms.is_some();
            let last = views.pop_if(|view| matches!(rule, Rule::Case(_)) || !over(view));
            let late = |view: &&ClockView| view.ended_ms.is_some_and(|ended| ended > view.due_ms);
            clocks.missed += views.iter().filter(late).count() as u32;
            clocks.current.extend(last);
        }
        clocks
    }

    /// The stages it stood in, the oldest first, by its authors' clocks.
    #[must_use]
    pub fn stays(&self) -> Vec<Stay> {
        let visits = &self.journey.visits;
        let entered: Vec<i64> =
            moments(&self.origins, visits.iter().map(|visit| visit.by)).collect();
        visits
            .iter()
            .enumerate()
            .map(|(n, visit)| Stay {
                stage: visit.stage.clone(),
                entered_ms: entered[n],
                left_ms: entered.get(n + 1).copied(),
            })
            .collect()
    }

    /// When it was closed, if it is; by its closer's clock.
    #[must_use]
    pub fn closed_ms(&self) -> Option<i64> {
        let turns = self.journey.closings.iter().map(|turn| turn.by);
        let closed = self.journey.closings.last()?.closed;
        moments(&self.origins, turns).last().filter(|_| closed)
    }

    /// How it was from which moment on: stages, closings and holds in one order.
    fn phases<'a>(&'a self, revision: &'a Revision) -> Vec<Phase<'a>> {
        let visits = &self.journey.visits;
        let stages = moments(&self.origins, visits.iter().map(|visit| visit.by));
        let stages = stages.zip(visits).map(|(at, visit)| {
            // A stage that was renamed counts as what it is now.
            let known = revision.stage(&visit.stage);
            let stage = known.map_or(visit.stage.as_str(), |stage| stage.id.as_str());
            (at, self.change_of(visit.by), Event::Stage(stage))
        });
        let turns = &self.journey.closings;
        let closings = moments(&self.origins, turns.iter().map(|turn| turn.by));
        let closings = closings
            .zip(turns)
            .map(|(at, turn)| (at, self.change_of(turn.by), Event::Closed(turn.closed)));
        let spans = self.facets.holds.spans(&self.origins).into_iter();
        let opened = self.change_of(self.opened);
        let holds = spans.flat_map(|(from, until)| {
            let held = Some((from, opened, Event::Held(true)));
            held.into_iter()
                .chain(until.map(|at| (at, opened, Event::Held(false))))
        });
        let events = stages.chain(closings).chain(holds);
        let mut events: Vec<(i64, ChangeHash, Event<'a>)> = events.collect();
        // Stable: of one moment, stages come before closings and holds, each in its own order.
        events.sort_by_key(|(at, _, _)| *at);
        let is_final = |stage: &str| {
            let stage = revision.stage(stage);
            stage.is_some_and(|stage| Category::is_final(stage.category))
        };
        let mut phases: Vec<Phase<'a>> = Vec::with_capacity(events.len());
        let (mut stage, mut closed, mut held) = (None, false, false);
        for (at, by, event) in events {
            match event {
                Event::Stage(entered) => stage = Some(entered),
                Event::Closed(now) => closed = now,
                Event::Held(now) => held = now,
            }
            let Some(stage) = stage else { continue };
            phases.push(Phase {
                at_ms: within(at),
                by,
                stage,
                finished: closed || is_final(stage),
                held,
            });
        }
        phases
    }

    fn change_of(&self, by: super::side::OriginRef) -> ChangeHash {
        self.origins.get(by).change
    }
}

/// What begins a phase.
#[derive(Debug, Clone, Copy)]
enum Event<'a> {
    Stage(&'a str),
    Closed(bool),
    Held(bool),
}
