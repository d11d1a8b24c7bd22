//! Who is on a case, who sees it, and who said so.

use casework::{AccessSaid, AccessView, Principal, PurgeSaid};

use super::Screen;
use super::ink::Tone;
use super::page::Page;
use super::words::{here, plain};
use casework::Names;

/// Columns of the labels.
const LABEL: usize = 10;

/// The page.
#[must_use]
pub fn page(access: &AccessView, names: &Names, screen: Screen) -> Vec<String> {
    let mut page = Page::new(screen);
    let (standing, tone) = if access.restricted {
        ("restricted: only those named see it", Tone::Warning)
    } else {
        ("open: whoever has a grant to view it sees it", Tone::Quiet)
    };
    page.pair("case", LABEL, standing, Some(tone));
    if access.legal_hold {
        page.pair(
            "legal hold",
            LABEL,
            "it must not be purged",
            Some(Tone::Warning),
        );
    }
    page.pair("named", LABEL, &several(&access.principals, names), None);
    let seers: Vec<String> = access
        .viewers
        .iter()
        .map(|viewer| plain(&viewer.name))
        .collect();
    let seers = if seers.is_empty() {
        "nobody".to_owned()
    } else {
        seers.join(", ")
    };
    page.pair("seen by", LABEL, &seers, None);
    page.heading("Who said so", "oldest first");
    for entry in &access.history {
        let time = here(i64::try_from(entry.claimed_ms).unwrap_or(i64::MAX));
        let line = format!(
            "{} {time}: {}",
            names.or_nobody(entry.by),
            said(entry, names)
        );
        page.text(2, &line);
    }
    page.finish()
}

/// Principals joined by commas, or "nobody".
#[must_use]
pub fn several(principals: &[Principal], names: &Names) -> String {
    if principals.is_empty() {
        return "nobody".to_owned();
    }
    let shown: Vec<String> = principals.iter().map(|one| principal(one, names)).collect();
    shown.join(", ")
}

fn principal(principal: &Principal, names: &Names) -> String {
    match principal {
        Principal::Member(member) => names.member(*member),
        Principal::Team(key) => format!("team {}", plain(key)),
        Principal::Role(key) => format!("role {}", plain(key)),
    }
}

fn said(entry: &AccessSaid, names: &Names) -> String {
    let mut parts = Vec::new();
    if !entry.added.is_empty() {
        parts.push(format!("named {}", several(&entry.added, names)));
    }
    if !entry.removed.is_empty() {
        parts.push(format!("took off {}", several(&entry.removed, names)));
    }
    match entry.restricted {
        Some(true) => parts.push("restricted it".to_owned()),
        Some(false) => parts.push("lifted the restriction".to_owned()),
        None => {}
    }
    match entry.purge {
        Some(PurgeSaid::Requested { days }) => {
            parts.push(format!("requested a purge after {days} days"));
        }
        Some(PurgeSaid::Cancelled) => parts.push("cancelled the purge".to_owned()),
        Some(PurgeSaid::CarriedOut) => parts.push("purged it".to_owned()),
        None => {}
    }
    match entry.legal_hold {
        Some(true) => parts.push("set a legal hold".to_owned()),
        Some(false) => parts.push("lifted the legal hold".to_owned()),
        None => {}
    }
    parts.join(", ")
}
