//! What another revision of its template would do to a case: the preview of a publish.
//!
//! Derived from the stored view, so that a thousand cases are looked at without opening one.
//! Whether a rule would now speak against where a case stands is added by whoever has the document.

use core::fmt;

use serde::Serialize;

use super::case::CaseView;
use super::field::FieldView;
use crate::template::{FieldPolicy, Revision};

/// One thing that changes for a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "effect")]
pub enum Effect {
    /// Its stage is gone; it is shown in another.
    StageMapped {
        /// Where it stands.
        stage: String,
        /// Where it is shown.
        to: String,
    },
    /// Its stage is gone and nothing says where it goes: this cannot be published.
    StageGone {
        /// Where it stands.
        stage: String,
    },
    /// Nobody enters its stage any more.
    StageDisabled {
        /// Where it stands.
        stage: String,
    },
    /// A field it has is gone; its value is shown in another.
    FieldMapped {
        /// The field.
        field: String,
        /// Where the value is shown.
        to: String,
    },
    /// A field it has is gone; the value is kept and no longer shown.
    FieldGone {
        /// The field.
        field: String,
    },
    /// An option it has is gone; another is shown.
    OptionMapped {
        /// The field.
        field: String,
        /// The option it has.
        option: String,
        /// The option that is shown.
        to: String,
    },
    /// An option it has is gone and nothing says what is shown: this cannot be published.
    OptionGone {
        /// The field.
        field: String,
        /// The option it has.
        option: String,
    },
    /// A field is required where it stands, and empty.
    NowRequired {
        /// The field.
        field: String,
    },
    /// A field can no longer be edited, or not be seen, where it stands.
    NowClosed {
        /// The field.
        field: String,
        /// What can be done with it.
        policy: &'static str,
    },
    /// A rule speaks against standing where it stands.
    RuleBroken {
        /// What the rule says.
        rule: String,
    },
}

/// What changes for a case when one revision takes the place of another.
#[must_use]
pub fn effects(view: &CaseView, before: &Revision, after: &Revision) -> Vec<Effect> {
    let mut found = Vec::new();
    let stage = view.stage.value();
    match after.stage(stage) {
        None => found.push(Effect::StageGone {
            stage: stage.clone(),
        }),
        Some(now) if now.id != before.placed(stage) => found.push(Effect::StageMapped {
            stage: before.placed(stage).to_owned(),
            to: now.id.clone(),
        }),
        Some(now) if now.disabled && !before.stage(stage).is_some_and(|s| s.disabled) => {
            found.push(Effect::StageDisabled {
                stage: now.id.clone(),
            });
        }
        Some(_) => {}
    }
    for field in before.fields() {
        let Some(held) = view.held(before, &field.id).filter(|held| held.is_filled()) else {
            continue;
        };
        if after.field(&field.id).is_none() {
            found.push(lost_field(&field.id, after));
        } else if field.kind.has_options() {
            lost_options(&field.id, held, (before, after), &mut found);
        }
    }
    let filled =
        |revision: &Revision, id: &str| view.held(revision, id).is_some_and(FieldView::is_filled);
    let was: Vec<&str> = before
        .missing_required(stage, |id| filled(before, id))
        .into_iter()
        .map(|field| field.id.as_str())
        .collect();
    let is = after.missing_required(stage, |id| filled(after, id));
    let new = is.iter().filter(|field| !was.contains(&field.id.as_str()));
    found.extend(new.map(|field| Effect::NowRequired {
        field: field.id.clone(),
    }));
    closed(stage, (before, after), &mut found);
    found
}

fn lost_field(id: &str, after: &Revision) -> Effect {
    let field = id.to_owned();
    match after.package().mappings.field.get(id) {
        Some(to) if !to.is_empty() => Effect::FieldMapped {
            field,
            to: to.clone(),
        },
        Some(_) | None => Effect::FieldGone { field },
    }
}

fn lost_options(
    field: &str,
    held: &FieldView,
    (before, after): (&Revision, &Revision),
    found: &mut Vec<Effect>,
) {
    let single = held.value.as_ref().and_then(|slot| slot.value().as_text());
    for option in single
        .into_iter()
        .chain(held.options.iter().map(String::as_str))
    {
        let was = before.chosen(field, option);
        let now = after.chosen(field, option);
        let (field, option) = (field.to_owned(), was.to_owned());
        let known = after
            .field(&field)
            .is_some_and(|field| field.options.iter().any(|known| known.id == now));
        if !known {
            found.push(Effect::OptionGone { field, option });
        } else if now != was {
            let to = now.to_owned();
            found.push(Effect::OptionMapped { field, option, to });
        }
    }
}

fn closed(stage: &str, (before, after): (&Revision, &Revision), found: &mut Vec<Effect>) {
    let policy = |revision: &Revision, id: &str| {
        let stage = revision.stage(stage);
        stage.map_or(FieldPolicy::Visible, |stage| stage.policy_of(id))
    };
    for field in after.fields() {
        let (was, is) = (policy(before, &field.id), policy(after, &field.id));
        if is != was && !is.is_editable() && before.field(&field.id).is_some() {
            found.push(Effect::NowClosed {
                field: field.id.clone(),
                policy: is.name(),
            });
        }
    }
}

impl Effect {
    /// Whether the revision cannot be published because of it.
    #[must_use]
    pub const fn forbids(&self) -> bool {
        matches!(self, Self::StageGone { .. } | Self::OptionGone { .. })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StageMapped { stage, to } => write!(f, "stage {stage} becomes {to}"),
            Self::StageGone { stage } => write!(f, "stage {stage} is gone and mapped nowhere"),
            Self::StageDisabled { stage } => write!(f, "stage {stage} is disabled"),
            Self::FieldMapped { field, to } => write!(f, "{field} is shown in {to}"),
            Self::FieldGone { field } => write!(f, "{field} is kept and no longer shown"),
            Self::OptionMapped { field, option, to } => {
                write!(f, "{field} {option} becomes {to}")
            }
            Self::OptionGone { field, option } => {
                write!(f, "{field} {option} is gone and mapped nowhere")
            }
            Self::NowRequired { field } => write!(f, "{field} is required and empty"),
            Self::NowClosed { field, policy } => write!(f, "{field} is {policy}"),
            Self::RuleBroken { rule } => write!(f, "rule: {rule}"),
        }
    }
}
