//! A point on the earth (WGS 84) with the accuracy of its measurement.

use core::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::decimal::{decimal_text, read_decimal};

/// Digits kept after the point of a degree: about a centimetre.
const DEGREE_DIGITS: u32 = 7;
/// Digits kept after the point of a metre.
const METRE_DIGITS: u32 = 2;
/// Coarsest accuracy that says anything, in metres: half the way round the earth.
const MAX_ACCURACY_METRES: i64 = 20_037_508;

/// A location. Latitude −90 to 90, longitude −180 to 180 degrees, accuracy in metres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    lat: Decimal,
    lon: Decimal,
    accuracy: Option<Decimal>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    lat: String,
    lon: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accuracy: Option<String>,
}

impl Location {
    /// A location, rounded to about a centimetre; `None` when a part is out of its range.
    #[must_use]
    pub fn new(lat: Decimal, lon: Decimal, accuracy: Option<Decimal>) -> Option<Self> {
        let within = |value: Decimal, bound: i64| value.abs() <= Decimal::from(bound);
        let accurate =
            accuracy.is_none_or(|a| a >= Decimal::ZERO && within(a, MAX_ACCURACY_METRES));
        (within(lat, 90) && within(lon, 180) && accurate).then(|| Self {
            lat: lat.round_dp(DEGREE_DIGITS),
            lon: lon.round_dp(DEGREE_DIGITS),
            accuracy: accuracy.map(|a| a.round_dp(METRE_DIGITS)),
        })
    }

    /// Degrees north of the equator.
    #[must_use]
    pub const fn lat(&self) -> Decimal {
        self.lat
    }

    /// Degrees east of Greenwich.
    #[must_use]
    pub const fn lon(&self) -> Decimal {
        self.lon
    }

    /// Radius in metres within which the true point lies, as the device claimed it.
    #[must_use]
    pub const fn accuracy(&self) -> Option<Decimal> {
        self.accuracy
    }

    /// Reads `lat, lon`, `lat, lon, metres` and `lat, lon (±12 m)`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches(')').trim_end_matches('m');
        let parts: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || ",(±".contains(c))
            .filter(|part| !part.is_empty())
            .collect();
        match parts[..] {
            [lat, lon] => Self::new(read_decimal(lat)?, read_decimal(lon)?, None),
            [lat, lon, accuracy] => Self::new(
                read_decimal(lat)?,
                read_decimal(lon)?,
                Some(read_decimal(accuracy)?),
            ),
            _ => None,
        }
    }

    pub(super) fn to_json(&self) -> String {
        let stored = Stored {
            lat: decimal_text(self.lat),
            lon: decimal_text(self.lon),
            accuracy: self.accuracy.map(decimal_text),
        };
        serde_json::to_string(&stored).expect("three texts are always JSON")
    }

    pub(super) fn from_json(json: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_str(json).ok()?;
        let accuracy = match &stored.accuracy {
            None => None,
            Some(text) => Some(read_decimal(text)?),
        };
        Self::new(
            read_decimal(&stored.lat)?,
            read_decimal(&stored.lon)?,
            accuracy,
        )
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", decimal_text(self.lat), decimal_text(self.lon))?;
        match self.accuracy {
            Some(accuracy) => write!(f, " (±{} m)", decimal_text(accuracy)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_read_with_and_without_its_accuracy() {
        let exact = Location::read("38.7223, -9.1393, 12").unwrap();
        assert_eq!(exact.to_string(), "38.7223, -9.1393 (±12 m)");
        assert_eq!(Location::read(&exact.to_string()), Some(exact));
        assert_eq!(
            Location::read("38.72230001 -9").unwrap().to_string(),
            "38.7223, -9"
        );
    }

    #[test]
    fn a_point_off_the_earth_is_refused() {
        for text in [
            "",
            "1",
            "91, 0",
            "0, 180.0000001",
            "0, 0, -1",
            "a, b",
            "1, 2, 3, 4",
        ] {
            assert_eq!(Location::read(text), None, "{text}");
        }
    }
}
