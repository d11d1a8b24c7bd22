//! Which moves a template lists, what it says about each, and whether every case can end.
//!
//! Advice, not a lock: whether a move happens is decided by who acts and, where a rule asks, by a
//! reason.

use std::collections::BTreeMap;

use super::fault::{Fault, Faults};
use super::package::{Package, Severity, Stage};

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

impl Movement {
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

    /// The severity of a move between two stages of the package.
    pub(super) fn severity(&self, package: &Package, from: &str, to: &str) -> Option<Severity> {
        match self.listing(from, to) {
            Some(index) => package.transitions[index]
                .rules
                .iter()
                .map(|rule| rule.severity)
                .max(),
            None if package.transitions.is_empty() => None,
            None => package.unlisted.severity(),
        }
    }

    /// What the template says about a move between two stages of the package.
    pub(super) fn movement(&self, package: &Package, from: &Stage, to: &Stage) -> Movement {
        let Some(severity) = self.severity(package, &from.id, &to.id) else {
            return Movement::Free;
        };
        let message = match self.listing(&from.id, &to.id) {
            Some(index) => {
                let mut rules: Vec<_> = package.transitions[index].rules.iter().collect();
                rules.sort_by_key(|rule| core::cmp::Reverse(rule.severity));
                let messages: Vec<&str> = rules.iter().map(|rule| rule.message.as_str()).collect();
                messages.join("; ")
            }
            None => format!(
                "{} does not list a move from {} to {}",
                package.name, from.name, to.name
            ),
        };
        Movement::Ruled { severity, message }
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
        let severity = flow.severity(package, &stages[from].id, &stages[to].id);
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
