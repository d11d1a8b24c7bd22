//! A device that has nothing yet: one long case, and a whole office. Through the SDK, on disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use automerge::Automerge;
use casework::{Error, InviteFor, KeyStore, Newcomer, Workspace};
use casework_engine::sync::Phase;
use casework_protocol::keys::{SecretKey, Signer};
use casework_sync_server::serve::{Running, ServeConfig, Store, start};
use tokio::runtime::Runtime;

use super::open::LongCase;
use super::{folder, open, runtime};
use crate::measure::{Scale, quantile, timed};
use crate::table::{Aim, Figure, Row};
use crate::workload::Office;

/// A key that is known.
struct Known(SecretKey);

impl KeyStore for Known {
    fn obtain(&self) -> Result<Arc<dyn Signer>, Error> {
        Ok(Arc::new(self.0.clone()))
    }

    fn recall(&self) -> Result<Arc<dyn Signer>, Error> {
        self.obtain()
    }
}

/// A server, and an office that has pushed everything to it.
struct Synced {
    server: Running,
    workspace: Workspace,
}

impl Synced {
    fn begin(runtime: &Runtime, server: &Path, office: Office, folder: &Path) -> Self {
        let config = ServeConfig::on_loopback(Store::Folder(server.to_owned()));
        let server = runtime
            .block_on(start(config))
            .expect("the loopback has free ports");
        let key = office.key.clone();
        drop(office);
        let workspace = Workspace::open_with(folder, &Known(key)).expect("it was closed well");
        let address = format!("ws://{}", server.addr());
        workspace
            .set_server(&address, Some(server.server_key()))
            .expect("an address");
        // The second one offers bundles of what the first one pushed.
        for _ in 0..2 {
            workspace
                .sync(&mut |_| {})
                .expect("the server takes everything");
        }
        Self { server, workspace }
    }

    /// A new device of the founder joins; answers how long it took until everything was there and
    /// could be used, and the bytes it received. The rights over a history that came as a bundle
    /// are judged afterwards, in the background.
    fn join(&self, folder: &Path) -> (Duration, u64, usize) {
        let member = self
            .workspace
            .info()
            .expect("it is open")
            .member
            .expect("the founder");
        let gives = InviteFor::Device { member };
        let link = self
            .workspace
            .invite(gives, Duration::from_secs(3_600), 1)
            .expect("an owner");
        self.workspace
            .sync(&mut |_| {})
            .expect("the server takes everything");
        let (mut received, mut took) = (0, Duration::ZERO);
        let started = Instant::now();
        let newcomer = Newcomer {
            member_name: String::new(),
            device_name: "phone".into(),
        };
        let joined = Workspace::join(folder, &link, &newcomer, &mut |now| {
            if now.phase == Phase::Live && now.bytes_in > received {
                took = started.elapsed();
            }
            received = now.bytes_in;
        })
        .expect("the invite holds");
        let cards = joined.cards().expect("the store can be read").len();
        (took, received, cards)
    }
}

/// Cold catch-up of one long case, beside a bare load and the saved bytes.
///
/// # Panics
/// When not everything comes.
#[must_use]
pub fn cold(scale: Scale) -> Vec<Row> {
    let runtime = runtime();
    let place = folder();
    let LongCase {
        folder: home,
        office,
        saved,
        changes,
        ..
    } = open::long_case(scale);
    let synced = Synced::begin(&runtime, &place.path().join("server"), office, home.path());
    let (mut ours, mut bare, mut bytes) = (Vec::new(), Vec::new(), 0);
    for n in 0..scale.of(5, 1) {
        let (took, received, cards) = synced.join(&place.path().join(format!("phone-{n}")));
        assert_eq!(cards, 1, "the case has come");
        ours.push(took);
        bytes = received;
        bare.push(timed(|| {
            Automerge::load(&saved).expect("it was just saved")
        }));
    }
    runtime.block_on(synced.server.shutdown());
    let what = format!("cold catch-up of one case of {changes} changes, joining included");
    vec![
        Row {
            what: format!("{what}: time"),
            measured: Figure::Time(quantile(&mut ours, 0.5)),
            yardstick: (
                "bare `Automerge::load`",
                Figure::Time(quantile(&mut bare, 0.5)),
            ),
            aim: Aim::AtMost(2.0),
        },
        Row {
            what: format!("{what}: bytes received"),
            measured: Figure::Bytes(bytes as f64),
            yardstick: ("bytes of `save()`", Figure::Bytes(saved.len() as f64)),
            aim: Aim::AtMost(1.1),
        },
    ]
}

/// First sync of an office of 10,000 cases with forty fields each.
///
/// # Panics
/// When not everything comes.
#[must_use]
pub fn first_sync(scale: Scale) -> Vec<Row> {
    let cases = scale.of(10_000, 30);
    let runtime = runtime();
    let place = folder();
    let home = place.path().join("office");
    let mut office = Office::found(&home);
    office.open_cases(cases);
    let synced = Synced::begin(&runtime, &place.path().join("server"), office, &home);
    let mut times = Vec::new();
    for n in 0..scale.of(3, 1) {
        let (took, _, cards) = synced.join(&place.path().join(format!("phone-{n}")));
        assert_eq!(cards, cases, "every case has come");
        times.push(took);
    }
    runtime.block_on(synced.server.shutdown());
    vec![Row {
        what: format!("first sync, {cases} cases × 40 fields, joining included"),
        measured: Figure::Time(quantile(&mut times, 0.5)),
        yardstick: (
            "CommCare's published rule: 1 s per 25 cases",
            Figure::Time(Duration::from_millis(40 * cases as u64)),
        ),
        aim: Aim::Within(Figure::Time(Duration::from_secs(10))),
    }]
}
