//! Reads process logs in XES (IEEE 1849) and plans their import: a template and a case per trace.
//!
//! file → `read` (traces, one at a time) → `survey` (figures, pass 1) → `plan` → `cases` (pass 2)
//!
//! It does not touch the engine: what it hands out is neutral data. Invariants: hostile or cut
//! files end in a clear error after the complete cases; never half a case; every adjustment is
//! counted in a note.

pub mod attribute;
pub mod cases;
mod classifier;
pub mod fault;
mod fields;
mod intake;
pub mod limits;
pub mod log;
mod markup;
pub mod moment;
pub mod notes;
pub mod plan;
pub mod read;
mod slug;
pub mod source;
mod stages;
mod survey;
mod timeline;

pub use cases::Cases;
pub use fault::{Fault, XesError};
pub use limits::Limits;
pub use log::{LogHead, Trace, TraceEvent};
pub use moment::Moment;
pub use notes::{Note, NoteKind};
pub use plan::{CasePlan, Counts, EventPlan, ImportPlan, Options, PlannedValue};
pub use read::Traces;
pub use source::{Progress, Source};

/// Reads a log and plans all its cases: what an import does, without the importing. For fuzzing
/// and tests.
///
/// Checks on the way what must always hold: both passes agree, and cases name only what the plan
/// has.
///
/// # Errors
/// [`XesError`] when the log has no complete trace or the second pass disagrees with the first.
/// A log that breaks off after a complete trace is no error: see [`ImportPlan::broken`].
///
/// # Panics
/// When the two passes disagree about bytes that cannot have changed.
pub fn read_all(data: &[u8], limits: &Limits) -> Result<(ImportPlan, Vec<CasePlan>), XesError> {
    let source = Source::bytes("bytes", data);
    let options = Options {
        classifier: None,
        limits: limits.clone(),
    };
    let plan = ImportPlan::survey(&source, &options, &mut |_| {})?;
    let mut planned = Vec::new();
    for case in plan.cases(&source)? {
        match case {
            Ok(case) => planned.push(case),
            Err(error @ XesError::Changed { .. }) => panic!("the bytes did not change: {error}"),
            Err(_) => break,
        }
    }
    assert_eq!(
        planned.len() as u64,
        plan.counts.traces,
        "both passes see the same cases"
    );
    Ok((plan, planned))
}

#[cfg(test)]
mod tests;
