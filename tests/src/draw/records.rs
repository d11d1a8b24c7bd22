//! Documents, parties, links, watchers, severity, flags, where a case is kept, redaction.

use std::collections::BTreeSet;

use casework_engine::case::facet::attention::AttentionAction;
use casework_engine::case::facet::document::{DocumentAction, FileMark, VersionStatus};
use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::facet::link::{LinkAction, Relation};
use casework_engine::case::facet::party::{PartyAction, PartyKey, PartyMark};
use casework_engine::case::facet::redaction::RedactionAction;
use casework_engine::case::{CaseAction, PartId};

use super::Draw;

/// How many kinds are told apart.
pub(super) const KINDS: usize = 32;

/// One thing done to the records of a case.
pub(super) fn draw(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    match kind {
        0..=9 => document(draw, kind),
        10..=14 => party(draw, kind),
        15..=18 => attention(draw, kind),
        19 => Some(link(draw)),
        20 => redaction(draw),
        _ => Some(keeping(draw, kind)),
    }
}

fn document(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    let Draw { ids, at, .. } = *draw;
    let [id, version] = ids;
    let file = FileMark {
        name: format!("{}.pdf", draw.word),
        sha256: draw.hash(),
        bytes: 1_000,
        media: "application/pdf".into(),
    };
    if kind < 2 {
        let kinds = &draw.revision.package().document_types;
        let kind = kinds.get(at % kinds.len().max(1));
        let add = DocumentAction::Add {
            id,
            name: draw.word.clone(),
            kind: kind.map_or("letter", |kind| kind.id.as_str()).to_owned(),
            version,
            file,
        };
        return Some(add.into());
    }
    let documents = &draw.view.facets.documents.0;
    let document = draw.one(documents.keys().copied())?;
    let shown = &documents[&document];
    let old = draw.one(shown.versions.keys().copied())?;
    let parents = BTreeSet::new();
    let action = match kind {
        // Beside a newer one, on purpose.
        2 => DocumentAction::AddVersion {
            document,
            id,
            parents: [old].into(),
            file,
        },
        3 | 4 => DocumentAction::AddVersion {
            document,
            id,
            parents,
            file,
        },
        5 | 6 => DocumentAction::SetStatus {
            version: old,
            status: VersionStatus::ALL[at % VersionStatus::ALL.len()],
        },
        7 => DocumentAction::Choose {
            document,
            version: draw.one(shown.current.iter().copied())?,
            over: parents,
        },
        8 => DocumentAction::Rename {
            document,
            name: draw.word.clone(),
        },
        _ if *shown.withdrawn.value() => DocumentAction::Reinstate { document },
        _ => DocumentAction::Withdraw { document },
    };
    Some(action.into())
}

fn party(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    let roles = &draw.revision.package().party_roles;
    let role = roles.get(draw.at % roles.len().max(1));
    let role = role.map_or("witness", |role| role.id.as_str()).to_owned();
    let parties = &draw.view.facets.parties.0;
    let known = draw.one(parties.keys().copied());
    let (Some(party), false) = (known, kind == 10) else {
        let mark = PartyMark {
            role,
            name: draw.word.clone(),
            ..PartyMark::default()
        };
        let id = draw.ids[0];
        return Some(PartyAction::Add { id, party: mark }.into());
    };
    let action = match kind {
        11 | 12 => PartyAction::Change {
            party,
            key: [PartyKey::Name, PartyKey::Phone, PartyKey::Note][draw.at % 3],
            value: draw.word.clone(),
        },
        13 => PartyAction::Change {
            party,
            key: PartyKey::Role,
            value: role,
        },
        _ if *parties[&party].withdrawn.value() => PartyAction::Reinstate { party },
        _ => PartyAction::Withdraw { party },
    };
    Some(action.into())
}

fn attention(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    let member = draw.someone;
    let action = match kind {
        15 | 16 => AttentionAction::Watch { member },
        17 => AttentionAction::Unwatch {
            member: draw.one(draw.view.watchers.iter().copied())?,
        },
        _ => AttentionAction::SetSeverity {
            severity: (!draw.at.is_multiple_of(4)).then(|| draw.word.clone()),
        },
    };
    Some(action.into())
}

fn link(draw: &Draw<'_>) -> CaseAction {
    let links = draw.view.facets.links.0.keys().copied();
    match draw.one(links) {
        Some((relation, case)) if draw.at.is_multiple_of(2) => {
            LinkAction::Remove { relation, case }.into()
        }
        Some(_) | None => LinkAction::Add {
            relation: Relation::ALL[draw.at % Relation::ALL.len()],
            case: draw.other,
        }
        .into(),
    }
}

/// Seldom, because what is redacted shows nothing any more.
fn redaction(draw: &Draw<'_>) -> Option<CaseAction> {
    let facets = &draw.view.facets;
    let document: Option<PartId> = draw.one(facets.documents.0.keys().copied());
    let party = draw.one(facets.parties.0.keys().copied());
    let action = match (draw.at % 6, document, party) {
        (0, _, _) => RedactionAction::Field {
            field: draw.one(draw.view.fields.keys())?.clone(),
        },
        (1, Some(document), _) => RedactionAction::Document { document },
        (2, _, Some(party)) => RedactionAction::Party { party },
        (_, _, _) => return None,
    };
    Some(action.into())
}

fn keeping(draw: &Draw<'_>, kind: usize) -> CaseAction {
    let flag = || format!("flag-{}", draw.at % 3);
    let kept = &draw.view.facets.keeping;
    let action = match kind {
        21 if kept.is_archived() => KeepingAction::Unarchive,
        21 => KeepingAction::Archive,
        22..=24 if kept.is_trashed() => KeepingAction::Restore,
        22 => KeepingAction::Trash,
        25 if kept.is_on_legal_hold() => KeepingAction::LiftLegalHold,
        25 => KeepingAction::SetLegalHold,
        26 => KeepingAction::RequestPurge {
            days: 7 + (draw.at % 90) as u32,
        },
        27 => KeepingAction::CancelPurge,
        28 => KeepingAction::ClearFlag { flag: flag() },
        _ => KeepingAction::SetFlag { flag: flag() },
    };
    action.into()
}
