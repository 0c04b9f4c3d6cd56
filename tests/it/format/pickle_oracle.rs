//! The pickle machine against CPython: every global that an unpickler resolves before its first error is in our report.

use std::collections::BTreeSet;

use weighbridge::{
    bytes::Window,
    fact::{Fact, Global},
    record::Recorder,
};

use crate::support::{oracle, pickle::Generator};

type Names = BTreeSet<(Vec<u8>, Vec<u8>)>;

/// Globals we report, at any depth, and whether every reading could be named.
fn ours(data: &[u8]) -> Names {
    let mut recorder = Recorder::default();
    weighbridge::format::read(&Window::new(data.to_vec()), b"model.pkl", &mut recorder);
    recorder
        .finish()
        .into_iter()
        .filter_map(|o| match o.fact {
            Fact::Global {
                global: Global::Named(name),
                ..
            } => Some((
                name.module.as_bytes().to_vec(),
                name.name.as_bytes().to_vec(),
            )),
            _ => None,
        })
        .collect()
}

fn compare(files: &[Vec<u8>], mode: &[&str]) {
    let Some(python) = oracle::python("import pickle") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    for (n, file) in files.iter().enumerate() {
        std::fs::write(dir.path().join(n.to_string()), file).unwrap();
    }
    let count = files.len().to_string();
    let args = [&[dir.path().to_str().unwrap(), &count], mode].concat();
    let answers = oracle::run(&python, "unpickle.py", &args);
    assert_eq!(answers.len(), files.len());
    let mut resolved = 0;
    for (file, answer) in files.iter().zip(answers) {
        let ours = ours(file);
        for (reading, names) in answer.as_object().unwrap() {
            for pair in names.as_array().unwrap() {
                let part = |i: usize| pair[i].as_str().unwrap_or_default().as_bytes().to_vec();
                resolved += 1;
                assert!(
                    ours.contains(&(part(0), part(1))),
                    "{reading} resolves {pair}, we do not report it\nfile: b\"{}\"\nours: {ours:?}",
                    file.escape_ascii()
                );
            }
        }
    }
    assert!(
        resolved > files.len() / 2,
        "the comparison compared nothing"
    );
}

#[test]
fn nothing_that_a_generated_pickle_resolves_is_missed() {
    let count = std::env::var("WEIGHBRIDGE_ORACLE_FILES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(6000);
    let seed = std::env::var("WEIGHBRIDGE_ORACLE_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1);
    let mut generator = Generator::new(seed);
    let files: Vec<_> = (0..count).map(|_| generator.file()).collect();
    compare(&files, &[]);
}
