//! The board of a whole office, from a store that was just opened.

use std::sync::Arc;

use casework_engine::replica::{Replica, Storage};

use super::folder;
use crate::bare::{ROWS, append};
use crate::measure::{Scale, alternate, timed};
use crate::table::{Aim, Figure, Row};
use crate::workload::Office;
use redb::{ReadableDatabase as _, ReadableTable as _};

/// Opens a replica of 10,000 cases that a server has, and reads all cards, beside reading the same cards from redb.
///
/// Both files are in the page cache, and both are opened anew in every round.
///
/// # Panics
/// When the workload cannot be made.
#[must_use]
pub fn board(scale: Scale) -> Vec<Row> {
    let folder = folder();
    let cases = scale.of(10_000, 50);
    let (place, bare) = (
        folder.path().join("replica"),
        folder.path().join("bare.redb"),
    );
    let mut office = Office::found(&place);
    office.open_cases(cases);
    office.acknowledge();
    let cards: Vec<Vec<u8>> = office
        .replica
        .cards()
        .expect("the store can be read")
        .iter()
        .map(|card| card.to_stored())
        .collect();
    assert_eq!(cards.len(), cases);
    append(
        &redb::Database::create(&bare).expect("there is room"),
        &mut 0,
        &cards,
    );
    let key = Arc::new(office.key.clone());
    drop(office);
    let ours = || {
        timed(|| {
            let storage = Storage::folder(&place).expect("nobody else has it");
            let replica = Replica::open(storage, key.clone()).expect("it was closed well");
            assert_eq!(replica.cards().expect("the store can be read").len(), cases);
        })
    };
    let yardstick = || {
        timed(|| {
            let database = redb::Database::open(&bare).expect("it was closed well");
            let transaction = database.begin_read().expect("the store works");
            let table = transaction.open_table(ROWS).expect("the table is there");
            let rows = table.iter().expect("the store works");
            let read: usize = rows
                .map(|row| row.expect("a row").1.value().to_vec().len())
                .sum();
            assert!(read > cases);
        })
    };
    let (ours, yardstick) = alternate(scale.of(9, 2), ours, yardstick);
    let row = |aim| Row {
        what: format!("board of {cases} cases, store just opened"),
        measured: Figure::Time(ours),
        yardstick: ("the same cards from redb", Figure::Time(yardstick)),
        aim,
    };
    let limit = Figure::Time(std::time::Duration::from_millis(100));
    vec![row(Aim::AtMost(2.0)), row(Aim::Within(limit))]
}
