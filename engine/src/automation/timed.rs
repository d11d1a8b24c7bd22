//! Which rules of a case wait for the clock, and when each one's time comes.
//!
//! ```text
//! case view + revision + now ──timers──▶ rule, what for, when ──now──▶ due
//! ```
//! Pure: agents with the same changes find the same timers under the same keys. What fired once
//! has no timer any more; what no longer holds (a task that was done) has none either. Whether the
//! rule's condition holds is asked by whoever fires it (`replica/agency/firing.rs`).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::tick::{Edge, Mark, Tick, comes_out, tick_key};
use crate::case::PartId;
use crate::clock::{self, Due, Repeat, WorkingTime, add};
use crate::template::{Automation, DateOf, Revision, Span, TimeOfDay, Trigger};
use crate::view::{CaseView, OriginRef, TaskStatus};

/// A rule whose time comes, or came and was not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timer {
    /// The automation's id.
    pub rule: String,
    /// What for.
    #[serde(serialize_with = "as_text")]
    pub tick: Tick,
    /// The id that the mark of it bears: the same for every agent.
    pub key: PartId,
    /// When, milliseconds UTC.
    pub at_ms: i64,
}

/// Every timer of a case, the earliest first. Of what repeats the latest time that is past, if it
/// was not used, and the next one. A case that is closed, archived or in the trash has none.
#[must_use]
pub fn timers(view: &CaseView, revision: &Revision, now_ms: i64) -> Vec<Timer> {
    let keeping = &view.facets.keeping;
    if view.is_closed() || keeping.is_trashed() || keeping.is_archived() {
        return Vec::new();
    }
    let desk = Desk {
        view,
        revision,
        time: revision.working_time(""),
        now_ms,
    };
    let rules = &revision.package().automations;
    let mut timers: Vec<Timer> = rules
        .iter()
        .filter(|rule| rule.trigger.is_timed() && !rule.disabled)
        .flat_map(|rule| desk.of_rule(rule))
        .filter(|timer| !view.facets.automations.runs.contains_key(&timer.key))
        .collect();
    timers.sort_by_key(|timer| timer.at_ms);
    timers
}

struct Desk<'a> {
    view: &'a CaseView,
    revision: &'a Revision,
    /// The first calendar of the template, or the whole day in UTC.
    time: &'a WorkingTime,
    now_ms: i64,
}

type Found = Vec<(Tick, i64)>;

impl Desk<'_> {
    fn of_rule(&self, rule: &Automation) -> Vec<Timer> {
        let found = match &rule.trigger {
            Trigger::TaskOverdue { title, after } => self.tasks(title.as_deref(), *after),
            Trigger::SlaWarning { clock } => self.clocks(clock.as_deref(), Edge::Warning),
            Trigger::SlaBreached { clock } => self.clocks(clock.as_deref(), Edge::Breach),
            Trigger::DateReached {
                date,
                before,
                after,
            } => self.date(date, (*before, *after)).into_iter().collect(),
            Trigger::Idle { after } => {
                let since = self.view.origins.get(self.view.active);
                let at = add(self.time, since.claimed_ms, *after);
                vec![(Tick::Idle(Mark::of(since.change)), at)]
            }
            Trigger::Schedule { every, at, stages } => self.schedule(every, *at, stages),
            Trigger::ApprovalGiven { .. } => self.approvals(&rule.trigger),
            Trigger::CaseOpened
            | Trigger::StageEntered { .. }
            | Trigger::StageLeft { .. }
            | Trigger::FieldChanged { .. }
            | Trigger::LabelAdded { .. }
            | Trigger::OwnerChanged
            | Trigger::TaskDone { .. }
            | Trigger::CommentAdded { .. }
            | Trigger::DecisionRecorded { .. }
            | Trigger::CaseClosed
            | Trigger::CaseReopened
            | Trigger::CaseHeld
            | Trigger::CaseResumed
            | Trigger::DocumentAdded { .. }
            | Trigger::DocumentStatus { .. }
            | Trigger::FormSubmitted { .. } => Vec::new(),
        };
        let timer = |(tick, at_ms): (Tick, i64)| Timer {
            key: tick_key(self.view.document, &rule.id, &tick.to_string()),
            rule: rule.id.clone(),
            tick,
            at_ms,
        };
        found.into_iter().map(timer).collect()
    }

    fn tasks(&self, title: Option<&str>, after: Option<Span>) -> Found {
        let open = |task: &&crate::view::TaskView| *task.status.value() == TaskStatus::Open;
        let named = |task: &crate::view::TaskView| {
            title.is_none_or(|title| title == task.title.value().as_str())
        };
        let tasks = self.view.tasks_in_order().into_iter();
        tasks
            .filter(|(_, task)| open(task) && named(task))
            .filter_map(|(id, task)| {
                let words = task.due.value().as_ref()?;
                let over = self.over_ms(words.parse().ok()?);
                let at = after.map_or(over, |span| add(self.time, over - 1, span));
                Some((Tick::Task(id, words.clone()), at))
            })
            .collect()
    }

    fn clocks(&self, wanted: Option<&str>, edge: Edge) -> Found {
        let clocks = self.view.clocks(self.revision).current;
        clocks
            .into_iter()
            .filter(|clock| clock.is_going())
            .filter(|clock| wanted.is_none_or(|wanted| wanted == clock.id))
            .filter_map(|clock| {
                let at = match edge {
                    // What has run out needs no warning any more.
                    Edge::Warning if self.now_ms >= clock.due_ms => None,
                    Edge::Warning => clock.warn_ms,
                    Edge::Breach => Some(clock.due_ms),
                };
                Some((Tick::Clock(clock.id, Mark::of(clock.since), edge), at?))
            })
            .collect()
    }

    /// A day counts from its beginning: so long before it, and so long after it with itself.
    fn date(&self, of: &DateOf, (lead, lag): (Option<Span>, Option<Span>)) -> Option<(Tick, i64)> {
        let words = match of {
            DateOf::Due => self.view.due.value().clone()?,
            DateOf::Field(id) => {
                let field = self.view.fields.get(id)?;
                field.value.as_ref()?.value().as_text()?.to_owned()
            }
        };
        let (begins, counts_from) = match words.parse().ok()? {
            Due::Day(date) => {
                let begins = self.moment(date, None)?;
                (begins, begins - 1)
            }
            Due::Moment(moment) => {
                let at = moment.at().as_millisecond();
                (at, at)
            }
        };
        let at = match (lead, lag) {
            (Some(span), _) => clock::before(self.time, begins, span),
            (None, Some(span)) => add(self.time, counts_from, span),
            (None, None) => begins,
        };
        Some((Tick::Date(of.clone(), words), at))
    }

    /// The latest time that is past, and the next one.
    fn schedule(&self, every: &Repeat, at: Option<TimeOfDay>, stages: &[String]) -> Found {
        let Some(begun) = self.begun(stages) else {
            return Vec::new();
        };
        let origin = self.view.origins.get(begun);
        let first = self.time.date_at(origin.happened_ms());
        let calendar = self.revision.first_working_time();
        let from = |day: Date| match every.next(Due::Day(first), day, calendar)? {
            (Due::Day(date), _) => Some((date, self.moment(date, at)?)),
            (Due::Moment(_), _) => None,
        };
        let past = |day: Date| from(day).filter(|(_, at_ms)| *at_ms <= self.now_ms);
        let today = self.time.date_at(self.now_ms);
        let mut found = Vec::new();
        // What comes first from a day on is later the later the day is.
        let (mut low, mut high) = (0_i32, days_between(first, today));
        let day = |n: i32| first.checked_add(jiff::Span::new().days(n)).ok();
        while low < high {
            let middle = low + (high - low + 1) / 2;
            if day(middle).and_then(past).is_some() {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        found.extend(day(low).and_then(past));
        let tomorrow = |(date, _): &(Date, i64)| date.tomorrow().ok();
        let after = found.last().and_then(tomorrow).unwrap_or(first);
        found.extend(from(after));
        let since = Mark::of(origin.change);
        let tick = |(date, at_ms)| (Tick::Schedule(since.clone(), date), at_ms);
        found.into_iter().map(tick).collect()
    }

    /// Since when the case stands in one of the stages without a break; with none named, since it
    /// was opened, while its stage is not final. `None` while it does not.
    fn begun(&self, stages: &[String]) -> Option<OriginRef> {
        let now = |stage: &str| {
            let known = self.revision.stage(stage);
            known.map_or_else(|| stage.to_owned(), |stage| stage.id.clone())
        };
        if stages.is_empty() {
            let stage = self.revision.stage(self.view.stage.value())?;
            return (!stage.category.is_final()).then_some(self.view.opened);
        }
        let within = |stage: &str| stages.contains(&now(stage));
        let visits = self.view.journey.visits.iter().rev();
        visits
            .take_while(|visit| within(&visit.stage))
            .last()
            .map(|visit| visit.by)
    }

    fn approvals(&self, trigger: &Trigger) -> Found {
        let Trigger::ApprovalGiven { approval, outcome } = trigger else {
            return Vec::new();
        };
        let wanted =
            |kind: &Option<String>| approval.is_none() || kind.is_some() && kind == approval;
        let all = self.view.facets.approvals.in_order().into_iter();
        all.filter(|(_, one)| wanted(&one.kind) && comes_out(*outcome, one.outcome))
            .map(|(id, one)| {
                let votes = one.votes.iter().map(|vote| vote.by);
                let said = votes.chain(one.withdrawn).chain(Some(one.by));
                let said = said.map(|by| self.view.origins.get(by).claimed_ms);
                let at = said.max().unwrap_or(self.now_ms);
                // It has come out, whatever the clocks of those who voted say.
                (Tick::Approval(id, one.outcome), at.min(self.now_ms))
            })
            .collect()
    }

    fn over_ms(&self, due: Due) -> i64 {
        match due {
            Due::Day(date) => date
                .tomorrow()
                .ok()
                .and_then(|next| self.moment(next, None))
                .unwrap_or(clock::LATEST_MS),
            Due::Moment(moment) => moment.at().as_millisecond() + 1,
        }
    }

    /// A time of a day in the calendar's zone; the day's beginning without one.
    fn moment(&self, date: Date, at: Option<TimeOfDay>) -> Option<i64> {
        let zone: &TimeZone = self.time.zone();
        let at = at.map_or(jiff::civil::Time::midnight(), TimeOfDay::to_time);
        let at = zone.to_timestamp(date.to_datetime(at)).ok()?;
        Some(at.as_millisecond())
    }
}

fn days_between(from: Date, until: Date) -> i32 {
    from.until(until).map_or(0, |span| span.get_days()).max(0)
}

fn as_text<S: Serializer>(tick: &Tick, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(tick)
}

impl Timer {
    /// Whether its time has come.
    #[must_use]
    pub const fn is_due(&self, now_ms: i64) -> bool {
        self.at_ms <= now_ms
    }
}
