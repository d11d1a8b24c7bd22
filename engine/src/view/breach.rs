//! What changes broke and landed all the same, and the marks of it.
//!
//! Whether a change broke a rule is judged where it is admitted (`replica/breaches.rs`); a view only
//! shows it. A rule of the revision that a change cites was there for its author to see; one that
//! stands only in a newer revision was not, so the two have marks of their own.

use std::collections::BTreeMap;

use casework_protocol::ids::{ChangeHash, RevisionId};
use serde::{Deserialize, Serialize};

use super::flags::Flags;

/// What changes broke, by change.
pub type Breaches = BTreeMap<ChangeHash, Breach>;

/// What one change broke.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The rules of the revision that it cites, in words.
    pub rules: Vec<String>,
    /// Rules that its author could not know.
    pub newer: Option<NewerRule>,
}

/// Rules that stand only in a revision that was published before a change arrived, and after the
/// one that it cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewerRule {
    /// The revision.
    pub revision: RevisionId,
    /// The rules, in words.
    pub rules: Vec<String>,
}

impl Breach {
    /// Whether nothing was broken.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.newer.is_none()
    }
}

impl Flags {
    /// Everything that is known to have broken a rule.
    #[must_use]
    pub fn breaches(&self) -> Breaches {
        let mut all = Breaches::new();
        for (change, rules) in &self.rule_broken {
            all.entry(*change).or_default().rules.clone_from(rules);
        }
        for (change, newer) in &self.newer_rule_broken {
            all.entry(*change).or_default().newer = Some(newer.clone());
        }
        all
    }

    /// Takes over what broke a rule.
    pub(super) fn mark_breaches(&mut self, breaches: &Breaches) {
        for (change, breach) in breaches {
            if !breach.rules.is_empty() {
                self.rule_broken.insert(*change, breach.rules.clone());
            }
            if let Some(newer) = &breach.newer {
                self.newer_rule_broken.insert(*change, newer.clone());
            }
        }
    }
}
