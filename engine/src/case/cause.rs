//! Why an automation acted: the rule, what triggered it and how deep in a chain of rules it stands.
//!
//! Part of the message of every change that a rule made. Two devices on which one trigger fired
//! write the same key, so what they made is one effect (`engine/src/automation`).

use casework_protocol::ids::ChangeHash;
use serde::{Deserialize, Serialize};

use super::part::PartId;

/// Deepest chain of rules, counted from the act of a person: beyond it nobody follows why.
pub const MAX_DEPTH: u8 = 10;
/// Most effects of one act of a person, all rules and depths together.
pub const MAX_EFFECTS: u16 = 500;
/// Longest name of a rule in a cause, in bytes: `stage/` and the longest id.
pub const MAX_RULE_BYTES: usize = 80;

/// The cause of a change that an automation made. The order of the fields is that of the message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The automation's id in the template, or `stage/ID` for the tasks of a stage.
    pub rule: String,
    /// The change that triggered it; absent when time did.
    #[serde(default)]
    pub of: Option<ChangeHash>,
    /// Names the trigger: equal on every device on which the same thing triggered.
    pub key: PartId,
    /// Which effect of the rule it is, from 0.
    #[serde(rename = "n")]
    pub step: u16,
    /// 1 for what an act of a person or time triggered, one more for each rule in between.
    #[serde(rename = "d")]
    pub depth: u8,
}

impl Cause {
    /// What no automation writes: a depth, step or name out of bounds.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        if self.rule.is_empty() || self.rule.len() > MAX_RULE_BYTES {
            Some("its rule has no name, or a longer one than any rule")
        } else if self.depth == 0 || self.depth > MAX_DEPTH + 1 {
            // One deeper stands the mark that a chain was stopped.
            Some("its chain of rules is deeper than any may be")
        } else if self.step >= MAX_EFFECTS {
            Some("its rule has fewer effects")
        } else {
            None
        }
    }
}
