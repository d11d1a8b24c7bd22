//! Whoever sits on the wire of one device: sees every frame, and lets pass what it likes.
//!
//! It stands for an attacker on the network as well as for a server that lies: it may alter, drop,
//! hold back, repeat and invent frames in both directions. Only signatures are out of its reach,
//! except the server's own, whose key a test may use.

use casework_protocol::frame::{ClientFrame, ServerFrame, decode, encode};
use casework_protocol::keys::SecretKey;

use super::{Stage, Who};

/// A frame and the way it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passing {
    /// From the device.
    Up(ClientFrame),
    /// From the server.
    Down(ServerFrame),
}

/// Gets every frame; what it answers goes on, each in its direction.
pub(crate) type Tamper = Box<dyn FnMut(Passing) -> Vec<Passing>>;

/// What a device was told while somebody only listened.
pub type Told = std::rc::Rc<std::cell::RefCell<Vec<ServerFrame>>>;

impl Stage {
    /// Puts somebody on the wire of a device, instead of whoever sat there before. They stay over
    /// all its connections until [`Stage::clear_wire`].
    pub fn tamper(&mut self, who: Who, with: impl FnMut(Passing) -> Vec<Passing> + 'static) {
        self.actors[who.0].tamper = Some(Box::new(with));
    }

    /// As [`Stage::tamper`], for the device that joins next.
    pub fn tamper_newcomer(&mut self, with: impl FnMut(Passing) -> Vec<Passing> + 'static) {
        self.newcomer = Some(Box::new(with));
    }

    /// As [`Stage::tamper`], for what comes from the server only.
    pub fn tamper_down(
        &mut self,
        who: Who,
        mut with: impl FnMut(ServerFrame) -> Vec<ServerFrame> + 'static,
    ) {
        self.tamper(who, move |passing| match passing {
            Passing::Up(frame) => vec![Passing::Up(frame)],
            Passing::Down(frame) => with(frame).into_iter().map(Passing::Down).collect(),
        });
    }

    /// As [`Stage::tamper`], for what comes from the device only.
    pub fn tamper_up(
        &mut self,
        who: Who,
        mut with: impl FnMut(ClientFrame) -> Vec<ClientFrame> + 'static,
    ) {
        self.tamper(who, move |passing| match passing {
            Passing::Down(frame) => vec![Passing::Down(frame)],
            Passing::Up(frame) => with(frame).into_iter().map(Passing::Up).collect(),
        });
    }

    /// Writes down what a device is told.
    pub fn listen(&mut self, who: Who) -> Told {
        let told = Told::default();
        let ear = told.clone();
        self.tamper_down(who, move |frame| {
            ear.borrow_mut().push(frame.clone());
            vec![frame]
        });
        told
    }

    /// Whoever sat on the wire of a device is gone.
    pub fn clear_wire(&mut self, who: Who) {
        self.actors[who.0].tamper = None;
    }

    /// The server's key, for those who play a hostile server.
    #[must_use]
    pub fn server_key(&self) -> &SecretKey {
        self.identity.key()
    }
}

/// Lets somebody look at a message, if anybody is there. Answers messages for the server and for
/// the device.
pub(crate) fn pass(
    tamper: &mut Option<Tamper>,
    passing: Passing,
) -> (Vec<ClientFrame>, Vec<Vec<u8>>) {
    let passed = match tamper {
        Some(tamper) => tamper(passing),
        None => vec![passing],
    };
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for passing in passed {
        match passing {
            Passing::Up(frame) => up.push(frame),
            Passing::Down(frame) => down.push(encode(&frame)),
        }
    }
    (up, down)
}

/// As [`pass`], for a message of the server; untouched when nobody listens.
pub(crate) fn pass_down(
    tamper: &mut Option<Tamper>,
    message: &[u8],
) -> (Vec<ClientFrame>, Vec<Vec<u8>>) {
    if tamper.is_none() {
        return (Vec::new(), vec![message.to_vec()]);
    }
    let frame = decode(message).expect("the server's own frames can be read");
    pass(tamper, Passing::Down(frame))
}
