//! A naive reading of approvals, transfers and holds: from the deeds and the graph alone.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::approval::{Answer, Outcome};
use casework_engine::case::facet::FacetAction;
use casework_engine::case::facet::approval::ApprovalAction;
use casework_engine::case::facet::handover::{OfferState, TransferAction};
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::{CaseAction, PartId};
use casework_engine::view::CaseView;
use casework_protocol::ids::{ChangeHash, MemberId};

use super::Known;

/// A vote as the graph shows it.
struct Cast<'a> {
    hash: ChangeHash,
    past: &'a BTreeSet<ChangeHash>,
    member: MemberId,
    answer: Answer,
}

/// Everything said about one approval.
struct Said<'a> {
    votes: Vec<Cast<'a>>,
    withdrawals: Vec<ChangeHash>,
}

/// Checks what people agreed on. `members` tells whose deed it was.
pub(super) fn check(
    seed: u64,
    known: &[Known<'_>],
    view: &CaseView,
    members: &dyn Fn(usize) -> MemberId,
) {
    let facets = known.iter().filter_map(|k| match &k.deed.action {
        CaseAction::Facet(action) => Some((k, action)),
        _ => None,
    });
    let (mut approvals, mut transfers, mut holds) = (
        BTreeMap::<PartId, Said<'_>>::new(),
        BTreeMap::<PartId, BTreeSet<OfferState>>::new(),
        BTreeMap::<PartId, bool>::new(),
    );
    for (known, action) in facets {
        match action {
            FacetAction::Approval(action) => said(&mut approvals, known, action, members),
            FacetAction::Transfer(action) => {
                let (id, state) = match action {
                    TransferAction::Offer { id, .. } => (id, OfferState::Offered),
                    TransferAction::Accept { transfer, .. } => (transfer, OfferState::Accepted),
                    TransferAction::Decline { transfer, .. } => (transfer, OfferState::Declined),
                    TransferAction::Withdraw { transfer } => (transfer, OfferState::Withdrawn),
                };
                transfers.entry(*id).or_default().insert(state);
            }
            FacetAction::Hold(HoldAction::Start { id, .. }) => {
                holds.entry(*id).or_default();
            }
            FacetAction::Hold(HoldAction::End { hold }) => {
                holds.insert(*hold, true);
            }
            _ => {}
        }
    }
    check_approvals(seed, &approvals, view);
    let seen: Vec<_> = view
        .facets
        .transfers
        .0
        .iter()
        .map(|(id, one)| (*id, one.state))
        .collect();
    // An acceptance holds against everything said beside it, a refusal against a withdrawal.
    let strongest = |said: &BTreeSet<OfferState>| {
        let order = [
            OfferState::Accepted,
            OfferState::Declined,
            OfferState::Withdrawn,
        ];
        let found = order.into_iter().find(|state| said.contains(state));
        found.unwrap_or(OfferState::Offered)
    };
    let expected: Vec<_> = transfers
        .iter()
        .map(|(id, said)| (*id, strongest(said)))
        .collect();
    assert_eq!(seen, expected, "seed {seed}: transfers");
    let seen: Vec<_> = view
        .facets
        .holds
        .0
        .iter()
        .map(|(id, one)| (*id, one.ended.is_some()))
        .collect();
    assert_eq!(
        seen,
        holds.into_iter().collect::<Vec<_>>(),
        "seed {seed}: holds"
    );
}

fn said<'a>(
    approvals: &mut BTreeMap<PartId, Said<'a>>,
    known: &'a Known<'_>,
    action: &ApprovalAction,
    members: &dyn Fn(usize) -> MemberId,
) {
    let id = match action {
        ApprovalAction::Request(request) => request.id,
        ApprovalAction::Vote { approval, .. }
        | ApprovalAction::LateVote { approval, .. }
        | ApprovalAction::Reassign { approval, .. }
        | ApprovalAction::AddApprover { approval, .. }
        | ApprovalAction::Withdraw { approval } => *approval,
    };
    let said = approvals.entry(id).or_insert_with(|| Said {
        votes: Vec::new(),
        withdrawals: Vec::new(),
    });
    match action {
        ApprovalAction::Vote { vote, .. } => said.votes.push(Cast {
            hash: known.hash,
            past: &known.past,
            member: members(known.deed.who.0),
            answer: vote.answer,
        }),
        ApprovalAction::Withdraw { .. } => said.withdrawals.push(known.hash),
        _ => {}
    }
}

fn check_approvals(seed: u64, approvals: &BTreeMap<PartId, Said<'_>>, view: &CaseView) {
    assert_eq!(
        view.facets.approvals.0.keys().collect::<Vec<_>>(),
        approvals.keys().collect::<Vec<_>>(),
        "seed {seed}: approvals"
    );
    for (id, said) in approvals {
        let seen = &view.facets.approvals.0[id];
        let everything = |_: ChangeHash| true;
        assert_eq!(
            seen.outcome,
            said.outcome(&everything),
            "seed {seed}: approval {id}"
        );
        let late = said.votes.iter().filter(|vote| said.is_late(vote)).count();
        let shown = seen.votes.iter().filter(|vote| vote.late).count();
        assert_eq!(shown, late, "seed {seed}: late votes on {id}");
    }
}

impl Said<'_> {
    /// What the votes among these changes come to: anyone may approve, the strictest decides.
    fn outcome(&self, among: &dyn Fn(ChangeHash) -> bool) -> Outcome {
        let counted: Vec<&Cast<'_>> = self
            .votes
            .iter()
            .filter(|vote| among(vote.hash) && !self.is_late(vote))
            .collect();
        // A member's later vote takes the earlier one's place.
        let newest = counted.iter().filter(|vote| {
            let replaced =
                |other: &&&Cast<'_>| other.member == vote.member && other.past.contains(&vote.hash);
            !counted.iter().any(|other| replaced(&other))
        });
        let answers: BTreeSet<Answer> = newest.map(|vote| vote.answer).collect();
        if answers.contains(&Answer::Reject) {
            Outcome::Rejected
        } else if answers.contains(&Answer::Return) {
            Outcome::Returned
        } else if self.withdrawals.iter().any(|hash| among(*hash)) {
            Outcome::Withdrawn
        } else if answers.contains(&Answer::Approve) {
            Outcome::Approved
        } else {
            Outcome::Pending
        }
    }

    /// Whether its author had seen a decision.
    fn is_late(&self, vote: &Cast<'_>) -> bool {
        self.outcome(&|hash| vote.past.contains(&hash)) != Outcome::Pending
    }
}
