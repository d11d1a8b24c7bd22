//! Edit roles of stages: refused before acting, and held by whatever was published meanwhile.

use super::*;
use crate::replica::rights::{Obstacle, Question, Where};
use casework_protocol::rights::Verb;

/// The complaint, with review worked on by these roles.
fn reviewed_by(roles: &[&str]) -> Revision {
    let mut package = package();
    package.stages[1].edit_roles = roles.iter().map(|role| (*role).to_owned()).collect();
    package.publish().unwrap()
}

fn act(
    replica: &mut Replica,
    id: DocumentId,
    clock: &mut Clock,
    action: CaseAction,
) -> Result<Acted, ReplicaFault> {
    let moment = clock.next();
    replica.act(
        id,
        Act::new(PartId::derive(&moment.seed, 0), action),
        &moment,
    )
}

fn label(text: &str) -> CaseAction {
    CaseAction::AddLabel { label: text.into() }
}

fn to(stage: &str) -> CaseAction {
    CaseAction::Move { to: stage.into() }
}

fn comment(clock: &mut Clock) -> CaseAction {
    CaseAction::Comment {
        id: PartId::derive(&clock.next().seed, 1),
        body: "Seen".into(),
        external: false,
        reply_to: None,
    }
}

/// Ana the owner and rui the operator, on a case in intake.
fn scene(revision: Revision) -> (Clock, Log, Replica, Replica, DocumentId, DocumentId) {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision, &clock.next()).unwrap().document;
    let id = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    let rui = join(&mut log, &mut ana, &mut clock, 3, "operator");
    (clock, log, ana, rui, template, id)
}

fn labels(replica: &mut Replica, id: DocumentId) -> Vec<String> {
    replica.case(id).unwrap().labels.iter().cloned().collect()
}

#[test]
fn a_stage_is_worked_on_by_its_roles_while_everybody_may_comment() {
    let (mut clock, mut log, mut ana, mut rui, _, id) = scene(reviewed_by(&["manager"]));
    act(&mut rui, id, &mut clock, label("by rui")).unwrap();
    act(&mut rui, id, &mut clock, to("review")).expect("moving there is work where it stood");
    for action in [label("more"), to("closed")] {
        let Err(ReplicaFault::Denied(denial)) = act(&mut rui, id, &mut clock, action) else {
            panic!("only managers work in review");
        };
        assert_eq!(denial.obstacle, Obstacle::StageRoles);
        assert!(
            denial
                .to_string()
                .contains("is up to manager in this stage"),
            "{denial}"
        );
    }
    let said = comment(&mut clock);
    act(&mut rui, id, &mut clock, said).unwrap();
    log.take(&mut rui);
    log.give(&mut ana);
    act(&mut ana, id, &mut clock, label("by the owner")).unwrap();
    let question = Question {
        member: rui.member().unwrap(),
        verb: Verb::Edit,
        place: Where::Case(id),
        stage: None,
        field: None,
    };
    let answer = ana.explain(&question).unwrap();
    assert_eq!(answer.obstacle, Some(Obstacle::StageRoles));
    assert_eq!(answer.stage_roles, ["manager"]);
    log.take(&mut ana);
    log.give(&mut rui);
    assert_eq!(ana.case(id).unwrap(), rui.case(id).unwrap());
    assert!(rui.verify(&mut |_, _| {}).unwrap().holds());
}

#[test]
fn what_only_a_revision_published_meanwhile_keeps_out_is_held_on_every_replica_until_adopted() {
    let (mut clock, mut log, mut ana, mut rui, template, id) = scene(revision());
    let mut mia = join(&mut log, &mut ana, &mut clock, 4, "manager");
    act(&mut rui, id, &mut clock, to("review")).unwrap();
    act(&mut rui, id, &mut clock, label("in time")).unwrap();
    log.take(&mut rui);
    // Offline, while a revision is published that leaves review to managers.
    act(&mut rui, id, &mut clock, label("late")).unwrap();
    ana.publish(template, reviewed_by(&["manager"]), &clock.next())
        .unwrap();
    log.take(&mut ana);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui, &mut mia] {
        log.give(replica);
        assert_eq!(labels(replica, id), ["in time"]);
        assert_eq!(replica.held().unwrap().len(), 1);
    }
    assert_eq!(
        rui.drawer().unwrap().len(),
        1,
        "its author has it in the drawer"
    );
    mia.adopt(id, "honest work", &clock.next()).unwrap();
    log.take(&mut mia);
    for replica in [&mut ana, &mut rui, &mut mia] {
        log.give(replica);
        assert_eq!(labels(replica, id), ["in time", "late"]);
        assert!(replica.held().unwrap().is_empty());
        let found = replica.verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{:?}", found.findings);
    }
    assert_eq!(ana.case(id).unwrap(), mia.case(id).unwrap());
}

#[test]
fn a_revision_that_a_draft_published_counts_from_its_place_like_every_other() {
    let (mut clock, mut log, mut ana, mut rui, template, id) = scene(revision());
    let mut mia = join(&mut log, &mut ana, &mut clock, 4, "manager");
    act(&mut rui, id, &mut clock, to("review")).unwrap();
    log.take(&mut rui);
    act(&mut rui, id, &mut clock, label("late")).unwrap();
    let managers = reviewed_by(&["manager"]);
    let (draft, _) = ana
        .start_draft(
            template,
            ("Managers", Some(managers.package())),
            &clock.next(),
        )
        .unwrap();
    ana.publish_draft(template, draft, &clock.next()).unwrap();
    log.take(&mut ana);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui, &mut mia] {
        // What is known of publishes is kept in memory, and read anew: both must say the same.
        for _ in 0..2 {
            log.give(replica);
            assert!(labels(replica, id).is_empty());
            assert_eq!(replica.held().unwrap().len(), 1);
            replica.published.clear();
        }
        let found = replica.verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{:?}", found.findings);
    }
    assert_eq!(rui.drawer().unwrap().len(), 1);
}

#[test]
fn a_role_taken_away_holds_what_the_stage_asked_it_for() {
    let (mut clock, mut log, mut ana, mut rui, _, id) = scene(reviewed_by(&["operator"]));
    let rui_id = rui.member().unwrap();
    act(&mut rui, id, &mut clock, to("review")).unwrap();
    log.take(&mut rui);
    act(&mut rui, id, &mut clock, label("late")).unwrap();
    // A manager may do all that an operator may, but review is for operators.
    let body = RosterBody::ChangeMember {
        member: rui_id,
        name: None,
        add_roles: vec!["manager".into()],
        remove_roles: vec!["operator".into()],
        active: None,
    };
    ana.authorise(body, &clock.next()).unwrap();
    log.take(&mut ana);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert!(labels(replica, id).is_empty());
        assert_eq!(replica.held().unwrap().len(), 1);
    }
}
