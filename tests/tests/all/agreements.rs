//! What people agree on, played between two who did not see each other's work: approvals, transfers,
//! referrals and holds (DOMAIN §4).

use casework_engine::approval::{Answer, Outcome, Question, Seat, Vote};
use casework_engine::case::facet::approval::ApprovalAction;
use casework_engine::case::facet::approval::request::Request;
use casework_engine::case::facet::handover::{OfferState, TransferAction};
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::{CaseAction, PartId, Place};
use casework_engine::view::TimelinePage;
use casework_protocol::ids::{DocumentId, MemberId};
use casework_tests::stage::{Stage, Who};

use crate::scene::{part, together};

const NOBODY: MemberId = MemberId::new([0; 16]);

/// Ana, Rui and Mia on one case, in step.
fn office(seed: u64) -> (Stage, [Who; 3], DocumentId) {
    let mut stage = Stage::new(seed);
    let people = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(people[0], "Broken street lamp");
    stage.settle();
    (stage, people, case)
}

/// Asks these for an approval; everybody has it.
fn ask(stage: &mut Stage, who: Who, case: DocumentId, of: &[Who]) -> PartId {
    let id = stage.part();
    let seats = of.iter().map(|who| Seat::Member(stage.member(*who)));
    let question = Question {
        seats: seats.collect(),
        ..Question::default()
    };
    let request = Request {
        kind: None,
        label: "The repair".to_owned(),
        question,
        ..Request::of_kind(id, "", NOBODY)
    };
    stage.act(who, case, ApprovalAction::Request(request).into());
    together(stage, case);
    id
}

fn vote(stage: &mut Stage, approval: PartId, answer: Answer) -> CaseAction {
    let vote = Vote {
        id: stage.part(),
        member: NOBODY,
        answer,
        seats: [].into(),
        note: String::new(),
    };
    ApprovalAction::Vote { approval, vote }.into()
}

#[test]
fn of_an_approval_and_a_rejection_apart_the_rejection_wins_and_a_late_vote_is_marked() {
    let (mut stage, [ana, rui, mia], case) = office(41);
    let approval = ask(&mut stage, ana, case, &[rui, mia]);
    part(&mut stage, &[ana, rui, mia]);
    let (yes, no) = (
        vote(&mut stage, approval, Answer::Approve),
        vote(&mut stage, approval, Answer::Reject),
    );
    stage.act(rui, case, yes);
    stage.act(mia, case, no);
    let view = together(&mut stage, case);
    let one = &view.facets.approvals.0[&approval];
    assert_eq!((one.outcome, one.votes.len()), (Outcome::Rejected, 2));
    assert!(view.flags.contested.is_empty());
    let late = vote(&mut stage, approval, Answer::Approve);
    stage.act(mia, case, late);
    let view = together(&mut stage, case);
    let one = &view.facets.approvals.0[&approval];
    assert_eq!(one.outcome, Outcome::Rejected);
    assert_eq!(one.votes.iter().filter(|vote| vote.late).count(), 1);
}

#[test]
fn two_devices_of_one_member_have_one_vote_and_the_stricter_counts() {
    let (mut stage, [ana, rui, mia], case) = office(42);
    let phone = stage.second_device(rui, "rui's phone");
    let approval = ask(&mut stage, ana, case, &[rui, mia]);
    part(&mut stage, &[ana, rui, mia]);
    stage.cut(phone);
    let (yes, back) = (
        vote(&mut stage, approval, Answer::Approve),
        vote(&mut stage, approval, Answer::Return),
    );
    stage.act(rui, case, yes);
    stage.act(phone, case, back);
    let view = together(&mut stage, case);
    assert_eq!(
        view.facets.approvals.0[&approval].outcome,
        Outcome::Returned
    );
}

#[test]
fn an_approval_asked_by_the_template_is_given_offline_and_counts_everywhere() {
    let (mut stage, [ana, rui, mia], case) = office(43);
    part(&mut stage, &[ana, rui, mia]);
    let id = stage.part();
    let request = Request::of_kind(id, "repair", NOBODY);
    stage.act(ana, case, ApprovalAction::Request(request).into());
    let yes = vote(&mut stage, id, Answer::Approve);
    stage.act(ana, case, yes);
    let view = together(&mut stage, case);
    assert_eq!(
        view.facets.approvals.standing("repair"),
        Some(Outcome::Approved)
    );
    let page = TimelinePage { skip: 0, take: 10 };
    assert_eq!(stage.replica(mia).timeline(case, page).unwrap().len(), 3);
}

#[test]
fn an_approval_beside_its_withdrawal_is_withdrawn() {
    let (mut stage, [ana, rui, mia], case) = office(44);
    let approval = ask(&mut stage, ana, case, &[rui]);
    part(&mut stage, &[ana, rui, mia]);
    stage.act(ana, case, ApprovalAction::Withdraw { approval }.into());
    let yes = vote(&mut stage, approval, Answer::Approve);
    stage.act(rui, case, yes);
    let view = together(&mut stage, case);
    assert_eq!(
        view.facets.approvals.0[&approval].outcome,
        Outcome::Withdrawn
    );
}

#[test]
fn a_transfer_accepted_beside_its_withdrawal_is_accepted_and_both_are_shown() {
    let (mut stage, [ana, rui, mia], case) = office(45);
    let (id, to) = (stage.part(), Seat::Member(stage.member(rui)));
    let note = "call first".to_owned();
    stage.act(ana, case, TransferAction::Offer { id, to, note }.into());
    together(&mut stage, case);
    part(&mut stage, &[ana, rui, mia]);
    let (transfer, member) = (id, NOBODY);
    stage.act(
        rui,
        case,
        TransferAction::Accept { transfer, member }.into(),
    );
    stage.act(ana, case, TransferAction::Withdraw { transfer }.into());
    let view = together(&mut stage, case);
    let one = &view.facets.transfers.0[&id];
    assert_eq!(one.state, OfferState::Accepted);
    assert!(one.answers.crossed());
    assert_eq!(*view.owner.value(), Some(stage.member(rui)));
}

#[test]
fn two_who_take_a_team_s_case_over_apart_contest_the_owner() {
    let (mut stage, [ana, rui, mia], case) = office(46);
    let (a, r) = (stage.member(ana), stage.member(rui));
    for member in [a, r] {
        let (id, to) = (stage.part(), Seat::Member(member));
        let offer = TransferAction::Offer {
            id,
            to,
            note: String::new(),
        };
        part(&mut stage, &[ana, rui, mia]);
        let offerer = if member == a { rui } else { ana };
        stage.act(offerer, case, offer.into());
    }
    let view = together(&mut stage, case);
    let offered: Vec<PartId> = view.facets.transfers.0.keys().copied().collect();
    part(&mut stage, &[ana, rui, mia]);
    for transfer in offered {
        let mine = view.facets.transfers.0[&transfer].to == Seat::Member(a);
        let accept = TransferAction::Accept {
            transfer,
            member: NOBODY,
        };
        stage.act(if mine { ana } else { rui }, case, accept.into());
    }
    let view = together(&mut stage, case);
    assert!(view.flags.contested.contains(&Place::Owner));
}

#[test]
fn two_holds_apart_are_one_pause_until_both_are_ended() {
    let (mut stage, [ana, rui, mia], case) = office(47);
    part(&mut stage, &[ana, rui, mia]);
    let ids = [stage.part(), stage.part()];
    for (who, id) in [ana, rui].into_iter().zip(ids) {
        let why = "spare parts".to_owned();
        stage.act(
            who,
            case,
            HoldAction::Start {
                id,
                why,
                until: None,
            }
            .into(),
        );
    }
    let view = together(&mut stage, case);
    assert_eq!(view.facets.holds.spans(&view.origins).len(), 1);
    stage.act(mia, case, HoldAction::End { hold: ids[0] }.into());
    let view = together(&mut stage, case);
    assert!(view.facets.holds.is_on_hold());
    stage.act(ana, case, HoldAction::End { hold: ids[1] }.into());
    let view = together(&mut stage, case);
    assert!(!view.facets.holds.is_on_hold());
}
