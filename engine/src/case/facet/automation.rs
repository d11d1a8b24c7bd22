//! What automations leave in a case besides ordinary actions: notices to people, requests to the
//! world outside that the agent carries out, and the mark of a rule that failed or was stopped.
//!
//! All are records on one shelf, keyed by the effect: what two devices make of one trigger is one
//! record. Only a rule writes the first four; the others are the agent's.
//! Invariant: a claim never changes, so the first one by its place in the log is the same for all.

mod run;

use casework_protocol::rights::Verb;
use casework_protocol::roster::role::AGENT;
use serde::{Deserialize, Serialize};

pub use self::run::{Outward, OutwardKind, RunKind, RunStatus};
use super::{Facet, FacetKind, Kinds, Seen};
use crate::approval::Seat;
use crate::case::action::Act;
use crate::case::bounds::{self, MAX_LABEL_BYTES, MAX_NUMBER_BYTES, MAX_QUESTION_BYTES};
use crate::case::kind::{ActionKind, kinds};
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::ActError;
use crate::case::schema;
use crate::case::step::Plan;
use crate::case::values::{first_put, put_at, text};
use crate::value::Scalar;

/// Run: one of [`RunKind`].
pub const KIND: &str = "kind";
/// Run: the automation's id.
pub const RULE: &str = "rule";
/// Run: the hook, program or template that is wanted, what a rule's time came for, or nothing.
pub const NAME: &str = "name";
/// Run: what is said: the text of a notice, the title of a case, why a rule failed.
pub const TEXT: &str = "text";
/// Run: whom a notice is for, or the fields that are handed over, separated by one space.
pub const LIST: &str = "list";
/// Run: one of [`RunStatus`].
pub const STATUS: &str = "status";
/// Run: what came of it, in words.
pub const NOTE: &str = "note";
/// Claim: what is claimed: `run/ID`, `number/NUMBER` or `time/ID`.
pub const CLAIMED: &str = "of";

/// Most people of one notice, and most fields of one request.
const MAX_LISTED: usize = 100;

kinds! {
    /// What kind of action an automation or the agent left.
    enum AutomationKind {
        /// Tells people.
        Notify = "notice.send",
        /// Asks the agent for something outside.
        Request = "effect.request",
        /// Says that a rule could not do what it wanted.
        Fail = "automation.failed",
        /// Says that a rule was kept from going round in circles.
        Stop = "automation.stopped",
        /// Takes something on.
        Claim = "effect.claim",
        /// Says that the time of a rule has come.
        Fire = "automation.fired",
        /// Says what came of a request.
        Report = "effect.outcome",
        /// Gives the case its final number.
        Number = "number.assign",
    }
}

/// One thing that an automation or the agent leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutomationAction {
    /// Tells people.
    Notify {
        /// The effect.
        id: PartId,
        /// Whom: `member/ID`, `role/KEY`, `team/KEY`, `assignees` or `watchers`.
        to: Vec<String>,
        /// What.
        text: String,
    },
    /// Asks the agent for something outside.
    Request {
        /// The effect.
        id: PartId,
        /// What.
        what: Outward,
    },
    /// Says that a rule could not do what it wanted.
    Fail {
        /// The effect that is missing.
        id: PartId,
        /// The automation's id.
        rule: String,
        /// Why.
        why: String,
    },
    /// Says that a rule was kept from going round in circles.
    Stop {
        /// The effect that is missing.
        id: PartId,
        /// The automation's id.
        rule: String,
        /// Which rules led here.
        why: String,
    },
    /// Takes something on. The first claim by its place in the log holds.
    Claim {
        /// The new claim.
        id: PartId,
        /// What: `run/ID`, `number/NUMBER` or `time/ID`.
        of: String,
    },
    /// Says that the time of a rule has come; the rule's effects follow from it.
    Fire {
        /// Names the occasion: the same for every agent.
        id: PartId,
        /// The automation's id.
        rule: String,
        /// What its time came for, as `crate::automation::Tick` writes it.
        of: String,
    },
    /// Says what came of a request.
    Report {
        /// The effect.
        id: PartId,
        /// How it stands.
        status: RunStatus,
        /// What there is to say.
        note: String,
    },
    /// Gives the case its final number.
    Number {
        /// The number.
        number: String,
    },
}

impl AutomationAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> AutomationKind {
        match self {
            Self::Notify { .. } => AutomationKind::Notify,
            Self::Request { .. } => AutomationKind::Request,
            Self::Fail { .. } => AutomationKind::Fail,
            Self::Stop { .. } => AutomationKind::Stop,
            Self::Claim { .. } => AutomationKind::Claim,
            Self::Fire { .. } => AutomationKind::Fire,
            Self::Report { .. } => AutomationKind::Report,
            Self::Number { .. } => AutomationKind::Number,
        }
    }

    /// Whether only a rule does it.
    #[must_use]
    pub const fn is_of_a_rule(&self) -> bool {
        match self {
            Self::Notify { .. } | Self::Request { .. } | Self::Fail { .. } | Self::Stop { .. } => {
                true
            }
            Self::Claim { .. } | Self::Fire { .. } | Self::Report { .. } | Self::Number { .. } => {
                false
            }
        }
    }
}

impl Facet for AutomationAction {
    fn target(&self) -> Option<String> {
        Some(match self {
            Self::Notify { id, .. }
            | Self::Request { id, .. }
            | Self::Fail { id, .. }
            | Self::Stop { id, .. }
            | Self::Claim { id, .. }
            | Self::Fire { id, .. }
            | Self::Report { id, .. } => id.to_string(),
            Self::Number { number } => number.clone(),
        })
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        // What rules write is allowed by the rule; everything else is the agent's.
        Verb::Keep
    }

    /// What is claimed, numbered and done outside is an agent's word; whoever may keep asks for
    /// what was given up once more.
    fn seats(&self, _past: &Past<'_>) -> Vec<Seat> {
        let seat = self.is_an_agents_word();
        let seat = seat.then(|| Seat::Role(AGENT.to_owned()));
        seat.into_iter().collect()
    }

    fn complete(&mut self, seen: &Seen<'_>) -> Result<(), ActError> {
        if self.is_an_agents_word() && !seen.asker.roles.contains(AGENT) {
            let action = ActionKind::Facet(FacetKind::Automation(self.kind()));
            return Err(ActError::OnlyByAgent { action });
        }
        Ok(())
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, act: &Act) -> Result<(), ActError> {
        if self.is_of_a_rule() && act.cause.is_none() {
            return Err(ActError::OnlyByRule {
                action: act.action.kind(),
            });
        }
        match self {
            Self::Notify { id, to, text } => {
                bounds::check_body("notice", text)?;
                let rule = rule_of(act);
                let values = (RunKind::Notice, rule, "", text.as_str());
                make_run(plan, past, *id, (values, to))
            }
            Self::Request { id, what } => {
                bounds::check_line("name", &what.name, MAX_LABEL_BYTES)?;
                bounds::check_prose("title", &what.text)?;
                let kind = RunKind::Outward(what.kind);
                let values = (
                    kind,
                    what.rule.as_str(),
                    what.name.as_str(),
                    what.text.as_str(),
                );
                make_run(plan, past, *id, (values, &what.fields))
            }
            Self::Fail { id, rule, why } => {
                bounds::check_line("reason", why, MAX_QUESTION_BYTES)?;
                let values = (RunKind::Failed, rule.as_str(), "", why.as_str());
                make_run(plan, past, *id, (values, &[]))
            }
            Self::Stop { id, rule, why } => {
                bounds::check_line("reason", why, MAX_QUESTION_BYTES)?;
                let values = (RunKind::Stopped, rule.as_str(), "", why.as_str());
                make_run(plan, past, *id, (values, &[]))
            }
            Self::Claim { id, of } => {
                bounds::check_line("claim", of, MAX_LABEL_BYTES)?;
                let record = (Shelf::Claims, &*id.to_string());
                plan.make_record(past, record, [(CLAIMED, Scalar::text(of))])
            }
            Self::Fire { id, rule, of } => {
                bounds::check_line("occasion", of, MAX_QUESTION_BYTES)?;
                let values = (RunKind::Fired, rule.as_str(), of.as_str(), "");
                make_run(plan, past, *id, (values, &[]))
            }
            Self::Report { id, status, note } => {
                bounds::check_prose("note", note)?;
                let key = id.to_string();
                let status = Scalar::text(status.name());
                plan.put_record(past, (Shelf::Runs, &key), STATUS, status)?;
                plan.put_record(past, (Shelf::Runs, &key), NOTE, Scalar::text(note))
            }
            Self::Number { number } => {
                bounds::check_line("number", number, MAX_NUMBER_BYTES)?;
                plan.put_root(schema::NUMBER, Scalar::text(number))
            }
        }
    }

    fn while_closed(&self) -> bool {
        true
    }

    /// What was set off before, or is set off by a settlement, ends there too.
    fn in_trash(&self) -> bool {
        true
    }
}

impl Kinds for AutomationKind {
    type Action = AutomationAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<AutomationAction> {
        let on = on?;
        let id = || on.parse::<PartId>().ok();
        let said = |key: &str| text(put_at(ops, key)?);
        let list = || {
            let list = said(LIST)?;
            let items = list.split(' ').filter(|item| !item.is_empty());
            Some(items.map(str::to_owned).collect::<Vec<String>>())
        };
        Some(match self {
            Self::Notify => AutomationAction::Notify {
                id: id()?,
                to: list()?,
                text: said(TEXT)?,
            },
            Self::Request => AutomationAction::Request {
                id: id()?,
                what: Outward {
                    kind: OutwardKind::from_name(&said(KIND)?)?,
                    name: said(NAME)?,
                    text: said(TEXT)?,
                    fields: list()?,
                    rule: said(RULE)?,
                },
            },
            Self::Fail => AutomationAction::Fail {
                id: id()?,
                rule: said(RULE)?,
                why: said(TEXT)?,
            },
            Self::Stop => AutomationAction::Stop {
                id: id()?,
                rule: said(RULE)?,
                why: said(TEXT)?,
            },
            Self::Claim => AutomationAction::Claim {
                id: id()?,
                of: said(CLAIMED)?,
            },
            Self::Fire => AutomationAction::Fire {
                id: id()?,
                rule: said(RULE)?,
                of: said(NAME)?,
            },
            Self::Report => AutomationAction::Report {
                id: id()?,
                status: RunStatus::from_name(&said(STATUS)?)?,
                note: said(NOTE)?,
            },
            Self::Number => AutomationAction::Number {
                number: text(first_put(ops)?.1)?,
            },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        let on = on?;
        Some(match self {
            Self::Notify | Self::Request | Self::Fail | Self::Stop | Self::Fire | Self::Report => {
                Place::Record(Shelf::Runs, on.to_owned())
            }
            Self::Claim => Place::Record(Shelf::Claims, on.to_owned()),
            Self::Number => Place::Number,
        })
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let on = on?;
        let part = |part: &str| {
            let (shelf, key) = (Shelf::Runs, on.to_owned());
            Some(Place::RecordPart(shelf, key, part.to_owned()))
        };
        match self {
            Self::Notify | Self::Fail | Self::Stop => part(TEXT),
            Self::Request | Self::Fire => part(NAME),
            Self::Report => part(STATUS),
            Self::Claim => Some(Place::RecordPart(
                Shelf::Claims,
                on.to_owned(),
                CLAIMED.to_owned(),
            )),
            Self::Number => Some(Place::Number),
        }
    }
}

type Said<'a> = (RunKind, &'a str, &'a str, &'a str);

fn make_run(
    plan: &mut Plan,
    past: &Past<'_>,
    id: PartId,
    ((kind, rule, name, said), list): (Said<'_>, &[String]),
) -> Result<(), ActError> {
    let (count, max) = (list.len(), MAX_LISTED);
    if count > max {
        let what = "people or fields";
        return Err(ActError::TooMany { what, count, max });
    }
    bounds::check_line("rule", rule, MAX_LABEL_BYTES)?;
    for item in list {
        bounds::check_line("name", item, MAX_LABEL_BYTES)?;
    }
    let values = [
        (KIND, Scalar::text(kind.name())),
        (RULE, Scalar::text(rule)),
        (NAME, Scalar::text(name)),
        (TEXT, Scalar::text(said)),
        (LIST, Scalar::text(list.join(" "))),
        (STATUS, Scalar::text(RunStatus::Waiting.name())),
        (NOTE, Scalar::text("")),
    ];
    plan.make_record(past, (Shelf::Runs, &id.to_string()), values)
}

fn rule_of(act: &Act) -> &str {
    act.cause.as_ref().map_or("", |cause| cause.rule.as_str())
}
