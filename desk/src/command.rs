//! Carrying out a request on a workspace: what both the called process and the owner do.
//!
//! ```text
//! Request ──▶ carry_out ──▶ SDK ──▶ Response (lines for people, JSON for programs)
//! ```
//! Nothing is printed here, and the terminal is only known by its [`Screen`].

mod access;
mod agent;
mod approvals;
mod automations;
mod cases;
mod comments;
mod cures;
mod drafts;
mod drawer;
mod export;
mod forms;
mod handovers;
mod import;
mod inbox;
mod listing;
mod overrides;
mod parts;
mod people;
mod presence;
mod purges;
mod quarantine;
mod roles;
mod settling;
mod showing;
mod status;
mod tasks;
pub mod templates;

pub use import::Imported;
pub(crate) use status::{notice_words, state_words, told};

use casework::Workspace;
use casework::ids::DocumentId;
use serde_json::Value;

use crate::cli::{Command, ImportCommand};
use crate::fault::Fault;
use crate::request::{Progress, Request, Response, Step};
use crate::screen::Screen;
use casework::Names;

/// A workspace, and for whom something is done with it.
pub struct Desk<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// Where the answer is shown.
    pub screen: Screen,
    progress: &'a mut dyn Progress,
}

/// Carries out a request.
///
/// # Errors
/// [`Fault`] when it was not carried out; what it says to try is a command.
pub fn carry_out(
    workspace: &Workspace,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<Response, Fault> {
    let mut desk = Desk {
        workspace,
        screen: request.screen,
        progress,
    };
    match &request.command {
        Command::Invite(args) => people::invite(&mut desk, args),
        Command::Member(command) => people::member(&desk, command),
        Command::Team(command) => people::team(&desk, command),
        Command::Role(command) => roles::roles(&desk, command),
        Command::Template(command) => templates::carry_out(&desk, command),
        Command::Case(command) => cases::carry_out(&desk, command),
        Command::Agent(command) => agent::carry_out(&desk, command),
        Command::Automation(command) => automations::carry_out(&desk, command),
        Command::List(args) => listing::list(&desk, args),
        Command::Approvals => approvals::wanted(&desk),
        Command::Inbox(args) => inbox::carry_out(&desk, args),
        Command::Purges => purges::list(&desk),
        Command::Overrides { template, reviewed } => {
            overrides::list(&desk, template.as_deref(), *reviewed)
        }
        Command::Board(args) => listing::board(&desk, args),
        Command::Sync(_) => status::sync(&mut desk),
        Command::Server(args) => status::server(&desk, args),
        Command::Status => status::status(&desk),
        Command::Drawer(command) => drawer::drawer(&desk, command),
        Command::Held(command) => drawer::held(&desk, command),
        Command::Form(command) => forms::carry_out(&desk, command),
        Command::Quarantine(command) => quarantine::carry_out(&desk, command),
        Command::Verify => status::verify(&mut desk),
        Command::Export(args) => export::export(&desk, args),
        Command::Import(ImportCommand::Xes(args)) => import::xes(&mut desk, args),
        Command::Init(_) | Command::Join(_) | Command::Demo => Err(Fault::invalid(
            "there is a workspace in this folder already",
        )
        .or_try("the same command with another --folder")),
    }
}

impl Desk<'_> {
    /// The names of everybody.
    ///
    /// # Errors
    /// [`Fault`] before the roster has arrived.
    pub fn names(&self) -> Result<Names, Fault> {
        Ok(self.workspace.names()?)
    }

    /// Now, milliseconds UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        casework::timestamp().as_millisecond()
    }

    /// Finds a case.
    ///
    /// # Errors
    /// [`Fault`] when there is none, or several.
    pub fn case(&self, text: &str) -> Result<DocumentId, Fault> {
        let found = self.workspace.find_case(text);
        found.map_err(|error| Fault::from(error).or_try("casework list"))
    }

    /// Finds a template.
    ///
    /// # Errors
    /// [`Fault`] when there is none, or several.
    pub fn template(&self, text: &str) -> Result<DocumentId, Fault> {
        let found = self.workspace.find_template(text);
        found.map_err(|error| {
            Fault::from(error).or_try("casework template list, or casework template library")
        })
    }

    /// Finds a member.
    ///
    /// # Errors
    /// [`Fault`] when there is none, or several.
    pub fn member(&self, text: &str) -> Result<casework::ids::MemberId, Fault> {
        let found = self.workspace.find_member(text);
        found.map_err(|error| Fault::from(error).or_try("casework member list"))
    }

    /// Tells how far a long command is.
    pub fn step(&mut self, what: &str, done: u64, total: Option<u64>) {
        self.progress.step(Step::of(what, done, total));
    }
}

/// Anything the SDK can serialise, as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
