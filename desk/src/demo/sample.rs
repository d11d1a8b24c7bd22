//! The sample cases that come with casework, and opening them.

use std::collections::BTreeMap;

use casework::case::{CaseAction, Imported};
use casework::ids::{DocumentId, MemberId};
use casework::template::Revision;
use casework::{Error, NewCaseRequest, Workspace};
use serde::Deserialize;

use crate::fault::Fault;

/// The shipped files.
const FILES: [&str; 2] = [
    include_str!("../../samples/complaints.toml"),
    include_str!("../../samples/inspections.toml"),
];

/// The cases that the demo is about.
const STORY: &str = include_str!("../../samples/story.toml");

/// A file of samples.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Samples {
    cases: Vec<Sample>,
}

/// A sample case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    /// Key of its template.
    template: String,
    title: String,
    stage: String,
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    priority: Option<String>,
    #[serde(default)]
    due: Option<String>,
    #[serde(default)]
    tasks: Vec<String>,
    #[serde(default)]
    tasks_done: usize,
    #[serde(default)]
    comments: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// Every sample.
pub(super) fn samples() -> Result<Vec<Sample>, Fault> {
    let mut found = Vec::new();
    for file in FILES {
        found.extend(read(file)?);
    }
    Ok(found)
}

/// The cases that the story is about: contested, closed, revoked.
pub(super) fn protagonists() -> Result<[Sample; 3], Fault> {
    read(STORY)?
        .try_into()
        .map_err(|_| Fault::invalid("the story is about three cases"))
}

fn read(file: &str) -> Result<Vec<Sample>, Fault> {
    let samples: Samples = toml::from_str(file)
        .map_err(|error| Fault::invalid(format!("the samples are damaged: {error}")))?;
    Ok(samples.cases)
}

/// Opens a sample, with its tasks, comments and labels. Answers the case and how many changes.
pub(super) fn open(workspace: &Workspace, sample: &Sample) -> Result<(DocumentId, u64), Fault> {
    let template = workspace.find_template(&sample.template)?;
    let revision = workspace.revision(template)?;
    let mut request = NewCaseRequest::new(template, sample.title.clone());
    request.stage = Some(sample.stage.clone());
    request.fields = sample.fields.clone();
    request.owner = member(workspace, sample.owner.as_deref())?;
    let case = match workspace.open_case(&request) {
        // It came as far as this elsewhere: the rules of opening are not asked.
        Err(Error::Asks(_) | Error::Invalid(_)) => {
            request.imported = Some(elsewhere(workspace, &request)?);
            workspace.open_case(&request)?
        }
        opened => opened?,
    };
    let case = case.document;
    let actions = follow_up(workspace, sample)?;
    if !actions.is_empty() {
        workspace.act_together(case, actions, None, false)?;
    }
    if is_final(&revision, &sample.stage) {
        close(workspace, case, &sample.template)?;
    }
    Ok((case, workspace.case(case)?.changes))
}

/// Its owner's, as of now.
fn elsewhere(workspace: &Workspace, request: &NewCaseRequest) -> Result<Imported, Fault> {
    let me = workspace.info()?.member;
    let who = request.owner.or(me);
    Ok(Imported {
        who: who.ok_or_else(|| Fault::invalid("nobody is enrolled here"))?,
        at_ms: jiff::Timestamp::now().as_millisecond(),
        zone_min: 0,
    })
}

fn follow_up(workspace: &Workspace, sample: &Sample) -> Result<Vec<CaseAction>, Fault> {
    let mut actions = Vec::new();
    actions.extend(sample.labels.iter().map(|label| CaseAction::AddLabel {
        label: label.clone(),
    }));
    if let Some(priority) = &sample.priority {
        actions.push(CaseAction::SetPriority {
            priority: Some(priority.clone()),
        });
    }
    if let Some(due) = &sample.due {
        actions.push(CaseAction::SetDue {
            due: Some(due.clone()),
        });
    }
    let assignee = member(workspace, sample.owner.as_deref())?;
    for (at, title) in sample.tasks.iter().enumerate() {
        let id = workspace.fresh_part()?;
        let (title, due, checklist) = (title.clone(), None, Vec::new());
        actions.push(CaseAction::CreateTask {
            id,
            title,
            assignee,
            due,
            checklist,
        });
        if at < sample.tasks_done {
            actions.push(CaseAction::FinishTask { task: id });
        }
    }
    for body in &sample.comments {
        let (id, body) = (workspace.fresh_part()?, body.clone());
        actions.push(CaseAction::Comment {
            id,
            body,
            external: false,
            reply_to: None,
        });
    }
    Ok(actions)
}

/// Closes a case that stands in a final stage, with the first code of its template.
fn close(workspace: &Workspace, case: DocumentId, template: &str) -> Result<(), Fault> {
    let revision = workspace.revision(workspace.find_template(template)?)?;
    let code = revision
        .package()
        .resolutions
        .first()
        .map(|code| code.id.clone());
    let code = code.unwrap_or_else(|| "done".to_owned());
    let closing = casework::case::Closing {
        code,
        notes: String::new(),
    };
    workspace.act(case, CaseAction::Close(closing), None, false)?;
    Ok(())
}

fn is_final(revision: &Revision, stage: &str) -> bool {
    revision
        .stage(stage)
        .is_some_and(|stage| stage.category.is_final())
}

fn member(workspace: &Workspace, name: Option<&str>) -> Result<Option<MemberId>, Fault> {
    Ok(name.map(|name| workspace.find_member(name)).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_sixty_samples_and_every_title_is_its_own() {
        let samples = samples().unwrap();
        assert_eq!(samples.len(), 60);
        let titles: std::collections::BTreeSet<_> =
            samples.iter().map(|sample| &sample.title).collect();
        assert_eq!(titles.len(), 60);
        assert!(protagonists().is_ok());
    }
}
