//! What vouches for an admitted change besides a signature over its actor's tip.
//!
//! A run may be admitted in part, and its one signature is over its last change: what lies aside
//! still carries the signature that covers what does not. Judges signatures only, never rights.

use std::collections::BTreeMap;

use casework_protocol::gate::{Origin, check_change};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};
use casework_protocol::keys::{Signature, verify_batch};
use casework_protocol::seal::change_claim;

use super::rows::AsideRow;
use super::store::decode_row;
use super::tables::Table;
use super::{Replica, ReplicaFault};

/// Changes and the devices that signed them, with the signature.
pub(super) type SignedBy = BTreeMap<(DeviceId, ChangeHash), Signature>;

impl Replica {
    /// Changes that a device signed by signing a later one which lies aside: a run may be admitted
    /// in part, and its one signature is over its last change.
    pub(super) fn signed_aside(&self, id: DocumentId) -> Result<SignedBy, ReplicaFault> {
        let mut deps: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
        let mut signed = SignedBy::new();
        let origin = |device| Origin {
            workspace: self.workspace(),
            document: id,
            device,
        };
        self.store.scan(Table::Aside, id.as_bytes(), |_, value| {
            let row: AsideRow = decode_row(Table::Aside, value)?;
            if let Ok(change) = check_change(&origin(row.device), row.bytes) {
                let header = change.header();
                deps.insert(header.hash, header.deps.clone());
                signed.extend(row.signed.map(|(tip, by)| ((row.device, tip), by)));
            }
            Ok(true)
        })?;
        let mut found = SignedBy::new();
        for ((device, tip), signature) in signed {
            let claim = change_claim(&origin(device), tip, signature);
            if verify_batch(&[claim]).iter().any(Result::is_err) {
                continue;
            }
            let mut open = vec![tip];
            while let Some(hash) = open.pop() {
                if found.insert((device, hash), signature).is_none() {
                    open.extend(deps.get(&hash).into_iter().flatten());
                }
            }
        }
        Ok(found)
    }
}
