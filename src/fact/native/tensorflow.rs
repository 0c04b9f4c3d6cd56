//! Operators of TensorFlow.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::Reach;

/// What TensorFlow brings: a line has a name, and what the operator reaches if that is more than tensors.
/// `policies/generate/tensorflow_operators.py` writes it.
static KNOWN: LazyLock<FxHashMap<&'static str, Option<Kind>>> = LazyLock::new(|| {
    include_str!("../../../policies/operators/tensorflow.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| match line.split_once(' ') {
            Some((name, kind)) => (name, Kind::of(kind)),
            None => (line, None),
        })
        .collect()
});

/// What is said of an operator in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reaches(Reach),
    /// It is given code for an accelerator or a compiler.
    Compiled,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(Self::Reaches(match word {
            "compiled" => return Some(Self::Compiled),
            "ends-process" => Reach::EndsProcess,
            "exchange" => Reach::Exchange,
            "other-graph" => Reach::OtherGraph,
            "python" => Reach::Python,
            "reads-file" => Reach::ReadsFile,
            "remote-call" => Reach::RemoteCall,
            "settings" => Reach::Settings,
            "writes-file" => Reach::WritesFile,
            _ => return None,
        }))
    }
}

/// An operator and what a reader says of its use in brackets: `SaveV2[saver]`.
fn split(whole: &[u8]) -> Option<(&str, &str)> {
    let whole = std::str::from_utf8(whole).ok()?;
    Some(whole.split_once('[').unwrap_or((whole, "")))
}

/// Whether TensorFlow brings an operator.
pub(super) fn is_known(whole: &[u8]) -> bool {
    split(whole).is_some_and(|(name, _)| KNOWN.contains_key(name))
}

/// Operators with a name that the interpreter of TensorFlow Lite brings: its others are numbers.
const OF_LITE: &[&str] = &[
    "AudioSpectrogram",
    "Mfcc",
    "NumericVerify",
    "TFLite_Detection_PostProcess",
];

/// Whether the interpreter of TensorFlow Lite brings an operator with a name.
pub(super) fn is_of_lite(name: &[u8]) -> bool {
    OF_LITE.iter().any(|own| own.as_bytes() == name)
}

/// Whether an operator is given code in a form of its own.
pub(super) fn is_compiled(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| KNOWN.get(name) == Some(&Some(Kind::Compiled)))
}

/// What running an operator reaches, if that is more than tensors.
pub(super) fn reach(whole: &[u8]) -> Option<Reach> {
    match split(whole)? {
        ("PrintV2", use_) if !use_.is_empty() => Some(Reach::WritesFile),
        ("ImmutableConst", use_) if !use_.is_empty() => Some(Reach::ReadsFile),
        // Where a loader looks for the model's own files.
        (_, "saver]" | "asset]") => None,
        (name, _) => match (*KNOWN.get(name)?)? {
            Kind::Reaches(reach) => Some(reach),
            Kind::Compiled => None,
        },
    }
}

/// The library in front of the name of an operator: `Addons` in `Addons>Gelu`.
pub(super) fn namespace(whole: &[u8]) -> Option<&[u8]> {
    let at = whole.iter().position(|byte| *byte == b'>')?;
    whole.get(..at)
}

#[cfg(test)]
mod tests {
    use super::{Kind, is_compiled, is_known, reach};

    #[test]
    fn every_word_of_the_table_is_known() {
        let table = include_str!("../../../policies/operators/tensorflow.txt");
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, word)) = line.split_once(' ') {
                assert!(Kind::of(word).is_some(), "{name} {word}");
                let name = name.as_bytes();
                assert!(is_known(name) && reach(name).is_some() != is_compiled(name));
            }
        }
    }
}
