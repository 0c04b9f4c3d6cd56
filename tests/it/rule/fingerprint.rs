//! Fingerprints of what the rules find: they follow a finding, and change with what runs.

use std::collections::BTreeSet;

use weighbridge::{
    fact::Fact,
    finding::{Finding, fingerprints},
    python,
    record::Recorder,
};

use super::{findings, judge};
use crate::support::random::Random;

/// A pickle of protocol 2 that holds some numbers, and then runs a program.
fn pickled(numbers: &[u8], payload: &str) -> Vec<u8> {
    let mut bytes = b"\x80\x02](".to_vec();
    for n in numbers {
        bytes.extend([b'K', *n]);
    }
    bytes.extend(b"e0cposix\nsystem\nX");
    bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    bytes.extend(payload.as_bytes());
    bytes.extend(b"\x85R.");
    bytes
}

fn prints(findings: &[Finding]) -> Vec<String> {
    fingerprints(findings)
}

fn source(text: &str) -> Vec<String> {
    let mut recorder = Recorder::default();
    python::read(text.as_bytes(), false, &mut recorder);
    let seen = recorder.finish();
    assert!(!seen.iter().any(|o| matches!(o.fact, Fact::Partial { .. })));
    prints(&judge("a.py", &seen))
}

#[test]
fn another_payload_is_another_finding() {
    let long = "x".repeat(3000);
    let payloads = ["true", "true ", "false", &long, &format!("{long}y")];
    let all: BTreeSet<Vec<String>> = payloads
        .iter()
        .map(|payload| prints(&findings("a.pkl", &pickled(&[1], payload))))
        .collect();
    assert_eq!(all.len(), payloads.len());
    assert!(all.iter().all(|prints| prints.len() == 1));
}

/// A pickle that calls `marshal.loads` with each of some bytes.
fn marshalled(payloads: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"\x80\x03](".to_vec();
    for payload in payloads {
        bytes.extend(b"cmarshal\nloads\nB");
        bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
        bytes.extend(*payload);
        bytes.extend(b"\x85R");
    }
    bytes.extend(b"e.");
    bytes
}

/// However long it is, and in whichever of many calls: what is shown of it may be the same.
#[test]
fn what_is_not_shown_of_a_payload_counts() {
    let zeros = vec![0; 1 << 20];
    let mut last = zeros.clone();
    *last.last_mut().unwrap() = 1;
    let of = |payloads: &[&[u8]]| prints(&findings("a.pkl", &marshalled(payloads)));
    let one = of(&[&zeros]);
    assert_ne!(one, of(&[&last]));
    assert_ne!(one, of(&[&zeros, &last]));
    // The same once more, or in another order, is the same.
    assert_eq!(one, of(&[&zeros, &zeros]));
    assert_eq!(of(&[&last, &zeros]), of(&[&zeros, &last]));
    // More calls than are told apart otherwise.
    let numbers: Vec<[u8; 3]> = (0..200).map(|n| [n, 1, 2]).collect();
    let mut many: Vec<&[u8]> = numbers.iter().map(<[u8; 3]>::as_slice).collect();
    let before = of(&many);
    many[150] = b"xyz";
    assert_ne!(before, of(&many));
}

/// Other numbers, more of them, other offsets: nothing of that is what the finding is about.
#[test]
fn weights_that_are_saved_again_keep_their_findings() {
    let mut random = Random::new(9);
    let first = prints(&findings("a.pkl", &pickled(&[1, 2, 3], "true")));
    for _ in 0..50 {
        let count = 1 + random.below(200);
        let numbers: Vec<u8> = (0..count).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let again = prints(&findings("a.pkl", &pickled(&numbers, "true")));
        assert_eq!(again, first);
    }
}

#[test]
fn calls_in_source_are_followed_where_lines_move() {
    let text = "import torch\nx = torch.load(path, weights_only=False)\ny = torch.load(other, weights_only=False)\n";
    let before = source(text);
    assert_eq!(before.len(), 2);
    let moved = text.replace("import torch\n", "import os\n\nimport torch\n\n\n");
    assert_eq!(source(&moved), before);
    // A new call takes nobody else's fingerprint, wherever it stands.
    let more = text.replace(
        "torch\nx",
        "torch\nz = torch.load(third, weights_only=False)\nx",
    );
    let after = source(&more);
    assert_eq!(after[1..], before);
    assert!(!before.contains(&after[0]));
}
