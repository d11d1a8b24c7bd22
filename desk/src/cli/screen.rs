//! The words of `casework board`.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::list::ListArgs;

/// `casework board`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[command(
    after_help = "Example:\n  casework board CMP --open --mine\n  casework board --of Rui --cards 3"
)]
pub struct BoardArgs {
    /// Key or name of a template; every template that has cases without
    #[arg(value_name = "TEMPLATE")]
    pub board: Option<String>,
    /// Most cards of a column
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub cards: usize,
    /// Columns without cards too
    #[arg(long)]
    pub empty: bool,
    /// Which cards.
    #[command(flatten)]
    pub filter: ListArgs,
}
