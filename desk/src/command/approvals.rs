//! `casework case approval …` and `casework approvals`.

use casework::approval::{Answer, Mode, Question, Seat, Vote};
use casework::case::PartId;
use casework::case::facet::approval::ApprovalAction;
use casework::case::facet::approval::request::{Matter, Request};
use casework::ids::{DocumentId, MemberId};
use serde_json::{Value, json};

use super::cases::act;
use super::{Desk, json};
use crate::cli::{AnswerArg, ApprovalCommand, ApproveArgs, Why};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::agreements;
use crate::screen::page::Page;

/// Whoever carries it out: the engine fills in who that is.
const ME: MemberId = MemberId::new([0; 16]);

#[expect(clippy::too_many_lines, reason = "one arm per command")]
pub(super) fn carry_out(desk: &Desk<'_>, command: &ApprovalCommand) -> Result<Response, Fault> {
    match command {
        ApprovalCommand::Request(args) => request(desk, args),
        ApprovalCommand::Vote {
            case,
            approval,
            answer,
            note,
        } => {
            let (id, approval) = named(desk, case, approval)?;
            let vote = Vote {
                id: desk.workspace.fresh_part()?,
                member: ME,
                answer: answer_of(*answer),
                seats: [].into(),
                note: note.clone(),
            };
            let done = match answer {
                AnswerArg::Approve => "Approved",
                AnswerArg::Reject => "Rejected",
                AnswerArg::Return => "Returned",
            };
            let action = ApprovalAction::Vote { approval, vote };
            tell(desk, id, (approval, action), (None, done))
        }
        ApprovalCommand::Reassign {
            case,
            approval,
            to,
            seat,
            reason,
        } => {
            let (id, approval) = named(desk, case, approval)?;
            let seat = match seat {
                Some(seat) => desk.workspace.find_seat(seat)?,
                None => Seat::Member(desk.workspace.info()?.member.unwrap_or(ME)),
            };
            let action = ApprovalAction::Reassign {
                approval,
                seat,
                by: ME,
                to: desk.member(to)?,
            };
            tell(desk, id, (approval, action), (reason.as_ref(), "Passed on"))
        }
        ApprovalCommand::Add {
            case,
            approval,
            whom,
            reason,
        } => {
            let (id, approval) = named(desk, case, approval)?;
            let seat = desk.workspace.find_seat(whom)?;
            let action = ApprovalAction::AddApprover { approval, seat };
            tell(
                desk,
                id,
                (approval, action),
                (reason.as_ref(), "Asked besides"),
            )
        }
        ApprovalCommand::Withdraw {
            case,
            approval,
            reason,
        } => {
            let (id, approval) = named(desk, case, approval)?;
            let action = ApprovalAction::Withdraw { approval };
            tell(desk, id, (approval, action), (reason.as_ref(), "Withdrawn"))
        }
        ApprovalCommand::List { case } => list(desk, case),
    }
}

/// `casework approvals`.
pub(super) fn wanted(desk: &Desk<'_>) -> Result<Response, Fault> {
    let wanted = desk.workspace.wanted()?;
    let mut page = Page::new(desk.screen);
    agreements::wanted(&wanted, &desk.names()?, &mut page);
    Ok(Response::new(page.finish(), json(&wanted)))
}

fn request(desk: &Desk<'_>, args: &ApproveArgs) -> Result<Response, Fault> {
    let case = desk.case(&args.case)?;
    let id = desk.workspace.fresh_part()?;
    let template = desk.workspace.case(case)?.template;
    let revision = desk.workspace.revision(template)?;
    let matter: Matter = args
        .of
        .parse()
        .map_err(|error| Fault::invalid(format!("{error}")))?;
    let known = revision.approval_type(&args.what).is_some();
    if known && !args.from.is_empty() {
        let message = "the template says who is asked; leave --from out";
        return Err(Fault::invalid(message));
    }
    if !known && args.from.is_empty() {
        let kinds = revision.package().approvals.iter();
        let kinds: Vec<&str> = kinds.map(|kind| kind.id.as_str()).collect();
        let message = format!(
            "the template has no approval {:?} (it has {}); say whom to ask",
            args.what,
            if kinds.is_empty() {
                "none".to_owned()
            } else {
                kinds.join(", ")
            }
        );
        return Err(Fault::invalid(message).or_try("the same command with --from WHOM"));
    }
    let seats = args.from.iter().map(|whom| desk.workspace.find_seat(whom));
    let question = Question {
        mode: mode(args),
        count: args.count.unwrap_or_default(),
        seats: seats.collect::<Result<_, _>>()?,
        maker_checker: args.not_me,
        ..Question::default()
    };
    let request = Request {
        kind: known.then(|| args.what.clone()),
        label: if known {
            String::new()
        } else {
            args.what.clone()
        },
        matter,
        question,
        ..Request::of_kind(id, "", ME)
    };
    let action = ApprovalAction::Request(request);
    tell(
        desk,
        case,
        (id, action),
        (args.reason.as_ref(), "Asked for"),
    )
}

const fn mode(args: &ApproveArgs) -> Mode {
    if args.all {
        Mode::All
    } else if args.majority {
        Mode::Majority
    } else if args.count.is_some() {
        Mode::Count
    } else {
        Mode::Any
    }
}

const fn answer_of(answer: AnswerArg) -> Answer {
    match answer {
        AnswerArg::Approve => Answer::Approve,
        AnswerArg::Reject => Answer::Reject,
        AnswerArg::Return => Answer::Return,
    }
}

fn named(desk: &Desk<'_>, case: &str, approval: &str) -> Result<(DocumentId, PartId), Fault> {
    let id = desk.case(case)?;
    let found = desk.workspace.find_approval(id, approval);
    let found = found.map_err(|error| {
        Fault::from(error).or_try(format!("casework case approval list {case}"))
    })?;
    Ok((id, found))
}

/// Acts, and says how the approval stands afterwards.
fn tell(
    desk: &Desk<'_>,
    case: DocumentId,
    (id, action): (PartId, ApprovalAction),
    (reason, done): (Option<&String>, &str),
) -> Result<Response, Fault> {
    let why = Why {
        reason: reason.cloned(),
        override_rule: false,
    };
    let mut response = act(desk, case, action.into(), &why, done)?;
    let view = desk.workspace.case(case)?;
    if let Some(one) = view.facets.approvals.0.get(&id) {
        let names = desk.names()?;
        response.lines.push(agreements::standing(one, &names));
        if let Some(json) = response.json.as_object_mut() {
            json.insert(
                "approval".to_owned(),
                agreements::approval_json(id, one, &view, &names),
            );
        }
    }
    Ok(response)
}

fn list(desk: &Desk<'_>, case: &str) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let view = desk.workspace.case(id)?;
    let revision = desk.workspace.revision(view.template).ok();
    let names = desk.names()?;
    let mut page = Page::new(desk.screen);
    agreements::approvals(&view, revision.as_deref(), &names, &mut page);
    if view.facets.approvals.0.is_empty() {
        page.line("No approval was asked for.");
    }
    let approvals = view.facets.approvals.in_order().into_iter();
    let told: Vec<Value> = approvals
        .map(|(id, one)| agreements::approval_json(id, one, &view, &names))
        .collect();
    Ok(Response::new(page.finish(), json!({ "approvals": told })))
}
