//! `casework automation …`.

use casework::case::CaseAction;
use casework::ids::DocumentId;
use casework::replica::doing;
use casework::template::Automation;
use casework::value::FieldValue;
use casework::{PastRun, Ran, RanOutcome, RuleReport, TemplateView, Timer};
use serde_json::json;

use super::{Desk, json};
use crate::cli::AutomationCommand;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::words::{here, plain, there};

/// Most timers that are listed for people.
const MAX_TIMERS: usize = 50;

pub(super) fn carry_out(desk: &Desk<'_>, command: &AutomationCommand) -> Result<Response, Fault> {
    match command {
        AutomationCommand::List { template } => list(desk, template.as_deref()),
        AutomationCommand::DryRun { case, rule, .. } => {
            let id = desk.case(case)?;
            match wished(desk, id, command)? {
                Some(action) => rehearse(desk, id, action, rule.as_deref()),
                None => explain(desk, id, rule.as_deref()),
            }
        }
        AutomationCommand::Next { case } => {
            let case = case.as_ref().map(|case| desk.case(case)).transpose()?;
            next(desk, case)
        }
        AutomationCommand::History { rule, case } => {
            let case = case.as_ref().map(|case| desk.case(case)).transpose()?;
            history(desk, rule.as_deref(), case)
        }
    }
}

/// What rules did about an act, a line for each.
pub(super) fn told(ran: &[Ran]) -> Vec<String> {
    ran.iter()
        .filter_map(|ran| {
            let what = ran
                .action
                .as_ref()
                .map_or_else(String::new, |done| plain(&doing(done)));
            let rule = plain(&ran.name);
            match &ran.outcome {
                RanOutcome::Done => Some(format!("by rule {rule}: {what}")),
                RanOutcome::Failed(why) => {
                    Some(format!("rule {rule} failed: {what} ({})", plain(why)))
                }
                RanOutcome::Stopped(chain) => Some(format!(
                    "rule {rule} stopped, it goes round in circles: {}",
                    plain(chain)
                )),
                RanOutcome::Idle => None,
            }
        })
        .collect()
}

fn list(desk: &Desk<'_>, template: Option<&str>) -> Result<Response, Fault> {
    let wanted = template.map(|text| desk.template(text)).transpose()?;
    let templates: Vec<TemplateView> = desk
        .workspace
        .templates()?
        .into_iter()
        .filter(|view| wanted.is_none_or(|wanted| wanted == view.document))
        .collect();
    let mut lines = Vec::new();
    let mut rules = Vec::new();
    for view in &templates {
        for rule in &view.package.automations {
            lines.push(format!(
                "{} · {} ({})",
                view.package.key, rule.name, rule.id
            ));
            lines.push(format!("    when {}", rule.trigger.words()));
            if !rule.when.is_empty() {
                lines.push(format!("    if {}", rule.when));
            }
            lines.push(format!("    does {}", deeds(rule)));
            if rule.disabled {
                lines.push("    switched off".to_owned());
            }
            rules.push(json!({ "template": view.package.key, "rule": rule }));
        }
    }
    if lines.is_empty() {
        lines.push("No automations. A template says them under [[automations]].".to_owned());
    }
    let lines = lines.iter().map(|line| plain(line)).collect();
    Ok(Response::new(lines, json!({ "automations": rules })))
}

fn deeds(rule: &Automation) -> String {
    let named: Vec<String> = rule
        .actions
        .iter()
        .map(|action| {
            let json = json(action);
            let name = json.get("do").and_then(|name| name.as_str());
            name.unwrap_or_default().to_owned()
        })
        .collect();
    named.join(", ")
}

/// The action that a dry run supposes; `None` when it only explains.
fn wished(
    desk: &Desk<'_>,
    id: DocumentId,
    command: &AutomationCommand,
) -> Result<Option<CaseAction>, Fault> {
    let AutomationCommand::DryRun {
        stage,
        set,
        label,
        done,
        ..
    } = command
    else {
        return Ok(None);
    };
    let view = desk.workspace.case(id)?;
    if let Some(stage) = stage {
        let to = desk.workspace.find_stage(view.template, stage)?;
        return Ok(Some(CaseAction::Move { to }));
    }
    if let Some(pair) = set {
        let revision = desk.workspace.revision(view.template)?;
        let fault = || {
            let message = format!("{pair:?} does not say which field gets which value");
            Fault::invalid(message).or_try("FIELD=VALUE, for instance amount=12")
        };
        let (field, words) = pair.split_once('=').ok_or_else(fault)?;
        let field = revision.field(field.trim()).ok_or_else(fault)?;
        let value = FieldValue::parse(field, words);
        let value = value.map_err(|error| Fault::invalid(error.to_string()))?;
        let (field, value) = (field.id.clone(), value.to_scalar());
        return Ok(Some(CaseAction::SetField { field, value }));
    }
    if let Some(label) = label {
        let label = label.clone();
        return Ok(Some(CaseAction::AddLabel { label }));
    }
    let task = done.as_ref();
    let task = task
        .map(|task| desk.workspace.find_task(id, task))
        .transpose()?;
    Ok(task.map(|task| CaseAction::FinishTask { task }))
}

fn rehearse(
    desk: &Desk<'_>,
    id: DocumentId,
    action: CaseAction,
    rule: Option<&str>,
) -> Result<Response, Fault> {
    let mut ran = desk.workspace.rehearse(id, action)?;
    ran.retain(|ran| rule.is_none_or(|rule| rule == ran.rule));
    let mut lines = told(&ran);
    if lines.is_empty() {
        lines.push("No rule would do anything about it.".to_owned());
    }
    lines.push("Nothing was done.".to_owned());
    Ok(Response::new(lines, json!({ "would": json(&ran) })))
}

fn explain(desk: &Desk<'_>, id: DocumentId, rule: Option<&str>) -> Result<Response, Fault> {
    let mut reports = desk.workspace.explain_rules(id)?;
    reports.retain(|report| rule.is_none_or(|rule| rule == report.rule));
    if let (Some(rule), true) = (rule, reports.is_empty()) {
        let message = format!("the case's template has no automation {rule:?}");
        return Err(Fault::invalid(message).or_try("casework automation list"));
    }
    let mut lines: Vec<String> = reports.iter().flat_map(explained).collect();
    if lines.is_empty() {
        lines.push("The case's template has no automations.".to_owned());
    }
    Ok(Response::new(lines, json!({ "rules": json(&reports) })))
}

fn explained(report: &RuleReport) -> Vec<String> {
    let mut lines = vec![
        format!("{} ({})", plain(&report.name), plain(&report.rule)),
        format!("    waits until {}", plain(&report.trigger)),
    ];
    lines.extend(
        report
            .fires
            .iter()
            .map(|timer| format!("    fires {}", moment(timer))),
    );
    for group in &report.condition {
        let tests: Vec<String> = group
            .iter()
            .map(|test| {
                let mark = if test.holds { "yes" } else { "no" };
                format!("{} ({mark})", plain(&test.asks))
            })
            .collect();
        lines.push(format!("    if {}", tests.join(" or ")));
    }
    if report.disabled {
        lines.push("    would not act: it is switched off".to_owned());
    } else if !report.holds {
        lines.push("    would not act now: its condition does not hold".to_owned());
    } else {
        for would in &report.would {
            lines.push(match &would.problem {
                None => format!("    would: {}", plain(&would.action)),
                Some(why) => format!("    would fail at {}: {}", would.action, plain(why)),
            });
        }
    }
    lines
}

/// The timers of one case, or of all that are here.
fn next(desk: &Desk<'_>, case: Option<DocumentId>) -> Result<Response, Fault> {
    let cases = match case {
        Some(case) => vec![case],
        None => desk
            .workspace
            .cards()?
            .iter()
            .map(|card| card.document)
            .collect(),
    };
    let mut found = Vec::new();
    for case in cases {
        let number = desk.workspace.case(case)?.number;
        let timers = desk.workspace.timers(case)?.into_iter();
        found.extend(timers.map(|timer| (number.clone(), timer)));
    }
    found.sort_by_key(|(_, timer)| timer.at_ms);
    let mut lines: Vec<String> = found
        .iter()
        .take(MAX_TIMERS)
        .map(|(number, timer)| {
            format!(
                "{}  {}  {}",
                plain(number),
                plain(&timer.rule),
                moment(timer)
            )
        })
        .collect();
    match found.len().saturating_sub(MAX_TIMERS) {
        0 if lines.is_empty() => lines.push("No rule waits for time.".to_owned()),
        0 => {}
        more => lines.push(format!("and {more} more, later; all of them with --json")),
    }
    let timers: Vec<serde_json::Value> = found
        .iter()
        .map(|(number, timer)| json!({ "number": number, "timer": json(timer) }))
        .collect();
    Ok(Response::new(lines, json!({ "timers": timers })))
}

/// When a timer fires and what for.
fn moment(timer: &Timer) -> String {
    let what = plain(&timer.tick.to_string());
    let at = here(timer.at_ms);
    if timer.is_due(casework::timestamp().as_millisecond()) {
        format!("since {at}, once its condition holds and the agent looks ({what})")
    } else {
        format!("at {at} ({what})")
    }
}

fn history(
    desk: &Desk<'_>,
    rule: Option<&str>,
    case: Option<DocumentId>,
) -> Result<Response, Fault> {
    let runs = desk.workspace.rule_history(rule, case)?;
    let names = desk.names()?;
    let (mut lines, mut told) = (Vec::new(), Vec::new());
    for run in &runs {
        let view = desk.workspace.case(run.document).ok();
        let short = run.document.short();
        let number = view.as_ref().map_or(short, |view| view.number.clone());
        let who = run.member.map(|member| names.member(member));
        let why = view.filter(|_| run.trouble).and_then(|view| {
            // What a rule left is named behind the kind of the act.
            let effect = run.action.split(' ').nth(1)?.parse().ok()?;
            let left = view.facets.automations.runs.get(&effect)?;
            Some(left.text.clone())
        });
        let mut line = line(run, &plain(&number), &who.unwrap_or_default());
        if let Some(why) = &why {
            line.push_str(&format!(": {}", plain(why)));
        }
        lines.push(line);
        let mut one = json(run);
        if let Some(object) = one.as_object_mut() {
            object.insert("why".to_owned(), json!(why));
        }
        told.push(one);
    }
    if lines.is_empty() {
        lines.push("No rule did anything.".to_owned());
    }
    Ok(Response::new(lines, json!({ "runs": told })))
}

fn line(run: &PastRun, number: &str, who: &str) -> String {
    let time = there(run.claimed_ms, 0);
    let mark = if run.trouble { " !" } else { "" };
    let (rule, action) = (plain(&run.cause.rule), plain(&run.action));
    format!("{time}  {number}  {rule}{mark}: {action} (on {who}'s device)")
}
