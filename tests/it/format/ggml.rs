//! GGML: the layouts of programs, damaged files, and what whisper.cpp loads.

use std::sync::atomic::Ordering;

use weighbridge::{bytes::Window, record::Recorder};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, facts, told},
        oracle,
        sparse::Sparse,
    },
};

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn words(count: usize, scored: bool) -> Vec<u8> {
    let word = |n: usize| {
        let word = format!("word {n}");
        let length = u32::try_from(word.len()).unwrap();
        let score = if scored { vec![0; 4] } else { Vec::new() };
        [numbers(&[length]), word.into_bytes(), score].concat()
    };
    (0..count).flat_map(word).collect()
}

/// What stands in front of the data of a tensor.
fn front(name: &str, shape: &[u32], kind: u32) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap();
    let dimensions = u32::try_from(shape.len()).unwrap();
    [
        numbers(&[dimensions, length, kind]),
        numbers(shape),
        name.as_bytes().to_vec(),
    ]
    .concat()
}

fn tensor(file: &mut Vec<u8>, name: &str, shape: &[u32], kind: u32, bytes: usize) {
    file.extend(front(name, shape, kind));
    if !file.starts_with(b"lmgg") && !file.starts_with(b"fmgg") {
        file.resize(file.len().next_multiple_of(32), 0);
    }
    file.resize(file.len() + bytes, 0x55);
}

/// A file of a magic, numbers, words and two tensors; `q4_0` bytes has a block of 32 elements.
fn file(magic: &[u8], front: &[u32], words: &[u8], q4_0: usize) -> Vec<u8> {
    let mut file = [magic.to_vec(), numbers(front), words.to_vec()].concat();
    tensor(&mut file, "tok_embeddings.weight", &[64, 5], 2, 10 * q4_0);
    tensor(&mut file, "norm.weight", &[64], 0, 256);
    file
}

fn whisper() -> Vec<u8> {
    let front = numbers(&[8, 1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 2, 3]);
    let mut file = [
        b"lmgg".to_vec(),
        front,
        vec![0; 24],
        numbers(&[5]),
        words(5, false),
    ]
    .concat();
    tensor(&mut file, "decoder.positional_embedding", &[4, 2], 0, 32);
    tensor(&mut file, "encoder.conv1.weight", &[3, 2, 4], 1, 48);
    file
}

/// Each layout with the name of its program.
fn layouts() -> Vec<(&'static str, Vec<u8>)> {
    let llama = [5, 64, 256, 4, 2, 16, 2];
    let versioned = |version: u32| [&[version][..], &llama].concat();
    let silero = [b"lmgg\x0a\0\0\0silero-16k".to_vec(), numbers(&[5; 22])].concat();
    let mut detector = silero;
    tensor(&mut detector, "_model.encoder.0.bias", &[4], 0, 16);
    vec![
        ("whisper.cpp", whisper()),
        ("a detector of voices", detector),
        (
            "llama.cpp, first",
            file(b"lmgg", &llama, &words(5, false), 20),
        ),
        (
            "llama.cpp, ggmf",
            file(b"fmgg", &versioned(1), &words(5, true), 20),
        ),
        (
            "llama.cpp, ggjt 1",
            file(b"tjgg", &versioned(1), &words(5, true), 20),
        ),
        (
            "llama.cpp, ggjt 3",
            file(b"tjgg", &versioned(3), &words(5, true), 18),
        ),
        ("an adapter", file(b"algg", &[1, 8, 16], b"", 20)),
        (
            "gpt-2",
            file(b"lmgg", &[5, 8, 64, 4, 2, 2, 5], &words(5, false), 20),
        ),
        (
            "mpt",
            file(b"lmgg", &[64, 8, 4, 2, 5, 0, 0, 2], &words(5, false), 18),
        ),
        ("rwkv.cpp", file(b"fmgg", &[100, 5, 64, 2, 2], b"", 20)),
    ]
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("ggml-tiny.bin", whisper()),
        ("llama.ggml", layouts().remove(5).1),
    ]
}

fn about(file: Vec<u8>) -> String {
    let findings = judge("ggml-model.bin", &facts(file, "ggml-model.bin"));
    let lines = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn layouts_of_programs_pass() {
    for (of, file) in layouts() {
        assert_eq!(told(&file, "any.name"), "[] is ggml", "{of}");
        assert_eq!(about(file), "", "{of}");
    }
}

#[test]
fn tensors_are_listed() {
    let mut recorder = Recorder::with_listing(0);
    weighbridge::format::read(&Window::new(whisper()), b"ggml-tiny.bin", &mut recorder);
    let tensors = recorder.take_tensors();
    let listed: Vec<String> = tensors
        .iter()
        .flat_map(|of| &of.listed)
        .map(|t| format!("{} {} {:?} {}", t.name, t.dtype, t.shape, t.bytes))
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @"
    decoder.positional_embedding F32 [2, 4] 32
    encoder.conv1.weight F16 [4, 2, 3] 48
    ");
}

#[test]
fn what_is_laid_out_in_no_way_is_refused() {
    let whole = whisper();
    let cut = |at: usize| whole.split_at(at).0.to_vec();
    let negative = file(b"tjgg", &[3, 5, 64, 256, 4, 2, 16, 2], &words(5, true), 18);
    let mut negative = negative;
    let at = negative.len() - 256 - 32;
    negative.truncate(at);
    let more = [whole.clone(), b"more".to_vec()].concat();
    let huge = [b"lmgg".to_vec(), numbers(&[0xff_ffff; 20])].concat();
    let all = [cut(whole.len() - 1), cut(200), cut(8), negative, more, huge].map(about);
    insta::assert_snapshot!(all.join("\n"), @"
    incomplete-read: it does not read to its end: its content needs 48 bytes, 47 are left
    incomplete-read: it is in a form that is not read: a layout of GGML that no known program writes
    incomplete-read: it is in a form that is not read: a layout of GGML that no known program writes
    incomplete-read: it is in a form that is not read: a layout of GGML that no known program writes
    incomplete-read: it is in a form that is not read: a layout of GGML that no known program writes
    incomplete-read: it is in a form that is not read: a layout of GGML that no known program writes
    ");
}

/// Every file with a byte changed is read to an end, and cut files never pass.
#[test]
fn damaged_files_are_read_to_an_end() {
    for (of, file) in layouts() {
        for at in (8..file.len()).step_by(3) {
            let mut changed = file.clone();
            changed[at] = changed[at].wrapping_add(0x7f);
            about(changed);
        }
        for at in [9, file.len() / 2 - 1, file.len() - 1] {
            assert_ne!(about(file.split_at(at).0.to_vec()), "", "{of} {at}");
        }
    }
}

#[test]
fn tensors_are_not_read() {
    let begin = [
        b"tjgg".to_vec(),
        numbers(&[3, 5, 64, 256, 4, 2, 16, 2]),
        words(5, true),
        front("w", &[1 << 20, 10_000], 0),
    ]
    .concat();
    let start = begin.len().next_multiple_of(32) as u64;
    let source = Sparse::new(start + (40_000 << 20), vec![(0, begin)]);
    let read = source.counter();
    assert_eq!(facts(source, "model.ggml").len(), 1);
    let read = read.load(Ordering::Relaxed);
    assert!(read < 2 << 20, "{read}");
}

/// What whisper.cpp loads passes if it is whole, and what it refuses is refused.
#[test]
fn files_are_those_that_whisper_loads() {
    let Some(python) = oracle::python("pywhispercpp") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "ggml_files.py", &[folder]);
    assert!(answers.len() >= 4);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let read = std::fs::read(dir.path().join(name)).unwrap();
        let observed = facts(read, name);
        let passes = !observed.is_empty() && judge(name, &observed).is_empty();
        let what = answer["what"].as_str().unwrap();
        // whisper.cpp does not look whether the last tensor is whole.
        let is_cut = what == "one byte is missing";
        assert_eq!(passes, answer["loads"] == true && !is_cut, "{what}");
    }
}
