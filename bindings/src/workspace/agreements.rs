//! Approvals, transfers, referrals and holds: finding them by what people type, and what waits for
//! an answer of one's own.

use casework_engine::approval::{Outcome, Seat};
use casework_engine::case::PartId;
use casework_engine::replica::Replica;
use casework_engine::view::CaseView;
use casework_protocol::ids::{DocumentId, MemberId};
use serde::Serialize;

use super::Workspace;
use super::finding::{Candidate, find_member, pick};
use crate::error::Error;

/// Something that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// The case.
    pub document: DocumentId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// `approval`, `transfer` or `referral`.
    pub what: &'static str,
    /// Its id.
    pub id: PartId,
    /// What people call it.
    pub label: String,
    /// Who asks.
    pub by: Option<MemberId>,
    /// Since when, by the clock of who asks, milliseconds UTC.
    pub since_ms: i64,
}

impl Workspace {
    /// What waits for an answer of this member: approvals to give, cases to take over. Oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn wanted(&self) -> Result<Vec<Wanted>, Error> {
        self.read(|replica| {
            let Some(me) = replica.member() else {
                return Ok(Vec::new());
            };
            let mut wanted = Vec::new();
            for card in replica.cards()? {
                let roster = replica.roster()?.head();
                let mine = |seat: &Seat| seat.is_held_by(me, roster);
                if card.closed.is_none() && card.waits_for.iter().any(mine) {
                    let view = replica.case(card.document)?;
                    wanted.extend(wanted_in(replica, &view, me)?);
                }
            }
            wanted.sort_by_key(|one| (one.since_ms, one.id));
            Ok(wanted)
        })
    }

    /// Finds an approval of a case by its place in the list (from 1), its kind, its label or the
    /// beginning of its id. Of several of one kind the current one is meant.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_approval(&self, case: DocumentId, text: &str) -> Result<PartId, Error> {
        let view = self.read(|replica| Ok(replica.case(case)?))?;
        let all = view.facets.approvals.in_order().into_iter().enumerate();
        let candidates = all.map(|(at, (id, one))| {
            let mut names = vec![(at + 1).to_string()];
            if one.current {
                names.extend(one.kind.clone());
                names.push(one.label.clone());
            }
            candidate(
                id,
                names,
                format!("{}. {:?} ({})", at + 1, one.label, one.outcome.name()),
            )
        });
        pick("approval", text, candidates.collect())
    }

    /// Finds a transfer of a case by its place in the list (from 1) or the beginning of its id; an
    /// empty text means the only one that is still offered.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_transfer(&self, case: DocumentId, text: &str) -> Result<PartId, Error> {
        let view = self.read(|replica| Ok(replica.case(case)?))?;
        let open: Vec<PartId> = view.facets.transfers.open().map(|(id, _)| id).collect();
        if let ("", [only]) = (text, &open[..]) {
            return Ok(*only);
        }
        let all = view.facets.transfers.in_order().into_iter().enumerate();
        let candidates = all.map(|(at, (id, one))| {
            let shown = format!("{}. to {} ({})", at + 1, one.to, one.state.name());
            candidate(id, vec![(at + 1).to_string()], shown)
        });
        pick("transfer", text, candidates.collect())
    }

    /// Finds a referral of a case by its place in the list (from 1), its service or the beginning
    /// of its id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_referral(&self, case: DocumentId, text: &str) -> Result<PartId, Error> {
        let view = self.read(|replica| Ok(replica.case(case)?))?;
        let all = view.facets.referrals.in_order().into_iter().enumerate();
        let candidates = all.map(|(at, (id, one))| {
            let shown = format!("{}. {:?} ({})", at + 1, one.service, one.state.name());
            candidate(id, vec![(at + 1).to_string(), one.service.clone()], shown)
        });
        pick("referral", text, candidates.collect())
    }

    /// Finds a hold of a case by its place in the list (from 1), what it waits for or the beginning
    /// of its id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_hold(&self, case: DocumentId, text: &str) -> Result<PartId, Error> {
        let view = self.read(|replica| Ok(replica.case(case)?))?;
        let all = view.facets.holds.in_order().into_iter().enumerate();
        let candidates = all.map(|(at, (id, one))| {
            let shown = format!("{}. {:?}", at + 1, one.why);
            candidate(id, vec![(at + 1).to_string(), one.why.clone()], shown)
        });
        pick("hold", text, candidates.collect())
    }

    /// Reads whom somebody means: `role:KEY`, `team:KEY`, or a member by name.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no such role, team or member.
    pub fn find_seat(&self, text: &str) -> Result<Seat, Error> {
        self.read(|replica| {
            let text = text.trim();
            let named = text.strip_prefix("member:").unwrap_or(text);
            let seat = match text.parse::<Seat>() {
                Ok(seat @ (Seat::Role(_) | Seat::Team(_))) => seat,
                Ok(Seat::Member(_)) | Err(_) => Seat::Member(find_member(replica, named)?),
            };
            if seat.is_known(replica.roster()?.head()) {
                Ok(seat)
            } else {
                Err(Error::Invalid(format!(
                    "there is no {seat} in this workspace"
                )))
            }
        })
    }
}

fn candidate(id: PartId, names: Vec<String>, shown: String) -> Candidate<PartId> {
    Candidate {
        what: id,
        id: id.to_string(),
        names,
        shown,
    }
}

/// What in one case waits for an answer of this member.
fn wanted_in(replica: &Replica, view: &CaseView, me: MemberId) -> Result<Vec<Wanted>, Error> {
    let roster = replica.roster()?.head();
    let mine = |seat: &Seat| seat.is_held_by(me, roster);
    let wanted = |what, id, label: String, by| {
        let origin = view.origins.get(by);
        Wanted {
            document: view.document,
            number: view.number.clone(),
            title: view.title.value().clone(),
            what,
            id,
            label,
            by: origin.member,
            since_ms: origin.claimed_ms,
        }
    };
    let mut found = Vec::new();
    for (id, one) in view.facets.approvals.pending() {
        let asked = one.waits_for().iter().any(mine);
        if asked && !one.bars(me) && !one.has_vote_of(me) {
            debug_assert_eq!(one.outcome, Outcome::Pending);
            found.push(wanted("approval", id, one.label.clone(), one.by));
        }
    }
    for (id, one) in view
        .facets
        .transfers
        .open()
        .filter(|(_, one)| mine(&one.to))
    {
        found.push(wanted("transfer", id, one.note.clone(), one.by));
    }
    for (id, one) in view.facets.referrals.open() {
        if one.to.as_ref().is_some_and(mine) {
            found.push(wanted("referral", id, one.service.clone(), one.by));
        }
    }
    Ok(found)
}
