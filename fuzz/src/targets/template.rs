//! Templates: as people write them, and as canonical bytes that somebody published.
//!
//! Input: a byte that says what: TOML, JSON or the canonical bytes of a revision. What is read is
//! written and read again unchanged; what is published has no dead end and one name.

use casework_engine::template::{Package, PackageError, Revision, RevisionError, TemplateFault};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::template_package;
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

/// Why an input is no template.
#[derive(Debug)]
pub enum Unread {
    /// Not UTF-8.
    Text,
    /// Not a package.
    Package(PackageError),
    /// Not a revision.
    Revision(RevisionError),
}

/// What was read.
#[derive(Debug)]
pub enum Read {
    /// A package, with faults perhaps.
    Package(Box<Package>),
    /// A revision, without.
    Revision(Box<Revision>),
}

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    match first(data) {
        Err(error) => Outcome::refused(&error),
        Ok(Read::Revision(revision)) => {
            assert_eq!(
                revision.as_bytes(),
                &data[1..],
                "other bytes under one name"
            );
            assert_sound(&revision);
            Outcome::accepted(&"").within("Revision")
        }
        Ok(Read::Package(package)) => publish(*package),
    }
}

/// The first check alone: reading.
///
/// # Errors
/// [`Unread`].
pub fn first(data: &[u8]) -> Result<Read, Unread> {
    let (what, bytes) = data.split_first().unwrap_or((&0, &[]));
    if what % 3 == 2 {
        let revision = Revision::decode(bytes).map_err(Unread::Revision)?;
        return Ok(Read::Revision(Box::new(revision)));
    }
    let text = core::str::from_utf8(bytes).map_err(|_| Unread::Text)?;
    let read = if what % 3 == 0 {
        Package::from_toml(text)
    } else {
        Package::from_json(text)
    };
    Ok(Read::Package(Box::new(read.map_err(Unread::Package)?)))
}

fn publish(package: Package) -> Outcome {
    assert_eq!(
        Package::from_toml(&package.to_toml()).as_ref(),
        Ok(&package),
        "TOML changed it"
    );
    assert_eq!(
        Package::from_json(&package.to_json()).as_ref(),
        Ok(&package),
        "JSON changed it"
    );
    match package.clone().publish() {
        Ok(revision) => {
            assert_eq!(*revision.package(), package);
            let again = Revision::decode(revision.as_bytes()).expect("our own bytes are canonical");
            assert_eq!(again.id(), revision.id());
            assert_sound(&revision);
            Outcome::accepted(&"").within("Published")
        }
        Err(faults) => {
            let first: &TemplateFault = faults.first().expect("a refusal names a fault");
            assert!(!first.to_string().is_empty());
            Outcome::read(&first.fault).within("Fault")
        }
    }
}

/// A published template begins somewhere, and answers for every pair of stages.
fn assert_sound(revision: &Revision) {
    assert_eq!(Revision::name(revision.as_bytes()), revision.id());
    let start = revision.first_stage();
    assert_eq!(revision.stage(&start.id), Some(start));
    for (place, from) in revision.stages().iter().enumerate().take(20) {
        assert_eq!(
            revision.stage_position(&from.id),
            Some(place),
            "two stages of one id"
        );
        assert!(
            from.required
                .iter()
                .all(|field| revision.field(field).is_some())
        );
        for to in revision.stages().iter().take(20) {
            let _ = revision.transition(&from.id, &to.id);
            let missing = revision.missing_for_move(&from.id, &to.id, |_| false);
            assert!(missing.len() <= revision.fields().len());
            assert!(
                revision
                    .missing_for_move(&from.id, &to.id, |_| true)
                    .is_empty()
            );
        }
    }
}

/// The book's template in all three forms, and a faulty one.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let package = template_package();
    let revision = package
        .clone()
        .publish()
        .expect("the book's template has no fault");
    let mut faulty = package.clone();
    faulty.stages[1].required.push("nowhere".into());
    vec![
        [b"\0", package.to_toml().as_bytes()].concat(),
        [b"\x01", package.to_json().as_bytes()].concat(),
        [b"\x02", revision.as_bytes()].concat(),
        [b"\0", faulty.to_toml().as_bytes()].concat(),
        b"\0key = \"HR\"\nname = \"x\"\n[[stages]]\nid = \"a\"\nname = \"A\"\ncategory = \"intake\"\n"
            .to_vec(),
    ]
}

/// Words that mean something in a template, so that mutations are read.
const WORDS: [&str; 16] = [
    "\"intake\"",
    "\"done\"",
    "\"cancelled\"",
    "\"secondary\"",
    "\"table\"",
    "\"counter\"",
    "\"single-select\"",
    "\"formula\"",
    "\"block\"",
    "\"closed\"",
    "\"new\"",
    "\"summary\"",
    "\"[a-z]+$\"",
    "\"(a*)*\"",
    "true",
    "99999999999999999999",
];

/// Alters any bytes, or puts another word between quotation marks.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let Some((what, bytes)) = data.split_first() else {
        return mutate_bytes(data, other, dice);
    };
    let (what, mut bytes) = (*what, bytes.to_vec());
    let quotes: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'"')
        .map(|(at, _)| at)
        .collect();
    if quotes.len() > 2 && dice.random_ratio(2, 3) {
        let pair = dice.random_range(0..quotes.len() / 2) * 2;
        let word = WORDS[dice.random_range(0..WORDS.len())];
        let (from, to) = (quotes[pair], quotes[pair + 1] + 1);
        bytes.splice(from..to, word.bytes());
    } else {
        mutate_bytes(&mut bytes, other.get(1..).unwrap_or_default(), dice);
    }
    *data = [&[what][..], &bytes].concat();
}
