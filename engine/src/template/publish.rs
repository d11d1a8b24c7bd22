//! Looks a package over before it becomes a revision: every fault at once, each with its place.
//!
//! What is refused here is what would break open cases later: ids that clash, references to
//! nothing, stages without a way out, values that no field takes.

use std::collections::BTreeSet;

use super::fault::{Fault, Faults, TemplateFault};
use super::limits::{
    KEY_LETTERS, MAX_DECISION_TYPES, MAX_FIELDS, MAX_LABEL_BYTES, MAX_OUTCOMES, MAX_PATTERNS,
    MAX_PROSE_BYTES, MAX_STAGES, MAX_SUPERSEDED, MAX_TRANSITIONS,
};
use super::package::{Outcome, Package};
use super::{
    approval, automation_faults, document_type, field_faults, flow, form_faults, mapping, rule,
    stage_faults,
};
use crate::value::is_slug;
use crate::value::text::{cut, is_one_line, is_prose};

impl Package {
    /// Every fault that keeps this package from being published; empty when there is none.
    #[must_use]
    pub fn faults(&self) -> Vec<TemplateFault> {
        let mut faults = Faults::default();
        check_counts(self, &mut faults);
        // Nothing is walked that is larger than it may be.
        if faults.count() == 0 {
            check_identity(self, &mut faults);
            stage_faults::find(self, &mut faults);
            for (index, field) in self.fields.iter().enumerate() {
                let at = format!("fields[{index}] {:?}", cut(&field.id));
                field_faults::find(field, &at, &mut faults);
                rule::find_faults(self, &field.rules, &at, &mut faults);
            }
            unique(
                self.fields.iter().map(|field| &field.id),
                "fields",
                &mut faults,
            );
            check_transitions(self, &mut faults);
            check_decisions(self, &mut faults);
            form_faults::find_faults(self, &mut faults);
            approval::find_faults(self, &mut faults);
            mapping::find_faults(self, &mut faults);
            limit(
                "supersedes",
                ("revisions", self.supersedes.len(), MAX_SUPERSEDED),
                &mut faults,
            );
            automation_faults::find_faults(self, &mut faults);
            document_type::find_faults(self, &mut faults);
        }
        faults.into_list()
    }
}

fn check_counts(package: &Package, faults: &mut Faults) {
    let fields = package
        .fields
        .iter()
        .flat_map(|field| field.columns.iter().chain([field]));
    let patterns = fields
        .filter(|field| field.constraints.pattern.is_some())
        .count();
    for (what, count, max) in [
        ("stages", package.stages.len(), MAX_STAGES),
        ("fields", package.fields.len(), MAX_FIELDS),
        ("transitions", package.transitions.len(), MAX_TRANSITIONS),
        (
            "decision_types",
            package.decision_types.len(),
            MAX_DECISION_TYPES,
        ),
        ("resolutions", package.resolutions.len(), MAX_DECISION_TYPES),
        ("patterns", patterns, MAX_PATTERNS),
    ] {
        limit(what, (what, count, max), faults);
    }
}

fn check_identity(package: &Package, faults: &mut Faults) {
    let key = &package.key;
    if !KEY_LETTERS.contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_uppercase()) {
        faults.add("key", Fault::BadKey { key: cut(key) });
    }
    name("name", &package.name, "the name", faults);
    prose(
        "description",
        &package.description,
        "the description",
        faults,
    );
    note("icon", &package.icon, "the icon", faults);
    note("department", &package.department, "the department", faults);
    colour("colour", &package.colour, faults);
}

fn check_transitions(package: &Package, faults: &mut Faults) {
    for (index, transition) in package.transitions.iter().enumerate() {
        let at = format!("transitions[{index}]");
        note(&at, &transition.label, "the label", faults);
        rule::find_faults(package, &transition.rules, &at, faults);
    }
    flow::find_faults(package, faults);
}

fn check_decisions(package: &Package, faults: &mut Faults) {
    for (index, kind) in package.decision_types.iter().enumerate() {
        let at = format!("decision_types[{index}] {:?}", cut(&kind.id));
        slug(&at, &kind.id, faults);
        name(&at, &kind.label, "the label", faults);
        if kind.outcomes.is_empty() {
            faults.add(
                format!("{at}.outcomes"),
                Fault::Empty {
                    what: "the list of outcomes",
                },
            );
        }
        check_outcomes(&kind.outcomes, &format!("{at}.outcomes"), faults);
        check_makers(package, &kind.made_by, &format!("{at}.made_by"), faults);
    }
    unique(
        package.decision_types.iter().map(|kind| &kind.id),
        "decision_types",
        faults,
    );
    check_outcomes(&package.resolutions, "resolutions", faults);
}

/// Fields whose authors are makers must exist.
pub(super) fn check_makers(package: &Package, made_by: &[String], at: &str, faults: &mut Faults) {
    limit(at, ("fields", made_by.len(), MAX_FIELDS), faults);
    unique(made_by.iter(), at, faults);
    for id in made_by.iter().take(MAX_FIELDS) {
        if !package.fields.iter().any(|field| field.id == *id) {
            faults.add(at, Fault::UnknownField { id: cut(id) });
        }
    }
}

fn check_outcomes(outcomes: &[Outcome], at: &str, faults: &mut Faults) {
    limit(at, ("outcomes", outcomes.len(), MAX_OUTCOMES), faults);
    for outcome in outcomes.iter().take(MAX_OUTCOMES) {
        slug(at, &outcome.id, faults);
        name(at, &outcome.label, "a label", faults);
    }
    unique(outcomes.iter().map(|outcome| &outcome.id), at, faults);
}

/// An id that must have the shape of one.
pub(super) fn slug(at: &str, id: &str, faults: &mut Faults) {
    if !is_slug(id) {
        faults.add(at, Fault::BadId { id: cut(id) });
    }
}

/// A name or label: one line, not empty.
pub(super) fn name(at: &str, text: &str, what: &'static str, faults: &mut Faults) {
    if text.trim().is_empty() {
        faults.add(at, Fault::Empty { what });
    }
    note(at, text, what, faults);
}

/// One line that may be empty.
pub(super) fn note(at: &str, text: &str, what: &'static str, faults: &mut Faults) {
    if !text.is_empty() && (text.len() > MAX_LABEL_BYTES || !is_one_line(text)) {
        faults.add(
            at,
            Fault::BadText {
                what,
                max: MAX_LABEL_BYTES,
            },
        );
    }
}

/// Several lines that may be empty.
pub(super) fn prose(at: &str, text: &str, what: &'static str, faults: &mut Faults) {
    if !text.is_empty() && (text.len() > MAX_PROSE_BYTES || !is_prose(text)) {
        faults.add(
            at,
            Fault::BadText {
                what,
                max: MAX_PROSE_BYTES,
            },
        );
    }
}

/// `(what, how many, how many there may be)`.
pub(super) fn limit(
    at: &str,
    (what, count, max): (&'static str, usize, usize),
    faults: &mut Faults,
) {
    if count > max {
        faults.add(at, Fault::TooMany { what, count, max });
    }
}

/// Ids that must differ from each other.
pub(super) fn unique<'a>(ids: impl Iterator<Item = &'a String>, at: &str, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            faults.add(at, Fault::DuplicateId { id: cut(id) });
        }
    }
}

pub(super) fn colour(at: &str, text: &str, faults: &mut Faults) {
    let hex = |digits: &str| {
        digits.len() == 6
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !text.strip_prefix('#').is_some_and(hex) {
        faults.add(at, Fault::BadColour { colour: cut(text) });
    }
}
