//! What a session asks of single parcels: which a server judges as one, what can be an answer, how
//! long they are.

use casework_protocol::access::document_id;
use casework_protocol::access::entry::AccessBody;
use casework_protocol::frame::{Answer, PushItem};

use super::super::holdings::Parcel;

/// Whether a run follows an access entry of its document: in one push a server judges both as one.
pub(super) fn is_pair(entry: &Parcel, next: &Parcel) -> bool {
    match (&entry.item, &next.item) {
        (PushItem::Access { document, .. }, PushItem::Run(run)) => run.document() == *document,
        _ => false,
    }
}

/// Whether an access entry belongs to the run that follows it: what was said with what was done, and the
/// opening of a document. Any other that is given back stands for itself, or whoever made the run would
/// lose it with an entry that the server refuses.
pub(super) fn belongs_to_run(parcel: &Parcel) -> bool {
    let PushItem::Access { document, entry } = &parcel.item else {
        return false;
    };
    !parcel.rows.is_empty() || document_id(&entry.hash::<AccessBody>()) == *document
}

/// Whether an answer can be one to this item.
pub(super) fn check(item: &PushItem, answer: &Answer) -> Result<(), &'static str> {
    match (item, answer) {
        (PushItem::Run(run), Answer::Placed(places)) if places.len() != run.len() => {
            Err("not one place per change")
        }
        (PushItem::Roster(_) | PushItem::Access { .. }, Answer::Placed(places))
            if places.len() != 1 =>
        {
            Err("not one place for an entry")
        }
        (PushItem::Run(_), Answer::Stale(_)) => Err("a run cannot be stale"),
        (PushItem::Roster(_) | PushItem::Access { .. }, Answer::Missing(_)) => {
            Err("an entry builds on no changes")
        }
        (PushItem::Roster(_), Answer::Skipped) => Err("a roster entry stands alone"),
        _ => Ok(()),
    }
}

/// Length of a parcel on the wire, nearly.
pub(super) fn wire_len(parcel: &Parcel) -> usize {
    match &parcel.item {
        PushItem::Run(run) => run.changes_len() + 5 * run.len() + 128,
        PushItem::Roster(entry) | PushItem::Access { entry, .. } => entry.wire_len() + 32,
    }
}
