//! Drafts of a template: changes to a published revision that several people write together.
//!
//! A draft says, part by part (`template/tree.rs`), what it changes of the first revision it is
//! based on. Parts merge like the fields of a case: different parts silently, the same part to a
//! deterministic one that is named. Nothing in a draft holds until it is published.

mod writing;

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::RevisionId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DRAFTS;
use crate::case::past::{Object, Past};
use crate::case::{ActError, PartId};
use crate::template::{Conflict, Difference, Node, Package, Revision, TreeError, tree_differences};
pub(super) use writing::{plan, plan_published, read_edit, read_start};

const BASES: &str = "bases";
const NAME: &str = "name";
const STATUS: &str = "status";
const OPEN: &str = "open";
const DISCARDED: &str = "discarded";
/// Prefix of an edit: the path follows; the value is JSON, null for a part taken away.
const EDIT: &str = "e/";
/// Prefix of a conflict that is not settled: the path follows; the value is JSON.
const CONFLICT: &str = "x/";

/// What is changed: path → JSON text, `null` for a part that is taken away.
pub type Edits = BTreeMap<String, String>;

/// Something done to a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DraftAction {
    /// Begins one.
    Start(DraftStart),
    /// Changes parts, and takes changes back. Settles the conflicts at these paths.
    Edit {
        /// The draft.
        id: PartId,
        /// Path → JSON text, or `None` to let the part be as the revision has it.
        edits: BTreeMap<String, Option<String>>,
    },
    /// Gives it up. It stays readable.
    Discard {
        /// The draft.
        id: PartId,
    },
}

/// What a draft begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftStart {
    /// The new draft.
    pub id: PartId,
    /// What people call it, one line.
    pub name: String,
    /// The revisions it will take the place of; what it changes is relative to the first.
    pub bases: Vec<RevisionId>,
    /// What it changes.
    pub edits: Edits,
    /// Where the revisions that it merges contradict each other: path → JSON of a [`Conflict`].
    pub conflicts: Edits,
}

/// A draft as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Its id.
    pub id: PartId,
    /// What people call it.
    pub name: String,
    /// The revisions it takes the place of; the first is the one it changes.
    pub bases: Vec<RevisionId>,
    /// Where it stands.
    pub status: DraftStatus,
    /// What it changes: path → value, null for a part taken away.
    pub edits: BTreeMap<String, Value>,
    /// What the revisions it merges say differently and nobody has settled.
    pub conflicts: Vec<Conflict>,
    /// The paths that two people changed differently at once; the deterministic one is shown.
    pub contested: BTreeSet<String>,
}

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DraftStatus {
    /// Being written.
    Open,
    /// Given up.
    Discarded,
    /// Published as this revision.
    Published(RevisionId),
}

/// What a draft would publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// The package.
    pub package: Package,
    /// Paths of the draft that lead nowhere: their part was taken away by somebody else.
    pub astray: Vec<String>,
}

impl DraftAction {
    /// The draft.
    #[must_use]
    pub const fn id(&self) -> PartId {
        match self {
            Self::Start(start) => start.id,
            Self::Edit { id, .. } | Self::Discard { id } => *id,
        }
    }
}

impl Draft {
    /// The package that the draft makes of the first revision it is based on.
    ///
    /// # Errors
    /// [`TreeError`] when the parts make no package; it says what is missing or misspelt.
    pub fn apply(&self, base: &Revision) -> Result<Drafted, TreeError> {
        let mut tree = base.package().draftable().to_tree()?;
        let mut astray = Vec::new();
        let (orders, parts): (Vec<_>, Vec<_>) = self
            .edits
            .iter()
            .partition(|(path, _)| path.ends_with("#order"));
        // Shorter paths come first, so that a new stage is there before something is put into it.
        for (path, value) in parts {
            let deeper = format!("{path}/");
            let edited_inside = self.edits.range(deeper.clone()..).next();
            let edited_inside = edited_inside.is_some_and(|(other, _)| other.starts_with(&deeper));
            if !value.is_null() {
                let name = path.rsplit('/').next().unwrap_or_default();
                let part = Node::read(value.clone(), name, path)?;
                if tree.put(path, part).is_err() {
                    astray.push(path.clone());
                }
            } else if edited_inside {
                // Somebody works on what somebody else took away: it stays.
                astray.push(path.clone());
            } else {
                tree.remove(path);
            }
        }
        for (path, value) in orders {
            let list = path.strip_suffix("/#order").unwrap_or_default();
            let order: Vec<String> = serde_json::from_value(value.clone()).unwrap_or_default();
            tree.reorder(list, &order);
        }
        let package = Package::from_tree(&tree)?;
        Ok(Drafted { package, astray })
    }
}

/// What must be edited for one package to become another: whole new parts where they are new.
///
/// # Errors
/// [`TreeError`]; the target has two elements with one id.
pub fn edits_between(base: &Revision, target: &Package) -> Result<Edits, TreeError> {
    let before = base.package().draftable().to_tree()?;
    Ok(edits_of(&tree_differences(
        &before,
        &target.draftable().to_tree()?,
    )))
}

/// What must be edited for these differences to be so.
#[must_use]
pub fn edits_of(differences: &[Difference]) -> Edits {
    let text = |difference: &Difference| match &difference.after {
        Some(value) => value.to_string(),
        None => Value::Null.to_string(),
    };
    differences
        .iter()
        .map(|difference| (difference.path.clone(), text(difference)))
        .collect()
}

/// Every draft, oldest id first.
#[must_use]
pub fn drafts(past: &Past<'_>) -> Vec<Draft> {
    let Some(map) = past.maps(Object::Root, DRAFTS).first().copied() else {
        return Vec::new();
    };
    let keys = past.keys(map, String::new().."g".to_owned());
    let ids = keys.iter().filter_map(|key| key.parse::<PartId>().ok());
    ids.filter_map(|id| draft(past, id)).collect()
}

/// One draft.
#[must_use]
pub fn draft(past: &Past<'_>, id: PartId) -> Option<Draft> {
    let object = object(past, id).ok()?;
    let said = |key: &str| past.scalar(object, key)?.as_text().map(str::to_owned);
    let status = said(STATUS)?;
    let values = |prefix: &str| -> BTreeMap<String, Value> {
        let read = |key: &String| {
            let json = past.scalar(object, key)?;
            let value = serde_json::from_str(json.as_text()?).ok()?;
            Some((key.strip_prefix(prefix)?.to_owned(), value))
        };
        // '0' is the character after '/'.
        let end = format!("{}0", prefix.trim_end_matches('/'));
        let keys = past.keys(object, prefix.to_owned()..end);
        keys.iter().filter_map(read).collect()
    };
    let edits = values(EDIT);
    let contested = edits
        .keys()
        .filter(|path| past.sides(object, &format!("{EDIT}{path}")).len() > 1);
    Some(Draft {
        id,
        name: said(NAME)?,
        bases: read_bases(&said(BASES)?)?,
        status: match status.as_str() {
            OPEN => DraftStatus::Open,
            DISCARDED => DraftStatus::Discarded,
            revision => DraftStatus::Published(revision.parse().ok()?),
        },
        contested: contested.cloned().collect(),
        conflicts: values(CONFLICT)
            .into_values()
            .filter_map(|conflict| serde_json::from_value(conflict).ok())
            .collect(),
        edits,
    })
}

fn object(past: &Past<'_>, id: PartId) -> Result<Object, ActError> {
    let map = past.maps(Object::Root, DRAFTS).first().copied();
    let map = map.ok_or(ActError::NotOpened)?;
    let found = past.maps(map, &id.to_string()).first().copied();
    found.ok_or(ActError::UnknownPart { what: "draft", id })
}

fn read_bases(text: &str) -> Option<Vec<RevisionId>> {
    text.split(' ').map(|id| id.parse().ok()).collect()
}
