//! `casework case party …`.

use casework::case::CaseAction;
use casework::case::facet::party::{PartyAction, PartyKey, PartyMark, PartyNature};

use crate::cli::{PartyCommand, Why};
use crate::command::Desk;
use crate::command::cases::{act, answer, pair};
use crate::command::cures::cure_on;
use crate::fault::Fault;
use crate::request::Response;

pub(super) fn carry_out(desk: &Desk<'_>, command: &PartyCommand) -> Result<Response, Fault> {
    let no = Why::default();
    match command {
        PartyCommand::Add { case, .. } => {
            let party = desk.workspace.fresh_part()?;
            let action = PartyAction::Add {
                id: party,
                party: mark(command),
            };
            let mut response = act(desk, desk.case(case)?, action.into(), &no, "New party")?;
            if let Some(json) = response.json.as_object_mut() {
                json.insert("part".to_owned(), party.to_string().into());
            }
            Ok(response)
        }
        PartyCommand::Set {
            case,
            party,
            values,
        } => set(desk, (case, party), values),
        PartyCommand::Withdraw {
            case,
            party,
            undo,
            reason,
        } => {
            let id = desk.case(case)?;
            let party = desk.workspace.find_party(id, party)?;
            let (action, done) = if *undo {
                (PartyAction::Reinstate { party }, "Reinstated")
            } else {
                (PartyAction::Withdraw { party }, "Withdrawn")
            };
            let why = Why {
                reason: reason.clone(),
                override_rule: false,
            };
            act(desk, id, action.into(), &why, done)
        }
    }
}

fn set(desk: &Desk<'_>, (case, party): (&str, &str), values: &[String]) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let party = desk.workspace.find_party(id, party)?;
    let mut actions = Vec::with_capacity(values.len());
    for value in values {
        let (key, words) = pair(value)?;
        let key: PartyKey = key
            .trim()
            .parse()
            .map_err(|error| Fault::invalid(format!("{error}")))?;
        let value = words.trim().to_owned();
        actions.push(CaseAction::from(PartyAction::Change { party, key, value }));
    }
    let acted = desk.workspace.act_together(id, actions, None, false);
    let acted = acted.map_err(|error| cure_on(desk, id, error))?;
    answer(desk, id, &acted, "Changed")
}

fn mark(command: &PartyCommand) -> PartyMark {
    let PartyCommand::Add {
        role,
        name,
        organisation,
        email,
        phone,
        address,
        note,
        ..
    } = command
    else {
        return PartyMark::default();
    };
    let nature = if *organisation {
        PartyNature::Organisation
    } else {
        PartyNature::Person
    };
    PartyMark {
        role: role.clone(),
        name: name.clone(),
        nature,
        email: email.clone(),
        phone: phone.clone(),
        address: address.clone(),
        note: note.clone(),
    }
}
