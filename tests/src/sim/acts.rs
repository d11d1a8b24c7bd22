//! What a person of a history does: one of everything that can be done to a case.
//!
//! Facets are drawn as everywhere ([`crate::draw`]); what stands here is the rest.

use casework_engine::case::action::{Closing, Decision};
use casework_engine::case::{CaseAction, PartId, Place};
use casework_engine::value::Scalar;
use casework_engine::view::CaseView;
use casework_protocol::ids::{DocumentId, MemberId};

use super::Play;
use crate::draw::Draw;
use crate::stage::Who;

/// A table of what can be done has this many lines.
const TABLE: usize = 30;

impl Play {
    /// Somebody does something to a case, takes their last deed back, or looks at it.
    pub(super) fn act(&mut self, who: Who, case: DocumentId) {
        // What a rule refuses is refused; nothing is lost by it.
        match self.dice(20) {
            0 => drop(self.stage.try_undo(who, case)),
            1 => drop(self.stage.try_read(who, case)),
            _ => {
                let action = self.draw(who, case);
                drop(self.stage.try_act(who, case, action));
            }
        }
    }

    fn draw(&mut self, who: Who, case: DocumentId) -> CaseAction {
        let word = ["red", "green", "blue"][self.dice(3)].to_owned();
        let (id, other) = (self.stage.part(), self.stage.part());
        let somebody = self.anybody();
        let someone = self.stage.member(somebody);
        let Ok(view) = self.stage.replica(who).case(case) else {
            return CaseAction::AddLabel { label: word };
        };
        let drawn = match (
            self.dice(2),
            self.stage.replica(who).current_revision(view.template),
        ) {
            (0, Some(revision)) => {
                let at = self.dice(self.cases.len());
                let draw = Draw {
                    view: &view,
                    revision: &revision,
                    other: self.cases[at],
                    ids: [id, other],
                    someone,
                    kind: self.dice(Draw::KINDS),
                    at: self.dice(60),
                    word: word.clone(),
                    now_ms: 1_700_000_000_000,
                };
                draw.action()
            }
            _ => None,
        };
        drawn.unwrap_or_else(|| self.plain(who, &view, (id, someone, word)))
    }

    fn plain(
        &mut self,
        who: Who,
        view: &CaseView,
        (id, someone, word): (PartId, MemberId, String),
    ) -> CaseAction {
        let tasks: Vec<PartId> = view.tasks.keys().copied().collect();
        let task = tasks.get(self.dice(tasks.len())).copied();
        let comments = self.stage.replica(who).comments(view.document);
        let comments = comments.unwrap_or_default();
        let said = comments.get(self.dice(comments.len())).map(|one| one.id);
        match self.dice(TABLE) {
            0 | 1 if !view.flags.contested.is_empty() => self.settle(view, word),
            0..=9 => self.field(word),
            10 | 11 => CaseAction::Comment {
                id,
                body: word,
                external: false,
                reply_to: None,
            },
            kind @ 12..=13 => match (kind, said) {
                (12, Some(id)) => CaseAction::EditComment { id, body: word },
                (13, Some(id)) if self.dice(3) == 0 => CaseAction::RedactComment { id },
                _ => CaseAction::AddLabel { label: word },
            },
            kind @ 14..=20 => self.task((kind, task), (id, someone, word)),
            kind => self.header(kind, (id, someone, word)),
        }
    }

    /// Settles one of the contested places on one of its sides.
    fn settle(&mut self, view: &CaseView, label: String) -> CaseAction {
        let mut contests = view.facets.contests();
        if !contests.is_empty() && self.dice(2) == 0 {
            let contest = contests.swap_remove(self.dice(contests.len()));
            let side = &contest.sides[self.dice(contest.sides.len())];
            return side.settled_by.clone().unwrap_or(CaseAction::Settle {
                place: contest.place,
                value: side.value.clone(),
            });
        }
        let places: Vec<&Place> = view.flags.contested.iter().collect();
        let place = places[self.dice(places.len())];
        let text = |text: &String| Scalar::text(text);
        let sides: Vec<Scalar> = match place {
            Place::Stage => view.stage.sides().map(|side| text(&side.value)).collect(),
            Place::Title => view.title.sides().map(|side| text(&side.value)).collect(),
            Place::Owner => {
                let member = |member: &Option<MemberId>| {
                    member.map_or(Scalar::Null, |member| Scalar::Text(member.to_string()))
                };
                view.owner.sides().map(|side| member(&side.value)).collect()
            }
            Place::Field(id) => {
                let slot = view.fields.get(id).and_then(|field| field.value.as_ref());
                let sides = slot.into_iter().flat_map(|slot| slot.sides());
                sides.map(|side| side.value.clone()).collect()
            }
            _ => Vec::new(),
        };
        let at = self.dice(sides.len());
        match sides.into_iter().nth(at) {
            Some(value) => CaseAction::Settle {
                place: place.clone(),
                value,
            },
            None => CaseAction::AddLabel { label },
        }
    }

    fn field(&mut self, word: String) -> CaseAction {
        let option = ["ladder", "electric", "digging"][self.dice(3)].to_owned();
        let named = str::to_owned;
        match self.dice(10) {
            0..=2 => CaseAction::SetField {
                field: named("phone"),
                value: Scalar::text(word),
            },
            3 => CaseAction::SetField {
                field: named("place"),
                value: Scalar::text(word),
            },
            4 => CaseAction::ClearField {
                field: named("phone"),
            },
            5 => CaseAction::EditText {
                field: named("notes"),
                text: format!("{word} {}", self.dice(9)),
            },
            6 => CaseAction::AddOption {
                field: named("skills"),
                option,
            },
            7 => CaseAction::RemoveOption {
                field: named("skills"),
                option,
            },
            _ => CaseAction::Count {
                field: named("visits"),
                by: 1 + self.dice(5) as i64,
            },
        }
    }

    fn task(
        &mut self,
        (kind, task): (usize, Option<PartId>),
        (id, someone, title): (PartId, MemberId, String),
    ) -> CaseAction {
        let day = format!("2026-03-0{}", 1 + self.dice(9));
        match (kind, task) {
            (14, Some(task)) => CaseAction::FinishTask { task },
            (15, Some(task)) => CaseAction::CancelTask { task },
            (16, Some(task)) => CaseAction::AssignTask {
                task,
                assignee: Some(someone),
            },
            (17, Some(task)) => CaseAction::RescheduleTask {
                task,
                due: Some(day),
            },
            (18, Some(task)) => CaseAction::ReopenTask { task },
            (19, Some(task)) => CaseAction::AddItem {
                task,
                item: id,
                text: title,
            },
            (_, _) => CaseAction::CreateTask {
                id,
                title,
                assignee: None,
                due: Some(day),
                checklist: Vec::new(),
            },
        }
    }

    fn header(
        &mut self,
        kind: usize,
        (id, member, word): (PartId, MemberId, String),
    ) -> CaseAction {
        match kind {
            21 | 22 => CaseAction::Move {
                to: ["intake", "review", "answer", "done"][self.dice(4)].to_owned(),
            },
            23 => CaseAction::AddLabel { label: word },
            24 => CaseAction::RemoveLabel { label: word },
            25 if self.dice(2) == 0 => CaseAction::Assign { member },
            25 => CaseAction::Unassign { member },
            26 if self.dice(2) == 0 => CaseAction::SetOwner {
                member: Some(member),
            },
            26 => CaseAction::SetTitle { title: word },
            27 if self.dice(2) == 0 => CaseAction::SetPriority {
                priority: Some(word),
            },
            27 => CaseAction::SetDue {
                due: Some(format!("2026-04-0{}", 1 + self.dice(9))),
            },
            28 => CaseAction::Decide(Decision {
                id,
                question: "repair?".into(),
                outcome: word,
                rationale: String::new(),
                conditions: String::new(),
                supersedes: Default::default(),
            }),
            _ if self.dice(2) == 0 => CaseAction::Close(Closing {
                code: "solved".into(),
                notes: word,
            }),
            _ => CaseAction::Reopen,
        }
    }
}
