//! Sessions against a scripted server: every answer an honest one gives, and what a hostile one
//! may try.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the one thing it expects"
)]

mod greeting;
mod healing;
mod hostile;
mod play;
mod presence;
mod pushing;
mod reading;
