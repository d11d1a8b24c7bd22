//! Rows in columns: as wide as their contents, shrunk to the screen where there is too little.

use super::Screen;
use super::ink::Tone;
use super::words::{cut, fill, width};

/// Blanks between columns.
const GAP: usize = 2;
/// Narrowest a column is shrunk to.
const NARROWEST: usize = 6;

/// Narrowest that a long column may become before others are left out.
const READABLE: usize = 14;

/// A table. Cells may be painted already.
#[derive(Debug, Clone)]
pub struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Columns to leave out on a narrow screen, first this one, then that one.
    spare: Vec<usize>,
}

impl Table {
    /// A table with these headings; empty ones for a table without.
    #[must_use]
    pub fn new(heads: &[&str]) -> Self {
        Self {
            heads: heads.iter().map(|&head| head.to_owned()).collect(),
            rows: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// The same, leaving out these columns, in this order, where the screen is too narrow.
    #[must_use]
    pub fn sparing(mut self, columns: &[usize]) -> Self {
        self.spare = columns.to_vec();
        self
    }

    /// Adds a row, one cell per heading.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, none wider than the screen.
    #[must_use]
    pub fn lines(&self, screen: Screen) -> Vec<String> {
        let widths = self.widths(screen.width);
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        if self.heads.iter().any(|head| !head.is_empty()) {
            let heads: Vec<String> = self
                .heads
                .iter()
                .map(|head| screen.depth.tone(Tone::Quiet, head))
                .collect();
            lines.push(line(&heads, &widths));
        }
        lines.extend(self.rows.iter().map(|row| line(row, &widths)));
        lines.iter().map(|line| cut(line, screen.width)).collect()
    }

    /// The widest cell of each column, taken from the widest columns until the row fits.
    fn widths(&self, screen: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heads.iter().map(|head| width(head)).collect();
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                if let Some(known) = widths.get_mut(at) {
                    *known = (*known).max(width(cell));
                }
            }
        }
        let used = |widths: &[usize]| {
            let columns = widths.iter().filter(|width| **width > 0).count();
            widths.iter().sum::<usize>() + columns.saturating_sub(1) * GAP
        };
        for column in &self.spare {
            let readable: Vec<usize> = widths.iter().map(|width| *width.min(&READABLE)).collect();
            if used(&readable) <= screen {
                break;
            }
            if let Some(width) = widths.get_mut(*column) {
                *width = 0;
            }
        }
        while used(&widths) > screen {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                Some(_) | None => break,
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    let shown: Vec<(&String, usize)> = cells
        .iter()
        .zip(widths.iter().copied())
        .filter(|(_, width)| *width > 0)
        .collect();
    for (at, (cell, columns)) in shown.iter().enumerate() {
        if at + 1 == shown.len() {
            line.push_str(&cut(cell, *columns));
        } else {
            line.push_str(&fill(cell, *columns));
            line.push_str(&" ".repeat(GAP));
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["number", "title", ""]);
        table.row(["CMP-~K7Q2", "The fee for March was charged twice", ""].map(str::to_owned));
        table.row(["CMP-~AAAA", "Card", ""].map(str::to_owned));
        table
    }

    #[test]
    fn a_table_is_as_wide_as_its_contents() {
        assert_eq!(
            table().lines(Screen::plain(80)),
            [
                "number     title",
                "CMP-~K7Q2  The fee for March was charged twice",
                "CMP-~AAAA  Card"
            ]
        );
    }

    #[test]
    fn spare_columns_are_left_out_where_the_rest_could_not_be_read() {
        let mut table = Table::new(&["number", "title", "owner", "due"]).sparing(&[3, 2]);
        table.row(
            [
                "CMP-~K7Q2",
                "The fee was charged twice",
                "Ana",
                "2026-03-01",
            ]
            .map(str::to_owned),
        );
        assert_eq!(
            table.lines(Screen::plain(36))[0].trim_end(),
            "number     title               owner"
        );
        assert_eq!(
            table.lines(Screen::plain(26))[0].trim_end(),
            "number     title"
        );
        assert!(table.lines(Screen::plain(80))[1].ends_with("2026-03-01"));
    }

    #[test]
    fn the_widest_column_gives_way_to_a_narrow_screen() {
        for columns in [40, 30] {
            for line in table().lines(Screen::plain(columns)) {
                assert!(width(&line) <= columns, "{line}");
            }
        }
        assert!(table().lines(Screen::plain(30))[1].ends_with('…'));
    }
}
