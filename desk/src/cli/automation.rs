//! The words of `casework automation …`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// Automations: what they are, would do and did.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum AutomationCommand {
    /// The rules of one template, or of all
    #[command(after_help = "Example:\n  casework automation list HR")]
    List {
        /// Key, name or beginning of the id
        template: Option<String>,
    },
    /// What would happen to a case, and why a rule would not act; nothing is done
    #[command(
        after_help = "Example:\n  casework automation dry-run CMP-~K7Q2\n  casework automation dry-run CMP-~K7Q2 --move review\n  casework automation dry-run CMP-~K7Q2 --set amount=\"900 EUR\" --rule big-amounts"
    )]
    DryRun {
        /// Number, beginning of the id, or unique title
        case: String,
        /// Only this rule
        #[arg(long, value_name = "RULE")]
        rule: Option<String>,
        /// What if the case were moved there
        #[arg(long = "move", value_name = "STAGE", conflicts_with_all = ["set", "label", "done"])]
        stage: Option<String>,
        /// What if a field were given this value
        #[arg(long, value_name = "FIELD=VALUE", conflicts_with_all = ["label", "done"])]
        set: Option<String>,
        /// What if this label were put on
        #[arg(long, value_name = "LABEL", conflicts_with = "done")]
        label: Option<String>,
        /// What if this task were done
        #[arg(long, value_name = "TASK")]
        done: Option<String>,
    },
    /// When rules that wait for time fire next, the earliest first
    #[command(
        after_help = "Example:\n  casework automation next\n  casework automation next --case CMP-~K7Q2"
    )]
    Next {
        /// Only on this case
        #[arg(long, value_name = "CASE")]
        case: Option<String>,
    },
    /// What rules did, newest first
    #[command(
        after_help = "Example:\n  casework automation history\n  casework automation history big-amounts --case CMP-~K7Q2"
    )]
    History {
        /// Only this rule
        rule: Option<String>,
        /// Only on this case
        #[arg(long, value_name = "CASE")]
        case: Option<String>,
    },
}
