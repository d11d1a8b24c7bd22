//! What differs between two packages, part by part, and what each difference does to open cases.

use core::fmt;
use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::package::Package;
use super::tree::{Branch, ID_LISTS, Node, Shape, TreeError, join, segments};
use crate::value::text::cut;

/// What a difference does to open cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Names, texts, colours and orders that people only see.
    Cosmetic,
    /// Something more to choose from or to fill.
    Additive,
    /// What is asked, allowed or done is another thing now.
    Changing,
    /// A stage, field or option is gone: cases need a place to go.
    Destructive,
    /// A field has another type or policy, which is never published.
    Forbidden,
}

/// One part that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The part, as drafts name it.
    pub path: String,
    /// What it does to open cases.
    pub weight: Weight,
    /// What it was; `None` when it is new.
    pub before: Option<Value>,
    /// What it is; `None` when it is gone.
    pub after: Option<Value>,
}

/// Everything that differs, in the order of the paths.
///
/// # Errors
/// [`TreeError`]; never for published packages.
pub fn differences(before: &Package, after: &Package) -> Result<Vec<Difference>, TreeError> {
    let (before, after) = (before.draftable().to_tree()?, after.draftable().to_tree()?);
    Ok(tree_differences(&before, &after))
}

/// Everything that differs between two trees, in the order of the paths.
#[must_use]
pub fn tree_differences(before: &Node, after: &Node) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", (Some(before), Some(after)), &mut found);
    found
}

fn compare(
    path: &str,
    (before, after): (Option<&Node>, Option<&Node>),
    found: &mut Vec<Difference>,
) {
    if before == after {
        return;
    }
    if let (Some(Node::Branch(x)), Some(Node::Branch(y))) = (before, after)
        && x.shape == y.shape
    {
        compare_branches(path, (x, y), found);
        return;
    }
    // A whole list or table that is new or gone is told element by element.
    if let (Some(Node::Branch(branch)), None) | (None, Some(Node::Branch(branch))) = (before, after)
        && is_section(path, branch)
    {
        let empty = Branch {
            parts: std::collections::BTreeMap::new(),
            order: Vec::new(),
            ..branch.clone()
        };
        let pair = if before.is_some() {
            (branch, &empty)
        } else {
            (&empty, branch)
        };
        compare_branches(path, pair, found);
        return;
    }
    let value = |node: Option<&Node>| node.map(Node::write);
    let (before, after) = (value(before), value(after));
    found.push(Difference {
        weight: weigh(path, before.is_some(), after.is_some()),
        path: path.to_owned(),
        before,
        after,
    });
}

/// Whether a branch is a list or table of things, and not one thing.
fn is_section(path: &str, branch: &Branch) -> bool {
    let last = segments(path).last().unwrap_or_default();
    branch.shape != Shape::Table
        || matches!(last.as_str(), "field_policy" | "mappings" | "constraints")
}

fn compare_branches(path: &str, (x, y): (&Branch, &Branch), found: &mut Vec<Difference>) {
    let mut names: Vec<&String> = y.order.iter().collect();
    names.extend(x.order.iter().filter(|name| !y.order.contains(name)));
    let tables: BTreeSet<&String> = x.parts.keys().chain(y.parts.keys()).collect();
    let rest = tables.into_iter().filter(|name| !names.contains(name));
    let names: Vec<&String> = names.iter().copied().chain(rest).collect();
    for name in names {
        let pair = (x.parts.get(name), y.parts.get(name));
        compare(&join(path, name), pair, found);
    }
    let common = |one: &Branch, other: &Branch| -> Vec<String> {
        let in_both = one.order.iter().filter(|name| other.order.contains(name));
        in_both.cloned().collect()
    };
    let (was, is) = (common(x, y), common(y, x));
    if was != is && x.shape != Shape::ByMove {
        let path = join(path, ORDER);
        found.push(Difference {
            weight: weigh(&path, true, true),
            path,
            before: Some(was.into_iter().collect()),
            after: Some(is.into_iter().collect()),
        });
    }
}

/// The name of the order of a list, as if it were a part of it.
pub(super) const ORDER: &str = "#order";

fn weigh(path: &str, was: bool, is: bool) -> Weight {
    let names: Vec<String> = segments(path).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let cosmetic = [
        "name",
        "label",
        "colour",
        "icon",
        "description",
        "help",
        "department",
        "entry_note",
        "card",
        "searchable",
        "title",
    ];
    match names[..] {
        ["stages", ORDER] => Weight::Changing,
        [.., ORDER] => Weight::Cosmetic,
        ["fields", _, "type" | "conflict"] => Weight::Forbidden,
        ["stages" | "fields", _] | ["fields", _, "options" | "columns", _] if !is => {
            Weight::Destructive
        }
        [.., list, _]
            if !was
                && !matches!(list, "transitions" | "required" | "required_to_leave")
                && ADDED.contains(&list) =>
        {
            Weight::Additive
        }
        [.., list, _] if ID_LISTS.contains(&list) => Weight::Changing,
        [.., last] if cosmetic.contains(&last) => Weight::Cosmetic,
        _ => Weight::Changing,
    }
}

/// Lists in which one more element only adds something.
const ADDED: [&str; 9] = [
    "stages",
    "fields",
    "options",
    "columns",
    "tasks",
    "decision_types",
    "outcomes",
    "resolutions",
    "document_types",
];

impl Weight {
    /// Every weight, lightest first.
    pub const ALL: [Self; 5] = [
        Self::Cosmetic,
        Self::Additive,
        Self::Changing,
        Self::Destructive,
        Self::Forbidden,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosmetic => "cosmetic",
            Self::Additive => "additive",
            Self::Changing => "changing",
            Self::Destructive => "destructive",
            Self::Forbidden => "forbidden",
        }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `+ stages/offer: "Offer"`, `- fields/salary`, `~ stages/offer/name: "Offer" → "Proposal"`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "+ {}{}", self.path, shown(after)),
            (Some(before), None) => write!(f, "- {}{}", self.path, shown(before)),
            (Some(before), Some(after)) => {
                write!(f, "~ {}: {} → {}", self.path, brief(before), brief(after))
            }
            (None, None) => f.write_str(&self.path),
        }
    }
}

/// What a thing is called, or what it says; nothing for a bare mark.
fn shown(value: &Value) -> String {
    if value.is_null() || *value == Value::Bool(true) {
        String::new()
    } else {
        format!(": {}", brief(value))
    }
}

fn brief(value: &Value) -> String {
    let name = ["name", "label", "title", "message"]
        .iter()
        .find_map(|key| value.get(key)?.as_str());
    match (name, value) {
        (Some(name), _) => format!("{:?}", cut(name)),
        (None, value) => cut(&value.to_string()),
    }
}
