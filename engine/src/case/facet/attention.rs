//! Who is told about a case, and how bad it is.
//!
//! Watchers are a set in which an add wins over a concurrent removal; the severity is one value,
//! contested like the priority.

use casework_protocol::ids::MemberId;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::{Act, CaseAction};
use crate::case::bounds::{self, MAX_LABEL_BYTES};
use crate::case::contents::text_scalar;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::refusal::ActError;
use crate::case::schema;
use crate::case::slots::container;
use crate::case::step::Plan;
use crate::case::undo::{Undoing, facets as undo};
use crate::case::values::{first_put, optional};
use crate::value::Scalar;

kinds! {
    /// What kind of change in the attention a case gets.
    enum AttentionKind {
        /// Tells a member about the case.
        Watch = "watcher.add",
        /// No longer does.
        Unwatch = "watcher.remove",
        /// Sets or clears the severity.
        SetSeverity = "severity.set",
    }
}

/// One change in the attention a case gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttentionAction {
    /// Tells a member about the case.
    Watch {
        /// Whom.
        member: MemberId,
    },
    /// No longer does.
    Unwatch {
        /// Whom.
        member: MemberId,
    },
    /// Sets or clears the severity.
    SetSeverity {
        /// The severity, one line.
        severity: Option<String>,
    },
}

impl AttentionAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> AttentionKind {
        match self {
            Self::Watch { .. } => AttentionKind::Watch,
            Self::Unwatch { .. } => AttentionKind::Unwatch,
            Self::SetSeverity { .. } => AttentionKind::SetSeverity,
        }
    }
}

impl Facet for AttentionAction {
    fn target(&self) -> Option<String> {
        match self {
            Self::Watch { member } | Self::Unwatch { member } => Some(member.to_string()),
            Self::SetSeverity { .. } => None,
        }
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        match self {
            Self::Watch { .. } | Self::Unwatch { .. } => Verb::Assign,
            Self::SetSeverity { .. } => Verb::Edit,
        }
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        match self {
            Self::Watch { member } => {
                let watchers = container(past, schema::WATCHERS)?;
                plan.put(watchers, &member.to_string(), Scalar::Bool(true))
            }
            Self::Unwatch { member } => {
                plan.remove(past, schema::WATCHERS, member.to_string(), Place::Watchers)
            }
            Self::SetSeverity { severity } => {
                if let Some(severity) = severity {
                    bounds::check_line("severity", severity, MAX_LABEL_BYTES)?;
                }
                plan.put_root(schema::SEVERITY, text_scalar(severity.as_deref()))
            }
        }
    }

    fn people(&self) -> Vec<MemberId> {
        match self {
            Self::Watch { member } => vec![*member],
            Self::Unwatch { .. } | Self::SetSeverity { .. } => Vec::new(),
        }
    }

    fn while_closed(&self) -> bool {
        matches!(self, Self::Watch { .. } | Self::Unwatch { .. })
    }

    fn opposite(&self, undoing: &Undoing<'_>) -> Result<CaseAction, ActError> {
        undo::attention(undoing, self)
    }
}

impl Kinds for AttentionKind {
    type Action = AttentionAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<AttentionAction> {
        let member = || on?.parse().ok();
        Some(match self {
            Self::Watch => AttentionAction::Watch { member: member()? },
            Self::Unwatch => AttentionAction::Unwatch { member: member()? },
            Self::SetSeverity => AttentionAction::SetSeverity {
                severity: optional(first_put(ops)?.1)?,
            },
        })
    }

    fn place(self, _on: Option<&str>) -> Option<Place> {
        Some(match self {
            Self::Watch | Self::Unwatch => Place::Watchers,
            Self::SetSeverity => Place::Severity,
        })
    }
}
