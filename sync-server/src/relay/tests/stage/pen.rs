//! A pen: one device that writes real changes into one document.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{Author, Automerge, ROOT};

use casework_protocol::actor::actor_id;
use casework_protocol::citation::Citation;
use casework_protocol::frame::Logged;
use casework_protocol::ids::{ChangeHash, DocumentId, WorkspaceId};
use casework_protocol::seal::{SignedRun, sign_change};

use super::{Stage, device, key};

/// One device at one document.
pub(crate) struct Pen {
    by: u8,
    workspace: WorkspaceId,
    pub(crate) document: DocumentId,
    /// What the next changes cite.
    pub(crate) cites: Citation,
    text: Automerge,
    written: i64,
}

impl Pen {
    /// One that has written nothing yet; the nonce tells its actor from the device's others.
    pub(super) fn fresh(
        workspace: WorkspaceId,
        by: u8,
        document: DocumentId,
        cites: Citation,
        nonce: u8,
    ) -> Self {
        let actor = actor_id(workspace, document, device(by), [nonce; 8]);
        let author = Author::from(device(by).as_bytes().to_vec());
        let text = Automerge::new()
            .with_author(Some(author))
            .with_actor(automerge::ActorId::from(actor.as_bytes().as_slice()));
        Self {
            by,
            workspace,
            document,
            cites,
            text,
            written: 0,
        }
    }

    /// Writes so many changes and signs them as one run.
    pub(crate) fn write(&mut self, changes: usize) -> SignedRun {
        let before = self.text.get_heads();
        for _ in 0..changes {
            let message = format!("{}\"v\":1,\"do\":\"test\"}}", self.cites.to_prefix());
            self.written += 1;
            let count = self.written;
            let value = format!("{count} by {}", self.text.get_actor());
            self.text
                .transact_with::<_, _, automerge::AutomergeError, _>(
                    |()| {
                        CommitOptions::default()
                            .with_message(message.clone())
                            .with_time(count)
                    },
                    |tx| tx.put(ROOT, format!("field {}", count % 5), value),
                )
                .unwrap();
        }
        self.seal(&before)
    }

    /// The changes after these heads as a signed run.
    fn seal(&self, before: &[automerge::ChangeHash]) -> SignedRun {
        let changes = self.text.get_changes(before);
        let tip = ChangeHash::new(changes.last().unwrap().hash().0);
        let bytes = changes
            .iter()
            .map(|change| change.raw_bytes().to_vec())
            .collect();
        let signature = sign_change(&key(self.by), self.workspace, self.document, tip);
        SignedRun::from_parts(self.document, device(self.by), bytes, signature)
    }

    /// Takes what another run brought.
    pub(crate) fn take(&mut self, run: &SignedRun) {
        let run = run.clone().check(self.workspace).unwrap().verify().unwrap();
        let changes: Vec<automerge::Change> = run
            .changes()
            .iter()
            .map(|change| automerge::Change::from_bytes(change.bytes().to_vec()).unwrap())
            .collect();
        self.text.apply_changes(changes).unwrap();
    }

    /// Takes everything in the log and cites the newest versions.
    pub(crate) fn read(&mut self, stage: &Stage) {
        for logged in stage.logged() {
            if let Logged::Run(logged) = logged
                && logged.run.document() == self.document
            {
                self.take(&logged.run);
            }
        }
        self.cites = stage.cite(self.document);
    }

    /// The same pen once more: a restored backup that goes on under the old actor.
    pub(crate) fn clone_of_backup(&self) -> Self {
        let author = Author::from(device(self.by).as_bytes().to_vec());
        let actor = self.text.get_actor().clone();
        let text = self.text.fork().with_author(Some(author)).with_actor(actor);
        Self { text, ..*self }
    }
}
