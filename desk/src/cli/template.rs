//! The words of `casework template …`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::{Deserialize, Serialize};

use super::draft::DraftCommand;

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
    /// Every fault of a package, with its place; publishes nothing
    #[command(after_help = "Example:\n  casework template lint ./complaint.toml")]
    Lint {
        /// Name in the library, or a TOML or JSON file
        package: PathBuf,
        /// The file's content, read by the process that was called.
        #[arg(skip)]
        content: Option<String>,
    },
    /// What differs between the current revision and a package, a draft or an older revision
    #[command(
        after_help = "Example:\n  casework template diff CMP ./complaint.toml\n  casework template diff CMP --draft 4f2a\n  casework template diff CMP --since 81c0"
    )]
    Diff {
        /// Key or name
        template: String,
        /// A TOML or JSON file, or a name in the library
        package: Option<PathBuf>,
        /// The file's content, read by the process that was called.
        #[arg(skip)]
        content: Option<String>,
        /// A draft, by the beginning of its id
        #[arg(long, conflicts_with = "package")]
        draft: Option<String>,
        /// An older revision, by the beginning of its id
        #[arg(long, conflicts_with_all = ["package", "draft"])]
        since: Option<String>,
    },
    /// What publishing a package or a draft would do to open cases; publishes nothing
    #[command(
        after_help = "Example:\n  casework template preview CMP ./complaint.toml\n  casework template preview CMP --draft 4f2a"
    )]
    Preview {
        /// Key or name
        template: String,
        /// A TOML or JSON file, or a name in the library
        package: Option<PathBuf>,
        /// The file's content, read by the process that was called.
        #[arg(skip)]
        content: Option<String>,
        /// A draft, by the beginning of its id
        #[arg(long, conflicts_with = "package")]
        draft: Option<String>,
    },
    /// Write the next revision together, before it is published
    #[command(subcommand)]
    Draft(DraftCommand),
    /// Publish a draft
    #[command(
        after_help = "Example:\n  casework template publish CMP\n  casework template publish CMP --draft 4f2a"
    )]
    Publish {
        /// Key or name
        template: String,
        /// The draft, by the beginning of its id; not needed while there is only one
        #[arg(long)]
        draft: Option<String>,
    },
    /// Begin a draft that merges what was published at the same time
    #[command(after_help = "Example:\n  casework template merge CMP")]
    Merge {
        /// Key or name
        template: String,
    },
    /// The revisions that were published, oldest first
    #[command(after_help = "Example:\n  casework template revisions CMP")]
    Revisions {
        /// Key or name
        template: String,
    },
    /// The package of a revision as a file that `import` reads
    #[command(
        after_help = "Example:\n  casework template export CMP > complaint.toml\n  casework template export CMP --revision 81c0 --as-json > old.json"
    )]
    Export {
        /// Key or name
        template: String,
        /// An older revision, by the beginning of its id
        #[arg(long)]
        revision: Option<String>,
        /// As JSON in place of TOML
        #[arg(long)]
        as_json: bool,
    },
    /// The JSON Schema of packages, for editors
    #[command(after_help = "Example:\n  casework template schema > template.schema.json")]
    Schema,
}

impl TemplateCommand {
    /// The file that the called process reads, and where its content goes.
    pub fn file(&mut self) -> Option<(&Path, &mut Option<String>)> {
        match self {
            Self::Import { package, content } | Self::Lint { package, content } => {
                Some((package, content))
            }
            Self::Diff {
                package, content, ..
            }
            | Self::Preview {
                package, content, ..
            } => Some((package.as_deref()?, content)),
            Self::Draft(command) => command.file(),
            Self::List
            | Self::Show { .. }
            | Self::Library { .. }
            | Self::Publish { .. }
            | Self::Merge { .. }
            | Self::Revisions { .. }
            | Self::Export { .. }
            | Self::Schema => None,
        }
    }
}
