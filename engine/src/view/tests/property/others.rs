//! Random work of rules and of the agent, of whoever looks at a case, and of people outside.

use super::{Keeper, member};
use crate::case::facet::automation::{AutomationAction, Outward, OutwardKind, RunStatus};
use crate::case::facet::form::{FormAction, InformationRequest, ReviewState, Submission};
use crate::case::facet::reading::ReadingAction;
use crate::case::facet::recurrence::RecurrenceAction;
use crate::case::{Act, CaseAction, Cause, FacetAction, PartId};
use crate::template::{Form, FormKind, Question, Revision};

/// The template of the other tests with a form of each kind.
pub(super) fn with_forms(revision: &Revision) -> Revision {
    let mut package = revision.package().clone();
    let kinds = [("first", FormKind::Intake), ("more", FormKind::Request)];
    for (id, kind) in kinds {
        let mut form = Form::new(id, kind, "Tell us");
        form.questions = vec![Question {
            id: "else".into(),
            label: "What else?".into(),
            help: String::new(),
            required: false,
            short: false,
        }];
        package.forms.push(form);
    }
    package.publish().expect("both forms are sound")
}

/// What a rule does names the rule.
pub(super) fn as_its_author(mut act: Act, x: u8) -> Act {
    if let CaseAction::Facet(FacetAction::Automation(action)) = &act.action
        && action.is_of_a_rule()
    {
        act.cause = Some(Cause {
            rule: "follow".to_owned(),
            of: None,
            key: PartId::new([x; 8]),
            step: 0,
            depth: 1,
        });
    }
    act
}

/// One of everything that neither the owner nor an operator does.
pub(super) fn action(keeper: &mut Keeper, kind: u8, x: u8) -> CaseAction {
    match kind {
        0..=12 => automation(keeper, kind, x),
        13 | 14 => ReadingAction::Read {
            member: member(keeper.number),
            day: format!("2026-03-{:02}", 1 + x % 28),
        }
        .into(),
        15..=18 => recurrence(keeper, kind, x),
        _ => form(keeper, kind, x),
    }
}

fn pick(known: impl Iterator<Item = PartId>, x: u8) -> PartId {
    let known: Vec<PartId> = known.collect();
    let found = known.get(usize::from(x) % known.len().max(1));
    found.copied().unwrap_or(PartId::new([0; 8]))
}

fn automation(keeper: &mut Keeper, kind: u8, x: u8) -> CaseAction {
    // Two devices make one thing of one trigger: few ids.
    let id = PartId::new([x % 8, kind, 7, 7, 7, 7, 7, 7]);
    let rule = "follow".to_owned();
    let why = format!("the owner is nobody {x}");
    let runs = keeper.view.facets.automations.runs.keys().copied();
    let action = match kind {
        0 | 1 => AutomationAction::Notify {
            id,
            to: vec!["assignees".to_owned()],
            text: "look at it".to_owned(),
        },
        2 | 3 => AutomationAction::Request {
            id,
            what: Outward {
                kind: OutwardKind::Webhook,
                name: "crm".to_owned(),
                text: String::new(),
                fields: vec!["summary".to_owned()],
                rule,
            },
        },
        4 => AutomationAction::Fail { id, rule, why },
        5 => AutomationAction::Stop { id, rule, why },
        6 => AutomationAction::Fire {
            id,
            rule,
            of: format!("idle {x}"),
        },
        7 => AutomationAction::Claim {
            id: keeper.player.new_id(),
            of: format!("number/TST-2026-{x:04}"),
        },
        8..=10 => AutomationAction::Report {
            id: pick(runs, x),
            status: [RunStatus::Waiting, RunStatus::Done, RunStatus::Dead][usize::from(x % 3)],
            note: format!("tried {x} times"),
        },
        _ => AutomationAction::Number {
            number: format!("TST-2026-{x:04}"),
        },
    };
    action.into()
}

fn recurrence(keeper: &Keeper, kind: u8, x: u8) -> CaseAction {
    let repeating = keeper.view.tasks.iter();
    let repeating = repeating.filter(|(_, task)| task.repeats().is_some());
    if kind < 17 {
        let task = pick(keeper.view.tasks.keys().copied(), x);
        let repeat = (!x.is_multiple_of(4)).then(|| "every week".to_owned());
        return RecurrenceAction::Repeat { task, repeat }.into();
    }
    CaseAction::FinishTask {
        task: pick(repeating.map(|(id, _)| *id), x),
    }
}

fn form(keeper: &mut Keeper, kind: u8, x: u8) -> CaseAction {
    let id = keeper.player.new_id();
    let forms = &keeper.view.facets.forms;
    let request = pick(forms.requests.keys().copied(), x);
    let submission = pick(forms.submissions.keys().copied(), x);
    let hash = || format!("{x:02x}").repeat(32);
    let action = match kind {
        19..=21 => FormAction::Request(InformationRequest {
            id,
            form: "more".to_owned(),
            token: hash(),
            expires_ms: None,
            single_use: false,
            note: String::new(),
        }),
        22 => FormAction::Revoke { request },
        23..=26 => FormAction::Submit(Submission {
            id,
            form: if x.is_multiple_of(2) { "more" } else { "first" }.to_owned(),
            request: x.is_multiple_of(2).then_some(request),
            link: hash(),
            answers: [("q.else".to_owned(), vec!["since Monday".to_owned()])].into(),
            mapped: ["summary".to_owned()].into(),
            documents: vec!["Receipt".to_owned()],
            consent: None,
            receipt: hash(),
            anonymous: false,
            language: "en".to_owned(),
            given_ms: 1_700_000_000_000,
        }),
        27..=29 => FormAction::Review {
            submission,
            state: [ReviewState::Accepted, ReviewState::Spam][usize::from(x % 2)],
        },
        _ => FormAction::Add {
            id,
            submission,
            text: "and on Tuesday".to_owned(),
            given_ms: 1_700_000_000_000,
        },
    };
    action.into()
}
