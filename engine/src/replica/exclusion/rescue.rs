//! Own work on its way into the drawer: where the act of a change is found that cannot stand.

use automerge::Automerge;
use casework_protocol::ids::{ChangeHash, DocumentId};

use super::super::asked::OwnAct;
use super::super::rows::{Aside, DrawerRow, OutboxRow, Outgoing};
use super::super::store::{Writes, decode_row};
use super::super::tables::{self, Table};
use super::super::{Notice, Replica, ReplicaFault};

/// What is kept of a change.
struct Rescue {
    act: String,
    made_ms: u64,
}

impl Rescue {
    /// Of a change that was judged long ago and so is kept in its document only.
    fn read(holder: &Automerge, hash: ChangeHash) -> Option<Self> {
        let (act, made_ms) = OwnAct::of_change(holder, hash)?;
        let act = serde_json::to_string(&act).ok()?;
        Some(Self { act, made_ms })
    }
}

impl Replica {
    /// Moves own work that cannot stand into the drawer, as it lies in the outbox, as it was kept until
    /// it is judged, or else as the document that holds it says what was done.
    pub(in crate::replica) fn rescue(
        &mut self,
        writes: &mut Writes,
        (document, hash): (DocumentId, ChangeHash),
        why: &Aside,
        (unsent, holder): (Option<&(u64, OutboxRow)>, Option<&Automerge>),
    ) -> Result<(), ReplicaFault> {
        let rescue = match unsent {
            Some((number, row)) => {
                writes.delete(Table::Outbox, tables::number(*number));
                let Outgoing::Change { act, .. } = &row.what else {
                    return Ok(());
                };
                Some(Rescue {
                    act: act.clone(),
                    made_ms: row.made_ms,
                })
            }
            None => self.unjudged_act(writes, document, hash)?,
        };
        let read = || Rescue::read(holder?, hash);
        let Some(rescue) = rescue.or_else(read) else {
            return Ok(());
        };
        if matches!(why, Aside::Dependent(_)) && is_effect_of(&rescue.act) {
            // It goes with its trigger: done again, that sets the rule off again.
            return Ok(());
        }
        let held = matches!(why, Aside::Held);
        let notice = if held {
            Notice::OwnWorkHeld {
                document,
                change: hash,
            }
        } else {
            Notice::OwnWorkRefused {
                document,
                change: hash,
                why: why.to_string(),
            }
        };
        self.notices.push(notice);
        let row = DrawerRow {
            document,
            hash: Some(hash),
            act: rescue.act,
            reason: why.to_string(),
            made_ms: rescue.made_ms,
            held,
        };
        writes.put_cbor(Table::Drawer, tables::number(self.next_drawer), &row);
        self.next_drawer += 1;
        Ok(())
    }

    /// The act of an own change that was placed but not judged yet; takes it off that list.
    fn unjudged_act(
        &self,
        writes: &mut Writes,
        id: DocumentId,
        hash: ChangeHash,
    ) -> Result<Option<Rescue>, ReplicaFault> {
        let mut found = None;
        self.store.scan(Table::Unjudged, &[], |key, value| {
            if tables::split_unjudged(key).is_some_and(|(_, d, h)| (d, h) == (id, hash)) {
                let row: OutboxRow = decode_row(Table::Unjudged, value)?;
                if let Outgoing::Change { act, .. } = row.what {
                    writes.delete(Table::Unjudged, key.to_vec());
                    found = Some(Rescue {
                        act,
                        made_ms: row.made_ms,
                    });
                }
            }
            Ok(found.is_none())
        })?;
        Ok(found)
    }
}

/// Whether an act kept as text is what a rule made of another act.
fn is_effect_of(act: &str) -> bool {
    matches!(
        serde_json::from_str(act),
        Ok(OwnAct::Case(act)) if act.cause.as_ref().is_some_and(|cause| cause.of.is_some())
    )
}
