//! The day a rule counts to from the moment of its trigger.
//!
//! Whole days only: a task is due on a day. The template's first calendar counts; without one,
//! business days are Monday to Friday where the author of the trigger stood.

use super::effect::Scene;
use crate::clock::{WorkingTime, add};
use crate::template::Span;

/// The last day of a span that begins with the trigger, as `YYYY-MM-DD`.
///
/// # Errors
/// Why there is none, in words.
pub(super) fn due_date(scene: &Scene<'_>, within: Span) -> Result<String, String> {
    let today = scene.today;
    let weekdays;
    let time = match scene.revision.first_working_time() {
        Some(time) => time,
        None => {
            weekdays = WorkingTime::weekdays(today.offset);
            &weekdays
        }
    };
    let until = add(time, today.now.as_millisecond(), within);
    if until >= crate::clock::LATEST_MS {
        return Err(format!(
            "{within} from {} is beyond the calendar",
            today.date
        ));
    }
    // A day ends with the first moment of the next one.
    Ok(time.date_at(until - 1).to_string())
}
