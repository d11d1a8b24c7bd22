//! Work that a server lost: of a case that it takes away meanwhile, or that it refuses to take back.

use casework_protocol::access::entry::AccessBody;
use casework_protocol::frame::{DocumentHeads, RefusedBecause};

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

    /// What rui has that a server with these heads lacks.
    fn lacking(&mut self, document: DocumentId, heads: Vec<ChangeHash>) -> Vec<Parcel> {
        let access = 1;
        let heads = DocumentHeads {
            document,
            access,
            heads,
        };
        self.rui.lacking(&[heads]).unwrap()
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

#[test]
fn what_a_server_lost_and_refuses_to_take_back_lies_in_its_authors_drawer() {
    let mut scene = scene();
    let (id, common) = (scene.id, scene.log.size);
    let heads = scene.rui.document(id).unwrap().automerge.get_heads();
    let heads = heads.iter().map(|hash| ChangeHash::new(hash.0)).collect();
    let lost = act(&mut scene.rui, id, &mut scene.clock, set("phone", "112"));
    scene.log.take(&mut scene.rui);
    scene.log.give(&mut scene.rui);
    scene.put_back(common);
    let epoch = EpochId::new([2; 16]);
    scene.rui.turn(Turn::Epoch { epoch, common }).unwrap();
    let parcels = scene.lacking(id, heads);
    let refused = Answer::Refused(RefusedBecause::Citation, "no such entry".to_owned());
    let answers = parcels.into_iter().map(|parcel| (parcel, refused.clone()));
    let answers = answers.collect();
    scene.rui.answered(answers).unwrap();
    assert_eq!(phone(&mut scene.rui, id), None);
    let words = "field.set".to_owned();
    assert_eq!(drawn(&scene.rui), [(lost.change, words)]);
    let number = scene.rui.drawer().unwrap()[0].number;
    scene.rui.redo(number, None, &scene.clock.next()).unwrap();
    assert_eq!(phone(&mut scene.rui, id).as_deref(), Some("112"));
}
