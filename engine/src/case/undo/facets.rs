//! How what was done to each facet is taken back.

use super::{BUILT_ON, NO_OPPOSITE, Undoing};
use crate::case::action::CaseAction;
use crate::case::facet::attention::AttentionAction;
use crate::case::facet::document::{self as documents, DocumentAction, VersionStatus};
use crate::case::facet::keeping::{KeepingAction, PURGE};
use crate::case::facet::link::LinkAction;
use crate::case::facet::party::{self as parties, PartyAction};
use crate::case::part::PartId;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::ActError;
use crate::case::schema;
use crate::value::Scalar;

/// Taking back what was done to links.
pub(crate) fn link(undoing: &Undoing<'_>, action: &LinkAction) -> Result<CaseAction, ActError> {
    let place = undoing.place()?;
    Ok(CaseAction::from(match *action {
        LinkAction::Add { relation, case } => {
            undoing.check_entry(&place, true)?;
            LinkAction::Remove { relation, case }
        }
        LinkAction::Remove { relation, case } => {
            undoing.check_entry(&place, false)?;
            LinkAction::Add { relation, case }
        }
    }))
}

/// Taking back what was done to the attention of a case.
pub(crate) fn attention(
    undoing: &Undoing<'_>,
    action: &AttentionAction,
) -> Result<CaseAction, ActError> {
    Ok(CaseAction::from(match action.clone() {
        AttentionAction::Watch { member } => {
            undoing.check_added(schema::WATCHERS, &member.to_string())?;
            AttentionAction::Unwatch { member }
        }
        AttentionAction::Unwatch { member } => {
            undoing.check_removed(schema::WATCHERS, &member.to_string())?;
            AttentionAction::Watch { member }
        }
        AttentionAction::SetSeverity { .. } => AttentionAction::SetSeverity {
            severity: undoing.words(&Place::Severity)?,
        },
    }))
}

/// Taking back what was done to documents.
pub(crate) fn document(
    undoing: &Undoing<'_>,
    action: &DocumentAction,
) -> Result<CaseAction, ActError> {
    let part = |id: PartId, name: &str| {
        Place::RecordPart(Shelf::Documents, id.to_string(), name.to_owned())
    };
    Ok(CaseAction::from(match action.clone() {
        DocumentAction::Add { id: document, .. } => {
            let now = undoing.now_at(&part(document, documents::WITHDRAWN))?;
            let versions = documents::newest_versions(&undoing.now, document);
            if now != [Scalar::Bool(false)].into() || versions.len() > 1 {
                return Err(undoing.refuse(BUILT_ON));
            }
            DocumentAction::Withdraw { document }
        }
        DocumentAction::SetStatus { version, .. } => {
            let place = Place::RecordPart(
                Shelf::Versions,
                version.to_string(),
                documents::STATUS.to_owned(),
            );
            let status = undoing.words(&place)?;
            let status = status.as_deref().and_then(VersionStatus::from_name);
            let status = status.ok_or_else(|| undoing.refuse(NO_OPPOSITE))?;
            DocumentAction::SetStatus { version, status }
        }
        DocumentAction::Rename { document, .. } => {
            let name = undoing.words(&part(document, documents::NAME))?;
            let name = name.ok_or_else(|| undoing.refuse(NO_OPPOSITE))?;
            DocumentAction::Rename { document, name }
        }
        DocumentAction::Withdraw { document } => {
            undoing.value(&part(document, documents::WITHDRAWN))?;
            DocumentAction::Reinstate { document }
        }
        DocumentAction::Reinstate { document } => {
            undoing.value(&part(document, documents::WITHDRAWN))?;
            DocumentAction::Withdraw { document }
        }
        DocumentAction::AddVersion { .. } => {
            return Err(undoing.refuse("add the version that should count"));
        }
        DocumentAction::Choose { .. } => {
            return Err(undoing.refuse("choose the version that should count"));
        }
    }))
}

/// Taking back what was done to parties.
pub(crate) fn party(undoing: &Undoing<'_>, action: &PartyAction) -> Result<CaseAction, ActError> {
    let part =
        |id: PartId, name: &str| Place::RecordPart(Shelf::Parties, id.to_string(), name.to_owned());
    Ok(CaseAction::from(match action.clone() {
        PartyAction::Add { id: party, .. } => {
            let now = undoing.now_at(&part(party, parties::WITHDRAWN))?;
            if now != [Scalar::Bool(false)].into() {
                return Err(undoing.refuse(BUILT_ON));
            }
            PartyAction::Withdraw { party }
        }
        PartyAction::Change { party, key, .. } => PartyAction::Change {
            party,
            key,
            value: undoing.words(&part(party, key.word()))?.unwrap_or_default(),
        },
        PartyAction::Withdraw { party } => {
            undoing.value(&part(party, parties::WITHDRAWN))?;
            PartyAction::Reinstate { party }
        }
        PartyAction::Reinstate { party } => {
            undoing.value(&part(party, parties::WITHDRAWN))?;
            PartyAction::Withdraw { party }
        }
    }))
}

/// Taking back what was done to the keeping of a case.
pub(crate) fn keeping(
    undoing: &Undoing<'_>,
    action: &KeepingAction,
) -> Result<CaseAction, ActError> {
    let place = undoing.place()?;
    Ok(CaseAction::from(match action.clone() {
        KeepingAction::SetFlag { flag } => {
            undoing.check_entry(&place, true)?;
            KeepingAction::ClearFlag { flag }
        }
        KeepingAction::ClearFlag { flag } => {
            undoing.check_entry(&place, false)?;
            KeepingAction::SetFlag { flag }
        }
        KeepingAction::Archive => then(undoing, &place, KeepingAction::Unarchive)?,
        KeepingAction::Unarchive => then(undoing, &place, KeepingAction::Archive)?,
        KeepingAction::Trash => then(undoing, &place, KeepingAction::Restore)?,
        KeepingAction::Restore => then(undoing, &place, KeepingAction::Trash)?,
        KeepingAction::SetLegalHold => then(undoing, &place, KeepingAction::LiftLegalHold)?,
        KeepingAction::LiftLegalHold => then(undoing, &place, KeepingAction::SetLegalHold)?,
        KeepingAction::RequestPurge { .. } => then(undoing, &place, KeepingAction::CancelPurge)?,
        KeepingAction::CancelPurge => {
            let days = undoing.value(&Place::Record(Shelf::Marks, PURGE.to_owned()))?;
            match days {
                Some(Scalar::Int(days)) => KeepingAction::RequestPurge {
                    days: u32::try_from(days).map_err(|_| undoing.refuse(NO_OPPOSITE))?,
                },
                Some(_) | None => return Err(undoing.refuse(NO_OPPOSITE)),
            }
        }
    }))
}

fn then(
    undoing: &Undoing<'_>,
    place: &Place,
    action: KeepingAction,
) -> Result<KeepingAction, ActError> {
    undoing.value(place).map(|_| action)
}
