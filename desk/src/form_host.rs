//! `casework form serve`: serves the forms, owns the replica meanwhile and stays in step.

use std::sync::Arc;

use casework::{Changed, Hearing, Notice, Observer, SyncState, Workspace};
use serde_json::json;

use crate::cli::ServeArgs;
use crate::command::{carry_out, state_words};
use crate::fault::Fault;
use crate::forms::{FormKey, Rooms, Serving, Settings, Site, serve};
use crate::output;
use crate::owner::Service;
use crate::screen::words::here;
use crate::watch::wait_for_the_end;

/// Serves until the process is asked to end.
pub(crate) fn run(workspace: &Workspace, args: &ServeArgs, as_json: bool) -> Result<(), Fault> {
    let served = workspace.clone();
    let service = Service::begin(
        workspace.folder(),
        Arc::new(move |request, progress| carry_out(&served, request, progress)),
    )?;
    let host = FormHost::open(workspace, args)?;
    say(
        as_json,
        "serving",
        &format!(
            "forms are served at http://{}, for people at {}; end with Ctrl-C",
            host.serving.address(),
            args.base.base_url
        ),
        json!({ "address": host.serving.address().to_string(), "base_url": args.base.base_url }),
    );
    let rooms = Arc::clone(&host.rooms);
    let keeper: Arc<dyn Observer> = Arc::new(Keeper { rooms, as_json });
    workspace.hear_presence(Hearing::Nobody);
    // Without a server there is nobody to be in step with; what other commands do here is heard.
    let has_server = workspace.info()?.server.is_some();
    let (watch, observation) = if has_server {
        (Some(workspace.watch(keeper)?), None)
    } else {
        (None, Some(workspace.observe(keeper)?))
    };
    let ended = wait_for_the_end();
    // First the doors, then the line: what was taken last is still sent.
    drop(host);
    drop(service);
    drop(observation);
    if let Some(watch) = watch {
        watch.stop();
    }
    ended
}

/// The forms of a workspace, served until this is dropped.
pub(crate) struct FormHost {
    pub(crate) serving: Serving,
    /// Is to be told what changes in the workspace.
    pub(crate) rooms: Arc<Rooms>,
}

impl FormHost {
    /// Opens the doors.
    ///
    /// # Errors
    /// [`Fault`] when the address is taken, or the form key cannot be read.
    pub(crate) fn open(workspace: &Workspace, args: &ServeArgs) -> Result<Self, Fault> {
        let rooms = Arc::new(Rooms::open(workspace)?);
        let settings = Settings {
            base_path: path_of(&args.base.base_url),
            min_fill_ms: u64::from(args.min_fill_secs) * 1_000,
        };
        let seed = workspace.moment()?.derive("form key");
        let site = Site::new(settings, FormKey::in_folder(workspace.folder(), seed)?);
        let serving = serve(site, rooms.clone(), args.listen, args.behind_proxy)?;
        Ok(Self { serving, rooms })
    }
}

/// The path of an address: what a proxy leaves before `/f/`.
fn path_of(base_url: &str) -> String {
    let rest = base_url
        .split_once("://")
        .map_or(base_url, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        String::new()
    } else {
        format!("/{path}")
    }
}

fn say(as_json: bool, what: &str, words: &str, data: serde_json::Value) {
    if as_json {
        let line = json!({ "event": what, "data": data });
        output::lines(&format!("{line}\n"));
    } else {
        let now = casework::timestamp().as_millisecond();
        output::lines(&format!("{}  {words}\n", here(now)));
    }
}

/// Keeps the index of the pages, and says how syncing stands.
struct Keeper {
    rooms: Arc<Rooms>,
    as_json: bool,
}

impl Observer for Keeper {
    fn changed(&self, changed: &Changed) {
        self.rooms.changed(changed);
    }

    fn status(&self, state: &SyncState) {
        if !matches!(state, SyncState::Working(_) | SyncState::Connecting) {
            say(self.as_json, "sync", &state_words(state), json!(state));
        }
    }

    fn notices(&self, notices: &[Notice]) {
        for notice in notices {
            let words = crate::command::notice_words(notice);
            say(self.as_json, "notice", &words, json!(notice));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_before_the_forms_is_that_of_their_address() {
        for (url, path) in [
            ("https://forms.example.org", ""),
            ("https://example.org/", ""),
            ("https://example.org/city/forms/", "/city/forms"),
            ("127.0.0.1:7480", ""),
        ] {
            assert_eq!(path_of(url), path, "{url}");
        }
    }
}
