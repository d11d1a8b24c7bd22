//! The parts of a case that are records: documents, parties, links; and taking back what one did.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use casework_engine::case::PartId;
use casework_engine::case::facet::document::FileMark;
use casework_engine::case::facet::party::PartyKey;
use casework_engine::replica::{Acted, LinkedCase};
use casework_protocol::ids::{ChangeHash, DocumentId};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Workspace;
use super::finding::{Candidate, pick};
use crate::error::Error;
use crate::moment;

/// How much of a file is read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Endings of file names and the media types they stand for; anything else is
/// `application/octet-stream`.
const MEDIA: [(&str, &str); 20] = [
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("eml", "message/rfc822"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("zip", "application/zip"),
];

/// What identifies the bytes of a local file: its name, hash, size and media type. `media` says
/// the type where the name does not.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read, [`Error::Invalid`] when it has no name.
pub fn file_mark(path: &Path, media: Option<&str>) -> Result<FileMark, Error> {
    let unreadable = |error| Error::Unavailable(format!("{}: {error}", path.display()));
    let name = path.file_name().map(|name| name.to_string_lossy());
    let name = name.ok_or_else(|| Error::Invalid(format!("{} names no file", path.display())))?;
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        bytes += read as u64;
    }
    let ending = path
        .extension()
        .map(|end| end.to_string_lossy().to_lowercase());
    let known = MEDIA.iter().find(|(end, _)| ending.as_deref() == Some(end));
    let known = known.map_or("application/octet-stream", |(_, media)| media);
    Ok(FileMark {
        name: name.into_owned(),
        sha256: HEXLOWER.encode(&hash.finalize()),
        bytes,
        media: media.unwrap_or(known).to_owned(),
    })
}

/// Naming and showing the records of a case.
impl Workspace {
    /// Finds a document of a case by the beginning of its id, its name or its number.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or several; the text lists them.
    pub fn find_document(&self, case: DocumentId, text: &str) -> Result<PartId, Error> {
        let view = self.case(case)?;
        let documents = view.facets.documents.in_order().into_iter().enumerate();
        let candidates = documents.map(|(at, (id, document))| Candidate {
            what: id,
            id: id.to_string(),
            names: vec![document.name.value().clone(), (at + 1).to_string()],
            shown: format!("{}. {:?} ({})", at + 1, document.name.value(), short(id)),
        });
        pick("document", text, candidates.collect())
    }

    /// Finds a version of a document by its label (`3`, `3a`) or the beginning of its id.
    ///
    /// # Errors
    /// As [`Self::find_document`].
    pub fn find_version(
        &self,
        case: DocumentId,
        document: PartId,
        text: &str,
    ) -> Result<PartId, Error> {
        let view = self.case(case)?;
        let document = view.facets.documents.0.get(&document);
        let versions = document.map(|document| document.in_order());
        let candidates = versions
            .into_iter()
            .flatten()
            .map(|(id, version)| Candidate {
                what: id,
                id: id.to_string(),
                names: vec![version.label.clone(), version.file.name.clone()],
                shown: format!("{} ({}, {})", version.label, version.file.name, short(id)),
            });
        pick("version", text, candidates.collect())
    }

    /// Finds a party of a case by the beginning of its id, its name, or its number.
    ///
    /// # Errors
    /// As [`Self::find_document`].
    pub fn find_party(&self, case: DocumentId, text: &str) -> Result<PartId, Error> {
        let view = self.case(case)?;
        let parties = view.facets.parties.in_order().into_iter().enumerate();
        let candidates = parties.map(|(at, (id, party))| {
            let name = party.word(PartyKey::Name).to_owned();
            Candidate {
                what: id,
                id: id.to_string(),
                shown: format!("{}. {name:?} ({})", at + 1, short(id)),
                names: vec![name, (at + 1).to_string()],
            }
        });
        pick("party", text, candidates.collect())
    }

    /// Every link of a case, from both sides: those written on it, and the inverse of those
    /// written on the cases that are on this device.
    ///
    /// # Errors
    /// As [`Workspace::case`].
    pub fn links(&self, case: DocumentId) -> Result<Vec<LinkedCase>, Error> {
        self.read(|replica| Ok(replica.links(case)?))
    }

    /// Takes back the last things that one did to a case, newest first, in one commit. With a
    /// reason it goes through a rule that asks. Answers the change taken back with what was done
    /// for it.
    ///
    /// # Errors
    /// As [`Workspace::act`]; also when nothing is left to be taken back, or somebody built on it.
    pub fn undo(
        &self,
        case: DocumentId,
        steps: u32,
        reason: Option<&str>,
    ) -> Result<Vec<(ChangeHash, Acted)>, Error> {
        let now = moment::now()?;
        self.write_to([case], |replica| {
            Ok(replica.undo(case, (steps, reason), &now)?)
        })
    }
}

fn short(id: PartId) -> String {
    id.to_string().chars().take(8).collect()
}
