//! The merge contract of DOMAIN §4 for records: documents and their versions, parties, links,
//! watchers, comments of one person on two devices, tasks that repeat.

use std::collections::BTreeSet;

use casework_engine::case::facet::attention::AttentionAction;
use casework_engine::case::facet::document::{DocumentAction, FileMark, VersionStatus};
use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::facet::link::{LinkAction, Relation};
use casework_engine::case::facet::party::{PartyAction, PartyKey, PartyMark};
use casework_engine::case::facet::recurrence::{RecurrenceAction, next_id};
use casework_engine::case::facet::redaction::RedactionAction;
use casework_engine::case::{CaseAction, PartId};
use casework_engine::view::{Badge, CaseView, TaskStatus};
use casework_protocol::ids::DocumentId;
use casework_tests::stage::{Stage, Who};

use crate::scene::{assert_badges, comment, contested, part, set, together, with_case};

fn file(name: &str) -> FileMark {
    FileMark {
        name: name.to_owned(),
        sha256: "ab".repeat(32),
        bytes: 3,
        media: "text/plain".to_owned(),
    }
}

/// Ana and Rui apart, on a case with a document of one version.
fn with_document(seed: u64) -> (Stage, [Who; 2], DocumentId, [PartId; 2]) {
    let (mut stage, ana, rui, case) = with_case(seed);
    let (id, version) = (stage.part(), stage.part());
    let (name, kind) = ("Offer".to_owned(), "letter".to_owned());
    let file = file("offer.txt");
    let add = DocumentAction::Add {
        id,
        name,
        kind,
        version,
        file,
    };
    stage.act(ana, case, add.into());
    stage.settle();
    part(&mut stage, &[ana, rui]);
    (stage, [ana, rui], case, [id, version])
}

fn add_version(stage: &mut Stage, who: Who, case: DocumentId, document: PartId) -> PartId {
    let id = stage.part();
    let add = DocumentAction::AddVersion {
        document,
        id,
        parents: BTreeSet::new(),
        file: file(&format!("{id}.txt")),
    };
    stage.act(who, case, add.into());
    id
}

fn choose(document: PartId, version: PartId) -> CaseAction {
    DocumentAction::Choose {
        document,
        version,
        over: BTreeSet::new(),
    }
    .into()
}

fn labels(view: &CaseView, document: PartId) -> Vec<String> {
    let versions = view.facets.documents.0[&document].in_order();
    let labels = versions.into_iter().map(|(_, version)| &version.label);
    labels.cloned().collect()
}

fn current(view: &CaseView, document: PartId) -> BTreeSet<PartId> {
    view.facets.documents.0[&document].current.clone()
}

#[test]
fn versions_added_apart_are_parallel_and_contested_until_a_later_one_supersedes_both() {
    let (mut stage, [ana, rui], case, [document, first]) = with_document(61);
    let left = add_version(&mut stage, ana, case, document);
    let right = add_version(&mut stage, rui, case, document);
    let view = together(&mut stage, case);
    assert_eq!(labels(&view, document), ["1", "2a", "2b"]);
    assert_eq!(current(&view, document), [left, right].into());
    let versions = &view.facets.documents.0[&document].versions;
    assert!(
        [left, right]
            .iter()
            .all(|one| versions[one].parents == [first].into())
    );
    assert_eq!(contested(&view), [format!("document/{document}/chosen")]);
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Contested]);
    let third = add_version(&mut stage, rui, case, document);
    let view = together(&mut stage, case);
    assert_eq!(labels(&view, document), ["1", "2a", "2b", "3"]);
    assert_eq!(current(&view, document), [third].into());
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn choosing_one_of_two_parallel_versions_settles_and_two_choices_contest_again() {
    let (mut stage, [ana, rui], case, [document, _]) = with_document(62);
    let left = add_version(&mut stage, ana, case, document);
    let right = add_version(&mut stage, rui, case, document);
    together(&mut stage, case);
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, choose(document, left));
    stage.act(rui, case, choose(document, right));
    let view = together(&mut stage, case);
    assert_eq!(contested(&view), [format!("document/{document}/chosen")]);
    stage.act(ana, case, choose(document, right));
    let view = together(&mut stage, case);
    assert_eq!(current(&view, document), [right].into());
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn an_approved_version_stays_approved_beside_a_new_version_which_is_a_draft() {
    let (mut stage, [ana, rui], case, [document, first]) = with_document(63);
    let approved = DocumentAction::SetStatus {
        version: first,
        status: VersionStatus::Approved,
    };
    stage.act(ana, case, approved.into());
    let second = add_version(&mut stage, rui, case, document);
    let view = together(&mut stage, case);
    let versions = &view.facets.documents.0[&document].versions;
    assert_eq!(*versions[&first].status.value(), VersionStatus::Approved);
    assert_eq!(*versions[&second].status.value(), VersionStatus::Draft);
    assert_eq!(current(&view, document), [second].into());
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn a_redaction_wins_over_edits_of_a_field_a_document_and_a_party_on_both_devices() {
    let (mut stage, [ana, rui], case, [document, _]) = with_document(64);
    stage.heal();
    let party = stage.part();
    let mark = PartyMark {
        role: "witness".into(),
        name: "Maria".into(),
        ..PartyMark::default()
    };
    stage.act(
        ana,
        case,
        PartyAction::Add {
            id: party,
            party: mark,
        }
        .into(),
    );
    stage.act(ana, case, set("phone", "Maria's number"));
    stage.settle();
    part(&mut stage, &[ana, rui]);
    let field = "phone".to_owned();
    stage.act(ana, case, RedactionAction::Field { field }.into());
    stage.act(ana, case, RedactionAction::Document { document }.into());
    stage.act(ana, case, RedactionAction::Party { party }.into());
    let name = "Maria's offer".to_owned();
    stage.act(rui, case, DocumentAction::Rename { document, name }.into());
    let (key, value) = (PartyKey::Name, "Maria S.".to_owned());
    stage.act(rui, case, PartyAction::Change { party, key, value }.into());
    stage.act(rui, case, set("phone", "Maria's other number"));
    together(&mut stage, case);
    for who in [ana, rui] {
        let view = stage.view(who, case);
        let shown = format!("{:?} {:?}", view.facets, view.fields);
        assert!(!shown.contains("Maria"), "{shown}");
        assert_eq!(view.facets.parties.0[&party].role.value(), "witness");
    }
}

#[test]
fn two_edits_of_a_comment_from_two_devices_of_its_author_are_kept_and_the_newest_is_shown() {
    let (mut stage, ana, rui, case) = with_case(65);
    let phone = stage.second_device(rui, "rui's phone");
    let said = comment(&mut stage, "the lamp is dark");
    stage.act(rui, case, said);
    stage.settle();
    let id = stage.replica(ana).comments(case).unwrap()[0].id;
    part(&mut stage, &[ana, rui, phone]);
    let edit = |body: &str| CaseAction::EditComment {
        id,
        body: body.to_owned(),
    };
    stage.act(rui, case, edit("from the desk"));
    stage.act(phone, case, edit("from the phone"));
    together(&mut stage, case);
    for who in [ana, rui, phone] {
        let comment = stage.replica(who).comments(case).unwrap().remove(0);
        let mut bodies = vec![comment.body, comment.parallel[0].body.clone()];
        bodies.sort();
        assert_eq!(bodies, ["from the desk", "from the phone"]);
        assert_eq!(comment.author.member, Some(stage.member(rui)));
    }
    stage.act(phone, case, edit("from both"));
    together(&mut stage, case);
    let comment = stage.replica(ana).comments(case).unwrap().remove(0);
    assert_eq!(
        (comment.body.as_str(), comment.parallel.len()),
        ("from both", 0)
    );
}

#[test]
fn a_task_that_repeats_finished_on_two_devices_is_done_and_has_one_next() {
    let (mut stage, ana, rui, case) = with_case(66);
    let task = stage.part();
    let create = CaseAction::CreateTask {
        id: task,
        title: "clean the lamp".to_owned(),
        assignee: None,
        due: Some("2026-03-02".to_owned()),
        checklist: vec![(stage.part(), "ring".to_owned())],
    };
    stage.act(ana, case, create);
    let repeat = Some("every week".to_owned());
    stage.act(ana, case, RecurrenceAction::Repeat { task, repeat }.into());
    stage.settle();
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, CaseAction::FinishTask { task });
    stage.act(rui, case, CaseAction::FinishTask { task });
    let view = together(&mut stage, case);
    let next = &view.tasks[&next_id(task)];
    assert_eq!(view.tasks.len(), 2);
    assert_eq!(*view.tasks[&task].status.value(), TaskStatus::Done);
    assert_eq!(
        (*next.status.value(), next.items.len()),
        (TaskStatus::Open, 1)
    );
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn what_is_said_of_a_party_apart_merges_and_one_thing_said_twice_is_contested() {
    let (mut stage, ana, rui, case) = with_case(67);
    let party = stage.part();
    let mark = PartyMark {
        role: "witness".into(),
        name: "Maria".into(),
        ..PartyMark::default()
    };
    stage.act(
        ana,
        case,
        PartyAction::Add {
            id: party,
            party: mark,
        }
        .into(),
    );
    stage.settle();
    part(&mut stage, &[ana, rui]);
    let say = |key, value: &str| {
        let value = value.to_owned();
        CaseAction::from(PartyAction::Change { party, key, value })
    };
    stage.act(ana, case, say(PartyKey::Phone, "123"));
    stage.act(rui, case, say(PartyKey::Email, "maria@example.org"));
    let view = together(&mut stage, case);
    let shown = &view.facets.parties.0[&party];
    let said = [shown.word(PartyKey::Phone), shown.word(PartyKey::Email)];
    assert_eq!(said, ["123", "maria@example.org"]);
    assert!(view.flags.is_clear());
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, say(PartyKey::Name, "Maria S."));
    stage.act(rui, case, say(PartyKey::Name, "Maria T."));
    let view = together(&mut stage, case);
    assert_eq!(contested(&view), [format!("party/{party}/name")]);
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Contested]);
}

#[test]
fn a_watcher_a_link_and_a_flag_added_beside_their_removal_stay() {
    let (mut stage, ana, rui, case) = with_case(68);
    let other = stage.open(ana, "The lamp next to it");
    let (member, relation) = (stage.member(rui), Relation::Blocks);
    let flag = || "press".to_owned();
    let adds = || -> [CaseAction; 3] {
        [
            AttentionAction::Watch { member }.into(),
            LinkAction::Add {
                relation,
                case: other,
            }
            .into(),
            KeepingAction::SetFlag { flag: flag() }.into(),
        ]
    };
    let removes = || -> [CaseAction; 3] {
        [
            AttentionAction::Unwatch { member }.into(),
            LinkAction::Remove {
                relation,
                case: other,
            }
            .into(),
            KeepingAction::ClearFlag { flag: flag() }.into(),
        ]
    };
    for add in adds() {
        stage.act(ana, case, add);
    }
    together(&mut stage, case);
    part(&mut stage, &[ana, rui]);
    for (remove, add) in removes().into_iter().zip(adds()) {
        stage.act(ana, case, remove.clone());
        stage.act(rui, case, remove);
        stage.act(rui, case, add);
    }
    let view = together(&mut stage, case);
    assert!(view.watchers.contains(&member));
    assert!(view.facets.links.0.contains_key(&(relation, other)));
    assert!(view.facets.keeping.flags.contains_key("press"));
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Flagged]);
}

#[test]
fn title_due_date_priority_and_severity_set_apart_are_contested_each_for_itself() {
    let (mut stage, ana, rui, case) = with_case(69);
    part(&mut stage, &[ana, rui]);
    for (who, word, day) in [(ana, "high", "2026-03-02"), (rui, "low", "2026-03-09")] {
        let (title, word) = (format!("A {word} lamp"), Some(word.to_owned()));
        stage.act(who, case, CaseAction::SetTitle { title });
        stage.act(
            who,
            case,
            CaseAction::SetPriority {
                priority: word.clone(),
            },
        );
        stage.act(
            who,
            case,
            CaseAction::SetDue {
                due: Some(day.to_owned()),
            },
        );
        stage.act(
            who,
            case,
            AttentionAction::SetSeverity { severity: word }.into(),
        );
    }
    let view = together(&mut stage, case);
    let mut places = contested(&view);
    places.sort();
    assert_eq!(places, ["due", "priority", "severity", "title"]);
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Contested]);
}
