//! The words of `casework case approval …` and `casework approvals`.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Approvals on a case. An approval is named by its kind, its label or its place in the list.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum ApprovalCommand {
    /// Ask for an approval: one the template knows, or your own
    #[command(
        after_help = "Example:\n  casework case approval request CTR-~K7Q2 contract\n  casework case approval request CTR-~K7Q2 \"The discount\" --from role:manager --from Ana --all"
    )]
    Request(ApproveArgs),
    /// Vote: approve, reject, or return it for rework
    #[command(
        after_help = "Example:\n  casework case approval vote CTR-~K7Q2 contract approve\n  casework case approval vote CTR-~K7Q2 contract return --note \"The annex is missing\""
    )]
    Vote {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Its kind, label, or place in the list
        approval: String,
        /// What you say
        answer: AnswerArg,
        /// Why, or under which conditions
        #[arg(long, default_value = "", value_name = "TEXT")]
        note: String,
    },
    /// Pass your vote on to somebody else
    #[command(
        after_help = "Example:\n  casework case approval reassign CTR-~K7Q2 contract Rui --seat role:manager"
    )]
    Reassign {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Its kind, label, or place in the list
        approval: String,
        /// To whom
        to: String,
        /// Which of your seats: role:KEY, team:KEY [default: your name]
        #[arg(long, value_name = "SEAT")]
        seat: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Ask somebody besides, whose approval is needed too
    #[command(
        after_help = "Example:\n  casework case approval add CTR-~K7Q2 contract role:legal --reason \"A new clause\""
    )]
    Add {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Its kind, label, or place in the list
        approval: String,
        /// Whom: a name, role:KEY or team:KEY
        whom: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// No longer ask
    #[command(
        after_help = "Example:\n  casework case approval withdraw CTR-~K7Q2 contract --reason \"Asked too early\""
    )]
    Withdraw {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Its kind, label, or place in the list
        approval: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// The approvals of a case, with every vote
    #[command(after_help = "Example:\n  casework case approval list CTR-~K7Q2")]
    List {
        /// Number, beginning of the id, or unique title
        case: String,
    },
}

/// `casework case approval request`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ApproveArgs {
    /// Number, beginning of the id, or unique title
    pub case: String,
    /// Id of a kind of approval of the template, or what is asked for in your words
    pub what: String,
    /// Whom to ask, if the template does not say: a name, role:KEY or team:KEY; may be given
    /// several times
    #[arg(long = "from", value_name = "WHOM")]
    pub from: Vec<String>,
    /// All of them must agree
    #[arg(long, conflicts_with_all = ["majority", "count"])]
    pub all: bool,
    /// More than half of them must agree
    #[arg(long, conflicts_with = "count")]
    pub majority: bool,
    /// So many members must agree
    #[arg(long, value_name = "N")]
    pub count: Option<u16>,
    /// You may not vote on it yourself
    #[arg(long)]
    pub not_me: bool,
    /// What is to be approved: case, version/ID or decision/ID
    #[arg(long, value_name = "WHAT", default_value = "case")]
    pub of: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// What a vote says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum AnswerArg {
    /// Yes
    Approve,
    /// No
    Reject,
    /// Not like this: back to whoever made it
    Return,
}
