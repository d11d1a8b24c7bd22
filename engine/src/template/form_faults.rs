//! Looks the forms of a package over before it is published.
//!
//! A form that nobody can fill in, or whose case could never be opened, is refused here with its
//! place, because the person who meets it later is a stranger who can only go away.

use std::collections::BTreeSet;

use super::fault::{Fault, Faults, FormFault};
use super::form::{Form, FormKind, FormTexts, can_be_asked, inner_key};
use super::limits::{
    MAX_FORM_ATTACHMENTS, MAX_FORM_DAYS, MAX_FORM_FIELDS, MAX_FORM_LABELS, MAX_FORM_LANGUAGES,
    MAX_FORM_QUESTIONS, MAX_FORMS,
};
use super::package::Package;
use super::publish::{limit, name, prose, slug, unique};
use crate::value::text::cut;
use crate::value::{ConflictPolicy, FieldType, FieldValue};

/// Finds every fault of the forms of a package.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    limit("forms", ("forms", package.forms.len(), MAX_FORMS), faults);
    for (index, form) in package.forms.iter().enumerate().take(MAX_FORMS) {
        let at = format!("forms[{index}] {:?}", cut(&form.id));
        let before = faults.count();
        check_counts(form, &at, faults);
        if faults.count() == before {
            check_texts(form, &at, faults);
            check_questions(package, form, &at, faults);
            check_target(package, form, &at, faults);
            check_languages(package, form, &at, faults);
        }
    }
    unique(package.forms.iter().map(|form| &form.id), "forms", faults);
}

fn check_counts(form: &Form, at: &str, faults: &mut Faults) {
    for (what, count, max) in [
        ("fields", form.fields.len(), MAX_FORM_FIELDS),
        ("presets", form.preset.len(), MAX_FORM_FIELDS),
        ("restricted_to", form.restricted_to.len(), MAX_FORM_FIELDS),
        ("questions", form.questions.len(), MAX_FORM_QUESTIONS),
        ("labels", form.labels.len(), MAX_FORM_LABELS),
        ("languages", form.languages.len(), MAX_FORM_LANGUAGES),
        (
            "attachments",
            form.attachments as usize,
            MAX_FORM_ATTACHMENTS,
        ),
    ] {
        limit(at, (what, count, max), faults);
    }
    if form.fields.is_empty() && form.questions.is_empty() {
        faults.add(at, Fault::Form(FormFault::EmptyForm));
    }
    if let Some(days) = form.valid_days
        && !(1..=MAX_FORM_DAYS).contains(&days)
    {
        let max = MAX_FORM_DAYS;
        faults.add(
            format!("{at}.valid_days"),
            Fault::Form(FormFault::BadDays { days, max }),
        );
    }
}

fn check_texts(form: &Form, at: &str, faults: &mut Faults) {
    slug(at, &form.id, faults);
    name(at, &form.title, "the title", faults);
    for (what, text) in [
        ("the intro", &form.intro),
        ("the thanks", &form.thanks),
        ("the consent", &form.consent),
    ] {
        prose(at, text, what, faults);
    }
    for label in &form.labels {
        name(&format!("{at}.labels"), label, "a label", faults);
    }
}

fn check_questions(package: &Package, form: &Form, at: &str, faults: &mut Faults) {
    for asked in &form.fields {
        let at = format!("{at}.fields {:?}", cut(&asked.field));
        if !asked.label.is_empty() {
            name(&at, &asked.label, "the label", faults);
        }
        prose(&at, &asked.help, "the help", faults);
        let Some(field) = package.fields.iter().find(|field| field.id == asked.field) else {
            let id = cut(&asked.field);
            faults.add(at, Fault::UnknownField { id });
            continue;
        };
        let inner = field.columns.iter().find(|inner| !can_be_asked(inner.kind));
        let unaskable = Some(field).filter(|field| !can_be_asked(field.kind));
        if let Some(field) = unaskable.or(inner) {
            let (id, kind) = (cut(&field.id), field.kind);
            faults.add(at, Fault::Form(FormFault::NotForThePublic { id, kind }));
        } else if form.anonymous && asked.required && names_a_person(field.kind) {
            let (id, kind) = (cut(&field.id), field.kind);
            faults.add(at, Fault::Form(FormFault::NamesAPerson { id, kind }));
        }
    }
    for question in &form.questions {
        let at = format!("{at}.questions {:?}", cut(&question.id));
        slug(&at, &question.id, faults);
        name(&at, &question.label, "the label", faults);
        prose(&at, &question.help, "the help", faults);
    }
    let fields = form.fields.iter().map(|asked| &asked.field);
    let questions = form.questions.iter().map(|question| &question.id);
    unique(fields.chain(questions), at, faults);
}

/// An anonymous form may offer to name somebody, but must not insist.
const fn names_a_person(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::Party | FieldType::Email | FieldType::Phone | FieldType::Member
    )
}

/// What a submission does to the case.
fn check_target(package: &Package, form: &Form, at: &str, faults: &mut Faults) {
    let refuse = |setting, faults: &mut Faults| {
        let kind = form.kind;
        faults.add(at, Fault::Form(FormFault::NotOfThisForm { setting, kind }));
    };
    match form.kind {
        FormKind::Request => {
            for (setting, given) in [
                ("stage", !form.stage.is_empty()),
                ("labels", !form.labels.is_empty()),
                ("title_from", !form.title_from.is_empty()),
                ("preset", !form.preset.is_empty()),
                ("restricted_to", !form.restricted_to.is_empty()),
            ] {
                if given {
                    refuse(setting, faults);
                }
            }
        }
        FormKind::Intake => {
            if form.holds {
                refuse("holds", faults);
            }
            check_presets(package, form, at, faults);
            check_opening(package, form, at, faults);
        }
    }
}

/// What is set without being asked must be a value of its field, and is not asked as well.
fn check_presets(package: &Package, form: &Form, at: &str, faults: &mut Faults) {
    let at = format!("{at}.preset");
    for (id, words) in &form.preset {
        let Some(field) = package.fields.iter().find(|field| field.id == *id) else {
            faults.add(&at, Fault::UnknownField { id: cut(id) });
            continue;
        };
        let kept = matches!(
            field.policy(),
            ConflictPolicy::Contested | ConflictPolicy::Latest | ConflictPolicy::Set
        );
        if !kept {
            let (setting, kind) = ("a preset", field.kind);
            faults.add(&at, Fault::DoesNotApply { setting, kind });
        } else if let Err(problem) = FieldValue::parse(field, words) {
            faults.add(&at, Fault::BadDefault { problem });
        }
        if form.fields.iter().any(|asked| asked.field == *id) {
            faults.add(&at, Fault::DuplicateId { id: cut(id) });
        }
    }
}

fn check_opening(package: &Package, form: &Form, at: &str, faults: &mut Faults) {
    if !form.title_from.is_empty() {
        let asked = form.fields.iter().any(|one| one.field == form.title_from);
        let known = package
            .fields
            .iter()
            .find(|field| field.id == form.title_from);
        let is_text = known.is_some_and(|field| {
            matches!(
                field.kind,
                FieldType::Text | FieldType::LongText | FieldType::SingleSelect | FieldType::Party
            )
        });
        if !asked || !is_text {
            let id = cut(&form.title_from);
            faults.add(
                format!("{at}.title_from"),
                Fault::Form(FormFault::NoTitle { id }),
            );
        }
    }
    let stage = if form.stage.is_empty() {
        package.first_stage()
    } else {
        let named = package.stages.iter().find(|stage| stage.id == form.stage);
        if named.is_none() {
            let id = cut(&form.stage);
            faults.add(format!("{at}.stage"), Fault::UnknownStage { id });
        }
        named
    };
    let Some(stage) = stage else { return };
    if stage.category.is_final() {
        let stage = cut(&stage.id);
        faults.add(
            format!("{at}.stage"),
            Fault::Form(FormFault::OpensClosed { stage }),
        );
    }
    for id in &stage.required {
        let asked = form
            .fields
            .iter()
            .any(|one| one.field == *id && one.required);
        let default = package.fields.iter().find(|field| field.id == *id);
        let default = default.is_some_and(|field| field.default.is_some());
        if !asked && !default && !form.preset.contains_key(id) {
            let (field, stage) = (cut(id), cut(&stage.id));
            faults.add(at, Fault::Form(FormFault::FormCannotOpen { field, stage }));
        }
    }
}

fn check_languages(package: &Package, form: &Form, at: &str, faults: &mut Faults) {
    language(at, &form.language, faults);
    let mut known: BTreeSet<String> = form.questions.iter().map(|one| one.id.clone()).collect();
    let mut inner = BTreeSet::new();
    for field in &package.fields {
        if form.fields.iter().any(|asked| asked.field == field.id) {
            known.insert(field.id.clone());
            let ids = field.options.iter().map(|option| &option.id);
            let ids = ids.chain(field.columns.iter().map(|column| &column.id));
            inner.extend(ids.map(|id| inner_key(&field.id, id)));
        }
    }
    for (tag, texts) in &form.languages {
        let at = format!("{at}.languages.{}", cut(tag));
        language(&at, tag, faults);
        if *tag == form.language {
            faults.add(&at, Fault::DuplicateId { id: cut(tag) });
        }
        check_translation(texts, &at, (&known, &inner), faults);
    }
}

fn check_translation(
    texts: &FormTexts,
    at: &str,
    (known, inner): (&BTreeSet<String>, &BTreeSet<String>),
    faults: &mut Faults,
) {
    if !texts.title.is_empty() {
        name(at, &texts.title, "the title", faults);
    }
    for (what, text) in [
        ("the intro", &texts.intro),
        ("the thanks", &texts.thanks),
        ("the consent", &texts.consent),
    ] {
        prose(at, text, what, faults);
    }
    for (key, label) in &texts.labels {
        if !known.contains(key) && !inner.contains(key) {
            faults.add(
                at,
                Fault::Form(FormFault::NothingToTranslate { key: cut(key) }),
            );
        }
        name(at, label, "a label", faults);
    }
    for (key, help) in &texts.help {
        if !known.contains(key) {
            faults.add(
                at,
                Fault::Form(FormFault::NothingToTranslate { key: cut(key) }),
            );
        }
        prose(at, help, "a help", faults);
    }
}

fn language(at: &str, tag: &str, faults: &mut Faults) {
    if !is_language(tag) {
        faults.add(at, Fault::Form(FormFault::BadLanguage { tag: cut(tag) }));
    }
}

/// `en`, `pt-BR`, `zh-Hant`: the shapes of BCP 47 that people use.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let language = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_lowercase());
    let rest: Vec<&str> = parts.collect();
    language
        && rest.len() <= 2
        && rest.iter().all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}
