//! Placeholders in the texts of a rule: `Call {field/customer} about {number}`.
//!
//! A text is cut into pieces; what a placeholder stands for is filled in where the rule runs
//! (`engine/src/automation/wording.rs`). `{{` and `}}` are the braces themselves.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// Something of the case.
    Of(Placeholder),
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// `{number}`: the number of the case.
    Number,
    /// `{title}`: its title.
    Title,
    /// `{stage}`: the name of its stage.
    Stage,
    /// `{owner}`: the name of its owner.
    Owner,
    /// `{actor}`: the name of whoever did what triggered the rule.
    Actor,
    /// `{template}`: the name of its template.
    Template,
    /// `{today}`: the day of the trigger.
    Today,
    /// `{field/ID}`: a field's value in words.
    Field(String),
}

/// A text whose braces stand for nothing. Cure: in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// No such placeholder.
    #[error(
        "{{{name}}} stands for nothing; write number, title, stage, owner, actor, template, today or field/ID in braces"
    )]
    Unknown {
        /// What stands between the braces, its first 80 characters.
        name: String,
    },
    /// A brace without its other half.
    #[error("a brace has no other half; write {{{{ or }}}} for the brace itself")]
    Unpaired,
}

/// Cuts a text into its pieces.
///
/// # Errors
/// [`PlaceholderError`] for the first brace that stands for nothing.
pub fn pieces(text: &str) -> Result<Vec<Piece>, PlaceholderError> {
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '{' | '}' if rest.peek() == Some(&character) => {
                rest.next();
                plain.push(character);
            }
            '}' => return Err(PlaceholderError::Unpaired),
            '{' => {
                let mut name = String::new();
                loop {
                    match rest.next() {
                        Some('}') => break,
                        Some('{') | None => return Err(PlaceholderError::Unpaired),
                        Some(character) => name.push(character),
                    }
                }
                if !plain.is_empty() {
                    found.push(Piece::Text(core::mem::take(&mut plain)));
                }
                found.push(Piece::Of(named(&name)?));
            }
            other => plain.push(other),
        }
    }
    if !plain.is_empty() {
        found.push(Piece::Text(plain));
    }
    Ok(found)
}

fn named(name: &str) -> Result<Placeholder, PlaceholderError> {
    Ok(match name {
        "number" => Placeholder::Number,
        "title" => Placeholder::Title,
        "stage" => Placeholder::Stage,
        "owner" => Placeholder::Owner,
        "actor" => Placeholder::Actor,
        "template" => Placeholder::Template,
        "today" => Placeholder::Today,
        _ => match name.strip_prefix("field/") {
            Some(id) if !id.is_empty() => Placeholder::Field(id.to_owned()),
            Some(_) | None => {
                return Err(PlaceholderError::Unknown {
                    name: name.chars().take(80).collect(),
                });
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_placeholders() {
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(
            pieces("Call {field/customer}, {{soon}}: {number}"),
            Ok(vec![
                text("Call "),
                Piece::Of(Placeholder::Field("customer".into())),
                text(", {soon}: "),
                Piece::Of(Placeholder::Number),
            ])
        );
        assert_eq!(pieces(""), Ok(vec![]));
    }

    #[test]
    fn braces_that_stand_for_nothing_are_refused() {
        for wrong in ["{", "}", "a { b", "{a{b}}", "{field/}", "{Number}", "{}"] {
            assert!(pieces(wrong).is_err(), "{wrong}");
        }
    }
}
