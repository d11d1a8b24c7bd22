//! Finding things by what people type: a number, a name, a title, the beginning of an id.
//!
//! What could mean several things is never guessed: the error lists the candidates.

use casework_engine::case::PartId;
use casework_engine::replica::Replica;
use casework_engine::template::Revision;
use casework_engine::view::CaseView;
use casework_protocol::ids::{DocumentId, MemberId};

use super::Workspace;
use super::templates::templates;
use crate::error::Error;

/// Shortest beginning of an id that is taken for one, in hexadecimal digits.
const MIN_ID_DIGITS: usize = 4;
/// Most candidates that an error lists.
const MAX_LISTED: usize = 8;

/// Something that can be found.
pub(super) struct Candidate<T> {
    pub(super) what: T,
    /// Its id in full.
    pub(super) id: String,
    /// What names it exactly: a number, a key, a name.
    pub(super) names: Vec<String>,
    /// How a list shows it.
    pub(super) shown: String,
}

impl Workspace {
    /// Finds a case by its number, its title, or the beginning of its document's id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_case(&self, text: &str) -> Result<DocumentId, Error> {
        self.read(|replica| find_case(replica, text))
    }

    /// Finds a member by name or the beginning of the id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_member(&self, text: &str) -> Result<MemberId, Error> {
        self.read(|replica| find_member(replica, text))
    }

    /// Finds a template by its key, its name, or the beginning of its document's id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_template(&self, text: &str) -> Result<DocumentId, Error> {
        self.read(|replica| find_template(replica, text))
    }

    /// Finds a stage of a template by its id or its name.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none; the text lists those there are.
    pub fn find_stage(&self, template: DocumentId, text: &str) -> Result<String, Error> {
        self.read(|replica| find_stage(&*super::templates::revision(replica, template)?, text))
    }

    /// Finds a task of a case by its place in the list (from 1), its title, or the beginning of
    /// its id.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_task(&self, case: DocumentId, text: &str) -> Result<PartId, Error> {
        let view = self.read(|replica| Ok(replica.case(case)?))?;
        find_task(&view, text)
    }

    /// Finds a field of a template by its id or label.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_field(&self, template: DocumentId, text: &str) -> Result<String, Error> {
        let revision = self.revision(template)?;
        find_field(&revision, text)
    }

    /// Finds an item of a task's checklist likewise.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_item(&self, case: DocumentId, task: PartId, text: &str) -> Result<PartId, Error> {
        let view = self.read(|replica| Ok(replica.case(case)?))?;
        let task = view.tasks.get(&task);
        let items = task.into_iter().flat_map(|task| &task.items).enumerate();
        let candidates = items.map(|(at, item)| Candidate {
            what: item.id,
            id: item.id.to_string(),
            names: vec![item.text.value().clone(), (at + 1).to_string()],
            shown: format!("{}. {}", at + 1, item.text.value()),
        });
        pick("checklist item", text, candidates.collect())
    }
}

pub(super) fn find_case(replica: &Replica, text: &str) -> Result<DocumentId, Error> {
    if let Ok(whole) = text.trim().parse::<DocumentId>() {
        return Ok(whole);
    }
    let candidates = replica.cards()?.into_iter().map(|card| Candidate {
        what: card.document,
        id: card.document.to_string(),
        shown: format!(
            "{} {:?} ({})",
            card.number,
            card.title,
            card.document.short()
        ),
        names: vec![card.number, card.title],
    });
    pick("case", text, candidates.collect())
}

pub(super) fn find_member(replica: &Replica, text: &str) -> Result<MemberId, Error> {
    let roster = replica.roster()?.head();
    if ["me", "myself"].contains(&text.trim()) {
        return replica.member().ok_or_else(|| {
            Error::Denied("this device belongs to no member (any more)".to_owned())
        });
    }
    let candidates = roster.members().map(|(id, member)| Candidate {
        what: id,
        id: id.to_string(),
        names: vec![member.name.clone()],
        shown: format!("{} ({})", member.name, id.short()),
    });
    pick("member", text, candidates.collect())
}

pub(super) fn find_template(replica: &mut Replica, text: &str) -> Result<DocumentId, Error> {
    let candidates = templates(replica)?.into_iter().map(|template| Candidate {
        what: template.document,
        id: template.document.to_string(),
        shown: format!("{} {:?}", template.package.key, template.package.name),
        names: vec![template.package.key, template.package.name],
    });
    pick("template", text, candidates.collect())
}

pub(super) fn find_stage(revision: &Revision, text: &str) -> Result<String, Error> {
    let candidates = revision.stages().iter().map(|stage| Candidate {
        what: stage.id.clone(),
        id: String::new(),
        names: vec![stage.id.clone(), stage.name.clone()],
        shown: format!("{} ({:?})", stage.id, stage.name),
    });
    pick("stage", text, candidates.collect())
}

/// A field of a revision by its id or its label.
pub(super) fn find_field(revision: &Revision, text: &str) -> Result<String, Error> {
    let candidates = revision.fields().iter().map(|field| Candidate {
        what: field.id.clone(),
        id: String::new(),
        names: vec![field.id.clone(), field.label.clone()],
        shown: format!("{} ({:?})", field.id, field.label),
    });
    pick("field", text, candidates.collect())
}

fn find_task(view: &CaseView, text: &str) -> Result<PartId, Error> {
    let tasks = view.tasks_in_order().into_iter().enumerate();
    let candidates = tasks.map(|(at, (id, task))| Candidate {
        what: id,
        id: id.to_string(),
        names: vec![task.title.value().clone(), (at + 1).to_string()],
        shown: format!(
            "{}. {:?} ({})",
            at + 1,
            task.title.value(),
            &id.to_string()[..8]
        ),
    });
    pick("task", text, candidates.collect())
}

/// Whether a candidate is meant.
type Rule<'a, T> = dyn Fn(&Candidate<T>) -> bool + 'a;

/// Takes the one candidate that the text means: by exactly its first name, else by a whole name in
/// any case, else by the beginning of its id, else by a part of a name.
pub(super) fn pick<T>(what: &str, text: &str, candidates: Vec<Candidate<T>>) -> Result<T, Error> {
    let wanted = text.trim().to_lowercase();
    if wanted.is_empty() {
        return Err(Error::Invalid(format!("no {what} was named")));
    }
    let is_id = wanted.len() >= MIN_ID_DIGITS && wanted.chars().all(|c| c.is_ascii_hexdigit());
    let by_name = |one: &Candidate<T>| one.names.iter().any(|name| name.to_lowercase() == wanted);
    let by_id = |one: &Candidate<T>| is_id && one.id.starts_with(&wanted);
    let by_part = |one: &Candidate<T>| {
        one.names
            .iter()
            .any(|name| name.to_lowercase().contains(&wanted))
    };
    let known: Vec<String> = candidates.iter().map(|one| one.shown.clone()).collect();
    // The first name is the one that tells it apart: a key, a number, an id.
    let by_key = |one: &Candidate<T>| one.names.first().is_some_and(|name| name == text.trim());
    let rules: [&Rule<'_, T>; 4] = [&by_key, &by_name, &by_id, &by_part];
    let mut candidates = candidates;
    for rule in rules {
        let places: Vec<usize> = (0..candidates.len())
            .filter(|at| rule(&candidates[*at]))
            .collect();
        match places[..] {
            [] => {}
            [only] => return Ok(candidates.swap_remove(only).what),
            _ => {
                let several = list(places.iter().map(|at| known[*at].as_str()));
                return Err(Error::Invalid(format!(
                    "{text:?} can mean several {what}s: {several}; name one more exactly"
                )));
            }
        }
    }
    let there = if known.is_empty() {
        format!("there is no {what} here")
    } else {
        format!("there is {}", list(known.iter().map(String::as_str)))
    };
    Err(Error::Invalid(format!(
        "no {what} is called {text:?}; {there}"
    )))
}

fn list<'a>(shown: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = shown.collect();
    let first = all[..all.len().min(MAX_LISTED)].join(", ");
    match all.len().checked_sub(MAX_LISTED) {
        None | Some(0) => first,
        Some(more) => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> Vec<Candidate<u8>> {
        let person = |what, id: &str, name: &str| Candidate {
            what,
            id: id.to_owned(),
            names: vec![name.to_owned()],
            shown: name.to_owned(),
        };
        vec![
            person(1, "abcd0000", "Ana"),
            person(2, "abcd1111", "Ana Sousa"),
            person(3, "beef0000", "Rui"),
        ]
    }

    #[test]
    fn a_whole_name_wins_over_a_part_of_another() {
        assert_eq!(pick("member", "ana", people()), Ok(1));
        assert_eq!(pick("member", "sousa", people()), Ok(2));
        assert_eq!(pick("member", " RUI ", people()), Ok(3));
    }

    #[test]
    fn the_beginning_of_an_id_is_enough_if_it_is_long_enough_and_means_one() {
        assert_eq!(pick("member", "beef", people()), Ok(3));
        assert_eq!(pick("member", "ABCD1", people()), Ok(2));
        assert!(pick("member", "bee", people()).is_err());
        let error = pick("member", "abcd", people()).unwrap_err().to_string();
        assert!(error.contains("Ana, Ana Sousa"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_answered_with_what_is() {
        let error = pick("member", "zoe", people()).unwrap_err().to_string();
        assert!(error.contains("there is Ana, Ana Sousa, Rui"), "{error}");
        assert!(pick("member", " ", people()).is_err());
        assert!(
            pick::<u8>("case", "x", Vec::new())
                .unwrap_err()
                .to_string()
                .contains("no case")
        );
    }
}
