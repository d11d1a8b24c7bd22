//! Authority over one document: roster and access record together, walked along the log.
//!
//! A change cites the versions its author saw. It is held when the right existed there and was
//! missing at any pair of versions from there to its arrival; one that never had it is denied.
//! Relay and replicas ask different questions and share this walk. Content is never looked at.

mod history;

#[cfg(test)]
mod tests;

pub use history::{CitedUnknown, Received};
pub(crate) use history::{Effect, History};

use crate::access::entry::Principal;
use crate::access::{AccessRecord, AccessState, occasion, views};
use crate::citation::Citation;
use crate::ids::{ChangeHash, DeviceId, MemberId};
use crate::rights::{Occasion, Verb, Verdict, judge};
use crate::roster::entry::{RosterBody, RosterEntry};
use crate::roster::{Adoption, Roster, RosterState};

/// Roster and access record of one document.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// The workspace's roster.
    pub roster: &'a Roster,
    /// The document's access record.
    pub access: &'a AccessRecord,
}

/// A pair of versions that were in force together, or are cited together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Roster version.
    pub roster: u64,
    /// Access version.
    pub access: u64,
}

/// The two states at one moment, and the questions that are asked of them.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The roster.
    pub roster: &'a RosterState,
    /// The access record.
    pub access: &'a AccessState,
}

/// One thing an action does, as far as scopes ask. An action that does several needs all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act<'a> {
    /// What.
    pub verb: Verb,
    /// The stage moved to, or the one that the case is in.
    pub stage: Option<&'a str>,
    /// The field that is edited.
    pub field: Option<&'a str>,
    /// What the author must be besides: this member, in this team, in this role. All of them.
    pub seats: &'a [Principal],
}

/// Which of the two cited chains is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CitedChain {
    /// The roster.
    Roster,
    /// The access record.
    Access,
}

impl core::fmt::Display for CitedChain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Roster => "roster",
            Self::Access => "access record",
        })
    }
}

/// A citation by which nothing can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CitationFault {
    /// A version that is not known here yet. The relay refuses it, a replica waits for the entry.
    #[error("{chain}: {fault}")]
    Unknown {
        /// Which chain.
        chain: CitedChain,
        /// What is wrong.
        fault: CitedUnknown,
    },
    /// A version of another history. Never admitted; evidence of a fork.
    #[error("{chain}: {fault}")]
    Forked {
        /// Which chain.
        chain: CitedChain,
        /// What is wrong.
        fault: CitedUnknown,
    },
    /// A version that entered the log after the change did. An honest relay takes no such change.
    #[error("{chain}: version {version} came at {since}, after the change at {arrival}")]
    Premature {
        /// Which chain.
        chain: CitedChain,
        /// The version cited.
        version: u64,
        /// Where the log took that version.
        since: u64,
        /// Where the log took the change.
        arrival: u64,
    },
}

impl<'a> Standing<'a> {
    /// Whether the device is active, its member is active, and the member sees the document: all
    /// that the relay asks.
    #[must_use]
    pub fn views(&self, device: DeviceId) -> bool {
        self.viewer(device).is_some()
    }

    /// Whether the device's member sees the document and may do all of this: what replicas ask.
    #[must_use]
    pub fn allows(&self, device: DeviceId, acts: &[Act<'_>]) -> bool {
        self.viewer(device).is_some_and(|member| {
            let here = occasion(self.roster, self.access, member);
            acts.iter().all(|act| {
                let Act {
                    verb,
                    stage,
                    field,
                    seats,
                } = *act;
                let held = |seat| holds(self.roster, member, seat);
                // Who views a case is up to its record, and that was asked already.
                seats.iter().all(held)
                    && (verb == Verb::View
                        || self.roster.allows(
                            member,
                            &Occasion {
                                verb,
                                stage,
                                field,
                                ..here
                            },
                        ))
            })
        })
    }

    fn viewer(&self, device: DeviceId) -> Option<MemberId> {
        let member = self.roster.member_of(device)?;
        views(self.roster, self.access, member).then_some(member)
    }
}

impl<'a> Authority<'a> {
    /// Every pair of versions from the cited one to the one in force for what arrives at
    /// `arrival` ([`Received::UNSEQUENCED`] for what no log has taken yet), in log order.
    ///
    /// # Errors
    /// [`CitationFault`] when there is nothing to begin with.
    pub fn walk(
        &self,
        citation: &Citation,
        arrival: u64,
    ) -> Result<impl Iterator<Item = (Moment, Standing<'a>)>, CitationFault> {
        let (start, end) = self.bounds(citation, arrival)?;
        Ok(self.merge(
            start,
            start.roster + 1..=end.roster,
            start.access + 1..=end.access,
        ))
    }

    /// The relay's verdict: *reduced* only if, after the cited versions and up to arrival, the
    /// author lost device, membership or sight of the document.
    ///
    /// # Errors
    /// [`CitationFault`] when nothing can be judged.
    pub fn relay_verdict(
        &self,
        citation: &Citation,
        device: DeviceId,
        arrival: u64,
    ) -> Result<Verdict<Moment>, CitationFault> {
        Ok(judge(self.turns(citation, arrival)?, |standing| {
            standing.views(device)
        }))
    }

    /// A replica's verdict on one action: *reduced* only if all that it does was allowed at the
    /// cited versions and some of it was not at a later one up to arrival. Sight of the document
    /// is part of it, so whatever the relay holds is held here too.
    ///
    /// # Errors
    /// [`CitationFault`] when nothing can be judged.
    pub fn action_verdict(
        &self,
        citation: &Citation,
        device: DeviceId,
        arrival: u64,
        acts: &[Act<'_>],
    ) -> Result<Verdict<Moment>, CitationFault> {
        Ok(judge(self.turns(citation, arrival)?, |standing| {
            standing.allows(device, acts)
        }))
    }

    /// As [`Authority::action_verdict`], for a question that replicas ask besides the grants, for
    /// instance the edit roles of a stage. `allowed` may turn from yes to no only at entries that
    /// take something away.
    ///
    /// # Errors
    /// [`CitationFault`] when nothing can be judged.
    pub fn verdict(
        &self,
        citation: &Citation,
        arrival: u64,
        allowed: impl Fn(&Standing<'a>) -> bool,
    ) -> Result<Verdict<Moment>, CitationFault> {
        Ok(judge(self.turns(citation, arrival)?, allowed))
    }

    /// The first recorded adoption of a change whose author had `adopt` for this document when the
    /// log took it; `None` while nobody with that right adopted it.
    #[must_use]
    pub fn adopted(&self, change: ChangeHash) -> Option<Adoption> {
        let document = self.access.document();
        self.roster
            .head()
            .adoptions(change)
            .find(|adoption| adoption.document == document && self.adopter_had_right(adoption))
    }

    /// Whether an adoption of this document's changes, judged as arriving at `arrival`, would
    /// release them: the relay asks this before it sequences one. Other entries are allowed here.
    #[must_use]
    pub fn judge_adoption(&self, entry: &RosterEntry, arrival: u64) -> bool {
        let RosterBody::Adopt { document, .. } = entry.body() else {
            return true;
        };
        let standing = self.in_force(arrival);
        *document == self.access.document() && standing.allows(entry.head().author, ADOPT)
    }

    /// The pair in force for what arrives at this position.
    #[must_use]
    pub fn in_force(&self, arrival: u64) -> Standing<'a> {
        let (roster, access) = (self.roster.in_force(arrival), self.access.in_force(arrival));
        Standing { roster, access }
    }

    fn adopter_had_right(&self, adoption: &Adoption) -> bool {
        let Some((entry, received)) = self.roster.entry(adoption.version) else {
            return false;
        };
        // An adoption changes nobody's rights: the state it made says what its author could do.
        let Some(roster) = self.roster.at(adoption.version) else {
            return false;
        };
        let access = self.access.in_force(received.seq);
        Standing { roster, access }.allows(entry.head().author, ADOPT)
    }

    /// The pairs of [`Authority::walk`] at which an answer can turn from yes to no: the first, and
    /// each one made by an entry that may take a right away. In between rights only grow. So a
    /// citation of the versions in force, or one after which nothing was reduced, costs one look.
    fn turns(
        &self,
        citation: &Citation,
        arrival: u64,
    ) -> Result<impl Iterator<Item = (Moment, Standing<'a>)>, CitationFault> {
        let (start, end) = self.bounds(citation, arrival)?;
        let roster = self.roster.reductions(start.roster, end.roster);
        let access = self.access.reductions(start.access, end.access);
        Ok(self.merge(start, roster.iter().copied(), access.iter().copied()))
    }

    fn bounds(&self, citation: &Citation, arrival: u64) -> Result<(Moment, Moment), CitationFault> {
        let roster = self
            .roster
            .cited(citation.roster)
            .map_err(fault(CitedChain::Roster))?;
        let access = self
            .access
            .cited(citation.access)
            .map_err(fault(CitedChain::Access))?;
        check_order(
            CitedChain::Roster,
            roster,
            self.roster.received(roster),
            arrival,
        )?;
        check_order(
            CitedChain::Access,
            access,
            self.access.received(access),
            arrival,
        )?;
        let end = Moment {
            roster: self.roster.version_at(arrival).max(roster),
            access: self.access.version_at(arrival).max(access),
        };
        Ok((Moment { roster, access }, end))
    }

    /// Merges versions of both chains by their places in the log, after the starting pair.
    fn merge<R, A>(
        &self,
        start: Moment,
        roster: R,
        access: A,
    ) -> impl Iterator<Item = (Moment, Standing<'a>)> + use<'a, R, A>
    where
        R: Iterator<Item = u64>,
        A: Iterator<Item = u64>,
    {
        let this = *self;
        let mut roster = roster
            .map(move |version| this.after_roster(start, version))
            .peekable();
        let mut access = access
            .map(move |version| this.after_access(start, version))
            .peekable();
        let later = core::iter::from_fn(move || match (roster.peek(), access.peek()) {
            (Some((one, _)), Some((other, _))) if other < one => access.next(),
            (None, _) => access.next(),
            (Some(_), _) => roster.next(),
        });
        core::iter::once(start)
            .chain(later.map(|(_, moment)| moment))
            .map_while(move |moment| Some((moment, this.standing(moment)?)))
    }

    fn after_roster(&self, start: Moment, version: u64) -> (u64, Moment) {
        let since = self
            .roster
            .received(version)
            .map_or(u64::MAX, |received| received.seq);
        let access = self.access.version_at(since).max(start.access);
        (
            since,
            Moment {
                roster: version,
                access,
            },
        )
    }

    fn after_access(&self, start: Moment, version: u64) -> (u64, Moment) {
        let since = self
            .access
            .received(version)
            .map_or(u64::MAX, |received| received.seq);
        let roster = self.roster.version_at(since).max(start.roster);
        (
            since,
            Moment {
                roster,
                access: version,
            },
        )
    }

    fn standing(&self, moment: Moment) -> Option<Standing<'a>> {
        let roster = self.roster.at(moment.roster)?;
        let access = self.access.at(moment.access)?;
        Some(Standing { roster, access })
    }
}

const ADOPT: &[Act<'static>] = &[Act {
    verb: Verb::Adopt,
    stage: None,
    field: None,
    seats: &[],
}];

fn fault(chain: CitedChain) -> impl Fn(CitedUnknown) -> CitationFault {
    move |fault| match fault {
        CitedUnknown::Future { .. } => CitationFault::Unknown { chain, fault },
        CitedUnknown::Mismatch { .. } => CitationFault::Forked { chain, fault },
    }
}

/// Nothing can have seen what came after it. An own genesis that no log has taken yet is cited by
/// changes that no log has taken yet.
fn check_order(
    chain: CitedChain,
    version: u64,
    received: Option<Received>,
    arrival: u64,
) -> Result<(), CitationFault> {
    match received.map(|received| received.seq) {
        Some(since) if since >= arrival && since != Received::UNSEQUENCED => {
            Err(CitationFault::Premature {
                chain,
                version,
                since,
                arrival,
            })
        }
        Some(_) | None => Ok(()),
    }
}

fn holds(roster: &RosterState, member: MemberId, seat: &Principal) -> bool {
    roster.member(member).is_some_and(|known| match seat {
        Principal::Member(named) => *named == member,
        Principal::Team(team) => known.teams.contains(team),
        Principal::Role(role) => known.roles.contains(role),
    })
}
