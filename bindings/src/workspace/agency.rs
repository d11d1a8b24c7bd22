//! The agent's calls: its turn, and what came of what it did outside.
//!
//! Errors of all that follow: [`Error::Denied`] without the role; [`Error::Invalid`] for a request
//! that is not there; [`Error::Unavailable`] when the store fails.

use casework_engine::case::PartId;
use casework_engine::case::facet::automation::RunStatus;
use casework_engine::replica::{Acted, AgentTurn};
use casework_engine::view::RunView;
use casework_protocol::ids::{DeviceId, DocumentId};
use serde::Serialize;

use super::Workspace;
use crate::error::Error;
use crate::moment;

/// A request of a rule to the agent, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestView {
    /// The case.
    pub document: DocumentId,
    /// Its number.
    pub number: String,
    /// The effect.
    pub effect: PartId,
    /// What is wanted, and how it stands.
    pub run: RunView,
}

impl Workspace {
    /// Does what is to be done inside the workspace, and tells what is to be done outside. Nothing
    /// while another agent leads.
    ///
    /// # Errors
    /// See above.
    pub fn agent_turn(&self) -> Result<AgentTurn, Error> {
        let now = moment::now()?;
        self.write(|replica| Ok(replica.agent_turn(&now)?))
    }

    /// Records what came of an errand; [`RunStatus::Waiting`] asks for it again.
    ///
    /// # Errors
    /// See above.
    pub fn report_errand(
        &self,
        (document, effect): (DocumentId, PartId),
        status: RunStatus,
        note: &str,
    ) -> Result<Acted, Error> {
        let now = moment::now()?;
        self.write_to([document], |replica| {
            Ok(replica.report((document, effect), (status, note), &now)?)
        })
    }

    /// The agents in the order in which they lead.
    ///
    /// # Errors
    /// See above.
    pub fn agents(&self) -> Result<Vec<DeviceId>, Error> {
        self.read(|replica| Ok(replica.agents()?))
    }

    /// The requests of rules that are not done: waiting ones and dead ones.
    ///
    /// # Errors
    /// See above.
    pub fn agent_requests(&self) -> Result<Vec<RequestView>, Error> {
        let mut found = Vec::new();
        for card in self.cards()? {
            let view = self.case(card.document)?;
            let open = view.facets.automations.in_order().into_iter();
            let open = open.filter(|(_, run)| run.is_waiting() || run.is_dead());
            found.extend(open.map(|(effect, run)| RequestView {
                document: view.document,
                number: view.number.clone(),
                effect,
                run: run.clone(),
            }));
        }
        Ok(found)
    }
}
