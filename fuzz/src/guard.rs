//! Runs what may panic, quietly: the document library on bytes it does not expect, or a target
//! that found something.
//!
//! A hook of this thread swallows the message, also under libFuzzer, whose own hook would abort.
//! Invariant: panics outside [`guarded`] are told as always.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<u32> = const { Cell::new(0) };
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs `work`; a panic becomes its message and place. Whatever `work` touched must be thrown away.
///
/// # Errors
/// The message of the panic, with file and line.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install();
    QUIET.set(QUIET.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(QUIET.get() - 1);
    result.map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".to_owned());
        match PLACE.take() {
            Some(place) => format!("{text} ({place})"),
            None => text,
        }
    })
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |info| {
            if QUIET.get() == 0 {
                told(info);
            } else {
                PLACE.set(info.location().map(ToString::to_string));
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        let told = guarded(|| -> u8 { panic!("it is {}", 3) }).unwrap_err();
        assert!(
            told.starts_with("it is 3 (") && told.contains("guard.rs"),
            "{told}"
        );
        assert_eq!(guarded(|| 4), Ok(4));
    }

    #[test]
    fn guards_may_nest() {
        let outer = guarded(|| {
            assert!(guarded(|| panic!("inner")).is_err());
            panic!("outer")
        });
        assert!(outer.unwrap_err().starts_with("outer"));
    }
}
