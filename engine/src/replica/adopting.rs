//! Which changes an adoption names: the held work that this device can read, and with it all that
//! the relay releases only together.
//!
//! A relay releases a run whole or not at all, and nothing without the held work that it builds on.
//! So what lies aside here for another reason is named too where held work needs it; that does not
//! let it in.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Change;
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::limits::MAX_ADOPTED_CHANGES;

use super::rows::{Arrived, AsideRow};
use super::store::decode_row;
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};

/// Something that lies aside.
struct Lying {
    arrived: Option<Arrived>,
    /// The newest change of its run.
    run: ChangeHash,
    deps: Vec<ChangeHash>,
}

impl Replica {
    /// The changes that an adoption of the held work of a document names, in log order.
    pub(super) fn adoptable(&self, document: DocumentId) -> Result<Vec<ChangeHash>, ReplicaFault> {
        let lying = self.lying(document)?;
        let held = self.held()?.into_iter();
        let held = held.filter(|held| held.document == document && held.what.is_some());
        let named = together(&lying, held.map(|held| held.change).collect());
        let mut named: Vec<(&Lying, ChangeHash)> = named
            .into_iter()
            .filter_map(|hash| Some((lying.get(&hash)?, hash)))
            .collect();
        // What has no place waits at no relay: it comes last.
        named.sort_by_key(|(one, hash)| (one.arrived.is_none(), one.arrived, *hash));
        let runs: Vec<ChangeHash> = named.iter().map(|(one, _)| one.run).collect();
        named.truncate(whole_runs(&runs, MAX_ADOPTED_CHANGES));
        Ok(named.into_iter().map(|(_, hash)| hash).collect())
    }

    /// What lies aside of a document with its content, whatever the reason.
    fn lying(&self, document: DocumentId) -> Result<BTreeMap<ChangeHash, Lying>, ReplicaFault> {
        let mut lying = BTreeMap::new();
        let of = tables::document(document);
        self.store.scan(Table::Aside, &of, |key, value| {
            let row: AsideRow = decode_row(Table::Aside, value)?;
            if let Some(hash) = tables::change_of(key).filter(|_| !row.bytes.is_empty()) {
                let deps = Change::from_bytes(row.bytes).map(|change| change.deps().to_vec());
                let deps = deps.unwrap_or_default().into_iter();
                let one = Lying {
                    arrived: row.arrived,
                    run: row.signed.map_or(hash, |(newest, _)| newest),
                    deps: deps.map(|dep| ChangeHash::new(dep.0)).collect(),
                };
                lying.insert(hash, one);
            }
            Ok(true)
        })?;
        Ok(lying)
    }
}

/// These changes, and of what lies aside all that is in a run with one of them or that one of them
/// builds on.
fn together(
    lying: &BTreeMap<ChangeHash, Lying>,
    mut next: Vec<ChangeHash>,
) -> BTreeSet<ChangeHash> {
    let mut runs: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
    for (hash, one) in lying {
        runs.entry(one.run).or_default().push(*hash);
    }
    let mut named = BTreeSet::new();
    while let Some(hash) = next.pop() {
        let Some(one) = lying.get(&hash).filter(|_| named.insert(hash)) else {
            continue;
        };
        next.extend(runs.remove(&one.run).unwrap_or_default());
        next.extend(&one.deps);
    }
    named
}

/// How many of these changes, each with its run and in log order, are at most so many and cut no
/// run in two.
fn whole_runs(runs: &[ChangeHash], most: usize) -> usize {
    if runs.len() <= most {
        return runs.len();
    }
    let ends = |at: &usize| runs[at - 1] != runs[*at];
    (1..=most).rev().find(ends).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adoption_that_cannot_name_everything_ends_with_a_run() {
        let run = |n: u8, changes: usize| vec![ChangeHash::new([n; 32]); changes];
        let runs = [run(1, 256), run(2, 256), run(3, 256), run(4, 256)].concat();
        assert_eq!(whole_runs(&runs, MAX_ADOPTED_CHANGES), 3 * 256);
        assert_eq!(whole_runs(&runs, 512), 512);
        assert_eq!(whole_runs(&runs, 1024), 1024);
        assert_eq!(whole_runs(&run(1, 9), 5), 5);
        assert_eq!(whole_runs(&[], 5), 0);
    }
}
