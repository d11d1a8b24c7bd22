//! What was done to documents, in sentences.

use casework_engine::case::PartId;
use casework_engine::case::facet::document::{DocumentKind, read_choice};
use casework_engine::value::Scalar;
use casework_engine::view::TimelineEntry;

use super::subject;
use crate::telling::{Teller, bare, change, plain, quoted, target};

pub(super) fn deed(teller: &Teller<'_>, kind: DocumentKind, entry: &TimelineEntry) -> String {
    match kind {
        DocumentKind::Add => format!("document {} added", quoted(&entry.after)),
        DocumentKind::AddVersion => {
            let file = quoted(&entry.after);
            format!("{} added: {file}", version(teller, entry))
        }
        DocumentKind::SetStatus => {
            format!("{} {}", version(teller, entry), change(entry, &bare))
        }
        DocumentKind::Choose => {
            let chosen = entry.after.first().and_then(read_choice);
            let label = chosen.map_or_else(|| "one".to_owned(), |(id, _)| label(teller, id));
            format!("document {}: version {label} chosen", subject(entry))
        }
        DocumentKind::Rename => {
            format!(
                "document {}",
                change(entry, &|name: &Scalar| plain(&name.to_string()))
            )
        }
        DocumentKind::Withdraw => format!("document {} withdrawn", subject(entry)),
        DocumentKind::Reinstate => format!("document {} reinstated", subject(entry)),
    }
}

/// `document “Offer”, version 3a`.
fn version(teller: &Teller<'_>, entry: &TimelineEntry) -> String {
    let Ok(id) = target(entry).parse::<PartId>() else {
        return "a document".to_owned();
    };
    let documents = &teller.view.facets.documents;
    let owner = documents.0.values();
    let mut owner = owner.filter(|document| document.versions.contains_key(&id));
    match owner.next() {
        Some(document) => {
            let name = plain(document.name.value());
            format!("document “{name}”, version {}", label(teller, id))
        }
        None => "a document".to_owned(),
    }
}

fn label(teller: &Teller<'_>, id: PartId) -> String {
    let documents = teller.view.facets.documents.0.values();
    let mut found = documents.filter_map(|document| document.versions.get(&id));
    found
        .next()
        .map_or_else(|| id.to_string(), |version| version.label.clone())
}
