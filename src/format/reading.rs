//! The one way inwards: identify a run of bytes, let every format that claims it read it, keep what they saw.

use std::sync::Arc;

use super::{
    Certainty, FORMATS, Format, Head, Home, claims::Claims, identify, is_artifact_name, ordinary,
};
use crate::{
    bytes::{Budget, ReadError, ReadStop, Spent, Window, narrow},
    fact::{
        Anomaly, Content, Excerpt, Fact, Global, Hop, Malformed, Observation, Payload,
        PickleAnomaly, PickleFault, Place, Text, Unread,
    },
    limits,
    record::{Checkpoint, Recorder},
};

/// What the surroundings say about a run of bytes.
#[derive(Debug, Clone, Copy)]
pub enum Expect<'a> {
    /// Nothing but its name: content decides, and a model's name with unknown content is an observation.
    Named,
    /// A loader will read it as this, whatever it looks like (a torch zip's `data.pkl`). Other claims are read too.
    Format(&'static Format),
    /// This loader will, and asks more of it than the format's own reader does.
    Loaded(&'static Format, &'a dyn Loader),
    /// A part of something that nobody opens as a model (a picture in a document): content alone decides.
    Aside,
    /// Raw data (a tensor's storage): only a claim that reads convincingly to its end counts.
    Payload,
}

/// Reads source, which is no format: what is around a source says nothing about it, so the members of archives are given to the
/// same reader as files.
pub trait SourceReader: std::fmt::Debug {
    /// Whether a file of this name that begins so is source.
    fn is_source(&self, name: &[u8], front: &[u8]) -> bool;

    /// Records what such a file says.
    fn read(&self, name: &[u8], window: &Window, recorder: &mut Recorder);
}

/// Reads something instead of its format's reader, because what stands around it matters.
pub trait Loader: std::fmt::Debug {
    /// Records what the format's reader would, and what the loader makes of it.
    ///
    /// # Errors
    /// As the format's reader.
    fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError>;
}

/// A read in progress: the recorder, how deep it is, and what the entry may still cost.
#[derive(Debug)]
pub struct Reading<'a> {
    /// Where observations go.
    pub recorder: &'a mut Recorder,
    /// What the surroundings say about the bytes being read.
    pub expect: Expect<'a>,
    /// How sure the probe of the format being read was.
    pub certainty: Certainty,
    /// The last part of the name of what is being read, as stored.
    pub name: Text,
    /// Where the fact that says what these bytes are was recorded.
    claim: Option<Checkpoint>,
    /// The format being read turned out to be nothing to report.
    disclaimed: bool,
    /// Reads the source that the archive being read holds.
    sources: Option<&'a dyn SourceReader>,
    /// Whether what is being read is a container of files, and no model in the form of one.
    is_container: bool,
    budget: Arc<Budget>,
    depth: usize,
}

/// Everything that loading these bytes would do, as far as they could be read.
pub fn read(window: &Window, name: &[u8], recorder: &mut Recorder) {
    let mut reading = Reading::new(recorder, name, window.len());
    reading.identify_and_read(window, false);
}

/// The same, and what the source in archives says.
pub fn read_with_sources(
    window: &Window,
    name: &[u8],
    sources: &dyn SourceReader,
    recorder: &mut Recorder,
) {
    let mut reading = Reading::new(recorder, name, window.len());
    reading.sources = Some(sources);
    reading.identify_and_read(window, false);
}

impl<'a> Reading<'a> {
    /// At the outside of an entry of this name and length, with nothing spent.
    pub fn new(recorder: &'a mut Recorder, name: &[u8], length: u64) -> Self {
        Self {
            recorder,
            expect: Expect::Named,
            certainty: Certainty::Sure,
            name: Text::new(name),
            claim: None,
            disclaimed: false,
            sources: None,
            is_container: false,
            budget: Arc::new(Budget::of_file(length)),
            depth: 0,
        }
    }
}

impl Reading<'_> {
    /// The budget shared by everything inside this entry.
    pub fn budget(&self) -> Arc<Budget> {
        Arc::clone(&self.budget)
    }

    /// How many bytes of compressed content may be held here: each of the contents around it holds some as well.
    pub fn may_hold(&self) -> usize {
        let halved = u32::try_from(self.depth).unwrap_or(u32::MAX);
        narrow(limits::HELD_BYTES.checked_shr(halved).unwrap_or(0))
    }

    /// Records a fact about all of what is being read.
    pub fn record(&mut self, fact: Fact) {
        self.recorder.record(fact);
    }

    /// Says more exactly what is being read, once that is known: `id` replaces the id of the format that claimed it.
    pub fn is(&mut self, id: &'static str) {
        self.is_container = super::by_id(id).is_some_and(|format| format.container.is_some());
        if let Some(claim) = self.claim {
            self.recorder.amend(claim, id.into());
        }
    }

    /// Whether what is being read is a container of files, and no model in the form of one.
    pub fn is_container(&self) -> bool {
        self.is_container
    }

    /// Takes back the claim of the format that is being read, with all that was recorded under it: a wrapping around nothing
    /// that a loader would open as a model.
    pub fn disclaim(&mut self) {
        self.disclaimed = true;
    }

    /// The same for data of which nothing was said since a moment, unless its name is that of a model.
    pub fn disclaim_data(&mut self, before: Checkpoint) {
        if self.recorder.is_silent_since(before) && !is_artifact_name(self.name.as_bytes()) {
            self.disclaim();
        }
    }

    /// Whether an artifact that is more than a container, what is named like an artifact, or source that says something was met since a
    /// moment.
    pub fn found_since(&self, before: Checkpoint) -> bool {
        self.recorder.since(before).iter().any(|o| match &o.fact {
            Fact::Is(id) => {
                super::by_id(id.as_str()).is_none_or(|format| format.container.is_none())
            }
            Fact::Unread(why) => matches!(
                why,
                Unread::Unknown(_) | Unread::Limit(_) | Unread::Unsupported(_)
            ),
            Fact::PyCall(_) | Fact::Env { .. } | Fact::Partial(_) => true,
            _ => false,
        })
    }

    /// Records a fact at a place.
    pub fn record_at(&mut self, fact: Fact, at: Place, excerpt: Option<Excerpt>) {
        self.recorder.record_at(fact, at, excerpt);
    }

    /// Records that something was not read.
    pub fn unread(&mut self, stop: impl Into<ReadStop>, at: Place) {
        self.recorder.unread(stop, at);
    }

    /// Records that what is being read is of a format that has no reader yet.
    pub fn not_read(&mut self, format: &Format) {
        let content = Content::Recognised(format.id.into());
        self.unread(Unread::Unknown(content), Place::Whole);
    }

    /// Bytes from `end` on, behind the last tensor, where the format has none: says so, and reads them as what they are.
    pub fn after_tensors(&mut self, window: &Window, end: u64) {
        let bytes = window.len().saturating_sub(end);
        if bytes == 0 {
            return;
        }
        let place = Place::Bytes {
            start: end,
            end: window.len(),
        };
        let after = Payload::Tensors;
        let anomaly = Anomaly::TrailingData { bytes, after };
        self.recorder.anomaly(anomaly, place);
        self.descend(Hop::From(end), b"", &window.from(end), Expect::Named);
    }

    /// Reads what lies one hop further in. The only recursion in reading, bounded by [`limits::DEPTH`].
    /// `name` is the name by which a loader would know it.
    pub fn descend(&mut self, hop: Hop, name: &[u8], window: &Window, expect: Expect<'_>) {
        let in_archive = self.is_container
            && matches!(hop, Hop::Member { .. })
            && matches!(expect, Expect::Named | Expect::Aside);
        self.recorder.enter(hop);
        if self.depth >= limits::DEPTH {
            let limit = limits::Id::DEPTH;
            self.recorder.record(Fact::Unread(Unread::Limit(limit)));
        } else {
            let mut inner = Reading {
                recorder: self.recorder,
                expect,
                certainty: Certainty::Sure,
                name: Text::new(name),
                claim: None,
                disclaimed: false,
                sources: self.sources,
                is_container: false,
                budget: Arc::clone(&self.budget),
                depth: self.depth.saturating_add(1),
            };
            inner.identify_and_read(window, in_archive);
        }
        self.recorder.leave();
    }

    fn identify_and_read(&mut self, window: &Window, in_archive: bool) {
        let name = self.name.clone();
        let head = match Head::read(window, name.as_bytes()) {
            Ok(head) => head,
            Err(error) => return self.unread(ReadError::from(error), Place::Whole),
        };
        self.read_claims(&head, window);
        if matches!(self.expect, Expect::Named) {
            super::read_model_file(window, self);
        }
        if in_archive
            && let Some(sources) = self.sources
            && sources.is_source(name.as_bytes(), &head.front)
        {
            match self.budget.archived_source(window.len()) {
                Spent::No => sources.read(name.as_bytes(), window, self.recorder),
                Spent::Now => {
                    let limit = self.budget.source_limit();
                    self.unread(Unread::Limit(limit), Place::Whole);
                }
                Spent::Before => {}
            }
        }
    }

    /// Reads bytes as each format that claims them, and compares with what their name promises.
    fn read_claims(&mut self, head: &Head<'_>, window: &Window) {
        let name = self.name.clone();
        let (mut claims, recognised): (Vec<_>, Vec<_>) = FORMATS
            .iter()
            .map(|format| (format.probe(head), *format))
            .filter(|(certainty, _)| *certainty > Certainty::No)
            .partition(|(_, format)| format.is_read());
        let expected = match self.expect {
            Expect::Format(expected) | Expect::Loaded(expected, _) => Some(expected),
            Expect::Named | Expect::Aside | Expect::Payload => None,
        };
        if let Some(expected) = expected {
            // What its loader stops at with the first byte is what its own magic says: an array or an archive that is called
            // `data.pkl`.
            let told = claims
                .iter()
                .any(|(certainty, _)| *certainty == Certainty::Sure);
            if !told || expected.probe(head) > Certainty::No {
                claims.retain(|(_, format)| format.id != expected.id);
                claims.insert(0, (Certainty::Sure, expected));
            }
        }
        let named = matches!(self.expect, Expect::Named);
        let by_name = named && is_artifact_name(name.as_bytes());
        // What no reader reads yet: sure of it under any name, else where the name says that it is a model.
        let recognised = recognised
            .into_iter()
            .find(|(certainty, _)| named && (by_name || *certainty == Certainty::Sure))
            .map(|(_, format)| format);
        let foreign = recognised.is_some() || ordinary::magic(&head.front).is_some();
        let mut known = false;
        let before = self.recorder.checkpoint();
        for (certainty, format) in claims {
            let doubt = match (self.expect, certainty) {
                (Expect::Payload, _) => Doubt::Payload,
                (_, Certainty::Maybe) if foreign => Doubt::Bytes,
                (_, Certainty::Maybe) => match format.suffix_of(name.as_bytes()).map(|s| s.home) {
                    Some(Home::SharedWithText(_)) if ordinary::is_text(&head.front) => Doubt::Text,
                    Some(Home::Own | Home::SharedWithText(_)) => Doubt::No,
                    _ => Doubt::Bytes,
                },
                _ => Doubt::No,
            };
            known |= self.read_as(format, certainty, window, doubt);
        }
        let other_layout = (known && by_name)
            .then(|| Claims::since(self.recorder, before).other_layout(name.as_bytes()))
            .flatten();
        if known && named && other_layout.is_none() {
            let anomaly = Claims::since(self.recorder, before).misleading_suffix(name.as_bytes());
            if let Some(anomaly) = anomaly {
                self.recorder.anomaly(anomaly, Place::Whole);
            }
        }
        if let Some(format) = recognised {
            self.not_read(format);
        } else if by_name && !known && !identify::is_at_home(head) {
            let content = ordinary::describe(&head.front, name.as_bytes());
            let content = match (&content, identify::by_name_alone(name.as_bytes())) {
                (Content::Bytes(_), Some(format)) => Content::Recognised(format.id.into()),
                _ => content,
            };
            self.unread(Unread::Unknown(content), Place::Whole);
        } else if let Some(content) = other_layout {
            self.unread(Unread::Unknown(content), Place::Whole);
        }
    }

    /// Returns whether the claim held.
    fn read_as(
        &mut self,
        format: &'static Format,
        certainty: Certainty,
        window: &Window,
        doubt: Doubt,
    ) -> bool {
        let start = self.recorder.checkpoint();
        self.certainty = certainty;
        self.claim = Some(start);
        self.recorder.record(Fact::Is(format.id.into()));
        self.disclaimed = false;
        self.is_container = format.container.is_some();
        let loader = match self.expect {
            Expect::Loaded(expected, loader) if expected.id == format.id => Some(loader),
            Expect::Named => super::loader_of(format, self.name.as_bytes()),
            _ => None,
        };
        let done = match loader {
            Some(loader) => loader.read(window, self),
            None => format.read(window, self),
        };
        if let Err(error) = done {
            self.unread(error, Place::Whole);
        }
        if std::mem::take(&mut self.disclaimed) {
            self.recorder.forget(start);
            return false;
        }
        if !convincing(
            self.recorder.since(start),
            self.recorder.is_whole_since(start),
            doubt,
        ) {
            self.recorder.forget(start);
            return false;
        }
        true
    }
}

/// How doubtful a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// The magic is there, or the name says the same.
    No,
    /// Text under a suffix that text of another kind has as well.
    Text,
    /// Bytes that could be anything.
    Bytes,
    /// Raw data.
    Payload,
}

/// Whether a doubtful claim does something that a loader would do: it calls something, or reads to its end and names a global,
/// or sets something on a global; or reading it reached a limit, behind which it may do anything. A stream ends in what stops
/// *every* unpickler, and nothing else: so whatever was seen in it comes before that, and is chosen neither by a number that
/// only some take nor by a name that looks like none. Of raw data less is believed: pickles come about in it by chance.
fn convincing(observations: &[Observation], whole: bool, doubt: Doubt) -> bool {
    if doubt == Doubt::No {
        return true;
    }
    let seen = |what: fn(&Fact) -> bool| observations.iter().any(|o| what(&o.fact));
    let complete = whole && !seen(|fact| matches!(fact, Fact::Unread(_)));
    let names = seen(|fact| matches!(fact, Fact::Global { global, .. } if is_possible(global)));
    if doubt == Doubt::Payload {
        return complete && names;
    }
    let calls = seen(|fact| matches!(fact, Fact::Call { callee, .. } if is_possible(callee)));
    let limit = seen(|fact| matches!(fact, Fact::Unread(Unread::Limit(_))));
    let sets = seen(|fact| {
        matches!(
            fact,
            Fact::StateOnNonInstance { .. } | Fact::ItemsOnNonContainer { .. }
        )
    });
    // What a pickle of text becomes where line endings are converted.
    let converted = doubt == Doubt::Text
        && (complete && seen(is_converted)
            || seen(
                |fact| matches!(fact, Fact::Unread(Unread::Malformed(how)) if **how == Malformed::Pickle(PickleFault::Crlf)),
            ));
    converted || calls || limit || names && (complete || sets)
}

/// Whether a number or a name of a pickle ends in a carriage return.
fn is_converted(fact: &Fact) -> bool {
    matches!(fact, Fact::Anomaly(anomaly) if matches!(
        **anomaly,
        Anomaly::Pickle(PickleAnomaly::BadNumber { crlf: true, .. } | PickleAnomaly::OddName { crlf: true })
    ))
}

/// Whether a name could be a module's. Directories may be called anything and can be imported (`site-packages`), but no code
/// that is installed has white space or brackets in its name, and prose has: a page that begins with the label
/// `(installation)=` calls the class of a module `nstallation)=`. Every unpickler stops where it would import that.
pub(super) fn is_possible(global: &Global) -> bool {
    let Global::Named(name) = global else {
        return true;
    };
    let module = name.module.as_bytes();
    !module.is_empty()
        && module.iter().all(|b| {
            b.is_ascii_alphanumeric()
                || matches!(b, b'_' | b'.' | b'-' | b'+' | b'~')
                || !b.is_ascii()
        })
}
