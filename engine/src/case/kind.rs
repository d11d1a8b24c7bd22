//! The names of actions as they stand in commit messages (`"do":"stage.move"`).
//!
//! The names are part of the format: new ones may be added, none may change its meaning. A name
//! that this version does not know makes a change *waiting*, never wrong.

use core::fmt;
use core::str::FromStr;

use super::facet::FacetKind;

/// Declares an enum of actions with their names: `enum Kind { Variant = "thing.verb", … }`. With
/// `and Facets` it also holds the kinds of all facets.
macro_rules! kinds {
    ($(#[doc = $about:literal])+ enum $Kind:ident {
        $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+
    } $(and $Facets:ident)?) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Kind {
            $($(#[doc = $doc])+ $variant,)+
            $(
                /// Something done to a facet of the case.
                Facet($Facets),
            )?
        }

        impl $Kind {
            /// Every kind, in the order of declaration.
            pub fn all() -> impl Iterator<Item = Self> {
                let all = [$(Self::$variant,)+].into_iter();
                $(let all = all.chain($Facets::all().map(Self::Facet));)?
                all
            }

            /// Its name in the commit message.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    $(Self::Facet(kind) => $Facets::name(kind),)?
                }
            }

            /// The kind with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => {
                        let found = None;
                        $(let found = $Facets::from_name(name).map(Self::Facet).or(found);)?
                        found
                    }
                }
            }
        }
    };
}

pub(crate) use kinds;

impl FromStr for ActionKind {
    type Err = UnknownAction;

    fn from_str(name: &str) -> Result<Self, UnknownAction> {
        Self::from_name(name).ok_or_else(|| UnknownAction {
            name: name.chars().take(80).collect(),
        })
    }
}

/// A name that this version does not know. Cure: update, the change is kept until then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the action {name:?} is not known to this version")]
pub struct UnknownAction {
    /// The first 80 characters of the name.
    pub name: String,
}

kinds! {
    /// What kind of action a change is.
    enum ActionKind {
    /// Opens the case.
    CaseOpen = "case.open",
    /// Gives another title.
    TitleSet = "title.set",
    /// Moves to a stage.
    StageMove = "stage.move",
    /// Gives a field a value.
    FieldSet = "field.set",
    /// Takes a field's value away.
    FieldClear = "field.clear",
    /// Adds an option to a multi select.
    OptionAdd = "option.add",
    /// Removes an option from a multi select.
    OptionRemove = "option.remove",
    /// Adds to a counter.
    CounterAdd = "counter.add",
    /// Edits prose that several people edit together.
    TextEdit = "text.edit",
    /// Writes a comment.
    CommentAdd = "comment.add",
    /// Rewrites one's own comment.
    CommentEdit = "comment.edit",
    /// Hides a comment, with a reason.
    CommentRedact = "comment.redact",
    /// Creates a task.
    TaskCreate = "task.create",
    /// Gives a task to somebody, or to nobody.
    TaskAssign = "task.assign",
    /// Changes the due date of a task.
    TaskReschedule = "task.reschedule",
    /// Finishes a task.
    TaskDone = "task.done",
    /// Cancels a task.
    TaskCancel = "task.cancel",
    /// Opens a finished or cancelled task again.
    TaskReopen = "task.reopen",
    /// Adds an item to a task's checklist.
    ItemAdd = "item.add",
    /// Checks or unchecks an item.
    ItemCheck = "item.check",
    /// Assigns a member to the case.
    AssigneeAdd = "assignee.add",
    /// Takes a member off the case.
    AssigneeRemove = "assignee.remove",
    /// Gives the case to an owner, or to nobody.
    OwnerSet = "owner.set",
    /// Puts a label on.
    LabelAdd = "label.add",
    /// Takes a label off.
    LabelRemove = "label.remove",
    /// Sets or clears the priority.
    PrioritySet = "priority.set",
    /// Sets or clears the due date.
    DueSet = "due.set",
    /// Records a decision.
    DecisionRecord = "decision.record",
    /// Closes the case.
    CaseClose = "case.close",
    /// Reopens the case.
    CaseReopen = "case.reopen",
    /// Settles a contested value.
    ValueSettle = "value.settle",
    /// Opens a template.
    TemplateOpen = "template.open",
    /// Publishes a revision of a template.
    TemplatePublish = "template.publish",
    /// Begins a draft of a template.
    DraftStart = "draft.start",
    /// Changes a draft.
    DraftEdit = "draft.edit",
    /// Gives a draft up.
    DraftDiscard = "draft.discard",
    /// Publishes what a draft says.
    DraftPublish = "draft.publish",
    /// Opens a personal document.
    PersonalOpen = "personal.open",
    /// Marks items of one's own inbox.
    InboxMark = "inbox.mark",
    /// Marks everything in one's own inbox up to a time as read.
    InboxReadUntil = "inbox.read-until",
    /// Sets or ends a quiet rule of one's own inbox.
    InboxQuiet = "inbox.quiet",
    } and FacetKind
}

impl ActionKind {
    /// Whether it belongs to personal documents.
    #[must_use]
    pub const fn is_of_personal(self) -> bool {
        matches!(
            self,
            Self::PersonalOpen | Self::InboxMark | Self::InboxReadUntil | Self::InboxQuiet
        )
    }

    /// Whether it belongs to cases.
    #[must_use]
    pub const fn is_of_case(self) -> bool {
        !self.is_of_template() && !self.is_of_personal()
    }

    /// Whether it belongs to template documents.
    #[must_use]
    pub const fn is_of_template(self) -> bool {
        matches!(
            self,
            Self::TemplateOpen
                | Self::TemplatePublish
                | Self::DraftStart
                | Self::DraftEdit
                | Self::DraftDiscard
                | Self::DraftPublish
        )
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_none_appears_twice() {
        let names: std::collections::BTreeSet<_> =
            ActionKind::all().map(ActionKind::name).collect();
        assert_eq!(names.len(), ActionKind::all().count());
        for kind in ActionKind::all() {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert!("stage.moved".parse::<ActionKind>().is_err());
    }
}
