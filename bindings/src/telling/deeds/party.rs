//! What was done to parties, in sentences.

use casework_engine::case::facet::party::PartyKind;
use casework_engine::view::TimelineEntry;

use super::subject;
use crate::telling::{bare, change, quoted, target};

pub(super) fn deed(kind: PartyKind, entry: &TimelineEntry) -> String {
    match kind {
        PartyKind::Add => format!("party {} added", quoted(&entry.after)),
        PartyKind::Change => {
            let target = target(entry);
            let key = target.split_once('/').map_or("", |(_, key)| key);
            if key == "name" {
                format!("party {}", change(entry, &bare))
            } else {
                format!("party {}: {key} {}", subject(entry), change(entry, &bare))
            }
        }
        PartyKind::Withdraw => format!("party {} withdrawn", subject(entry)),
        PartyKind::Reinstate => format!("party {} reinstated", subject(entry)),
    }
}
