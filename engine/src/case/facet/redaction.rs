//! Redaction: the words of a field, a document or a party are no longer shown, with the reason.
//!
//! A mark, honoured by every view, card, search, export and timeline, also of yesterday; what was
//! written stays in the history and in plain exports. It wins over every edit, concurrent or later.

use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::Act;
use crate::case::bounds;
use crate::case::conform::find_field;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::ActError;
use crate::case::schema;
use crate::case::slots::{container, record_objects};
use crate::case::step::Plan;
use crate::template::Revision;
use crate::value::Scalar;

kinds! {
    /// What kind of redaction a change is.
    enum RedactionKind {
        /// Hides the values of a field.
        Field = "field.redact",
        /// Hides the names of a document and of its files.
        Document = "document.redact",
        /// Hides everything about a party but its role.
        Party = "party.redact",
    }
}

/// One redaction; the reason is the act's and is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedactionAction {
    /// Hides the values of a field.
    Field {
        /// The field.
        field: String,
    },
    /// Hides the names of a document and of its files.
    Document {
        /// The document.
        document: PartId,
    },
    /// Hides everything about a party but its role.
    Party {
        /// The party.
        party: PartId,
    },
}

impl RedactionAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> RedactionKind {
        match self {
            Self::Field { .. } => RedactionKind::Field,
            Self::Document { .. } => RedactionKind::Document,
            Self::Party { .. } => RedactionKind::Party,
        }
    }

    fn key(&self) -> String {
        match self {
            Self::Field { field } => schema::redacted_field_key(field),
            Self::Document { document } => format!("{}/{document}", Shelf::Documents.name()),
            Self::Party { party } => format!("{}/{party}", Shelf::Parties.name()),
        }
    }
}

impl Facet for RedactionAction {
    fn target(&self) -> Option<String> {
        Some(match self {
            Self::Field { field } => field.clone(),
            Self::Document { document } => document.to_string(),
            Self::Party { party } => party.to_string(),
        })
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Redact
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Field { field } => Some(field),
            Self::Document { .. } | Self::Party { .. } => None,
        }
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, act: &Act) -> Result<(), ActError> {
        let reason = act.reason.as_ref().ok_or(ActError::NeedsReason {
            action: act.action.kind(),
        })?;
        match self {
            Self::Field { field } => bounds::check_slug("field", field)?,
            Self::Document { document } => {
                record_objects(past, Shelf::Documents, &document.to_string())?;
            }
            Self::Party { party } => {
                record_objects(past, Shelf::Parties, &party.to_string())?;
            }
        }
        let redacted = container(past, schema::REDACTED)?;
        plan.put(redacted, &self.key(), Scalar::text(reason))
    }

    fn conform(&self, revision: &Revision) -> Result<(), ActError> {
        match self {
            // What was written under the id of a field that was, is redacted with the one it became.
            Self::Field { field } if revision.was_field(field) => Ok(()),
            Self::Field { field } => find_field(revision, field).map(|_| ()),
            Self::Document { .. } | Self::Party { .. } => Ok(()),
        }
    }

    fn while_closed(&self) -> bool {
        true
    }

    fn in_trash(&self) -> bool {
        true
    }
}

impl Kinds for RedactionKind {
    type Action = RedactionAction;

    fn read(self, on: Option<&str>, _ops: &[Op]) -> Option<RedactionAction> {
        Some(match self {
            Self::Field => RedactionAction::Field {
                field: on?.to_owned(),
            },
            Self::Document => RedactionAction::Document {
                document: on?.parse().ok()?,
            },
            Self::Party => RedactionAction::Party {
                party: on?.parse().ok()?,
            },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        let on = on?.to_owned();
        Some(match self {
            Self::Field => Place::Field(on),
            Self::Document => Place::Record(Shelf::Documents, on),
            Self::Party => Place::Record(Shelf::Parties, on),
        })
    }

    /// What was hidden is not shown as before and after.
    fn shown(self, _on: Option<&str>) -> Option<Place> {
        None
    }
}
