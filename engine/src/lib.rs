//! The device side of Casework: cases, templates, merge, the replica and the device half of sync.
//!
//! Everything here is a function of its arguments, the store and the moment it is given: no
//! clock, no dice, no sockets. Apps use it through the SDK (`casework`).

pub mod approval;
pub mod automation;
pub mod case;
pub mod clock;
pub mod inbox;
pub mod moment;
pub mod personal;
pub mod replica;
pub mod sync;
pub mod template;
pub mod template_document;
pub mod value;
pub mod view;
