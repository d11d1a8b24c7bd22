//! Judges an act before it is written: structure, the template's rules and constraints, and
//! whether it has any effect.
//!
//! Rules guide, they do not lock: *warn* is said, *ask* wants a reason and is recorded, *block*
//! refuses with the way out. Received work is never kept out by them; `breach.rs` tells what it
//! broke. Proof type: [`Checked`] exists only for an act that was found good.

use std::collections::BTreeSet;

use casework_protocol::ids::{ActorId, MemberId};

use super::action::{Act, CaseAction};
use super::bounds;
use super::claims::{barred, fits};
use super::condition::Facts;
use super::conform::{conform, list};
use super::contents::Decision;
use super::facet::Seen;
use super::facet::keeping::is_trashed;
use super::facet::recurrence::recurring;
use super::occasion::{self, Needed, OnlyBy};
use super::offered::check_values;
use super::part::PartId;
use super::past::{Object, Past};
use super::place::Place;
use super::plan;
use super::refusal::{ActError, AgreementError};
use super::rules::{Finding, findings, open_stages};
use super::schema;
use super::slots;
use super::step::Plan;
use crate::approval::Seat;
use crate::template::{Revision, Severity, Status, Today};

/// Longest text of a rule in a message, in characters; the rest is in the template.
pub(super) const MAX_RULE_CHARACTERS: usize = 500;

/// Who asks, and when.
pub struct Asker<'a> {
    /// The moment and the local day.
    pub today: Today,
    /// The asking member.
    pub me: MemberId,
    /// Whether the workspace has this member.
    pub knows: &'a dyn Fn(MemberId) -> bool,
    /// Whether this actor is a device of the asking member.
    pub is_me: &'a dyn Fn(ActorId) -> bool,
    /// The roles of the asking member, by their keys in the roster.
    pub roles: &'a BTreeSet<String>,
    /// The active members who hold a seat.
    pub holders: &'a dyn Fn(&Seat) -> BTreeSet<MemberId>,
}

/// An act that was found good, ready to be written into the document it was judged against.
#[derive(Debug, Clone)]
pub struct Checked {
    act: Act,
    plan: Plan,
    rule: Option<String>,
    warnings: Vec<String>,
    needed: Vec<Needed>,
}

/// Judges an act against the case, or the empty document, it is to be written into. Rights are not
/// judged here; [`Checked::needed`] says which.
///
/// # Errors
/// [`ActError`]: what failed and the way out.
pub fn check_act(
    past: &Past<'_>,
    revision: &Revision,
    act: Act,
    asker: &Asker<'_>,
) -> Result<Checked, ActError> {
    let mut act = fill_in(past, act);
    if let Some(action) = recurring(past, revision, &act.action, &asker.today) {
        act.action = action;
    }
    if let CaseAction::Open(_) = &act.action {
        check_status(revision.package().status)?;
    } else if past.seen(Object::Root, schema::KIND).is_empty() {
        return Err(ActError::NotOpened);
    }
    check_open_case(past, &act)?;
    if let CaseAction::Facet(action) = &mut act.action {
        let seen = Seen {
            past,
            revision,
            asker,
        };
        action.facet_mut().complete(&seen)?;
    }
    conform(revision, &act.action)?;
    fits(past, revision, &act.action)?;
    check_values(past, revision, &act.action, &asker.today)?;
    check_people(past, &act.action, asker)?;
    let barred = barred(past, revision, &act.action);
    if barred.into_iter().any(asker.is_me) {
        return Err(ActError::Agreement(AgreementError::OwnWork));
    }
    let facts = Facts::new(past, revision, asker.today).by(asker.roles);
    let (rule, mut warnings) = settle_findings(&facts, &act)?;
    if let CaseAction::Facet(action) = &act.action {
        warnings.extend(action.facet().warnings(past));
    }
    let plan = plan::plan(past, &act, rule.as_deref())?;
    if !plan.has_effect(past) {
        return Err(ActError::Unchanged {
            place: place_of(&act.action),
        });
    }
    let needed = occasion::needed(past, &act, rule.is_some());
    Ok(Checked {
        act,
        plan,
        rule,
        warnings,
        needed,
    })
}

impl Checked {
    /// The act, with everything filled in that the engine fills in.
    #[must_use]
    pub const fn act(&self) -> &Act {
        &self.act
    }

    /// The rule that it overrides, for the message and the record.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// What is to be said to the person who acts.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The rights it needs; all of them.
    #[must_use]
    pub fn needed(&self) -> &[Needed] {
        &self.needed
    }

    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// The current decisions on a question: those that no other one supersedes.
#[must_use]
pub fn current_decisions(past: &Past<'_>, question: &str) -> BTreeSet<PartId> {
    let Ok(decisions) = slots::container(past, schema::DECISIONS) else {
        return BTreeSet::new();
    };
    let (mut current, mut superseded) = (BTreeSet::new(), BTreeSet::new());
    for key in past.keys(decisions, String::new().."g".to_owned()) {
        for object in past.maps(decisions, &key) {
            let said = |name| {
                past.scalar(object, name)
                    .and_then(|said| said.as_text().map(str::to_owned))
            };
            if said(schema::DECISION_QUESTION).as_deref() == Some(question) {
                current.extend(key.parse::<PartId>().ok());
            }
            let older = said(schema::DECISION_SUPERSEDES).unwrap_or_default();
            superseded.extend(older.split(' ').filter_map(|id| id.parse::<PartId>().ok()));
        }
    }
    current.difference(&superseded).copied().collect()
}

fn fill_in(past: &Past<'_>, mut act: Act) -> Act {
    if let CaseAction::Decide(Decision {
        question,
        supersedes,
        ..
    }) = &mut act.action
    {
        *supersedes = current_decisions(past, question);
        while supersedes.len() > bounds::MAX_LISTED {
            supersedes.pop_last();
        }
    } else if let CaseAction::Facet(action) = &mut act.action {
        action.facet_mut().fill_in(past);
    }
    act
}

const fn check_status(status: Status) -> Result<(), ActError> {
    match status {
        Status::Open => Ok(()),
        Status::Draft => Err(ActError::TemplateClosed { status: "a draft" }),
        Status::Closing => Err(ActError::TemplateClosed { status: "closing" }),
        Status::Closed => Err(ActError::TemplateClosed { status: "closed" }),
    }
}

fn check_open_case(past: &Past<'_>, act: &Act) -> Result<(), ActError> {
    let in_trash = if let CaseAction::Facet(action) = &act.action {
        action.facet().in_trash()
    } else {
        matches!(
            act.action,
            CaseAction::Settle { .. } | CaseAction::RedactComment { .. }
        )
    };
    if !in_trash && is_trashed(past) {
        let action = act.action.kind();
        return Err(ActError::Trashed { action });
    }
    let while_closed = if let CaseAction::Facet(action) = &act.action {
        action.facet().while_closed()
    } else {
        false
    };
    let always = while_closed
        || matches!(
            act.action,
            CaseAction::Open(_)
                | CaseAction::Reopen
                | CaseAction::Settle { .. }
                | CaseAction::Comment { .. }
                | CaseAction::EditComment { .. }
                | CaseAction::RedactComment { .. }
        );
    let contested_close = matches!(act.action, CaseAction::Close(_));
    if always || contested_close || !occasion::is_closed(past) {
        return Ok(());
    }
    Err(ActError::Closed {
        action: act.action.kind(),
    })
}

fn check_people(past: &Past<'_>, action: &CaseAction, asker: &Asker<'_>) -> Result<(), ActError> {
    match occasion::only_by(past, action) {
        OnlyBy::Anyone => {}
        OnlyBy::Member(member) if member == asker.me => {}
        OnlyBy::Member(member) => {
            let action = action.kind();
            return Err(ActError::NotYourself { action, member });
        }
        OnlyBy::Writers { of, actors } => {
            if !actors.into_iter().all(asker.is_me) {
                return Err(ActError::NotYours { id: of });
            }
        }
    }
    let people: Vec<MemberId> = if let CaseAction::Open(opening) = action {
        opening
            .owner
            .iter()
            .chain(&opening.assignees)
            .copied()
            .collect()
    } else if let CaseAction::Assign { member }
    | CaseAction::SetOwner {
        member: Some(member),
    }
    | CaseAction::AssignTask {
        assignee: Some(member),
        ..
    }
    | CaseAction::CreateTask {
        assignee: Some(member),
        ..
    } = action
    {
        vec![*member]
    } else if let CaseAction::Facet(action) = action {
        action.facet().people()
    } else {
        Vec::new()
    };
    match people.into_iter().find(|member| !(asker.knows)(*member)) {
        Some(member) => Err(ActError::UnknownMember { member }),
        None => Ok(()),
    }
}

type Said = (Option<String>, Vec<String>);

/// Turns what the rules say into a refusal, or into the rule overridden and the warnings.
fn settle_findings(facts: &Facts<'_>, act: &Act) -> Result<Said, ActError> {
    let found = findings(facts, act);
    let said = |severity: Severity| {
        let rules = found.iter().filter(|finding| finding.severity == severity);
        rules
            .map(|finding| finding.rule.clone())
            .collect::<Vec<String>>()
    };
    if let Some(first) = found
        .iter()
        .find(|finding| finding.severity == Severity::Block)
    {
        let rules = said(Severity::Block).join("; ");
        return Err(blocked(facts, &act.action, (first, rules)));
    }
    let asks = said(Severity::Ask);
    if asks.is_empty() {
        return Ok((None, said(Severity::Warn)));
    }
    let rule: String = asks.join("; ").chars().take(MAX_RULE_CHARACTERS).collect();
    if !act.override_rule || act.reason.is_none() {
        return Err(ActError::Asked { rule: bare(rule) });
    }
    Ok((Some(rule), said(Severity::Warn)))
}

/// A rule as it stands before other words of a sentence.
fn bare(rule: String) -> String {
    match rule.strip_suffix('.') {
        Some(bare) => bare.to_owned(),
        None => rule,
    }
}

/// `(the first finding that blocks, the rules of all of them)`.
fn blocked(facts: &Facts<'_>, action: &CaseAction, (first, rule): (&Finding, String)) -> ActError {
    let rule = bare(rule);
    if let CaseAction::Move { to } = action {
        return ActError::Blocked {
            from: occasion::stage_of(facts.past).unwrap_or_default(),
            to: to.clone(),
            rule,
            open: list(open_stages(facts).into_iter()),
        };
    }
    ActError::Forbidden {
        action: action.kind(),
        rule,
        open: match &first.open {
            Some(open) => format!("possible in {open}"),
            None => "ask who edits the template".to_owned(),
        },
    }
}

/// The place whose state an action without effect would have left as it is.
fn place_of(action: &CaseAction) -> Place {
    super::place::touched(action.kind(), action.target().as_deref()).unwrap_or(Place::Case)
}
