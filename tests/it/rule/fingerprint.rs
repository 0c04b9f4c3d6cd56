//! Fingerprints of what the rules find: they follow a finding, and change with what runs.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use weighbridge::{
    fact::{Fact, Global},
    finding::{Finding, Subject, fingerprints},
    python,
    record::Recorder,
};

use super::{findings, judge};
use crate::support::{fixture::Observed, oracle, random::Random, zip};

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
    let seen = Observed::from(recorder);
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

/// A stream that is too long to be followed a second time: another byte of it is another finding, wherever it stands.
#[test]
fn every_byte_of_a_long_stream_counts() {
    let of = |script: &[u8], last: &[u8]| {
        let mut bytes = b"\x80\x02(cacme.things\nThing\nq\x01)\x81".to_vec();
        bytes.extend(
            b"cposix\nsystem\nC\x04"
                .iter()
                .chain(script)
                .chain(b"\x85R"),
        );
        let object = b"h\x01)\x81}K\x01K\x02sb";
        bytes.extend(object.repeat(60_000));
        bytes.extend(
            b"cposix\nsystem\nC\x04"
                .iter()
                .chain(last)
                .chain(b"\x85Rt."),
        );
        prints(&findings("a.pkl", &bytes))
    };
    let before = of(b"true", b"true");
    assert_eq!(before.len(), 2);
    assert_eq!(before, of(b"true", b"true"));
    for other in [of(b"tru\n", b"true"), of(b"true", b"tru\n")] {
        assert_eq!(other.len(), 2);
        assert!(other.iter().all(|print| !before.contains(print)));
    }
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

/// A pickle of these opcodes, protocol 4.
fn stream(parts: &[&[u8]]) -> Vec<String> {
    let bytes = [b"\x80\x04", parts.concat().as_slice(), b"."].concat();
    let found = findings("a.pkl", &bytes);
    assert!(!found.is_empty());
    prints(&found)
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x8c, u8::try_from(text.len()).unwrap()];
    bytes.extend(text.as_bytes());
    bytes
}

/// Whatever stands anywhere in what runs: another byte of it is another finding.
#[test]
fn every_part_of_a_payload_counts() {
    const EXEC: &[u8] = b"cbuiltins\nexec\n";
    let ones = b"K\x01".repeat(16);
    let argument = |n: u8| stream(&[EXEC, b"(", &ones, &[b'K', n], b"tR"]);
    let item = |n: u8| stream(&[EXEC, b"](", &ones, &ones, &[b'K', n], b"e\x85R"]);
    let keyword = |value: &str, key: &str| {
        let (key, value) = (text(key), text(value));
        stream(&[b"csubprocess\nPopen\n)}", &key, &value, b"s\x92"])
    };
    let encoded = |code: &str| {
        let codec = text("latin1");
        stream(&[
            EXEC,
            b"c_codecs\nencode\n",
            &text(code),
            &codec,
            b"\x86R\x85R",
        ])
    };
    let deep = |code: &str| {
        let nested = [b"]".repeat(40), text(code), b"a".repeat(40)].concat();
        stream(&[EXEC, &nested, b"\x85R"])
    };
    let state = |code: &str| {
        stream(&[
            b"csubprocess\nPopen\n)\x81}",
            &text("args"),
            &text(code),
            b"sb",
        ])
    };
    let items = |code: &str| stream(&[b"csubprocess\nPopen\n)\x81", &text(code), b"a"]);
    let attribute = |code: &str| stream(&[b"cos\nenviron\n}", &text("a b"), &text(code), b"sb"]);
    let id = |last: &str| {
        let long = text(&format!("{}{last}", "an id ".repeat(40)));
        stream(&[&long, b"Q"])
    };
    // Filled after the tuple of arguments was made, through the memo.
    let late = |code: &str| {
        let parts: [&[u8]; 5] = [
            b"]q\x00\x85q\x010h\x00",
            &text(code),
            b"a0",
            EXEC,
            b"h\x01R",
        ];
        stream(&parts)
    };
    let pairs = [
        (argument(1), argument(2)),
        (item(1), item(2)),
        (keyword("true", "args"), keyword("tru", "args")),
        (keyword("true", "args"), keyword("true", "arg")),
        (encoded("pass #"), encoded("exit #")),
        (deep("true #"), deep("false#")),
        (state("true"), state("false")),
        (items("true"), items("false")),
        (attribute("true"), attribute("false")),
        (id("a"), id("b")),
        (late("true"), late("false")),
    ];
    for (n, (one, other)) in pairs.iter().enumerate() {
        assert_ne!(one, other, "pair {n}");
    }
}

/// Megabytes are told apart where something that runs is given them, and not where they are weights.
#[test]
fn long_constants_count_where_they_run() {
    let constant = |middle: u8| {
        let mut bytes = b"B\x00\x00\x20\x00".to_vec();
        bytes.extend(vec![0; 1 << 20]);
        bytes.extend(vec![middle; 1 << 20]);
        bytes
    };
    let argument = |n: u8| stream(&[b"cbuiltins\nexec\n](K\x01", &constant(n), b"e\x85R"]);
    assert_ne!(argument(1), argument(2));
    let twice = |one: u8, other: u8| {
        let (one, other) = (constant(one), constant(other));
        stream(&[b"cbuiltins\nexec\n", &one, &other, b"\x86R"])
    };
    assert_ne!(twice(1, 2), twice(2, 1));
    let state = |n: u8| {
        let args = text("args");
        stream(&[b"csubprocess\nPopen\n)\x81}", &args, &constant(n), b"sb"])
    };
    assert_ne!(state(1), state(2));
    let weights = |n: u8| {
        let runs = text("true");
        stream(&[b"](", &constant(n), b"cposix\nsystem\n", &runs, b"\x85Re"])
    };
    assert_eq!(weights(1), weights(2));
}

/// What a class of its own keeps is data, and changes with each epoch; what it is made with is not.
#[test]
fn an_object_that_is_trained_further_keeps_its_finding() {
    let object = |argument: &str, weight: u8| {
        let state = [b"}".to_vec(), text("w"), vec![b'K', weight], b"s".to_vec()].concat();
        stream(&[
            b"cmy.nets\nNet\n",
            &text(argument),
            b"\x85\x81",
            &state,
            b"b",
        ])
    };
    assert_eq!(object("relu", 1), object("relu", 2));
    assert_ne!(object("relu", 1), object("gelu", 1));
}

#[test]
fn an_archive_under_a_temporary_name_keeps_its_findings() {
    let of = |root: &str, code: &str| {
        let pickle = pickled(&[1], code);
        let member = |name: &str, body: &[u8]| zip::stored(format!("{root}/{name}"), body).torch();
        let members = [member("data.pkl", &pickle), member("version", b"3\n")];
        prints(&findings("a.pt", &zip::archive(&members)))
    };
    assert_eq!(of("archive", "true"), of("tmp1x2y", "true"));
    assert_ne!(of("archive", "true"), of("archive", "false"));
}

/// The same payload, as every protocol writes it: `_codecs.encode` for bytes, numbers in decimal digits, items one by one.
#[test]
fn a_payload_is_the_same_in_every_protocol() {
    let Some(python) = oracle::python("pickle") else {
        return;
    };
    let mut by_change: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for written in oracle::run(&python, "payloads.py", &[]) {
        let pickle = HEXLOWER.decode(written["pickle"].as_str().unwrap().as_bytes());
        let found = findings("a.pkl", &pickle.unwrap());
        let system = found.iter().zip(prints(&found)).find(|(finding, _)| {
            matches!(&finding.subject, Subject::Global(Global::Named(name)) if name.name == "system")
        });
        let change = written["change"].as_str().unwrap().to_owned();
        by_change
            .entry(change)
            .or_default()
            .insert(system.unwrap().1);
    }
    assert_eq!(by_change.len(), 10);
    for (change, prints) in &by_change {
        assert_eq!(
            prints.len(),
            1,
            "{change}: the protocol and the weights change nothing"
        );
    }
    let all: BTreeSet<&String> = by_change.values().flatten().collect();
    assert_eq!(all.len(), by_change.len(), "each change is seen");
}

/// Computed from `docs/json.md` by another program.
#[test]
fn the_encoding_of_payloads_is_fixed() {
    let payload = |bytes: &[u8]| {
        let seen = crate::support::fixture::facts(bytes.to_vec(), "a.pkl");
        let found = seen
            .into_iter()
            .find_map(|observation| match observation.fact {
                Fact::Payload { sha256, .. } => Some(HEXLOWER.encode(&sha256)),
                _ => None,
            });
        found.unwrap()
    };
    let call = b"\x80\x04cposix\nsystem\n(\x8c\x04trueK\x05NG?\xf8\x00\x00\x00\x00\x00\x00C\x01x](K\x01e}\x8c\x01k\x88stR.";
    assert_eq!(
        payload(call),
        "2dd1ade1f44643fddfe23174bb9edebbcd8c08f834ed4ec897b4c4548f8ec710"
    );
    assert_eq!(
        payload(b"\x80\x04ca\nb\n)}\x8c\x01k\x88s\x92."),
        "245c5d7e4ba5e2db26bdfcac6211de7faa4b6cfa227213d80e181089fd9d278c"
    );
}
