//! Own work when something goes wrong around it: a case that cannot be read, a bundle that comes
//! twice, a server that was put back. It stands, it waits or it lies in the drawer; it is never gone.

mod held;
mod lost;
mod rebundled;

use casework_protocol::frame::RefusedBecause;
use casework_protocol::ids::ChangeHash;

use super::*;
use crate::replica::tables::Table;

/// Ana the owner and rui the operator, who both have a case of a template.
struct Scene {
    clock: Clock,
    log: Log,
    ana: Replica,
    rui: Replica,
    template: DocumentId,
    id: DocumentId,
}

fn scene() -> Scene {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let opened = ana.open_template(revision(), &clock.next()).unwrap();
    let template = opened.document;
    let id = open(&mut ana, template, &mut clock);
    for n in 0..20 {
        act(&mut ana, id, &mut clock, count(n + 1));
    }
    log.take(&mut ana);
    let rui = join(&mut log, &mut ana, &mut clock, 2, "operator");
    Scene {
        clock,
        log,
        ana,
        rui,
        template,
        id,
    }
}

fn count(by: i64) -> CaseAction {
    CaseAction::Count {
        field: "visits".into(),
        by,
    }
}

fn phone(replica: &mut Replica, id: DocumentId) -> Option<String> {
    let case = replica.case(id).unwrap();
    let value = case.fields.get("phone")?.value.clone()?;
    value.value().as_text().map(str::to_owned)
}

/// The changes in the drawer and what they did.
fn drawn(replica: &Replica) -> Vec<(ChangeHash, String)> {
    let drawer = replica.drawer().unwrap().into_iter();
    let said = |drawn: Drawn| Some((drawn.change?, drawn.act?.name().to_owned()));
    drawer.filter_map(said).collect()
}

fn is_folded(replica: &Replica, id: DocumentId) -> bool {
    let mut folded = true;
    replica
        .store
        .scan(Table::Changes, id.as_bytes(), |_, _| {
            folded = false;
            Ok(false)
        })
        .unwrap();
    folded
}

impl Scene {
    /// Rui works offline until a snapshot has taken all of it in. Answers how much he did.
    fn work_until_folded(&mut self) -> usize {
        let mut done = 0;
        while done == 0 || !is_folded(&self.rui, self.id) {
            act(&mut self.rui, self.id, &mut self.clock, count(1));
            done += 1;
        }
        done
    }
}

#[test]
fn unsent_work_of_a_case_that_is_set_aside_waits_in_the_outbox_until_it_can_be_read() {
    let mut scene = scene();
    let other = open(&mut scene.rui, scene.template, &mut scene.clock);
    scene.log.take(&mut scene.rui);
    let done = scene.work_until_folded();
    let Scene {
        mut clock,
        mut log,
        mut ana,
        mut rui,
        id,
        ..
    } = scene;
    act(&mut rui, id, &mut clock, set("phone", "112"));
    act(&mut rui, other, &mut clock, set("phone", "115"));
    rui.quarantine_document(id, "it cannot be read").unwrap();
    log.take(&mut rui);
    assert_eq!(rui.unsent().unwrap(), done + 1);
    assert_eq!(drawn(&rui), []);
    log.give(&mut ana);
    assert_eq!(
        phone(&mut ana, other).as_deref(),
        Some("115"),
        "others go on"
    );
    assert!(rui.retry_quarantined(id).unwrap().opened);
    log.take(&mut rui);
    assert_eq!(rui.unsent().unwrap(), 0);
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert_eq!(phone(replica, id).as_deref(), Some("112"));
    }
    assert_eq!(ana.case(id).unwrap(), rui.case(id).unwrap());
}

#[test]
fn what_a_server_refuses_of_a_case_that_cannot_be_read_is_not_pushed_again_at_once() {
    let Scene {
        mut clock,
        mut rui,
        id,
        ..
    } = scene();
    act(&mut rui, id, &mut clock, set("phone", "112"));
    rui.quarantine_document(id, "it cannot be read").unwrap();
    let pushed = rui.outgoing(&[], 1 << 20).unwrap();
    assert_eq!(pushed.len(), 1, "what lies loose goes out");
    let refused = |parcel: Parcel| {
        let why = "no right".to_owned();
        (parcel, Answer::Refused(RefusedBecause::Denied, why))
    };
    rui.answered(pushed.into_iter().map(refused).collect())
        .unwrap();
    assert!(rui.outgoing(&[], 1 << 20).unwrap().is_empty());
    assert_eq!(rui.unsent().unwrap(), 1, "it waits until it can be read");
    assert!(rui.retry_quarantined(id).unwrap().opened);
    assert_eq!(rui.outgoing(&[], 1 << 20).unwrap().len(), 1);
}

#[test]
fn what_a_snapshot_took_in_unsent_is_in_the_drawer_when_the_case_is_given_up_unread() {
    let mut scene = scene();
    let done = scene.work_until_folded();
    let Scene {
        mut log,
        mut rui,
        id,
        ..
    } = scene;
    rui.quarantine_document(id, "it cannot be read").unwrap();
    log.take(&mut rui);
    assert_eq!(rui.fetch_quarantined(id).unwrap(), done);
    assert_eq!(drawn(&rui).len(), done);
    assert_eq!(rui.unsent().unwrap(), 0);
}

#[test]
fn an_unsent_change_that_is_nowhere_any_more_is_kept_as_what_was_done() {
    let Scene {
        mut clock,
        mut log,
        mut rui,
        id,
        ..
    } = scene();
    let change = act(&mut rui, id, &mut clock, set("phone", "112")).change;
    let mut writes = store::Writes::default();
    rui.delete_all(&mut writes, Table::Changes, id).unwrap();
    rui.commit(writes).unwrap();
    rui.documents.close(id);
    log.take(&mut rui);
    assert_eq!(rui.unsent().unwrap(), 0);
    assert_eq!(drawn(&rui), [(change, "field.set".to_owned())]);
}
