//! Filling in a form: several fields at once, and what it showed.

use crate::acting::{ActOptions, Acted, all_told};
use crate::error::CaseworkError;
use crate::text::read;
use crate::workspace::Workspace;

/// What a form wants one field to hold.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FieldEdit {
    /// The field by id or label.
    pub field: String,
    /// What the person wrote; blank empties the field.
    pub words: String,
    /// What the form showed before ([`crate::FieldView::edit_words`]): what is the same is left
    /// alone, and what changed meanwhile is not written over. Nothing writes over whatever is there.
    #[uniffi(default = None)]
    pub shown: Option<String>,
}

#[uniffi::export]
impl Workspace {
    /// Fills in several fields in one commit: all that differs, or nothing. Of a set of options
    /// only what the person added and took away counts; a counter takes what is to be added.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Changed` when a field says something else by now than the form showed, and the person
    /// changed it; `Unchanged` when nothing differs; `Asks` for a reason; `Denied` without the
    /// right; `Corrupt` for a quarantined case; `Unavailable` when the store fails; `Closed`.
    /// Nothing was done then.
    #[uniffi::method(default(options = None))]
    pub fn set_fields(
        &self,
        case_id: &str,
        edits: Vec<FieldEdit>,
        options: Option<ActOptions>,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let options = options.unwrap_or_default();
        let edit = |one: FieldEdit| casework::FieldEdit {
            field: one.field,
            words: one.words,
            shown: one.shown,
        };
        let edits: Vec<casework::FieldEdit> = edits.into_iter().map(edit).collect();
        let (reason, through) = (options.reason.as_deref(), options.override_rule);
        let acted = self
            .sdk()?
            .set_fields(read(case_id)?, &edits, reason, through)?;
        Ok(all_told(acted))
    }
}
