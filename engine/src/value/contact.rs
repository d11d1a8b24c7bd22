//! Ways to reach somebody: telephone numbers, e-mail addresses, web addresses.
//!
//! Shapes only: nothing is looked up. What is accepted is what can be shown as a link without
//! leading a reader somewhere else than the text says.

use core::fmt;

/// Fewest and most digits of a telephone number (emergency numbers; E.164).
const PHONE_DIGITS: core::ops::RangeInclusive<usize> = 3..=15;
/// Longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MAX_EMAIL_BYTES: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;
/// Longest web address, in bytes: what every browser still opens.
const MAX_URL_BYTES: usize = 2_048;

/// A telephone number: digits, perhaps with a leading `+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// Reads a number; blanks, dots, dashes, slashes and parentheses between digits are dropped.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (plus, rest) = text
            .strip_prefix('+')
            .map_or(("", text), |rest| ("+", rest));
        if !rest
            .chars()
            .all(|c| c.is_ascii_digit() || " .-/()".contains(c))
        {
            return None;
        }
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        PHONE_DIGITS
            .contains(&digits.len())
            .then(|| Self(format!("{plus}{digits}")))
    }

    /// The canonical number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address; its domain is in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads `local@domain`; quoted locals, comments and address literals are refused.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.split_once('@')?;
        let domain = domain.to_ascii_lowercase();
        let fits = text.len() <= MAX_EMAIL_BYTES
            && (1..=MAX_LOCAL_BYTES).contains(&local.len())
            && local
                .chars()
                .all(|c| is_visible(c) && !"()<>[],;:\\\"@".contains(c))
            && domain.split('.').all(is_domain_label);
        fits.then(|| Self(format!("{local}@{domain}")))
    }

    /// The canonical address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A web address; its scheme and host are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// Reads an `http` or `https` address. Other schemes run things, and user names before the
    /// host make a link look like another site: both are refused.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let host_len = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, tail) = rest.split_at(host_len);
        let host = host.to_ascii_lowercase();
        let fits = text.len() <= MAX_URL_BYTES
            && matches!(scheme.as_str(), "http" | "https")
            && !host.is_empty()
            && !host.contains(['@', '\\'])
            && rest.chars().all(is_visible);
        fits.then(|| Self(format!("{scheme}://{host}{tail}")))
    }

    /// The canonical address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! display_as_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

display_as_text!(Phone, Email, WebAddress);

fn is_visible(c: char) -> bool {
    !c.is_control() && !c.is_whitespace()
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && is_visible(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_is_the_same_however_it_is_spaced() {
        for text in ["+351 912 345 678", "+351-912.345/678", " +351(912)345678"] {
            assert_eq!(Phone::new(text).unwrap().as_str(), "+351912345678");
        }
        for text in [
            "",
            "+",
            "12",
            "1234567890123456",
            "call me",
            "12+34",
            "+1 x 5",
        ] {
            assert_eq!(Phone::new(text), None, "{text}");
        }
    }

    #[test]
    fn an_email_address_keeps_its_local_part_and_lowers_its_domain() {
        assert_eq!(
            Email::new("Ana.Prata@Example.ORG").unwrap().as_str(),
            "Ana.Prata@example.org"
        );
        assert!(Email::new("rui+x@localhost").is_some());
        for text in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "a@b@c",
            "a b@c.org",
            "ana@ex ample.org",
            "ana@.org",
            "ana@-x.org",
            "<ana@example.org>",
            "ana@exam\u{a0}ple.org",
        ] {
            assert_eq!(Email::new(text), None, "{text}");
        }
    }

    #[test]
    fn only_plain_web_addresses_are_accepted() {
        let address = WebAddress::new("HTTPS://Example.org/A?b=C#d").unwrap();
        assert_eq!(address.as_str(), "https://example.org/A?b=C#d");
        for text in [
            "",
            "example.org",
            "javascript://alert(1)",
            "file:///etc/passwd",
            "https://",
            "https://bank.example@evil.example/",
            "https://a b.org",
            "http:\\\\a",
            "https:///x",
        ] {
            assert_eq!(WebAddress::new(text), None, "{text}");
        }
    }
}
