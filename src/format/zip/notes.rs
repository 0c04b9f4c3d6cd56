//! Anomalies of one archive, with an end to repetition.

use crate::{
    fact::{Fact, Place, Text},
    record::Recorder,
};

/// Anomalies of one kind that are recorded one by one; the rest are counted.
const SHOWN: u64 = 16;

/// Records anomalies, and counts those of a kind past the first sixteen.
#[derive(Debug)]
pub(super) struct Notes<'r> {
    recorder: &'r mut Recorder,
    counts: Vec<(&'static str, u64)>,
}

impl<'r> Notes<'r> {
    pub(super) fn new(recorder: &'r mut Recorder) -> Self {
        Self {
            recorder,
            counts: Vec::new(),
        }
    }

    /// `detail` is only worded if it is going to be shown.
    pub(super) fn add(&mut self, kind: &'static str, at: Place, detail: impl FnOnce() -> String) {
        let known = self.counts.iter_mut().find(|(known, _)| *known == kind);
        let shown = if let Some((_, count)) = known {
            *count = count.saturating_add(1);
            *count <= SHOWN
        } else {
            self.counts.push((kind, 1));
            true
        };
        if shown {
            self.recorder.anomaly(kind, detail(), at);
        }
    }

    /// Records that something of the archive was not read.
    pub(super) fn unread(&mut self, unread: crate::fact::Unread, at: Place) {
        self.recorder.record_at(Fact::Unread(unread), at, None);
    }

    /// Records how many more there were of each kind.
    pub(super) fn finish(self) {
        for (kind, count) in self.counts {
            let more = count.saturating_sub(SHOWN);
            if more > 0 {
                let fact = Fact::Anomaly {
                    kind: kind.into(),
                    detail: Text::from(format!("{more} more members")),
                };
                self.recorder.record_times(fact, Place::Whole, None, more);
            }
        }
    }
}

/// A member's name as details show it: escaped once, when the detail as a whole is shown.
pub(super) fn shown(name: &[u8]) -> String {
    const LONGEST: usize = 120;
    let text = String::from_utf8_lossy(name);
    if text.chars().count() > LONGEST {
        let front: String = text.chars().take(LONGEST).collect();
        format!("{front}…")
    } else {
        text.into_owned()
    }
}
