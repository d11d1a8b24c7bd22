//! What an act asks of its author: the day it is judged on, the rights it needs, and the act itself
//! as outbox and drawer keep it.

use casework_protocol::authority::Act as Asking;

use crate::case::{Message, Needed, Past};
use crate::template::Today;
use crate::template_document::{TemplateAct, TemplateAction};

/// The author's day, as claimed. `None` for a time beyond the calendar.
pub(super) fn day_of(time_ms: i64, zone_min: i16) -> Option<Today> {
    let now = jiff::Timestamp::from_millisecond(time_ms).ok()?;
    let offset = jiff::tz::Offset::from_seconds(i32::from(zone_min) * 60).ok()?;
    Some(Today::at(now, offset))
}

/// The rights an act needs, as the authority asks for them.
pub(super) fn asking(needed: &[Needed]) -> Vec<Asking<'_>> {
    needed
        .iter()
        .map(|needed| Asking {
            verb: needed.verb,
            stage: needed.stage.as_deref(),
            field: needed.field.as_deref(),
        })
        .collect()
}

/// The rights that an own act, kept as text, needed where it was made.
pub(super) fn needed_by(act: &str, past: &Past<'_>, message: &Message) -> Vec<Needed> {
    match serde_json::from_str(act) {
        Ok(OwnAct::Case(act)) => crate::case::needed(past, &act, message.rule.is_some()),
        Ok(OwnAct::Template(_)) | Err(_) => {
            let verb = casework_protocol::rights::Verb::Publish;
            vec![Needed {
                verb,
                stage: None,
                field: None,
            }]
        }
    }
}

/// What a person did, as outbox and drawer keep it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnAct {
    /// To a case.
    Case(Box<crate::case::Act>),
    /// To a template.
    Template(TemplateAct),
}

impl OwnAct {
    /// What was done, as a message names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Case(act) => act.action.kind().name(),
            Self::Template(act) => match act.action {
                TemplateAction::Open(_) => crate::case::ActionKind::TemplateOpen.name(),
                TemplateAction::Publish(_) => crate::case::ActionKind::TemplatePublish.name(),
            },
        }
    }
}
