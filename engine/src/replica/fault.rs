//! What can go wrong in a replica. A refusal loses nothing: what was not done can be done again.

use casework_protocol::access::AccessError;
use casework_protocol::ids::{DeviceId, DocumentId, MemberId, RevisionId};
use casework_protocol::roster::RosterError;

use super::document::DocumentFault;
use super::purging::PurgeRefusal;
use super::rights::Denial;
use super::store::StoreError;
use crate::case::ActError;
use crate::template::{TemplateFault, TreeError, Unmapped};

/// A failure or a refusal of the replica.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaFault {
    /// The store failed; see [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document cannot be opened; see [`DocumentFault`].
    #[error(transparent)]
    Document(#[from] DocumentFault),
    /// The action does not make sense, or a rule refuses it; the text says the way out.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The roster refuses an entry; see [`RosterError`].
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// An access record refuses an entry; see [`AccessError`].
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A purge is not carried out now; the text says what it waits for.
    #[error(transparent)]
    Purge(#[from] PurgeRefusal),
    /// The template cannot be published; every fault says what to do.
    #[error("the template has {} faults, the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Template(Vec<TemplateFault>),
    /// The member may not do this here; the text names the grant that is missing.
    #[error(transparent)]
    Denied(#[from] Box<Denial>),
    /// A draft says something that makes no template; the text says what.
    #[error(transparent)]
    Draft(TreeError),
    /// A draft that merges revisions leaves something undecided. Decide about each part.
    #[error("these parts of the draft are not settled yet: {0}")]
    Unsettled(String),
    /// One revision is current, so there is nothing to merge.
    #[error("only one revision of template {0} is current; there is nothing to merge")]
    NothingToMerge(DocumentId),
    /// A publish takes something away without saying where its cases go.
    #[error("{first} ({cases} open cases here have it)")]
    Unmapped {
        /// What is taken away.
        first: Unmapped,
        /// How many open cases of this device have it.
        cases: usize,
    },
    /// The device is not enrolled (yet), or was revoked. What it holds stays readable.
    #[error("this device is not enrolled in the workspace, or was revoked")]
    NotEnrolled,
    /// The store already holds a replica.
    #[error("there is a replica here already")]
    Exists,
    /// The store holds no replica.
    #[error("there is no replica here")]
    Absent,
    /// The replica belongs to another device: the key does not fit.
    #[error("this replica belongs to device {0}, whose key was not given")]
    OtherDevice(DeviceId),
    /// A case names a template or revision that has not arrived.
    #[error("template revision {0} has not arrived on this device")]
    UnknownRevision(RevisionId),
    /// A template without a published revision.
    #[error("template {0} has no published revision")]
    Unpublished(DocumentId),
    /// Nobody by that id.
    #[error("member {0} is not in the roster")]
    UnknownMember(MemberId),
    /// Nothing by that number in the drawer.
    #[error("there is nothing numbered {0} in the drawer")]
    NotInDrawer(u64),
    /// Nothing of the document is set aside, so there is no reason to give its copy up.
    #[error("nothing of document {0} is set aside")]
    NotQuarantined(DocumentId),
    /// The server handed over something that no honest server would. Nothing of it was taken.
    #[error("the server is not to be trusted: {0}")]
    Untrusted(String),
}
