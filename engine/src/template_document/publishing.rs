//! What opening a template and publishing a revision write, and what keeps a publish out whoever
//! makes it: another lineage, another type of a field, something taken away without a mapping.

use super::{
    CURRENT, DRAFTS, KIND, NAME, REVISIONS, TEMPLATE_KIND, TEMPLATE_VERSION, VERSION, revision,
    sides,
};
use std::collections::BTreeSet;

use crate::case::ActError;
use crate::case::past::{Object, Past};
use crate::case::step::{Plan, Step, Target};
use crate::template::limits::MAX_PACKAGE_BYTES;
use crate::template::{Revision, unmapped};
use crate::value::Scalar;

pub(super) fn plan_opening(revision: &Revision) -> Plan {
    let root = |key: &str, value: Scalar| Step::Put {
        object: Target::There(Object::Root),
        key: key.to_owned(),
        value,
    };
    let steps = vec![
        root(KIND, Scalar::text(TEMPLATE_KIND)),
        root(VERSION, Scalar::Int(TEMPLATE_VERSION)),
        root(NAME, Scalar::text(&revision.package().name)),
        root(CURRENT, Scalar::Text(revision.id().to_string())),
        Step::MakeMap {
            object: Target::There(Object::Root),
            key: REVISIONS.to_owned(),
        },
        Step::MakeMap {
            object: Target::There(Object::Root),
            key: DRAFTS.to_owned(),
        },
        Step::Put {
            object: Target::New(0),
            key: revision.id().to_string(),
            value: whole(revision),
        },
    ];
    Plan { steps }
}

pub(super) fn plan_publish(past: &Past<'_>, next: &Revision) -> Result<Plan, ActError> {
    let sides = sides(past);
    if next.supersedes().iter().copied().collect::<BTreeSet<_>>() != sides {
        return Err(ActError::WrongLineage {
            revision: next.id(),
            current: sides
                .iter()
                .map(|id| id.short())
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    let (bytes, max) = (next.as_bytes().len(), MAX_PACKAGE_BYTES);
    if bytes > max {
        let what = "template";
        return Err(ActError::TooLong { what, bytes, max });
    }
    for id in sides {
        if let Some(Ok(current)) = revision(past, id) {
            check_types(&current, next)?;
            if let Some(first) = unmapped(&current, next.package()).into_iter().next() {
                return Err(ActError::Unmapped(first));
            }
        }
    }
    let revisions = past.maps(Object::Root, REVISIONS).first().copied();
    let revisions = revisions.ok_or(ActError::NotOpened)?;
    let id = next.id().to_string();
    let put = |object: Object, key: &str, value: Scalar| Step::Put {
        object: Target::There(object),
        key: key.to_owned(),
        value,
    };
    let mut steps = vec![
        put(Object::Root, NAME, Scalar::text(&next.package().name)),
        put(Object::Root, CURRENT, Scalar::text(&id)),
    ];
    if past.seen(revisions, &id).is_empty() {
        steps.push(put(revisions, &id, whole(next)));
    }
    Ok(Plan { steps })
}

/// The type of a field never changes: cases hold values of the old one.
fn check_types(current: &Revision, next: &Revision) -> Result<(), ActError> {
    for field in current.fields() {
        let Some(same) = next.field(&field.id) else {
            continue;
        };
        if same.kind != field.kind || same.policy() != field.policy() {
            return Err(ActError::TypeChanged {
                field: field.id.clone(),
                from: format!("{} ({})", field.kind, field.policy()),
                to: format!("{} ({})", same.kind, same.policy()),
            });
        }
    }
    Ok(())
}

fn whole(revision: &Revision) -> Scalar {
    Scalar::text(String::from_utf8_lossy(revision.as_bytes()))
}
