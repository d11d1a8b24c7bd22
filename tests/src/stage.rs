//! The stage: actors with replicas, one relay, a wire that can be cut, and a settling of it all.
//!
//! ```text
//! let mut stage = Stage::new(7);
//! let [ana, rui] = stage.devices(["ana", "rui"]);
//! let case = stage.open(ana, "Broken lamp");
//! stage.cut(rui);  …  stage.heal();  stage.settle();  stage.assert_converged(case);
//! ```
//! Nothing sleeps, nothing rolls dice: the same seed plays the same play.

mod acting;
mod actor;
mod forge;
mod presence;
mod servers;
mod tamper;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use casework_engine::case::PartId;
use casework_engine::moment::Moment;
use casework_engine::replica::{Notice, Replica};
use casework_engine::template::Package;
use casework_engine::view::CaseView;
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId, ServerId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::roster::entry::{InviteFor, RosterBody};
use casework_sync_server::relay::{Identity, Relay, RelayConfig};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

pub use acting::Deed;
pub use actor::{Actor, Who};
pub use forge::Forger;
pub use presence::Words;
use servers::Store;
pub use tamper::{Passing, Told};

/// Everything of one play.
pub struct Stage {
    pub(crate) rng: ChaCha8Rng,
    seed: u64,
    now_ms: u64,
    drawn: u64,
    pub(crate) relay: Arc<Relay>,
    pub(crate) server: Store,
    pub(crate) identity: Identity,
    pub(crate) actors: Vec<Actor>,
    /// How many entries of the log the server has said are durable.
    pub(crate) acknowledged: u64,
    /// What is published when the first device comes on stage.
    package: Package,
    /// The template that cases are opened from, and the stage they begin in.
    pub template: Option<DocumentId>,
    pub(crate) newcomer: Option<tamper::Tamper>,
    /// The key that the link of the next newcomer names.
    pins: Option<ServerId>,
    /// Everything that was delivered, in order: two plays with the same trace are the same play.
    trace: Sha256,
    /// Every change anybody made, by hash.
    pub deeds: BTreeMap<ChangeHash, Deed>,
}

impl Stage {
    /// An empty stage with a fresh server.
    ///
    /// # Panics
    /// Never: a log in memory opens.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_template(seed, package())
    }

    /// An empty stage with a fresh server, on which another template than the stage's own is
    /// published.
    ///
    /// # Panics
    /// Never: a log in memory opens.
    #[must_use]
    pub fn with_template(seed: u64, package: Package) -> Self {
        Self::with_server(seed, package, Store::memory())
    }

    fn with_server(seed: u64, package: Package, server: Store) -> Self {
        let identity = Identity::from(SecretKey::from_seed(&[0xaa; 32]));
        let relay = Relay::open(server.log(), identity.clone(), RelayConfig::default())
            .expect("an empty log opens");
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            seed,
            now_ms: 1_700_000_000_000,
            drawn: 0,
            relay: Arc::new(relay),
            server,
            identity,
            actors: Vec::new(),
            acknowledged: 0,
            package,
            template: None,
            newcomer: None,
            pins: None,
            trace: Sha256::new(),
            deeds: BTreeMap::new(),
        }
    }

    /// A hash of every message that was delivered so far, to whom and when.
    #[must_use]
    pub fn trace(&self) -> [u8; 32] {
        self.trace.clone().finalize().into()
    }

    /// Something was delivered, or happened to somebody.
    pub(crate) fn note_event(&mut self, what: &[u8], who: Who, message: &[u8]) {
        self.trace.update(self.now_ms.to_be_bytes());
        self.trace.update((who.0 as u64).to_be_bytes());
        self.trace.update(what);
        self.trace.update((message.len() as u64).to_be_bytes());
        self.trace.update(message);
    }

    /// The seed, for messages of failing tests.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Brings people on stage: the first founds the workspace and publishes the template, the
    /// others join as operators. Everybody is in step afterwards.
    pub fn devices<const N: usize>(&mut self, names: [&str; N]) -> [Who; N] {
        let who = names.map(|name| {
            if self.actors.is_empty() {
                self.found(name)
            } else {
                self.join(name, "operator")
            }
        });
        self.settle();
        who
    }

    fn found(&mut self, name: &str) -> Who {
        let key = self.draw_key();
        let moment = self.moment();
        let mut actor = Actor::found(name, key, &moment);
        let revision = self.package.clone().publish();
        let revision = revision.expect("the stage's template is valid");
        let acted = actor.replica.open_template(revision, &self.moment());
        self.template = Some(acted.expect("a founder may publish").document);
        self.actors.push(actor);
        Who(0)
    }

    /// One more member, by an invite of the founder.
    pub fn join(&mut self, name: &str, role: &str) -> Who {
        self.join_with(
            name,
            InviteFor::Member {
                roles: vec![role.to_owned()],
            },
        )
    }

    /// As [`Stage::join`] with the role of an operator, by a link that names this key of the server.
    pub fn join_pinned(&mut self, name: &str, server: ServerId) -> Who {
        self.pins = Some(server);
        let who = self.join(name, "operator");
        self.pins = None;
        who
    }

    /// One more device of somebody.
    pub fn second_device(&mut self, of: Who, name: &str) -> Who {
        let member = self.member(of);
        self.join_with(name, InviteFor::Device { member })
    }

    fn join_with(&mut self, name: &str, gives: InviteFor) -> Who {
        let (invite, key) = (self.draw_key(), self.draw_key());
        let expires_ms = self.now_ms + 86_400_000;
        let body = RosterBody::OpenInvite {
            invite: invite.invite(),
            gives,
            expires_ms,
            uses: 1,
        };
        self.authorise(Who(0), body);
        self.settle();
        let workspace = self.actors[0].replica.workspace();
        let mut actor = Actor::join(name, workspace, key, invite);
        actor.tamper = self.newcomer.take();
        if let Some(key) = self.pins {
            actor.pin(key);
        }
        self.actors.push(actor);
        let who = Who(self.actors.len() - 1);
        self.settle();
        assert!(
            self.replica(who).member().is_some(),
            "{name} did not get in"
        );
        who
    }

    /// Says something in the roster.
    ///
    /// # Panics
    /// When the roster refuses it.
    pub fn authorise(&mut self, who: Who, body: RosterBody) {
        let moment = self.moment();
        self.replica(who)
            .authorise(body, &moment)
            .expect("the roster takes it");
    }

    /// Revokes a device.
    pub fn revoke(&mut self, by: Who, of: Who) {
        let device = self.device(of);
        self.authorise(
            by,
            RosterBody::RevokeDevice {
                device,
                reason: "left".to_owned(),
            },
        );
    }

    /// A fresh moment; the clock goes on by up to a minute.
    pub fn moment(&mut self) -> Moment {
        self.now_ms += 1 + self.rng.next_u64() % 60_000;
        self.drawn += 1;
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        Moment {
            now_ms: self.now_ms,
            zone_min: 0,
            seed,
        }
    }

    /// A moment of the wire's own work: a few milliseconds, so that nobody counts as silent.
    pub(crate) fn instant(&mut self) -> Moment {
        let before = self.now_ms;
        let moment = self.moment();
        self.now_ms = before + 1 + moment.now_ms % 5;
        Moment {
            now_ms: self.now_ms,
            ..moment
        }
    }

    /// Days go by in which nobody is connected.
    pub fn pass_days(&mut self, days: u64) {
        self.cut_all();
        self.wait_until(self.now_ms + days * 24 * 60 * 60 * 1000);
        self.heal();
    }

    /// Lets time pass until then.
    pub fn wait_until(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
    }

    fn draw_key(&mut self) -> SecretKey {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        SecretKey::from_seed(&seed)
    }

    /// What every clock on stage says, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Somebody's replica.
    pub fn replica(&mut self, who: Who) -> &mut Replica {
        &mut self.actors[who.0].replica
    }

    /// Somebody's device.
    #[must_use]
    pub fn device(&self, who: Who) -> DeviceId {
        self.actors[who.0].key.device()
    }

    /// Somebody's key, for those who play them.
    #[must_use]
    pub fn key(&self, who: Who) -> Arc<SecretKey> {
        self.actors[who.0].key.clone()
    }

    /// Somebody's member id.
    ///
    /// # Panics
    /// When that device is not enrolled.
    #[must_use]
    pub fn member(&self, who: Who) -> MemberId {
        self.actors[who.0]
            .replica
            .member()
            .expect("the device is enrolled")
    }

    /// The member of every device, in the order in which they came.
    ///
    /// # Panics
    /// When a device is not enrolled.
    #[must_use]
    pub fn members(&self) -> Vec<MemberId> {
        (0..self.actors.len())
            .map(|who| self.member(Who(who)))
            .collect()
    }

    /// A fresh id for a task, comment or decision.
    pub fn part(&mut self) -> PartId {
        let moment = self.moment();
        PartId::derive(&moment.derive("part"), 0)
    }

    /// What somebody sees of a case.
    ///
    /// # Panics
    /// When the case is not on that device.
    pub fn view(&mut self, who: Who, case: DocumentId) -> CaseView {
        self.replica(who)
            .case(case)
            .expect("the case is on this device")
    }

    /// Notices of one actor since the last call.
    pub fn notices(&mut self, who: Who) -> Vec<Notice> {
        self.replica(who).take_notices()
    }

    /// Checks that everybody who has the case sees the same, comments included.
    ///
    /// # Panics
    /// When two see different things; names the seed.
    pub fn assert_converged(&mut self, case: DocumentId) {
        let seed = self.seed;
        let mut first: Option<(String, CaseView, String)> = None;
        for n in 0..self.actors.len() {
            let name = self.actors[n].name.clone();
            let replica = &mut self.actors[n].replica;
            let Ok(view) = replica.case(case) else {
                continue;
            };
            let comments = format!(
                "{:?}",
                replica.comments(case).expect("comments can be read")
            );
            let Some((other, seen, said)) = &first else {
                first = Some((name, view, comments));
                continue;
            };
            assert_eq!(
                seen, &view,
                "seed {seed}: {other} and {name} see different cases"
            );
            assert_eq!(
                said, &comments,
                "seed {seed}: {other} and {name} see different comments"
            );
        }
        assert!(first.is_some(), "seed {seed}: nobody has the case");
    }
}

/// The template of the stage: three stages, a field of every policy.
#[must_use]
pub fn package() -> Package {
    let source = include_str!("stage/template.toml");
    Package::from_toml(source).expect("the stage's template can be read")
}
