//! Members of an archive that are read whole.

use super::site_in;
use crate::{
    bytes::{ReadError, ReadStop, Window, narrow},
    fact::{Place, Site, Unread},
    format::{Reading, zip::Member},
    limits,
};

/// Gives every content of some members to `read`, whole, up to a limit of bytes for all of them together. What cannot be had of one
/// is recorded where all members are read.
pub(super) fn read_whole<'m>(
    window: &Window,
    members: impl Iterator<Item = &'m Member>,
    (mut left, limit): (u64, limits::Id),
    reading: &mut Reading<'_>,
    mut read: impl FnMut(&'m Member, &[u8], &Site, &mut Reading<'_>),
) {
    for member in members {
        let site = site_in(reading, Some(member.hop()));
        let bodies = member.bodies(window, 0, &reading.budget());
        for body in bodies.into_iter().flatten() {
            let Some(rest) = left.checked_sub(body.len()) else {
                return unread_in(member, Unread::Limit(limit), reading);
            };
            left = rest;
            match body.bytes_at(0, narrow(body.len())) {
                Ok(bytes) => read(member, &bytes, &site, reading),
                Err(error) => unread_in(member, ReadError::from(error), reading),
            }
        }
    }
}

/// Records that a member was not read.
pub(super) fn unread_in(member: &Member, stop: impl Into<ReadStop>, reading: &mut Reading<'_>) {
    reading.recorder.enter(member.hop());
    reading.unread(stop, Place::Whole);
    reading.recorder.leave();
}
