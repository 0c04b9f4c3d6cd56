//! Anomalies of one archive, with an end to repetition.

use crate::{
    bytes::ReadStop,
    fact::{Anomaly, Fact, Place, ZipAnomaly},
    record::Recorder,
};

/// Anomalies of one kind that are recorded one by one; the rest are counted.
const RECORDED: u64 = 16;

/// Records anomalies, and counts those of a kind past the first sixteen.
#[derive(Debug)]
pub(super) struct Notes<'r> {
    recorder: &'r mut Recorder,
    kinds: Vec<Kind>,
}

/// What has been recorded of one kind.
#[derive(Debug)]
struct Kind {
    id: &'static str,
    count: u64,
    /// The first that was not recorded.
    more: Option<ZipAnomaly>,
}

impl<'r> Notes<'r> {
    pub(super) fn new(recorder: &'r mut Recorder) -> Self {
        Self {
            recorder,
            kinds: Vec::new(),
        }
    }

    /// Records an anomaly, or counts it.
    pub(super) fn add(&mut self, anomaly: ZipAnomaly, at: Place) {
        let id = anomaly.kind();
        if let Some(kind) = self.kinds.iter_mut().find(|kind| kind.id == id) {
            kind.count = kind.count.saturating_add(1);
            if kind.count > RECORDED {
                kind.more.get_or_insert(anomaly);
                return;
            }
        } else {
            self.kinds.push(Kind {
                id,
                count: 1,
                more: None,
            });
        }
        self.recorder.anomaly(anomaly, at);
    }

    /// Records that something of the archive was not read.
    pub(super) fn unread(&mut self, stop: impl Into<ReadStop>, at: Place) {
        self.recorder.unread(stop, at);
    }

    /// Records how many more there were of each kind.
    pub(super) fn finish(self) {
        for kind in self.kinds {
            let members = kind.count.saturating_sub(RECORDED);
            if let Some(first) = kind.more {
                let first = Box::new(first);
                let fact = Fact::from(Anomaly::from(ZipAnomaly::More { first, members }));
                self.recorder
                    .record_times(fact, Place::Whole, None, members);
            }
        }
    }
}
