//! The words of `casework case …`.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::access::AccessCommand;
use super::approval::ApprovalCommand;
use super::handover::{HoldCommand, ReferralCommand, TransferCommand};
use super::part::PartCommand;
use super::task::TaskCommand;

/// One case.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum CaseCommand {
    /// Open a case
    #[command(
        after_help = "Example:\n  casework case open CMP \"Fee charged twice\" --set channel=phone \\\n    --set \"customer=Helena Dias; complainant\" --owner Ana --label urgent\n  casework case open CMP \"Came in by letter\" --stage review --set channel=letter \\\n    --override --reason \"Assessed at the counter\""
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
    #[command(
        after_help = "Example:\n  casework case clear CMP-~K7Q2 severity --reason \"Entered by mistake\""
    )]
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
    #[command(
        after_help = "Example:\n  casework case title CMP-~K7Q2 \"Fee charged twice in March\""
    )]
    Title {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The new title
        title: String,
    },
    /// Write a comment, or write one of your own anew
    #[command(
        after_help = "Example:\n  casework case comment CMP-~K7Q2 \"She prefers letters\"\n  casework case comment CMP-~K7Q2 \"She prefers letters in Portuguese\" --edit 9f3a"
    )]
    Comment(CommentArgs),
    /// Tasks of a case
    #[command(subcommand)]
    Task(TaskCommand),
    /// Approvals: ask, vote, pass on
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// Hand the case over: offer, accept, decline
    #[command(subcommand)]
    Transfer(TransferCommand),
    /// Refer a part of the case for a service
    #[command(subcommand)]
    Referral(ReferralCommand),
    /// Pause the case while it waits for something
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Put somebody on the case
    #[command(after_help = "Example:\n  casework case assign CMP-~K7Q2 Rui")]
    Assign {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Name or beginning of the id
        member: String,
    },
    /// Take somebody off the case
    #[command(after_help = "Example:\n  casework case unassign CMP-~K7Q2 Rui")]
    Unassign {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Name or beginning of the id
        member: String,
    },
    /// Say who answers for the case
    #[command(after_help = "Example:\n  casework case owner CMP-~K7Q2 Ana")]
    Owner {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Name or beginning of the id; nobody without
        member: Option<String>,
    },
    /// Put labels on, or take them off
    #[command(after_help = "Example:\n  casework case label CMP-~K7Q2 urgent press --remove new")]
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
    #[command(after_help = "Example:\n  casework case priority CMP-~K7Q2 high")]
    Priority {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The priority; none without
        priority: Option<String>,
    },
    /// Set or clear the due date
    #[command(after_help = "Example:\n  casework case due CMP-~K7Q2 2027-03-01")]
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
    #[command(
        after_help = "Example:\n  casework case close CMP-~K7Q2 resolved --notes \"Booked back\""
    )]
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
    #[command(
        after_help = "Example:\n  casework case reopen CMP-~K7Q2 --reason \"She wrote again\""
    )]
    Reopen {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Why, and whether to go through a rule that asks
        #[command(flatten)]
        why: Why,
    },
    /// Settle a contested value on one of its sides
    #[command(
        after_help = "`casework case show` numbers the sides of each contested value.\n\nExample:\n  casework case settle CMP-~K7Q2 stage 2 --reason \"Quality control saw it\"\n  casework case settle CMP-~K7Q2 severity high"
    )]
    Settle {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What is contested: stage, owner, field/severity, task/9f3a/status …
        place: String,
        /// The side that holds: its number, or its value in words
        side: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Documents, parties, links, flags, archive, trash, redaction, undo
    #[command(flatten)]
    Part(PartCommand),
    /// Show a case: fields, tasks, comments, decisions, what is contested
    #[command(
        after_help = "Example:\n  casework case show CMP-~K7Q2\n  casework case show \"fee charged\""
    )]
    Show {
        /// Number, beginning of the id, or unique title
        case: String,
    },
    /// Say that you have a case open, and see who else has
    #[command(
        after_help = "Others see it while `casework sync --watch` runs; editors call it with --typing.\n\nExample:\n  casework case here CMP-~K7Q2\n  casework case here CMP-~K7Q2 --typing\n  casework case here CMP-~K7Q2 --left"
    )]
    Here {
        /// Number, beginning of the id, or unique title
        case: String,
        /// You write in it, just now
        #[arg(long)]
        typing: bool,
        /// You closed it
        #[arg(long, conflicts_with = "typing")]
        left: bool,
    },
    /// What happened on a case, with its verified authors
    #[command(after_help = "Example:\n  casework case timeline CMP-~K7Q2 --take 10")]
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
    /// Say what is to become of something that was done although a rule asked
    #[command(
        after_help = "Example:\n  casework overrides                          what waits for it\n  casework case review CMP-~K7Q2 3f2a accepted\n  casework case review CMP-~K7Q2 3f2a follow-up --note \"Ask for the letter\""
    )]
    Review {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Beginning of the id of the override
        #[arg(value_name = "OVERRIDE")]
        of: String,
        /// What was found
        verdict: Verdict,
        /// What there is to say; needed for a follow-up
        #[arg(
            long,
            default_value = "",
            hide_default_value = true,
            value_name = "TEXT"
        )]
        note: String,
    },
    /// Who is on the case.
    #[command(flatten)]
    Access(AccessCommand),
}

/// What a review of an override finds.
#[derive(Debug, Clone, Copy, clap::ValueEnum, Serialize, Deserialize)]
pub enum Verdict {
    /// It was in order
    Accepted,
    /// Something is still to be done about it
    FollowUp,
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
    /// Why, and whether to go through a rule that asks, such as the one that a later stage has
    #[command(flatten)]
    pub why: Why,
}

/// `casework case comment`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct CommentArgs {
    /// Number, beginning of the id, or unique title
    pub case: String,
    /// What to say
    pub text: String,
    /// Meant for people outside the team
    #[arg(long)]
    pub external: bool,
    /// The comment or the submission it answers: the beginning of its id
    #[arg(long, value_name = "COMMENT")]
    pub reply_to: Option<String>,
    /// Your comment that says this from now on: the beginning of its id
    #[arg(long, value_name = "COMMENT", conflicts_with_all = ["external", "reply_to"])]
    pub edit: Option<String>,
}
