//! The words of `casework case task …`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// Tasks of a case. A task is named by the beginning of its id or by its title.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum TaskCommand {
    /// Add a task
    #[command(
        after_help = "Example:\n  casework case task add CMP-~K7Q2 \"Call her\" --for Ana --due 2027-01-05 --item \"take notes\""
    )]
    Add {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What is to be done
        title: String,
        /// By whom
        #[arg(long = "for", value_name = "MEMBER")]
        assignee: Option<String>,
        /// By when: a day as in 2026-03-01, or a moment as in "2026-03-01 17:00 +01:00"
        #[arg(long, value_name = "DATE")]
        due: Option<String>,
        /// A line of its checklist; may be given several times
        #[arg(long = "item", value_name = "TEXT")]
        items: Vec<String>,
    },
    /// Give a task to somebody, or to nobody
    #[command(after_help = "Example:\n  casework case task assign CMP-~K7Q2 \"Call her\" Rui")]
    Assign {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
        /// Name or beginning of the id; nobody without
        member: Option<String>,
    },
    /// Change the due date of a task
    #[command(after_help = "Example:\n  casework case task due CMP-~K7Q2 \"Call her\" 2027-01-07")]
    Due {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
        /// The date, as in 2026-03-01, or a moment, as in "2026-03-01 17:00 +01:00"; none without
        date: Option<String>,
    },
    /// Say how a task repeats: finishing it begins the next one
    #[command(
        after_help = "Example:\n  casework case task repeat CMP-~K7Q2 \"Call her\" \"every 2 weeks\"\n  casework case task repeat CMP-~K7Q2 \"Call her\" \"every mon, thu until 2027-12-31\"\n  casework case task repeat CMP-~K7Q2 \"Call her\""
    )]
    Repeat {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
        /// How, as in "every 3 business days" or "every month on day 31"; not any more without
        repeat: Option<String>,
    },
    /// Finish a task
    #[command(after_help = "Example:\n  casework case task done CMP-~K7Q2 \"Call her\"")]
    Done {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
    },
    /// Cancel a task
    #[command(
        after_help = "Example:\n  casework case task cancel CMP-~K7Q2 \"Call her\" --reason \"She wrote\""
    )]
    Cancel {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Open a finished or cancelled task again
    #[command(after_help = "Example:\n  casework case task reopen CMP-~K7Q2 \"Call her\"")]
    Reopen {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
    },
    /// Check or uncheck a line of a task's checklist
    #[command(
        after_help = "Example:\n  casework case task check CMP-~K7Q2 \"Call her\" \"take notes\""
    )]
    Check {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
        /// Beginning of the line's id, or its text
        item: String,
        /// Uncheck it
        #[arg(long)]
        off: bool,
    },
}
