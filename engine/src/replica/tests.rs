//! Played on replicas in memory, with a log that sequences what they push.

mod breaches;
mod epochs;
mod fallen_publishes;
mod forks;
mod on_their_way;
mod rescuing;
mod rights;
mod rights_oracle;
mod stage_roles;

use std::collections::BTreeMap;
use std::sync::Arc;

use casework_protocol::frame::{
    Answer, Cursor, Logged, LoggedRun, Placed, PushItem, Standing as LogStanding, Start,
};
use casework_protocol::ids::{DocumentId, EpochId, MemberId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::roster::draft::redeem_proof;
use casework_protocol::roster::entry::{InviteFor, RosterBody};
use redb::backends::InMemoryBackend;

use super::*;
use crate::case::{Act, CaseAction, Opening, PartId};
use crate::moment::Moment;
use crate::sync::{Holdings, Parcel};
use crate::template::{Category, Field, Package, Revision, Stage};
use crate::value::{FieldType, Scalar};

const EPOCH: EpochId = EpochId::new([1; 16]);

/// Moments that never repeat.
struct Clock(u64);

impl Clock {
    fn next(&mut self) -> Moment {
        self.0 += 1;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.0.to_be_bytes());
        Moment {
            now_ms: 1_700_000_000_000 + self.0 * 1_000,
            zone_min: 60,
            seed,
        }
    }
}

/// A server that takes everything, in order.
#[derive(Default)]
struct Log {
    items: Vec<Logged>,
    size: u64,
    numbers: BTreeMap<DocumentId, u64>,
    hold_runs_of: Option<DeviceId>,
}

impl Log {
    fn take(&mut self, replica: &mut Replica) {
        loop {
            let parcels = replica.outgoing(&[], 1 << 20).unwrap();
            let founding = replica.founding().unwrap();
            if parcels.is_empty() && founding.is_empty() {
                return;
            }
            let parcels: Vec<Parcel> = founding.into_iter().chain(parcels).collect();
            let answers = parcels
                .into_iter()
                .map(|parcel| (parcel.clone(), self.place(parcel.item)));
            let answers = answers.collect();
            replica.answered(answers).unwrap();
        }
    }

    fn place(&mut self, item: PushItem) -> Answer {
        let (seq, received_ms) = (self.size, 1_700_000_000_000 + self.size);
        let document = match &item {
            PushItem::Run(run) => Some(run.document()),
            PushItem::Access { document, .. } => Some(*document),
            PushItem::Roster(_) => None,
        };
        let mut count = 1;
        let number = document.map_or(0, |id| *self.numbers.entry(id).or_default());
        let mut held = false;
        let logged = match item {
            PushItem::Roster(entry) => Logged::Roster {
                seq,
                received_ms,
                entry,
            },
            PushItem::Access { document, entry } => Logged::Access {
                seq,
                document_seq: number,
                received_ms,
                document,
                entry,
            },
            PushItem::Run(run) => {
                count = run.len() as u64;
                held = self.hold_runs_of == Some(run.device());
                let standing = if held {
                    LogStanding::Held
                } else {
                    LogStanding::Admitted
                };
                Logged::Run(LoggedRun {
                    seq,
                    document_seq: number,
                    received_ms,
                    standing,
                    run,
                })
            }
        };
        if let Some(id) = document {
            *self.numbers.entry(id).or_default() += count;
        }
        self.items.push(logged);
        self.size += count;
        let placed = |n| Placed {
            seq: seq + n,
            received_ms,
            held,
            document_seq: number + n,
        };
        Answer::Placed((0..count).map(placed).collect())
    }

    fn give(&self, replica: &mut Replica) {
        let from = match replica.start() {
            Start::At(cursor) => cursor.seq,
            Start::Nothing | Start::Partway { .. } => 0,
        };
        let items = self
            .items
            .iter()
            .filter(|item| item.seq() >= from)
            .cloned()
            .collect();
        let start = Start::At(Cursor {
            epoch: EPOCH,
            seq: self.size,
        });
        replica.take(items, start).unwrap();
    }
}

fn package() -> Package {
    let mut package = Package::new("CO", "Complaint");
    package.stages = vec![
        Stage::new("intake", "Intake", Category::Intake),
        Stage::new("review", "Review", Category::Active),
        Stage::new("closed", "Closed", Category::Done),
    ];
    package.fields = vec![
        Field::new("phone", "Phone", FieldType::Text),
        Field::new("visits", "Visits", FieldType::Counter),
    ];
    package
}

fn revision() -> Revision {
    package().publish().unwrap()
}

fn founder(clock: &mut Clock) -> Replica {
    let founding = Founding {
        workspace_name: "Camp".into(),
        member_name: "Ana".into(),
        device_name: "laptop".into(),
    };
    let key = Arc::new(SecretKey::from_seed(&[1; 32]));
    let storage = Storage::backend(InMemoryBackend::new()).unwrap();
    Replica::found(storage, &founding, key, &clock.next()).unwrap()
}

/// A second member's replica, joined by an invite through the log.
fn join(log: &mut Log, founder: &mut Replica, clock: &mut Clock, n: u8, role: &str) -> Replica {
    let invite = SecretKey::from_seed(&[n + 100; 32]);
    let body = RosterBody::OpenInvite {
        invite: invite.invite(),
        gives: InviteFor::Member {
            roles: vec![role.to_owned()],
        },
        expires_ms: u64::MAX,
        uses: 1,
    };
    founder.authorise(body, &clock.next()).unwrap();
    log.take(founder);
    let key = Arc::new(SecretKey::from_seed(&[n; 32]));
    let identity = Identity {
        workspace: founder.workspace(),
        key: key.clone(),
    };
    let storage = Storage::backend(InMemoryBackend::new()).unwrap();
    let server = ServerRow {
        address: "ws://x".into(),
        key: None,
    };
    let mut replica = Replica::join(
        storage,
        identity,
        &server,
        SecretKey::from_seed(&[n + 100; 32]),
    )
    .unwrap();
    log.give(&mut replica);
    let member = MemberId::new([n; 16]);
    let proof = redeem_proof(&invite, replica.workspace(), key.device(), member);
    let body = RosterBody::Redeem {
        invite: invite.invite(),
        member,
        member_name: format!("member {n}"),
        device_name: "phone".into(),
        proof,
    };
    replica.authorise(body, &clock.next()).unwrap();
    log.take(&mut replica);
    log.give(&mut replica);
    log.give(founder);
    replica
}

fn open(replica: &mut Replica, template: DocumentId, clock: &mut Clock) -> DocumentId {
    let opening = Opening {
        template,
        title: "Broken street lamp".into(),
        number: "CO-~K7Q2".into(),
        stage: "intake".into(),
        fields: BTreeMap::new(),
        owner: None,
        assignees: Default::default(),
    };
    let case = NewCase {
        opening,
        imported: None,
        restricted: false,
        viewers: Vec::new(),
        overriding: None,
    };
    replica.open_case(case, &clock.next()).unwrap().document
}

fn act(replica: &mut Replica, id: DocumentId, clock: &mut Clock, action: CaseAction) -> Acted {
    let moment = clock.next();
    replica
        .act(
            id,
            Act::new(PartId::derive(&moment.seed, 0), action),
            &moment,
        )
        .unwrap()
}

fn set(field: &str, value: &str) -> CaseAction {
    CaseAction::SetField {
        field: field.into(),
        value: Scalar::text(value),
    }
}

fn stage(replica: &mut Replica, id: DocumentId) -> String {
    replica.case(id).unwrap().stage.shown().value.clone()
}

#[test]
fn an_action_is_there_after_the_replica_was_closed_and_opened() {
    let mut clock = Clock(0);
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        workspace_name: "Camp".into(),
        member_name: "Ana".into(),
        device_name: "laptop".into(),
    };
    let key = Arc::new(SecretKey::from_seed(&[1; 32]));
    let id = {
        let storage = Storage::folder(folder.path()).unwrap();
        let mut replica = Replica::found(storage, &founding, key.clone(), &clock.next()).unwrap();
        let template = replica
            .open_template(revision(), &clock.next())
            .unwrap()
            .document;
        let id = open(&mut replica, template, &mut clock);
        act(
            &mut replica,
            id,
            &mut clock,
            CaseAction::Move {
                to: "review".into(),
            },
        );
        assert!(matches!(
            Storage::folder(folder.path()),
            Err(ReplicaFault::Store(StoreError::InUse))
        ));
        id
    };
    let mut replica = Replica::open(Storage::folder(folder.path()).unwrap(), key).unwrap();
    assert_eq!(stage(&mut replica, id), "review");
    assert_eq!(
        replica.open_documents(),
        0,
        "a case is read from its stored view"
    );
    act(&mut replica, id, &mut clock, set("phone", "112"));
    assert!(replica.verify(&mut |_, _| {}).unwrap().holds());
}

#[test]
fn two_replicas_that_moved_one_case_apart_show_it_contested_on_both() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana
        .open_template(revision(), &clock.next())
        .unwrap()
        .document;
    let id = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    let mut rui = join(&mut log, &mut ana, &mut clock, 2, "operator");
    act(
        &mut ana,
        id,
        &mut clock,
        CaseAction::Move {
            to: "review".into(),
        },
    );
    act(
        &mut rui,
        id,
        &mut clock,
        CaseAction::Move {
            to: "closed".into(),
        },
    );
    act(&mut rui, id, &mut clock, set("phone", "112"));
    for _ in 0..2 {
        log.take(&mut ana);
        log.take(&mut rui);
        log.give(&mut ana);
        log.give(&mut rui);
    }
    let (a, b) = (ana.case(id).unwrap(), rui.case(id).unwrap());
    assert_eq!(a, b);
    assert!(a.stage.is_contested());
    assert_eq!((ana.unsent().unwrap(), rui.unsent().unwrap()), (0, 0));
    for replica in [&mut ana, &mut rui] {
        let found = replica.verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{found:?}");
        assert_eq!(found.unsent, 0);
        assert_eq!(replica.take_notices(), vec![]);
    }
}

#[test]
fn work_held_by_the_relay_moves_to_the_drawer_and_comes_back_when_adopted() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana
        .open_template(revision(), &clock.next())
        .unwrap()
        .document;
    let id = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    let mut rui = join(&mut log, &mut ana, &mut clock, 2, "operator");
    act(&mut rui, id, &mut clock, set("phone", "112"));
    act(
        &mut rui,
        id,
        &mut clock,
        CaseAction::Move {
            to: "review".into(),
        },
    );
    let revoke = RosterBody::RevokeDevice {
        device: rui.device(),
        reason: "left".into(),
    };
    ana.authorise(revoke, &clock.next()).unwrap();
    log.take(&mut ana);
    log.hold_runs_of = Some(rui.device());
    log.take(&mut rui);
    assert_eq!(stage(&mut rui, id), "intake");
    assert_eq!(rui.drawer().unwrap().len(), 2);
    assert!(
        rui.drawer()
            .unwrap()
            .iter()
            .all(|drawn| drawn.held && drawn.act.is_some())
    );
    log.give(&mut ana);
    assert_eq!(stage(&mut ana, id), "intake");
    assert_eq!(ana.held().unwrap().len(), 2);
    assert_eq!(
        ana.adopt(id, "it was honest work", &clock.next())
            .unwrap()
            .0,
        2
    );
    log.take(&mut ana);
    log.give(&mut ana);
    log.give(&mut rui);
    assert_eq!(stage(&mut ana, id), "review");
    assert_eq!(ana.case(id).unwrap(), rui.case(id).unwrap());
    assert!(ana.held().unwrap().is_empty());
}

#[test]
fn a_case_whose_opening_is_held_shows_nothing_and_is_not_set_aside_until_it_is_adopted() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision(), &clock.next()).unwrap();
    log.take(&mut ana);
    let mut rui = join(&mut log, &mut ana, &mut clock, 3, "operator");
    let id = open(&mut rui, template.document, &mut clock);
    act(&mut rui, id, &mut clock, set("phone", "1"));
    let body = RosterBody::ChangeMember {
        member: rui.member().unwrap(),
        name: None,
        add_roles: vec!["viewer".into()],
        remove_roles: vec!["operator".into()],
        active: None,
    };
    ana.authorise(body, &clock.next()).unwrap();
    log.take(&mut ana);
    log.take(&mut rui);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert_eq!(replica.quarantined().unwrap(), vec![]);
        assert!(replica.case(id).is_err(), "nothing of it stands yet");
        assert!(replica.cards().unwrap().is_empty());
        assert_eq!(replica.held().unwrap().len(), 2);
    }
    assert_eq!(rui.drawer().unwrap().len(), 2);
    ana.adopt(id, "it was honest work", &clock.next()).unwrap();
    log.take(&mut ana);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert_eq!(stage(replica, id), "intake");
        assert_eq!(replica.cards().unwrap().len(), 1);
    }
    assert_eq!(ana.case(id).unwrap(), rui.case(id).unwrap());
}

#[test]
fn a_member_without_the_grant_is_refused_by_name_before_anything_is_written() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana
        .open_template(revision(), &clock.next())
        .unwrap()
        .document;
    let id = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    let mut eve = join(&mut log, &mut ana, &mut clock, 3, "viewer");
    let moment = clock.next();
    let action = CaseAction::Move {
        to: "review".into(),
    };
    let refused = eve.act(
        id,
        Act::new(PartId::derive(&moment.seed, 0), action),
        &moment,
    );
    let Err(ReplicaFault::Denied(denial)) = refused else {
        panic!("{refused:?}");
    };
    let said = denial.to_string();
    assert!(
        said.contains("moving a case to stage review of")
            && said.contains("needs the grant \"move stage:CO/review\"")
            && said.contains("no role of member 3 gives"),
        "{said}"
    );
    assert_eq!(eve.unsent().unwrap(), 0);
    assert_eq!(stage(&mut eve, id), "intake");
}

#[test]
fn whoever_is_refused_something_does_not_wait_for_the_next_thing() {
    let mut clock = Clock(0);
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision(), &clock.next()).unwrap();
    let id = open(&mut ana, template.document, &mut clock);
    act(&mut ana, id, &mut clock, set("phone", "112"));
    let open_before = ana.open_documents();
    let (moment, nobody) = (clock.next(), MemberId::new([9; 16]));
    let act = Act::new(
        PartId::derive(&moment.seed, 0),
        CaseAction::Assign { member: nobody },
    );
    assert!(ana.act(id, act, &moment).is_err());
    assert_eq!(ana.open_documents(), open_before, "the case stays open");
    let phone = |ana: &mut Replica| ana.case(id).unwrap().fields["phone"].value.clone();
    assert_eq!(phone(&mut ana).unwrap().value().as_text(), Some("112"));
}

#[test]
fn a_snapshot_changes_nothing_that_can_be_seen() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana
        .open_template(revision(), &clock.next())
        .unwrap()
        .document;
    let id = open(&mut ana, template, &mut clock);
    for n in 0..200 {
        act(
            &mut ana,
            id,
            &mut clock,
            CaseAction::Count {
                field: "visits".into(),
                by: n + 1,
            },
        );
        if n == 120 {
            log.take(&mut ana);
        }
    }
    log.take(&mut ana);
    let before = ana.case(id).unwrap();
    let page = crate::view::TimelinePage { skip: 0, take: 300 };
    let timeline = ana.timeline(id, page).unwrap();
    assert!(timeline.iter().all(|entry| entry.arrival.is_some()));
    ana.documents.close_all();
    assert_eq!(ana.case(id).unwrap(), before);
    assert_eq!(ana.timeline(id, page).unwrap().len(), timeline.len());
    let found = ana.verify(&mut |_, _| {}).unwrap();
    assert!(found.holds() && found.unsent == 0, "{found:?}");
}

#[test]
fn a_document_whose_stored_bytes_are_damaged_is_set_aside_and_the_others_go_on() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision(), &clock.next()).unwrap();
    log.take(&mut ana);
    let mut rui = join(&mut log, &mut ana, &mut clock, 2, "operator");
    let (damaged, sound) = (
        open(&mut ana, template.document, &mut clock),
        open(&mut ana, template.document, &mut clock),
    );
    log.take(&mut ana);
    log.give(&mut rui);
    damage(&mut rui, damaged);
    for (id, phone) in [(damaged, "112"), (sound, "112"), (damaged, "115")] {
        act(&mut ana, id, &mut clock, set("phone", phone));
        log.take(&mut ana);
        log.give(&mut rui);
    }
    assert!(rui.case(sound).unwrap().fields.contains_key("phone"));
    let told = |notice: &Notice| matches!(notice, Notice::DocumentQuarantined { document, .. } if *document == damaged);
    assert_eq!(rui.take_notices().iter().filter(|n| told(n)).count(), 1);
    act(&mut rui, sound, &mut clock, set("phone", "116"));
    log.take(&mut rui);
    log.give(&mut ana);
    assert_eq!(ana.case(sound).unwrap(), rui.case(sound).unwrap());
}

/// Tears the first change of a document on the disk.
fn damage(replica: &mut Replica, id: DocumentId) {
    replica.documents.close_all();
    let mut writes = store::Writes::default();
    let mut torn = Vec::new();
    replica
        .store
        .scan(tables::Table::Changes, id.as_bytes(), |key, value| {
            let mut row: rows::ChangeRow = store::decode_row(tables::Table::Changes, value)?;
            row.bytes.truncate(row.bytes.len() / 2);
            torn.push((key.to_vec(), row));
            Ok(false)
        })
        .unwrap();
    for (key, row) in torn {
        writes.put_cbor(tables::Table::Changes, key, &row);
    }
    replica.commit(writes).unwrap();
}

mod agency;
mod automating;
mod timed;
