//! What is asked of a member and answered to them: approvals, transfers, referrals, notices of rules.

use automerge::{ChangeHash as Hash, ReadDoc};
use casework_protocol::ids::DeviceId;

use super::{Crew, Teller, Told, word};
use crate::approval::{May, Seat};
use crate::case::facet::approval::reading::read_poll;
use crate::case::facet::approval::{ApprovalAction, ApprovalKind, MAKER};
use crate::case::facet::automation::AutomationAction;
use crate::case::facet::handover::TO;
use crate::case::record::{Shelf, makers, read_text};
use crate::case::{CaseAction, FacetAction, Past, Place, act_of};
use crate::inbox::ItemKind;

impl Teller<'_> {
    fn record(&self, shelf: Shelf) -> Option<(String, Place)> {
        let key = self.node.message.on.clone()?;
        Some((key.clone(), Place::Record(shelf, key)))
    }

    /// Whether this member made a record.
    fn made(&self, shelf: Shelf, key: &str) -> bool {
        let past = self.left();
        makers(&past, (shelf, key)).into_iter().any(|op| {
            let actor = automerge::ActorId::from(op.actor.as_bytes().as_slice());
            let author = self.doc.get_author_for_actor(&actor);
            let device = author.and_then(|author| DeviceId::from_slice(author.as_bytes()));
            let device = device.and_then(|device| self.context.roster.head().device(device));
            device.is_some_and(|device| device.member == self.context.me)
        })
    }

    fn addressed(&self, shelf: Shelf, key: &str) -> bool {
        let seat = read_text(&self.left(), (shelf, key), TO).and_then(|to| to.parse().ok());
        seat.is_some_and(|seat: Seat| self.holds(&seat))
    }

    pub(super) fn offered(&self, shelf: Shelf) -> Vec<Told> {
        let Some((key, place)) = self.record(shelf) else {
            return Vec::new();
        };
        if self.addressed(shelf, &key) {
            vec![(ItemKind::Offer, Some(place), word(what_of(shelf)))]
        } else {
            Vec::new()
        }
    }

    pub(super) fn answered(&self, shelf: Shelf, how: &str) -> Vec<Told> {
        let Some((key, place)) = self.record(shelf) else {
            return Vec::new();
        };
        if self.made(shelf, &key) {
            let detail = vec![what_of(shelf).to_owned(), how.to_owned()];
            vec![(ItemKind::Answer, Some(place), detail)]
        } else {
            Vec::new()
        }
    }

    pub(super) fn withdrawn(&self, shelf: Shelf) -> Vec<Told> {
        let Some((key, place)) = self.record(shelf) else {
            return Vec::new();
        };
        if self.addressed(shelf, &key) {
            vec![(ItemKind::Withdrawn, Some(place), word(what_of(shelf)))]
        } else {
            Vec::new()
        }
    }

    pub(super) fn approval(&self, kind: ApprovalKind) -> Vec<Told> {
        // What is done to one seat or vote of an approval names that behind the approval.
        let on = self.node.message.on.as_deref().unwrap_or_default();
        let key = on.split('/').next().unwrap_or_default().to_owned();
        let place = Place::Record(Shelf::Approvals, key.clone());
        let told = |kind, detail| vec![(kind, Some(place.clone()), detail)];
        match kind {
            ApprovalKind::Request if self.may_vote(&key, &self.left()) => {
                told(ItemKind::Approval, Vec::new())
            }
            ApprovalKind::Reassign | ApprovalKind::AddApprover => {
                let before = !self.node.deps.is_empty()
                    && self.may_vote(&key, &Past::at(self.doc, &self.node.deps));
                if self.may_vote(&key, &self.left()) && !before {
                    told(ItemKind::Approval, Vec::new())
                } else {
                    Vec::new()
                }
            }
            ApprovalKind::Vote => {
                let maker = read_text(&self.left(), (Shelf::Approvals, &key), MAKER);
                if maker.as_deref() != Some(&self.context.me.to_string()) {
                    return Vec::new();
                }
                let vote = self.vote().unwrap_or_default();
                told(ItemKind::Answer, vec!["approval".to_owned(), vote])
            }
            ApprovalKind::Withdraw if self.may_vote(&key, &self.left()) => {
                told(ItemKind::Withdrawn, word("approval"))
            }
            ApprovalKind::Request | ApprovalKind::LateVote | ApprovalKind::Withdraw => Vec::new(),
        }
    }

    /// Whether this member may vote, as the author saw case and roster.
    fn may_vote(&self, approval: &str, past: &Past<'_>) -> bool {
        let Some(poll) = approval
            .parse()
            .ok()
            .and_then(|id| read_poll(past, id).ok())
        else {
            return false;
        };
        let me = self.context.me;
        let mut seats = poll.seats().into_iter();
        !poll.is_maker(me)
            && seats.any(|seat| match poll.may(&seat, me) {
                May::Yes => true,
                May::No => false,
                May::IfHeld => self.holds(&seat),
            })
    }

    fn act(&self) -> Option<FacetAction> {
        let change = self
            .doc
            .get_change_by_hash(&Hash(*self.node.hash.as_bytes()))?;
        let act = act_of(self.doc, &change)?;
        if let CaseAction::Facet(action) = act.action {
            Some(action)
        } else {
            None
        }
    }

    fn vote(&self) -> Option<String> {
        if let FacetAction::Approval(ApprovalAction::Vote { vote, .. }) = self.act()? {
            Some(vote.answer.name().to_owned())
        } else {
            None
        }
    }

    pub(super) fn notified(&self) -> Vec<Told> {
        let Some(FacetAction::Automation(AutomationAction::Notify { id, to, text })) = self.act()
        else {
            return Vec::new();
        };
        let crew = Crew::of(&self.left());
        let me = self.context.me;
        let named = |to: &String| match to.split_once('/') {
            Some((kind, key)) => format!("{kind}:{key}")
                .parse::<Seat>()
                .is_ok_and(|seat| self.holds(&seat)),
            None if to == "watchers" => crew.watchers.contains(&me),
            None => to == "assignees" && crew.assignees.contains(&me),
        };
        if to.iter().any(named) {
            let place = Place::Record(Shelf::Runs, id.to_string());
            vec![(ItemKind::Notice, Some(place), vec![text])]
        } else {
            Vec::new()
        }
    }
}

fn what_of(shelf: Shelf) -> &'static str {
    if shelf == Shelf::Referrals {
        "referral"
    } else {
        "transfer"
    }
}
