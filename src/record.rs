//! What a reader may write: observations, at the site it stands at.

use crate::{
    bytes::{ReadStop, wide},
    fact::{
        Anomaly, Excerpt, ExcerptId, Excerpts, Fact, FormatId, Hop, Interruption, ListingLine,
        Observation, Place, Site, Tensor, Tensors, Unread,
    },
    limits,
};

/// Collects the observations of one entry, in the order they are met.
#[derive(Debug, Default)]
pub struct Recorder {
    hops: Vec<Hop>,
    observations: Vec<Observation>,
    excerpts: Excerpts,
    interrupted: Vec<Interruption>,
    full: bool,
    listing: Option<Vec<ListingLine>>,
    listing_lines: usize,
    tensors: Vec<Tensors>,
}

/// A moment to which a [`Recorder`] can be taken back.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoint {
    observations: usize,
    excerpts: usize,
    interrupted: usize,
    listing: usize,
}

impl Recorder {
    /// Also keeps a listing of the opcodes read, for people: about so many lines of it.
    pub fn with_listing(lines: usize) -> Self {
        Self {
            listing: Some(Vec::new()),
            listing_lines: lines,
            ..Self::default()
        }
    }

    /// The listing, if one is kept.
    pub fn listing(&mut self) -> Option<&mut Vec<ListingLine>> {
        self.listing.as_mut()
    }

    /// How many lines it is to have at most, a few notes more or less.
    pub fn listing_lines(&self) -> usize {
        self.listing_lines
    }

    /// Takes the listing out.
    pub fn take_listing(&mut self) -> Option<Vec<ListingLine>> {
        self.listing.take()
    }

    /// Whether tensors are kept for a listing.
    pub fn keeps_tensors(&self) -> bool {
        self.listing.is_some()
    }

    /// Keeps the tensors that stand where the reader does, if a listing is kept and there is room.
    pub fn list_tensors(&mut self, tensors: impl FnOnce() -> Vec<Tensor>) {
        if self.listing.is_none() {
            return;
        }
        let mut listed = tensors();
        let count = wide(listed.len());
        let kept: usize = self.tensors.iter().map(|of| of.listed.len()).sum();
        listed.truncate(limits::TENSORS_LISTED.saturating_sub(kept));
        let site = self.site(Place::Whole);
        self.tensors.push(Tensors {
            site,
            listed,
            count,
        });
    }

    /// Takes the tensors out.
    pub fn take_tensors(&mut self) -> Vec<Tensors> {
        std::mem::take(&mut self.tensors)
    }

    /// Records a fact about all of what the last hop led to.
    pub fn record(&mut self, fact: Fact) {
        self.record_at(fact, Place::Whole, None);
    }

    /// Records a fact at a place, with the lines that show it.
    pub fn record_at(&mut self, fact: Fact, at: Place, excerpt: Option<Excerpt>) {
        self.record_times(fact, at, excerpt, 1);
    }

    /// Records a fact that was seen `count` times, first at `at`.
    pub fn record_times(&mut self, fact: Fact, at: Place, excerpt: Option<Excerpt>, count: u64) {
        let site = self.site(at);
        self.record_found(fact, site, excerpt, count);
    }

    /// Records a fact that was seen `count` times, first at a site of its own.
    pub fn record_found(&mut self, fact: Fact, site: Site, excerpt: Option<Excerpt>, count: u64) {
        if self.full {
            return;
        }
        if self.observations.len() >= limits::OBSERVATIONS {
            self.full = true;
            let fact = Fact::Unread(Unread::Limit(limits::Id::OBSERVATIONS));
            self.observations.push(Observation {
                fact,
                site: Site::default(),
                count: 1,
                excerpt: None,
            });
            return;
        }
        let excerpt = excerpt.and_then(|excerpt| self.excerpts.add(excerpt));
        self.observations.push(Observation {
            fact,
            site,
            count,
            excerpt,
        });
    }

    /// Keeps an excerpt for an observation of another form of the content, which is not recorded here.
    pub fn keep_excerpt(&mut self, excerpt: Excerpt) -> Option<ExcerptId> {
        self.excerpts.add(excerpt)
    }

    /// Records that something was not read to its end: a fact, or what kept the bytes from being had.
    pub fn unread(&mut self, stop: impl Into<ReadStop>, at: Place) {
        match stop.into() {
            ReadStop::Content(unread) => self.record_at(Fact::Unread(unread), at, None),
            ReadStop::Io(fault) if self.interrupted.len() < limits::OBSERVATIONS => {
                let site = self.site(at);
                self.interrupted.push(Interruption { site, fault });
            }
            ReadStop::Io(_) => {}
        }
    }

    /// Records bytes that say two things, or something no writer says.
    pub fn anomaly(&mut self, anomaly: impl Into<Anomaly>, at: Place) {
        self.record_at(anomaly.into().into(), at, None);
    }

    /// Where the reader stands.
    pub fn site(&self, at: Place) -> Site {
        Site {
            hops: self.hops.clone(),
            at,
        }
    }

    /// Steps inwards for the time of `read`.
    pub fn within<T>(&mut self, hop: Hop, read: impl FnOnce(&mut Self) -> T) -> T {
        self.enter(hop);
        let result = read(self);
        self.leave();
        result
    }

    /// Steps inwards until the matching [`leave`](Self::leave).
    pub fn enter(&mut self, hop: Hop) {
        self.hops.push(hop);
    }

    /// Steps back out.
    pub fn leave(&mut self) {
        self.hops.pop();
    }

    /// A moment to come back to if what is read next turns out not to be what it seemed.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            observations: self.observations.len(),
            excerpts: self.excerpts.count(),
            interrupted: self.interrupted.len(),
            listing: self.listing.as_ref().map_or(0, Vec::len),
        }
    }

    /// Whether nothing more is recorded: that nothing was since a moment then says nothing.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Whether nothing has been seen since a moment, and all that was looked at could be had.
    pub fn is_silent_since(&self, checkpoint: Checkpoint) -> bool {
        !self.full && self.since(checkpoint).is_empty() && self.is_whole_since(checkpoint)
    }

    /// Whether all bytes could be had since a moment.
    pub fn is_whole_since(&self, checkpoint: Checkpoint) -> bool {
        self.interrupted.len() == checkpoint.interrupted
    }

    /// What has been recorded since a moment.
    pub fn since(&self, checkpoint: Checkpoint) -> &[Observation] {
        self.observations
            .get(checkpoint.observations..)
            .unwrap_or_default()
    }

    /// All that has been recorded so far.
    pub fn so_far(&self) -> &[Observation] {
        &self.observations
    }

    /// Forgets what has been recorded since a moment.
    pub fn forget(&mut self, checkpoint: Checkpoint) {
        self.observations.truncate(checkpoint.observations);
        self.excerpts.truncate(checkpoint.excerpts);
        self.interrupted.truncate(checkpoint.interrupted);
        if let Some(listing) = &mut self.listing {
            listing.truncate(checkpoint.listing);
        }
        self.full = false;
    }

    /// Says more exactly which format was claimed at a moment. Nothing else is replaced: where the claim was not recorded
    /// because a limit was reached, it is the limit that stands there.
    pub fn amend(&mut self, checkpoint: Checkpoint, id: FormatId) {
        if let Some(Fact::Is(claimed)) = self
            .observations
            .get_mut(checkpoint.observations)
            .map(|observation| &mut observation.fact)
        {
            *claimed = id;
        }
    }

    /// Takes out where bytes could not be had.
    pub fn take_interrupted(&mut self) -> Vec<Interruption> {
        std::mem::take(&mut self.interrupted)
    }

    /// Takes the excerpts out.
    pub fn take_excerpts(&mut self) -> Excerpts {
        std::mem::take(&mut self.excerpts)
    }

    /// All observations, in order.
    pub fn finish(self) -> Vec<Observation> {
        self.observations
    }
}
