//! Every limit of the XES reader and of the plan made from it, each with its reason.
//!
//! A limit of the reader ends the reading with a clear error after the complete cases; a limit of
//! the plan only simplifies the template and is told in a note. The reader takes its limits as a
//! value ([`Limits`]), so that tests and fuzzing can use small ones.

/// Largest file, as stored. The largest public logs are near 300 MB compressed.
pub const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Largest log after gzip was undone. The largest public log inflates to about 2 GB.
pub const MAX_INFLATED_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Most inflated bytes per stored byte. Real logs stay below 150; deflate can reach 1,032.
pub const MAX_INFLATE_RATIO: u64 = 400;
/// Inflated bytes that are free of the ratio check, so that a tiny repetitive log still passes.
pub const INFLATE_FREE_BYTES: u64 = 16 * 1024 * 1024;
/// Longest single tag, text or comment: it has to be held in memory whole.
pub const MAX_TOKEN_BYTES: usize = 1024 * 1024;
/// Longest value of one attribute: the longest text that a change may carry.
pub const MAX_VALUE_BYTES: usize = 128 * 1024;
/// Longest key of one attribute. Real logs have keys of 1,200 bytes among their own attributes,
/// where a key can be the list of activities that a figure is about.
pub const MAX_KEY_BYTES: usize = 16 * 1024;
/// Deepest nesting of elements, `log` being 1. Real nested attributes end at about 8.
pub const MAX_DEPTH: usize = 32;
/// Most XML attributes on one element: the root of a log names its version and namespaces.
pub const MAX_XML_ATTRIBUTES: usize = 64;
/// Most attributes in one trace with its events, and in the head of the log: about 60 MB of
/// memory. The longest trace of the public logs has about 40,000.
pub const MAX_TRACE_ATTRIBUTES: usize = 500_000;
/// Most events in one trace. Beyond it, it is not one person's case but a sensor stream.
pub const MAX_TRACE_EVENTS: usize = 100_000;
/// Most bytes of XML in one trace, and in the head of the log, because each is held in memory.
pub const MAX_TRACE_BYTES: u64 = 64 * 1024 * 1024;
/// Most traces in one log: ten times the large fixture.
pub const MAX_TRACES: u64 = 1_000_000;
/// Most extensions, globals and classifiers in the head of a log.
pub const MAX_HEADER_ITEMS: usize = 1_000;

/// Most keys of one classifier; real ones have at most four. One with more is not used.
pub const MAX_CLASSIFIER_KEYS: usize = 16;
/// Most stages in a derived template. The activities used least share one stage beyond it.
pub const MAX_STAGES: usize = 100;
/// Most distinct activities whose figures are kept in the first pass.
pub const MAX_ACTIVITIES: usize = 10_000;
/// Most fields in a derived template; the attributes used least are left out beyond it.
pub const MAX_FIELDS: usize = 200;
/// Longest key (for nested attributes: keys that lead to it) that becomes a field, in bytes.
pub const MAX_FIELD_KEY_BYTES: usize = 512;
/// Most distinct attribute keys whose figures are kept in the first pass.
pub const MAX_FIELD_KEYS: usize = 2_000;
/// Most distinct values of a select field: more do not fit on a screen.
pub const MAX_SELECT_OPTIONS: usize = 12;
/// Longest option of a select field, in bytes; longer values are prose.
pub const MAX_OPTION_BYTES: usize = 120;
/// Most distinct people, and most distinct groups: each person becomes a member of the roster.
pub const MAX_PEOPLE: usize = 5_000;
/// Longest name of a person, group, stage or template, in bytes: the roster's own limit.
pub const MAX_NAME_BYTES: usize = 200;
/// Longest id that a case brings along, in bytes.
pub const MAX_SOURCE_ID_BYTES: usize = 256;
/// Longest slug, in bytes: the template's own limit for ids.
pub const MAX_SLUG_BYTES: usize = 64;

/// The limits of one reading. [`Limits::default`] holds the constants above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`MAX_FILE_BYTES`].
    pub file_bytes: u64,
    /// See [`MAX_INFLATED_BYTES`].
    pub inflated_bytes: u64,
    /// See [`MAX_INFLATE_RATIO`].
    pub inflate_ratio: u64,
    /// See [`INFLATE_FREE_BYTES`].
    pub inflate_free_bytes: u64,
    /// See [`MAX_TOKEN_BYTES`].
    pub token_bytes: usize,
    /// See [`MAX_VALUE_BYTES`].
    pub value_bytes: usize,
    /// See [`MAX_KEY_BYTES`].
    pub key_bytes: usize,
    /// See [`MAX_DEPTH`].
    pub depth: usize,
    /// See [`MAX_XML_ATTRIBUTES`].
    pub xml_attributes: usize,
    /// See [`MAX_TRACE_ATTRIBUTES`].
    pub trace_attributes: usize,
    /// See [`MAX_TRACE_EVENTS`].
    pub trace_events: usize,
    /// See [`MAX_TRACE_BYTES`].
    pub trace_bytes: u64,
    /// See [`MAX_TRACES`].
    pub traces: u64,
    /// See [`MAX_HEADER_ITEMS`].
    pub header_items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: MAX_FILE_BYTES,
            inflated_bytes: MAX_INFLATED_BYTES,
            inflate_ratio: MAX_INFLATE_RATIO,
            inflate_free_bytes: INFLATE_FREE_BYTES,
            token_bytes: MAX_TOKEN_BYTES,
            value_bytes: MAX_VALUE_BYTES,
            key_bytes: MAX_KEY_BYTES,
            depth: MAX_DEPTH,
            xml_attributes: MAX_XML_ATTRIBUTES,
            trace_attributes: MAX_TRACE_ATTRIBUTES,
            trace_events: MAX_TRACE_EVENTS,
            trace_bytes: MAX_TRACE_BYTES,
            traces: MAX_TRACES,
            header_items: MAX_HEADER_ITEMS,
        }
    }
}
