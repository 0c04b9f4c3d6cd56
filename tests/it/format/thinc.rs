//! Models of thinc: what their shims hand to other libraries.

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        oracle,
        pickle::payload,
        random::Random,
        torch,
    },
};

fn text(text: &str) -> Vec<u8> {
    let mut packed = vec![0xd9, u8::try_from(text.len()).unwrap()];
    packed.extend(text.as_bytes());
    packed
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0xc6];
    packed.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    packed.extend(bytes);
    packed
}

fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut packed = vec![0x80 | u8::try_from(entries.len()).unwrap()];
    for (key, value) in entries {
        packed.extend(text(key));
        packed.extend(value);
    }
    packed
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let mut packed = vec![0x90 | u8::try_from(items.len()).unwrap()];
    packed.extend(items.concat());
    packed
}

/// A model with one node, whose shim is handed these bytes.
fn model(shim: &[u8]) -> Vec<u8> {
    let node = map(&[("index", vec![0]), ("name", text("pytorch"))]);
    map(&[
        ("nodes", list(&[node])),
        ("attrs", list(&[map(&[])])),
        ("params", list(&[map(&[])])),
        ("shims", list(&[list(&[bytes(shim)])])),
    ])
}

/// What a shim of torch is handed.
fn shim(state: &[u8]) -> Vec<u8> {
    map(&[("config", map(&[])), ("state", bytes(state))])
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("model", model(&shim(&torch::zip(&torch::tensor())))),
        ("shim.thinc", model(&shim(&payload()))),
    ]
}

#[test]
fn a_shim_is_read_as_what_its_library_loads() {
    let said = |model: &[u8]| placed(&judge("ner/model", &facts(model.to_vec(), "model")));
    assert_eq!(said(&model(&shim(&torch::zip(&torch::tensor())))), "");
    for state in [payload(), torch::zip(&payload())] {
        let found = said(&model(&shim(&state)));
        assert!(
            found.contains("global-not-allowed: loading runs"),
            "{found}"
        );
    }
    // No file that a loader of torch takes.
    let found = said(&model(&shim(
        b"\x00\x01\xfe\xff\x07\x91neither of both\x00\x80",
    )));
    assert!(found.contains("unknown-artifact"), "{found}");
    // An archive that a loader of archives would open by its name is one.
    let model = model(&shim(&torch::zip(&payload())));
    let found = placed(&judge("a.zip", &facts(model.clone(), "a.zip")));
    assert!(found.contains("anomalous-container"), "{found}");
    let not_at_the_end = [&model[..], b"\xc0"].concat();
    assert!(said(&not_at_the_end).contains("incomplete-read"));
    // In whatever way the bytes are wrapped, and whatever stands in front.
    let array = map(&[("nd", vec![0xc3]), ("data", bytes(&payload()))]);
    for hostile in [
        map(&[("shims", list(&[bytes(&payload())])), ("nodes", list(&[]))]),
        map(&[
            ("a", vec![1]),
            ("shims", list(&[bytes(&shim(&payload()))])),
            ("nodes", list(&[])),
        ]),
        map(&[
            ("nodes", list(&[])),
            ("shims", list(&[list(std::slice::from_ref(&array))])),
        ]),
        map(&[
            ("nodes", list(&[])),
            ("shims", list(&[list(&[bytes(&map(&[("state", array)]))])])),
        ]),
    ] {
        assert!(said(&hostile).contains("global-not-allowed"), "{hostile:?}");
    }
}

/// Any value may be a key, and any key may come first.
#[test]
fn a_model_is_known_by_its_name_whatever_key_comes_first() {
    let whole = map(&[("nodes", list(&[])), ("shims", list(&[bytes(&payload())]))]);
    for first in [
        [vec![1], vec![0xc0]].concat(),
        [bytes(b"x"), vec![0xc0]].concat(),
        // A time.
        [vec![0xd6, 0xff, 0, 0, 0, 1], vec![0xc0]].concat(),
        [vec![0xcb], vec![0; 8], vec![0xc0]].concat(),
    ] {
        let hostile = [&[0x83], first.as_slice(), &whole[1..]].concat();
        let said = placed(&judge("ner/model", &facts(hostile, "model")));
        assert!(said.contains("global-not-allowed"), "{first:?}: {said}");
    }
    let deep = [
        vec![0x83],
        text("a"),
        vec![0x91; 600],
        vec![0xc0],
        whole[1..].to_vec(),
    ]
    .concat();
    assert!(told(&deep, "model").contains("unread: past the limit"));
}

#[test]
fn other_msgpack_is_no_model() {
    for (name, packed) in [
        ("model", map(&[("a", vec![1])])),
        ("model", map(&[("nodes_of", list(&[]))])),
        ("tokenizer", map(&[("prefix_search", text("x"))])),
        ("model", b"\x81".to_vec()),
        ("model", Vec::new()),
    ] {
        assert_eq!(told(&packed, name), "", "{name} {packed:?}");
    }
}

#[test]
fn what_is_cut_off_or_goes_deep_is_said() {
    let whole = model(&shim(&torch::zip(&torch::tensor())));
    let cut = whole.split_at(whole.len() - 7).0;
    assert!(told(cut, "model").contains("unread: "));
    let deep = map(&[("nodes", vec![0x91; 5000])]);
    assert!(told(&deep, "model").contains("unread: "));
    let huge = map(&[("nodes", vec![0xdd, 0xff, 0xff, 0xff, 0xff])]);
    assert!(told(&huge, "model").contains("unread: "));
    let mut random = Random::new(7);
    for _ in 0..2000 {
        let mut damaged = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(damaged.len());
            damaged[at] = u8::try_from(random.below(256)).unwrap();
        }
        let _ = facts(damaged, "model");
    }
}

/// What thinc writes passes.
#[test]
fn models_of_thinc_pass() {
    let Some(python) = oracle::python("thinc, torch") else {
        return;
    };
    let mut read = 0;
    for line in oracle::run(&python, "thinc_models.py", &[]) {
        let (name, file) = (
            line["name"].as_str().unwrap(),
            line["file"].as_str().unwrap(),
        );
        let file = data_encoding::HEXLOWER.decode(file.as_bytes()).unwrap();
        let seen = facts(file, "model");
        let is = |id: &'static str| {
            seen.iter()
                .any(|it| it.fact == weighbridge::fact::Fact::Is(id.into()))
        };
        assert!(is("thinc"), "{name}");
        assert_eq!(
            is("torch-zip"),
            name.starts_with('w') || name == "deep",
            "{name}"
        );
        assert_eq!(placed(&judge("ner/model", &seen)), "", "{name}");
        read += 1;
    }
    assert_eq!(read, 5);
}
