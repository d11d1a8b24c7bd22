//! The words of `casework invite`, `member`, `team` and `role`.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// `casework invite`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[command(
    after_help = "Example:\n  casework invite --role operator --uses 3\n  casework invite --device-of Ana"
)]
pub struct InviteArgs {
    /// A role the newcomer gets; may be given several times
    #[arg(long = "role", value_name = "ROLE", default_values_t = [String::from("operator")], conflicts_with = "device_of")]
    pub roles: Vec<String>,
    /// For one more device of this member
    #[arg(long, value_name = "MEMBER")]
    pub device_of: Option<String>,
    /// How long it is good for
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// How often it can be used
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub uses: u32,
}

/// People and their devices.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum MemberCommand {
    /// Everybody
    #[command(after_help = "Example:\n  casework member list --all")]
    List {
        /// People named by imports too
        #[arg(long)]
        all: bool,
    },
    /// Add a member without a device; an invite with --device-of gives one
    #[command(
        after_help = "Example:\n  casework member add \"Intake form\" --kind service --role intake"
    )]
    Add {
        /// Name
        name: String,
        /// What kind of member
        #[arg(long, value_enum, default_value_t = KindArg::Person)]
        kind: KindArg,
        /// A role; may be given several times
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Give and take roles
    #[command(after_help = "Example:\n  casework member role Rui --add manager --remove operator")]
    Role {
        /// Name or beginning of the id
        member: String,
        /// A role to give; may be given several times
        #[arg(long, value_name = "ROLE")]
        add: Vec<String>,
        /// A role to take; may be given several times
        #[arg(long, value_name = "ROLE")]
        remove: Vec<String>,
    },
    /// Suspend a member with all devices; what they did stays
    #[command(after_help = "Example:\n  casework member remove Rui")]
    Remove {
        /// Name or beginning of the id
        member: String,
    },
    /// Let a suspended member back in
    #[command(after_help = "Example:\n  casework member restore Rui")]
    Restore {
        /// Name or beginning of the id
        member: String,
    },
    /// Revoke a device for good, or every device of a member
    #[command(
        after_help = "Example:\n  casework member revoke \"Rui's phone\" --reason \"Lost on the train\""
    )]
    Revoke {
        /// Name of a device or of a member, or the beginning of a device's id
        device: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Whether a member may do something, which grant gives it, and what is missing
    Can(CanArgs),
}

/// `casework member can`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[command(
    after_help = "Example:\n  casework member can Rui edit --case HR-~K7Q2 --field salary\n  casework member can me move --template CMP --stage closed"
)]
pub struct CanArgs {
    /// Name or beginning of the id; `me` for yourself
    pub member: String,
    /// What: view, open, move, edit, comment, comment-external, task, document, decide, approve …
    pub verb: String,
    /// On this case
    #[arg(long, value_name = "CASE", conflicts_with = "template")]
    pub case: Option<String>,
    /// On cases of this template that are neither theirs nor their team's
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// In this stage, or to it
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,
    /// On this field
    #[arg(long, value_name = "FIELD")]
    pub field: Option<String>,
}

/// What kind of member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum KindArg {
    /// Somebody with devices
    Person,
    /// A program
    Service,
}

/// Teams.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum TeamCommand {
    /// The teams and who is in them
    #[command(after_help = "Example:\n  casework team list")]
    List,
    /// Make a team, or change who is in it
    #[command(
        after_help = "Example:\n  casework team set north --name \"Team North\" --add Ana --add Rui"
    )]
    Set {
        /// Its key
        key: String,
        /// Its name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Who joins; may be given several times
        #[arg(long, value_name = "MEMBER")]
        add: Vec<String>,
        /// Who leaves; may be given several times
        #[arg(long, value_name = "MEMBER")]
        remove: Vec<String>,
    },
}

/// Roles.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum RoleCommand {
    /// The roles and what they grant
    #[command(after_help = "Example:\n  casework role list")]
    List,
    /// One role: what it grants and who holds it
    #[command(after_help = "Example:\n  casework role show operator")]
    Show {
        /// Its key
        key: String,
    },
    /// Define a role, or replace the name and the grants of one
    ///
    /// A grant is VERB[,VERB…] and where it holds: all (also without a word), own, team,
    /// template:KEY, stage:KEY/STAGE or field:KEY/FIELD. One can grant only what one holds.
    #[command(
        after_help = "Verbs: view open move edit comment comment-external task document decide approve assign transfer close\n  reopen override redact export settle adopt restrict publish manage-members keep erase\n\nExample:\n  casework role define recruiter --name Recruiter --grant \"view,edit,comment template:HR\" \\\n    --grant \"move stage:HR/offer\" --grant \"edit field:HR/salary\" --grant \"view own\""
    )]
    Define {
        /// Its key, for instance case-worker
        key: String,
        /// Name for people; needed for a new role
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// What it grants; may be given several times
        #[arg(long = "grant", value_name = "GRANT", required = true)]
        grants: Vec<String>,
    },
    /// Remove a role; whoever has it loses it
    #[command(after_help = "Example:\n  casework role remove recruiter")]
    Remove {
        /// Its key
        key: String,
    },
}
