//! Approvals, handovers, referrals and holds: who may, what is refused, what concurrent work comes to.

use std::sync::Arc;

use crate::approval::{Answer, Outcome, Seat, Standing, Vote};
use crate::case::facet::approval::ApprovalAction;
use crate::case::facet::approval::reading::{makers_of, read_poll, standing};
use crate::case::facet::approval::request::{Matter, Request};
use crate::case::facet::handover::{OfferState, TransferAction, transfer_state};
use crate::case::facet::hold::{HoldAction, standing_holds};
use crate::case::facet::referral::{Consent, Referral, ReferralAction};
use crate::case::facet::{Facet, FacetAction};
use crate::case::trial::{Desk, actor_of, decide, holders, member, part, set_summary, vote};
use crate::case::*;
use crate::template::{Condition, DecisionPart, Operator, Subject, Test, Today};

const APPROVAL: u64 = 900;

/// Three desks with one case and a summary by ana.
fn desks() -> [Desk; 3] {
    let mut ana = Desk::open(1);
    ana.does(2, set_summary("a wall"));
    let (rui, mia) = (ana.copy_to(2), ana.copy_to(3));
    [ana, rui, mia]
}

fn meet(desks: &mut [&mut Desk]) {
    let all: Vec<Desk> = desks.iter().map(|desk| (*desk).clone()).collect();
    for desk in desks {
        all.iter().for_each(|other| desk.merge(other));
    }
}

fn ask(id: u64) -> CaseAction {
    ApprovalAction::Request(Request::of_kind(part(id), "granting", member(0))).into()
}

fn says(id: u64, answer: Answer) -> CaseAction {
    vote(APPROVAL, id, answer).into()
}

fn outcome(desk: &Desk, id: u64) -> Outcome {
    let poll = read_poll(&Past::now(&desk.doc), part(id)).unwrap();
    poll.tally().outcome
}

#[track_caller]
fn refused(desk: &mut Desk, action: impl Into<CaseAction>, expected: &str) {
    let error = desk
        .try_act(Act::new(part(999), action.into()))
        .unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

fn visit(desk: &mut Desk, n: u64, by: i64) {
    let field = "visits".into();
    desk.does(n, CaseAction::Count { field, by });
}

#[test]
fn a_request_asks_what_the_template_asks_at_the_values_of_the_case() {
    let [mut ana, mut rui, _] = desks();
    refused(&mut ana, ask(APPROVAL), "who approves depends on visits");
    visit(&mut ana, 10, 1);
    ana.does(11, ask(APPROVAL));
    let past = Past::now(&ana.doc);
    let poll = read_poll(&past, part(APPROVAL)).unwrap();
    assert_eq!(poll.seats(), [Seat::Role("board".into())].into());
    assert_eq!(poll.makers, [member(1)].into());
    refused(&mut ana, ask(901), "still waits for an answer");
    rui.merge(&ana);
    rui.does(12, says(13, Answer::Approve));
    assert_eq!(outcome(&rui, APPROVAL), Outcome::Approved);
    let stands = |desk: &Desk| standing(&Past::now(&desk.doc), &desk.revision, "granting");
    assert_eq!(stands(&rui), Some(Standing::Is(Outcome::Approved)));
    // At three visits somebody else would be asked.
    visit(&mut rui, 14, 2);
    assert_eq!(stands(&rui), Some(Standing::Outdated));
    rui.does(15, ask(901));
    let poll = read_poll(&Past::now(&rui.doc), part(901)).unwrap();
    assert_eq!(poll.seats().len(), 2);
    assert_eq!(stands(&rui), Some(Standing::Is(Outcome::Pending)));
}

#[test]
fn whoever_asks_cannot_choose_an_easier_question() {
    let [mut ana, ..] = desks();
    visit(&mut ana, 10, 1);
    ana.does(11, ask(APPROVAL));
    let change = ana.changes().pop().unwrap();
    let past = Past::at(&ana.doc, change.deps());
    let act = act_of(&ana.doc, &change).unwrap();
    let CaseAction::Facet(FacetAction::Approval(ApprovalAction::Request(honest))) = act.action
    else {
        panic!("it was a request");
    };
    let fits = |change: fn(&mut Request)| {
        let mut request = honest.clone();
        change(&mut request);
        ApprovalAction::Request(request).fits(&past, &ana.revision)
    };
    assert_eq!(fits(|_| ()), Ok(()));
    assert!(fits(|r| r.question.seats = [Seat::Member(member(9))].into()).is_err());
    assert!(fits(|r| r.question.maker_checker = false).is_err());
    assert!(fits(|r| r.question.made_by.clear()).is_err());
    assert!(fits(|r| r.basis.clear()).is_err());
    assert!(fits(|r| r.kind = Some("other".into())).is_err());
}

#[test]
fn only_who_is_asked_votes_and_whoever_made_it_does_not() {
    let [mut ana, mut rui, mut mia] = desks();
    visit(&mut ana, 10, 1);
    mia.does(11, set_summary("a higher wall"));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    ana.does(12, ask(APPROVAL));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    refused(&mut ana, says(13, Answer::Approve), "not asked of you");
    // Mia is on the board and wrote the summary.
    refused(&mut mia, says(13, Answer::Approve), "whoever made it");
    let makers = makers_of(&Past::now(&rui.doc), part(APPROVAL));
    assert!(makers.contains(&actor_of(1)) && makers.contains(&actor_of(3)));
    let ApprovalAction::Vote { approval, mut vote } = vote(APPROVAL, 13, Answer::Reject) else {
        panic!("it is a vote");
    };
    vote.note.clear();
    refused(
        &mut rui,
        ApprovalAction::Vote { approval, vote },
        "needs a note",
    );
    rui.does(14, says(15, Answer::Reject));
    assert_eq!(outcome(&rui, APPROVAL), Outcome::Rejected);
}

#[test]
fn a_vote_names_its_member_and_what_the_roster_must_say() {
    let [mut ana, mut rui, _] = desks();
    visit(&mut ana, 10, 5);
    ana.does(11, ask(APPROVAL));
    rui.merge(&ana);
    let act = Act::new(part(12), says(13, Answer::Approve));
    let checked = rui.check(act).unwrap();
    let seats = &checked.needed()[0].seats;
    assert_eq!(seats, &[Seat::Role("board".into()).principal()]);
    let past = Past::now(&rui.doc);
    let only = only_by(&past, &checked.act().action);
    assert_eq!(only, OnlyBy::Member(member(2)));
    // A seat that is not asked, or another member's, is refused as structure.
    for seat in [Seat::Role("chair".into()), Seat::Member(member(4))] {
        let vote = Vote {
            id: part(13),
            member: member(2),
            answer: Answer::Approve,
            seats: [seat].into(),
            note: String::new(),
        };
        let approval = part(APPROVAL);
        let act = Act::new(part(14), ApprovalAction::Vote { approval, vote }.into());
        assert!(plan::plan(&past, &act, None).is_err());
    }
}

/// Rui and mia vote at once, having seen the same.
fn vote_at_once(first: Answer, second: Answer) -> [Desk; 3] {
    let [mut ana, mut rui, mut mia] = desks();
    visit(&mut ana, 10, 1);
    ana.does(11, ask(APPROVAL));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    rui.does(12, says(13, first));
    mia.does(14, says(15, second));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    [ana, rui, mia]
}

#[test]
fn of_an_approval_and_a_rejection_at_once_the_rejection_wins_everywhere() {
    for desk in vote_at_once(Answer::Approve, Answer::Reject) {
        assert_eq!(outcome(&desk, APPROVAL), Outcome::Rejected);
    }
    for desk in vote_at_once(Answer::Return, Answer::Approve) {
        assert_eq!(outcome(&desk, APPROVAL), Outcome::Returned);
    }
}

#[test]
fn a_vote_after_the_decision_is_kept_late_and_without_effect() {
    let [_, mut rui, mut mia] = vote_at_once(Answer::Approve, Answer::Approve);
    let act = Act::new(part(16), says(17, Answer::Reject));
    let checked = rui.check(act.clone()).unwrap();
    assert!(
        checked.warnings()[0].contains("approved already"),
        "{checked:?}"
    );
    assert_eq!(checked.act().action.kind().name(), "approval.late-vote");
    rui.act(act);
    mia.merge(&rui);
    assert_eq!(outcome(&mia, APPROVAL), Outcome::Approved);
    let add = ApprovalAction::AddApprover {
        approval: part(APPROVAL),
        seat: Seat::Role("chair".into()),
    };
    refused(&mut mia, add, "approved already");
    let withdraw = ApprovalAction::Withdraw {
        approval: part(APPROVAL),
    };
    refused(&mut mia, withdraw, "approved already");
}

#[test]
fn a_seat_is_passed_on_by_its_holder_and_then_is_the_other_ones() {
    let [mut ana, mut rui, mut mia] = desks();
    visit(&mut ana, 10, 1);
    ana.does(11, ask(APPROVAL));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    let pass = |to| ApprovalAction::Reassign {
        approval: part(APPROVAL),
        seat: Seat::Role("board".into()),
        by: member(0),
        to,
    };
    refused(&mut ana, pass(member(5)), "not asked of you");
    refused(&mut rui, pass(member(1)), "whoever made it");
    rui.does(12, pass(member(3)).into());
    refused(&mut rui, says(13, Answer::Approve), "not asked of you");
    mia.merge(&rui);
    mia.does(14, says(15, Answer::Approve));
    assert_eq!(outcome(&mia, APPROVAL), Outcome::Approved);
}

#[test]
fn an_approval_is_withdrawn_beside_a_vote_and_nobody_acts_on_it() {
    let [mut ana, mut rui, mut mia] = desks();
    visit(&mut ana, 10, 1);
    ana.does(11, ask(APPROVAL));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    rui.does(12, says(13, Answer::Approve));
    let approval = part(APPROVAL);
    ana.does(14, ApprovalAction::Withdraw { approval }.into());
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    assert_eq!(outcome(&mia, APPROVAL), Outcome::Withdrawn);
}

#[test]
fn conditions_read_approvals_and_holds() {
    let [mut ana, mut rui, _] = desks();
    visit(&mut ana, 10, 1);
    ana.does(11, ask(APPROVAL));
    let today = Today::at(jiff::Timestamp::UNIX_EPOCH, jiff::tz::Offset::UTC);
    let holds = |desk: &Desk, of: Subject, value: &str| {
        let past = Past::now(&desk.doc);
        let condition = Condition::of(Test::with(of, Operator::Is, value));
        holds(&condition, &Facts::new(&past, &desk.revision, today))
    };
    let granting = || Subject::Approval("granting".into());
    assert!(holds(&ana, granting(), "pending") && !holds(&ana, granting(), "approved"));
    rui.merge(&ana);
    rui.does(12, says(13, Answer::Approve));
    assert!(holds(&rui, granting(), "approved"));
    assert!(holds(&rui, Subject::OnHold, "no"));
    let start = HoldAction::Start {
        id: part(20),
        why: "the survey".into(),
        until: None,
    };
    rui.does(14, start.into());
    assert!(holds(&rui, Subject::OnHold, "yes"));
}

#[test]
fn what_is_approved_must_be_there_and_its_author_is_a_maker() {
    let [mut ana, mut rui, mut mia] = desks();
    rui.does(10, CaseAction::Decide(decide(part(103), "yes")));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    visit(&mut ana, 11, 1);
    let about = |matter| {
        let request = Request::of_kind(part(APPROVAL), "granting", member(0));
        ApprovalAction::Request(Request { matter, ..request })
    };
    refused(&mut ana, about(Matter::Decision(part(1))), "no decision");
    refused(&mut ana, about(Matter::Version(part(1))), "version");
    ana.does(12, about(Matter::Decision(part(103))).into());
    rui.merge(&ana);
    refused(&mut rui, says(13, Answer::Approve), "whoever made it");
}

fn offer(id: u64, to: Seat) -> CaseAction {
    let note = "call first".into();
    TransferAction::Offer {
        id: part(id),
        to,
        note,
    }
    .into()
}

fn accept(id: PartId) -> TransferAction {
    TransferAction::Accept {
        transfer: id,
        member: member(0),
    }
}

fn owner(desk: &Desk) -> std::collections::BTreeSet<Scalar> {
    Past::now(&desk.doc).sides(Object::Root, schema::OWNER)
}

use crate::value::Scalar;

#[test]
fn accepting_a_transfer_makes_the_owner_and_holds_against_a_withdrawal_beside_it() {
    let [mut ana, mut rui, mut mia] = desks();
    ana.does(10, offer(50, Seat::Member(member(2))));
    refused(&mut ana, offer(51, Seat::Member(member(3))), "still waits");
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    refused(&mut mia, accept(part(50)), "not asked of you");
    let withdraw = TransferAction::Withdraw { transfer: part(50) };
    rui.does(11, accept(part(50)).into());
    ana.does(12, withdraw.clone().into());
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    let state = transfer_state(&Past::now(&mia.doc), part(50)).unwrap();
    assert_eq!(state, OfferState::Accepted);
    assert_eq!(owner(&mia), [Scalar::Text(member(2).to_string())].into());
    refused(&mut ana, withdraw, "accepted already");
    refused(&mut rui, accept(part(50)), "accepted already");
}

#[test]
fn two_of_a_team_who_accept_at_once_contest_the_owner() {
    let [mut ana, mut rui, mut mia] = desks();
    refused(
        &mut ana,
        offer(50, Seat::Role("board".into())),
        "member or a team",
    );
    ana.does(10, offer(50, Seat::Team("legal".into())));
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    rui.does(11, accept(part(50)).into());
    mia.does(12, accept(part(50)).into());
    meet(&mut [&mut ana, &mut rui, &mut mia]);
    assert_eq!(owner(&ana).len(), 2);
}

fn referral(id: u64, consent: Consent) -> ReferralAction {
    ReferralAction::Make(Referral {
        id: part(id),
        service: "Legal advice".into(),
        to: Some(Seat::Member(member(2))),
        party: None,
        note: String::new(),
        consent,
    })
}

#[test]
fn a_referral_needs_a_consent_or_a_reason_and_is_completed_once_accepted() {
    let [mut ana, mut rui, _] = desks();
    let none = Consent {
        given: false,
        by: String::new(),
        how: String::new(),
        on: String::new(),
    };
    refused(&mut ana, referral(50, none.clone()), "needs a reason");
    let half = Consent {
        given: true,
        by: "the mother".into(),
        ..none.clone()
    };
    refused(&mut ana, referral(50, half), "way of consent is blank");
    ana.act(Act::new(part(10), referral(50, none).into()).because("the law asks for it"));
    rui.merge(&ana);
    let complete = |words: &str| ReferralAction::Complete {
        referral: part(50),
        outcome: words.into(),
    };
    refused(&mut rui, complete("seen"), "is offered, not accepted");
    let (referral, nobody) = (part(50), member(0));
    let accept = ReferralAction::Accept {
        referral,
        member: nobody,
    };
    refused(&mut ana, accept.clone(), "not asked of you");
    rui.does(11, accept.into());
    rui.does(12, complete("seen twice").into());
    let past = Past::now(&rui.doc);
    let state = transfer_state(&past, part(50));
    assert!(state.is_err(), "a referral is no transfer");
}

#[test]
fn a_hold_ends_once_and_two_at_once_are_one_pause_until_both_end() {
    let [mut ana, mut rui, _] = desks();
    let start = |id| HoldAction::Start {
        id: part(id),
        why: "the survey".into(),
        until: Some("2026-05-01".into()),
    };
    ana.does(10, start(50).into());
    rui.does(11, start(51).into());
    rui.merge(&ana);
    assert_eq!(standing_holds(&Past::now(&rui.doc)).len(), 2);
    let end = |id| HoldAction::End { hold: part(id) };
    rui.does(12, end(50).into());
    assert_eq!(standing_holds(&Past::now(&rui.doc)), [part(51)]);
    refused(&mut rui, end(50), "ended already");
    let odd = HoldAction::Start {
        id: part(52),
        why: "x".into(),
        until: Some("soon".into()),
    };
    refused(&mut rui, odd, "not a date");
}

#[test]
fn a_decision_gives_what_its_type_requires_and_is_not_its_makers() {
    let [mut ana, mut rui, _] = desks();
    let mut package = ana.revision.package().clone();
    package.decision_types[0].requires = vec![DecisionPart::Conditions];
    package.decision_types[0].maker_checker = true;
    package.decision_types[0].made_by = vec!["summary".into()];
    let revision = Arc::new(package.publish().unwrap());
    ana.revision = Arc::clone(&revision);
    rui.revision = revision;
    let mut decision = decide(part(60), "yes");
    refused(
        &mut rui,
        CaseAction::Decide(decision.clone()),
        "must give its conditions",
    );
    decision.conditions = "a lower wall".into();
    refused(
        &mut ana,
        CaseAction::Decide(decision.clone()),
        "whoever made it",
    );
    rui.does(10, CaseAction::Decide(decision));
}

#[test]
fn whoever_wrote_some_of_the_prose_made_it() {
    let [mut ana, mut rui, _] = desks();
    let mut package = ana.revision.package().clone();
    package.decision_types[0].maker_checker = true;
    package.decision_types[0].made_by = vec!["notes".into()];
    let revision = Arc::new(package.publish().unwrap());
    ana.revision = Arc::clone(&revision);
    rui.revision = revision;
    let edit = |text: &str| CaseAction::EditText {
        field: "notes".into(),
        text: text.into(),
    };
    ana.does(10, edit("The wall is too high."));
    meet(&mut [&mut ana, &mut rui]);
    let decision = CaseAction::Decide(decide(part(60), "yes"));
    refused(&mut ana, decision.clone(), "whoever made it");
    let mut before = rui.clone();
    before.does(11, decision.clone());
    rui.does(11, edit("The wall is too high. I measured it."));
    refused(&mut rui, decision, "whoever made it");
}

#[test]
fn nobody_is_asked_who_is_not_there() {
    assert!(holders(&Seat::Role("board".into())).contains(&member(2)));
    let [mut ana, ..] = desks();
    visit(&mut ana, 10, 1);
    ana.does(11, ask(APPROVAL));
    let action = ApprovalAction::AddApprover {
        approval: part(APPROVAL),
        seat: Seat::Role("board".into()),
    };
    refused(&mut ana, action, "so already");
}
