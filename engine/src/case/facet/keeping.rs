//! Where a case is kept and what is flagged about it: archive, trash, legal hold, purge, flags.
//!
//! Each is a mark, and nothing is deleted by one. A purge is requested here; it is carried out in
//! the access record, after the days it names and never while a legal hold stands. So both also
//! stand in that record, changed in the same commit: whoever judges there cannot read the case.

use casework_protocol::access::entry::AccessBody;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::{Act, CaseAction};
use crate::case::bounds;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::{Shelf, read_entry};
use crate::case::refusal::ActError;
use crate::case::slots::container;
use crate::case::step::Plan;
use crate::case::undo::{Undoing, facets as undo};
use crate::case::values::{first_put, integer};
use crate::template::{Revision, Today};
use crate::value::Scalar;

/// Mark: whether it is archived.
pub const ARCHIVED: &str = "archived";
/// Mark: whether it is in the trash.
pub const TRASHED: &str = "trashed";
/// Mark: whether a legal hold stands.
pub const LEGAL_HOLD: &str = "legal-hold";
/// Mark: after how many days it is to be purged, or null.
pub const PURGE: &str = "purge";

/// How many days a purge waits unless somebody says otherwise.
pub const PURGE_DAYS: u32 = 30;
pub use casework_protocol::limits::{MAX_PURGE_DAYS, MIN_PURGE_DAYS};

kinds! {
    /// What kind of change in the keeping of a case.
    enum KeepingKind {
        /// Archives it.
        Archive = "case.archive",
        /// Takes it out of the archive.
        Unarchive = "case.unarchive",
        /// Puts it into the trash.
        Trash = "case.trash",
        /// Takes it out of the trash.
        Restore = "case.restore",
        /// Sets a legal hold.
        SetLegalHold = "legal-hold.set",
        /// Lifts the legal hold.
        LiftLegalHold = "legal-hold.lift",
        /// Requests that it be purged.
        RequestPurge = "purge.request",
        /// Takes the request back.
        CancelPurge = "purge.cancel",
        /// Sets a flag.
        SetFlag = "flag.set",
        /// Clears a flag.
        ClearFlag = "flag.clear",
    }
}

/// One change in the keeping of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepingAction {
    /// Archives it: out of boards and lists.
    Archive,
    /// Takes it out of the archive.
    Unarchive,
    /// Puts it into the trash.
    Trash,
    /// Takes it out of the trash.
    Restore,
    /// Sets a legal hold; needs a reason.
    SetLegalHold,
    /// Lifts the legal hold; needs a reason.
    LiftLegalHold,
    /// Requests that it be purged after so many days; needs a reason.
    RequestPurge {
        /// [`MIN_PURGE_DAYS`] to [`MAX_PURGE_DAYS`].
        days: u32,
    },
    /// Takes the request back.
    CancelPurge,
    /// Sets a flag; the reason is the act's and is needed.
    SetFlag {
        /// Its name: `a-z`, `0-9`, `-` and `_`.
        flag: String,
    },
    /// Clears a flag.
    ClearFlag {
        /// Its name.
        flag: String,
    },
}

impl KeepingAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> KeepingKind {
        match self {
            Self::Archive => KeepingKind::Archive,
            Self::Unarchive => KeepingKind::Unarchive,
            Self::Trash => KeepingKind::Trash,
            Self::Restore => KeepingKind::Restore,
            Self::SetLegalHold => KeepingKind::SetLegalHold,
            Self::LiftLegalHold => KeepingKind::LiftLegalHold,
            Self::RequestPurge { .. } => KeepingKind::RequestPurge,
            Self::CancelPurge => KeepingKind::CancelPurge,
            Self::SetFlag { .. } => KeepingKind::SetFlag,
            Self::ClearFlag { .. } => KeepingKind::ClearFlag,
        }
    }

    /// The mark that it sets and its value; `None` for flags.
    fn mark(&self) -> Option<(&'static str, Scalar)> {
        Some(match self {
            Self::Archive => (ARCHIVED, Scalar::Bool(true)),
            Self::Unarchive => (ARCHIVED, Scalar::Bool(false)),
            Self::Trash => (TRASHED, Scalar::Bool(true)),
            Self::Restore => (TRASHED, Scalar::Bool(false)),
            Self::SetLegalHold => (LEGAL_HOLD, Scalar::Bool(true)),
            Self::LiftLegalHold => (LEGAL_HOLD, Scalar::Bool(false)),
            Self::RequestPurge { days } => (PURGE, Scalar::Int(i64::from(*days))),
            Self::CancelPurge => (PURGE, Scalar::Null),
            Self::SetFlag { .. } | Self::ClearFlag { .. } => return None,
        })
    }

    const fn needs_reason(&self) -> bool {
        match self {
            Self::SetLegalHold
            | Self::LiftLegalHold
            | Self::RequestPurge { .. }
            | Self::SetFlag { .. } => true,
            Self::Archive
            | Self::Unarchive
            | Self::Trash
            | Self::Restore
            | Self::CancelPurge
            | Self::ClearFlag { .. } => false,
        }
    }
}

/// Whether the case is in the trash; of contested marks the one shown.
#[must_use]
pub fn is_trashed(past: &Past<'_>) -> bool {
    read_entry(past, (Shelf::Marks, TRASHED)) == Some(Scalar::Bool(true))
}

/// Whether a legal hold stands: one that is contested stands.
#[must_use]
pub fn is_on_legal_hold(past: &Past<'_>) -> bool {
    container(past, Shelf::Marks.map())
        .is_ok_and(|map| past.sides(map, LEGAL_HOLD).contains(&Scalar::Bool(true)))
}

/// What a settlement of a mark changes in the access record, where purges for so many days are
/// requested by now.
#[must_use]
pub fn settled_access(place: &Place, value: &Scalar, days: Option<u32>) -> Option<AccessBody> {
    let Place::Record(Shelf::Marks, mark) = place else {
        return None;
    };
    match (mark.as_str(), value) {
        (LEGAL_HOLD, Scalar::Bool(holds)) => Some(legal_hold(*holds)),
        (PURGE, Scalar::Null) => Some(AccessBody::CancelPurge),
        // One that waits already goes on waiting.
        (PURGE, Scalar::Int(wanted)) => u32::try_from(*wanted)
            .ok()
            .filter(|wanted| Some(*wanted) != days)
            .map(|days| AccessBody::RequestPurge { days }),
        _ => None,
    }
}

fn legal_hold(holds: bool) -> AccessBody {
    AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: None,
        legal_hold: Some(holds),
    }
}

impl Facet for KeepingAction {
    fn target(&self) -> Option<String> {
        if let Self::SetFlag { flag } | Self::ClearFlag { flag } = self {
            Some(flag.clone())
        } else {
            None
        }
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        match self {
            Self::Archive | Self::Trash => Verb::Close,
            Self::Unarchive | Self::Restore => Verb::Reopen,
            Self::SetLegalHold | Self::LiftLegalHold => Verb::Restrict,
            Self::RequestPurge { .. } | Self::CancelPurge => Verb::Erase,
            Self::SetFlag { .. } | Self::ClearFlag { .. } => Verb::Edit,
        }
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, act: &Act) -> Result<(), ActError> {
        if self.needs_reason() && act.reason.is_none() {
            let action = act.action.kind();
            return Err(ActError::NeedsReason { action });
        }
        if let Self::RequestPurge { days } = self
            && !(MIN_PURGE_DAYS..=MAX_PURGE_DAYS).contains(days)
        {
            return Err(ActError::WrongValue {
                what: format!("{days} days"),
                problem: "a purge waits 7 to 3,660 days",
            });
        }
        if let Self::SetFlag { flag } | Self::ClearFlag { flag } = self {
            bounds::check_slug("flag", flag)?;
        }
        if let Some((mark, value)) = self.mark() {
            return plan.put_entry(past, (Shelf::Marks, mark), value);
        }
        match self {
            Self::ClearFlag { flag } => plan.remove_entry(past, (Shelf::Flags, flag)),
            Self::SetFlag { flag } => {
                plan.put_entry(past, (Shelf::Flags, flag), Scalar::Bool(true))
            }
            Self::Archive
            | Self::Unarchive
            | Self::Trash
            | Self::Restore
            | Self::SetLegalHold
            | Self::LiftLegalHold
            | Self::RequestPurge { .. }
            | Self::CancelPurge => Ok(()),
        }
    }

    fn check(&self, past: &Past<'_>, _: &Revision, _: &Today) -> Result<(), ActError> {
        // Taking back what never stood would write a mark that says nothing.
        if let Some((mark, value)) = self.mark()
            && matches!(value, Scalar::Bool(false) | Scalar::Null)
            && read_entry(past, (Shelf::Marks, mark)).is_none()
        {
            let place = Place::Record(Shelf::Marks, mark.to_owned());
            return Err(ActError::NothingThere { place });
        }
        if matches!(self, Self::RequestPurge { .. }) && is_on_legal_hold(past) {
            return Err(ActError::OnLegalHold);
        }
        Ok(())
    }

    fn while_closed(&self) -> bool {
        true
    }

    fn in_trash(&self) -> bool {
        true
    }

    fn access(&self) -> Option<AccessBody> {
        match self {
            Self::SetLegalHold => Some(legal_hold(true)),
            Self::LiftLegalHold => Some(legal_hold(false)),
            Self::RequestPurge { days } => Some(AccessBody::RequestPurge { days: *days }),
            Self::CancelPurge => Some(AccessBody::CancelPurge),
            Self::Archive
            | Self::Unarchive
            | Self::Trash
            | Self::Restore
            | Self::SetFlag { .. }
            | Self::ClearFlag { .. } => None,
        }
    }

    fn opposite(&self, undoing: &Undoing<'_>) -> Result<CaseAction, ActError> {
        undo::keeping(undoing, self)
    }
}

impl Kinds for KeepingKind {
    type Action = KeepingAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<KeepingAction> {
        let flag = || on.map(str::to_owned);
        Some(match self {
            Self::Archive => KeepingAction::Archive,
            Self::Unarchive => KeepingAction::Unarchive,
            Self::Trash => KeepingAction::Trash,
            Self::Restore => KeepingAction::Restore,
            Self::SetLegalHold => KeepingAction::SetLegalHold,
            Self::LiftLegalHold => KeepingAction::LiftLegalHold,
            Self::RequestPurge => KeepingAction::RequestPurge {
                days: u32::try_from(integer(first_put(ops)?.1)?).ok()?,
            },
            Self::CancelPurge => KeepingAction::CancelPurge,
            Self::SetFlag => KeepingAction::SetFlag { flag: flag()? },
            Self::ClearFlag => KeepingAction::ClearFlag { flag: flag()? },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        let mark = |key: &str| Some(Place::Record(Shelf::Marks, key.to_owned()));
        match self {
            Self::Archive | Self::Unarchive => mark(ARCHIVED),
            Self::Trash | Self::Restore => mark(TRASHED),
            Self::SetLegalHold | Self::LiftLegalHold => mark(LEGAL_HOLD),
            Self::RequestPurge | Self::CancelPurge => mark(PURGE),
            Self::SetFlag | Self::ClearFlag => Some(Place::Record(Shelf::Flags, on?.to_owned())),
        }
    }
}
