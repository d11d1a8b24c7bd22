//! Roster and access records in the replica: founding, joining, loading.
//!
//! What is said in them afterwards is in `saying`.

use std::sync::{Arc, Mutex, PoisonError};

use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{AccessBody, DocumentKind};
use casework_protocol::access::{AccessRecord, document_id};
use casework_protocol::authority::Received;
use casework_protocol::entry::SignedEntry;
use casework_protocol::ids::{DocumentId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::limits::MAX_NAME_BYTES;
use casework_protocol::roster::draft::{RosterDraft, redeem_proof};
use casework_protocol::roster::entry::{InviteFor, RosterBody};
use casework_protocol::roster::{Roster, RosterError};

use super::chains::{load_record, load_roster, next_number, put_roster};
use super::document::{DocumentFault, OpenDocuments};
use super::rows::{DocumentRow, OutboxRow, Outgoing, ServerRow};
use super::store::{StoreError, Writes};
use super::tables::{self, Table, meta};
use super::{DEFAULT_DOCUMENT_MEMORY, Identity, Replica, ReplicaFault, Storage};
use crate::moment::Moment;

/// What a founder says about the new workspace.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Name of the workspace.
    pub workspace_name: String,
    /// The founder's name.
    pub member_name: String,
    /// The name of the founder's device.
    pub device_name: String,
}

/// The layout this code reads and writes.
const LAYOUT: &[u8] = b"1";

impl Replica {
    /// Founds a workspace, offline, and makes this device its first.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the store already holds a replica, a name is not one, or the store
    /// fails.
    pub fn found(
        storage: Storage,
        founding: &Founding,
        key: Arc<dyn Signer>,
        moment: &Moment,
    ) -> Result<Self, ReplicaFault> {
        // Before anything is encoded: an entry that is too long is not even looked into.
        let names = [
            &founding.workspace_name,
            &founding.member_name,
            &founding.device_name,
        ];
        if let Some(long) = names.into_iter().find(|name| name.len() > MAX_NAME_BYTES) {
            return Err(RosterError::BadName(long.chars().take(80).collect()).into());
        }
        let body = RosterBody::Genesis {
            name: founding.workspace_name.clone(),
            member: moment.member_id(),
            member_name: founding.member_name.clone(),
            device_name: founding.device_name.clone(),
            nonce: moment.nonce("workspace").to_vec(),
        };
        let draft = RosterDraft {
            body,
            claimed_ms: moment.now_ms,
        };
        let entry = draft.found(key.as_ref());
        let verified = entry.clone().verify().map_err(untrusted)?;
        let roster = Roster::found(verified, Received::unsequenced(moment.now_ms))?;
        let mut writes = Writes::default();
        put_roster(&mut writes, 1, &entry, None);
        let identity = Identity {
            workspace: roster.workspace(),
            key,
        };
        let mut replica = Self::create(storage, identity, writes)?;
        replica.roster = Some(roster);
        Ok(replica)
    }

    /// Makes the still empty replica of a device that is going to join with an invite.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the store already holds a replica, or fails.
    pub fn join(
        storage: Storage,
        identity: Identity,
        server: &ServerRow,
        invite: SecretKey,
    ) -> Result<Self, ReplicaFault> {
        let mut writes = Writes::default();
        writes.put_cbor(Table::Meta, meta::SERVER.to_vec(), server);
        let mut replica = Self::create(storage, identity, writes)?;
        replica.invite = Some(invite);
        Ok(replica)
    }

    /// Opens a replica. Documents whose opening ended in an abort are quarantined.
    ///
    /// # Errors
    /// [`ReplicaFault`] when there is none, it belongs to another device, or the store fails.
    pub fn open(storage: Storage, key: Arc<dyn Signer>) -> Result<Self, ReplicaFault> {
        let Storage { store, openings } = storage;
        let workspace = store
            .get(Table::Meta, meta::WORKSPACE)?
            .and_then(|bytes| WorkspaceId::from_slice(&bytes))
            .ok_or(ReplicaFault::Absent)?;
        let device = store.get(Table::Meta, meta::DEVICE)?.unwrap_or_default();
        if device != key.device().as_bytes() {
            let device = casework_protocol::ids::DeviceId::from_slice(&device);
            return Err(ReplicaFault::OtherDevice(
                device.unwrap_or_else(|| key.device()),
            ));
        }
        let unfinished = openings.take_unfinished().map_err(disk)?;
        let mut replica = Self {
            roster: load_roster(&store)?,
            next_outbox: next_number(&store, Table::Outbox)?,
            next_drawer: next_number(&store, Table::Drawer)?,
            ..Self::around(Storage { store, openings }, Identity { workspace, key })
        };
        for id in unfinished {
            replica.quarantine_document(id, "opening it ended the program twice")?;
        }
        replica.load_purged()?;
        replica.load_compared()?;
        replica.load_revisions()?;
        replica.gaps = replica.wanted_again()?;
        Ok(replica)
    }

    /// Gives a joining device its invite again after a restart.
    pub fn set_invite(&mut self, invite: SecretKey) {
        self.invite = Some(invite);
    }

    fn create(
        storage: Storage,
        identity: Identity,
        mut writes: Writes,
    ) -> Result<Self, ReplicaFault> {
        if !storage.store.is_empty(Table::Meta)? {
            return Err(ReplicaFault::Exists);
        }
        writes.put(Table::Meta, meta::LAYOUT.to_vec(), LAYOUT.to_vec());
        // Every case that will be here is looked through as it comes.
        writes.put(Table::Meta, meta::MINE.to_vec(), Vec::new());
        let workspace = identity.workspace.as_bytes().to_vec();
        writes.put(Table::Meta, meta::WORKSPACE.to_vec(), workspace);
        let device = identity.key.device().as_bytes().to_vec();
        writes.put(Table::Meta, meta::DEVICE.to_vec(), device);
        storage.store.commit(writes)?;
        Ok(Self::around(storage, identity))
    }

    fn around(storage: Storage, identity: Identity) -> Self {
        Self {
            store: storage.store,
            openings: storage.openings,
            identity,
            invite: None,
            roster: None,
            records: Default::default(),
            documents: OpenDocuments::new(DEFAULT_DOCUMENT_MEMORY),
            actors: Default::default(),
            revisions: Default::default(),
            current: Default::default(),
            published: Default::default(),
            comparing: Default::default(),
            unvouched: Default::default(),
            gaps: Default::default(),
            refused_unread: Default::default(),
            ahead: Default::default(),
            purged: Default::default(),
            emptied: Default::default(),
            to_bundle: Default::default(),
            next_outbox: 0,
            next_drawer: 0,
            notices: Vec::new(),
            personal: None,
            inbox_turns: 0,
            agenda: Default::default(),
            head_ms: Mutex::default(),
            #[cfg(test)]
            lawless: false,
        }
    }

    /// Redeems the invite this replica was joined with, once the roster has arrived. Waits for the
    /// server like every entry; nothing happens when it waits already or holds.
    ///
    /// # Errors
    /// [`ReplicaFault::Roster`] when the invite does not hold (expired, used up, cancelled).
    pub fn redeem(
        &mut self,
        member_name: &str,
        device_name: &str,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let Some(invite) = self.invite.clone() else {
            return Ok(());
        };
        if self.member().is_some() || self.unsent()? > 0 {
            return Ok(());
        }
        let member = match self
            .roster()?
            .head()
            .invite(invite.invite())
            .map(|open| &open.gives)
        {
            Some(InviteFor::Device { member }) => *member,
            Some(InviteFor::Member { .. }) | None => moment.member_id(),
        };
        let body = RosterBody::Redeem {
            invite: invite.invite(),
            member,
            member_name: member_name.to_owned(),
            device_name: device_name.to_owned(),
            proof: redeem_proof(&invite, self.workspace(), self.device(), member),
        };
        self.authorise(body, moment).map(|_| ())
    }

    /// The access record of a document: who is on it, and everything that was ever said about that.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the document is not here.
    pub fn access(&mut self, id: DocumentId) -> Result<&AccessRecord, ReplicaFault> {
        self.record(id)
    }

    /// The access record of a document, loaded when it is first asked for.
    pub(super) fn record(&mut self, id: DocumentId) -> Result<&AccessRecord, ReplicaFault> {
        if !self.records.contains_key(&id) {
            let roster = self.roster()?;
            let record = load_record(&self.store, id, roster)?
                .ok_or(ReplicaFault::Document(DocumentFault::Unknown(id)))?;
            self.records.insert(id, record);
        }
        Ok(&self.records[&id])
    }

    /// Signs the genesis of a new document's access record.
    pub(super) fn found_record(
        &self,
        body: AccessBody,
        moment: &Moment,
    ) -> Result<(DocumentId, SignedEntry, AccessRecord), ReplicaFault> {
        // A device has one personal document: its genesis has one form, so it says no time.
        let personal =
            matches!(&body, AccessBody::Genesis { kind, .. } if *kind == DocumentKind::Personal);
        let claimed_ms = if personal { 0 } else { moment.now_ms };
        let template = if let AccessBody::Genesis { template, .. } = &body {
            *template
        } else {
            None
        };
        let draft = AccessDraft { body, claimed_ms };
        let entry = draft.found(self.workspace(), self.identity.key.as_ref());
        let id = document_id(&entry.hash::<AccessBody>());
        let verified = entry.clone().verify().map_err(untrusted)?;
        let received = Received::unsequenced(moment.now_ms);
        let record = AccessRecord::found(verified, received, self.roster()?);
        let record = record.map_err(|error| self.founded_in_vain(template, error))?;
        Ok((id, entry, record))
    }

    /// The server this replica syncs with, if one is set.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn server(&self) -> Result<Option<ServerRow>, ReplicaFault> {
        Ok(self.store.get_cbor(Table::Meta, meta::SERVER)?)
    }

    /// Sets the server and the key it must prove; `None` pins the first one that answers.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn set_server(&mut self, server: &ServerRow) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        writes.put_cbor(Table::Meta, meta::SERVER.to_vec(), server);
        self.commit(writes)
    }

    /// Commits; on failure everything in memory that may run ahead of the disk is thrown away.
    pub(super) fn commit(&mut self, writes: Writes) -> Result<(), ReplicaFault> {
        if writes.touches(Table::Personal) {
            self.personal = None;
            self.inbox_turns += 1;
        }
        self.inbox_turns += u64::from(writes.touches(Table::Inbox));
        for case in writes.keys(Table::Views).filter_map(tables::document_of) {
            self.agenda.wake(case);
        }
        let new_head = writes.pending(Table::Meta, meta::HEAD).is_some();
        if let Err(error) = self.store.commit(writes) {
            self.forget_memory();
            return Err(error.into());
        }
        if new_head {
            *self
                .head_ms
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(())
    }

    /// Adds a row to the outbox.
    pub(super) fn enqueue(
        &mut self,
        writes: &mut Writes,
        document: DocumentId,
        what: Outgoing,
        made_ms: u64,
    ) -> u64 {
        let number = self.next_outbox;
        self.next_outbox += 1;
        let row = OutboxRow {
            document,
            what,
            made_ms,
        };
        writes.put_cbor(Table::Outbox, tables::number(number), &row);
        number
    }

    /// Goes back to what the disk says.
    pub(super) fn forget_memory(&mut self) {
        self.documents.close_all();
        self.records.clear();
        self.published.clear();
        self.agenda.clear();
        // A failing store says so again at the next use.
        let _ = self.load_purged();
        let _ = self.load_revisions();
        if let Ok(roster) = load_roster(&self.store) {
            self.roster = roster;
        }
        if let Ok(number) = next_number(&self.store, Table::Outbox) {
            self.next_outbox = number.max(self.next_outbox);
        }
    }

    /// Reads roster and records again from the store, after positions have changed.
    pub(super) fn reload_authority(&mut self) -> Result<(), ReplicaFault> {
        self.roster = load_roster(&self.store)?;
        self.records.clear();
        self.published.clear();
        Ok(())
    }
}

/// A row of a new document.
pub(super) fn document_row(kind: DocumentKind, template: Option<DocumentId>) -> DocumentRow {
    DocumentRow {
        kind,
        template,
        next_place: 0,
        loose_bytes: 0,
        snapshot_bytes: 0,
        document_seq: Some(0),
        ahead: Vec::new(),
        quarantined: None,
        bare: None,
    }
}

fn disk(error: std::io::Error) -> StoreError {
    StoreError::Database(format!("{}: {error}", super::OPENING_FOLDER))
}

pub(super) fn untrusted(error: impl core::fmt::Display) -> ReplicaFault {
    ReplicaFault::Untrusted(error.to_string())
}
