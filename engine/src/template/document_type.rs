//! The kinds of document and the roles of parties that a template knows.

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Faults};
use super::limits::{MAX_DOCUMENT_TYPES, MAX_FIELDS, MAX_PARTY_ROLES};
use super::package::Package;
use super::publish::{limit, name, slug, unique};
use crate::value::text::cut;

/// A kind of document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    /// Stable id; conditions and stages name it.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Fields of the case that must be filled before such a document is added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_fields: Vec<String>,
}

/// A role that a party can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PartyRole {
    /// Stable id; conditions name it.
    pub id: String,
    /// What people call it.
    pub label: String,
}

/// Every fault of the two lists.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    let (types, roles) = (&package.document_types, &package.party_roles);
    let (count, max) = (types.len(), MAX_DOCUMENT_TYPES);
    limit("document_types", ("document types", count, max), faults);
    let (count, max) = (roles.len(), MAX_PARTY_ROLES);
    limit("party_roles", ("roles of parties", count, max), faults);
    for (index, kind) in types.iter().enumerate().take(MAX_DOCUMENT_TYPES) {
        let at = format!("document_types[{index}] {:?}", cut(&kind.id));
        slug(&at, &kind.id, faults);
        name(&at, &kind.label, "the label", faults);
        let fields = kind.required_fields.iter().take(MAX_FIELDS);
        for field in fields {
            if !package.fields.iter().any(|known| known.id == *field) {
                faults.add(
                    format!("{at}.required_fields"),
                    Fault::UnknownField { id: cut(field) },
                );
            }
        }
    }
    for (index, role) in roles.iter().enumerate().take(MAX_PARTY_ROLES) {
        let at = format!("party_roles[{index}] {:?}", cut(&role.id));
        slug(&at, &role.id, faults);
        name(&at, &role.label, "the label", faults);
    }
    let ids = types.iter().map(|kind| &kind.id);
    unique(ids, "document_types", faults);
    unique(roles.iter().map(|role| &role.id), "party_roles", faults);
}
