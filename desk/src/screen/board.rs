//! A kanban in the terminal: columns side by side, in as many bands as the width needs.
//!
//! It lays out; what stands on a card is decided by its caller.

use super::Screen;
use super::ink::{Depth, Tone};
use super::words::{cut, fill, plain, thousands, width, wrap};

/// Narrowest column that can be read.
const NARROWEST: usize = 23;
/// Widest: a card is a card, unless there are few columns and much room.
const WIDEST: usize = 48;
/// Blanks between columns.
const GAP: usize = 2;
/// Most lines of a title.
const TITLE_LINES: usize = 2;

/// A column of the board.
#[derive(Debug, Clone)]
pub struct Column {
    /// What people call the stage.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
    /// How many cards it has in all.
    pub total: u64,
    /// Those that are shown.
    pub cards: Vec<Card>,
}

/// A card of the board.
#[derive(Debug, Clone, Default)]
pub struct Card {
    /// The number.
    pub number: String,
    /// What to look at, most important first.
    pub badges: Vec<(Tone, String)>,
    /// The title.
    pub title: String,
    /// Further lines, least important last.
    pub more: Vec<String>,
}

/// The lines of a board.
#[must_use]
pub fn lines(columns: &[Column], screen: Screen) -> Vec<String> {
    let mut lines = Vec::new();
    let fitting = ((screen.width + GAP) / (NARROWEST + GAP)).max(1);
    let bands = columns.len().div_ceil(fitting).max(1);
    let per_band = columns.len().div_ceil(bands).max(1);
    let column_width = ((screen.width + GAP) / per_band - GAP).min(WIDEST);
    for band in columns.chunks(per_band) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let heads: Vec<Vec<String>> = band
            .iter()
            .map(|column| header(column, column_width))
            .collect();
        let head_height = heads.iter().map(Vec::len).max().unwrap_or_default();
        let drawn: Vec<Vec<String>> = band
            .iter()
            .zip(heads)
            .map(|(column, mut head)| {
                head.resize(head_height, " ".repeat(column_width));
                draw(column, (head, column_width), screen.depth)
            })
            .collect();
        let height = drawn.iter().map(Vec::len).max().unwrap_or_default();
        for row in 0..height {
            let cells: Vec<String> = drawn
                .iter()
                .map(|column| column.get(row).map_or("", String::as_str))
                .map(|cell| fill(cell, column_width))
                .collect();
            lines.push(cells.join(&" ".repeat(GAP)).trim_end().to_owned());
        }
    }
    lines
}

fn draw(column: &Column, (head, columns): (Vec<String>, usize), depth: Depth) -> Vec<String> {
    let mut lines: Vec<String> = head
        .iter()
        .map(|line| depth.on(&column.colour, line))
        .collect();
    if depth == Depth::None {
        lines.push("─".repeat(columns));
    }
    let bar = depth.front(&column.colour, "▌");
    let room = columns - 1;
    for card in &column.cards {
        let mut push = |text: &str| lines.push(format!("{bar}{}", cut(text, room)));
        // What needs nobody stands beside the number, if it fits.
        let number = depth.tone(Tone::Strong, &plain(&card.number));
        let (quiet, loud): (Vec<_>, Vec<_>) = card
            .badges
            .iter()
            .cloned()
            .partition(|(tone, _)| *tone == Tone::Quiet);
        let quiet: Vec<String> = quiet.into_iter().map(|(_, word)| word).collect();
        let quiet = depth.tone(Tone::Quiet, &quiet.join(" "));
        if width(&number) + 1 + width(&quiet) <= room {
            push(&format!("{number} {quiet}"));
        } else {
            push(&number);
            push(&quiet);
        }
        for line in wrap(&card.title, room, TITLE_LINES) {
            push(&line);
        }
        for line in badge_lines(&loud, room, depth) {
            push(&line);
        }
        for line in &card.more {
            push(&depth.tone(Tone::Quiet, &cut(&plain(line), room)));
        }
        lines.push(String::new());
    }
    let hidden = column.total - column.cards.len() as u64;
    if hidden > 0 {
        let more = format!("{} more", thousands(hidden));
        lines.push(format!(" {}", depth.tone(Tone::Quiet, &more)));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The name of a column over as many lines as it needs, and its total beside the first.
fn header(column: &Column, columns: usize) -> Vec<String> {
    let total = thousands(column.total);
    let room = columns.saturating_sub(total.len() + 3);
    let mut names = wrap(&column.name, room, TITLE_LINES).into_iter();
    let first = fill(&names.next().unwrap_or_default(), room);
    let rest = names.map(|line| fill(&format!(" {line}"), columns));
    [format!(" {first} {total} ")]
        .into_iter()
        .chain(rest)
        .collect()
}

/// Badges side by side, on a second line where one is too short.
fn badge_lines(badges: &[(Tone, String)], room: usize, depth: Depth) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (tone, word) in badges {
        let badge = depth.tone(*tone, &format!("! {word}"));
        match lines.last_mut() {
            Some(line) if width(line) + 2 + width(&badge) <= room => {
                line.push_str("  ");
                line.push_str(&badge);
            }
            Some(_) | None => lines.push(badge),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, total: u64) -> Column {
        let card = Card {
            number: "CMP-~K7Q2".into(),
            badges: vec![
                (Tone::Bad, "contested".into()),
                (Tone::Warning, "unsynced".into()),
            ],
            title: "The yearly fee was charged twice in March and nobody answers".into(),
            more: vec!["Ana".into()],
        };
        Column {
            name: name.into(),
            colour: "#2563eb".into(),
            total,
            cards: vec![card],
        }
    }

    fn stages(count: usize) -> Vec<Column> {
        (0..count)
            .map(|n| column(&format!("Stage {n} with a long name"), n as u64 + 1))
            .collect()
    }

    #[test]
    fn a_board_never_leaves_the_screen() {
        for columns in [40, 80, 120, 200] {
            for depth in [Depth::None, Depth::Palette, Depth::True] {
                for count in [1, 3, 7, 27] {
                    let lines = lines(
                        &stages(count),
                        Screen {
                            width: columns,
                            depth,
                        },
                    );
                    for line in &lines {
                        assert!(width(line) <= columns, "{columns}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_narrow_screen_shows_the_same_columns_in_bands() {
        let shown = |columns| lines(&stages(7), Screen::plain(columns)).join("\n");
        for n in 0..7 {
            assert!(shown(80).contains(&format!("Stage {n} ")), "{}", shown(80));
        }
        assert!(shown(80).lines().count() > shown(200).lines().count());
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        assert!(
            lines(&[column("Intake", 9)], Screen::plain(80))
                .join("\n")
                .contains("8 more")
        );
    }

    #[test]
    fn no_cards_and_no_columns_are_no_board() {
        assert!(lines(&[], Screen::plain(80)).is_empty());
    }
}
