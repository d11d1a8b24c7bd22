//! `casework overrides`: what was done although a rule asked, over all cases, newest first.

use serde_json::json;

use super::{Desk, json};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::table::Table;
use crate::screen::words::plain;

/// Lists them, of one template or of all.
pub(super) fn list(desk: &Desk<'_>, template: Option<&str>) -> Result<Response, Fault> {
    let wanted = template.map(|text| desk.template(text)).transpose()?;
    let names = desk.names()?;
    let mut found = Vec::new();
    for card in desk.workspace.cards()? {
        if wanted.is_some_and(|wanted| wanted != card.template) {
            continue;
        }
        let view = desk.workspace.case(card.document)?;
        for (id, exception) in &view.overrides {
            let origin = view.origins.get(exception.by);
            let who = origin.member.map(|member| names.member(member));
            found.push((
                origin.claimed_ms,
                card.number.clone(),
                *id,
                who,
                exception.clone(),
            ));
        }
    }
    found.sort_by(|a, b| (b.0, &a.1, a.2).cmp(&(a.0, &b.1, b.2)));
    let mut table = Table::new(&["case", "who", "rule", "reason"]);
    for (_, number, _, who, exception) in &found {
        table.row([
            plain(number),
            plain(who.as_deref().unwrap_or("somebody")),
            plain(&exception.rule),
            plain(&exception.why),
        ]);
    }
    let lines = if table.is_empty() {
        vec!["Nobody went through a rule that asked.".to_owned()]
    } else {
        table.lines(desk.screen)
    };
    let listed: Vec<_> = found
        .iter()
        .map(|(at_ms, number, id, who, exception)| {
            json!({
                "case": number,
                "override": id,
                "who": who,
                "at_ms": at_ms,
                "rule": exception.rule,
                "why": exception.why,
            })
        })
        .collect();
    Ok(Response::new(lines, json!({ "overrides": json(&listed) })))
}
