//! Random actions on the facets of a case, aimed at what is there.

use casework_protocol::ids::DocumentId;

use super::{Keeper, member};
use crate::case::facet::attention::AttentionAction;
use crate::case::facet::document::{DocumentAction, FileMark, VersionStatus};
use crate::case::facet::keeping::KeepingAction;
use crate::case::facet::link::{LinkAction, Relation};
use crate::case::facet::party::{PartyAction, PartyKey, PartyMark};
use crate::case::facet::redaction::RedactionAction;
use crate::case::{CaseAction, PartId};

/// One of everything that can be done to facets.
pub(super) fn action(keeper: &mut Keeper, kind: u8, x: u8) -> CaseAction {
    let word = ["red", "blue", "green"][usize::from(x % 3)].to_owned();
    match kind {
        0..=9 => document(keeper, kind, (x, word)),
        10..=14 => party(keeper, kind, (x, word)),
        15..=17 => attention(kind, (x, word)),
        18 | 19 => link(kind, x),
        20 => redaction(keeper, x),
        _ => keeping(kind, (x, word)),
    }
}

fn pick<T: Copy>(found: &[T], x: u8) -> Option<T> {
    found.get(usize::from(x) % found.len().max(1)).copied()
}

fn document(keeper: &mut Keeper, kind: u8, (x, word): (u8, String)) -> CaseAction {
    let none = PartId::new([0; 8]);
    let (id, version) = (keeper.player.new_id(), keeper.player.new_id());
    let documents = &keeper.view.facets.documents.0;
    let known: Vec<PartId> = documents.keys().copied().collect();
    let document = pick(&known, x).unwrap_or(none);
    let versions = documents
        .get(&document)
        .map(|one| one.versions.keys().copied());
    let versions: Vec<PartId> = versions.into_iter().flatten().collect();
    let withdrawn = documents
        .get(&document)
        .is_some_and(|one| *one.withdrawn.value());
    let old = pick(&versions, x / 3).unwrap_or(none);
    let current = documents
        .get(&document)
        .map(|one| one.current.iter().copied());
    let current: Vec<PartId> = current.into_iter().flatten().collect();
    let file = FileMark {
        name: format!("{word}.txt"),
        sha256: format!("{x:02x}").repeat(32),
        bytes: u64::from(x),
        media: "text/plain".into(),
    };
    CaseAction::from(match kind {
        0 | 1 => DocumentAction::Add {
            id,
            name: word,
            kind: "letter".into(),
            version,
            file,
        },
        2 => DocumentAction::AddVersion {
            document,
            id,
            parents: [old].into(),
            file,
        },
        3 | 4 => DocumentAction::AddVersion {
            document,
            id,
            parents: [].into(),
            file,
        },
        5 => DocumentAction::SetStatus {
            version: old,
            status: VersionStatus::ALL[usize::from(x % 5)],
        },
        6 | 7 => DocumentAction::Choose {
            document,
            version: pick(&current, x / 5).unwrap_or(none),
            over: [].into(),
        },
        8 => DocumentAction::Rename {
            document,
            name: word,
        },
        _ if withdrawn => DocumentAction::Reinstate { document },
        _ => DocumentAction::Withdraw { document },
    })
}

fn party(keeper: &mut Keeper, kind: u8, (x, word): (u8, String)) -> CaseAction {
    let id = keeper.player.new_id();
    let known: Vec<PartId> = keeper.view.facets.parties.0.keys().copied().collect();
    let party = pick(&known, x).unwrap_or(id);
    CaseAction::from(match kind {
        10 => PartyAction::Add {
            id,
            party: PartyMark {
                role: word.clone(),
                name: word,
                ..PartyMark::default()
            },
        },
        11 | 12 => PartyAction::Change {
            party,
            key: [PartyKey::Name, PartyKey::Role, PartyKey::Phone][usize::from(x / 3 % 3)],
            value: word,
        },
        13 => PartyAction::Withdraw { party },
        _ => PartyAction::Reinstate { party },
    })
}

fn attention(kind: u8, (x, word): (u8, String)) -> CaseAction {
    let someone = member(x % 3);
    CaseAction::from(match kind {
        15 => AttentionAction::Watch { member: someone },
        16 => AttentionAction::Unwatch { member: someone },
        _ => AttentionAction::SetSeverity {
            severity: (!x.is_multiple_of(4)).then_some(word),
        },
    })
}

fn link(kind: u8, x: u8) -> CaseAction {
    let relation = Relation::ALL[usize::from(x % 3)];
    let case = DocumentId::new([x % 2; 16]);
    CaseAction::from(if kind == 18 {
        LinkAction::Add { relation, case }
    } else {
        LinkAction::Remove { relation, case }
    })
}

/// Seldom, because what is redacted shows nothing any more.
fn redaction(keeper: &Keeper, x: u8) -> CaseAction {
    let facets = &keeper.view.facets;
    let documents: Vec<PartId> = facets.documents.0.keys().copied().collect();
    let parties: Vec<PartId> = facets.parties.0.keys().copied().collect();
    let action = match (x % 12, pick(&documents, x), pick(&parties, x)) {
        (0, _, _) => RedactionAction::Field {
            field: "phase".into(),
        },
        (1 | 2, Some(document), _) => RedactionAction::Document { document },
        (3 | 4, _, Some(party)) => RedactionAction::Party { party },
        (_, _, _) => return AttentionAction::SetSeverity { severity: None }.into(),
    };
    action.into()
}

fn keeping(kind: u8, (x, flag): (u8, String)) -> CaseAction {
    CaseAction::from(match kind {
        21 => KeepingAction::Archive,
        22 => KeepingAction::Unarchive,
        23 if x.is_multiple_of(3) => KeepingAction::Trash,
        23 | 24 => KeepingAction::Restore,
        25 => KeepingAction::SetLegalHold,
        26 => KeepingAction::LiftLegalHold,
        27 => KeepingAction::RequestPurge {
            days: 7 + u32::from(x),
        },
        28 => KeepingAction::CancelPurge,
        29 | 30 => KeepingAction::SetFlag { flag },
        _ => KeepingAction::ClearFlag { flag },
    })
}
