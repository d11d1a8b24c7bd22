//! Reads the operations of a received change beside the steps of the plan of its action.
//!
//! Every operation must be the one that the plan writes there: object, key, kind, value and exactly
//! what stood there in its author's eyes. Edits of prose are the one exception: their plan does not
//! say which characters, so each is checked by itself.

use std::collections::HashSet;

use casework_protocol::limits::MAX_TEXT_BYTES;

use super::bounds::MAX_EDITED_CHARACTERS;
use super::kind::ActionKind;
use super::ops::{Deed, Key, Op};
use super::past::{Object, OpRef, Past};
use super::shape::ShapeError;
use super::step::{Plan, Step, Target};
use crate::value::Scalar;

/// Compares operations with what a plan writes into the past.
pub(crate) fn compare(
    past: &Past<'_>,
    plan: &Plan,
    (action, ops): (ActionKind, &[Op]),
) -> Result<(), ShapeError> {
    let mut reader = Reader {
        past,
        action,
        ops,
        next: 0,
        made: Vec::new(),
    };
    for step in &plan.steps {
        reader.follow(step)?;
    }
    if reader.next == 0 || reader.next < ops.len() {
        return Err(reader.mismatch("no further operation".to_owned()));
    }
    Ok(())
}

/// Walks through the operations of a change beside the steps of a plan.
struct Reader<'a> {
    past: &'a Past<'a>,
    action: ActionKind,
    ops: &'a [Op],
    next: usize,
    made: Vec<OpRef>,
}

impl Reader<'_> {
    fn follow(&mut self, step: &Step) -> Result<(), ShapeError> {
        match step {
            Step::Put { object, key, value } => {
                self.follow_delete(*object, key)?;
                self.expect(*object, key, (Deed::Put(value.clone()), Vec::new()))
                    .map(|_| ())
            }
            Step::Remove { object, key } => self.follow_delete(*object, key),
            Step::MakeMap { object, key } => self.follow_make(*object, key, Deed::MakeMap),
            Step::MakeText { object, key } => self.follow_make(*object, key, Deed::MakeText),
            Step::Prose { texts, .. } => self.follow_prose(texts),
        }
    }

    fn follow_make(&mut self, object: Target, key: &str, deed: Deed) -> Result<(), ShapeError> {
        let made = self.expect(object, key, (deed, Vec::new()))?;
        self.made.push(made);
        Ok(())
    }

    /// A delete replaces everything that stood there in the author's eyes, and nothing else.
    fn follow_delete(&mut self, object: Target, key: &str) -> Result<(), ShapeError> {
        let Target::There(there) = object else {
            return Ok(());
        };
        let seen: Vec<OpRef> = self
            .past
            .seen(there, key)
            .iter()
            .map(|seen| seen.id)
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        self.expect(object, key, (Deed::Delete, seen)).map(|_| ())
    }

    fn expect(
        &mut self,
        object: Target,
        key: &str,
        (deed, replaces): (Deed, Vec<OpRef>),
    ) -> Result<OpRef, ShapeError> {
        let object = self.resolve(object);
        let key = Key::Map(key.to_owned());
        match self.ops.get(self.next) {
            Some(op)
                if op.object == object
                    && op.key == key
                    && op.deed == deed
                    && op.replaces == replaces
                    && !op.insert =>
            {
                self.next += 1;
                Ok(op.id)
            }
            Some(_) | None => Err(self.mismatch(format!(
                "{deed:?} at {key:?} of {object:?} over {replaces:?}"
            ))),
        }
    }

    fn resolve(&self, target: Target) -> Object {
        match target {
            Target::There(object) => object,
            Target::New(n) => Object::Made(self.made[n]),
        }
    }

    /// All remaining operations insert and delete single characters of these texts, each beside or
    /// at a character that the author saw or inserted here.
    fn follow_prose(&mut self, texts: &[Target]) -> Result<(), ShapeError> {
        let texts: Vec<Object> = texts.iter().map(|text| self.resolve(*text)).collect();
        let edits = self.ops.get(self.next..).unwrap_or_default();
        let mut editor = Editor {
            past: self.past,
            texts,
            inserted: HashSet::new(),
            deleted: HashSet::new(),
        };
        let mut bytes = 0;
        for op in edits {
            bytes += editor
                .follow(op)
                .filter(|_| edits.len() <= MAX_EDITED_CHARACTERS)
                .ok_or_else(|| self.mismatch("an edit of one character of the text".to_owned()))?;
            self.next += 1;
        }
        if edits.is_empty() || bytes > MAX_TEXT_BYTES {
            return Err(self.mismatch("an edit of the text within its bounds".to_owned()));
        }
        Ok(())
    }

    fn mismatch(&self, expected: String) -> ShapeError {
        let found = self.ops.get(self.next).map_or_else(
            || "no operation".to_owned(),
            |op| {
                format!(
                    "{:?} at {:?} of {:?} over {:?}",
                    op.deed, op.key, op.object, op.replaces
                )
            },
        );
        let cut = |text: String| text.chars().take(300).collect();
        let (expected, found) = (cut(expected), cut(found));
        ShapeError::OtherOperation {
            action: self.action,
            at: self.next,
            expected,
            found,
        }
    }
}

/// What one change does to texts, character by character.
struct Editor<'a> {
    past: &'a Past<'a>,
    texts: Vec<Object>,
    inserted: HashSet<(Object, OpRef)>,
    deleted: HashSet<(Object, OpRef)>,
}

impl Editor<'_> {
    /// The bytes that a permitted edit of one character inserts; `None` for anything else.
    fn follow(&mut self, op: &Op) -> Option<usize> {
        let element = match &op.key {
            Key::Map(_) => return None,
            Key::Head => None,
            Key::Element(element) => Some(*element),
        };
        let known = element.is_none_or(|element| self.holds(op.object, element));
        if !self.texts.contains(&op.object) || !known {
            return None;
        }
        match (&op.deed, op.insert, element) {
            (Deed::Put(Scalar::Text(text)), true, _)
                if op.replaces.is_empty() && text.chars().count() == 1 =>
            {
                self.inserted.insert((op.object, op.id));
                Some(text.len())
            }
            (Deed::Delete, false, Some(element)) if op.replaces == [element] => {
                self.deleted.insert((op.object, element));
                Some(0)
            }
            (_, _, _) => None,
        }
    }

    fn holds(&self, text: Object, element: OpRef) -> bool {
        let at = (text, element);
        let here = || self.inserted.contains(&at) || self.past.holds(text, element);
        !self.deleted.contains(&at) && here()
    }
}
