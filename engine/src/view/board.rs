//! A board: cards in the columns of a template's stages, filtered and sorted.
//!
//! Pure over cards; "today" is an argument. Invariant: every card that passes the filter is in
//! exactly one column, the last one taking those whose stage the revision does not know.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::MemberId;

use super::badges::Badge;
use super::card::{Card, CardValue, Kept};
use crate::clock::{Due, SlaState};
use crate::template::{Category, Revision, Today};

/// Cards by stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board<'a> {
    /// One column per stage, in the template's order, then one for unknown stages if there are any.
    pub columns: Vec<Column<'a>>,
}

/// The cards in one stage, or what else is put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column<'a, C = Vec<&'a Card>> {
    /// The stage; `None` for cards whose stage the revision does not know.
    pub stage: Option<&'a str>,
    /// What people call it.
    pub name: &'a str,
    /// `#rrggbb`.
    pub colour: &'a str,
    /// What standing here means.
    pub category: Option<Category>,
    /// The cards, sorted.
    pub cards: C,
}

/// Which cards are wanted. The default wants all that are in use; everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Owned by or assigned to one of these: oneself, or the members of a team.
    pub people: Option<BTreeSet<MemberId>>,
    /// Without owner and assignees.
    pub unassigned: bool,
    /// Bearing all of these labels.
    pub labels: BTreeSet<String>,
    /// With all of these words in number, title, labels or card fields, whatever their case.
    pub text: String,
    /// In a stage of one of these categories.
    pub categories: Option<BTreeSet<Category>>,
    /// Bearing all of these badges.
    pub badges: BTreeSet<Badge>,
    /// Past its due date at this moment, or with an open task that is, and not finished.
    pub overdue_on: Option<Today>,
    /// With a clock in one of these states, at this moment in milliseconds UTC.
    pub sla: Option<(BTreeSet<SlaState>, i64)>,
    /// Not finished.
    pub unfinished: bool,
    /// Kept in one of these places; `None` is for those in use only.
    pub kept: Option<BTreeSet<Kept>>,
}

/// The order of cards. Ties go by number, then by document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sorting {
    /// What changed last comes first.
    #[default]
    Changed,
    /// What was opened first comes first.
    Opened,
    /// What stands in its stage longest comes first.
    Entered,
    /// What is due first comes first; undated cards last.
    Due,
    /// The clock that is due first comes first; cases without one last.
    Clock,
    /// By number.
    Number,
    /// By title.
    Title,
}

impl<'a> Board<'a> {
    /// Puts the wanted cards into the columns of a revision.
    #[must_use]
    pub fn of(
        revision: &'a Revision,
        cards: impl IntoIterator<Item = &'a Card>,
        filter: &Filter,
        sorting: Sorting,
    ) -> Self {
        let mut by_stage: BTreeMap<Option<usize>, Vec<&'a Card>> = BTreeMap::new();
        for card in list(cards, filter, sorting) {
            by_stage
                .entry(revision.stage_position(&card.stage))
                .or_default()
                .push(card);
        }
        let columns = columns(revision, |at| by_stage.remove(&at));
        Self { columns }
    }

    /// How many cards are on the board.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.iter().map(|column| column.cards.len()).sum()
    }

    /// Whether there is no card on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The columns of a revision, each with what is put into it by the position of its stage; one for
/// unknown stages only where something is put into it.
#[must_use]
pub fn columns<'a, C: Default>(
    revision: &'a Revision,
    mut put: impl FnMut(Option<usize>) -> Option<C>,
) -> Vec<Column<'a, C>> {
    let stages = revision.stages().iter().enumerate();
    let mut columns: Vec<Column<'a, C>> = stages
        .map(|(at, stage)| Column {
            stage: Some(&stage.id),
            name: &stage.name,
            colour: stage.colour(),
            category: Some(stage.category),
            cards: put(Some(at)).unwrap_or_default(),
        })
        .collect();
    columns.extend(put(None).map(|cards| Column {
        stage: None,
        name: "Other stages",
        colour: Category::Cancelled.colour(),
        category: None,
        cards,
    }));
    columns
}

/// The wanted cards in one list.
#[must_use]
pub fn list<'a>(
    cards: impl IntoIterator<Item = &'a Card>,
    filter: &Filter,
    sorting: Sorting,
) -> Vec<&'a Card> {
    let words = filter.words();
    let mut wanted: Vec<&Card> = cards
        .into_iter()
        .filter(|card| filter.wants(card, &words))
        .collect();
    wanted.sort_by(|a, b| sorting.order(a, b));
    wanted
}

impl Filter {
    /// The words of the text, as [`Filter::wants`] takes them.
    pub(super) fn words(&self) -> Vec<String> {
        let words = self.text.split_whitespace();
        words.map(str::to_lowercase).collect()
    }

    pub(super) fn wants(&self, card: &Card, words: &[String]) -> bool {
        self.people
            .as_ref()
            .is_none_or(|people| concerns(card, people))
            && (!self.unassigned || (card.owner.is_none() && card.assignees.is_empty()))
            && self.labels.is_subset(&card.labels)
            && self.badges.iter().all(|badge| card.badges.has(*badge))
            && self
                .categories
                .as_ref()
                .is_none_or(|wanted| card.category.is_some_and(|c| wanted.contains(&c)))
            && match &self.kept {
                Some(wanted) => wanted.contains(&card.kept),
                None => card.kept == Kept::InUse,
            }
            && self
                .overdue_on
                .as_ref()
                .is_none_or(|today| is_overdue(card, today))
            && self.sla.as_ref().is_none_or(|(states, now)| {
                let mut clocks = card.clocks.iter().map(|clock| clock.state(*now));
                clocks.any(|state| states.contains(&state))
            })
            && (!self.unfinished || !card.is_finished())
            && (words.is_empty() || contains_all(card, words))
    }
}

impl Sorting {
    /// The whole order, ties included.
    pub(super) fn order(self, a: &Card, b: &Card) -> std::cmp::Ordering {
        self.compare(a, b)
            .then_with(|| a.number.cmp(&b.number))
            .then_with(|| a.document.cmp(&b.document))
    }

    fn compare(self, a: &Card, b: &Card) -> std::cmp::Ordering {
        match self {
            Self::Changed => b.changed_ms.cmp(&a.changed_ms),
            Self::Opened => a.opened_ms.cmp(&b.opened_ms),
            Self::Entered => a.entered_ms.cmp(&b.entered_ms),
            Self::Due => (a.due.is_none(), &a.due).cmp(&(b.due.is_none(), &b.due)),
            Self::Clock => {
                let due = |card: &Card| {
                    card.first_clock()
                        .map(|c| (c.paused_ms.is_some(), c.due_ms))
                };
                let (a, b) = (due(a), due(b));
                (a.is_none(), a).cmp(&(b.is_none(), b))
            }
            Self::Number => std::cmp::Ordering::Equal,
            Self::Title => a.title.cmp(&b.title),
        }
    }
}

/// Whether the case, or one of its open tasks, is past its due date, and the case not finished.
#[must_use]
pub fn is_overdue(card: &Card, today: &Today) -> bool {
    let over = |due: &str| due.parse::<Due>().is_ok_and(|due| due.is_over(today));
    let tasks = || card.task_dues.iter().any(|task| over(&task.due));
    !card.is_finished() && (card.due.as_deref().is_some_and(over) || tasks())
}

fn concerns(card: &Card, people: &BTreeSet<MemberId>) -> bool {
    card.owner.is_some_and(|owner| people.contains(&owner)) || !card.assignees.is_disjoint(people)
}

fn contains_all(card: &Card, words: &[String]) -> bool {
    let mut text = format!("{}\n{}", card.number, card.title);
    for label in &card.labels {
        text.push('\n');
        text.push_str(label);
    }
    for field in &card.fields {
        if let CardValue::Words(words) = &field.value {
            text.push('\n');
            text.push_str(words);
        }
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}
