//! A naive second reading of the merge contract (DOMAIN §4), to hold the engine's views against.
//!
//! It knows only what people did and which change had seen which (the graph); it computes by
//! brute force and shares no code with the engine's views. Which of several rivals is shown is not
//! its business: that all replicas show the same one is.

mod agreements;
mod flags;
mod header;
pub mod purges;
mod records;
mod register;
mod talk;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_engine::case::{CaseAction, FacetAction};
use casework_engine::view::{CaseView, CommentView};
use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};

use crate::stage::{Deed, Stage, Who};

/// What somebody did, and everything its author had seen.
struct Known<'a> {
    deed: &'a Deed,
    hash: ChangeHash,
    past: BTreeSet<ChangeHash>,
}

/// A case as its deeds and its graph tell it, and as a replica shows it.
struct Told<'a> {
    seed: u64,
    case: DocumentId,
    known: Vec<Known<'a>>,
    view: &'a CaseView,
    comments: Vec<CommentView>,
    /// The member of each device.
    members: Vec<MemberId>,
}

/// Checks a view against the deeds that are in its document.
///
/// # Panics
/// When the view breaks the merge contract; names the seed.
pub fn check(stage: &mut Stage, who: Who, case: DocumentId, view: &CaseView) {
    let (seed, members) = (stage.seed(), stage.members());
    let saved = stage.replica(who).export(case);
    let saved = saved.expect("the case is on this device");
    let comments = stage.replica(who).comments(case);
    let comments = comments.expect("comments can be read");
    let document = Automerge::load(&saved).expect("an export loads anywhere");
    let told = Told {
        seed,
        case,
        known: read(&document, stage),
        view,
        comments,
        members,
    };
    let mut contested = BTreeSet::new();
    header::check(&told, &mut contested);
    tasks::check(&told, &mut contested);
    talk::check(&told, &mut contested);
    records::check(&told, &mut contested);
    agreements::check(&told);
    flags::check(&told, &contested);
}

/// Every deed of the document with its whole causal past.
fn read<'a>(document: &Automerge, stage: &'a Stage) -> Vec<Known<'a>> {
    let mut pasts: BTreeMap<ChangeHash, BTreeSet<ChangeHash>> = BTreeMap::new();
    let mut known = Vec::new();
    for change in document.get_changes(&[]) {
        let hash = ChangeHash::new(change.hash().0);
        let mut past = BTreeSet::new();
        for dep in change.deps() {
            let dep = ChangeHash::new(dep.0);
            past.extend(pasts[&dep].iter().copied());
            past.insert(dep);
        }
        pasts.insert(hash, past.clone());
        let deed = stage
            .deeds
            .get(&hash)
            .expect("nobody else writes on this stage");
        known.push(Known { deed, hash, past });
    }
    known
}

impl<'a> Known<'a> {
    fn action(&self) -> &'a CaseAction {
        &self.deed.action
    }

    fn facet(&self) -> Option<&'a FacetAction> {
        match self.action() {
            CaseAction::Facet(action) => Some(action),
            _ => None,
        }
    }
}

impl Told<'_> {
    /// What is said when something is not as the contract has it.
    fn at(&self, what: &str) -> String {
        format!("seed {}: {what} of case {}", self.seed, self.case)
    }

    /// Whether something is in a set: somebody added it and nobody who had seen that removed it.
    fn present(
        &self,
        adds: impl Fn(&CaseAction) -> bool,
        removes: impl Fn(&CaseAction) -> bool,
    ) -> bool {
        let removed = |add: &Known<'_>| {
            let mut removers = self.known.iter().filter(|k| removes(k.action()));
            removers.any(|k| k.past.contains(&add.hash))
        };
        let mut added = self.known.iter().filter(|k| adds(k.action()));
        added.any(|add| !removed(add))
    }

    /// Everything that was ever put into a set and is there, by what an action adds and removes.
    fn set<T: Ord + Clone>(
        &self,
        added: impl Fn(&CaseAction) -> Vec<T>,
        removed: impl Fn(&CaseAction) -> Option<T>,
    ) -> BTreeSet<T> {
        let all: BTreeSet<T> = self.known.iter().flat_map(|k| added(k.action())).collect();
        let there = |one: &T| {
            self.present(
                |action| added(action).contains(one),
                |action| removed(action).as_ref() == Some(one),
            )
        };
        all.into_iter().filter(there).collect()
    }
}
