//! What could not stand, what is held, what was set aside; and the verification of everything.

use casework::Redone;
use casework::ids::DocumentId;

use crate::acting::{Acted, told};
use crate::error::CaseworkError;
use crate::listing::{Person, person};
use crate::people::{Standing, standing};
use crate::text::{count, json, read, write_some};
use crate::workspace::Workspace;

/// Own work that could not stand.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DrawerItem {
    /// Its number in the drawer.
    pub number: u64,
    /// The case or template.
    pub document_id: String,
    /// The case's number and title; nothing for what is no case, or is not here any more.
    pub case_name: Option<CaseName>,
    /// The change that it was.
    pub change_id: Option<String>,
    /// What was done, for instance `field.set phone`; nothing for what cannot be read.
    pub what: Option<String>,
    /// The same with its values, as JSON.
    pub act: Option<String>,
    /// Why it could not stand.
    pub reason: String,
    /// When it was made.
    pub made_ms: u64,
    /// The server holds it: somebody may adopt it yet.
    pub held: bool,
}

/// How people call a case.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseName {
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
}

/// What doing something again did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum RedoOutcome {
    /// A new change.
    Done {
        /// Which.
        acted: Acted,
    },
    /// A new entry about people or access.
    Said {
        /// Whether it holds already.
        standing: Standing,
    },
}

/// Work that the server holds until somebody adopts it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HeldChange {
    /// The case.
    pub case_id: String,
    /// The change.
    pub change_id: String,
    /// The device it comes from.
    pub device_id: String,
    /// Whose that is.
    pub by: Option<Person>,
    /// The case's number and title; nothing while it is not here.
    pub case_name: Option<CaseName>,
    /// What it does, in words; nothing for who may not read it.
    pub what: Option<String>,
}

/// What an adoption did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Adoption {
    /// How many changes.
    pub changes: u32,
    /// Whether it holds already.
    pub standing: Standing,
}

/// Something that was set aside for good.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct QuarantinedItem {
    /// The case or template.
    pub document_id: String,
    /// The change; nothing when it is the whole document.
    pub change_id: Option<String>,
    /// The device it comes from.
    pub device_id: Option<String>,
    /// Why.
    pub why: String,
}

/// What another attempt came to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RetryOutcome {
    /// The document opens now.
    pub opened: bool,
    /// Changes that were set aside before.
    pub before: u32,
    /// Those that still are.
    pub after: u32,
    /// Why it does not open.
    pub why: Option<String>,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Verification {
    /// Entries about people.
    pub roster_entries: u64,
    /// Entries about access.
    pub access_entries: u64,
    /// Documents.
    pub documents: u64,
    /// Changes.
    pub changes: u64,
    /// Signatures.
    pub signatures: u64,
    /// What does not hold, in words; nothing is as it should be.
    pub findings: Vec<String>,
}

#[uniffi::export]
impl Workspace {
    /// Own work that could not stand, oldest first.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn drawer(&self) -> Result<Vec<DrawerItem>, CaseworkError> {
        let sdk = self.sdk()?;
        let item = |one: casework::Drawn| {
            Ok(DrawerItem {
                number: one.number,
                case_name: name_of(&sdk, one.document),
                document_id: one.document.to_string(),
                change_id: write_some(one.change),
                what: one.act.as_ref().map(casework::OwnAct::words),
                act: one.act.as_ref().map(json).transpose()?,
                reason: one.reason,
                made_ms: one.made_ms,
                held: one.held,
            })
        };
        sdk.drawer()?.into_iter().map(item).collect()
    }

    /// Does something from the drawer again, as a new change that names the original: the opposite
    /// of throwing it away, not of [`Workspace::undo`]. With a reason it goes through a rule that asks.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`. It stays in the drawer then.
    #[uniffi::method(default(reason = None))]
    pub fn redo(&self, number: u64, reason: Option<String>) -> Result<RedoOutcome, CaseworkError> {
        Ok(match self.sdk()?.redo(number, reason.as_deref())? {
            Redone::Acted(acted) => RedoOutcome::Done {
                acted: told(acted, None),
            },
            Redone::Said(said) => RedoOutcome::Said {
                standing: standing(said),
            },
        })
    }

    /// Throws something out of the drawer, for good.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn discard(&self, number: u64) -> Result<(), CaseworkError> {
        Ok(self.sdk()?.discard(number)?)
    }

    /// Everything that waits for an adoption, in the order of the log.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn held(&self) -> Result<Vec<HeldChange>, CaseworkError> {
        let sdk = self.sdk()?;
        let names = sdk.names()?;
        let change = |one: casework::HeldWork| HeldChange {
            case_id: one.document.to_string(),
            case_name: name_of(&sdk, one.document),
            change_id: one.change.to_string(),
            device_id: one.device.to_string(),
            by: one.member.map(|member| person(member, &names)),
            what: one.what,
        };
        Ok(sdk.held()?.into_iter().map(change).collect())
    }

    /// Adopts the held work of one case. Needs `adopt`.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn adopt(&self, case_id: &str, reason: &str) -> Result<Adoption, CaseworkError> {
        let (changes, said) = self.sdk()?.adopt(read(case_id)?, reason)?;
        Ok(Adoption {
            changes: count(changes),
            standing: standing(said),
        })
    }

    /// Everything that is set aside for good, whole documents first.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn quarantined(&self) -> Result<Vec<QuarantinedItem>, CaseworkError> {
        let item = |one: casework::Quarantined| QuarantinedItem {
            document_id: one.document.to_string(),
            change_id: write_some(one.change),
            device_id: write_some(one.device),
            why: one.why,
        };
        Ok(self.sdk()?.quarantined()?.into_iter().map(item).collect())
    }

    /// Tries again to open a quarantined document, and judges its changes once more: worth it
    /// after an update, or when the disk was at fault.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn retry_quarantined(&self, document_id: &str) -> Result<RetryOutcome, CaseworkError> {
        let retried = self.sdk()?.retry_quarantined(read(document_id)?)?;
        Ok(RetryOutcome {
            opened: retried.opened,
            before: count(retried.before),
            after: count(retried.after),
            why: retried.why,
        })
    }

    /// Gives up this device's copy of a quarantined document and has the server send it anew at
    /// the next sync. Unsent work goes to the drawer; answers how many things.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn fetch_quarantined(&self, document_id: &str) -> Result<u32, CaseworkError> {
        Ok(count(self.sdk()?.fetch_quarantined(read(document_id)?)?))
    }

    /// Checks every signature, chain and right again, from the bytes on the disk. Takes seconds
    /// for thousands of cases; nothing else works meanwhile.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn verify(&self) -> Result<Verification, CaseworkError> {
        let found = self.sdk()?.verify(&mut |_, _| {})?;
        Ok(Verification {
            roster_entries: found.roster_entries,
            access_entries: found.access_entries,
            documents: found.documents,
            changes: found.changes,
            signatures: found.signatures,
            findings: found
                .findings
                .into_iter()
                .map(|finding| finding.what)
                .collect(),
        })
    }
}

fn name_of(sdk: &casework::Workspace, document: DocumentId) -> Option<CaseName> {
    let name = sdk.look_at(document, |view| CaseName {
        number: view.number.clone(),
        title: view.title.value().clone(),
    });
    name.ok()
}
