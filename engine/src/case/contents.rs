//! What openings, decisions, closings and overrides consist of.
//!
//! Closings and overrides are one atomic value each in the document: compact JSON with one text.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::{DocumentId, MemberId};
use serde::{Deserialize, Serialize};

use super::part::PartId;
use crate::value::Scalar;

/// What a case is opened with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The template's document.
    pub template: DocumentId,
    /// One line.
    pub title: String,
    /// The (provisional) number.
    pub number: String,
    /// The stage it begins in.
    pub stage: String,
    /// Fields with a value.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldEntry>,
    /// The owner.
    #[serde(default)]
    pub owner: Option<MemberId>,
    /// The assignees.
    #[serde(default)]
    pub assignees: BTreeSet<MemberId>,
}

/// What a field holds when a case is opened. Counters and prose begin empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldEntry {
    /// One canonical scalar, not null.
    Value(Scalar),
    /// The options of a multi select, at least one.
    Options(BTreeSet<String>),
}

/// A decision to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The new decision.
    pub id: PartId,
    /// What was asked: a decision type's id, or a question of one line.
    pub question: String,
    /// What was answered.
    pub outcome: String,
    /// Why.
    #[serde(default)]
    pub rationale: String,
    /// Under which conditions.
    #[serde(default)]
    pub conditions: String,
    /// The decisions it supersedes. Left empty by whoever asks: all current ones on the question
    /// that the author can see are filled in.
    #[serde(default)]
    pub supersedes: BTreeSet<PartId>,
}

/// How a case was closed: one atomic value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The resolution code.
    pub code: String,
    /// What there is to say.
    #[serde(default)]
    pub notes: String,
}

/// A rule that was gone through, with the reason: one atomic value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// What the rule says.
    pub rule: String,
    /// Why it was gone through.
    pub why: String,
}

impl Closing {
    /// The atomic value as it lies in the document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts always serialise")
    }

    /// Reads the atomic value; `None` unless it is exactly what [`Closing::to_json`] writes.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str::<Self>(json)
            .ok()
            .filter(|closing| closing.to_json() == json)
    }
}

impl Override {
    /// The atomic value as it lies in the document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts always serialise")
    }

    /// Reads the atomic value; `None` unless it is exactly what [`Override::to_json`] writes.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str::<Self>(json)
            .ok()
            .filter(|entry| entry.to_json() == json)
    }
}

/// A member, or null.
pub(crate) fn member_scalar(member: Option<MemberId>) -> Scalar {
    member.map_or(Scalar::Null, |member| Scalar::Text(member.to_string()))
}

/// A text, or null.
pub(crate) fn text_scalar(text: Option<&str>) -> Scalar {
    text.map_or(Scalar::Null, Scalar::text)
}
