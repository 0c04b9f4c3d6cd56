//! What the formats that claimed a run of bytes make of its name.

use super::{Container, Format, Recognise, expected_instead, identify};
use crate::{
    fact::{Anomaly, Content, Fact, Observation, Place, Promised, Unread},
    record::{Checkpoint, Recorder},
};

/// The claims that were recorded since a moment, of the bytes where the recorder stands.
pub(super) struct Claims<'r> {
    seen: &'r [Observation],
    depth: usize,
}

impl<'r> Claims<'r> {
    pub(super) fn since(recorder: &'r Recorder, before: Checkpoint) -> Self {
        Self {
            seen: recorder.since(before),
            depth: recorder.site(Place::Whole).hops.len(),
        }
    }

    /// What the claims that held are: of these bytes, or of what is so many hops further in.
    fn formats(&self, further: usize) -> Vec<&'static Format> {
        let depth = self.depth.saturating_add(further);
        let seen = self.seen.iter();
        seen.filter(|o| o.site.hops.len() == depth)
            .filter_map(|o| match &o.fact {
                Fact::Is(id) => super::by_id(id.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Whether the bytes were recognised as a format without a reader.
    fn is_recognised(&self) -> bool {
        let unknown =
            |fact: &Fact| matches!(fact, Fact::Unread(Unread::Unknown(Content::Recognised(_))));
        self.seen
            .iter()
            .any(|o| o.site.hops.len() == self.depth && unknown(&o.fact))
    }

    /// What the name promises, if nothing but an archive in another layout was read.
    pub(super) fn other_layout(&self, name: &[u8]) -> Option<Content> {
        let is = self.formats(0);
        let (container, expected) = is
            .iter()
            .find_map(|archive| Some((archive, expected_instead(name, archive)?)))?;
        if is.iter().any(|format| format.id == expected.id) || self.is_recognised() {
            return None;
        }
        let expected_id = expected.id.into();
        Some(match expected.recognise {
            // Which members it would have is not known.
            Recognise::Name => Content::Recognised(expected_id),
            _ => Content::OtherLayout {
                container: container.id.into(),
                expected: expected_id,
            },
        })
    }

    /// That the suffix belongs to something else than what the content is.
    pub(super) fn misleading_suffix(&self, name: &[u8]) -> Option<Anomaly> {
        if self.is_recognised() {
            return None;
        }
        let is = self.formats(0);
        // Loaders that decompress go by the content: the name may be that of what is compressed.
        let inside = if is
            .iter()
            .any(|format| format.container == Some(Container::Compressed))
        {
            self.formats(1)
        } else {
            Vec::new()
        };
        let mut all = is.iter().chain(&inside);
        if all.any(|format| identify::may_be_called(format, name)) {
            return None;
        }
        let content = is.first()?.id.into();
        let promised = identify::promised_by(name)?;
        // Both are pickles to whoever loads them: accelerate has `torch.save` write `random_states_0.pkl`.
        let is_pickle = matches!(&promised, Promised::Format(id) if *id == "pickle");
        if is_pickle && is.first()?.id == "torch-zip" {
            return None;
        }
        Some(Anomaly::MisleadingSuffix { promised, content })
    }
}
