//! The servers of a play: one that everybody reaches, restored or replaced at will, and others
//! under the same key that show some devices another history.

use std::collections::BTreeSet;
use std::sync::Arc;

use casework_protocol::ids::{ChangeHash, DocumentId, WorkspaceId};
use casework_protocol::keys::SecretKey;
use casework_protocol::log::{EntryKind, LogHead, SignedHead};
use casework_sync_server::log::Log;
use casework_sync_server::log::memory::MemoryLog;
use casework_sync_server::log::redb::RedbLog;
use casework_sync_server::relay::{Identity, Relay, RelayConfig};
use casework_sync_server::serve::rotation::vouch_anew;
use rand::Rng as _;

use super::{Stage, Who};
use crate::disk::Disk;

/// Where the server keeps its log.
pub(crate) enum Store {
    /// In memory, where it can be copied and never fails.
    Memory(Arc<MemoryLog>),
    /// In a file, as the program does, on a disk that can fail.
    Disk(Disk, Arc<RedbLog>),
}

impl Store {
    pub(crate) fn memory() -> Self {
        Self::Memory(Arc::new(MemoryLog::new()))
    }

    fn disk(disk: Disk) -> Self {
        let log = RedbLog::open_backend(disk.clone());
        Self::Disk(disk, Arc::new(log.expect("the server's file opens again")))
    }

    pub(crate) fn log(&self) -> Arc<dyn Log> {
        match self {
            Self::Memory(log) => log.clone(),
            Self::Disk(_, log) => log.clone(),
        }
    }
}

impl Stage {
    /// Puts a server in place that has only what it had when the backup was made.
    pub fn restore_server(&mut self, backup: MemoryLog) {
        self.restore_server_as(backup, RelayConfig::default());
    }

    /// As [`Stage::restore_server`], behaving in a certain way.
    pub fn restore_server_as(&mut self, backup: MemoryLog, config: RelayConfig) {
        self.cut_all();
        self.server = Store::Memory(Arc::new(backup));
        self.relay = self.open_relay(self.server.log(), config);
    }

    fn open_relay(&self, log: Arc<dyn Log>, config: RelayConfig) -> Arc<Relay> {
        let relay = Relay::open(log, self.identity.clone(), config);
        Arc::new(relay.expect("the log opens"))
    }

    /// An empty stage whose server keeps its log in a file on a disk that can fail.
    #[must_use]
    pub fn on_a_disk(seed: u64) -> Self {
        Self::with_server(seed, super::package(), Store::disk(Disk::new()))
    }

    /// From the n-th sync on the server's disk takes nothing.
    ///
    /// # Panics
    /// When the server's log is in memory.
    pub fn freeze_server(&mut self, syncs: u64) {
        let Store::Disk(disk, _) = &self.server else {
            panic!("the server has no disk");
        };
        disk.freeze_after(syncs);
    }

    /// The server's power fails: of what was not synced some writes are there and others not. It
    /// starts again, on a disk that works.
    ///
    /// # Panics
    /// When it cannot start again, or has less than it acknowledged: that is what is being tested.
    pub fn crash_server(&mut self) {
        self.cut_all();
        let Store::Disk(disk, _) = &self.server else {
            panic!("the server has no disk");
        };
        let torn = self.rng.next_u64() as usize % (disk.unsynced() + 1);
        let disk = disk.crash(torn);
        self.server = Store::disk(disk);
        self.relay = self.open_relay(self.server.log(), RelayConfig::default());
        let (seed, size) = (self.seed(), self.log_size());
        let told = self.acknowledged;
        assert!(
            size >= told,
            "seed {seed}: {told} were acknowledged and {size} are there"
        );
    }

    /// A backup of the server's log.
    #[must_use]
    ///
    /// # Panics
    /// When the server's log is on a disk.
    pub fn back_up_server(&self) -> MemoryLog {
        let Store::Memory(log) = &self.server else {
            panic!("only a log in memory is copied");
        };
        log.backup()
    }

    /// The operator gives up waiting for what the server lost.
    ///
    /// # Panics
    /// Never: a log in memory takes everything.
    pub fn open_epoch(&mut self) {
        for workspace in self.relay.workspaces() {
            let opened = self.relay.open_epoch(self.now_ms(), workspace);
            assert!(opened.expect("a log in memory takes everything"));
        }
    }

    /// The server hands over to another key, as `casework-server rotate-key` does, and starts again.
    ///
    /// # Panics
    /// When its bundles cannot be vouched for anew.
    pub fn rotate_server_key(&mut self, to: SecretKey) {
        self.cut_all();
        self.identity = self.identity.hand_over(to, self.now_ms());
        let log = self.server.log();
        vouch_anew(log.as_ref(), &self.identity).expect("a log in memory takes everything");
        self.relay = self.open_relay(log, RelayConfig::default());
    }

    /// This device reaches a server with the same log that says of itself what a thief made up.
    pub fn reach_thief(&mut self, who: Who, thief: Identity) {
        let log = Arc::new(self.back_up_server());
        let relay = Relay::open(log, thief, RelayConfig::default());
        self.reach(who, Some(Arc::new(relay.expect("a log in memory opens"))));
    }

    /// Who the server is.
    #[must_use]
    pub fn server_identity(&self) -> &Identity {
        &self.identity
    }

    /// A second history: from now on this device reaches a server that has the same key and, until
    /// now, the same log.
    pub fn split_off(&mut self, who: Who) {
        let relay = self.open_relay(Arc::new(self.back_up_server()), RelayConfig::default());
        self.reach(who, Some(relay));
    }

    /// This device reaches whatever server another one reaches.
    pub fn reach_as(&mut self, who: Who, other: Who) {
        let relay = self.actors[other.0].relay.clone();
        self.reach(who, relay);
    }

    /// The device reaches the one server again that everybody reaches.
    pub fn rejoin(&mut self, who: Who) {
        self.reach(who, None);
    }

    /// This device reaches a server with another key that has the same log.
    pub fn impersonate_server(&mut self, who: Who, key: SecretKey) {
        let log = Arc::new(self.back_up_server());
        let relay = Relay::open(log, key, RelayConfig::default());
        self.reach(who, Some(Arc::new(relay.expect("a log in memory opens"))));
    }

    fn reach(&mut self, who: Who, relay: Option<Arc<Relay>>) {
        let actor = &mut self.actors[who.0];
        actor.link = None;
        actor.relay = relay;
    }

    /// The server's log.
    #[must_use]
    pub fn server_log(&self) -> Arc<dyn Log> {
        self.server.log()
    }

    /// The one workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.actors[0].replica.workspace()
    }

    /// The relay, for questions about its log.
    #[must_use]
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Reads heads that the server signed.
    ///
    /// # Panics
    /// When it did not.
    pub fn head_reader(&self) -> impl Fn(&SignedHead) -> LogHead + 'static {
        let (server, workspace) = (self.relay.server(), self.actors[0].replica.workspace());
        move |head| {
            let verified = head.clone().verify(server, workspace);
            *verified.expect("the server signed it").head()
        }
    }

    /// The code of the newest head that somebody trusts.
    ///
    /// # Panics
    /// When the store fails, or no head was seen.
    #[must_use]
    pub fn head_code(&self, who: Who) -> String {
        let status = self.actors[who.0].replica.status();
        let code = status.expect("the store can be read").head_code;
        code.expect("a head was seen")
    }

    /// How many entries the workspace's log has.
    ///
    /// # Panics
    /// When the server does not have the workspace.
    #[must_use]
    pub fn log_size(&self) -> u64 {
        let id = self.actors[0].replica.workspace();
        let shared = self.relay.workspace(id).expect("the workspace is there");
        let workspace = shared.read().expect("nobody panicked over it");
        workspace.size()
    }

    /// How many entries a server would find that started this moment on what its disk holds durably;
    /// `None` when its log is in memory.
    ///
    /// # Panics
    /// When it could not start.
    #[must_use]
    pub fn durable_size(&self) -> Option<u64> {
        let Store::Disk(disk, _) = &self.server else {
            return None;
        };
        let log = RedbLog::open_backend(disk.backup());
        let log = log.expect("what is durable can be opened");
        let row = log
            .workspace(self.workspace())
            .expect("the log can be read");
        Some(row.map_or(0, |row| row.frontier.size()))
    }

    /// The changes that somebody made and that are not in the server's log.
    ///
    /// # Panics
    /// When the log cannot be read.
    #[must_use]
    pub fn unlogged_deeds(&self, who: Who) -> Vec<ChangeHash> {
        let records = self.server.log().read(self.workspace(), 0, usize::MAX);
        let records = records.expect("the log can be read");
        let logged = records.iter().flat_map(|record| record.hashes.iter());
        let logged: BTreeSet<[u8; 32]> = logged.copied().collect();
        let deeds = self.deeds.iter().filter(|(_, deed)| deed.who == who);
        deeds
            .map(|(change, _)| *change)
            .filter(|change| !logged.contains(change.as_bytes()))
            .collect()
    }

    /// Whether the server's log has a change, with its content.
    ///
    /// # Panics
    /// When the log cannot be read.
    #[must_use]
    pub fn is_logged(&self, case: DocumentId, change: ChangeHash) -> bool {
        let (id, log) = (self.workspace(), self.server.log());
        let seqs = log.positions(id, case, 0, usize::MAX);
        let records = log.records(id, &seqs.expect("the log can be read"));
        let records = records.expect("the log can be read");
        let mut of_changes = records.iter().filter(|r| r.kind == EntryKind::Change);
        of_changes.any(|record| record.hashes.contains(change.as_bytes()))
    }

    /// The relay that this device reaches.
    pub(crate) fn relay_of(&self, who: Who) -> Arc<Relay> {
        let own = self.actors[who.0].relay.as_ref();
        own.unwrap_or(&self.relay).clone()
    }
}
