//! The receiver's half: the loaded document must have the history that the relay vouched for.
//!
//! Whether each change was within its author's rights is judged afterwards, and that every actor
//! of the document is vouched for by a leaf signature needs the change graph: both are the
//! engine's.
//! Invariant: only [`VouchedBundle::prove`] makes a [`ProvedBundle`].

use std::collections::BTreeSet;

use super::arrivals::Arrival;
use super::countersigned::VouchedBundle;
use super::history::{Audience, Landed, history_digest};
use super::{Aside, Bundle, BundleError, LeafSignature};
use crate::gate::Origin;
use crate::ids::{ChangeHash, DeviceId, DocumentId};
use crate::keys::{Claim, verify_batch};
use crate::seal::{CheckedRun, SealError, SignedRun, VerifiedRun, change_claim};

/// A bundle that has exactly the history the relay vouched for, with every signature in it checked.
#[derive(Debug, Clone)]
pub struct ProvedBundle {
    bundle: Bundle,
    aside: Vec<ProvedAside>,
    landed: Vec<Landed>,
}

/// Changes of the history that are not in the document.
#[derive(Debug, Clone)]
pub enum ProvedAside {
    /// Not admitted by the maker's replica; to be judged like any arriving run.
    Run(VerifiedRun),
    /// Held by the relay, which alone decides who gets their content.
    Withheld {
        /// Who wrote them, as the maker says: not proved.
        device: DeviceId,
        /// The changes.
        changes: Vec<ChangeHash>,
    },
}

impl VouchedBundle {
    /// Proves the history: `admitted` are the hashes of all changes of the loaded document, in the
    /// order in which it stores them.
    ///
    /// # Errors
    /// [`BundleError`] when a change was omitted, added, hidden, or given another place or time,
    /// or when a signature does not hold.
    pub fn prove(self, admitted: &[ChangeHash]) -> Result<ProvedBundle, BundleError> {
        let Self(mut bundle) = self;
        check_leaves(&bundle, admitted)?;
        let aside = check_aside(&mut bundle)?;
        let open = admitted.iter().map(|hash| (*hash, Audience::Everyone));
        let changes = open
            .chain(aside.iter().flat_map(ProvedAside::changes))
            .collect();
        let landed = land(&bundle, changes)?;
        if history_digest(&landed) != bundle.digest {
            let Bundle { document, upto, .. } = bundle;
            return Err(BundleError::OtherHistory { document, upto });
        }
        Ok(ProvedBundle {
            bundle,
            aside,
            landed,
        })
    }
}

impl ProvedBundle {
    /// The document it is about.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.bundle.document
    }

    /// The position it reaches to: catching up goes on from here.
    #[must_use]
    pub fn upto(&self) -> u64 {
        self.bundle.upto
    }

    /// Every change of the document and aside with its place, in log order.
    #[must_use]
    pub fn landed(&self) -> &[Landed] {
        &self.landed
    }

    /// What is not in the document.
    #[must_use]
    pub fn aside(&self) -> &[ProvedAside] {
        &self.aside
    }

    /// The signatures that vouch for the document, to be kept with it.
    #[must_use]
    pub fn leaves(&self) -> &[LeafSignature] {
        &self.bundle.leaves
    }

    /// The saved document.
    #[must_use]
    pub fn into_save(self) -> Vec<u8> {
        self.bundle.save
    }
}

/// Every leaf signature holds, and is over a change of the document.
fn check_leaves(bundle: &Bundle, admitted: &[ChangeHash]) -> Result<(), BundleError> {
    let known: BTreeSet<ChangeHash> = admitted.iter().copied().collect();
    let claim = |leaf: &LeafSignature| -> Result<Claim, BundleError> {
        let LeafSignature {
            device,
            tip,
            signature,
        } = *leaf;
        let (workspace, document) = (bundle.workspace, bundle.document);
        let origin = Origin {
            workspace,
            document,
            device,
        };
        known.get(&tip).ok_or(BundleError::UnknownTip(tip))?;
        Ok(change_claim(&origin, tip, signature))
    };
    let claims = bundle
        .leaves
        .iter()
        .map(claim)
        .collect::<Result<Vec<Claim>, _>>()?;
    for (leaf, result) in bundle.leaves.iter().zip(verify_batch(&claims)) {
        result.map_err(|error| BundleError::Tip {
            tip: leaf.tip,
            error,
        })?;
    }
    Ok(())
}

impl ProvedAside {
    fn changes(&self) -> Vec<(ChangeHash, Audience)> {
        match self {
            Self::Run(run) => run
                .changes()
                .iter()
                .map(|one| (one.header().hash, Audience::Everyone))
                .collect(),
            Self::Withheld { changes, .. } => changes
                .iter()
                .map(|hash| (*hash, Audience::Adopters))
                .collect(),
        }
    }
}

/// Every run aside passes the gate, is of this document and really signed.
fn check_aside(bundle: &mut Bundle) -> Result<Vec<ProvedAside>, BundleError> {
    let aside = core::mem::take(&mut bundle.aside);
    let mut runs: Vec<CheckedRun> = Vec::new();
    let mut places: Vec<Option<ProvedAside>> = Vec::new();
    for (index, one) in aside.into_iter().enumerate() {
        places.push(match one {
            Aside::Withheld { device, changes } => Some(ProvedAside::Withheld { device, changes }),
            Aside::Run(run) => {
                runs.push(check_run(bundle, index, run)?);
                None
            }
        });
    }
    let mut verified = CheckedRun::verify_all(runs).into_iter();
    let fill = |(index, place): (usize, Option<ProvedAside>)| match place {
        Some(withheld) => Ok(withheld),
        None => verified
            .next()
            .expect("one verdict per run")
            .map(ProvedAside::Run)
            .map_err(|key| BundleError::Aside {
                index,
                error: SealError::Key(key),
            }),
    };
    places.into_iter().enumerate().map(fill).collect()
}

fn check_run(bundle: &Bundle, index: usize, run: SignedRun) -> Result<CheckedRun, BundleError> {
    let document = run.document();
    if document != bundle.document {
        return Err(BundleError::AsideElsewhere { index, document });
    }
    run.check(bundle.workspace)
        .map_err(|error| BundleError::Aside { index, error })
}

/// Pairs changes with their arrivals and puts them into log order.
fn land(bundle: &Bundle, changes: Vec<(ChangeHash, Audience)>) -> Result<Vec<Landed>, BundleError> {
    let Bundle { upto, arrivals, .. } = bundle;
    if arrivals.len() != changes.len() {
        return Err(BundleError::Count {
            arrivals: arrivals.len(),
            changes: changes.len(),
        });
    }
    let mut landed: Vec<Landed> = changes
        .into_iter()
        .zip(arrivals)
        .map(|((hash, audience), arrival)| Landed {
            hash,
            arrival: *arrival,
            audience,
        })
        .collect();
    landed.sort_by_key(|landed| landed.arrival.seq);
    let mut next = 0;
    for Landed {
        arrival: Arrival { seq, .. },
        ..
    } in &landed
    {
        if *seq < next || seq >= upto {
            return Err(BundleError::Position {
                seq: *seq,
                upto: *upto,
            });
        }
        next = seq + 1;
    }
    Ok(landed)
}
