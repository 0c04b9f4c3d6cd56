//! Operators of `OpenVINO`: those of its sets.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// The first and the last of the sets that have an operator: a line has its name and both.
/// `policies/generate/openvino_operators.py` writes it.
static KNOWN: LazyLock<FxHashMap<&'static [u8], (u32, u32)>> = LazyLock::new(|| {
    include_str!("../../../policies/operators/openvino.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split(' ');
            let name = parts.next()?.as_bytes();
            Some((
                name,
                (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?),
            ))
        })
        .collect()
});

/// A set and the name of an operator in it.
pub(super) fn parts(whole: &[u8]) -> (&[u8], &[u8]) {
    memchr::memmem::find(whole, b"::")
        .and_then(|at| Some((whole.get(..at)?, whole.get(at.saturating_add(2)..)?)))
        .unwrap_or((b"", whole))
}

/// The number of a set of `OpenVINO` itself.
fn number(set: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(set).ok()?.strip_prefix("opset")?;
    digits.parse().ok()
}

/// Whether a set belongs to `OpenVINO`.
pub(super) fn is_own(set: &[u8]) -> bool {
    number(set).is_some()
}

/// Whether a set of `OpenVINO` has an operator.
pub(super) fn is_known(whole: &[u8]) -> bool {
    let (set, name) = parts(whole);
    let (Some(number), Some((first, last))) = (number(set), KNOWN.get(name)) else {
        return false;
    };
    (*first..=*last).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, is_known};

    #[test]
    fn the_table_is_read() {
        let lines = include_str!("../../../policies/operators/openvino.txt").lines();
        assert_eq!(
            lines.filter(|line| !line.starts_with('#')).count(),
            KNOWN.len()
        );
        assert!(is_known(b"opset1::Convolution") && is_known(b"opset8::SoftMax"));
        assert!(!is_known(b"opset1::Mine") && !is_known(b"extension::Convolution"));
    }
}
