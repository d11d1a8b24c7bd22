//! One device on stage: its disk, its key, its replica and its connection.

use std::sync::Arc;

use casework_engine::moment::Moment;
use casework_engine::replica::{Founding, Identity, Replica, ReplicaFault, ServerRow, Storage};
use casework_engine::sync::SyncFault;
use casework_engine::sync::presence::Announcement;
use casework_protocol::ids::{MemberId, ServerId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_sync_server::relay::Relay;
use rand::Rng;

use super::Stage;
use super::tamper::Tamper;
use super::wire::Link;
use crate::disk::Disk;

/// Who on stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(pub usize);

/// One device.
pub struct Actor {
    /// Name of member and device.
    pub name: String,
    pub(crate) key: Arc<SecretKey>,
    pub(crate) invite: Option<SecretKey>,
    pub(crate) disk: Disk,
    pub(crate) replica: Replica,
    pub(crate) link: Option<Link>,
    /// The wire is cut: no connection is made.
    pub(crate) is_cut: bool,
    /// Why the last session ended.
    pub(crate) last_fault: Option<SyncFault<ReplicaFault>>,
    /// The server asked not to come again before.
    pub(crate) retry_at_ms: u64,
    /// Who sits on the wire between this device and the server.
    pub(crate) tamper: Option<Tamper>,
    /// The server this device reaches, if it is another one than the others'.
    pub(crate) relay: Option<Arc<Relay>>,
    /// How many sessions it has opened.
    pub(crate) sessions: u64,
    /// What it says of its presence, and whether it hears of others.
    pub(crate) announcement: Announcement,
    /// How far its clock is ahead of everybody's.
    pub(crate) clock_off_ms: i64,
}

fn server() -> ServerRow {
    ServerRow {
        address: "ws://stage".to_owned(),
        key: None,
    }
}

impl Actor {
    pub(crate) fn found(name: &str, key: SecretKey, moment: &Moment) -> Self {
        let key = Arc::new(key);
        let disk = Disk::new();
        let founding = Founding {
            workspace_name: "Stage".to_owned(),
            member_name: name.to_owned(),
            device_name: format!("{name}'s device"),
        };
        let storage = Storage::backend(disk.clone()).expect("an empty disk opens");
        let signer: Arc<dyn Signer> = key.clone();
        let mut replica =
            Replica::found(storage, &founding, signer, moment).expect("a workspace is founded");
        replica.set_server(&server()).expect("the disk takes it");
        Self::with(name, key, None, (disk, replica))
    }

    pub(crate) fn join(
        name: &str,
        workspace: WorkspaceId,
        key: SecretKey,
        invite: SecretKey,
    ) -> Self {
        let key = Arc::new(key);
        let disk = Disk::new();
        let storage = Storage::backend(disk.clone()).expect("an empty disk opens");
        let identity = Identity {
            workspace,
            key: key.clone(),
        };
        let replica = Replica::join(storage, identity, &server(), invite.clone())
            .expect("an empty disk takes a replica");
        Self::with(name, key, Some(invite), (disk, replica))
    }

    fn with(
        name: &str,
        key: Arc<SecretKey>,
        invite: Option<SecretKey>,
        (disk, replica): (Disk, Replica),
    ) -> Self {
        Self {
            name: name.to_owned(),
            key,
            invite,
            disk,
            replica,
            link: None,
            is_cut: false,
            last_fault: None,
            retry_at_ms: 0,
            tamper: None,
            relay: None,
            sessions: 0,
            announcement: Announcement::default(),
            clock_off_ms: 0,
        }
    }

    /// The link by which it joined names this key.
    pub(crate) fn pin(&mut self, server_key: ServerId) {
        let row = ServerRow {
            key: Some(server_key),
            ..server()
        };
        self.replica.set_server(&row).expect("the disk takes it");
    }

    /// A session ended with a fault; one that time alone does not mend, or that a person must be
    /// told of, is not tried again until the stage heals.
    pub(crate) fn end_session(&mut self, fault: SyncFault<ReplicaFault>, now_ms: u64) {
        self.link = None;
        self.is_cut |= !fault.is_passing() || fault.accuses_server();
        if let SyncFault::RetryAfter { after_ms, .. } = fault {
            self.retry_at_ms = now_ms + after_ms;
        }
        self.last_fault = Some(fault);
    }

    /// The program ends without a word and starts again on a disk.
    ///
    /// # Panics
    /// When the replica cannot be opened again: that is what is being tested.
    pub(crate) fn restart_on(&mut self, disk: Disk) {
        self.link = None;
        let storage = Storage::backend(disk.clone()).expect("the disk opens again");
        let signer: Arc<dyn Signer> = self.key.clone();
        self.replica = Replica::open(storage, signer).expect("the replica opens again");
        if let Some(invite) = self
            .invite
            .clone()
            .filter(|_| self.replica.member().is_none())
        {
            self.replica.set_invite(invite);
        }
        self.disk = disk;
    }
}

impl Stage {
    /// Throws a die with so many sides, from 0.
    pub fn dice(&mut self, sides: usize) -> usize {
        self.rng.next_u64() as usize % sides.max(1)
    }

    /// Somebody's member id; nothing for a device that is not enrolled or was revoked.
    #[must_use]
    pub fn member_id(&self, who: Who) -> Option<MemberId> {
        self.actors[who.0].replica.member()
    }

    /// How often somebody's disk was synced.
    #[must_use]
    pub fn disk_syncs(&self, who: Who) -> u64 {
        self.actors[who.0].disk.syncs()
    }

    /// How large somebody's store is on its disk.
    #[must_use]
    pub fn disk_bytes(&self, who: Who) -> u64 {
        self.actors[who.0].disk.bytes()
    }
}
