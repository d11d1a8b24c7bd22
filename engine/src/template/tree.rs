//! A package as a tree of named parts, so that two of them can be compared and merged part by part
//! and a draft can say what it changes.
//!
//! Lists whose elements have ids (stages, fields, options, listed moves, required fields) are
//! branches whose children have an order; every other value is a leaf. A path names a part:
//! `stages/offer/name`, `transitions/applied>offer/rules`, `fields/kind/options/noise`. Knows no
//! section by name, so sections that are added later need nothing here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::package::Package;
use crate::value::text::cut;

/// Lists of ids that are sets with an order, not one value.
pub(super) const ID_LISTS: [&str; 5] = [
    "required",
    "required_to_leave",
    "documents",
    "edit_roles",
    "currencies",
];

/// A part of a package, with the parts in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// One value.
    Leaf(Value),
    /// Named parts.
    Branch(Branch),
}

/// Parts by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// How it is written.
    pub shape: Shape,
    /// The parts.
    pub parts: BTreeMap<String, Node>,
    /// The names in the order of the list; empty for a table.
    pub order: Vec<String>,
}

/// How a branch is written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A table: its keys are the names.
    Table,
    /// A list of tables with an `id`.
    ById,
    /// A list of tables with `from` and `to`.
    ByMove,
    /// A list of ids.
    Ids,
}

/// Parts that make no package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Two elements of one list have the same id. Rename one.
    #[error("{path}: the id {id:?} is used twice; rename one of them")]
    Twice {
        /// The list.
        path: String,
        /// The id.
        id: String,
    },
    /// The path names no part. Look at the draft for its paths.
    #[error("there is no part {path:?}; the parts there are {known}")]
    NoPart {
        /// The path.
        path: String,
        /// The names at the place where it goes astray.
        known: String,
    },
    /// The parts are no package: something is missing, misspelt or of another type. Correct it.
    #[error("the parts make no template: {problem}")]
    NoPackage {
        /// What is wrong.
        problem: String,
    },
}

impl Package {
    /// The package as a tree.
    ///
    /// # Errors
    /// [`TreeError::Twice`]; never for a published package.
    pub fn to_tree(&self) -> Result<Node, TreeError> {
        let value = serde_json::to_value(self).map_err(|error| TreeError::NoPackage {
            problem: error.to_string(),
        })?;
        Node::read(value, "", "")
    }

    /// The package that a tree says.
    ///
    /// # Errors
    /// [`TreeError::NoPackage`] names what is missing or misspelt.
    pub fn from_tree(tree: &Node) -> Result<Self, TreeError> {
        // By way of text: reading values would be a second copy of all the code that reads packages.
        let text = tree.write().to_string();
        serde_json::from_str(&text).map_err(|error| {
            let problem = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let problem = problem.strip_suffix(&place).unwrap_or(&problem).to_owned();
            TreeError::NoPackage { problem }
        })
    }
}

impl Node {
    /// Reads a part written as JSON. `name` is its own name, `path` where it is, for messages.
    ///
    /// # Errors
    /// [`TreeError::Twice`].
    pub fn read(value: Value, name: &str, path: &str) -> Result<Self, TreeError> {
        match value {
            Value::Object(table) => {
                let mut parts = BTreeMap::new();
                for (name, value) in table {
                    let path = join(path, &name);
                    parts.insert(name.clone(), Self::read(value, &name, &path)?);
                }
                Ok(Self::Branch(Branch {
                    shape: Shape::Table,
                    parts,
                    order: Vec::new(),
                }))
            }
            Value::Array(list) => match shape_of(&list, name) {
                Some(shape) => Self::read_list(shape, list, path),
                None => Ok(Self::Leaf(Value::Array(list))),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Ok(Self::Leaf(value))
            }
        }
    }

    fn read_list(shape: Shape, list: Vec<Value>, path: &str) -> Result<Self, TreeError> {
        let (mut parts, mut order) = (BTreeMap::new(), Vec::new());
        for element in list {
            let name = key_of(shape, &element);
            let path_of_element = join(path, &name);
            let node = match shape {
                Shape::Ids => Self::Leaf(Value::Bool(true)),
                Shape::Table | Shape::ById | Shape::ByMove => {
                    Self::read(element, "", &path_of_element)?
                }
            };
            if parts.insert(name.clone(), node).is_some() {
                return Err(TreeError::Twice {
                    path: path.to_owned(),
                    id: cut(&name),
                });
            }
            order.push(name);
        }
        Ok(Self::Branch(Branch {
            shape,
            parts,
            order,
        }))
    }

    /// The part as JSON.
    #[must_use]
    pub fn write(&self) -> Value {
        let branch = match self {
            Self::Leaf(value) => return value.clone(),
            Self::Branch(branch) => branch,
        };
        let named = branch.order.iter().filter_map(|name| {
            let part = branch.parts.get(name)?;
            Some((name, part))
        });
        match branch.shape {
            Shape::Table => {
                let parts = branch.parts.iter();
                let table: Map<String, Value> = parts
                    .map(|(name, part)| (name.clone(), part.write()))
                    .collect();
                Value::Object(table)
            }
            Shape::ById | Shape::ByMove => {
                Value::Array(named.map(|(_, part)| part.write()).collect())
            }
            Shape::Ids => named.map(|(name, _)| Value::String(name.clone())).collect(),
        }
    }

    /// The part at a path; the whole at an empty one.
    #[must_use]
    pub fn part(&self, path: &str) -> Option<&Self> {
        let mut node = self;
        for name in segments(path) {
            let Self::Branch(branch) = node else {
                return None;
            };
            node = branch.parts.get(&name)?;
        }
        Some(node)
    }

    /// Puts a part at a path, in the place of the one there or at the end of its list.
    ///
    /// # Errors
    /// [`TreeError::NoPart`] when the path leads through a part that is not there.
    pub fn put(&mut self, path: &str, part: Self) -> Result<(), TreeError> {
        let names: Vec<String> = segments(path).collect();
        let Some((last, through)) = names.split_last() else {
            *self = part;
            return Ok(());
        };
        let branch = self.branch_at(path, through)?;
        if branch.shape != Shape::Table && !branch.order.contains(last) {
            branch.order.push(last.clone());
        }
        branch.parts.insert(last.clone(), part);
        Ok(())
    }

    /// Takes the part at a path away; nothing if there is none.
    pub fn remove(&mut self, path: &str) {
        let names: Vec<String> = segments(path).collect();
        let Some((last, through)) = names.split_last() else {
            return;
        };
        if let Ok(branch) = self.branch_at(path, through) {
            branch.parts.remove(last);
            branch.order.retain(|name| name != last);
        }
    }

    /// Puts the elements of a list into an order; those not named follow in the order they have.
    pub fn reorder(&mut self, path: &str, order: &[String]) {
        let names: Vec<String> = segments(path).collect();
        let Ok(branch) = self.branch_at(path, &names) else {
            return;
        };
        let place = |name: &String| order.iter().position(|known| known == name);
        branch
            .order
            .sort_by_key(|name| place(name).unwrap_or(usize::MAX));
    }

    fn branch_at(&mut self, path: &str, through: &[String]) -> Result<&mut Branch, TreeError> {
        let no_part = |known: String| TreeError::NoPart {
            path: cut(path),
            known,
        };
        let mut node = self;
        for name in through {
            let Self::Branch(branch) = node else {
                return Err(no_part("none".to_owned()));
            };
            // A table or list that says nothing is not written, and so not there yet.
            let missing = !branch.parts.contains_key(name);
            if missing && branch.shape == Shape::Table {
                branch
                    .parts
                    .insert(name.clone(), Self::Branch(Branch::named(name)));
            } else if missing {
                let known = super::field::join(branch.order.iter().map(String::as_str));
                return Err(no_part(known));
            }
            node = branch.parts.get_mut(name).expect("it was just put there");
        }
        match node {
            Self::Branch(branch) => Ok(branch),
            Self::Leaf(_) => Err(no_part("none".to_owned())),
        }
    }
}

impl Branch {
    /// An empty branch in the shape that a part of this name has.
    fn named(name: &str) -> Self {
        let shape = match name {
            "transitions" => Shape::ByMove,
            "field_policy" | "constraints" | "mappings" | "stage" | "field" | "sla" => Shape::Table,
            list if ID_LISTS.contains(&list) => Shape::Ids,
            _ => Shape::ById,
        };
        Self {
            shape,
            parts: BTreeMap::new(),
            order: Vec::new(),
        }
    }
}

/// The path of a part of the part at `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    if path.is_empty() {
        name
    } else {
        format!("{path}/{name}")
    }
}

/// The names on a path.
pub(super) fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split('/')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace("~1", "/").replace("~0", "~"))
}

fn shape_of(list: &[Value], name: &str) -> Option<Shape> {
    let all = |good: fn(&Value) -> bool| !list.is_empty() && list.iter().all(good);
    let has = |value: &Value, key: &str| value.get(key).is_some_and(Value::is_string);
    if !list.is_empty() && list.iter().all(|value| has(value, "id")) {
        Some(Shape::ById)
    } else if !list.is_empty() && list.iter().all(|v| has(v, "from") && has(v, "to")) {
        Some(Shape::ByMove)
    } else if ID_LISTS.contains(&name) && all(Value::is_string) {
        Some(Shape::Ids)
    } else {
        None
    }
}

fn key_of(shape: Shape, element: &Value) -> String {
    let text = |key: &str| element.get(key).and_then(Value::as_str).unwrap_or_default();
    match shape {
        Shape::ById => text("id").to_owned(),
        Shape::ByMove => format!("{}>{}", text("from"), text("to")),
        Shape::Ids | Shape::Table => element.as_str().unwrap_or_default().to_owned(),
    }
}
