//! Public forms over HTTP: what people outside the workspace see and send.
//!
//! ```text
//! socket ──server──▶ Visit ──▶ Site::handle ──▶ Reply ──▶ socket
//!                               │    ▲
//!                               ▼    │       Office: links, submissions, receipts
//!                              Office ──▶ SDK (signed by the device that serves)
//! ```
//! [`Site`] is pure: time, dice and the visitor's address are arguments. No scripts, no cookies, no
//! log of answers; nothing but the form of a link and the state behind a receipt can be reached.

mod answers;
mod body;
mod doors;
mod form_page;
mod groups;
mod inputs;
mod language;
pub mod limits;
pub mod links;
pub mod office;
mod page;
mod patience;
mod receipt_page;
mod receipts;
mod response;
mod rooms;
mod server;
mod settings;
mod site;
mod ticket;
mod visit;
mod words;

#[cfg(test)]
mod tests;

pub use office::{Followed, Offer, Office, OfficeFault, Stand, Taken, Target};
pub use rooms::Rooms;
pub use server::{Serving, serve};
pub use settings::Settings;
pub use site::Site;
pub use ticket::FormKey;
pub use visit::{Caller, Method, Reply, Visit};
