//! How the pages are served.

use super::limits::MIN_FILL_MS;

/// How the pages are served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The path before `/f/` and `/r`: nothing, or as in `/forms`.
    pub base_path: String,
    /// Fastest that a person fills in a form, in milliseconds.
    pub min_fill_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_path: String::new(),
            min_fill_ms: MIN_FILL_MS,
        }
    }
}
