//! The play that fills the book: Ana does everything once, Rui works beside her now and then.

use std::collections::BTreeMap;
use std::sync::Arc;

use automerge::{Author, Automerge, ReadDoc as _};
use casework_engine::case::facet::review::{Review, ReviewAction, ReviewVerdict};
use casework_engine::case::{
    Act, Asker, CaseAction, Cause, FacetAction, PartId, Past, Place, RevisionMark, Stamp,
    check_act, write,
};
use casework_engine::template::{
    Category, Choice, DecisionType, Field, Form, FormKind, Outcome, Package, Question, Revision,
    Rule, Severity, Stage, Today, Transition,
};
use casework_engine::value::{ConflictPolicy, FieldType, Scalar};
use casework_protocol::citation::{Citation, CitedVersion};
use casework_protocol::ids::ChangeHash;
use casework_protocol::roster::role::AGENT;
use jiff::Timestamp;
use jiff::tz::Offset;

use super::acts::{alone, beside, opening};
use super::facets::facets;
use super::{Book, BookChange, actor, device};

const ANA: u8 = 1;
pub(super) const RUI: u8 = 2;

/// A template with a rule of every severity and a field of every policy.
#[must_use]
pub fn template_package() -> Package {
    let mut package = Package::new("CMP", "Complaint");
    let mut review = Stage::new("review", "Review", Category::Active);
    review.required = vec!["summary".into()];
    package.stages = vec![
        Stage::new("new", "New", Category::Intake),
        review,
        Stage::new("decided", "Decided", Category::Done),
    ];
    let rule = |severity, message: &str| Rule::new(severity, message);
    let listed = |from: &str, to: &str, rules| Transition {
        from: from.into(),
        to: to.into(),
        label: String::new(),
        rules,
    };
    package.transitions = vec![
        listed("new", "review", Vec::new()),
        listed(
            "new",
            "decided",
            vec![rule(Severity::Ask, "a review comes first")],
        ),
        listed("review", "decided", Vec::new()),
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
    let outcome = |id: &str| Outcome {
        id: id.into(),
        label: id.into(),
    };
    let answers = vec![outcome("yes"), outcome("no")];
    package.decision_types = vec![DecisionType::new("grant", "Grant it?", answers)];
    package.resolutions = vec![outcome("solved"), outcome("withdrawn")];
    let mut more = Form::new("more", FormKind::Request, "Tell us more");
    more.questions = vec![Question {
        id: "else".into(),
        label: "What else?".into(),
        help: String::new(),
        required: false,
        short: false,
    }];
    package.forms = vec![more];
    package
}

pub(super) fn play() -> Book {
    let revision = template_package()
        .publish()
        .expect("the book's template has no fault");
    let mut stage = Players::new(Arc::new(revision));
    stage.act(ANA, Act::new(part(1), opening()));
    for (n, action) in alone().into_iter().enumerate() {
        let act = Act::new(part(2 + n as u64), action);
        stage.act(ANA, with_reason(act));
    }
    for (n, action) in facets().into_iter().enumerate() {
        let act = with_reason(Act::new(part(3_000 + n as u64), action));
        stage.act(ANA, with_rule(act));
    }
    stage.meet();
    for n in 0..3 {
        for player in [ANA, RUI] {
            for (m, action) in beside(player, n).into_iter().enumerate() {
                let id = part(1_000 + 100 * n + 10 * u64::from(player) + m as u64);
                stage.act(player, Act::new(id, action));
            }
        }
        stage.meet();
        let value = stage.sides("summary").pop().expect("the field was set");
        let settle = CaseAction::Settle {
            place: Place::Field("summary".into()),
            value,
        };
        stage.act(ANA, with_reason(Act::new(part(2_000 + n), settle)));
    }
    let review = ReviewAction::Review {
        of: stage.overridden(),
        review: Review {
            verdict: ReviewVerdict::Accepted,
            note: "it could not wait".into(),
        },
    };
    stage.act(RUI, Act::new(part(2_900), review.into()));
    stage.meet();
    stage.into_book()
}

/// Two copies of the case, and what was made on them.
struct Players {
    revision: Arc<Revision>,
    docs: BTreeMap<u8, Automerge>,
    changes: Vec<BookChange>,
    before: BTreeMap<(casework_protocol::ids::ActorId, u32), Automerge>,
    clock_ms: i64,
}

impl Players {
    fn new(revision: Arc<Revision>) -> Self {
        let docs = [ANA, RUI].map(|n| (n, sat_at(Automerge::new(), n))).into();
        let (changes, before) = (Vec::new(), BTreeMap::new());
        Self {
            revision,
            docs,
            changes,
            before,
            clock_ms: 1_700_000_000_000,
        }
    }

    fn act(&mut self, n: u8, act: Act) {
        self.clock_ms += 60_000;
        let doc = self.docs.get_mut(&n).expect("both players have a copy");
        let asker = Asker {
            today: Today::at(Timestamp::UNIX_EPOCH, Offset::UTC),
            me: super::member(n),
            knows: &|member| member.as_bytes()[0] < 100,
            is_me: &|found| found == actor(n),
            roles: &[AGENT.to_owned()].into(),
            holders: &|_| (1..=3).map(super::member).collect(),
        };
        let shown = format!("{act:?}");
        let checked = check_act(&Past::now(doc), &self.revision, act, &asker)
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let stamp = Stamp {
            citation: citation(),
            revision: Some(RevisionMark::of(&self.revision.id())),
            time_ms: self.clock_ms,
            zone_min: 60,
        };
        let before = doc.clone();
        let hash = write(doc, &checked, &stamp).expect("a checked act is written");
        let change = doc.get_change_by_hash(&hash).expect("it was just made");
        let seq = u32::try_from(change.seq()).expect("the book is short");
        self.before.insert((actor(n), seq), before);
        let (hash, bytes) = (ChangeHash::new(hash.0), change.raw_bytes().to_vec());
        self.changes.push(BookChange {
            device: n,
            hash,
            bytes,
        });
    }

    /// Both copies get everything.
    fn meet(&mut self) {
        let mut merged = self.docs[&ANA].clone();
        merged
            .merge(&mut self.docs[&RUI].clone())
            .expect("players never share an actor");
        self.docs = [ANA, RUI].map(|n| (n, sat_at(merged.clone(), n))).into();
    }

    fn sides(&self, field: &str) -> Vec<Scalar> {
        let past = Past::now(&self.docs[&ANA]);
        let place = casework_engine::case::schema::FIELDS;
        let fields = past.maps(casework_engine::case::Object::Root, place)[0];
        past.sides(fields, field).into_iter().collect()
    }

    /// What Ana did although a rule asked.
    fn overridden(&self) -> PartId {
        let past = Past::now(&self.docs[&RUI]);
        let place = casework_engine::case::schema::OVERRIDES;
        let overrides = past.maps(casework_engine::case::Object::Root, place)[0];
        let mut keys = past
            .keys(overrides, String::new().."g".to_owned())
            .into_iter();
        let known = keys.find_map(|key| key.parse().ok());
        known.expect("Ana went through a rule that asks")
    }

    fn into_book(self) -> Book {
        let Self {
            revision,
            docs,
            changes,
            before,
            ..
        } = self;
        let whole = docs[&ANA].clone();
        assert_eq!(whole.get_heads(), docs[&RUI].get_heads());
        Book {
            revision,
            whole,
            changes,
            before,
        }
    }
}

fn sat_at(doc: Automerge, n: u8) -> Automerge {
    let author = Author::from(device(n).as_bytes().to_vec());
    doc.with_author(Some(author))
        .with_actor(automerge::ActorId::from(&actor(n).as_bytes()[..]))
}

pub(super) fn part(n: u64) -> PartId {
    PartId::new((n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1).to_be_bytes())
}

fn citation() -> Citation {
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

fn with_reason(act: Act) -> Act {
    let override_rule = matches!(&act.action, CaseAction::Move { to } if to == "decided");
    Act {
        override_rule,
        ..act.because("because")
    }
}

/// What only a rule does names it.
fn with_rule(mut act: Act) -> Act {
    if let CaseAction::Facet(FacetAction::Automation(action)) = &act.action
        && action.is_of_a_rule()
    {
        act.cause = Some(Cause {
            rule: "follow".into(),
            of: None,
            key: part(4_000),
            step: 0,
            depth: 1,
        });
    }
    act
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use casework_engine::case::{ActionKind, Message};

    use super::super::book;
    use crate::chunk::ChangeParts;

    #[test]
    fn the_book_uses_every_action_of_a_case() {
        let action = |bytes: &[u8]| {
            let message = ChangeParts::of(bytes).unwrap().message;
            Message::read(core::str::from_utf8(&message).unwrap())
                .unwrap()
                .action
        };
        let used: BTreeSet<_> = book()
            .changes()
            .iter()
            .map(|change| action(&change.bytes))
            .collect();
        let of_a_case = |kind: &ActionKind| kind.is_of_case();
        assert_eq!(used, ActionKind::all().filter(of_a_case).collect());
    }
}
