//! The stateless half of admission: gate layer 1 and signatures, of many requests together.
//!
//! May run on any thread. Invariant: nothing else makes a [`ProvedRequest`].

use std::collections::BTreeSet;

use casework_protocol::entry::EntryError;
use casework_protocol::frame::{Logged, PushItem, RefusedBecause};
use casework_protocol::ids::{DeviceId, DocumentId, WorkspaceId};
use casework_protocol::log::{ConsistencyProof, VerifiedHead};
use casework_protocol::seal::{CheckedRun, SealError, SignedRun, VerifiedRun};

use super::request::{
    Ask, Brought, Lost, LostWhat, Part, Proved, ProvedAsk, ProvedRequest, Request, detail,
};

/// How many signatures a request takes, to fill a batch.
#[must_use]
pub fn weight(request: &Request) -> usize {
    match &request.ask {
        Ask::Push { items, .. } => items.len().max(1),
        Ask::Restore { items, .. } => items.len().max(1),
        Ask::Recover(_) | Ask::Keep { .. } => 1,
    }
}

/// Passes everything through the gate and checks all signatures together.
#[must_use]
pub fn verify(requests: Vec<Request>) -> Vec<ProvedRequest> {
    let mut pool = Pool::default();
    let opened: Vec<(WorkspaceId, DeviceId, Opened)> = requests
        .into_iter()
        .map(|request| {
            let opened = pool.open(request.workspace, request.ask);
            (request.workspace, request.device, opened)
        })
        .collect();
    let mut results = pool.verify();
    opened
        .into_iter()
        .map(|(workspace, device, opened)| {
            let ask = opened.close(&mut results);
            ProvedRequest {
                workspace,
                device,
                ask,
            }
        })
        .collect()
}

/// Runs that wait for the common check of their signatures.
#[derive(Default)]
struct Pool {
    runs: Vec<CheckedRun>,
}

/// A request with places for the runs in the pool.
enum Opened {
    Push {
        number: u64,
        healing: bool,
        items: Vec<Slot>,
    },
    Restore {
        head: VerifiedHead,
        items: Vec<LostSlot>,
        proof: Option<ConsistencyProof>,
        purged: Result<BTreeSet<DocumentId>, String>,
    },
    Ready(ProvedAsk),
}

enum Slot {
    Pooled(usize, DocumentId),
    Ready(Box<Proved>),
}

enum LostSlot {
    Pooled {
        at: usize,
        equivocation: bool,
        place: (u64, u64, u64),
    },
    Ready(Box<Result<Lost, String>>),
}

type Results = Vec<Option<Result<VerifiedRun, SealError>>>;

impl Pool {
    fn open(&mut self, workspace: WorkspaceId, ask: Ask) -> Opened {
        match ask {
            Ask::Push {
                number,
                healing,
                items,
            } => {
                let items = items
                    .into_iter()
                    .map(|item| self.item(workspace, item))
                    .collect();
                Opened::Push {
                    number,
                    healing,
                    items,
                }
            }
            Ask::Restore {
                head,
                items,
                proof,
                purges,
            } => {
                let items = items
                    .into_iter()
                    .map(|item| self.lost(workspace, item))
                    .collect();
                let purged = purges.iter().map(|purge| purge.verify(&head)).collect();
                Opened::Restore {
                    head,
                    items,
                    proof,
                    purged,
                }
            }
            Ask::Recover(head) => Opened::Ready(ProvedAsk::Recover(head)),
            Ask::Keep {
                document,
                bytes,
                room,
            } => Opened::Ready(ProvedAsk::Keep {
                document,
                bytes,
                room,
            }),
        }
    }

    fn add(&mut self, workspace: WorkspaceId, run: SignedRun) -> Result<usize, SealError> {
        self.runs.push(run.check(workspace)?);
        Ok(self.runs.len() - 1)
    }

    fn item(&mut self, workspace: WorkspaceId, item: PushItem) -> Slot {
        let proved = match item {
            PushItem::Run(run) => {
                let document = run.document();
                match self.add(workspace, run) {
                    Ok(at) => return Slot::Pooled(at, document),
                    Err(error) => refused_run(document, &error),
                }
            }
            PushItem::Roster(entry) => match entry.verify() {
                Ok(entry) => Proved::Roster(entry),
                Err(error) => refused_entry(Part::Alone, &error),
            },
            PushItem::Access { document, entry } => match entry.verify() {
                Ok(entry) => Proved::Access(document, entry),
                Err(error) => refused_entry(Part::Access(document), &error),
            },
        };
        Slot::Ready(Box::new(proved))
    }

    fn lost(&mut self, workspace: WorkspaceId, item: Logged) -> LostSlot {
        let seq = item.seq();
        self.try_lost(workspace, item)
            .unwrap_or_else(|problem| LostSlot::Ready(Box::new(Err(format!("{seq}: {problem}")))))
    }

    fn try_lost(&mut self, workspace: WorkspaceId, item: Logged) -> Result<LostSlot, String> {
        let (seq, received_ms) = (item.seq(), item.received_ms());
        let ready = |document_seq, what| {
            LostSlot::Ready(Box::new(Ok(Lost {
                seq,
                document_seq,
                received_ms,
                what,
            })))
        };
        let text = |error: EntryError| error.to_string();
        let mut pool = |run, document_seq, equivocation| {
            let at = self
                .add(workspace, run)
                .map_err(|error| error.to_string())?;
            Ok(LostSlot::Pooled {
                at,
                equivocation,
                place: (seq, document_seq, received_ms),
            })
        };
        match item {
            Logged::Run(logged) => pool(logged.run, logged.document_seq, false),
            Logged::Equivocation {
                document_seq, run, ..
            } => pool(run, document_seq, true),
            Logged::Roster { entry, .. } => {
                Ok(ready(0, LostWhat::Roster(entry.verify().map_err(text)?)))
            }
            Logged::Access {
                document_seq,
                document,
                entry,
                ..
            } => {
                let entry = entry.verify().map_err(text)?;
                Ok(ready(document_seq, LostWhat::Access(document, entry)))
            }
            Logged::Purged {
                document,
                document_seq,
                kind,
                entries,
                ..
            } => Ok(ready(document_seq, LostWhat::Bare(document, kind, entries))),
            Logged::Withheld { .. } => Err("withheld, so it cannot be brought back".to_owned()),
        }
    }

    fn verify(self) -> Results {
        CheckedRun::verify_all(self.runs)
            .into_iter()
            .map(|result| Some(result.map_err(SealError::Key)))
            .collect()
    }
}

impl Opened {
    fn close(self, results: &mut Results) -> ProvedAsk {
        let mut take = |at: usize| {
            results
                .get_mut(at)
                .and_then(Option::take)
                .expect("each pooled run is taken once")
        };
        match self {
            Self::Push {
                number,
                healing,
                items,
            } => {
                let items = items.into_iter().map(|slot| match slot {
                    Slot::Pooled(at, document) => {
                        take(at).map_or_else(|error| refused_run(document, &error), Proved::Run)
                    }
                    Slot::Ready(item) => *item,
                });
                ProvedAsk::Push {
                    number,
                    healing,
                    items: items.collect(),
                }
            }
            Self::Restore {
                head,
                items,
                proof,
                purged,
            } => {
                let items = items.into_iter().map(|slot| match slot {
                    LostSlot::Pooled {
                        at,
                        equivocation,
                        place,
                    } => {
                        let (seq, document_seq, received_ms) = place;
                        let run = take(at).map_err(|error| format!("position {seq}: {error}"))?;
                        let what = if equivocation {
                            LostWhat::Equivocation(run)
                        } else {
                            LostWhat::Run(run)
                        };
                        Ok(Lost {
                            seq,
                            document_seq,
                            received_ms,
                            what,
                        })
                    }
                    LostSlot::Ready(item) => *item,
                });
                let items = items.collect::<Result<_, String>>();
                let (items, purged) = match (items, purged) {
                    (Ok(items), Ok(purged)) => (Ok(items), purged),
                    (Err(problem), _) | (_, Err(problem)) => (Err(problem), BTreeSet::new()),
                };
                let brought = Brought {
                    items,
                    proof,
                    purged,
                };
                ProvedAsk::Restore { head, brought }
            }
            Self::Ready(ask) => ask,
        }
    }
}

fn refused_run(document: DocumentId, error: &SealError) -> Proved {
    let because = if matches!(error, SealError::Key(_)) {
        RefusedBecause::Signature
    } else if matches!(error, SealError::Size { .. }) {
        RefusedBecause::TooMuch
    } else {
        RefusedBecause::Gate
    };
    Proved::Refused {
        part: Part::Run(document),
        because,
        detail: detail(error),
    }
}

fn refused_entry(part: Part, error: &EntryError) -> Proved {
    let because = if matches!(error, EntryError::Key(_)) {
        RefusedBecause::Signature
    } else if matches!(error, EntryError::TooLong(_)) {
        RefusedBecause::TooMuch
    } else {
        RefusedBecause::Entry
    };
    Proved::Refused {
        part,
        because,
        detail: detail(error),
    }
}
