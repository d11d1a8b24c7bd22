//! The intake links of the device that serves forms: a file beside its replica.
//!
//! Only hashes of tokens are kept. A link gives nobody a right: what comes in by it is checked and
//! signed like everything this device does, and a form that its template no longer offers is gone
//! for every link at once (docs/decisions/0007). Whether a single-use link was used is not kept
//! here but read from the cases it opened, so that a crash cannot make the two disagree.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use casework::ids::{DeviceId, DocumentId};
use casework::receipt::LinkToken;
use casework::view::LinkState;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The name of the file in the folder of the replica.
const FILE: &str = "form-links.json";
/// Most links of one device: every household of a town.
pub const MAX_LINKS: usize = 100_000;
/// Digits of a link's hash that name it in commands.
const NAME_DIGITS: usize = 12;

/// An intake link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The hash of its token.
    pub token: String,
    /// The template.
    pub template: DocumentId,
    /// The id of the form.
    pub form: String,
    /// What it is for, in the words of whoever made it.
    #[serde(default)]
    pub label: String,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: i64,
    /// When it ends, in milliseconds since 1970.
    #[serde(default)]
    pub expires_ms: Option<i64>,
    /// Whether the first submission uses it up.
    #[serde(default)]
    pub single_use: bool,
    /// When it was revoked, in milliseconds since 1970.
    #[serde(default)]
    pub revoked_ms: Option<i64>,
    /// The device that serves it. In a folder that was copied to another device it is dead: two
    /// servers of one link would open two cases for one page.
    #[serde(default)]
    pub device: Option<DeviceId>,
}

/// How a link is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The template.
    pub template: DocumentId,
    /// The id of the form.
    pub form: String,
    /// What it is for.
    pub label: String,
    /// When it is made, in milliseconds since 1970.
    pub made_ms: i64,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// Whether the first submission uses it up.
    pub single_use: bool,
    /// The device that serves it.
    pub device: DeviceId,
}

/// The links of a folder. Reads the file again when another process wrote it.
#[derive(Debug)]
pub struct Links {
    path: PathBuf,
    read: Mutex<Option<(Stamp, Vec<Link>)>>,
}

/// What tells that the file was written.
type Stamp = (u64, Option<SystemTime>);

impl Link {
    /// What commands call it: the beginning of its token's hash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.token.get(..NAME_DIGITS).unwrap_or(&self.token)
    }

    /// Whether this device serves it.
    #[must_use]
    pub fn is_served_by(&self, device: DeviceId) -> bool {
        self.device.is_none_or(|by| by == device)
    }

    /// Whether it takes submissions, when so many came by it.
    #[must_use]
    pub fn state(&self, now_ms: i64, used: usize) -> LinkState {
        if self.revoked_ms.is_some() {
            LinkState::Revoked
        } else if self.single_use && used > 0 {
            LinkState::Used
        } else if self.expires_ms.is_some_and(|end| end <= now_ms) {
            LinkState::Expired
        } else {
            LinkState::Open
        }
    }
}

impl Links {
    /// The links kept in a folder; there may be none yet.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
            read: Mutex::default(),
        }
    }

    /// Every link, in the order of making.
    ///
    /// # Errors
    /// [`Fault`] when the file cannot be read, or is not one of ours.
    pub fn all(&self) -> Result<Vec<Link>, Fault> {
        self.with(<[Link]>::to_vec)
    }

    /// The link with this hash.
    ///
    /// # Errors
    /// As [`Links::all`].
    pub fn find(&self, token: &str) -> Result<Option<Link>, Fault> {
        self.with(|links| links.iter().find(|link| link.token == token).cloned())
    }

    /// Keeps a new link; only its hash.
    ///
    /// # Errors
    /// As [`Links::all`], and when there are too many or the file cannot be written.
    pub fn add(&self, token: &LinkToken, terms: Terms) -> Result<Link, Fault> {
        let link = Link {
            token: token.hash(),
            template: terms.template,
            form: terms.form,
            label: terms.label,
            made_ms: terms.made_ms,
            expires_ms: terms.expires_ms,
            single_use: terms.single_use,
            revoked_ms: None,
            device: Some(terms.device),
        };
        let mut links = self.all()?;
        if links.len() >= MAX_LINKS {
            return Err(
                Fault::invalid(format!("there are {MAX_LINKS} links already"))
                    .or_try("casework form links    (a reusable link serves many people)"),
            );
        }
        links.push(link.clone());
        self.write(&links)?;
        Ok(link)
    }

    /// Revokes the link with this name.
    ///
    /// # Errors
    /// As [`Links::add`], and when no link or several have the name.
    pub fn revoke(&self, name: &str, now_ms: i64) -> Result<Link, Fault> {
        let mut links = self.all()?;
        let name = name.trim().to_lowercase();
        let named = |link: &Link| {
            name.len() >= 4 && link.token.starts_with(&name)
                || !link.label.is_empty() && link.label.to_lowercase() == name
        };
        let found: Vec<usize> = (0..links.len()).filter(|at| named(&links[*at])).collect();
        let &[at] = found.as_slice() else {
            let what = if found.is_empty() {
                "no"
            } else {
                "more than one"
            };
            return Err(Fault::invalid(format!("{what} link is called {name:?}"))
                .or_try("casework form links"));
        };
        links[at].revoked_ms.get_or_insert(now_ms);
        self.write(&links)?;
        Ok(links.swap_remove(at))
    }

    fn with<T>(&self, read: impl FnOnce(&[Link]) -> T) -> Result<T, Fault> {
        let mut kept = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = match fs::metadata(&self.path) {
            Ok(found) => (found.len(), found.modified().ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(read(&[])),
            Err(error) => return Err(Fault::file(&self.path, &error)),
        };
        if kept.as_ref().is_none_or(|(known, _)| *known != stamp) {
            let bytes = fs::read(&self.path).map_err(|error| Fault::file(&self.path, &error))?;
            let links = serde_json::from_slice(&bytes).map_err(|error| {
                let path = self.path.display();
                Fault::invalid(format!("{path} holds no links: {error}"))
                    .or_try("restore the file, or remove it: links must be made anew then")
            })?;
            *kept = Some((stamp, links));
        }
        Ok(read(kept.as_ref().map_or(&[], |(_, links)| links)))
    }

    /// Writes beside and renames, so that a crash leaves the old file or the new one.
    fn write(&self, links: &[Link]) -> Result<(), Fault> {
        let fault = |error: std::io::Error| Fault::file(&self.path, &error);
        let beside = self.path.with_extension("new");
        let json = serde_json::to_vec_pretty(links)
            .map_err(|error| Fault::invalid(format!("links cannot be written: {error}")))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(fault)?;
        file.write_all(&json).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        fs::rename(&beside, &self.path).map_err(fault)?;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(label: &str) -> Terms {
        Terms {
            template: DocumentId::new([1; 16]),
            form: "report".to_owned(),
            label: label.to_owned(),
            made_ms: 1,
            expires_ms: Some(100),
            single_use: true,
            device: DeviceId::new([1; 32]),
        }
    }

    #[test]
    fn a_link_is_kept_as_a_hash_and_found_by_other_processes() {
        let folder = tempfile::tempdir().unwrap();
        let (links, other) = (
            Links::in_folder(folder.path()),
            Links::in_folder(folder.path()),
        );
        assert_eq!(links.all().unwrap(), []);
        let token = LinkToken::new([7; 16]);
        let link = links.add(&token, terms("for the school")).unwrap();
        assert_eq!(other.find(&token.hash()).unwrap(), Some(link.clone()));
        assert!(link.is_served_by(DeviceId::new([1; 32])));
        assert!(!link.is_served_by(DeviceId::new([2; 32])));
        let stored = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!stored.contains(&token.to_string()), "{stored}");
        other.revoke(link.name(), 5).unwrap();
        let revoked = links.find(&token.hash()).unwrap().unwrap();
        assert_eq!(revoked.state(0, 0), LinkState::Revoked);
    }

    #[test]
    fn a_link_ends_by_use_by_time_or_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let links = Links::in_folder(folder.path());
        let link = links.add(&LinkToken::new([7; 16]), terms("")).unwrap();
        assert_eq!(link.state(99, 0), LinkState::Open);
        assert_eq!(link.state(100, 0), LinkState::Expired);
        assert_eq!(link.state(99, 1), LinkState::Used);
        assert!(links.revoke("", 0).is_err(), "no label is no name");
        assert!(links.revoke("ffff0000", 0).is_err());
    }

    #[test]
    fn a_damaged_file_is_told_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), b"{").unwrap();
        let links = Links::in_folder(folder.path());
        assert!(links.add(&LinkToken::new([7; 16]), terms("")).is_err());
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"{");
    }
}
