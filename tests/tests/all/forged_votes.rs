//! A hostile member at an approval: a modified program votes without a seat, in another's name, on
//! its own work, and asks an electorate of its own. The server cannot tell; every replica sets the
//! change aside, and the honest go on.

use casework_engine::approval::{Answer, Mode, Outcome, Question, Seat, Vote};
use casework_engine::case::facet::approval::ApprovalAction;
use casework_engine::case::facet::approval::request::Request;
use casework_engine::case::{Act, CaseAction, PartId};
use casework_engine::replica::Notice;
use casework_engine::value::Scalar;
use casework_protocol::frame::{Answer as Answered, PushItem};
use casework_protocol::ids::{DocumentId, MemberId};
use casework_tests::stage::{Forger, Stage, Who};

const NOBODY: MemberId = MemberId::new([0; 16]);

/// Ana owns the workspace, mia is an operator and honest, rui is one and hostile.
fn office(seed: u64) -> (Stage, [Who; 3], DocumentId) {
    let mut stage = Stage::new(seed);
    let people = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(people[0], "Broken street lamp");
    stage.settle();
    let [_, rui, _] = people;
    let value = Scalar::text("112");
    let field = "phone".to_owned();
    stage.act(rui, case, CaseAction::SetField { field, value });
    stage.settle();
    (stage, people, case)
}

fn request(id: PartId, question: Question) -> CaseAction {
    let request = Request {
        kind: None,
        label: "The repair".to_owned(),
        question,
        ..Request::of_kind(id, "", NOBODY)
    };
    ApprovalAction::Request(request).into()
}

/// Ana asks for an approval; everybody has it.
fn ask(stage: &mut Stage, case: DocumentId, question: Question) -> PartId {
    let id = stage.part();
    stage.act(Who(0), case, request(id, question));
    stage.settle();
    id
}

fn operators() -> Question {
    Question {
        seats: [Seat::Role("operator".into())].into(),
        ..Question::default()
    }
}

fn vote(stage: &mut Stage, approval: PartId) -> CaseAction {
    let vote = Vote {
        id: stage.part(),
        member: NOBODY,
        answer: Answer::Approve,
        seats: [].into(),
        note: String::new(),
    };
    ApprovalAction::Vote { approval, vote }.into()
}

/// Rui's program forges an action: the server takes it, every honest replica sets it aside for this
/// reason, and nobody's approval is any further. Then an honest vote counts.
fn assert_quarantined(
    (stage, case): (&mut Stage, DocumentId),
    action: CaseAction,
    forge: impl FnOnce(&Stage, &mut Forger),
    because: &str,
) {
    let [ana, rui, mia] = [Who(0), Who(1), Who(2)];
    for who in [ana, mia] {
        stage.notices(who);
    }
    let before = stage.view(ana, case).facets.approvals;
    let mut forger = stage.forger(rui, case);
    forge(stage, &mut forger);
    let id = stage.part();
    let forged = forger.act(Act::new(id, action));
    let answers = stage.hand_in(rui, vec![PushItem::Run(forger.run())]);
    assert!(
        matches!(answers[..], [Answered::Placed(_)]),
        "the server reads no votes: {answers:?}"
    );
    stage.settle();
    for who in [ana, mia] {
        let notices = stage.notices(who);
        let found = notices.iter().find_map(|notice| match notice {
            Notice::Quarantined { change, why, .. } if *change == forged => Some(why.clone()),
            _ => None,
        });
        let why = found.unwrap_or_else(|| panic!("{who:?} took it: {notices:?}"));
        assert!(why.contains(because), "{why}");
        assert_eq!(stage.view(who, case).facets.approvals, before);
        let found = stage.replica(who).verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{:?}", found.findings);
    }
    stage.assert_converged(case);
}

/// Mia's honest vote gives the approval on every replica.
fn assert_given(stage: &mut Stage, case: DocumentId, approval: PartId) {
    let [ana, mia] = [Who(0), Who(2)];
    let yes = vote(stage, approval);
    stage.act(mia, case, yes);
    stage.settle();
    for who in [ana, mia] {
        let view = stage.view(who, case);
        let one = &view.facets.approvals.0[&approval];
        assert_eq!((one.outcome, one.votes.len()), (Outcome::Approved, 1));
    }
    stage.assert_converged(case);
}

#[test]
fn a_vote_by_a_member_without_the_seat_is_quarantined_on_every_replica() {
    let (mut stage, [_, rui, mia], case) = office(71);
    let seats = [Seat::Role("owner".into()), Seat::Member(stage.member(mia))];
    let question = Question {
        seats: seats.into(),
        ..Question::default()
    };
    let approval = ask(&mut stage, case, question);
    let yes = vote(&mut stage, approval);
    let claim = |stage: &Stage, forger: &mut Forger| {
        forger.says = stage.member(rui);
        forger.holders = [forger.says].into();
    };
    let why = "its author had no right to it";
    assert_quarantined((&mut stage, case), yes, claim, why);
    assert_given(&mut stage, case, approval);
}

#[test]
fn a_vote_in_the_name_of_another_member_is_quarantined_on_every_replica() {
    let (mut stage, [_, _, mia], case) = office(72);
    let question = Question {
        seats: [Seat::Member(stage.member(mia))].into(),
        ..Question::default()
    };
    let approval = ask(&mut stage, case, question);
    let yes = vote(&mut stage, approval);
    let claim = |stage: &Stage, forger: &mut Forger| forger.says = stage.member(mia);
    assert_quarantined((&mut stage, case), yes, claim, "may do this");
    assert_given(&mut stage, case, approval);
}

#[test]
fn a_vote_by_whoever_made_what_is_to_be_agreed_to_is_quarantined_on_every_replica() {
    let (mut stage, [_, rui, _], case) = office(73);
    let question = Question {
        maker_checker: true,
        made_by: vec!["phone".to_owned()],
        ..operators()
    };
    let approval = ask(&mut stage, case, question);
    let yes = vote(&mut stage, approval);
    let claim = |stage: &Stage, forger: &mut Forger| {
        forger.says = stage.member(rui);
        forger.holders = [forger.says].into();
        forger.owns = false;
    };
    let why = "its author made what it agrees to";
    assert_quarantined((&mut stage, case), yes, claim, why);
    assert_given(&mut stage, case, approval);
}

#[test]
fn a_request_to_an_electorate_of_ones_own_is_quarantined_on_every_replica() {
    let (mut stage, [_, rui, _], case) = office(74);
    let approval = ask(&mut stage, case, operators());
    let id = stage.part();
    let question = Question {
        mode: Mode::Majority,
        ..operators()
    };
    let claim = |stage: &Stage, forger: &mut Forger| {
        forger.says = stage.member(rui);
        forger.holders = [forger.says].into();
    };
    let why = "the members it asks are not those who hold the seats";
    assert_quarantined((&mut stage, case), request(id, question), claim, why);
    assert_given(&mut stage, case, approval);
}

#[test]
fn a_review_of_an_override_of_ones_own_is_quarantined_on_every_replica() {
    use casework_engine::case::facet::review::{Review, ReviewAction, ReviewVerdict};
    let (mut stage, [ana, rui, _], case) = office(75);
    let field = "phone".to_owned();
    stage.act(rui, case, CaseAction::ClearField { field });
    let to = "review".to_owned();
    stage.act(rui, case, CaseAction::Move { to });
    stage.settle();
    let overrides = stage.view(ana, case).overrides;
    let (of, _) = overrides
        .first_key_value()
        .expect("rui went through a rule");
    let review = Review {
        verdict: ReviewVerdict::Accepted,
        note: String::new(),
    };
    let action = ReviewAction::Review { of: *of, review };
    let claim = |_: &Stage, forger: &mut Forger| forger.owns = false;
    let why = "its author made what it agrees to";
    assert_quarantined((&mut stage, case), action.into(), claim, why);
    assert_eq!(stage.view(ana, case).overrides, overrides);
}
