//! The one place where a panic is caught: at the boundary of an entry, where it becomes a fact and hides no other.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    /// Whether this thread is reading an entry, so that a panic is reported as a fact and not printed.
    static READING: Cell<bool> = const { Cell::new(false) };
    /// What the last panic said, and where.
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics inside [`run`] silent; all others are printed as before.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if READING.get() {
                let message = panic.payload_as_str().unwrap_or("a panic without words");
                let place = panic
                    .location()
                    .map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
                MESSAGE.set(Some(format!("{message}{place}")));
            } else {
                before(panic);
            }
        }));
    });
}

/// Runs `work`; a panic in it is an error that says what it said. What `work` borrows mutably is as far as it got.
pub(super) fn run<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = READING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    READING.set(outer);
    result.map_err(|_| {
        MESSAGE
            .take()
            .unwrap_or_else(|| String::from("a panic without words"))
    })
}

/// Runs work that may be anything; a panic in it is an error that says what it said, and is not printed.
///
/// # Errors
/// What the panic said, and where.
pub fn protected<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install();
    run(work)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_is_an_error_and_the_next_run_is_none_the_wiser() {
        super::install();
        let error = super::run(|| panic!("no {}", "luck")).unwrap_err();
        assert!(error.starts_with("no luck (src/scan/guard.rs:"), "{error}");
        assert_eq!(super::run(|| 7), Ok(7));
    }
}
