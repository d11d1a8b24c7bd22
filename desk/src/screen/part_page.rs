//! What a case has besides fields, tasks and comments: documents, parties, links, where it is kept,
//! its reopenings. For people as sections of its page, for programs as JSON.

use casework::Purge;
use casework::case::PartId;
use casework::case::facet::keeping::{ARCHIVED, LEGAL_HOLD, PURGE, TRASHED};
use casework::case::facet::party::PartyKey;
use casework::replica::LinkedCase;
use casework::template::Revision;
use casework::view::{CaseView, DocumentView, OriginRef, PartyView};
use serde_json::{Map, Value, json};

use super::case_page::short;
use super::ink::Tone;
use super::page::{INDENT, Page};
use super::words::{bytes, origin, plain};
use casework::Names;
use casework::telling::Glossary;

/// Everything the sections are made of.
#[derive(Debug, Clone, Copy)]
pub struct PartPage<'a> {
    /// The case.
    pub view: &'a CaseView,
    /// Its template's revision, if it is here.
    pub revision: Option<&'a Revision>,
    /// Its links from both sides, with what the other case is called.
    pub links: &'a [(LinkedCase, String)],
    /// The purge that its access record has.
    pub purge: Option<&'a Purge>,
    /// People and devices.
    pub names: &'a Names,
}

impl PartPage<'_> {
    /// The marks under the header: where the case is kept, and its flags.
    pub fn marks(&self, page: &mut Page) {
        let keeping = &self.view.facets.keeping;
        for (mark, words, tone) in [
            (TRASHED, "in the trash", Tone::Warning),
            (ARCHIVED, "archived", Tone::Quiet),
            (
                LEGAL_HOLD,
                "a legal hold stands: it is not purged",
                Tone::Warning,
            ),
        ] {
            if let Some(by) = keeping.set_by(mark) {
                page.line(page.tone(tone, &format!("! {words} · {}", self.said(by))));
            }
        }
        if let Some(purge) = self.purge {
            let (_, words) = super::purges::words(purge, self.names);
            page.line(page.tone(Tone::Bad, &format!("! to be purged: {words}")));
        } else if let Some(by) = keeping.set_by(PURGE) {
            let words = "a purge is requested and waits for the server";
            page.line(page.tone(Tone::Bad, &format!("! {words} · {}", self.said(by))));
        }
        for (flag, by) in &keeping.flags {
            let line = format!("! flag {} · {}", plain(flag), self.said(*by));
            page.line(page.tone(Tone::Warning, &line));
        }
    }

    /// The sections.
    pub fn sections(&self, page: &mut Page) {
        self.documents(page);
        self.parties(page);
        self.links(page);
        self.reopenings(page);
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Map<String, Value> {
        let facets = &self.view.facets;
        let keeping = &facets.keeping;
        let requested = |by| self.view.origins.get(by).claimed_ms;
        let by = |by: OriginRef| json!(self.view.origins.get(by));
        let flags = keeping.flags.iter();
        let flags: Map<String, Value> = flags
            .map(|(flag, origin)| (flag.clone(), by(*origin)))
            .collect();
        let links = self.links.iter().map(|(link, called)| {
            let (relation, case) = (link.relation.word(), link.case);
            json!({ "relation": relation, "case": case, "called": called, "own": link.own, "purged": link.purged })
        });
        let reopenings = facets
            .reopenings
            .0
            .iter()
            .map(|(id, one)| json!({ "id": id, "closing": one.closing, "by": by(one.by) }));
        let documents = facets.documents.in_order().into_iter();
        let parties = facets.parties.in_order().into_iter();
        let all = json!({
            "severity": self.view.severity.value(),
            "watchers": self.view.watchers.iter().map(|m| self.names.member(*m)).collect::<Vec<_>>(),
            "documents": documents.map(|(id, one)| document_json(id, one)).collect::<Vec<_>>(),
            "parties": parties.map(|(id, one)| party_json(id, one)).collect::<Vec<_>>(),
            "links": links.collect::<Vec<_>>(),
            "reopenings": reopenings.collect::<Vec<_>>(),
            "keeping": {
                "archived": keeping.is_archived(),
                "trash": keeping.is_trashed(),
                "legal_hold": keeping.is_on_legal_hold(),
                "purge_due_ms": keeping.purge_due_ms(requested),
                "purge": self.purge,
                "flags": flags,
            },
        });
        if let Value::Object(all) = all {
            all
        } else {
            Map::new()
        }
    }

    fn said(&self, by: OriginRef) -> String {
        let made = self.view.origins.get(by);
        let who = origin(self.names, made);
        match &made.reason {
            Some(reason) => format!("{who}: “{}”", plain(reason)),
            None => who,
        }
    }

    fn documents(&self, page: &mut Page) {
        let documents = self.view.facets.documents.in_order();
        if documents.is_empty() {
            return;
        }
        page.heading("Documents", &documents.len().to_string());
        for (id, document) in documents {
            let known = self.revision.map(|r| &r.package().document_types[..]);
            let kind = known.unwrap_or_default().iter();
            let mut kind = kind
                .filter(|kind| kind.id == document.kind)
                .map(|kind| &kind.label);
            let kind = plain(kind.next_back().unwrap_or(&document.kind));
            let mut name = match &document.redacted {
                Some(reason) => page.tone(Tone::Quiet, &format!("redacted: {}", plain(reason))),
                None => plain(document.name.value()),
            };
            if *document.withdrawn.value() {
                name = page.tone(Tone::Quiet, &format!("{name} (withdrawn)"));
            }
            let indent = " ".repeat(INDENT);
            let number = page.tone(Tone::Quiet, &short(id));
            page.line(format!(
                "{indent}{number} {name}  {}",
                page.tone(Tone::Quiet, &kind)
            ));
            self.versions(document, page);
        }
    }

    fn versions(&self, document: &DocumentView, page: &mut Page) {
        for (id, version) in document.in_order().into_iter().rev() {
            let current = document.current.contains(&id);
            let mark = match (current, document.is_parallel()) {
                (true, true) => page.tone(Tone::Bad, "parallel"),
                (true, false) => page.tone(Tone::Good, "current"),
                (false, _) => String::new(),
            };
            let status = version.status.value().name();
            let digest: String = version.file.sha256.chars().take(12).collect();
            let by = origin(self.names, self.view.origins.get(version.created));
            let file = plain(&version.file.name);
            let about = format!(
                "{file} · {} · sha-256 {digest} · {by}",
                bytes(version.file.bytes)
            );
            let about = page.tone(Tone::Quiet, &about);
            let indent = " ".repeat(INDENT + 5);
            page.line(format!(
                "{indent}{}  {status}  {mark}  {about}",
                version.label
            ));
        }
    }

    fn parties(&self, page: &mut Page) {
        let parties = self.view.facets.parties.in_order();
        if parties.is_empty() {
            return;
        }
        page.heading("Parties", &parties.len().to_string());
        for (id, party) in parties {
            let number = page.tone(Tone::Quiet, &short(id));
            let role = plain(self.role(party.role.value()));
            let mut words = match &party.redacted {
                Some(reason) => page.tone(Tone::Quiet, &format!("redacted: {}", plain(reason))),
                None => contact(party),
            };
            if *party.withdrawn.value() {
                words = page.tone(Tone::Quiet, &format!("{words} (withdrawn)"));
            }
            let indent = " ".repeat(INDENT);
            page.line(format!("{indent}{number} {role}: {words}"));
            let note = party.word(PartyKey::Note);
            if !note.is_empty() {
                page.text(INDENT + 5, note);
            }
        }
    }

    fn role<'r>(&'r self, id: &'r str) -> &'r str {
        let roles = self.revision.map(|r| &r.package().party_roles[..]);
        let mut roles = roles.unwrap_or_default().iter();
        let known = roles.find(|role| role.id == id);
        known.map_or(id, |role| &role.label)
    }

    fn links(&self, page: &mut Page) {
        if self.links.is_empty() {
            return;
        }
        page.heading("Links", "");
        for (link, called) in self.links {
            let aside = match (link.purged, link.own) {
                (true, _) => "purged",
                (false, true) => "",
                (false, false) => "written there",
            };
            let aside = page.tone(Tone::Quiet, aside);
            let line = format!("{} {}  {aside}", link.relation, plain(called));
            page.line(format!("{}{line}", " ".repeat(INDENT)));
        }
    }

    fn reopenings(&self, page: &mut Page) {
        let reopenings = &self.view.facets.reopenings.0;
        if reopenings.is_empty() {
            return;
        }
        page.heading("Reopened", &reopenings.len().to_string());
        let glossary = Glossary {
            revision: self.revision,
            names: self.names,
        };
        let mut log: Vec<_> = reopenings.values().collect();
        log.sort_by_key(|one| (self.view.origins.get(one.by).claimed_ms, one.by));
        for one in log {
            let was = glossary.closing(&one.closing);
            page.text(
                INDENT,
                &format!("{} · had been closed: {was}", self.said(one.by)),
            );
        }
    }
}

fn contact(party: &PartyView) -> String {
    let keys = [
        PartyKey::Name,
        PartyKey::Email,
        PartyKey::Phone,
        PartyKey::Address,
    ];
    let said = keys.map(|key| plain(party.word(key)));
    let said: Vec<String> = said.into_iter().filter(|word| !word.is_empty()).collect();
    said.join(" · ")
}

fn document_json(id: PartId, document: &DocumentView) -> Value {
    let versions = document.in_order().into_iter().map(|(id, version)| {
        json!({
            "id": id,
            "label": version.label,
            "parents": version.parents,
            "file": version.file,
            "status": version.status.value().name(),
            "current": document.current.contains(&id),
        })
    });
    json!({
        "id": id,
        "name": document.name.value(),
        "type": document.kind,
        "withdrawn": document.withdrawn.value(),
        "redacted": document.redacted,
        "contested": document.is_parallel(),
        "versions": versions.collect::<Vec<_>>(),
    })
}

fn party_json(id: PartId, party: &PartyView) -> Value {
    let said: Map<String, Value> = party
        .said
        .iter()
        .map(|(key, slot)| (key.word().to_owned(), json!(slot.value())))
        .collect();
    let mut all = json!({
        "id": id,
        "role": party.role.value(),
        "withdrawn": party.withdrawn.value(),
        "redacted": party.redacted,
    });
    if let Some(all) = all.as_object_mut() {
        all.extend(said);
    }
    all
}
