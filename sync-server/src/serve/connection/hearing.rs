//! Presence on one connection: what it says stirs the others, and it hears them when it asked to.

use casework_protocol::frame::ClientFrame;

use super::Connection;
use crate::relay::Output;

impl Connection {
    pub(super) fn hear(&mut self, frame: ClientFrame) -> Vec<Output> {
        let stirs = matches!(frame, ClientFrame::Presence { .. });
        let outputs = self
            .session
            .handle(&self.hub.relay, self.hub.clock.now_ms(), frame);
        if stirs {
            self.stirs = true;
            let hears = self.session.hears_presence();
            let workspace = self.session.workspace().filter(|_| hears);
            let bells = &self.hub.bells;
            match workspace {
                Some(id) if self.bell.is_none() => self.bell = Some(bells.subscribe(id)),
                Some(_) => {}
                None => self.bell = None,
            }
            bells.stir();
        }
        outputs
    }
}

impl Drop for Connection {
    /// Whoever is gone is gone at once.
    fn drop(&mut self) {
        if self.stirs {
            self.session.leave();
            self.hub.bells.stir();
        }
    }
}
