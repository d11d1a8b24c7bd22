//! Rules and the work that goes beside them, between people who did not see each other's work:
//! newer rules, required documents, openings further on, reviews of overrides (DOMAIN §4).

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::facet::document::{DocumentAction, FileMark};
use casework_engine::case::facet::review::{Review, ReviewAction, ReviewVerdict};
use casework_engine::case::{CaseAction, Opening, PartId};
use casework_engine::replica::NewCase;
use casework_engine::template::{DocumentType, Package, Rule, Severity, Transition, Unlisted};
use casework_engine::view::{CaseView, NewerRule};
use casework_protocol::ids::DocumentId;
use casework_tests::stage::{Stage, Who, package};

fn office(seed: u64) -> (Stage, [Who; 3], DocumentId) {
    let mut stage = Stage::new(seed);
    let people = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(people[0], "Broken street lamp");
    stage.settle();
    (stage, people, case)
}

fn to(stage: &str) -> CaseAction {
    CaseAction::Move {
        to: stage.to_owned(),
    }
}

/// Everybody comes back; what they see now is the same.
fn together(stage: &mut Stage, case: DocumentId) -> CaseView {
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
    stage.view(Who(0), case)
}

/// Ana publishes another revision.
fn publish(stage: &mut Stage, case: DocumentId, change: impl FnOnce(&mut Package)) {
    let template = stage.view(Who(0), case).template;
    let mut changed = package();
    change(&mut changed);
    let (revision, moment) = (changed.publish().unwrap(), stage.moment());
    let ana = stage.replica(Who(0));
    ana.publish(template, revision, &moment).unwrap();
}

/// Ana publishes a rule on the way from intake to answer.
fn publish_rule(stage: &mut Stage, case: DocumentId, rule: Rule) {
    publish(stage, case, |package| {
        package.transitions = vec![Transition {
            from: "intake".into(),
            to: "answer".into(),
            label: String::new(),
            rules: vec![rule],
        }];
        package.unlisted = Unlisted::Free;
    });
}

fn add_letter(stage: &mut Stage, who: Who, case: DocumentId) -> PartId {
    let (id, version) = (stage.part(), stage.part());
    let file = FileMark {
        name: "letter.pdf".into(),
        sha256: "ab".repeat(32),
        bytes: 3,
        media: "application/pdf".into(),
    };
    let add = DocumentAction::Add {
        id,
        name: "The letter".into(),
        kind: "letter".into(),
        version,
        file,
    };
    stage.act(who, case, add.into());
    id
}

#[test]
fn work_that_arrives_after_a_newer_rule_lands_and_is_flagged_with_it_on_every_replica() {
    let (mut stage, [ana, rui, mia], case) = office(81);
    stage.cut(rui);
    let moved = stage.act(rui, case, to("answer"));
    let rule = Rule::new(Severity::Block, "only after a call");
    publish_rule(&mut stage, case, rule);
    stage.settle();
    let view = together(&mut stage, case);
    assert_eq!(view.stage.value(), "answer");
    let template = view.template;
    for who in [ana, rui, mia] {
        let newest = stage.replica(who).current_revision(template).unwrap().id();
        let expected = NewerRule {
            revision: newest,
            rules: vec!["only after a call".to_owned()],
        };
        let flags = stage.view(who, case).flags;
        assert_eq!(flags.newer_rule_broken, [(moved, expected)].into());
        assert!(flags.rule_broken.is_empty());
    }
    // What is done knowing the rule is refused, and nothing of it is flagged.
    stage.act(mia, case, to("intake"));
    let refused = stage.try_act(mia, case, to("answer"));
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(together(&mut stage, case).flags.newer_rule_broken.len(), 1);
}

#[test]
fn a_newcomer_flags_the_same_late_work_as_those_who_were_there() {
    let (mut stage, [_, rui, _], case) = office(82);
    stage.cut(rui);
    stage.act(rui, case, to("answer"));
    let rule = Rule::new(Severity::Block, "only after a call");
    publish_rule(&mut stage, case, rule);
    stage.settle();
    let before = together(&mut stage, case);
    let [eva] = stage.devices(["eva"]);
    stage.settle();
    while stage.replica(eva).check_next(None).unwrap().is_some() {}
    stage.assert_converged(case);
    assert_eq!(stage.view(eva, case).flags, before.flags);
    assert_eq!(before.flags.newer_rule_broken.len(), 1);
}

#[test]
fn a_move_beside_the_withdrawal_of_the_document_it_needed_lands_flagged() {
    let (mut stage, [ana, rui, _], case) = office(83);
    publish(&mut stage, case, |package| {
        package.document_types = vec![DocumentType {
            id: "letter".into(),
            label: "Letter".into(),
            required_fields: Vec::new(),
        }];
        package.stages[0].documents = vec!["letter".into()];
    });
    let document = add_letter(&mut stage, ana, case);
    stage.settle();
    stage.cut(ana);
    stage.cut(rui);
    stage.act(ana, case, to("answer"));
    let withdraw = DocumentAction::Withdraw { document };
    stage.act(rui, case, withdraw.into());
    let view = together(&mut stage, case);
    assert_eq!(view.stage.value(), "answer", "it is never moved back");
    let unmet = ("intake".to_owned(), "letter".to_owned());
    assert_eq!(view.flags.documents_unmet, [unmet]);
    let reinstate = DocumentAction::Reinstate { document };
    stage.act(rui, case, reinstate.into());
    assert!(together(&mut stage, case).flags.documents_unmet.is_empty());
}

#[test]
fn two_reviews_of_one_override_apart_are_both_kept_and_the_stricter_holds() {
    let (mut stage, [ana, rui, mia], case) = office(84);
    stage.act(ana, case, to("review"));
    let view = together(&mut stage, case);
    let of = *view.overrides.keys().next().expect("phone is required");
    let review = |verdict, note: &str| {
        let note = note.to_owned();
        let review = Review { verdict, note };
        CaseAction::from(ReviewAction::Review { of, review })
    };
    let own = stage.try_act(ana, case, review(ReviewVerdict::Accepted, ""));
    assert!(own.is_err(), "whoever went through it does not review it");
    stage.cut(rui);
    stage.cut(mia);
    stage.act(rui, case, review(ReviewVerdict::Accepted, ""));
    stage.act(mia, case, review(ReviewVerdict::FollowUp, "get the phone"));
    let view = together(&mut stage, case);
    let found = &view.overrides[&of];
    assert_eq!(found.review.as_ref().unwrap().sides().count(), 2);
    assert_eq!(found.verdict(), Some(ReviewVerdict::FollowUp));
    stage.act(rui, case, review(ReviewVerdict::Accepted, "we have it"));
    let view = together(&mut stage, case);
    assert_eq!(view.overrides[&of].verdict(), Some(ReviewVerdict::Accepted));
}

#[test]
fn a_case_opened_further_on_goes_through_what_a_move_there_asks_and_says_so_everywhere() {
    let (mut stage, [ana, rui, _], case) = office(85);
    let rule = Rule::new(Severity::Ask, "only after a call");
    publish_rule(&mut stage, case, rule);
    stage.settle();
    let template = stage.view(ana, case).template;
    let opened = |stage: &mut Stage, overriding: Option<&str>| {
        let moment = stage.moment();
        let opening = Opening {
            template,
            title: "Came by letter".into(),
            number: "CO-~0099".into(),
            stage: "answer".into(),
            fields: BTreeMap::new(),
            owner: None,
            assignees: BTreeSet::new(),
        };
        let case = NewCase {
            opening,
            imported: None,
            restricted: false,
            viewers: Vec::new(),
            overriding: overriding.map(str::to_owned),
        };
        stage.replica(rui).open_case(case, &moment)
    };
    let refused = opened(&mut stage, None).unwrap_err().to_string();
    assert!(refused.contains("only after a call"), "{refused}");
    let case = opened(&mut stage, Some("they called")).unwrap().document;
    let view = together(&mut stage, case);
    assert_eq!(view.stage.value(), "answer");
    let exception = view.overrides.values().next().unwrap();
    assert_eq!(exception.why, "they called");
    assert!(exception.rule.contains("only after a call"));
    assert!(view.flags.rule_broken.is_empty());
}
