//! Properties over every fixture: whatever is done to its bytes, reading ends, without a panic, within its budget, and
//! however few bytes a read gives, the facts are the same.
//!
//! A format adds its fixtures with one line in [`fixtures`].

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::support::{
    dribble::Dribble,
    fixture::{Fixture, facts},
    gguf, joblib, npy, pickle,
    random::Random,
    safetensors, torch, zip,
};

pub(crate) fn fixtures() -> Vec<Fixture> {
    [
        zip::fixtures(),
        safetensors::fixtures(),
        gguf::fixtures(),
        npy::fixtures(),
        pickle::fixtures(),
        joblib::fixtures(),
        torch::fixtures(),
        crate::format::archives::fixtures(),
        crate::format::arrow::fixtures(),
        crate::format::described::fixtures(),
        crate::format::mlflow::fixtures(),
        crate::format::nemo::fixtures(),
        crate::format::flatbuffers::fixtures(),
        crate::format::onnx::fixtures(),
        crate::format::tensorflow::fixtures(),
        crate::format::tensorflow_checkpoint::fixtures(),
        crate::format::text_graphs::fixtures(),
        crate::format::ggml::fixtures(),
        crate::format::openvino::fixtures(),
        crate::format::tfjs::fixtures(),
        crate::format::coreml::fixtures(),
        crate::format::tflite::fixtures(),
        crate::format::seven_zip::fixtures(),
        crate::format::hdf5::fixtures(),
        crate::format::keras::fixtures(),
        crate::format::jsonpickle::fixtures(),
        crate::format::skops::fixtures(),
        crate::format::tables::fixtures(),
        crate::format::spacy::fixtures(),
        crate::format::thinc::fixtures(),
        crate::format::trees::fixtures(),
        crate::format::catboost_parts::fixtures(),
        crate::format::orbax::fixtures(),
        crate::format::vectors::fixtures(),
        unread_fixtures(),
    ]
    .concat()
}

/// Formats that are only recognised.
fn unread_fixtures() -> Vec<Fixture> {
    let files = crate::format::unread::fixtures().into_iter();
    files.map(|(_, name, bytes)| (name, bytes)).collect()
}

/// Reading a small file takes well below this, even unoptimised on a busy machine.
const SLOW: Duration = Duration::from_secs(5);

fn survives(name: &str, bytes: Vec<u8>, what: &str) {
    let start = Instant::now();
    let copy = bytes.clone();
    let read = std::panic::catch_unwind(move || facts(bytes, name).len());
    assert!(
        read.is_ok(),
        "{name}, {what}: a panic reading {}",
        hex(&copy)
    );
    assert!(
        start.elapsed() < SLOW,
        "{name}, {what}: slow on {}",
        hex(&copy)
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, b| {
        write!(hex, "{b:02x}").unwrap();
        hex
    })
}

/// About `n` positions of a file: all of them if it is short.
fn positions(len: usize, n: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by((len / n).max(1))
}

#[test]
fn every_truncation_is_survived() {
    for (name, bytes) in fixtures() {
        for end in positions(bytes.len(), 600) {
            survives(name, bytes[..end].to_vec(), &format!("cut at {end}"));
        }
    }
}

#[test]
fn every_flipped_byte_is_survived() {
    for (name, bytes) in fixtures() {
        for at in 0..bytes.len().min(4096) {
            for flip in [0x01, 0x80, 0xff, bytes[at]] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                survives(name, bytes, &format!("byte {at} ^ {flip:#x}"));
            }
        }
    }
}

#[test]
fn random_splices_are_survived() {
    let fixtures = fixtures();
    let mut random = Random::new(0x5eed_0000_11ce);
    for round in 0..1500 {
        let (name, bytes) = random.pick(&fixtures);
        let (_, donor) = random.pick(&fixtures);
        let mut bytes = bytes.clone();
        for _ in 0..=random.below(4) {
            let from = random.below(donor.len());
            let to = (from + 1 + random.below(64)).min(donor.len());
            let at = random.below(bytes.len());
            let end = (at + random.below(64)).min(bytes.len());
            bytes.splice(at..end, donor[from..to].iter().copied());
        }
        survives(name, bytes, &format!("splice {round}"));
    }
}

#[test]
fn one_byte_per_read_gives_the_same_facts() {
    for (name, bytes) in fixtures() {
        let at_once = facts(bytes.clone(), name);
        let dribbled = facts(Dribble(bytes), name);
        assert_eq!(at_once, dribbled, "{name}");
    }
}

#[test]
fn reading_twice_gives_the_same_facts() {
    for (name, bytes) in fixtures() {
        assert_eq!(facts(bytes.clone(), name), facts(bytes, name), "{name}");
    }
}
