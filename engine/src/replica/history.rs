//! When the changes of a snapshot arrived, in the order in which the document stores them.
//!
//! Delta-coded: a few bytes per change. `None` marks an own change that had not arrived when the
//! snapshot was written; its arrival goes into the `late` table until the next snapshot.

use std::collections::BTreeMap;

use automerge::Automerge;
use casework_protocol::ids::{ChangeHash, DocumentId};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::rows::{Arrived, ChangeRow};
use super::store::{Store, StoreError, Writes, decode_row};
use super::tables::{self, Table};

/// Arrivals aligned with the changes of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History(pub(crate) Vec<Option<Arrived>>);

impl<C> Encode<C> for History {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let mut last = Arrived {
            seq: 0,
            received_ms: 0,
        };
        e.array(self.0.len() as u64)?;
        for arrived in &self.0 {
            match arrived {
                None => {
                    e.null()?;
                }
                Some(now) => {
                    e.array(2)?
                        .i64(now.seq.wrapping_sub(last.seq).cast_signed())?
                        .i64(now.received_ms.wrapping_sub(last.received_ms).cast_signed())?;
                    last = *now;
                }
            }
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for History {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let count = d.array()?.unwrap_or_default();
        let mut last = Arrived {
            seq: 0,
            received_ms: 0,
        };
        let mut arrivals = Vec::new();
        for _ in 0..count {
            if d.datatype()? == minicbor::data::Type::Null {
                d.null()?;
                arrivals.push(None);
                continue;
            }
            d.array()?;
            last = Arrived {
                seq: last.seq.wrapping_add(d.i64()?.cast_unsigned()),
                received_ms: last.received_ms.wrapping_add(d.i64()?.cast_unsigned()),
            };
            arrivals.push(Some(last));
        }
        Ok(Self(arrivals))
    }
}

/// The hashes of a document's changes in the order in which it stores them.
pub(crate) fn stored_order(automerge: &Automerge) -> Vec<ChangeHash> {
    automerge
        .get_changes_meta(&[])
        .iter()
        .map(|meta| ChangeHash::new(meta.hash.0))
        .collect()
}

/// When each change of a document arrived; changes that have not are left out.
pub(crate) fn arrivals(
    store: &Store,
    id: DocumentId,
    automerge: &Automerge,
) -> Result<BTreeMap<ChangeHash, Arrived>, StoreError> {
    let key = tables::document(id);
    let mut found = BTreeMap::new();
    if let Some(History(history)) = store.get_cbor(Table::Histories, &key)? {
        let hashes = stored_order(automerge);
        found.extend(
            hashes
                .into_iter()
                .zip(history)
                .filter_map(|(hash, at)| Some((hash, at?))),
        );
    }
    store.scan(Table::Changes, &key, |_, value| {
        let row: ChangeRow = decode_row(Table::Changes, value)?;
        found.extend(row.arrived.map(|arrived| (row.hash, arrived)));
        Ok(true)
    })?;
    store.scan(Table::Late, &key, |key, value| {
        if let Some(hash) = tables::change_of(key) {
            found.insert(hash, decode_row(Table::Late, value)?);
        }
        Ok(true)
    })?;
    Ok(found)
}

/// As [`arrivals`], by what is about to be written too; the document has changes up to `next`.
pub(crate) fn arrivals_by_now(
    (store, writes): (&Store, &Writes),
    (id, next): (DocumentId, u64),
    automerge: &Automerge,
) -> Result<BTreeMap<ChangeHash, Arrived>, StoreError> {
    let mut found = arrivals(store, id, automerge)?;
    if writes.is_empty() {
        return Ok(found);
    }
    for place in 0..next {
        let key = tables::document_number(id, place);
        if let Some(Some(row)) = writes.pending(Table::Changes, &key) {
            let row: ChangeRow = decode_row(Table::Changes, row)?;
            found.extend(row.arrived.map(|arrived| (row.hash, arrived)));
        }
    }
    for hash in stored_order(automerge) {
        let key = tables::document_change(id, hash);
        if let Some(Some(arrived)) = writes.pending(Table::Late, &key) {
            found.insert(hash, decode_row(Table::Late, arrived)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable;

    use super::*;

    #[test]
    fn a_history_reads_back_with_its_gaps() {
        let history = History(vec![
            Some(Arrived {
                seq: 7,
                received_ms: 1_000,
            }),
            None,
            Some(Arrived {
                seq: 3,
                received_ms: 900,
            }),
            Some(Arrived {
                seq: u64::MAX,
                received_ms: 0,
            }),
        ]);
        let bytes = minicbor::to_vec(&history).unwrap();
        assert_eq!(minicbor::decode::<History>(&bytes).unwrap(), history);
    }

    #[test]
    fn a_saved_document_keeps_the_order_of_its_changes() {
        let mut a = Automerge::new();
        for n in 0..20 {
            let mut b = a.fork();
            for (doc, key) in [(&mut a, "a"), (&mut b, "b")] {
                doc.transact::<_, _, automerge::AutomergeError>(|tx| {
                    tx.put(automerge::ROOT, key, n)
                })
                .unwrap();
            }
            a.merge(&mut b).unwrap();
        }
        let loaded = Automerge::load(&a.save()).unwrap();
        assert_eq!(stored_order(&loaded), stored_order(&a));
        assert_eq!(stored_order(&loaded).len(), 40);
    }
}
