//! The words of `casework template …`.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// Templates.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum TemplateCommand {
    /// Publish a package; a template with the same key gets a new revision
    #[command(
        after_help = "Example:\n  casework template import complaint          one of the library\n  casework template import ./permits.toml     your own, TOML or JSON"
    )]
    Import {
        /// Name in the library, or a TOML or JSON file
        package: PathBuf,
        /// The file's content, read by the process that was called.
        #[arg(skip)]
        content: Option<String>,
    },
    /// The templates of this workspace
    #[command(after_help = "Example:\n  casework template list")]
    List,
    /// Stages, fields, moves and decisions of a template
    #[command(
        after_help = "Example:\n  casework template show CMP\n  casework template show CMP --toml > complaint.toml"
    )]
    Show {
        /// Key or name
        template: String,
        /// As the TOML package that `import` reads
        #[arg(long)]
        toml: bool,
    },
    /// The packages that come with casework
    #[command(
        after_help = "Example:\n  casework template library\n  casework template library complaint > complaint.toml"
    )]
    Library {
        /// Print this one as TOML
        name: Option<String>,
    },
}
