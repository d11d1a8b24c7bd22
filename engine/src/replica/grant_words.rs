//! Grants and what they are for, in words: as `casework role define` takes them, and as the beginning
//! of a sentence.

use casework_protocol::ids::DocumentId;
use casework_protocol::rights::{Grant, Occasion, Scope, Verb};

use super::Replica;

impl Replica {
    /// A grant as people write it: `edit field:HR/salary`, `view own`, `comment`.
    #[must_use]
    pub fn grant_words(&self, grant: &Grant) -> String {
        let verb = grant.verb;
        match &grant.scope {
            Scope::All => verb.to_string(),
            Scope::Own => format!("{verb} own"),
            Scope::Team => format!("{verb} team"),
            Scope::Template(template) => {
                format!("{verb} template:{}", self.template_key(*template))
            }
            Scope::Stage(template, stage) => {
                format!("{verb} stage:{}/{stage}", self.template_key(*template))
            }
            Scope::Field(template, field) => {
                format!("{verb} field:{}/{field}", self.template_key(*template))
            }
        }
    }

    /// The key that names a template; its whole id while it is not here or another has that key.
    fn template_key(&self, template: DocumentId) -> String {
        let Some(revision) = self.current_revision(template) else {
            return template.to_string();
        };
        let key = &revision.package().key;
        let others = self.current.keys().filter(|other| **other != template);
        let taken = others
            .filter_map(|other| self.current_revision(*other))
            .any(|other| other.package().key == *key);
        if taken {
            template.to_string()
        } else {
            key.clone()
        }
    }
}

/// The narrowest grant that covers an occasion whoever's the case is.
pub(super) fn narrowest(asked: &Occasion<'_>) -> Grant {
    let scope = match (asked.template, asked.field, asked.stage) {
        (Some(template), Some(field), _) => Scope::Field(template, field.to_owned()),
        (Some(template), None, Some(stage)) if asked.verb == Verb::Move => {
            Scope::Stage(template, stage.to_owned())
        }
        (Some(template), None, _) => Scope::Template(template),
        (None, _, _) => Scope::All,
    };
    Grant {
        verb: asked.verb,
        scope,
    }
}

/// What is done, as the beginning of a sentence.
pub(super) fn doing(asked: &Occasion<'_>, template: Option<&str>) -> String {
    let of = template
        .map(|name| format!(" of {name}"))
        .unwrap_or_default();
    match (asked.field, asked.stage) {
        (Some(field), _) if asked.verb == Verb::Settle => format!("settling field {field}{of}"),
        (Some(field), _) => format!("editing field {field}{of}"),
        (None, Some(stage)) if asked.verb == Verb::Move => {
            format!("moving a case to stage {stage}{of}")
        }
        (None, _) => format!("{}{of}", plainly(asked.verb)),
    }
}

const fn plainly(verb: Verb) -> &'static str {
    match verb {
        Verb::View => "seeing a case",
        Verb::Open => "opening a case",
        Verb::Move => "moving a case",
        Verb::Edit => "editing a case",
        Verb::Comment => "commenting on a case",
        Verb::CommentExternal => "writing to people outside on a case",
        Verb::Task => "working on the tasks of a case",
        Verb::Document => "working on the documents of a case",
        Verb::Decide => "recording a decision on a case",
        Verb::Approve => "voting on an approval on a case",
        Verb::Assign => "assigning a case",
        Verb::Transfer => "handing over a case",
        Verb::Close => "closing a case",
        Verb::Reopen => "reopening a case",
        Verb::Override => "going through a rule that asks on a case",
        Verb::Redact => "redacting on a case",
        Verb::Export => "exporting a case",
        Verb::Settle => "settling what is contested on a case",
        Verb::Adopt => "adopting held work on a case",
        Verb::Restrict => "restricting a case",
        Verb::Publish => "publishing a revision",
        Verb::ManageMembers => "changing members, roles, teams and invites",
        Verb::Keep => "keeping the log",
        Verb::Erase => "purging a case",
    }
}
