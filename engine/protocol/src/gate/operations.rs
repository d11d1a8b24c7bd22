//! The operation columns of one change, walked in step.
//!
//! Does not know whether an object or element exists, nor what an action may do. Invariant: what
//! passes decodes, keeps its form when a document is saved and rebuilt, and refers only backwards.

use crate::ids::ActorId;
use crate::limits::{
    MAX_CHANGE_ACTORS, MAX_CHANGE_EXPANDED_BYTES, MAX_CHANGE_OPS, MAX_CHANGE_PREDECESSORS,
};

use super::GateError;
use super::columns::{BooleanItems, DeltaItems, Runs, ValueItems};
use super::layout::{Deflate, Layout, Stored};
use super::leb::{Reader, within};
use super::scalar::{self, ScalarMeta};

const ACTION: &str = "action";

/// The columns of a change.
pub(super) const CHANGE_COLUMNS: Layout<14> = Layout {
    known: [
        (0x01, "object actor"),
        (0x02, "object counter"),
        (0x11, "key actor"),
        (0x13, "key counter"),
        (0x15, "key text"),
        (0x34, "insert"),
        (0x42, ACTION),
        (0x56, "value type"),
        (0x57, "value"),
        (0x70, "predecessor count"),
        (0x71, "predecessor actor"),
        (0x73, "predecessor counter"),
        (0x94, "expand"),
        (0xa5, "mark name"),
    ],
    deflate: Deflate::Forbidden,
};

/// What the header says about the operations.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) actor: ActorId,
    pub(super) others: &'a [ActorId],
    pub(super) start_op: u32,
}

/// Checks the columns and returns how many operations they hold.
pub(super) fn check_operations(
    columns: &[Stored<'_>; 14],
    frame: &Frame<'_>,
) -> Result<u32, GateError> {
    let count = count_operations(columns[6].bytes)?;
    let mut walk = Walk::new(columns, frame);
    for place in 0..count {
        walk.operation(place)?;
    }
    walk.finish()?;
    Ok(count)
}

fn count_operations(actions: &[u8]) -> Result<u32, GateError> {
    let mut runs = Runs::<u64>::new(ACTION, actions);
    let mut count = 0u64;
    while let Some(run) = runs.next_run()? {
        count = count.saturating_add(run.count);
        within("operations", count, MAX_CHANGE_OPS)?;
    }
    Ok(u32::try_from(count).expect("the limit fits"))
}

/// Where an operation acts in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Text,
    Head,
    Element,
}

/// What one row says, apart from its object.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: Key,
    insert: bool,
    action: u64,
    value: ScalarMeta,
    predecessors: u64,
    expand: bool,
    mark: bool,
}

struct Walk<'a> {
    frame: &'a Frame<'a>,
    object_actor: ValueItems<'a, u64>,
    object_counter: ValueItems<'a, u64>,
    key_actor: ValueItems<'a, u64>,
    key_counter: DeltaItems<'a>,
    key_text: ValueItems<'a, &'a str>,
    insert: BooleanItems<'a>,
    action: ValueItems<'a, u64>,
    value_type: ValueItems<'a, u64>,
    value: Reader<'a>,
    predecessor_count: ValueItems<'a, u64>,
    predecessor_actor: ValueItems<'a, u64>,
    predecessor_counter: DeltaItems<'a>,
    expand: BooleanItems<'a>,
    expand_listed: bool,
    mark_name: ValueItems<'a, &'a str>,
    /// Which actors were named; the change's own is the first.
    named: [bool; MAX_CHANGE_ACTORS + 1],
    expands: bool,
    predecessors: u64,
    expanded: u64,
}

impl<'a> Walk<'a> {
    fn new(columns: &[Stored<'a>; 14], frame: &'a Frame<'a>) -> Self {
        let at = |place: usize| (CHANGE_COLUMNS.known[place].1, columns[place].bytes);
        let numbers = |place| ValueItems::<u64>::of(at(place).0, at(place).1);
        let deltas = |place| DeltaItems::of(at(place).0, at(place).1);
        let booleans = |place| BooleanItems::of(at(place).0, at(place).1);
        let texts = |place| ValueItems::<&str>::of(at(place).0, at(place).1);
        Self {
            frame,
            object_actor: numbers(0),
            object_counter: numbers(1),
            key_actor: numbers(2),
            key_counter: deltas(3),
            key_text: texts(4),
            insert: booleans(5),
            action: numbers(6),
            value_type: numbers(7),
            value: Reader::new(columns[8].bytes),
            predecessor_count: numbers(9),
            predecessor_actor: numbers(10),
            predecessor_counter: deltas(11),
            expand: booleans(12),
            expand_listed: !columns[12].bytes.is_empty(),
            mark_name: texts(13),
            named: [false; MAX_CHANGE_ACTORS + 1],
            expands: false,
            predecessors: 0,
            expanded: 0,
        }
    }

    fn operation(&mut self, place: u32) -> Result<(), GateError> {
        let counter = u64::from(self.frame.start_op) + u64::from(place);
        self.object(counter, place)?;
        let row = Row {
            key: self.key(counter, place)?,
            insert: self.insert.value()?,
            action: self.action.value()?,
            value: ScalarMeta::from(self.value_type.value()?),
            predecessors: self.predecessor_list(counter, place)?,
            expand: self.expand.nullable()?.unwrap_or(false),
            mark: self.mark_name()?,
        };
        self.expands |= row.expand;
        row.value.check(&mut self.value)?;
        row.check_action()?;
        row.check_shape()
            .map_err(|problem| GateError::Shape { place, problem })
    }

    fn object(&mut self, counter: u64, place: u32) -> Result<(), GateError> {
        const COLUMN: &str = "object counter";
        match (
            self.object_actor.nullable()?,
            self.object_counter.nullable()?,
        ) {
            (None, None) => Ok(()),
            (Some(actor), Some(object)) => {
                self.name("object actor", actor)?;
                let object = i64::try_from(object).unwrap_or(i64::MAX);
                earlier(COLUMN, object, counter)
            }
            (Some(_), None) | (None, Some(_)) => Err(GateError::Shape {
                place,
                problem: "half an object id",
            }),
        }
    }

    fn key(&mut self, counter: u64, place: u32) -> Result<Key, GateError> {
        let actor = self.key_actor.nullable()?;
        let element = self.key_counter.nullable()?;
        let text = self.key_text.nullable()?;
        match (actor, element, text) {
            (None, None, Some(text)) => {
                self.expand_text(text)?;
                Ok(Key::Text)
            }
            (None, Some(0), None) => Ok(Key::Head),
            (Some(actor), Some(element), None) => {
                self.name("key actor", actor)?;
                earlier("key counter", element, counter)?;
                Ok(Key::Element)
            }
            (None, None, None)
            | (None, Some(_), None)
            | (Some(_), None, _)
            | (Some(_), Some(_), Some(_))
            | (None, Some(_), Some(_)) => Err(GateError::Shape {
                place,
                problem: "a key that is neither text nor element",
            }),
        }
    }

    /// The predecessors of one operation: each before it, each once, in the library's order.
    fn predecessor_list(&mut self, counter: u64, place: u32) -> Result<u64, GateError> {
        let count = self.predecessor_count.value()?;
        self.predecessors = self.predecessors.saturating_add(count);
        within("predecessors", self.predecessors, MAX_CHANGE_PREDECESSORS)?;
        let mut last: Option<(i64, ActorId)> = None;
        for _ in 0..count {
            let actor = self.predecessor_actor.value()?;
            let actor = self.name("predecessor actor", actor)?;
            let predecessor = self.predecessor_counter.value()?;
            earlier("predecessor counter", predecessor, counter)?;
            if last.is_some_and(|last| last >= (predecessor, actor)) {
                let problem = "predecessors out of order";
                return Err(GateError::Shape { place, problem });
            }
            last = Some((predecessor, actor));
        }
        Ok(count)
    }

    fn mark_name(&mut self) -> Result<bool, GateError> {
        match self.mark_name.nullable()? {
            Some(name) => self.expand_text(name).map(|()| true),
            None => Ok(false),
        }
    }

    /// Looks an actor up and remembers that it was named.
    fn name(&mut self, column: &'static str, index: u64) -> Result<ActorId, GateError> {
        let others = self.frame.others;
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let actor = match place.checked_sub(1) {
            None => Some(self.frame.actor),
            Some(other) => others.get(other).copied(),
        };
        let actor = actor.ok_or(GateError::ActorIndex {
            column,
            index,
            actors: others.len() + 1,
        })?;
        self.named[place] = true;
        Ok(actor)
    }

    /// Repeated texts cost nothing in the chunk and everything in memory.
    fn expand_text(&mut self, text: &str) -> Result<(), GateError> {
        self.expanded += text.len() as u64;
        within("expanded texts", self.expanded, MAX_CHANGE_EXPANDED_BYTES)
    }

    fn finish(mut self) -> Result<(), GateError> {
        self.object_actor.finish_nullable()?;
        self.object_counter.finish_nullable()?;
        self.key_actor.finish_nullable()?;
        self.key_counter.finish_nullable()?;
        self.key_text.finish_nullable()?;
        self.insert.finish()?;
        self.action.finish()?;
        self.value_type.finish()?;
        self.predecessor_count.finish()?;
        self.predecessor_actor.finish()?;
        self.predecessor_counter.finish()?;
        self.expand.finish()?;
        self.mark_name.finish_nullable()?;
        if self.expand_listed && !self.expands {
            return Err(GateError::Spelling { column: "expand" });
        }
        if !self.value.is_empty() {
            return Err(GateError::Trailing {
                part: "value",
                bytes: self.value.left(),
            });
        }
        for (actor, named) in self.frame.others.iter().zip(&self.named[1..]) {
            if !named {
                return Err(GateError::IdleActor { actor: *actor });
            }
        }
        Ok(())
    }
}

impl Row {
    fn check_action(&self) -> Result<(), GateError> {
        if self.action > 7 {
            return Err(GateError::Action { code: self.action });
        }
        let fits = match self.action {
            // Makers and deletions carry nothing.
            0 | 2 | 3 | 4 | 6 => self.value.type_code == scalar::NULL,
            5 => matches!(self.value.type_code, scalar::UNSIGNED | scalar::SIGNED),
            _ => true,
        };
        if fits {
            Ok(())
        } else {
            Err(self.value.misfit())
        }
    }

    /// Deletions have no row of their own in a saved document and are rebuilt from what they
    /// delete; marks exist only as elements. Anything else would come back as another operation.
    fn check_shape(&self) -> Result<(), &'static str> {
        let Self {
            key,
            insert,
            action,
            predecessors,
            expand,
            mark,
            value,
        } = *self;
        if insert && (key == Key::Text || predecessors > 0) {
            return Err("an insertion at a text key or with predecessors");
        }
        if key == Key::Head && !insert {
            return Err("the head of a list is no element");
        }
        if matches!(action, 3 | 5) && (insert || predecessors == 0) {
            return Err("a deletion or increment of nothing");
        }
        if action == 7 {
            let ends = !mark && value.type_code != scalar::NULL;
            if !insert || ends {
                return Err("a mark that is no element, or an end of a mark with a value");
            }
        } else if mark || expand {
            return Err("a mark name on an operation that is no mark");
        }
        Ok(())
    }
}

/// Whether a counter can name an operation made before this one.
fn earlier(column: &'static str, counter: i64, before: u64) -> Result<(), GateError> {
    match u64::try_from(counter) {
        Ok(positive) if positive > 0 && positive < before => Ok(()),
        Ok(_) | Err(_) => Err(GateError::Counter {
            column,
            counter,
            most: before - 1,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::forge::honest::{first_change, origin, small_document};
    use super::super::forge::{Column, ForgedChange};
    use super::super::{CheckedChange, check_change};
    use super::*;

    /// An honest first change in parts: make list, insert "a", insert true, counter 5, "hello".
    fn first() -> ForgedChange {
        ForgedChange::of(&first_change().1)
    }

    fn check(change: &ForgedChange) -> Result<CheckedChange, GateError> {
        check_change(&origin(3), change.seal())
    }

    /// The error for the honest change with these columns instead.
    fn refused(columns: &[(u32, Vec<u8>)]) -> GateError {
        let mut change = first();
        for (spec, bytes) in columns {
            change.set(*spec, bytes.clone());
        }
        check(&change).unwrap_err()
    }

    fn some<T: Copy>(values: &[T]) -> Vec<Option<T>> {
        values.iter().copied().map(Some).collect()
    }

    fn shape(place: u32, problem: &'static str) -> GateError {
        GateError::Shape { place, problem }
    }

    #[test]
    fn the_parts_spelled_by_hand_are_those_of_the_honest_change() {
        let mut change = first();
        change
            .set(0x01, Column::of(&[None, Some(0), Some(0), None, None]))
            .set(0x02, Column::of(&[None, Some(1), Some(1), None, None]))
            .set(0x11, Column::of(&[None, None, Some(0), None, None]))
            .set(0x13, Column::deltas(&[None, Some(0), Some(2), None, None]))
            .set(
                0x15,
                Column::texts(&[Some("list"), None, None, Some("count"), Some("title")]),
            )
            .set(0x34, Column::booleans(&[false, true, true, false, false]))
            .set(0x42, Column::of(&some(&[2, 1, 1, 1, 1])))
            .set(0x56, Column::of(&some(&[0, 0x16, 2, 0x18, 0x56])))
            .set(0x57, b"a\x05hello".to_vec())
            .set(0x70, Column::of(&some(&[0; 5])));
        assert_eq!(change.seal(), first_change().1);
    }

    #[test]
    fn a_run_that_claims_millions_of_operations_is_refused_at_once() {
        for count in [10_001, 16_700_000, i64::MAX] {
            let columns: Vec<_> = [0x42, 0x56, 0x70]
                .into_iter()
                .map(|spec| (spec, Column::repeat(count, 0)))
                .collect();
            assert!(matches!(
                refused(&columns),
                GateError::Limit {
                    part: "operations",
                    ..
                }
            ));
        }
        // Two runs that overflow 64 bits together.
        let mut two = Column::repeat(i64::MAX, 0);
        two.extend(Column::repeat(i64::MAX, 1));
        assert!(matches!(refused(&[(0x42, two)]), GateError::Limit { .. }));
    }

    #[test]
    fn every_column_must_have_a_row_for_every_operation_and_no_more() {
        let many = [0u8, 0xff, 0xff, 0xff, 0xff, 0x0f];
        for (spec, mut bytes) in first().columns {
            if matches!(spec, 0x42 | 0x57) {
                continue;
            }
            let short = refused(&[(spec, Vec::new())]);
            let absent = matches!(
                short,
                GateError::Rows { .. } | GateError::Shape { .. } | GateError::Counter { .. }
            );
            assert!(absent, "{spec:#x}: {short}");
            // Four thousand million nulls, or falses and trues, behind the honest rows.
            bytes.extend(if spec == 0x34 { &many[1..] } else { &many[..] });
            let long = refused(&[(spec, bytes)]);
            let more = matches!(long, GateError::Rows { .. } | GateError::Spelling { .. });
            assert!(more, "{spec:#x}: {long}");
        }
        for (spec, bytes) in [
            (0x94, Column::booleans(&[false; 6])),
            (0xa5, Column::texts(&[None; 6])),
            (0x71, Column::of(&[Some(0)])),
            (0x73, Column::deltas(&[Some(1)])),
        ] {
            assert!(
                matches!(refused(&[(spec, bytes)]), GateError::Rows { .. }),
                "{spec:#x}"
            );
        }
    }

    #[test]
    fn a_column_that_should_have_been_left_out_is_refused() {
        for (spec, bytes) in [
            (0x94, Column::booleans(&[false; 5])),
            (0xa5, Column::texts(&[None; 5])),
        ] {
            assert!(
                matches!(refused(&[(spec, bytes)]), GateError::Spelling { .. }),
                "{spec:#x}"
            );
        }
    }

    #[test]
    fn a_null_where_a_value_must_be_is_refused() {
        for spec in [0x42, 0x56, 0x70] {
            let nulls = Column::of(&[None; 5]);
            assert!(
                matches!(refused(&[(spec, nulls)]), GateError::Null { .. }),
                "{spec:#x}"
            );
        }
    }

    #[test]
    fn an_actor_beyond_the_list_is_refused() {
        for (spec, bytes) in [
            (0x01, Column::of(&[None, Some(1), Some(1), None, None])),
            (0x11, Column::of(&[None, None, Some(u64::MAX), None, None])),
        ] {
            assert!(
                matches!(refused(&[(spec, bytes)]), GateError::ActorIndex { .. }),
                "{spec:#x}"
            );
        }
    }

    #[test]
    fn a_counter_that_is_zero_negative_or_not_earlier_is_refused() {
        let counter = |error| matches!(error, GateError::Counter { .. });
        for object in [0, 2, 3, u64::MAX] {
            let objects = Column::of(&[None, Some(object), Some(object), None, None]);
            assert!(counter(refused(&[(0x02, objects)])), "{object}");
        }
        for element in [-1, 0, 3, 4] {
            let elements = Column::deltas(&[None, Some(0), Some(element), None, None]);
            assert!(counter(refused(&[(0x13, elements)])), "{element}");
        }
        for predecessor in [-1, 0, 1, 5] {
            let columns = [
                (0x70, Column::of(&some(&[1, 0, 0, 0, 0]))),
                (0x71, Column::of(&[Some(0)])),
                (0x73, Column::deltas(&[Some(predecessor)])),
            ];
            assert!(counter(refused(&columns)), "{predecessor}");
        }
    }

    #[test]
    fn half_an_object_or_a_key_of_two_kinds_is_refused() {
        let half = Column::of(&[None, None, Some(0), None, None]);
        assert_eq!(refused(&[(0x01, half)]), shape(1, "half an object id"));
        let problem = "a key that is neither text nor element";
        let texts = Column::texts(&[Some("list"), None, Some("x"), Some("count"), Some("title")]);
        assert_eq!(refused(&[(0x15, texts)]), shape(2, problem));
        let texts = Column::texts(&[Some("list"), None, None, None, Some("title")]);
        assert_eq!(refused(&[(0x15, texts)]), shape(3, problem));
    }

    #[test]
    fn predecessors_without_end_are_refused_before_they_are_read() {
        let columns = [
            (0x70, Column::of(&some(&[u64::MAX, 0, 0, 0, 0]))),
            (0x71, Column::repeat(i64::MAX, 0)),
            (0x73, Column::repeat(i64::MAX, 1)),
        ];
        assert!(matches!(
            refused(&columns),
            GateError::Limit {
                part: "predecessors",
                ..
            }
        ));
        let columns = [(0x70, Column::of(&some(&[0, 0, 0, 1, 0])))];
        assert!(matches!(refused(&columns), GateError::Rows { .. }));
    }

    #[test]
    fn predecessors_named_twice_or_out_of_order_are_refused() {
        for predecessors in [[1, 1], [2, 1]] {
            let columns = [
                (0x70, Column::of(&some(&[0, 0, 0, 2, 0]))),
                (0x71, Column::of(&some(&[0, 0]))),
                (0x73, Column::deltas(&some(&predecessors))),
            ];
            assert_eq!(refused(&columns), shape(3, "predecessors out of order"));
        }
    }

    #[test]
    fn an_unknown_action_or_one_with_the_wrong_value_is_refused() {
        let actions = |code| [(0x42, Column::of(&some(&[2, 1, 1, 1, code])))];
        assert_eq!(refused(&actions(8)), GateError::Action { code: 8 });
        // "hello" is no value for a maker, a deletion or an increment.
        for code in [0, 2, 3, 4, 5, 6] {
            assert_eq!(
                refused(&actions(code)),
                GateError::Scalar {
                    type_code: 6,
                    bytes: 5
                }
            );
        }
    }

    #[test]
    fn operations_of_impossible_shape_are_refused() {
        let inserts = |flags: [bool; 5]| (0x34, Column::booleans(&flags));
        let problem = "an insertion at a text key or with predecessors";
        assert_eq!(
            refused(&[inserts([false, true, true, true, false])]),
            shape(3, problem)
        );
        let problem = "the head of a list is no element";
        assert_eq!(
            refused(&[inserts([false, false, true, false, false])]),
            shape(1, problem)
        );
        // A deletion that deletes nothing would vanish from a saved document.
        let nothing = [
            (0x42, Column::of(&some(&[2, 1, 1, 1, 3]))),
            (0x56, Column::of(&some(&[0, 0x16, 2, 0x18, 0]))),
            (0x57, b"a\x05".to_vec()),
        ];
        assert_eq!(
            refused(&nothing),
            shape(4, "a deletion or increment of nothing")
        );
        let problem = "a mark name on an operation that is no mark";
        let names = Column::texts(&[None, None, None, None, Some("bold")]);
        assert_eq!(refused(&[(0xa5, names)]), shape(4, problem));
        let expand = Column::booleans(&[true, false, false, false, false]);
        assert_eq!(refused(&[(0x94, expand)]), shape(0, problem));
        let marks = Column::of(&some(&[2, 1, 1, 1, 7]));
        let problem = "a mark that is no element, or an end of a mark with a value";
        assert_eq!(refused(&[(0x42, marks)]), shape(4, problem));
    }

    #[test]
    fn values_that_do_not_add_up_to_their_column_are_refused() {
        let longer = (0x57, b"a\x05hello!".to_vec());
        let expected = GateError::Trailing {
            part: "value",
            bytes: 1,
        };
        assert_eq!(refused(&[longer]), expected);
        assert!(matches!(
            refused(&[(0x57, b"a".to_vec())]),
            GateError::Truncated { .. }
        ));
        let types = Column::of(&some(&[0, 0x16, 2, 0x18, u64::MAX]));
        assert!(matches!(
            refused(&[(0x56, types)]),
            GateError::Truncated { .. }
        ));
        assert!(matches!(
            refused(&[(0x57, b"a\x05\xffello".to_vec())]),
            GateError::Scalar { .. }
        ));
    }

    #[test]
    fn a_long_key_repeated_thousands_of_times_is_refused() {
        let key = "k".repeat(2_000);
        let rows = 10_000;
        let mut change = first();
        change.columns.clear();
        change
            .set(0x15, Column::texts(&vec![Some(key.as_str()); rows]))
            .set(0x34, Column::booleans(&vec![false; rows]))
            .set(0x42, Column::of(&vec![Some(1); rows]))
            .set(0x56, Column::of(&vec![Some(0); rows]))
            .set(0x70, Column::of(&vec![Some(0); rows]));
        let error = check(&change).unwrap_err();
        assert!(
            matches!(
                error,
                GateError::Limit {
                    part: "expanded texts",
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn as_many_operations_as_allowed_are_accepted() {
        let rows = MAX_CHANGE_OPS as usize;
        let mut change = first();
        change.columns.clear();
        change
            .set(0x15, Column::texts(&vec![Some("k"); rows]))
            .set(0x34, Column::booleans(&vec![false; rows]))
            .set(0x42, Column::of(&vec![Some(1); rows]))
            .set(0x56, Column::of(&vec![Some(0); rows]))
            .set(0x70, Column::of(&vec![Some(0); rows]));
        assert_eq!(check(&change).unwrap().header().op_count as usize, rows);
    }

    #[test]
    fn honest_predecessors_of_two_actors_are_accepted() {
        let (_, doc) = small_document();
        let last = doc.get_changes(&[]).pop().unwrap();
        let change = ForgedChange::of(last.raw_bytes());
        assert!(check(&change).is_ok());
    }
}
