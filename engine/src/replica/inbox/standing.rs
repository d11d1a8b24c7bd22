//! What stands in the inbox only while it is so: deadlines, clocks, the drawer, held work.

use casework_protocol::access::occasion;
use casework_protocol::ids::{DocumentId, MemberId};
use casework_protocol::rights::Verb;

use crate::inbox::due::{Asking, items as due_items};
use crate::inbox::{Item, ItemKind, item_id};
use crate::moment::Moment;
use crate::replica::tables::{self, Table};
use crate::replica::{OwnAct, Replica, ReplicaFault};

impl Replica {
    /// What stands only while it is so: deadlines, clocks, the drawer, held work.
    pub(super) fn standing_items(
        &mut self,
        moment: &Moment,
    ) -> Result<Vec<(Item, Option<DocumentId>)>, ReplicaFault> {
        self.find_mine()?;
        let me = self.member().ok_or(ReplicaFault::NotEnrolled)?;
        let asking = Asking {
            me,
            now_ms: moment.now_ms.cast_signed(),
            zone_min: moment.zone_min,
        };
        let mut mine = Vec::new();
        self.store.scan(Table::Mine, &[], |key, _| {
            mine.extend(tables::document_of(key));
            Ok(true)
        })?;
        let mut found = Vec::new();
        for document in mine {
            if let Some(card) = self.stored_card(document)? {
                let items = due_items(&card, &asking).into_iter();
                found.extend(items.map(|item| (item, Some(card.template))));
            }
        }
        let own = self.drawer()?.into_iter().filter_map(|drawn| {
            let act = drawn.act.as_ref()?;
            if matches!(act, OwnAct::Personal(_)) {
                return None;
            }
            let number = drawn.number.to_be_bytes();
            let detail = vec![act.name().to_owned(), drawn.reason.clone()];
            let at = drawn.made_ms.cast_signed();
            let of = drawn
                .change
                .map_or(number.to_vec(), |c| c.as_bytes().to_vec());
            Some((
                standing(ItemKind::Drawer, drawn.document, (at, &of, detail)),
                None,
            ))
        });
        found.extend(own);
        found.extend(self.waiting_for_adoption(me)?);
        Ok(found)
    }

    /// Held work of others, one item for each case in which this member may adopt.
    fn waiting_for_adoption(
        &mut self,
        me: MemberId,
    ) -> Result<Vec<(Item, Option<DocumentId>)>, ReplicaFault> {
        let mut found: Vec<(Item, Option<DocumentId>)> = Vec::new();
        for held in self.held()? {
            let known = found.iter().any(|(item, _)| item.document == held.document);
            if known || held.member == Some(me) || held.what.is_none() {
                continue;
            }
            let Ok(record) = self.record(held.document) else {
                continue;
            };
            let access = record.head().clone();
            let roster = self.roster()?.head();
            if !roster.allows(me, &occasion(roster, &access, me).to(Verb::Adopt)) {
                continue;
            }
            let at = held.arrived.map_or(0, |at| at.received_ms.cast_signed());
            let detail = held.what.into_iter().collect();
            let of = held.change.as_bytes().to_vec();
            let mut item = standing(ItemKind::Held, held.document, (at, &of, detail));
            item.by = held.member;
            found.push((item, Some(access.template())));
        }
        Ok(found)
    }
}

type Standing<'a> = (i64, &'a [u8], Vec<String>);

fn standing(kind: ItemKind, document: DocumentId, (at_ms, of, detail): Standing<'_>) -> Item {
    Item {
        id: item_id(document, kind, &[of]),
        kind,
        document,
        at_ms,
        received_ms: None,
        change: None,
        by: None,
        with: None,
        rule: None,
        place: None,
        detail,
    }
}
