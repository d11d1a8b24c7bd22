//! The words of `casework list`, which `casework board` takes too.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// `casework list`, and the filter of the board.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[command(
    after_help = "Example:\n  casework list --mine --open --sort due\n  casework list --search fee --limit 100 --skip 100"
)]
pub struct ListArgs {
    /// Key or name of a template
    #[arg(long, short, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// Words in number, title, labels or card fields
    #[arg(long, short, value_name = "WORDS", default_value = "")]
    pub search: String,
    /// In this stage: id or name
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,
    /// Owned by or assigned to me
    #[arg(long)]
    pub mine: bool,
    /// Owned by or assigned to this member
    #[arg(long = "of", value_name = "MEMBER")]
    pub member: Option<String>,
    /// Owned by or assigned to a member of this team
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// Without owner and assignees
    #[arg(long)]
    pub unassigned: bool,
    /// Bearing this label; may be given several times
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<String>,
    /// With contested values
    #[arg(long)]
    pub contested: bool,
    /// Due before today and not finished
    #[arg(long)]
    pub overdue: bool,
    /// With work that is not on the server yet
    #[arg(long)]
    pub unsynced: bool,
    /// Not finished
    #[arg(long)]
    pub open: bool,
    /// With archived cases
    #[arg(long)]
    pub archived: bool,
    /// Only what is in the trash
    #[arg(long)]
    pub trash: bool,
    /// Flagged
    #[arg(long)]
    pub flagged: bool,
    /// The order
    #[arg(long, value_enum, default_value_t = SortBy::Changed)]
    pub sort: SortBy,
    /// How many to leave out at the beginning
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum SortBy {
    /// What changed last comes first
    #[default]
    Changed,
    /// What was opened first comes first
    Opened,
    /// What stands in its stage longest comes first
    Entered,
    /// What is due first comes first
    Due,
    /// By number
    Number,
    /// By title
    Title,
}
