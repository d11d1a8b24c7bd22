//! The only place that prints: answers on standard output, faults and progress on standard error.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::fault::Fault;
use crate::request::{Progress, Response, Step};
use crate::screen::ink::{Depth, Tone};

/// Between two lines of progress where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Prints an answer.
pub(crate) fn answer(response: &Response, as_json: bool) {
    if as_json {
        json_line(&response.json);
    } else {
        let mut text = response.lines.join("\n");
        text.push('\n');
        lines(&text);
    }
}

/// Prints JSON, indented.
pub(crate) fn json_line(value: &impl Serialize) {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".to_owned());
    text.push('\n');
    lines(&text);
}

/// Prints a text as it is. A reader that went away (`| head`) is no error.
pub(crate) fn lines(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints why a command was not carried out and what to try.
pub(crate) fn fault(fault: &Fault, as_json: bool) {
    if as_json {
        json_line(&json!({ "error": fault }));
        return;
    }
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let depth = if coloured {
        Depth::Palette
    } else {
        Depth::None
    };
    let mut text = format!("{} {}\n", depth.tone(Tone::Bad, "error:"), fault.message);
    if let Some(cure) = &fault.cure {
        text.push_str(&format!("  {} {cure}\n", depth.tone(Tone::Command, "try:")));
    }
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Prints a line to standard error.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A progress bar on a terminal, a line now and then elsewhere, nothing with `--json`.
pub(crate) struct Bar {
    bar: ProgressBar,
    what: String,
    lines: Option<Instant>,
}

impl Bar {
    /// A bar that shows itself with the first step.
    pub(crate) fn new(as_json: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal && !as_json {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let lines = (!terminal && !as_json).then(Instant::now);
        Self {
            bar,
            what: String::new(),
            lines,
        }
    }

    fn style(total: bool) -> ProgressStyle {
        let template = if total {
            "{msg:26} {bar:30.cyan/blue} {human_pos}/{human_len} {percent}% {eta}"
        } else {
            "{msg:26} {spinner} {human_pos}"
        };
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    }
}

impl Progress for Bar {
    fn step(&mut self, step: Step) {
        if self.what != step.what {
            self.what.clone_from(&step.what);
            self.bar.reset();
            self.bar.set_style(Self::style(step.total.is_some()));
            self.bar.set_message(step.what.clone());
        }
        if let Some(total) = step.total
            && self.bar.length() != Some(total)
        {
            self.bar.set_style(Self::style(true));
            self.bar.set_length(total);
        }
        self.bar.set_position(step.done);
        if let Some(last) = self.lines.filter(|last| last.elapsed() >= LINE_INTERVAL) {
            let _ = last;
            self.lines = Some(Instant::now());
            let of = step
                .total
                .map(|total| format!(" of {total}"))
                .unwrap_or_default();
            remark(&format!("{}: {}{of}", step.what, step.done));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
