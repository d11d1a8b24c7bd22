//! A naive reading of approvals, transfers, referrals and holds: from the deeds and the graph alone.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::approval::{Answer, Outcome};
use casework_engine::case::PartId;
use casework_engine::case::facet::FacetAction;
use casework_engine::case::facet::approval::ApprovalAction;
use casework_engine::case::facet::handover::{OfferState, TransferAction};
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::facet::referral::ReferralAction;
use casework_protocol::ids::{ChangeHash, MemberId};

use super::{Known, Told};

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
    /// A seat was passed on or added: then who must agree is more than the oracle knows.
    seats_changed: bool,
}

/// Checks what people agreed on.
pub(super) fn check(told: &Told<'_>) {
    let mut approvals = BTreeMap::<PartId, Said<'_>>::new();
    let mut offers = BTreeMap::<PartId, BTreeSet<OfferState>>::new();
    let mut referrals = BTreeMap::<PartId, BTreeSet<OfferState>>::new();
    let mut holds = BTreeMap::<PartId, bool>::new();
    for known in &told.known {
        let Some(action) = known.facet() else {
            continue;
        };
        if let FacetAction::Approval(action) = action {
            said(&mut approvals, known, action, told);
        } else if let FacetAction::Transfer(action) = action {
            let (id, state) = transfer(action);
            offers.entry(id).or_default().insert(state);
        } else if let FacetAction::Referral(action) = action {
            let (id, state) = referral(action);
            referrals.entry(id).or_default().insert(state);
        } else if let FacetAction::Hold(HoldAction::Start { id, .. }) = action {
            holds.entry(*id).or_default();
        } else if let FacetAction::Hold(HoldAction::End { hold }) = action {
            holds.insert(*hold, true);
        }
    }
    let facets = &told.view.facets;
    check_approvals(told, &approvals);
    let seen = facets.transfers.0.iter().map(|(id, one)| (*id, one.state));
    told.same("transfers", &seen.collect(), &strongest(&offers));
    let seen = facets.referrals.0.iter().map(|(id, one)| (*id, one.state));
    told.same("referrals", &seen.collect(), &strongest(&referrals));
    let seen: BTreeMap<PartId, bool> = facets
        .holds
        .0
        .iter()
        .map(|(id, one)| (*id, one.ended.is_some()))
        .collect();
    told.same("holds", &seen, &holds);
}

fn transfer(action: &TransferAction) -> (PartId, OfferState) {
    match action {
        TransferAction::Offer { id, .. } => (*id, OfferState::Offered),
        TransferAction::Accept { transfer, .. } => (*transfer, OfferState::Accepted),
        TransferAction::Decline { transfer, .. } => (*transfer, OfferState::Declined),
        TransferAction::Withdraw { transfer } => (*transfer, OfferState::Withdrawn),
    }
}

fn referral(action: &ReferralAction) -> (PartId, OfferState) {
    match action {
        ReferralAction::Make(referral) => (referral.id, OfferState::Offered),
        ReferralAction::Accept { referral, .. } => (*referral, OfferState::Accepted),
        ReferralAction::Decline { referral, .. } => (*referral, OfferState::Declined),
        ReferralAction::Complete { referral, .. } => (*referral, OfferState::Completed),
        ReferralAction::Withdraw { referral } => (*referral, OfferState::Withdrawn),
    }
}

/// An acceptance holds against everything said beside it, a refusal against a withdrawal.
fn strongest(offers: &BTreeMap<PartId, BTreeSet<OfferState>>) -> BTreeMap<PartId, OfferState> {
    let order = [
        OfferState::Completed,
        OfferState::Accepted,
        OfferState::Declined,
        OfferState::Withdrawn,
    ];
    let state = |said: &BTreeSet<OfferState>| {
        let found = order.into_iter().find(|state| said.contains(state));
        found.unwrap_or(OfferState::Offered)
    };
    offers.iter().map(|(id, said)| (*id, state(said))).collect()
}

fn said<'a>(
    approvals: &mut BTreeMap<PartId, Said<'a>>,
    known: &'a Known<'_>,
    action: &ApprovalAction,
    told: &Told<'_>,
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
        seats_changed: false,
    });
    match action {
        ApprovalAction::Vote { vote, .. } => said.votes.push(Cast {
            hash: known.hash,
            past: &known.past,
            member: told.members[known.deed.who.0],
            answer: vote.answer,
        }),
        ApprovalAction::Withdraw { .. } => said.withdrawals.push(known.hash),
        ApprovalAction::Reassign { .. } | ApprovalAction::AddApprover { .. } => {
            said.seats_changed = true;
        }
        ApprovalAction::Request(_) | ApprovalAction::LateVote { .. } => {}
    }
}

fn check_approvals(told: &Told<'_>, approvals: &BTreeMap<PartId, Said<'_>>) {
    let shown = &told.view.facets.approvals.0;
    let known: BTreeSet<PartId> = approvals.keys().copied().collect();
    told.same("approvals", &shown.keys().copied().collect(), &known);
    for (id, said) in approvals {
        let seen = &shown[id];
        let rejected = seen
            .votes
            .iter()
            .any(|v| !v.late && v.answer == Answer::Reject);
        told.same(
            "a rejection",
            &(seen.outcome == Outcome::Rejected),
            &rejected,
        );
        if said.seats_changed {
            continue;
        }
        let everything = |_: ChangeHash| true;
        told.same("outcome", &seen.outcome, &said.outcome(&everything));
        let late = said.votes.iter().filter(|vote| said.is_late(vote)).count();
        let shown = seen.votes.iter().filter(|vote| vote.late).count();
        told.same("late votes", &shown, &late);
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
