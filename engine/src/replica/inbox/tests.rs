//! Bounds of the inbox in the store.

use std::sync::Arc;

use casework_protocol::keys::SecretKey;

use super::*;
use crate::inbox::{KEPT_DAYS, item_id};
use crate::moment::Moment;
use crate::replica::{Founding, InboxFilter, Storage};

const NOW: i64 = 1_800_000_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

fn moment(n: u8) -> Moment {
    Moment {
        now_ms: NOW.cast_unsigned(),
        zone_min: 0,
        seed: [n; 32],
    }
}

fn replica() -> Replica {
    let founding = Founding {
        workspace_name: "Office".into(),
        member_name: "Ana".into(),
        device_name: "laptop".into(),
    };
    let storage = Storage::backend(redb::backends::InMemoryBackend::new()).unwrap();
    let key = Arc::new(SecretKey::from_seed(&[7; 32]));
    Replica::found(storage, &founding, key, &moment(1)).unwrap()
}

/// Items of one case, one a minute, back from a time.
fn fill(replica: &mut Replica, count: usize, newest_ms: i64) {
    let document = DocumentId::new([9; 16]);
    let mut writes = Writes::default();
    for n in 0..count {
        let at_ms = newest_ms - n as i64 * 60_000;
        let item = Item {
            id: item_id(
                document,
                ItemKind::Moved,
                &[&n.to_be_bytes(), &at_ms.to_be_bytes()],
            ),
            kind: ItemKind::Moved,
            document,
            at_ms,
            received_ms: Some(at_ms),
            change: None,
            by: None,
            with: None,
            rule: None,
            place: None,
            detail: Vec::new(),
        };
        writes.put(
            Table::Inbox,
            tables::document_item(document, item.id),
            item.to_stored(),
        );
        let place = InboxPlace {
            document,
            template: None,
            kind: item.kind.name().to_owned(),
        };
        writes.put_cbor(
            Table::InboxOrder,
            tables::inbox_order(at_ms, item.id),
            &place,
        );
    }
    replica.commit(writes).unwrap();
}

fn prune(replica: &mut Replica) -> (usize, usize) {
    let mut writes = Writes::default();
    replica
        .prune_inbox(&mut writes, NOW.cast_unsigned())
        .unwrap();
    replica.commit(writes).unwrap();
    let count = |table| replica.store.count(table).unwrap();
    (count(Table::Inbox), count(Table::InboxOrder))
}

#[test]
fn the_newest_items_are_kept_and_no_more_than_so_many() {
    let mut replica = replica();
    fill(&mut replica, MAX_ITEMS + 700, NOW);
    assert_eq!(prune(&mut replica), (MAX_ITEMS, MAX_ITEMS));
    let oldest = NOW - (MAX_ITEMS as i64 - 1) * 60_000;
    let mut last = None;
    replica
        .store
        .scan(Table::InboxOrder, &[], |key, _| {
            last = tables::split_inbox_order(key).map(|(at_ms, _)| at_ms);
            Ok(true)
        })
        .unwrap();
    assert_eq!(last, Some(oldest));
}

#[test]
fn what_is_older_than_is_kept_goes() {
    let mut replica = replica();
    fill(&mut replica, 10, NOW);
    fill(&mut replica, 10, NOW - (KEPT_DAYS + 1) * DAY);
    assert_eq!(prune(&mut replica), (10, 10));
}

#[test]
fn one_time_marks_everything_and_what_comes_later_is_unread() {
    let mut replica = replica();
    fill(&mut replica, 1_200, NOW);
    assert_eq!(replica.unread(&moment(2)).unwrap(), 1_200);
    let everything = InboxFilter {
        muted: true,
        ..InboxFilter::default()
    };
    assert_eq!(
        replica.mark_all_read(&everything, &moment(3)).unwrap(),
        1_200
    );
    assert_eq!(replica.unread(&moment(4)).unwrap(), 0);
    // Founding, opening and one time: not a mark for every item.
    assert_eq!(replica.unsent().unwrap(), 3);
    fill(&mut replica, 1, NOW + 1);
    assert_eq!(replica.unread(&moment(5)).unwrap(), 1);
}

#[test]
fn a_case_that_is_given_up_leaves_no_row_behind() {
    let mut replica = replica();
    fill(&mut replica, 30, NOW);
    let mut writes = Writes::default();
    replica
        .forget_items(&mut writes, DocumentId::new([9; 16]))
        .unwrap();
    replica.commit(writes).unwrap();
    assert_eq!(prune(&mut replica), (0, 0));
}
