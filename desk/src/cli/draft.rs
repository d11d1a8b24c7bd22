//! The words of `casework template draft …`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// Drafts of a template.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum DraftCommand {
    /// Begin a draft of the current revision, or of a package that is to take its place
    #[command(
        after_help = "Example:\n  casework template draft start CMP \"Autumn\"\n  casework template draft start CMP \"Autumn\" ./complaint.toml"
    )]
    Start {
        /// Key or name
        template: String,
        /// What people call the draft
        name: String,
        /// A TOML or JSON file
        package: Option<PathBuf>,
        /// The file's content, read by the process that was called.
        #[arg(skip)]
        content: Option<String>,
    },
    /// The drafts of a template
    #[command(after_help = "Example:\n  casework template draft list CMP")]
    List {
        /// Key or name
        template: String,
    },
    /// What a draft changes, and what keeps it from being published
    #[command(
        after_help = "Example:\n  casework template draft show CMP 4f2a\n  casework template draft show CMP 4f2a --toml > autumn.toml"
    )]
    Show {
        /// Key or name
        template: String,
        /// The draft, by the beginning of its id; not needed while there is only one
        draft: Option<String>,
        /// The whole package as TOML
        #[arg(long)]
        toml: bool,
    },
    /// Change one part, by its path
    #[command(
        after_help = "Example:\n  casework template draft set CMP stages/offer/name Proposal\n  casework template draft set CMP fields/band '{\"id\":\"band\",\"label\":\"Band\",\"type\":\"money\"}'\n  casework template draft set CMP stages/offer/required/band true"
    )]
    Set {
        /// Key or name
        template: String,
        /// The part, as `template diff` shows it
        path: String,
        /// Its value: JSON, or a text
        value: String,
        /// The draft, by the beginning of its id; not needed while there is only one
        #[arg(long)]
        draft: Option<String>,
    },
    /// Take one part away
    #[command(after_help = "Example:\n  casework template draft remove CMP stages/offer")]
    Remove {
        /// Key or name
        template: String,
        /// The part
        path: String,
        /// The draft, by the beginning of its id; not needed while there is only one
        #[arg(long)]
        draft: Option<String>,
    },
    /// Settle a part as it stands in the draft
    #[command(after_help = "Example:\n  casework template draft keep CMP stages/offer/name")]
    Keep {
        /// Key or name
        template: String,
        /// The part
        path: String,
        /// The draft, by the beginning of its id; not needed while there is only one
        #[arg(long)]
        draft: Option<String>,
    },
    /// Let one part be as the current revision has it
    #[command(after_help = "Example:\n  casework template draft reset CMP stages/offer/name")]
    Reset {
        /// Key or name
        template: String,
        /// The part
        path: String,
        /// The draft, by the beginning of its id; not needed while there is only one
        #[arg(long)]
        draft: Option<String>,
    },
    /// Replace all of a draft by a package
    #[command(after_help = "Example:\n  casework template draft import CMP ./complaint.toml")]
    Import {
        /// Key or name
        template: String,
        /// A TOML or JSON file
        package: PathBuf,
        /// The file's content, read by the process that was called.
        #[arg(skip)]
        content: Option<String>,
        /// The draft, by the beginning of its id; not needed while there is only one
        #[arg(long)]
        draft: Option<String>,
    },
    /// Give a draft up; it stays readable
    #[command(after_help = "Example:\n  casework template draft discard CMP 4f2a")]
    Discard {
        /// Key or name
        template: String,
        /// The draft, by the beginning of its id; not needed while there is only one
        draft: Option<String>,
    },
}

impl DraftCommand {
    /// The file that the called process reads, and where its content goes.
    pub fn file(&mut self) -> Option<(&Path, &mut Option<String>)> {
        match self {
            Self::Start {
                package, content, ..
            } => Some((package.as_deref()?, content)),
            Self::Import {
                package, content, ..
            } => Some((package, content)),
            Self::List { .. }
            | Self::Show { .. }
            | Self::Set { .. }
            | Self::Remove { .. }
            | Self::Keep { .. }
            | Self::Reset { .. }
            | Self::Discard { .. } => None,
        }
    }
}
