//! Short lists of words that the engine has too. They cross as they are: a word that is added
//! there does not compile here until it is added here.

pub use casework::MemberKind;
pub use casework::case::facet::document::VersionStatus;
pub use casework::case::facet::form::ReviewState;
pub use casework::case::facet::link::Relation;
pub use casework::case::facet::party::{PartyKey, PartyNature};
pub use casework::case::facet::review::ReviewVerdict;
pub use casework::clock::SlaState;
pub use casework::inbox::ItemKind;
pub use casework::template::Category;
pub use casework::view::{Badge, Kept, TaskStatus};

/// What standing in a stage means.
#[uniffi::remote(Enum)]
pub enum Category {
    /// Taken in, nobody works on it yet.
    Intake,
    /// Somebody works on it.
    Active,
    /// It waits for somebody outside.
    Waiting,
    /// Finished as wanted.
    Done,
    /// Finished otherwise.
    Cancelled,
}

/// Something about a case that people should see at a glance.
#[uniffi::remote(Enum)]
pub enum Badge {
    /// Several people wrote different things without knowing of each other: settle it.
    Contested,
    /// Fields that the stage requires are empty.
    RequirementsUnmet,
    /// Somebody worked on it without knowing that it was closed.
    ActivityAfterClose,
    /// Received work breaks a rule.
    RuleBroken,
    /// Work waits for an adoption.
    Held,
    /// Work of this device is not on the server yet.
    Unsynced,
    /// It holds what this version does not know: update.
    UpdateNeeded,
    /// Its history came as a whole and is being checked.
    BeingChecked,
    /// Somebody worked on it without knowing that it was in the trash.
    ActivityInTrash,
    /// A member flagged it.
    Flagged,
    /// It is archived.
    Archived,
    /// It is in the trash.
    Trash,
    /// It may not be purged.
    LegalHold,
    /// It is on hold: its clocks stand.
    OnHold,
    /// An approval is asked for.
    ApprovalWanted,
    /// It is offered to somebody else.
    Handover,
    /// Late work breaks a rule of a newer revision of the template.
    NewerRuleBroken,
    /// Something was done through a rule that asks, and nobody has looked at it.
    OverrideToReview,
}

/// Where a case is kept.
#[uniffi::remote(Enum)]
pub enum Kept {
    /// In use.
    InUse,
    /// Archived.
    Archived,
    /// In the trash.
    Trash,
}

/// How a task stands.
#[uniffi::remote(Enum)]
pub enum TaskStatus {
    /// To be done.
    Open,
    /// Done.
    Done,
    /// Cancelled.
    Cancelled,
}

/// How a clock stands.
#[uniffi::remote(Enum)]
pub enum SlaState {
    /// Its time is over.
    Breached,
    /// Its warning was reached.
    AtRisk,
    /// There is time.
    OnTrack,
    /// It stands still.
    Paused,
    /// It ended in time.
    Met,
}

/// How a version of a document stands.
#[uniffi::remote(Enum)]
pub enum VersionStatus {
    /// Being written.
    Draft,
    /// Being reviewed.
    InReview,
    /// Approved.
    Approved,
    /// Signed.
    Signed,
    /// Replaced by another.
    Superseded,
}

/// How one case stands to another.
#[uniffi::remote(Enum)]
pub enum Relation {
    /// The other is its parent.
    Parent,
    /// The other is its child.
    Child,
    /// It repeats the other.
    DuplicateOf,
    /// The other repeats it.
    DuplicatedBy,
    /// The other waits for it.
    Blocks,
    /// It waits for the other.
    BlockedBy,
    /// They belong together.
    Relates,
}

/// What a party is.
#[uniffi::remote(Enum)]
pub enum PartyNature {
    /// A person.
    Person,
    /// An organisation.
    Organisation,
}

/// What is written down about a party.
#[uniffi::remote(Enum)]
pub enum PartyKey {
    /// What it is to the case.
    Role,
    /// Its name.
    Name,
    /// Person or organisation.
    Nature,
    /// Its address for electronic mail.
    Email,
    /// Its telephone number.
    Phone,
    /// Its postal address.
    Address,
    /// Anything else.
    Note,
}

/// How what was sent by a form stands.
#[uniffi::remote(Enum)]
pub enum ReviewState {
    /// Nobody looked at it.
    New,
    /// Accepted.
    Accepted,
    /// Rejected.
    Rejected,
    /// Unwanted.
    Spam,
    /// It needs an answer.
    NeedsAnswer,
}

/// What a look at an override came to.
#[uniffi::remote(Enum)]
pub enum ReviewVerdict {
    /// It was right.
    Accepted,
    /// Something has to be done about it.
    FollowUp,
}

/// What a member is.
#[uniffi::remote(Enum)]
pub enum MemberKind {
    /// A person with devices.
    Person,
    /// A service.
    Service,
    /// A person whom imported data names.
    Imported,
}

/// Why somebody is told something.
#[uniffi::remote(Enum)]
pub enum ItemKind {
    /// Somebody wrote the member's name with an `@` before it.
    Mention,
    /// The member is to answer for a case, work on it, watch it, or do a task.
    Assigned,
    /// No longer.
    Unassigned,
    /// A case of the member's went to another stage, was closed or reopened.
    Moved,
    /// Two people said different things without knowing of each other.
    Contested,
    /// Somebody worked on a case without knowing that it was closed.
    AfterClose,
    /// Somebody worked on a case without knowing that it was in the trash.
    InTrash,
    /// A case of the member's is to be purged, or no longer.
    Purge,
    /// The member is asked to approve.
    Approval,
    /// The member is asked to take over a case, or a part of one.
    Offer,
    /// Somebody answered what the member asked.
    Answer,
    /// Somebody took back what the member was asked.
    Withdrawn,
    /// A rule of the template tells the member something.
    Notice,
    /// Somebody outside sent a form.
    Form,
    /// A hold is over, or nearly.
    Hold,
    /// A rule did not do what it was to do.
    Rule,
    /// A case or task of the member's is overdue.
    Overdue,
    /// A clock of a case of the member's is at risk or over.
    Sla,
    /// Own work could not stand and lies in the drawer.
    Drawer,
    /// Work of others waits for an adoption that this member may give.
    Held,
}
