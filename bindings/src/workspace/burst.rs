//! A sync of limited time.

use std::time::{Duration, Instant};

use super::Workspace;
use super::session::Until;
use super::watching::{sync_once, told};
use crate::error::Error;
use crate::progress::{Burst, Progress};

/// The longest burst; more is what [`Workspace::sync`] is for.
const LONGEST_BURST: Duration = Duration::from_secs(24 * 60 * 60);

impl Workspace {
    /// Syncs for at most so long, and says whether everything is in step: for the short time that
    /// a system gives an app in the background. What was sent by then is safe on the server, what
    /// was not waits here for the next sync.
    ///
    /// # Errors
    /// As [`Workspace::sync`]; [`Error::Unavailable`] also when the time was over before the
    /// server answered.
    pub fn sync_for(
        &self,
        at_most: Duration,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Burst, Error> {
        let begun = Instant::now();
        let end = begun + at_most.min(LONGEST_BURST);
        loop {
            if let Some(line) = self.inner.line.take() {
                let done = sync_once(&self.inner, Until::InStepOr(end), progress);
                drop(line);
                let done = done?;
                let in_step = done.in_step;
                let report = self.report(begun, done)?;
                return Ok(Burst { in_step, report });
            }
            let in_step = self.ask_watch(progress)?;
            if in_step.is_none() && Instant::now() < end {
                continue;
            }
            let report = match in_step {
                Some(progress) => self.report(begun, told(progress))?,
                None => return Err(out_of_time()),
            };
            return Ok(Burst {
                in_step: true,
                report,
            });
        }
    }
}

pub(super) fn out_of_time() -> Error {
    Error::Unavailable(
        "the time was over before the server answered; everything stays here for the next sync"
            .to_owned(),
    )
}
