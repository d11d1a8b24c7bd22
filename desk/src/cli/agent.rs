//! The words of `casework agent …`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// The agent: final numbers, and what rules want outside.
///
/// Run it on a device whose member has the role agent, next to the server. Web addresses, secrets
/// and programs stand in agent.toml in the replica's folder and never in a template.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
pub enum AgentCommand {
    /// Act as the agent until asked to end
    #[command(after_help = "Example:\n  casework agent run\n  casework agent run --once")]
    Run {
        /// Sync, do what there is to do, and end
        #[arg(long)]
        once: bool,
        /// Seconds between two looks
        #[arg(long, value_name = "SECONDS", default_value_t = 5)]
        every: u64,
    },
    /// Who leads, and what waits
    #[command(after_help = "Example:\n  casework agent status")]
    Status,
    /// What was given up after the last try
    #[command(
        after_help = "Example:\n  casework agent dead-letters\n  casework agent dead-letters --retry all"
    )]
    DeadLetters {
        /// Ask for it again: the beginning of its id, or all
        #[arg(long, value_name = "ID")]
        retry: Option<String>,
    },
}
