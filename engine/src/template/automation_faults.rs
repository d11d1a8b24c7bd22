//! What is wrong with the automations of a package: names of nothing, values that no field takes,
//! and rules that would set each other off without end.

use std::collections::BTreeSet;

use super::automation::{Automation, Person, RuleAction, TaskDraft};
use super::condition_faults;
use super::fault::{Fault, Faults};
use super::field::Field;
use super::limits::{
    MAX_AUTOMATION_ACTIONS, MAX_AUTOMATIONS, MAX_CHECKLIST_ITEMS, MAX_NOTIFIED, MAX_PROSE_BYTES,
};
use super::package::Package;
use super::placeholder::{Piece, Placeholder, pieces};
use super::publish::{limit, name, prose, slug, unique};
use super::trigger::Trigger;
use super::trigger_faults;
use crate::value::text::cut;
use crate::value::{ConflictPolicy, FieldType, FieldValue};

/// Adds the faults of every automation.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    let rules = &package.automations;
    limit(
        "automations",
        ("automations", rules.len(), MAX_AUTOMATIONS),
        faults,
    );
    unique(rules.iter().map(|rule| &rule.id), "automations", faults);
    for (index, rule) in rules.iter().take(MAX_AUTOMATIONS).enumerate() {
        let at = format!("automations[{index}] {:?}", cut(&rule.id));
        let mut found = Finder {
            package,
            at: at.clone(),
            faults,
        };
        found.rule(rule);
        condition_faults::find(package, &rule.when, &format!("{at}.when"), faults);
    }
    if rules.len() <= MAX_AUTOMATIONS {
        find_loops(rules, faults);
    }
}

struct Finder<'a> {
    package: &'a Package,
    at: String,
    faults: &'a mut Faults,
}

impl Finder<'_> {
    fn rule(&mut self, rule: &Automation) {
        slug(&self.at, &rule.id, self.faults);
        name(&self.at, &rule.name, "the name", self.faults);
        trigger_faults::find(self.package, rule, &self.at, self.faults);
        if rule.actions.is_empty() {
            let what = "the list of actions";
            self.faults.add(&self.at, Fault::Empty { what });
        }
        let count = rule.actions.len();
        limit(
            &self.at,
            ("actions", count, MAX_AUTOMATION_ACTIONS),
            self.faults,
        );
        let at = self.at.clone();
        for (index, action) in rule.actions.iter().take(MAX_AUTOMATION_ACTIONS).enumerate() {
            self.at = format!("{at}.actions[{index}]");
            self.action(action);
        }
        self.at = at;
    }

    #[expect(clippy::too_many_lines, reason = "one arm per action of a rule")]
    fn action(&mut self, action: &RuleAction) {
        match action {
            RuleAction::Move { to } => self.stage(to),
            RuleAction::SetField { field, value } => self.value(field, value),
            RuleAction::ClearField { field } => {
                self.field_of(field, &[ConflictPolicy::Contested, ConflictPolicy::Latest]);
            }
            RuleAction::AddOption { field, option }
            | RuleAction::RemoveOption { field, option } => {
                let known = self.field_of(field, &[ConflictPolicy::Set]);
                if known.is_some_and(|field| !field.options.iter().any(|o| o.id == *option)) {
                    let id = cut(option);
                    self.add(Fault::UnknownChoice { id });
                }
            }
            RuleAction::Count { field, by } => {
                self.field_of(field, &[ConflictPolicy::Counter]);
                if *by == 0 {
                    let what = "what is added to the counter";
                    self.add(Fault::Empty { what });
                }
            }
            RuleAction::Assign { to: one }
            | RuleAction::Unassign { from: one }
            | RuleAction::SetOwner { to: one } => self.one_person(one),
            RuleAction::AddLabel { label } | RuleAction::RemoveLabel { label } => {
                name(&self.at, label, "the label", self.faults);
            }
            RuleAction::SetPriority { priority } => {
                if let Some(priority) = priority {
                    name(&self.at, priority, "the priority", self.faults);
                }
            }
            RuleAction::SetDue { .. } => {}
            RuleAction::CreateTask(task) => self.task(task),
            RuleAction::CreateTasks { tasks } => {
                let count = tasks.len();
                limit(
                    &self.at,
                    ("tasks", count, MAX_AUTOMATION_ACTIONS),
                    self.faults,
                );
                for task in tasks.iter().take(MAX_AUTOMATION_ACTIONS) {
                    self.task(task);
                }
            }
            RuleAction::Comment { body: text, .. } => self.text(text, "the comment"),
            RuleAction::Hold { why } => self.text(why, "the reason"),
            RuleAction::Notify { to, text } => {
                limit(&self.at, ("people", to.len(), MAX_NOTIFIED), self.faults);
                if to.is_empty() {
                    let what = "the list of people";
                    self.add(Fault::Empty { what });
                }
                to.iter().for_each(|person| self.person(person));
                self.text(text, "the text");
            }
            RuleAction::Close { resolution, notes } => self.closing(resolution, notes),
            RuleAction::OpenCase { template, title } => {
                name(&self.at, template, "the template's key", self.faults);
                self.text(title, "the title");
            }
            RuleAction::Webhook { hook: name, fields }
            | RuleAction::Command {
                command: name,
                fields,
            } => {
                slug(&self.at, name, self.faults);
                for field in fields {
                    self.field(field);
                }
            }
        }
    }

    fn add(&mut self, fault: Fault) {
        self.faults.add(&self.at, fault);
    }

    fn stage(&mut self, id: &str) {
        if !self.package.stages.iter().any(|stage| stage.id == *id) {
            self.add(Fault::UnknownStage { id: cut(id) });
        }
    }

    fn field(&mut self, id: &str) -> Option<&Field> {
        let package = self.package;
        let field = package.fields.iter().find(|field| field.id == *id);
        if field.is_none() {
            self.add(Fault::UnknownField { id: cut(id) });
        }
        field
    }

    /// A field that is written the way the action writes.
    fn field_of(&mut self, id: &str, policies: &[ConflictPolicy]) -> Option<&Field> {
        let package = self.package;
        let field = package.fields.iter().find(|field| field.id == *id);
        match field {
            None => self.add(Fault::UnknownField { id: cut(id) }),
            Some(field) if !policies.contains(&field.policy()) => {
                self.add(Fault::DoesNotApply {
                    setting: "this action",
                    kind: field.kind,
                });
            }
            Some(_) => {}
        }
        field
    }

    fn value(&mut self, id: &str, value: &str) {
        let policies = [ConflictPolicy::Contested, ConflictPolicy::Latest];
        self.text(value, "the value");
        let package = self.package;
        let Some(field) = package.fields.iter().find(|field| field.id == *id) else {
            self.add(Fault::UnknownField { id: cut(id) });
            return;
        };
        self.field_of(id, &policies);
        if field.kind == FieldType::Member {
            match value.parse::<Person>() {
                Ok(person) => self.one_person(&person),
                Err(error) => self.add(Fault::BadPerson {
                    text: cut(&error.text),
                }),
            }
        } else if let Ok(parts) = pieces(value)
            && let [] | [Piece::Text(_)] = parts.as_slice()
            && let Err(problem) = FieldValue::parse(field, value)
        {
            self.add(Fault::BadDefault { problem });
        }
    }

    fn closing(&mut self, resolution: &str, notes: &str) {
        let known = &self.package.resolutions;
        if !known.is_empty() && !known.iter().any(|code| code.id == *resolution) {
            let id = cut(resolution);
            self.add(Fault::UnknownChoice { id });
        }
        name(&self.at, resolution, "the resolution", self.faults);
        if !notes.is_empty() {
            self.text(notes, "the notes");
        }
    }

    fn task(&mut self, task: &TaskDraft) {
        self.text(&task.title, "the task's title");
        if let Some(assignee) = &task.assignee {
            self.one_person(assignee);
        }
        let count = task.checklist.len();
        limit(
            &self.at,
            ("checklist items", count, MAX_CHECKLIST_ITEMS),
            self.faults,
        );
        for item in task.checklist.iter().take(MAX_CHECKLIST_ITEMS) {
            name(&self.at, item, "a checklist item", self.faults);
        }
    }

    fn one_person(&mut self, person: &Person) {
        self.person(person);
        if !person.is_one() {
            let text = person.to_string();
            self.add(Fault::NotOnePerson { text });
        }
    }

    fn person(&mut self, person: &Person) {
        match person {
            Person::Field(id) => {
                let package = self.package;
                match package.fields.iter().find(|field| field.id == *id) {
                    None => self.add(Fault::UnknownField { id: cut(id) }),
                    Some(field) if field.kind != FieldType::Member => self.add(Fault::BadPerson {
                        text: cut(&person.to_string()),
                    }),
                    Some(_) => {}
                }
            }
            Person::Role(key) | Person::Team(key) => slug(&self.at, key, self.faults),
            Person::Owner
            | Person::Actor
            | Person::Assignees
            | Person::Watchers
            | Person::Member(_) => {}
        }
    }

    /// A text with placeholders. Prose that is edited together cannot be named: what it says at
    /// one moment is not the same on every replica that checks the rule.
    fn text(&mut self, text: &str, what: &'static str) {
        if text.trim().is_empty() {
            self.add(Fault::Empty { what });
        }
        prose(&self.at, text, what, self.faults);
        if text.len() > MAX_PROSE_BYTES {
            return;
        }
        match pieces(text) {
            Err(problem) => self.add(Fault::BadPlaceholder { problem }),
            Ok(parts) => {
                for part in parts {
                    if let Piece::Of(Placeholder::Field(id)) = part
                        && self
                            .field(&id)
                            .is_some_and(|field| field.policy() == ConflictPolicy::Text)
                    {
                        self.add(Fault::ProseInRule { id: cut(&id) });
                    }
                }
            }
        }
    }
}

/// Rules without a condition that set each other off in a circle.
fn find_loops(rules: &[Automation], faults: &mut Faults) {
    let always: Vec<usize> = (0..rules.len())
        .filter(|&index| !rules[index].disabled && rules[index].when.is_empty())
        .collect();
    let next = |from: usize| {
        always.iter().copied().filter(move |&to| {
            let sets_off = |action| sets_off(&rules[from].trigger, action, &rules[to].trigger);
            rules[from].actions.iter().any(sets_off)
        })
    };
    for &start in &always {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = next(start).collect();
        while let Some(index) = open.pop() {
            if index == start {
                let at = format!("automations[{start}] {:?}", cut(&rules[start].id));
                faults.add(at, Fault::AutomationLoop);
                break;
            }
            if seen.insert(index) {
                open.extend(next(index));
            }
        }
    }
}

/// Whether an action surely triggers another rule. What may also change nothing (a label that is
/// there already) does not count: it stops by itself.
fn sets_off(own: &Trigger, action: &RuleAction, trigger: &Trigger) -> bool {
    match (action, trigger) {
        (RuleAction::Move { to }, Trigger::StageEntered { stage: Some(stage) }) => {
            stage == to && !matches!(own, Trigger::StageEntered { stage: Some(own) } if own == to)
        }
        (RuleAction::Comment { external, .. }, Trigger::CommentAdded { external: wanted }) => {
            wanted.is_none_or(|wanted| wanted == *external)
        }
        (RuleAction::Count { field, .. }, Trigger::FieldChanged { field: changed }) => {
            field == changed
        }
        (_, _) => false,
    }
}
