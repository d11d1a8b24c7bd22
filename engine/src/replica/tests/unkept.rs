//! A server that was put back to before what it had answered.

use super::*;

#[test]
fn what_a_log_does_not_reach_any_more_is_sent_again_before_what_was_done_later() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana
        .open_template(revision(), &clock.next())
        .unwrap()
        .document;
    let case = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    let kept = log.size;
    let label = |label: &str| CaseAction::AddLabel {
        label: label.into(),
    };
    let first = act(&mut ana, case, &mut clock, label("dark")).change;
    log.take(&mut ana);
    assert_eq!(ana.unsent().unwrap(), 0);
    let later = act(&mut ana, case, &mut clock, label("for a week")).change;

    assert!(
        !Holdings::log_ends(&mut ana, log.size).unwrap(),
        "all of it is there"
    );
    assert_eq!(ana.unsent().unwrap(), 1);
    assert!(Holdings::log_ends(&mut ana, kept).unwrap());
    assert_eq!(ana.unsent().unwrap(), 2);
    assert!(
        !Holdings::log_ends(&mut ana, kept).unwrap(),
        "once is enough"
    );
    let parcels = ana.outgoing(&[], 1 << 20).unwrap();
    let runs = parcels.iter().filter_map(|parcel| match &parcel.item {
        PushItem::Run(run) => run.claimed_hashes(),
        PushItem::Roster(_) | PushItem::Access { .. } => None,
    });
    let sent: Vec<_> = runs.flatten().map(|(hash, _)| hash).collect();
    assert_eq!(sent, [first, later]);
    let compared = Holdings::heads(&ana).unwrap();
    assert_eq!(
        compared
            .iter()
            .map(|heads| heads.document)
            .collect::<Vec<_>>(),
        [case]
    );
}
