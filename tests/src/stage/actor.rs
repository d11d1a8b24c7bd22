//! One device on stage: its disk, its key, its replica and its connection.

use std::sync::Arc;

use casework_engine::moment::Moment;
use casework_engine::replica::{Founding, Identity, Replica, ReplicaFault, ServerRow, Storage};
use casework_engine::sync::SyncFault;
use casework_protocol::ids::WorkspaceId;
use casework_protocol::keys::{SecretKey, Signer};

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
    /// Why the last session ended, for messages.
    pub(crate) last_fault: Option<String>,
    /// How many sessions it has opened.
    pub(crate) sessions: u64,
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
            sessions: 0,
        }
    }

    /// A session ended with a fault; one that time does not mend is not tried again until the
    /// stage heals.
    pub(crate) fn end_session(&mut self, fault: &SyncFault<ReplicaFault>) {
        self.link = None;
        self.last_fault = Some(fault.to_string());
        self.is_cut |= !fault.is_passing();
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
