//! Proves a whole log again: every hash, place and signature, the tree, the signed head, the index.
//!
//! Reads only, and stops at nothing: everything that is wrong is told, up to a bound. What the
//! devices prove of what they are handed, this proves of what lies on the disk.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use casework_protocol::access::entry::AccessBody;
use casework_protocol::frame::Logged;
use casework_protocol::ids::{ChangeHash, DocumentId, ServerId, WorkspaceId};
use casework_protocol::log::{EntryKind, Frontier, SignedHead, VerifiedHead};
use casework_protocol::seal::CheckedRun;

use super::workspace::decode_item;
use crate::log::{Log, LogError, Record};

/// Bytes of items read and signatures checked in one step.
const STEP_BYTES: usize = 4 * 1024 * 1024;
/// Most faults that are told; a damaged disk has thousands.
pub const MAX_FAULTS: usize = 100;

/// What a check of one workspace came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Entries whose hash, place and signature hold.
    pub entries: u64,
    /// What does not hold, each with its position; at most [`MAX_FAULTS`].
    pub faults: Vec<String>,
}

/// Checks one workspace of a server that has, or had, one of these keys; the present one first.
/// `step` hears how many entries were read.
///
/// # Errors
/// [`LogError`] when the storage cannot be read at all; damage in rows is a fault.
pub fn check_workspace(
    log: &dyn Log,
    servers: &[ServerId],
    id: WorkspaceId,
    step: &mut dyn FnMut(u64),
) -> Result<Checked, LogError> {
    // The store trusts its pages: a damaged one may make it panic. Nothing is written here.
    let looked = catch_unwind(AssertUnwindSafe(|| look(log, servers, id, step)));
    looked.unwrap_or_else(|_| {
        let fault = "the store gave up while it was read: its file is damaged".to_owned();
        Ok(Checked {
            faults: vec![fault],
            ..Checked::default()
        })
    })
}

fn look(
    log: &dyn Log,
    servers: &[ServerId],
    id: WorkspaceId,
    step: &mut dyn FnMut(u64),
) -> Result<Checked, LogError> {
    let mut check = Check {
        id,
        frontier: Frontier::new(),
        done: Checked::default(),
        purged: BTreeMap::new(),
        bare: BTreeMap::new(),
        full: BTreeMap::new(),
    };
    let Some(row) = log.workspace(id)? else {
        check.fault(0, "the workspace has no row");
        return Ok(check.done);
    };
    let head = match verify_head(&row.head, servers, id) {
        Ok(head) => Some(head),
        Err(problem) => {
            check.fault(0, &format!("the signed head does not hold: {problem}"));
            None
        }
    };
    loop {
        let from = check.frontier.size();
        let records = log.read(id, from, STEP_BYTES)?;
        if records.is_empty() {
            break;
        }
        if !check.take(log, &records)? {
            break;
        }
        step(check.frontier.size());
    }
    check.compare_purges();
    let (size, root) = (check.frontier.size(), check.frontier.root());
    if let Some(head) = head.map(|head| *head.head())
        && (size, root) != (head.size, head.root)
    {
        let said = head.size;
        let problem = format!("the entries give a log of {size} and the signed head says {said}");
        check.fault(size, &problem);
    }
    Ok(check.done)
}

/// The head under the first of the keys that signed it; else why the present one did not.
fn verify_head(
    head: &SignedHead,
    servers: &[ServerId],
    id: WorkspaceId,
) -> Result<VerifiedHead, String> {
    let mut problem = None;
    for server in servers {
        match head.clone().verify(*server, id) {
            Ok(head) => return Ok(head),
            Err(error) => drop(problem.get_or_insert_with(|| error.to_string())),
        }
    }
    Err(problem.unwrap_or_else(|| "there is no key".to_owned()))
}

struct Check {
    id: WorkspaceId,
    frontier: Frontier,
    done: Checked,
    /// Documents that were purged, with entries whose content is gone, and with entries whose
    /// content is there, each with a position.
    purged: BTreeMap<DocumentId, u64>,
    bare: BTreeMap<DocumentId, u64>,
    full: BTreeMap<DocumentId, u64>,
}

impl Check {
    /// Takes a stretch of the log; `false` when it cannot go on behind it.
    fn take(&mut self, log: &dyn Log, records: &[Record]) -> Result<bool, LogError> {
        let mut runs: Vec<(u64, CheckedRun)> = Vec::new();
        let mut changes = Vec::new();
        for record in records {
            let expected = self.frontier.size();
            if record.seq != expected {
                let problem = format!("an entry is missing; the next one is {}", record.seq);
                self.fault(expected, &problem);
                return Ok(false);
            }
            let Some(item) = self.read(record) else {
                return Ok(false);
            };
            if let Logged::Purged { entries, .. } = &item {
                self.bare.insert(record.document, record.seq);
                self.done.entries += entries.len() as u64;
            } else if record.kind == EntryKind::Change {
                self.full.insert(record.document, record.seq);
                let hashes = record.hashes.iter();
                changes.extend(hashes.map(|hash| (record.seq, ChangeHash::new(*hash))));
            }
            match item {
                Logged::Run(logged) => self.gate(&mut runs, record.seq, logged.run),
                Logged::Equivocation { run, .. } => self.gate(&mut runs, record.seq, run),
                Logged::Roster { entry, .. } => {
                    let proved = entry.verify::<casework_protocol::roster::entry::RosterBody>();
                    self.entry(record.seq, proved.map(drop));
                }
                Logged::Access {
                    document, entry, ..
                } => {
                    let proved = entry.verify::<AccessBody>();
                    if proved
                        .as_ref()
                        .is_ok_and(|entry| *entry.body() == AccessBody::Purge)
                    {
                        self.purged.insert(document, record.seq);
                    }
                    self.entry(record.seq, proved.map(drop));
                }
                Logged::Purged { .. } => {}
                Logged::Withheld { .. } => self.fault(record.seq, "a withheld item was stored"),
            }
        }
        let (places, runs): (Vec<u64>, Vec<CheckedRun>) = runs.into_iter().unzip();
        for (seq, proved) in places.into_iter().zip(CheckedRun::verify_all(runs)) {
            match proved {
                Ok(run) => self.done.entries += run.changes().len() as u64,
                Err(error) => self.fault(seq, &error.to_string()),
            }
        }
        self.look_up(log, &changes)?;
        Ok(true)
    }

    /// Reads an item, compares it with its record and adds its leaves to the tree.
    fn read(&mut self, record: &Record) -> Option<Logged> {
        let item = match decode_item(record) {
            Ok(item) => item,
            Err(problem) => {
                self.fault(record.seq, &problem);
                return None;
            }
        };
        let leaves = item.leaves().unwrap_or_default();
        let hashes: Vec<[u8; 32]> = leaves.iter().map(|leaf| leaf.hash).collect();
        if leaves.len() != record.hashes.len() {
            // The places of everything behind it are not known then.
            self.fault(record.seq, "the item has another length than its record");
            return None;
        }
        let same = leaves.first().is_some_and(|leaf| {
            (leaf.seq, leaf.received_ms) == (record.seq, record.received_ms)
                && (leaf.kind, leaf.document) == (record.kind, record.document)
                && (record.kind == EntryKind::Roster || leaf.document_seq == record.document_seq)
        });
        if hashes != record.hashes || !same {
            self.fault(record.seq, "the item is not the one of its record");
        }
        for leaf in leaves {
            self.frontier.append(leaf.leaf_hash(), &mut |_, _, _| {});
        }
        Some(item)
    }

    /// Content is gone where its document was purged, and only there.
    fn compare_purges(&mut self) {
        let lost = self
            .bare
            .iter()
            .filter(|(id, _)| !self.purged.contains_key(id));
        let lost = lost.map(|(id, seq)| {
            (
                *seq,
                format!("content of document {id} is gone, which nobody purged"),
            )
        });
        let left = self
            .full
            .iter()
            .filter(|(id, _)| self.purged.contains_key(id));
        let left = left.map(|(id, seq)| {
            (
                *seq,
                format!("content of document {id} is here, which was purged"),
            )
        });
        for (seq, problem) in lost.chain(left).collect::<Vec<_>>() {
            self.fault(seq, &problem);
        }
    }

    fn gate(
        &mut self,
        runs: &mut Vec<(u64, CheckedRun)>,
        seq: u64,
        run: casework_protocol::seal::SignedRun,
    ) {
        match run.check(self.id) {
            Ok(run) => runs.push((seq, run)),
            Err(error) => self.fault(seq, &error.to_string()),
        }
    }

    fn entry(&mut self, seq: u64, proved: Result<(), casework_protocol::entry::EntryError>) {
        match proved {
            Ok(()) => self.done.entries += 1,
            Err(error) => self.fault(seq, &error.to_string()),
        }
    }

    /// Every change must be found by its hash.
    fn look_up(&mut self, log: &dyn Log, changes: &[(u64, ChangeHash)]) -> Result<(), LogError> {
        let hashes: Vec<ChangeHash> = changes.iter().map(|(_, hash)| *hash).collect();
        let known = log.lookup(self.id, &hashes, &[])?;
        for ((seq, hash), row) in changes.iter().zip(known.changes) {
            if row.is_none() {
                self.fault(*seq, &format!("change {hash} is not in the index"));
            }
        }
        Ok(())
    }

    fn fault(&mut self, seq: u64, problem: &str) {
        if self.done.faults.len() < MAX_FAULTS {
            self.done.faults.push(format!("position {seq}: {problem}"));
        }
    }
}
