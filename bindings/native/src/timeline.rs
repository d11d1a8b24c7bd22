//! The timeline of a case, and how far each action has come: here, on the server, held, refused.

use std::collections::BTreeSet;

use casework::Reach;
use casework::ids::{ChangeHash, DocumentId};
use casework::telling::Teller;
use casework::view::TimelineEntry as Seen;

use crate::error::CaseworkError;
use crate::listing::{Page, Person, person};
use crate::text::{Value, read, write_some};
use crate::workspace::Workspace;

/// How far an action has come.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ActionStatus {
    /// Durable on this device, not sent yet.
    OnDevice,
    /// Durable on the server.
    OnServer {
        /// Its place in the server's log.
        position: u64,
        /// When the server received it, by the server's clock.
        received_ms: i64,
    },
    /// On the server, which holds it until somebody adopts it: rights were lost meanwhile.
    Held,
    /// It could not stand and lies in the drawer.
    Refused {
        /// Why.
        reason: String,
        /// Its number in the drawer.
        drawer_number: u64,
    },
    /// This device knows nothing of it.
    Unknown,
}

/// An entry of a timeline: one signed change.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TimelineEntry {
    /// The change.
    pub change_id: String,
    /// What was done, in a sentence without its subject: `stage Open → Done`. English; for other
    /// languages there are the parts below.
    pub sentence: String,
    /// What was done, as `stage.move`; nothing for what this version does not know.
    pub action: Option<String>,
    /// What it was done to.
    pub target: Option<String>,
    /// Who did it, proved by the signature.
    pub by: Option<Person>,
    /// On which device.
    pub device_id: Option<String>,
    /// What people call that.
    pub device_name: Option<String>,
    /// For whom and when it is claimed, for work that was imported.
    pub imported: Option<ImportedClaim>,
    /// When, by the clock of who did.
    pub at_ms: i64,
    /// That clock's offset from UTC, in minutes.
    pub zone_min: i16,
    /// How far it has come.
    pub status: ActionStatus,
    /// The values before.
    pub before: Vec<Value>,
    /// The values after.
    pub after: Vec<Value>,
    /// Why.
    pub reason: Option<String>,
    /// The rule it went through, in words.
    pub overrides: Option<String>,
    /// The automation that did it.
    pub rule: Option<String>,
    /// The change that it takes back.
    pub undo_of: Option<String>,
    /// The change that it does again.
    pub redo_of: Option<String>,
    /// Done without knowing of the work beside it.
    pub parallel: bool,
    /// Its values are hidden.
    pub redacted: bool,
    /// The rules it broke and landed all the same, in words.
    pub rules_broken: Vec<String>,
}

/// For whom and when imported work is claimed; nothing proves it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ImportedClaim {
    /// Who did it elsewhere.
    pub by: Person,
    /// When.
    pub at_ms: i64,
    /// The offset from UTC there, in minutes.
    pub zone_min: i16,
}

#[uniffi::export]
impl Workspace {
    /// A page of a case's timeline, newest first. Opens the document: cheap, not free.
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Corrupt` for a quarantined one; `Closed`.
    pub fn timeline(&self, case_id: &str, page: Page) -> Result<Vec<TimelineEntry>, CaseworkError> {
        let sdk = self.sdk()?;
        let case: DocumentId = read(case_id)?;
        let (skip, take) = page.span();
        let entries = sdk.timeline(case, skip, take)?;
        let (names, held) = (sdk.names()?, held(&sdk, case)?);
        let template = sdk.look_at(case, |view| view.template)?;
        let revision = sdk.revision(template).ok();
        Ok(sdk.look_at(case, |view| {
            let teller = Teller::new(view, revision.as_deref(), &names);
            let entries = entries.into_iter();
            entries.map(|one| entry(one, &teller, &held)).collect()
        })?)
    }

    /// How far one action has come. Opens the case's document: cheap, not free; for many at once
    /// page through [`Workspace::timeline`].
    ///
    /// # Errors
    /// `Invalid` for ids that are none; `Corrupt` for a quarantined case; `Closed`.
    pub fn action_status(
        &self,
        case_id: &str,
        change_id: &str,
    ) -> Result<ActionStatus, CaseworkError> {
        let reach = self.sdk()?.reach(read(case_id)?, read(change_id)?)?;
        Ok(match reach {
            Reach::Here => ActionStatus::OnDevice,
            Reach::OnServer(at) => ActionStatus::OnServer {
                position: at.seq,
                received_ms: i64::try_from(at.received_ms).unwrap_or(i64::MAX),
            },
            Reach::Held => ActionStatus::Held,
            Reach::Refused { reason, number } => ActionStatus::Refused {
                reason,
                drawer_number: number,
            },
            Reach::Unknown => ActionStatus::Unknown,
        })
    }
}

fn held(
    sdk: &casework::Workspace,
    case: DocumentId,
) -> Result<BTreeSet<ChangeHash>, CaseworkError> {
    let held = sdk.held()?.into_iter().filter(|one| one.document == case);
    Ok(held.map(|one| one.change).collect())
}

fn status(entry: &Seen, held: &BTreeSet<ChangeHash>) -> ActionStatus {
    if held.contains(&entry.change) {
        return ActionStatus::Held;
    }
    entry
        .arrival
        .map_or(ActionStatus::OnDevice, |arrival| ActionStatus::OnServer {
            position: arrival.seq,
            received_ms: arrival.received_ms,
        })
}

fn entry(entry: Seen, teller: &Teller<'_>, held: &BTreeSet<ChangeHash>) -> TimelineEntry {
    let (status, sentence) = (status(&entry, held), teller.deed(&entry));
    let names = teller.glossary.names;
    let claim = |claim: casework::case::Imported| ImportedClaim {
        by: person(claim.who, names),
        at_ms: claim.at_ms,
        zone_min: claim.zone_min,
    };
    TimelineEntry {
        change_id: entry.change.to_string(),
        sentence,
        action: entry.action.map(|action| action.name().to_owned()),
        target: entry.subject.or(entry.target),
        by: entry.member.map(|member| person(member, names)),
        device_id: write_some(entry.device),
        device_name: entry.device.map(|device| names.device(device)),
        imported: entry.imported.map(claim),
        at_ms: entry.claimed_ms,
        zone_min: entry.zone_min,
        status,
        before: entry.before.into_iter().map(Value::from).collect(),
        after: entry.after.into_iter().map(Value::from).collect(),
        reason: entry.reason,
        overrides: entry.overrides,
        rule: entry.cause.map(|cause| cause.rule),
        undo_of: write_some(entry.undo_of),
        redo_of: write_some(entry.redo_of),
        parallel: entry.parallel,
        redacted: entry.redacted,
        rules_broken: entry.breach.rules,
    }
}
