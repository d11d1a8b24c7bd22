//! A page of a list, gathered from cards that come one by one.
//!
//! ```text
//! card, card, card … ──▶ wanted? ──▶ before the end of the page? ──▶ kept
//! ```
//! Holds no more than twice the cards up to the end of the page, however many there are, and answers
//! what [`list`](super::list) would have answered for all of them.

use super::board::{Filter, Sorting};
use super::card::Card;

/// A page in the making.
#[derive(Debug)]
pub struct Gathering<'f> {
    filter: &'f Filter,
    words: Vec<String>,
    sorting: Sorting,
    skip: usize,
    end: usize,
    total: usize,
    kept: Vec<Card>,
}

impl<'f> Gathering<'f> {
    /// Nothing yet, of a page that leaves out `skip` wanted cards and has at most `take`.
    #[must_use]
    pub fn new(filter: &'f Filter, sorting: Sorting, (skip, take): (usize, usize)) -> Self {
        Self {
            filter,
            words: filter.words(),
            sorting,
            skip,
            end: skip.saturating_add(take),
            total: 0,
            kept: Vec::new(),
        }
    }

    /// Takes the next card, in any order.
    pub fn offer(&mut self, card: Card) {
        if !self.filter.wants(&card, &self.words) {
            return;
        }
        self.total += 1;
        self.kept.push(card);
        if self.kept.len() >= self.end.saturating_mul(2).max(64) {
            self.cut();
        }
    }

    /// How many were wanted, and those of the page, sorted.
    #[must_use]
    pub fn finish(mut self) -> (usize, Vec<Card>) {
        self.cut();
        let skip = self.skip.min(self.kept.len());
        (self.total, self.kept.split_off(skip))
    }

    fn cut(&mut self) {
        let sorting = self.sorting;
        self.kept.sort_by(|a, b| sorting.order(a, b));
        self.kept.truncate(self.end);
    }
}
