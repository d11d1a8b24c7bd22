//! What the pages themselves say, in the languages they know. The words of a form are its own.
//!
//! One struct per language, so that a missing sentence does not compile. Forms in another language
//! get these in English.

mod de;
mod en;
mod es;
mod fr;
mod pt;

use super::language::base;

/// The sentences of the pages.
#[derive(Debug)]
pub(super) struct Words {
    /// Language tag of these words.
    pub(super) tag: &'static str,
    pub(super) send: &'static str,
    pub(super) optional: &'static str,
    pub(super) error_prefix: &'static str,
    pub(super) problems: &'static str,
    pub(super) required: &'static str,
    pub(super) choose_one: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    pub(super) agree: &'static str,
    pub(super) must_agree: &'static str,
    pub(super) amount: &'static str,
    pub(super) currency: &'static str,
    pub(super) name: &'static str,
    pub(super) contact: &'static str,
    pub(super) row: &'static str,
    pub(super) place_help: &'static str,
    pub(super) documents: &'static str,
    pub(super) documents_help: &'static str,
    pub(super) too_many_documents: &'static str,
    pub(super) anonymous: &'static str,
    pub(super) leave_empty: &'static str,
    pub(super) too_fast: &'static str,
    pub(super) too_old: &'static str,
    pub(super) too_often: &'static str,
    pub(super) too_long: &'static str,
    pub(super) refused: &'static str,
    pub(super) unavailable: &'static str,
    pub(super) bad_text: &'static str,
    pub(super) bad_number: &'static str,
    pub(super) bad_money: &'static str,
    pub(super) bad_date: &'static str,
    pub(super) bad_moment: &'static str,
    pub(super) bad_choice: &'static str,
    pub(super) bad_phone: &'static str,
    pub(super) bad_email: &'static str,
    pub(super) bad_url: &'static str,
    pub(super) bad_place: &'static str,
    pub(super) in_future: &'static str,
    pub(super) too_small: &'static str,
    pub(super) too_large: &'static str,
    pub(super) too_many_letters: &'static str,
    pub(super) gone_title: &'static str,
    pub(super) gone: &'static str,
    pub(super) wait_title: &'static str,
    pub(super) wait: &'static str,
    pub(super) thanks_title: &'static str,
    pub(super) your_receipt: &'static str,
    pub(super) keep_receipt: &'static str,
    pub(super) receipt_title: &'static str,
    pub(super) receipt_label: &'static str,
    pub(super) receipt_help: &'static str,
    pub(super) receipt_unknown: &'static str,
    pub(super) look: &'static str,
    pub(super) stand: &'static str,
    pub(super) received: &'static str,
    pub(super) in_work: &'static str,
    pub(super) needs_answer: &'static str,
    pub(super) closed: &'static str,
    pub(super) sent_on: &'static str,
    pub(super) our_messages: &'static str,
    pub(super) you_added: &'static str,
    pub(super) add_title: &'static str,
    pub(super) add_help: &'static str,
    pub(super) add: &'static str,
    pub(super) added: &'static str,
    pub(super) enough_added: &'static str,
}

/// The words for a language tag; English for what is not known.
pub(super) fn words(tag: &str) -> &'static Words {
    let known = [&en::EN, &pt::PT, &es::ES, &fr::FR, &de::DE];
    let found = known.into_iter().find(|words| words.tag == base(tag));
    found.unwrap_or(&en::EN)
}

/// The tags of the languages that the pages know, English first.
pub(super) const TAGS: [&str; 5] = ["en", "pt", "es", "fr", "de"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_language_has_its_words_and_others_get_english() {
        for tag in TAGS {
            assert_eq!(words(tag).tag, tag);
        }
        assert_eq!(words("pt-BR").tag, "pt");
        assert_eq!(words("mt").tag, "en");
    }
}
