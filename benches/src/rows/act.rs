//! One local action, durable, beside the least that any program must do for it.

use std::time::Duration;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{Automerge, ReadDoc as _};
use casework_protocol::digest::Tag;
use casework_protocol::ids::DocumentId;
use casework_protocol::keys::Signer as _;

use super::folder;
use crate::bare;
use crate::measure::{Scale, alternate, timed};
use crate::table::{Aim, Figure, Row};
use crate::workload::Office;

/// Changes of the case that is acted on.
const CHANGES: usize = 100;

/// A case to act on, and the same document with a bare store beside it.
pub struct Acting {
    _folder: tempfile::TempDir,
    office: Office,
    case: DocumentId,
    bare: Automerge,
    store: redb::Database,
    rows: u64,
    step: u64,
}

/// Makes a case of a hundred changes.
#[must_use]
pub fn acting() -> Acting {
    let folder = folder();
    let mut office = Office::found(folder.path());
    let case = office.open_cases(1)[0];
    office.work(case, CHANGES);
    let saved = office.replica.export(case).expect("the case is here");
    let bare = Automerge::load(&saved).expect("it was just saved");
    let store = redb::Database::create(folder.path().join("bare.redb")).expect("there is room");
    Acting {
        _folder: folder,
        office,
        case,
        bare,
        store,
        rows: 0,
        step: 0,
    }
}

impl Acting {
    /// An action through every check, durable when it returns.
    pub fn act(&mut self) -> Duration {
        let (act, now) = self.office.next_act(self.case);
        let acted = timed(|| self.office.replica.act(self.case, act, &now));
        // Compaction happens between actions, as the SDK does it.
        self.office
            .replica
            .compact([self.case])
            .expect("the disk takes it");
        acted
    }

    /// The yardstick: put, commit, sign, and one durable row.
    pub fn act_bare(&mut self) -> Duration {
        self.step += 1;
        let fields = self.bare.get(automerge::ROOT, "fields").ok().flatten();
        let fields = fields.expect("a case has fields").1;
        timed(|| {
            let mut tx = self.bare.transaction();
            tx.put(&fields, "field-3", format!("value {}", self.step))
                .expect("it is a map");
            let hash = tx
                .commit_with(CommitOptions::default())
                .0
                .expect("something was put");
            let signature = self.office.key.sign(Tag::Change, &[&hash.0]);
            let change = self
                .bare
                .get_change_by_hash(&hash)
                .expect("it was just made");
            let row = [change.raw_bytes(), signature.as_bytes()].concat();
            bare::append(&self.store, &mut self.rows, &[row]);
        })
    }
}

/// One local action beside its yardstick.
#[must_use]
pub fn act(scale: Scale) -> Vec<Row> {
    let acting = std::cell::RefCell::new(acting());
    let (ours, bare) = alternate(
        scale.of(400, 5),
        || acting.borrow_mut().act(),
        || acting.borrow_mut().act_bare(),
    );
    vec![Row {
        what: "one local action, durable".into(),
        measured: Figure::Time(ours),
        yardstick: ("bare transact + sign + redb commit", Figure::Time(bare)),
        aim: Aim::AtMost(1.3),
    }]
}
