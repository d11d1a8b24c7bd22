//! Opening a verified case for work, and reading one without opening it.

use automerge::Automerge;
use casework_engine::replica::DEFAULT_DOCUMENT_MEMORY;
use casework_protocol::ids::DocumentId;

use super::folder;
use crate::measure::{Scale, alternate, timed};
use crate::table::{Aim, Figure, Row};
use crate::workload::Office;

/// A replica with one long case.
pub struct LongCase {
    /// Its folder, which goes with it.
    pub folder: tempfile::TempDir,
    /// The office.
    pub office: Office,
    /// The case.
    pub case: DocumentId,
    /// The saved document.
    pub saved: Vec<u8>,
    /// How many changes it has.
    pub changes: usize,
}

/// Makes a case of 10,000 changes by five actors.
#[must_use]
pub fn long_case(scale: Scale) -> LongCase {
    let folder = folder();
    let changes = scale.of(10_000, 100);
    let office = Office::found(folder.path());
    let (mut office, case) = office.long_case(folder.path(), changes, 5);
    let saved = office.replica.export(case).expect("the case is here");
    LongCase {
        folder,
        office,
        case,
        saved,
        changes,
    }
}

impl LongCase {
    /// Closes all documents and opens this one for work: what an action waits for.
    pub fn open_for_work(&mut self) {
        self.office
            .replica
            .set_document_memory(DEFAULT_DOCUMENT_MEMORY);
        self.office
            .replica
            .compact([self.case])
            .expect("the case is here");
        assert_eq!(self.office.replica.open_documents(), 1);
    }

    /// Reads the case while no document is open.
    pub fn read(&mut self) {
        self.office
            .replica
            .set_document_memory(DEFAULT_DOCUMENT_MEMORY);
        std::hint::black_box(
            self.office
                .replica
                .case(self.case)
                .expect("the case is here"),
        );
        assert_eq!(self.office.replica.open_documents(), 0);
    }

    /// The yardstick: the document library alone.
    pub fn bare_load(&self) {
        std::hint::black_box(Automerge::load(&self.saved).expect("it was just saved"));
    }
}

/// Opens a verified case for work, beside a bare load of the same document.
#[must_use]
pub fn open(scale: Scale) -> Vec<Row> {
    let case = std::cell::RefCell::new(long_case(scale));
    let rounds = scale.of(21, 3);
    let (ours, bare) = alternate(
        rounds,
        || timed(|| case.borrow_mut().open_for_work()),
        || timed(|| case.borrow().bare_load()),
    );
    let changes = case.borrow().changes;
    vec![Row {
        what: format!("open a verified case of {changes} changes for work"),
        measured: Figure::Time(ours),
        yardstick: ("bare `Automerge::load`", Figure::Time(bare)),
        aim: Aim::AtMost(1.15),
    }]
}

/// Reads a case from its stored view.
#[must_use]
pub fn read(scale: Scale) -> Vec<Row> {
    let case = std::cell::RefCell::new(long_case(scale));
    let rounds = scale.of(51, 3);
    let (ours, bare) = alternate(
        rounds,
        || timed(|| case.borrow_mut().read()),
        || timed(|| case.borrow().bare_load()),
    );
    let changes = case.borrow().changes;
    vec![Row {
        what: format!("read a case of {changes} changes"),
        measured: Figure::Time(ours),
        yardstick: ("bare `Automerge::load`", Figure::Time(bare)),
        aim: Aim::Within(Figure::Time(std::time::Duration::from_millis(2))),
    }]
}
