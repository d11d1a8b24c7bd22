//! Why an access entry is refused.

use crate::citation::CitedVersion;
use crate::entry::EntryError;
use crate::ids::{DocumentId, MemberId, WorkspaceId};
use crate::limits::{MAX_PURGE_DAYS, MIN_PURGE_DAYS};
use crate::rights::Verb;
use crate::roster::{EntryPlace, Inactive};

/// Why an access entry is refused. A refused entry changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The first entry is no well-formed genesis. Create the document anew.
    #[error("the first entry of an access record is not a genesis: {0}")]
    BadGenesis(&'static str),
    /// A genesis after the first entry.
    #[error("an access record has one genesis and this is version {0}")]
    SecondGenesis(u64),
    /// Made for another workspace or another document. Send it where it belongs.
    #[error("the entry belongs to document {document} of workspace {workspace}")]
    WrongChain {
        /// The workspace that it names.
        workspace: WorkspaceId,
        /// The document that it names.
        document: DocumentId,
    },
    /// Does not follow the head. Rebase the draft onto the head and sign it again.
    #[error("the entry follows version {given} and the head is {head}")]
    Stale {
        /// The head.
        head: CitedVersion,
        /// The predecessor that the entry names.
        given: EntryPlace,
    },
    /// Received before the head was, or the head has no place in the log yet: found the record
    /// again with the genesis' real place first.
    #[error("position {given} comes before the head's position {last}")]
    OutOfOrder {
        /// Position of the head.
        last: u64,
        /// Position of the entry.
        given: u64,
    },
    /// The author may not act at all.
    #[error(transparent)]
    Inactive(#[from] Inactive),
    /// The author has no grant that covers this. Ask somebody who has.
    #[error("member {member} may not {verb} here")]
    Lacks {
        /// The author.
        member: MemberId,
        /// What it takes.
        verb: Verb,
    },
    /// The author would not see, or does not see, the document. At its genesis: name the author.
    #[error("member {0} does not see this document")]
    Blind(MemberId),
    /// A personal document is its member's alone, for ever. Drop the entry.
    #[error("a personal document is its member's alone and its record never changes")]
    Personal,
    /// A template is seen by everybody and cannot be restricted.
    #[error("a template cannot be restricted")]
    PublicTemplate,
    /// A team or role key that can be none.
    #[error("{0:?} is not the key of a team or role")]
    BadKey(String),
    /// More principals than a record may name. Name a team.
    #[error("{count} principals are more than {limit}")]
    TooMany {
        /// How many there would be.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The same principal is added and removed in one entry.
    #[error("one principal is both added and removed")]
    Contradiction,
    /// The document was purged and its record ended. Nothing can be added to it.
    #[error("the document was purged; nothing is taken for it any more")]
    Purged,
    /// Only cases have content that can be purged.
    #[error("only a case can be purged")]
    Unpurgeable,
    /// A purge waits a stated time that people can object in.
    #[error("a purge waits {MIN_PURGE_DAYS} to {MAX_PURGE_DAYS} days, not {0}")]
    PurgeDays(u32),
    /// Nobody asked for the purge, or it was cancelled. Request it first.
    #[error("no purge of the document is requested")]
    NoPurgeRequest,
    /// The request has not waited its days by the log's received times. Wait.
    #[error("the purge is due at {due_ms} ms and it is {at_ms} ms")]
    PurgeNotDue {
        /// When it is due, milliseconds since 1970 by the server's clock.
        due_ms: u64,
        /// When the entry was received.
        at_ms: u64,
    },
    /// A legal hold stands; whoever may `restrict` can lift it.
    #[error("a legal hold stands, and nothing is purged while it does")]
    LegalHold,
    /// The entry would change nothing. Drop it.
    #[error("the entry changes nothing")]
    NoEffect,
    /// A draft that was just signed could not be read back.
    #[error(transparent)]
    Entry(#[from] EntryError),
}
