//! A command on its way to whoever owns the replica, and what comes back.
//!
//! Plain data: the same request is carried out here or, through the local socket, in the process
//! that has the replica open. Neither end prints anything.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::Command;
use crate::fault::Fault;
use crate::screen::Screen;

/// The version that both ends must have: commands are not translated between versions.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A command and the screen its answer is made for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`] of whoever asks.
    pub version: String,
    /// What to do. Paths in it are absolute.
    pub command: Command,
    /// Where the answer is shown.
    pub screen: Screen,
}

/// What a command says: the same for people and for programs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Response {
    /// Lines for people.
    pub lines: Vec<String>,
    /// The same for programs.
    pub json: Value,
    /// 0, or 3 when the command was carried out and found something wrong.
    pub exit: u8,
}

/// How far a long command is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is being done, a few words.
    pub what: String,
    /// How much of it.
    pub done: u64,
    /// Of how much, once that is known.
    pub total: Option<u64>,
}

/// What the owner sends back: any number of steps, then the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Reply {
    /// How far it is.
    Step(Step),
    /// What came of it.
    End(Result<Response, Fault>),
}

/// Who is told how far a long command is.
pub trait Progress {
    /// Called often; cheap.
    fn step(&mut self, step: Step);
}

impl Request {
    /// A request of this version.
    #[must_use]
    pub fn new(command: Command, screen: Screen) -> Self {
        Self {
            version: VERSION.to_owned(),
            command,
            screen,
        }
    }
}

impl Response {
    /// What came of a command.
    #[must_use]
    pub fn new(lines: Vec<String>, json: Value) -> Self {
        Self {
            lines,
            json,
            exit: 0,
        }
    }

    /// One line.
    #[must_use]
    pub fn line(line: impl Into<String>, json: Value) -> Self {
        Self::new(vec![line.into()], json)
    }
}

impl Step {
    /// A step of a known whole.
    #[must_use]
    pub fn of(what: &str, done: u64, total: Option<u64>) -> Self {
        Self {
            what: what.to_owned(),
            done,
            total,
        }
    }
}
