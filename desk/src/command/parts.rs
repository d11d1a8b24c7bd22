//! `casework case document|party|watch|severity|link|flag|archive|trash|…`.

mod documents;
mod parties;

use casework::case::CaseAction;
use casework::case::facet::attention::AttentionAction;
use casework::case::facet::keeping::KeepingAction;
use casework::case::facet::link::{LinkAction, Relation};
use casework::case::facet::redaction::RedactionAction;
use serde_json::json;

use super::Desk;
use super::cases::{act, answer};
use super::comments::comment;
use super::cures::cure_on;
use crate::cli::{PartCommand, RedactWhat, Why};
use crate::fault::Fault;
use crate::request::Response;

pub(super) fn carry_out(desk: &Desk<'_>, command: &PartCommand) -> Result<Response, Fault> {
    match command {
        PartCommand::Document(command) => documents::carry_out(desk, command),
        PartCommand::Party(command) => parties::carry_out(desk, command),
        PartCommand::Redact {
            case,
            what,
            which,
            reason,
        } => redact(desk, case, (*what, which), reason),
        PartCommand::Undo {
            case,
            steps,
            reason,
        } => undo(desk, case, *steps, reason.as_deref()),
        PartCommand::Purge {
            case,
            carry_out: true,
            ..
        } => super::purges::carry_out(desk, case),
        PartCommand::Watch { case, .. }
        | PartCommand::Severity { case, .. }
        | PartCommand::Link { case, .. }
        | PartCommand::Flag { case, .. }
        | PartCommand::Archive { case, .. }
        | PartCommand::Trash { case, .. }
        | PartCommand::Restore { case, .. }
        | PartCommand::LegalHold { case, .. }
        | PartCommand::Purge { case, .. } => {
            let id = desk.case(case)?;
            let (action, reason, done) = planned(desk, command)?;
            let why = Why {
                reason,
                override_rule: false,
            };
            let mut response = act(desk, id, action, &why, done)?;
            if let PartCommand::Purge { cancel: false, .. } = command {
                let next = "It counts from when the server has it (casework sync); casework purges \
                            tells how it stands.";
                response.lines.push(next.to_owned());
            }
            Ok(response)
        }
    }
}

type Planned = (CaseAction, Option<String>, &'static str);

/// The action of a command that is one action, its reason, and how it is told.
fn planned(desk: &Desk<'_>, command: &PartCommand) -> Result<Planned, Fault> {
    let keeping = |action: KeepingAction, reason: &Option<String>, done| {
        Ok((CaseAction::from(action), reason.clone(), done))
    };
    match command {
        PartCommand::Watch { member, off, .. } => {
            let member = desk.member(member.as_deref().unwrap_or("me"))?;
            let (action, done) = if *off {
                (AttentionAction::Unwatch { member }, "No longer watched")
            } else {
                (AttentionAction::Watch { member }, "Watched")
            };
            Ok((action.into(), None, done))
        }
        PartCommand::Severity { severity, .. } => {
            let severity = severity.clone();
            let action = AttentionAction::SetSeverity { severity };
            Ok((action.into(), None, "New severity"))
        }
        PartCommand::Link {
            relation,
            other,
            remove,
            ..
        } => link(desk, (relation, other), *remove),
        PartCommand::Flag {
            flag,
            clear,
            reason,
            ..
        } => {
            let flag = flag.clone();
            if *clear {
                keeping(KeepingAction::ClearFlag { flag }, reason, "Flag cleared")
            } else {
                keeping(KeepingAction::SetFlag { flag }, reason, "Flagged")
            }
        }
        PartCommand::Archive {
            undo: true, reason, ..
        } => keeping(KeepingAction::Unarchive, reason, "Out of the archive"),
        PartCommand::Archive { reason, .. } => keeping(KeepingAction::Archive, reason, "Archived"),
        PartCommand::Trash { reason, .. } => {
            keeping(KeepingAction::Trash, reason, "Into the trash")
        }
        PartCommand::Restore { reason, .. } => keeping(KeepingAction::Restore, reason, "Restored"),
        PartCommand::LegalHold { lift, reason, .. } => {
            let (action, done) = if *lift {
                (KeepingAction::LiftLegalHold, "Legal hold lifted")
            } else {
                (KeepingAction::SetLegalHold, "Legal hold")
            };
            keeping(action, &Some(reason.clone()), done)
        }
        PartCommand::Purge {
            cancel: true,
            reason,
            ..
        } => keeping(KeepingAction::CancelPurge, reason, "Purge cancelled"),
        PartCommand::Purge { days, reason, .. } => {
            let action = KeepingAction::RequestPurge { days: *days };
            keeping(action, reason, "Purge requested")
        }
        PartCommand::Document(_)
        | PartCommand::Party(_)
        | PartCommand::Redact { .. }
        | PartCommand::Undo { .. } => Err(Fault::of(
            casework::ErrorKind::Internal,
            "this command is not one act",
        )),
    }
}

fn link(desk: &Desk<'_>, (word, other): (&str, &str), remove: bool) -> Result<Planned, Fault> {
    let case = desk.case(other)?;
    let relation = Relation::from_word(word).ok_or_else(|| {
        let words = Relation::ALL.map(Relation::word).join(", ");
        Fault::invalid(format!("{word:?} is no relation; there are {words}"))
    })?;
    Ok(if remove {
        let action = LinkAction::Remove { relation, case };
        (action.into(), None, "Link taken away")
    } else {
        (LinkAction::Add { relation, case }.into(), None, "Linked")
    })
}

fn redact(
    desk: &Desk<'_>,
    case: &str,
    (what, which): (RedactWhat, &str),
    reason: &str,
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let workspace = desk.workspace;
    let action = match what {
        RedactWhat::Field => {
            let template = workspace.case(id)?.template;
            let field = workspace.find_field(template, which)?;
            RedactionAction::Field { field }.into()
        }
        RedactWhat::Comment => CaseAction::RedactComment {
            id: comment(desk, id, which)?,
        },
        RedactWhat::Document => {
            let document = workspace.find_document(id, which)?;
            RedactionAction::Document { document }.into()
        }
        RedactWhat::Party => {
            let party = workspace.find_party(id, which)?;
            RedactionAction::Party { party }.into()
        }
    };
    let why = Why {
        reason: Some(reason.to_owned()),
        override_rule: false,
    };
    act(desk, id, action, &why, "Redacted")
}

fn undo(desk: &Desk<'_>, case: &str, steps: u32, reason: Option<&str>) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let undone = desk.workspace.undo(id, steps, reason);
    let undone = undone.map_err(|error| {
        if error.to_string().contains("override the rule") {
            return Fault::from(error).or_try(format!(
                "casework case undo {case} --steps {steps} --reason \"…\""
            ));
        }
        cure_on(desk, id, error)
    })?;
    let (changes, acted): (Vec<_>, Vec<_>) = undone.into_iter().unzip();
    let mut response = answer(desk, id, &acted, "Taken back")?;
    if let Some(json) = response.json.as_object_mut() {
        json.insert("undone".to_owned(), json!(changes));
    }
    Ok(response)
}
