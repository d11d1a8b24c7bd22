//! Access entries that are on their way to the server count for those that are said after them.

use super::*;
use crate::case::facet::keeping::KeepingAction;

/// Ana the founder with a case that the log has.
fn scene() -> (Clock, Log, Replica, DocumentId) {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision(), &clock.next()).unwrap();
    let id = open(&mut ana, template.document, &mut clock);
    log.take(&mut ana);
    (clock, log, ana, id)
}

fn keep(replica: &mut Replica, id: DocumentId, clock: &mut Clock, action: KeepingAction) {
    let moment = clock.next();
    let mut act = Act::new(PartId::derive(&moment.seed, 0), action.into());
    act.reason = Some("a court asks".into());
    replica.act(id, act, &moment).unwrap();
}

/// The rows of parcels that are on their way.
fn rows(parcels: &[Parcel]) -> Vec<u64> {
    let rows = parcels.iter().flat_map(|parcel| parcel.rows.iter());
    rows.copied().collect()
}

/// The server takes them.
fn arrive(log: &mut Log, replica: &mut Replica, parcels: Vec<Parcel>) {
    let answers = parcels
        .into_iter()
        .map(|parcel| (parcel.clone(), log.place(parcel.item)))
        .collect();
    replica.answered(answers).unwrap();
}

#[test]
fn a_legal_hold_that_is_lifted_before_the_server_answered_is_lifted_in_the_record_too() {
    let (mut clock, mut log, mut ana, id) = scene();
    keep(&mut ana, id, &mut clock, KeepingAction::SetLegalHold);
    let first = ana.outgoing(&[], 1 << 20).unwrap();
    keep(&mut ana, id, &mut clock, KeepingAction::LiftLegalHold);
    let second = ana.outgoing(&rows(&first), 1 << 20).unwrap();
    arrive(&mut log, &mut ana, first);
    assert!(ana.access(id).unwrap().head().legal_hold());
    arrive(&mut log, &mut ana, second);
    assert!(!ana.access(id).unwrap().head().legal_hold());
    assert_eq!(ana.unsent().unwrap(), 0);
    assert!(ana.drawer().unwrap().is_empty());
}
