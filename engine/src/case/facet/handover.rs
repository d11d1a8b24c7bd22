//! Handing a case over: offered to a member or a team, and theirs once they accept.
//!
//! Accepting makes the member who accepts the owner in the same change. Where one accepts while the
//! other withdraws the acceptance holds and both stand in the case. Who is addressed alone answers;
//! every replica checks that.

mod offer;

use casework_protocol::access::entry::AccessBody;
use casework_protocol::ids::MemberId;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

pub use self::offer::OfferState;
pub(super) use self::offer::{
    check_addressed, check_answer, check_open, state_of, team_access, to_roster,
};
use super::{Facet, Kinds, Seen};
use crate::approval::Seat;
use crate::case::action::Act;
use crate::case::bounds;
use crate::case::kind::kinds;
use crate::case::occasion::OnlyBy;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::{Shelf, part_ids};
use crate::case::refusal::{ActError, AgreementError};
use crate::case::schema;
use crate::case::step::Plan;
use crate::case::values::{first_put, put_at, text};
use crate::template::{Revision, Today};
use crate::value::Scalar;

/// Transfer: to whom, a [`Seat`] that is a member or a team.
pub const TO: &str = "to";
/// Transfer: what the one who takes over should know.
pub const NOTE: &str = "note";
/// Transfer: the member who accepted it.
pub const ACCEPTED: &str = "accepted";
/// Transfer: the member who declined it.
pub const DECLINED: &str = "declined";
/// Transfer: true once it was withdrawn.
pub const WITHDRAWN: &str = "withdrawn";

kinds! {
    /// What kind of action in a handover a change is.
    enum TransferKind {
        /// Offers the case.
        Offer = "transfer.offer",
        /// Takes it over.
        Accept = "transfer.accept",
        /// Does not.
        Decline = "transfer.decline",
        /// No longer offers it.
        Withdraw = "transfer.withdraw",
    }
}

/// One thing done in a handover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferAction {
    /// Offers the case to a member or a team.
    Offer {
        /// The new transfer.
        id: PartId,
        /// To whom.
        to: Seat,
        /// What the one who takes over should know.
        #[serde(default)]
        note: String,
    },
    /// Takes the case over.
    Accept {
        /// The transfer.
        transfer: PartId,
        /// Who takes it over. Filled in by the engine.
        member: MemberId,
    },
    /// Does not take it over.
    Decline {
        /// The transfer.
        transfer: PartId,
        /// Who declines. Filled in by the engine.
        member: MemberId,
    },
    /// No longer offers it.
    Withdraw {
        /// The transfer.
        transfer: PartId,
    },
}

/// Where a transfer stands as this past sees it.
///
/// # Errors
/// [`ActError::NoRecord`] if there is none.
pub fn transfer_state(past: &Past<'_>, transfer: PartId) -> Result<OfferState, ActError> {
    state_of(past, Shelf::Transfers, transfer)
}

impl TransferAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> TransferKind {
        match self {
            Self::Offer { .. } => TransferKind::Offer,
            Self::Accept { .. } => TransferKind::Accept,
            Self::Decline { .. } => TransferKind::Decline,
            Self::Withdraw { .. } => TransferKind::Withdraw,
        }
    }

    const fn id(&self) -> PartId {
        match self {
            Self::Offer { id, .. } => *id,
            Self::Accept { transfer, .. }
            | Self::Decline { transfer, .. }
            | Self::Withdraw { transfer } => *transfer,
        }
    }
}

impl Facet for TransferAction {
    fn target(&self) -> Option<String> {
        Some(self.id().to_string())
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Transfer
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        let key = self.id().to_string();
        let record = (Shelf::Transfers, key.as_str());
        match self {
            Self::Offer { to, note, .. } => {
                bounds::check_prose("note", note)?;
                if let Seat::Role(_) = to {
                    return Err(ActError::WrongValue {
                        what: format!("transfer to {to}"),
                        problem: "a case is handed to a member or a team",
                    });
                }
                let values = [
                    (TO, Scalar::Text(to.to_string())),
                    (NOTE, Scalar::text(note)),
                ];
                plan.make_record(past, record, values)
            }
            Self::Accept { transfer, member } => {
                check_answer(past, (Shelf::Transfers, *transfer), *member)?;
                let who = Scalar::Text(member.to_string());
                plan.put_record(past, record, ACCEPTED, who.clone())?;
                plan.put_root(schema::OWNER, who)
            }
            Self::Decline { transfer, member } => {
                check_answer(past, (Shelf::Transfers, *transfer), *member)?;
                plan.put_record(past, record, DECLINED, Scalar::Text(member.to_string()))
            }
            Self::Withdraw { transfer } => {
                check_open(past, (Shelf::Transfers, *transfer))?;
                plan.put_record(past, record, WITHDRAWN, Scalar::Bool(true))
            }
        }
    }

    fn only_by(&self, _past: &Past<'_>) -> OnlyBy {
        match self {
            Self::Accept { member, .. } | Self::Decline { member, .. } => OnlyBy::Member(*member),
            Self::Offer { .. } | Self::Withdraw { .. } => OnlyBy::Anyone,
        }
    }

    fn seats(&self, past: &Past<'_>) -> Vec<Seat> {
        match self {
            Self::Accept { transfer, .. } | Self::Decline { transfer, .. } => {
                to_roster(past, (Shelf::Transfers, *transfer))
            }
            Self::Offer { .. } | Self::Withdraw { .. } => Vec::new(),
        }
    }

    fn check(&self, past: &Past<'_>, _: &Revision, _: &Today) -> Result<(), ActError> {
        if let Self::Offer { .. } = self {
            for id in part_ids(past, Shelf::Transfers) {
                if transfer_state(past, id)? == OfferState::Offered {
                    return Err(ActError::Agreement(AgreementError::StillOpen {
                        what: "transfer",
                        id,
                    }));
                }
            }
        }
        Ok(())
    }

    fn complete(&mut self, seen: &Seen<'_>) -> Result<(), ActError> {
        match self {
            Self::Offer { to, .. } => super::approval::request::check_held(to, seen),
            Self::Accept { transfer, member } | Self::Decline { transfer, member } => {
                *member = seen.asker.me;
                check_addressed(seen, (Shelf::Transfers, *transfer))
            }
            Self::Withdraw { .. } => Ok(()),
        }
    }

    fn people(&self) -> Vec<MemberId> {
        match self {
            Self::Offer { to, .. } => to.member().into_iter().collect(),
            Self::Accept { member, .. } => vec![*member],
            Self::Decline { .. } | Self::Withdraw { .. } => Vec::new(),
        }
    }

    fn access(&self) -> Option<AccessBody> {
        match self {
            Self::Offer { to, .. } => team_access(to),
            Self::Accept { .. } | Self::Decline { .. } | Self::Withdraw { .. } => None,
        }
    }
}

impl Kinds for TransferKind {
    type Action = TransferAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<TransferAction> {
        let id: PartId = on?.parse().ok()?;
        let member = || first_put(ops)?.1.as_text()?.parse().ok();
        Some(match self {
            Self::Offer => TransferAction::Offer {
                id,
                to: text(put_at(ops, TO)?)?.parse().ok()?,
                note: text(put_at(ops, NOTE)?)?,
            },
            Self::Accept => TransferAction::Accept {
                transfer: id,
                member: member()?,
            },
            Self::Decline => TransferAction::Decline {
                transfer: id,
                member: member()?,
            },
            Self::Withdraw => TransferAction::Withdraw { transfer: id },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        Some(Place::Record(Shelf::Transfers, on?.to_owned()))
    }

    fn also(self) -> Option<Place> {
        match self {
            Self::Accept => Some(Place::Owner),
            Self::Offer | Self::Decline | Self::Withdraw => None,
        }
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let part = match self {
            Self::Offer => TO,
            Self::Accept => ACCEPTED,
            Self::Decline => DECLINED,
            Self::Withdraw => WITHDRAWN,
        };
        let part = part.to_owned();
        Some(Place::RecordPart(Shelf::Transfers, on?.to_owned(), part))
    }
}
