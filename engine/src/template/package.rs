//! A template as people write it: identity and its sections, each with a file of its own.
//!
//! Everything is public and may be wrong until [`Package::publish`] has looked at it. The order of
//! the struct fields is the order of the canonical bytes and never changes; new keys are added at
//! the end and skipped when they say nothing.

use casework_protocol::ids::RevisionId;
use serde::{Deserialize, Serialize};

use super::approval::ApprovalType;
use super::automation::Automation;
use super::calendar::Calendar;
use super::document_type::{DocumentType, PartyRole};
use super::field::Field;
use super::form::Form;
use super::mapping::Mappings;
use super::rule::{Transition, Unlisted};
use super::sla::CaseClock;
use super::stage::{Category, Stage, Standing};

/// A template before it is published. Its order of stages, fields and options is the order people
/// see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Prefix of case numbers: two to six capital letters.
    pub key: String,
    /// What people call this kind of case.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Name of an icon, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// `#rrggbb` in lower case.
    #[serde(default = "default_colour")]
    pub colour: String,
    /// Who it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// Whether cases may be opened.
    #[serde(default)]
    pub status: Status,
    /// What happens on a move that `transitions` does not list, when it lists any.
    #[serde(default)]
    pub unlisted: Unlisted,
    /// The stages in their order.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// The fields in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The listed moves. None listed: every move is free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    /// The kinds of decision that are recorded on such a case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decision_types: Vec<DecisionType>,
    /// The codes a case can be closed with. None listed: any code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolutions: Vec<Outcome>,
    /// Whether reading a case is written down on its timeline, as an action like any other.
    #[serde(default, skip_serializing_if = "is_false")]
    pub log_reads: bool,
    /// What people outside the workspace can be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<Form>,
    /// The kinds of approval that can be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalType>,
    /// Where cases go whose stage, field or option is no longer here.
    #[serde(default, skip_serializing_if = "Mappings::is_empty")]
    pub mappings: Mappings,
    /// The revisions that this one takes the place of. Filled in when it is published; whatever a
    /// file says here is not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(skip))]
    pub supersedes: Vec<RevisionId>,
    /// What happens by itself, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub automations: Vec<Automation>,
    /// The kinds of document that belong to such a case. None listed: any kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document_types: Vec<DocumentType>,
    /// The roles that parties can have. None listed: any role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub party_roles: Vec<PartyRole>,
    /// The business calendars that its clocks go by; the first is the one meant where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<Calendar>,
    /// The clocks over the whole case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sla: Vec<CaseClock>,
}

/// Whether cases of a template may be opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Being written; no cases.
    Draft,
    /// In use.
    #[default]
    Open,
    /// No new cases; late offline work still lands.
    Closing,
    /// No longer in use.
    Closed,
}

/// A kind of decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionType {
    /// Stable id.
    pub id: String,
    /// The question.
    pub label: String,
    /// The answers; at least one.
    pub outcomes: Vec<Outcome>,
    /// What must be said beside the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<DecisionPart>,
    /// Whoever made it cannot decide it: who brought the case into its stage, and who wrote one of
    /// the fields below.
    #[serde(default, skip_serializing_if = "is_false")]
    pub maker_checker: bool,
    /// Fields whose authors are makers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_by: Vec<String>,
}

/// What a kind of decision can require beside the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DecisionPart {
    /// Why.
    Rationale,
    /// Under which conditions.
    Conditions,
}

/// An answer to a decision, or a code that a case is closed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Stable id.
    pub id: String,
    /// What people choose.
    pub label: String,
}

impl Package {
    /// A package without stages, fields or rules.
    #[must_use]
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            description: String::new(),
            icon: String::new(),
            colour: default_colour(),
            department: String::new(),
            status: Status::default(),
            unlisted: Unlisted::default(),
            stages: Vec::new(),
            fields: Vec::new(),
            transitions: Vec::new(),
            decision_types: Vec::new(),
            resolutions: Vec::new(),
            log_reads: false,
            forms: Vec::new(),
            approvals: Vec::new(),
            mappings: Mappings::default(),
            supersedes: Vec::new(),
            automations: Vec::new(),
            document_types: Vec::new(),
            party_roles: Vec::new(),
            calendars: Vec::new(),
            sla: Vec::new(),
        }
    }

    /// The package as people edit it: without what publishing fills in.
    #[must_use]
    pub fn draftable(&self) -> Self {
        Self {
            supersedes: Vec::new(),
            ..self.clone()
        }
    }

    /// Where a new case stands: the first primary intake stage, else the first primary active one,
    /// else the first of either kind. `None` without stages, which is never published.
    #[must_use]
    pub fn first_stage(&self) -> Option<&Stage> {
        let rank = |stage: &&Stage| match (stage.standing, stage.category) {
            (Standing::Primary, Category::Intake) => 0,
            (Standing::Primary, Category::Active) => 1,
            (Standing::Secondary, Category::Intake | Category::Active) => 2,
            (_, Category::Waiting | Category::Done | Category::Cancelled) => 3,
        };
        self.stages.iter().min_by_key(rank)
    }
}

impl DecisionType {
    /// A kind of decision that requires nothing besides its answer.
    #[must_use]
    pub fn new(id: impl Into<String>, label: impl Into<String>, outcomes: Vec<Outcome>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            outcomes,
            requires: Vec::new(),
            maker_checker: false,
            made_by: Vec::new(),
        }
    }
}

fn default_colour() -> String {
    "#475569".to_owned()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}
