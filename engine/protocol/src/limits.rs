//! Every limit of the wire and disk formats, each with its reason. One place for each fact.
//!
//! A limit is checked before the memory it bounds is allocated. Both sides use the same numbers,
//! so an honest device never makes what a server or another device will refuse.

/// Longest single change, in bytes. A change holds one action; the largest honest one is a long
/// text of [`MAX_TEXT_BYTES`] with its envelope.
pub const MAX_CHANGE_BYTES: usize = 256 * 1024;
/// Longest text in one value (field, comment, rationale), in bytes of UTF-8: some forty pages.
pub const MAX_TEXT_BYTES: usize = 128 * 1024;
/// Most operations in one change. The opening of a case with 200 fields needs about 700.
pub const MAX_CHANGE_OPS: u64 = 10_000;
/// Most direct dependencies of one change: one per replica that worked concurrently.
pub const MAX_CHANGE_DEPS: usize = 256;
/// Most other actors that the operations of one change may name.
pub const MAX_CHANGE_ACTORS: usize = 256;
/// Longest commit message, in bytes: the compact JSON of one action's head with its reason.
pub const MAX_MESSAGE_BYTES: usize = 8 * 1024;
/// Largest operation counter a change may reach. Automerge counts in `u32` and a document whose
/// counter stands near the edge can never be edited again.
pub const MAX_OP_COUNTER: u64 = 1 << 31;
/// Most predecessors that the operations of one change may name together. An operation replaces
/// one value, or as many as were set concurrently.
pub const MAX_CHANGE_PREDECESSORS: u64 = 4 * MAX_CHANGE_OPS;
/// Most bytes that the repeated keys and mark names of one change may expand to in memory.
pub const MAX_CHANGE_EXPANDED_BYTES: u64 = 4 * MAX_CHANGE_BYTES as u64;
/// Farthest a claimed time may lie from 1970, in milliseconds: the range of a JavaScript date.
/// Times are stored as differences, which must not overflow.
pub const MAX_CLAIMED_TIME_MS: u64 = 8_640_000_000_000_000;
/// Most changes that one signature may cover, so that a run is judged and stored as a unit.
pub const MAX_RUN_CHANGES: usize = 256;
/// Most bytes of changes in one run. Fits into one frame with its envelope.
pub const MAX_RUN_BYTES: usize = 512 * 1024;

/// Longest saved document, in bytes as stored (columns may be deflated).
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024 * 1024;
/// Most bytes that the columns of one document may inflate to. A real case of 100,000 changes
/// inflates to about 12 MB.
pub const MAX_DOCUMENT_INFLATED_BYTES: u64 = 256 * 1024 * 1024;
/// Most changes in one document.
pub const MAX_DOCUMENT_CHANGES: u64 = 1_000_000;
/// Most operations in one document.
pub const MAX_DOCUMENT_OPS: u64 = 16_000_000;
/// Most actors in one document: one per device and opening.
pub const MAX_DOCUMENT_ACTORS: usize = 65_536;
/// Longest bundle, in bytes: the longest document and as much again for what stands beside it.
pub const MAX_BUNDLE_BYTES: usize = 2 * MAX_DOCUMENT_BYTES;

/// Rows (changes, operations, successors) that a document of any size may have. Run lengths make
/// rows cost nothing in the file; in memory a change costs some 900 bytes, an operation some 100.
pub const DOCUMENT_FREE_ROWS: u64 = 65_536;
/// How many operations more for each stored byte. Real cases have 0.1, typed prose has 8.
pub const DOCUMENT_ROWS_PER_BYTE: u64 = 16;
/// How many changes more for each stored byte. Real cases have 0.03.
pub const DOCUMENT_CHANGES_PER_BYTE: u64 = 1;
/// Bytes that the deflated columns, and again the repeated texts, of a document of any size may
/// expand to, and how many more for each stored byte. Real cases inflate four times.
pub const DOCUMENT_FREE_BYTES: u64 = 4 * 1024 * 1024;
/// See [`DOCUMENT_FREE_BYTES`].
pub const DOCUMENT_BYTES_PER_BYTE: u64 = 64;

/// Longest roster or access entry, in bytes.
pub const MAX_ENTRY_BYTES: usize = 64 * 1024;
/// Longest name of a member, device, team, role or workspace, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 200;
/// Longest key of a role or a team, in bytes: a slug that people type.
pub const MAX_KEY_BYTES: usize = 64;
/// Most grants in one role.
pub const MAX_ROLE_GRANTS: usize = 500;
/// Most roles of one member.
pub const MAX_MEMBER_ROLES: usize = 64;
/// Most teams of one member. Each version that changes a member keeps a copy of this list.
pub const MAX_MEMBER_TEAMS: usize = 64;
/// Most devices one member ever enrols, revoked ones included; for the same reason.
pub const MAX_MEMBER_DEVICES: usize = 64;
/// Most members in one team, and most principals one access entry may add or remove.
pub const MAX_PRINCIPALS: usize = 5_000;
/// The fewest days a purge waits: somebody on a field trip must be able to object.
pub const MIN_PURGE_DAYS: u32 = 7;
/// The most days a purge waits: ten years.
pub const MAX_PURGE_DAYS: u32 = 3_660;
/// Most changes one adoption entry may name; a longer hold is adopted in several entries.
pub const MAX_ADOPTED_CHANGES: usize = 1_000;
/// Most uses of one invite.
pub const MAX_INVITE_USES: u32 = 10_000;
/// Most changes of one device that may wait for an adoption at once: months of work in the field.
pub const MAX_HELD_CHANGES: usize = 10_000;

/// Largest WebSocket message either side accepts, in bytes.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;
/// A server fills `entries` frames up to about this many bytes, so that a phone on a thin line sees progress.
pub const ENTRIES_FRAME_BYTES: usize = 64 * 1024;
/// Largest piece of a bundle in one frame.
pub const BUNDLE_PIECE_BYTES: usize = 256 * 1024;
/// Most items in one push frame.
pub const MAX_PUSH_ITEMS: usize = 1_024;
/// Most documents a client may list in a scope or a heads frame.
pub const MAX_LISTED_DOCUMENTS: usize = 10_000;
/// Bytes of entries a client lets the server send before it must grant more credit.
pub const DEFAULT_CREDIT_BYTES: u64 = 4 * 1024 * 1024;
/// Most entries in one log; positions then stay far from the edge of `u64`.
pub const MAX_LOG_ENTRIES: u64 = 1 << 63;
/// Longest Merkle proof: a log of 2^63 entries.
pub const MAX_PROOF_NODES: usize = 128;
/// Longest detail text in an error frame, in bytes.
pub const MAX_DETAIL_BYTES: usize = 500;
/// Most handovers of a server's key that a welcome tells: about 14 KiB, and a rotation a year for
/// a lifetime. Whoever pinned a key before those is given a new invite.
pub const MAX_SUCCESSIONS: usize = 64;

/// Most documents one device says it has open at once: the windows of one person.
pub const MAX_ANNOUNCED_DOCUMENTS: usize = 8;
/// Most devices named at one document; beyond these they are counted.
pub const MAX_PRESENT_DEVICES: usize = 32;
/// Most documents of which one device is told at once who is there: more than fit on a board.
pub const MAX_PRESENT_DOCUMENTS: usize = 256;
/// Milliseconds after which a word about presence that nobody repeated is void, on both sides:
/// three times [`PRESENCE_AGAIN_MS`], so that one lost frame shows nowhere.
pub const PRESENCE_LASTS_MS: u64 = 45_000;
/// How often presence that goes on is said again.
pub const PRESENCE_AGAIN_MS: u64 = 15_000;
/// Neither side says anything new about presence sooner after the last word: what happens in
/// between is left out.
pub const PRESENCE_EVERY_MS: u64 = 1_000;
