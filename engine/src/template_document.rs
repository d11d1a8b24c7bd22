//! The document of a template: every published revision, whole, and which one is current.
//!
//! Revisions are immutable and named by their content's hash; drafts live elsewhere. Two concurrent
//! publishes leave `current` contested: the shown one is used until a publish supersedes both.
//! Invariant: every package in here was valid when it was received.

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::{Automerge, Change, ChangeHash as Hash};
use casework_protocol::ids::{ChangeHash, RevisionId};
use serde::{Deserialize, Serialize};

use crate::case::batch::Batch;
use crate::case::message::Message;
use crate::case::ops::{Deed, Key, Op};
use crate::case::past::{Object, Past};
use crate::case::reader;
use crate::case::shape::{self, ShapeError, Shaped};
use crate::case::step::{Plan, Step, Target};
use crate::case::write::{self, Stamp, WriteError};
use crate::case::{ActError, ActionKind, bounds};
use crate::template::{Revision, RevisionError};
use crate::value::Scalar;

/// Root scalar: always [`TEMPLATE_KIND`].
pub const KIND: &str = "kind";
/// Root scalar: always [`TEMPLATE_VERSION`].
pub const VERSION: &str = "v";
/// Root scalar: the name of the current revision's package.
pub const NAME: &str = "name";
/// Root scalar: the current revision's id.
pub const CURRENT: &str = "current";
/// Map: revision id → canonical package.
pub const REVISIONS: &str = "revisions";
/// The value of [`KIND`].
pub const TEMPLATE_KIND: &str = "template";
/// The value of [`VERSION`].
pub const TEMPLATE_VERSION: i64 = 1;

/// Something done to a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateAction {
    /// Opens the template with its first revision.
    Open(#[serde(with = "carried")] Arc<Revision>),
    /// Publishes a revision, or an older one again.
    Publish(#[serde(with = "carried")] Arc<Revision>),
}

/// A request to act on a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateAct {
    /// What to do.
    pub action: TemplateAction,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// The change that this one does again, from the drawer.
    #[serde(default)]
    pub redo_of: Option<ChangeHash>,
}

/// An act that was found good, ready to be written into the document it was judged against.
#[derive(Debug, Clone)]
pub struct CheckedTemplate {
    act: TemplateAct,
    plan: Plan,
}

/// Which revision is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The one that new work uses.
    pub shown: RevisionId,
    /// All of them, when concurrent publishes left several: the template is contested.
    pub contested: BTreeSet<RevisionId>,
}

/// Judges an act against the template, or the empty document, it is to be written into.
///
/// # Errors
/// [`ActError`]: what failed and the way out.
pub fn check_template_act(past: &Past<'_>, act: TemplateAct) -> Result<CheckedTemplate, ActError> {
    let plan = plan(past, &act)?;
    if !plan.has_effect(past) {
        return Err(ActError::AlreadyCurrent {
            revision: act.action.revision().id(),
        });
    }
    Ok(CheckedTemplate { act, plan })
}

/// Writes a checked act into the document it was checked against, under the document's actor. The
/// stamp's revision is not used: templates cite none.
///
/// # Errors
/// [`WriteError`]; the document is unchanged then.
pub fn write_template(
    doc: &mut Automerge,
    checked: &CheckedTemplate,
    stamp: &Stamp,
) -> Result<Hash, WriteError> {
    let act = &checked.act;
    let message = Message {
        citation: stamp.citation,
        revision: None,
        action: act.action.kind(),
        on: Some(act.action.revision().id().to_string()),
        why: act.reason.clone(),
        rule: None,
        zone_min: stamp.zone_min,
        imported: None,
        redo_of: act.redo_of,
    };
    write::commit(doc, &checked.plan, &message, stamp.time_ms)
}

/// Gate layer 3 for a received change of a template.
///
/// # Errors
/// [`ShapeError`]; [`ShapeError::is_waiting`] tells what may become good later.
pub fn shape_template(batch: &Batch<'_>, change: Change) -> Result<Shaped, ShapeError> {
    let (message, ops, expanded) = shape::open(&change)?;
    let action = message.action;
    if !action.is_of_template() {
        return Err(ShapeError::OtherDocument { action });
    }
    let standing = batch.standing(change.deps())?;
    let past = Past::in_batch(batch, standing.clone());
    let other = || ShapeError::OtherAction {
        action,
        on: message.on.clone(),
    };
    let act = read_act(&past, &message, &ops)?.ok_or_else(other)?;
    if act.action.revision().id().to_string() != message.on.clone().unwrap_or_default() {
        return Err(other());
    }
    if action == ActionKind::TemplateOpen && !batch.is_blank() {
        return Err(ActError::AlreadyOpened.into());
    }
    let plan = plan(&past, &act)?;
    reader::compare(&past, &plan, (action, &ops))?;
    shape::check_canonical(&change, expanded)?;
    Ok(Shaped::of_template(
        change, message, act.action, ops, standing,
    ))
}

/// The current revision; `None` in a document that holds no template.
#[must_use]
pub fn current(past: &Past<'_>) -> Option<Current> {
    let read = |value: &Scalar| value.as_text()?.parse::<RevisionId>().ok();
    let shown = read(&past.scalar(Object::Root, CURRENT)?)?;
    let sides = past.sides(Object::Root, CURRENT);
    let contested = if sides.len() < 2 {
        BTreeSet::new()
    } else {
        sides.iter().filter_map(read).collect()
    };
    Some(Current { shown, contested })
}

/// The ids of all published revisions.
#[must_use]
pub fn published(past: &Past<'_>) -> BTreeSet<RevisionId> {
    let Some(revisions) = past.maps(Object::Root, REVISIONS).first().copied() else {
        return BTreeSet::new();
    };
    let keys = past.keys(revisions, String::new().."g".to_owned());
    keys.iter().filter_map(|key| key.parse().ok()).collect()
}

/// Reads a published revision.
///
/// # Errors
/// [`RevisionError`] when the package is of a later version: it was kept, update to read it.
pub fn revision(past: &Past<'_>, id: RevisionId) -> Option<Result<Revision, RevisionError>> {
    let revisions = past.maps(Object::Root, REVISIONS).first().copied()?;
    let package = past.scalar(revisions, &id.to_string())?;
    Some(Revision::decode(package.as_text()?.as_bytes()))
}

impl TemplateAction {
    /// The revision that is published.
    #[must_use]
    pub const fn revision(&self) -> &Arc<Revision> {
        match self {
            Self::Open(revision) | Self::Publish(revision) => revision,
        }
    }

    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Open(_) => ActionKind::TemplateOpen,
            Self::Publish(_) => ActionKind::TemplatePublish,
        }
    }
}

impl TemplateAct {
    /// An act without a reason.
    #[must_use]
    pub const fn new(action: TemplateAction) -> Self {
        Self {
            action,
            reason: None,
            redo_of: None,
        }
    }
}

impl CheckedTemplate {
    /// The act.
    #[must_use]
    pub const fn act(&self) -> &TemplateAct {
        &self.act
    }
}

fn plan(past: &Past<'_>, act: &TemplateAct) -> Result<Plan, ActError> {
    if let Some(reason) = &act.reason {
        bounds::check_reason(reason)?;
    }
    let opened = !past.seen(Object::Root, KIND).is_empty();
    match &act.action {
        TemplateAction::Open(_) if opened => Err(ActError::AlreadyOpened),
        TemplateAction::Open(revision) => Ok(plan_opening(revision)),
        TemplateAction::Publish(_) if !opened => Err(ActError::NotOpened),
        TemplateAction::Publish(revision) => plan_publish(past, revision),
    }
}

fn plan_opening(revision: &Revision) -> Plan {
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
        Step::Put {
            object: Target::New(0),
            key: revision.id().to_string(),
            value: whole(revision),
        },
    ];
    Plan { steps }
}

fn plan_publish(past: &Past<'_>, next: &Revision) -> Result<Plan, ActError> {
    for current in past.sides(Object::Root, CURRENT) {
        let id = current.as_text().and_then(|id| id.parse().ok());
        if let Some(Ok(current)) = id.and_then(|id| revision(past, id)) {
            check_types(&current, next)?;
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

/// The act of a received change. A revision that was published before is read from the past.
fn read_act(
    past: &Past<'_>,
    message: &Message,
    ops: &[Op],
) -> Result<Option<TemplateAct>, ShapeError> {
    let Some(id) = message
        .on
        .as_ref()
        .and_then(|on| on.parse::<RevisionId>().ok())
    else {
        return Ok(None);
    };
    let carried = ops.iter().rev().find_map(|op| match (&op.key, &op.deed) {
        (Key::Map(key), Deed::Put(Scalar::Text(text))) if *key == id.to_string() => Some(text),
        (_, _) => None,
    });
    let read = match carried {
        Some(package) => Some(Revision::decode(package.as_bytes())),
        None => revision(past, id),
    };
    let revision = match read {
        Some(Ok(revision)) => Arc::new(revision),
        Some(Err(error)) => return Err(ShapeError::Revision(error)),
        None => return Ok(None),
    };
    let action = if message.action == ActionKind::TemplateOpen {
        TemplateAction::Open(revision)
    } else {
        TemplateAction::Publish(revision)
    };
    Ok(Some(TemplateAct {
        action,
        reason: message.why.clone(),
        redo_of: message.redo_of,
    }))
}

/// A revision as the text of its canonical package.
mod carried {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::template::Revision;

    pub(super) fn serialize<S: Serializer>(
        revision: &Arc<Revision>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.serialize_str(&String::from_utf8_lossy(revision.as_bytes()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Arc<Revision>, D::Error> {
        let package = String::deserialize(d)?;
        let revision = Revision::decode(package.as_bytes()).map_err(serde::de::Error::custom)?;
        Ok(Arc::new(revision))
    }
}

#[cfg(test)]
mod tests {
    use automerge::ReadDoc;

    use super::*;
    use crate::case::trial::{citation, package, sat_at};
    use crate::template::{Category, Package, Stage};

    struct Shelf {
        doc: Automerge,
        time_ms: i64,
    }

    impl Shelf {
        fn new(n: u8) -> Self {
            Self {
                doc: sat_at(Automerge::new(), n),
                time_ms: 0,
            }
        }

        fn copy_to(&self, n: u8) -> Self {
            Self {
                doc: sat_at(self.doc.clone(), n),
                time_ms: self.time_ms,
            }
        }

        fn act(&mut self, action: TemplateAction) -> Result<Hash, ActError> {
            let checked = check_template_act(&Past::now(&self.doc), TemplateAct::new(action))?;
            self.time_ms += 1_000;
            let time_ms = self.time_ms;
            let stamp = Stamp {
                citation: citation(),
                revision: None,
                time_ms,
                zone_min: 0,
            };
            Ok(write_template(&mut self.doc, &checked, &stamp).unwrap())
        }
    }

    fn revision(name: &str) -> Arc<Revision> {
        Arc::new(
            Package {
                name: name.into(),
                ..package()
            }
            .publish()
            .unwrap(),
        )
    }

    #[test]
    fn published_revisions_read_back_and_the_newest_is_current() {
        let mut shelf = Shelf::new(1);
        let (first, second) = (revision("First"), revision("Second"));
        shelf.act(TemplateAction::Open(Arc::clone(&first))).unwrap();
        shelf
            .act(TemplateAction::Publish(Arc::clone(&second)))
            .unwrap();
        let past = Past::now(&shelf.doc);
        let now = current(&past).unwrap();
        assert_eq!((now.shown, now.contested.len()), (second.id(), 0));
        assert_eq!(published(&past), [first.id(), second.id()].into());
        for known in [first, second] {
            assert_eq!(super::revision(&past, known.id()).unwrap().unwrap(), *known);
        }
        assert_eq!(
            past.scalar(Object::Root, NAME),
            Some(Scalar::text("Second"))
        );
    }

    #[test]
    fn a_template_is_opened_once_and_a_current_revision_is_not_published_again() {
        let mut shelf = Shelf::new(1);
        let (first, second) = (revision("First"), revision("Second"));
        let publish = || TemplateAction::Publish(Arc::clone(&first));
        assert_eq!(shelf.act(publish()), Err(ActError::NotOpened));
        shelf.act(TemplateAction::Open(Arc::clone(&first))).unwrap();
        assert_eq!(
            shelf.act(TemplateAction::Open(first.clone())),
            Err(ActError::AlreadyOpened)
        );
        let error = shelf.act(publish()).unwrap_err();
        assert!(matches!(error, ActError::AlreadyCurrent { .. }), "{error}");
        shelf.act(TemplateAction::Publish(second)).unwrap();
        shelf.act(publish()).unwrap();
        assert_eq!(current(&Past::now(&shelf.doc)).unwrap().shown, first.id());
    }

    #[test]
    fn the_type_of_a_field_never_changes() {
        let mut shelf = Shelf::new(1);
        shelf.act(TemplateAction::Open(revision("First"))).unwrap();
        let mut changed = package();
        changed.fields[0].kind = crate::value::FieldType::Date;
        let action = TemplateAction::Publish(Arc::new(changed.publish().unwrap()));
        let error = shelf.act(action).unwrap_err();
        assert!(matches!(error, ActError::TypeChanged { .. }), "{error}");
    }

    #[test]
    fn concurrent_publishes_are_contested_until_one_supersedes_both() {
        let mut ana = Shelf::new(1);
        ana.act(TemplateAction::Open(revision("First"))).unwrap();
        let mut rui = ana.copy_to(2);
        ana.act(TemplateAction::Publish(revision("Left"))).unwrap();
        rui.act(TemplateAction::Publish(revision("Right"))).unwrap();
        ana.doc.merge(&mut rui.doc).unwrap();
        let both = [revision("Left").id(), revision("Right").id()];
        let now = current(&Past::now(&ana.doc)).unwrap();
        assert_eq!(now.contested, both.into());
        assert!(both.contains(&now.shown));
        ana.act(TemplateAction::Publish(revision("Left"))).unwrap();
        let now = current(&Past::now(&ana.doc)).unwrap();
        assert_eq!((now.shown, now.contested.len()), (both[0], 0));
    }

    #[test]
    fn every_change_of_a_template_passes_and_a_forged_one_does_not() {
        let mut shelf = Shelf::new(1);
        shelf.act(TemplateAction::Open(revision("First"))).unwrap();
        shelf
            .act(TemplateAction::Publish(revision("Second")))
            .unwrap();
        shelf
            .act(TemplateAction::Publish(revision("First")))
            .unwrap();
        let mut doc = Automerge::new();
        for change in shelf.doc.get_changes(&[]) {
            let mut batch = Batch::new(&doc);
            let text = change.message().unwrap().to_owned();
            for (from, to) in [("template.open", "template.publish"), ("publish", "open")] {
                let mut forged = change.decode();
                forged.message = Some(text.replace(from, to));
                if forged.message.as_deref() != Some(&text) {
                    assert!(shape_template(&batch, forged.into()).is_err());
                }
            }
            let mut forged = change.decode();
            forged.operations.pop();
            assert!(shape_template(&batch, forged.into()).is_err());
            let shaped = shape_template(&batch, change).unwrap();
            let verb = casework_protocol::rights::Verb::Publish;
            assert_eq!(shaped.needed()[0].verb, verb);
            batch.take(shaped);
            let changes = batch.into_changes();
            doc.apply_changes(changes).unwrap();
        }
        assert_eq!(doc.get_heads(), shelf.doc.get_heads());
    }

    #[test]
    fn a_package_with_a_fault_is_refused_whoever_publishes_it() {
        let mut shelf = Shelf::new(1);
        let hash = shelf.act(TemplateAction::Open(revision("First"))).unwrap();
        let change = shelf.doc.get_change_by_hash(&hash).unwrap();
        let mut dead_end = package();
        dead_end.stages = vec![Stage::new("new", "New", Category::Intake)];
        let text = serde_json::to_string(&dead_end).unwrap();
        let id = Revision::name(text.as_bytes()).to_string();
        let mut forged = change.decode();
        let old = revision("First").id().to_string();
        forged.message = forged.message.map(|message| message.replace(&old, &id));
        let last = forged.operations.last_mut().unwrap();
        last.key = automerge::legacy::Key::Map(id.as_str().into());
        last.action = automerge::legacy::OpType::Put(text.into());
        let empty = Automerge::new();
        let error = shape_template(&Batch::new(&empty), forged.into()).unwrap_err();
        assert!(
            matches!(error, ShapeError::Revision(_)) && !error.is_waiting(),
            "{error}"
        );
    }

    #[test]
    fn an_act_reads_back_from_json_and_binary() {
        let act = TemplateAct::new(TemplateAction::Publish(revision("First")));
        let json = serde_json::to_string(&act).unwrap();
        assert_eq!(serde_json::from_str::<TemplateAct>(&json).unwrap(), act);
        let bytes = postcard::to_allocvec(&act).unwrap();
        assert_eq!(postcard::from_bytes::<TemplateAct>(&bytes).unwrap(), act);
    }
}
