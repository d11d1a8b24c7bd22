//! `casework case …`: one act each, answered with what the case is called and what was warned of.

use std::collections::BTreeSet;

use casework::case::{CaseAction, Closing, Decision, PartId, Place};
use casework::ids::DocumentId;
use casework::{Acted, Choice, Error, NewCaseRequest};
use serde_json::json;

use super::{Desk, showing, tasks};
use crate::cli::{CaseCommand, OpenArgs, Why};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::words::{count, plain};

pub(super) fn carry_out(desk: &Desk<'_>, command: &CaseCommand) -> Result<Response, Fault> {
    match command {
        CaseCommand::Open(args) => open(desk, args),
        CaseCommand::Show { case } => showing::show(desk, case),
        CaseCommand::Timeline { case, take, skip } => {
            showing::timeline(desk, case, (*skip, *take))
        }
        CaseCommand::Task(command) => tasks::carry_out(desk, command),
        CaseCommand::Set { case, values, why } => set(desk, case, values, why),
        CaseCommand::Clear { case, fields, why } => clear(desk, case, fields, why),
        CaseCommand::Label { case, labels, remove } => label(desk, case, labels, remove),
        CaseCommand::Settle { case, place, side, reason } => {
            settle(desk, case, (place, *side), reason.as_deref())
        }
        CaseCommand::Comment { case, text, external, reply_to } => {
            let id = desk.case(case)?;
            let reply_to = reply_to.as_ref().map(|text| comment(desk, id, text)).transpose()?;
            let (part, body) = (desk.workspace.fresh_part()?, text.clone());
            let action = CaseAction::Comment { id: part, body, external: *external, reply_to };
            act(desk, id, action, &Why::default(), "commented on")
        }
        other => simple(desk, other),
    }
}

/// Acts that are one action with little to look up.
fn simple(desk: &Desk<'_>, command: &CaseCommand) -> Result<Response, Fault> {
    let no = Why::default();
    match command {
        CaseCommand::Move { case, stage, why } => {
            let id = desk.case(case)?;
            let template = desk.workspace.case(id)?.template;
            let to = desk.workspace.find_stage(template, stage)?;
            act(desk, id, CaseAction::Move { to }, why, "moved")
        }
        CaseCommand::Title { case, title } => {
            let action = CaseAction::SetTitle { title: title.clone() };
            act(desk, desk.case(case)?, action, &no, "renamed")
        }
        CaseCommand::Assign { case, member } => {
            let action = CaseAction::Assign { member: desk.member(member)? };
            act(desk, desk.case(case)?, action, &no, "assigned")
        }
        CaseCommand::Unassign { case, member } => {
            let action = CaseAction::Unassign { member: desk.member(member)? };
            act(desk, desk.case(case)?, action, &no, "unassigned")
        }
        CaseCommand::Owner { case, member } => {
            let member = member.as_ref().map(|member| desk.member(member)).transpose()?;
            act(desk, desk.case(case)?, CaseAction::SetOwner { member }, &no, "has another owner:")
        }
        CaseCommand::Priority { case, priority } => {
            let action = CaseAction::SetPriority { priority: priority.clone() };
            act(desk, desk.case(case)?, action, &no, "has another priority:")
        }
        CaseCommand::Due { case, date } => {
            let action = CaseAction::SetDue { due: date.clone() };
            act(desk, desk.case(case)?, action, &no, "has another due date:")
        }
        CaseCommand::Decide { case, question, outcome, rationale, conditions } => {
            let action = CaseAction::Decide(Decision {
                id: desk.workspace.fresh_part()?,
                question: question.clone(),
                outcome: outcome.clone(),
                rationale: rationale.clone(),
                conditions: conditions.clone(),
                supersedes: BTreeSet::new(),
            });
            act(desk, desk.case(case)?, action, &no, "decided")
        }
        CaseCommand::Close { case, code, notes, why } => {
            let closing = Closing { code: code.clone(), notes: notes.clone() };
            act(desk, desk.case(case)?, CaseAction::Close(closing), why, "closed")
        }
        CaseCommand::Reopen { case, why } => {
            act(desk, desk.case(case)?, CaseAction::Reopen, why, "reopened")
        }
        CaseCommand::Open(_)
        | CaseCommand::Set { .. }
        | CaseCommand::Clear { .. }
        | CaseCommand::Comment { .. }
        | CaseCommand::Task(_)
        | CaseCommand::Label { .. }
        | CaseCommand::Settle { .. }
        | CaseCommand::Show { .. }
        | CaseCommand::Timeline { .. } => Err(Fault::invalid("this is not one act")),
    }
}

fn open(desk: &Desk<'_>, args: &OpenArgs) -> Result<Response, Fault> {
    let template = desk.template(&args.template)?;
    let mut request = NewCaseRequest::new(template, args.title.clone());
    for value in &args.values {
        let (field, words) = pair(value)?;
        request = request.with(field, words);
    }
    request.stage = args.stage.clone();
    request.owner = args.owner.as_ref().map(|member| desk.member(member)).transpose()?;
    for member in &args.assignees {
        request.assignees.insert(desk.member(member)?);
    }
    request.restricted = args.restricted;
    let acted = desk.workspace.open_case(&request).map_err(|error| cure(error, &args.template))?;
    let labels = args.labels.iter().map(|label| CaseAction::AddLabel { label: label.clone() });
    let labels: Vec<CaseAction> = labels.collect();
    if !labels.is_empty() {
        desk.workspace.act_together(acted.document, labels, None)?;
    }
    answer(desk, acted.document, &[acted], "opened")
}

fn set(desk: &Desk<'_>, case: &str, values: &[String], why: &Why) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let pairs = values.iter().map(|value| pair(value)).collect::<Result<Vec<_>, _>>()?;
    let mut acted = Vec::new();
    for (field, words) in pairs {
        let reason = why.reason.as_deref();
        let set = desk.workspace.set_field(id, field, words, reason);
        acted.extend(set.map_err(|error| after(cure(error, case), acted.len()))?);
    }
    answer(desk, id, &acted, "changed")
}

fn clear(desk: &Desk<'_>, case: &str, fields: &[String], why: &Why) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let mut acted = Vec::new();
    for field in fields {
        let cleared = desk.workspace.clear_field(id, field, why.reason.as_deref());
        acted.extend(cleared.map_err(|error| after(cure(error, case), acted.len()))?);
    }
    answer(desk, id, &acted, "changed")
}

fn label(
    desk: &Desk<'_>,
    case: &str,
    labels: &[String],
    remove: &[String],
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let add = labels.iter().map(|label| CaseAction::AddLabel { label: label.clone() });
    let take = remove.iter().map(|label| CaseAction::RemoveLabel { label: label.clone() });
    let actions: Vec<CaseAction> = add.chain(take).collect();
    if actions.is_empty() {
        return Err(Fault::invalid("no label was named")
            .or_try(format!("casework case label {case} urgent --remove waiting")));
    }
    let acted = desk.workspace.act_together(id, actions, None)?;
    answer(desk, id, &acted, "labelled")
}

fn settle(
    desk: &Desk<'_>,
    case: &str,
    (place, side): (&str, usize),
    reason: Option<&str>,
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let show = format!("casework case show {case}");
    let contested = desk.workspace.contested(id)?;
    let wanted = |at: &Place| at.to_string() == place || at.to_string() == format!("field/{place}");
    let found = contested.iter().find(|contest| wanted(&contest.place));
    let found = found.or_else(|| {
        let mut starting = contested.iter().filter(|c| abbreviates(place, &c.place.to_string()));
        starting.next().filter(|_| starting.next().is_none())
    });
    let Some(found) = found else {
        let places: Vec<String> = contested.iter().map(|c| c.place.to_string()).collect();
        let what = if places.is_empty() {
            "nothing on this case is contested".to_owned()
        } else {
            format!("{place:?} is not contested; these are: {}", places.join(", "))
        };
        return Err(Fault::invalid(what).or_try(show));
    };
    let index = side.checked_sub(1).filter(|index| *index < found.sides.len());
    let Some(index) = index else {
        let message = format!("{} has sides 1 to {}, not {side}", found.place, found.sides.len());
        return Err(Fault::invalid(message).or_try(show));
    };
    let acted = desk.workspace.settle(id, &found.place, &Choice::Side(index), reason)?;
    answer(desk, id, &[acted], "settled")
}

/// `task/9f3a/status` for `task/9f3a0c…/status`: each part may be the beginning of the real one.
fn abbreviates(short: &str, whole: &str) -> bool {
    let (short, whole): (Vec<_>, Vec<_>) = (short.split('/').collect(), whole.split('/').collect());
    short.len() == whole.len()
        && short.iter().zip(whole).all(|(short, whole)| !short.is_empty() && whole.starts_with(short))
}

/// Does one thing to a case and says so.
pub(super) fn act(
    desk: &Desk<'_>,
    id: DocumentId,
    action: CaseAction,
    why: &Why,
    done: &str,
) -> Result<Response, Fault> {
    let acted = desk.workspace.act(id, action, why.reason.as_deref(), why.override_rule);
    let case = || number(desk, id).unwrap_or_else(|_| id.short());
    let acted = acted.map_err(|error| cure(error, &case()))?;
    answer(desk, id, &[acted], done)
}

/// What was done, to which case, where it stands now, and what was warned of.
pub(super) fn answer(
    desk: &Desk<'_>,
    id: DocumentId,
    acted: &[Acted],
    done: &str,
) -> Result<Response, Fault> {
    let view = desk.workspace.case(id)?;
    let revision = desk.workspace.revision(view.template).ok();
    let stage = revision.as_ref().and_then(|revision| revision.stage(view.stage.value()));
    let stage = plain(stage.map_or(view.stage.value(), |stage| &stage.name));
    let number = plain(&view.number);
    let title = plain(view.title.value());
    let mut lines = vec![format!("{number} {done} · {title} · {stage}")];
    let warnings: Vec<&String> = acted.iter().flat_map(|acted| &acted.warnings).collect();
    lines.extend(warnings.iter().map(|warning| format!("warning: {}", plain(warning))));
    let json = json!({
        "document": id,
        "number": view.number,
        "title": view.title.value(),
        "stage": view.stage.value(),
        "changes": acted.iter().map(|acted| acted.change).collect::<Vec<_>>(),
        "warnings": warnings,
    });
    Ok(Response::new(lines, json))
}

fn number(desk: &Desk<'_>, id: DocumentId) -> Result<String, Fault> {
    Ok(desk.workspace.case(id)?.number)
}

/// `FIELD=VALUE`.
fn pair(text: &str) -> Result<(&str, &str), Fault> {
    text.split_once('=').filter(|(field, _)| !field.trim().is_empty()).ok_or_else(|| {
        Fault::invalid(format!("{text:?} does not say which field gets which value"))
            .or_try("FIELD=VALUE, for instance severity=high")
    })
}

/// A comment by the beginning of its id.
fn comment(desk: &Desk<'_>, case: DocumentId, text: &str) -> Result<PartId, Fault> {
    let comments = desk.workspace.comments(case)?;
    let mut found = comments.iter().filter(|comment| comment.id.to_string().starts_with(text));
    match (found.next(), found.next()) {
        (Some(comment), None) => Ok(comment.id),
        (None, _) => Err(Fault::invalid(format!("no comment of this case begins with {text:?}"))),
        (Some(_), Some(_)) => {
            Err(Fault::invalid(format!("several comments of this case begin with {text:?}")))
        }
    }
}

/// A fault in the middle of several acts says how many were done.
fn after(fault: Fault, done: usize) -> Fault {
    match done {
        0 => fault,
        done => Fault {
            message: format!("{} ({} before it done)", fault.message, count(done as u64, "change")),
            ..fault
        },
    }
}

/// What to try after a refusal, where a command can be named.
fn cure(error: Error, case: &str) -> Fault {
    let text = error.to_string();
    let fault = Fault::from(error);
    if text.contains("override the rule") {
        fault.or_try("the same command with --override --reason \"…\"")
    } else if text.contains("needs a reason") {
        fault.or_try("the same command with --reason \"…\"")
    } else if text.contains("is closed; reopen") {
        fault.or_try(format!("casework case reopen {case} --reason \"…\""))
    } else if text.contains("is contested") || text.contains("are contested") {
        fault.or_try(format!("casework case show {case}"))
    } else {
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_may_be_named_by_the_beginnings_of_its_parts() {
        assert!(abbreviates("task/9f3a/status", "task/9f3a0c0c0c0c0c0c/status"));
        assert!(abbreviates("question/ver", "question/verdict"));
        assert!(!abbreviates("task/9f3a", "task/9f3a0c0c0c0c0c0c/status"));
        assert!(!abbreviates("task//status", "task/9f3a0c0c0c0c0c0c/status"));
    }

    #[test]
    fn a_value_may_hold_an_equals_sign_but_a_field_must_be_named() {
        assert_eq!(pair("url=https://a/?b=c").unwrap(), ("url", "https://a/?b=c"));
        assert!(pair("=x").is_err());
        assert!(pair("severity").unwrap_err().cure.is_some());
    }
}
