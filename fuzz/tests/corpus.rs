//! The kept corpus: every target has one, it stays small, and it can be made anew.
//!
//! `CASEWORK_BLESS=1 cargo test -p casework-fuzz --test corpus` writes it from the honest seeds and
//! a short drive. It need not equal what would be written today: yesterday's bytes are worth
//! keeping too.

use std::collections::BTreeMap;

use casework_fuzz::{Budget, TARGETS, Target, drive, store};

/// Most bytes that the corpora of all targets may have together.
const MOST_BYTES: usize = 1_000_000;
/// Most bytes of one target's corpus.
const MOST_BYTES_OF_ONE: usize = MOST_BYTES / TARGETS.len();
/// Most inputs of one target.
const MOST_INPUTS: usize = 60;

/// The shortest input for each kind of outcome, the shortest of those first, as far as they fit.
fn worth_keeping(target: &Target) -> Vec<Vec<u8>> {
    let report = drive(target, 11, Budget::Runs(4_000))
        .unwrap_or_else(|failure| panic!("{}: {failure:?}", target.name));
    let mut by_kind: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for input in (target.seeds)().into_iter().chain(report.kept) {
        let kind = (target.run)(&input).kind;
        let known = by_kind.entry(kind).or_insert_with(|| input.clone());
        if input.len() < known.len() {
            *known = input;
        }
    }
    let mut inputs: Vec<Vec<u8>> = by_kind.into_values().collect();
    inputs.sort_by_key(|input| (input.len(), input.clone()));
    let mut left = MOST_BYTES_OF_ONE;
    inputs.retain(|input| {
        let fits = input.len() <= left;
        left -= if fits { input.len() } else { 0 };
        fits
    });
    inputs.truncate(MOST_INPUTS);
    inputs
}

#[test]
fn every_target_has_a_small_corpus_that_breaks_no_promise() {
    let bless = std::env::var_os("CASEWORK_BLESS").is_some_and(|value| value == "1");
    let mut bytes = 0;
    for target in TARGETS {
        if bless {
            store::replace_corpus(target.name, &worth_keeping(target))
                .unwrap_or_else(|error| panic!("{}: {error}", target.name));
        }
        let kept =
            store::corpus(target.name).unwrap_or_else(|error| panic!("{}: {error}", target.name));
        assert!(
            !kept.is_empty(),
            "{} has no corpus: CASEWORK_BLESS=1 makes one",
            target.name
        );
        for (path, input) in kept {
            bytes += input.len();
            let outcome = (target.run)(&input);
            assert!(
                !outcome.kind.is_empty(),
                "{} ends without a name",
                path.display()
            );
        }
    }
    assert!(bytes <= MOST_BYTES, "the corpora have {bytes} bytes");
}
