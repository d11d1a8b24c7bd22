//! A small workspace for tests: one template with a field of every policy, and desks that act on
//! one case, offline from each other until they exchange changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::{Author, Automerge, Change, ChangeHash as Hash, ReadDoc};
use casework_protocol::actor::actor_id;
use casework_protocol::citation::{Citation, CitedVersion};
use casework_protocol::ids::{ActorId, DeviceId, DocumentId, MemberId, WorkspaceId};
use jiff::Timestamp;
use jiff::tz::Offset;

use super::*;
use crate::approval::{Mode, Seat};
use crate::template::{
    ApprovalType, Approver, Category, Choice, DecisionType, Field, Form, FormKind, Outcome,
    Package, Question, Revision, Rule, Severity, Stage, Threshold, Today, Transition, Unlisted,
};
use crate::value::{ConflictPolicy, FieldType, Scalar};

use super::facet::review::{Review, ReviewAction, ReviewVerdict};

pub(crate) mod facets;
mod play;

pub(crate) use facets::{file, helena, vote};
pub(crate) use play::play;

/// A device with its copy of the case.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) doc: Automerge,
    pub(crate) member: MemberId,
    pub(crate) revision: Arc<Revision>,
    clock_ms: i64,
}

/// The id that stands for this number.
pub(crate) fn part(n: u64) -> PartId {
    PartId::new((n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1).to_be_bytes())
}

/// The member with this number.
pub(crate) fn member(n: u8) -> MemberId {
    MemberId::new([n; 16])
}

/// Stages new → review → decided, with a blocked, an asking and a warning move; fields of every
/// policy.
pub(crate) fn package() -> Package {
    let mut package = Package::new("CMP", "Complaint");
    let mut review = Stage::new("review", "Review", Category::Active);
    review.required = vec!["summary".into()];
    package.stages = vec![
        Stage::new("new", "New", Category::Intake),
        review,
        Stage::new("appeal", "Appeal", Category::Active),
        Stage::new("decided", "Decided", Category::Done),
    ];
    let rule = |severity, message: &str| Rule::new(severity, message);
    let listed = |from: &str, to: &str, rules| Transition {
        from: from.into(),
        to: to.into(),
        label: String::new(),
        rules,
    };
    package.unlisted = Unlisted::Free;
    package.transitions = vec![
        listed(
            "new",
            "decided",
            vec![rule(Severity::Ask, "a review comes first")],
        ),
        listed(
            "new",
            "appeal",
            vec![rule(Severity::Block, "nothing was decided yet")],
        ),
        listed(
            "review",
            "new",
            vec![rule(Severity::Warn, "the clock starts again")],
        ),
    ];
    let mut skills = Field::new("skills", "Skills", FieldType::MultiSelect);
    skills.options = vec![Choice::new("law", "Law"), Choice::new("tax", "Tax")];
    let mut notes = Field::new("notes", "Notes", FieldType::LongText);
    notes.conflict = Some(ConflictPolicy::Text);
    package.fields = vec![
        Field::new("summary", "Summary", FieldType::Text),
        Field::new("urgent", "Urgent", FieldType::Checkbox),
        Field::new("visits", "Visits", FieldType::Counter),
        skills,
        notes,
    ];
    let mut more = Form::new("more", FormKind::Request, "Tell us more");
    more.questions = vec![Question {
        id: "more".into(),
        label: "What else?".into(),
        help: String::new(),
        required: false,
        short: false,
    }];
    package.forms = vec![more];
    let outcome = |id: &str| Outcome {
        id: id.into(),
        label: id.into(),
    };
    let answers = vec![outcome("yes"), outcome("no")];
    package.decision_types = vec![DecisionType::new("grant", "Grant it?", answers)];
    package.approvals = vec![approval_type()];
    package.resolutions = vec![outcome("solved"), outcome("withdrawn")];
    package
}

/// The board grants it; from three visits on member 4 must agree too. Whoever wrote the summary, or
/// asked, has no vote.
fn approval_type() -> ApprovalType {
    let board: Approver = "role:board".parse().expect("a seat");
    let fourth = Approver::Seat(Seat::Member(member(4)));
    ApprovalType {
        id: "granting".into(),
        label: "Granting".into(),
        stage: String::new(),
        mode: Mode::Any,
        count: 0,
        approvers: vec![board.clone()],
        thresholds: vec![Threshold {
            field: "visits".into(),
            from: Scalar::Int(3),
            mode: Mode::All,
            count: 0,
            approvers: vec![board, fourth],
        }],
        maker_checker: true,
        made_by: vec!["summary".into()],
        note_required: true,
    }
}

/// What the desks' case is opened with.
pub(crate) fn opening() -> Act {
    let fields = BTreeMap::from([
        ("urgent".to_owned(), FieldEntry::Value(Scalar::Bool(true))),
        (
            "skills".to_owned(),
            FieldEntry::Options(["law".to_owned()].into()),
        ),
    ]);
    Act::new(
        part(1),
        CaseAction::Open(Opening {
            template: DocumentId::new([4; 16]),
            title: "Noise at night".into(),
            number: "CMP-~1".into(),
            stage: "new".into(),
            fields,
            owner: Some(member(1)),
            assignees: [member(1), member(2)].into(),
        }),
    )
}

impl Desk {
    /// A desk of this member whose copy is empty.
    pub(crate) fn new(n: u8) -> Self {
        let revision = Arc::new(
            package()
                .publish()
                .expect("the trial's package has no fault"),
        );
        let doc = Automerge::new();
        Self {
            doc: sat_at(doc, n),
            member: member(n),
            revision,
            clock_ms: i64::from(n) * 1_000,
        }
    }

    /// A desk whose case is open.
    pub(crate) fn open(n: u8) -> Self {
        let mut desk = Self::new(n);
        desk.act(opening());
        desk
    }

    /// A desk whose case is open under a template of its own, which has all that the trial's has.
    pub(crate) fn of(n: u8, revision: Arc<Revision>) -> Self {
        let mut desk = Self {
            revision,
            ..Self::new(n)
        };
        desk.act(opening());
        desk
    }

    /// Another member's desk with a copy of all that this one has.
    pub(crate) fn copy_to(&self, n: u8) -> Self {
        let clock_ms = i64::from(n) * 1_000;
        Self {
            doc: sat_at(self.doc.clone(), n),
            member: member(n),
            clock_ms,
            ..self.clone()
        }
    }

    pub(crate) fn try_act(&mut self, act: Act) -> Result<Hash, ActError> {
        let checked = self.check(act)?;
        let stamp = self.stamp();
        Ok(write(&mut self.doc, &checked, &stamp).expect("a checked act is written"))
    }

    pub(crate) fn check(&self, act: Act) -> Result<Checked, ActError> {
        let me = self.member;
        let asker = Asker {
            today: Today::at(Timestamp::UNIX_EPOCH, Offset::UTC),
            me,
            knows: &|member| member.as_bytes()[0] < 100,
            is_me: &|actor| actor == actor_of(me.as_bytes()[0]),
            roles: &BTreeSet::from([casework_protocol::roster::role::AGENT.to_owned()]),
            holders: &holders,
        };
        check_act(&Past::now(&self.doc), &self.revision, act, &asker)
    }

    pub(crate) fn act(&mut self, act: Act) -> Hash {
        let shown = format!("{act:?}");
        self.try_act(act)
            .unwrap_or_else(|error| panic!("{shown}: {error}"))
    }

    /// Does an action with the id of this number.
    pub(crate) fn does(&mut self, n: u64, action: CaseAction) -> Hash {
        self.act(Act::new(part(n), action))
    }

    pub(crate) fn stamp(&mut self) -> Stamp {
        self.clock_ms += 60_000;
        Stamp {
            citation: citation(),
            revision: Some(RevisionMark::of(&self.revision.id())),
            time_ms: self.clock_ms,
            zone_min: 60,
        }
    }

    /// Takes over all that another desk has.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.doc
            .merge(&mut other.doc.clone())
            .expect("desks never share an actor");
    }

    pub(crate) fn change(&self, hash: Hash) -> Change {
        self.doc
            .get_change_by_hash(&hash)
            .expect("the desk made it")
    }

    pub(crate) fn changes(&self) -> Vec<Change> {
        self.doc.get_changes(&[])
    }

    /// Looks revisions up as a replica would.
    pub(crate) fn revisions(&self) -> impl Fn(RevisionMark) -> Option<Arc<Revision>> + use<> {
        let revision = Arc::clone(&self.revision);
        move |mark| mark.names(&revision.id()).then(|| Arc::clone(&revision))
    }
}

pub(crate) fn citation() -> Citation {
    Citation {
        roster: CitedVersion {
            version: 12,
            mark: [0x9f; 8],
        },
        access: CitedVersion {
            version: 3,
            mark: [0x77; 8],
        },
    }
}

/// Who holds a seat here: members by name; every role and team is held by members 2 and 3.
pub(crate) fn holders(seat: &Seat) -> BTreeSet<MemberId> {
    match seat {
        Seat::Member(member) => [*member].into(),
        Seat::Role(_) | Seat::Team(_) => [member(2), member(3)].into(),
    }
}

/// The actor under which the member with this number writes.
pub(crate) fn actor_of(n: u8) -> ActorId {
    actor_id(
        WorkspaceId::new([7; 32]),
        DocumentId::new([8; 16]),
        DeviceId::new([n; 32]),
        [n; 8],
    )
}

/// A copy of a document in which the member with this number writes.
pub(crate) fn sat_at(doc: Automerge, n: u8) -> Automerge {
    let actor = automerge::ActorId::from(&actor_of(n).as_bytes()[..]);
    doc.with_author(Some(Author::from(vec![n; 32])))
        .with_actor(actor)
}

pub(crate) fn set_summary(text: &str) -> CaseAction {
    CaseAction::SetField {
        field: "summary".into(),
        value: Scalar::text(text),
    }
}

pub(crate) fn edit_notes(text: &str) -> CaseAction {
    CaseAction::EditText {
        field: "notes".into(),
        text: text.into(),
    }
}

pub(crate) fn create_task(id: PartId, item: PartId) -> CaseAction {
    CaseAction::CreateTask {
        id,
        title: "Visit".into(),
        assignee: Some(member(2)),
        due: Some("2026-03-01".into()),
        checklist: vec![(item, "ring the bell".into())],
    }
}

pub(crate) fn decide(id: PartId, outcome: &str) -> Decision {
    Decision {
        id,
        question: "grant".into(),
        outcome: outcome.into(),
        rationale: "it is so".into(),
        conditions: String::new(),
        supersedes: [].into(),
    }
}
