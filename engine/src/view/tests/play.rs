//! A played case: devices that act, part and meet again, through the same roads as real ones.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ActorId, Author, Automerge};
use casework_protocol::actor::actor_id;
use casework_protocol::citation::{Citation, CitedVersion};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId, WorkspaceId};
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::case::action::{Act, CaseAction, Closing, Decision, FieldEntry, Opening};
use crate::case::judge::{Asker, check_act};
use crate::case::message::{Message, RevisionMark};
use crate::case::past::Past;
use crate::case::write::{Stamp, write};
use crate::case::{ActError, PartId, Place, touched_by};
use crate::template::{Category, Choice, Field, Package, Revision, Stage};
use crate::value::{ConflictPolicy, FieldType, Scalar};
use crate::view::{
    Breaches, CaseView, CommentView, TimelineContext, TimelineEntry, TimelinePage, ViewContext,
    read, read_comments, timeline,
};

/// Sunday, 1 March 2026, 12:00 UTC.
pub(super) const NOON: i64 = 1_772_366_400_000;
/// The document of every played case.
pub(super) const CASE: DocumentId = DocumentId::new([0xca; 16]);
/// The template of every played case.
pub(super) const TEMPLATE: DocumentId = DocumentId::new([0x7e; 16]);

/// A device with its own copy of the case.
#[derive(Clone)]
pub(super) struct Player {
    pub(super) doc: Automerge,
    pub(super) revision: Revision,
    device: u8,
    /// Its clock, milliseconds UTC.
    pub(super) clock: i64,
    ids: u32,
}

/// The template of every played case: free movement, one required field in review, one field of
/// every conflict policy.
pub(super) fn package() -> Package {
    let mut package = Package::new("TST", "Complaint");
    let mut review = Stage::new("review", "Review", Category::Active);
    review.required = vec!["summary".to_owned()];
    package.stages = vec![
        Stage::new("intake", "Intake", Category::Intake),
        review,
        Stage::new("answer", "Answer", Category::Active),
        Stage::new("closed", "Closed", Category::Done),
    ];
    let field = |id: &str, kind| Field::new(id, id.to_uppercase(), kind);
    let mut skills = field("skills", FieldType::MultiSelect);
    skills.options = ["a", "b", "c"]
        .map(|id| Choice::new(id, id.to_uppercase()))
        .to_vec();
    let mut phase = field("phase", FieldType::Text);
    phase.conflict = Some(ConflictPolicy::Latest);
    let mut story = field("story", FieldType::LongText);
    story.conflict = Some(ConflictPolicy::Text);
    let mut secret = field("secret", FieldType::Text);
    (secret.sensitive, secret.card) = (true, true);
    let mut amount = field("amount", FieldType::Money);
    amount.card = true;
    let (summary, visits) = (
        field("summary", FieldType::Text),
        field("visits", FieldType::Counter),
    );
    package.fields = vec![summary, amount, phase, skills, visits, story, secret];
    package
}

pub(super) fn member(byte: u8) -> MemberId {
    MemberId::new([byte; 16])
}

/// Whose device it is: devices 0x10–0x1f are member 1's, and so on.
pub(super) fn member_of(device: DeviceId) -> Option<MemberId> {
    Some(member(device.as_bytes()[0] >> 4))
}

/// Everybody has device number `0x10 * n`; the first one opens the case and all share it.
pub(super) fn players<const N: usize>() -> [Player; N] {
    let mut first = Player::new(0x10);
    first.act(opening());
    std::array::from_fn(|n| first.clone_as(0x10 * (n as u8 + 1)))
}

pub(super) fn opening() -> CaseAction {
    CaseAction::Open(Opening {
        template: TEMPLATE,
        title: "Broken pavement".to_owned(),
        number: "TST-~0001".to_owned(),
        stage: "intake".to_owned(),
        fields: BTreeMap::from([
            ("phase".to_owned(), FieldEntry::Value(Scalar::text("one"))),
            (
                "skills".to_owned(),
                FieldEntry::Options(BTreeSet::from(["a".to_owned()])),
            ),
        ]),
        owner: Some(member(1)),
        assignees: BTreeSet::from([member(1)]),
    })
}

impl Player {
    pub(super) fn new(device: u8) -> Self {
        Self {
            doc: Automerge::new(),
            revision: package().publish().unwrap(),
            device: 0,
            clock: NOON,
            ids: 0,
        }
        .clone_as(device)
    }

    /// Another device with a copy of this one's case.
    pub(super) fn clone_as(&self, device: u8) -> Self {
        let id = DeviceId::new([device; 32]);
        let actor = actor_id(WorkspaceId::new([1; 32]), CASE, id, [device; 8]);
        let doc = self
            .doc
            .fork()
            .with_author(Some(Author::from(id.as_bytes().to_vec())))
            .with_actor(ActorId::from(&actor.as_bytes()[..]));
        Self {
            doc,
            device,
            ids: 0,
            ..self.clone()
        }
    }

    pub(super) fn new_id(&mut self) -> PartId {
        self.ids += 1;
        PartId::derive(&[self.device; 32], self.ids)
    }

    /// Does something; a minute passes.
    pub(super) fn act(&mut self, action: CaseAction) -> ChangeHash {
        self.try_act(action, None).unwrap()
    }

    pub(super) fn act_because(&mut self, action: CaseAction, why: &str) -> ChangeHash {
        self.try_act(action, Some(why)).unwrap()
    }

    pub(super) fn try_act(
        &mut self,
        action: CaseAction,
        why: Option<&str>,
    ) -> Result<ChangeHash, ActError> {
        let mut act = Act::new(self.new_id(), action);
        act.override_rule = why.is_some();
        act.reason = why.map(str::to_owned);
        self.perform(act)
    }

    pub(super) fn perform(&mut self, act: Act) -> Result<ChangeHash, ActError> {
        self.clock += 60_000;
        let now = Timestamp::from_millisecond(self.clock).unwrap();
        let me = member_of(DeviceId::new([self.device; 32]));
        let is_mine = |actor: casework_protocol::ids::ActorId| {
            member_of(DeviceId::new([actor.as_bytes()[0]; 32])) == me
        };
        let asker = Asker {
            today: crate::template::Today::at(now, Offset::UTC),
            me: me.expect("every device has a member"),
            knows: &|_| true,
            is_me: &is_mine,
            roles: &BTreeSet::from([casework_protocol::roster::role::AGENT.to_owned()]),
            // Everybody holds everything here: outcomes are what is played.
            holders: &|_| (0..16).map(member).collect(),
        };
        let checked = check_act(&Past::now(&self.doc), &self.revision, act, &asker)?;
        let version = CitedVersion {
            version: 1,
            mark: [1; 8],
        };
        let stamp = Stamp {
            citation: Citation {
                roster: version,
                access: version,
            },
            revision: Some(RevisionMark::of(&self.revision.id())),
            time_ms: self.clock,
            zone_min: 60,
        };
        let hash = write(&mut self.doc, &checked, &stamp).unwrap();
        Ok(ChangeHash::new(hash.0))
    }

    pub(super) fn comment(&mut self, body: &str) -> PartId {
        let id = self.new_id();
        let body = body.to_owned();
        self.act(CaseAction::Comment {
            id,
            body,
            external: false,
            reply_to: None,
        });
        id
    }

    pub(super) fn task(&mut self, title: &str, items: &[&str]) -> (PartId, Vec<PartId>) {
        let id = self.new_id();
        let items: Vec<_> = items
            .iter()
            .map(|text| (self.new_id(), (*text).to_owned()))
            .collect();
        self.act(CaseAction::CreateTask {
            id,
            title: title.to_owned(),
            assignee: None,
            due: None,
            checklist: items.clone(),
        });
        (id, items.into_iter().map(|(id, _)| id).collect())
    }

    pub(super) fn decide(&mut self, question: &str, outcome: &str) -> PartId {
        let id = self.new_id();
        self.act(CaseAction::Decide(Decision {
            id,
            question: question.to_owned(),
            outcome: outcome.to_owned(),
            rationale: "because".to_owned(),
            conditions: String::new(),
            supersedes: BTreeSet::new(),
        }));
        id
    }

    pub(super) fn see(&self) -> CaseView {
        self.see_with(&Breaches::new())
    }

    pub(super) fn see_with(&self, breaches: &Breaches) -> CaseView {
        read(&self.doc, &self.context(breaches)).unwrap()
    }

    pub(super) fn context<'a>(&'a self, breaches: &'a Breaches) -> ViewContext<'a> {
        ViewContext {
            document: CASE,
            members: &member_of,
            revision: Some(&self.revision),
            breaches,
        }
    }

    pub(super) fn comments(&self) -> Vec<CommentView> {
        read_comments(&self.doc, &self.context(&Breaches::new()))
    }

    pub(super) fn timeline(&self) -> Vec<TimelineEntry> {
        let context = TimelineContext {
            members: &member_of,
            arrivals: &|_| None,
        };
        timeline(
            &self.doc,
            &context,
            TimelinePage {
                skip: 0,
                take: usize::MAX,
            },
        )
    }

    /// What the changes that `before` lacks have touched.
    pub(super) fn touched_since(&self, before: &Automerge) -> BTreeSet<Place> {
        self.doc
            .get_changes_meta(&before.get_heads())
            .iter()
            .flat_map(|meta| touched_by(&Message::read(meta.message.as_ref().unwrap()).unwrap()))
            .collect()
    }
}

/// Everybody gets everything; all must see the same.
pub(super) fn meet(players: &mut [&mut Player]) -> CaseView {
    let mut all = players[0].doc.fork();
    for player in players.iter_mut() {
        all.merge(&mut player.doc).unwrap();
    }
    for player in players.iter_mut() {
        player.doc.merge(&mut all).unwrap();
    }
    let views: Vec<CaseView> = players.iter().map(|player| player.see()).collect();
    assert!(
        views.windows(2).all(|pair| pair[0] == pair[1]),
        "views differ"
    );
    let comments: Vec<_> = players.iter().map(|player| player.comments()).collect();
    assert!(
        comments.windows(2).all(|pair| pair[0] == pair[1]),
        "comments differ"
    );
    let timelines: Vec<_> = players.iter().map(|player| player.timeline()).collect();
    assert!(
        timelines.windows(2).all(|pair| pair[0] == pair[1]),
        "timelines differ"
    );
    views.into_iter().next().unwrap()
}

pub(super) fn move_to(stage: &str) -> CaseAction {
    CaseAction::Move {
        to: stage.to_owned(),
    }
}

pub(super) fn set(field: &str, value: &str) -> CaseAction {
    CaseAction::SetField {
        field: field.to_owned(),
        value: Scalar::text(value),
    }
}

pub(super) fn close(code: &str) -> CaseAction {
    CaseAction::Close(Closing {
        code: code.to_owned(),
        notes: String::new(),
    })
}

pub(super) fn label(label: &str) -> CaseAction {
    CaseAction::AddLabel {
        label: label.to_owned(),
    }
}
