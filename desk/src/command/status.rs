//! `casework sync`, `server`, `status` and `verify`.

use casework::ids::ServerId;
use casework::{ErrorKind, Notice, Phase, Progress, SyncReport, SyncState};
use serde_json::json;

use super::{Desk, json};
use crate::cli::ServerArgs;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::words::{bytes, count, counted, lasting, plain, thousands};

/// Exit code when a command was carried out and found something wrong.
pub(crate) const FOUND_FAULTS: u8 = 3;

/// Syncs once, telling how far it is.
///
/// # Errors
/// [`Fault`] when there is no server or it cannot be reached.
pub(super) fn synced(desk: &mut Desk<'_>) -> Result<SyncReport, Fault> {
    let workspace = desk.workspace.clone();
    let report = workspace.sync(&mut |progress| {
        let (what, done, total) = told(progress);
        desk.step(&what, done, total);
    });
    report.map_err(|error| {
        let cure = match error.kind() {
            ErrorKind::Denied => "casework drawer list    (what could not be sent)",
            ErrorKind::Unavailable => {
                "the same later: everything is safe here; casework server ADDR if it moved"
            }
            ErrorKind::Invalid => "casework server ws://HOST:PORT",
            ErrorKind::Corrupt => "casework verify",
            ErrorKind::Internal => "casework sync",
        };
        Fault {
            cure: None,
            ..Fault::from(error)
        }
        .or_try(cure)
    })
}

/// A sync's progress as a step.
pub(crate) fn told(progress: &Progress) -> (String, u64, Option<u64>) {
    let what = match progress.phase {
        Phase::Greeting => "greeting the server",
        Phase::Joining => "joining",
        Phase::Founding => "founding on the server",
        Phase::Restoring => "giving back what the server lost",
        Phase::FirstSync => "first sync",
        Phase::CatchingUp => "catching up",
        Phase::Live if progress.unsent > 0 => "sending",
        Phase::Live => "in step",
        Phase::Parting => "handing in what was done before access ended",
        Phase::Ended => "done",
    };
    if progress.phase == Phase::Live {
        let total = progress.pushed + progress.unsent as u64;
        return (
            what.to_owned(),
            progress.pushed,
            Some(total).filter(|total| *total > 0),
        );
    }
    let expected = Some(progress.expected).filter(|expected| *expected > 0);
    (what.to_owned(), progress.received, expected)
}

/// `casework sync`.
pub(super) fn sync(desk: &mut Desk<'_>) -> Result<Response, Fault> {
    let report = synced(desk)?;
    let mut page = Page::new(desk.screen);
    let line = format!(
        "In step: {} sent, {} received · {} out, {} in · {}",
        thousands(report.pushed),
        thousands(report.received),
        bytes(report.bytes_out),
        bytes(report.bytes_in),
        lasting(report.duration)
    );
    page.line(page.tone(Tone::Good, &line));
    if report.status.unsent > 0 {
        let left = counted(report.status.unsent as u64, "thing waits", "things wait");
        page.line(page.tone(Tone::Warning, &format!("{left} to be sent")));
    }
    for notice in &report.notices {
        page.line(page.tone(Tone::Warning, &notice_words(notice)));
    }
    if report.held + report.refused > 0 {
        page.line("try: casework drawer list");
    }
    Ok(Response::new(page.finish(), json(&report)))
}

/// What happened behind the person's back, in a sentence.
pub(crate) fn notice_words(notice: &Notice) -> String {
    match notice {
        Notice::OwnWorkHeld { document, .. } => {
            format!(
                "your work on case {} is held until somebody adopts it",
                document.short()
            )
        }
        Notice::OwnWorkRefused { document, why, .. } => {
            format!(
                "your work on case {} could not stand: {}",
                document.short(),
                plain(why)
            )
        }
        Notice::Quarantined { document, why, .. } => {
            format!(
                "a change of case {} was set aside: {}",
                document.short(),
                plain(why)
            )
        }
        Notice::DocumentQuarantined { document, why } => {
            format!("case {} was set aside: {}", document.short(), plain(why))
        }
        Notice::EntryRefused { what, why } => {
            format!("{} could not stand: {}", plain(what), plain(why))
        }
        Notice::Gap { document, from, to } => {
            format!(
                "the server left out entries {from} to {to} of case {}",
                document.short()
            )
        }
        Notice::ServerFault { what } => {
            format!("the server did what no honest server does: {}", plain(what))
        }
        Notice::Equivocation { document, device } => format!(
            "device {} signed two histories of case {}; the first one stays",
            device.short(),
            document.short()
        ),
        Notice::Evicted { document, rescued } => {
            let rescued = count(*rescued as u64, "action");
            format!(
                "case {} is no longer for you; {rescued} rescued",
                document.short()
            )
        }
        Notice::Purged { document, rescued } => {
            let rescued = count(*rescued as u64, "action");
            format!(
                "case {} was purged: its content is gone for good; {rescued} of yours rescued",
                document.short()
            )
        }
        other => format!("{other:?}"),
    }
}

/// `casework server`.
pub(super) fn server(desk: &Desk<'_>, args: &ServerArgs) -> Result<Response, Fault> {
    let key = args
        .key
        .as_ref()
        .map(|key| key.parse::<ServerId>())
        .transpose();
    let key =
        key.map_err(|error| Fault::invalid(format!("the server's key is not one: {error}")))?;
    desk.workspace.set_server(&args.address, key)?;
    let info = desk.workspace.info()?;
    crate::app::trust(&info.folder, args.ca.as_deref())?;
    let address = info
        .server
        .as_ref()
        .map(|row| row.address.clone())
        .unwrap_or_default();
    let line = format!("The server is {address}. Next: casework sync");
    Ok(Response::line(line, json!({ "server": info.server })))
}

/// `casework status`.
pub(super) fn status(desk: &Desk<'_>) -> Result<Response, Fault> {
    let (info, status) = (desk.workspace.info()?, desk.workspace.status()?);
    let state = desk.workspace.sync_state();
    let mut page = Page::new(desk.screen);
    page.line(page.tone(Tone::Strong, &plain(&info.name)));
    let mut pair = |label: &str, value: &str, tone: Option<Tone>| page.pair(label, 12, value, tone);
    pair("workspace", &info.workspace.to_string(), Some(Tone::Quiet));
    if info.member.is_some() {
        let who = format!(
            "{} on {}",
            plain(&info.member_name),
            plain(&info.device_name)
        );
        pair("you", &who, None);
    } else {
        pair(
            "you",
            "not enrolled, or revoked: what is here stays readable",
            Some(Tone::Bad),
        );
    }
    let server = match &info.server {
        Some(row) => format!("{} · {}", row.address, state_words(&state)),
        None => "none: casework server ws://…".to_owned(),
    };
    pair("server", &server, None);
    let held = |number: usize| (number > 0).then_some(Tone::Warning);
    // A device that belongs to nobody has no inbox.
    let unread = desk.workspace.unread_count().unwrap_or_default();
    pair("inbox", &unread_words(unread), held(unread));
    pair("cases", &thousands(status.cases as u64), None);
    pair("templates", &thousands(status.templates as u64), None);
    pair(
        "unsent",
        &thousands(status.unsent as u64),
        held(status.unsent),
    );
    pair(
        "drawer",
        &thousands(status.drawer as u64),
        held(status.drawer),
    );
    pair("held", &thousands(status.held as u64), held(status.held));
    pair(
        "waiting",
        &thousands(status.waiting as u64),
        held(status.waiting),
    );
    let aside = status.quarantined + status.quarantined_documents;
    let set_aside = if aside == 0 {
        thousands(0)
    } else {
        format!("{} (casework quarantine list)", thousands(aside as u64))
    };
    pair("set aside", &set_aside, held(aside));
    pair("unchecked", &thousands(status.unchecked as u64), None);
    if let (Some(size), Some(code)) = (status.log_size, &status.head_code) {
        let head = format!(
            "{} entries, head code {code} (compare it with a colleague's)",
            thousands(size)
        );
        pair("log", &head, None);
    }
    pair("folder", &info.folder.display().to_string(), None);
    let mut json = json!({ "info": json(&info), "status": json(&status), "sync": json(&state) });
    json["inbox"] = json!({ "unread": unread });
    Ok(Response::new(page.finish(), json))
}

fn unread_words(unread: usize) -> String {
    match unread {
        0 => "nothing unread".to_owned(),
        unread => format!("{} unread (casework inbox)", thousands(unread as u64)),
    }
}

/// How syncing stands, in a few words.
pub(crate) fn state_words(state: &SyncState) -> String {
    match state {
        SyncState::Off => "not syncing now".to_owned(),
        SyncState::Connecting => "connecting".to_owned(),
        SyncState::Working(progress) => told(progress).0,
        SyncState::InStep(_) => "in step".to_owned(),
        SyncState::Resting { next_in_ms, .. } => {
            format!(
                "in step (next connection in {} s)",
                next_in_ms.div_ceil(1000)
            )
        }
        SyncState::Paused => "paused".to_owned(),
        SyncState::Offline {
            reason,
            retry_in_ms,
        } => {
            let seconds = retry_in_ms.div_ceil(1000);
            format!("offline: {} (next attempt in {seconds} s)", plain(reason))
        }
        SyncState::Stopped { reason, .. } => format!("stopped: {}", plain(reason)),
    }
}

/// `casework verify`.
pub(super) fn verify(desk: &mut Desk<'_>) -> Result<Response, Fault> {
    let begun = std::time::Instant::now();
    let workspace = desk.workspace.clone();
    let found = workspace.verify(&mut |done, of| {
        desk.step("verifying", done as u64, Some(of as u64));
    })?;
    let mut page = Page::new(desk.screen);
    let checked = format!(
        "{} and {} of authority, {}, {}, {} checked in {}",
        counted(found.roster_entries, "roster entry", "roster entries"),
        counted(found.access_entries, "access entry", "access entries"),
        count(found.documents, "document"),
        count(found.changes, "change"),
        count(found.signatures, "signature"),
        lasting(begun.elapsed())
    );
    page.text(0, &checked);
    if found.unsent > 0 {
        let unsent = counted(found.unsent, "change is", "changes are");
        page.line(page.tone(
            Tone::Quiet,
            &format!("{unsent} not in the server's log yet"),
        ));
    }
    if found.holds() {
        page.line(page.tone(
            Tone::Good,
            "✓ Everything holds: every author, every chain, every right.",
        ));
    }
    for finding in &found.findings {
        let place = finding
            .document
            .map_or_else(|| "roster".to_owned(), |id| id.short());
        page.line(page.tone(Tone::Bad, &format!("✗ {place}: {}", plain(&finding.what))));
    }
    let mut response = Response::new(page.finish(), json(&found));
    if let Some(object) = response.json.as_object_mut() {
        object.insert("holds".to_owned(), found.holds().into());
    }
    response.exit = if found.holds() { 0 } else { FOUND_FAULTS };
    Ok(response)
}
