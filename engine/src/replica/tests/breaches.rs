//! What changes break and land all the same: rules their authors could know, and newer ones.

use super::*;
use crate::inbox::ItemKind;
use crate::replica::InboxFilter;
use crate::template::{Condition, Operator, Rule, Severity, Subject, Test, Transition};
use crate::view::{Badge, Card, NewerRule, TimelinePage};

const CALL: &str = "a call comes first";

/// The complaint with a rule on the way to review.
fn ruled(rule: Rule) -> Revision {
    let mut package = package();
    package.transitions = vec![Transition {
        from: "intake".into(),
        to: "review".into(),
        label: String::new(),
        rules: vec![rule],
    }];
    package.unlisted = crate::template::Unlisted::Free;
    package.publish().unwrap()
}

fn to(stage: &str) -> CaseAction {
    CaseAction::Move { to: stage.into() }
}

/// Ana the founder, rui and mia, who all have a case.
fn scene(revision: Revision) -> (Clock, Log, [Replica; 3], DocumentId, DocumentId) {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision, &clock.next()).unwrap().document;
    let id = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    let rui = join(&mut log, &mut ana, &mut clock, 3, "operator");
    let mia = join(&mut log, &mut ana, &mut clock, 4, "manager");
    (clock, log, [ana, rui, mia], template, id)
}

fn card(replica: &Replica, id: DocumentId) -> Card {
    let cards = replica.cards().unwrap();
    cards.into_iter().find(|card| card.document == id).unwrap()
}

#[test]
fn late_work_that_breaks_a_newer_rule_lands_and_every_replica_flags_it_with_rule_and_revision() {
    let (mut clock, mut log, [mut ana, mut rui, mut mia], template, id) = scene(revision());
    // Offline, while a revision is published under which it would be refused.
    let moved = act(&mut rui, id, &mut clock, to("review")).change;
    let before = rui.case(id).unwrap();
    assert!(before.flags.newer_rule_broken.is_empty());
    let newer = ruled(Rule::new(Severity::Block, CALL));
    let acted = ana.publish(template, newer, &clock.next()).unwrap();
    assert_eq!(acted.document, template);
    let newest = ana.current_revision(template).unwrap().id();
    log.take(&mut ana);
    log.take(&mut rui);
    let expected = NewerRule {
        revision: newest,
        rules: vec![CALL.to_owned()],
    };
    for replica in [&mut ana, &mut rui, &mut mia] {
        log.give(replica);
        assert_eq!(stage(replica, id), "review", "it is never dropped");
        let flags = replica.case(id).unwrap().flags;
        assert_eq!(flags.newer_rule_broken, [(moved, expected.clone())].into());
        assert!(flags.rule_broken.is_empty(), "its author kept every rule");
        assert!(card(replica, id).badges.has(Badge::NewerRuleBroken));
        let page = TimelinePage { skip: 0, take: 9 };
        let timeline = replica.timeline(id, page).unwrap();
        let entry = timeline.iter().find(|entry| entry.change == moved).unwrap();
        assert_eq!(entry.breach.newer, Some(expected.clone()));
        assert!(replica.verify(&mut |_, _| {}).unwrap().holds());
    }
    assert_eq!(ana.case(id).unwrap(), rui.case(id).unwrap());
    assert_eq!(ana.case(id).unwrap(), mia.case(id).unwrap());
}

#[test]
fn what_arrived_before_the_rule_or_keeps_it_is_not_flagged() {
    let (mut clock, mut log, [mut ana, mut rui, _], template, id) = scene(revision());
    act(&mut rui, id, &mut clock, to("review"));
    log.take(&mut rui);
    // On its way to rui while he works: nothing about this breaks the rule.
    let newer = ruled(Rule::new(Severity::Block, CALL));
    ana.publish(template, newer, &clock.next()).unwrap();
    act(&mut rui, id, &mut clock, set("phone", "112"));
    log.take(&mut ana);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        let flags = replica.case(id).unwrap().flags;
        assert!(flags.newer_rule_broken.is_empty(), "{flags:?}");
    }
}

#[test]
fn a_rule_that_both_revisions_have_is_none_that_the_author_could_not_know() {
    let both = || Rule::new(Severity::Ask, CALL);
    let (mut clock, mut log, [mut ana, mut rui, _], template, id) = scene(ruled(both()));
    let moment = clock.next();
    let part = PartId::derive(&moment.seed, 0);
    let asked = Act {
        override_rule: true,
        ..Act::new(part, to("review")).because("they called the shop")
    };
    rui.act(id, asked, &moment).unwrap();
    let mut package = ruled(both()).package().clone();
    package.name = "Complaints".into();
    let newer = package.publish().unwrap();
    ana.publish(template, newer, &clock.next()).unwrap();
    log.take(&mut ana);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        let view = replica.case(id).unwrap();
        assert!(view.flags.newer_rule_broken.is_empty());
        assert_eq!(view.overrides_to_review().count(), 1);
    }
}

#[test]
fn a_replica_that_hears_of_the_publish_after_the_case_flags_the_same_once_it_has_checked() {
    let (mut clock, mut log, [mut ana, mut rui, mut mia], template, id) = scene(revision());
    act(&mut rui, id, &mut clock, to("review"));
    let newer = ruled(Rule::new(Severity::Block, CALL));
    ana.publish(template, newer, &clock.next()).unwrap();
    log.take(&mut ana);
    let published = log.items.len() - 1;
    log.take(&mut rui);
    log.give(&mut ana);
    // A first sync brings documents one after the other, the template's newest entries last.
    let late = log.items.remove(published);
    let whole = Start::At(Cursor {
        epoch: EPOCH,
        seq: log.size,
    });
    mia.take(log.items.clone(), Start::Nothing).unwrap();
    assert!(mia.case(id).unwrap().flags.newer_rule_broken.is_empty());
    mia.take(vec![late], whole).unwrap();
    while mia.check_next(None).unwrap().is_some() {}
    let flagged = mia.case(id).unwrap();
    assert_eq!(flagged.flags.newer_rule_broken.len(), 1);
    assert_eq!(flagged, ana.case(id).unwrap());
}

#[test]
fn marks_outlive_the_view_that_shows_them() {
    let (mut clock, mut log, [mut ana, mut rui, _], template, id) = scene(revision());
    act(&mut rui, id, &mut clock, to("review"));
    let newer = ruled(Rule::new(Severity::Block, CALL));
    ana.publish(template, newer, &clock.next()).unwrap();
    log.take(&mut ana);
    log.take(&mut rui);
    log.give(&mut ana);
    let before = ana.case(id).unwrap();
    let mut writes = store::Writes::default();
    writes.delete(tables::Table::Views, tables::document(id));
    ana.commit(writes).unwrap();
    ana.documents.close_all();
    assert_eq!(ana.case(id).unwrap(), before);
    // And what nobody here has judged, as after a bundle, is judged from the history.
    let mut writes = store::Writes::default();
    writes.delete(tables::Table::Views, tables::document(id));
    ana.delete_all(&mut writes, tables::Table::Breaches, id)
        .unwrap();
    ana.judge_cases_again(&mut writes, template).unwrap();
    ana.commit(writes).unwrap();
    ana.documents.close_all();
    assert!(ana.case(id).unwrap().flags.newer_rule_broken.is_empty());
    while ana.check_next(None).unwrap().is_some() {}
    assert_eq!(ana.case(id).unwrap(), before);
}

#[test]
fn a_rule_about_who_acts_is_judged_on_arrival_by_the_roles_in_the_roster_that_was_cited() {
    let stranger = Test::with(Subject::Actor, Operator::HasNot, "manager");
    let rule = Rule::new(Severity::Block, "a manager takes it up").when(Condition::of(stranger));
    let (mut clock, mut log, [mut ana, mut rui, mut mia], _, id) = scene(ruled(rule));
    let moment = clock.next();
    let part = PartId::derive(&moment.seed, 0);
    let refused = rui.act(id, Act::new(part, to("review")), &moment);
    assert!(matches!(refused, Err(ReplicaFault::Act(_))), "{refused:?}");
    // A program that was changed so that it claims every role.
    rui.lawless = true;
    let moved = act(&mut rui, id, &mut clock, to("review")).change;
    log.take(&mut rui);
    for replica in [&mut ana, &mut mia] {
        log.give(replica);
        assert_eq!(stage(replica, id), "review", "a rule keeps nothing out");
        let broken = replica.case(id).unwrap().flags.rule_broken;
        let rules = vec!["a manager takes it up".to_owned()];
        assert_eq!(broken, [(moved, rules)].into());
    }
    assert_eq!(ana.case(id).unwrap(), mia.case(id).unwrap());
    // A manager keeps the rule, also when the role is taken away before the work arrives.
    act(&mut mia, id, &mut clock, to("intake"));
    let kept = act(&mut mia, id, &mut clock, to("review")).change;
    let body = RosterBody::ChangeMember {
        member: mia.member().unwrap(),
        name: None,
        add_roles: vec!["operator".into()],
        remove_roles: vec!["manager".into()],
        active: None,
    };
    ana.authorise(body, &clock.next()).unwrap();
    log.take(&mut ana);
    log.take(&mut mia);
    log.give(&mut ana);
    let broken = ana.case(id).unwrap().flags.rule_broken;
    assert!(!broken.contains_key(&kept), "{broken:?}");
}

#[test]
fn whoever_owns_a_case_is_told_of_work_that_breaks_a_rule_and_nobody_else() {
    let (mut clock, mut log, [mut ana, mut rui, mut mia], template, id) = scene(revision());
    let owner = ana.member();
    act(
        &mut ana,
        id,
        &mut clock,
        CaseAction::SetOwner { member: owner },
    );
    log.take(&mut ana);
    log.give(&mut rui);
    let moved = act(&mut rui, id, &mut clock, to("review")).change;
    let newer = ruled(Rule::new(Severity::Block, CALL));
    ana.publish(template, newer, &clock.next()).unwrap();
    log.take(&mut ana);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui, &mut mia] {
        log.give(replica);
    }
    let mut told = |replica: &mut Replica| {
        let page = replica.inbox(&InboxFilter::default(), (None, 10), &clock.next());
        let items = page.unwrap().entries.into_iter().map(|entry| entry.item);
        let of_rules = items.filter(|item| item.kind == ItemKind::Rule);
        of_rules
            .map(|item| (item.change, item.detail))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&mut ana), [(Some(moved), vec!["newer".to_owned()])]);
    assert_eq!([told(&mut rui), told(&mut mia)], [vec![], vec![]]);
}
