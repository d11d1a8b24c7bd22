//! Access records that a server, put back to a backup, went on with beside what it lost.

use super::*;
use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::authority::Received;

const NEXT_EPOCH: EpochId = EpochId::new([2; 16]);

fn gives(member: MemberId) -> AccessBody {
    AccessBody::Change {
        add: vec![Principal::Member(member)],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    }
}

/// What a server has at one time, to be put back to.
struct Backup {
    items: usize,
    size: u64,
    numbers: BTreeMap<DocumentId, u64>,
}

impl Log {
    fn back_up(&self) -> Backup {
        Backup {
            items: self.items.len(),
            size: self.size,
            numbers: self.numbers.clone(),
        }
    }

    fn restore(&mut self, backup: Backup) {
        self.items.truncate(backup.items);
        self.size = backup.size;
        self.numbers = backup.numbers;
    }
}

/// Ana, rui and mia with ana's case. Ana gave it to rui, and the server lost that; then rui, who
/// never knew of it, gave it to mia.
struct Scene {
    clock: Clock,
    log: Log,
    ana: Replica,
    rui: Replica,
    id: DocumentId,
    members: [Principal; 2],
}

fn scene() -> Scene {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision(), &clock.next()).unwrap();
    let id = open(&mut ana, template.document, &mut clock);
    log.take(&mut ana);
    let mut rui = join(&mut log, &mut ana, &mut clock, 3, "operator");
    let mia = join(&mut log, &mut ana, &mut clock, 4, "operator");
    log.give(&mut rui);
    let members = [rui.member().unwrap(), mia.member().unwrap()];
    let backup = log.back_up();
    ana.change_access(id, gives(members[0]), &clock.next())
        .unwrap();
    log.take(&mut ana);
    assert_eq!(ana.access(id).unwrap().head().version(), 2);
    log.restore(backup);
    Scene {
        clock,
        log,
        ana,
        rui,
        id,
        members: members.map(Principal::Member),
    }
}

impl Scene {
    /// Rui gives the case to mia.
    fn go_on(&mut self) {
        let Principal::Member(mia) = &self.members[1] else {
            panic!("mia is a member");
        };
        let (rui, moment) = (&mut self.rui, self.clock.next());
        rui.change_access(self.id, gives(*mia), &moment).unwrap();
        act(rui, self.id, &mut self.clock, set("phone", "112"));
        self.log.take(rui);
    }

    /// What ana said is said again, and her work lands everywhere.
    fn assert_joined(mut self) {
        let record = self.ana.access(self.id).unwrap();
        assert_eq!(record.head().version(), 2);
        assert!(record.head().contains(&self.members[1]));
        assert_eq!(self.ana.unsent().unwrap(), 1, "her entry waits again");
        act(&mut self.ana, self.id, &mut self.clock, set("phone", "113"));
        self.log.take(&mut self.ana);
        for replica in [&mut self.ana, &mut self.rui] {
            self.log.give(replica);
            let record = replica.access(self.id).unwrap();
            assert_eq!(record.head().version(), 3);
            assert!(self.members.iter().all(|one| record.head().contains(one)));
            assert!(replica.quarantined().unwrap().is_empty());
            assert!(replica.verify(&mut |_, _| {}).unwrap().holds());
        }
        let seen = self.ana.case(self.id).unwrap();
        assert_eq!(seen, self.rui.case(self.id).unwrap());
        assert!(self.ana.drawer().unwrap().is_empty());
    }
}

#[test]
fn an_access_entry_that_a_new_epoch_went_on_beside_is_said_again_by_its_author() {
    let mut scene = scene();
    scene.go_on();
    let cursor = Cursor {
        epoch: NEXT_EPOCH,
        seq: 0,
    };
    scene.ana.enter_epoch(cursor).unwrap();
    scene.log.give(&mut scene.ana);
    scene.assert_joined();
}

#[test]
fn an_access_entry_that_was_answered_and_lost_gives_way_to_what_the_log_went_on_with() {
    let mut scene = scene();
    scene.go_on();
    scene.ana.goes_on(scene.log.size).unwrap();
    scene.log.give(&mut scene.ana);
    scene.assert_joined();
}

#[test]
fn an_access_entry_that_a_shorter_log_has_not_got_has_no_place() {
    let mut scene = scene();
    let placed = |ana: &mut Replica, id| ana.access(id).unwrap().received(2).unwrap().seq;
    assert_ne!(placed(&mut scene.ana, scene.id), Received::UNSEQUENCED);
    scene.ana.goes_on(scene.log.size).unwrap();
    assert_eq!(placed(&mut scene.ana, scene.id), Received::UNSEQUENCED);
}

#[test]
fn an_access_entry_that_a_head_covers_gives_way_to_no_other() {
    let mut scene = scene();
    scene.go_on();
    // As if the session had begun under a head that covers it.
    let size = scene.log.size;
    scene.log.give(&mut scene.ana);
    assert!(size > scene.ana.access(scene.id).unwrap().received(2).unwrap().seq);
    let record = scene.ana.access(scene.id).unwrap();
    assert!(record.head().contains(&scene.members[0]));
    let blamed = |notice: &Notice| matches!(notice, Notice::ServerFault { what } if what.contains("another entry"));
    assert!(scene.ana.take_notices().iter().any(blamed));
}
