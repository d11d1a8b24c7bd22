//! Links to other cases, with their inverse: parent and child, duplicates, what blocks what.
//!
//! A link is written on one case only. The other case shows the inverse from an index of the
//! replica, so nobody needs the right to write there. Links are a set: an add wins over a
//! concurrent removal. A link opens no door.

use core::fmt;

use casework_protocol::ids::DocumentId;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::{Act, CaseAction};
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::ActError;
use crate::case::step::Plan;
use crate::case::undo::{Undoing, facets as undo};
use crate::value::Scalar;

kinds! {
    /// What kind of action on a link a change is.
    enum LinkKind {
        /// Links to another case.
        Add = "link.add",
        /// Takes a link away.
        Remove = "link.remove",
    }
}

/// One thing done to the links of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkAction {
    /// Links to another case.
    Add {
        /// What the other case is to this one.
        relation: Relation,
        /// The other case.
        case: DocumentId,
    },
    /// Takes a link away.
    Remove {
        /// What the other case was to this one.
        relation: Relation,
        /// The other case.
        case: DocumentId,
    },
}

/// What another case is to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The other one is above this one.
    Parent,
    /// The other one is below this one.
    Child,
    /// This one says the same as the other one, which counts.
    DuplicateOf,
    /// The other one says the same as this one, which counts.
    DuplicatedBy,
    /// The other one cannot go on before this one.
    Blocks,
    /// This one cannot go on before the other one.
    BlockedBy,
    /// They have to do with each other.
    Relates,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 7] = [
        Self::Parent,
        Self::Child,
        Self::DuplicateOf,
        Self::DuplicatedBy,
        Self::Blocks,
        Self::BlockedBy,
        Self::Relates,
    ];

    /// What this case is to the other one.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            Self::Parent => Self::Child,
            Self::Child => Self::Parent,
            Self::DuplicateOf => Self::DuplicatedBy,
            Self::DuplicatedBy => Self::DuplicateOf,
            Self::Blocks => Self::BlockedBy,
            Self::BlockedBy => Self::Blocks,
            Self::Relates => Self::Relates,
        }
    }

    /// The word in documents and commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child => "child",
            Self::DuplicateOf => "duplicate-of",
            Self::DuplicatedBy => "duplicated-by",
            Self::Blocks => "blocks",
            Self::BlockedBy => "blocked-by",
            Self::Relates => "relates",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|relation| relation.word() == word)
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The key of a link on its shelf.
#[must_use]
pub fn link_key(relation: Relation, case: DocumentId) -> String {
    format!("{relation}:{case}")
}

/// Relation and case of a key.
#[must_use]
pub fn split_link_key(key: &str) -> Option<(Relation, DocumentId)> {
    let (relation, case) = key.split_once(':')?;
    Some((Relation::from_word(relation)?, case.parse().ok()?))
}

impl LinkAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> LinkKind {
        match self {
            Self::Add { .. } => LinkKind::Add,
            Self::Remove { .. } => LinkKind::Remove,
        }
    }

    fn key(&self) -> String {
        match self {
            Self::Add { relation, case } | Self::Remove { relation, case } => {
                link_key(*relation, *case)
            }
        }
    }
}

impl Facet for LinkAction {
    fn target(&self) -> Option<String> {
        Some(self.key())
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Edit
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        let key = self.key();
        let entry = (Shelf::Links, key.as_str());
        match self {
            Self::Add { .. } => plan.put_entry(past, entry, Scalar::Bool(true)),
            Self::Remove { .. } => plan.remove_entry(past, entry),
        }
    }

    fn while_closed(&self) -> bool {
        true
    }

    fn opposite(&self, undoing: &Undoing<'_>) -> Result<CaseAction, ActError> {
        undo::link(undoing, self)
    }
}

impl Kinds for LinkKind {
    type Action = LinkAction;

    fn read(self, on: Option<&str>, _ops: &[Op]) -> Option<LinkAction> {
        let (relation, case) = split_link_key(on?)?;
        Some(match self {
            Self::Add => LinkAction::Add { relation, case },
            Self::Remove => LinkAction::Remove { relation, case },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        Some(Place::Record(Shelf::Links, on?.to_owned()))
    }
}
