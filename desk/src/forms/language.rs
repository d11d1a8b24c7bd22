//! Which language a page is shown in: the one asked for, else the first the browser prefers that
//! the form has, else the form's own.

/// Longest header that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 500;

/// Chooses among the languages of a form, its own first.
pub(super) fn choose<'t>(tags: &[&'t str], asked: Option<&str>, accepted: &str) -> &'t str {
    let own = tags.first().copied().unwrap_or("en");
    if let Some(tag) = asked.and_then(|asked| matching(tags, asked)) {
        return tag;
    }
    preferences(accepted)
        .into_iter()
        .find_map(|wanted| matching(tags, wanted))
        .unwrap_or(own)
}

/// `pt-PT` is met by `pt-PT`, else by `pt`, else by another kind of `pt`.
fn matching<'t>(tags: &[&'t str], wanted: &str) -> Option<&'t str> {
    let exact = |tag: &&&str| tag.eq_ignore_ascii_case(wanted);
    let first = base(wanted);
    let plain = |tag: &&&str| tag.eq_ignore_ascii_case(first);
    let related = |tag: &&&str| base(tag).eq_ignore_ascii_case(first);
    let found = tags.iter().find(exact).or_else(|| tags.iter().find(plain));
    found.or_else(|| tags.iter().find(related)).copied()
}

/// The part of a tag before its region.
pub(super) fn base(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// The languages of an `Accept-Language` header, the most wanted first.
fn preferences(header: &str) -> Vec<&str> {
    let header = header.get(..MAX_HEADER_BYTES).unwrap_or(header);
    if header.len() > MAX_HEADER_BYTES {
        return Vec::new();
    }
    let mut wanted: Vec<(&str, u32)> = header
        .split(',')
        .filter_map(|part| {
            let mut pieces = part.split(';');
            let tag = pieces.next()?.trim();
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q="))
                .map_or(Some(1.0), |q| q.trim().parse::<f32>().ok())?;
            let known = !tag.is_empty() && tag != "*" && weight > 0.0;
            known.then_some((tag, (weight.min(1.0) * 1_000.0) as u32))
        })
        .collect();
    wanted.sort_by_key(|(_, weight)| core::cmp::Reverse(*weight));
    wanted.into_iter().map(|(tag, _)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_asked_for_goes_before_the_browsers_and_the_forms() {
        let tags = ["en", "pt", "fr-CA"];
        assert_eq!(choose(&tags, Some("pt"), "fr"), "pt");
        assert_eq!(choose(&tags, Some("xx"), "fr;q=0.3, pt-BR;q=0.8"), "pt");
        assert_eq!(choose(&tags, None, "de, fr;q=0.9"), "fr-CA");
        assert_eq!(choose(&tags, None, "pt;q=0, *"), "en");
        assert_eq!(choose(&tags, None, ""), "en");
        assert_eq!(choose(&tags, None, "PT"), "pt");
    }

    #[test]
    fn a_header_that_makes_no_sense_chooses_nothing() {
        let long = "é".repeat(2_000);
        for header in [";;;,,,q=", "pt;q=nan", "pt;q=-1", long.as_str()] {
            assert_eq!(choose(&["en", "pt"], None, header), "en", "{header:.20}");
        }
    }
}
