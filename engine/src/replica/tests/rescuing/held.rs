//! Work on top of what turns out to be held: never sent, or on its way by then.

use super::*;

/// The complaint, with review worked on by these roles.
fn reviewed_by(roles: &[&str]) -> Revision {
    let mut package = package();
    package.stages[1].edit_roles = roles.iter().map(|role| (*role).to_owned()).collect();
    package.publish().unwrap()
}

impl Scene {
    /// The case is in review, where a revision that rui has not read leaves the work to managers.
    fn leave_review_to_managers(&mut self) {
        let to = "review".into();
        act(
            &mut self.rui,
            self.id,
            &mut self.clock,
            CaseAction::Move { to },
        );
        self.log.take(&mut self.rui);
        let moment = self.clock.next();
        let published = self
            .ana
            .publish(self.template, reviewed_by(&["manager"]), &moment);
        published.unwrap();
        self.log.take(&mut self.ana);
    }

    /// Rui says something, which everybody may.
    fn comment(&mut self) -> ChangeHash {
        let id = PartId::derive(&self.clock.next().seed, 1);
        let action = CaseAction::Comment {
            id,
            body: "Seen".into(),
            external: false,
            reply_to: None,
        };
        act(&mut self.rui, self.id, &mut self.clock, action).change
    }

    fn adopt(&mut self) {
        self.log.give(&mut self.ana);
        let moment = self.clock.next();
        self.ana.adopt(self.id, "honest work", &moment).unwrap();
        self.log.take(&mut self.ana);
        self.log.give(&mut self.ana);
    }

    /// The log takes these parcels of rui's, and tells him.
    fn place(&mut self, parcels: Vec<Parcel>) {
        let answers = parcels
            .into_iter()
            .map(|parcel| (parcel.clone(), self.log.place(parcel.item)));
        let answers = answers.collect();
        self.rui.answered(answers).unwrap();
    }

    /// Rui reads on in the session in which he pushed, and so without his own work.
    fn read_on(&mut self) {
        let device = self.rui.device();
        let own =
            |item: &Logged| matches!(item, Logged::Run(logged) if logged.run.device() == device);
        let Start::At(cursor) = self.rui.start() else {
            panic!("rui has caught up before");
        };
        let items = self.log.items.iter();
        let items = items.filter(|item| item.seq() >= cursor.seq && !own(item));
        let start = Start::At(Cursor {
            epoch: EPOCH,
            seq: self.log.size,
        });
        self.rui.take(items.cloned().collect(), start).unwrap();
    }
}

fn rows(parcels: &[Parcel]) -> Vec<u64> {
    let rows = parcels.iter().flat_map(|parcel| &parcel.rows);
    rows.copied().collect()
}

#[test]
fn what_was_never_sent_stays_in_the_drawer_when_the_held_work_below_it_is_adopted() {
    let mut scene = scene();
    scene.leave_review_to_managers();
    let id = scene.id;
    let held = act(&mut scene.rui, id, &mut scene.clock, set("phone", "112"));
    scene.log.take(&mut scene.rui);
    let above = scene.comment();
    scene.log.give(&mut scene.rui);
    let both = [
        (held.change, "field.set".to_owned()),
        (above, "comment.add".to_owned()),
    ];
    assert_eq!(drawn(&scene.rui), both);
    scene.adopt();
    scene.log.give(&mut scene.rui);
    assert_eq!(phone(&mut scene.rui, id).as_deref(), Some("112"));
    // What comes next has everything looked at again that lies aside.
    act(&mut scene.ana, id, &mut scene.clock, count(1));
    scene.log.take(&mut scene.ana);
    scene.log.give(&mut scene.rui);
    assert_eq!(drawn(&scene.rui), both[1..]);
    let (ana, rui) = (scene.ana.case(id).unwrap(), scene.rui.case(id).unwrap());
    assert_eq!(ana, rui);
    assert!(scene.rui.held().unwrap().is_empty());
}

#[test]
fn what_was_on_its_way_when_the_work_below_it_was_held_stands_when_that_is_adopted() {
    let mut scene = scene();
    scene.leave_review_to_managers();
    let id = scene.id;
    let held = act(&mut scene.rui, id, &mut scene.clock, set("phone", "112"));
    let first = scene.rui.outgoing(&[], 1 << 20).unwrap();
    let above = scene.comment();
    let second = scene.rui.outgoing(&rows(&first), 1 << 20).unwrap();
    scene.place(first);
    scene.read_on();
    let both = [
        (held.change, "field.set".to_owned()),
        (above, "comment.add".to_owned()),
    ];
    assert_eq!(drawn(&scene.rui), both);
    scene.place(second);
    assert_eq!(drawn(&scene.rui), both, "it does not stand here yet");
    scene.read_on();
    scene.adopt();
    scene.read_on();
    assert_eq!(drawn(&scene.rui), []);
    let (ana, rui) = (scene.ana.case(id).unwrap(), scene.rui.case(id).unwrap());
    assert_eq!(ana, rui);
    assert_eq!(phone(&mut scene.rui, id).as_deref(), Some("112"));
    assert!(scene.rui.verify(&mut |_, _| {}).unwrap().holds());
    assert!(scene.rui.take_gaps().is_empty());
}
