//! Referring a part of a case: to a member, a team or somebody outside, for a service, with the
//! recorded consent of whom it is about.
//!
//! The case stays with its owner. Inside the workspace who is addressed alone answers; what
//! somebody outside answered is recorded by whoever may hand over. Acceptance holds against a
//! withdrawal beside it, as in a transfer.

use casework_protocol::access::entry::AccessBody;
use casework_protocol::ids::MemberId;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::handover::{
    ACCEPTED, DECLINED, NOTE, OfferState, TO, WITHDRAWN, check_addressed, check_answer, check_open,
    state_of, team_access, to_roster,
};
use super::{Facet, Kinds, Seen};
use crate::approval::Seat;
use crate::case::action::Act;
use crate::case::bounds::{self, MAX_LABEL_BYTES, MAX_TITLE_BYTES};
use crate::case::contents::text_scalar;
use crate::case::kind::kinds;
use crate::case::occasion::OnlyBy;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::{ActError, AgreementError};
use crate::case::step::Plan;
use crate::case::values::{first_put, optional, put_at, text};
use crate::value::Scalar;

/// Referral: for which service, one line.
pub const SERVICE: &str = "service";
/// Referral: the person or organisation outside the workspace, one line, or null.
pub const PARTY: &str = "party";
/// Referral: the compact JSON of [`Consent`].
pub const CONSENT: &str = "consent";
/// Referral: what came of it, once it was completed.
pub const COMPLETED: &str = "completed";

kinds! {
    /// What kind of action on a referral a change is.
    enum ReferralKind {
        /// Refers a part of the case.
        Make = "referral.make",
        /// Accepts it.
        Accept = "referral.accept",
        /// Declines it.
        Decline = "referral.decline",
        /// Says what came of it.
        Complete = "referral.complete",
        /// Takes it back.
        Withdraw = "referral.withdraw",
    }
}

/// One thing done about a referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferralAction {
    /// Refers a part of the case.
    Make(Referral),
    /// Accepts it.
    Accept {
        /// The referral.
        referral: PartId,
        /// Who accepts, or records that somebody outside did. Filled in by the engine.
        member: MemberId,
    },
    /// Declines it.
    Decline {
        /// The referral.
        referral: PartId,
        /// Who declines, or records that somebody outside did. Filled in by the engine.
        member: MemberId,
    },
    /// Says what came of an accepted one.
    Complete {
        /// The referral.
        referral: PartId,
        /// What came of it.
        outcome: String,
    },
    /// Takes it back.
    Withdraw {
        /// The referral.
        referral: PartId,
    },
}

/// A referral that is to be made. Either `to` or `party` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The new referral.
    pub id: PartId,
    /// For which service, one line.
    pub service: String,
    /// To whom inside the workspace.
    #[serde(default)]
    pub to: Option<Seat>,
    /// To whom outside it, one line.
    #[serde(default)]
    pub party: Option<String>,
    /// Which part of the case, and what the one addressed should know.
    #[serde(default)]
    pub note: String,
    /// Who agreed to it.
    pub consent: Consent,
}

/// A recorded consent: one atomic value, as compact JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Whether it was given. Without consent the act needs a reason.
    pub given: bool,
    /// By whom: the person concerned, a guardian.
    #[serde(default)]
    pub by: String,
    /// How: in writing, by word of mouth.
    #[serde(default)]
    pub how: String,
    /// The day, `YYYY-MM-DD`.
    #[serde(default)]
    pub on: String,
}

impl Consent {
    /// The value as it lies in the document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts always serialise")
    }

    /// Reads it; `None` unless it is exactly what [`Self::to_json`] writes.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        let consent = serde_json::from_str::<Self>(json).ok()?;
        (consent.to_json() == json).then_some(consent)
    }

    fn check(&self) -> Result<(), ActError> {
        if self.given {
            bounds::check_line("name of who consented", &self.by, MAX_LABEL_BYTES)?;
            bounds::check_line("way of consent", &self.how, MAX_LABEL_BYTES)?;
            return bounds::check_date("day of consent", &self.on);
        }
        if self.by.is_empty() && self.how.is_empty() && self.on.is_empty() {
            return Ok(());
        }
        Err(ActError::WrongValue {
            what: "consent".to_owned(),
            problem: "who, how and when go with a consent that was given",
        })
    }
}

impl ReferralAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ReferralKind {
        match self {
            Self::Make(_) => ReferralKind::Make,
            Self::Accept { .. } => ReferralKind::Accept,
            Self::Decline { .. } => ReferralKind::Decline,
            Self::Complete { .. } => ReferralKind::Complete,
            Self::Withdraw { .. } => ReferralKind::Withdraw,
        }
    }

    const fn id(&self) -> PartId {
        match self {
            Self::Make(referral) => referral.id,
            Self::Accept { referral, .. }
            | Self::Decline { referral, .. }
            | Self::Complete { referral, .. }
            | Self::Withdraw { referral } => *referral,
        }
    }
}

impl Referral {
    fn plan(&self, plan: &mut Plan, past: &Past<'_>, act: &Act) -> Result<(), ActError> {
        bounds::check_line("service", &self.service, MAX_TITLE_BYTES)?;
        bounds::check_prose("note", &self.note)?;
        self.consent.check()?;
        if !self.consent.given && act.reason.is_none() {
            let action = act.action.kind();
            return Err(ActError::NeedsReason { action });
        }
        if let Some(party) = &self.party {
            bounds::check_line("recipient", party, MAX_TITLE_BYTES)?;
        }
        if self.to.is_some() == self.party.is_some() {
            return Err(ActError::WrongValue {
                what: format!("referral {}", self.id),
                problem: "it goes either to a member or team, or to somebody outside",
            });
        }
        let to = self.to.as_ref().map(Seat::to_string);
        let values = [
            (SERVICE, Scalar::text(&self.service)),
            (TO, text_scalar(to.as_deref())),
            (PARTY, text_scalar(self.party.as_deref())),
            (NOTE, Scalar::text(&self.note)),
            (CONSENT, Scalar::Text(self.consent.to_json())),
        ];
        plan.make_record(past, (Shelf::Referrals, &self.id.to_string()), values)
    }

    fn read(id: PartId, ops: &[Op]) -> Option<Self> {
        let to = optional(put_at(ops, TO)?)?;
        Some(Self {
            id,
            service: text(put_at(ops, SERVICE)?)?,
            to: match to {
                Some(seat) => Some(seat.parse().ok()?),
                None => None,
            },
            party: optional(put_at(ops, PARTY)?)?,
            note: text(put_at(ops, NOTE)?)?,
            consent: Consent::read(put_at(ops, CONSENT)?.as_text()?)?,
        })
    }
}

impl Facet for ReferralAction {
    fn target(&self) -> Option<String> {
        Some(self.id().to_string())
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Transfer
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, act: &Act) -> Result<(), ActError> {
        let key = self.id().to_string();
        let record = (Shelf::Referrals, key.as_str());
        let offer = (Shelf::Referrals, self.id());
        match self {
            Self::Make(referral) => referral.plan(plan, past, act),
            Self::Accept { member, .. } => {
                check_answer(past, offer, *member)?;
                plan.put_record(past, record, ACCEPTED, Scalar::Text(member.to_string()))
            }
            Self::Decline { member, .. } => {
                check_answer(past, offer, *member)?;
                plan.put_record(past, record, DECLINED, Scalar::Text(member.to_string()))
            }
            Self::Complete { referral, outcome } => {
                bounds::check_body("outcome", outcome)?;
                let state = state_of(past, Shelf::Referrals, *referral)?;
                if state != OfferState::Accepted {
                    return Err(ActError::Agreement(AgreementError::NotAccepted {
                        what: "referral",
                        id: *referral,
                        state: state.name(),
                    }));
                }
                plan.put_record(past, record, COMPLETED, Scalar::text(outcome))
            }
            Self::Withdraw { .. } => {
                check_open(past, offer)?;
                plan.put_record(past, record, WITHDRAWN, Scalar::Bool(true))
            }
        }
    }

    fn only_by(&self, _past: &Past<'_>) -> OnlyBy {
        match self {
            Self::Accept { member, .. } | Self::Decline { member, .. } => OnlyBy::Member(*member),
            Self::Make(_) | Self::Complete { .. } | Self::Withdraw { .. } => OnlyBy::Anyone,
        }
    }

    fn seats(&self, past: &Past<'_>) -> Vec<Seat> {
        match self {
            Self::Accept { .. } | Self::Decline { .. } => {
                to_roster(past, (Shelf::Referrals, self.id()))
            }
            Self::Make(_) | Self::Complete { .. } | Self::Withdraw { .. } => Vec::new(),
        }
    }

    fn complete(&mut self, seen: &Seen<'_>) -> Result<(), ActError> {
        let offer = (Shelf::Referrals, self.id());
        match self {
            Self::Make(referral) => match &referral.to {
                Some(seat) => super::approval::request::check_held(seat, seen),
                None => Ok(()),
            },
            Self::Accept { member, .. } | Self::Decline { member, .. } => {
                *member = seen.asker.me;
                check_addressed(seen, offer)
            }
            Self::Complete { .. } | Self::Withdraw { .. } => Ok(()),
        }
    }

    fn people(&self) -> Vec<MemberId> {
        match self {
            Self::Make(referral) => referral.to.iter().filter_map(Seat::member).collect(),
            Self::Accept { .. }
            | Self::Decline { .. }
            | Self::Complete { .. }
            | Self::Withdraw { .. } => Vec::new(),
        }
    }

    fn access(&self) -> Option<AccessBody> {
        match self {
            Self::Make(referral) => referral.to.as_ref().and_then(team_access),
            Self::Accept { .. }
            | Self::Decline { .. }
            | Self::Complete { .. }
            | Self::Withdraw { .. } => None,
        }
    }

    /// What was agreed outside is recorded whenever it comes.
    fn while_closed(&self) -> bool {
        !matches!(self, Self::Make(_))
    }
}

impl Kinds for ReferralKind {
    type Action = ReferralAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<ReferralAction> {
        let referral: PartId = on?.parse().ok()?;
        let member = || first_put(ops)?.1.as_text()?.parse().ok();
        Some(match self {
            Self::Make => ReferralAction::Make(Referral::read(referral, ops)?),
            Self::Accept => ReferralAction::Accept {
                referral,
                member: member()?,
            },
            Self::Decline => ReferralAction::Decline {
                referral,
                member: member()?,
            },
            Self::Complete => ReferralAction::Complete {
                referral,
                outcome: text(first_put(ops)?.1)?,
            },
            Self::Withdraw => ReferralAction::Withdraw { referral },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        Some(Place::Record(Shelf::Referrals, on?.to_owned()))
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let part = match self {
            Self::Make => SERVICE,
            Self::Accept => ACCEPTED,
            Self::Decline => DECLINED,
            Self::Complete => COMPLETED,
            Self::Withdraw => WITHDRAWN,
        };
        let part = part.to_owned();
        Some(Place::RecordPart(Shelf::Referrals, on?.to_owned(), part))
    }
}
