//! Faults with their places, and the list in which the rules collect them.

use super::Fault;

/// One fault of a package that was to be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct TemplateFault {
    /// Where: `stages[2] "offer"`, `fields[0] "name".default`, `transitions[4]`, counted from 0.
    pub at: String,
    /// What.
    pub fault: Fault,
}

/// Collects faults with their places.
#[derive(Debug, Default)]
pub(in crate::template) struct Faults {
    list: Vec<TemplateFault>,
}

impl Faults {
    pub(in crate::template) fn add(&mut self, at: impl Into<String>, fault: Fault) {
        self.list.push(TemplateFault {
            at: at.into(),
            fault,
        });
    }

    pub(in crate::template) fn into_list(self) -> Vec<TemplateFault> {
        self.list
    }

    pub(in crate::template) const fn count(&self) -> usize {
        self.list.len()
    }
}
