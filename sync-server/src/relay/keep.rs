//! Bundles: checked against the relay's own index, countersigned, kept.
//!
//! What is in a bundle is never read; its history digest must be the one of the log.

use casework_protocol::access::occasion;
use casework_protocol::bundle::{
    Arrival, Audience, BundleClaim, HistoryDigest, Landed, countersign,
};
use casework_protocol::frame::ErrorCode;
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};
use casework_protocol::limits::BUNDLE_PIECE_BYTES;
use casework_protocol::log::EntryKind;
use casework_protocol::rights::Verb;

use super::workspace::Workspace;
use crate::log::LogError;

/// Records read at once while a history is digested.
const DIGEST_STEP: usize = 256;

impl Workspace {
    /// Keeps a bundle if this device may and it tells the logged history; says why not.
    pub(super) fn keep(
        &mut self,
        device: DeviceId,
        document: DocumentId,
        bytes: Vec<u8>,
    ) -> Result<Option<ErrorCode>, LogError> {
        if !self.may_keep(device, document) {
            return Ok(Some(ErrorCode::NotFound));
        }
        let Ok(claim) = BundleClaim::read(&bytes) else {
            return Ok(Some(ErrorCode::Malformed));
        };
        if claim.upto > self.size() {
            return Ok(Some(ErrorCode::NotFound));
        }
        let kept = self
            .documents
            .get(&document)
            .and_then(|document| document.bundle);
        if kept.is_some_and(|kept| kept >= claim.upto) {
            return Ok(None);
        }
        let Some(digest) = self.history(document, claim.upto)? else {
            return Ok(Some(ErrorCode::Malformed));
        };
        let upto = claim.upto;
        let place = BundleClaim {
            workspace: self.id,
            epoch: self.row.epoch,
            document,
            upto,
            digest,
        };
        let Ok(countersigned) = countersign(self.key.as_ref(), bytes, &place) else {
            return Ok(Some(ErrorCode::Malformed));
        };
        let bytes = countersigned.to_bytes();
        let pieces: Vec<&[u8]> = bytes.chunks(BUNDLE_PIECE_BYTES).collect();
        self.log.put_bundle(self.id, document, upto, &pieces)?;
        if let Some(known) = self.documents.get_mut(&document) {
            known.bundle = Some(upto);
        }
        Ok(None)
    }

    fn may_keep(&self, device: DeviceId, document: DocumentId) -> bool {
        let roster = self.roster.head();
        let (Some(member), Some(known)) = (roster.member_of(device), self.documents.get(&document))
        else {
            return false;
        };
        if known.is_purged() {
            return false;
        }
        let here = occasion(roster, known.access.head(), member);
        self.sees(device, document) && roster.allows(member, &here.to(Verb::Keep))
    }

    /// The digest of a document's changes below a position; `None` if that would split a run.
    pub(super) fn history(
        &self,
        document: DocumentId,
        upto: u64,
    ) -> Result<Option<[u8; 32]>, LogError> {
        let mut digest = HistoryDigest::new();
        let mut from = 0;
        while from < upto {
            let seqs = self.log.positions(self.id, document, from, DIGEST_STEP)?;
            let seqs: Vec<u64> = seqs.into_iter().filter(|seq| *seq < upto).collect();
            let Some(last) = seqs.last() else { break };
            from = last + 1;
            for record in self.log.records(self.id, &seqs)? {
                if record.end() > upto {
                    return Ok(None);
                }
                if record.kind != EntryKind::Change {
                    continue;
                }
                let audience = self.audience(record.seq, upto);
                for (seq, hash) in (record.seq..).zip(&record.hashes) {
                    let arrival = Arrival {
                        seq,
                        received_ms: record.received_ms,
                    };
                    digest.push(&Landed {
                        hash: ChangeHash::new(*hash),
                        arrival,
                        audience,
                    });
                }
            }
        }
        Ok(Some(digest.finish()))
    }

    fn audience(&self, seq: u64, upto: u64) -> Audience {
        match self.held.run(seq) {
            Some(run) if run.adopted.is_none_or(|adoption| adoption >= upto) => Audience::Adopters,
            Some(_) | None => Audience::Everyone,
        }
    }
}
