//! `casework agent status` and `casework agent dead-letters`.

use casework::RequestView;
use casework::case::facet::automation::RunStatus;
use serde_json::json;

use super::{Desk, json};
use crate::cli::AgentCommand;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::words::{counted, plain};

pub(super) fn carry_out(desk: &Desk<'_>, command: &AgentCommand) -> Result<Response, Fault> {
    match command {
        AgentCommand::Run { .. } => Err(Fault::unavailable(
            "another process has the replica open and is no agent",
        )
        .or_try("end casework sync --watch, then casework agent run")),
        AgentCommand::Status => status(desk),
        AgentCommand::DeadLetters { retry: None } => dead_letters(desk),
        AgentCommand::DeadLetters { retry: Some(which) } => retry(desk, which),
    }
}

fn status(desk: &Desk<'_>) -> Result<Response, Fault> {
    let agents = desk.workspace.agents()?;
    let names = desk.names()?;
    let requests = desk.workspace.agent_requests()?;
    let dead = requests
        .iter()
        .filter(|request| request.run.is_dead())
        .count();
    let waiting = requests.len() - dead;
    let mut lines = match agents.split_first() {
        None => vec!["No agent: no device of an active member with the role agent.".to_owned()],
        Some((leader, others)) => {
            let mut lines = vec![format!("{} leads.", names.device(*leader))];
            lines.extend(
                others
                    .iter()
                    .map(|device| format!("{} stands by.", names.device(*device))),
            );
            lines
        }
    };
    let waits = counted(waiting as u64, "request waits", "requests wait");
    lines.push(format!("{waits}, {dead} given up."));
    lines.extend(requests.iter().map(line));
    let json =
        json!({ "agents": agents, "waiting": waiting, "dead": dead, "requests": json(&requests) });
    Ok(Response::new(lines, json))
}

fn dead_letters(desk: &Desk<'_>) -> Result<Response, Fault> {
    let dead = dead(desk)?;
    let mut lines: Vec<String> = dead.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("Nothing was given up.".to_owned());
    } else {
        let again =
            "Ask for one again with: casework agent dead-letters --retry ID, or --retry all";
        lines.push(again.to_owned());
    }
    Ok(Response::new(lines, json!({ "dead": json(&dead) })))
}

fn retry(desk: &Desk<'_>, which: &str) -> Result<Response, Fault> {
    let mut dead = dead(desk)?;
    dead.retain(|request| which == "all" || request.effect.to_string().starts_with(which));
    if dead.is_empty() && which != "all" {
        return Err(
            Fault::invalid(format!("nothing that was given up begins with {which:?}"))
                .or_try("casework agent dead-letters"),
        );
    }
    for request in &dead {
        let at = (request.document, request.effect);
        desk.workspace
            .report_errand(at, RunStatus::Waiting, "asked for again")?;
    }
    let count = counted(dead.len() as u64, "request is", "requests are");
    let json = json!({ "asked_again": dead.len() });
    Ok(Response::line(format!("{count} asked for again."), json))
}

fn dead(desk: &Desk<'_>) -> Result<Vec<RequestView>, Fault> {
    let mut requests = desk.workspace.agent_requests()?;
    requests.retain(|request| request.run.is_dead());
    Ok(requests)
}

fn line(request: &RequestView) -> String {
    let run = &request.run;
    let state = run.status.value();
    let mut line = format!(
        "{}  {}  {} {} ({state})",
        request.effect,
        plain(&request.number),
        run.kind,
        plain(&run.name)
    );
    if !run.note.value().is_empty() {
        line.push_str(&format!(": {}", plain(run.note.value())));
    }
    line
}
