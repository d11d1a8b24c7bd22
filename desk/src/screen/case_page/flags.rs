//! The marks at the top of a case page: what people should look at.

use super::CasePage;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::words::{count, counted, plain};

impl CasePage<'_> {
    pub(super) fn flags(&self, page: &mut Page) {
        let flags = &self.view.flags;
        let mut marks = Vec::new();
        if let Some(claim) = self.view.origins.get(self.view.opened).imported {
            let who = self.names.member(claim.who);
            let line = format!("imported as {who} had it; the rules of opening were not asked");
            marks.push((Tone::Quiet, line));
        }
        if !flags.contested.is_empty() {
            let places = counted(flags.contested.len() as u64, "place is", "places are");
            marks.push((Tone::Bad, format!("{places} contested")));
        }
        marks.extend(self.unmet());
        if flags.activity_after_close > 0 {
            let changes = count(u64::from(flags.activity_after_close), "change");
            marks.push((
                Tone::Warning,
                format!("activity after close: {changes} made without knowing of it"),
            ));
        }
        if flags.activity_in_trash > 0 {
            let changes = count(u64::from(flags.activity_in_trash), "change");
            marks.push((
                Tone::Warning,
                format!("activity in trash: {changes} made without knowing of it"),
            ));
        }
        marks.extend(self.broken());
        if self.held > 0 {
            let changes = counted(self.held as u64, "change waits", "changes wait");
            marks.push((
                Tone::Warning,
                format!("{changes} for an adoption (casework held list)"),
            ));
        }
        if self.unsynced {
            marks.push((Tone::Quiet, "not all of it is on the server yet".to_owned()));
        }
        let open = self.view.overrides_to_review().count();
        if open > 0 {
            let overrides = counted(open as u64, "override waits", "overrides wait");
            let line = format!("{overrides} for a review (casework overrides)");
            marks.push((Tone::Quiet, line));
        }
        if flags.parallel_edit {
            marks.push((Tone::Quiet, "parallel edits, merged".to_owned()));
        }
        for (tone, mark) in marks {
            page.line(page.tone(tone, &format!("! {mark}")));
        }
    }

    /// What a stage asks for and is not there.
    fn unmet(&self) -> Vec<(Tone, String)> {
        let flags = &self.view.flags;
        let mut marks = Vec::new();
        if !flags.requirements_unmet.is_empty() {
            let labels: Vec<String> = flags
                .requirements_unmet
                .iter()
                .map(|id| self.glossary().label(id))
                .collect();
            marks.push((
                Tone::Warning,
                format!("requirements unmet: {}", labels.join(", ")),
            ));
        }
        if !flags.documents_unmet.is_empty() {
            let kinds = flags.documents_unmet.iter();
            let kinds = kinds.map(|(_, kind)| self.glossary().document_type(kind));
            let kinds: Vec<String> = kinds.collect();
            marks.push((
                Tone::Warning,
                format!("requirements unmet: document {}", kinds.join(", ")),
            ));
        }
        marks
    }

    /// What landed although a rule forbids it: the rules that its author could have known, and those
    /// of a newer revision.
    fn broken(&self) -> Vec<(Tone, String)> {
        let flags = &self.view.flags;
        let mut marks = Vec::new();
        if !flags.rule_broken.is_empty() {
            let changes = count(flags.rule_broken.len() as u64, "change");
            let rules = several(flags.rule_broken.values().flatten());
            let line = format!("{changes} landed although a rule forbids it: {rules}");
            marks.push((Tone::Warning, line));
        }
        if !flags.newer_rule_broken.is_empty() {
            let broken = flags.newer_rule_broken.values();
            let mut revisions: Vec<String> =
                broken.clone().map(|newer| newer.revision.short()).collect();
            revisions.sort_unstable();
            revisions.dedup();
            let changes = counted(
                flags.newer_rule_broken.len() as u64,
                "change breaks",
                "changes break",
            );
            let rules = several(broken.flat_map(|newer| &newer.rules));
            let line = format!(
                "{changes} a newer rule (revision {}): {rules}",
                revisions.join(", ")
            );
            marks.push((Tone::Warning, line));
        }
        marks
    }
}

/// The rules, each once.
fn several<'a>(rules: impl Iterator<Item = &'a String>) -> String {
    let mut said: Vec<String> = Vec::new();
    for rule in rules {
        let rule = plain(rule);
        if !said.contains(&rule) {
            said.push(rule);
        }
    }
    said.join("; ")
}
