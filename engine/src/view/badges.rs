//! Badges: the reasons to look at a case, shown on its card.
//!
//! Derived from the view; what only the replica knows it sets itself when cards are read.
//! Invariant: the order of the fields of [`Badges`] is how stored cards spell them.

use serde::{Deserialize, Serialize};

use super::case::CaseView;

/// The reasons to look at a case. The first four come from the view; the others only the replica
/// knows, and it sets them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each badge is on or off by itself"
)]
pub struct Badges {
    /// Values were written without knowing of each other.
    pub contested: bool,
    /// A stage asks for fields that are empty or documents that are not there.
    pub requirements_unmet: bool,
    /// Somebody worked on it without knowing that it was closed.
    pub activity_after_close: bool,
    /// A change broke a rule and landed.
    pub rule_broken: bool,
    /// Work of somebody whose rights were reduced waits for adoption.
    pub held: bool,
    /// There is work on this device that no server has acknowledged.
    pub unsynced: bool,
    /// There is work that only a newer version of this program can read.
    pub update_needed: bool,
    /// The history came from another device and is still being judged.
    pub being_checked: bool,
    /// Somebody worked on it without knowing that it was in the trash.
    pub activity_in_trash: bool,
    /// Somebody flagged it.
    pub flagged: bool,
    /// It is archived.
    pub archived: bool,
    /// It is in the trash.
    pub trash: bool,
    /// It must not be purged.
    pub legal_hold: bool,
    /// The case waits for something.
    pub on_hold: bool,
    /// An approval waits for votes.
    pub approval_wanted: bool,
    /// Somebody is to take it over, or a part of it.
    pub handover: bool,
    /// A change came late and breaks a rule of a newer revision.
    pub newer_rule_broken: bool,
    /// Something was done although a rule asked, and nobody has looked at it.
    pub override_to_review: bool,
}

/// The name of one of the [`Badges`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Badge {
    /// See [`Badges::contested`].
    Contested,
    /// See [`Badges::requirements_unmet`].
    RequirementsUnmet,
    /// See [`Badges::activity_after_close`].
    ActivityAfterClose,
    /// See [`Badges::rule_broken`].
    RuleBroken,
    /// See [`Badges::held`].
    Held,
    /// See [`Badges::unsynced`].
    Unsynced,
    /// See [`Badges::update_needed`].
    UpdateNeeded,
    /// See [`Badges::being_checked`].
    BeingChecked,
    /// See [`Badges::activity_in_trash`].
    ActivityInTrash,
    /// See [`Badges::flagged`].
    Flagged,
    /// See [`Badges::archived`].
    Archived,
    /// See [`Badges::trash`].
    Trash,
    /// See [`Badges::legal_hold`].
    LegalHold,
    /// See [`Badges::on_hold`].
    OnHold,
    /// See [`Badges::approval_wanted`].
    ApprovalWanted,
    /// See [`Badges::handover`].
    Handover,
    /// See [`Badges::newer_rule_broken`].
    NewerRuleBroken,
    /// See [`Badges::override_to_review`].
    OverrideToReview,
}

impl Badges {
    /// The badges that the view tells; those that only the replica knows are off.
    #[must_use]
    pub fn of(view: &CaseView) -> Self {
        let flags = &view.flags;
        Self {
            contested: !flags.contested.is_empty(),
            requirements_unmet: !flags.requirements_unmet.is_empty()
                || !flags.documents_unmet.is_empty(),
            activity_after_close: flags.activity_after_close > 0,
            rule_broken: !flags.rule_broken.is_empty(),
            activity_in_trash: flags.activity_in_trash > 0,
            flagged: !view.facets.keeping.flags.is_empty(),
            archived: view.facets.keeping.is_archived(),
            trash: view.facets.keeping.is_trashed(),
            legal_hold: view.facets.keeping.is_on_legal_hold(),
            on_hold: view.facets.holds.is_on_hold(),
            approval_wanted: view.facets.approvals.pending().next().is_some(),
            handover: view.facets.transfers.open().next().is_some()
                || view.facets.referrals.open().next().is_some(),
            newer_rule_broken: !flags.newer_rule_broken.is_empty(),
            override_to_review: view.overrides_to_review().next().is_some(),
            ..Self::default()
        }
    }

    /// Whether a badge is on.
    #[must_use]
    pub const fn has(self, badge: Badge) -> bool {
        match badge {
            Badge::Contested => self.contested,
            Badge::RequirementsUnmet => self.requirements_unmet,
            Badge::ActivityAfterClose => self.activity_after_close,
            Badge::RuleBroken => self.rule_broken,
            Badge::Held => self.held,
            Badge::Unsynced => self.unsynced,
            Badge::UpdateNeeded => self.update_needed,
            Badge::BeingChecked => self.being_checked,
            Badge::ActivityInTrash => self.activity_in_trash,
            Badge::Flagged => self.flagged,
            Badge::Archived => self.archived,
            Badge::Trash => self.trash,
            Badge::LegalHold => self.legal_hold,
            Badge::OnHold => self.on_hold,
            Badge::ApprovalWanted => self.approval_wanted,
            Badge::Handover => self.handover,
            Badge::NewerRuleBroken => self.newer_rule_broken,
            Badge::OverrideToReview => self.override_to_review,
        }
    }

    /// Those that are on, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Badge> {
        Badge::ALL.into_iter().filter(move |badge| self.has(*badge))
    }
}

impl Badge {
    /// Every badge, the most urgent first.
    pub const ALL: [Self; 18] = [
        Self::Contested,
        Self::RequirementsUnmet,
        Self::ActivityAfterClose,
        Self::RuleBroken,
        Self::NewerRuleBroken,
        Self::Held,
        Self::Unsynced,
        Self::UpdateNeeded,
        Self::BeingChecked,
        Self::ActivityInTrash,
        Self::Flagged,
        Self::Archived,
        Self::Trash,
        Self::LegalHold,
        Self::OnHold,
        Self::ApprovalWanted,
        Self::Handover,
        Self::OverrideToReview,
    ];

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Contested => "contested",
            Self::RequirementsUnmet => "requirements unmet",
            Self::ActivityAfterClose => "activity after close",
            Self::RuleBroken => "rule broken",
            Self::Held => "held",
            Self::Unsynced => "unsynced",
            Self::UpdateNeeded => "update needed",
            Self::BeingChecked => "being checked",
            Self::ActivityInTrash => "activity in trash",
            Self::Flagged => "flagged",
            Self::Archived => "archived",
            Self::Trash => "trash",
            Self::LegalHold => "legal hold",
            Self::OnHold => "on hold",
            Self::ApprovalWanted => "approval wanted",
            Self::Handover => "handover offered",
            Self::NewerRuleBroken => "breaks a newer rule",
            Self::OverrideToReview => "override to review",
        }
    }
}
