//! The built-in roles: what exists in every roster from its genesis on.
//!
//! The table is part of the format: every replica folds the same roles from the same genesis, so a
//! released line never changes. Other needs are met by roles that a workspace defines itself.

use std::collections::BTreeSet;

use crate::rights::{Grant, Scope, Verb};

/// Key of the role that holds everything and that only owners can give or take.
pub const OWNER: &str = "owner";

/// Key of the role of the program that does what templates ask for without a person: numbers, time
/// rules, webhooks.
pub const AGENT: &str = "agent";

/// A role: a named set of grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Name for people.
    pub name: String,
    /// What it grants.
    pub grants: BTreeSet<Grant>,
}

struct BuiltIn {
    key: &'static str,
    name: &'static str,
    all: &'static [Verb],
    team: &'static [Verb],
    own: &'static [Verb],
}

/// | role | everywhere | own and team's cases | own cases |
/// |---|---|---|---|
/// | owner | every verb | | |
/// | manager | all but keep and erase: runs the workspace and decides about held work | | |
/// | operator | drives any case: view, open, move, edit, comment (both), task, document, decide, approve, assign, transfer, close, reopen, override, export, settle | | |
/// | contributor | open | view, move, edit, comment, task, document, settle | transfer |
/// | viewer | view | | |
/// | intake (forms) | open | | view, edit, comment, document |
/// | agent | view, open, move, edit, comment (both), task, document, assign, close, export, keep | | |
///
/// Nobody sees a restricted case unless its record names them, owners included.
const BUILT_IN: [BuiltIn; 7] = {
    use Verb::{
        Adopt, Approve, Assign, Close, Comment, CommentExternal, Decide, Document, Edit, Export,
        Keep, ManageMembers, Move, Open, Override, Publish, Redact, Reopen, Restrict, Settle, Task,
        Transfer, View,
    };
    const NONE: &[Verb] = &[];
    [
        BuiltIn {
            key: OWNER,
            name: "Owner",
            all: &Verb::ALL,
            team: NONE,
            own: NONE,
        },
        BuiltIn {
            key: "manager",
            name: "Manager",
            all: &[
                View,
                Open,
                Move,
                Edit,
                Comment,
                CommentExternal,
                Task,
                Document,
                Decide,
                Approve,
                Assign,
                Transfer,
                Close,
                Reopen,
                Override,
                Redact,
                Export,
                Settle,
                Adopt,
                Restrict,
                Publish,
                ManageMembers,
            ],
            team: NONE,
            own: NONE,
        },
        BuiltIn {
            key: "operator",
            name: "Operator",
            all: &[
                View,
                Open,
                Move,
                Edit,
                Comment,
                CommentExternal,
                Task,
                Document,
                Decide,
                Approve,
                Assign,
                Transfer,
                Close,
                Reopen,
                Override,
                Export,
                Settle,
            ],
            team: NONE,
            own: NONE,
        },
        BuiltIn {
            key: "contributor",
            name: "Contributor",
            all: &[Open],
            team: &[View, Move, Edit, Comment, Task, Document, Settle],
            own: &[Transfer],
        },
        BuiltIn {
            key: "viewer",
            name: "Viewer",
            all: &[View],
            team: NONE,
            own: NONE,
        },
        BuiltIn {
            key: "intake",
            name: "Intake",
            all: &[Open],
            team: NONE,
            own: &[View, Edit, Comment, Document],
        },
        BuiltIn {
            key: AGENT,
            name: "Agent",
            all: &[
                View,
                Open,
                Move,
                Edit,
                Comment,
                CommentExternal,
                Task,
                Document,
                Assign,
                Close,
                Export,
                Keep,
            ],
            team: NONE,
            own: NONE,
        },
    ]
};

/// Whether the key names a built-in role, which can be neither redefined nor removed.
#[must_use]
pub fn is_built_in(key: &str) -> bool {
    BUILT_IN.iter().any(|role| role.key == key)
}

/// The built-in roles with their keys, owner first.
pub fn built_in() -> impl Iterator<Item = (&'static str, Role)> {
    BUILT_IN.iter().map(|role| {
        let grants = [
            (role.all, Scope::All),
            (role.team, Scope::Team),
            (role.own, Scope::Own),
        ]
        .into_iter()
        .flat_map(|(verbs, scope)| {
            verbs.iter().map(move |verb| Grant {
                verb: *verb,
                scope: scope.clone(),
            })
        })
        .collect();
        (
            role.key,
            Role {
                name: role.name.to_owned(),
                grants,
            },
        )
    })
}
