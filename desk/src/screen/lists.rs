//! Lists: cases, the drawer, held work.

use std::collections::BTreeMap;

use casework::clock::SlaState;
use casework::ids::DocumentId;
use casework::replica::doing;
use casework::view::{Card, CardField, CardValue};
use casework::{Drawn, HeldWork, OwnAct};

use super::Screen;
use super::ink::Tone;
use super::page::Page;
use super::table::Table;
use super::words::{day, here, plain};
use casework::Names;

/// Stages by template and id: their names and colours.
pub type Stages = BTreeMap<(DocumentId, String), (String, String)>;

/// Cases in a table.
#[must_use]
pub fn cases(
    (cards, now_ms): (&[Card], i64),
    names: &Names,
    stages: &Stages,
    screen: Screen,
) -> Vec<String> {
    let mut table = Table::new(&[
        "number", "title", "stage", "owner", "due", "changed", "look at",
    ])
    .sparing(&[5, 3, 4]);
    for card in cards {
        let stage = match stages.get(&(card.template, card.stage.clone())) {
            Some((name, colour)) => screen.depth.front(colour, name),
            None => plain(&card.stage),
        };
        let badges: Vec<String> = badges(card, now_ms)
            .iter()
            .map(|(tone, word)| screen.depth.tone(*tone, word))
            .collect();
        table.row([
            plain(&card.number),
            plain(&card.title),
            stage,
            card.owner
                .map(|owner| names.member(owner))
                .unwrap_or_default(),
            plain(card.due.as_deref().unwrap_or_default()),
            day(card.changed_ms),
            badges.join(", "),
        ]);
    }
    table.lines(screen)
}

/// What to look at on a card at a moment, most important first.
#[must_use]
pub fn badges(card: &Card, now_ms: i64) -> Vec<(Tone, String)> {
    let badges = &card.badges;
    let sla = card.sla(now_ms).filter(|_| !card.is_finished());
    let is = |state: SlaState| sla == Some(state);
    [
        (is(SlaState::Breached), Tone::Bad, "sla breached"),
        (badges.contested, Tone::Bad, "contested"),
        (is(SlaState::AtRisk), Tone::Warning, "sla at risk"),
        (badges.held, Tone::Warning, "held work"),
        (
            badges.activity_after_close,
            Tone::Warning,
            "activity after close",
        ),
        (
            badges.requirements_unmet,
            Tone::Warning,
            "requirements unmet",
        ),
        (badges.rule_broken, Tone::Warning, "rule broken"),
        (
            badges.newer_rule_broken,
            Tone::Warning,
            "breaks a newer rule",
        ),
        (badges.update_needed, Tone::Warning, "update needed"),
        (is(SlaState::Paused), Tone::Quiet, "sla paused"),
        (badges.being_checked, Tone::Quiet, "being checked"),
        (badges.unsynced, Tone::Quiet, "unsynced"),
        (badges.approval_wanted, Tone::Warning, "approval wanted"),
        (badges.handover, Tone::Warning, "handover offered"),
        (badges.on_hold, Tone::Quiet, "on hold"),
        (badges.override_to_review, Tone::Quiet, "override to review"),
    ]
    .into_iter()
    .filter(|(set, _, _)| *set)
    .map(|(_, tone, word)| (tone, word.to_owned()))
    .collect()
}

/// The value of a card's field.
#[must_use]
pub fn words(field: &CardField, names: &Names) -> String {
    match &field.value {
        CardValue::Member(member) => names.member(*member),
        value @ (CardValue::Words(_) | CardValue::Masked) => plain(&value.words()),
    }
}

/// The drawer: what, where and why.
#[must_use]
pub fn drawer(
    drawn: &[Drawn],
    cases: &BTreeMap<DocumentId, String>,
    screen: Screen,
) -> Vec<String> {
    if drawn.is_empty() {
        return vec!["The drawer is empty: everything you did stands.".to_owned()];
    }
    let mut page = Page::new(screen);
    for one in drawn {
        let case = match (&one.act, cases.get(&one.document)) {
            (_, Some(case)) => case.clone(),
            (Some(OwnAct::Entry(_)), None) => "people".to_owned(),
            (_, None) => one.document.short(),
        };
        let number = page.tone(Tone::Strong, &one.number.to_string());
        let made = page.tone(
            Tone::Quiet,
            &here(i64::try_from(one.made_ms).unwrap_or(i64::MAX)),
        );
        let (case, deed) = (plain(&case), deed(one.act.as_ref()));
        page.flow(0, 3, &format!("{number}  {made}  {case}  {deed}"));
        let tone = if one.held { Tone::Warning } else { Tone::Bad };
        let standing = if one.held {
            "may still be adopted: "
        } else {
            ""
        };
        let why = page.tone(tone, &format!("{standing}{}", plain(&one.reason)));
        page.flow(3, 0, &why);
    }
    page.gap();
    page.toned(
        Tone::Quiet,
        "Do one again with: casework drawer redo NUMBER, throw one away with: casework drawer discard \
         NUMBER",
    );
    page.finish()
}

/// What a person did, from the act that was kept.
#[must_use]
pub fn deed(act: Option<&OwnAct>) -> String {
    match act {
        Some(OwnAct::Case(act)) => plain(&doing(&act.action)),
        Some(OwnAct::Template(_)) => "template".to_owned(),
        Some(OwnAct::Personal(_)) => "own inbox".to_owned(),
        Some(OwnAct::Entry(entry)) => plain(&entry.what),
        None => "something this version cannot read".to_owned(),
    }
}

/// Held work, by case.
#[must_use]
pub fn held(
    held: &[HeldWork],
    cases: &BTreeMap<DocumentId, String>,
    names: &Names,
    screen: Screen,
) -> Vec<String> {
    if held.is_empty() {
        return vec!["Nothing is held.".to_owned()];
    }
    let mut page = Page::new(screen);
    let mut by_case: BTreeMap<DocumentId, Vec<&HeldWork>> = BTreeMap::new();
    for one in held {
        by_case.entry(one.document).or_default().push(one);
    }
    for (document, held) in by_case {
        let case = cases
            .get(&document)
            .cloned()
            .unwrap_or_else(|| document.short());
        page.heading(&plain(&case), "");
        for one in held {
            let who = names.or_nobody(one.member);
            let what = one
                .what
                .as_deref()
                .map_or_else(|| "its content is not for this device".to_owned(), plain);
            let arrived = one.arrived.map(|at| here(at.received_ms.cast_signed()));
            let arrived = page.tone(Tone::Quiet, &arrived.unwrap_or_default());
            page.line(format!("  {who}  {what}  {arrived}"));
        }
        let number = case.split(' ').next().unwrap_or_default().to_owned();
        page.line(format!(
            "  adopt: casework held adopt {number} --reason \"…\""
        ));
    }
    page.finish()
}
