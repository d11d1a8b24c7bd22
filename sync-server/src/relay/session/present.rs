//! The presence half of a session: what its device says of itself, and what it is told of others.
//!
//! Whom a device may see, and who may see it, is judged here by the records as they stand at that
//! moment. Invariant: who lost access, or sees no documents yet, neither says nor hears anything.

use std::sync::Arc;

use casework_protocol::frame::{Announced, ErrorCode, PRESENCE_SINCE};
use casework_protocol::limits::MAX_ANNOUNCED_DOCUMENTS;

use super::ready::{Following, Outputs, Ready};
use super::{Fatal, Output, Rank};
use crate::relay::presence::{Seat, Told};
use crate::relay::{Relay, reading};

/// A session's place among those that are present.
#[derive(Debug)]
pub(super) struct Presence {
    seat: Seat,
    told: Told,
}

impl Ready {
    /// The device says what it has open, and whether it wants to hear of others.
    pub(super) fn announce(
        &mut self,
        relay: &Relay,
        now_ms: u64,
        (mut here, hears): (Vec<Announced>, bool),
    ) -> Outputs {
        if self.version < PRESENCE_SINCE {
            let problem = format!("presence needs version {PRESENCE_SINCE} of the protocol");
            return Err(Fatal::new(ErrorCode::Malformed, &problem));
        }
        if here.len() > MAX_ANNOUNCED_DOCUMENTS {
            let problem = "too many documents are open on one device";
            return Err(Fatal::new(ErrorCode::TooMuch, problem));
        }
        let shared = self.shared(relay).filter(|_| self.rank == Rank::Member);
        let Some(shared) = shared else {
            self.presence = None;
            return Ok(Vec::new());
        };
        let workspace = reading(&shared);
        let whole = workspace.recovery().is_none();
        here.retain(|word| whole && workspace.sees(self.device, word.document));
        if here.is_empty() && !hears {
            self.presence = None;
            return Ok(Vec::new());
        }
        let presence = self.presence.get_or_insert_with(|| {
            Box::new(Presence {
                seat: relay.rooms.enter(self.workspace, self.device),
                told: Told::default(),
            })
        });
        if hears && !presence.seat.hears() {
            presence.told = Told::default();
        }
        presence.seat.hear(hears);
        presence.seat.announce(now_ms, &here);
        Ok(Vec::new())
    }

    /// Whether it wants to hear of others.
    pub(super) fn hears(&self) -> bool {
        let presence = self.presence.as_ref();
        presence.is_some_and(|presence| presence.seat.hears())
    }

    /// How much it keeps in mind.
    pub(super) fn held_notes(&self) -> usize {
        let told = self.presence.as_ref().map_or(0, |p| p.told.len());
        let follower = match &self.following {
            Following::Everything(follower) => follower.held_notes(),
            Following::Nothing | Following::Roster(_) => 0,
        };
        told + follower + self.pushed.len()
    }

    /// After a resume everything is told anew: the device may want other documents now.
    pub(super) fn forget_told(&mut self) {
        if let Some(presence) = &mut self.presence {
            presence.told = Told::default();
        }
    }

    /// The next thing to tell of others.
    pub(super) fn tell(&mut self, relay: &Relay) -> Option<Output> {
        if !self.hears() {
            return None;
        }
        let shared = self.shared(relay)?;
        let workspace = reading(&shared);
        let Following::Everything(follower) = &self.following else {
            return None;
        };
        let active = workspace.roster().head().member_of(self.device).is_some();
        if !active || workspace.recovery().is_some() || follower.epoch() != workspace.epoch() {
            return None;
        }
        let Presence { seat, told } = self.presence.as_deref_mut()?;
        let sees = |document| follower.sees(&workspace, document);
        let message: Arc<[u8]> = seat.next(told, &workspace, sees)?;
        Some(Output::Send(message))
    }
}
