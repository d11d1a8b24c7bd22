//! The words of who is on a case: `casework case restrict`, `unrestrict`, `name`, `unname`, `access`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// Who is on a case and who sees it.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum AccessCommand {
    /// Hide the case from everybody it does not name; you stay on it
    #[command(
        after_help = "Whoever is not named loses the case with their next sync; what they had not sent goes to their drawer.\n\nExample:\n  casework case restrict CMP-~K7Q2 --name Rui --name team:legal"
    )]
    Restrict {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Whom to name as well: a member, team:KEY or role:KEY; may be given several times
        #[arg(long = "name", value_name = "WHO")]
        names: Vec<String>,
        /// Do not stay on it yourself
        #[arg(long)]
        without_me: bool,
    },
    /// Let everybody with a grant see the case again
    #[command(after_help = "Example:\n  casework case unrestrict CMP-~K7Q2")]
    Unrestrict {
        /// Number, beginning of the id, or unique title
        case: String,
    },
    /// Name members, teams or roles on the case
    #[command(
        after_help = "Example:\n  casework case name CMP-~K7Q2 Rui team:legal\n  casework case name CMP-~K7Q2 role:auditor"
    )]
    Name {
        /// Number, beginning of the id, or unique title
        case: String,
        /// A member, team:KEY or role:KEY
        #[arg(required = true, value_name = "WHO")]
        names: Vec<String>,
    },
    /// Take members, teams or roles off the case
    #[command(after_help = "Example:\n  casework case unname CMP-~K7Q2 team:legal")]
    Unname {
        /// Number, beginning of the id, or unique title
        case: String,
        /// A member, team:KEY or role:KEY
        #[arg(required = true, value_name = "WHO")]
        names: Vec<String>,
    },
    /// Who is on the case, who sees it, and who said so
    #[command(after_help = "Example:\n  casework case access CMP-~K7Q2")]
    Access {
        /// Number, beginning of the id, or unique title
        case: String,
    },
}
