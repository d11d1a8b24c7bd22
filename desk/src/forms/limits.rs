//! How much a visitor may send and how often, each bound with its reason. One place for each fact.

/// Longest body of a POST, in bytes as sent: the longest honest form is some twenty pages of text.
pub const MAX_BODY_BYTES: usize = 96 * 1024;
/// Most answers in one body; a table of a form has rows times columns of them.
pub const MAX_PAIRS: usize = 2_000;
/// Longest path with its query, in bytes. A token has 26 letters.
pub const MAX_PATH_BYTES: usize = 200;
/// Longest text that somebody adds with a receipt, in bytes.
pub const MAX_ADDITION_BYTES: usize = 16 * 1024;
/// Most that is added to one submission: a correspondence, and no flood in a case.
pub const MAX_ADDITIONS: usize = 50;
/// Most answers that one request takes: a small town, and no flood in a case.
pub const MAX_ANSWERS: u32 = 500;
/// Longest name of a document that a person has, in bytes.
pub const MAX_DOCUMENT_NAME_BYTES: usize = 200;
/// Rows that a table shows; without scripts a page cannot grow more.
pub const TABLE_ROWS: usize = 5;
/// Options up to which a select is shown as radio buttons, which need one tap instead of three.
pub const MAX_RADIOS: usize = 7;

/// Fastest a person fills in a form, in milliseconds. Programs are faster.
pub const MIN_FILL_MS: u64 = 2_000;
/// How long an open page can be sent, in milliseconds: a working day with its night.
pub const MAX_FILL_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long a page without anything to show takes at least, in milliseconds, whatever the reason.
pub const FLOOR_MS: u64 = 150;

/// Pages that one address may open at once, and then per minute.
pub const LOOKS_PER_MINUTE: u32 = 60;
/// Forms that one address may send at once, and then per minute: a family behind one router.
pub const SENDS_PER_MINUTE: u32 = 10;
/// Forms that may be sent by one link at once, and then per minute: a school on its first day.
pub const SENDS_PER_LINK_PER_MINUTE: u32 = 120;
/// Links and receipts that do not exist that one address may try at once, and then per minute.
pub const MISSES_PER_MINUTE: u32 = 10;
/// Addresses and links that are watched at once; beyond this all are forgotten.
pub const MAX_WATCHED: usize = 50_000;
