//! Purges in a list: what waits, what is held, what is due and what was done. No content: there
//! is none any more, or soon.

use std::collections::BTreeMap;

use casework::ids::DocumentId;
use casework::{Purge, PurgeState};

use super::Screen;
use super::ink::Tone;
use super::page::{INDENT, Page};
use super::words::{here, plain};
use casework::Names;

/// The list.
#[must_use]
pub fn list(
    (purges, requested): (&[Purge], &[DocumentId]),
    (cases, templates): (&BTreeMap<DocumentId, String>, &BTreeMap<DocumentId, String>),
    names: &Names,
    screen: Screen,
) -> Vec<String> {
    if purges.is_empty() && requested.is_empty() {
        return vec!["No purge is requested, and none was carried out.".to_owned()];
    }
    let mut page = Page::new(screen);
    for purge in purges {
        let case = cases
            .get(&purge.document)
            .map_or_else(|| purge.document.short(), |case| plain(case));
        let template = templates.get(&purge.template);
        let template = template.map_or_else(|| purge.template.short(), |key| plain(key));
        let (tone, state) = words(purge, names);
        let id = page.tone(Tone::Quiet, &purge.document.short());
        let state = page.tone(tone, &state);
        page.flow(0, INDENT, &format!("{id}  {template}  {case}  {state}"));
    }
    for id in requested {
        let case = cases.get(id).map_or_else(|| id.short(), |case| plain(case));
        let state = page.tone(Tone::Warning, "requested here, waits for the server");
        let id = page.tone(Tone::Quiet, &id.short());
        page.flow(0, INDENT, &format!("{id}  {case}  {state}"));
    }
    if purges
        .iter()
        .any(|purge| matches!(purge.state, PurgeState::Due { .. }))
    {
        page.gap();
        page.toned(
            Tone::Quiet,
            "Carry one out with: casework case purge CASE --carry-out. The agent does it by itself if \
             a role of it may erase.",
        );
    }
    page.finish()
}

/// How one purge stands, in words.
#[must_use]
pub fn words(purge: &Purge, names: &Names) -> (Tone, String) {
    let by = names.or_nobody(purge.by);
    let at = |ms: u64| here(i64::try_from(ms).unwrap_or(i64::MAX));
    match purge.state {
        PurgeState::Waiting { due_ms } => (
            Tone::Warning,
            format!("waits until {}, requested by {by}", at(due_ms)),
        ),
        PurgeState::OnHold { due_ms } => (
            Tone::Warning,
            format!(
                "held by a legal hold, due {} without it, requested by {by}",
                at(due_ms)
            ),
        ),
        PurgeState::Contested { due_ms } => (
            Tone::Warning,
            format!(
                "contested: request and cancellation met, due {} if it stands, requested by {by}",
                at(due_ms)
            ),
        ),
        PurgeState::Due { due_ms } => (
            Tone::Bad,
            format!("due since {}, requested by {by}", at(due_ms)),
        ),
        PurgeState::Sent { .. } => (
            Tone::Bad,
            format!("carried out here, waits for the server, requested by {by}"),
        ),
        PurgeState::Done { purged_ms } => {
            (Tone::Quiet, format!("purged {} by {by}", at(purged_ms)))
        }
    }
}
