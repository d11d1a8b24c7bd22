//! The main job: a real process log goes into one device, through a server process, and out of
//! another device, to the last event.
//!
//! The ordinary tests do it with the smaller file, `cargo xtask main-job` with both. Everything is
//! done by the programs, as people would.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{Person, Premises, text};

/// A process log, with what is known of it from outside this product.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// The file's name.
    pub file: &'static str,
    /// Its traces.
    pub cases: u64,
    /// Its events.
    pub events: u64,
}

/// A municipality's permits.
pub const RECEIPT: Job = Job {
    file: "receipt.xes.gz",
    cases: 1_434,
    events: 8_577,
};

/// A software company's tickets.
pub const HELPDESK: Job = Job {
    file: "helpdesk.xes.gz",
    cases: 4_580,
    events: 21_348,
};

/// Cases of one page of the list.
const PAGE: usize = 1_000;

/// What took how long.
#[derive(Debug, Default)]
pub struct Times {
    /// Each step, in order.
    pub steps: Vec<(&'static str, Duration)>,
}

impl Times {
    fn time<T>(&mut self, step: &'static str, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.steps.push((step, begun.elapsed()));
        done
    }
}

/// Does the job, and answers how long each step took.
///
/// # Panics
/// When a count or a screen is not what it must be; the message tells which.
pub fn run(job: Job, file: &Path) -> Times {
    let (mut times, premises) = (Times::default(), Premises::new());
    let ana = premises.person("ana");
    let url = premises.server.url();
    ana.json(&["init", "Permits", "--as", "Ana", "--server", &url]);
    let path = file.to_string_lossy().into_owned();
    let done = times.time("import", || ana.json(&["import", "xes", &path]));
    assert_eq!(done["imported"]["cases"], job.cases, "{}", job.file);
    assert_eq!(done["imported"]["events"], job.events, "{}", job.file);
    assert_eq!(done["imported"]["complete"], true, "{}", job.file);
    let sent = times.time("send", || ana.json(&["sync"]));
    assert_eq!(sent["status"]["unsent"], 0, "everything is on the server");
    assert_eq!((&sent["held"], &sent["refused"]), (&0.into(), &0.into()));

    let rui = times.time("join and receive", || premises.joined(&ana, "Rui"));
    let again = times.time("sync again", || rui.json(&["sync"]));
    assert_eq!(again["status"]["cases"], job.cases, "every case is there");
    times.time("compare", || same_everywhere(job, &ana, &rui));
    for (step, person) in [("verify the sender", &ana), ("verify the receiver", &rui)] {
        let verified = times.time(step, || person.json(&["verify"]));
        assert_eq!(verified["holds"], true, "{step}: {verified}");
    }
    times
}

/// Every page of the list and the whole board are the same on both, and have the file's counts.
fn same_everywhere(job: Job, ana: &Person, rui: &Person) {
    let (hers, his) = (ana.list(PAGE), rui.list(PAGE));
    assert_eq!(hers.len() as u64, job.cases, "cases in the list");
    let first = hers.iter().zip(&his).find(|(hers, his)| hers != his);
    assert!(first.is_none(), "a case that differs: {first:?}");
    assert_eq!(hers.len(), his.len(), "cases in his list");
    // An event is a change that bears a claim; the repeated ones are comments.
    let mut numbers = BTreeMap::new();
    for case in &his {
        *numbers.entry(text(&case["number"])).or_insert(0) += 1;
    }
    assert_eq!(numbers.len() as u64, job.cases, "every number once");
    let (hers, his) = (ana.board(), rui.board());
    assert!(hers == his, "the boards differ");
    let shown = his["boards"].as_array().into_iter().flatten();
    let shown: u64 = shown.filter_map(|board| board["total"].as_u64()).sum();
    assert_eq!(shown, job.cases, "cases on the board");
}
