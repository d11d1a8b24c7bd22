//! What documents have here beyond a server that lost something, put into runs it can take.
//!
//! Runs kept verbatim go as they came. Own changes are signed once more, cut wherever somebody
//! else's work lies between; of others, a chain goes whole under the newest signature known of it.
//! Knows nothing of positions: everything given back here arrives anew.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_protocol::frame::{DocumentHeads, Logged, LoggedRun, PushItem};
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId};
use casework_protocol::keys::Signature;
use casework_protocol::limits::{MAX_RUN_BYTES, MAX_RUN_CHANGES};
use casework_protocol::seal::{SignedRun, sign_change};

use super::document::{actor_of, author_of, change_of};
use super::rows::{Sequenced, TipRow};
use super::store::decode_row;
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};
use crate::sync::Parcel;

/// A change that the server lacks.
struct Missing {
    hash: ChangeHash,
    actor: ActorId,
    device: Option<DeviceId>,
    deps: Vec<ChangeHash>,
}

/// Changes that go out under one signature.
struct Bundled {
    run: SignedRun,
    hashes: Vec<ChangeHash>,
}

/// What one document lacks there, in causal order.
struct Lack {
    document: DocumentId,
    changes: Vec<Missing>,
    kept: Vec<SignedRun>,
}

impl Replica {
    /// What documents have here beyond the server's heads, as parcels in causal order.
    pub(super) fn beyond(&mut self, theirs: &[DocumentHeads]) -> Result<Vec<Parcel>, ReplicaFault> {
        let mut lacks = Vec::with_capacity(theirs.len());
        for heads in theirs {
            lacks.push(Lack {
                document: heads.document,
                changes: self.missing_there(heads)?,
                kept: Vec::new(),
            });
        }
        self.find_kept(&mut lacks)?;
        let mut parcels = Vec::new();
        for (heads, lack) in theirs.iter().zip(lacks) {
            let items = self.access_beyond(heads)?.into_iter();
            let runs = self.runs_of(lack)?.into_iter().map(PushItem::Run);
            parcels.extend(items.chain(runs).map(|item| Parcel {
                rows: Vec::new(),
                item,
            }));
        }
        Ok(parcels)
    }

    fn access_beyond(&self, theirs: &DocumentHeads) -> Result<Vec<PushItem>, ReplicaFault> {
        let document = theirs.document;
        let mut items = Vec::new();
        self.store
            .scan(Table::Access, document.as_bytes(), |key, value| {
                if tables::last_number(key) > theirs.access {
                    let entry = decode_row::<Sequenced>(Table::Access, value)?.entry;
                    items.push(PushItem::Access { document, entry });
                }
                Ok(true)
            })?;
        Ok(items)
    }

    /// The changes of a document that are not behind the server's heads, in causal order.
    fn missing_there(&mut self, theirs: &DocumentHeads) -> Result<Vec<Missing>, ReplicaFault> {
        let automerge = match self.document(theirs.document) {
            Ok(document) => &document.automerge,
            Err(ReplicaFault::Document(_)) => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        };
        let known: Vec<automerge::ChangeHash> = theirs
            .heads
            .iter()
            .map(|hash| automerge::ChangeHash(*hash.as_bytes()))
            .filter(|hash| automerge.get_change_meta_by_hash(hash).is_some())
            .collect();
        let missing = automerge.get_changes_meta(&known);
        let missing = missing.iter().filter_map(|meta| {
            Some(Missing {
                hash: ChangeHash::new(meta.hash.0),
                actor: actor_of(&meta.actor)?,
                device: author_of(automerge, &meta.actor),
                deps: meta.deps.iter().map(|dep| ChangeHash::new(dep.0)).collect(),
            })
        });
        Ok(missing.collect())
    }

    /// Finds the runs kept verbatim whose newest change is missing, in one walk over the log.
    fn find_kept(&self, lacks: &mut [Lack]) -> Result<(), ReplicaFault> {
        let wanted: BTreeMap<ChangeHash, usize> = lacks
            .iter()
            .enumerate()
            .flat_map(|(at, lack)| lack.changes.iter().map(move |change| (change.hash, at)))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        self.store.scan(Table::Log, &[], |_, value| {
            if let Logged::Run(LoggedRun { run, .. }) = decode_row(Table::Log, value)?
                && let Some((tip, _)) = run.claimed_hashes().as_deref().and_then(<[_]>::last)
                && let Some(at) = wanted.get(tip)
                && lacks[*at].document == run.document()
            {
                lacks[*at].kept.push(run);
            }
            Ok(true)
        })?;
        Ok(())
    }

    fn runs_of(&mut self, lack: Lack) -> Result<Vec<SignedRun>, ReplicaFault> {
        if lack.changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut bundled: Vec<Bundled> = lack.kept.into_iter().filter_map(Bundled::kept).collect();
        let covered: BTreeSet<ChangeHash> = bundled
            .iter()
            .flat_map(|bundled| bundled.hashes.iter().copied())
            .collect();
        let signed = self.signed_tips(lack.document)?;
        let (device, key) = (self.device(), self.identity.key.clone());
        let workspace = self.workspace();
        let automerge = &self.document(lack.document)?.automerge;
        let rest: Vec<&Missing> = lack
            .changes
            .iter()
            .filter(|change| !covered.contains(&change.hash))
            .collect();
        let sign = |hash| sign_change(key.as_ref(), workspace, lack.document, hash);
        for part in own_parts(&lack.changes, &rest, device) {
            let signature = part.last().map(|last| sign(last.hash));
            bundled.extend(signature.and_then(|by| bundle(automerge, lack.document, &part, by)));
        }
        for (actor, (hash, signature)) in signed {
            let chain = chain_to(&rest, actor, hash);
            let theirs = chain.first().is_some_and(|c| c.device != Some(device));
            if theirs {
                bundled.extend(bundle(automerge, lack.document, &chain, signature));
            }
        }
        Ok(in_causal_order(bundled, &lack.changes, device))
    }

    fn signed_tips(
        &self,
        id: DocumentId,
    ) -> Result<BTreeMap<ActorId, (ChangeHash, Signature)>, ReplicaFault> {
        let mut tips = BTreeMap::new();
        self.store.scan(Table::Tips, id.as_bytes(), |key, value| {
            let row: TipRow = decode_row(Table::Tips, value)?;
            if let (Some(actor), Some(signed)) = (tables::actor_of(key), row.signed) {
                tips.insert(actor, signed);
            }
            Ok(true)
        })?;
        Ok(tips)
    }
}

impl Bundled {
    fn kept(run: SignedRun) -> Option<Self> {
        let hashes = run.claimed_hashes()?;
        let hashes = hashes.iter().map(|(hash, _)| *hash).collect();
        Some(Self { run, hashes })
    }
}

/// Own changes in parts that a server can take one after the other: a part ends where another
/// change stands between.
fn own_parts<'a>(
    all: &'a [Missing],
    rest: &[&'a Missing],
    device: DeviceId,
) -> Vec<Vec<&'a Missing>> {
    let open: BTreeSet<ChangeHash> = rest.iter().map(|change| change.hash).collect();
    let mut parts: Vec<Vec<&Missing>> = Vec::new();
    let mut last: Option<&Missing> = None;
    for change in all {
        let own = change.device == Some(device) && open.contains(&change.hash);
        if own {
            let follows = last.is_some_and(|last| last.actor == change.actor);
            match parts.last_mut() {
                Some(part) if follows && part.len() < MAX_RUN_CHANGES => part.push(change),
                Some(_) | None => parts.push(vec![change]),
            }
        }
        last = own.then_some(change);
    }
    parts
}

/// The missing changes of an actor up to a signed one; none when that is not missing.
fn chain_to<'a>(rest: &[&'a Missing], actor: ActorId, signed: ChangeHash) -> Vec<&'a Missing> {
    let chain: Vec<&Missing> = rest.iter().copied().filter(|c| c.actor == actor).collect();
    let end = chain.iter().position(|change| change.hash == signed);
    chain[..end.map_or(0, |end| end + 1)].to_vec()
}

/// A run of changes out of the document; `None` when they are more than one signature may cover.
fn bundle(
    automerge: &Automerge,
    document: DocumentId,
    part: &[&Missing],
    signature: Signature,
) -> Option<Bundled> {
    let device = part.first()?.device?;
    let changes = part
        .iter()
        .map(|change| Some(change_of(automerge, change.hash)?.raw_bytes().to_vec()))
        .collect::<Option<Vec<_>>>()?;
    let bytes: usize = changes.iter().map(Vec::len).sum();
    (changes.len() <= MAX_RUN_CHANGES && bytes <= MAX_RUN_BYTES).then(|| Bundled {
        run: SignedRun::from_parts(document, device, changes, signature),
        hashes: part.iter().map(|change| change.hash).collect(),
    })
}

/// Runs in an order in which each builds only on earlier ones and on what the server has. Chains of
/// others that build on each other in a circle, each under one signature only, stay here: their
/// authors can cut them. Own ones behind such a chain go last; the server says what they miss, and
/// they go again when something was read.
fn in_causal_order(bundled: Vec<Bundled>, all: &[Missing], own: DeviceId) -> Vec<SignedRun> {
    let mut deps: BTreeMap<ChangeHash, &[ChangeHash]> = BTreeMap::new();
    for change in all {
        deps.insert(change.hash, &change.deps);
    }
    let (mut sent, mut runs, mut waiting) = (BTreeSet::new(), Vec::new(), bundled);
    loop {
        let before = waiting.len();
        let mut later = Vec::new();
        for next in waiting {
            let within: BTreeSet<ChangeHash> = next.hashes.iter().copied().collect();
            let needs = next.hashes.iter().filter_map(|hash| deps.get(hash));
            let ready = needs
                .copied()
                .flatten()
                .all(|dep| !deps.contains_key(dep) || sent.contains(dep) || within.contains(dep));
            if ready {
                sent.extend(within);
                runs.push(next.run);
            } else {
                later.push(next);
            }
        }
        if later.is_empty() || later.len() == before {
            let later = later.into_iter().map(|bundled| bundled.run);
            runs.extend(later.filter(|run| run.device() == own));
            return runs;
        }
        waiting = later;
    }
}
