//! What an output is when ids, times and sizes are left out: two runs have the same shape.

/// Units that change with the number before them.
const UNITS: [&str; 8] = ["B", "kB", "MB", "µs", "ms", "s", "min", "h"];

/// Days and months: a tour of today is that of tomorrow.
const CALENDAR: [&str; 19] = [
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The words of an output, one space between them; what varies is `#`.
pub(crate) fn shape(said: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in said.split_whitespace() {
        // Lines of a table grow with what is in it.
        if word.chars().all(|c| "─━═▌".contains(c)) {
            continue;
        }
        let word = if varies(word) { "#" } else { word };
        // "1 min 2 s" is as long as "59 s".
        let measured = words.last() == Some(&"#");
        if measured && (word == "#" || UNITS.contains(&word.trim_end_matches([',', ')', ';']))) {
            continue;
        }
        words.push(word);
    }
    words.join(" ")
}

/// Numbers, dates, ids and codes.
fn varies(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '~');
    let hexadecimal = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
    let code = |part: &str| part.len() == 4 && part.chars().all(|c| !c.is_lowercase());
    word.chars().any(|c| c.is_ascii_digit())
        || CALENDAR.contains(&word)
        || word.contains("-~")
        || (matches!(word.len(), 4 | 8) && word.chars().all(hexadecimal))
        || (word.contains('-') && word.split('-').all(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_one_command_have_the_same_shape_and_other_words_have_another() {
        let one = "CMP-~K7Q2  In step: 9 sent · 10.0 kB out\n────\n59 s · 6KSH-WXYZ · deadbeef";
        let two = "CMP-~ABCD  In step: 12 sent · 930 B out\n──\n1 min 2 s · ABCD-EFGH · 01ab";
        assert_eq!(shape(one), shape(two));
        assert_ne!(shape(one), shape(&one.replace("sent", "lost")));
        let today = "due in 15 business days, Tue 22 Dec 18:00";
        let tomorrow = "due in 14 business days, Mon 4 Jan 2027 18:00";
        assert_eq!(shape(today), shape(tomorrow));
        assert_ne!(shape("Moved: a · Review"), shape("Moved: a · Intake"));
    }
}
