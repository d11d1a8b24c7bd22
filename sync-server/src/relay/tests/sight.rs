//! Whatever happens to rights and connections, a device ends with exactly what it may see.

use std::collections::BTreeMap;

use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::access::views;
use casework_protocol::frame::{Cursor, Logged, PushItem, Scope, ServerFrame, Start};
use casework_protocol::ids::{DocumentId, EpochId};
use casework_protocol::rights::{Scope as Where, Verb};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::following::run;
use super::stage::*;
use crate::relay::reading;

/// A device that keeps what it is sent, as a replica would.
struct Keeper {
    n: u8,
    client: Option<Client>,
    start: Start,
    documents: BTreeMap<DocumentId, BTreeMap<u64, Logged>>,
    roster: u64,
}

impl Keeper {
    fn new(n: u8) -> Self {
        let documents = BTreeMap::new();
        Self {
            n,
            client: None,
            start: Start::Nothing,
            documents,
            roster: 0,
        }
    }

    fn poll(&mut self, stage: &Stage, most: usize) {
        let frames = match &mut self.client {
            Some(client) => client.next(stage, most),
            None => {
                let mut client = stage.connect(self.n);
                client.resume(stage, self.start, None, Scope::All);
                let frames = client.next(stage, most);
                self.client = Some(client);
                frames
            }
        };
        let epoch = stage.head().head().epoch;
        for frame in frames {
            if let ServerFrame::Evict(document) = &frame {
                self.check_eviction(stage, *document);
            }
            self.take(epoch, frame);
        }
    }

    /// What it was sent until here shows that the document was taken away from it.
    fn check_eviction(&self, stage: &Stage, document: DocumentId) {
        let Some(kept) = self.documents.get(&document) else {
            return;
        };
        let entries = kept.values().filter_map(|item| match item {
            Logged::Access { seq, .. } => Some(*seq),
            _ => None,
        });
        let known: Vec<u64> = entries.collect();
        let shared = stage.shared();
        let workspace = reading(&shared);
        let access = workspace.access(document).unwrap();
        let all = access.entries().map(|(_, received)| received.seq);
        assert!(all.take(known.len()).eq(known.iter().copied()), "{known:?}");
        let access = access.in_force(known.last().unwrap() + 1);
        let roster = workspace.roster().in_force(self.roster);
        assert!(!views(roster, access, member(self.n)), "{document}");
    }

    fn take(&mut self, epoch: EpochId, frame: ServerFrame) {
        match frame {
            ServerFrame::Entries { items, upto } => {
                for item in items {
                    self.keep(item);
                }
                if upto > 0 {
                    self.start = Start::At(Cursor { epoch, seq: upto });
                }
            }
            ServerFrame::Document { below, target, .. } if self.start_is_first() => {
                self.start = Start::Partway {
                    epoch,
                    target,
                    below,
                };
            }
            ServerFrame::Evict(document) => {
                self.documents.remove(&document);
            }
            _ => {}
        }
    }

    fn start_is_first(&self) -> bool {
        !matches!(self.start, Start::At(_))
    }

    fn keep(&mut self, item: Logged) {
        let (document, number) = match &item {
            Logged::Roster { seq, .. } => {
                self.roster = self.roster.max(seq + 1);
                return;
            }
            Logged::Run(run) => (run.run.document(), run.document_seq),
            Logged::Access {
                document,
                document_seq,
                ..
            }
            | Logged::Purged {
                document,
                document_seq,
                ..
            }
            | Logged::Withheld {
                document,
                document_seq,
                ..
            } => (*document, *document_seq),
            Logged::Equivocation {
                document_seq, run, ..
            } => (run.document(), *document_seq),
        };
        // What came and went while it was away is not begun in the middle.
        let here = self.documents.contains_key(&document);
        if !here && number > 0 && matches!(item, Logged::Access { .. }) {
            return;
        }
        assert!(here || number == 0, "{document} begins at {number}");
        let kept = self.documents.entry(document).or_default();
        let better = !matches!(item, Logged::Withheld { .. });
        if better || !kept.contains_key(&number) {
            kept.insert(number, item);
        }
    }

    /// Exactly the visible documents, each whole, and nothing else.
    fn check(&self, stage: &Stage, seed: u64) {
        let shared = stage.shared();
        let workspace = reading(&shared);
        for id in workspace.documents.keys() {
            let sees = workspace.sees(device(self.n), *id);
            let kept = self.documents.get(id);
            assert_eq!(
                kept.is_some(),
                sees,
                "seed {seed}: device {} and {id}",
                self.n
            );
            let Some(kept) = kept else { continue };
            let mut next = 0;
            for (number, item) in kept {
                assert_eq!(
                    *number, next,
                    "seed {seed}: gap in {id} for device {}",
                    self.n
                );
                next += item.len();
            }
            assert_eq!(
                next, workspace.documents[id].row.count,
                "seed {seed}: {id} is cut off"
            );
            for run in workspace.held.of(*id) {
                let seen = kept
                    .values()
                    .any(|item| matches!(item, Logged::Run(_)) && item.seq() == run.seq);
                let adopts = self.n == ANA || run.device == device(self.n);
                let due = run.adopted.is_some() || adopts;
                assert_eq!(
                    seen, due,
                    "seed {seed}: held run of {id} for device {}",
                    self.n
                );
            }
        }
    }
}

/// Random work, rights that come and go, connections that break at any frame: in the end every
/// device has exactly what it may see, whole.
#[test]
fn whatever_happens_a_device_ends_with_exactly_what_it_may_see() {
    for seed in 0..60 {
        play(seed);
    }
}

fn play(seed: u64) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut stage = Stage::found();
    stage.define_role("clerk", &[(Verb::View, Where::Own)]);
    for n in 2..=3 {
        stage.join(n, &["viewer"]);
        stage.give_role(n, "clerk");
    }
    let mut pens = vec![stage.open(ANA, &[ANA, 2], dice.random())];
    let mut late: Vec<(u8, PushItem)> = Vec::new();
    let mut keepers = [Keeper::new(2), Keeper::new(3), Keeper::new(ANA)];
    for _ in 0..60 {
        let pick = dice.random_range(0..pens.len());
        let who = dice.random_range(2..=3);
        match dice.random_range(0..12) {
            0 => {
                let on: &[u8] = if dice.random() { &[ANA, 2] } else { &[ANA] };
                pens.push(stage.open(ANA, on, dice.random()));
            }
            1 => {
                let (access, mut pen) = stage.case(ANA, &[ANA], true);
                stage.push(ANA, vec![access, run(&pen.write(2))]);
                pens.push(pen);
            }
            2..=4 => {
                pens[pick].read(&stage);
                let count = dice.random_range(1..4);
                stage.push(ANA, vec![run(&pens[pick].write(count))]);
            }
            5 => {
                let body = toggle(&stage, pens[pick].document, who);
                stage.push(ANA, vec![stage.access(ANA, pens[pick].document, body)]);
            }
            6 => {
                let body = restrict(dice.random());
                stage.push(ANA, vec![stage.access(ANA, pens[pick].document, body)]);
            }
            7 => {
                stage.say(ANA, change_roles(who, &["viewer"], &[]));
            }
            8 => {
                stage.say(ANA, change_roles(who, &[], &["viewer"]));
            }
            9 => {
                let mut pen = stage.pen(who, pens[pick].document);
                late.push((who, run(&pen.write(1))));
            }
            10 if !late.is_empty() => {
                let (who, item) = late.remove(dice.random_range(0..late.len()));
                stage.push(who, vec![item]);
            }
            11 => adopt_something(&stage, pens[pick].document),
            _ => {}
        }
        for keeper in &mut keepers {
            match dice.random_range(0..6) {
                0 => keeper.client = None,
                n => keeper.poll(&stage, n),
            }
        }
    }
    for keeper in &mut keepers {
        keeper.poll(&stage, usize::MAX);
        keeper.check(&stage, seed);
        // And once more from nothing.
        let mut fresh = Keeper::new(keeper.n);
        fresh.poll(&stage, usize::MAX);
        fresh.check(&stage, seed);
    }
}

fn toggle(stage: &Stage, document: DocumentId, n: u8) -> AccessBody {
    let shared = stage.shared();
    let workspace = reading(&shared);
    let access = workspace.access(document).unwrap().head();
    if access.contains(&Principal::Member(member(n))) {
        viewers(&[], &[n])
    } else {
        viewers(&[n], &[])
    }
}

fn adopt_something(stage: &Stage, document: DocumentId) {
    let changes: Vec<_> = {
        let shared = stage.shared();
        let workspace = reading(&shared);
        let waiting = workspace
            .held
            .of(document)
            .filter(|run| run.adopted.is_none());
        waiting
            .flat_map(|run| run.changes.iter().map(|change| change.hash))
            .collect()
    };
    if !changes.is_empty() {
        stage.adopt(ANA, document, &changes);
    }
}
