//! Three-way merging of packages: what one side changed and what the other changed, together.
//!
//! Part by part (`tree.rs`). Both sides' work is in the result; where both changed the same part
//! differently, one deterministic side stands there and the conflict is named. Laws, each tested:
//! `merge(b, x, b) = x`, `merge(b, x, x) = x`, `merge(b, x, y) = merge(b, y, x)`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::package::Package;
use super::tree::{Branch, Node, Shape, TreeError, join};

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The merged parts.
    pub tree: Node,
    /// Where both sides changed the same part differently, in the order of their paths.
    pub conflicts: Vec<Conflict>,
}

/// A part that both sides changed differently.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Conflict {
    /// The part.
    pub path: String,
    /// What stands in the result; `None` when it is gone.
    pub taken: Option<Value>,
    /// What the other side has.
    pub left: Option<Value>,
    /// What it was before both.
    pub base: Option<Value>,
}

/// Merges two packages that were made from one.
///
/// # Errors
/// [`TreeError`]; never for published packages.
pub fn merge(base: &Package, one: &Package, two: &Package) -> Result<Merged, TreeError> {
    Ok(merge_trees(
        &base.to_tree()?,
        &one.to_tree()?,
        &two.to_tree()?,
    ))
}

/// Merges two trees that were made from one.
#[must_use]
pub fn merge_trees(base: &Node, one: &Node, two: &Node) -> Merged {
    let mut conflicts = Vec::new();
    let tree = merge_part("", [Some(base), Some(one), Some(two)], &mut conflicts);
    Merged {
        tree: tree.unwrap_or_else(|| base.clone()),
        conflicts,
    }
}

/// `[base, one, two]`.
fn merge_part(
    path: &str,
    [base, one, two]: [Option<&Node>; 3],
    conflicts: &mut Vec<Conflict>,
) -> Option<Node> {
    if one == two || two == base {
        return one.cloned();
    }
    if one == base {
        return two.cloned();
    }
    if let (Some(Node::Branch(x)), Some(Node::Branch(y))) = (one, two)
        && x.shape == y.shape
    {
        let before = match base {
            Some(Node::Branch(before)) if before.shape == x.shape => Some(before),
            Some(Node::Branch(_) | Node::Leaf(_)) | None => None,
        };
        return Some(Node::Branch(merge_branches(
            path,
            (before, x, y),
            conflicts,
        )));
    }
    // Changed on one side, taken away on the other: what was worked on stays. Two values: the
    // greater text, which is the same one on every replica.
    let (taken, left) = match (one, two) {
        (Some(part), None) | (None, Some(part)) => (Some(part), None),
        (x, y) => {
            let text = |part: Option<&Node>| part.map(|part| part.write().to_string());
            if text(x) >= text(y) { (x, y) } else { (y, x) }
        }
    };
    conflicts.push(Conflict {
        path: path.to_owned(),
        taken: taken.map(Node::write),
        left: left.map(Node::write),
        base: base.map(Node::write),
    });
    taken.cloned()
}

fn merge_branches(
    path: &str,
    (base, one, two): (Option<&Branch>, &Branch, &Branch),
    conflicts: &mut Vec<Conflict>,
) -> Branch {
    let names: BTreeSet<&String> = [base, Some(one), Some(two)]
        .into_iter()
        .flatten()
        .flat_map(|branch| branch.parts.keys())
        .collect();
    let mut parts = BTreeMap::new();
    for name in names {
        let sides = [
            base.and_then(|base| base.parts.get(name)),
            one.parts.get(name),
            two.parts.get(name),
        ];
        if let Some(part) = merge_part(&join(path, name), sides, conflicts) {
            parts.insert(name.clone(), part);
        }
    }
    let order = if one.shape == Shape::Table {
        Vec::new()
    } else {
        let empty = Vec::new();
        let before = base.map_or(&empty, |base| &base.order);
        merge_orders(path, [before, &one.order, &two.order], (&parts, conflicts))
    };
    Branch {
        shape: one.shape,
        parts,
        order,
    }
}

/// The order of one side, with what only the other has put in after what it follows there. The side
/// that moved something around leads; if both did, differently, that is a conflict.
fn merge_orders(
    path: &str,
    [base, one, two]: [&Vec<String>; 3],
    (parts, conflicts): (&BTreeMap<String, Node>, &mut Vec<Conflict>),
) -> Vec<String> {
    let common = |order: &[String]| -> Vec<String> {
        let in_all = |name: &&String| [base, one, two].iter().all(|side| side.contains(*name));
        order.iter().filter(in_all).cloned().collect()
    };
    let (before, x, y) = (common(base), common(one), common(two));
    // Whichever leads, it is the same one whatever the order of the arguments.
    let (greater, lesser) = if one >= two { (one, two) } else { (two, one) };
    let (lead, follow) = if x == before && y != before {
        (two, one)
    } else if y == before && x != before {
        (one, two)
    } else {
        if x != y && x != before {
            let list = |order: &Vec<String>| Some(order.iter().cloned().collect::<Value>());
            conflicts.push(Conflict {
                path: join(path, "#order"),
                taken: list(greater),
                left: list(lesser),
                base: list(base),
            });
        }
        (greater, lesser)
    };
    let mut order: Vec<String> = lead.clone();
    for (index, name) in follow.iter().enumerate() {
        if order.contains(name) {
            continue;
        }
        let after = follow[..index].iter().rev();
        let place = after
            .filter_map(|earlier| order.iter().position(|known| known == earlier))
            .next();
        order.insert(place.map_or(0, |place| place + 1), name.clone());
    }
    order.retain(|name| parts.contains_key(name));
    order
}
