//! Runs of changes: gate layer 2, citation, rights, held work, equivocation.

use casework_protocol::access::{AccessError, AccessRecord};
use casework_protocol::authority::Authority;
use casework_protocol::citation::{Citation, CitedVersion};
use casework_protocol::frame::{Answer, Logged, LoggedRun, Placed, RefusedBecause, Standing};
use casework_protocol::gate::{ChangeHeader, CheckedChange, PositionError, check_position};
use casework_protocol::ids::ChangeHash;
use casework_protocol::log::EntryKind;
use casework_protocol::rights::Verdict;
use casework_protocol::seal::{SignedRun, VerifiedRun};

use super::sight::{Sight, change_row};
use super::{Facts, Pusher, refused};
use crate::log::{ChangeRow, HeldChange, HeldRow, LogError, TipRow};
use crate::relay::pending::Placing;
use crate::relay::workspace::Workspace;
use casework_protocol::frame::encode;
use casework_protocol::frame::logged::payload_hash;

/// What became of judging a run.
pub(super) enum Judged {
    /// It can be placed, or stands already.
    Fits(Fit),
    /// It is proof that its device signed two changes for one place of the actor with this tip.
    Equivocates(TipRow),
    /// It is not placed.
    Not(Answer),
}

/// A run that can be placed, from its first change that the log does not have.
pub(in crate::relay) struct Fit {
    /// Changes at its beginning that the log has already.
    known: Vec<Placed>,
    rows: Vec<(ChangeHash, ChangeRow)>,
    held: bool,
    needs: Vec<HeldChange>,
}

impl Fit {
    /// Whether nothing is new.
    pub(super) fn is_known(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Workspace {
    pub(super) fn admit_run(
        &mut self,
        pusher: Pusher,
        run: &VerifiedRun,
        facts: &Facts,
    ) -> Result<Answer, LogError> {
        let document = run.origin().document;
        let Some(known) = self.documents.get(&document) else {
            let problem = format!("document {document} has no access record");
            return Ok(refused(RefusedBecause::UnknownDocument, &problem));
        };
        let first = self.pending.next_seq();
        let judged = self.judge_run(pusher, run, &known.access, (first, facts))?;
        Ok(self.settle_run(run, judged))
    }

    /// Does what the judgement says and answers.
    pub(super) fn settle_run(&mut self, run: &VerifiedRun, judged: Judged) -> Answer {
        match judged {
            Judged::Fits(fit) => Answer::Placed(self.place_run(run, fit)),
            Judged::Equivocates(tip) => {
                self.place_equivocation(run, tip);
                let device = run.origin().device;
                let problem = format!("device {device} signed another change for this place");
                refused(RefusedBecause::Equivocation, &problem)
            }
            Judged::Not(answer) => answer,
        }
    }

    /// Judges a run that would stand at position `first`, under this access record.
    pub(super) fn judge_run(
        &self,
        pusher: Pusher,
        run: &VerifiedRun,
        access: &AccessRecord,
        (first, facts): (u64, &Facts),
    ) -> Result<Judged, LogError> {
        let origin = run.origin();
        if !self.may_push(pusher, origin.device, access) {
            let problem = format!("{} pushes work of {}", pusher.device, origin.device);
            return Ok(Judged::Not(refused(RefusedBecause::NotYours, &problem)));
        }
        let tip = self.tip(facts, run.actor());
        let purged = access.head().purged().is_some();
        let mut known = Vec::new();
        for header in run.changes().iter().map(|change| change.header()) {
            let Some(tip) = tip.filter(|tip| header.seq <= tip.change.seq) else {
                break;
            };
            match self.known(facts, header.hash) {
                Some(row) => known.push(self.placed(header.hash, &row)?),
                None if tip.closed || purged => break,
                None => return Ok(Judged::Equivocates(tip)),
            }
        }
        let news = &run.changes()[known.len()..];
        if !news.is_empty() && purged {
            let answer = refused(RefusedBecause::Purged, &AccessError::Purged);
            return Ok(Judged::Not(answer));
        }
        if !news.is_empty() && tip.is_some_and(|tip| tip.closed) {
            let problem = format!("actor {} was closed after an equivocation", run.actor());
            return Ok(Judged::Not(refused(RefusedBecause::ActorClosed, &problem)));
        }
        let headers: Vec<&ChangeHeader> = news.iter().map(|change| change.header()).collect();
        let mut sight = Sight::new(self, facts, origin, tip);
        if let Err(answer) = self.judge_changes(&mut sight, &headers, access, first) {
            return Ok(Judged::Not(answer));
        }
        let reduced = sight.reduced;
        let rows = sight.rows;
        let needs = self.needs(&headers);
        let held = reduced || needs.iter().any(|change| !change.needs.is_empty());
        let most = self.held.most();
        if held && self.held.waiting_for(origin.device) + rows.len() > most {
            let problem = format!("more than {most} changes of the device wait");
            return Ok(Judged::Not(refused(RefusedBecause::TooMuch, &problem)));
        }
        Ok(Judged::Fits(Fit {
            known,
            rows,
            held,
            needs,
        }))
    }

    /// Judges the new changes of a run one after the other, each seeing those before it.
    fn judge_changes(
        &self,
        sight: &mut Sight<'_>,
        headers: &[&ChangeHeader],
        access: &AccessRecord,
        first: u64,
    ) -> Result<(), Answer> {
        let authority = Authority {
            roster: &self.roster,
            access,
        };
        let missing = sight.missing(headers);
        if !missing.is_empty() {
            return Err(Answer::Missing(missing));
        }
        let mut last: Option<Citation> = None;
        for (at, header) in (first..).zip(headers.iter().copied()) {
            let place = check_position(header, sight).map_err(|error| position(&error))?;
            let citation = Citation::read(&header.message)
                .map_err(|error| refused(RefusedBecause::Citation, &error))?;
            place
                .check_citation(&citation)
                .map_err(|error| refused(RefusedBecause::Citation, &error))?;
            if last != Some(citation) {
                let verdict = authority
                    .relay_verdict(&citation, sight.device, at)
                    .map_err(|fault| refused(RefusedBecause::Citation, &fault))?;
                match verdict {
                    Verdict::Allowed => {}
                    Verdict::Reduced(_) => sight.reduced = true,
                    Verdict::Denied => {
                        let problem = format!("{} does not see the document", sight.device);
                        return Err(refused(RefusedBecause::Denied, &problem));
                    }
                }
                last = Some(citation);
            }
            sight.add(header, &citation, at);
        }
        Ok(())
    }

    /// Per change, which held changes outside the run it builds on.
    fn needs(&self, headers: &[&ChangeHeader]) -> Vec<HeldChange> {
        let needs = |header: &ChangeHeader| {
            header
                .deps
                .iter()
                .copied()
                .filter(|dep| self.held.is_held(*dep))
                .collect()
        };
        headers
            .iter()
            .map(|header| HeldChange {
                hash: header.hash,
                needs: needs(header),
            })
            .collect()
    }

    /// Puts the new part of a run into the batch.
    pub(in crate::relay) fn place_run(&mut self, run: &VerifiedRun, fit: Fit) -> Vec<Placed> {
        let Fit {
            known: mut placed,
            rows,
            held,
            needs,
        } = fit;
        let news = &run.changes()[placed.len()..];
        let origin = *run.origin();
        let Some(document) = self.documents.get_mut(&origin.document) else {
            return placed;
        };
        let (Some((hash, change)), false) = (rows.last().copied(), news.is_empty()) else {
            return placed;
        };
        let (seq, received_ms) = (self.pending.next_seq(), self.pending.received_ms);
        let document_seq = document.grow(seq, news);
        let standing = if held {
            Standing::Held
        } else {
            Standing::Admitted
        };
        let run_of_news = part_of(run, news);
        let logged = LoggedRun {
            seq,
            document_seq,
            received_ms,
            standing,
            run: run_of_news,
        };
        let entry = |change: &'_ CheckedChange| *change.header().hash.as_bytes();
        let entries: Vec<([u8; 32], [u8; 32])> = news
            .iter()
            .map(|change| (entry(change), payload_hash(change.bytes())))
            .collect();
        self.pending.push(Placing {
            kind: EntryKind::Change,
            held,
            document: origin.document,
            document_seq,
            entries: &entries,
            item: encode(&Logged::Run(logged)),
        });
        if held {
            self.hold(run, seq, needs);
        }
        let tip = TipRow {
            hash,
            change,
            closed: false,
        };
        self.pending.tips.insert(run.actor(), tip);
        let numbered = (document_seq..).zip(&rows);
        placed.extend(numbered.map(|(document_seq, (_, row))| {
            let seq = row.at;
            Placed {
                seq,
                received_ms,
                held,
                document_seq,
            }
        }));
        self.pending.changes.extend(rows);
        placed
    }

    fn hold(&mut self, run: &VerifiedRun, seq: u64, changes: Vec<HeldChange>) {
        let (device, document) = (run.origin().device, run.origin().document);
        let row = HeldRow {
            seq,
            document,
            device,
            changes,
            adopted: None,
        };
        self.pending.held.push(row.clone());
        self.held.insert(row);
    }

    /// A run that stood at this position before it was lost: nothing is judged but its standing.
    pub(in crate::relay) fn refit(&self, run: &VerifiedRun, access: &AccessRecord) -> Fit {
        let authority = Authority {
            roster: &self.roster,
            access,
        };
        let (origin, first) = (run.origin(), self.pending.next_seq());
        let headers: Vec<&ChangeHeader> = run.changes().iter().map(|c| c.header()).collect();
        let (mut rows, mut held) = (Vec::new(), false);
        for (at, header) in (first..).zip(&headers) {
            let nothing = CitedVersion {
                version: 0,
                mark: [0; 8],
            };
            let citation = Citation::read(&header.message).unwrap_or(Citation {
                roster: nothing,
                access: nothing,
            });
            let verdict = authority.relay_verdict(&citation, origin.device, at);
            held |= matches!(verdict, Ok(Verdict::Reduced(_)));
            rows.push((
                header.hash,
                change_row(origin.document, header, &citation, at),
            ));
        }
        let needs = self.needs(&headers);
        held |= needs.iter().any(|change| !change.needs.is_empty());
        Fit {
            known: Vec::new(),
            rows,
            held,
            needs,
        }
    }

    /// Logs the proof of an equivocation and closes the actor.
    pub(in crate::relay) fn place_equivocation(&mut self, run: &VerifiedRun, tip: TipRow) {
        let id = run.origin().document;
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        let (seq, received_ms) = (self.pending.next_seq(), self.pending.received_ms);
        let document_seq = document.row.count;
        document.row.count += 1;
        document.row.last = seq;
        document.marks.push(seq);
        let hash = *run.tip().as_bytes();
        let run_signed = run.to_signed();
        let item = Logged::Equivocation {
            seq,
            document_seq,
            received_ms,
            run: run_signed,
        };
        self.pending.push(Placing {
            kind: EntryKind::Equivocation,
            held: false,
            document: id,
            document_seq,
            entries: &[(hash, payload_hash(&hash))],
            item: encode(&item),
        });
        self.pending.tips.insert(
            run.actor(),
            TipRow {
                closed: true,
                ..tip
            },
        );
    }
}

/// The changes at the end of a run that are new, under its signature.
fn part_of(run: &VerifiedRun, news: &[CheckedChange]) -> SignedRun {
    let origin = run.origin();
    let bytes = news.iter().map(|change| change.bytes().to_vec()).collect();
    SignedRun::from_parts(origin.document, origin.device, bytes, run.signature())
}

fn position(error: &PositionError) -> Answer {
    if let PositionError::MissingDependency(hash) = error {
        return Answer::Missing(vec![*hash]);
    }
    refused(RefusedBecause::Position, error)
}
