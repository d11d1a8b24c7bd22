//! What an office pushes: its founding, its entries, and its changes one by one under a signature
//! each, which is the most expensive way there is.

use casework_engine::sync::Holdings as _;
use casework_protocol::frame::PushItem;
use casework_protocol::ids::{ChangeHash, WorkspaceId};
use casework_protocol::keys::SecretKey;
use casework_protocol::seal::{SignedRun, sign_change};

use super::Office;

/// Everything an office has to push, in causal order.
pub struct Push {
    /// The roster from its genesis, access records and templates, and the openings of cases.
    pub prelude: Vec<PushItem>,
    /// What was done afterwards, a change per run.
    pub singles: Vec<SignedRun>,
}

impl Push {
    /// Takes everything out of the office's outbox: all runs of a document after its first one are
    /// split into single changes.
    #[must_use]
    pub fn of(office: &mut Office) -> Self {
        let mut items: Vec<PushItem> = Vec::new();
        let founding = office.replica.founding().expect("the store can be read");
        let outgoing = office
            .replica
            .outgoing(&[], 1 << 40)
            .expect("the store can be read");
        items.extend(
            founding
                .into_iter()
                .chain(outgoing)
                .map(|parcel| parcel.item),
        );
        let (mut prelude, mut singles) = (Vec::new(), Vec::new());
        let mut opened = std::collections::BTreeSet::new();
        for item in items {
            match item {
                PushItem::Run(run) => {
                    let first = opened.insert(run.document());
                    let mut changes = single_changes(&run, office.workspace(), &office.key);
                    if first {
                        prelude.push(PushItem::Run(changes.remove(0)));
                    }
                    singles.extend(changes);
                }
                PushItem::Roster(_) | PushItem::Access { .. } => prelude.push(item),
            }
        }
        Self { prelude, singles }
    }
}

/// The changes of a run, each signed by itself.
#[must_use]
pub fn single_changes(run: &SignedRun, workspace: WorkspaceId, key: &SecretKey) -> Vec<SignedRun> {
    let (document, device) = (run.document(), run.device());
    changes_of(run, workspace)
        .into_iter()
        .map(|(hash, bytes)| {
            let signature = sign_change(key, workspace, document, hash);
            SignedRun::from_parts(document, device, vec![bytes], signature)
        })
        .collect()
}

/// Hash and bytes of each change of a run.
#[must_use]
pub fn changes_of(run: &SignedRun, workspace: WorkspaceId) -> Vec<(ChangeHash, Vec<u8>)> {
    let verified = run
        .clone()
        .check(workspace)
        .expect("an honest run")
        .verify();
    let verified = verified.expect("an honest run");
    verified
        .changes()
        .iter()
        .map(|change| (change.header().hash, change.bytes().to_vec()))
        .collect()
}
