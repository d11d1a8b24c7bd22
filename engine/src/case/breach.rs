//! What a received act broke that would have been refused or asked about before acting: by the
//! revision that it cites, and by a newer one that its author could not know.
//!
//! Only tells it; nothing is kept out by it.

use super::action::Act;
use super::condition::Facts;
use super::judge::MAX_RULE_CHARACTERS;
use super::offered::check_values;
use super::refusal::ActError;
use super::rules::{Finding, findings};
use crate::template::{Revision, Severity};

/// Most rules that one received act is said to break: a mark, not a list.
const MAX_RULES_TOLD: usize = 8;

/// What a received act broke that would have been refused or asked about before acting: for the
/// mark *rule broken*. Empty for work that kept every rule or overrode what asked.
#[must_use]
pub fn breaches(facts: &Facts<'_>, act: &Act) -> Vec<String> {
    let mut broken = Vec::new();
    if let Err(error) = check_values(facts.past, facts.revision, &act.action, &facts.today) {
        broken.push(cut(&error.to_string()));
    }
    for finding in findings(facts, act) {
        let passed = match finding.severity {
            Severity::Warn => true,
            Severity::Ask => act.override_rule,
            Severity::Block => false,
        };
        if !passed {
            broken.push(cut(&finding.rule));
        }
    }
    broken.truncate(MAX_RULES_TOLD);
    broken
}

/// What a received act breaks of a newer revision and not of the one it was judged by: rules that
/// its author could not know. An override passes the rules that its author was asked about, not
/// these.
#[must_use]
pub fn broken_anew(facts: &Facts<'_>, newer: &Revision, act: &Act) -> Vec<String> {
    let then = Facts {
        revision: newer,
        ..*facts
    };
    let mut broken = Vec::new();
    let value = check_values(then.past, newer, &act.action, &then.today).err();
    let known = check_values(facts.past, facts.revision, &act.action, &facts.today).is_err();
    if let Some(error) = value.filter(|error| !known && !is_mapped(newer, error)) {
        broken.push(cut(&error.to_string()));
    }
    let before = findings(facts, act);
    for finding in findings(&then, act) {
        let as_strong =
            |known: &Finding| known.rule == finding.rule && known.severity >= finding.severity;
        if finding.severity > Severity::Warn && !before.iter().any(as_strong) {
            broken.push(cut(&finding.rule));
        }
    }
    broken.truncate(MAX_RULES_TOLD);
    broken
}

/// What a newer revision no longer has was given another place there: nothing is broken by that.
fn is_mapped(newer: &Revision, error: &ActError) -> bool {
    if let ActError::UnknownOption { field, option, .. } = error {
        newer.chosen(field, option) != option
    } else {
        matches!(error, ActError::UnknownField { .. })
    }
}

fn cut(rule: &str) -> String {
    rule.chars().take(MAX_RULE_CHARACTERS).collect()
}
