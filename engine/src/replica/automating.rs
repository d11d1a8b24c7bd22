//! Running the rules of a template: what an act sets off is done in the same commit, as separate
//! changes of this device that name their rule and their trigger.
//!
//! ```text
//! act ─▶ events ─▶ rules whose condition holds ─▶ effects ─▶ events … until nothing follows
//! ```
//! An effect needs no right of the member: the rule is the operator's grant. What cannot be done is
//! written down with the reason, and a rule that comes up again in its own chain is stopped.

use std::collections::VecDeque;

use casework_protocol::access::{AccessError, occasion, views};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId};
use casework_protocol::rights::Verb;
use serde::Serialize;

use super::admission::Index;
use super::asked::day_of;
use super::authority::untrusted;
use super::rows::Aside;
use super::sealing::given_to;
use super::{Batch, ReplicaFault};
use crate::automation::{
    CauseError, Effect, Known, Scene, effect_id, effects, fired, rules_for, verify,
};
use crate::case::cause::{MAX_DEPTH, MAX_EFFECTS};
use crate::case::condition::{Facts, holds};
use crate::case::facet::automation::AutomationAction;
use crate::case::{Act, ActError, CaseAction, Cause, Past, Revisions, Shaped};
use crate::moment::Moment;
use crate::template::Revision;

/// Longest reason of a failure that is written down, in characters.
const MAX_WHY_CHARACTERS: usize = 300;

/// What a rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// The automation's id.
    pub rule: String,
    /// What people call it.
    pub name: String,
    /// How deep in a chain of rules.
    pub depth: u8,
    /// What it did or wanted to do.
    #[serde(serialize_with = "name_of")]
    pub action: Option<CaseAction>,
    /// What came of it.
    pub outcome: RanOutcome,
}

impl Ran {
    /// What it did or wanted to do, in words: an action and its target.
    #[must_use]
    pub fn action_words(&self) -> Option<String> {
        words_of(self.action.as_ref())
    }
}

/// What came of one effect of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RanOutcome {
    /// Done.
    Done,
    /// Nothing to do: it was so already.
    Idle,
    /// Not done, and why.
    Failed(String),
    /// Not done, because the rules go round in circles: the chain that led here.
    Stopped(String),
}

/// An act whose consequences are still to be looked at.
struct Link {
    change: ChangeHash,
    act: Act,
    /// The rules that led here, the first one first.
    chain: Vec<String>,
}

/// An effect that is about to be done.
struct Due {
    effect: Effect,
    name: String,
    chain: Vec<String>,
}

impl Batch<'_> {
    /// Does what an act sets off.
    pub(super) fn run_rules(
        &mut self,
        id: DocumentId,
        (change, act): (ChangeHash, Act),
        (revision, moment): (&Revision, &Moment),
    ) -> Result<Vec<Ran>, ReplicaFault> {
        let mut ran = Vec::new();
        // What was done elsewhere long ago had its consequences there.
        if act.imported.is_some() || !revision.has_automations() {
            return Ok(ran);
        }
        let mut open = VecDeque::from([Link {
            change,
            act,
            chain: Vec::new(),
        }]);
        while let Some(link) = open.pop_front() {
            for due in self.due(id, &link, (revision, moment))? {
                if ran.len() >= usize::from(MAX_EFFECTS) {
                    ran.push(self.left_out(id, due, moment)?);
                    return Ok(ran);
                }
                let (done, next) = self.run(id, due, moment)?;
                ran.push(done);
                open.extend(next);
            }
        }
        Ok(ran)
    }

    /// Says that this effect and all that would follow were left out: one act sets off no more.
    fn left_out(&mut self, id: DocumentId, due: Due, moment: &Moment) -> Result<Ran, ReplicaFault> {
        let cause = due.effect.cause;
        let why =
            format!("{MAX_EFFECTS} effects of one act were done; this and what follows was not");
        self.note(id, &cause, Note::Stopped(&why), moment)?;
        Ok(Ran {
            rule: cause.rule,
            name: due.name,
            depth: cause.depth,
            action: due.effect.action.ok(),
            outcome: RanOutcome::Stopped(why),
        })
    }

    /// The effects of the rules that an act sets off, the case being as the act left it.
    fn due(
        &self,
        id: DocumentId,
        link: &Link,
        (revision, moment): (&Revision, &Moment),
    ) -> Result<Vec<Due>, ReplicaFault> {
        let automerge = &self.steps[&id].document.automerge;
        let hash = automerge::ChangeHash(*link.change.as_bytes());
        let meta = automerge
            .get_change_meta_by_hash(&hash)
            .ok_or_else(|| untrusted("a change that was just made is not there"))?;
        let before = Past::at(automerge, &meta.deps);
        let after = Past::at(automerge, &[hash]);
        let roster = self.replica.roster()?.head();
        let actor = self.me()?;
        let today = day_of(moment.now_ms.cast_signed(), moment.zone_min)
            .ok_or_else(|| untrusted("the clock is beyond the calendar"))?;
        let facts = Facts {
            past: &after,
            revision,
            today,
            actor: roster.member(actor).map(|member| &member.roles),
            ahead: None,
        };
        let scene = Scene {
            past: &after,
            revision,
            roster,
            today,
            actor: Some(actor),
        };
        let depth = link.act.cause.as_ref().map_or(0, |cause| cause.depth) + 1;
        let mut due = Vec::new();
        for fired in fired(id, (&link.act, link.change), &before) {
            for rule in rules_for(revision, &fired.event) {
                if !holds(&rule.when, &facts) {
                    continue;
                }
                for effect in effects(&rule, &fired, (link.change, depth), &scene) {
                    due.push(Due {
                        effect,
                        name: rule.name.clone(),
                        chain: link.chain.clone(),
                    });
                }
            }
        }
        Ok(due)
    }

    fn run(
        &mut self,
        id: DocumentId,
        due: Due,
        moment: &Moment,
    ) -> Result<(Ran, Option<Link>), ReplicaFault> {
        let Due {
            effect,
            name,
            mut chain,
        } = due;
        let cause = effect.cause.clone();
        let round = chain.contains(&cause.rule) || cause.depth > MAX_DEPTH;
        let told = |action: Option<CaseAction>, outcome| Ran {
            rule: cause.rule.clone(),
            name: name.clone(),
            depth: cause.depth,
            action,
            outcome,
        };
        let act = match effect.act() {
            Ok(act) => act,
            Err(why) => {
                self.note(id, &cause, Note::Failed(&why), moment)?;
                return Ok((told(None, RanOutcome::Failed(why)), None));
            }
        };
        let action = Some(act.action.clone());
        let tried = if round {
            self.try_effect(id, act.clone(), moment).map(|()| None)
        } else {
            self.do_effect(id, act.clone(), moment).map(Some)
        };
        match tried {
            Ok(None) => {
                chain.push(cause.rule.clone());
                let why = chain.join(" → ");
                self.note(id, &cause, Note::Stopped(&why), moment)?;
                Ok((told(action, RanOutcome::Stopped(why)), None))
            }
            Ok(Some(change)) => {
                chain.push(cause.rule.clone());
                let link = Link { change, act, chain };
                Ok((told(action, RanOutcome::Done), Some(link)))
            }
            Err(ReplicaFault::Act(error)) if is_idle(&error) => {
                Ok((told(action, RanOutcome::Idle), None))
            }
            Err(ReplicaFault::Act(error)) => {
                let why = error.to_string();
                self.note(id, &cause, Note::Failed(&why), moment)?;
                Ok((told(action, RanOutcome::Failed(why)), None))
            }
            Err(ReplicaFault::Access(error)) => {
                let why = error.to_string();
                self.note(id, &cause, Note::Failed(&why), moment)?;
                Ok((told(action, RanOutcome::Failed(why)), None))
            }
            Err(fault) => Err(fault),
        }
    }

    fn do_effect(
        &mut self,
        id: DocumentId,
        act: Act,
        moment: &Moment,
    ) -> Result<ChangeHash, ReplicaFault> {
        self.check_sight(id, &act.action)?;
        Ok(self.perform(id, act, moment)?.0.change)
    }

    /// Whether an effect would do anything, without doing it.
    fn try_effect(&self, id: DocumentId, act: Act, moment: &Moment) -> Result<(), ReplicaFault> {
        let template = self.steps[&id].document.row.template;
        let revision = template.and_then(|template| self.replica.current_revision(template));
        let revision = revision.ok_or_else(|| untrusted("the case has no template"))?;
        self.check(id, &revision, act, moment).map(|_| ())
    }

    /// A rule gives work only to somebody who sees the case, or whom its actor may show it to.
    fn check_sight(&self, id: DocumentId, action: &CaseAction) -> Result<(), ReplicaFault> {
        let me = self.me()?;
        let roster = self.replica.roster()?.head();
        let record = self.records[&id].head();
        let may = |verb| roster.allows(me, &occasion(roster, record, me).to(verb));
        let seen = |member: &MemberId| views(roster, record, *member);
        // As the access record will be judged: only `restrict` shows a restricted case to others.
        let (verbs, verb): (&[Verb], Verb) = if record.restricted() {
            (&[Verb::Restrict], Verb::Restrict)
        } else {
            (
                &[Verb::Assign, Verb::Transfer, Verb::Restrict],
                Verb::Assign,
            )
        };
        if given_to(action).iter().all(seen) || verbs.iter().any(|verb| may(*verb)) {
            return Ok(());
        }
        Err(AccessError::Lacks { member: me, verb }.into())
    }

    /// Writes down that an effect is missing. Once: the other device may have done so.
    fn note(
        &mut self,
        id: DocumentId,
        cause: &Cause,
        note: Note<'_>,
        moment: &Moment,
    ) -> Result<(), ReplicaFault> {
        let part = effect_id(&cause.rule, cause.key, cause.step, 0);
        let rule = cause.rule.clone();
        let action = match note {
            Note::Failed(why) => AutomationAction::Fail {
                id: part,
                rule,
                why: line(why),
            },
            Note::Stopped(why) => AutomationAction::Stop {
                id: part,
                rule,
                why: line(why),
            },
        };
        let mut act = Act::new(part, action.into());
        act.cause = Some(cause.clone());
        match self.perform(id, act, moment) {
            Ok(_) => Ok(()),
            Err(ReplicaFault::Act(error)) if is_idle(&error) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

enum Note<'a> {
    Failed(&'a str),
    Stopped(&'a str),
}

fn line(why: &str) -> String {
    let plain = why.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(MAX_WHY_CHARACTERS).collect()
}

/// What needs not be done, because it is so.
const fn is_idle(error: &ActError) -> bool {
    matches!(
        error,
        ActError::Unchanged { .. }
            | ActError::Occupied { .. }
            | ActError::RecordExists { .. }
            | ActError::NothingThere { .. }
    )
}

/// Checks that what claims to be a rule's effect is one.
pub(super) fn judge_cause(
    index: &Index<'_>,
    (batch, revisions): (&crate::case::Batch<'_>, Revisions<'_>),
    (document, shaped, device): (DocumentId, &Shaped, DeviceId),
) -> Result<(), Aside> {
    let known = Known {
        batch,
        document,
        roster: index.judging.roster,
        revisions,
        day_of,
    };
    let author = index.judging.member_of(device);
    verify(&known, shaped, author).map_err(|error| match error {
        CauseError::Missing(missing) => Aside::Waiting(missing.to_string()),
        CauseError::Forged { .. } => Aside::Quarantined(error.to_string()),
    })
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn name_of<S: serde::Serializer>(action: &Option<CaseAction>, s: S) -> Result<S::Ok, S::Error> {
    words_of(action.as_ref()).serialize(s)
}

fn words_of(action: Option<&CaseAction>) -> Option<String> {
    let action = action?;
    let kind = action.kind().name();
    Some(match action.target() {
        Some(target) => format!("{kind} {target}"),
        None => kind.to_owned(),
    })
}
