//! Members of an archive that stand one after another and are read in that order.

use super::{Expect, Reading, is_name_of_anything};
use crate::{
    bytes::{Window, wide},
    fact::{Fact, Hop, Text},
};

/// What is expected of a member of an archive that nobody opens as a model: sources that are packed have firmware under the suffixes of
/// models. What only shares its suffix with text is expected to be that text or a model, as it is outside of an archive.
pub(super) fn expected_of(name: &[u8]) -> Expect<'static> {
    if is_name_of_anything(name) {
        Expect::Aside
    } else {
        Expect::Named
    }
}

/// Reads a member, and forgets it if there is nothing to say, unless it is `kept`.
pub(super) fn read_member(
    name: &Text,
    mut body: Window,
    expect: Expect<'_>,
    kept: bool,
    reading: &mut Reading<'_>,
) {
    let before = reading.recorder.checkpoint();
    reading.record(Fact::Member {
        name: name.clone(),
        size: body.len(),
    });
    let only_member = reading.recorder.checkpoint();
    let hold = reading.may_hold();
    if body.is_sequential() && body.len() <= wide(hold) {
        // What cannot be had, whoever reads the member meets as well.
        if let Ok(bytes) = body.bytes_at(0, hold) {
            body = Window::new(bytes);
        }
    }
    let hop = Hop::Member {
        name: name.clone(),
        copy: 0,
    };
    reading.descend(hop, name.as_bytes(), &body, expect);
    if !kept && reading.recorder.is_silent_since(only_member) {
        // An archive of a million sources has few that matter.
        reading.recorder.forget(before);
    }
}
