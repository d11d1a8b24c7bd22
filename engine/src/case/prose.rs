//! Prose that lies in several texts: which part of a new wording each of them takes.
//!
//! Two devices that both used a text field for the first time made two texts, read as one. An edit
//! must touch only what the person touched, in the text where it lies: moved characters would be
//! there twice after two such edits merge.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Cuts the new wording where the old texts met. What stands unchanged stays in its own text.
///
/// `old` are the texts in the order in which they are read; the answer has as many pieces, which
/// make up `new`.
pub(super) fn pieces(old: &[String], new: &str) -> Vec<String> {
    if old.len() < 2 {
        return vec![new.to_owned(); old.len()];
    }
    let before: Vec<char> = old.iter().flat_map(|text| text.chars()).collect();
    let after: Vec<char> = new.chars().collect();
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    let (mut seam, mut begin, mut pieces) = (0, 0, Vec::with_capacity(old.len()));
    for text in &old[..old.len() - 1] {
        seam += text.chars().count();
        let end = follow(&ops, seam).unwrap_or(after.len());
        pieces.push(after[begin..end].iter().collect());
        begin = end;
    }
    pieces.push(after[begin..].iter().collect());
    pieces
}

/// Where a seam of the old wording lies in the new one: before the first character that stood
/// behind it and still stands; what replaced a stretch across the seam goes behind it.
fn follow(ops: &[DiffOp], seam: usize) -> Option<usize> {
    ops.iter().find_map(|op| {
        let (old, new) = (op.old_range(), op.new_range());
        match op {
            DiffOp::Equal { .. } if old.contains(&seam) => Some(new.start + seam - old.start),
            DiffOp::Delete { .. } | DiffOp::Replace { .. } if old.contains(&seam) => {
                Some(new.start)
            }
            DiffOp::Equal { .. }
            | DiffOp::Delete { .. }
            | DiffOp::Insert { .. }
            | DiffOp::Replace { .. } => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(old: &[&str], new: &str) -> Vec<String> {
        let old: Vec<String> = old.iter().map(|&text| text.to_owned()).collect();
        let pieces = pieces(&old, new);
        assert_eq!(pieces.concat(), new);
        assert_eq!(pieces.len(), old.len());
        pieces
    }

    #[test]
    fn what_stands_unchanged_stays_in_its_text() {
        assert_eq!(cut(&["one ", "two"], "one two"), ["one ", "two"]);
        assert_eq!(cut(&["one ", "two"], "ONE two!"), ["ONE ", "two!"]);
        assert_eq!(cut(&["one ", "two"], "one and two"), ["one and ", "two"]);
        assert_eq!(
            cut(&["one ", "two ", "three"], "o two t"),
            ["o ", "two ", "t"]
        );
    }

    #[test]
    fn everything_may_go_or_come() {
        assert_eq!(cut(&["one", "two"], ""), ["", ""]);
        assert_eq!(cut(&["", ""], "new"), ["new", ""]);
        assert_eq!(cut(&["one"], "other"), ["other"]);
        assert_eq!(cut(&["ab", "cd"], "xyz").concat(), "xyz");
    }
}
