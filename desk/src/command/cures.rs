//! What to try after a refusal, where a command can be named.
//!
//! Refusals name things as people see them; commands name them by id, which the revision knows.

use casework::Error;
use casework::ids::DocumentId;
use casework::template::Revision;

use super::Desk;
use super::cases::number;
use crate::fault::Fault;

/// What to try after a refusal on a case.
pub(super) fn cure_on(desk: &Desk<'_>, id: DocumentId, error: Error) -> Fault {
    let case = number(desk, id).unwrap_or_else(|_| id.short());
    let view = desk.workspace.case(id).ok();
    let revision = view.and_then(|view| desk.workspace.revision(view.template).ok());
    let text = error.to_string();
    let fault = Fault::from(error);
    match words(&text, &case, revision.as_deref()) {
        Some(cure) => fault.or_try(cure),
        None => fault,
    }
}

/// What to try after the opening of a case was refused.
pub(super) fn cure_opening(desk: &Desk<'_>, template: DocumentId, error: Error) -> Fault {
    let text = error.to_string();
    let fault = Fault::from(error);
    if document_wanted(&text).is_some() {
        let way = "the same command without --stage, then add the document and move; or with \
                   --override --reason \"…\"";
        return fault.or_try(way);
    }
    let revision = desk.workspace.revision(template).ok();
    let wanted = fields_wanted(&text, revision.as_deref());
    if text.contains("opening requires") && !wanted.is_empty() {
        let set: Vec<String> = wanted.iter().map(|id| format!("--set {id}=…")).collect();
        return fault.or_try(format!("the same command with {}", set.join(" ")));
    }
    match words(&text, "CASE", revision.as_deref()) {
        Some(cure) => fault.or_try(cure),
        None => fault,
    }
}

/// The command that a refusal of a case leads to.
fn words(text: &str, case: &str, revision: Option<&Revision>) -> Option<String> {
    let says = |words: &str| text.contains(words);
    if says("override the rule") {
        return Some(way_on(text, case, revision));
    }
    if says("needs a reason") {
        return Some("the same command with --reason \"…\"".to_owned());
    }
    if says("needs a note") {
        return Some("the same command with --note \"…\"".to_owned());
    }
    if says("is read-only in") || says("is hidden in") {
        let stage = stage_open(text, revision)?;
        return Some(format!("casework case move {case} {stage}"));
    }
    if let Some((_, fields)) = text.split_once("to be filled first: ") {
        let set: Vec<String> = fields.split(", ").map(|id| format!("{id}=…")).collect();
        return Some(format!("casework case set {case} {}", set.join(" ")));
    }
    if let Some(seat) = between(text, "nobody is role:", ",") {
        return Some(format!("casework member role NAME --add {seat}"));
    }
    if let Some(seat) = between(text, "nobody is team:", ",") {
        return Some(format!("casework team set {seat} --add NAME"));
    }
    if let Some(id) = between(text, "the referral ", " is ").filter(|_| says("not accepted")) {
        return Some(format!("casework case referral accept {case} {id}"));
    }
    let known = [
        (
            "is closed; reopen",
            format!("casework case reopen {case} --reason \"…\""),
        ),
        (
            "closed is so already",
            format!("casework case reopen {case} --reason \"…\""),
        ),
        (
            "in the trash; restore",
            format!("casework case restore {case}"),
        ),
        (
            "a legal hold stands",
            format!("casework case legal-hold {case} --lift --reason \"…\""),
        ),
        (
            "a purge waits",
            "the same command with --days 30".to_owned(),
        ),
        (
            "is not asked of you",
            format!("casework case approval list {case}"),
        ),
        (
            "whoever made it",
            format!("casework case approval list {case}"),
        ),
        (
            "left to be taken back",
            format!("casework case timeline {case}"),
        ),
        (
            "is not taken back",
            format!("casework case timeline {case}"),
        ),
        ("contested", format!("casework case show {case}")),
        ("is so already", format!("casework case show {case}")),
    ];
    let found = known.into_iter().find(|(words, _)| says(words));
    found.map(|(_, cure)| cure)
}

/// What is wanted first, or how to go on without it.
fn way_on(text: &str, case: &str, revision: Option<&Revision>) -> String {
    let mut ways = Vec::new();
    let fields = fields_wanted(text, revision);
    if !fields.is_empty() {
        let set: Vec<String> = fields.iter().map(|id| format!("{id}=…")).collect();
        ways.push(format!("casework case set {case} {}", set.join(" ")));
    }
    if let Some(kind) = document_wanted(text) {
        ways.push(format!(
            "casework case document add {case} FILE --type {kind}"
        ));
    }
    let over = "the same command with --override --reason \"…\"";
    if ways.is_empty() {
        over.to_owned()
    } else {
        format!("{}, or {over}", ways.join(" and "))
    }
}

/// The ids of the fields that a refusal asks for by their labels.
fn fields_wanted<'r>(refusal: &str, revision: Option<&'r Revision>) -> Vec<&'r str> {
    let asked = refusal.split("; ").filter_map(|part| {
        let (_, named) = part.split_once(" requires ")?;
        (!named.starts_with("the document")).then_some(named)
    });
    let labels: Vec<&str> = asked.flat_map(|named| named.split(", ")).collect();
    let fields = revision.into_iter().flat_map(|revision| revision.fields());
    let wanted = fields.filter(|field| labels.contains(&field.label.as_str()));
    wanted.map(|field| field.id.as_str()).collect()
}

/// The id of the first stage in which what is refused here is possible.
fn stage_open<'r>(refusal: &str, revision: Option<&'r Revision>) -> Option<&'r str> {
    let (_, open) = refusal.split_once("possible in ")?;
    let named: Vec<&str> = open.split(", ").collect();
    let stages = revision.into_iter().flat_map(|revision| revision.stages());
    let mut open = stages.filter(|stage| named.contains(&stage.name.as_str()));
    open.next().map(|stage| stage.id.as_str())
}

/// The first type of document that a refusal asks for.
fn document_wanted(refusal: &str) -> Option<&str> {
    let (_, named) = refusal.split_once(" requires the document")?;
    let first = named.split([',', ';']).next()?;
    let (_, id) = first.rsplit_once('(')?;
    id.split_once(')').map(|(id, _)| id)
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use casework::ids::MemberId;

    use super::*;

    fn complaint() -> Revision {
        let toml = super::super::templates::from_library("complaint").unwrap();
        let package = casework::template::Package::from_toml(toml).unwrap();
        package.publish().unwrap()
    }

    fn cure(refusal: &str) -> String {
        words(refusal, "CMP-1", Some(&complaint())).unwrap_or_default()
    }

    #[test]
    fn a_refusal_for_want_of_a_document_names_its_type() {
        let one = "Offer requires the document CV (cv); to go on all the same, override the rule";
        assert_eq!(document_wanted(one), Some("cv"));
        let several = "Legal requires the documents Quote (quote), Draft (draft); to go on";
        assert_eq!(document_wanted(several), Some("quote"));
        assert_eq!(document_wanted("Offer requires Salary (gross)"), None);
    }

    #[test]
    fn what_a_stage_asks_for_is_named_as_it_can_be_typed() {
        let over = "the same command with --override --reason \"…\"";
        let asked = "; to go on all the same, override the rule and give a reason";
        assert_eq!(cure(&format!("Closing without a review{asked}")), over);
        assert_eq!(
            cure(&format!("Findings requires Severity, Root cause{asked}")),
            format!("casework case set CMP-1 severity=… root_cause=…, or {over}")
        );
        let both = "Closed requires Root cause; Closed requires the document Final (final)";
        assert_eq!(
            cure(&format!("{both}{asked}")),
            format!(
                "casework case set CMP-1 root_cause=… and casework case document add CMP-1 FILE \
                 --type final, or {over}"
            )
        );
    }

    #[test]
    fn every_other_refusal_leads_to_a_command() {
        let read_only = "field.set is blocked: Customer is read-only in Quality control; possible in Intake, Findings";
        assert_eq!(cure(read_only), "casework case move CMP-1 intake");
        let first = "Final response needs these fields to be filled first: outcome_note, risk";
        assert_eq!(cure(first), "casework case set CMP-1 outcome_note=… risk=…");
        let nobody = "nobody is role:director, so nobody could answer";
        assert_eq!(cure(nobody), "casework member role NAME --add director");
        let early =
            "the referral 9f3a is offered, not accepted; what came of it is said after that";
        assert_eq!(cure(early), "casework case referral accept CMP-1 9f3a");
        assert_eq!(
            cure("closed is so already"),
            "casework case reopen CMP-1 --reason \"…\""
        );
        assert_eq!(
            cure("document/9f3a is so already"),
            "casework case show CMP-1"
        );
        let unknown = format!("the workspace has no member {}", MemberId::new([7; 16]));
        assert_eq!(cure(&unknown), "");
    }
}
