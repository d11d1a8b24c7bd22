//! Transfers and referrals as people see them.
//!
//! Everything that was said stays: who accepted, who declined, who took it back. Where several did
//! at once the state is the acceptance's, and the others are shown beside it.

use std::collections::BTreeMap;

use casework_protocol::ids::MemberId;
use serde::{Deserialize, Serialize};

use super::facet::{Contest, FacetView};
use super::reader::{Reader, text};
use super::record::{Record, read_records};
use super::side::{OriginRef, Slot};
use crate::approval::Seat;
use crate::case::facet::handover::{ACCEPTED, DECLINED, NOTE, OfferState, TO, WITHDRAWN};
use crate::case::facet::referral::{COMPLETED, CONSENT, Consent, PARTY, SERVICE};
use crate::case::{PartId, Shelf};
use crate::value::Scalar;

/// The transfers of a case, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfers(pub BTreeMap<PartId, TransferView>);

/// The referrals of a case, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referrals(pub BTreeMap<PartId, ReferralView>);

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferView {
    /// To whom it is offered.
    pub to: Seat,
    /// What the one who takes over should know.
    pub note: String,
    /// Where it stands.
    pub state: OfferState,
    /// What was answered.
    pub answers: Answers,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who offered it; the reason is the origin's.
    pub by: OriginRef,
}

/// A referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralView {
    /// For which service.
    pub service: String,
    /// To whom inside the workspace.
    pub to: Option<Seat>,
    /// To whom outside it.
    pub party: Option<String>,
    /// Which part of the case, and what the one addressed should know.
    pub note: String,
    /// Who agreed to it.
    pub consent: Consent,
    /// Where it stands.
    pub state: OfferState,
    /// What was answered.
    pub answers: Answers,
    /// What came of it.
    pub outcome: Option<Slot<String>>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who made it.
    pub by: OriginRef,
}

/// What was answered to an offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Who accepted it; several when they did at once.
    pub accepted: Option<Slot<MemberId>>,
    /// Who declined it.
    pub declined: Option<Slot<MemberId>>,
    /// Who took it back.
    pub withdrawn: Option<Slot<()>>,
}

impl Answers {
    fn read(reader: &mut Reader<'_>, record: &mut Record) -> Self {
        let member = |value: Scalar| value.as_text()?.parse().ok();
        Self {
            accepted: record.slot(reader, ACCEPTED, member),
            declined: record.slot(reader, DECLINED, member),
            withdrawn: record.slot(reader, WITHDRAWN, |value| {
                (value == Scalar::Bool(true)).then_some(())
            }),
        }
    }

    fn state(&self, completed: bool) -> OfferState {
        OfferState::of(|name| match name {
            ACCEPTED => self.accepted.is_some(),
            DECLINED => self.declined.is_some(),
            WITHDRAWN => self.withdrawn.is_some(),
            COMPLETED => completed,
            _ => false,
        })
    }

    /// Whether it was accepted while somebody else declined it or took it back: both should know.
    #[must_use]
    pub const fn crossed(&self) -> bool {
        self.accepted.is_some() && (self.declined.is_some() || self.withdrawn.is_some())
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        if let Some(slot) = &mut self.accepted {
            slot.visit(visit);
        }
        if let Some(slot) = &mut self.declined {
            slot.visit(visit);
        }
        if let Some(slot) = &mut self.withdrawn {
            slot.visit(visit);
        }
    }
}

impl Transfers {
    /// The transfers in the order of their creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &TransferView)> {
        let mut all: Vec<_> = self.0.iter().map(|(id, one)| (*id, one)).collect();
        all.sort_by_key(|(id, one)| (one.position, *id));
        all
    }

    /// Those that nobody answered yet.
    pub fn open(&self) -> impl Iterator<Item = (PartId, &TransferView)> {
        let all = self.0.iter().map(|(id, one)| (*id, one));
        all.filter(|(_, one)| one.state == OfferState::Offered)
    }
}

impl Referrals {
    /// The referrals in the order of their creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &ReferralView)> {
        let mut all: Vec<_> = self.0.iter().map(|(id, one)| (*id, one)).collect();
        all.sort_by_key(|(id, one)| (one.position, *id));
        all
    }

    /// Those that nobody answered yet.
    pub fn open(&self) -> impl Iterator<Item = (PartId, &ReferralView)> {
        let all = self.0.iter().map(|(id, one)| (*id, one));
        all.filter(|(_, one)| one.state == OfferState::Offered)
    }
}

impl FacetView for Transfers {
    const SHELVES: &'static [Shelf] = &[Shelf::Transfers];

    fn read(reader: &mut Reader<'_>) -> Self {
        let records = read_records(reader, Shelf::Transfers);
        let read = |mut record: Record| {
            let id = record.key.parse().ok()?;
            let answers = Answers::read(reader, &mut record);
            let view = TransferView {
                to: record.text(TO)?.parse().ok()?,
                note: record.text(NOTE)?,
                state: answers.state(false),
                answers,
                position: record.position,
                by: record.created,
            };
            Some((id, view))
        };
        Self(records.into_iter().filter_map(read).collect())
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for one in self.0.values_mut() {
            visit(&mut one.by);
            one.answers.visit(visit);
        }
    }

    /// Two who accept at once contest the owner, which is settled there.
    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}

impl FacetView for Referrals {
    const SHELVES: &'static [Shelf] = &[Shelf::Referrals];

    fn read(reader: &mut Reader<'_>) -> Self {
        let records = read_records(reader, Shelf::Referrals);
        let read = |mut record: Record| {
            let id = record.key.parse().ok()?;
            let answers = Answers::read(reader, &mut record);
            let outcome = record.slot(reader, COMPLETED, text);
            let to = record.value(TO)?;
            let view = ReferralView {
                service: record.text(SERVICE)?,
                to: to.as_text().and_then(|seat| seat.parse().ok()),
                party: record.value(PARTY)?.as_text().map(str::to_owned),
                note: record.text(NOTE)?,
                consent: Consent::read(&record.text(CONSENT)?)?,
                state: answers.state(outcome.is_some()),
                answers,
                outcome,
                position: record.position,
                by: record.created,
            };
            Some((id, view))
        };
        Self(records.into_iter().filter_map(read).collect())
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for one in self.0.values_mut() {
            visit(&mut one.by);
            one.answers.visit(visit);
            if let Some(outcome) = &mut one.outcome {
                outcome.visit(visit);
            }
        }
    }

    /// What came of a referral can be told twice; that is settled like any value.
    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}
