//! Mentions: a member's name with an `@` before it, in a comment or the title of a task.
//!
//! Matched against the names in the roster that the author saw, so a member who is renamed later
//! was still meant by the old name. A whole name counts before its first word, the longest first,
//! whatever its letters' case; a first word that several have means all of them, because one told
//! too many is better than one not told. `@` inside a word, as in an e-mail address, is none.

use casework_protocol::ids::MemberId;
use casework_protocol::roster::RosterState;

/// Most mentions of one text that are looked at: the rest of it names nobody.
const MAX_MENTIONS: usize = 50;

/// Whether a text names this member.
#[must_use]
pub fn mentions(text: &str, roster: &RosterState, member: MemberId) -> bool {
    if !text.contains('@') {
        return false;
    }
    let text = text.to_lowercase();
    let names: Vec<(MemberId, String)> = roster
        .members()
        .filter(|(_, known)| known.active)
        .map(|(id, known)| (id, known.name.to_lowercase()))
        .collect();
    called(&text).any(|rest| meant(rest, &names).contains(&member))
}

/// What stands behind each `@` that begins a word.
fn called(text: &str) -> impl Iterator<Item = &str> {
    let at = text.match_indices('@').filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|before| !is_of_a_word(before))
    });
    at.map(|(at, _)| &text[at + 1..]).take(MAX_MENTIONS)
}

/// Who is meant by a text that begins with a name.
fn meant(rest: &str, names: &[(MemberId, String)]) -> Vec<MemberId> {
    let whole = names.iter().filter(|(_, name)| begins(rest, name));
    if let Some(longest) = whole.clone().map(|(_, name)| name.len()).max() {
        let named = whole.filter(|(_, name)| name.len() == longest);
        return named.map(|(id, _)| *id).collect();
    }
    let first = names.iter().filter(|(_, name)| {
        let word = name.split_whitespace().next().unwrap_or_default();
        begins(rest, word)
    });
    first.map(|(id, _)| *id).collect()
}

/// Whether a text begins with these words and a word ends there.
fn begins(text: &str, words: &str) -> bool {
    let rest = text.strip_prefix(words).filter(|_| !words.is_empty());
    rest.is_some_and(|rest| !rest.chars().next().is_some_and(is_of_a_word))
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: [(u8, &str); 5] = [
        (1, "ana"),
        (2, "ana maria lopes"),
        (3, "rui costa"),
        (4, "rui alves"),
        (5, "josé"),
    ];

    fn told(text: &str) -> Vec<u8> {
        let names: Vec<(MemberId, String)> = PEOPLE
            .iter()
            .map(|(n, name)| (MemberId::new([*n; 16]), (*name).to_owned()))
            .collect();
        let text = text.to_lowercase();
        let mut told: Vec<u8> = called(&text)
            .flat_map(|rest| meant(rest, &names))
            .map(|member| member.as_bytes()[0])
            .collect();
        told.dedup();
        told
    }

    #[test]
    fn the_longest_whole_name_is_meant_whatever_its_case() {
        assert_eq!(told("@Ana, please"), [1]);
        assert_eq!(told("for @Ana Maria Lopes."), [2]);
        assert_eq!(told("(@RUI COSTA)"), [3]);
        assert_eq!(told("olá @José!"), [5]);
    }

    #[test]
    fn a_first_name_that_several_have_means_all_of_them() {
        assert_eq!(told("@Rui can you?"), [3, 4]);
        assert_eq!(told("@rui costalotta"), [3, 4]);
    }

    #[test]
    fn an_address_and_a_longer_word_name_nobody() {
        assert_eq!(told("mail rui@ana.example"), Vec::<u8>::new());
        assert_eq!(told("@anastasia @ ana @"), Vec::<u8>::new());
    }
}
