//! Work that a server lost: of a case that it takes away meanwhile, or that it refuses to take back.

use casework_protocol::access::entry::AccessBody;

use super::*;
use crate::sync::Turn;

impl Scene {
    /// The server is put back to when its log had this size.
    fn put_back(&mut self, size: u64) {
        let log = &mut self.log;
        log.items.retain(|item| item.seq() < size);
        log.size = size;
        log.numbers.clear();
        for item in &log.items {
            if let Some(id) = item.document() {
                *log.numbers.entry(id).or_default() += item.len();
            }
        }
    }

    /// Only those named see the case from now on, and rui is not.
    fn take_sight(&mut self) {
        let body = AccessBody::Change {
            add: Vec::new(),
            remove: Vec::new(),
            restricted: Some(true),
            legal_hold: None,
        };
        self.ana
            .change_access(self.id, body, &self.clock.next())
            .unwrap();
        self.log.take(&mut self.ana);
    }
}

#[test]
fn what_a_server_lost_of_a_case_that_it_then_takes_away_lies_in_the_drawer() {
    let mut scene = scene();
    let (id, size) = (scene.id, scene.log.size);
    let lost = act(&mut scene.rui, id, &mut scene.clock, set("phone", "112"));
    scene.log.take(&mut scene.rui);
    scene.put_back(size);
    scene.rui.goes_on(size).unwrap();
    scene.take_sight();
    scene.log.give(&mut scene.rui);
    scene.rui.evict(id).unwrap();
    let words = "field.set".to_owned();
    assert_eq!(drawn(&scene.rui), [(lost.change, words)]);
    let evicted = |notice: &Notice| matches!(notice, Notice::Evicted { rescued: 1, .. });
    assert!(scene.rui.take_notices().iter().any(evicted));
}

#[test]
fn what_an_ended_epoch_took_along_of_a_case_that_is_taken_away_lies_in_the_drawer() {
    let mut scene = scene();
    let id = scene.id;
    act(&mut scene.rui, id, &mut scene.clock, set("phone", "111"));
    scene.log.take(&mut scene.rui);
    scene.log.give(&mut scene.rui);
    let common = scene.log.size;
    let lost = act(&mut scene.rui, id, &mut scene.clock, set("phone", "112"));
    scene.log.take(&mut scene.rui);
    // Judged at its place, so nothing of it is kept as what was done.
    scene.log.give(&mut scene.rui);
    scene.put_back(common);
    let epoch = EpochId::new([2; 16]);
    scene.rui.turn(Turn::Epoch { epoch, common }).unwrap();
    scene.take_sight();
    scene.log.give(&mut scene.rui);
    scene.rui.evict(id).unwrap();
    let words = "field.set".to_owned();
    assert_eq!(drawn(&scene.rui), [(lost.change, words)]);
}
