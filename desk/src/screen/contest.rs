//! What is contested on a case: every side with its author and reason, and the command to settle.

use casework::case::{PartId, Place};
use casework::{ContestedPlace, SideView};

use super::ink::Tone;
use super::page::{INDENT, Page};
use super::words::{plain, there};

/// Shows the contested places of a case, if there are any.
pub fn show(number: &str, contested: &[ContestedPlace], page: &mut Page) {
    if contested.is_empty() {
        return;
    }
    page.heading(
        "Contested",
        "written without knowing of each other; nothing is lost",
    );
    for place in contested {
        let indent = " ".repeat(INDENT);
        let label = capital(&plain(&place.label));
        page.line(format!("{indent}{}", page.tone(Tone::Bad, &label)));
        for (at, one) in place.sides.iter().enumerate() {
            side(at, one, page);
        }
        let command = format!(
            "casework case settle {} {} 1 --reason \"…\"",
            plain(number),
            typed(&place.place)
        );
        page.whole_line(format!(
            "{indent}  settle: {}",
            page.tone(Tone::Command, &command)
        ));
    }
}

fn side(at: usize, side: &SideView, page: &mut Page) {
    let words = page.tone(Tone::Strong, &plain(&side.words));
    let shown = if at == 0 { "  (shown now)" } else { "" };
    let who = if side.member_name.is_empty() {
        "unknown".into()
    } else {
        plain(&side.member_name)
    };
    let by = format!("{who}, {}{shown}", there(side.claimed_ms, side.zone_min));
    page.line(format!(
        "{}{}  {words}  {}",
        " ".repeat(INDENT + 2),
        at + 1,
        page.tone(Tone::Quiet, &by)
    ));
    if let Some(reason) = &side.reason {
        page.text(INDENT + 5, &format!("“{}”", plain(reason)));
    }
}

/// A place as it can be typed: the ids in it cut to their beginnings.
fn typed(place: &Place) -> String {
    let place = place.to_string();
    let parts = place.split('/').map(|part| {
        let id = part.parse::<PartId>().ok();
        id.map_or_else(|| part.to_owned(), super::case_page::short)
    });
    let typed = parts.collect::<Vec<_>>().join("/");
    if typed.contains(' ') {
        format!("\"{typed}\"")
    } else {
        typed
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_as_it_can_be_typed() {
        let status: Place = "task/9f3a0c0c0c0c0c0c/status".parse().unwrap();
        assert_eq!(typed(&status), "task/9f3a/status");
        let question: Place = "question/Grant it?".parse().unwrap();
        assert_eq!(typed(&question), "\"question/Grant it?\"");
    }
}
