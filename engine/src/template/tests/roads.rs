//! A case of every shipped package goes its main road to the end: what a stage requires is asked
//! for when it is missing, and when it is there nothing stands in the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use casework_protocol::ids::DocumentId;

use super::shipped::{LIBRARY, Shipped, Step};
use super::*;
use crate::approval::{Answer, Vote};
use crate::case::facet::approval::ApprovalAction;
use crate::case::facet::approval::request::Request;
use crate::case::facet::document::{DocumentAction, FileMark};
use crate::case::trial::{Desk, member, part};
use crate::case::{
    Act, ActError, CaseAction, Closing, Decision, FieldEntry, Opening, Past, has_document,
    is_closed, is_filled, stage_of,
};
use crate::value::{ConflictPolicy, FieldValue};

/// A desk with a case on its way.
pub(super) struct Walk {
    name: &'static str,
    steps: &'static [(&'static str, Step)],
    desk: Desk,
    acts: u64,
}

#[test]
fn a_case_of_every_shipped_package_goes_its_road_to_the_end() {
    for shipped in &LIBRARY {
        let mut walk = Walk::open(shipped);
        for stage in &shipped.road[1..] {
            walk.move_on(stage);
        }
        walk.close();
    }
}

#[test]
fn what_a_stage_requires_is_asked_for_in_every_shipped_package() {
    for shipped in &LIBRARY {
        let mut walk = Walk::open(shipped);
        let mut asked = 0;
        for stage in &shipped.road[1..] {
            if !walk.missing(stage).is_empty() {
                let to = (*stage).to_owned();
                let refusal = walk.try_act(CaseAction::Move { to }).unwrap_err();
                let is_asked = matches!(refusal, ActError::Asked { .. } | ActError::Blocked { .. });
                assert!(is_asked, "{} to {stage}: {refusal}", shipped.name);
                asked += 1;
            }
            walk.move_on(stage);
        }
        assert!(asked >= 2, "{} asks for {asked} on its road", shipped.name);
    }
}

#[test]
fn a_document_that_a_stage_lists_is_asked_for_before_a_case_goes_on_from_it() {
    let mut listed = 0;
    for shipped in &LIBRARY {
        let mut walk = Walk::open(shipped);
        for stage in &shipped.road[1..] {
            walk.fill_for(stage);
            if let Some(kind) = walk.missing_documents(stage).first() {
                let label = walk
                    .desk
                    .revision
                    .document_type(kind)
                    .unwrap()
                    .label
                    .clone();
                let to = (*stage).to_owned();
                let refusal = walk.try_act(CaseAction::Move { to }).unwrap_err();
                let refusal = refusal.to_string();
                let asked = refusal.contains(" requires the document")
                    && refusal.contains(&format!("{label} ({kind})"));
                let blocked = refusal.contains("is blocked");
                assert!(asked || blocked, "{} to {stage}: {refusal}", shipped.name);
                listed += usize::from(asked);
            }
            walk.move_on(stage);
        }
    }
    assert!(listed >= 12, "only {listed} documents were asked for");
}

impl Walk {
    /// Opens a case with all that its first stage requires.
    fn open(shipped: &Shipped) -> Self {
        let revision = Arc::new(shipped.revision());
        let mut desk = Desk::new(1);
        desk.revision = Arc::clone(&revision);
        let (name, steps, acts) = (shipped.name, shipped.steps, 1);
        let mut walk = Self {
            name,
            steps,
            desk,
            acts,
        };
        let first = revision.first_stage();
        let required = revision.missing_required(&first.id, |_| false);
        let mut fields: BTreeMap<String, FieldEntry> = BTreeMap::new();
        for field in required {
            if field.policy() != ConflictPolicy::Text {
                fields.insert(field.id.clone(), walk.entry(field, &words_for(field)));
            }
        }
        walk.act(CaseAction::Open(Opening {
            template: DocumentId::new([4; 16]),
            title: format!("A case of {name}"),
            number: format!("{}-~1", revision.package().key),
            stage: first.id.clone(),
            fields,
            owner: Some(member(1)),
            assignees: [member(1)].into(),
        }));
        walk
    }

    /// A case of this package that went its main road as far as this stage.
    pub(super) fn to(name: &str, stage: &str) -> Self {
        let found = LIBRARY.iter().find(|shipped| shipped.name == name).unwrap();
        let mut walk = Self::open(found);
        for next in &found.road[1..] {
            walk.move_on(next);
            if *next == stage {
                return walk;
            }
        }
        panic!("{stage} is not on the road of {name}");
    }

    /// Fills what a move requires.
    pub(super) fn fill_for(&mut self, stage: &str) {
        for field in self.missing(stage) {
            self.fill(&field, &words_for(&field));
        }
    }

    /// Tries to move as things stand.
    pub(super) fn try_move(&mut self, stage: &str) -> Result<(), ActError> {
        self.fill_for(stage);
        let to = stage.to_owned();
        self.try_act(CaseAction::Move { to })
    }

    /// Fills what the move requires, does what its rules want, and moves.
    pub(super) fn move_on(&mut self, stage: &str) {
        self.fill_for(stage);
        for kind in self.missing_documents(stage) {
            self.add_document(&kind);
        }
        for (_, step) in self.steps.iter().filter(|(to, _)| *to == stage) {
            self.step(*step);
        }
        self.act(CaseAction::Move {
            to: stage.to_owned(),
        });
        assert_eq!(stage_of(&Past::now(&self.desk.doc)).as_deref(), Some(stage));
    }

    fn close(&mut self) {
        let code = self.desk.revision.package().resolutions[0].id.clone();
        let notes = String::new();
        self.act(CaseAction::Close(Closing { code, notes }));
        assert!(is_closed(&Past::now(&self.desk.doc)), "{}", self.name);
    }

    fn missing(&self, stage: &str) -> Vec<Field> {
        let past = Past::now(&self.desk.doc);
        let revision = &self.desk.revision;
        let from = stage_of(&past).unwrap();
        let missing = revision.missing_for_move(&from, stage, |id| is_filled(&past, revision, id));
        missing.into_iter().cloned().collect()
    }

    fn missing_documents(&self, stage: &str) -> Vec<String> {
        let past = Past::now(&self.desk.doc);
        let from = stage_of(&past).unwrap();
        let there = |kind: &str| has_document(&past, kind);
        let missing = self.desk.revision.missing_documents(&from, stage, there);
        missing.into_iter().map(str::to_owned).collect()
    }

    fn add_document(&mut self, kind: &str) {
        let revision = Arc::clone(&self.desk.revision);
        for field in &revision.document_type(kind).unwrap().required_fields {
            let field = revision.field(field).unwrap();
            if !is_filled(&Past::now(&self.desk.doc), &revision, &field.id) {
                self.fill(field, &words_for(field));
            }
        }
        let name = format!("{kind}.pdf");
        let file = FileMark {
            name: name.clone(),
            sha256: "0f".repeat(32),
            bytes: 1_000,
            media: "application/pdf".to_owned(),
        };
        self.act(
            DocumentAction::Add {
                id: part(self.acts + 4_000),
                name,
                kind: kind.to_owned(),
                version: part(self.acts + 5_000),
                file,
            }
            .into(),
        );
    }

    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Fill(field, words) => {
                let field = self.desk.revision.field(field).unwrap().clone();
                self.fill(&field, words);
            }
            Step::Decide(question, outcome) => {
                let decision = self.decision(question, outcome);
                self.as_member(2, decision).unwrap();
            }
            Step::Approve(kind) => self.approve(kind),
        }
    }

    /// Whoever did everything else decides as well.
    pub(super) fn decide_alone(&mut self, question: &str, outcome: &str) -> Result<(), ActError> {
        let decision = self.decision(question, outcome);
        self.try_act(decision)
    }

    fn decision(&self, question: &str, outcome: &str) -> CaseAction {
        CaseAction::Decide(Decision {
            id: part(self.acts + 1_000),
            question: question.to_owned(),
            outcome: outcome.to_owned(),
            rationale: "as the file shows".to_owned(),
            conditions: String::new(),
            supersedes: [].into(),
        })
    }

    /// Everybody who holds a seat votes; those who need not are refused.
    fn approve(&mut self, kind: &str) {
        let approval = part(self.acts + 2_000);
        let request = Request::of_kind(approval, kind, member(1));
        self.act(ApprovalAction::Request(request).into());
        let mut voted = 0;
        for n in 1..=3 {
            let vote = Vote {
                id: part(self.acts + 3_000),
                member: member(n),
                answer: Answer::Approve,
                seats: [].into(),
                note: String::new(),
            };
            let vote = ApprovalAction::Vote { approval, vote };
            voted += usize::from(self.as_member(n, vote.into()).is_ok());
        }
        assert!(voted >= 1, "{}: nobody gives {kind}", self.name);
    }

    /// Somebody else does something on a desk of their own.
    fn as_member(&mut self, n: u8, action: CaseAction) -> Result<(), ActError> {
        self.acts += 1;
        let mut other = self.desk.copy_to(n);
        let done = other.try_act(Act::new(part(self.acts), action)).map(drop);
        self.desk.merge(&other);
        done
    }

    fn fill(&mut self, field: &Field, words: &str) {
        let id = field.id.clone();
        match (field.policy(), self.entry(field, words)) {
            (ConflictPolicy::Text, _) => {
                let text = "as it was found".to_owned();
                self.act(CaseAction::EditText { field: id, text });
            }
            (ConflictPolicy::Counter, _) => self.act(CaseAction::Count { field: id, by: 1 }),
            (_, FieldEntry::Value(value)) => self.act(CaseAction::SetField { field: id, value }),
            (_, FieldEntry::Options(options)) => {
                for option in options {
                    let field = id.clone();
                    self.act(CaseAction::AddOption { field, option });
                }
            }
        }
    }

    /// What the words mean there.
    fn entry(&self, field: &Field, words: &str) -> FieldEntry {
        let value = FieldValue::parse(field, words)
            .unwrap_or_else(|error| panic!("{} {}: {error}", self.name, field.id));
        if let FieldValue::MultiSelect(options) = value {
            FieldEntry::Options(options)
        } else {
            FieldEntry::Value(value.to_scalar())
        }
    }

    pub(super) fn try_act(&mut self, action: CaseAction) -> Result<(), ActError> {
        self.acts += 1;
        self.desk
            .try_act(Act::new(part(self.acts), action))
            .map(drop)
    }

    fn act(&mut self, action: CaseAction) {
        let shown = format!("{action:?}");
        self.try_act(action)
            .unwrap_or_else(|error| panic!("{} {shown}: {error}", self.name));
    }
}

/// What a person might write there.
fn words_for(field: &Field) -> String {
    let least = field.constraints.min.as_ref().map(ToString::to_string);
    match field.kind {
        FieldType::Text => match field.id.as_str() {
            "tax_number" => "501442600".to_owned(),
            "bank_account" | "account" => "PT50000201231234567890154".to_owned(),
            "cost_centre" => "4100-OPS".to_owned(),
            _ => "as agreed".to_owned(),
        },
        FieldType::LongText => "as agreed\nwith everybody".to_owned(),
        FieldType::Number => least.unwrap_or_else(|| "7".to_owned()),
        FieldType::Money => format!("{} EUR", least.unwrap_or_else(|| "7".to_owned())),
        FieldType::Date => "1970-01-01".to_owned(),
        FieldType::DateTime => "1970-01-01 00:00 +00:00".to_owned(),
        FieldType::Checkbox => "yes".to_owned(),
        FieldType::SingleSelect | FieldType::MultiSelect => field.options[0].id.clone(),
        FieldType::Member => member(1).to_string(),
        FieldType::Party => "Helena Dias; customer; +351 912 345 678".to_owned(),
        FieldType::CaseLink => format!("relates {}", DocumentId::new([9; 16])),
        FieldType::Phone => "+351 912 345 678".to_owned(),
        FieldType::Email => "helena@example.org".to_owned(),
        FieldType::Url => "https://example.org".to_owned(),
        FieldType::Location => "38.7223, -9.1393, 12".to_owned(),
        FieldType::Counter => "1".to_owned(),
        FieldType::Table => {
            let column = &field.columns[0];
            format!(
                r#"[{{"id":"r1","cells":{{"{}":"{}"}}}}]"#,
                column.id,
                words_for(column)
            )
        }
        FieldType::File | FieldType::Signature | FieldType::Formula => {
            panic!("{} cannot be required", field.id)
        }
    }
}
