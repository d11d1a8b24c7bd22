//! The SDK for Kotlin, Swift and Python: plain records and a few objects around the crate
//! `casework`, from which the packages beside this crate are generated.
//!
//! ```text
//! app ──▶ generated code ──▶ casework-native ──▶ casework ──▶ engine
//! ```
//! Translation only: nothing here decides. Ids cross as text, times as milliseconds since 1970 in
//! UTC, dates as `YYYY-MM-DD`. Calls are synchronous, cheap and safe from any thread; only `join`
//! and the syncs wait for the network. How the surface may grow: bindings/README.md.

mod acting;
mod action;
mod agency;
mod board;
mod case;
mod case_parts;
mod comments;
mod conflicts;
mod drawer;
mod editing;
mod error;
mod event;
mod export;
mod forms;
mod given;
mod imports;
mod inbox;
mod invites;
mod judging;
mod key_store;
mod listing;
mod people;
mod presence;
mod rights;
mod rules;
mod status;
mod syncing;
mod template_parts;
mod templates;
mod templates_draft;
mod text;
mod timeline;
mod vocabulary;
mod workspace;

pub use acting::*;
pub use action::{Action, Fresh, Ready};
pub use agency::*;
pub use board::*;
pub use case::*;
pub use case_parts::*;
pub use comments::*;
pub use conflicts::*;
pub use drawer::*;
pub use editing::*;
pub use error::CaseworkError;
pub use event::*;
pub use export::*;
pub use forms::*;
pub use given::*;
pub use imports::*;
pub use inbox::*;
pub use invites::*;
pub use judging::*;
pub use key_store::{KeyStore, KeyStoreError};
pub use listing::*;
pub use people::*;
pub use presence::*;
pub use rights::*;
pub use rules::*;
pub use status::*;
pub use syncing::*;
pub use template_parts::*;
pub use templates::*;
pub use templates_draft::*;
pub use text::Value;
pub use timeline::*;
pub use vocabulary::*;
pub use workspace::*;

uniffi::setup_scaffolding!("casework");

/// The version of this surface: the first number changes when an app has to change its code.
pub const SURFACE_VERSION: &str = "1.0";

/// The version of this surface, `MAJOR.MINOR`: code written for 1.x runs with every later 1.y.
#[uniffi::export]
#[must_use]
pub fn surface_version() -> String {
    SURFACE_VERSION.to_owned()
}

/// The version of the library, as its release is called.
#[uniffi::export]
#[must_use]
pub fn library_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
