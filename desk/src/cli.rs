//! The command line: every command, its words and its help.
//!
//! Only shapes: nothing here opens a replica. A parsed [`Command`] is plain data, so that the
//! process that owns the replica can carry it out for another one.

mod access;
mod agent;
mod approval;
mod automation;
mod case;
mod draft;
mod drawer;
mod form;
mod handover;
mod inbox;
mod list;
mod part;
mod people;
mod screen;
mod task;
mod template;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};

pub use access::AccessCommand;
pub use agent::AgentCommand;
pub use approval::{AnswerArg, ApprovalCommand, ApproveArgs};
pub use automation::AutomationCommand;
pub use case::{CaseCommand, CommentArgs, OpenArgs, Verdict, Why};
pub use draft::DraftCommand;
pub use drawer::{DrawerCommand, HeldCommand, QuarantineCommand};
pub use form::{BaseUrl, FormCommand, LinkArgs, RequestArgs, ReviewArgs, ServeArgs};
pub use handover::{
    AnswerArgs, HoldCommand, MakeArgs, ReferralArgs, ReferralCommand, TransferCommand,
};
pub use inbox::{InboxArgs, InboxCommand, MuteArgs, ShowArgs};
pub use list::{ListArgs, SortBy};
pub use part::{DocumentCommand, PartCommand, PartyCommand, RedactWhat};
pub use people::{CanArgs, InviteArgs, KindArg, MemberCommand, RoleCommand, TeamCommand};
pub use screen::BoardArgs;
pub use task::TaskCommand;
pub use template::TemplateCommand;

const EXAMPLES: &str = "\
Examples:
  casework demo                                    a whole workspace in one minute
  casework init \"Customer care\" --as Ana           found a workspace on this device
  casework template import complaint               take a template from the library
  casework case open CMP \"Fee charged twice\" --set channel=phone
  casework board                                   the cases by stage
  casework case show CMP-~K7Q2                     one case, with what is contested
  casework sync --watch                            stay in step with the server

Every command takes --json. A case is named by its number, the beginning of its id or a title
that is unique; a person by name or the beginning of their id.

Exit code: 0 done, 1 not done (the message says why and what to do), 2 wrong usage,
3 the verification or the demo found a fault.";

/// Cases on your own device, in step with your team.
#[derive(Debug, Parser)]
#[command(name = "casework", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Where the replica lies [default: $XDG_DATA_HOME/casework or ~/.local/share/casework]
    #[arg(
        long,
        global = true,
        env = "CASEWORK_FOLDER",
        value_name = "DIR",
        hide_env = false
    )]
    pub folder: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum Command {
    /// Found a workspace on this device, offline
    #[command(
        after_help = "Example:\n  casework init \"Customer care\" --as Ana --server ws://127.0.0.1:7410"
    )]
    Init(InitArgs),
    /// Make a link that lets a colleague, or your second device, in
    Invite(InviteArgs),
    /// Join a workspace with an invite link
    #[command(
        after_help = "Example:\n  casework join casework://join/… --name Rui --device \"Rui's phone\""
    )]
    Join(JoinArgs),
    /// People and their devices
    #[command(subcommand)]
    Member(MemberCommand),
    /// Teams
    #[command(subcommand)]
    Team(TeamCommand),
    /// Roles and what they grant
    #[command(subcommand)]
    Role(RoleCommand),
    /// Templates: what cases of one kind look like
    #[command(subcommand)]
    Template(TemplateCommand),
    /// One case: open, move, fill, discuss, decide, close
    #[command(subcommand)]
    Case(CaseCommand),
    /// Automations: what they are, would do and did
    #[command(subcommand)]
    Automation(AutomationCommand),
    /// The agent: final numbers, and what rules want outside
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Cases in a list
    List(ListArgs),
    /// What waits for your answer: approvals to give, cases to take over
    #[command(after_help = "Example:\n  casework approvals")]
    Approvals,
    /// What you are told: who named you, gave you work, moved your cases, waits for you
    Inbox(InboxArgs),
    /// What was done although a rule asked, with the reasons, to be looked over
    #[command(
        after_help = "Example:\n  casework overrides\n  casework overrides --template HR --reviewed\n  casework case review HR-~K7Q2 3f2a accepted --note \"Agreed by phone\""
    )]
    Overrides {
        /// Key or name of a template
        #[arg(long, short, value_name = "TEMPLATE")]
        template: Option<String>,
        /// Also those that were reviewed and accepted
        #[arg(long)]
        reviewed: bool,
    },
    /// Cases that are to be purged, and those that were
    #[command(after_help = "Example:\n  casework purges")]
    Purges,
    /// Cases by stage, as a kanban
    Board(BoardArgs),
    /// Send and receive
    #[command(
        after_help = "Example:\n  casework sync            once, until nothing is left\n  casework sync --watch    keep in step; other commands then go through this process"
    )]
    Sync(SyncArgs),
    /// Set the server to sync with
    #[command(
        after_help = "Example:\n  casework server wss://casework.example:7410\n  casework server wss://10.0.0.5:7410#pin=5d41…    self-signed\n  casework server wss://casework.lan:7410 --ca office-ca.pem"
    )]
    Server(ServerArgs),
    /// How this replica stands: unsent, held, waiting, server
    #[command(after_help = "Example:\n  casework status")]
    Status,
    /// Your work that could not stand: look, do again, throw away
    #[command(subcommand)]
    Drawer(DrawerCommand),
    /// Late work of people whose rights were reduced: look, adopt
    #[command(subcommand)]
    Held(HeldCommand),
    /// What was set aside because it does not hold: look, try again, fetch anew
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Check every signature, chain and right of the whole replica again
    #[command(after_help = "Example:\n  casework verify")]
    Verify,
    /// Write a case as plain .automerge and JSON
    #[command(after_help = "Example:\n  casework export CMP-~K7Q2 --out ./exported")]
    Export(ExportArgs),
    /// Bring cases in from elsewhere
    #[command(subcommand)]
    Import(ImportCommand),
    /// Public forms: links, requests for information, what came in, serving them
    #[command(subcommand, visible_alias = "forms")]
    Form(FormCommand),
    /// Show it all: a server, three people, a collision, and how it is settled
    ///
    /// Leaves the replicas in --folder, or in a new folder under the temporary one.
    #[command(after_help = "Example:\n  casework demo\n  casework --folder ./demo demo")]
    Demo,
}

/// `casework init`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct InitArgs {
    /// Name of the workspace
    pub name: String,
    /// Your name
    #[arg(long = "as", value_name = "NAME", env = "CASEWORK_NAME")]
    pub member: String,
    /// What this device is called
    #[arg(long, value_name = "NAME", default_value = "This device")]
    pub device: String,
    /// The server to sync with: ws://host:port, or by TLS wss://host:port
    #[arg(long, value_name = "ADDR")]
    pub server: Option<String>,
    /// The authority that vouches for the server's certificate (PEM), instead of those that this
    /// machine knows
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// `casework join`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct JoinArgs {
    /// The link you were given
    pub link: String,
    /// Your name (for a second device of yours: the name you have already)
    #[arg(long, value_name = "NAME", env = "CASEWORK_NAME")]
    pub name: String,
    /// What this device is called
    #[arg(long, value_name = "NAME", default_value = "This device")]
    pub device: String,
    /// The authority that vouches for the server's certificate (PEM), instead of those that this
    /// machine knows
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// `casework sync`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct SyncArgs {
    /// Stay connected, and carry out other commands for this replica meanwhile
    #[arg(long)]
    pub watch: bool,
}

/// `casework server`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ServerArgs {
    /// Its address, for instance wss://casework.example:7410, with #pin=… as the server tells it
    /// where its certificate is self-signed; ws:// without TLS
    pub address: String,
    /// Its public key; without it the first one that answers is pinned
    #[arg(long, value_name = "HEX")]
    pub key: Option<String>,
    /// The authority that vouches for the server's certificate (PEM), instead of those that this
    /// machine knows
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// `casework export`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ExportArgs {
    /// Number, beginning of the id, or unique title
    pub case: String,
    /// Where to
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
}

/// `casework import`.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum ImportCommand {
    /// A process log in XES (IEEE 1849), plain or gzip
    ///
    /// Every trace becomes a case, every event an action, every activity a stage. Your device signs;
    /// the original person and time are kept as claims and shown as imported.
    #[command(
        after_help = "Example:\n  casework import xes permits.xes.gz --dry-run\n  casework import xes permits.xes.gz"
    )]
    Xes(XesArgs),
}

/// `casework import xes`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct XesArgs {
    /// The log
    pub file: PathBuf,
    /// The classifier of the log that names the activities [default: chosen by what it names]
    #[arg(long, value_name = "NAME")]
    pub classifier: Option<String>,
    /// Tell what would be imported, and import nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Import a file that was imported before once more
    #[arg(long)]
    pub again: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let mut parts = command.get_subcommands().peekable();
            if parts.peek().is_none() {
                let help = command.get_after_help().map(ToString::to_string);
                let help = help.unwrap_or_default();
                assert!(help.contains("Example:\n  casework"), "{path}: {help}");
                // Somebody may copy it, so it must at least be a command.
                for line in help.lines().filter(|line| line.contains(path.trim())) {
                    assert!(line.starts_with("  casework "), "{path}: {line}");
                }
            }
            parts.for_each(|part| check(part, &path));
        }
        check(&Cli::command(), "");
    }

    #[test]
    fn a_command_survives_the_way_to_another_process() {
        let words = [
            "casework",
            "case",
            "move",
            "CMP-~K7Q2",
            "review",
            "--reason",
            "seen",
        ];
        let cli = Cli::try_parse_from(words).unwrap();
        let json = serde_json::to_string(&cli.command).unwrap();
        let back: Command = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", cli.command));
    }

    #[test]
    fn every_command_explains_itself() {
        fn check(command: &clap::Command) {
            assert!(
                command.get_about().is_some(),
                "{} has no help",
                command.get_name()
            );
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{}: {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        let mut command = Cli::command();
        command.build();
        check(&command);
    }
}
