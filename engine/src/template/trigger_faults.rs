//! What is wrong with the triggers of a package: names of nothing, clocks that never warn, dates
//! that no field holds, and actors where nobody acts.

use super::automation::{Automation, Person, RuleAction, TaskDraft};
use super::fault::{Fault, Faults, TimeFault, TriggerFault};
use super::limits::MAX_STAGES;
use super::package::Package;
use super::placeholder::{Piece, Placeholder, pieces};
use super::publish::limit;
use super::span::Span;
use super::trigger::{DateOf, Trigger};
use crate::approval;
use crate::value::FieldType;
use crate::value::text::cut;

/// Adds the faults of a rule's trigger.
pub(super) fn find(package: &Package, rule: &Automation, at: &str, faults: &mut Faults) {
    let mut finder = Finder {
        package,
        at,
        faults,
    };
    finder.trigger(&rule.trigger);
    if rule.trigger.is_timed() {
        finder.actor(rule);
    }
}

struct Finder<'a> {
    package: &'a Package,
    at: &'a str,
    faults: &'a mut Faults,
}

impl Finder<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm per trigger")]
    fn trigger(&mut self, trigger: &Trigger) {
        match trigger {
            Trigger::StageEntered { stage: Some(stage) }
            | Trigger::StageLeft { stage: Some(stage) } => self.stage(stage),
            Trigger::FieldChanged { field } => {
                if !self.package.fields.iter().any(|known| known.id == *field) {
                    self.add(Fault::UnknownField { id: cut(field) });
                }
            }
            Trigger::DecisionRecorded {
                question: Some(question),
                outcome,
            } => self.question(question, outcome.as_deref()),
            Trigger::DocumentAdded {
                document: Some(document),
            }
            | Trigger::DocumentStatus {
                document: Some(document),
                ..
            } => {
                let mut known = self.package.document_types.iter();
                if !known.any(|known| known.id == *document) {
                    let id = cut(document);
                    self.wrong(TriggerFault::UnknownDocument { id });
                }
            }
            Trigger::FormSubmitted { form: Some(form) } => {
                if !self.package.forms.iter().any(|known| known.id == *form) {
                    self.wrong(TriggerFault::UnknownForm { id: cut(form) });
                }
            }
            Trigger::ApprovalGiven { approval, outcome } => {
                let known = |id: &String| self.package.approvals.iter().any(|one| one.id == *id);
                if let Some(id) = approval.as_ref().filter(|id| !known(id)) {
                    self.add(Fault::UnknownApproval { id: cut(id) });
                }
                if *outcome == Some(approval::Outcome::Pending) {
                    self.wrong(TriggerFault::Pending);
                }
            }
            Trigger::TaskOverdue { after, .. } => self.span(*after),
            Trigger::SlaWarning { clock } => self.clock(clock.as_deref(), true),
            Trigger::SlaBreached { clock } => self.clock(clock.as_deref(), false),
            Trigger::DateReached {
                date,
                before,
                after,
            } => {
                self.date(date);
                self.span(*before);
                self.span(*after);
                if before.is_some() && after.is_some() {
                    self.wrong(TriggerFault::BeforeAndAfter);
                }
            }
            Trigger::Idle { after } => self.span(Some(*after)),
            Trigger::Schedule { stages, .. } => {
                limit(self.at, ("stages", stages.len(), MAX_STAGES), self.faults);
                for stage in stages.iter().take(MAX_STAGES) {
                    self.stage(stage);
                }
            }
            Trigger::CaseOpened
            | Trigger::StageEntered { stage: None }
            | Trigger::StageLeft { stage: None }
            | Trigger::LabelAdded { .. }
            | Trigger::OwnerChanged
            | Trigger::TaskDone { .. }
            | Trigger::CommentAdded { .. }
            | Trigger::DecisionRecorded { question: None, .. }
            | Trigger::CaseClosed
            | Trigger::CaseReopened
            | Trigger::CaseHeld
            | Trigger::CaseResumed
            | Trigger::DocumentAdded { document: None }
            | Trigger::DocumentStatus { document: None, .. }
            | Trigger::FormSubmitted { form: None } => {}
        }
    }

    /// Whatever speaks of who acts, where nobody does.
    fn actor(&mut self, rule: &Automation) {
        let in_text = |text: &str| {
            let parts = pieces(text).unwrap_or_default();
            parts.contains(&Piece::Of(Placeholder::Actor))
        };
        if rule.when.asks_actor() || rule.actions.iter().any(|one| names_actor(one, &in_text)) {
            self.wrong(TriggerFault::NoActor);
        }
    }

    fn add(&mut self, fault: Fault) {
        self.faults.add(self.at, fault);
    }

    fn wrong(&mut self, fault: TriggerFault) {
        self.add(Fault::Trigger(fault));
    }

    fn stage(&mut self, id: &str) {
        if !self.package.stages.iter().any(|stage| stage.id == *id) {
            self.add(Fault::UnknownStage { id: cut(id) });
        }
    }

    fn question(&mut self, question: &str, outcome: Option<&str>) {
        let kinds = &self.package.decision_types;
        match kinds.iter().find(|kind| kind.id == *question) {
            None => self.add(Fault::UnknownDecisionType { id: cut(question) }),
            Some(kind) => {
                let known = |outcome: &str| kind.outcomes.iter().any(|o| o.id == *outcome);
                if let Some(outcome) = outcome.filter(|outcome| !known(outcome)) {
                    self.add(Fault::UnknownChoice { id: cut(outcome) });
                }
            }
        }
    }

    fn clock(&mut self, id: Option<&str>, warns: bool) {
        let package = self.package;
        let of_stage = package.stages.iter().filter_map(|stage| {
            let clock = stage.sla.as_ref()?;
            Some((format!("stage/{}", stage.id), clock.warn.is_some()))
        });
        let of_case = package.sla.iter();
        let of_case = of_case.map(|clock| (format!("case/{}", clock.id), clock.warn.is_some()));
        let mut known = of_stage.chain(of_case).peekable();
        match id {
            None if known.peek().is_none() => {
                self.wrong(TriggerFault::UnknownClock { id: "any".into() });
            }
            None if warns && !known.any(|(_, warning)| warning) => {
                self.wrong(TriggerFault::NeverWarns { id: "any".into() });
            }
            None => {}
            Some(id) => match known.find(|(known, _)| known == id) {
                None => self.wrong(TriggerFault::UnknownClock { id: cut(id) }),
                Some((_, false)) if warns => {
                    self.wrong(TriggerFault::NeverWarns { id: cut(id) });
                }
                Some(_) => {}
            },
        }
    }

    fn date(&mut self, date: &DateOf) {
        let DateOf::Field(id) = date else { return };
        let known = self.package.fields.iter().find(|field| field.id == *id);
        match known {
            None => self.add(Fault::UnknownField { id: cut(id) }),
            Some(field) if !matches!(field.kind, FieldType::Date | FieldType::DateTime) => {
                self.wrong(TriggerFault::NoDate { id: cut(id) });
            }
            Some(_) => {}
        }
    }

    fn span(&mut self, span: Option<Span>) {
        if let Some(span) = span
            && span.unit().is_business()
            && self.package.calendars.is_empty()
        {
            self.add(Fault::Time(TimeFault::NeedsCalendar { span }));
        }
    }
}

fn names_actor(action: &RuleAction, in_text: &dyn Fn(&str) -> bool) -> bool {
    let of_task = |task: &TaskDraft| {
        task.assignee == Some(Person::Actor)
            || core::iter::once(&task.title)
                .chain(&task.checklist)
                .any(|text| in_text(text))
    };
    match action {
        RuleAction::Assign { to: person }
        | RuleAction::Unassign { from: person }
        | RuleAction::SetOwner { to: person } => *person == Person::Actor,
        RuleAction::SetField { value, .. } => value == "actor" || in_text(value),
        RuleAction::CreateTask(task) => of_task(task),
        RuleAction::CreateTasks { tasks } => tasks.iter().any(of_task),
        RuleAction::Notify { to, text } => to.contains(&Person::Actor) || in_text(text),
        RuleAction::Comment { body: text, .. }
        | RuleAction::Hold { why: text }
        | RuleAction::Close { notes: text, .. }
        | RuleAction::OpenCase { title: text, .. } => in_text(text),
        RuleAction::Move { .. }
        | RuleAction::ClearField { .. }
        | RuleAction::AddOption { .. }
        | RuleAction::RemoveOption { .. }
        | RuleAction::Count { .. }
        | RuleAction::AddLabel { .. }
        | RuleAction::RemoveLabel { .. }
        | RuleAction::SetPriority { .. }
        | RuleAction::SetDue { .. }
        | RuleAction::Webhook { .. }
        | RuleAction::Command { .. } => false,
    }
}
