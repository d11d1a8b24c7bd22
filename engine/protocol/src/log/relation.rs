//! What an offered head says about one that is already trusted.
//!
//! It judges; what to do about a restored, replaced or forked server is the business of sync.
//! Invariant: [`HeadRelation::Newer`] and [`HeadRelation::Older`] are only returned when one
//! history was proved to be the beginning of the other.

use super::head::VerifiedHead;
use super::leaf::NodeHash;
use super::proof::{ConsistencyProof, ProofError, expect_root};

/// How an offered head stands to a trusted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadRelation {
    /// The same history; only the time may differ.
    Same,
    /// The offered log proved to begin with the trusted one. Trust it from now on.
    Newer,
    /// The trusted log proved to begin with the offered one: an old receipt, or an emptied server.
    Older,
    /// The offered log is shorter and nothing was proved: a restored server, which must recover,
    /// or a fork that this head alone cannot show.
    Shorter,
    /// Another life of the workspace on its server; the roots cannot be compared.
    OtherEpoch,
    /// Two different histories, both signed: the server shows different things to different
    /// people. The two signed heads (and the proof, if one was needed) are the evidence.
    Fork {
        /// A size at which the histories differ.
        size: u64,
        /// Root of the trusted history at that size.
        trusted: NodeHash,
        /// Root of the offered history at that size.
        offered: NodeHash,
    },
}

/// Compares an offered head with a trusted one. The proof goes from the shorter log to the longer
/// one and is needed when the offered one is longer, unless the trusted one is empty.
///
/// # Errors
/// [`ProofError`] when the proof is missing, of other sizes or does not hold; the offered head must
/// not be trusted then. A proof that does not hold shows no fork, since anybody can spoil one.
pub fn relate(
    trusted: &VerifiedHead,
    offered: &VerifiedHead,
    proof: Option<&ConsistencyProof>,
) -> Result<HeadRelation, ProofError> {
    let (known, given) = (trusted.head(), offered.head());
    if known.workspace != given.workspace {
        let (expected, found) = (known.workspace, given.workspace);
        return Err(ProofError::OtherWorkspace { expected, found });
    }
    if known.epoch != given.epoch {
        return Ok(HeadRelation::OtherEpoch);
    }
    if known.size == given.size {
        let (trusted, offered) = (known.root, given.root);
        let fork = HeadRelation::Fork {
            size: known.size,
            trusted,
            offered,
        };
        return Ok(if trusted == offered {
            HeadRelation::Same
        } else {
            fork
        });
    }
    if given.size < known.size && given.size > 0 && proof.is_none() {
        return Ok(HeadRelation::Shorter);
    }
    grown(trusted, offered, proof)
}

/// Judges two heads of different sizes by the proof between them.
fn grown(
    trusted: &VerifiedHead,
    offered: &VerifiedHead,
    proof: Option<&ConsistencyProof>,
) -> Result<HeadRelation, ProofError> {
    let longer = offered.head().size > trusted.head().size;
    let (old, new) = if longer {
        (trusted, offered)
    } else {
        (offered, trusted)
    };
    let (old, new) = (old.head(), new.head());
    let found = match proof {
        None if old.size == 0 => return Ok(proved(longer)),
        None => {
            return Err(ProofError::Missing {
                old_size: old.size,
                new_size: new.size,
            });
        }
        Some(proof) => {
            expect_size(old.size, proof.old_size)?;
            expect_size(new.size, proof.new_size)?;
            proof.recompute(&old.root, &new.root)?
        }
    };
    expect_root(new.size, &new.root, found.new)?;
    if found.old == old.root {
        return Ok(proved(longer));
    }
    let (trusted, offered) = if longer {
        (old.root, found.old)
    } else {
        (found.old, old.root)
    };
    Ok(HeadRelation::Fork {
        size: old.size,
        trusted,
        offered,
    })
}

const fn proved(longer: bool) -> HeadRelation {
    if longer {
        HeadRelation::Newer
    } else {
        HeadRelation::Older
    }
}

fn expect_size(expected: u64, found: u64) -> Result<(), ProofError> {
    (expected == found)
        .then_some(())
        .ok_or(ProofError::OtherSize { expected, found })
}
