//! Reading bytes in tests, and the facts as text.

use weighbridge::{
    bytes::{ByteSource, Window},
    fact::{ContentFacts, Fact, Observation},
    format,
    record::Recorder,
    scan,
};

/// An artifact as the property harness takes it.
pub(crate) type Fixture = (&'static str, Vec<u8>);

/// Everything seen in a source of this name.
pub(crate) fn facts(source: impl ByteSource + 'static, name: &str) -> Vec<Observation> {
    let mut recorder = Recorder::default();
    format::read(&Window::new(source), name.as_bytes(), &mut recorder);
    recorder.finish()
}

/// All that a content says.
pub(crate) fn content(bytes: Vec<u8>, name: &str) -> ContentFacts {
    scan::content_facts(&Window::new(bytes), name.as_bytes()).unwrap()
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
