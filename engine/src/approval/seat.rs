//! A seat: a member, or whoever holds a role or belongs to a team.
//!
//! Approvers and the recipients of a handover are seats. The text form (`role:director`,
//! `team:legal`, `member:9f…`) is what templates, documents and people write.

use core::fmt;
use core::str::FromStr;

use casework_protocol::access::entry::Principal;
use casework_protocol::ids::MemberId;
use casework_protocol::roster::RosterState;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::value::is_slug;
use crate::value::text::cut;

/// Whom something is asked of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    /// One member.
    Member(MemberId),
    /// Whoever holds the role with this key.
    Role(String),
    /// Whoever belongs to the team with this key.
    Team(String),
}

/// A text that names no seat. Cure: write it as in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names nobody; write role:KEY, team:KEY or member:ID")]
pub struct SeatError {
    /// The first 80 characters of the text.
    pub text: String,
}

impl Seat {
    /// Whether an active member holds the seat at this version of the roster.
    #[must_use]
    pub fn is_held_by(&self, member: MemberId, roster: &RosterState) -> bool {
        roster.member(member).is_some_and(|known| {
            known.active
                && match self {
                    Self::Member(named) => *named == member,
                    Self::Role(key) => known.roles.contains(key),
                    Self::Team(key) => known.teams.contains(key),
                }
        })
    }

    /// The active members who hold the seat at this version of the roster.
    pub fn holders<'r>(&'r self, roster: &'r RosterState) -> impl Iterator<Item = MemberId> + 'r {
        let members: Vec<MemberId> = match self {
            Self::Member(member) => vec![*member],
            Self::Team(key) => match roster.team(key) {
                Some(team) => team.members.iter().copied().collect(),
                None => Vec::new(),
            },
            Self::Role(_) => roster.members().map(|(id, _)| id).collect(),
        };
        let held = move |member: &MemberId| self.is_held_by(*member, roster);
        members.into_iter().filter(held)
    }

    /// Whether the workspace has such a member, role or team.
    #[must_use]
    pub fn is_known(&self, roster: &RosterState) -> bool {
        match self {
            Self::Member(member) => roster.member(*member).is_some(),
            Self::Role(key) => roster.role(key).is_some(),
            Self::Team(key) => roster.team(key).is_some(),
        }
    }

    /// The member, if it is one by name.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self {
            Self::Member(member) => Some(*member),
            Self::Role(_) | Self::Team(_) => None,
        }
    }

    /// The same as an access record names it.
    #[must_use]
    pub fn principal(&self) -> Principal {
        match self {
            Self::Member(member) => Principal::Member(*member),
            Self::Role(key) => Principal::Role(key.clone()),
            Self::Team(key) => Principal::Team(key.clone()),
        }
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(member) => write!(f, "member:{member}"),
            Self::Role(key) => write!(f, "role:{key}"),
            Self::Team(key) => write!(f, "team:{key}"),
        }
    }
}

impl FromStr for Seat {
    type Err = SeatError;

    fn from_str(text: &str) -> Result<Self, SeatError> {
        let key = |key: &str| is_slug(key).then(|| key.to_owned());
        let seat = match text.split_once(':') {
            Some(("member", id)) => id.parse().ok().map(Self::Member),
            Some(("role", role)) => key(role).map(Self::Role),
            Some(("team", team)) => key(team).map(Self::Team),
            Some(_) | None => None,
        };
        seat.filter(|seat| seat.to_string() == text)
            .ok_or_else(|| SeatError { text: cut(text) })
    }
}

impl Serialize for Seat {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seat {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_reads_back_from_its_one_text() {
        for seat in [
            Seat::Member(MemberId::new([0xab; 16])),
            Seat::Role("director".into()),
            Seat::Team("legal-2".into()),
        ] {
            assert_eq!(seat.to_string().parse(), Ok(seat));
        }
        for text in ["", "director", "role:", "role:Big Boss", "member:12", "x:y"] {
            assert!(text.parse::<Seat>().is_err(), "{text}");
        }
        let upper = format!("member:{}", MemberId::new([0xab; 16])).to_uppercase();
        assert!(upper.parse::<Seat>().is_err());
    }
}
