//! `casework form …`: forms, links, requests, submissions and their review.

use casework::case::facet::form::ReviewState;
use casework::case::{CaseAction, PartId};
use casework::ids::DocumentId;
use casework::receipt::LinkToken;
use casework::template::FormKind;
use casework::view::CaseView;
use casework::{FormOffer, RequestTerms};
use serde_json::json;

use super::{Desk, json};
use crate::cli::{BaseUrl, FormCommand, LinkArgs, RequestArgs, ReviewArgs};
use crate::fault::Fault;
use crate::forms::Rooms;
use crate::forms::links::{Links, Terms};
use crate::request::Response;
use crate::screen::form_page;
use crate::screen::table::Table;
use crate::screen::words::{count, here, plain};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Digits of an id that are shown and can be typed.
const ID_DIGITS: usize = 8;

/// `casework form …`.
///
/// # Errors
/// [`Fault`] when it was not carried out.
pub(super) fn carry_out(desk: &Desk<'_>, command: &FormCommand) -> Result<Response, Fault> {
    match command {
        FormCommand::List { template } => list(desk, template.as_deref()),
        FormCommand::Link(args) => link(desk, args),
        FormCommand::Links => links(desk),
        FormCommand::Revoke {
            link,
            request: None,
            ..
        } => revoke_link(desk, link),
        FormCommand::Revoke {
            link: case,
            request: Some(request),
            reason,
        } => revoke_request(desk, (case, request), reason.as_deref()),
        FormCommand::Request(args) => request(desk, args),
        FormCommand::Submissions { new } => submissions(desk, *new),
        FormCommand::Show { case, submission } => show(desk, case, submission.as_deref()),
        FormCommand::Review(args) => review(desk, args),
        FormCommand::Answer {
            case,
            text,
            submission,
        } => answer(desk, (case, submission.as_deref()), text),
        FormCommand::Serve(_) => Err(Fault::invalid(
            "this replica has an owner already, which would have to serve the forms",
        )
        .or_try("end that process, then the same command again")),
    }
}

fn list(desk: &Desk<'_>, template: Option<&str>) -> Result<Response, Fault> {
    let only = template.map(|text| desk.template(text)).transpose()?;
    let mut offers = desk.workspace.forms()?;
    offers.retain(|offer| only.is_none_or(|only| offer.template == only));
    if offers.is_empty() {
        let line = "No form is offered. A template offers those under [[forms]] of its package.";
        return Ok(Response::line(line, json!({ "forms": [] })));
    }
    let mut table = Table::new(&["template", "form", "kind", "title", "asks", "languages"]);
    for FormOffer { key, form, .. } in &offers {
        table.row([
            key.clone(),
            form.id.clone(),
            kind_words(form.kind).to_owned(),
            plain(&form.title),
            count((form.fields.len() + form.questions.len()) as u64, "thing"),
            form.tags().collect::<Vec<_>>().join(", "),
        ]);
    }
    Ok(Response::new(
        table.lines(desk.screen),
        json!({ "forms": json(&offers) }),
    ))
}

const fn kind_words(kind: FormKind) -> &'static str {
    match kind {
        FormKind::Intake => "opens a case",
        FormKind::Request => "answers in a case",
    }
}

fn link(desk: &Desk<'_>, args: &LinkArgs) -> Result<Response, Fault> {
    let template = desk.template(&args.template)?;
    let form = desk.workspace.find_form(template, &args.form);
    let form = form.map_err(|error| Fault::from(error).or_try("casework form list"))?;
    if form.kind != FormKind::Intake {
        return Err(Fault::invalid(format!(
            "the form {:?} answers a request inside a case",
            form.id
        ))
        .or_try(format!("casework form request CASE {}", form.id)));
    }
    let moment = desk.workspace.moment()?;
    let made_ms = moment.now_ms.cast_signed();
    let days = args.days.or(form.valid_days);
    let token = LinkToken::new(moment.nonce("form link"));
    let terms = Terms {
        template,
        form: form.id.clone(),
        label: args.label.clone(),
        made_ms,
        expires_ms: days.map(|days| made_ms + i64::from(days) * DAY_MS),
        single_use: args.single_use || form.single_use,
        device: desk.workspace.info()?.device,
    };
    let link = Links::in_folder(desk.workspace.folder()).add(&token, terms)?;
    let url = url_of(&args.base, &token);
    let mut lines = vec![
        format!("{} ({})", plain(&form.title), kind_words(form.kind)),
        url.clone(),
        terms_words(link.expires_ms, link.single_use),
        "It is shown once. Serve it with: casework form serve".to_owned(),
    ];
    lines.retain(|line| !line.is_empty());
    Ok(Response::new(
        lines,
        json!({ "url": url, "token": token.to_string(), "link": json(&link) }),
    ))
}

fn terms_words(expires_ms: Option<i64>, single_use: bool) -> String {
    let until = expires_ms.map_or_else(
        || "until it is revoked".to_owned(),
        |at| format!("until {}", here(at)),
    );
    if single_use {
        format!("Good once, {until}.")
    } else {
        format!("Good {until}.")
    }
}

fn url_of(base: &BaseUrl, token: &LinkToken) -> String {
    format!("{}/f/{token}", base.base_url.trim_end_matches('/'))
}

fn links(desk: &Desk<'_>) -> Result<Response, Fault> {
    let kept = Links::in_folder(desk.workspace.folder()).all()?;
    let rooms = Rooms::open(desk.workspace)?;
    let now_ms = desk.workspace.moment()?.now_ms.cast_signed();
    let keys = desk.workspace.templates()?;
    if kept.is_empty() {
        return Ok(Response::line(
            "There are no links on this device. Make one with: casework form link TEMPLATE FORM",
            json!({ "links": [] }),
        ));
    }
    let mut table = Table::new(&["link", "template", "form", "for", "state", "until", "used"]);
    let mut found = Vec::with_capacity(kept.len());
    for link in &kept {
        let used = rooms.used(&link.token);
        let state = link.state(now_ms, used);
        let key = keys.iter().find(|known| known.document == link.template);
        table.row([
            link.name().to_owned(),
            key.map_or_else(|| link.template.short(), |known| known.package.key.clone()),
            link.form.clone(),
            plain(&link.label),
            state.name().to_owned(),
            link.expires_ms.map_or_else(String::new, here),
            used.to_string(),
        ]);
        found.push(json!({ "link": json(link), "state": state.name(), "used": used }));
    }
    Ok(Response::new(
        table.lines(desk.screen),
        json!({ "links": found }),
    ))
}

fn revoke_link(desk: &Desk<'_>, name: &str) -> Result<Response, Fault> {
    let now_ms = desk.workspace.moment()?.now_ms.cast_signed();
    let link = Links::in_folder(desk.workspace.folder()).revoke(name, now_ms)?;
    let line = format!("Revoked: the link {} to {}", link.name(), link.form);
    Ok(Response::line(line, json!({ "link": json(&link) })))
}

fn revoke_request(
    desk: &Desk<'_>,
    (case, request): (&str, &str),
    reason: Option<&str>,
) -> Result<Response, Fault> {
    let case = desk.case(case)?;
    let view = desk.workspace.case(case)?;
    let all = view.facets.forms.requests.keys().copied();
    let id = pick("request", Some(request), all)?;
    let acted = desk.workspace.revoke_request(case, id, reason)?;
    super::cases::answer(desk, case, &acted, "Request revoked")
}

fn request(desk: &Desk<'_>, args: &RequestArgs) -> Result<Response, Fault> {
    let case = desk.case(&args.case)?;
    let terms = RequestTerms {
        form: args.form.clone(),
        days: args.days,
        single_use: (args.single_use || args.reusable).then_some(args.single_use),
        note: args.note.clone(),
    };
    let made = desk.workspace.request_information(case, &terms);
    let made = made.map_err(|error| Fault::from(error).or_try("casework form list"))?;
    let view = desk.workspace.case(case)?;
    let url = url_of(&args.base, &made.token);
    let asked = view.facets.forms.requests.get(&made.request);
    let single_use = asked.is_some_and(|request| request.single_use);
    let lines = vec![
        format!(
            "Asked: {} {}",
            plain(&view.number),
            plain(view.title.value())
        ),
        url.clone(),
        terms_words(made.expires_ms, single_use),
        "It is shown once; give it to the person.".to_owned(),
    ];
    Ok(Response::new(
        lines,
        json!({
            "document": case,
            "request": made.request.to_string(),
            "url": url,
            "token": made.token.to_string(),
            "expires_ms": made.expires_ms,
        }),
    ))
}

fn submissions(desk: &Desk<'_>, only_new: bool) -> Result<Response, Fault> {
    let rows = desk.workspace.submissions(only_new)?;
    if rows.is_empty() {
        let line = if only_new {
            "Nothing new came in by forms."
        } else {
            "Nothing came in by forms."
        };
        return Ok(Response::line(line, json!({ "submissions": [] })));
    }
    let mut table = Table::new(&["given", "case", "title", "form", "submission", "review"]);
    for row in &rows {
        table.row([
            here(row.given_ms),
            plain(&row.number),
            plain(&row.title),
            row.form.clone(),
            short(row.submission),
            row.review.name().to_owned(),
        ]);
    }
    Ok(Response::new(
        table.lines(desk.screen),
        json!({ "submissions": json(&rows) }),
    ))
}

fn show(desk: &Desk<'_>, case: &str, submission: Option<&str>) -> Result<Response, Fault> {
    let (case, view) = viewed(desk, case)?;
    let all = view.facets.forms.submissions.keys().copied();
    let id = pick("submission", submission, all)?;
    let found = &view.facets.forms.submissions[&id];
    let revision = desk.workspace.revision(view.template).ok();
    let lines = form_page::submission(&view, (id, found), revision.as_deref(), desk.screen);
    Ok(Response::new(
        lines,
        json!({ "document": case, "submission": id.to_string(), "given": json(found) }),
    ))
}

fn review(desk: &Desk<'_>, args: &ReviewArgs) -> Result<Response, Fault> {
    let (case, view) = viewed(desk, &args.case)?;
    let all = view.facets.forms.submissions.keys().copied();
    let id = pick("submission", args.submission.as_deref(), all)?;
    let state = match (args.accept, args.reject, args.spam, args.ask) {
        (true, _, _, _) => ReviewState::Accepted,
        (_, true, _, _) => ReviewState::Rejected,
        (_, _, true, _) => ReviewState::Spam,
        (_, _, _, true) => ReviewState::NeedsAnswer,
        (false, false, false, false) => {
            return Err(
                Fault::invalid("nothing was said about the submission").or_try(format!(
                    "casework form review {} --accept, --reject, --spam or --ask",
                    args.case
                )),
            );
        }
    };
    let reason = args.reason.as_deref();
    let acted = desk
        .workspace
        .review_submission((case, id), state, reason)?;
    let done = format!("Submission {}", state.name());
    super::cases::answer(desk, case, &[acted], &done)
}

fn answer(
    desk: &Desk<'_>,
    (case, submission): (&str, Option<&str>),
    text: &str,
) -> Result<Response, Fault> {
    let (case, view) = viewed(desk, case)?;
    let all = view.facets.forms.submissions.keys().copied();
    let action = CaseAction::Comment {
        id: desk.workspace.fresh_part()?,
        body: text.to_owned(),
        external: true,
        reply_to: Some(pick("submission", submission, all)?),
    };
    let acted = desk.workspace.act(case, action, None, false)?;
    super::cases::answer(desk, case, &[acted], "Answered")
}

fn viewed(desk: &Desk<'_>, case: &str) -> Result<(DocumentId, CaseView), Fault> {
    let case = desk.case(case)?;
    Ok((case, desk.workspace.case(case)?))
}

/// The one whose id begins like this, or the only one.
fn pick(
    what: &str,
    text: Option<&str>,
    all: impl Iterator<Item = PartId>,
) -> Result<PartId, Fault> {
    let wanted = text.unwrap_or_default().trim().to_lowercase();
    let found: Vec<PartId> = all
        .filter(|id| id.to_string().starts_with(&wanted))
        .collect();
    match found.as_slice() {
        [only] => Ok(*only),
        [] if wanted.is_empty() => Err(Fault::invalid(format!("this case has no {what}"))),
        [] => Err(Fault::invalid(format!(
            "no {what} here begins with {wanted:?}"
        ))),
        several => {
            let ids: Vec<String> = several.iter().map(|id| short(*id)).collect();
            Err(Fault::invalid(format!(
                "there are several: {}; name one of them",
                ids.join(", ")
            )))
        }
    }
}

fn short(id: PartId) -> String {
    id.to_string()[..ID_DIGITS].to_owned()
}
