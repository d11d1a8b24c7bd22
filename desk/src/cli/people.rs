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
}
