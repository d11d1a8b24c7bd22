//! A founder at work: a template of forty fields, cases, and changes of the usual mixture.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use casework_engine::case::{Act, CaseAction, FieldEntry, Opening, PartId};
use casework_engine::moment::Moment;
use casework_engine::replica::{Founding, NewCase, Replica, Storage};
use casework_engine::sync::Holdings as _;
use casework_engine::template::{Category, Field, Package, Stage};
use casework_engine::value::{FieldType, Scalar};
use casework_protocol::digest::sha256;
use casework_protocol::frame::{Answer, Placed, PushItem};
use casework_protocol::ids::{DocumentId, WorkspaceId};
use casework_protocol::keys::SecretKey;

/// Fields of the template; a case is opened with all of them.
pub const FIELDS: usize = 40;
/// Every so many steps a case moves on; the others set fields, comment and label.
pub const STEPS_PER_MOVE: usize = 25;
/// Acts per commit when a workload is made.
const ACTS_PER_COMMIT: usize = 250;
const STAGES: [&str; 4] = ["intake", "review", "answer", "done"];

/// A replica with its key, its template and its clock.
pub struct Office {
    /// The replica.
    pub replica: Replica,
    /// The device's key.
    pub key: SecretKey,
    /// The template of its cases.
    pub template: DocumentId,
    /// What the numbers of its cases begin with; those with `~` wait for the agent's.
    pub series: &'static str,
    moments: u64,
    steps: usize,
    /// How often each case moved.
    moves: BTreeMap<DocumentId, usize>,
}

impl Office {
    /// Founds a workspace in a folder and opens its template.
    #[must_use]
    pub fn found(folder: &Path) -> Self {
        let storage = Storage::folder(folder).expect("the folder can be written");
        let key = SecretKey::from_seed(&[11; 32]);
        let founding = Founding {
            workspace_name: "Bench".into(),
            member_name: "Ana".into(),
            device_name: "Ana's desk".into(),
        };
        let replica = Replica::found(storage, &founding, Arc::new(key.clone()), &moment(0))
            .expect("the folder is empty");
        let template = DocumentId::new([0; 16]);
        let mut office = Self {
            replica,
            key,
            template,
            series: "BEN-~",
            moments: 1,
            steps: 0,
            moves: BTreeMap::new(),
        };
        let revision = package().publish().expect("the template has no fault");
        let now = office.moment();
        office.template = office
            .replica
            .open_template(revision, &now)
            .expect("an owner may publish")
            .document;
        office
    }

    /// Everything is taken by a server, as if at once and in order.
    pub fn acknowledge(&mut self) {
        let mut places = 0;
        loop {
            let parcels = self.replica.outgoing(&[], 1 << 20).expect("it can be read");
            if parcels.is_empty() {
                return;
            }
            let answers = parcels.into_iter().map(|parcel| {
                let count = match &parcel.item {
                    PushItem::Run(run) => run.len(),
                    PushItem::Roster(_) | PushItem::Access { .. } => 1,
                };
                let placed = (0..count).map(|_| {
                    places += 1;
                    Placed {
                        seq: places,
                        received_ms: 1,
                        document_seq: 0,
                        held: false,
                    }
                });
                let answer = Answer::Placed(placed.collect());
                (parcel, answer)
            });
            let answers = answers.collect();
            self.replica.answered(answers).expect("the disk takes it");
        }
    }

    /// Closes the replica and opens it again: from here on it writes under new actors.
    #[must_use]
    pub fn reopen(self, folder: &Path) -> Self {
        let Self {
            replica,
            key,
            template,
            series,
            moments,
            steps,
            moves,
        } = self;
        drop(replica);
        let storage = Storage::folder(folder).expect("the folder can be read");
        let replica = Replica::open(storage, Arc::new(key.clone())).expect("it was closed well");
        Self {
            replica,
            key,
            template,
            series,
            moments,
            steps,
            moves,
        }
    }

    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.replica.workspace()
    }

    /// The next moment: a minute later, with randomness of its own.
    pub fn moment(&mut self) -> Moment {
        self.moments += 1;
        moment(self.moments)
    }

    /// Opens cases with all fields filled.
    pub fn open_cases(&mut self, count: usize) -> Vec<DocumentId> {
        let mut opened = Vec::with_capacity(count);
        while opened.len() < count {
            let most = (count - opened.len()).min(ACTS_PER_COMMIT);
            let news: Vec<(NewCase, Moment)> = (0..most)
                .map(|n| {
                    (
                        new_case((self.template, self.series), opened.len() + n),
                        self.moment(),
                    )
                })
                .collect();
            let mut batch = self.replica.batch();
            for (case, now) in news {
                let acted = batch
                    .open_case(case, &now)
                    .expect("an owner may open a case");
                opened.push(acted.document);
            }
            batch.commit().expect("the disk takes it");
        }
        opened
    }

    /// Does so many things to a case, some hundred per commit.
    pub fn work(&mut self, case: DocumentId, changes: usize) {
        let mut left = changes;
        while left > 0 {
            let most = left.min(ACTS_PER_COMMIT);
            let acts: Vec<(Act, Moment)> = (0..most).map(|_| self.next_act(case)).collect();
            let mut batch = self.replica.batch();
            for (act, now) in acts {
                batch.act(case, act, &now).expect("an owner may act");
            }
            batch.commit().expect("the disk takes it");
            left -= most;
        }
    }

    /// Does one thing to a case, in a commit of its own.
    pub fn act(&mut self, case: DocumentId) {
        let (act, now) = self.next_act(case);
        self.replica.act(case, act, &now).expect("an owner may act");
    }

    /// A case that many openings of the replica worked on: `changes` changes by `actors` actors,
    /// folded into one snapshot as replicas do it.
    #[must_use]
    pub fn long_case(mut self, folder: &Path, changes: usize, actors: usize) -> (Self, DocumentId) {
        let case = self.open_cases(1)[0];
        for _ in 0..actors {
            self = self.reopen(folder);
            self.work(case, changes / actors);
        }
        self.replica.compact([case]).expect("the disk takes it");
        (self, case)
    }

    /// The next thing to do to a case: mostly fields, now and then a comment, a label or a move.
    pub fn next_act(&mut self, case: DocumentId) -> (Act, Moment) {
        let now = self.moment();
        self.steps += 1;
        let n = self.steps;
        let id = PartId::derive(&now.derive("bench"), 0);
        let action = if n.is_multiple_of(STEPS_PER_MOVE) {
            let moves = self.moves.entry(case).or_default();
            *moves += 1;
            CaseAction::Move {
                to: STAGES[*moves % 3].into(),
            }
        } else if n.is_multiple_of(7) {
            let body = format!("{n}: spoke with the customer, who will send the papers");
            CaseAction::Comment {
                id,
                body,
                external: false,
                reply_to: None,
            }
        } else if n.is_multiple_of(11) {
            CaseAction::AddLabel {
                label: format!("label {n}"),
            }
        } else {
            let value = Scalar::Text(format!("value {n} of the field"));
            CaseAction::SetField {
                field: field_id(n % FIELDS),
                value,
            }
        };
        (Act::new(id, action), now)
    }
}

fn moment(n: u64) -> Moment {
    let seed = sha256(&[b"bench", &n.to_be_bytes()]);
    Moment {
        now_ms: 1_700_000_000_000 + 60_000 * n,
        zone_min: 60,
        seed,
    }
}

fn field_id(n: usize) -> String {
    format!("field-{n}")
}

fn package() -> Package {
    let mut package = Package::new("BEN", "Benchmark");
    let categories = [
        Category::Intake,
        Category::Active,
        Category::Active,
        Category::Done,
    ];
    package.stages = STAGES
        .iter()
        .zip(categories)
        .map(|(id, category)| Stage::new(*id, *id, category))
        .collect();
    package.fields = (0..FIELDS)
        .map(|n| {
            let mut field = Field::new(field_id(n), format!("Field {n}"), FieldType::Text);
            field.card = n < 4;
            field
        })
        .collect();
    package
}

fn new_case((template, series): (DocumentId, &str), n: usize) -> NewCase {
    let value = |field: usize| FieldEntry::Value(Scalar::Text(format!("case {n}, field {field}")));
    let fields: BTreeMap<String, FieldEntry> = (0..FIELDS)
        .map(|field| (field_id(field), value(field)))
        .collect();
    let opening = Opening {
        template,
        title: format!("Case {n} of the benchmark"),
        number: format!("{series}{n}"),
        stage: STAGES[0].into(),
        fields,
        owner: None,
        assignees: [].into(),
    };
    NewCase {
        opening,
        imported: None,
        restricted: false,
        viewers: Vec::new(),
        overriding: None,
    }
}
