//! One case of a log as what is done to it in the workspace.

use std::collections::BTreeMap;

use casework::case::Imported;
use casework::ids::{DocumentId, MemberId};
use casework::{CaseImport, NewCaseRequest, Step, StepAction};

use crate::xes::{CasePlan, EventPlan, Moment, PlannedValue};

/// Longest title, in bytes: one line that a card can show.
const MAX_TITLE_BYTES: usize = 400;
/// Longest text of a field, in bytes: a reason and a value share one change with room to spare.
const MAX_TEXT_BYTES: usize = 60 * 1024;

/// Who plays: the members that stand for the names of a log.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The template's document.
    pub template: DocumentId,
    /// The prefix of case numbers.
    pub key: String,
    /// Name in the log → member.
    pub people: BTreeMap<String, MemberId>,
    /// Who stands for an event that names nobody.
    pub nobody: MemberId,
    /// The field that keeps the group of an event, if the template has one.
    pub group_field: Option<&'static str>,
}

/// A case, ready to be imported, and what it counts for.
#[derive(Debug, Clone)]
pub struct Script {
    /// What the SDK imports.
    pub case: CaseImport,
    /// Events of the log in it.
    pub events: u64,
    /// Events that became a comment because they repeat the stage and change nothing.
    pub repeated: u64,
    /// Events whose claim had to do without a time of their own.
    pub untimed: u64,
}

/// Writes the script of a case. The first event is the opening; every further one is a move, the
/// fields it changes, or, if it does neither, a comment that names the activity.
#[must_use]
pub fn script(plan: &CasePlan, stages: &BTreeMap<String, String>, cast: &Cast) -> Script {
    let mut request = NewCaseRequest::new(cast.template, cut(&plan.title, MAX_TITLE_BYTES));
    request.number = Some(cut(
        &format!("{}-{}", cast.key, plan.source_id),
        MAX_TITLE_BYTES,
    ));
    for (field, value) in &plan.fields {
        request.fields.insert(field.clone(), words(value));
    }
    let mut script = Script {
        case: CaseImport {
            request,
            steps: Vec::new(),
        },
        events: plan.events.len() as u64,
        repeated: 0,
        untimed: 0,
    };
    let first_time = plan.events.iter().find_map(|event| event.at);
    let mut known = first_time;
    let mut stage: Option<&str> = None;
    let mut group: Option<&String> = None;
    for event in &plan.events {
        let regrouped = event.group.as_ref().filter(|own| Some(*own) != group);
        group = event.group.as_ref().or(group);
        script.untimed += u64::from(event.at.is_none());
        known = event.at.or(known);
        let claim = known.map(|at| claim(event, at, cast));
        let mut changes = changes(event);
        changes.extend(
            cast.group_field
                .zip(regrouped)
                .map(|(field, group)| (field.to_owned(), cut(group, MAX_TITLE_BYTES))),
        );
        match stage {
            None => open(&mut script.case.request, event, (claim, changes)),
            Some(stage) => go_on(&mut script, (stage, event, claim), (stages, changes)),
        }
        stage = Some(&event.stage);
    }
    script
}

/// The first event is the opening of the case, in its stage, with its fields.
fn open(
    request: &mut NewCaseRequest,
    event: &EventPlan,
    (claim, changes): (Option<Imported>, Vec<Change>),
) {
    request.stage = Some(event.stage.clone());
    request.imported = claim;
    request.fields.extend(changes);
}

fn go_on(
    script: &mut Script,
    (stage, event, imported): (&str, &EventPlan, Option<Imported>),
    (stages, changes): (&BTreeMap<String, String>, Vec<Change>),
) {
    let unchanged = changes.is_empty();
    let reason = event
        .activity
        .as_ref()
        .map(|activity| cut(activity, MAX_TITLE_BYTES));
    let mut step = |action| {
        script.case.steps.push(Step {
            action,
            imported,
            reason: reason.clone(),
            override_rule: false,
        });
    };
    let moved = event.stage != stage;
    if moved {
        step(StepAction::Move(event.stage.clone()));
    }
    for (field, words) in changes {
        step(StepAction::Set(field, words));
    }
    if !moved && unchanged {
        let name = stages.get(&event.stage).unwrap_or(&event.stage);
        let activity = event.activity.as_ref().unwrap_or(name);
        step(StepAction::Comment(format!(
            "activity {}",
            cut(activity, MAX_TITLE_BYTES)
        )));
        script.repeated += 1;
    }
}

fn claim(event: &EventPlan, at: Moment, cast: &Cast) -> Imported {
    let who = event
        .person
        .as_ref()
        .and_then(|name| cast.people.get(name))
        .copied()
        .unwrap_or(cast.nobody);
    Imported {
        who,
        at_ms: at.at_ms(),
        zone_min: at.offset_minutes(),
    }
}

/// A field and what it is given, in words.
type Change = (String, String);

fn changes(event: &EventPlan) -> Vec<Change> {
    event
        .changes
        .iter()
        .map(|(field, value)| (field.clone(), words(value)))
        .collect()
}

/// A value as a person would write it.
fn words(value: &PlannedValue) -> String {
    match value {
        PlannedValue::Text(text) => cut(text, MAX_TEXT_BYTES),
        PlannedValue::Number(number) => number.clone(),
        PlannedValue::Checkbox(true) => "yes".to_owned(),
        PlannedValue::Checkbox(false) => "no".to_owned(),
        PlannedValue::Date(date) => date.to_string(),
        PlannedValue::DateTime(moment) => moment.to_string(),
        PlannedValue::Choice(option) => option.clone(),
    }
}

/// One line of at most so many bytes, cut between characters.
fn cut(text: &str, bytes: usize) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut end = bytes.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast() -> Cast {
        let people = [("Resource21".to_owned(), MemberId::new([2; 16]))].into();
        let nobody = MemberId::new([9; 16]);
        let (template, key) = (DocumentId::new([1; 16]), "REC".into());
        Cast {
            template,
            key,
            people,
            nobody,
            group_field: Some("org_group"),
        }
    }

    fn event(stage: &str, person: Option<&str>, changes: &[(&str, &str)]) -> EventPlan {
        EventPlan {
            stage: stage.into(),
            activity: None,
            person: person.map(str::to_owned),
            group: None,
            at: None,
            changes: changes
                .iter()
                .map(|(field, text)| ((*field).to_owned(), PlannedValue::Text((*text).into())))
                .collect(),
        }
    }

    fn case(events: Vec<EventPlan>) -> CasePlan {
        let (source_id, title) = ("case-7".into(), "Case\n7".into());
        CasePlan {
            position: 1,
            source_id,
            title,
            fields: Vec::new(),
            events,
        }
    }

    #[test]
    fn every_event_becomes_at_least_one_action() {
        let events = vec![
            event("a", None, &[("x", "1")]),
            event("b", Some("Resource21"), &[("x", "2"), ("y", "3")]),
            event("b", None, &[("y", "4")]),
            event("b", None, &[]),
        ];
        let script = script(&case(events), &BTreeMap::new(), &cast());
        let actions: Vec<&StepAction> = script.case.steps.iter().map(|step| &step.action).collect();
        let set = |field: &str, value: &str| StepAction::Set(field.into(), value.into());
        assert_eq!(script.case.request.stage.as_deref(), Some("a"));
        assert_eq!(script.case.request.fields["x"], "1");
        assert_eq!(
            actions,
            [
                &StepAction::Move("b".into()),
                &set("x", "2"),
                &set("y", "3"),
                &set("y", "4"),
                &StepAction::Comment("activity b".into()),
            ]
        );
        assert_eq!((script.events, script.repeated, script.untimed), (4, 1, 4));
    }

    #[test]
    fn a_group_is_kept_where_it_changes() {
        let of = |group: &str| EventPlan {
            group: Some(group.into()),
            ..event("a", None, &[])
        };
        let script = script(
            &case(vec![of("G1"), of("G1"), of("G2")]),
            &BTreeMap::new(),
            &cast(),
        );
        assert_eq!(script.case.request.fields["org_group"], "G1");
        let actions: Vec<&StepAction> = script.case.steps.iter().map(|step| &step.action).collect();
        let comment = StepAction::Comment("activity a".into());
        assert_eq!(
            actions,
            [&comment, &StepAction::Set("org_group".into(), "G2".into())]
        );
    }

    #[test]
    fn a_case_without_events_is_opened_where_the_template_begins() {
        let script = script(&case(Vec::new()), &BTreeMap::new(), &cast());
        assert_eq!(script.case.request.stage, None);
        assert_eq!(script.case.request.imported, None);
        assert_eq!(script.case.request.title, "Case 7");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("São", 2), "S");
    }
}
