//! What a revision says about moving a case: its rules, its words, and the fields and documents
//! still missing.

use super::Revision;
use crate::template::condition::Condition;
use crate::template::field::Field;
use crate::template::flow::{Movement, Said};
use crate::template::stage::{Category, Stage};

impl Revision {
    /// What the template says about every move of a case from one stage to another: rules with a
    /// condition are left out.
    #[must_use]
    pub fn transition(&self, from: &str, to: &str) -> Movement {
        self.transition_if(from, to, Condition::is_empty)
    }

    /// What the template says about moving a case for which these conditions hold.
    #[must_use]
    pub fn transition_if(
        &self,
        from: &str,
        to: &str,
        holds: impl Fn(&Condition) -> bool,
    ) -> Movement {
        let (Some(from), Some(to)) = (self.stage(from), self.stage(to)) else {
            return Movement::Unknown;
        };
        let mut said = self.flow.said(&self.package, from, to);
        said.retain(|said| holds(&said.when));
        Movement::of(said)
    }

    /// Everything the template may say before a move between two of its stages, with conditions:
    /// on leaving, on the move itself, on entering.
    #[must_use]
    pub fn said_before_move(&self, from: &str, to: &str) -> Vec<Said<'_>> {
        match (self.stage(from), self.stage(to)) {
            (Some(from), Some(to)) => self.flow.said(&self.package, from, to),
            (_, _) => Vec::new(),
        }
    }

    /// What the button of a listed move says; `None` when the move or its label is not listed.
    #[must_use]
    pub fn move_label(&self, from: &str, to: &str) -> Option<&str> {
        let label = &self.package.transitions[self.flow.listing(from, to)?].label;
        (!label.is_empty()).then_some(label)
    }

    /// The fields that must be filled to stand in a stage and are not, in the order of the list.
    /// Nothing for a stage that is not in this revision.
    #[must_use]
    pub fn missing_required(&self, stage: &str, filled: impl Fn(&str) -> bool) -> Vec<&Field> {
        let stage = self.stage(stage);
        self.unfilled(stage.into_iter().flat_map(Stage::required_here), &filled)
    }

    /// The fields that keep a case from a move: those required where it goes, and, when it goes on
    /// to a later stage that is not cancelled, those required to leave. Going back asks for
    /// nothing more than standing there.
    #[must_use]
    pub fn missing_for_move(
        &self,
        from: &str,
        to: &str,
        filled: impl Fn(&str) -> bool,
    ) -> Vec<&Field> {
        let mut missing = self.missing_required(to, &filled);
        if let Some(left) = self.left_onward(from, to) {
            for field in self.unfilled(&left.required_to_leave, &filled) {
                if !missing.iter().any(|known| known.id == field.id) {
                    missing.push(field);
                }
            }
        }
        missing
    }

    /// The types of the documents that keep a case from a move, in the order of the list: those of
    /// the stage that it leaves onward. Going back, staying and cancelling ask for none.
    #[must_use]
    pub fn missing_documents(
        &self,
        from: &str,
        to: &str,
        there: impl Fn(&str) -> bool,
    ) -> Vec<&str> {
        let left = self.left_onward(from, to);
        let listed = left.into_iter().flat_map(|stage| &stage.documents);
        listed
            .map(String::as_str)
            .filter(|kind| !there(kind))
            .collect()
    }

    /// What the template may say before a case is closed where it stands, with conditions: what it
    /// says on leaving a stage in which work goes on.
    #[must_use]
    pub fn said_before_close(&self, stage: &str) -> Vec<Said<'_>> {
        let exit = self.worked_in(stage).map(|stage| stage.exit.iter());
        exit.into_iter().flatten().map(Said::of).collect()
    }

    /// The fields that keep a case from being closed where it stands: those required there, and to
    /// leave a stage in which work goes on.
    #[must_use]
    pub fn missing_for_close(&self, stage: &str, filled: impl Fn(&str) -> bool) -> Vec<&Field> {
        let left = self.worked_in(stage);
        let to_leave = left.map(|stage| stage.required_to_leave.iter());
        let mut missing = self.missing_required(stage, &filled);
        for field in self.unfilled(to_leave.into_iter().flatten(), &filled) {
            if !missing.iter().any(|known| known.id == field.id) {
                missing.push(field);
            }
        }
        missing
    }

    /// The types of the documents that keep a case from being closed where it stands.
    #[must_use]
    pub fn documents_missing_for_close(
        &self,
        stage: &str,
        there: impl Fn(&str) -> bool,
    ) -> Vec<&str> {
        let listed = self.worked_in(stage).map(|stage| stage.documents.iter());
        let listed = listed.into_iter().flatten().map(String::as_str);
        listed.filter(|kind| !there(kind)).collect()
    }

    /// A stage in which work goes on: neither done nor cancelled.
    fn worked_in(&self, stage: &str) -> Option<&Stage> {
        self.stage(stage)
            .filter(|stage| !matches!(stage.category, Category::Done | Category::Cancelled))
    }

    /// The stage left, if the move goes on to a later stage that is not cancelled.
    fn left_onward(&self, from: &str, to: &str) -> Option<&Stage> {
        let (left, entered) = (self.stage(from)?, self.stage(to)?);
        let onward = self.stages.get(to) > self.stages.get(from);
        (onward && entered.category != Category::Cancelled).then_some(left)
    }

    fn unfilled<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i String>,
        filled: &impl Fn(&str) -> bool,
    ) -> Vec<&Field> {
        ids.into_iter()
            .filter(|id| !filled(id))
            .filter_map(|id| self.field(id))
            .collect()
    }
}
