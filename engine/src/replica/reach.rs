//! How far one change has come: here, on the server, held, refused.

use casework_protocol::ids::{ChangeHash, DocumentId};
use serde::Serialize;

use super::history::arrivals;
use super::rows::{Arrived, Aside, AsideRow};
use super::tables::{self, Table};
use super::{DocumentFault, Replica, ReplicaFault};

/// How far a change has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reach")]
pub enum Reach {
    /// Durable here, not sent yet.
    Here,
    /// In the server's log.
    OnServer(Arrived),
    /// In the server's log, and held until somebody adopts it.
    Held,
    /// It could not stand and lies in the drawer.
    Refused {
        /// Why.
        reason: String,
        /// Its number in the drawer.
        number: u64,
    },
    /// This device knows nothing of it.
    Unknown,
}

impl Replica {
    /// How far a change has come. Opens the document unless it lies aside.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the document is quarantined, or the store failed.
    pub fn reach(&mut self, id: DocumentId, change: ChangeHash) -> Result<Reach, ReplicaFault> {
        let aside = tables::document_change(id, change);
        let aside: Option<AsideRow> = self.store.get_cbor(Table::Aside, &aside)?;
        let waits =
            |row: &AsideRow| matches!(row.why, Aside::Held | Aside::Withheld | Aside::Dependent(_));
        if aside.as_ref().is_some_and(waits) {
            return Ok(Reach::Held);
        }
        // What is held or refused lies in its author's drawer too.
        let drawn = self.drawer()?;
        if let Some(drawn) = drawn.into_iter().find(|one| one.change == Some(change)) {
            return Ok(if drawn.held {
                Reach::Held
            } else {
                Reach::Refused {
                    reason: drawn.reason,
                    number: drawn.number,
                }
            });
        }
        match self.document(id) {
            Ok(_) => {}
            Err(ReplicaFault::Document(DocumentFault::Unknown(_) | DocumentFault::Purged(_))) => {
                return Ok(Reach::Unknown);
            }
            Err(fault) => return Err(fault),
        }
        let Some(document) = self.documents.get_mut(id) else {
            return Ok(Reach::Unknown);
        };
        let arrived = arrivals(&self.store, id, &document.automerge)?;
        Ok(match arrived.get(&change) {
            Some(at) => Reach::OnServer(*at),
            None if super::document::change_of(&document.automerge, change).is_some() => {
                Reach::Here
            }
            None => Reach::Unknown,
        })
    }
}
