//! What a rule makes of a trigger: acts with their cause, each with an id that is the same on every
//! device on which the trigger fired.
//!
//! Whether the condition holds is asked before. What cannot be made an act (nobody to assign, a
//! value that the field does not take) comes out with the reason instead: a rule never fails in
//! silence.

use std::borrow::Cow;

use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::{ChangeHash, MemberId};
use casework_protocol::roster::RosterState;

use super::due::due_date;
use super::fired::{Event, Fired};
use super::people::one;
use super::wording::{fill, fill_line};
use crate::case::facet::automation::{AutomationAction, Outward, OutwardKind};
use crate::case::facet::hold::HoldAction;
use crate::case::{Act, CaseAction, Cause, Closing, Object, PartId, Past, bounds, schema};
use crate::template::{
    Automation, Condition, Person, Revision, RuleAction, Stage, TaskDraft, TaskTemplate, Today,
    Trigger,
};
use crate::value::{FieldType, FieldValue, Scalar};

/// The case right after a trigger, and everything else that a rule may read.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The case right after the trigger.
    pub past: &'a Past<'a>,
    /// The revision that the trigger was judged by.
    pub revision: &'a Revision,
    /// The roster version that the trigger cites.
    pub roster: &'a RosterState,
    /// The day of the trigger, as claimed.
    pub today: Today,
    /// Who did what triggered the rule.
    pub actor: Option<MemberId>,
}

/// One thing that a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Why.
    pub cause: Cause,
    /// What, or why not.
    pub action: Result<CaseAction, String>,
}

/// The prefix of the name of the rule that creates the tasks of a stage. No automation's id holds
/// a slash.
const STAGE_RULE: &str = "stage/";

/// The rules that wait for an event, in the order of the template; the tasks of a stage first.
#[must_use]
pub fn rules_for<'r>(revision: &'r Revision, event: &Event) -> Vec<Cow<'r, Automation>> {
    let entered = if let Event::Entered(stage) = event {
        revision.stage(stage)
    } else {
        None
    };
    let tasks = entered.filter(|stage| !stage.tasks.is_empty());
    let waiting = |rule: &&Automation| !rule.disabled && event.sets_off(rule);
    let listed = revision.package().automations.iter().filter(waiting);
    tasks
        .map(|stage| Cow::Owned(stage_rule(stage)))
        .into_iter()
        .chain(listed.map(Cow::Borrowed))
        .collect()
}

/// The rule with this name, also that of a stage.
#[must_use]
pub fn rule_named<'r>(revision: &'r Revision, name: &str) -> Option<Cow<'r, Automation>> {
    if let Some(stage) = name.strip_prefix(STAGE_RULE) {
        return revision
            .stage(stage)
            .map(|stage| Cow::Owned(stage_rule(stage)));
    }
    let listed = &revision.package().automations;
    listed
        .iter()
        .find(|rule| rule.id == name)
        .map(Cow::Borrowed)
}

fn stage_rule(stage: &Stage) -> Automation {
    Automation {
        id: format!("{STAGE_RULE}{}", stage.id),
        name: format!("Tasks of {}", stage.name),
        trigger: Trigger::StageEntered {
            stage: Some(stage.id.clone()),
        },
        when: Condition::default(),
        actions: stage.tasks.iter().map(stage_task).collect(),
        disabled: false,
    }
}

fn stage_task(task: &TaskTemplate) -> RuleAction {
    RuleAction::CreateTask(TaskDraft {
        title: task.title.replace('{', "{{").replace('}', "}}"),
        assignee: (!task.assignee_role.is_empty())
            .then(|| Person::Role(task.assignee_role.clone())),
        due: task.due,
        checklist: task.checklist.clone(),
    })
}

/// What a rule makes of a trigger, step by step.
#[must_use]
pub fn effects(
    rule: &Automation,
    fired: &Fired,
    (of, depth): (ChangeHash, u8),
    scene: &Scene<'_>,
) -> Vec<Effect> {
    let mut maker = Maker {
        rule,
        key: fired.key,
        sent: fired.event.submission(),
        scene,
        made: Vec::new(),
    };
    for action in &rule.actions {
        maker.make(action);
    }
    let causes = (0..).map(|step| Cause {
        rule: rule.id.clone(),
        of: Some(of),
        key: fired.key,
        step,
        depth,
    });
    // A task of a stage that is still to be done is not created again on a return.
    let wanted = |effect: &Effect| !(rule.id.starts_with(STAGE_RULE) && is_there(scene, effect));
    causes
        .zip(maker.made)
        .map(|(cause, action)| Effect { cause, action })
        .filter(wanted)
        .collect()
}

/// The id of what the n-th step of a rule makes; `part` counts the parts of one thing.
#[must_use]
pub fn effect_id(rule: &str, key: PartId, step: u16, part: u32) -> PartId {
    let text = format!("effect\n{rule}\n{key}\n{step}");
    PartId::derive(&digest(Tag::Derive, &[text.as_bytes()]), part)
}

impl Effect {
    /// The act, under the id that every device gives it.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn act(&self) -> Result<Act, String> {
        let cause = self.cause.clone();
        let id = effect_id(&cause.rule, cause.key, cause.step, 0);
        let mut act = Act::new(id, self.action.clone()?);
        act.cause = Some(cause);
        Ok(act)
    }
}

struct Maker<'a> {
    rule: &'a Automation,
    key: PartId,
    /// What was sent by a form, if that is what happened.
    sent: Option<PartId>,
    scene: &'a Scene<'a>,
    made: Vec<Result<CaseAction, String>>,
}

impl Maker<'_> {
    fn make(&mut self, action: &RuleAction) {
        if let RuleAction::CreateTasks { tasks } = action {
            for task in tasks {
                let made = self.task(task);
                self.made.push(made);
            }
        } else {
            let made = self.one(action);
            self.made.push(made);
        }
    }

    fn id(&self, part: u32) -> PartId {
        let step = u16::try_from(self.made.len()).unwrap_or(u16::MAX);
        effect_id(&self.rule.id, self.key, step, part)
    }

    #[expect(clippy::too_many_lines, reason = "one arm per action of a rule")]
    fn one(&self, action: &RuleAction) -> Result<CaseAction, String> {
        let scene = self.scene;
        Ok(match action {
            RuleAction::Move { to } => CaseAction::Move { to: to.clone() },
            RuleAction::SetField { field, value } => self.value(field, value)?,
            RuleAction::ClearField { field } => CaseAction::ClearField {
                field: field.clone(),
            },
            RuleAction::AddOption { field, option } => CaseAction::AddOption {
                field: field.clone(),
                option: option.clone(),
            },
            RuleAction::RemoveOption { field, option } => CaseAction::RemoveOption {
                field: field.clone(),
                option: option.clone(),
            },
            RuleAction::Count { field, by } => CaseAction::Count {
                field: field.clone(),
                by: *by,
            },
            RuleAction::Assign { to } => CaseAction::Assign {
                member: one(scene, to)?,
            },
            RuleAction::Unassign { from } => CaseAction::Unassign {
                member: one(scene, from)?,
            },
            RuleAction::SetOwner { to } => CaseAction::SetOwner {
                member: Some(one(scene, to)?),
            },
            RuleAction::AddLabel { label } => CaseAction::AddLabel {
                label: label.clone(),
            },
            RuleAction::RemoveLabel { label } => CaseAction::RemoveLabel {
                label: label.clone(),
            },
            RuleAction::SetPriority { priority } => CaseAction::SetPriority {
                priority: priority.clone(),
            },
            RuleAction::SetDue { within } => CaseAction::SetDue {
                due: Some(due_date(scene, *within)?),
            },
            RuleAction::CreateTask(task) => self.task(task)?,
            RuleAction::CreateTasks { .. } => return Err("a list of tasks is several".to_owned()),
            RuleAction::Comment { body, external } => CaseAction::Comment {
                id: self.id(0),
                body: fill(scene, body),
                external: *external,
                // Written for people outside, it is written for whoever sent the form.
                reply_to: self.sent.filter(|_| *external),
            },
            RuleAction::Hold { why } => HoldAction::Start {
                id: self.id(0),
                why: cut(&fill_line(scene, why), bounds::MAX_LABEL_BYTES),
                until: None,
            }
            .into(),
            RuleAction::Close { resolution, notes } => CaseAction::Close(Closing {
                code: resolution.clone(),
                notes: fill(scene, notes),
            }),
            RuleAction::Notify { to, text } => AutomationAction::Notify {
                id: self.id(0),
                to: to.iter().map(|person| self.addressee(person)).collect(),
                text: fill(scene, text),
            }
            .into(),
            RuleAction::OpenCase { template, title } => {
                let title = fill_line(scene, title);
                self.request(OutwardKind::OpenCase, (template, title), &[])
            }
            RuleAction::Webhook { hook, fields } => {
                self.request(OutwardKind::Webhook, (hook, String::new()), fields)
            }
            RuleAction::Command { command, fields } => {
                self.request(OutwardKind::Command, (command, String::new()), fields)
            }
        })
    }

    fn request(
        &self,
        kind: OutwardKind,
        (name, text): (&str, String),
        fields: &[String],
    ) -> CaseAction {
        let what = Outward {
            kind,
            name: name.to_owned(),
            text,
            fields: fields.to_vec(),
            rule: self.rule.id.clone(),
        };
        AutomationAction::Request {
            id: self.id(0),
            what,
        }
        .into()
    }

    fn task(&self, task: &TaskDraft) -> Result<CaseAction, String> {
        let scene = self.scene;
        let assignee = match &task.assignee {
            // A role of several, or of nobody: whoever has it takes the task.
            Some(person @ (Person::Role(_) | Person::Team(_))) => one(scene, person).ok(),
            Some(person) => Some(one(scene, person)?),
            None => None,
        };
        let due = task.due.map(|within| due_date(scene, within)).transpose()?;
        let items = (1..).zip(&task.checklist);
        Ok(CaseAction::CreateTask {
            id: self.id(0),
            title: cut(&fill_line(scene, &task.title), bounds::MAX_TITLE_BYTES),
            assignee,
            due,
            checklist: items.map(|(n, item)| (self.id(n), item.clone())).collect(),
        })
    }

    fn value(&self, id: &str, value: &str) -> Result<CaseAction, String> {
        let scene = self.scene;
        let known = scene.revision.field(id);
        let field = known.ok_or_else(|| format!("the template has no field {id}"))?;
        let scalar = if field.kind == FieldType::Member {
            let person: Person = value.parse().map_err(|_| format!("{value} names nobody"))?;
            Scalar::Text(one(scene, &person)?.to_string())
        } else {
            let words = fill(scene, value);
            let value = FieldValue::parse(field, &words).map_err(|error| error.to_string())?;
            value.to_scalar()
        };
        Ok(CaseAction::SetField {
            field: id.to_owned(),
            value: scalar,
        })
    }

    /// Who is told: a member where the case names one, else the role or team itself.
    fn addressee(&self, person: &Person) -> String {
        match person {
            Person::Owner | Person::Actor | Person::Field(_) => one(self.scene, person)
                .map_or_else(|_| person.to_string(), |member| format!("member/{member}")),
            Person::Assignees
            | Person::Watchers
            | Person::Member(_)
            | Person::Role(_)
            | Person::Team(_) => person.to_string(),
        }
    }
}

fn is_there(scene: &Scene<'_>, effect: &Effect) -> bool {
    let Ok(CaseAction::CreateTask { title, .. }) = &effect.action else {
        return false;
    };
    let Some(tasks) = scene.past.maps(Object::Root, schema::TASKS).pop() else {
        return false;
    };
    let says = |object: Object, key: &str, wanted: &str| {
        let said = scene.past.scalar(object, key);
        said.is_some_and(|said| said.as_text() == Some(wanted))
    };
    scene
        .past
        .keys(tasks, String::new().."g".to_owned())
        .iter()
        .flat_map(|key| scene.past.maps(tasks, key))
        .any(|task| {
            says(task, schema::TASK_STATUS, schema::TASK_OPEN)
                && says(task, schema::TASK_TITLE, title)
        })
}

/// The text up to so many bytes, cut between characters.
fn cut(text: &str, max: usize) -> String {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
