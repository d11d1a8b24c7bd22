//! A publish that does not stand: its author, too, goes on under what stands, and what was done
//! under it waits on every device alike until somebody adopts it.

use super::*;
use casework_protocol::ids::{ChangeHash, RevisionId};

fn labels(replica: &mut Replica, id: DocumentId) -> Vec<String> {
    replica.case(id).unwrap().labels.iter().cloned().collect()
}

fn label(text: &str) -> CaseAction {
    CaseAction::AddLabel { label: text.into() }
}

fn named(name: &str) -> Revision {
    let mut package = package();
    package.name = name.to_owned();
    package.publish().unwrap()
}

fn current(replica: &Replica, template: DocumentId) -> RevisionId {
    replica.current_revision(template).unwrap().id()
}

/// Ana the owner and rui the manager with a case; rui loses `publish` while he publishes offline.
/// Answers what he did under it, unsent.
fn scene() -> (Clock, Log, [Replica; 2], [DocumentId; 2], ChangeHash) {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision(), &clock.next()).unwrap();
    let template = template.document;
    let id = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    let mut rui = join(&mut log, &mut ana, &mut clock, 3, "manager");
    rui.publish(template, named("Second"), &clock.next())
        .unwrap();
    let under = act(&mut rui, id, &mut clock, label("under it")).change;
    let body = RosterBody::ChangeMember {
        member: rui.member().unwrap(),
        name: None,
        add_roles: vec!["operator".into()],
        remove_roles: vec!["manager".into()],
        active: None,
    };
    ana.authorise(body, &clock.next()).unwrap();
    log.take(&mut ana);
    (clock, log, [ana, rui], [template, id], under)
}

#[test]
fn a_publish_that_is_held_is_current_nowhere_and_later_work_of_its_author_lands() {
    let (mut clock, mut log, [mut ana, mut rui], [template, id], under) = scene();
    let second = current(&rui, template);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
    }
    assert_ne!(current(&rui, template), second);
    assert_eq!(current(&rui, template), current(&ana, template));
    act(&mut rui, id, &mut clock, label("later"));
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert_eq!(labels(replica, id), ["later"]);
        let found = replica.verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{:?}", found.findings);
    }
    let drawn = rui.drawer().unwrap();
    assert_eq!(drawn.len(), 2, "the publish and what was done under it");
    assert!(drawn.iter().any(|drawn| drawn.change == Some(under)));
    // What memory says is what the disk says.
    rui.revisions.clear();
    rui.current.clear();
    rui.load_revisions().unwrap();
    assert_eq!(current(&rui, template), current(&ana, template));
    assert!(!rui.revisions.contains_key(&second));
    // Somebody adopts it after all.
    ana.adopt(template, "a good one", &clock.next()).unwrap();
    log.take(&mut ana);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert_eq!(current(replica, template), second);
        assert_eq!(labels(replica, id), ["later", "under it"]);
        let found = replica.verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{:?}", found.findings);
    }
    assert_eq!(ana.case(id).unwrap(), rui.case(id).unwrap());
    assert!(rui.drawer().unwrap().is_empty());
}

#[test]
fn a_revision_that_another_template_has_too_stays_when_its_publish_falls() {
    let (mut clock, mut log, [mut ana, mut rui], [template, _], _) = scene();
    let second = rui.current_revision(template).unwrap();
    let twin = ana.open_template(revision(), &clock.next()).unwrap();
    ana.publish(twin.document, named("Second"), &clock.next())
        .unwrap();
    assert_eq!(current(&ana, twin.document), second.id());
    log.take(&mut ana);
    log.take(&mut rui);
    log.give(&mut rui);
    assert_eq!(current(&rui, twin.document), second.id());
    assert_ne!(current(&rui, template), second.id());
}

#[test]
fn an_adoption_names_all_that_held_work_builds_on_and_whole_runs() {
    let (mut clock, mut log, [mut ana, mut rui], [template, id], under) = scene();
    let later = act(&mut rui, id, &mut clock, label("on top")).change;
    log.hold_runs_of = Some(rui.device());
    log.take(&mut rui);
    log.give(&mut ana);
    assert!(labels(&mut ana, id).is_empty());
    // One run: its first change waits for a revision, and only what builds on it is listed.
    let listed = ana.held().unwrap().into_iter();
    let listed: Vec<ChangeHash> = listed
        .filter(|h| h.document == id)
        .map(|h| h.change)
        .collect();
    assert_eq!(listed, [later]);
    ana.adopt(id, "honest work", &clock.next()).unwrap();
    let said = adopted_in(&ana.founding().unwrap());
    assert_eq!(said, [under, later]);
    ana.adopt(template, "honest work", &clock.next()).unwrap();
    log.take(&mut ana);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert_eq!(labels(replica, id), ["on top", "under it"]);
        assert!(replica.held().unwrap().is_empty());
    }
}

/// What the first adoption among these parcels names.
fn adopted_in(parcels: &[Parcel]) -> Vec<ChangeHash> {
    for parcel in parcels {
        if let PushItem::Roster(entry) = &parcel.item
            && let RosterBody::Adopt { changes, .. } =
                entry.clone().verify::<RosterBody>().unwrap().body()
        {
            return changes.clone();
        }
    }
    Vec::new()
}
