//! `casework overrides`: what was done although a rule asked, over all cases, and reviewing it.
//!
//! What nobody looked at comes first, then what is to be followed up, then what was accepted; each
//! newest first.

use casework::case::PartId;
use casework::case::facet::review::{Review, ReviewAction, ReviewVerdict};
use casework::view::{CaseView, OverrideView};
use serde_json::json;

use super::cases::answer;
use super::{Desk, json};
use crate::cli::Verdict;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::case_page::said;
use crate::screen::ink::Tone;
use crate::screen::page::{INDENT, Page};
use crate::screen::words::{here, origin, plain};
use casework::Names;

/// Digits of an override's id that are shown and can be typed.
const SHOWN_DIGITS: usize = 8;
/// Columns of the longest label.
const LABEL_COLUMNS: usize = 6;

/// An override of a case.
struct Found {
    at_ms: i64,
    number: String,
    id: PartId,
    who: Option<String>,
    exception: OverrideView,
    reviews: Vec<String>,
}

/// Lists them, of one template or of all.
pub(super) fn list(
    desk: &Desk<'_>,
    template: Option<&str>,
    reviewed: bool,
) -> Result<Response, Fault> {
    let wanted = template.map(|text| desk.template(text)).transpose()?;
    let names = desk.names()?;
    let mut found = Vec::new();
    for card in desk.workspace.cards()? {
        if wanted.is_some_and(|wanted| wanted != card.template) {
            continue;
        }
        let view = desk.workspace.case(card.document)?;
        found.extend(of_case(&view, &names));
    }
    found.retain(|one| reviewed || one.exception.verdict() != Some(ReviewVerdict::Accepted));
    found.sort_by(|a, b| {
        let key = |one: &Found| (rank(&one.exception), core::cmp::Reverse(one.at_ms), one.id);
        (key(a), &a.number).cmp(&(key(b), &b.number))
    });
    let mut page = Page::new(desk.screen);
    if found.is_empty() {
        page.line(nothing(reviewed));
    }
    found.iter().for_each(|one| show(one, &mut page));
    if found
        .iter()
        .any(|one| one.exception.verdict() != Some(ReviewVerdict::Accepted))
    {
        page.gap();
        page.toned(
            Tone::Quiet,
            "Review one with: casework case review CASE ID accepted, or follow-up --note \"…\"",
        );
    }
    let lines = page.finish();
    let listed: Vec<_> = found.iter().map(as_json).collect();
    Ok(Response::new(lines, json!({ "overrides": json(&listed) })))
}

/// One override: where and who, then the rule, the reason and what was said of it since.
fn show(one: &Found, page: &mut Page) {
    let number = page.tone(Tone::Strong, &plain(&one.number));
    let id: String = one.id.to_string().chars().take(SHOWN_DIGITS).collect();
    let who = plain(one.who.as_deref().unwrap_or("somebody"));
    let about = page.tone(Tone::Quiet, &format!("{id}  {who} {}", here(one.at_ms)));
    page.flow(0, INDENT, &format!("{number}  {about}"));
    page.pair("rule", LABEL_COLUMNS, &one.exception.rule, None);
    let why = format!("“{}”", one.exception.why);
    page.pair("reason", LABEL_COLUMNS, &why, None);
    let tone = match one.exception.verdict() {
        Some(ReviewVerdict::Accepted) => Tone::Good,
        Some(ReviewVerdict::FollowUp) | None => Tone::Warning,
    };
    page.pair("review", LABEL_COLUMNS, &standing(one), Some(tone));
}

/// Reviews one.
pub(super) fn review(
    desk: &Desk<'_>,
    case: &str,
    of: &str,
    (verdict, note): (Verdict, &str),
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let view = desk.workspace.case(id)?;
    let mut known = view.overrides.keys();
    let found = known.by_ref().find(|part| part.to_string().starts_with(of));
    let other = known.find(|part| part.to_string().starts_with(of));
    let of = match (found, other) {
        (Some(found), None) => *found,
        (Some(_), Some(_)) => {
            let message = format!("several overrides of {case} begin with {of}");
            return Err(Fault::invalid(message).or_try("more letters of its id"));
        }
        (None, _) => {
            let message = format!("{case} has no override {of}");
            return Err(Fault::invalid(message).or_try("casework overrides --reviewed"));
        }
    };
    let verdict = match verdict {
        Verdict::Accepted => ReviewVerdict::Accepted,
        Verdict::FollowUp => ReviewVerdict::FollowUp,
    };
    let note = note.to_owned();
    let review = Review { verdict, note };
    let action = ReviewAction::Review { of, review }.into();
    let acted = desk.workspace.act(id, action, None, false);
    let acted = acted.map_err(|error| cure(error, case, of))?;
    answer(desk, id, &[acted], "Reviewed")
}

fn cure(error: casework::Error, case: &str, of: PartId) -> Fault {
    let text = error.to_string();
    let fault = Fault::from(error);
    if text.contains("note on what is to be followed up") {
        let of = of.to_string();
        fault.or_try(format!(
            "casework case review {case} {of} follow-up --note \"…\""
        ))
    } else if text.contains("whoever made it") {
        fault.or_try("the same command on a colleague's device")
    } else {
        fault
    }
}

/// The overrides of one case for programs, the newest first.
pub(super) fn of_case_json(view: &CaseView, names: &Names) -> serde_json::Value {
    let mut found = of_case(view, names);
    found.sort_by_key(|one| (core::cmp::Reverse(one.at_ms), one.id));
    found.iter().map(as_json).collect()
}

fn of_case(view: &CaseView, names: &Names) -> Vec<Found> {
    let all = view.overrides.iter();
    all.map(|(id, exception)| {
        let made = view.origins.get(exception.by);
        let sides = exception.review.iter().flat_map(|slot| slot.sides());
        let reviews = sides.map(|side| {
            let by = origin(names, view.origins.get(side.by));
            said(&side.value, &by)
        });
        Found {
            at_ms: made.claimed_ms,
            number: view.number.clone(),
            id: *id,
            who: made.member.map(|member| names.member(member)),
            exception: exception.clone(),
            reviews: reviews.collect(),
        }
    })
    .collect()
}

fn rank(exception: &OverrideView) -> u8 {
    match exception.verdict() {
        None => 0,
        Some(ReviewVerdict::FollowUp) => 1,
        Some(ReviewVerdict::Accepted) => 2,
    }
}

fn standing(one: &Found) -> String {
    if one.reviews.is_empty() {
        "open".to_owned()
    } else {
        one.reviews.join("; ")
    }
}

const fn nothing(reviewed: bool) -> &'static str {
    if reviewed {
        "Nobody went through a rule that asked."
    } else {
        "Nothing that went through a rule is to be looked at."
    }
}

fn as_json(one: &Found) -> serde_json::Value {
    let verdict = one.exception.verdict();
    json!({
        "case": one.number,
        "override": one.id,
        "who": one.who,
        "at_ms": one.at_ms,
        "rule": one.exception.rule,
        "why": one.exception.why,
        "review": verdict.map(ReviewVerdict::words),
        "reviews": one.reviews,
    })
}
