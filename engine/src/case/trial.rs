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

pub(crate) use facets::{file, helena, vote};

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

/// Every kind of action, one after the other, on one desk; contested values come from a second one.
pub(crate) fn play() -> Desk {
    let mut ana = Desk::open(1);
    play_fields(&mut ana);
    play_comments(&mut ana);
    play_tasks(&mut ana);
    facets::play(&mut ana);
    play_people(&mut ana);
    play_ending(&mut ana);
    ana
}

fn play_fields(ana: &mut Desk) {
    ana.does(
        2,
        CaseAction::SetTitle {
            title: "Noise".into(),
        },
    );
    ana.does(3, set_summary("it is loud"));
    ana.does(
        4,
        CaseAction::ClearField {
            field: "urgent".into(),
        },
    );
    ana.does(
        5,
        CaseAction::AddOption {
            field: "skills".into(),
            option: "tax".into(),
        },
    );
    ana.does(
        6,
        CaseAction::RemoveOption {
            field: "skills".into(),
            option: "law".into(),
        },
    );
    ana.does(
        7,
        CaseAction::Count {
            field: "visits".into(),
            by: 2,
        },
    );
    ana.does(8, edit_notes("first lines"));
    ana.does(9, edit_notes("first two lines 🚧 ok"));
}

fn play_comments(ana: &mut Desk) {
    let comment = part(102);
    let body = "ask the neighbours".to_owned();
    ana.does(
        10,
        CaseAction::Comment {
            id: comment,
            body,
            external: false,
            reply_to: None,
        },
    );
    let reply = CaseAction::Comment {
        id: part(104),
        body: "done".into(),
        external: true,
        reply_to: Some(comment),
    };
    ana.does(11, reply);
    ana.does(
        12,
        CaseAction::EditComment {
            id: comment,
            body: "ask all neighbours".into(),
        },
    );
    ana.act(explained(13, CaseAction::RedactComment { id: part(104) }));
}

fn play_tasks(ana: &mut Desk) {
    let (task, item) = (part(100), part(101));
    ana.does(14, create_task(task, item));
    ana.does(
        15,
        CaseAction::AssignTask {
            task,
            assignee: None,
        },
    );
    ana.does(
        16,
        CaseAction::RescheduleTask {
            task,
            due: Some("2026-04-01".into()),
        },
    );
    ana.does(17, CaseAction::FinishTask { task });
    ana.does(18, CaseAction::ReopenTask { task });
    ana.does(19, CaseAction::CancelTask { task });
    ana.does(
        20,
        CaseAction::AddItem {
            task,
            item: part(105),
            text: "knock".into(),
        },
    );
    ana.does(
        21,
        CaseAction::CheckItem {
            task,
            item,
            done: true,
        },
    );
}

fn play_people(ana: &mut Desk) {
    ana.does(22, CaseAction::Assign { member: member(3) });
    ana.does(23, CaseAction::Unassign { member: member(2) });
    ana.does(
        24,
        CaseAction::SetOwner {
            member: Some(member(3)),
        },
    );
    ana.does(25, CaseAction::SetOwner { member: None });
    ana.does(
        26,
        CaseAction::AddLabel {
            label: "night".into(),
        },
    );
    ana.does(
        27,
        CaseAction::RemoveLabel {
            label: "night".into(),
        },
    );
    ana.does(
        28,
        CaseAction::SetPriority {
            priority: Some("high".into()),
        },
    );
    ana.does(
        29,
        CaseAction::SetDue {
            due: Some("2026-05-01".into()),
        },
    );
}

fn play_ending(ana: &mut Desk) {
    ana.does(30, CaseAction::Decide(decide(part(103), "yes")));
    ana.does(31, CaseAction::Decide(decide(part(106), "no")));
    let jump = explained(
        32,
        CaseAction::Move {
            to: "decided".into(),
        },
    );
    ana.act(Act {
        override_rule: true,
        ..jump
    });
    ana.does(
        33,
        CaseAction::Close(Closing {
            code: "solved".into(),
            notes: "quiet now".into(),
        }),
    );
    ana.act(explained(34, CaseAction::Reopen));
    let mut rui = ana.copy_to(2);
    ana.does(35, set_summary("left"));
    rui.does(36, set_summary("right"));
    let review = Review {
        verdict: ReviewVerdict::FollowUp,
        note: "the review is made up for".into(),
    };
    let of = part(32);
    rui.does(38, ReviewAction::Review { of, review }.into());
    ana.merge(&rui);
    let value = Scalar::text("left");
    let settle = CaseAction::Settle {
        place: Place::Field("summary".into()),
        value,
    };
    ana.act(explained(37, settle));
}

fn explained(n: u64, action: CaseAction) -> Act {
    Act::new(part(n), action).because("because")
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
