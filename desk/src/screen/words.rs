//! Texts, times and counts as people read them in a terminal.

use casework::Names;
pub use casework::telling::plain;
use casework::view::Origin;
use console::{measure_text_width, truncate_str};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// The columns a text takes, colours not counted.
#[must_use]
pub fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// A text cut to a number of columns, with "…" for what is missing.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    truncate_str(text, columns, "…").into_owned()
}

/// A text filled up with blanks to a number of columns, cut if it is longer.
#[must_use]
pub fn fill(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(width(&text));
    text + &" ".repeat(missing)
}

/// A text broken at blanks into lines of at most so many columns, at most so many lines; the last
/// one says with "…" that there is more. Its own line breaks are kept.
#[must_use]
pub fn wrap(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut wrapped = Vec::new();
    for paragraph in text.lines() {
        wrap_paragraph(&plain(paragraph), columns, &mut wrapped);
    }
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            *last = cut(&format!("{last} …"), columns);
            if !last.ends_with('…') {
                *last = format!("{}…", cut(last, columns.saturating_sub(1)));
            }
        }
    }
    wrapped
}

fn wrap_paragraph(text: &str, columns: usize, wrapped: &mut Vec<String>) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word.to_owned();
        if !line.is_empty() && width(&line) + 1 + width(&word) > columns {
            wrapped.push(std::mem::take(&mut line));
        }
        // A word longer than a line is broken.
        while line.is_empty() && width(&word) > columns {
            let (head, rest) = split_at(&word, columns);
            wrapped.push(head);
            word = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    wrapped.push(line);
}

fn split_at(word: &str, columns: usize) -> (String, String) {
    let mut taken = 0;
    for (at, c) in word.char_indices() {
        taken += width(c.encode_utf8(&mut [0; 4]));
        if taken > columns && at > 0 {
            return (word[..at].to_owned(), word[at..].to_owned());
        }
    }
    (word.to_owned(), String::new())
}

/// "1 case", "12 cases". The plural is the singular with an s unless given.
#[must_use]
pub fn count(number: u64, one: &str) -> String {
    counted(number, one, &format!("{one}s"))
}

/// "1 reply", "2 replies".
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { many }
    )
}

/// 8577 as "8,577".
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes as "312 B", "4.2 kB", "1.3 MB".
#[must_use]
pub fn bytes(number: u64) -> String {
    let scaled =
        |unit: u64, name: &str| format!("{}.{} {name}", number / unit, number % unit * 10 / unit);
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => scaled(1_000, "kB"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "MB"),
        _ => scaled(1_000_000_000, "GB"),
    }
}

/// A length of time as "43 ms", "1.8 s", "2 min 5 s", "3 h 12 min", "2 days 4 h".
#[must_use]
pub fn lasting(time: std::time::Duration) -> String {
    const HOUR_MS: u128 = 60 * 60 * 1_000;
    const DAY_MS: u128 = 24 * HOUR_MS;
    let ms = time.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..HOUR_MS => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        HOUR_MS..DAY_MS => format!("{} h {} min", ms / HOUR_MS, ms % HOUR_MS / 60_000),
        _ => {
            let days = u64::try_from(ms / DAY_MS).unwrap_or(u64::MAX);
            format!("{} {} h", count(days, "day"), ms % DAY_MS / HOUR_MS)
        }
    }
}

/// A point in time in the zone of this machine: `2026-03-01 09:30`.
#[must_use]
pub fn here(ms: i64) -> String {
    shown(ms, &TimeZone::system())
}

/// A point in time where it was claimed, by its offset in minutes: `2011-10-11 13:42`.
#[must_use]
pub fn there(ms: i64, zone_min: i16) -> String {
    let offset = Offset::from_seconds(i32::from(zone_min) * 60).unwrap_or(Offset::UTC);
    shown(ms, &TimeZone::fixed(offset))
}

/// Who wrote something and when, by their own clock; imported claims say so.
#[must_use]
pub fn origin(names: &Names, origin: &Origin) -> String {
    match &origin.imported {
        Some(claim) => {
            let time = there(claim.at_ms, claim.zone_min);
            format!("{} {time} (imported)", names.member(claim.who))
        }
        None => format!(
            "{} {}",
            names.or_nobody(origin.member),
            here(origin.claimed_ms)
        ),
    }
}

/// The date in the zone of this machine.
#[must_use]
pub fn day(ms: i64) -> String {
    here(ms).chars().take(10).collect()
}

fn shown(ms: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        Err(_) => format!("{ms} ms after 1970"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn texts_are_cut_and_filled_by_columns_not_by_letters() {
        assert_eq!(fill("São", 5), "São  ");
        assert_eq!(fill("日本語", 5), "日本…");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(width("\u{1b}[31mred\u{1b}[0m"), 3);
    }

    #[test]
    fn long_texts_are_wrapped_at_blanks_and_long_words_are_broken() {
        assert_eq!(
            wrap("the fee was charged twice", 11, 9),
            ["the fee was", "charged", "twice"]
        );
        assert_eq!(wrap("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("one two three four", 9, 2), ["one two", "three …"]);
        assert_eq!(wrap("a\n\nb", 9, 9), ["a", "", "b"]);
    }

    #[test]
    fn numbers_are_grouped_and_scaled() {
        assert_eq!(thousands(8577), "8,577");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(bytes(4_210), "4.2 kB");
        assert_eq!(lasting(Duration::from_millis(1_840)), "1.8 s");
        assert_eq!(lasting(Duration::from_secs(11_520)), "3 h 12 min");
        assert_eq!(lasting(Duration::from_secs(187_201)), "2 days 4 h");
        assert_eq!(count(1, "case"), "1 case");
        assert_eq!(counted(2, "reply", "replies"), "2 replies");
    }

    #[test]
    fn a_claimed_time_is_shown_where_it_was_claimed() {
        assert_eq!(there(1_318_333_320_000, 120), "2011-10-11 13:42");
    }
}
