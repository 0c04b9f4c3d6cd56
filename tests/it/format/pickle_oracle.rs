//! The pickle machine against CPython: every global that an unpickler resolves before its first error is in our report,
//! and what every unpickler takes without a word, we take without one.

use std::collections::BTreeSet;

use serde_json::Value;
use weighbridge::fact::{Fact, Global, Hop, Observation, Unresolved};

use super::evasions::evasions;
use crate::support::{fixture::facts, oracle, pickle::Generator};

type Names = BTreeSet<(Vec<u8>, Vec<u8>)>;

/// Globals we report, and only those outside constants if asked.
fn ours(observations: &[Observation], with_constants: bool) -> Names {
    let outside = |o: &&Observation| {
        !o.site
            .hops
            .iter()
            .any(|hop| matches!(hop, Hop::Constant(_)))
    };
    observations
        .iter()
        .filter(|o| with_constants || outside(o))
        .filter_map(|o| match &o.fact {
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

/// What a reading resolved.
fn theirs(reading: &Value) -> Names {
    let pairs = reading["names"].as_array().unwrap().iter();
    let part = |pair: &Value, i: usize| pair[i].as_str().unwrap_or_default().as_bytes().to_vec();
    pairs.map(|pair| (part(pair, 0), part(pair, 1))).collect()
}

/// What is reported that a file which everybody reads to its end does not deserve.
fn undeserved(observations: &[Observation], resolved: &Names) -> Option<String> {
    let extra = ours(observations, false);
    if let Some((module, name)) = extra.difference(resolved).next() {
        let name = [module.as_slice(), b".", name].concat();
        return Some(format!("{} is resolved by nobody", name.escape_ascii()));
    }
    observations.iter().find_map(|o| match &o.fact {
        Fact::Unread(why) => Some(why.to_string()),
        // An operand that crosses its frame may happen to read alike, CPython allocates what it is asked for, and the
        // generator spells numbers, fills through the memo, leaves on the stack, and damages names to, what no pickler would.
        Fact::Anomaly(anomaly)
            if !matches!(
                anomaly.kind(),
                "bad-number"
                    | "filled-by-another-name"
                    | "frame-straddle"
                    | "huge-memo-index"
                    | "odd-name"
                    | "values-left"
            ) =>
        {
            Some(format!("{}: {anomaly}", anomaly.kind()))
        }
        _ => None,
    })
}

fn takes_from_an_earlier_memo(observations: &[Observation]) -> bool {
    let unresolved = |o: &Observation| {
        matches!(
            o.fact,
            Fact::Global {
                global: Global::Unresolved(Unresolved::Memo),
                ..
            }
        )
    };
    observations.iter().any(unresolved)
}

fn compare(files: &[Vec<u8>], mode: &[&str]) {
    let Some(python) = oracle::python("pickle") else {
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
    let (mut resolved, mut clean) = (0, 0);
    for (file, answer) in files.iter().zip(answers) {
        let observations = facts(file.clone(), "model.pkl");
        let reported = ours(&observations, true);
        let readings = answer.as_object().unwrap();
        let mut all = Names::new();
        for (reading, said) in readings {
            let theirs = theirs(said);
            resolved += theirs.len();
            // What an unpickler used again takes from its last pickle's memo is refused without its name.
            if reading == "C, used again" && takes_from_an_earlier_memo(&observations) {
                continue;
            }
            let missed = theirs.difference(&reported).next();
            assert!(
                missed.is_none(),
                "{reading} resolves {missed:?}, we do not report it\nfile: b\"{}\"\nours: {reported:?}",
                file.escape_ascii()
            );
            all.extend(theirs);
        }
        if !mode.is_empty() || readings.is_empty() || readings.values().any(|r| r["clean"] != true)
        {
            continue;
        }
        clean += 1;
        if let Some(what) = undeserved(&observations, &all) {
            panic!(
                "{what}, of a file that all read\nfile: b\"{}\"",
                file.escape_ascii()
            );
        }
    }
    assert!(
        resolved > files.len() / 2,
        "the comparison compared nothing"
    );
    assert!(
        !mode.is_empty() || clean > files.len() / 8,
        "only {clean} files were clean"
    );
}

fn generated(count: u64) -> Vec<Vec<u8>> {
    let mut generator = Generator::new(oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1));
    let count = oracle::number("WEIGHBRIDGE_ORACLE_FILES", count);
    (0..count).map(|_| generator.file()).collect()
}

#[test]
fn nothing_that_a_generated_pickle_resolves_is_missed() {
    compare(&generated(6000), &[]);
}

#[test]
fn nothing_that_pickles_own_functions_look_for_is_missed() {
    compare(&generated(2000), &["hooks"]);
}

#[test]
fn nothing_that_an_evasion_resolves_is_missed() {
    let files: Vec<Vec<u8>> = evasions().into_iter().map(|(_, file)| file).collect();
    // Few of them are clean: with others, so that there is something to compare.
    let files = [files, generated(300)].concat();
    compare(&files, &[]);
    compare(&files, &["hooks"]);
}
