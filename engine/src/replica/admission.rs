//! Admission: which received changes become part of a document, and why the others do not.
//!
//! A pure function of the change, the case at the change's dependencies, the roster, the access
//! record, the cited revision, the log position and the claimed time; never of the local clock,
//! later changes or other documents. So replicas with the same log admit the same changes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_protocol::access::AccessRecord;
use casework_protocol::authority::{Authority, CitationFault};
use casework_protocol::citation::Citation;
use casework_protocol::gate::{
    ActorTip, ChangeHeader, ChangeIndex, CheckedChange, IndexedChange, PositionError, Positioned,
    check_position,
};
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId, MemberId};
use casework_protocol::keys::Signature;
use casework_protocol::rights::Verdict;
use casework_protocol::roster::Roster;

use super::asked::asking;
use super::document::author_of;
use super::rows::{Arrived, Aside, TipRow};
use super::stage_roles::{Revisions, works_in};
use super::store::{Store, Writes, decode_row};
use super::tables::{self, Table};
use crate::case::{Batch, Message, Needed, OnlyBy, Shaped, ShapedAct, only_by};

/// A received change whose bytes and author are proved.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) change: CheckedChange,
    pub(super) device: DeviceId,
    /// The newest change of its run and the signature over that.
    pub(super) signed: Option<(ChangeHash, Signature)>,
    pub(super) arrived: Option<Arrived>,
    /// The relay holds it.
    pub(super) held: bool,
}

/// All that a verdict may depend on besides the change and its document.
pub(super) struct Judging<'a> {
    pub(super) store: &'a Store,
    /// What is about to be written.
    pub(super) pending: &'a Writes,
    pub(super) document: DocumentId,
    pub(super) roster: &'a Roster,
    pub(super) record: &'a AccessRecord,
}

/// The changes of a document and of the batch on its way into it, by hash and by actor.
pub(super) struct Index<'a> {
    pub(super) judging: &'a Judging<'a>,
    automerge: &'a Automerge,
    batch: BTreeMap<ChangeHash, IndexedChange>,
    devices: BTreeMap<ActorId, DeviceId>,
    tips: RefCell<BTreeMap<ActorId, Option<ActorTip>>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(judging: &'a Judging<'a>, automerge: &'a Automerge) -> Self {
        Self {
            judging,
            automerge,
            batch: BTreeMap::new(),
            devices: BTreeMap::new(),
            tips: RefCell::default(),
        }
    }

    /// Whether the document or the batch has a change.
    pub(super) fn holds(&self, hash: ChangeHash) -> bool {
        self.change(hash).is_some()
    }

    /// Adds a change that was judged fit.
    pub(super) fn take(&mut self, header: &ChangeHeader, citation: Citation, device: DeviceId) {
        let (actor, seq, max_op) = (header.actor, header.seq, header.max_op());
        self.devices.insert(actor, device);
        self.batch.insert(
            header.hash,
            IndexedChange {
                actor,
                seq,
                max_op,
                citation,
            },
        );
        let tip = ActorTip {
            seq,
            hash: header.hash,
            max_op,
        };
        self.tips.get_mut().insert(actor, Some(tip));
    }

    /// The member behind an actor of the document or the batch: a device never changes hands.
    fn member_of(&self, actor: ActorId) -> Option<MemberId> {
        let named = || {
            let actor = automerge::ActorId::from(actor.as_bytes().as_slice());
            author_of(self.automerge, &actor)
        };
        let device = self.devices.get(&actor).copied().or_else(named)?;
        self.judging.member_of(device)
    }
}

impl Judging<'_> {
    pub(super) fn member_of(&self, device: DeviceId) -> Option<MemberId> {
        Some(self.roster.head().device(device)?.member)
    }
}

impl ChangeIndex for Index<'_> {
    fn change(&self, hash: ChangeHash) -> Option<IndexedChange> {
        if let Some(found) = self.batch.get(&hash) {
            return Some(*found);
        }
        let meta = self
            .automerge
            .get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes()))?;
        Some(IndexedChange {
            actor: ActorId::from_slice(meta.actor.to_bytes())?,
            seq: u32::try_from(meta.seq).ok()?,
            max_op: u32::try_from(meta.max_op).ok()?,
            citation: Citation::read(meta.message.as_deref()?).ok()?,
        })
    }

    fn tip(&self, actor: ActorId) -> Option<ActorTip> {
        if let Some(tip) = self.tips.borrow().get(&actor) {
            return *tip;
        }
        let key = tables::document_actor(self.judging.document, actor);
        // A row that cannot be read counts as none: the position check then refuses, never admits.
        let row: Option<TipRow> = match self.judging.pending.pending(Table::Tips, &key) {
            Some(row) => row.and_then(|row| decode_row(Table::Tips, row).ok()),
            None => self
                .judging
                .store
                .get_cbor(Table::Tips, &key)
                .ok()
                .flatten(),
        };
        let tip = row.map(|row| ActorTip {
            seq: row.seq,
            hash: row.hash,
            max_op: row.max_op,
        });
        self.tips.borrow_mut().insert(actor, tip);
        tip
    }

    fn numbered(&self, actor: ActorId, seq: u32) -> Option<ChangeHash> {
        self.batch
            .iter()
            .find(|(_, change)| change.actor == actor && change.seq == seq)
            .map(|(hash, _)| *hash)
            .or_else(|| {
                self.automerge
                    .get_changes_meta(&[])
                    .iter()
                    .find(|m| m.seq == u64::from(seq) && m.actor.to_bytes() == actor.as_bytes())
                    .map(|meta| ChangeHash::new(meta.hash.0))
            })
    }
}

/// Where a change stands in the history.
pub(super) struct Place(Positioned);

impl Place {
    /// Checks that it cites no less than the changes it builds on.
    pub(super) fn judge(&self, message: &Message) -> Result<(), Aside> {
        self.0
            .check_citation(&message.citation)
            .map_err(|error| Aside::Quarantined(error.to_string()))
    }
}

/// Finds the place of a change in the history. `aside` says why others of its document are not
/// admitted.
pub(super) fn place(
    index: &Index<'_>,
    aside: &BTreeMap<ChangeHash, Aside>,
    change: &ChangeHeader,
) -> Result<Place, Aside> {
    // A dependency that lies aside speaks for itself, whatever else is missing.
    if let Some(dep) = change.deps.iter().find(|dep| aside.contains_key(*dep)) {
        return Err(Aside::Dependent(*dep));
    }
    check_position(change, index).map(Place).map_err(|error| {
        let missing = matches!(
            error,
            PositionError::MissingDependency(_) | PositionError::SequenceGap { .. }
        );
        let what = error.to_string();
        if missing {
            Aside::Waiting(what)
        } else {
            Aside::Quarantined(what)
        }
    })
}

/// Whose change it is and where it came to stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) hash: ChangeHash,
    pub(super) device: DeviceId,
    pub(super) arrived: Option<Arrived>,
    /// The relay holds it.
    pub(super) held: bool,
}

impl Incoming {
    pub(super) fn standing(&self) -> Standing {
        let Self {
            change,
            device,
            arrived,
            held,
            ..
        } = self;
        Standing {
            hash: change.header().hash,
            device: *device,
            arrived: *arrived,
            held: *held,
        }
    }
}

/// What is one member's alone may be done by that member only, on whatever device: editing the own
/// comment, giving the own vote.
pub(super) fn judge_authorship(
    index: &Index<'_>,
    batch: &Batch<'_>,
    shaped: &Shaped,
    device: DeviceId,
) -> Result<(), Aside> {
    let ShapedAct::Case(act) = shaped.act() else {
        return Ok(());
    };
    let past = batch
        .past_of(shaped.change().deps())
        .map_err(|missing| Aside::Waiting(missing.to_string()))?;
    let author = index.judging.member_of(device);
    let why = match only_by(&past, &act.action) {
        OnlyBy::Anyone => return Ok(()),
        OnlyBy::Member(member) if author == Some(member) => return Ok(()),
        OnlyBy::Member(member) => format!("only {member} may do this"),
        OnlyBy::Writers { of, actors } => {
            let own = |actor| index.member_of(actor) == author;
            if actors.into_iter().all(own) {
                return Ok(());
            }
            format!("it edits comment {of}, which another member wrote")
        }
    };
    Err(Aside::Quarantined(why))
}

/// What an act claims about its author and about who holds which seat must be so.
pub(super) fn judge_claims(
    index: &Index<'_>,
    shaped: &Shaped,
    device: DeviceId,
) -> Result<(), Aside> {
    let claims = shaped.claims();
    let author = index.judging.member_of(device);
    if claims
        .barred
        .iter()
        .any(|actor| index.member_of(*actor) == author)
    {
        let why = "its author made what it agrees to".to_owned();
        return Err(Aside::Quarantined(why));
    }
    let Some((seats, voters)) = &claims.electorate else {
        return Ok(());
    };
    let roster = index.judging.roster;
    let cited = roster.cited(shaped.message().citation.roster);
    let seen = cited.ok().and_then(|version| roster.at(version));
    let seen = seen.ok_or_else(|| Aside::Waiting("the roster it cites is not here".to_owned()))?;
    let holders = seats.iter().flat_map(|seat| seat.holders(seen));
    if holders.collect::<BTreeSet<MemberId>>() == *voters {
        Ok(())
    } else {
        let why = "the members it asks are not those who hold the seats".to_owned();
        Err(Aside::Quarantined(why))
    }
}

/// Whether the author had the right to this, from the versions it cites to its arrival, and whether
/// its role may work in that stage, by the cited revision and by the newest one before its arrival.
pub(super) fn judge_rights(
    (roster, record): (&Roster, &AccessRecord),
    standing: Standing,
    citation: &Citation,
    (needed, revisions): (&[Needed], &Revisions),
) -> Result<(), Aside> {
    let authority = Authority {
        roster,
        access: record,
    };
    let arrival = standing.arrived.map_or(u64::MAX, |arrived| arrived.seq);
    let device = standing.device;
    let asked = asking(needed);
    let verdict = authority
        .verdict(citation, arrival, |state| {
            state.allows(device, &asked)
                && works_in(revisions.cited.as_deref(), state, device, needed)
        })
        .map_err(unciteable)?;
    let by_newest = || {
        let state = authority.in_force(arrival);
        works_in(revisions.newest.as_deref(), &state, device, needed)
    };
    let reduced = match verdict {
        Verdict::Allowed => standing.held || !by_newest(),
        Verdict::Reduced(_) => true,
        Verdict::Denied => {
            return Err(Aside::Quarantined(
                "its author had no right to it".to_owned(),
            ));
        }
    };
    if reduced && authority.adopted(standing.hash).is_none() {
        Err(Aside::Held)
    } else {
        Ok(())
    }
}

fn unciteable(fault: CitationFault) -> Aside {
    let what = fault.to_string();
    if matches!(fault, CitationFault::Unknown { .. }) {
        Aside::Waiting(what)
    } else {
        Aside::Quarantined(what)
    }
}
