//! The table: one line per claim, with its yardstick, their ratio and the aim beside it.

use core::fmt;
use std::time::Duration;

/// The head of the table, as Markdown.
pub const HEAD: &str = "\
| what | measured | yardstick | ratio | aim | |
|---|---|---|---|---|---|";

/// Something measured.
#[derive(Debug, Clone, Copy)]
pub enum Figure {
    /// How long it takes; less is better.
    Time(Duration),
    /// So many per second; more is better.
    Rate(f64, &'static str),
    /// So many bytes; less is better.
    Bytes(f64),
    /// A plain number, such as round trips.
    Count(u64),
    /// Nothing to compare with.
    None,
}

/// What DESIGN §11 aims at.
#[derive(Debug, Clone, Copy)]
pub enum Aim {
    /// At most this many times the yardstick.
    AtMost(f64),
    /// At least this many times the yardstick.
    AtLeast(f64),
    /// At most this, whatever the yardstick.
    Within(Figure),
    /// No aim of its own: told for orientation.
    Told,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// What it took.
    pub measured: Figure,
    /// What the yardstick is, and what it took.
    pub yardstick: (&'static str, Figure),
    /// The aim.
    pub aim: Aim,
}

impl Figure {
    /// The figure as a number, for ratios.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Time(time) => Some(time.as_secs_f64()),
            Self::Rate(rate, _) => Some(rate),
            Self::Bytes(bytes) => Some(bytes),
            Self::Count(count) => Some(count as f64),
            Self::None => None,
        }
    }
}

impl Row {
    /// Measured over yardstick.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (measured, yardstick) = (self.measured.number()?, self.yardstick.1.number()?);
        (yardstick > 0.0).then(|| measured / yardstick)
    }

    /// Whether the aim is met; `None` where there is none.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        match self.aim {
            Aim::AtMost(most) => Some(self.ratio()? <= most),
            Aim::AtLeast(least) => Some(self.ratio()? >= least),
            Aim::Within(limit) => Some(self.measured.number()? <= limit.number()?),
            Aim::Told => None,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, yardstick) = self.yardstick;
        let yardstick = if matches!(yardstick, Figure::None) {
            name.to_owned()
        } else {
            format!("{name}: {yardstick}")
        };
        let ratio = self
            .ratio()
            .map_or_else(String::new, |ratio| format!("{ratio:.2}×"));
        let met = match self.is_met() {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        let (what, measured, aim) = (&self.what, self.measured, self.aim);
        write!(
            f,
            "| {what} | {measured} | {yardstick} | {ratio} | {aim} | {met} |"
        )
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) if time.as_secs_f64() >= 1.0 => {
                write!(f, "{:.2} s", time.as_secs_f64())
            }
            Self::Time(time) if time.as_micros() >= 1_000 => {
                write!(f, "{:.2} ms", time.as_secs_f64() * 1e3)
            }
            Self::Time(time) => write!(f, "{:.1} µs", time.as_secs_f64() * 1e6),
            Self::Rate(rate, what) => write!(f, "{} {what}/s", grouped(*rate as u64)),
            Self::Bytes(bytes) if *bytes >= 10_000_000.0 => write!(f, "{:.1} MB", bytes / 1e6),
            Self::Bytes(bytes) if *bytes >= 10_000.0 => write!(f, "{:.1} kB", bytes / 1e3),
            Self::Bytes(bytes) => write!(f, "{bytes:.0} B"),
            Self::Count(count) => write!(f, "{}", grouped(*count)),
            Self::None => write!(f, "–"),
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(ratio) => write!(f, "≤ {ratio}×"),
            Self::AtLeast(ratio) => write!(f, "≥ {ratio}×"),
            Self::Within(figure) => write!(f, "≤ {figure}"),
            Self::Told => write!(f, "–"),
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_aim_is_met() {
        let millis = |n| Figure::Time(Duration::from_millis(n));
        let row = |measured, aim| Row {
            what: "open".into(),
            measured,
            yardstick: ("bare", millis(40)),
            aim,
        };
        let good = row(millis(44), Aim::AtMost(1.15));
        assert_eq!(
            good.to_string(),
            "| open | 44.00 ms | bare: 40.00 ms | 1.10× | ≤ 1.15× | met |"
        );
        assert_eq!(row(millis(50), Aim::AtMost(1.15)).is_met(), Some(false));
        assert_eq!(
            row(millis(50), Aim::Within(millis(60))).is_met(),
            Some(true)
        );
        assert_eq!(row(millis(50), Aim::Told).is_met(), None);
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
