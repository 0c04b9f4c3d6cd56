//! Objects that were saved one after another into one open file: a loader stops where one ends, and its next call goes on there.

use super::{Expect, Reading};
use crate::{
    bytes::{ReadError, Window},
    fact::{Anomaly, Hop, Place, Unread},
    limits,
};

/// How a library's saves follow each other.
pub(super) struct Saved {
    /// Whether one begins there.
    pub begins: fn(&Window) -> Result<bool, ReadError>,
    /// Reads one, and returns where it ends, if that is known.
    pub read: fn(&Window, &mut Reading<'_>) -> Result<Option<u64>, ReadError>,
    /// The way into what stands behind one, by its number and its offset.
    pub hop: fn(u32, u64) -> Hop,
    /// What so many bytes behind one are that are none.
    pub anomaly: fn(u64) -> Anomaly,
    /// The number of the second.
    pub second: u32,
}

impl Saved {
    /// Reads all of them. What breaks the first is the error; the others say theirs.
    pub(super) fn read_all(
        &self,
        window: &Window,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let mut at: u64 = 0;
        let mut end = (self.read)(window, reading)?;
        for number in self.second.. {
            let Some(length) = end else { break };
            at = at.saturating_add(length);
            let rest = window.from(at);
            if rest.is_empty() {
                break;
            }
            let place = Place::Bytes {
                start: at,
                end: window.len(),
            };
            let hop = (self.hop)(number, at);
            if !(self.begins)(&rest)? {
                reading.recorder.anomaly((self.anomaly)(rest.len()), place);
                reading.descend(hop, b"", &rest, Expect::Named);
                break;
            }
            if usize::try_from(number).map_or(true, |number| number >= limits::STREAMS) {
                reading.unread(Unread::Limit(limits::Id::STREAMS), place);
                break;
            }
            reading.recorder.enter(hop);
            end = (self.read)(&rest, reading).unwrap_or_else(|error| {
                reading.unread(error, Place::Whole);
                None
            });
            reading.recorder.leave();
        }
        Ok(())
    }
}
