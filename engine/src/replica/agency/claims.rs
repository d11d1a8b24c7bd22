//! Claims: what an agent takes on, and whose claim holds.
//!
//! Invariant: a claim holds by its place in the log. It does only once everything before it was
//! read, so two agents that both believe they lead never hold one thing at the same time.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};

use super::AgentTurn;
use crate::automation::Timer;
use crate::case::facet::automation::AutomationAction;
use crate::case::{Act, PartId};
use crate::moment::Moment;
use crate::replica::rows::Arrived;
use crate::replica::{Replica, ReplicaFault};
use crate::view::{CaseView, ClaimView};

/// A case with something to do, and when its changes arrived.
pub(super) struct Desk {
    pub(super) view: CaseView,
    pub(super) arrived: BTreeMap<ChangeHash, Arrived>,
    /// The rules whose time has come and whose condition holds.
    pub(super) due: Vec<Timer>,
}

/// By what a device judges claims.
pub(super) struct Watch {
    pub(super) agents: BTreeSet<DeviceId>,
    pub(super) me: DeviceId,
    /// Whether it is the first of them: only that one claims.
    pub(super) leads: bool,
    /// Everything before this position of the log was read.
    pub(super) read_upto: u64,
}

/// How a claim stands.
enum Claimed {
    /// Nobody claimed it who may.
    Nobody,
    /// The log or what lies before it is still to be read.
    Pending,
    /// This device's claim holds.
    Mine,
    /// Another agent's claim holds.
    Other,
}

impl Replica {
    /// Whether this device's claim holds; makes one where nobody did, if it leads.
    pub(super) fn holds(
        &mut self,
        turn: &mut AgentTurn,
        (desk, of): (&Desk, String),
        watch: &Watch,
        moment: &Moment,
    ) -> Result<bool, ReplicaFault> {
        match desk.claimed(&of, watch) {
            Claimed::Mine => return Ok(true),
            Claimed::Nobody if watch.leads => {
                self.claim(desk.view.document, of, moment)?;
                turn.claimed += 1;
            }
            Claimed::Pending => turn.pending += 1,
            Claimed::Nobody | Claimed::Other => {}
        }
        Ok(false)
    }

    pub(super) fn claim(
        &mut self,
        document: DocumentId,
        of: String,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let id = PartId::derive(&moment.derive("claim"), 0);
        let action = AutomationAction::Claim { id, of };
        self.act(document, Act::new(id, action.into()), moment)?;
        Ok(())
    }
}

impl Desk {
    /// The claims of agents that begin with this, and what stands behind it.
    pub(super) fn claims<'d>(
        &'d self,
        prefix: &'static str,
        agents: &'d BTreeSet<DeviceId>,
    ) -> impl Iterator<Item = (&'d ClaimView, &'d str)> {
        let claims = self.view.facets.automations.claims.values();
        claims.filter_map(move |claim| {
            let device = self.view.origins.get(claim.created).device?;
            let of = claim.of.strip_prefix(prefix)?;
            agents.contains(&device).then_some((claim, of))
        })
    }

    /// Where a claim stands in the log.
    pub(super) fn position(&self, claim: &ClaimView) -> Option<u64> {
        let change = self.view.origins.get(claim.created).change;
        self.arrived.get(&change).map(|arrived| arrived.seq)
    }

    fn claimed(&self, of: &str, watch: &Watch) -> Claimed {
        let claims: Vec<&ClaimView> = self
            .claims("", &watch.agents)
            .filter(|(claim, _)| claim.of == of)
            .map(|(claim, _)| claim)
            .collect();
        let standing = claims
            .iter()
            .filter_map(|claim| Some((self.position(claim)?, *claim)));
        match standing.min_by_key(|(position, _)| *position) {
            None if claims.is_empty() => Claimed::Nobody,
            None => Claimed::Pending,
            Some((position, _)) if position >= watch.read_upto => Claimed::Pending,
            Some((_, first)) => match self.view.origins.get(first.created).device {
                Some(device) if device == watch.me => Claimed::Mine,
                Some(_) | None => Claimed::Other,
            },
        }
    }
}
