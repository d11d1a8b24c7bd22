//! What was done to the facets of a case, in sentences: one file per facet.

mod approval;
mod automation;
mod document;
mod form;
mod handover;
mod party;

use casework_engine::case::facet::attention::AttentionKind;
use casework_engine::case::facet::keeping::KeepingKind;
use casework_engine::case::facet::link::{LinkKind, split_link_key};
use casework_engine::case::facet::reading::ReadingKind;
use casework_engine::case::facet::recurrence::RecurrenceKind;
use casework_engine::case::facet::redaction::RedactionKind;
use casework_engine::case::facet::review::{Review, ReviewKind};
use casework_engine::case::{FacetKind, Place};
use casework_engine::view::{CaseView, TimelineEntry};

use super::{Teller, bare, change, plain, quoted, target};

/// What was done, in a sentence.
pub(super) fn deed(teller: &Teller<'_>, kind: FacetKind, entry: &TimelineEntry) -> String {
    match kind {
        FacetKind::Document(kind) => document::deed(teller, kind, entry),
        FacetKind::Attention(kind) => attention(teller, kind, entry),
        FacetKind::Approval(kind) => approval::deed(teller, kind, entry),
        FacetKind::Transfer(kind) => handover::transfer(teller, kind, entry),
        FacetKind::Referral(kind) => handover::referral(kind, entry),
        FacetKind::Hold(kind) => handover::hold(kind, entry),
        FacetKind::Automation(kind) => automation::deed(teller, kind, entry),
        FacetKind::Reading(ReadingKind::Read) => "looked at the case".to_owned(),
        FacetKind::Party(kind) => party::deed(kind, entry),
        FacetKind::Link(kind) => link(kind, entry),
        FacetKind::Keeping(kind) => keeping(kind, entry),
        FacetKind::Redaction(kind) => redaction(teller, kind, entry),
        FacetKind::Recurrence(kind) => recurrence(kind, entry),
        FacetKind::Form(kind) => form::deed(teller, kind, entry),
        FacetKind::Review(ReviewKind::Review) => review(entry),
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
        None => quoted(&entry.after),
    }
}

fn review(entry: &TimelineEntry) -> String {
    let said = entry.after.first().and_then(|value| value.as_text());
    match said.and_then(Review::read) {
        Some(review) if review.note.is_empty() => {
            format!("reviewed an override: {}", review.verdict.words())
        }
        Some(review) => format!(
            "reviewed an override: {} “{}”",
            review.verdict.words(),
            plain(&review.note)
        ),
        None => "reviewed an override".to_owned(),
    }
}

fn link(kind: LinkKind, entry: &TimelineEntry) -> String {
    let target = target(entry);
    let words = match split_link_key(&target) {
        Some((relation, case)) => format!("{relation} {}", case.short()),
        None => target,
    };
    match kind {
        LinkKind::Add => format!("link + {words}"),
        LinkKind::Remove => format!("link − {words}"),
    }
}

fn keeping(kind: KeepingKind, entry: &TimelineEntry) -> String {
    let words = match kind {
        KeepingKind::Archive => "archived",
        KeepingKind::Unarchive => "took it out of the archive",
        KeepingKind::Trash => "put it into the trash",
        KeepingKind::Restore => "restored it from the trash",
        KeepingKind::SetLegalHold => "set a legal hold",
        KeepingKind::LiftLegalHold => "lifted the legal hold",
        KeepingKind::RequestPurge => {
            let days = entry.after.first().map(bare).unwrap_or_default();
            return format!("requested a purge after {days} days");
        }
        KeepingKind::CancelPurge => "took the request for a purge back",
        KeepingKind::SetFlag => return format!("flag + {}", target(entry)),
        KeepingKind::ClearFlag => return format!("flag − {}", target(entry)),
    };
    words.to_owned()
}

fn redaction(teller: &Teller<'_>, kind: RedactionKind, entry: &TimelineEntry) -> String {
    match kind {
        RedactionKind::Field => format!("redacted {}", teller.glossary.label(&target(entry))),
        RedactionKind::Document => "redacted a document".to_owned(),
        RedactionKind::Party => "redacted a party".to_owned(),
    }
}

fn recurrence(kind: RecurrenceKind, entry: &TimelineEntry) -> String {
    match kind {
        RecurrenceKind::Repeat => {
            format!("task {} repeats {}", subject(entry), change(entry, &bare))
        }
        RecurrenceKind::Recur => format!("task {} done, the next one begins", subject(entry)),
    }
}

fn attention(teller: &Teller<'_>, kind: AttentionKind, entry: &TimelineEntry) -> String {
    match kind {
        AttentionKind::Watch => format!("watcher + {}", teller.target_member(entry)),
        AttentionKind::Unwatch => format!("watcher − {}", teller.target_member(entry)),
        AttentionKind::SetSeverity => format!("severity {}", change(entry, &bare)),
    }
}
