//! Who else has a case open: the line of its page, and sentences when somebody comes or goes.
//!
//! Decides nothing and remembers nothing but what was said last, so that nothing is said twice.

use std::collections::BTreeMap;

use casework::ids::{DocumentId, MemberId};
use casework::{Activity, Presence};
use serde_json::{Value, json};

use super::words::count;
use casework::Names;

/// Who else is there, by name; nothing when nobody is.
#[must_use]
pub fn line(presence: &Presence, names: &Names) -> Option<String> {
    if presence.present.is_empty() {
        return None;
    }
    let mut people: Vec<String> = presence
        .present
        .iter()
        .map(|witness| {
            let name = names.member(witness.member);
            match witness.activity {
                Activity::Typing => format!("{name} (typing)"),
                Activity::Open | _ => name,
            }
        })
        .collect();
    if presence.more > 0 {
        people.push(count(u64::from(presence.more), "other"));
    }
    Some(people.join(", "))
}

/// The same for programs.
#[must_use]
pub fn to_json(presence: &Presence, names: &Names) -> Value {
    let row = |witness: &casework::Witness| {
        json!({
            "member": witness.member,
            "name": names.member(witness.member),
            "activity": witness.activity,
        })
    };
    Value::Array(presence.present.iter().map(row).collect())
}

/// What was said of whom last.
#[derive(Debug, Default)]
pub struct Doorman {
    known: BTreeMap<DocumentId, BTreeMap<MemberId, Activity>>,
}

/// Somebody did something at a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Opened the case.
    Came,
    /// Writes in it.
    Types,
    /// Closed it, or is gone.
    Left,
}

impl Doorman {
    /// What is to be said now that these are there. Whoever stopped writing and stays is not worth
    /// a word.
    pub fn look(&mut self, case: DocumentId, presence: &Presence) -> Vec<(MemberId, Step)> {
        let there = presence.present.iter();
        let there: BTreeMap<MemberId, Activity> = there.map(|w| (w.member, w.activity)).collect();
        let before = match there.is_empty() {
            true => self.known.remove(&case),
            false => self.known.insert(case, there.clone()),
        };
        let before = before.unwrap_or_default();
        let mut steps = Vec::new();
        for (member, activity) in &there {
            match (before.get(member), activity) {
                (Some(Activity::Typing), Activity::Typing) => {}
                (_, Activity::Typing) => steps.push((*member, Step::Types)),
                (None, _) => steps.push((*member, Step::Came)),
                (Some(_), _) => {}
            }
        }
        let gone = before
            .into_keys()
            .filter(|member| !there.contains_key(member));
        steps.extend(gone.map(|member| (member, Step::Left)));
        steps
    }
}

impl Step {
    /// As a sentence about somebody and a case.
    #[must_use]
    pub fn sentence(self, name: &str, case: &str) -> String {
        match self {
            Self::Came => format!("{name} has {case} open"),
            Self::Types => format!("{name} is typing in {case}"),
            Self::Left => format!("{name} left {case}"),
        }
    }

    /// Its name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Came => "open",
            Self::Types => "typing",
            Self::Left => "left",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use casework::Witness;

    fn there(people: &[(u8, Activity)]) -> Presence {
        let witness = |(n, activity): &(u8, Activity)| Witness {
            member: MemberId::new([*n; 16]),
            activity: *activity,
        };
        Presence {
            present: people.iter().map(witness).collect(),
            more: 0,
        }
    }

    #[test]
    fn everybody_is_announced_once_and_whoever_stops_typing_is_not() {
        let (case, [ana, rui]) = (
            DocumentId::new([1; 16]),
            [1, 2].map(|n| MemberId::new([n; 16])),
        );
        let mut doorman = Doorman::default();
        let mut look = |people: &[(u8, Activity)]| doorman.look(case, &there(people));
        use Activity::{Open, Typing};
        assert_eq!(look(&[(1, Open)]), [(ana, Step::Came)]);
        assert_eq!(look(&[(1, Open)]), []);
        assert_eq!(
            look(&[(1, Typing), (2, Open)]),
            [(ana, Step::Types), (rui, Step::Came)]
        );
        assert_eq!(look(&[(1, Open), (2, Open)]), []);
        assert_eq!(
            look(&[(2, Typing)]),
            [(rui, Step::Types), (ana, Step::Left)]
        );
        assert_eq!(look(&[]), [(rui, Step::Left)]);
        assert_eq!(look(&[]), []);
    }

    #[test]
    fn the_line_of_a_page_names_whoever_is_there_and_counts_the_others() {
        let names = Names::default();
        assert_eq!(line(&there(&[]), &names), None);
        let mut crowd = there(&[(1, Activity::Typing), (2, Activity::Open)]);
        crowd.more = 2;
        let [ana, rui] = [1, 2].map(|n| MemberId::new([n; 16]).short());
        assert_eq!(
            line(&crowd, &names),
            Some(format!("{ana} (typing), {rui}, 2 others"))
        );
    }
}
