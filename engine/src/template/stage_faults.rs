//! The faults of stages: where cases begin and end, what a stage asks for, and what contradicts
//! itself.

use std::collections::BTreeMap;

use super::fault::{Fault, Faults};
use super::limits::{MAX_CHECKLIST, MAX_EDIT_ROLES, MAX_FIELDS, MAX_STAGE_TASKS};
use super::package::Package;
use super::publish::{colour, limit, name, prose, slug, unique};
use super::rule;
use super::stage::{Category, FieldPolicy, Stage, TaskTemplate};
use crate::value::text::cut;

/// Adds the faults of all stages.
pub(super) fn find(package: &Package, faults: &mut Faults) {
    let any = |wanted: fn(Category) -> bool| package.stages.iter().any(|s| wanted(s.category));
    if !any(|category| matches!(category, Category::Intake | Category::Active)) {
        faults.add("stages", Fault::NoStart);
    }
    if !any(Category::is_final) {
        faults.add("stages", Fault::NoEnd);
    }
    for (index, stage) in package.stages.iter().enumerate() {
        check_stage(
            package,
            stage,
            &format!("stages[{index}] {:?}", cut(&stage.id)),
            faults,
        );
    }
    unique(
        package.stages.iter().map(|stage| &stage.id),
        "stages",
        faults,
    );
}

fn check_stage(package: &Package, stage: &Stage, at: &str, faults: &mut Faults) {
    slug(at, &stage.id, faults);
    name(at, &stage.name, "the name", faults);
    if let Some(own) = &stage.colour {
        colour(&format!("{at}.colour"), own, faults);
    }
    if !stage.owner_role.is_empty() {
        slug(&format!("{at}.owner_role"), &stage.owner_role, faults);
    }
    prose(at, &stage.entry_note, "the entry note", faults);
    for (list, required) in [
        ("required", &stage.required),
        ("required_to_leave", &stage.required_to_leave),
    ] {
        let at = format!("{at}.{list}");
        limit(&at, ("required fields", required.len(), MAX_FIELDS), faults);
        unique(required.iter(), &at, faults);
        for id in required.iter().take(MAX_FIELDS) {
            check_required(package, id, &at, faults);
        }
    }
    let at_roles = format!("{at}.edit_roles");
    ids(
        &stage.edit_roles,
        ("roles", MAX_EDIT_ROLES),
        &at_roles,
        faults,
    );
    let at_documents = format!("{at}.documents");
    ids(
        &stage.documents,
        ("documents", MAX_STAGE_TASKS),
        &at_documents,
        faults,
    );
    check_policies(package, stage, at, faults);
    check_tasks(&stage.tasks, &format!("{at}.tasks"), faults);
    rule::find_faults(package, &stage.entry, &format!("{at}.entry"), faults);
    rule::find_faults(package, &stage.exit, &format!("{at}.exit"), faults);
}

fn check_required(package: &Package, id: &str, at: &str, faults: &mut Faults) {
    match package.fields.iter().find(|field| field.id == *id) {
        None => faults.add(at, Fault::UnknownField { id: cut(id) }),
        Some(field) if !field.kind.accepts_values() => {
            faults.add(
                at,
                Fault::CannotBeFilled {
                    id: cut(id),
                    kind: field.kind,
                },
            );
        }
        Some(field) if field.disabled => faults.add(at, Fault::DisabledRequired { id: cut(id) }),
        Some(_) => {}
    }
}

/// What the policy of a field here contradicts: nobody can fill what is hidden or read-only
/// everywhere a case could have come through, and what is required is not hidden.
fn check_policies(package: &Package, stage: &Stage, at: &str, faults: &mut Faults) {
    let at = format!("{at}.field_policy");
    limit(
        &at,
        ("fields", stage.field_policy.len(), MAX_FIELDS),
        faults,
    );
    let policies: BTreeMap<_, _> = stage.field_policy.iter().take(MAX_FIELDS).collect();
    for (id, policy) in policies {
        let known = package.fields.iter().any(|field| field.id == *id);
        let listed = |ids: &[String]| ids.iter().any(|required| required == id);
        if *policy == FieldPolicy::Required {
            check_required(package, id, &at, faults);
        } else if !known {
            faults.add(&at, Fault::UnknownField { id: cut(id) });
        } else if *policy == FieldPolicy::Hidden
            && (listed(&stage.required) || listed(&stage.required_to_leave))
        {
            faults.add(&at, Fault::HiddenRequired { id: cut(id) });
        } else if *policy == FieldPolicy::ReadOnly && listed(&stage.required_to_leave) {
            // It may be filled before; it is refused only if no stage lets anybody.
            if !is_filled_somewhere(package, id) {
                faults.add(&at, Fault::ReadOnlyRequired { id: cut(id) });
            }
        }
    }
    for id in stage.required_here() {
        let known = package.fields.iter().any(|field| field.id == *id);
        if known && stage.policy_of(id) != FieldPolicy::Hidden && !is_filled_somewhere(package, id)
        {
            faults.add(&at, Fault::ReadOnlyRequired { id: cut(id) });
        }
    }
}

/// Whether any stage takes values of a field.
fn is_filled_somewhere(package: &Package, field: &str) -> bool {
    let stages = &mut package.stages.iter();
    stages.any(|stage| stage.policy_of(field).is_editable())
}

fn check_tasks(tasks: &[TaskTemplate], at: &str, faults: &mut Faults) {
    limit(at, ("tasks", tasks.len(), MAX_STAGE_TASKS), faults);
    unique(tasks.iter().map(|task| &task.id), at, faults);
    for (index, task) in tasks.iter().take(MAX_STAGE_TASKS).enumerate() {
        let at = format!("{at}[{index}] {:?}", cut(&task.id));
        slug(&at, &task.id, faults);
        name(&at, &task.title, "the title", faults);
        if !task.assignee_role.is_empty() {
            slug(&format!("{at}.assignee_role"), &task.assignee_role, faults);
        }
        let lines = &task.checklist;
        limit(
            &at,
            ("lines of a checklist", lines.len(), MAX_CHECKLIST),
            faults,
        );
        for line in lines.iter().take(MAX_CHECKLIST) {
            name(&at, line, "a line of the checklist", faults);
        }
    }
}

/// `(of what, how many there may be)`: ids that differ from each other.
fn ids(ids: &[String], (what, max): (&'static str, usize), at: &str, faults: &mut Faults) {
    limit(at, (what, ids.len(), max), faults);
    unique(ids.iter(), at, faults);
    for id in ids.iter().take(max) {
        slug(at, id, faults);
    }
}
