//! The words of `casework case …` and `casework list`.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// One case.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum CaseCommand {
    /// Open a case
    #[command(
        after_help = "Example:\n  casework case open CMP \"Fee charged twice\" --set channel=phone \\\n    --set \"customer=Helena Dias; complainant\" --owner Ana --label urgent"
    )]
    Open(OpenArgs),
    /// Move to a stage, forward or back
    #[command(
        after_help = "Example:\n  casework case move CMP-~K7Q2 review\n  casework case move CMP-~K7Q2 closed --override --reason \"Settled on the phone\""
    )]
    Move {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Id or name of the stage
        stage: String,
        /// Why, and whether to go through a rule that asks
        #[command(flatten)]
        why: Why,
    },
    /// Give fields a value
    #[command(
        after_help = "Example:\n  casework case set CMP-~K7Q2 severity=high amount=\"12.50 EUR\"\n  casework case set CMP-~K7Q2 products=card,app contacts_count=+1"
    )]
    Set {
        /// Number, beginning of the id, or unique title
        case: String,
        /// FIELD=VALUE, in the words a person would write
        #[arg(required = true, value_name = "FIELD=VALUE")]
        values: Vec<String>,
        /// Why, and whether to go through a rule that asks
        #[command(flatten)]
        why: Why,
    },
    /// Take the values of fields away
    Clear {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Ids of the fields
        #[arg(required = true, value_name = "FIELD")]
        fields: Vec<String>,
        /// Why, and whether to go through a rule that asks
        #[command(flatten)]
        why: Why,
    },
    /// Give another title
    Title {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The new title
        title: String,
    },
    /// Write a comment
    Comment {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What to say
        text: String,
        /// Meant for people outside the team
        #[arg(long)]
        external: bool,
        /// The comment it answers: the beginning of its id
        #[arg(long, value_name = "COMMENT")]
        reply_to: Option<String>,
    },
    /// Tasks of a case
    #[command(subcommand)]
    Task(TaskCommand),
    /// Put somebody on the case
    Assign {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Name or beginning of the id
        member: String,
    },
    /// Take somebody off the case
    Unassign {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Name or beginning of the id
        member: String,
    },
    /// Say who answers for the case
    Owner {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Name or beginning of the id; nobody without
        member: Option<String>,
    },
    /// Put labels on, or take them off
    Label {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Labels to put on
        labels: Vec<String>,
        /// Labels to take off
        #[arg(long, value_name = "LABEL")]
        remove: Vec<String>,
    },
    /// Set or clear the priority
    Priority {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The priority; none without
        priority: Option<String>,
    },
    /// Set or clear the due date
    Due {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The date, as in 2026-03-01; none without
        date: Option<String>,
    },
    /// Record a decision
    #[command(
        after_help = "Example:\n  casework case decide CMP-~K7Q2 verdict upheld --rationale \"The fee was booked twice\""
    )]
    Decide {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Id of a decision type of the template, or a question
        question: String,
        /// The answer
        outcome: String,
        /// Why
        #[arg(long, default_value = "", value_name = "TEXT")]
        rationale: String,
        /// Under which conditions
        #[arg(long, default_value = "", value_name = "TEXT")]
        conditions: String,
    },
    /// Close the case
    Close {
        /// Number, beginning of the id, or unique title
        case: String,
        /// A resolution code of the template
        code: String,
        /// What there is to say
        #[arg(long, default_value = "", value_name = "TEXT")]
        notes: String,
        /// Why, and whether to go through a rule that asks
        #[command(flatten)]
        why: Why,
    },
    /// Reopen a closed case
    Reopen {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Why, and whether to go through a rule that asks
        #[command(flatten)]
        why: Why,
    },
    /// Settle a contested value on one of its sides
    #[command(
        after_help = "`casework case show` numbers the sides of each contested value.\n\nExample:\n  casework case settle CMP-~K7Q2 stage 2 --reason \"Quality control saw it\""
    )]
    Settle {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What is contested: stage, owner, field/severity, task/9f3a/status …
        place: String,
        /// The number of the side that holds
        side: usize,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Show a case: fields, tasks, comments, decisions, what is contested
    Show {
        /// Number, beginning of the id, or unique title
        case: String,
    },
    /// What happened on a case, with its verified authors
    Timeline {
        /// Number, beginning of the id, or unique title
        case: String,
        /// How many entries, newest first
        #[arg(long, default_value_t = 50, value_name = "N")]
        take: usize,
        /// How many of the newest to leave out
        #[arg(long, default_value_t = 0, value_name = "N")]
        skip: usize,
    },
}

/// Tasks of a case. A task is named by the beginning of its id or by its title.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum TaskCommand {
    /// Add a task
    Add {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What is to be done
        title: String,
        /// By whom
        #[arg(long = "for", value_name = "MEMBER")]
        assignee: Option<String>,
        /// By when, as in 2026-03-01
        #[arg(long, value_name = "DATE")]
        due: Option<String>,
        /// A line of its checklist; may be given several times
        #[arg(long = "item", value_name = "TEXT")]
        items: Vec<String>,
    },
    /// Give a task to somebody, or to nobody
    Assign {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
        /// Name or beginning of the id; nobody without
        member: Option<String>,
    },
    /// Change the due date of a task
    Due {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
        /// The date, as in 2026-03-01; none without
        date: Option<String>,
    },
    /// Finish a task
    Done {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
    },
    /// Cancel a task
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
    Reopen {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of its id, or its title
        task: String,
    },
    /// Check or uncheck a line of a task's checklist
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

/// The reason of an act, and whether a rule that asks is gone through.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct Why {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Go through a rule that asks; needs a reason
    #[arg(long = "override", requires = "reason")]
    pub override_rule: bool,
}

/// `casework case open`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct OpenArgs {
    /// Key or name of the template
    pub template: String,
    /// What people call the case
    pub title: String,
    /// FIELD=VALUE; may be given several times
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub values: Vec<String>,
    /// The stage it begins in [default: the template's first]
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "MEMBER")]
    pub owner: Option<String>,
    /// Who works on it; may be given several times
    #[arg(long = "assign", value_name = "MEMBER")]
    pub assignees: Vec<String>,
    /// A label; may be given several times
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<String>,
    /// Only for you, its owner and its assignees
    #[arg(long)]
    pub restricted: bool,
}

/// `casework list`, and the filter of the board.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
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
    /// The order
    #[arg(long, value_enum, default_value_t = SortBy::Changed)]
    pub sort: SortBy,
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
