//! A page: headings, pairs of label and value, wrapped texts, none wider than the screen.

use super::Screen;
use super::ink::Tone;
use super::words::{cut, fill, plain, width, wrap};

/// Blanks before what belongs under a heading.
pub const INDENT: usize = 2;
/// Most lines of one text.
const MAX_TEXT_LINES: usize = 40;

/// Lines that are being collected.
#[derive(Debug, Clone)]
pub struct Page {
    /// The screen they are for.
    pub screen: Screen,
    lines: Vec<String>,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub const fn new(screen: Screen) -> Self {
        Self {
            screen,
            lines: Vec::new(),
        }
    }

    /// Adds a line as it is, cut to the screen.
    pub fn line(&mut self, line: impl AsRef<str>) {
        let line = cut(line.as_ref(), self.screen.width);
        self.lines.push(line.trim_end().to_owned());
    }

    /// Adds a line that is broken at blanks where the screen is too narrow for it, without colours
    /// then; what follows its first line stands `hang` columns further in.
    pub fn flow(&mut self, indent: usize, hang: usize, line: &str) {
        if indent + width(line) <= self.screen.width {
            self.line(format!("{}{line}", " ".repeat(indent)));
            return;
        }
        let words = console::strip_ansi_codes(line);
        let room = self.screen.width.saturating_sub(indent + hang);
        // What stands at the very left has the room that the rest is set in by.
        let first = wrap(&words, room + hang, MAX_TEXT_LINES);
        let first = first.into_iter().next().unwrap_or_default();
        self.line(format!("{}{first}", " ".repeat(indent)));
        let rest: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
        self.text(indent + hang, rest.get(first.len()..).unwrap_or_default());
    }

    /// Adds a line that is never cut: something to copy.
    pub fn whole_line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Adds lines.
    pub fn lines(&mut self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            self.line(line);
        }
    }

    /// Adds an empty line, unless there is one already or the page is empty.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// Adds a heading after a gap, with something quiet beside it.
    pub fn heading(&mut self, heading: &str, aside: &str) {
        self.gap();
        let strong = self.tone(Tone::Strong, heading);
        if width(heading) + 2 + width(aside) <= self.screen.width {
            let aside = self.tone(Tone::Quiet, aside);
            self.line(format!("{strong}  {aside}"));
        } else {
            self.line(strong);
            self.toned(Tone::Quiet, aside);
        }
    }

    /// Adds a wrapped text, indented.
    pub fn text(&mut self, indent: usize, text: &str) {
        let columns = self.screen.width.saturating_sub(indent);
        for line in wrap(text, columns, MAX_TEXT_LINES) {
            self.line(format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// Adds a wrapped text, painted.
    pub fn toned(&mut self, tone: Tone, text: &str) {
        for line in wrap(text, self.screen.width, MAX_TEXT_LINES) {
            let line = self.tone(tone, &line);
            self.line(line);
        }
    }

    /// Adds a label of a given width and a wrapped value beside it; `mark` paints the value.
    pub fn pair(&mut self, label: &str, columns: usize, value: &str, mark: Option<Tone>) {
        let left = INDENT + columns + 2;
        let room = self.screen.width.saturating_sub(left).max(10);
        let label = fill(&plain(label), columns);
        let mut before = format!(
            "{}{}  ",
            " ".repeat(INDENT),
            self.screen.depth.tone(Tone::Quiet, &label)
        );
        let mut lines = wrap(value, room, MAX_TEXT_LINES);
        if lines.is_empty() {
            lines.push(String::new());
        }
        for line in lines {
            let line = mark.map_or(line.clone(), |tone| self.tone(tone, &line));
            self.line(format!("{before}{line}"));
            before = " ".repeat(left);
        }
    }

    /// Adds a line with a right end, if both fit.
    pub fn spread(&mut self, left: &str, right: &str) {
        let room = self.screen.width.saturating_sub(width(right) + 1);
        if width(left) <= room {
            let blanks = " ".repeat(room - width(left) + 1);
            self.line(format!("{left}{blanks}{right}"));
        } else {
            self.line(left);
            self.line(right);
        }
    }

    /// Paints a text.
    #[must_use]
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        self.screen.depth.tone(tone, text)
    }

    /// The lines.
    #[must_use]
    pub fn finish(mut self) -> Vec<String> {
        while self.lines.last().is_some_and(String::is_empty) {
            self.lines.pop();
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_screen() {
        let mut page = Page::new(Screen::plain(40));
        page.line("x".repeat(90));
        page.pair("Summary", 12, &"the fee was charged twice ".repeat(6), None);
        page.text(4, &"word ".repeat(30));
        page.spread(&"l".repeat(30), &"r".repeat(20));
        for line in page.finish() {
            assert!(width(&line) <= 40, "{line}");
        }
    }

    #[test]
    fn a_line_that_does_not_fit_goes_on_further_in_and_loses_nothing_but_its_colours() {
        let mut page = Page::new(Screen::plain(24));
        page.flow(2, 3, "a short one");
        page.flow(
            2,
            3,
            "\u{1b}[31m[ ]\u{1b}[0m call her  before noon and write it down",
        );
        page.heading("Contested", "nothing is lost of what was written");
        let lines = [
            "  a short one",
            "  [ ] call her before",
            "     noon and write it",
            "     down",
            "",
            "Contested",
            "nothing is lost of what",
            "was written",
        ];
        assert_eq!(page.finish(), lines);
    }

    #[test]
    fn a_value_stands_beside_its_label_on_every_line() {
        let mut page = Page::new(Screen::plain(40));
        page.pair("Summary", 8, "the fee was charged twice in March", None);
        assert_eq!(
            page.finish(),
            [
                "  Summary   the fee was charged twice in",
                "            March"
            ]
        );
    }
}
