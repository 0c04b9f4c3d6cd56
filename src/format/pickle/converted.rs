//! Whether something took a binary pickle for text: git, or an editor, ended its "lines" in CRLF.

use super::opcode;
use crate::bytes::Window;

/// Whether every line feed in the front of a binary pickle has a carriage return before it. One that no unpickler reads to its end
/// is broken by that.
pub(super) fn is_converted(window: &Window, start: u64) -> bool {
    const FRONT: usize = 64 << 10;
    let Ok(front) = window.borrow_at(start, FRONT) else {
        return false;
    };
    let mut feeds = memchr::memchr_iter(b'\n', &front).peekable();
    front.first() == Some(&opcode::PROTO)
        && feeds.peek().is_some()
        && feeds.all(|at| at.checked_sub(1).and_then(|before| front.get(before)) == Some(&b'\r'))
}
