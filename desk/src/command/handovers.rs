//! `casework case transfer …`, `casework case referral …`, `casework case hold …`.

use casework::case::facet::handover::TransferAction;
use casework::case::facet::hold::HoldAction;
use casework::case::facet::referral::{Consent, Referral, ReferralAction};
use casework::case::{CaseAction, PartId};
use casework::ids::{DocumentId, MemberId};

use super::Desk;
use super::cases::{act, answer};
use crate::cli::{
    AnswerArgs, HoldCommand, MakeArgs, ReferralArgs, ReferralCommand, TransferCommand, Why,
};
use crate::fault::Fault;
use crate::request::Response;

/// Whoever carries it out: the engine fills in who that is.
const ME: MemberId = MemberId::new([0; 16]);

pub(super) fn transfer(desk: &Desk<'_>, command: &TransferCommand) -> Result<Response, Fault> {
    let member = ME;
    match command {
        TransferCommand::Offer {
            case,
            to,
            note,
            reason,
        } => {
            let id = desk.workspace.fresh_part()?;
            let to = desk.workspace.find_seat(to)?;
            let note = note.clone();
            let action = TransferAction::Offer { id, to, note };
            tell(
                desk,
                desk.case(case)?,
                ("transfer", id, action.into()),
                (reason, "Offered"),
            )
        }
        TransferCommand::Accept(args) => {
            let (case, transfer) = offered(desk, args)?;
            let action = TransferAction::Accept { transfer, member };
            tell(
                desk,
                case,
                ("transfer", transfer, action.into()),
                (&args.reason, "Taken over"),
            )
        }
        TransferCommand::Decline(args) => {
            let (case, transfer) = offered(desk, args)?;
            let action = TransferAction::Decline { transfer, member };
            tell(
                desk,
                case,
                ("transfer", transfer, action.into()),
                (&args.reason, "Declined"),
            )
        }
        TransferCommand::Withdraw(args) => {
            let (case, transfer) = offered(desk, args)?;
            let action = TransferAction::Withdraw { transfer };
            tell(
                desk,
                case,
                ("transfer", transfer, action.into()),
                (&args.reason, "Withdrawn"),
            )
        }
    }
}

pub(super) fn referral(desk: &Desk<'_>, command: &ReferralCommand) -> Result<Response, Fault> {
    let member = ME;
    match command {
        ReferralCommand::Make(args) => make(desk, args),
        ReferralCommand::Accept(args) => {
            let (case, referral) = referred(desk, &args.case, &args.referral)?;
            let action = ReferralAction::Accept { referral, member };
            answered(desk, case, (referral, action), (args, "Accepted"))
        }
        ReferralCommand::Decline(args) => {
            let (case, referral) = referred(desk, &args.case, &args.referral)?;
            let action = ReferralAction::Decline { referral, member };
            answered(desk, case, (referral, action), (args, "Declined"))
        }
        ReferralCommand::Complete {
            case,
            referral,
            outcome,
        } => {
            let (case, referral) = referred(desk, case, referral)?;
            let outcome = outcome.clone();
            let action = ReferralAction::Complete { referral, outcome };
            tell(
                desk,
                case,
                ("referral", referral, action.into()),
                (&None, "Completed"),
            )
        }
        ReferralCommand::Withdraw(args) => {
            let (case, referral) = referred(desk, &args.case, &args.referral)?;
            let action = ReferralAction::Withdraw { referral };
            answered(desk, case, (referral, action), (args, "Withdrawn"))
        }
    }
}

pub(super) fn hold(desk: &Desk<'_>, command: &HoldCommand) -> Result<Response, Fault> {
    match command {
        HoldCommand::Start { case, why, until } => {
            let id = desk.workspace.fresh_part()?;
            let (why, until) = (why.clone(), until.clone());
            let action = HoldAction::Start { id, why, until };
            tell(
                desk,
                desk.case(case)?,
                ("hold", id, action.into()),
                (&None, "On hold"),
            )
        }
        HoldCommand::End { case, hold, reason } => {
            let id = desk.case(case)?;
            let ended: Vec<PartId> = match hold {
                Some(text) => vec![desk.workspace.find_hold(id, text)?],
                None => {
                    let view = desk.workspace.case(id)?;
                    view.facets.holds.standing().map(|(id, _)| id).collect()
                }
            };
            if ended.is_empty() {
                let message = "the case is not on hold";
                return Err(Fault::invalid(message).or_try(format!("casework case show {case}")));
            }
            let actions = ended
                .into_iter()
                .map(|hold| HoldAction::End { hold }.into());
            let actions: Vec<CaseAction> = actions.collect();
            let acted = desk
                .workspace
                .act_together(id, actions, reason.as_deref(), false)?;
            answer(desk, id, &acted, "Goes on")
        }
    }
}

fn make(desk: &Desk<'_>, args: &MakeArgs) -> Result<Response, Fault> {
    let id = desk.workspace.fresh_part()?;
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    if args.consent_by.is_none() && !args.without_consent {
        let message = "a referral needs the consent of whom it is about";
        return Err(Fault::invalid(message).or_try(
            "the same command with --consent-by WHO --consent-how HOW --consent-on DATE, or with \
             --without-consent --reason WHY",
        ));
    }
    let to = args.to.as_ref().map(|to| desk.workspace.find_seat(to));
    let referral = Referral {
        id,
        service: args.service.clone(),
        to: to.transpose()?,
        party: args.party.clone(),
        note: args.note.clone(),
        consent: Consent {
            given: !args.without_consent,
            by: said(&args.consent_by),
            how: said(&args.consent_how),
            on: said(&args.consent_on),
        },
    };
    let action = ReferralAction::Make(referral).into();
    let case = desk.case(&args.case)?;
    tell(
        desk,
        case,
        ("referral", id, action),
        (&args.reason, "Referred"),
    )
}

fn answered(
    desk: &Desk<'_>,
    case: DocumentId,
    (id, action): (PartId, ReferralAction),
    (args, done): (&ReferralArgs, &str),
) -> Result<Response, Fault> {
    tell(
        desk,
        case,
        ("referral", id, action.into()),
        (&args.reason, done),
    )
}

fn offered(desk: &Desk<'_>, args: &AnswerArgs) -> Result<(DocumentId, PartId), Fault> {
    let id = desk.case(&args.case)?;
    let found = desk.workspace.find_transfer(id, &args.transfer);
    let found = found
        .map_err(|error| Fault::from(error).or_try(format!("casework case show {}", args.case)))?;
    Ok((id, found))
}

fn referred(desk: &Desk<'_>, case: &str, referral: &str) -> Result<(DocumentId, PartId), Fault> {
    let id = desk.case(case)?;
    let found = desk.workspace.find_referral(id, referral);
    let found =
        found.map_err(|error| Fault::from(error).or_try(format!("casework case show {case}")))?;
    Ok((id, found))
}

fn tell(
    desk: &Desk<'_>,
    case: DocumentId,
    (what, id, action): (&str, PartId, CaseAction),
    (reason, done): (&Option<String>, &str),
) -> Result<Response, Fault> {
    let why = Why {
        reason: reason.clone(),
        override_rule: false,
    };
    let mut response = act(desk, case, action, &why, done)?;
    if let Some(json) = response.json.as_object_mut() {
        json.insert(what.to_owned(), id.to_string().into());
    }
    Ok(response)
}
