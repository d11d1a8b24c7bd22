//! Exporting a case: the plain document, and JSON for whoever has no Automerge.

use casework_engine::template::Package;
use casework_engine::view::{CaseView, CommentView, TimelineEntry, TimelinePage};
use casework_protocol::ids::{DocumentId, MemberId, WorkspaceId};
use casework_protocol::rights::Verb;
use serde::Serialize;
use std::collections::BTreeMap;

use super::Workspace;
use super::contested::{ContestedPlace, contested};
use crate::error::Error;

/// An exported case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedCase {
    /// A file name without an ending, from the number.
    pub name: String,
    /// The document as any Automerge implementation opens it: the whole history, redacted values
    /// included.
    pub automerge: Vec<u8>,
    /// View, comments, timeline, names and template as JSON, indented.
    pub json: String,
}

/// What the JSON holds.
#[derive(Serialize)]
struct CaseFile<'a> {
    workspace: WorkspaceId,
    document: DocumentId,
    template: Option<&'a Package>,
    case: &'a CaseView,
    /// Fields in words.
    fields: BTreeMap<String, String>,
    contested: Vec<ContestedPlace>,
    comments: Vec<CommentView>,
    timeline: Vec<TimelineEntry>,
    members: BTreeMap<MemberId, String>,
}

impl Workspace {
    /// Exports a case.
    ///
    /// # Errors
    /// [`Error::Denied`] without `export`; [`Error::Invalid`] for what is not on this device;
    /// [`Error::Corrupt`] for a quarantined case.
    pub fn export(&self, case: DocumentId) -> Result<ExportedCase, Error> {
        self.read(|replica| {
            replica.require(case, Verb::Export)?;
            let roster = replica.roster()?.head();
            let members = roster
                .members()
                .map(|(id, member)| (id, member.name.clone()))
                .collect();
            let view = replica.case(case)?;
            let revision = replica.current_revision(view.template);
            let fields = revision.iter().flat_map(|revision| {
                let fields = revision.fields().iter();
                fields.filter_map(|field| Some((field, view.content(revision, field)?)))
            });
            let in_words = fields.map(|(field, content)| (field.id.clone(), content.words(field)));
            let everything = TimelinePage {
                skip: 0,
                take: usize::MAX,
            };
            let file = CaseFile {
                workspace: replica.workspace(),
                document: case,
                template: revision.as_ref().map(|revision| revision.package()),
                case: &view,
                fields: in_words.collect(),
                contested: contested(replica, case)?,
                comments: replica.comments(case)?,
                timeline: replica.timeline(case, everything)?,
                members,
            };
            let json = serde_json::to_string_pretty(&file)
                .map_err(|error| Error::Internal(format!("the case cannot be written: {error}")))?;
            Ok(ExportedCase {
                name: file_name(&view.number, case),
                automerge: replica.export(case)?,
                json,
            })
        })
    }
}

/// The number with everything taken out that a file name cannot have.
fn file_name(number: &str, case: DocumentId) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name: String = number.chars().filter(|c| keep(*c)).take(60).collect();
    format!("{name}-{}", case.short())
        .trim_start_matches('-')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_never_leads_out_of_the_folder() {
        let case = DocumentId::new([0xab; 16]);
        assert_eq!(file_name("HR-~K7Q2", case), "HR-K7Q2-abababab");
        assert_eq!(file_name("../../etc/passwd", case), "etcpasswd-abababab");
        assert_eq!(file_name("///", case), "abababab");
    }
}
