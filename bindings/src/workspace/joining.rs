//! Joining: a device without a roster redeems an invite, once, and survives being cut off.
//!
//! What the invite link and the person said is kept in a private file until the device is
//! enrolled, so that a join that was interrupted goes on where it was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use casework_engine::replica::{Identity, Replica, ReplicaFault, ServerRow, Storage};
use casework_engine::sync::Holdings;
use casework_protocol::log::{SignedHead, VerifiedHead};
use serde::{Deserialize, Serialize};

use super::Workspace;
use super::beginning::Beginning;
use crate::error::Error;
use crate::key::{KeyFile, KeyStore, write_private};
use crate::link::InviteLink;
use crate::progress::Progress;

/// The file of a join that is not over.
const PENDING_FILE: &str = "joining.json";

/// How a newcomer wants to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    /// The member's name; not used for another device of an existing member.
    pub member_name: String,
    /// The name of the device.
    pub device_name: String,
}

/// A join that is not over.
#[derive(Serialize, Deserialize)]
struct Pending {
    link: String,
    newcomer: Newcomer,
}

impl Workspace {
    /// Joins a workspace with an invite link: makes this device's key and replica, connects,
    /// redeems the invite and receives everything that is for this device. Blocks; `progress` is
    /// called now and then. Interrupted, the same call goes on where it was.
    ///
    /// # Errors
    /// [`Error::Denied`] when the invite is expired, used up or cancelled; [`Error::Unavailable`]
    /// when there is no server; [`Error::Corrupt`] when it is not the server of the invite;
    /// [`Error::Invalid`] for names that are none, or a folder with another workspace.
    pub fn join(
        folder: &Path,
        link: &InviteLink,
        newcomer: &Newcomer,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Self, Error> {
        Self::join_with(
            folder,
            link,
            newcomer,
            &KeyFile::in_folder(folder),
            progress,
        )
    }

    /// The same with the app's own key store.
    ///
    /// # Errors
    /// As [`Workspace::join`], and what the key store answers.
    pub fn join_with(
        folder: &Path,
        link: &InviteLink,
        newcomer: &Newcomer,
        keys: &dyn KeyStore,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Self, Error> {
        super::make_folder(folder)?;
        let _beginning = Beginning::in_folder(folder)?;
        let fresh = !Storage::is_in(folder);
        let pending = Pending {
            link: link.to_string(),
            newcomer: newcomer.clone(),
        };
        let replica = if fresh {
            begin(folder, link, keys, &pending)?
        } else {
            go_on(folder, link, keys, &pending)?
        };
        let workspace = Self::around(folder, replica);
        let synced = workspace.sync(progress);
        let enrolled = workspace.read(|replica| Ok(replica.member().is_some()))?;
        match synced {
            Ok(_) if enrolled => {
                forget(folder);
                Ok(workspace)
            }
            Ok(_) => Err(Error::Denied(
                "the server let this device in and did not enrol it; ask for another invite"
                    .to_owned(),
            )),
            Err(error) => {
                let hopeless = matches!(error, Error::Denied(_) | Error::Invalid(_));
                if fresh && hopeless && !enrolled {
                    // While the store is still open: nobody else can have begun to use it.
                    clear(folder);
                }
                drop(workspace);
                Err(error)
            }
        }
    }
}

/// Makes key and replica; when nothing comes of it, the folder is as it was.
fn begin(
    folder: &Path,
    link: &InviteLink,
    keys: &dyn KeyStore,
    pending: &Pending,
) -> Result<Replica, Error> {
    let head = head_of(link)?;
    let storage = Storage::folder(folder)?;
    let made = save(folder, pending).and_then(|()| keys.obtain());
    let identity = Identity {
        workspace: link.workspace,
        key: made.inspect_err(|_| clear(folder))?,
    };
    let joined = Replica::join(storage, identity, &server_of(link), link.key());
    let mut replica = joined.inspect_err(|_| clear(folder))?;
    if let Some(head) = head {
        replica.saw_head(&head)?;
    }
    Ok(replica)
}

fn go_on(
    folder: &Path,
    link: &InviteLink,
    keys: &dyn KeyStore,
    pending: &Pending,
) -> Result<Replica, Error> {
    let head = head_of(link)?;
    let opened = Replica::open(Storage::folder(folder)?, keys.recall()?);
    let mut replica = match opened {
        Err(ReplicaFault::Absent) => return begin(folder, link, keys, pending),
        opened => opened?,
    };
    let is_ours = replica.workspace() == link.workspace;
    if replica.member().is_some() {
        // Enrolled, and cut off before everything had come: what is left is to sync.
        return if is_ours && load(folder)?.is_some() {
            Ok(replica)
        } else {
            Err(Error::Invalid(format!(
                "{} holds an enrolled device already; choose another folder",
                folder.display()
            )))
        };
    }
    if !is_ours {
        // Who is suspended or revoked is nobody now either, and has work here.
        if was_enrolled(&replica)? {
            return Err(Error::Invalid(format!(
                "{} holds another workspace already; choose another folder",
                folder.display()
            )));
        }
        // A join that came to nothing: nobody was ever enrolled, so nothing was done here.
        clear(folder);
        drop(replica);
        return begin(folder, link, keys, pending);
    }
    save(folder, pending)?;
    replica.set_server(&server_of(link))?;
    replica.set_invite(link.key());
    let known = replica.status()?.log_size;
    if let Some(head) = head.filter(|head| Some(head.head().size) > known) {
        replica.saw_head(&head)?;
    }
    Ok(replica)
}

/// Whether the device was ever on the roster, or something was done on it.
fn was_enrolled(replica: &Replica) -> Result<bool, Error> {
    let roster = replica.roster().ok();
    let known = roster.and_then(|roster| roster.head().device(replica.device()));
    Ok(known.is_some() || replica.unsent()? > 0)
}

/// The newest head that the inviter knew, verified.
fn head_of(link: &InviteLink) -> Result<Option<VerifiedHead>, Error> {
    let verified = |head: &SignedHead| head.clone().verify(link.server, link.workspace);
    let head = link.head.as_ref().map(verified).transpose();
    head.map_err(|error| {
        Error::Invalid(format!(
            "the invite link was tampered with: {error}; ask for another one"
        ))
    })
}

fn server_of(link: &InviteLink) -> ServerRow {
    ServerRow {
        address: link.address.clone(),
        key: Some(link.server),
    }
}

/// Gives a replica that was opened before its join was over its invite again.
pub(super) fn resume(folder: &Path, replica: &mut Replica) -> Result<(), Error> {
    match load(folder)? {
        Some(_) if replica.member().is_some() => forget(folder),
        Some(pending) => replica.set_invite(pending.link.parse::<InviteLink>()?.key()),
        None => {}
    }
    Ok(())
}

/// How the newcomer of a join that is not over wants to be called.
pub(super) fn newcomer(folder: &Path) -> Result<Option<Newcomer>, Error> {
    Ok(load(folder)?.map(|pending| pending.newcomer))
}

/// Takes the beginnings of a workspace away again. The key stays; it belongs to nobody yet.
pub(super) fn clear(folder: &Path) {
    // What cannot be removed is found and named by the next attempt.
    let _ = fs::remove_file(folder.join("replica.redb"));
    let _ = fs::remove_dir_all(folder.join("opening"));
    forget(folder);
}

/// The device is enrolled: the secret of the link has done its work.
pub(super) fn forget(folder: &Path) {
    let _ = fs::remove_file(pending_file(folder));
}

fn save(folder: &Path, pending: &Pending) -> Result<(), Error> {
    let json = serde_json::to_vec(pending).expect("texts always serialise");
    write_private(&pending_file(folder), &json)
}

fn load(folder: &Path) -> Result<Option<Pending>, Error> {
    let path = pending_file(folder);
    match fs::read(&path) {
        Ok(json) => {
            let text = std::str::from_utf8(&json).ok();
            let pending = text.and_then(|text| serde_json::from_str(text).ok());
            pending.map(Some).ok_or_else(|| {
                Error::Corrupt(format!(
                    "{} is damaged; join again with the link",
                    path.display()
                ))
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(&path, &error)),
    }
}

fn pending_file(folder: &Path) -> PathBuf {
    folder.join(PENDING_FILE)
}
