//! `casework quarantine …`: what was set aside, and the ways back.

use casework::Quarantined;
use casework::ids::DocumentId;
use serde_json::json;

use super::showing::named;
use super::{Desk, json};
use crate::cli::QuarantineCommand;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::ink::Tone;
use crate::screen::page::Page;
use crate::screen::words::{count, counted, plain};

/// Shortest beginning of an id that names a document.
const MIN_ID_DIGITS: usize = 4;

pub(super) fn carry_out(desk: &Desk<'_>, command: &QuarantineCommand) -> Result<Response, Fault> {
    match command {
        QuarantineCommand::List => list(desk),
        QuarantineCommand::Retry { document } => {
            let id = find(desk, document)?;
            let retried = desk.workspace.retry_quarantined(id)?;
            let short = id.short();
            let json = json!({ "document": id, "retried": json(&retried) });
            if let Some(why) = &retried.why {
                let message = format!("{short} still cannot be opened: {}", plain(why));
                return Err(
                    Fault::of(casework::ErrorKind::Corrupt, message).or_try(format!(
                        "casework quarantine fetch {short} && casework sync"
                    )),
                );
            }
            let line = match (retried.before, retried.after) {
                (0, _) => format!("{short} is back."),
                (before, after) if after < before => {
                    let back = count((before - after) as u64, "change");
                    format!("{short} is open; {back} of it landed.")
                }
                (_, after) => {
                    let aside = counted(after as u64, "change does", "changes do");
                    format!("{short} is open; {aside} not hold and will not here.")
                }
            };
            Ok(Response::line(line, json))
        }
        QuarantineCommand::Fetch { document } => {
            let id = find(desk, document)?;
            let rescued = desk.workspace.fetch_quarantined(id)?;
            let kept = if rescued == 0 {
                "nothing of it was unsent".to_owned()
            } else {
                let things = counted(rescued as u64, "thing is", "things are");
                format!("{things} in the drawer")
            };
            let line = format!(
                "{} is given up here and comes anew with the next sync; {kept}.",
                id.short()
            );
            Ok(Response::line(
                line,
                json!({ "document": id, "rescued": rescued }),
            ))
        }
    }
}

fn list(desk: &Desk<'_>) -> Result<Response, Fault> {
    let found = desk.workspace.quarantined()?;
    let json = json!({ "quarantined": json(&found) });
    if found.is_empty() {
        return Ok(Response::line("Nothing is set aside.", json));
    }
    let (cases, names) = (named(desk)?, desk.names()?);
    let mut page = Page::new(desk.screen);
    for one in &found {
        let what = cases
            .get(&one.document)
            .map_or_else(|| one.document.short(), |name| plain(name));
        let part = match (one.change, one.device) {
            (Some(change), Some(device)) => {
                format!("change {} by {}", change.short(), names.device(device))
            }
            _ => "the whole document".to_owned(),
        };
        let short = page.tone(Tone::Strong, &one.document.short());
        page.line(format!("{short}  {what}  {part}"));
        page.line(page.tone(Tone::Bad, &format!("   {}", plain(&one.why))));
    }
    page.gap();
    page.line("Look again: casework quarantine retry ID    have it sent anew: casework quarantine fetch ID");
    Ok(Response::new(page.finish(), json))
}

/// A document with something set aside: by the beginning of its id, or as any case is named.
fn find(desk: &Desk<'_>, text: &str) -> Result<DocumentId, Fault> {
    let wanted = text.trim().to_lowercase();
    let found: Vec<Quarantined> = desk.workspace.quarantined()?;
    let mut ids: Vec<DocumentId> = found.iter().map(|one| one.document).collect();
    ids.dedup();
    let by_id =
        |id: &&DocumentId| wanted.len() >= MIN_ID_DIGITS && id.to_string().starts_with(&wanted);
    let named: Vec<&DocumentId> = ids.iter().filter(by_id).collect();
    match named[..] {
        [only] => Ok(*only),
        _ => desk
            .workspace
            .find_case(text)
            .map_err(|error| Fault::from(error).or_try("casework quarantine list")),
    }
}
