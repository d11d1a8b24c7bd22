//! What to try after a refusal, where a command can be named.

use casework::Error;

use crate::fault::Fault;

/// What to try after a refusal, where a command can be named.
pub(super) fn cure(error: Error, case: &str) -> Fault {
    let text = error.to_string();
    let fault = Fault::from(error);
    if text.contains("opening requires") {
        fault.or_try("the same command with --set FIELD=VALUE for each of them")
    } else if let Some(kind) = document_wanted(&text) {
        fault.or_try(format!(
            "casework case document add {case} FILE --type {kind}, or the same command with \
             --override --reason \"…\""
        ))
    } else if text.contains("override the rule") {
        fault.or_try("the same command with --override --reason \"…\"")
    } else if text.contains("needs a reason") {
        fault.or_try("the same command with --reason \"…\"")
    } else if text.contains("is closed; reopen") {
        fault.or_try(format!("casework case reopen {case} --reason \"…\""))
    } else if text.contains("in the trash; restore") {
        fault.or_try(format!("casework case restore {case}"))
    } else if text.contains("is contested") || text.contains("are contested") {
        fault.or_try(format!("casework case show {case}"))
    } else {
        fault
    }
}

/// What to try after the opening of a case was refused.
pub(super) fn cure_opening(error: Error, template: &str) -> Fault {
    if document_wanted(&error.to_string()).is_some() {
        let way = "the same command without --stage, then add the document and move; or with \
                   --override --reason \"…\"";
        return Fault::from(error).or_try(way);
    }
    cure(error, template)
}

/// The first type of document that a refusal asks for.
fn document_wanted(refusal: &str) -> Option<&str> {
    let (_, named) = refusal.split_once(" requires the document")?;
    let first = named.split([',', ';']).next()?;
    let (_, id) = first.rsplit_once('(')?;
    id.split_once(')').map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_for_want_of_a_document_names_its_type() {
        let one = "Offer requires the document CV (cv); to go on all the same, override the rule";
        assert_eq!(document_wanted(one), Some("cv"));
        let several = "Legal requires the documents Quote (quote), Draft (draft); to go on";
        assert_eq!(document_wanted(several), Some("quote"));
        assert_eq!(document_wanted("Offer requires Salary (gross)"), None);
    }
}
