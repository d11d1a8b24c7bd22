//! Naming contested places with their sides, and settling them.

use casework::case::Place;
use casework::{Choice, ContestedPlace};

use super::Desk;
use super::cases::answer;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::words::plain;

/// Settles a contested place on one side: its number, as `case show` numbers them, or its words.
pub(super) fn settle(
    desk: &Desk<'_>,
    case: &str,
    (place, side): (&str, &str),
    reason: Option<&str>,
) -> Result<Response, Fault> {
    let id = desk.case(case)?;
    let show = format!("casework case show {case}");
    let contested = desk.workspace.contested(id)?;
    let wanted = |at: &Place| at.to_string() == place || at.to_string() == format!("field/{place}");
    let found = contested.iter().find(|contest| wanted(&contest.place));
    let found = found.or_else(|| {
        let mut starting = contested
            .iter()
            .filter(|c| abbreviates(place, &c.place.to_string()));
        starting.next().filter(|_| starting.next().is_none())
    });
    let Some(found) = found else {
        let places: Vec<String> = contested.iter().map(|c| c.place.to_string()).collect();
        let what = if places.is_empty() {
            "nothing on this case is contested".to_owned()
        } else {
            format!(
                "{place:?} is not contested; these are: {}",
                places.join(", ")
            )
        };
        return Err(Fault::invalid(what).or_try(show));
    };
    let index = side_of(found, side).map_err(|fault| fault.or_try(show))?;
    let acted = desk
        .workspace
        .settle(id, &found.place, &Choice::Side(index), (reason, false))?;
    answer(desk, id, &[acted], "Settled")
}

/// The side that a person named. A number that is no side may be a value, as of a counter.
fn side_of(found: &ContestedPlace, side: &str) -> Result<usize, Fault> {
    let number = side.parse::<usize>().ok();
    let numbered = number.and_then(|number| number.checked_sub(1));
    if let Some(index) = numbered.filter(|index| *index < found.sides.len()) {
        return Ok(index);
    }
    let named = |words: &str| words.to_lowercase() == side.trim().to_lowercase();
    let mut saying = (0..found.sides.len()).filter(|index| {
        let side = &found.sides[*index];
        named(&side.words) || side.value.as_text().is_some_and(named)
    });
    if let (Some(index), None) = (saying.next(), saying.next()) {
        return Ok(index);
    }
    let sides = found.sides.iter().enumerate();
    let sides: Vec<String> = sides
        .map(|(index, side)| format!("{} ({})", index + 1, plain(&side.words)))
        .collect();
    Err(Fault::invalid(format!(
        "{} has no side {side:?}; it has {}",
        found.place,
        sides.join(", ")
    )))
}

/// `task/9f3a/status` for `task/9f3a0c…/status`: each part may be the beginning of the real one.
fn abbreviates(short: &str, whole: &str) -> bool {
    let (short, whole): (Vec<_>, Vec<_>) = (short.split('/').collect(), whole.split('/').collect());
    short.len() == whole.len()
        && short
            .iter()
            .zip(whole)
            .all(|(short, whole)| !short.is_empty() && whole.starts_with(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_may_be_named_by_the_beginnings_of_its_parts() {
        assert!(abbreviates(
            "task/9f3a/status",
            "task/9f3a0c0c0c0c0c0c/status"
        ));
        assert!(abbreviates("question/ver", "question/verdict"));
        assert!(!abbreviates("task/9f3a", "task/9f3a0c0c0c0c0c0c/status"));
        assert!(!abbreviates("task//status", "task/9f3a0c0c0c0c0c0c/status"));
    }
}
