//! An exact amount in one currency.
//!
//! It converts nothing and knows no list of currencies: three capital letters have the shape of
//! an ISO 4217 code, and which of them a field takes is its template's business.

use core::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::decimal::{decimal_text, read_decimal};

/// Currencies whose smallest unit is the whole, among the common ones (ISO 4217, minor unit 0).
const WHOLE_UNIT: [&str; 8] = ["CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XOF"];

/// An amount of money. `12.50 EUR` and `12.5 EUR` are the same amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    amount: Decimal,
    currency: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    amount: String,
    currency: String,
}

impl Money {
    /// An amount; `None` unless the currency is three ASCII letters (any case).
    #[must_use]
    pub fn new(amount: Decimal, currency: &str) -> Option<Self> {
        is_currency(&currency.to_ascii_uppercase()).then(|| Self {
            amount,
            currency: currency.to_ascii_uppercase(),
        })
    }

    /// The amount.
    #[must_use]
    pub const fn amount(&self) -> Decimal {
        self.amount
    }

    /// The currency: three capital letters.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Reads `12.50 EUR`, `EUR 12.50` or, where there is only one possible currency, `12.50`.
    pub(super) fn read(text: &str, only: Option<&str>) -> Option<Self> {
        let letter = |c: char| c.is_ascii_alphabetic();
        let text = text.trim();
        let amount = text.trim_matches(letter);
        let before = &text[..text.len() - text.trim_start_matches(letter).len()];
        let after = &text[text.trim_end_matches(letter).len()..];
        let currency = match (before, after) {
            ("", "") => only?,
            (code, "") | ("", code) => code,
            (_, _) => return None,
        };
        Self::new(read_decimal(amount.trim())?, currency)
    }

    pub(super) fn to_json(&self) -> String {
        let stored = Stored {
            amount: decimal_text(self.amount),
            currency: self.currency.clone(),
        };
        serde_json::to_string(&stored).expect("two texts are always JSON")
    }

    pub(super) fn from_json(json: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_str(json).ok()?;
        Self::new(read_decimal(&stored.amount)?, &stored.currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut amount = decimal_text(self.amount);
        if !WHOLE_UNIT.contains(&self.currency.as_str()) {
            match amount.split_once('.').map(|(_, fraction)| fraction.len()) {
                None => amount.push_str(".00"),
                Some(1) => amount.push('0'),
                Some(_) => {}
            }
        }
        write!(f, "{amount} {}", self.currency)
    }
}

/// Whether a text has the shape of an ISO 4217 code: three ASCII capitals.
#[must_use]
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_with_its_currency_on_either_side() {
        for text in ["12.50 EUR", "eur 12.5", "12.500EUR", " 12.5  eur "] {
            assert_eq!(
                Money::read(text, None).unwrap().to_string(),
                "12.50 EUR",
                "{text}"
            );
        }
        assert_eq!(
            Money::read("-3", Some("JPY")).unwrap().to_string(),
            "-3 JPY"
        );
    }

    #[test]
    fn an_amount_without_a_currency_or_with_two_is_refused() {
        for text in [
            "12.50",
            "EUR 12 USD",
            "EUR",
            "12,50 EUR",
            "12 EURO",
            "12 €",
            "",
        ] {
            assert_eq!(Money::read(text, None), None, "{text}");
        }
    }
}
