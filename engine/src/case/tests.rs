//! Tests of the case room as a whole: every action there and back, and hostile changes.

mod acting;
mod approving;
mod concurrent;
mod conditions;
mod forms;
mod hostile;
mod opening;
mod receiving;
mod undoing;
