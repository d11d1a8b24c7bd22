//! `casework case …`: one act each, answered with what the case is called and what was warned of.

use std::collections::BTreeSet;

use casework::case::{CaseAction, Closing, Decision};
use casework::ids::DocumentId;
use casework::{Acted, ErrorKind, NewCaseRequest};
use serde_json::json;

use super::cures::{cure_on, cure_opening};
use super::settling::settle;
use super::{
    Desk, access, approvals, comments, handovers, overrides, parts, presence, showing, tasks,
};
use crate::cli::{CaseCommand, OpenArgs, Why};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::words::{count, plain};

pub(super) fn carry_out(desk: &Desk<'_>, command: &CaseCommand) -> Result<Response, Fault> {
    match command {
        CaseCommand::Open(args) => open(desk, args),
        CaseCommand::Show { case } => showing::show(desk, case),
        CaseCommand::Timeline { case, take, skip } => showing::timeline(desk, case, (*skip, *take)),
        CaseCommand::Here { case, typing, left } => presence::here(desk, case, (*typing, *left)),
        CaseCommand::Task(command) => tasks::carry_out(desk, command),
        CaseCommand::Part(command) => parts::carry_out(desk, command),
        CaseCommand::Approval(command) => approvals::carry_out(desk, command),
        CaseCommand::Transfer(command) => handovers::transfer(desk, command),
        CaseCommand::Referral(command) => handovers::referral(desk, command),
        CaseCommand::Hold(command) => handovers::hold(desk, command),
        CaseCommand::Access(command) => access::carry_out(desk, command),
        CaseCommand::Review {
            case,
            of,
            verdict,
            note,
        } => overrides::review(desk, case, of, (*verdict, note)),
        CaseCommand::Set { case, values, why } => set(desk, case, values, why),
        CaseCommand::Clear { case, fields, why } => clear(desk, case, fields, why),
        CaseCommand::Label {
            case,
            labels,
            remove,
        } => label(desk, case, labels, remove),
        CaseCommand::Settle {
            case,
            place,
            side,
            reason,
        } => settle(desk, case, (place, side), reason.as_deref()),
        CaseCommand::Comment(args) => comments::write(desk, args),
        CaseCommand::Move { .. }
        | CaseCommand::Title { .. }
        | CaseCommand::Assign { .. }
        | CaseCommand::Unassign { .. }
        | CaseCommand::Owner { .. }
        | CaseCommand::Priority { .. }
        | CaseCommand::Due { .. }
        | CaseCommand::Decide { .. }
        | CaseCommand::Close { .. }
        | CaseCommand::Reopen { .. } => simple(desk, command),
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
            act(desk, id, CaseAction::Move { to }, why, "Moved")
        }
        CaseCommand::Title { case, title } => {
            let title = title.clone();
            act(
                desk,
                desk.case(case)?,
                CaseAction::SetTitle { title },
                &no,
                "Renamed",
            )
        }
        CaseCommand::Priority { case, priority } => {
            let priority = priority.clone();
            let action = CaseAction::SetPriority { priority };
            act(desk, desk.case(case)?, action, &no, "New priority")
        }
        CaseCommand::Due { case, date } => {
            let due = tasks::read_due(date.as_deref())?;
            let action = CaseAction::SetDue { due };
            act(desk, desk.case(case)?, action, &no, "New due date")
        }
        CaseCommand::Reopen { case, why } => {
            let id = desk.case(case)?;
            if !desk.workspace.case(id)?.is_closed() {
                let message = format!("{} is not closed", number(desk, id)?);
                return Err(Fault::invalid(message).or_try(format!("casework case show {case}")));
            }
            act(desk, id, CaseAction::Reopen, why, "Reopened")
        }
        CaseCommand::Close {
            case,
            code,
            notes,
            why,
        } => {
            let (code, notes) = (code.clone(), notes.clone());
            let action = CaseAction::Close(Closing { code, notes });
            act(desk, desk.case(case)?, action, why, "Closed")
        }
        CaseCommand::Decide { .. } => decide(desk, command),
        CaseCommand::Assign { .. }
        | CaseCommand::Unassign { .. }
        | CaseCommand::Owner { .. }
        | CaseCommand::Open(_)
        | CaseCommand::Set { .. }
        | CaseCommand::Clear { .. }
        | CaseCommand::Comment(_)
        | CaseCommand::Task(_)
        | CaseCommand::Part(_)
        | CaseCommand::Approval(_)
        | CaseCommand::Transfer(_)
        | CaseCommand::Referral(_)
        | CaseCommand::Hold(_)
        | CaseCommand::Access(_)
        | CaseCommand::Review { .. }
        | CaseCommand::Label { .. }
        | CaseCommand::Settle { .. }
        | CaseCommand::Show { .. }
        | CaseCommand::Here { .. }
        | CaseCommand::Timeline { .. } => people(desk, command),
    }
}

/// Who is on a case.
fn people(desk: &Desk<'_>, command: &CaseCommand) -> Result<Response, Fault> {
    let (case, action, done) = if let CaseCommand::Assign { case, member } = command {
        (
            case,
            CaseAction::Assign {
                member: desk.member(member)?,
            },
            "Assigned",
        )
    } else if let CaseCommand::Unassign { case, member } = command {
        (
            case,
            CaseAction::Unassign {
                member: desk.member(member)?,
            },
            "Unassigned",
        )
    } else if let CaseCommand::Owner { case, member } = command {
        let member = member
            .as_ref()
            .map(|member| desk.member(member))
            .transpose()?;
        (case, CaseAction::SetOwner { member }, "New owner")
    } else {
        return Err(Fault::of(
            ErrorKind::Internal,
            "this command is not one act",
        ));
    };
    act(desk, desk.case(case)?, action, &Why::default(), done)
}

fn decide(desk: &Desk<'_>, command: &CaseCommand) -> Result<Response, Fault> {
    let CaseCommand::Decide {
        case,
        question,
        outcome,
        rationale,
        conditions,
    } = command
    else {
        return Err(Fault::of(
            ErrorKind::Internal,
            "this command is no decision",
        ));
    };
    let decision = Decision {
        id: desk.workspace.fresh_part()?,
        question: question.clone(),
        outcome: outcome.clone(),
        rationale: rationale.clone(),
        conditions: conditions.clone(),
        supersedes: BTreeSet::new(),
    };
    act(
        desk,
        desk.case(case)?,
        CaseAction::Decide(decision),
        &Why::default(),
        "Decided",
    )
}

fn open(desk: &Desk<'_>, args: &OpenArgs) -> Result<Response, Fault> {
    let template = desk.template(&args.template)?;
    let mut request = NewCaseRequest::new(template, args.title.clone());
    for value in &args.values {
        let (field, words) = pair(value)?;
        request = request.with(field, words);
    }
    request.stage = args.stage.clone();
    request.owner = args
        .owner
        .as_ref()
        .map(|member| desk.member(member))
        .transpose()?;
    for member in &args.assignees {
        request.assignees.insert(desk.member(member)?);
    }
    request.restricted = args.restricted;
    request.overriding = overriding(&args.why);
    let acted = desk
        .workspace
        .open_case(&request)
        .map_err(|error| cure_opening(desk, template, error))?;
    let labels = args.labels.iter().map(|label| CaseAction::AddLabel {
        label: label.clone(),
    });
    let labels: Vec<CaseAction> = labels.collect();
    if !labels.is_empty() {
        desk.workspace
            .act_together(acted.document, labels, None, false)?;
    }
    answer(desk, acted.document, &[acted], "Opened")
}

/// The reason to go through a rule that asks, if that is wished.
fn overriding(why: &Why) -> Option<String> {
    why.reason.clone().filter(|_| why.override_rule)
}

fn set(desk: &Desk<'_>, case: &str, values: &[String], why: &Why) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let pairs = values
        .iter()
        .map(|value| pair(value))
        .collect::<Result<Vec<_>, _>>()?;
    let mut acted = Vec::new();
    for (field, words) in pairs {
        let set = match overriding(why) {
            Some(reason) => desk.workspace.override_field(id, field, words, &reason),
            None => {
                let reason = why.reason.as_deref();
                desk.workspace.set_field(id, field, words, reason)
            }
        };
        acted.extend(set.map_err(|error| after(cure_on(desk, id, error), acted.len()))?);
    }
    answer(desk, id, &acted, "Changed")
}

fn clear(desk: &Desk<'_>, case: &str, fields: &[String], why: &Why) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let mut acted = Vec::new();
    for field in fields {
        let cleared = match overriding(why) {
            Some(reason) => desk.workspace.override_clearing(id, field, &reason),
            None => desk.workspace.clear_field(id, field, why.reason.as_deref()),
        };
        acted.extend(cleared.map_err(|error| after(cure_on(desk, id, error), acted.len()))?);
    }
    answer(desk, id, &acted, "Changed")
}

fn label(
    desk: &Desk<'_>,
    case: &str,
    labels: &[String],
    remove: &[String],
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let add = labels.iter().map(|label| CaseAction::AddLabel {
        label: label.clone(),
    });
    let take = remove.iter().map(|label| CaseAction::RemoveLabel {
        label: label.clone(),
    });
    let actions: Vec<CaseAction> = add.chain(take).collect();
    if actions.is_empty() {
        return Err(Fault::invalid("no label was named").or_try(format!(
            "casework case label {case} urgent --remove waiting"
        )));
    }
    let acted = desk.workspace.act_together(id, actions, None, false)?;
    answer(desk, id, &acted, "Labelled")
}

/// Does one thing to a case and says so.
pub(super) fn act(
    desk: &Desk<'_>,
    id: DocumentId,
    action: CaseAction,
    why: &Why,
    done: &str,
) -> Result<Response, Fault> {
    let (reason, workspace) = (why.reason.as_deref(), desk.workspace);
    let acted = workspace.act(id, action, reason, why.override_rule);
    let acted = acted.map_err(|error| cure_on(desk, id, error))?;
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
    let known = revision.as_ref();
    let stage = known.and_then(|known| known.stage(view.stage.value()));
    let stage = plain(stage.map_or(view.stage.value(), |stage| &stage.name));
    let (number, title) = (plain(&view.number), plain(view.title.value()));
    let mut lines = vec![format!("{done}: {number} {title} · {stage}")];
    let warnings: Vec<&String> = acted.iter().flat_map(|acted| &acted.warnings).collect();
    lines.extend(
        warnings
            .iter()
            .map(|warning| format!("warning: {}", plain(warning))),
    );
    let effects: Vec<_> = acted.iter().flat_map(|acted| &acted.effects).collect();
    for acted in acted {
        lines.extend(super::automations::told(&acted.effects));
    }
    let json = json!({
        "document": id,
        "number": view.number,
        "title": view.title.value(),
        "stage": view.stage.value(),
        "changes": acted.iter().map(|acted| acted.change).collect::<Vec<_>>(),
        "warnings": warnings,
        "effects": effects,
    });
    Ok(Response::new(lines, json))
}

pub(super) fn number(desk: &Desk<'_>, id: DocumentId) -> Result<String, Fault> {
    Ok(desk.workspace.case(id)?.number)
}

/// `FIELD=VALUE`.
pub(super) fn pair(text: &str) -> Result<(&str, &str), Fault> {
    text.split_once('=')
        .filter(|(field, _)| !field.trim().is_empty())
        .ok_or_else(|| {
            Fault::invalid(format!(
                "{text:?} does not say which field gets which value"
            ))
            .or_try("FIELD=VALUE, for instance severity=high")
        })
}

/// A fault in the middle of several acts says how many were done.
fn after(fault: Fault, done: usize) -> Fault {
    match done {
        0 => fault,
        done => Fault {
            message: format!(
                "{} ({} before it done)",
                fault.message,
                count(done as u64, "change")
            ),
            ..fault
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_an_equals_sign_but_a_field_must_be_named() {
        assert_eq!(
            pair("url=https://a/?b=c").unwrap(),
            ("url", "https://a/?b=c")
        );
        assert!(pair("=x").is_err());
        assert!(pair("severity").unwrap_err().cure.is_some());
    }
}
