//! A repeating group: an ordered list of rows, each a map from column id to one scalar.
//!
//! The rows know their shape, not their columns: whether a cell fits its column is judged with the
//! field at hand (`template/check.rs`). A cell that is empty is absent, never null.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::scalar::Scalar;
use super::text::is_slug;

/// Most rows of one table value: it is one atomic value that is rewritten as a whole.
pub const MAX_TABLE_ROWS: usize = 500;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Names the row within its table, so that people can speak of it after others were added.
    pub id: String,
    /// The filled cells by column id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: BTreeMap<String, Scalar>,
}

/// The whole table as one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A table; `None` when there are no rows or more than [`MAX_TABLE_ROWS`], when a row or
    /// column id is not an id or a row id comes twice, or when a cell is null.
    #[must_use]
    pub fn new(rows: Vec<Row>) -> Option<Self> {
        let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let fits = (1..=MAX_TABLE_ROWS).contains(&rows.len())
            && ids.len() == rows.len()
            && ids.into_iter().all(is_slug)
            && rows
                .iter()
                .flat_map(|row| &row.cells)
                .all(|(column, cell)| is_slug(column) && !cell.is_null());
        fits.then_some(Self { rows })
    }

    /// The rows in their order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and scalars are always JSON")
    }

    pub(super) fn from_json(json: &str) -> Option<Self> {
        Self::new(serde_json::from_str(json).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_rows_with_distinct_ids_and_no_null_cells() {
        assert!(Table::from_json(r#"[{"id":"b","cells":{"x":1}},{"id":"a"}]"#).is_some());
        for json in [
            "[]",
            "{}",
            r#"[{"id":"a"},{"id":"a"}]"#,
            r#"[{"id":"A"}]"#,
            r#"[{"id":"a","cells":{"X":1}}]"#,
            r#"[{"id":"a","cells":{"x":null}}]"#,
            r#"[{"id":"a","cells":{"x":[1]}}]"#,
            r#"[{"id":"a","extra":1}]"#,
        ] {
            assert_eq!(Table::from_json(json), None, "{json}");
        }
    }

    #[test]
    fn a_table_deeper_than_the_stack_is_refused_without_falling() {
        assert_eq!(Table::from_json(&"[".repeat(100_000)), None);
    }
}
