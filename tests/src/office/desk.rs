//! What is done at the desks beside fields, moves and talk: papers, people, agreements, forms; and
//! the front door, where strangers send forms in.

use casework_engine::case::facet::form::{FormAction, Submission};
use casework_engine::case::{Act, CaseAction, Opening, PartId};
use casework_engine::replica::{NewCase, ReplicaFault};
use casework_engine::template::{FormKind, Revision};
use casework_engine::view::CaseView;
use casework_protocol::ids::DocumentId;

use super::Office;
use super::day::WORDS;
use crate::draw::Draw;
use crate::stage::Who;

impl Office {
    /// Something that could be done to one of the facets of a case.
    pub(super) fn facet(&mut self, view: &CaseView, revision: &Revision) -> Option<CaseAction> {
        let someone = self.dice(self.people.len());
        let someone = self.stage.member_id(self.people[someone].who)?;
        let department = self.dice(super::DEPARTMENTS);
        let others = &self.cases[department];
        let other = others
            .last()
            .copied()
            .filter(|other| *other != view.document)?;
        let word = WORDS[self.dice(WORDS.len())].to_owned();
        let ids = [self.stage.part(), self.stage.part()];
        let draw = Draw {
            view,
            revision,
            other,
            ids,
            someone,
            kind: self.dice(Draw::KINDS),
            at: self.dice(1_000),
            word,
            now_ms: self.stage.moment().now_ms.cast_signed(),
        };
        draw.action()
    }

    /// Somebody takes back what they did last to a case, if that can be taken back.
    pub(super) fn take_back(&mut self, who: Who, case: DocumentId) {
        let moment = self.stage.moment();
        let why = Some("a mistake");
        match self.stage.replica(who).undo(case, (1, why), &moment) {
            Ok(taken) => {
                self.tally.undone += taken.len();
                let done = taken.into_iter().map(|(_, acted)| acted.change);
                self.done.extend(done.map(|change| (change, (who, case))));
            }
            Err(fault) => self.refused(&fault),
        }
    }

    /// Whoever looks at a case of a template that wants it written down leaves a note of that.
    pub(super) fn look(&mut self, who: Who, case: DocumentId) {
        let moment = self.stage.moment();
        match self.stage.replica(who).note_reading(case, &moment) {
            Ok(noted) => self.tally.readings += usize::from(noted),
            Err(fault) => self.refused(&fault),
        }
    }

    /// A stranger sends a form in: the device of the intake opens a case by it, in one commit with
    /// what was sent.
    pub(super) fn front_door(&mut self) {
        let Some(who) = self.intake else {
            return;
        };
        let at = self.dice(self.templates.len());
        let (template, department) = self.templates[at];
        let Some(revision) = self.stage.replica(who).current_revision(template) else {
            return;
        };
        let mut forms = revision.package().forms.iter();
        let Some(form) = forms.find(|form| form.kind == FormKind::Intake) else {
            return;
        };
        let moment = self.stage.moment();
        let stage = Some(&form.stage).filter(|stage| !stage.is_empty());
        let fields = self.first_fields(who, &revision);
        let opening = Opening {
            template,
            title: form.title.clone(),
            number: format!("{}-~{:05}", revision.package().key, self.done.len()),
            stage: stage.unwrap_or(&revision.stages()[0].id).clone(),
            fields,
            owner: None,
            assignees: Default::default(),
        };
        let sent = Submission {
            id: self.stage.part(),
            form: form.id.clone(),
            request: None,
            link: format!("{at:064x}"),
            answers: [("q.else".to_owned(), vec!["since Monday".to_owned()])].into(),
            mapped: opening.fields.keys().cloned().collect(),
            documents: Vec::new(),
            consent: None,
            receipt: format!("{:064x}", self.done.len()),
            anonymous: form.anonymous,
            language: form.language.clone(),
            given_ms: moment.now_ms.cast_signed(),
        };
        let case = NewCase {
            opening,
            imported: None,
            restricted: false,
            viewers: Vec::new(),
            overriding: None,
        };
        let act = Act::new(
            PartId::derive(&moment.derive("act"), 1),
            FormAction::Submit(sent).into(),
        );
        let mut batch = self.stage.replica(who).batch();
        let took = batch.open_case(case, &moment).and_then(|opened| {
            let sent = batch.act(opened.document, act, &moment.part(1))?;
            batch.commit()?;
            Ok((opened, sent))
        });
        match took {
            Ok((opened, sent)) => {
                self.tally.submitted += 1;
                for change in [opened.change, sent.change] {
                    self.done.insert(change, (who, opened.document));
                }
                self.cases[department].push(opened.document);
            }
            Err(fault) => *self.tally.unopened.entry(fault.to_string()).or_default() += 1,
        }
    }

    /// Counts what was not done, and why.
    ///
    /// # Panics
    /// When it is neither a rule nor a right that kept it from being done.
    pub(super) fn refused(&mut self, fault: &ReplicaFault) {
        match fault {
            ReplicaFault::Denied(_) | ReplicaFault::NotEnrolled => self.tally.denied += 1,
            ReplicaFault::Act(_) => self.tally.refused += 1,
            fault => panic!("seed {}: {fault}", self.stage.seed()),
        }
    }
}
