//! What people run: the command `casework`.
//!
//! ```text
//! words ──cli──▶ Request ──▶ here, or owner.sock ──▶ command ──▶ SDK
//!                 screen ◀── Response (lines and JSON) ◀──┘
//! ```
//! A client of the SDK like any app: it knows neither the engine's stores nor the wire.

mod agent;
mod app;
pub mod cli;
pub mod command;
mod demo;
pub mod fault;
mod form_host;
pub mod forms;
pub mod import;
mod output;
pub mod owner;
pub mod request;
pub mod screen;
mod watch;
pub mod xes;

pub use app::run;
