//! Actions on the records of a case: documents, parties, links, offers, holds, keeping, forms.

use casework::case::facet::document::DocumentAction;
use casework::case::facet::form::FormAction;
use casework::case::facet::handover::TransferAction;
use casework::case::facet::hold::HoldAction;
use casework::case::facet::keeping::KeepingAction;
use casework::case::facet::link::LinkAction;
use casework::case::facet::party::PartyAction;
use casework::case::facet::redaction::RedactionAction;
use casework::case::facet::referral::{Referral, ReferralAction};
use casework::case::facet::review::{Review, ReviewAction};
use casework::case::{CaseAction, PartId};

use super::Action;
use super::parts::{ME, seat};
use super::ready::{Fresh, Ready};
use crate::error::CaseworkError;
use crate::text::{read, read_all};

impl Action {
    /// What is left of the list.
    pub(super) fn records(self, fresh: Fresh<'_>) -> Result<Ready, CaseworkError> {
        let left = match self.documents(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        let left = match left.parties(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        let left = match left.offers(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        match left.keeping() {
            Some(action) => Ok((action, None)),
            None => left.marks(),
        }
    }

    /// Documents.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    fn documents(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let (action, made): (CaseAction, Option<PartId>) = match self {
            Self::AddDocument { name, kind, file } => {
                let (id, version, file) = (fresh()?, fresh()?, file.into());
                let action = DocumentAction::Add {
                    id,
                    name,
                    kind,
                    version,
                    file,
                };
                (action.into(), Some(id))
            }
            Self::AddVersion {
                document,
                parents,
                file,
            } => {
                let id = fresh()?;
                let action = DocumentAction::AddVersion {
                    document: read(&document)?,
                    id,
                    parents: read_all::<PartId, _>(&parents)?,
                    file: file.into(),
                };
                (action.into(), Some(id))
            }
            Self::SetVersionStatus { version, status } => {
                let version = read(&version)?;
                (DocumentAction::SetStatus { version, status }.into(), None)
            }
            Self::ChooseVersion {
                document,
                version,
                over,
            } => {
                let action = DocumentAction::Choose {
                    document: read(&document)?,
                    version: read(&version)?,
                    over: read_all::<PartId, _>(&over)?,
                };
                (action.into(), None)
            }
            Self::RenameDocument { document, name } => {
                let document = read(&document)?;
                (DocumentAction::Rename { document, name }.into(), None)
            }
            Self::WithdrawDocument { document } => {
                let document = read(&document)?;
                (DocumentAction::Withdraw { document }.into(), None)
            }
            Self::ReinstateDocument { document } => {
                let document = read(&document)?;
                (DocumentAction::Reinstate { document }.into(), None)
            }
            left => return Ok(Err(left)),
        };
        Ok(Ok((action, made)))
    }

    /// Parties.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    fn parties(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let (action, made): (CaseAction, Option<PartId>) = match self {
            Self::AddParty { party } => {
                let (id, party) = (fresh()?, party.into());
                (PartyAction::Add { id, party }.into(), Some(id))
            }
            Self::ChangeParty { party, key, value } => {
                let party = read(&party)?;
                (PartyAction::Change { party, key, value }.into(), None)
            }
            Self::WithdrawParty { party } => {
                let party = read(&party)?;
                (PartyAction::Withdraw { party }.into(), None)
            }
            Self::ReinstateParty { party } => {
                let party = read(&party)?;
                (PartyAction::Reinstate { party }.into(), None)
            }
            left => return Ok(Err(left)),
        };
        Ok(Ok((action, made)))
    }

    /// Transfers, referrals and holds.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    fn offers(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let member = ME;
        let (action, made): (CaseAction, Option<PartId>) = match self {
            Self::OfferTransfer { to, note } => {
                let (id, to) = (fresh()?, seat(&to)?);
                (TransferAction::Offer { id, to, note }.into(), Some(id))
            }
            Self::AcceptTransfer { transfer } => {
                let transfer = read(&transfer)?;
                (TransferAction::Accept { transfer, member }.into(), None)
            }
            Self::DeclineTransfer { transfer } => {
                let transfer = read(&transfer)?;
                (TransferAction::Decline { transfer, member }.into(), None)
            }
            Self::WithdrawTransfer { transfer } => {
                let transfer = read(&transfer)?;
                (TransferAction::Withdraw { transfer }.into(), None)
            }
            Self::Refer {
                service,
                to,
                party,
                note,
                consent,
            } => {
                let id = fresh()?;
                let referral = Referral {
                    id,
                    service,
                    to: to.as_deref().map(seat).transpose()?,
                    party,
                    note,
                    consent: consent.into(),
                };
                (ReferralAction::Make(referral).into(), Some(id))
            }
            Self::AcceptReferral { referral } => {
                let referral = read(&referral)?;
                (ReferralAction::Accept { referral, member }.into(), None)
            }
            Self::DeclineReferral { referral } => {
                let referral = read(&referral)?;
                (ReferralAction::Decline { referral, member }.into(), None)
            }
            Self::CompleteReferral { referral, outcome } => {
                let referral = read(&referral)?;
                (ReferralAction::Complete { referral, outcome }.into(), None)
            }
            Self::WithdrawReferral { referral } => {
                let referral = read(&referral)?;
                (ReferralAction::Withdraw { referral }.into(), None)
            }
            Self::Hold { why, until } => {
                let id = fresh()?;
                (HoldAction::Start { id, why, until }.into(), Some(id))
            }
            Self::EndHold { hold } => {
                let hold = read(&hold)?;
                (HoldAction::End { hold }.into(), None)
            }
            left => return Ok(Err(left)),
        };
        Ok(Ok((action, made)))
    }

    /// Where the case is kept.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    fn keeping(&self) -> Option<CaseAction> {
        let action = match self {
            Self::Archive => KeepingAction::Archive,
            Self::Unarchive => KeepingAction::Unarchive,
            Self::Trash => KeepingAction::Trash,
            Self::Restore => KeepingAction::Restore,
            Self::SetLegalHold => KeepingAction::SetLegalHold,
            Self::LiftLegalHold => KeepingAction::LiftLegalHold,
            Self::RequestPurge { days } => KeepingAction::RequestPurge { days: *days },
            Self::CancelPurge => KeepingAction::CancelPurge,
            Self::SetFlag { flag } => KeepingAction::SetFlag { flag: flag.clone() },
            Self::ClearFlag { flag } => KeepingAction::ClearFlag { flag: flag.clone() },
            _ => return None,
        };
        Some(action.into())
    }

    /// Links, redactions, reviews.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    fn marks(self) -> Result<Ready, CaseworkError> {
        let action: CaseAction = match self {
            Self::Link { relation, other } => {
                let case = read(&other)?;
                LinkAction::Add { relation, case }.into()
            }
            Self::Unlink { relation, other } => {
                let case = read(&other)?;
                LinkAction::Remove { relation, case }.into()
            }
            Self::RedactField { field } => RedactionAction::Field { field }.into(),
            Self::RedactDocument { document } => {
                let document = read(&document)?;
                RedactionAction::Document { document }.into()
            }
            Self::RedactParty { party } => {
                let party = read(&party)?;
                RedactionAction::Party { party }.into()
            }
            Self::ReviewSubmission { submission, state } => {
                let submission = read(&submission)?;
                FormAction::Review { submission, state }.into()
            }
            Self::RevokeRequest { request } => {
                let request = read(&request)?;
                FormAction::Revoke { request }.into()
            }
            Self::ReviewOverride { of, verdict, note } => {
                let (of, review) = (read(&of)?, Review { verdict, note });
                ReviewAction::Review { of, review }.into()
            }
            left => {
                return Err(CaseworkError::Internal(format!(
                    "not carried out: {left:?}"
                )));
            }
        };
        Ok((action, None))
    }
}
