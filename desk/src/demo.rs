//! `casework demo`: a server process, three operators on three replicas, a collision on purpose,
//! and how it is settled; then what it cost and where it all lies.
//!
//! ```text
//! stage (server, Ana, Rui, Mia) ─▶ story (offline, collide, reconnect, settle, adopt) ─▶ figures
//! ```
//! Everything goes through the SDK and a real socket, as it would for an app. It ends with an
//! error code unless the replicas show the same.

mod figures;
mod proof;
mod sample;
mod server;
mod stage;
mod story;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::fault::Fault;
use crate::output;
use crate::request::Response;
use crate::screen::Screen;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::words::lasting;

/// Exit code when the replicas do not show the same.
const NOT_CONVERGED: u8 = 3;

/// Plays the demo.
pub(crate) fn run(
    folder: Option<&Path>,
    screen: Screen,
    as_json: bool,
) -> Result<Option<Response>, Fault> {
    let folder = fresh_folder(folder)?;
    let mut narrator = Narrator {
        screen,
        silent: as_json,
    };
    let mut figures = figures::Figures::default();
    let mut stage = stage::Stage::build(&folder, &mut narrator, &mut figures)?;
    let outcome = story::play(&mut stage, &mut narrator, &mut figures)?;
    let took = stage.begun.elapsed();
    narrator.chapter("What it cost, on this machine, over a real socket");
    let mut page = Page::new(screen);
    figures.show(&stage, &mut page)?;
    where_to_go(&stage, &outcome, &mut page);
    page.gap();
    let verdict = if outcome.converged {
        page.tone(
            Tone::Good,
            "✓ Every replica shows the same, and every signature holds.",
        )
    } else {
        page.tone(
            Tone::Bad,
            "✗ The replicas do not show the same: this is a fault, report it.",
        )
    };
    page.line(format!("{verdict}  ({})", lasting(took)));
    let json = json!({
        "folder": folder,
        "converged": outcome.converged,
        "case": outcome.contested.1,
        "adopted": outcome.adopted,
        "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "figures": figures.json(),
    });
    let mut response = Response::new(page.finish(), json);
    response.exit = if outcome.converged { 0 } else { NOT_CONVERGED };
    Ok(Some(response))
}

/// Tells the story as it goes on; silent when the answer is JSON.
pub(crate) struct Narrator {
    /// Where it is read.
    pub(crate) screen: Screen,
    silent: bool,
}

impl Narrator {
    /// Begins a chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        let mut page = Page::new(self.screen);
        let rule = "─".repeat(self.screen.width.saturating_sub(title.chars().count() + 4));
        page.line(
            self.screen
                .depth
                .tone(Tone::Strong, &format!("── {title} {rule}")),
        );
        self.lines(&[vec![String::new()], page.finish()].concat());
    }

    /// Tells a wrapped text.
    pub(crate) fn tell(&mut self, text: &str) {
        let mut page = Page::new(self.screen);
        page.text(0, text);
        self.lines(&page.finish());
    }

    /// Shows lines as they are.
    pub(crate) fn lines(&mut self, lines: &[String]) {
        if !self.silent {
            let mut text = lines.join("\n");
            text.push('\n');
            output::lines(&text);
        }
    }
}

/// A folder that is empty or not there yet.
fn fresh_folder(named: Option<&Path>) -> Result<PathBuf, Fault> {
    let folder = match named {
        Some(folder) => std::path::absolute(folder).map_err(|error| Fault::file(folder, &error))?,
        None => {
            let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
            std::env::temp_dir().join(format!("casework-demo-{now}-{}", std::process::id()))
        }
    };
    std::fs::create_dir_all(&folder).map_err(|error| Fault::file(&folder, &error))?;
    let mut entries = std::fs::read_dir(&folder).map_err(|error| Fault::file(&folder, &error))?;
    if entries.next().is_some() {
        return Err(Fault::invalid(format!("{} is not empty", folder.display()))
            .or_try("casework demo --folder DIR, with a new folder"));
    }
    Ok(folder)
}

/// This program as it can be typed here.
fn program() -> String {
    let Ok(own) = std::env::current_exe() else {
        return "casework".to_owned();
    };
    let here = std::env::current_dir().unwrap_or_default();
    own.strip_prefix(&here)
        .unwrap_or(&own)
        .display()
        .to_string()
}

fn where_to_go(stage: &stage::Stage, outcome: &story::Outcome, page: &mut Page) {
    page.heading(
        "Go on yourself",
        "the replicas are yours; the server has ended with this command",
    );
    let folder = |name: &str| stage.folder.join(name).display().to_string();
    let casework = program();
    let number = &outcome.contested.1;
    let address = stage.server.url.trim_start_matches("ws://");
    let commands = [
        format!("{casework} --folder {} board", folder("ana")),
        format!("{casework} --folder {} case show {number}", folder("rui")),
        format!(
            "{casework} --folder {} case timeline {number}",
            folder("rui")
        ),
        format!("{casework} --folder {} drawer list", folder("mia")),
        format!("{casework} --folder {} verify", folder("ana")),
        format!(
            "{} serve --listen {address} --data {}",
            stage.server.program.display(),
            stage.server.data.display()
        ),
    ];
    for command in commands {
        page.whole_line(format!("  {}", page.tone(Tone::Command, &command)));
    }
}
