//! Filling in fields, in the words of people: one, or a whole form in one commit.
//!
//! A form is filled in for minutes while others work on the same case. So it can say what it showed:
//! what it leaves alone is not written, what changed meanwhile is not written over, and of a set of
//! options only the difference that the person made counts.

use std::collections::BTreeSet;

use casework_engine::case::CaseAction;
use casework_engine::replica::{Acted, Replica};
use casework_engine::template::{Field, Revision};
use casework_engine::value::{ConflictPolicy, FieldValue};
use casework_engine::view::CaseView;
use casework_protocol::ids::DocumentId;

use super::Workspace;
use super::cases::act_all;
use super::fields::{self, Wish};
use crate::error::Error;
use crate::moment;

/// What a form wants one field to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldEdit {
    /// The field by id or label.
    pub field: String,
    /// What a person wrote; blank empties the field.
    pub words: String,
    /// What the form showed before ([`edit_words`]); `None` writes over whatever is there.
    pub shown: Option<String>,
}

/// What a form shows for a field: words that, given back, leave it as it is. Empty for an empty
/// field, and for a counter, which takes what is to be added.
#[must_use]
pub fn edit_words(view: &CaseView, revision: &Revision, field: &Field) -> String {
    match view.content(revision, field) {
        None | Some(FieldValue::Counter(_)) => String::new(),
        Some(FieldValue::MultiSelect(ids)) => {
            let content = FieldValue::MultiSelect(ids.clone());
            let words = content.words(field);
            let read = FieldValue::parse(field, &words);
            // A label may hold the sign that stands between labels.
            if read.as_ref() == Ok(&content) {
                words
            } else {
                ids.into_iter().collect::<Vec<_>>().join("; ")
            }
        }
        Some(content) => content.words(field),
    }
}

/// Filling in fields. Errors as for other actions on cases.
impl Workspace {
    /// Gives a field what a person wrote, in one commit: sets the value, makes a multi select hold
    /// exactly these options, adds to a counter, edits prose. The field goes by id or label;
    /// members and cases are named as in [`Workspace::find_member`] and [`Workspace::find_case`].
    ///
    /// # Errors
    /// See above; also when the text is not a value of the field.
    pub fn set_field(
        &self,
        case: DocumentId,
        field: &str,
        words: &str,
        reason: Option<&str>,
    ) -> Result<Vec<Acted>, Error> {
        self.change_field(case, field, (reason, false), |replica, found, chosen| {
            Ok(fields::wish(replica, found, words)?.actions(found, chosen))
        })
    }

    /// As [`Workspace::set_field`], going through a rule that asks, for this reason.
    ///
    /// # Errors
    /// As there, and when a rule blocks.
    pub fn override_field(
        &self,
        case: DocumentId,
        field: &str,
        words: &str,
        reason: &str,
    ) -> Result<Vec<Acted>, Error> {
        let why = (Some(reason), true);
        self.change_field(case, field, why, |replica, found, chosen| {
            Ok(fields::wish(replica, found, words)?.actions(found, chosen))
        })
    }

    /// As [`Workspace::clear_field`], going through a rule that asks, for this reason.
    ///
    /// # Errors
    /// As there, and when a rule blocks.
    pub fn override_clearing(
        &self,
        case: DocumentId,
        field: &str,
        reason: &str,
    ) -> Result<Vec<Acted>, Error> {
        let why = (Some(reason), true);
        self.change_field(case, field, why, |_, found, chosen| {
            fields::emptying(found, chosen)
        })
    }

    /// Empties a field.
    ///
    /// # Errors
    /// See above; a counter is never emptied.
    pub fn clear_field(
        &self,
        case: DocumentId,
        field: &str,
        reason: Option<&str>,
    ) -> Result<Vec<Acted>, Error> {
        self.change_field(case, field, (reason, false), |_, found, chosen| {
            fields::emptying(found, chosen)
        })
    }

    /// Fills in several fields in one commit: all that differs from what they hold, or nothing.
    ///
    /// # Errors
    /// See above; [`Error::Changed`] when a field no longer says what the form showed, and the
    /// person changed it; [`Error::Unchanged`] when nothing differs.
    pub fn set_fields(
        &self,
        case: DocumentId,
        edits: &[FieldEdit],
        reason: Option<&str>,
        override_rule: bool,
    ) -> Result<Vec<Acted>, Error> {
        let now = moment::now()?;
        self.write_to([case], |replica| {
            let view = replica.case(case)?;
            let revision = super::templates::revision(replica, view.template)?;
            let mut actions = Vec::new();
            for edit in edits {
                actions.extend(planned(replica, (&view, &revision), edit)?);
            }
            if actions.is_empty() {
                return Err(Error::Unchanged("every field is so already".to_owned()));
            }
            let (several, why) = (actions.len() > 1, (reason, override_rule));
            act_all(replica, case, (actions, why), &now).map_err(|error| error.among(several))
        })
    }

    fn change_field(
        &self,
        case: DocumentId,
        name: &str,
        why: (Option<&str>, bool),
        plan: impl FnOnce(&Replica, &Field, &BTreeSet<String>) -> Result<Vec<CaseAction>, Error>,
    ) -> Result<Vec<Acted>, Error> {
        let now = moment::now()?;
        self.write_to([case], |replica| {
            let view = replica.case(case)?;
            let revision = super::templates::revision(replica, view.template)?;
            let field = fields::field(&revision, name)?;
            let chosen = view.fields.get(&field.id).map(|held| held.options.clone());
            let actions = plan(replica, field, &chosen.unwrap_or_default())?;
            if actions.is_empty() {
                return Err(Error::Unchanged(format!("{} is so already", field.label)));
            }
            act_all(replica, case, (actions, why), &now)
        })
    }
}

/// The actions that bring about one edit; none where nothing differs.
fn planned(
    replica: &Replica,
    (view, revision): (&CaseView, &Revision),
    edit: &FieldEdit,
) -> Result<Vec<CaseAction>, Error> {
    let field = fields::field(revision, &edit.field)?;
    let shown = edit.shown.as_deref();
    let current = edit_words(view, revision, field);
    if shown == Some(&edit.words) || (shown.is_none() && edit.words == current) {
        return Ok(Vec::new());
    }
    let chosen = chosen(view, revision, field);
    if field.policy() == ConflictPolicy::Set {
        return options(replica, field, (edit, chosen));
    }
    if shown.is_some_and(|shown| shown != current) {
        return Err(Error::Changed(format!(
            "{} was changed meanwhile and says {current:?} now; look at it again",
            field.label
        )));
    }
    if edit.words.trim().is_empty() {
        return if current.is_empty() {
            Ok(Vec::new())
        } else {
            fields::emptying(field, &chosen)
        };
    }
    let mut actions = fields::wish(replica, field, &edit.words)?.actions(field, &chosen);
    let slot = view
        .fields
        .get(&field.id)
        .and_then(|held| held.value.as_ref());
    let is_so = |action: &CaseAction| {
        if let CaseAction::EditText { text, .. } = action {
            return *text == current;
        }
        matches!((action, slot), (CaseAction::SetField { value, .. }, Some(slot))
            if !slot.is_contested() && slot.value() == value)
    };
    actions.retain(|action| !is_so(action));
    Ok(actions)
}

/// Of a set only what the person added and took away: what others chose meanwhile stays.
fn options(
    replica: &Replica,
    field: &Field,
    (edit, chosen): (&FieldEdit, BTreeSet<String>),
) -> Result<Vec<CaseAction>, Error> {
    let read = |words: &str| -> Result<BTreeSet<String>, Error> {
        if words.trim().is_empty() {
            return Ok(BTreeSet::new());
        }
        Ok(match fields::wish(replica, field, words)? {
            Wish::Options(options) => options,
            Wish::Value(_) | Wish::Count(_) | Wish::Prose(_) => BTreeSet::new(),
        })
    };
    let wanted = read(&edit.words)?;
    let base = match &edit.shown {
        Some(shown) => read(shown)?,
        None => chosen.clone(),
    };
    let added = wanted.difference(&base);
    let kept = chosen
        .iter()
        .filter(|one| wanted.contains(*one) || !base.contains(*one));
    let goal: BTreeSet<String> = added.chain(kept).cloned().collect();
    Ok(Wish::Options(goal).actions(field, &chosen))
}

fn chosen(view: &CaseView, revision: &Revision, field: &Field) -> BTreeSet<String> {
    let held = view.held(revision, &field.id);
    held.map(|held| held.options.clone()).unwrap_or_default()
}
