//! What a terminal shows: its width and colours, and the pieces that screens are made of.
//!
//! Only text is made here; nothing is printed and nothing is read from a replica. Invariant: a text
//! that came from somebody else reaches a terminal only through [`words::plain`].

pub mod access;
pub mod agreements;
pub mod board;
pub mod case_page;
pub mod clocks;
pub mod contest;
pub mod difference_page;
pub mod form_page;
pub mod import_page;
pub mod inbox;
pub mod ink;
pub mod lists;
pub mod page;
pub mod part_page;
pub mod people;
pub mod presence;
pub mod purges;
pub mod table;
pub mod template_page;
pub mod timeline;
pub mod words;

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};

use ink::Depth;

/// Narrowest width that screens are laid out for.
const MIN_WIDTH: usize = 40;
/// Widest: longer lines are hard to read.
const MAX_WIDTH: usize = 200;
/// The width of a pipe or a file.
const PIPE_WIDTH: usize = 100;

/// The terminal of whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Colours.
    pub depth: Depth,
}

impl Screen {
    /// The terminal on standard output. `COLUMNS` goes before what the terminal says; `NO_COLOR`
    /// (<https://no-color.org>) and a pipe have no colours, unless `CLICOLOR_FORCE` asks for them.
    #[must_use]
    pub fn detect() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let stdout = std::io::stdout();
        let coloured = !set("NO_COLOR") && (stdout.is_terminal() || set("CLICOLOR_FORCE"));
        let deep =
            std::env::var("COLORTERM").is_ok_and(|term| term == "truecolor" || term == "24bit");
        let depth = match (coloured, deep) {
            (false, _) => Depth::None,
            (true, false) => Depth::Palette,
            (true, true) => Depth::True,
        };
        Self {
            width: width(),
            depth,
        }
    }

    /// A screen of a given width without colours.
    #[must_use]
    pub const fn plain(width: usize) -> Self {
        Self {
            width,
            depth: Depth::None,
        }
    }
}

fn width() -> usize {
    let asked = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse::<usize>().ok());
    let terminal = || {
        console::Term::stdout()
            .size_checked()
            .map(|(_, columns)| usize::from(columns))
    };
    asked
        .or_else(terminal)
        .unwrap_or(PIPE_WIDTH)
        .clamp(MIN_WIDTH, MAX_WIDTH)
}
