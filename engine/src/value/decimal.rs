//! Exact decimals: one canonical text per value, read strictly.
//!
//! No exponents, no thousands separators, no rounding: what does not fit into 28 digits is refused
//! rather than changed.

use rust_decimal::Decimal;

/// The canonical text: no trailing zeros, no `+`, no negative zero.
pub(super) fn decimal_text(value: Decimal) -> String {
    if value.is_zero() {
        "0".to_owned()
    } else {
        value.normalize().to_string()
    }
}

/// Reads `[+-]digits[.digits]`; `None` for anything else or for more digits than a decimal holds.
pub(crate) fn read_decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    Decimal::from_str_exact(text.strip_prefix('+').unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_decimals_have_one_text() {
        for (text, canonical) in [
            ("1.50", "1.5"),
            ("+2", "2"),
            ("-0.0", "0"),
            ("007", "7"),
            ("-12.340", "-12.34"),
        ] {
            assert_eq!(decimal_text(read_decimal(text).unwrap()), canonical);
        }
    }

    #[test]
    fn exponents_separators_and_lost_digits_are_refused() {
        for text in [
            "", "-", "1.", ".5", "1e3", "1_000", "1,5", " 1", "NaN", "٣", "+-1",
        ] {
            assert_eq!(read_decimal(text), None, "{text}");
        }
        assert_eq!(read_decimal("0.00000000000000000000000000001"), None);
        assert_eq!(read_decimal("79228162514264337593543950336"), None);
    }
}
