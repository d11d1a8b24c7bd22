//! The words of `casework case document|party|link|flag|archive|trash|purge|redact|undo …`.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// What a case has besides fields, tasks and comments.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum PartCommand {
    /// Documents with their versions
    #[command(subcommand)]
    Document(DocumentCommand),
    /// People and organisations the case is about
    #[command(subcommand)]
    Party(PartyCommand),
    /// Tell somebody about the case, or no longer
    #[command(
        after_help = "Example:\n  casework case watch CMP-~K7Q2\n  casework case watch CMP-~K7Q2 Rui --off"
    )]
    Watch {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Name or beginning of the id [default: you]
        member: Option<String>,
        /// No longer
        #[arg(long)]
        off: bool,
    },
    /// Set or clear the severity
    #[command(after_help = "Example:\n  casework case severity CMP-~K7Q2 high")]
    Severity {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The severity; none without
        severity: Option<String>,
    },
    /// Link to another case, or take a link away
    #[command(
        after_help = "Relations: parent child duplicate-of duplicated-by blocks blocked-by relates. The other\ncase shows the inverse.\n\nExample:\n  casework case link CMP-~K7Q2 duplicate-of CMP-~9X3M\n  casework case link CMP-~K7Q2 duplicate-of CMP-~9X3M --remove"
    )]
    Link {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What the other case is to this one
        relation: String,
        /// The other case
        other: String,
        /// Take the link away
        #[arg(long)]
        remove: bool,
    },
    /// Flag the case, or clear a flag
    #[command(
        after_help = "Example:\n  casework case flag CMP-~K7Q2 press --reason \"A journalist called\"\n  casework case flag CMP-~K7Q2 press --clear"
    )]
    Flag {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The flag: a-z, 0-9, - and _
        flag: String,
        /// Clear it
        #[arg(long)]
        clear: bool,
        /// Why; needed to set one
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take the case out of boards and lists, or bring it back
    #[command(
        after_help = "Example:\n  casework case archive CMP-~K7Q2\n  casework case archive CMP-~K7Q2 --undo"
    )]
    Archive {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Bring it back
        #[arg(long)]
        undo: bool,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Put the case into the trash
    #[command(
        after_help = "Example:\n  casework case trash CMP-~K7Q2 --reason \"Opened by mistake\""
    )]
    Trash {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take the case out of the trash
    #[command(after_help = "Example:\n  casework case restore CMP-~K7Q2")]
    Restore {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Set a legal hold, or lift it: while one stands the case is not purged
    #[command(
        after_help = "Example:\n  casework case legal-hold CMP-~K7Q2 --reason \"Court order 12/26\"\n  casework case legal-hold CMP-~K7Q2 --lift --reason \"Judged\""
    )]
    LegalHold {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Lift it
        #[arg(long)]
        lift: bool,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Request that the case be purged after some days, take the request back, or carry it out
    ///
    /// A purge takes the content of the case away on the server and on every device, for good. It
    /// waits its days from when the server received the request, and never runs while a legal hold
    /// stands. `casework purges` lists what waits and what was done.
    #[command(
        after_help = "Example:\n  casework case purge CMP-~K7Q2 --days 30 --reason \"Retention is over\"\n  casework case purge CMP-~K7Q2 --cancel\n  casework case purge CMP-~K7Q2 --carry-out"
    )]
    Purge {
        /// Number, beginning of the id, or unique title
        case: String,
        /// How many days it waits, 7 to 3660
        #[arg(long, value_name = "N", default_value_t = 30)]
        days: u32,
        /// Take the request back
        #[arg(long)]
        cancel: bool,
        /// Carry out what was requested, once it is due
        #[arg(long, conflicts_with_all = ["cancel", "days", "reason"])]
        carry_out: bool,
        /// Why; needed to request it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Hide the words of a field, comment, document or party, with a reason
    #[command(
        after_help = "What was written stays in the signed history and in plain exports.\n\nExample:\n  casework case redact CMP-~K7Q2 field phone --reason \"Asked to be forgotten\"\n  casework case redact CMP-~K7Q2 comment 9f3a --reason \"Names a minor\""
    )]
    Redact {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What kind of thing
        #[arg(value_enum)]
        what: RedactWhat,
        /// Id or name of the field, document or party; beginning of the comment's id
        which: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Take back what you did last on a case, by doing the opposite
    #[command(
        after_help = "Example:\n  casework case undo CMP-~K7Q2\n  casework case undo CMP-~K7Q2 --steps 3"
    )]
    Undo {
        /// Number, beginning of the id, or unique title
        case: String,
        /// How many of your last actions
        #[arg(long, value_name = "N", default_value_t = 1)]
        steps: u32,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// What can be redacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum RedactWhat {
    /// The values of a field
    Field,
    /// A comment
    Comment,
    /// The names of a document and its files
    Document,
    /// Everything about a party but its role
    Party,
}

/// Documents. One is named by the beginning of its id, its name or its number.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum DocumentCommand {
    /// Add a document with its first version; only hash and size of the file are recorded
    #[command(
        after_help = "Example:\n  casework case document add CMP-~K7Q2 offer.pdf --type offer --name \"Offer letter\""
    )]
    Add {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The file
        file: PathBuf,
        /// Id of a document type of the template, or a word
        #[arg(long = "type", value_name = "TYPE")]
        kind: String,
        /// What people call it [default: the name of the file]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The media type [default: by the ending of the name]
        #[arg(long, value_name = "TYPE")]
        media: Option<String>,
    },
    /// Add a version to a document
    #[command(
        after_help = "Example:\n  casework case document version CMP-~K7Q2 \"Offer letter\" offer-2.pdf"
    )]
    Version {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The document
        document: String,
        /// The file
        file: PathBuf,
        /// The version it builds on; may be given several times [default: all newest ones]
        #[arg(long = "on", value_name = "VERSION")]
        parents: Vec<String>,
        /// The media type [default: by the ending of the name]
        #[arg(long, value_name = "TYPE")]
        media: Option<String>,
    },
    /// Say where a version stands
    #[command(
        after_help = "Statuses: draft in-review approved signed superseded.\n\nExample:\n  casework case document status CMP-~K7Q2 \"Offer letter\" approved\n  casework case document status CMP-~K7Q2 \"Offer letter\" draft --of 3a"
    )]
    Status {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The document
        document: String,
        /// The status
        status: String,
        /// The version, as in 3a [default: the current one]
        #[arg(id = "which", long = "of", value_name = "VERSION")]
        version: Option<String>,
    },
    /// Choose among parallel versions
    #[command(
        after_help = "Example:\n  casework case document choose CMP-~K7Q2 \"Offer letter\" 3b"
    )]
    Choose {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The document
        document: String,
        /// The version that holds
        #[arg(id = "which", value_name = "VERSION")]
        version: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Give a document another name
    #[command(
        after_help = "Example:\n  casework case document rename CMP-~K7Q2 offer.pdf \"Offer letter\""
    )]
    Rename {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The document
        document: String,
        /// The new name
        name: String,
    },
    /// Withdraw a document, or bring it back
    #[command(
        after_help = "Example:\n  casework case document withdraw CMP-~K7Q2 \"Offer letter\" --reason \"Wrong case\""
    )]
    Withdraw {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The document
        document: String,
        /// Bring it back
        #[arg(long)]
        undo: bool,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Parties. One is named by the beginning of its id, its name or its number.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum PartyCommand {
    /// Add a party
    #[command(
        after_help = "Example:\n  casework case party add CMP-~K7Q2 complainant \"Helena Dias\" --phone \"+351 912 345 678\""
    )]
    Add {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Id of a role of the template, or a word
        role: String,
        /// Its name
        name: String,
        /// It is an organisation
        #[arg(long)]
        organisation: bool,
        /// An e-mail address
        #[arg(long, value_name = "TEXT", default_value = "")]
        email: String,
        /// A telephone number
        #[arg(long, value_name = "TEXT", default_value = "")]
        phone: String,
        /// A postal address
        #[arg(long, value_name = "TEXT", default_value = "")]
        address: String,
        /// What else there is to say
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Change what is known of a party
    #[command(
        after_help = "Things: role name nature email phone address note.\n\nExample:\n  casework case party set CMP-~K7Q2 \"Helena Dias\" email=helena@example.org note="
    )]
    Set {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The party
        party: String,
        /// THING=TEXT
        #[arg(required = true, value_name = "THING=TEXT")]
        values: Vec<String>,
    },
    /// Withdraw a party, or bring it back
    #[command(
        after_help = "Example:\n  casework case party withdraw CMP-~K7Q2 \"Helena Dias\" --reason \"Not involved\""
    )]
    Withdraw {
        /// Number, beginning of the id, or unique title
        case: String,
        /// The party
        party: String,
        /// Bring it back
        #[arg(long)]
        undo: bool,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}
