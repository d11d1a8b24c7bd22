//! What was done to the facets of a case, in sentences: one file per facet.

mod automation;
mod document;

use casework::case::facet::attention::AttentionKind;
use casework::case::facet::reading::ReadingKind;
use casework::case::{FacetKind, Place};
use casework::view::{CaseView, TimelineEntry};

use super::timeline::{Teller, bare, change};
use super::words::plain;

/// What was done, in a sentence.
pub(super) fn deed(teller: &Teller<'_>, kind: FacetKind, entry: &TimelineEntry) -> String {
    match kind {
        FacetKind::Document(kind) => document::deed(teller, kind, entry),
        FacetKind::Attention(kind) => attention(teller, kind, entry),
        FacetKind::Approval(_)
        | FacetKind::Transfer(_)
        | FacetKind::Referral(_)
        | FacetKind::Hold(_) => format!("{}: {}", kind.name(), subject(entry)),
        FacetKind::Automation(kind) => automation::deed(teller, kind, entry),
        FacetKind::Reading(ReadingKind::Read) => "looked at the case".to_owned(),
    }
}

/// What people call a place of a facet.
pub(super) fn place(place: &Place, view: &CaseView) -> String {
    let contests = view.facets.contests().into_iter();
    let label = contests
        .filter(|contest| contest.place == *place)
        .map(|contest| plain(&contest.label))
        .next();
    label.unwrap_or_else(|| plain(&place.to_string()))
}

/// What people call the thing that an entry is about: its name then, else now.
pub(super) fn subject(entry: &TimelineEntry) -> String {
    match &entry.subject {
        Some(subject) => format!("“{}”", plain(subject)),
        None => super::timeline::quoted(&entry.after),
    }
}

fn attention(teller: &Teller<'_>, kind: AttentionKind, entry: &TimelineEntry) -> String {
    match kind {
        AttentionKind::Watch => format!("watcher + {}", teller.target_member(entry)),
        AttentionKind::Unwatch => format!("watcher − {}", teller.target_member(entry)),
        AttentionKind::SetSeverity => format!("severity {}", change(entry, &bare)),
    }
}
