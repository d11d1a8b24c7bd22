//! What people of the office do, and what happens to them.

use std::collections::BTreeMap;
use std::time::Instant;

use casework_engine::case::{Act, CaseAction, Closing, Decision, FieldEntry, PartId};
use casework_engine::template::{Field, Revision};
use casework_engine::value::{ConflictPolicy, FieldType, FieldValue};
use casework_engine::view::CaseView;
use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::entry::RosterBody;

use super::Office;
use crate::stage::Who;

/// Words of comments and titles.
pub(super) const WORDS: [&str; 8] = [
    "called back",
    "papers complete",
    "waits for the bank",
    "seen on site",
    "second opinion",
    "to be signed",
    "no answer yet",
    "agreed by phone",
];

/// How often somebody looks for a case that is on their device.
const TRIES: usize = 12;

impl Office {
    /// Somebody does one thing to one of their cases.
    pub(super) fn work(&mut self, n: usize) {
        let (who, department) = (self.people[n].who, self.people[n].department);
        let cases = self.cases[department].len();
        if cases == 0 {
            return;
        }
        let Some((case, view)) = (0..TRIES).find_map(|_| self.pick(who, department)) else {
            return;
        };
        let Some(revision) = self.stage.replica(who).current_revision(view.template) else {
            return;
        };
        match self.dice(60) {
            0 => return self.take_back(who, case),
            1 => self.look(who, case),
            _ => {}
        }
        if view.is_closed() && self.dice(2) == 0 {
            return self.act(n, case, CaseAction::Reopen, false);
        }
        let facet = match self.dice(3) {
            0 => self.facet(&view, &revision),
            _ => None,
        };
        let is_facet = facet.is_some();
        let action = facet.unwrap_or_else(|| self.choose(who, &view, &revision));
        self.act(n, case, action, is_facet);
    }

    fn act(&mut self, n: usize, case: DocumentId, action: CaseAction, is_facet: bool) {
        let who = self.people[n].who;
        let moment = self.stage.moment();
        let act = Act {
            reason: Some("so it was agreed".to_owned()),
            override_rule: true,
            ..Act::new(PartId::derive(&moment.derive("act"), 0), action)
        };
        let began = Instant::now();
        let done = self.stage.replica(who).act(case, act, &moment);
        self.tally.acting += began.elapsed();
        match done {
            Ok(acted) => {
                self.tally.acted += 1;
                self.tally.facets += usize::from(is_facet);
                self.tally.offline += usize::from(self.people[n].outside);
                self.done.insert(acted.change, (who, case));
            }
            Err(fault) => self.refused(&fault),
        }
    }

    /// A case of the department that is on this device, mostly one of those that came last.
    fn pick(&mut self, who: Who, department: usize) -> Option<(DocumentId, CaseView)> {
        let cases = self.cases[department].len();
        let newest = self.dice(cases.min(40) + 1);
        let case = if newest == 0 {
            self.cases[department][self.stage.dice(cases)]
        } else {
            self.cases[department][cases - newest.min(cases)]
        };
        let view = self.stage.replica(who).case(case).ok()?;
        // What is over is seldom looked at again.
        let over = view.is_closed() || view.facets.keeping.is_trashed();
        (!over || self.dice(4) == 0).then_some((case, view))
    }

    fn choose(&mut self, who: Who, view: &CaseView, revision: &Revision) -> CaseAction {
        let id = self.stage.part();
        let word = WORDS[self.dice(WORDS.len())].to_owned();
        let someone = self.dice(self.people.len());
        let someone = self.people[someone].who;
        let member = self.stage.member_id(someone);
        let task = {
            let tasks: Vec<PartId> = view.tasks.keys().copied().collect();
            let at = self.dice(tasks.len() + 1);
            tasks.get(at).copied()
        };
        match (self.dice(24), task) {
            (0..=8, _) => self.fill(who, revision, (id, word)),
            (9..=11, _) => {
                let stages = revision.stages();
                let to = stages[self.dice(stages.len())].id.clone();
                CaseAction::Move { to }
            }
            (12..=14, _) => {
                let external = self.dice(4) == 0;
                CaseAction::Comment {
                    id,
                    body: word,
                    external,
                    reply_to: None,
                }
            }
            (15 | 16, None) => CaseAction::CreateTask {
                id,
                title: word,
                assignee: member,
                due: None,
                checklist: Vec::new(),
            },
            (15, Some(task)) => CaseAction::FinishTask { task },
            (16, Some(task)) => CaseAction::AssignTask {
                task,
                assignee: member,
            },
            (17, _) => CaseAction::AddLabel { label: word },
            (18, _) => CaseAction::SetOwner { member },
            (19 | 20, _) => CaseAction::SetPriority {
                priority: Some(word),
            },
            (21, _) => CaseAction::Decide(Decision {
                id,
                question: "go on?".into(),
                outcome: word,
                rationale: String::new(),
                conditions: String::new(),
                supersedes: Default::default(),
            }),
            (22, _) => {
                let codes = &revision.package().resolutions;
                let at = self.dice(codes.len().max(1));
                let code = codes.get(at).map_or("done", |code| code.id.as_str());
                CaseAction::Close(Closing {
                    code: code.to_owned(),
                    notes: word,
                })
            }
            _ => CaseAction::Reopen,
        }
    }

    /// Fills in one of the fields; a comment where the field takes no value that one can make up.
    fn fill(&mut self, who: Who, revision: &Revision, (id, word): (PartId, String)) -> CaseAction {
        let fields = revision.fields();
        let otherwise = |body: String| CaseAction::Comment {
            id,
            body,
            external: false,
            reply_to: None,
        };
        if fields.is_empty() {
            return otherwise(word);
        }
        let chosen = self.dice(fields.len());
        let field = &fields[chosen];
        let name = field.id.clone();
        match field.policy() {
            ConflictPolicy::Counter => CaseAction::Count { field: name, by: 1 },
            ConflictPolicy::Text => CaseAction::EditText {
                field: name,
                text: word,
            },
            ConflictPolicy::Set => match field.options.get(self.dice(field.options.len().max(1))) {
                Some(option) => CaseAction::AddOption {
                    field: name,
                    option: option.id.clone(),
                },
                None => otherwise(word),
            },
            ConflictPolicy::Contested | ConflictPolicy::Latest => {
                let words = self.words_for(field, &word, who);
                let value = words.and_then(|words| FieldValue::parse(field, &words).ok());
                match value {
                    Some(value) => CaseAction::SetField {
                        field: name,
                        value: value.to_scalar(),
                    },
                    None => otherwise(word),
                }
            }
        }
    }

    /// What the first stage asks for.
    pub(super) fn first_fields(
        &mut self,
        who: Who,
        revision: &Revision,
    ) -> BTreeMap<String, FieldEntry> {
        let mut filled = BTreeMap::new();
        for id in &revision.stages()[0].required {
            let Some(field) = revision.field(id) else {
                continue;
            };
            if let (FieldType::MultiSelect, Some(option)) = (field.kind, field.options.first()) {
                let options = std::collections::BTreeSet::from([option.id.clone()]);
                filled.insert(id.clone(), FieldEntry::Options(options));
                continue;
            }
            let words = self.words_for(field, "noted", who);
            let value = words.and_then(|words| FieldValue::parse(field, &words).ok());
            if let Some(value) = value {
                filled.insert(id.clone(), FieldEntry::Value(value.to_scalar()));
            }
        }
        filled
    }

    fn words_for(&mut self, field: &Field, word: &str, who: Who) -> Option<String> {
        let number = self.dice(900) + 1;
        Some(match field.kind {
            FieldType::Text | FieldType::LongText => format!("{word} {number}"),
            FieldType::Number => number.to_string(),
            FieldType::Money => format!("{number} EUR"),
            FieldType::Date => format!("2023-0{}-1{}", number % 9 + 1, number % 9),
            FieldType::Checkbox => if number.is_multiple_of(2) {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
            FieldType::SingleSelect => {
                let at = self.dice(field.options.len().max(1));
                field.options.get(at)?.id.clone()
            }
            FieldType::Phone => format!("+351 21 000 {number:04}"),
            FieldType::Email => format!("person{number}@example.org"),
            FieldType::Url => format!("https://example.org/{number}"),
            FieldType::Party => format!("{word} {number}; complainant"),
            FieldType::Member => self.stage.member_id(who)?.to_string(),
            FieldType::MultiSelect
            | FieldType::CaseLink
            | FieldType::DateTime
            | FieldType::Location
            | FieldType::File
            | FieldType::Signature
            | FieldType::Counter
            | FieldType::Table
            | FieldType::Formula => return None,
        })
    }

    /// Something happens that nobody planned.
    pub(super) fn disturb(&mut self) {
        let n = 1 + self.dice(self.people.len() - 1);
        let who = self.people[n].who;
        match self.dice(8) {
            0 | 1 => self.stage.crash(who),
            2 | 3 => self.change_role(n),
            4 | 5 => self.restrict(n),
            6 => self.publish_again(),
            // A device is lost; somebody who is outside does not know yet.
            _ if self.tally.lost.len() * 10 < self.people.len() => {
                let founder = self.people[0].who;
                self.stage.revoke(founder, who);
                self.tally.lost.push(who);
                self.sync(0);
            }
            _ => self.stage.break_link(who),
        }
    }

    fn change_role(&mut self, n: usize) {
        let Some(member) = self.stage.member_id(self.people[n].who) else {
            return;
        };
        let (add, remove) = match self.dice(3) {
            0 => ("viewer", "operator"),
            1 => ("operator", "viewer"),
            _ => ("manager", "contributor"),
        };
        let body = RosterBody::ChangeMember {
            member,
            name: None,
            add_roles: vec![add.to_owned()],
            remove_roles: vec![remove.to_owned()],
            active: None,
        };
        let moment = self.stage.moment();
        let founder = self.people[0].who;
        // What changes nothing is refused, and that is as good.
        if self.stage.replica(founder).authorise(body, &moment).is_ok() {
            self.sync(0);
        }
    }

    /// The founder, who has everything, restricts a case to the one person and lifts that again.
    fn restrict(&mut self, n: usize) {
        let cases: Vec<DocumentId> = self.cases.iter().flatten().copied().collect();
        let Some(member) = self.stage.member_id(self.people[n].who) else {
            return;
        };
        if cases.is_empty() {
            return;
        }
        let case = cases[self.dice(cases.len())];
        let founder = self.people[0].who;
        let Ok(record) = self.stage.replica(founder).access(case) else {
            return;
        };
        let restricted = !record.head().restricted();
        let body = AccessBody::Change {
            add: vec![Principal::Member(member)],
            remove: Vec::new(),
            restricted: Some(restricted),
            legal_hold: None,
        };
        let moment = self.stage.moment();
        if self
            .stage
            .replica(founder)
            .change_access(case, body, &moment)
            .is_ok()
        {
            self.sync(0);
        }
    }

    /// A template gets one more label-like field, as an operator would add one.
    fn publish_again(&mut self) {
        let at = self.dice(self.templates.len());
        let (template, founder) = (self.templates[at].0, self.people[0].who);
        let Some(revision) = self.stage.replica(founder).current_revision(template) else {
            return;
        };
        let mut package = revision.package().clone();
        let id = format!("added-{}", package.fields.len());
        package
            .fields
            .push(Field::new(&id, "Added on the way", FieldType::Text));
        let moment = self.stage.moment();
        if let Ok(revision) = package.publish()
            && self
                .stage
                .replica(founder)
                .publish(template, revision, &moment)
                .is_ok()
        {
            self.sync(0);
        }
    }

    /// How often each kind of thing happened, for whoever reads the figures.
    pub(super) fn counted(&self) -> BTreeMap<&'static str, usize> {
        BTreeMap::from([
            ("acted", self.tally.acted),
            ("offline", self.tally.offline),
            ("to facets", self.tally.facets),
            ("taken back", self.tally.undone),
            ("readings noted", self.tally.readings),
            ("forms sent in", self.tally.submitted),
            ("effects of rules", self.tally.effects),
            ("cases not opened", self.tally.unopened.values().sum()),
            ("refused by a rule", self.tally.refused),
            ("refused for a right", self.tally.denied),
            ("devices lost", self.tally.lost.len()),
        ])
    }
}
