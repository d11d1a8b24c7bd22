//! What a server said it had placed, and does not have: it was put back to a state before that.
//!
//! Whoever saw the head over it can prove the loss, and the server recovers (`healing.rs`). A device
//! that got the answer and no head can prove nothing; what it gave counts as never given. Positions
//! from the end of the log on are forgotten, own work goes back to the outbox, before what was done
//! later, and heads are compared for what came from others.

use std::collections::BTreeSet;

use casework_protocol::ids::DocumentId;

use super::rows::OutboxRow;
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};

impl Replica {
    /// The log goes on from the last head and has this many entries. Whether something stood here
    /// beyond that, so that heads are to be compared.
    pub(super) fn log_ends(&mut self, size: u64) -> Result<bool, ReplicaFault> {
        let unkept = self.unkept(size)?;
        if unkept.is_empty() {
            return Ok(false);
        }
        let mut writes = Writes::default();
        let mut touched: BTreeSet<DocumentId> = self.forget_arrivals(&mut writes, size)?;
        self.give_up_kept(&mut writes, size)?;
        let mut waiting = Vec::with_capacity(unkept.len());
        for (key, row) in unkept {
            touched.insert(row.document);
            writes.delete(Table::Unjudged, key);
            waiting.push(row);
        }
        self.store.scan(Table::Outbox, &[], |key, value| {
            waiting.push(decode_row(Table::Outbox, value)?);
            writes.delete(Table::Outbox, key.to_vec());
            Ok(true)
        })?;
        for row in waiting {
            self.enqueue(&mut writes, row.document, row.what, row.made_ms);
        }
        self.commit(writes)?;
        self.to_compare.extend(touched);
        Ok(true)
    }

    /// Own changes that were placed at this position or later, in the order of their places. What
    /// the log covers has been judged and is not among them.
    fn unkept(&self, size: u64) -> Result<Vec<(Vec<u8>, OutboxRow)>, ReplicaFault> {
        let mut found = Vec::new();
        let from = tables::number(size);
        self.store
            .scan_from(Table::Unjudged, &[], &from, |key, value| {
                found.push((key.to_vec(), decode_row(Table::Unjudged, value)?));
                Ok(true)
            })?;
        Ok(found)
    }
}
