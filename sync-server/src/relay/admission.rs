//! Admission: what may enter the log, with which standing, and what is answered.
//!
//! ```text
//! ProvedRequest ─▶ pusher ─▶ place in the actor's chain ─▶ citation ─▶ rights ─▶ held? ─▶ pending
//! ```
//! Every arrival of an honest device gets a place; *held* is a standing. Content is never read.

mod entries;
mod runs;
mod sight;

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::access::AccessRecord;
use casework_protocol::frame::{Answer, Placed, RefusedBecause};
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId};

use super::request::{Part, Proved, detail};
use super::workspace::Workspace;
use crate::log::{ChangeRow, LogError, Record, TipRow};
use casework_protocol::seal::VerifiedRun;

/// What the log knows of the changes and actors that a push touches.
#[derive(Debug, Default)]
struct Facts {
    changes: BTreeMap<ChangeHash, ChangeRow>,
    tips: BTreeMap<ActorId, TipRow>,
}

/// Who pushes.
#[derive(Debug, Clone, Copy)]
struct Pusher {
    device: DeviceId,
    healing: bool,
}

impl Workspace {
    /// Admits the items of one push in order. What is admitted is in the batch in the making; the
    /// answers hold once it is durable.
    pub(super) fn admit(
        &mut self,
        now_ms: u64,
        device: DeviceId,
        healing: bool,
        items: Vec<Proved>,
    ) -> Result<Vec<Answer>, LogError> {
        let facts = self.gather(&items)?;
        let pusher = Pusher { device, healing };
        let mut answers = Vec::with_capacity(items.len());
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            self.receive(self.arrival_of(&item, now_ms));
            match item {
                Proved::Roster(entry) => answers.push(self.admit_roster(&entry)),
                Proved::Run(run) => answers.push(self.admit_run(pusher, &run, &facts)?),
                Proved::Access(document, entry) => {
                    let run = items.next_if(|next| next.run_of() == Some(document));
                    answers.extend(self.admit_access(pusher, (document, &entry), run, &facts)?);
                }
                Proved::Refused {
                    part,
                    because,
                    detail,
                } => {
                    answers.push(Answer::Refused(because, detail));
                    if let Part::Access(document) = part {
                        let run = items.next_if(|next| next.run_of() == Some(document));
                        answers.extend(run.map(|_| Answer::Skipped));
                    }
                }
            }
        }
        Ok(answers)
    }

    /// When an item arrives: now. A roster that comes back to a server which lost it whole is taken
    /// at its word, or an invite that was redeemed in time would have expired since.
    fn arrival_of(&self, item: &Proved, now_ms: u64) -> u64 {
        match item {
            Proved::Roster(entry) if self.is_refounded() => entry.head().claimed_ms.min(now_ms),
            Proved::Roster(_) | Proved::Run(_) | Proved::Access(..) | Proved::Refused { .. } => {
                now_ms
            }
        }
    }

    /// Looks up everything a push will be held against, in two sweeps: most changes build on their
    /// actor's tip only, and then the first sweep is all there is.
    fn gather(&self, items: &[Proved]) -> Result<Facts, LogError> {
        let runs = || {
            items.iter().filter_map(|item| match item {
                Proved::Run(run) => Some(run),
                Proved::Roster(_) | Proved::Access(..) | Proved::Refused { .. } => None,
            })
        };
        let mut facts = Facts::default();
        let named = |run: &VerifiedRun| {
            let changes = run.changes().iter();
            let others = changes.flat_map(|change| change.header().other_actors.iter().copied());
            others.chain([run.actor()]).collect::<Vec<_>>()
        };
        let actors: BTreeSet<ActorId> = runs()
            .flat_map(named)
            .filter(|a| !self.pending.tips.contains_key(a))
            .collect();
        let actors: Vec<ActorId> = actors.into_iter().collect();
        let found = self.log.lookup(self.id, &[], &actors)?.tips;
        for (actor, tip) in actors.into_iter().zip(found) {
            if let Some(tip) = tip {
                facts.changes.insert(tip.hash, tip.change);
                facts.tips.insert(actor, tip);
            }
        }
        let mut wanted = BTreeSet::new();
        let mut own = BTreeSet::new();
        for run in runs() {
            let tip = self
                .tip(&facts, run.actor())
                .map_or(0, |tip| tip.change.seq);
            for change in run.changes() {
                let header = change.header();
                wanted.extend(header.deps.iter().copied().filter(|dep| !own.contains(dep)));
                if header.seq <= tip {
                    wanted.insert(header.hash);
                } else {
                    own.insert(header.hash);
                }
            }
        }
        let known = |hash: &ChangeHash| {
            self.pending.changes.contains_key(hash) || facts.changes.contains_key(hash)
        };
        let wanted: Vec<ChangeHash> = wanted.into_iter().filter(|hash| !known(hash)).collect();
        let found = self.log.lookup(self.id, &wanted, &[])?.changes;
        let found = wanted.into_iter().zip(found);
        facts
            .changes
            .extend(found.filter_map(|(hash, row)| Some((hash, row?))));
        Ok(facts)
    }

    fn tip(&self, facts: &Facts, actor: ActorId) -> Option<TipRow> {
        self.pending
            .tips
            .get(&actor)
            .or_else(|| facts.tips.get(&actor))
            .copied()
    }

    fn known(&self, facts: &Facts, hash: ChangeHash) -> Option<ChangeRow> {
        self.pending
            .changes
            .get(&hash)
            .or_else(|| facts.changes.get(&hash))
            .copied()
    }

    /// Whether this device may push a run of that one. Only the author pushes its own work, except
    /// that whoever may see a document, as its record will stand, may heal it.
    fn may_push(&self, pusher: Pusher, author: DeviceId, access: &AccessRecord) -> bool {
        let roster = self.roster.head();
        let sees = |member| casework_protocol::access::views(roster, access.head(), member);
        let heals = pusher.healing && roster.member_of(pusher.device).is_some_and(sees);
        pusher.device == author || heals
    }

    /// Whether the device's member sees the document now.
    pub(super) fn sees(&self, device: DeviceId, document: DocumentId) -> bool {
        let roster = self.roster.head();
        match (roster.member_of(device), self.documents.get(&document)) {
            (Some(member), Some(document)) => {
                casework_protocol::access::views(roster, document.access.head(), member)
            }
            (None, _) | (_, None) => false,
        }
    }

    /// Where a known change stands; the same answer as the first time.
    fn placed(&self, hash: ChangeHash, row: &ChangeRow) -> Result<Placed, LogError> {
        let held = self.held.is_held(hash);
        let (document_seq, received_ms) = self.place_of(row.at)?;
        Ok(Placed {
            seq: row.at,
            received_ms,
            held,
            document_seq,
        })
    }

    /// The number among its document's entries of what stands at a position.
    fn document_seq(&self, at: u64) -> Result<u64, LogError> {
        Ok(self.place_of(at)?.0)
    }

    /// Number among the document's entries and received time of what stands at a position.
    fn place_of(&self, at: u64) -> Result<(u64, u64), LogError> {
        let place = |record: &Record| (record.document_seq + (at - record.seq), record.received_ms);
        if at >= self.pending.first {
            let after = self
                .pending
                .records
                .partition_point(|record| record.seq <= at);
            let record = after.checked_sub(1).map(|at| &self.pending.records[at]);
            return Ok(record.map_or((0, 0), place));
        }
        let found = self.log.read(self.id, at, 1)?;
        Ok(found
            .first()
            .filter(|record| record.seq <= at)
            .map_or((0, 0), place))
    }
}

fn refused(because: RefusedBecause, problem: &dyn core::fmt::Display) -> Answer {
    Answer::Refused(because, detail(problem))
}
