//! The gate: what hostile bytes must pass before anything else looks at them (DESIGN §5).
//!
//! Layer 1 ([`check_change`], [`check_document`]) needs nothing but the bytes and where they claim
//! to come from; layer 2 ([`check_position`]) needs an index of hashes. Whether objects exist and
//! an action may do what its operations do is layer 3, in the engine.
//! Invariant: work and memory are bounded by the limits in [`crate::limits`], whatever runs claim.

mod change;
mod chunk;
mod columns;
mod document;
#[cfg(test)]
mod forge;
mod history;
mod index;
mod layout;
mod leb;
mod operations;
mod rows;
mod scalar;

pub use change::{ChangeHeader, CheckedChange, Origin, check_change, chunk_hash};
pub use document::{CheckedDocument, DocumentActor, check_document};
pub use index::{
    ActorTip, ChangeIndex, CitedFloor, IndexedChange, PositionError, Positioned, check_position,
};

use crate::ids::{ActorId, DeviceId};

/// Why bytes do not pass layer 1. Whatever is refused here was not made by an honest device: the
/// cure is to drop it, and to keep the bytes where a person may want to look at them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// Longer than the limit for its kind. Honest devices split before they get there.
    #[error("{bytes} bytes are more than the {limit} allowed")]
    TooLong {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not a chunk of the document format at all.
    #[error("the bytes begin with {found:02x?}, which is not a chunk")]
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// A chunk of another kind: a deflated change, a bundle, a document instead of a change.
    #[error("a chunk of type {found} where one of type {expected} belongs")]
    ChunkType {
        /// The type given.
        found: u8,
        /// The type expected.
        expected: u8,
    },
    /// The bytes end inside a part, or a part claims more than there is. Damaged on the way, or
    /// a count made up to provoke an allocation.
    #[error("{part} wants {wanted} bytes where {left} are left")]
    Truncated {
        /// The part that breaks off.
        part: &'static str,
        /// Bytes it claims.
        wanted: u64,
        /// Bytes left.
        left: usize,
    },
    /// Bytes after the end. A second chunk or a tail that nothing covers.
    #[error("{bytes} bytes follow the end of {part}")]
    Trailing {
        /// The part that has ended.
        part: &'static str,
        /// Bytes after it.
        bytes: usize,
    },
    /// The four bytes of checksum do not belong to the content. Damaged, or altered so that two
    /// replicas would hold different bytes under one hash.
    #[error("the checksum is {declared:02x?} where the content has {computed:02x?}")]
    Checksum {
        /// What the chunk says.
        declared: [u8; 4],
        /// What its content gives.
        computed: [u8; 4],
    },
    /// A number that is longer than needed or does not fit. Numbers have one spelling only.
    #[error("{part} holds a number that is overlong or too large")]
    Number {
        /// Where it stands.
        part: &'static str,
    },
    /// A count beyond its limit, refused before anything is allocated for it.
    #[error("{part}: {count} is more than the {limit} allowed")]
    Limit {
        /// What is counted.
        part: &'static str,
        /// The count claimed or reached.
        count: u64,
        /// The most allowed.
        limit: u64,
    },
    /// A value outside what an honest device can reach (a sequence number of 0, a time beyond
    /// the calendar).
    #[error("{part} is {value}, which is out of range")]
    Range {
        /// What it is.
        part: &'static str,
        /// The value.
        value: i64,
    },
    /// Text that is not UTF-8.
    #[error("{part} is not valid UTF-8")]
    Text {
        /// Where it stands.
        part: &'static str,
    },
    /// A list that must ascend and does not, or names something twice.
    #[error("{part} are not in ascending order at place {place}")]
    Order {
        /// What is listed.
        part: &'static str,
        /// The place, from 0.
        place: usize,
    },
    /// An actor id of another length than ours.
    #[error("an actor id of {bytes} bytes")]
    ActorLength {
        /// Its length.
        bytes: u64,
    },
    /// An actor that this device may not write this document under: squatting, or a change moved
    /// to another document or workspace.
    #[error("actor {actor} does not belong to device {device} in this document")]
    ForeignActor {
        /// The actor.
        actor: ActorId,
        /// The device in the envelope.
        device: DeviceId,
    },
    /// The actor's first change does not name its author, or the footer is malformed.
    #[error("the first change of an actor ends in {bytes} bytes that name no author")]
    AuthorMissing {
        /// Bytes after the columns.
        bytes: usize,
    },
    /// The author named inside is not the device outside.
    #[error("the change names {author} as its author but comes from {device}")]
    AuthorDiffers {
        /// Named inside.
        author: DeviceId,
        /// Named by the envelope.
        device: DeviceId,
    },
    /// Extra bytes in a change that is not the actor's first: a second author, or contraband.
    #[error("change {seq} of an actor ends in {bytes} extra bytes")]
    Extra {
        /// Its sequence number.
        seq: u64,
        /// Bytes after the columns.
        bytes: u64,
    },
    /// A change after the first that depends on nothing, or in a document not on its own
    /// predecessor; such a history can be applied but never loaded again.
    #[error("change {seq} of an actor does not depend on the one before it")]
    NoPredecessor {
        /// Its sequence number.
        seq: u64,
    },
    /// A column that the format does not define here.
    #[error("column {spec:#x} is not known here")]
    UnknownColumn {
        /// Its specification.
        spec: u32,
    },
    /// A deflated column where none may be.
    #[error("column {column} is deflated")]
    Deflated {
        /// Its name.
        column: &'static str,
    },
    /// A deflated column whose stream is broken or carries a tail.
    #[error("column {column} is not one whole deflate stream")]
    Inflate {
        /// Its name.
        column: &'static str,
    },
    /// A column that is listed though it is empty.
    #[error("column {column} is listed without a byte")]
    EmptyColumn {
        /// Its name.
        column: &'static str,
    },
    /// A column in another spelling than the one the document library writes. It would hash
    /// differently after a save, and the document could never be opened again.
    #[error("column {column} is not in its one proper spelling")]
    Spelling {
        /// Its name.
        column: &'static str,
    },
    /// Columns whose run totals do not agree: more or fewer rows than operations or changes.
    #[error("column {column} has more or fewer rows than it should")]
    Rows {
        /// Its name.
        column: &'static str,
    },
    /// A null where a value must be.
    #[error("column {column} holds a null")]
    Null {
        /// Its name.
        column: &'static str,
    },
    /// Differences that run over 64 bits.
    #[error("column {column} overflows")]
    DeltaOverflow {
        /// Its name.
        column: &'static str,
    },
    /// An actor index beyond the actors that the chunk lists.
    #[error("column {column} names actor {index} of {actors}")]
    ActorIndex {
        /// Its name.
        column: &'static str,
        /// The index.
        index: u64,
        /// How many actors there are.
        actors: usize,
    },
    /// A counter that is not positive, or names an operation that cannot have come before.
    #[error("column {column} names counter {counter}, which must be 1 to {most}")]
    Counter {
        /// Its name.
        column: &'static str,
        /// The counter.
        counter: i64,
        /// The largest it may be.
        most: u64,
    },
    /// An action code that the format does not define here.
    #[error("action {code} is not known here")]
    Action {
        /// The code.
        code: u64,
    },
    /// A value whose bytes do not fit its type: a truth value with content, a number that is
    /// overlong, a float that is not 8 bytes.
    #[error("a value of type {type_code} does not fit its {bytes} bytes")]
    Scalar {
        /// The type code.
        type_code: u8,
        /// Length of its content.
        bytes: u64,
    },
    /// An operation that the document library never makes. It would panic or vanish there.
    #[error("operation {place}: {problem}")]
    Shape {
        /// Its place in the change, from 0.
        place: u32,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An actor that is listed but never named: it would be missing when the change is rebuilt.
    #[error("actor {actor} is listed but never named")]
    IdleActor {
        /// The actor.
        actor: ActorId,
    },
    /// A dependency on a change that stands later in the document, or twice on the same.
    #[error("change {place} of the document depends on change {dependency}")]
    Dependency {
        /// The change, from 0.
        place: u64,
        /// What it depends on.
        dependency: i64,
    },
    /// Numbers of changes and operations that contradict each other, so that opening the document
    /// would reserve memory for operations it does not have.
    #[error("the changes of the document claim {claimed} operations where the rows give {found}")]
    Operations {
        /// What the changes add up to.
        claimed: u64,
        /// What the operation rows add up to.
        found: u64,
    },
}
