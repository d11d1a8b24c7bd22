//! Whether a received effect is what its rule makes of its trigger.
//!
//! The mark that a rule's time has come is an agent's alone.
//! An effect needs no right of its author, because the rule is the operator's grant; so it must be
//! exactly that: the rule stands in the revision cited, the trigger is the author's own act right
//! before it, the condition held there, and the rule writes just this, once. Pure: every replica
//! with the same causal past finds the same.

use automerge::Change;
use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use casework_protocol::roster::Roster;
use casework_protocol::roster::role::AGENT;

use super::effect::{Effect, Scene, effect_id, effects, rule_named};
use super::fired::fired;
use super::tick::{Tick, tick_key};
use crate::case::cause::MAX_EFFECTS;
use crate::case::condition::{Facts, holds};
use crate::case::facet::FacetAction;
use crate::case::facet::automation::AutomationAction;
use crate::case::{
    Act, Batch, CaseAction, Cause, Message, MissingDependency, Revisions, Shaped, ShapedAct, act_in,
};
use crate::template::Today;

/// What a received effect is judged against.
pub struct Known<'a> {
    /// The document and what is on its way into it.
    pub batch: &'a Batch<'a>,
    /// Which document.
    pub document: DocumentId,
    /// The roster.
    pub roster: &'a Roster,
    /// Revisions by their marks.
    pub revisions: Revisions<'a>,
    /// The day of a claimed time, where it is on the calendar.
    pub day_of: fn(i64, i16) -> Option<Today>,
}

/// An effect that is not what its rule makes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CauseError {
    /// Somebody wrote a rule's name under something else. Cause: a hostile author. Cure: none.
    #[error("it claims the rule {rule:?}, but {why}")]
    Forged {
        /// The rule claimed.
        rule: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Something it builds on is not here yet.
    #[error(transparent)]
    Missing(#[from] MissingDependency),
}

/// Checks the cause of a shaped change by the device's member `actor`, or that it may say that the
/// time of a rule has come. Other changes without a cause pass: their author's rights are judged.
///
/// # Errors
/// [`CauseError`].
pub fn verify(
    known: &Known<'_>,
    shaped: &Shaped,
    actor: Option<MemberId>,
) -> Result<(), CauseError> {
    let ShapedAct::Case(act) = shaped.act() else {
        return Ok(());
    };
    let Some(cause) = &act.cause else {
        return verify_mark(known, (shaped, act), actor);
    };
    let forged = |why| CauseError::Forged {
        rule: cause.rule.clone(),
        why,
    };
    // The time of a rule is said by a change of its own, which then is the trigger.
    let of = cause.of.ok_or_else(|| forged("nothing triggered it"))?;
    let (trigger, message) =
        find_trigger(known, shaped, (cause, of)).map_err(|e| e.named(cause))?;
    let before = known.batch.past_of(trigger.deps())?;
    let after = known.batch.past_of(&[trigger.hash()])?;
    let triggering =
        act_in(&message, &trigger).ok_or_else(|| forged("its trigger says nothing"))?;
    let depth = triggering.cause.as_ref().map_or(1, |cause| cause.depth + 1);
    if cause.depth != depth {
        return Err(forged("its depth is not one more than its trigger's"));
    }
    let revision = message.revision.and_then(known.revisions);
    let revision = revision.ok_or_else(|| forged("its trigger cites another revision"))?;
    let rule = rule_named(&revision, &cause.rule).filter(|rule| !rule.disabled);
    let rule = rule.ok_or_else(|| forged("its revision has no such rule"))?;
    let trigger_fired = fired(known.document, (&triggering, of), &before)
        .into_iter()
        .find(|fired| fired.key == cause.key && fired.event.sets_off(&rule));
    let trigger_fired = trigger_fired.ok_or_else(|| forged("its trigger is another"))?;
    let cited = known.roster.at(message.citation.roster.version);
    let roster = cited.ok_or_else(|| forged("its roster version is not known"))?;
    let today = (known.day_of)(trigger.timestamp(), message.zone_min);
    let today = today.ok_or_else(|| forged("its time is beyond the calendar"))?;
    let roles = actor
        .and_then(|actor| roster.member(actor))
        .map(|member| &member.roles);
    let facts = Facts {
        past: &after,
        revision: &revision,
        today,
        actor: roles,
        ahead: None,
    };
    if !holds(&rule.when, &facts) {
        return Err(forged("its condition did not hold"));
    }
    let scene = Scene {
        past: &after,
        revision: &revision,
        roster,
        today,
        actor,
    };
    let made = effects(&rule, &trigger_fired, (of, depth), &scene);
    let made = made.iter().find(|effect| effect.cause == *cause);
    let made = made.ok_or_else(|| forged("the rule has no such effect"))?;
    if is_made(made, act) {
        Ok(())
    } else {
        Err(forged("the rule does something else"))
    }
}

/// Checks the mark that the time of a rule has come: its author is an agent by the roster version it
/// cites, the rule stands in the revision cited and waits for such a thing, and its id is that of
/// this occasion. Whether it is time is the agent's word: no other device knows when it was now.
fn verify_mark(
    known: &Known<'_>,
    (shaped, act): (&Shaped, &Act),
    actor: Option<MemberId>,
) -> Result<(), CauseError> {
    let CaseAction::Facet(FacetAction::Automation(AutomationAction::Fire { id, rule, of })) =
        &act.action
    else {
        return Ok(());
    };
    let forged = |why| CauseError::Forged {
        rule: rule.clone(),
        why,
    };
    let message = shaped.message();
    let roster = known.roster.at(message.citation.roster.version);
    let roster = roster.ok_or_else(|| forged("its roster version is not known"))?;
    let author = actor.and_then(|actor| roster.member(actor));
    if !author.is_some_and(|author| author.active && author.roles.contains(AGENT)) {
        return Err(forged("only an agent says that its time has come"));
    }
    let revision = message.revision.and_then(known.revisions);
    let revision = revision.ok_or_else(|| forged("it cites another revision"))?;
    let listed = &revision.package().automations;
    let named = listed.iter().find(|known| known.id == *rule);
    let named = named.filter(|rule| rule.trigger.is_timed() && !rule.disabled);
    let named = named.ok_or_else(|| forged("its revision has no such rule that waits for time"))?;
    if !of
        .parse::<Tick>()
        .is_ok_and(|tick| tick.fits(&named.trigger))
    {
        return Err(forged("the rule waits for something else"));
    }
    if *id != tick_key(known.document, rule, of) {
        return Err(forged("its id is that of another occasion"));
    }
    Ok(())
}

/// Whether the act is the effect, or the mark that it is missing.
fn is_made(made: &Effect, act: &Act) -> bool {
    let plain = act.reason.is_none()
        && !act.override_rule
        && act.imported.is_none()
        && act.redo_of.is_none();
    let cause = &made.cause;
    let own_id = effect_id(&cause.rule, cause.key, cause.step, 0);
    if let CaseAction::Facet(FacetAction::Automation(
        AutomationAction::Fail { id, rule, .. } | AutomationAction::Stop { id, rule, .. },
    )) = &act.action
    {
        return plain && *id == own_id && *rule == cause.rule;
    }
    let counted = !matches!(act.action, CaseAction::Count { .. }) || act.id == own_id;
    plain && counted && made.action.as_ref() == Ok(&act.action)
}

enum Lost {
    Forged(&'static str),
    Missing(MissingDependency),
}

impl Lost {
    fn named(self, cause: &Cause) -> CauseError {
        match self {
            Self::Forged(why) => CauseError::Forged {
                rule: cause.rule.clone(),
                why,
            },
            Self::Missing(missing) => missing.into(),
        }
    }
}

/// Walks back from the effect to its trigger: the author's own changes, each alone upon the last,
/// all of them effects, none of them the same one.
fn find_trigger(
    known: &Known<'_>,
    shaped: &Shaped,
    (cause, of): (&Cause, ChangeHash),
) -> Result<(Change, Message), Lost> {
    let effect = shaped.change();
    let mut deps = effect.deps().to_vec();
    for _ in 0..=MAX_EFFECTS {
        let [dep] = deps.as_slice() else {
            return Err(Lost::Forged("something came between it and its trigger"));
        };
        let change = known.batch.change(*dep).map_err(Lost::Missing)?;
        if change.actor_id() != effect.actor_id() {
            return Err(Lost::Forged("its trigger is somebody else's"));
        }
        let message = change.message().and_then(|text| Message::read(text).ok());
        let Some(message) = message else {
            return Err(Lost::Forged("its trigger says nothing"));
        };
        if message.citation.roster != shaped.message().citation.roster
            || message.revision != shaped.message().revision
        {
            return Err(Lost::Forged(
                "it was judged by other versions than its trigger",
            ));
        }
        if ChangeHash::new(change.hash().0) == of {
            return Ok((change, message));
        }
        match &message.cause {
            None => return Err(Lost::Forged("its author did something in between")),
            Some(other) if other == cause => return Err(Lost::Forged("it was done before")),
            Some(_) => deps = change.deps().to_vec(),
        }
    }
    Err(Lost::Forged("its trigger is too far away"))
}
