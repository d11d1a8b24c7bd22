//! The words of `casework inbox …`.

use casework::inbox::ItemKind;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

/// What you are told: who named you, gave you work, moved your cases, waits for you.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  casework inbox                       the newest, unread ones marked\n  casework inbox --unread --kind mention\n  casework inbox --case CMP-~K7Q2 --all\n  casework inbox read --all\n  casework inbox mute --kind moved"
)]
pub struct InboxArgs {
    /// Do something with it
    #[command(subcommand)]
    pub command: Option<InboxCommand>,
    /// What to show
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Which items are meant.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ShowArgs {
    /// Only unread ones
    #[arg(long)]
    pub unread: bool,
    /// Only of this kind; may be given several times
    #[arg(long = "kind", value_name = "KIND", value_parser = read_kind)]
    pub kinds: Vec<ItemKind>,
    /// Only of this case: number, beginning of the id, or unique title
    #[arg(long, value_name = "CASE")]
    pub case: Option<String>,
    /// Muted ones too
    #[arg(long)]
    pub all: bool,
    /// How many at most
    #[arg(long, default_value_t = 30, value_name = "N")]
    pub limit: usize,
    /// Older than this item: the last one of the page before
    #[arg(long, value_name = "ITEM")]
    pub after: Option<String>,
}

/// Something done with the inbox.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum InboxCommand {
    /// Mark items as read, on all your devices
    #[command(
        after_help = "Example:\n  casework inbox read 4f2a\n  casework inbox read --case CMP-~K7Q2\n  casework inbox read --all"
    )]
    Read {
        /// Beginnings of ids, as the list shows them
        #[arg(required_unless_present_any = ["all", "case"], value_name = "ITEM")]
        items: Vec<String>,
        /// Everything
        #[arg(long, conflicts_with_all = ["items", "case"])]
        all: bool,
        /// Everything about this case
        #[arg(long, value_name = "CASE", conflicts_with = "items")]
        case: Option<String>,
    },
    /// Mark items as unread again
    #[command(after_help = "Example:\n  casework inbox unread 4f2a")]
    Unread {
        /// Beginnings of ids, as the list shows them
        #[arg(required = true, value_name = "ITEM")]
        items: Vec<String>,
    },
    /// The unread ones case by case, in few lines
    #[command(
        after_help = "Example:\n  casework inbox digest\n  casework inbox digest --since 2026-03-02"
    )]
    Digest {
        /// What came since this day or moment, read or not
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
    },
    /// Do not count or announce these any more; they stay under --all
    #[command(
        after_help = "Example:\n  casework inbox mute --kind moved\n  casework inbox mute --case CMP-~K7Q2\n  casework inbox mute --template HR"
    )]
    Mute(MuteArgs),
    /// Count and announce them again
    #[command(after_help = "Example:\n  casework inbox unmute --kind moved")]
    Unmute(MuteArgs),
    /// Announce nothing in these hours of the day, or show what is quiet
    #[command(
        name = "quiet-hours",
        after_help = "Example:\n  casework inbox quiet-hours 22:00-07:00 Europe/Lisbon\n  casework inbox quiet-hours --off\n  casework inbox quiet-hours"
    )]
    QuietHours {
        /// From and until, `22:00-07:00`
        #[arg(requires = "zone", conflicts_with = "off")]
        hours: Option<String>,
        /// The time zone, `Europe/Lisbon`
        zone: Option<String>,
        /// No quiet hours any more
        #[arg(long)]
        off: bool,
    },
}

/// What is muted.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[group(required = true, multiple = false)]
pub struct MuteArgs {
    /// Items of this kind
    #[arg(long, value_name = "KIND", value_parser = read_kind)]
    pub kind: Option<ItemKind>,
    /// Items of this case
    #[arg(long, value_name = "CASE")]
    pub case: Option<String>,
    /// Items of the cases of this template
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
}

fn read_kind(text: &str) -> Result<ItemKind, String> {
    ItemKind::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = ItemKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("it is one of {}", names.join(", "))
    })
}
