//! The words of `casework drawer …`, `casework held …` and `casework quarantine …`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// Your own work that could not stand.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum DrawerCommand {
    /// What lies in it, and why
    #[command(after_help = "Example:\n  casework drawer list")]
    List,
    /// Do something again, as a new change that names the original
    #[command(
        after_help = "Example:\n  casework drawer redo 3\n  casework drawer redo 3 --reason 'Agreed by phone'    through a rule that asks"
    )]
    Redo {
        /// Its number in the list
        number: u64,
        /// Why, which goes through a rule that asks
        #[arg(long)]
        reason: Option<String>,
    },
    /// Throw something away, for good
    #[command(after_help = "Example:\n  casework drawer discard 3")]
    Discard {
        /// Its number in the list
        number: u64,
    },
}

/// Late work of people whose rights were reduced.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum HeldCommand {
    /// What is held, whose, and on which case
    #[command(after_help = "Example:\n  casework held list")]
    List,
    /// Adopt what is held on a case
    #[command(
        after_help = "Example:\n  casework held adopt CMP-~K7Q2 --reason \"Done in good faith before the revocation arrived\""
    )]
    Adopt {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// What was set aside because it does not hold.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum QuarantineCommand {
    /// What is set aside, and why
    #[command(after_help = "Example:\n  casework quarantine list")]
    List,
    /// Look at it again with this version of the program
    #[command(after_help = "Example:\n  casework quarantine retry 3f9c2a")]
    Retry {
        /// Number or title of the case, or the beginning of the document's id
        document: String,
    },
    /// Give up this device's copy and have the server send it anew; unsent work goes to the drawer
    #[command(after_help = "Example:\n  casework quarantine fetch 3f9c2a && casework sync")]
    Fetch {
        /// Number or title of the case, or the beginning of the document's id
        document: String,
    },
}
