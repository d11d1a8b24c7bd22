//! Approvals, transfers, referrals and holds on the page of a case, and what waits for one's answer.

use casework::Wanted;
use casework::approval::{Outcome, Seat};
use casework::case::PartId;
use casework::case::facet::handover::OfferState;
use casework::case::facet::referral::Consent;
use casework::template::Revision;
use casework::view::{Answers, ApprovalView, CaseView, OriginRef, VoteView};
use serde_json::{Value, json};

use super::case_page::short;
use super::ink::Tone;
use super::page::{INDENT, Page};
use super::words::{here, lasting, origin, plain};
use casework::Names;
use casework::telling::Glossary;

/// Columns of an id, under which a line goes on.
const HANG: usize = 5;

fn seat(seat: &Seat, names: &Names) -> String {
    let revision = None;
    Glossary { revision, names }.seat(seat)
}

fn seats<'s>(all: impl IntoIterator<Item = &'s Seat>, names: &Names) -> String {
    let words: Vec<String> = all.into_iter().map(|one| seat(one, names)).collect();
    words.join(", ")
}

/// Where an approval stands, in one line: `pending, 1 of 2, waits for role director`.
#[must_use]
pub fn standing(one: &ApprovalView, names: &Names) -> String {
    let (have, need) = one.progress;
    let label = plain(&one.label);
    match one.outcome {
        Outcome::Pending => {
            let whom = seats(&one.waits_for(), names);
            format!("{label}: {have} of {need}, waits for {whom}")
        }
        Outcome::Approved | Outcome::Withdrawn | Outcome::Returned | Outcome::Rejected => {
            format!("{label}: {}", one.outcome.name())
        }
    }
}

/// The approvals of a case with every vote.
pub fn approvals(view: &CaseView, revision: Option<&Revision>, names: &Names, page: &mut Page) {
    let all = view.facets.approvals.in_order();
    if all.is_empty() {
        return;
    }
    let pending = view.facets.approvals.pending().count();
    page.heading("Approvals", &format!("{pending} of {} pending", all.len()));
    for (id, one) in all {
        let tone = match one.outcome {
            Outcome::Approved => Tone::Good,
            Outcome::Pending => Tone::Warning,
            Outcome::Returned | Outcome::Rejected => Tone::Bad,
            Outcome::Withdrawn => Tone::Quiet,
        };
        let today = |field: &str| {
            let held = view.fields.get(field)?;
            let value = held.value.as_ref().map(|slot| slot.value().clone());
            value.or(held.count.map(casework::value::Scalar::Int))
        };
        let outdated = revision.is_some_and(|revision| one.is_outdated(revision, today));
        let mut aside = vec![by(one.by, view, names)];
        if outdated {
            aside.push(page.tone(Tone::Bad, "outdated: others would be asked today"));
        }
        if !one.current {
            aside.push("asked anew since".to_owned());
        }
        let id = page.tone(Tone::Quiet, &short(id));
        let line = page.tone(tone, &standing(one, names));
        let aside = page.tone(Tone::Quiet, &aside.join(" · "));
        page.flow(INDENT, HANG, &format!("{id} {line}  {aside}"));
        for vote in &one.votes {
            self::vote(vote, view, names, page);
        }
        if let Some(withdrawn) = one.withdrawn {
            page.text(
                INDENT + 5,
                &format!("withdrawn: {}", by(withdrawn, view, names)),
            );
        }
    }
}

fn vote(vote: &VoteView, view: &CaseView, names: &Names, page: &mut Page) {
    let mut line = format!("{} · {}", vote.answer.name(), by(vote.by, view, names));
    if !vote.note.is_empty() {
        line.push_str(&format!(" · “{}”", plain(&vote.note)));
    }
    if vote.late {
        line.push_str(" · late, after the decision");
    }
    page.text(INDENT + 5, &line);
}

/// Transfers and referrals of a case.
pub fn handovers(view: &CaseView, names: &Names, page: &mut Page) {
    let transfers = view.facets.transfers.in_order();
    if !transfers.is_empty() {
        page.heading("Transfers", "");
    }
    for (id, one) in transfers {
        let line = format!("to {}: {}", seat(&one.to, names), one.state.name());
        offer(page, (id, &line, one.state), &by(one.by, view, names));
        if !one.note.is_empty() {
            page.text(INDENT + 5, &one.note);
        }
        answers(&one.answers, view, names, page);
    }
    let referrals = view.facets.referrals.in_order();
    if !referrals.is_empty() {
        page.heading("Referrals", "");
    }
    for (id, one) in referrals {
        let inside = one.to.as_ref().map(|to| seat(to, names));
        let party = one.party.as_deref().map(plain);
        let whom = inside.or(party).unwrap_or_default();
        let line = format!("{} · {whom}: {}", plain(&one.service), one.state.name());
        offer(page, (id, &line, one.state), &by(one.by, view, names));
        page.text(INDENT + 5, &consent(&one.consent));
        if !one.note.is_empty() {
            page.text(INDENT + 5, &one.note);
        }
        answers(&one.answers, view, names, page);
        if let Some(outcome) = &one.outcome {
            let by = by(outcome.shown().by, view, names);
            page.text(INDENT + 5, &format!("“{}” · {by}", plain(outcome.value())));
        }
    }
}

fn offer(page: &mut Page, (id, line, state): (PartId, &str, OfferState), by: &str) {
    let tone = match state {
        OfferState::Offered => Tone::Warning,
        OfferState::Accepted | OfferState::Completed => Tone::Good,
        OfferState::Declined => Tone::Bad,
        OfferState::Withdrawn => Tone::Quiet,
    };
    let id = page.tone(Tone::Quiet, &short(id));
    let line = page.tone(tone, line);
    let by = page.tone(Tone::Quiet, by);
    page.flow(INDENT, HANG, &format!("{id} {line}  {by}"));
}

fn answers(answers: &Answers, view: &CaseView, names: &Names, page: &mut Page) {
    let mut told = Vec::new();
    if let Some(slot) = &answers.accepted {
        told.extend(slot.sides().map(|side| ("accepted", side.by)));
    }
    if let Some(slot) = &answers.declined {
        told.extend(slot.sides().map(|side| ("declined", side.by)));
    }
    if let Some(slot) = &answers.withdrawn {
        told.push(("withdrawn", slot.shown().by));
    }
    for (what, author) in told {
        let reason = view.origins.get(author).reason.as_deref();
        let reason = reason.map_or(String::new(), |why| format!(" · “{}”", plain(why)));
        page.text(
            INDENT + 5,
            &format!("{what}: {}{reason}", by(author, view, names)),
        );
    }
    if answers.crossed() {
        let line = "answered twice at once: the acceptance holds";
        page.line(format!(
            "{}{}",
            " ".repeat(INDENT + 5),
            page.tone(Tone::Warning, line)
        ));
    }
}

fn consent(consent: &Consent) -> String {
    if !consent.given {
        return "without consent".to_owned();
    }
    let (by, how, on) = (plain(&consent.by), plain(&consent.how), plain(&consent.on));
    format!("consent by {by}, {how}, {on}")
}

/// The pauses of a case and how long they were together until now.
pub fn holds(view: &CaseView, now_ms: i64, names: &Names, page: &mut Page) {
    let all = view.facets.holds.in_order();
    if all.is_empty() {
        return;
    }
    let total = view.facets.holds.total_ms(&view.origins, now_ms);
    let total = std::time::Duration::from_millis(total.unsigned_abs());
    page.heading("Holds", &format!("{} together", lasting(total)));
    for (id, one) in all {
        let until = one.until.as_ref();
        let until = until.map_or(String::new(), |until| {
            format!(" until about {}", plain(until))
        });
        let (tone, ended) = match one.ended {
            None => (Tone::Warning, until),
            Some(ended) => (
                Tone::Quiet,
                format!(" · ended by {}", by(ended, view, names)),
            ),
        };
        let id = page.tone(Tone::Quiet, &short(id));
        let why = page.tone(tone, &plain(&one.why));
        let by = by(one.by, view, names);
        let by = page.tone(Tone::Quiet, &format!("put on hold by {by}{ended}"));
        page.flow(INDENT, HANG, &format!("{id} {why}  {by}"));
    }
}

/// What waits for one's answer.
pub fn wanted(wanted: &[Wanted], names: &Names, page: &mut Page) {
    if wanted.is_empty() {
        page.line("Nothing waits for your answer.");
        return;
    }
    for one in wanted {
        let number = page.tone(Tone::Strong, &plain(&one.number));
        page.flow(0, INDENT, &format!("{number}  {}", plain(&one.title)));
        let about = format!("{} {}", one.what, plain(&one.label));
        let by = format!("{} {}", names.or_nobody(one.by), here(one.since_ms));
        let by = page.tone(Tone::Quiet, &by);
        page.flow(INDENT, INDENT, &format!("{}  {by}", about.trim_end()));
        let answer = page.tone(Tone::Command, &answer(one));
        page.whole_line(format!("{}{answer}", " ".repeat(INDENT * 2)));
    }
}

/// The command that answers; the other answers are in its help.
fn answer(wanted: &Wanted) -> String {
    let (number, id) = (plain(&wanted.number), short(wanted.id));
    match wanted.what {
        "approval" => format!("casework case approval vote {number} {id} approve|reject|return"),
        "transfer" => format!("casework case transfer accept {number}    (or decline)"),
        other => format!("casework case {other} accept {number} {id}    (or decline)"),
    }
}

/// An approval for programs.
#[must_use]
pub fn approval_json(id: PartId, one: &ApprovalView, view: &CaseView, names: &Names) -> Value {
    let votes: Vec<Value> = one
        .votes
        .iter()
        .map(|vote| {
            json!({
                "member": names.member(vote.member),
                "answer": vote.answer,
                "note": vote.note,
                "seats": vote.seats,
                "late": vote.late,
                "at_ms": view.origins.get(vote.by).claimed_ms,
            })
        })
        .collect();
    json!({
        "id": id,
        "kind": one.kind,
        "label": one.label,
        "of": one.matter,
        "outcome": one.outcome,
        "have": one.progress.0,
        "need": one.progress.1,
        "waits_for": one.waits_for(),
        "makers": one.makers.iter().map(|member| names.member(*member)).collect::<Vec<_>>(),
        "current": one.current,
        "votes": votes,
    })
}

/// Approvals, transfers, referrals and holds of a case for programs.
#[must_use]
pub fn facets_json(view: &CaseView, now_ms: i64, names: &Names) -> Value {
    let facets = &view.facets;
    let approvals = facets.approvals.in_order().into_iter();
    let approvals: Vec<Value> = approvals
        .map(|(id, one)| approval_json(id, one, view, names))
        .collect();
    let transfers: Vec<Value> = facets
        .transfers
        .in_order()
        .into_iter()
        .map(|(id, one)| json!({"id": id, "to": one.to, "note": one.note, "state": one.state}))
        .collect();
    let referrals: Vec<Value> = facets
        .referrals
        .in_order()
        .into_iter()
        .map(|(id, one)| {
            json!({
                "id": id,
                "service": one.service,
                "to": one.to,
                "party": one.party,
                "consent": one.consent,
                "state": one.state,
                "outcome": one.outcome.as_ref().map(|outcome| outcome.value()),
            })
        })
        .collect();
    let holds: Vec<Value> = facets
        .holds
        .in_order()
        .into_iter()
        .map(|(id, one)| {
            json!({
                "id": id,
                "why": one.why,
                "until": one.until,
                "started_ms": view.origins.get(one.by).claimed_ms,
                "ended_ms": one.ended.map(|by| view.origins.get(by).claimed_ms),
            })
        })
        .collect();
    json!({
        "approvals": approvals,
        "transfers": transfers,
        "referrals": referrals,
        "holds": holds,
        "on_hold": facets.holds.is_on_hold(),
        "on_hold_ms": facets.holds.total_ms(&view.origins, now_ms),
    })
}

fn by(by: OriginRef, view: &CaseView, names: &Names) -> String {
    origin(names, view.origins.get(by))
}
