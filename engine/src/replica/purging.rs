//! Purges: which are requested and due, which were carried out, and carrying one out.
//!
//! Whether a purge holds is the access record's business. Here its author asks for more before
//! saying it: that the time has come by this clock too, and that nothing in the case speaks
//! against it. What follows from one that holds is in `forgetting`.

use casework_protocol::access::entry::AccessBody;
use casework_protocol::access::{AccessState, PurgeRequest};
use casework_protocol::ids::{DeviceId, DocumentId, MemberId};
use serde::Serialize;

use super::rows::{OutboxDocument, OutboxRow, Outgoing, PurgeRow};
use super::store::decode_row;
use super::tables::{self, Table};
use super::{DocumentFault, Replica, ReplicaFault};
use crate::case::facet::keeping::PURGE;
use crate::moment::Moment;

/// A purge that is requested or was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purge {
    /// The case.
    pub document: DocumentId,
    /// Its template.
    pub template: DocumentId,
    /// How it stands.
    #[serde(flatten)]
    pub state: PurgeState,
    /// Who requested it; who carried it out when it is done.
    pub by: Option<MemberId>,
}

/// How a purge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum PurgeState {
    /// It waits its days.
    Waiting {
        /// From when on it may be carried out, milliseconds since 1970.
        due_ms: u64,
    },
    /// A legal hold stands; it waits at least until that is lifted.
    OnHold {
        /// When it is due otherwise.
        due_ms: u64,
    },
    /// The case does not say one thing about it: request and cancellation met, or its access
    /// record took only one of them. Settle it, or say again what is wanted.
    Contested {
        /// When it is due otherwise.
        due_ms: u64,
    },
    /// It may be carried out.
    Due {
        /// Since when.
        due_ms: u64,
    },
    /// It was carried out here and waits for the server.
    Sent {
        /// Since when it was due.
        due_ms: u64,
    },
    /// It was carried out.
    Done {
        /// When the log received it, milliseconds since 1970 by the server's clock.
        purged_ms: u64,
    },
}

/// Why a purge is not carried out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurgeRefusal {
    /// Nobody asked for it, or the server has not taken the request yet.
    #[error("no purge of this case is requested; a request counts once a server has it")]
    NotRequested,
    /// It waits.
    #[error("the purge waits until {}; nobody can carry it out before", time_of(*.due_ms))]
    Waits {
        /// Until when.
        due_ms: u64,
    },
    /// A legal hold stands.
    #[error("a legal hold stands on the case; whoever may restrict it can lift it")]
    OnHold,
    /// Request and cancellation met.
    #[error(
        "request and cancellation of the purge contradict each other; settle it in the case, or request or cancel it again"
    )]
    Contested,
    /// It is on its way.
    #[error("the purge was carried out and waits for the server; sync")]
    Sent,
}

impl Replica {
    /// Every purge that is requested or was carried out, by document.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn purges(&mut self, now_ms: u64) -> Result<Vec<Purge>, ReplicaFault> {
        let mut found = Vec::new();
        self.store.scan(Table::Purges, &[], |key, _| {
            found.extend(tables::document_of(key));
            Ok(true)
        })?;
        let mut purges = Vec::with_capacity(found.len());
        for id in found {
            purges.extend(self.purge_of(id, now_ms)?);
        }
        Ok(purges)
    }

    /// How the purge of one case stands; `None` when none was ever asked for or it was cancelled.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn purge_of(&mut self, id: DocumentId, now_ms: u64) -> Result<Option<Purge>, ReplicaFault> {
        match self.purge_row(id)? {
            None => Ok(None),
            Some(PurgeRow::Purged {
                arrived,
                by,
                template,
            }) => Ok(Some(Purge {
                document: id,
                template,
                state: PurgeState::Done {
                    purged_ms: arrived.received_ms,
                },
                by: self.member_behind(by),
            })),
            Some(PurgeRow::Requested) => {
                let head = self.record(id)?.head().clone();
                let Some(request) = head.purge() else {
                    return Ok(None);
                };
                let state = self.purge_state((&head, request), now_ms)?;
                Ok(Some(Purge {
                    document: id,
                    template: head.template(),
                    state,
                    by: self.member_behind(request.by),
                }))
            }
        }
    }

    /// Carries out a purge that is due. It holds once the server has taken it; then the case is
    /// gone here and on every device, for good.
    ///
    /// # Errors
    /// [`ReplicaFault::Purge`] with what it waits for; [`ReplicaFault::Denied`] without the grant
    /// to erase; [`DocumentFault::Purged`] when it was done already.
    pub fn purge(&mut self, id: DocumentId, moment: &Moment) -> Result<(), ReplicaFault> {
        let refusal = match self.purge_of(id, moment.now_ms)?.map(|purge| purge.state) {
            Some(PurgeState::Due { .. }) => {
                return self.change_access(id, AccessBody::Purge, moment);
            }
            Some(PurgeState::Done { .. }) => return Err(DocumentFault::Purged(id).into()),
            Some(PurgeState::Waiting { due_ms }) => PurgeRefusal::Waits { due_ms },
            Some(PurgeState::OnHold { .. }) => PurgeRefusal::OnHold,
            Some(PurgeState::Contested { .. }) => PurgeRefusal::Contested,
            Some(PurgeState::Sent { .. }) => PurgeRefusal::Sent,
            None => {
                self.record(id)?;
                PurgeRefusal::NotRequested
            }
        };
        Err(refusal.into())
    }

    /// Carries out every purge that is due and that this member may carry out. Answers how many.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`]; one that cannot be carried out keeps no other waiting.
    pub(super) fn purge_due(&mut self, moment: &Moment) -> Result<usize, ReplicaFault> {
        let mut done = 0;
        for purge in self.purges(moment.now_ms)? {
            if !matches!(purge.state, PurgeState::Due { .. }) {
                continue;
            }
            match self.purge(purge.document, moment) {
                Ok(()) => done += 1,
                Err(ReplicaFault::Store(fault)) => return Err(fault.into()),
                Err(_) => {}
            }
        }
        Ok(done)
    }

    /// Whether a document was purged.
    pub(super) fn is_purged(&self, id: DocumentId) -> bool {
        self.purged.contains(&id)
    }

    pub(super) fn purge_row(&self, id: DocumentId) -> Result<Option<PurgeRow>, ReplicaFault> {
        let key = tables::document(id);
        Ok(self.store.get_cbor(Table::Purges, &key)?)
    }

    fn purge_state(
        &mut self,
        (head, request): (&AccessState, &PurgeRequest),
        now_ms: u64,
    ) -> Result<PurgeState, ReplicaFault> {
        let id = head.document();
        // Everybody judges by received times. Who carries it out also wants the requester's word
        // and the own clock to agree: a server alone then cannot hurry an honest device.
        let due_ms = request
            .due_ms()
            .max(request.claimed_ms.saturating_add(request.wait_ms()));
        if self.purge_is_sent(id)? {
            return Ok(PurgeState::Sent { due_ms });
        }
        let (mut held, mut agreed) = (head.legal_hold(), true);
        match self.case(id) {
            Ok(view) => {
                let keeping = &view.facets.keeping;
                held |= keeping.is_on_legal_hold();
                let contested = keeping
                    .marks
                    .get(PURGE)
                    .is_some_and(|slot| slot.is_contested());
                agreed = !contested && keeping.set_by(PURGE).is_some();
            }
            // What cannot be read can be purged all the same.
            Err(ReplicaFault::Document(_)) => {}
            Err(fault) => return Err(fault),
        }
        Ok(if held {
            PurgeState::OnHold { due_ms }
        } else if !agreed {
            PurgeState::Contested { due_ms }
        } else if now_ms < due_ms {
            PurgeState::Waiting { due_ms }
        } else {
            PurgeState::Due { due_ms }
        })
    }

    /// Whether a purge of the document waits in the outbox.
    fn purge_is_sent(&self, id: DocumentId) -> Result<bool, ReplicaFault> {
        let mut found = false;
        self.store.scan(Table::Outbox, &[], |_, value| {
            if decode_row::<OutboxDocument>(Table::Outbox, value)?.document == id {
                let row: OutboxRow = decode_row(Table::Outbox, value)?;
                found |= matches!(
                    row.what,
                    Outgoing::Access {
                        body: AccessBody::Purge
                    }
                );
            }
            Ok(!found)
        })?;
        Ok(found)
    }

    /// Whose device that is.
    fn member_behind(&self, device: DeviceId) -> Option<MemberId> {
        let known = self.roster.as_ref()?.head().device(device)?;
        Some(known.member)
    }
}

/// A time in words.
fn time_of(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| format!("{ms} ms"), |time| time.to_string())
}
