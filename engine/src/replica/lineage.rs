//! Whether a change may cite the template revision that it cites: never one that was superseded on
//! the way to a revision cited in its causal past.
//!
//! Otherwise a member could go on under an old rule by naming the old revision. Judged from the
//! changes and the revisions alone, so every replica judges alike.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::{Automerge, ChangeHash as Hash};
use casework_protocol::ids::{ChangeHash, RevisionId};

use super::rows::Aside;
use crate::case::{Message, RevisionMark};
use crate::template::{Revision, is_ancestor};

/// The revisions that the changes of one document and of the batch on its way into it cite.
pub(super) struct Cited<'a> {
    automerge: &'a Automerge,
    revisions: &'a BTreeMap<RevisionId, Arc<Revision>>,
    batch: BTreeMap<Hash, (Vec<Hash>, Option<RevisionMark>)>,
}

impl<'a> Cited<'a> {
    pub(super) const fn new(
        automerge: &'a Automerge,
        revisions: &'a BTreeMap<RevisionId, Arc<Revision>>,
    ) -> Self {
        Self {
            automerge,
            revisions,
            batch: BTreeMap::new(),
        }
    }

    /// Adds a change of the batch.
    pub(super) fn take(&mut self, hash: ChangeHash, deps: &[Hash], message: &Message) {
        let hash = Hash(*hash.as_bytes());
        self.batch.insert(hash, (deps.to_vec(), message.revision));
    }

    /// Judges what a change cites against what its causal past cites.
    pub(super) fn judge(&self, deps: &[Hash], message: &Message) -> Result<(), Aside> {
        let Some(mark) = message.revision else {
            return Ok(());
        };
        // Whatever the direct dependencies cite was judged when they came. If none of them cites
        // anything but this revision or one before it, nothing in their past can come after it.
        let direct: BTreeSet<RevisionMark> =
            deps.iter().filter_map(|dep| self.entry(*dep)?.1).collect();
        if direct.iter().all(|other| *other == mark) {
            return Ok(());
        }
        let cited = self.named(mark)?;
        let mut behind = true;
        for other in direct.iter().filter(|other| **other != mark) {
            behind &= self.comes_before(self.named(*other)?, cited)?;
        }
        if behind {
            return Ok(());
        }
        for other in self.in_the_past_of(deps) {
            if other != mark && self.comes_before(cited, self.named(other)?)? {
                return Err(Aside::Quarantined(format!(
                    "it cites template revision {}, which was superseded by one that it builds on",
                    cited.short()
                )));
            }
        }
        Ok(())
    }

    /// Everything that the causal past of a change with these dependencies cites.
    fn in_the_past_of(&self, deps: &[Hash]) -> BTreeSet<RevisionMark> {
        let mut marks = BTreeSet::new();
        let mut seen: BTreeSet<Hash> = deps.iter().copied().collect();
        let mut next = deps.to_vec();
        while let Some(hash) = next.pop() {
            let Some((deps, mark)) = self.entry(hash) else {
                continue;
            };
            marks.extend(mark);
            next.extend(deps.into_iter().filter(|dep| seen.insert(*dep)));
        }
        marks
    }

    fn entry(&self, hash: Hash) -> Option<(Vec<Hash>, Option<RevisionMark>)> {
        if let Some(entry) = self.batch.get(&hash) {
            return Some(entry.clone());
        }
        let meta = self.automerge.get_change_meta_by_hash(&hash)?;
        let message = Message::read(meta.message.as_deref()?).ok()?;
        Some((meta.deps, message.revision))
    }

    fn named(&self, mark: RevisionMark) -> Result<RevisionId, Aside> {
        let mut ids = self.revisions.keys();
        let found = ids.find(|id| mark.names(id)).copied();
        found.ok_or_else(|| Aside::Waiting(format!("template revision {mark} has not arrived")))
    }

    fn comes_before(&self, older: RevisionId, newer: RevisionId) -> Result<bool, Aside> {
        is_ancestor(older, newer, &|id| self.revisions.get(&id).cloned())
            .map_err(|unknown| Aside::Waiting(unknown.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseAction;
    use crate::case::trial::{Desk, package, set_summary};

    fn revisions() -> BTreeMap<RevisionId, Arc<Revision>> {
        // 0 ─ 1 ─ 3
        //   └ 2
        let named = |name: &str| {
            let mut package = package();
            package.name = name.to_owned();
            package.publish().unwrap()
        };
        let first = named("First");
        let second = named("Second").superseding([first.id()]);
        let beside = named("Beside").superseding([first.id()]);
        let third = named("Third").superseding([second.id()]);
        let all = [first, second, beside, third].map(Arc::new);
        all.map(|revision| (revision.id(), revision)).into()
    }

    fn named(revisions: &BTreeMap<RevisionId, Arc<Revision>>, name: &str) -> Arc<Revision> {
        let mut all = revisions.values();
        Arc::clone(all.find(|r| r.package().name == name).unwrap())
    }

    /// The verdict over a change that cites the last of these revisions on top of changes that cite
    /// the others, in that order.
    fn verdict(names: &[&str]) -> Result<(), Aside> {
        let revisions = revisions();
        let mut desk = Desk::of(1, named(&revisions, names[0]));
        let mut newest = None;
        for (n, name) in names.iter().enumerate() {
            desk.revision = named(&revisions, name);
            newest = Some(desk.does(10 + n as u64, set_summary(&format!("{name} {n}"))));
        }
        let change = desk.change(newest.unwrap());
        let message = Message::read(change.message().unwrap()).unwrap();
        let cited = Cited::new(&desk.doc, &revisions);
        cited.judge(change.deps(), &message)
    }

    #[test]
    fn a_change_goes_on_under_the_same_or_a_later_revision_or_one_beside() {
        for names in [
            &["First", "First"][..],
            &["First", "Second", "Third"],
            &["First", "Third"],
            &["Second", "Beside"],
            &["Third", "Beside", "Second", "Third"],
        ] {
            let last = names.len() - 1;
            // "Second" after "Third" is judged below; here only the last step counts.
            if names[..last].contains(&"Third") && names[last] == "Second" {
                continue;
            }
            assert_eq!(verdict(names), Ok(()), "{names:?}");
        }
    }

    #[test]
    fn a_change_that_goes_back_behind_a_revision_it_builds_on_is_refused() {
        for names in [
            &["First", "Second", "First"][..],
            &["Third", "First"],
            &["Third", "Second"],
            // Not behind what it builds on directly, but behind what that builds on.
            &["Third", "Beside", "Second"],
        ] {
            assert!(
                matches!(verdict(names), Err(Aside::Quarantined(why)) if why.contains("superseded")),
                "{names:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_compared_yet_waits() {
        let all = revisions();
        let mut desk = Desk::of(1, named(&all, "First"));
        desk.does(10, set_summary("a"));
        desk.revision = named(&all, "Third");
        desk.does(11, set_summary("b"));
        desk.revision = named(&all, "Beside");
        let action = CaseAction::SetTitle {
            title: "Other".into(),
        };
        let change = desk.does(12, action);
        let change = desk.change(change);
        let message = Message::read(change.message().unwrap()).unwrap();
        let mut known = all.clone();
        known.retain(|_, revision| revision.package().name != "Third");
        let cited = Cited::new(&desk.doc, &known);
        let verdict = cited.judge(change.deps(), &message);
        assert!(matches!(verdict, Err(Aside::Waiting(_))), "{verdict:?}");
    }
}
