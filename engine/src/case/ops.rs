//! The operations of a received change, in plain terms.
//!
//! Reading accepts whatever the gate lets through and judges nothing; what no action writes comes
//! out as [`Deed::Foreign`].

use automerge::legacy::{ElementId, Key as StoredKey, ObjectId, OpId, OpType};
use automerge::{Change, ExpandedChange, ObjType};

use super::past::{Held, Object, OpRef};
use crate::value::Scalar;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) id: OpRef,
    pub(crate) object: Object,
    pub(crate) key: Key,
    pub(crate) insert: bool,
    pub(crate) deed: Deed,
    /// The operations it replaces, ascending.
    pub(crate) replaces: Vec<OpRef>,
}

/// Where in its object an operation acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// At a key of a map.
    Map(String),
    /// Before the first character of a text.
    Head,
    /// At a character of a text.
    Element(OpRef),
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    Put(Scalar),
    MakeMap,
    MakeText,
    Delete,
    /// Something that no action writes.
    Foreign,
}

/// Reads the operations; `None` when one names an actor of another length or counts past the end.
pub(crate) fn read_ops(change: &Change, expanded: &ExpandedChange) -> Option<Vec<Op>> {
    let first = OpRef::from_parts(change.start_op().get(), change.actor_id())?;
    let mut ops = Vec::with_capacity(expanded.operations.len());
    for (counter, op) in (first.counter..).zip(&expanded.operations) {
        ops.push(Op {
            id: OpRef { counter, ..first },
            object: match &op.obj {
                ObjectId::Root => Object::Root,
                ObjectId::Id(id) => Object::Made(op_ref(id)?),
            },
            key: match &op.key {
                StoredKey::Map(key) => Key::Map(key.to_string()),
                StoredKey::Seq(ElementId::Head) => Key::Head,
                StoredKey::Seq(ElementId::Id(id)) => Key::Element(op_ref(id)?),
            },
            insert: op.insert,
            deed: read_deed(&op.action),
            replaces: op.pred.iter().map(op_ref).collect::<Option<_>>()?,
        });
    }
    Some(ops)
}

fn op_ref(id: &OpId) -> Option<OpRef> {
    OpRef::from_parts(id.counter(), id.actor())
}

fn read_deed(action: &OpType) -> Deed {
    match action {
        OpType::Make(ObjType::Map) => Deed::MakeMap,
        OpType::Make(ObjType::Text) => Deed::MakeText,
        OpType::Delete => Deed::Delete,
        OpType::Put(value) => match Held::of_scalar(value) {
            Held::Scalar(value) => Deed::Put(value),
            Held::Map | Held::Text | Held::Foreign => Deed::Foreign,
        },
        OpType::Make(ObjType::List | ObjType::Table)
        | OpType::Increment(_)
        | OpType::MarkBegin(_)
        | OpType::MarkEnd(_) => Deed::Foreign,
    }
}
