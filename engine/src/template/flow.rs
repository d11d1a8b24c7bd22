//! Which moves a template lists, what it says about each, and whether every case can end.
//!
//! Advice, not a lock: whether a move happens is decided by who acts and, where a rule asks, by a
//! reason.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::condition::Condition;
use super::fault::{Fault, Faults};
use super::package::Package;
use super::rule::{Rule, Severity};
use super::stage::Stage;

/// What a template says about one move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Movement {
    /// One of the stages is not in this revision.
    Unknown,
    /// Nothing.
    Free,
    /// What the rules say.
    Ruled {
        /// The strongest severity among them.
        severity: Severity,
        /// Their messages, strongest first, separated by `; `.
        message: String,
    },
}

/// One thing that a template says before something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'r> {
    /// How strongly.
    pub severity: Severity,
    /// The sentence people read.
    pub message: Cow<'r, str>,
    /// When it speaks.
    pub when: Cow<'r, Condition>,
}

impl Stage {
    /// What is said before a case enters this stage, wherever it comes from, with conditions.
    #[must_use]
    pub fn said_on_entry(&self) -> Vec<Said<'_>> {
        let closed = self.disabled.then(|| Said {
            severity: Severity::Block,
            message: Cow::Owned(format!("{} is disabled and takes no more cases", self.name)),
            when: Cow::Owned(Condition::default()),
        });
        closed
            .into_iter()
            .chain(self.entry.iter().map(Said::of))
            .collect()
    }
}

impl<'r> Said<'r> {
    /// What a rule says.
    #[must_use]
    pub const fn of(rule: &'r Rule) -> Self {
        Self {
            severity: rule.severity,
            message: Cow::Borrowed(rule.message.as_str()),
            when: Cow::Borrowed(&rule.when),
        }
    }
}

impl Movement {
    /// The strongest severity and all messages of what is said, strongest first.
    pub(super) fn of(mut said: Vec<Said<'_>>) -> Self {
        said.sort_by_key(|said| core::cmp::Reverse(said.severity));
        let Some(first) = said.first() else {
            return Self::Free;
        };
        let severity = first.severity;
        let messages: Vec<&str> = said.iter().map(|said| said.message.as_ref()).collect();
        Self::Ruled {
            severity,
            message: messages.join("; "),
        }
    }

    /// The severity; `None` for a free or unknown move.
    #[must_use]
    pub const fn severity(&self) -> Option<Severity> {
        match self {
            Self::Unknown | Self::Free => None,
            Self::Ruled { severity, .. } => Some(*severity),
        }
    }
}

/// The listed moves by stage left and stage entered, as indexes into the package's transitions.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    listed: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Flow {
    pub(super) fn new(package: &Package) -> Self {
        let mut listed: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for (index, transition) in package.transitions.iter().enumerate() {
            let from = listed.entry(transition.from.clone()).or_default();
            from.entry(transition.to.clone()).or_insert(index);
        }
        Self { listed }
    }

    /// The listing of a move: the pair itself, else any stage to that one.
    pub(super) fn listing(&self, from: &str, to: &str) -> Option<usize> {
        [from, "*"]
            .into_iter()
            .find_map(|from| self.listed.get(from)?.get(to).copied())
    }

    /// The severity that a move between two stages of the package has in every case.
    pub(super) fn severity(&self, package: &Package, from: &Stage, to: &Stage) -> Option<Severity> {
        let said = self.said(package, from, to);
        let always = said.into_iter().filter(|said| said.when.is_empty());
        always.map(|said| said.severity).max()
    }

    /// What the template says before a move between two stages of the package: the rules of
    /// leaving, of the move itself and of entering, each with its condition.
    pub(super) fn said<'p>(
        &self,
        package: &'p Package,
        from: &'p Stage,
        to: &'p Stage,
    ) -> Vec<Said<'p>> {
        let mut said: Vec<Said<'p>> = from.exit.iter().map(Said::of).collect();
        match self.listing(&from.id, &to.id) {
            Some(index) => said.extend(package.transitions[index].rules.iter().map(Said::of)),
            None if package.transitions.is_empty() => {}
            None => said.extend(package.unlisted.severity().map(|severity| Said {
                severity,
                message: Cow::Owned(format!(
                    "{} does not list a move from {} to {}",
                    package.name, from.name, to.name
                )),
                when: Cow::Owned(Condition::default()),
            })),
        }
        said.extend(to.said_on_entry());
        said
    }
}

/// Adds the faults of transitions: unknown stages, duplicates, dead ends.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    let known = |id: &str| package.stages.iter().any(|stage| stage.id == id);
    let mut seen = std::collections::BTreeSet::new();
    for (index, transition) in package.transitions.iter().enumerate() {
        let at = format!("transitions[{index}]");
        let (from, to) = (&transition.from, &transition.to);
        if from != "*" && !known(from) {
            faults.add(
                format!("{at}.from"),
                Fault::UnknownStage { id: from.clone() },
            );
        }
        if !known(to) {
            faults.add(format!("{at}.to"), Fault::UnknownStage { id: to.clone() });
        }
        if from == to {
            faults.add(&at, Fault::MoveToItself { id: from.clone() });
        }
        if !seen.insert((from, to)) {
            faults.add(
                &at,
                Fault::DuplicateTransition {
                    from: from.clone(),
                    to: to.clone(),
                },
            );
        }
    }
    find_dead_ends(package, faults);
}

/// Walks backwards from the final stages over every move that is not blocked. A stage that is not
/// reached would keep its cases for ever.
fn find_dead_ends(package: &Package, faults: &mut Faults) {
    let flow = Flow::new(package);
    let stages = &package.stages;
    let open = |from: usize, to: usize| {
        let severity = flow.severity(package, &stages[from], &stages[to]);
        from != to && severity != Some(Severity::Block)
    };
    let mut ends: Vec<bool> = stages
        .iter()
        .map(|stage| stage.category.is_final())
        .collect();
    let mut reached: Vec<usize> = (0..stages.len()).filter(|&stage| ends[stage]).collect();
    if reached.is_empty() {
        return;
    }
    while let Some(to) = reached.pop() {
        for (from, ends) in ends.iter_mut().enumerate().filter(|(_, ends)| !**ends) {
            if open(from, to) {
                *ends = true;
                reached.push(from);
            }
        }
    }
    for (index, stage) in stages.iter().enumerate().filter(|(index, _)| !ends[*index]) {
        let stuck = !(0..stages.len()).any(|to| open(index, to));
        let fault = if stuck {
            Fault::DeadEnd
        } else {
            Fault::NoWayToEnd
        };
        faults.add(format!("stages[{index}] {:?}", stage.id), fault);
    }
}
