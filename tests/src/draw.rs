//! Drawing what a person who sees a case could do to one of its facets: one of everything, aimed at
//! what is there.
//!
//! Rolls no dice: the numbers are in the [`Draw`]. What is drawn may be refused; whoever plays
//! takes that as it comes.

mod agreements;
mod forms;
mod records;

use casework_engine::case::{CaseAction, PartId};
use casework_engine::template::Revision;
use casework_engine::view::CaseView;
use casework_protocol::ids::{DocumentId, MemberId};

/// What is drawn from: a case, fresh ids, somebody, and numbers.
pub struct Draw<'a> {
    /// The case as the person sees it.
    pub view: &'a CaseView,
    /// Its template.
    pub revision: &'a Revision,
    /// Another case.
    pub other: DocumentId,
    /// Two fresh ids.
    pub ids: [PartId; 2],
    /// Somebody.
    pub someone: MemberId,
    /// A number for what is done.
    pub kind: usize,
    /// A number for which of what is there.
    pub at: usize,
    /// A word.
    pub word: String,
    /// Now, milliseconds UTC.
    pub now_ms: i64,
}

impl Draw<'_> {
    /// How many kinds are told apart.
    pub const KINDS: usize = records::KINDS + agreements::KINDS + forms::KINDS;

    /// What is done; `None` where there is nothing to do it to.
    #[must_use]
    pub fn action(&self) -> Option<CaseAction> {
        let kind = self.kind % Self::KINDS;
        if kind < records::KINDS {
            records::draw(self, kind)
        } else if kind < records::KINDS + agreements::KINDS {
            agreements::draw(self, kind - records::KINDS)
        } else {
            forms::draw(self, kind - records::KINDS - agreements::KINDS)
        }
    }

    /// One of these, if there are any.
    fn one<T: Copy>(&self, of: impl IntoIterator<Item = T>) -> Option<T> {
        let all: Vec<T> = of.into_iter().collect();
        all.get(self.at % all.len().max(1)).copied()
    }

    fn hash(&self) -> String {
        format!("{:064x}", self.at)
    }
}
