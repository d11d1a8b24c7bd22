//! Colours and weights of text, for terminals with 16.7 million colours, with 256, and without.

use serde::{Deserialize, Serialize};

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Depth {
    /// None: nothing is painted at all.
    None,
    /// The 256 colours of xterm.
    Palette,
    /// Red, green and blue of 8 bits each.
    True,
}

/// What a piece of text is, and so how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The heading of a part.
    Heading,
    /// The most important words of a line.
    Strong,
    /// What matters least.
    Quiet,
    /// Proved or done.
    Good,
    /// To be looked at.
    Warning,
    /// Refused, contested or lost.
    Bad,
    /// Something to type.
    Command,
}

impl Depth {
    /// Paints a text in a tone.
    #[must_use]
    pub fn tone(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Heading => "1;4",
            Tone::Strong => "1",
            Tone::Quiet => "2",
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
            Tone::Command => "36",
        };
        self.wrap(code, text)
    }

    /// Paints a text in a colour `#rrggbb`; one that cannot be read paints nothing.
    #[must_use]
    pub fn front(self, colour: &str, text: &str) -> String {
        match self.code(colour) {
            Some(code) => self.wrap(&format!("38;{code}"), text),
            None => text.to_owned(),
        }
    }

    /// Puts a text on a colour `#rrggbb`, in black or white, whichever can be read on it.
    #[must_use]
    pub fn on(self, colour: &str, text: &str) -> String {
        let Some((code, (red, green, blue))) = self.code(colour).zip(read(colour)) else {
            return text.to_owned();
        };
        // Rec. 601 luma: how bright people see a colour.
        let luma = (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000;
        let ink = if luma > 150 { "38;5;16" } else { "38;5;231" };
        self.wrap(&format!("1;{ink};48;{code}"), text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Self::None => text.to_owned(),
            Self::Palette | Self::True if text.is_empty() => String::new(),
            Self::Palette | Self::True => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn code(self, colour: &str) -> Option<String> {
        let (red, green, blue) = read(colour)?;
        match self {
            Self::None => None,
            Self::True => Some(format!("2;{red};{green};{blue}")),
            Self::Palette => Some(format!("5;{}", nearest(red, green, blue))),
        }
    }
}

/// The three bytes of `#rrggbb`.
fn read(colour: &str) -> Option<(u8, u8, u8)> {
    let digits = colour
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some((byte(0)?, byte(2)?, byte(4)?))
}

/// The nearest colour in the 6 × 6 × 6 cube of xterm, whose steps are 0, 95, 135, 175, 215, 255.
fn nearest(red: u8, green: u8, blue: u8) -> u8 {
    let step = |value: u8| match value {
        0..48 => 0,
        48..115 => 1,
        _ => (value - 35) / 40,
    };
    16 + 36 * step(red) + 6 * step(green) + step(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_nothing_but_the_text_is_left() {
        assert_eq!(Depth::None.tone(Tone::Bad, "contested"), "contested");
        assert_eq!(Depth::None.on("#2563eb", "Review"), "Review");
    }

    #[test]
    fn a_stage_is_painted_in_its_own_colour_or_the_nearest_of_256() {
        assert_eq!(
            Depth::True.front("#2563eb", "x"),
            "\u{1b}[38;2;37;99;235mx\u{1b}[0m"
        );
        assert_eq!(
            Depth::Palette.front("#ff0000", "x"),
            "\u{1b}[38;5;196mx\u{1b}[0m"
        );
        assert_eq!(nearest(255, 255, 255), 231);
        assert_eq!(nearest(0, 0, 0), 16);
    }

    #[test]
    fn a_colour_that_cannot_be_read_paints_nothing() {
        for colour in ["", "red", "#12345", "#12345g", "#ééé"] {
            assert_eq!(Depth::True.front(colour, "x"), "x", "{colour}");
        }
    }
}
