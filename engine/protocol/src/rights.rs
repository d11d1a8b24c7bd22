//! What a member may do: verbs, scopes, grants, and the one comparison of reduced rights.
//!
//! Rights are judged by the log, never by clocks. A change cites the versions its author saw; it
//! is *held* when the right existed there and is missing at any version from there to its arrival
//! (DESIGN §3). Relay and replicas call the same [`judge`] with a different question.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::ids::DocumentId;

/// What can be done (DOMAIN §5). The numbers are part of the wire format.
///
/// Who asks for which, and where it is judged:
///
/// | verb | judged by |
/// |---|---|
/// | view | relay and replicas, from the access record: [`crate::access::views`] |
/// | open | relay and replicas, at the genesis of a case's access record; replicas again for the opening action |
/// | publish | the same for a template's record; replicas again for each publish |
/// | move, edit, comment, comment-external, task, document, decide, approve, close, reopen, override, redact, settle | replicas, for each action: [`crate::authority::Authority::action_verdict`] |
/// | assign, transfer | replicas for the action; relay and replicas for members and teams put on the access record |
/// | restrict | relay and replicas: every other change of an access record |
/// | adopt | relay and replicas, for the roster entry: [`crate::authority::Authority::judge_adoption`]; the relay also hands held work to whoever holds it |
/// | manage-members | relay and replicas, for roster entries; holds only with scope all |
/// | keep | relay, before it takes a bundle |
/// | erase | relay, before it takes a purge |
/// | export | the replica that exports; nobody can check it from outside |
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// See a case; what the relay enforces.
    #[n(0)]
    View,
    /// Open a case.
    #[n(1)]
    Open,
    /// Move a case to another stage; the scope's stage is the one moved to.
    #[n(2)]
    Move,
    /// Set and clear fields, title, labels, priority.
    #[n(3)]
    Edit,
    /// Write an internal comment.
    #[n(4)]
    Comment,
    /// Write a comment that people outside the team see.
    #[n(5)]
    CommentExternal,
    /// Create, change, finish and cancel tasks.
    #[n(6)]
    Task,
    /// Add and change documents.
    #[n(7)]
    Document,
    /// Record a decision.
    #[n(8)]
    Decide,
    /// Vote on an approval.
    #[n(9)]
    Approve,
    /// Change owner and assignees.
    #[n(10)]
    Assign,
    /// Hand a case over or refer a part of it.
    #[n(11)]
    Transfer,
    /// Close a case.
    #[n(12)]
    Close,
    /// Reopen a closed case.
    #[n(13)]
    Reopen,
    /// Go through a rule that asks, with a reason.
    #[n(14)]
    Override,
    /// Redact a value or a comment.
    #[n(15)]
    Redact,
    /// Export a case.
    #[n(16)]
    Export,
    /// Settle a contested value.
    #[n(17)]
    Settle,
    /// See held work and adopt it.
    #[n(18)]
    Adopt,
    /// Restrict a case to named viewers, set and lift legal holds.
    #[n(19)]
    Restrict,
    /// Publish a template.
    #[n(20)]
    Publish,
    /// Change members, devices, roles, teams and invites.
    #[n(21)]
    ManageMembers,
    /// Make bundles for first syncs.
    #[n(22)]
    Keep,
    /// Purge a case.
    #[n(23)]
    Erase,
}

impl Verb {
    /// Every verb, in wire order.
    pub const ALL: [Self; 24] = [
        Self::View,
        Self::Open,
        Self::Move,
        Self::Edit,
        Self::Comment,
        Self::CommentExternal,
        Self::Task,
        Self::Document,
        Self::Decide,
        Self::Approve,
        Self::Assign,
        Self::Transfer,
        Self::Close,
        Self::Reopen,
        Self::Override,
        Self::Redact,
        Self::Export,
        Self::Settle,
        Self::Adopt,
        Self::Restrict,
        Self::Publish,
        Self::ManageMembers,
        Self::Keep,
        Self::Erase,
    ];

    /// The verb as people write it, for instance `comment-external`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Open => "open",
            Self::Move => "move",
            Self::Edit => "edit",
            Self::Comment => "comment",
            Self::CommentExternal => "comment-external",
            Self::Task => "task",
            Self::Document => "document",
            Self::Decide => "decide",
            Self::Approve => "approve",
            Self::Assign => "assign",
            Self::Transfer => "transfer",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Override => "override",
            Self::Redact => "redact",
            Self::Export => "export",
            Self::Settle => "settle",
            Self::Adopt => "adopt",
            Self::Restrict => "restrict",
            Self::Publish => "publish",
            Self::ManageMembers => "manage-members",
            Self::Keep => "keep",
            Self::Erase => "erase",
        }
    }
}

impl core::str::FromStr for Verb {
    type Err = UnknownVerb;

    fn from_str(text: &str) -> Result<Self, UnknownVerb> {
        let named = Self::ALL.into_iter().find(|verb| verb.as_str() == text);
        named.ok_or_else(|| UnknownVerb(text.chars().take(40).collect()))
    }
}

/// A text that names no verb. Cure: one of [`Verb::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no verb {0:?}")]
pub struct UnknownVerb(pub String);

impl core::fmt::Display for Verb {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a grant holds.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Everywhere in the workspace.
    #[n(0)]
    All,
    /// Cases of one template.
    #[n(1)]
    Template(#[n(0)] DocumentId),
    /// One stage of a template.
    #[n(2)]
    Stage(#[n(0)] DocumentId, #[n(1)] String),
    /// One field of a template.
    #[n(3)]
    Field(#[n(0)] DocumentId, #[n(1)] String),
    /// Cases whose access record names the member.
    #[n(4)]
    Own,
    /// Cases whose access record names a team of the member, or a member of such a team.
    #[n(5)]
    Team,
}

impl Scope {
    /// Whether this scope holds wherever the other one does, whatever the case. Scopes of two
    /// templates, and a template's scope and a member's own cases, include each other never.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) | (Self::Team, Self::Own) => true,
            (
                Self::Template(mine),
                Self::Template(theirs) | Self::Stage(theirs, _) | Self::Field(theirs, _),
            ) => mine == theirs,
            (Self::Template(_) | Self::Stage(..) | Self::Field(..) | Self::Own | Self::Team, _) => {
                self == other
            }
        }
    }
}

impl core::fmt::Display for Scope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Template(template) => write!(f, "template {}", template.short()),
            Self::Stage(template, stage) => {
                write!(f, "stage {stage} of template {}", template.short())
            }
            Self::Field(template, field) => {
                write!(f, "field {field} of template {}", template.short())
            }
            Self::Own => f.write_str("own"),
            Self::Team => f.write_str("team"),
        }
    }
}

/// One right: a verb where a scope holds.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(array)]
pub struct Grant {
    /// What.
    #[n(0)]
    pub verb: Verb,
    /// Where.
    #[n(1)]
    pub scope: Scope,
}

/// One thing somebody wants to do, with all that a scope can ask about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// What.
    pub verb: Verb,
    /// The template of the case, or the template itself; `None` outside any document.
    pub template: Option<DocumentId>,
    /// The stage moved to, or the stage the case is in.
    pub stage: Option<&'a str>,
    /// The field that is edited.
    pub field: Option<&'a str>,
    /// The access record names the member.
    pub own: bool,
    /// The access record names a team of the member or a fellow of such a team.
    pub team: bool,
}

impl core::fmt::Display for Grant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({})", self.verb, self.scope)
    }
}

impl<'a> Occasion<'a> {
    /// Something done outside any document, for instance to the roster: only scope all covers it.
    #[must_use]
    pub const fn anywhere(verb: Verb) -> Self {
        Self {
            verb,
            template: None,
            stage: None,
            field: None,
            own: false,
            team: false,
        }
    }

    /// The same occasion for another verb.
    #[must_use]
    pub const fn to(self, verb: Verb) -> Self {
        Occasion { verb, ..self }
    }
}

impl Grant {
    /// Whether whoever holds this grant holds the other one too.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self.verb == other.verb && self.scope.includes(&other.scope)
    }

    /// Whether this grant covers the occasion.
    #[must_use]
    pub fn covers(&self, occasion: &Occasion<'_>) -> bool {
        self.verb == occasion.verb
            && match &self.scope {
                Scope::All => true,
                Scope::Template(template) => occasion.template == Some(*template),
                Scope::Stage(template, stage) => {
                    occasion.template == Some(*template) && occasion.stage == Some(stage)
                }
                Scope::Field(template, field) => {
                    occasion.template == Some(*template) && occasion.field == Some(field)
                }
                Scope::Own => occasion.own,
                Scope::Team => occasion.own || occasion.team,
            }
    }
}

/// What the log says about a right between the version a change cites and its arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<V> {
    /// The right held all the way.
    Allowed,
    /// The author did not have the right at the version it cites: never admitted.
    Denied,
    /// The author had the right and lost it on the way: held until adopted. Carries the first
    /// version at which it was missing.
    Reduced(V),
}

/// The one comparison: `versions` are the states of authority from the cited one to the one in
/// force at arrival, in log order, each with a name for the verdict.
pub fn judge<V, S>(
    versions: impl IntoIterator<Item = (V, S)>,
    allowed: impl Fn(&S) -> bool,
) -> Verdict<V> {
    let mut versions = versions.into_iter();
    match versions.next() {
        Some((_, cited)) if allowed(&cited) => {}
        Some(_) | None => return Verdict::Denied,
    }
    versions
        .find(|(_, state)| !allowed(state))
        .map_or(Verdict::Allowed, |(version, _)| Verdict::Reduced(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_lost_and_regained_on_the_way_still_counts_as_reduced() {
        let held = |s: &bool| *s;
        assert_eq!(judge([(1, true), (2, true)], held), Verdict::Allowed);
        assert_eq!(
            judge([(1, true), (2, false), (3, true)], held),
            Verdict::Reduced(2)
        );
        assert_eq!(judge([(1, false), (2, true)], held), Verdict::Denied);
        assert_eq!(judge(Vec::<(u8, bool)>::new(), held), Verdict::Denied);
    }

    #[test]
    fn the_wire_number_of_each_verb_is_its_place_in_the_list() {
        for (n, verb) in Verb::ALL.iter().enumerate() {
            assert_eq!(
                minicbor::to_vec(verb).unwrap(),
                vec![u8::try_from(n).unwrap()]
            );
        }
    }

    #[test]
    fn a_verb_is_written_the_same_by_people_and_in_json() {
        for verb in Verb::ALL {
            assert_eq!(serde_json::to_string(&verb).unwrap(), format!("\"{verb}\""));
            assert_eq!(verb.as_str().parse(), Ok(verb));
        }
    }

    /// Every scope that two templates, stages and fields can make, and every occasion on them.
    fn world() -> (Vec<Scope>, Vec<Occasion<'static>>) {
        let templates = [DocumentId::new([1; 16]), DocumentId::new([2; 16])];
        let mut scopes = vec![Scope::All, Scope::Own, Scope::Team];
        for template in templates {
            scopes.push(Scope::Template(template));
            for name in ["a", "b"] {
                scopes.push(Scope::Stage(template, name.into()));
                scopes.push(Scope::Field(template, name.into()));
            }
        }
        let mut occasions = Vec::new();
        for template in templates {
            for stage in [None, Some("a"), Some("b")] {
                for field in [None, Some("a"), Some("b")] {
                    for (own, team) in [(false, false), (false, true), (true, true)] {
                        let verb = Verb::Edit;
                        let template = Some(template);
                        occasions.push(Occasion {
                            verb,
                            template,
                            stage,
                            field,
                            own,
                            team,
                        });
                    }
                }
            }
        }
        (scopes, occasions)
    }

    #[test]
    fn a_scope_includes_another_exactly_when_it_covers_every_occasion_of_it() {
        let (scopes, occasions) = world();
        for wide in &scopes {
            for narrow in &scopes {
                let covers = |scope: &Scope, occasion| {
                    Grant {
                        verb: Verb::Edit,
                        scope: scope.clone(),
                    }
                    .covers(occasion)
                };
                let everywhere = occasions
                    .iter()
                    .all(|o| !covers(narrow, o) || covers(wide, o));
                assert_eq!(wide.includes(narrow), everywhere, "{wide} {narrow}");
            }
        }
    }

    #[test]
    fn a_grant_for_one_stage_covers_no_other() {
        let template = DocumentId::new([1; 16]);
        let grant = Grant {
            verb: Verb::Move,
            scope: Scope::Stage(template, "review".into()),
        };
        let mut occasion = Occasion {
            verb: Verb::Move,
            template: Some(template),
            stage: Some("review"),
            field: None,
            own: false,
            team: false,
        };
        assert!(grant.covers(&occasion));
        occasion.stage = Some("closed");
        assert!(!grant.covers(&occasion));
    }
}
