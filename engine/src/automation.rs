//! Automations at work: what an act triggers, what follows from it, and whether it did.
//!
//! ```text
//! act ──fired──▶ events ──rule, condition──▶ effects (acts with a cause) ──▶ events …
//! case, revision, now ──timers──▶ what the agent marks: an act like any other
//! received effect ──verify──▶ the same again: rule, trigger, condition, action
//! ```
//! Everything is a function of the trigger, the case right after it, the revision and the roster
//! it cites, so every replica finds the same. Ids of effects derive from the rule and from what the
//! trigger replaced: two devices on which one thing triggers make one effect. Runs nothing itself.

mod due;
mod effect;
mod fired;
pub mod numbering;
mod people;
mod tick;
pub mod timed;
mod verify;
mod wording;

pub use effect::{Effect, Scene, effect_id, effects, rule_named, rules_for};
pub use fired::{Event, Fired, fired};
pub use tick::{Edge, Tick, tick_key};
pub use timed::Timer;
pub use verify::{CauseError, Known, verify};
