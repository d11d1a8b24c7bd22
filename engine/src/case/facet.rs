//! The facets of a case: documents, parties, links… Each is one file that says everything about its
//! actions: their names, what they write, how they are read back, whom they need.
//!
//! To add one: its maps in `schema`, its shelves in `record`, one line in [`facets!`] here, one line
//! in `view/facet.rs`, its words in desk. The tables of the case (`plan`, `decode`, `occasion`,
//! `place`, `conform`, `judge`) have one arm for all facets. Invariant: what a facet plans is what
//! it may be received as, so `read` of what `plan` wrote gives the action back.

pub mod approval;
pub mod attention;
pub mod automation;
pub mod document;
pub mod handover;
pub mod hold;
pub mod referral;

use std::collections::BTreeSet;
pub mod form;
pub mod keeping;
pub mod link;
pub mod party;
pub mod reading;
pub mod recurrence;
pub mod redaction;
pub mod review;

use casework_protocol::access::entry::AccessBody;
use casework_protocol::ids::{ActorId, MemberId};
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use self::approval::{ApprovalAction, ApprovalKind};
use self::attention::{AttentionAction, AttentionKind};
use self::automation::{AutomationAction, AutomationKind};
use self::document::{DocumentAction, DocumentKind};
use self::form::{FormAction, FormActionKind};
use self::handover::{TransferAction, TransferKind};
use self::hold::{HoldAction, HoldKind};
use self::keeping::{KeepingAction, KeepingKind};
use self::link::{LinkAction, LinkKind};
use self::party::{PartyAction, PartyKind};
use self::reading::{ReadingAction, ReadingKind};
use self::recurrence::{RecurrenceAction, RecurrenceKind};
use self::redaction::{RedactionAction, RedactionKind};
use self::referral::{ReferralAction, ReferralKind};
use self::review::{ReviewAction, ReviewKind};
use super::action::{Act, CaseAction};
use super::judge::Asker;
use super::occasion::OnlyBy;
use super::ops::Op;
use super::past::Past;
use super::place::Place;
use super::refusal::ActError;
use super::step::Plan;
use super::undo::{NO_OPPOSITE, Undoing};
use crate::approval::Seat;
use crate::template::{Revision, Today};

/// What an action is completed from.
pub(crate) struct Seen<'a> {
    /// The case as it is seen.
    pub(crate) past: &'a Past<'a>,
    /// The revision it is judged by.
    pub(crate) revision: &'a Revision,
    /// Who asks.
    pub(crate) asker: &'a Asker<'a>,
}

/// An action of a facet: everything the case asks of it.
pub(crate) trait Facet {
    /// What the message names as the thing acted on.
    fn target(&self) -> Option<String>;

    /// The right it needs.
    fn verb(&self, past: &Past<'_>) -> Verb;

    /// What it writes; structure only, as for received work.
    fn plan(&self, plan: &mut Plan, past: &Past<'_>, act: &Act) -> Result<(), ActError>;

    /// The field whose rights it needs too.
    fn field(&self) -> Option<&str> {
        None
    }

    /// Who alone may do it.
    fn only_by(&self, _past: &Past<'_>) -> OnlyBy {
        OnlyBy::Anyone
    }

    /// Structure that depends on the template's revision; keeps received work out too.
    fn conform(&self, _revision: &Revision) -> Result<(), ActError> {
        Ok(())
    }

    /// What is asked only before acting; received work that breaks it lands, marked *rule broken*.
    fn check(
        &self,
        _past: &Past<'_>,
        _revision: &Revision,
        _today: &Today,
    ) -> Result<(), ActError> {
        Ok(())
    }

    /// Fills in what the engine knows and whoever asks may leave out.
    fn fill_in(&mut self, _past: &Past<'_>) {}

    /// The members it names: they must exist, and are made able to see the case.
    fn people(&self) -> Vec<MemberId> {
        Vec::new()
    }

    /// Whether it can be done while the case is closed.
    fn while_closed(&self) -> bool {
        false
    }

    /// Fills in what only the template, the roster or who asks can tell.
    ///
    /// # Errors
    /// When that cannot be told, or whoever asks is not the one who may.
    fn complete(&mut self, _seen: &Seen<'_>) -> Result<(), ActError> {
        Ok(())
    }

    /// What is to be said to the person who acts.
    fn warnings(&self, _past: &Past<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Structure that depends on the template's revision and the case as it was seen; keeps
    /// received work out too.
    fn fits(&self, _past: &Past<'_>, _revision: &Revision) -> Result<(), ActError> {
        Ok(())
    }

    /// The actors whose members may not do it, on whatever device.
    fn barred(&self, _past: &Past<'_>) -> Vec<ActorId> {
        Vec::new()
    }

    /// What its author must be in the roster besides having the right: in a team, in a role.
    fn seats(&self, _past: &Past<'_>) -> Vec<Seat> {
        Vec::new()
    }

    /// Seats and exactly the members who hold them in the roster that the author saw.
    fn electorate(&self) -> Option<(&BTreeSet<Seat>, &BTreeSet<MemberId>)> {
        None
    }

    /// Whether it can be done while the case is in the trash.
    fn in_trash(&self) -> bool {
        false
    }

    /// The action that takes it back; by default there is none.
    fn opposite(&self, undoing: &Undoing<'_>) -> Result<CaseAction, ActError> {
        Err(undoing.refuse(NO_OPPOSITE))
    }

    /// What it changes in the access record, in the same commit.
    fn access(&self) -> Option<AccessBody> {
        None
    }
}

/// The kinds of a facet's actions.
pub(crate) trait Kinds: Copy {
    /// The facet's actions.
    type Action;

    /// Reads an action back out of the thing its message names and its operations.
    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<Self::Action>;

    /// The place that it touches, from what its message names.
    fn place(self, on: Option<&str>) -> Option<Place>;

    /// Another place that it touches.
    fn also(self) -> Option<Place> {
        None
    }

    /// The place whose values the timeline shows before and after.
    fn shown(self, on: Option<&str>) -> Option<Place> {
        self.place(on)
    }
}

macro_rules! facets {
    ($($(#[doc = $doc:literal])+ $name:ident($Action:ty, $Kind:ty),)+) => {
        /// One thing done to a facet of a case.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum FacetAction { $($(#[doc = $doc])+ $name($Action),)+ }

        /// What kind of action on a facet a change is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FacetKind { $($(#[doc = $doc])+ $name($Kind),)+ }

        impl FacetAction {
            /// What kind of action it is.
            #[must_use]
            pub const fn kind(&self) -> FacetKind {
                match self { $(Self::$name(action) => FacetKind::$name(action.kind()),)+ }
            }

            pub(crate) fn facet(&self) -> &dyn Facet {
                match self { $(Self::$name(action) => action,)+ }
            }

            pub(crate) fn facet_mut(&mut self) -> &mut dyn Facet {
                match self { $(Self::$name(action) => action,)+ }
            }
        }

        impl FacetKind {
            /// Every kind, facet by facet.
            pub fn all() -> impl Iterator<Item = Self> {
                let all = core::iter::empty();
                $(let all = all.chain(<$Kind>::all().map(Self::$name));)+
                all
            }

            /// Its name in the commit message.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name(kind) => <$Kind>::name(kind),)+ }
            }

            /// The kind with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                let found = None;
                $(let found = found.or_else(|| <$Kind>::from_name(name).map(Self::$name));)+
                found
            }

            pub(crate) fn read(self, on: Option<&str>, ops: &[Op]) -> Option<FacetAction> {
                match self {
                    $(Self::$name(kind) => Kinds::read(kind, on, ops).map(FacetAction::$name),)+
                }
            }

            pub(crate) fn place(self, on: Option<&str>) -> Option<Place> {
                match self { $(Self::$name(kind) => Kinds::place(kind, on),)+ }
            }

            pub(crate) fn also(self) -> Option<Place> {
                match self { $(Self::$name(kind) => Kinds::also(kind),)+ }
            }

            pub(crate) fn shown(self, on: Option<&str>) -> Option<Place> {
                match self { $(Self::$name(kind) => Kinds::shown(kind, on),)+ }
            }
        }

        $(
            impl From<$Action> for CaseAction {
                fn from(action: $Action) -> Self {
                    Self::Facet(FacetAction::$name(action))
                }
            }
        )+
    };
}

facets! {
    /// Documents with their versions.
    Document(DocumentAction, DocumentKind),
    /// What automations and the agent leave.
    Automation(AutomationAction, AutomationKind),
    /// Who is told about the case, and how bad it is.
    Attention(AttentionAction, AttentionKind),
    /// Approvals with their votes.
    Approval(ApprovalAction, ApprovalKind),
    /// Offers to take the case over.
    Transfer(TransferAction, TransferKind),
    /// Parts of the case referred to others.
    Referral(ReferralAction, ReferralKind),
    /// Pauses.
    Hold(HoldAction, HoldKind),
    /// Who looked at it.
    Reading(ReadingAction, ReadingKind),
    /// The people and organisations it is about.
    Party(PartyAction, PartyKind),
    /// Its links to other cases.
    Link(LinkAction, LinkKind),
    /// Where it is kept, and what is flagged about it.
    Keeping(KeepingAction, KeepingKind),
    /// What is no longer shown.
    Redaction(RedactionAction, RedactionKind),
    /// Tasks that repeat.
    Recurrence(RecurrenceAction, RecurrenceKind),
    /// What people outside are asked and send.
    Form(FormAction, FormActionKind),
    /// Reviews of overrides.
    Review(ReviewAction, ReviewKind),
}
