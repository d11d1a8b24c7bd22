//! Sessions against a scripted server: every answer an honest one gives, and what a hostile one
//! may try.

mod greeting;
mod healing;
mod hostile;
mod play;
mod pushing;
mod reading;
