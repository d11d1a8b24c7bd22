//! `casework inbox …`.

use casework::inbox::quiet::{Hours, Mute};
use casework::{InboxAfter, InboxFilter, InboxPage};
use serde_json::json;

use super::{Desk, json};
use crate::cli::{InboxArgs, InboxCommand, MuteArgs, ShowArgs};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::inbox as screen;
use crate::screen::page::Page;
use crate::screen::words::{counted, plain};

/// Most items that a digest looks at.
const MAX_DIGEST: usize = 500;

pub(super) fn carry_out(desk: &Desk<'_>, args: &InboxArgs) -> Result<Response, Fault> {
    match &args.command {
        None => list(desk, &args.show),
        Some(InboxCommand::Read { items, all, case }) => read(desk, (items, *all, case.as_deref())),
        Some(InboxCommand::Unread { items }) => {
            let items = items.iter().map(|text| find(desk, text));
            let marked = desk
                .workspace
                .mark_unread(&items.collect::<Result<Vec<_>, _>>()?)?;
            marked_as(desk, marked, "unread")
        }
        Some(InboxCommand::Digest { since }) => digest(desk, since.as_deref()),
        Some(InboxCommand::Mute(args)) => mute(desk, args, true),
        Some(InboxCommand::Unmute(args)) => mute(desk, args, false),
        Some(InboxCommand::QuietHours { hours, zone, off }) => {
            quiet_hours(desk, (hours.as_deref(), zone.as_deref()), *off)
        }
    }
}

fn list(desk: &Desk<'_>, args: &ShowArgs) -> Result<Response, Fault> {
    let case = args
        .case
        .as_deref()
        .map(|text| desk.case(text))
        .transpose()?;
    let filter = InboxFilter {
        unread: args.unread,
        kinds: args.kinds.iter().copied().collect(),
        case,
        muted: args.all,
        since_ms: None,
    };
    let after = args
        .after
        .as_deref()
        .map(|text| place(desk, text))
        .transpose()?;
    let page = desk.workspace.inbox(&filter, after, args.limit.max(1))?;
    let unread = desk.workspace.unread_count()?;
    let teller = teller(desk, &page)?;
    let lines = screen::list(&page, unread, &teller, desk.screen);
    let entries = page.entries.iter().map(|entry| {
        let mut told = json(entry);
        if let Some(object) = told.as_object_mut() {
            object.insert("sentence".to_owned(), json!(teller.sentence(entry)));
            object.insert("try".to_owned(), json!(screen::next(entry)));
        }
        told
    });
    let entries: Vec<serde_json::Value> = entries.collect();
    Ok(Response::new(
        lines,
        json!({ "unread": unread, "entries": entries, "next": json(&page.next) }),
    ))
}

/// Where an item stands.
fn place(desk: &Desk<'_>, text: &str) -> Result<InboxAfter, Fault> {
    let id = find(desk, text)?;
    let everything = InboxFilter {
        muted: true,
        ..InboxFilter::default()
    };
    let mut after = None;
    loop {
        let page = desk.workspace.inbox(&everything, after, MAX_DIGEST)?;
        if let Some(entry) = page.entries.iter().find(|entry| entry.item.id == id) {
            let at_ms = entry.item.at_ms;
            return Ok(InboxAfter { at_ms, id });
        }
        after = page.next;
        if after.is_none() {
            return Err(Fault::invalid(format!("there is no item {text} any more")));
        }
    }
}

fn find(desk: &Desk<'_>, text: &str) -> Result<casework::case::PartId, Fault> {
    let found = desk.workspace.find_told(text);
    found.map_err(|error| Fault::from(error).or_try("casework inbox --all"))
}

fn teller(desk: &Desk<'_>, page: &InboxPage) -> Result<screen::Teller, Fault> {
    let mut teller = screen::Teller::new(desk.names()?);
    for entry in &page.entries {
        if let Some(template) = entry.template.filter(|id| !teller.knows(*id))
            && let Ok(revision) = desk.workspace.revision(template)
        {
            teller.learn(template, &revision);
        }
    }
    Ok(teller)
}

fn read(
    desk: &Desk<'_>,
    (items, all, case): (&[String], bool, Option<&str>),
) -> Result<Response, Fault> {
    let workspace = desk.workspace;
    let marked = if all || case.is_some() {
        let filter = InboxFilter {
            case: case.map(|text| desk.case(text)).transpose()?,
            muted: true,
            ..InboxFilter::default()
        };
        workspace.mark_all_read(&filter)?
    } else {
        let items = items.iter().map(|text| find(desk, text));
        workspace.mark_read(&items.collect::<Result<Vec<_>, _>>()?)?
    };
    marked_as(desk, marked, "read")
}

fn marked_as(desk: &Desk<'_>, marked: usize, how: &str) -> Result<Response, Fault> {
    let left = desk.workspace.unread_count()?;
    let words = counted(marked as u64, "item is", "items are");
    let line = if marked == 0 {
        format!("Nothing to mark: they are {how} already. {left} unread.")
    } else {
        format!("{words} {how} now, on all your devices after the next sync. {left} unread.")
    };
    Ok(Response::line(
        line,
        json!({ "marked": marked, "unread": left }),
    ))
}

fn digest(desk: &Desk<'_>, since: Option<&str>) -> Result<Response, Fault> {
    let since_ms = since.map(moment).transpose()?;
    let filter = InboxFilter {
        unread: since.is_none(),
        since_ms,
        ..InboxFilter::default()
    };
    let page = desk.workspace.inbox(&filter, None, MAX_DIGEST)?;
    let lines = screen::digest(&page, &teller(desk, &page)?, desk.screen);
    let cases: Vec<_> = screen::by_case(&page)
        .into_iter()
        .map(|entries| {
            json!({
                "case": json(&entries[0].item.document),
                "number": entries[0].number,
                "title": entries[0].title,
                "items": entries.iter().map(|entry| entry.item.id.to_string()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let json = json!({ "cases": cases, "items": page.entries.len(), "more": page.next.is_some() });
    Ok(Response::new(lines, json))
}

/// A day where this device is, or a moment, in milliseconds since 1970.
fn moment(text: &str) -> Result<i64, Fault> {
    let bad = || {
        Fault::invalid(format!("{:?} is no day and no moment", plain(text)))
            .or_try("casework inbox digest --since 2026-03-02")
    };
    if let Ok(day) = text.trim().parse::<jiff::civil::Date>() {
        let begin = day
            .to_zoned(jiff::tz::TimeZone::system())
            .map_err(|_| bad())?;
        return Ok(begin.timestamp().as_millisecond());
    }
    let moment: jiff::Timestamp = text.trim().parse().map_err(|_| bad())?;
    Ok(moment.as_millisecond())
}

fn mute(desk: &Desk<'_>, args: &MuteArgs, on: bool) -> Result<Response, Fault> {
    let (mute, what) = if let Some(kind) = args.kind {
        (
            Mute::Kind(kind),
            format!("items of the kind {}", kind.name()),
        )
    } else if let Some(case) = &args.case {
        (
            Mute::Case(desk.case(case)?),
            format!("items of {}", plain(case)),
        )
    } else {
        let template = args.template.as_deref().unwrap_or_default();
        let id = desk.template(template)?;
        (
            Mute::Template(id),
            format!("items of cases of {}", plain(template)),
        )
    };
    let news = desk.workspace.set_mute(mute, on)?;
    let line = match (on, news) {
        (true, true) => format!(
            "Muted: {what} are not counted and not announced. casework inbox --all shows them."
        ),
        (false, true) => format!("No longer muted: {what}."),
        (true, false) => format!("Muted already: {what}."),
        (false, false) => format!("They were not muted: {what}."),
    };
    Ok(Response::line(
        line,
        json!({ "what": mute.name(), "muted": on, "news": news }),
    ))
}

fn quiet_hours(
    desk: &Desk<'_>,
    (hours, zone): (Option<&str>, Option<&str>),
    off: bool,
) -> Result<Response, Fault> {
    if hours.is_none() && !off {
        return quiet(desk);
    }
    let hours = match (hours, zone) {
        (Some(hours), Some(zone)) => {
            let hours = format!("{hours} {zone}").parse::<Hours>();
            Some(hours.map_err(|error| {
                Fault::invalid(error.to_string())
                    .or_try("casework inbox quiet-hours 22:00-07:00 Europe/Lisbon")
            })?)
        }
        (Some(_), None) | (None, _) => None,
    };
    desk.workspace.set_quiet_hours(hours.as_ref())?;
    let line = match &hours {
        Some(hours) => format!(
            "Nothing is announced from {} to {} in {}.",
            hours.from, hours.until, hours.zone
        ),
        None => "No quiet hours any more.".to_owned(),
    };
    Ok(Response::line(line, json!({ "hours": json(&hours) })))
}

/// What is quiet.
fn quiet(desk: &Desk<'_>) -> Result<Response, Fault> {
    let quiet = desk.workspace.quiet()?;
    let mut page = Page::new(desk.screen);
    let hours = match &quiet.hours {
        Some(hours) if quiet.now => format!("{hours}, now"),
        Some(hours) => hours.to_string(),
        None => "none".to_owned(),
    };
    page.pair("hours", 10, &hours, None);
    for kind in &quiet.kinds {
        page.pair("muted", 10, &format!("kind {}", kind.name()), None);
    }
    let cards = desk.workspace.cards()?;
    for case in &quiet.cases {
        let card = cards.iter().find(|card| card.document == *case);
        let name = card.map_or_else(
            || case.short(),
            |card| format!("{} {}", card.number, card.title),
        );
        page.pair("muted", 10, &format!("case {}", plain(&name)), None);
    }
    for template in &quiet.templates {
        let name = desk.workspace.revision(*template);
        let name = name.map_or_else(|_| template.short(), |r| r.package().name.clone());
        page.pair("muted", 10, &format!("template {}", plain(&name)), None);
    }
    Ok(Response::new(page.finish(), json(&quiet)))
}
