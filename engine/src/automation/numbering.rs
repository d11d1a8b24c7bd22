//! Final case numbers: `HR-2026-0042`, without gaps per template and year.
//!
//! A number is claimed in the case and holds once everything before the claim was read: then the
//! order of the log says whose it is, the same for every agent. Pure; the agent's turn
//! (`replica/agency.rs`) reads the claims and writes the numbers.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::DocumentId;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Digits that a number has at least.
const DIGITS: usize = 4;

/// A claim on a number that stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberClaim {
    /// Its place in the log.
    pub position: u64,
    /// The case.
    pub document: DocumentId,
    /// The number.
    pub number: String,
}

/// The series a case belongs to: the template's key and the year in which the server received the
/// case, in UTC. A device's own clock is a claim and decides nothing.
#[must_use]
pub fn series(key: &str, received_ms: u64) -> String {
    let received = i64::try_from(received_ms).unwrap_or(i64::MAX);
    let received = Timestamp::from_millisecond(received).unwrap_or(Timestamp::MAX);
    let year = received.to_zoned(TimeZone::UTC).year();
    format!("{key}-{year}-")
}

/// Which case holds which claimed number: in the order of the log, the first claim on a number that
/// is free, for a case that has none.
#[must_use]
pub fn settle(
    taken: &BTreeSet<String>,
    mut claims: Vec<NumberClaim>,
) -> BTreeMap<DocumentId, String> {
    claims.sort();
    let mut used = taken.clone();
    let mut holders = BTreeMap::new();
    for claim in claims {
        if !holders.contains_key(&claim.document) && used.insert(claim.number.clone()) {
            holders.insert(claim.document, claim.number);
        }
    }
    holders
}

/// The lowest number of a series that nobody uses.
#[must_use]
pub fn next_free(series: &str, used: &BTreeSet<String>) -> String {
    let mut number = 1_u64;
    loop {
        let text = format!("{series}{number:0DIGITS$}");
        if !used.contains(&text) {
            return text;
        }
        number += 1;
    }
}

/// Whether a number is provisional: made by a device, not final.
#[must_use]
pub fn is_provisional(number: &str) -> bool {
    number.contains('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(position: u64, document: u8, number: &str) -> NumberClaim {
        NumberClaim {
            position,
            document: DocumentId::new([document; 16]),
            number: number.into(),
        }
    }

    #[test]
    fn the_order_of_the_log_says_whose_number_it_is() {
        let taken = BTreeSet::from(["HR-2026-0001".to_owned()]);
        let claims = vec![
            claim(9, 2, "HR-2026-0002"),
            claim(4, 1, "HR-2026-0002"),
            claim(5, 1, "HR-2026-0003"),
            claim(6, 3, "HR-2026-0001"),
            claim(7, 3, "HR-2026-0003"),
        ];
        let mut reversed = claims.clone();
        reversed.reverse();
        let holders = settle(&taken, claims);
        assert_eq!(holders, settle(&taken, reversed));
        let held: Vec<&str> = holders.values().map(String::as_str).collect();
        assert_eq!(held, ["HR-2026-0002", "HR-2026-0003"]);
        assert!(!holders.contains_key(&DocumentId::new([2; 16])));
    }

    #[test]
    fn the_lowest_free_number_comes_next_whatever_its_digits() {
        let used: BTreeSet<String> = (1..=9_999)
            .filter(|n| *n != 42)
            .map(|n| format!("HR-2026-{n:04}"))
            .collect();
        assert_eq!(next_free("HR-2026-", &used), "HR-2026-0042");
        let mut all = used;
        all.insert("HR-2026-0042".into());
        assert_eq!(next_free("HR-2026-", &all), "HR-2026-10000");
        assert_eq!(next_free("HR-2027-", &all), "HR-2027-0001");
    }

    #[test]
    fn the_year_is_that_of_receipt_in_utc() {
        assert_eq!(series("HR", 1_767_225_599_999), "HR-2025-");
        assert_eq!(series("HR", 1_767_225_600_000), "HR-2026-");
        assert!(series("HR", u64::MAX).starts_with("HR-9999-"));
    }
}
