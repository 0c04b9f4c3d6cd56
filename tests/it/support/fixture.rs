//! Reading bytes in tests, and the facts as text.

use std::ops::Deref;

use weighbridge::{
    bytes::{ByteSource, Window},
    fact::{ContentFacts, Excerpts, Fact, Observation},
    format,
    record::Recorder,
    scan,
};

/// An artifact as the property harness takes it.
pub(crate) type Fixture = (&'static str, Vec<u8>);

/// Everything seen, with the excerpts that show it: a list of observations for whoever reads nothing but those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) observations: Vec<Observation>,
    pub(crate) excerpts: Excerpts,
}

impl From<Recorder> for Observed {
    fn from(mut recorder: Recorder) -> Self {
        Self {
            excerpts: recorder.take_excerpts(),
            observations: recorder.finish(),
        }
    }
}

impl Deref for Observed {
    type Target = [Observation];

    fn deref(&self) -> &[Observation] {
        &self.observations
    }
}

impl IntoIterator for Observed {
    type Item = Observation;
    type IntoIter = std::vec::IntoIter<Observation>;

    fn into_iter(self) -> Self::IntoIter {
        self.observations.into_iter()
    }
}

/// Everything seen in a source of this name.
pub(crate) fn facts(source: impl ByteSource + 'static, name: &str) -> Observed {
    let mut recorder = Recorder::default();
    format::read(&Window::new(source), name.as_bytes(), &mut recorder);
    recorder.into()
}

/// All that a content says.
pub(crate) fn content(bytes: Vec<u8>, name: &str) -> ContentFacts {
    scan::content_facts(&Window::new(bytes), name.as_bytes())
        .unwrap()
        .0
}

/// One line for each observation: where, and what.
pub(crate) fn told(bytes: &[u8], name: &str) -> String {
    let lines: Vec<String> = facts(bytes.to_vec(), name)
        .iter()
        .map(|o| {
            let what = match &o.fact {
                Fact::Is(id) => format!("is {id}"),
                Fact::Anomaly(anomaly) => format!("{}: {anomaly}", anomaly.kind()),
                Fact::Member { name, size } => format!("member {name}, {size} bytes"),
                Fact::Unread(why) => format!("unread: {why}"),
                other => format!("{other:?}"),
            };
            let times = if o.count > 1 {
                format!(" (x{})", o.count)
            } else {
                String::new()
            };
            format!("[{}] {what}{times}", o.site)
        })
        .collect();
    lines.join("\n")
}

/// The kinds of the anomalies seen, in order, each once.
pub(crate) fn anomalies(bytes: &[u8], name: &str) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for observation in facts(bytes.to_vec(), name) {
        if let Fact::Anomaly(anomaly) = observation.fact
            && !kinds.iter().any(|known| known == anomaly.kind())
        {
            kinds.push(anomaly.kind().to_owned());
        }
    }
    kinds
}
