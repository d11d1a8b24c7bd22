//! Template documents: publishing, contests, drafts, and what is refused whoever sends it.

use automerge::ReadDoc;

use super::draft::{DraftStart, DraftStatus};
use super::*;
use crate::case::trial::{citation, package, sat_at};
use crate::template::Conflict;
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
        let past = Past::now(&self.doc);
        let act = superseding(&past, TemplateAct::new(action))?;
        let checked = check_template_act(&past, act)?;
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
    let first = revision("First");
    shelf.act(TemplateAction::Open(Arc::clone(&first))).unwrap();
    shelf
        .act(TemplateAction::Publish(revision("Second")))
        .unwrap();
    let second = Arc::new(revision("Second").superseding([first.id()]));
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
    shelf.act(TemplateAction::Publish(second.clone())).unwrap();
    shelf.act(publish()).unwrap();
    let second = second.superseding([first.id()]);
    let again = first.superseding([second.id()]);
    assert_eq!(current(&Past::now(&shelf.doc)).unwrap().shown, again.id());
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
    let first = revision("First").id();
    let both = ["Left", "Right"].map(|name| revision(name).superseding([first]).id());
    let now = current(&Past::now(&ana.doc)).unwrap();
    assert_eq!(now.contested, both.into());
    assert!(both.contains(&now.shown));
    ana.act(TemplateAction::Publish(revision("Left"))).unwrap();
    let now = current(&Past::now(&ana.doc)).unwrap();
    let left = revision("Left").superseding(both).id();
    assert_eq!((now.shown, now.contested.len()), (left, 0));
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

fn part(n: u8) -> PartId {
    PartId::new([n; 8])
}

fn start(base: &[&Revision], edits: &[(&str, &str)]) -> DraftStart {
    DraftStart {
        id: part(1),
        name: "Autumn".into(),
        bases: base.iter().map(|revision| revision.id()).collect(),
        edits: edits
            .iter()
            .map(|(path, json)| ((*path).to_owned(), (*json).to_owned()))
            .collect(),
        conflicts: draft::Edits::new(),
    }
}

fn edit(edits: &[(&str, Option<&str>)]) -> TemplateAction {
    let edits = edits.iter();
    TemplateAction::Draft(DraftAction::Edit {
        id: part(1),
        edits: edits
            .map(|(path, json)| ((*path).to_owned(), json.map(str::to_owned)))
            .collect(),
    })
}

/// A shelf with a draft that renames a stage.
fn drafting() -> (Shelf, Arc<Revision>) {
    let mut shelf = Shelf::new(1);
    let first = revision("First");
    shelf.act(TemplateAction::Open(Arc::clone(&first))).unwrap();
    let start = start(&[&first], &[("stages/review/name", "\"Checking\"")]);
    shelf
        .act(TemplateAction::Draft(DraftAction::Start(start)))
        .unwrap();
    (shelf, first)
}

#[test]
fn a_draft_changes_parts_of_a_revision_and_is_published_in_its_place() {
    let (mut shelf, first) = drafting();
    let removed = ("stages/appeal", Some("null"));
    let added = (
        "fields/extra",
        Some(r#"{"id":"extra","label":"Extra","type":"date"}"#),
    );
    let inside = ("fields/extra/help", Some("\"When?\""));
    shelf
        .act(edit(&[
            removed,
            added,
            inside,
            ("name", Some("\"Second\"")),
        ]))
        .unwrap();
    shelf.act(edit(&[("name", None)])).unwrap();
    let drafted = |shelf: &Shelf| {
        let draft = draft::draft(&Past::now(&shelf.doc), part(1)).unwrap();
        draft.apply(&first).unwrap()
    };
    let made = drafted(&shelf);
    assert_eq!(made.astray, [""; 0]);
    assert_eq!(
        (made.package.name.as_str(), made.package.stages.len()),
        ("First", 3)
    );
    assert_eq!(made.package.stages[1].name, "Checking");
    assert_eq!(made.package.fields.last().unwrap().help, "When?");
    let publish = |package: Package| TemplateAction::PublishDraft {
        draft: part(1),
        revision: Arc::new(package.publish().unwrap()),
    };
    let mut mapped = made.package;
    mapped.transitions.retain(|listed| listed.to != "appeal");
    let error = shelf.act(publish(mapped.clone())).unwrap_err();
    assert!(
        error.to_string().contains("mappings.stage.\"appeal\""),
        "{error}"
    );
    mapped
        .mappings
        .stage
        .insert("appeal".into(), "review".into());
    shelf.act(publish(mapped)).unwrap();
    let past = Past::now(&shelf.doc);
    let shown = current(&past).unwrap().shown;
    assert_eq!(
        draft::draft(&past, part(1)).unwrap().status,
        DraftStatus::Published(shown)
    );
    let now = super::revision(&past, shown).unwrap().unwrap();
    assert_eq!(now.supersedes(), [first.id()]);
    assert_eq!(now.stage("appeal").unwrap().id, "review");
    let error = shelf.act(edit(&[("name", Some("\"X\""))])).unwrap_err();
    assert!(matches!(error, ActError::DraftClosed { .. }), "{error}");
}

#[test]
fn two_people_write_one_draft_and_what_both_changed_is_named() {
    let (mut ana, first) = drafting();
    let mut rui = ana.copy_to(2);
    let name = |shelf: &mut Shelf, name: &str, field: &str| {
        let label = format!("{name:?}");
        let other = format!("fields/{field}/help");
        shelf
            .act(edit(&[("name", Some(&label)), (&other, Some(&label))]))
            .unwrap();
    };
    name(&mut ana, "Left", "summary");
    name(&mut rui, "Right", "urgent");
    rui.act(edit(&[("stages/review", Some("null"))])).unwrap();
    ana.doc.merge(&mut rui.doc).unwrap();
    let draft = draft::draft(&Past::now(&ana.doc), part(1)).unwrap();
    assert_eq!(draft.contested, ["name".to_owned()].into());
    let made = draft.apply(&first).unwrap();
    // Ana works on the stage that Rui took away: it stays, and the draft says so.
    assert_eq!(made.astray, ["stages/review"]);
    assert_eq!(made.package.stages[1].name, "Checking");
    assert_eq!(made.package.fields[0].help, "Left");
    assert_eq!(made.package.fields[1].help, "Right");
}

#[test]
fn conflicts_of_a_merge_are_settled_by_deciding_about_their_parts() {
    let mut shelf = Shelf::new(1);
    let first = revision("First");
    shelf.act(TemplateAction::Open(Arc::clone(&first))).unwrap();
    let mut merging = start(&[&first], &[("name", "\"Left\"")]);
    for path in ["name", "colour"] {
        let conflict = Conflict {
            path: path.into(),
            taken: Some("Left".into()),
            left: Some("Right".into()),
            base: None,
        };
        let json = serde_json::to_string(&conflict).unwrap();
        merging.conflicts.insert(path.into(), json);
    }
    shelf
        .act(TemplateAction::Draft(DraftAction::Start(merging)))
        .unwrap();
    let open = |shelf: &Shelf| {
        let draft = draft::draft(&Past::now(&shelf.doc), part(1)).unwrap();
        draft
            .conflicts
            .into_iter()
            .map(|conflict| conflict.path)
            .collect::<Vec<_>>()
    };
    assert_eq!(open(&shelf), ["colour", "name"]);
    shelf.act(edit(&[("name", Some("\"Right\""))])).unwrap();
    assert_eq!(open(&shelf), ["colour"]);
    shelf.act(edit(&[("colour", None)])).unwrap();
    assert_eq!(open(&shelf), [""; 0]);
    assert_eq!(
        shelf.act(edit(&[("colour", None)])),
        Err(ActError::DraftUnchanged)
    );
}

#[test]
fn every_change_of_a_draft_passes_and_a_forged_one_does_not() {
    let (mut shelf, _) = drafting();
    shelf
        .act(edit(&[
            ("name", Some("\"X\"")),
            ("stages/review/name", None),
        ]))
        .unwrap();
    shelf
        .act(TemplateAction::Draft(DraftAction::Discard { id: part(1) }))
        .unwrap();
    let mut doc = Automerge::new();
    for change in shelf.doc.get_changes(&[]) {
        let mut batch = Batch::new(&doc);
        let text = change.message().unwrap().to_owned();
        let other = part(2).to_string();
        for (from, to) in [
            ("draft.start", "draft.edit"),
            ("draft.edit", "draft.discard"),
            ("draft.discard", "draft.edit"),
            (part(1).to_string().as_str(), other.as_str()),
        ] {
            let mut forged = change.decode();
            forged.message = Some(text.replace(from, to));
            if forged.message.as_deref() != Some(&text) {
                assert!(
                    shape_template(&batch, forged.into()).is_err(),
                    "{text} {to}"
                );
            }
        }
        batch.take(shape_template(&batch, change).unwrap());
        let changes = batch.into_changes();
        doc.apply_changes(changes).unwrap();
    }
    assert_eq!(doc.get_heads(), shelf.doc.get_heads());
}

#[test]
fn a_draft_of_what_is_no_part_or_no_json_is_refused() {
    let (mut shelf, first) = drafting();
    let error = shelf.act(edit(&[("name", Some("X"))])).unwrap_err();
    assert!(error.to_string().contains("is no JSON"), "{error}");
    let error = shelf.act(edit(&[("", Some("1"))])).unwrap_err();
    assert!(error.to_string().contains("blank"), "{error}");
    shelf
        .act(edit(&[("stages/gone/name", Some("\"X\""))]))
        .unwrap();
    let draft = draft::draft(&Past::now(&shelf.doc), part(1)).unwrap();
    assert_eq!(draft.apply(&first).unwrap().astray, ["stages/gone/name"]);
    let unknown = TemplateAction::Draft(DraftAction::Start(DraftStart {
        id: part(3),
        ..start(&[&revision("Never")], &[])
    }));
    let error = shelf.act(unknown).unwrap_err();
    assert!(matches!(error, ActError::UnknownRevision { .. }), "{error}");
    let again = TemplateAction::Draft(DraftAction::Start(start(&[&first], &[])));
    assert!(matches!(shelf.act(again), Err(ActError::Occupied { .. })));
}
