//! Kinds of approval: who is asked to agree to what, and from which amount on somebody else is.
//!
//! Roles, teams and members are not looked up here: the roster is another thing. What is asked is
//! fixed when it is asked, by the values the case has then ([`ApprovalType::tier`]).

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use casework_protocol::limits::MAX_NAME_BYTES;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fault::{Fault, Faults};
use super::field::Field;
use super::limits::{MAX_APPROVAL_TYPES, MAX_APPROVERS, MAX_THRESHOLDS};
use super::package::Package;
use super::publish::{check_makers, limit, name, slug, unique};
use crate::approval::{Mode, Seat, SeatError};
use crate::value::text::cut;
use crate::value::{FieldType, FieldValue, Scalar, is_slug};

/// A kind of approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalType {
    /// Stable id.
    pub id: String,
    /// What is asked for, as people read it.
    pub label: String,
    /// The stage where it belongs, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// How many of the approvers must agree.
    #[serde(default)]
    pub mode: Mode,
    /// With mode `count` how many members.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u16,
    /// Who is asked.
    pub approvers: Vec<Approver>,
    /// From which values on somebody else is asked; of those reached the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<Threshold>,
    /// Whoever made it cannot approve it: who asked, who wrote what is to be approved, and who
    /// wrote one of the fields below.
    #[serde(default, skip_serializing_if = "is_false")]
    pub maker_checker: bool,
    /// Fields whose authors are makers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_by: Vec<String>,
    /// A rejection or return must say why.
    #[serde(default, skip_serializing_if = "is_false")]
    pub note_required: bool,
}

/// From a value on, others are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// A number, money or counter field.
    pub field: String,
    /// The smallest value that reaches it, in the words a person would write (`"50000 EUR"`).
    pub from: Scalar,
    /// How many of the approvers must agree.
    #[serde(default)]
    pub mode: Mode,
    /// With mode `count` how many members.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u16,
    /// Who is asked.
    pub approvers: Vec<Approver>,
}

/// Who is asked, before the values of a case are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Approver {
    /// A member, role or team.
    Seat(Seat),
    /// The owner of the case: `owner`.
    Owner,
    /// The member named in a field of the case: `field:ID`.
    Field(String),
}

/// Who is asked at the values of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier<'t> {
    /// Its place: 0 below every threshold, else one more than the threshold's.
    pub position: usize,
    /// How many must agree.
    pub mode: Mode,
    /// With mode `count` how many members.
    pub count: u16,
    /// Who is asked.
    pub approvers: &'t [Approver],
}

impl ApprovalType {
    /// Who is asked, given the fields of the case. `value` answers a field's canonical scalar.
    ///
    /// # Errors
    /// The id of a field that a threshold looks at and that is empty: nobody knows who is asked
    /// until it is filled.
    pub fn tier<'t>(
        &'t self,
        fields: &[Field],
        value: impl Fn(&str) -> Option<Scalar>,
    ) -> Result<Tier<'t>, &'t str> {
        let mut tier = Tier {
            position: 0,
            mode: self.mode,
            count: self.count,
            approvers: &self.approvers,
        };
        for (at, threshold) in (1..).zip(&self.thresholds) {
            let Some(field) = fields.iter().find(|field| field.id == threshold.field) else {
                continue;
            };
            let given = value(&field.id).filter(|value| !value.is_null());
            let given = given.ok_or(threshold.field.as_str())?;
            if threshold.is_reached(field, &given) {
                tier = Tier {
                    position: at,
                    mode: threshold.mode,
                    count: threshold.count,
                    approvers: &threshold.approvers,
                };
            }
        }
        Ok(tier)
    }

    /// The fields that its thresholds look at.
    #[must_use]
    pub fn basis(&self) -> BTreeSet<&str> {
        let fields = self.thresholds.iter().map(|step| step.field.as_str());
        fields.collect()
    }
}

impl Threshold {
    /// Whether a value reaches it. An amount in another currency cannot be compared and counts as
    /// reached: the stricter question is the safe one.
    fn is_reached(&self, field: &Field, given: &Scalar) -> bool {
        let bound = FieldValue::parse(field, &self.from.to_string());
        match (FieldValue::from_scalar(field.kind, given), bound) {
            (Ok(FieldValue::Number(given)), Ok(FieldValue::Number(bound))) => given >= bound,
            (Ok(FieldValue::Counter(given)), Ok(FieldValue::Counter(bound))) => given >= bound,
            (Ok(FieldValue::Money(given)), Ok(FieldValue::Money(bound))) => {
                given.currency() != bound.currency() || given.amount() >= bound.amount()
            }
            (_, _) => true,
        }
    }
}

/// Finds what is wrong with the approvals of a package.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    let kinds = &package.approvals;
    limit(
        "approvals",
        ("approvals", kinds.len(), MAX_APPROVAL_TYPES),
        faults,
    );
    unique(kinds.iter().map(|kind| &kind.id), "approvals", faults);
    for (index, kind) in kinds.iter().take(MAX_APPROVAL_TYPES).enumerate() {
        let at = format!("approvals[{index}] {:?}", cut(&kind.id));
        slug(&at, &kind.id, faults);
        name(&at, &kind.label, "the label", faults);
        if !kind.stage.is_empty() && !package.stages.iter().any(|s| s.id == kind.stage) {
            let id = cut(&kind.stage);
            faults.add(format!("{at}.stage"), Fault::UnknownStage { id });
        }
        find_in_question(
            package,
            &at,
            (kind.mode, kind.count, &kind.approvers),
            faults,
        );
        find_in_thresholds(package, kind, &at, faults);
        check_makers(package, &kind.made_by, &format!("{at}.made_by"), faults);
    }
}

type Question<'q> = (Mode, u16, &'q [Approver]);

/// Finds an approval that nobody could give.
fn find_in_question(
    package: &Package,
    at: &str,
    (mode, count, approvers): Question<'_>,
    faults: &mut Faults,
) {
    let list = format!("{at}.approvers");
    limit(&list, ("approvers", approvers.len(), MAX_APPROVERS), faults);
    if approvers.is_empty() {
        faults.add(&list, Fault::NobodyApproves);
    }
    let texts: Vec<String> = approvers.iter().map(ToString::to_string).collect();
    unique(texts.iter(), &list, faults);
    let several = |approver: &Approver| match approver {
        Approver::Seat(Seat::Role(_) | Seat::Team(_)) => true,
        Approver::Seat(Seat::Member(_)) | Approver::Owner | Approver::Field(_) => false,
    };
    let reachable = approvers.iter().any(several) || usize::from(count) <= approvers.len();
    if mode == Mode::Count && !approvers.is_empty() && (count == 0 || !reachable) {
        faults.add(
            format!("{at}.count"),
            Fault::UnreachableCount {
                count,
                approvers: approvers.len(),
            },
        );
    }
    if mode != Mode::Count && count != 0 {
        faults.add(format!("{at}.count"), Fault::CountWithoutMode);
    }
    for approver in approvers.iter().take(MAX_APPROVERS) {
        let Approver::Field(id) = approver else {
            continue;
        };
        match package.fields.iter().find(|field| field.id == *id) {
            None => faults.add(&list, Fault::UnknownField { id: cut(id) }),
            Some(field) if field.kind != FieldType::Member => {
                let (id, kind) = (cut(id), field.kind);
                faults.add(&list, Fault::NotAMember { id, kind });
            }
            Some(_) => {}
        }
    }
}

fn find_in_thresholds(package: &Package, kind: &ApprovalType, at: &str, faults: &mut Faults) {
    let count = kind.thresholds.len();
    limit(at, ("thresholds", count, MAX_THRESHOLDS), faults);
    for (index, step) in kind.thresholds.iter().take(MAX_THRESHOLDS).enumerate() {
        let at = format!("{at}.thresholds[{index}]");
        find_in_question(
            package,
            &at,
            (step.mode, step.count, &step.approvers),
            faults,
        );
        let Some(field) = package.fields.iter().find(|field| field.id == step.field) else {
            let id = cut(&step.field);
            faults.add(&at, Fault::UnknownField { id });
            continue;
        };
        if !matches!(
            field.kind,
            FieldType::Number | FieldType::Money | FieldType::Counter
        ) {
            let (id, kind) = (cut(&field.id), field.kind);
            faults.add(&at, Fault::NotAnAmount { id, kind });
            continue;
        }
        match FieldValue::parse(field, &step.from.to_string()) {
            Err(problem) => faults.add(format!("{at}.from"), Fault::BadThreshold { problem }),
            Ok(from) => {
                let earlier = kind.thresholds[..index]
                    .iter()
                    .rfind(|earlier| earlier.field == step.field);
                let scalar = from.to_scalar();
                if earlier.is_some_and(|earlier| !step_up(earlier, field, &scalar)) {
                    faults.add(format!("{at}.from"), Fault::ThresholdsDescend);
                }
            }
        }
    }
}

/// Whether a bound lies above an earlier one of the same field.
fn step_up(earlier: &Threshold, field: &Field, bound: &Scalar) -> bool {
    let same = FieldValue::parse(field, &earlier.from.to_string());
    earlier.is_reached(field, bound) && same.is_ok_and(|same| same.to_scalar() != *bound)
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seat(seat) => seat.fmt(f),
            Self::Owner => f.write_str("owner"),
            Self::Field(id) => write!(f, "field:{id}"),
        }
    }
}

impl FromStr for Approver {
    type Err = SeatError;

    fn from_str(text: &str) -> Result<Self, SeatError> {
        match text.strip_prefix("field:") {
            Some(id) if is_slug(id) => Ok(Self::Field(id.to_owned())),
            Some(_) | None if text == "owner" => Ok(Self::Owner),
            Some(_) | None => text.parse().map(Self::Seat),
        }
    }
}

impl Serialize for Approver {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Approver {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        if text.len() > MAX_NAME_BYTES {
            return Err(serde::de::Error::custom("the approver is too long"));
        }
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u16) -> bool {
    *count == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
