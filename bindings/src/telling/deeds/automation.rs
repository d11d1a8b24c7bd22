//! What automations and the agent left, in sentences.

use casework_engine::case::PartId;
use casework_engine::case::facet::automation::{AutomationKind, OutwardKind, RunKind};
use casework_engine::view::{RunView, TimelineEntry};

use crate::telling::{Teller, bare, change, plain, quoted, target};

pub(super) fn deed(teller: &Teller<'_>, kind: AutomationKind, entry: &TimelineEntry) -> String {
    let run = run(teller, entry);
    let rule = run.map_or("a rule", |run| run.rule.as_str());
    match kind {
        AutomationKind::Notify => {
            let to = run.map_or(String::new(), |run| run.list.join(", "));
            format!("told {}: {}", plain(&to), quoted(&entry.after))
        }
        AutomationKind::Request => match run.map(|run| (run.kind, run.name.as_str())) {
            Some((kind, name)) => format!("asked the agent: {} {}", wish(kind), plain(name)),
            None => "asked the agent for something".to_owned(),
        },
        AutomationKind::Fail => {
            format!("rule {} failed: {}", plain(rule), quoted(&entry.after))
        }
        AutomationKind::Stop => {
            let chain = quoted(&entry.after);
            format!(
                "rule {} stopped, it goes round in circles: {chain}",
                plain(rule)
            )
        }
        AutomationKind::Fire => {
            format!(
                "the time of rule {} came: {}",
                plain(rule),
                quoted(&entry.after)
            )
        }
        AutomationKind::Claim => format!("took on {}", quoted(&entry.after)),
        AutomationKind::Number => format!("number {}", change(entry, &bare)),
        AutomationKind::Report => {
            let name = run.map_or("a request", |run| run.name.as_str());
            format!("{} {}", plain(name), change(entry, &bare))
        }
    }
}

/// What a rule wants of the agent.
const fn wish(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Outward(OutwardKind::Webhook) => "call",
        RunKind::Outward(OutwardKind::Command) => "run",
        RunKind::Outward(OutwardKind::OpenCase) => "open a case of",
        RunKind::Notice | RunKind::Failed | RunKind::Stopped | RunKind::Fired => "see to",
    }
}

fn run<'t>(teller: &Teller<'t>, entry: &TimelineEntry) -> Option<&'t RunView> {
    let id: PartId = target(entry).parse().ok()?;
    teller.view.facets.automations.runs.get(&id)
}
