//! The words of `casework case transfer …`, `casework case referral …` and `casework case hold …`.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

/// Handing a case over: offered, then accepted or declined.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum TransferCommand {
    /// Offer the case to a colleague or a team
    #[command(
        after_help = "Example:\n  casework case transfer offer CMP-~K7Q2 Rui --note \"Call her first\" --reason \"Moved to Porto\""
    )]
    Offer {
        /// Number, beginning of the id, or unique title
        case: String,
        /// A name, or team:KEY
        to: String,
        /// What the one who takes over should know
        #[arg(long, default_value = "", value_name = "TEXT")]
        note: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take the case over: you are its owner then
    #[command(after_help = "Example:\n  casework case transfer accept CMP-~K7Q2")]
    Accept(AnswerArgs),
    /// Do not take it over
    #[command(
        after_help = "Example:\n  casework case transfer decline CMP-~K7Q2 --reason \"On leave\""
    )]
    Decline(AnswerArgs),
    /// No longer offer it
    #[command(after_help = "Example:\n  casework case transfer withdraw CMP-~K7Q2")]
    Withdraw(AnswerArgs),
}

/// Answering a transfer.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct AnswerArgs {
    /// Number, beginning of the id, or unique title
    pub case: String,
    /// Its place in the list, or the beginning of its id [default: the one that is offered]
    #[arg(default_value = "")]
    pub transfer: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Referring a part of a case for a service, with consent.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum ReferralCommand {
    /// Refer a part of the case
    #[command(
        after_help = "Example:\n  casework case referral make CHP-~K7Q2 \"Legal advice\" --party \"The law centre\" \\\n    --consent-by \"the mother\" --consent-how \"in writing\" --consent-on 2027-03-01"
    )]
    Make(MakeArgs),
    /// Accept it, or record that somebody outside did
    #[command(after_help = "Example:\n  casework case referral accept CHP-~K7Q2 \"Legal advice\"")]
    Accept(ReferralArgs),
    /// Decline it, or record that somebody outside did
    #[command(
        after_help = "Example:\n  casework case referral decline CHP-~K7Q2 1 --reason \"No capacity\""
    )]
    Decline(ReferralArgs),
    /// Say what came of an accepted one
    #[command(
        after_help = "Example:\n  casework case referral complete CHP-~K7Q2 1 \"Advised twice, no claim\""
    )]
    Complete {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Its service, place in the list, or the beginning of its id
        referral: String,
        /// What came of it
        outcome: String,
    },
    /// Take it back
    #[command(after_help = "Example:\n  casework case referral withdraw CHP-~K7Q2 1")]
    Withdraw(ReferralArgs),
}

/// `casework case referral make`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct MakeArgs {
    /// Number, beginning of the id, or unique title
    pub case: String,
    /// For which service
    pub service: String,
    /// To whom inside the workspace: a name, role:KEY or team:KEY
    #[arg(
        long,
        value_name = "WHOM",
        conflicts_with = "party",
        required_unless_present = "party"
    )]
    pub to: Option<String>,
    /// To whom outside it
    #[arg(long, value_name = "NAME")]
    pub party: Option<String>,
    /// Which part of the case, and what they should know
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// Who consented
    #[arg(long, value_name = "WHO", requires_all = ["consent_how", "consent_on"])]
    pub consent_by: Option<String>,
    /// How: in writing, by word of mouth
    #[arg(long, value_name = "HOW", requires = "consent_by")]
    pub consent_how: Option<String>,
    /// When, as in 2026-03-01
    #[arg(long, value_name = "DATE", requires = "consent_by")]
    pub consent_on: Option<String>,
    /// Refer it without consent; needs a reason
    #[arg(long, requires = "reason", conflicts_with = "consent_by")]
    pub without_consent: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Answering a referral.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ReferralArgs {
    /// Number, beginning of the id, or unique title
    pub case: String,
    /// Its service, place in the list, or the beginning of its id
    pub referral: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Pausing a case while it waits for something.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum HoldCommand {
    /// Put the case on hold
    #[command(
        after_help = "Example:\n  casework case hold start CMP-~K7Q2 \"waiting for the bank\" --until 2027-03-01"
    )]
    Start {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What it waits for
        why: String,
        /// Until when probably, as in 2026-03-01
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Go on: end a hold, or all that stand
    #[command(after_help = "Example:\n  casework case hold end CMP-~K7Q2")]
    End {
        /// Number, beginning of the id, or unique title
        case: String,
        /// What it waits for, its place in the list, or the beginning of its id [default: all]
        hold: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}
