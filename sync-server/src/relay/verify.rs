//! The stateless half of admission: gate layer 1 and signatures, of many requests together.
//!
//! May run on any thread. Invariant: nothing else makes a [`ProvedRequest`].

use casework_protocol::entry::EntryError;
use casework_protocol::frame::{Logged, PushItem, RefusedBecause};
use casework_protocol::ids::{DeviceId, DocumentId, WorkspaceId};
use casework_protocol::log::{ConsistencyProof, VerifiedHead};
use casework_protocol::roster::entry::RosterEntry;
use casework_protocol::seal::{CheckedRun, SealError, SignedRun, VerifiedRun};

use super::request::{
    Ask, Lost, LostWhat, Part, Proved, ProvedAsk, ProvedRequest, Request, detail,
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
    },
    Ready(ProvedAsk),
}

enum Slot {
    Pooled(usize, DocumentId),
    Ready(Proved),
}

enum LostSlot {
    Pooled {
        at: usize,
        equivocation: bool,
        place: (u64, u64, u64),
    },
    Ready(Result<Lost, String>),
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
            Ask::Restore { head, items, proof } => {
                let items = items
                    .into_iter()
                    .map(|item| self.lost(workspace, item))
                    .collect();
                Opened::Restore { head, items, proof }
            }
            Ask::Recover(head) => Opened::Ready(ProvedAsk::Recover(head)),
            Ask::Keep { document, bytes } => Opened::Ready(ProvedAsk::Keep { document, bytes }),
        }
    }

    fn add(&mut self, workspace: WorkspaceId, run: SignedRun) -> Result<usize, SealError> {
        self.runs.push(run.check(workspace)?);
        Ok(self.runs.len() - 1)
    }

    fn item(&mut self, workspace: WorkspaceId, item: PushItem) -> Slot {
        match item {
            PushItem::Run(run) => {
                let document = run.document();
                match self.add(workspace, run) {
                    Ok(at) => Slot::Pooled(at, document),
                    Err(error) => Slot::Ready(refused_run(document, &error)),
                }
            }
            PushItem::Roster(entry) => Slot::Ready(
                entry
                    .verify()
                    .map_or_else(|error| refused_entry(Part::Alone, &error), Proved::Roster),
            ),
            PushItem::Access { document, entry } => Slot::Ready(entry.verify().map_or_else(
                |error| refused_entry(Part::Access(document), &error),
                |entry| Proved::Access(document, entry),
            )),
        }
    }

    fn lost(&mut self, workspace: WorkspaceId, item: Logged) -> LostSlot {
        let seq = item.seq();
        let problem = |error: &dyn core::fmt::Display| Err(format!("position {seq}: {error}"));
        match item {
            Logged::Run(run) => {
                let place = (seq, run.document_seq, run.received_ms);
                self.add(workspace, run.run).map_or_else(
                    |error| LostSlot::Ready(problem(&error)),
                    |at| LostSlot::Pooled {
                        at,
                        equivocation: false,
                        place,
                    },
                )
            }
            Logged::Equivocation {
                document_seq,
                received_ms,
                run,
                ..
            } => {
                let place = (seq, document_seq, received_ms);
                self.add(workspace, run).map_or_else(
                    |error| LostSlot::Ready(problem(&error)),
                    |at| LostSlot::Pooled {
                        at,
                        equivocation: true,
                        place,
                    },
                )
            }
            Logged::Roster {
                received_ms, entry, ..
            } => LostSlot::Ready(entry.verify().map_or_else(
                |error| problem(&error),
                |entry: RosterEntry| {
                    let what = LostWhat::Roster(entry);
                    Ok(Lost {
                        seq,
                        document_seq: 0,
                        received_ms,
                        what,
                    })
                },
            )),
            Logged::Access {
                document_seq,
                received_ms,
                document,
                entry,
                ..
            } => LostSlot::Ready(entry.verify().map_or_else(
                |error| problem(&error),
                |entry| {
                    let what = LostWhat::Access(document, entry);
                    Ok(Lost {
                        seq,
                        document_seq,
                        received_ms,
                        what,
                    })
                },
            )),
            Logged::Withheld { .. } => LostSlot::Ready(problem(&"withheld, not restorable")),
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
                    Slot::Ready(item) => item,
                });
                ProvedAsk::Push {
                    number,
                    healing,
                    items: items.collect(),
                }
            }
            Self::Restore { head, items, proof } => {
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
                    LostSlot::Ready(item) => item,
                });
                ProvedAsk::Restore {
                    head,
                    items: items.collect(),
                    proof,
                }
            }
            Self::Ready(ask) => ask,
        }
    }
}

fn refused_run(document: DocumentId, error: &SealError) -> Proved {
    let because = match error {
        SealError::Key(_) => RefusedBecause::Signature,
        SealError::Size { .. } => RefusedBecause::TooMuch,
        _ => RefusedBecause::Gate,
    };
    Proved::Refused {
        part: Part::Run(document),
        because,
        detail: detail(error),
    }
}

fn refused_entry(part: Part, error: &EntryError) -> Proved {
    let because = match error {
        EntryError::Key(_) => RefusedBecause::Signature,
        EntryError::TooLong(_) => RefusedBecause::TooMuch,
        _ => RefusedBecause::Entry,
    };
    Proved::Refused {
        part,
        because,
        detail: detail(error),
    }
}
