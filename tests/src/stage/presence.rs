//! Presence on stage: who says what, who is shown where, and a wire that is unruly with it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use casework_engine::sync::presence::Witness;
use casework_protocol::access::views;
use casework_protocol::frame::{Activity, ClientFrame, ServerFrame};
use casework_protocol::ids::{DeviceId, DocumentId};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::tamper::Passing;
use super::{Stage, Who};

/// What servers said about presence since somebody looked, and to whom.
pub type Words = Rc<RefCell<Vec<(Who, DocumentId, Vec<DeviceId>)>>>;

impl Stage {
    /// Somebody has a case open, or writes in it. Whether they see it, nobody asks here.
    pub fn announce(&mut self, who: Who, case: DocumentId, activity: Activity) {
        let now_ms = self.now_ms();
        self.actors[who.0]
            .announcement
            .enter(case, activity, now_ms);
    }

    /// Somebody closes a case.
    pub fn leave(&mut self, who: Who, case: DocumentId) {
        self.actors[who.0].announcement.leave(case);
    }

    /// Whether somebody wants to hear of others.
    pub fn hear(&mut self, who: Who, hears: bool) {
        self.actors[who.0].announcement.hear(hears);
    }

    /// Who is shown at a case on somebody's screen.
    pub fn shown(&mut self, who: Who, case: DocumentId) -> Vec<Witness> {
        let now_ms = self.now_ms();
        let actor = &mut self.actors[who.0];
        let Some(link) = &actor.link else {
            return Vec::new();
        };
        let own = actor.replica.device();
        let Ok(access) = actor
            .replica
            .access(case)
            .map(|record| record.head().clone())
        else {
            return Vec::new();
        };
        let Ok(roster) = actor.replica.roster() else {
            return Vec::new();
        };
        let heard = link.client.heard();
        heard.at((case, now_ms), own, roster.head(), &access)
    }

    /// From now on words about presence get lost, come twice, late and in another order on
    /// somebody's wire; everything else passes. What the server says of it is noted.
    pub fn unruly_presence(&mut self, who: Who, words: &Words) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed() ^ (who.0 as u64) << 32);
        let words = words.clone();
        let mut late: Vec<Passing> = Vec::new();
        self.tamper(who, move |passing| {
            if let Passing::Down(ServerFrame::Presence {
                document, present, ..
            }) = &passing
            {
                let devices = present.iter().map(|row| row.device).collect();
                words.borrow_mut().push((who, *document, devices));
            }
            let of_presence = matches!(
                &passing,
                Passing::Up(ClientFrame::Presence { .. })
                    | Passing::Down(ServerFrame::Presence { .. })
            );
            if !of_presence {
                return vec![passing];
            }
            match rng.next_u64() % 8 {
                0 => Vec::new(),
                1 => vec![passing.clone(), passing],
                2 => {
                    late.push(passing);
                    Vec::new()
                }
                3 => {
                    late.push(passing);
                    late.drain(..).rev().collect()
                }
                _ => vec![passing],
            }
        });
    }

    /// Whether a device's member sees a case by the records on the server now.
    ///
    /// # Panics
    /// When the workspace is not on the server.
    #[must_use]
    pub fn sees_on_server(&self, device: DeviceId, case: DocumentId) -> bool {
        let shared = self.relay().workspace(self.workspace());
        let shared = shared.expect("the workspace is on the server");
        let workspace = shared.read().expect("nobody panicked over it");
        let roster = workspace.roster().head();
        let access = workspace.access(case).map(|access| access.head());
        let member = roster.member_of(device);
        member
            .zip(access)
            .is_some_and(|(member, access)| views(roster, access, member))
    }

    /// The names of everybody on stage, by device.
    #[must_use]
    pub fn devices_by_id(&self) -> BTreeMap<DeviceId, Who> {
        let devices = (0..self.actors.len()).map(|n| (self.device(Who(n)), Who(n)));
        devices.collect()
    }
}
