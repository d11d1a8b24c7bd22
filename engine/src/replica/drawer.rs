//! The drawer: own work that could not stand, kept as what the person wanted to do; and the held
//! work of others, for members who may adopt it.
//!
//! Nothing leaves the drawer by itself but what stands after all: adopted, or taken by the server
//! before this device lost sight of the case. *Redo* does an action again as a new change that names the
//! original; *discard* is the person's own decision.

use casework_protocol::frame::Placed;
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId};
use casework_protocol::roster::entry::RosterBody;
use casework_protocol::seal::{SignedRun, sign_change};
use serde::Serialize;

use super::asked::{OwnAct, OwnEntry, Said};
use super::document::change_of;
use super::rows::{Arrived, Aside, AsideRow, DrawerRow, OutboxRow, Outgoing};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{Acted, DocumentFault, Notice, Replica, ReplicaFault, Standing};
use crate::case::Message;
use crate::moment::Moment;

/// One thing in the drawer.
#[derive(Debug, Clone, Serialize)]
pub struct Drawn {
    /// Its number.
    pub number: u64,
    /// The case; zeroes for what was said in the roster.
    pub document: DocumentId,
    /// The change that could not stand; a roster or access entry made none.
    pub change: Option<ChangeHash>,
    /// What the person did; `None` if this version cannot read it.
    pub act: Option<OwnAct>,
    /// Why it could not stand.
    pub reason: String,
    /// When it was done, milliseconds since 1970.
    pub made_ms: u64,
    /// It may still come back by adoption.
    pub held: bool,
}

/// What came of doing something from the drawer again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redone {
    /// An action: a new change that names the original.
    Acted(Acted),
    /// A roster or access entry, and whether it holds already.
    Said(Standing),
}

/// A change that waits for an adoption.
#[derive(Debug, Clone, Serialize)]
pub struct HeldWork {
    /// The case.
    pub document: DocumentId,
    /// The change.
    pub change: ChangeHash,
    /// The device that signed it.
    pub device: DeviceId,
    /// Whose device that is.
    pub member: Option<MemberId>,
    /// The action and its target, for instance `field.set phone`; `None` while the relay does not
    /// hand its content to this device.
    pub what: Option<String>,
    /// When it arrived.
    pub arrived: Option<Arrived>,
}

impl Replica {
    /// What lies in the drawer, oldest first.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn drawer(&self) -> Result<Vec<Drawn>, ReplicaFault> {
        let mut found = Vec::new();
        self.store.scan(Table::Drawer, &[], |key, value| {
            let row: DrawerRow = decode_row(Table::Drawer, value)?;
            found.push(Drawn {
                number: tables::last_number(key),
                document: row.document,
                change: row.hash,
                act: serde_json::from_str(&row.act).ok(),
                reason: row.reason,
                made_ms: row.made_ms,
                held: row.held,
            });
            Ok(true)
        })?;
        Ok(found)
    }

    /// Does something from the drawer again and takes it out of the drawer in the same
    /// transaction: an action as a new change that names the original, a roster or access entry
    /// signed onto the head of the day. With a reason an action goes through a rule that asks.
    ///
    /// # Errors
    /// [`ReplicaFault`] as for any act; the drawer is unchanged then.
    pub fn redo(
        &mut self,
        number: u64,
        reason: Option<&str>,
        moment: &Moment,
    ) -> Result<Redone, ReplicaFault> {
        let key = tables::number(number);
        let row: DrawerRow = self
            .store
            .get_cbor(Table::Drawer, &key)?
            .ok_or(ReplicaFault::NotInDrawer(number))?;
        let act: OwnAct = serde_json::from_str(&row.act).map_err(unreadable)?;
        let mut batch = self.batch();
        let acted = match act {
            OwnAct::Case(mut act) => {
                act.redo_of = row.hash;
                // What a rule wanted is done again by a person, with that person's rights.
                act.cause = None;
                if let Some(reason) = reason {
                    act.reason = Some(reason.to_owned());
                    act.override_rule = true;
                }
                batch.act(row.document, *act, moment)?
            }
            OwnAct::Template(mut act) => {
                act.redo_of = row.hash;
                batch.act_on_template(row.document, act, moment)?
            }
            OwnAct::Personal(action) => batch.act_on_personal(row.document, action, moment)?,
            OwnAct::Entry(entry) => {
                drop(batch);
                return self.say_again(&row, &entry, (key, moment));
            }
        };
        batch.forget(Table::Drawer, key);
        batch.commit()?;
        Ok(Redone::Acted(acted))
    }

    fn say_again(
        &mut self,
        row: &DrawerRow,
        entry: &OwnEntry,
        (key, moment): (Vec<u8>, &Moment),
    ) -> Result<Redone, ReplicaFault> {
        let mut writes = Writes::default();
        writes.delete(Table::Drawer, key);
        let standing = match entry.said().ok_or_else(|| unreadable(&entry.what))? {
            Said::Roster(body) => self.authorise_in(writes, body, moment)?,
            Said::Access(body) => {
                self.change_access_in(writes, (row.document, body), moment)?;
                Standing::Pending
            }
        };
        Ok(Redone::Said(standing))
    }

    /// Moves an entry that holds no longer into the drawer. What it wanted may be so already:
    /// then nothing is lost and nothing is kept.
    pub(super) fn keep_entry(&mut self, writes: &mut Writes, row: &OutboxRow, why: &str) {
        let entry = match &row.what {
            Outgoing::Access { body } => OwnEntry::of_access(body),
            Outgoing::Roster { body } => OwnEntry::of_roster(body),
            Outgoing::Change { .. } | Outgoing::Genesis => return,
        };
        let (what, why) = (entry.what.clone(), why.to_owned());
        let act = serde_json::to_string(&OwnAct::Entry(entry));
        let drawn = DrawerRow {
            document: row.document,
            hash: None,
            act: act.expect("plain data becomes JSON"),
            reason: why.clone(),
            made_ms: row.made_ms,
            held: false,
        };
        writes.put_cbor(Table::Drawer, tables::number(self.next_drawer), &drawn);
        self.next_drawer += 1;
        self.notices.push(Notice::EntryRefused { what, why });
    }

    /// Work that was put into the drawer between its sending and this answer. What the log has and the
    /// document here does not hold lies aside at its place, as it does for everybody else, and stands
    /// when what it builds on does.
    pub(super) fn place_drawn(
        &mut self,
        writes: &mut Writes,
        (run, rows): (&SignedRun, &[u64]),
        places: &[Placed],
    ) -> Result<(), ReplicaFault> {
        let document = run.document();
        let changes = run.claimed_hashes().unwrap_or_default();
        for ((number, placed), (hash, bytes)) in rows.iter().zip(places).zip(changes) {
            let unsent = self.store.get(Table::Outbox, &tables::number(*number))?;
            if unsent.is_some() {
                continue;
            }
            if placed.held {
                self.held_in_drawer(writes, (document, hash))?;
            }
            if self.lies_out(document, hash)? {
                self.place_aside(writes, (document, hash), (bytes, placed))?;
            } else if !placed.held {
                self.take_out(writes, document, |drawn| *drawn == hash)?;
            }
        }
        Ok(())
    }

    /// Whether a document is here and does not hold a change, as far as it can be read.
    fn lies_out(&mut self, id: DocumentId, hash: ChangeHash) -> Result<bool, ReplicaFault> {
        match self.document(id) {
            Ok(here) => Ok(change_of(&here.automerge, hash).is_none()),
            Err(ReplicaFault::Document(fault)) => match fault {
                DocumentFault::Unknown(_) | DocumentFault::Purged(_) => Ok(false),
                DocumentFault::Quarantined { .. } | DocumentFault::Store(_) => Ok(true),
            },
            Err(fault) => Err(fault),
        }
    }

    /// An own change that left its document while it was on its way has this place.
    fn place_aside(
        &mut self,
        writes: &mut Writes,
        (id, hash): (DocumentId, ChangeHash),
        (bytes, placed): (&[u8], &Placed),
    ) -> Result<(), ReplicaFault> {
        let key = tables::document_change(id, hash);
        let known: Option<AsideRow> = self.store.get_cbor(Table::Aside, &key)?;
        if known.is_some_and(|known| known.arrived.is_some()) {
            return Ok(());
        }
        let why = if placed.held {
            Aside::Held
        } else {
            Aside::Waiting("it was taken out here while it was on its way".to_owned())
        };
        let signature = sign_change(self.identity.key.as_ref(), self.workspace(), id, hash);
        let row = AsideRow {
            why,
            device: self.device(),
            bytes: bytes.to_vec(),
            signed: Some((hash, signature)),
            arrived: Some(Arrived {
                seq: placed.seq,
                received_ms: placed.received_ms,
            }),
        };
        writes.put_cbor(Table::Aside, key, &row);
        self.note_place(writes, (id, hash), placed);
        self.count_own(writes, id, placed)
    }

    /// Takes out of the drawer what stands in the document now.
    pub(super) fn take_out(
        &self,
        writes: &mut Writes,
        id: DocumentId,
        stands: impl Fn(&ChangeHash) -> bool,
    ) -> Result<(), ReplicaFault> {
        self.store.scan(Table::Drawer, &[], |key, value| {
            let row: DrawerRow = decode_row(Table::Drawer, value)?;
            if row.document == id && row.hash.as_ref().is_some_and(&stands) {
                writes.delete(Table::Drawer, key.to_vec());
            }
            Ok(true)
        })?;
        Ok(())
    }

    /// What was put into the drawer unsent had been sent: the server holds it.
    pub(super) fn held_in_drawer(
        &mut self,
        writes: &mut Writes,
        (document, change): (DocumentId, ChangeHash),
    ) -> Result<(), ReplicaFault> {
        let mut found = None;
        self.store.scan(Table::Drawer, &[], |key, value| {
            let row: DrawerRow = decode_row(Table::Drawer, value)?;
            if row.document == document && row.hash == Some(change) && !row.held {
                found = Some((key.to_vec(), row));
            }
            Ok(found.is_none())
        })?;
        if let Some((key, row)) = found {
            let row = DrawerRow {
                held: true,
                reason: format!("{}; {}", row.reason, Aside::Held),
                ..row
            };
            writes.put_cbor(Table::Drawer, key, &row);
            let notice = Notice::OwnWorkHeld { document, change };
            self.notices.push(notice);
        }
        Ok(())
    }

    /// Throws something out of the drawer, for good.
    ///
    /// # Errors
    /// [`ReplicaFault::NotInDrawer`], or the store failed.
    pub fn discard(&mut self, number: u64) -> Result<(), ReplicaFault> {
        let key = tables::number(number);
        if self.store.get(Table::Drawer, &key)?.is_none() {
            return Err(ReplicaFault::NotInDrawer(number));
        }
        let mut writes = Writes::default();
        writes.delete(Table::Drawer, key);
        self.commit(writes)
    }

    /// Everything that waits for an adoption, in log order.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn held(&self) -> Result<Vec<HeldWork>, ReplicaFault> {
        let mut found = Vec::new();
        let roster = self
            .roster
            .as_ref()
            .map(casework_protocol::roster::Roster::head);
        self.store.scan(Table::Aside, &[], |key, value| {
            let row: AsideRow = decode_row(Table::Aside, value)?;
            let waits = matches!(row.why, Aside::Held | Aside::Withheld | Aside::Dependent(_));
            if let (true, Some(document), Some(change)) =
                (waits, tables::document_of(key), tables::change_of(key))
            {
                found.push(HeldWork {
                    document,
                    change,
                    device: row.device,
                    member: roster
                        .and_then(|r| r.device(row.device))
                        .map(|device| device.member),
                    what: describe(&row.bytes),
                    arrived: row.arrived,
                });
            }
            Ok(true)
        })?;
        found.sort_by_key(|held| (held.arrived, held.document, held.change));
        Ok(found)
    }

    /// Adopts held work of one document: all of it, in log order, which is causally closed, or as
    /// much as one entry may name. Answers how many changes the entry names and whether it holds already.
    ///
    /// # Errors
    /// [`ReplicaFault::Roster`] when this member may not adopt.
    pub fn adopt(
        &mut self,
        document: DocumentId,
        reason: &str,
        moment: &Moment,
    ) -> Result<(usize, Standing), ReplicaFault> {
        let changes = self.adoptable(document)?;
        let count = changes.len();
        let body = RosterBody::Adopt {
            document,
            changes,
            reason: reason.to_owned(),
        };
        Ok((count, self.authorise(body, moment)?))
    }
}

fn unreadable(what: impl core::fmt::Display) -> ReplicaFault {
    let what = format!("drawer: {what}");
    super::StoreError::Row { what }.into()
}

/// The action and its target, out of a raw change.
fn describe(bytes: &[u8]) -> Option<String> {
    let change = automerge::Change::from_bytes(bytes.to_vec()).ok()?;
    let message = Message::read(change.message()?).ok()?;
    Some(match message.on {
        Some(target) => format!("{} {target}", message.action.name()),
        None => message.action.name().to_owned(),
    })
}

impl core::fmt::Display for Aside {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Held => f.write_str("held until somebody adopts it"),
            Self::Withheld => f.write_str("held; its content is not for this device"),
            Self::Waiting(what) => write!(f, "waiting: {what}"),
            Self::Quarantined(why) => f.write_str(why),
            Self::Dependent(hash) => {
                write!(
                    f,
                    "it builds on change {}, which does not stand",
                    hash.short()
                )
            }
        }
    }
}
