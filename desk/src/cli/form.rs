//! `casework form …`: public forms, their links, and what came in by them.

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

/// `casework form`.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum FormCommand {
    /// The forms that templates offer
    #[command(after_help = "Example:\n  casework form list")]
    List {
        /// Only of this template: key, name or beginning of the id
        template: Option<String>,
    },
    /// Make a link by which people outside open cases
    ///
    /// It is kept on this device, which must be the one that serves the forms. The link is shown
    /// once; only its hash is kept.
    #[command(
        after_help = "Example:\n  casework form link WBR report\n  casework form link SRV request --days 30 --single-use --for \"Ana Prata\""
    )]
    Link(LinkArgs),
    /// The links of this device, and how many submissions came by each
    #[command(after_help = "Example:\n  casework form links")]
    Links,
    /// End a link before its time
    #[command(
        after_help = "Example:\n  casework form revoke 3f9c02aa71b0\n  casework form revoke CMP-~K7Q2 --request 7c41"
    )]
    Revoke {
        /// The link as `casework form links` names it; with --request, the case
        link: String,
        /// A request for information: the beginning of its id
        #[arg(long, value_name = "REQUEST")]
        request: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Ask somebody outside for information in a case; prints the link, once
    #[command(
        after_help = "Example:\n  casework form request CMP-~K7Q2 more-information --days 14 --note \"Please tell us the date of the call.\""
    )]
    Request(RequestArgs),
    /// What came in by forms
    #[command(after_help = "Example:\n  casework form submissions --new")]
    Submissions {
        /// Only what nobody has looked at
        #[arg(long)]
        new: bool,
    },
    /// One submission as it was given
    #[command(after_help = "Example:\n  casework form show CMP-~K7Q2")]
    Show {
        /// The case
        case: String,
        /// The beginning of the submission's id; not needed if there is one
        submission: Option<String>,
    },
    /// Say what is made of a submission
    #[command(
        after_help = "Example:\n  casework form review CMP-~K7Q2 --accept\n  casework form review CMP-~K7Q2 7c41 --ask --reason \"The date of the call is missing\""
    )]
    Review(ReviewArgs),
    /// Write to whoever sent a submission; read by nobody outside but the person with its receipt
    #[command(
        after_help = "Example:\n  casework form answer CMP-~K7Q2 \"A lamp is coming on Friday.\"\n  casework form answer CMP-~K7Q2 \"Thank you.\" --submission 7c41"
    )]
    Answer {
        /// The case
        case: String,
        /// What to say
        text: String,
        /// The beginning of the submission's id; not needed if there is one
        #[arg(long)]
        submission: Option<String>,
    },
    /// Serve the forms over HTTP, and stay in step with the server meanwhile
    ///
    /// Put a proxy with TLS before it. The device signs what comes in: enrol it for a service
    /// member with the role intake, or run it where the agent runs.
    #[command(
        after_help = "Example:\n  casework form serve --listen 127.0.0.1:7480 --base-url https://forms.example.org"
    )]
    Serve(ServeArgs),
}

/// `casework form link`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct LinkArgs {
    /// Key, name or beginning of the id
    pub template: String,
    /// The form by its id or title
    pub form: String,
    /// For how many days it can be used [default: as the form says]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: Option<u32>,
    /// The first submission uses it up
    #[arg(long)]
    pub single_use: bool,
    /// For whom or what it is, in your words
    #[arg(long = "for", value_name = "TEXT", default_value = "")]
    pub label: String,
    /// Where the forms are served
    #[command(flatten)]
    pub base: BaseUrl,
}

/// `casework form request`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct RequestArgs {
    /// Number, beginning of the id, or unique title
    pub case: String,
    /// The form by its id or title
    pub form: String,
    /// For how many days it can be answered [default: as the form says, or 30]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: Option<u32>,
    /// The first answer uses it up
    #[arg(long, conflicts_with = "reusable")]
    pub single_use: bool,
    /// It can be answered again and again
    #[arg(long)]
    pub reusable: bool,
    /// What the person reads beside the form
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Where the forms are served
    #[command(flatten)]
    pub base: BaseUrl,
}

/// Where the forms are served.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct BaseUrl {
    /// The address that people outside open, without a slash at its end
    #[arg(
        long,
        value_name = "URL",
        env = "CASEWORK_FORMS_URL",
        default_value = "http://127.0.0.1:7480"
    )]
    pub base_url: String,
}

/// `casework form review`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word on the command line; clap lets through one of them"
)]
pub struct ReviewArgs {
    /// The case
    pub case: String,
    /// The beginning of the submission's id; not needed if there is one
    pub submission: Option<String>,
    /// It is worked with
    #[arg(long, group = "state")]
    pub accept: bool,
    /// It is not worked with
    #[arg(long, group = "state")]
    pub reject: bool,
    /// It was not meant seriously
    #[arg(long, group = "state")]
    pub spam: bool,
    /// Something has to be asked first; the person with the receipt sees that
    #[arg(long, group = "state")]
    pub ask: bool,
    /// Why; the person with the receipt does not see it
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// `casework form serve`.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7480")]
    pub listen: SocketAddr,
    /// Where people outside reach it
    #[command(flatten)]
    #[serde(flatten)]
    pub base: BaseUrl,
    /// Take the caller's address from the last X-Forwarded-For, which a proxy of yours writes
    #[arg(long)]
    #[serde(default)]
    pub behind_proxy: bool,
    /// How long a form must have been open before it is taken, in seconds: programs are faster than
    /// people
    #[arg(long, default_value_t = min_fill_secs(), value_name = "SECS", value_parser = clap::value_parser!(u32).range(0..=60))]
    #[serde(default = "min_fill_secs")]
    pub min_fill_secs: u32,
}

/// As fast as a person fills in a short form.
const fn min_fill_secs() -> u32 {
    2
}
