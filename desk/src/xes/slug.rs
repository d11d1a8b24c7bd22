//! Ids, labels and keys made from the names in a log.
//!
//! Invariant: an id is a slug (`[a-z0-9][a-z0-9-]*`, at most 64 bytes) and given out once.

use std::collections::BTreeSet;

use super::limits::{MAX_NAME_BYTES, MAX_SLUG_BYTES};

/// Room left in a slug for the number that makes it unique.
const NUMBER_BYTES: usize = 8;
/// Most letters taken from the first letters of words.
const INITIALS: usize = 4;
/// Words that say nothing in a key.
const SMALL_WORDS: [&str; 14] = [
    "a", "an", "and", "the", "of", "for", "in", "on", "to", "from", "de", "van", "log", "process",
];

/// Gives out ids that do not repeat.
#[derive(Debug, Default)]
pub(crate) struct Slugs(BTreeSet<String>);

impl Slugs {
    /// An id for a name; `fallback` when the name has no letter or digit to make it from.
    pub(crate) fn make(&mut self, name: &str, fallback: &str) -> String {
        let mut slug = slugify(name);
        if slug.is_empty() {
            slug = fallback.to_owned();
        }
        let mut unique = slug.clone();
        let mut number = 2u64;
        while !self.0.insert(unique.clone()) {
            unique = format!("{slug}-{number}");
            number += 1;
        }
        unique
    }
}

/// A label for people from an attribute's key: `org:group_id` becomes "Org group id".
pub(crate) fn label(key: &str) -> String {
    let spaced: String = key
        .chars()
        .map(|c| if matches!(c, ':' | '_' | '.') { ' ' } else { c })
        .collect();
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = words.chars();
    let label = match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => key.trim().to_owned(),
    };
    let label = if label.is_empty() {
        "Attribute".to_owned()
    } else {
        label
    };
    cut(&label, MAX_NAME_BYTES).to_owned()
}

/// Two to six capital letters from a name: the first letters of its words, or of its only word.
pub(crate) fn template_key(name: &str) -> String {
    let plain: String = name.chars().flat_map(plain_letters).collect();
    let words: Vec<&str> = plain
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty() && !SMALL_WORDS.contains(word))
        .collect();
    let key: String = match words.as_slice() {
        [word] => word.chars().take(INITIALS).collect(),
        words => words
            .iter()
            .filter_map(|word| word.chars().next())
            .take(INITIALS)
            .collect(),
    };
    if key.len() < 2 {
        "LOG".to_owned()
    } else {
        key.to_ascii_uppercase()
    }
}

/// The longest beginning of a text that is not longer than `bytes`.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(plain_letters) {
        if slug.len() >= MAX_SLUG_BYTES - NUMBER_BYTES {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The character in lower case, with the accents of western scripts taken off.
fn plain_letters(character: char) -> impl Iterator<Item = char> {
    character.to_lowercase().flat_map(|lower| {
        let plain = match lower {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
            'ç' | 'ć' | 'č' => "c",
            'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
            'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
            'ł' => "l",
            'ñ' | 'ń' | 'ň' => "n",
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
            'ř' => "r",
            'ś' | 'š' | 'ş' => "s",
            'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            'æ' => "ae",
            'œ' => "oe",
            'ß' => "ss",
            _ => "",
        };
        let own = plain.is_empty().then_some(lower);
        plain.chars().chain(own)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_readable_and_given_out_once() {
        let mut slugs = Slugs::default();
        assert_eq!(
            slugs.make("T02 Check confirmation of receipt", "x"),
            "t02-check-confirmation-of-receipt"
        );
        assert_eq!(slugs.make("Précisão (€) ß", "x"), "precisao-ss");
        assert_eq!(slugs.make("A + b", "x"), "a-b");
        assert_eq!(slugs.make("a_B", "x"), "a-b-2");
        assert_eq!(slugs.make("審査", "stage"), "stage");
        assert_eq!(slugs.make("--", "stage"), "stage-2");
    }

    #[test]
    fn labels_are_words() {
        assert_eq!(label("concept:instance"), "Concept instance");
        assert_eq!(label("enddate_planned"), "Enddate planned");
        assert_eq!(label("cost / total"), "Cost / total");
        assert_eq!(label("été"), "Été");
        assert_eq!(label(":"), ":");
    }

    #[test]
    fn keys_are_two_to_six_capital_letters() {
        assert_eq!(template_key("helpdesk"), "HELP");
        assert_eq!(
            template_key("Receipt phase of an environmental permit application"),
            "RPEP"
        );
        assert_eq!(template_key("Über Öl"), "UO");
        assert_eq!(template_key("x"), "LOG");
        assert_eq!(template_key("2012"), "LOG");
        assert_eq!(template_key(""), "LOG");
    }

    proptest! {
        #[test]
        fn every_name_makes_valid_ids(names in prop::collection::vec("\\PC{0,90}", 1..20)) {
            let mut slugs = Slugs::default();
            let mut seen = BTreeSet::new();
            for name in &names {
                let slug = slugs.make(name, "field");
                prop_assert!(slug.len() <= MAX_SLUG_BYTES);
                prop_assert!(slug.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()));
                prop_assert!(slug.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
                prop_assert!(seen.insert(slug));
                let key = template_key(name);
                prop_assert!((2..=6).contains(&key.len()));
                prop_assert!(key.bytes().all(|b| b.is_ascii_uppercase()));
                prop_assert!(!label(name).is_empty());
            }
        }
    }
}
