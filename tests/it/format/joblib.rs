//! Arrays of joblib, against the real `joblib.load` and against `pickle.load`.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use serde_json::Value;
use weighbridge::fact::{Fact, Global, GlobalName, Observation, Unread, Unsupported};

use crate::{
    rule::judge,
    support::{
        fixture::{facts, told},
        joblib::{self, BYTES, beside, plain, wrapper},
        oracle,
        pickle::Pickle,
    },
};

type Names = BTreeSet<(Vec<u8>, Vec<u8>)>;

fn of(name: &GlobalName) -> (Vec<u8>, Vec<u8>) {
    (
        name.module.as_bytes().to_vec(),
        name.name.as_bytes().to_vec(),
    )
}

/// The globals that we report, and those that only `pickle.load` would resolve by mistake.
fn ours(observations: &[Observation]) -> (Names, Names) {
    let (mut named, mut mistaken) = (Names::new(), Names::new());
    for observation in observations {
        match &observation.fact {
            Fact::Global {
                global: Global::Named(name),
                ..
            } => {
                named.insert(of(name));
            }
            Fact::OfArrayAsOpcodes { global } | Fact::OfReusedMemo { global } => {
                mistaken.insert(of(global));
            }
            _ => {}
        }
    }
    (named, mistaken)
}

fn theirs(reading: &Value) -> Names {
    let pairs = reading["names"].as_array().into_iter().flatten();
    pairs
        .map(|pair| {
            let part = |i: usize| pair[i].as_str().unwrap_or_default().as_bytes().to_vec();
            (part(0), part(1))
        })
        .collect()
}

/// Every global that the real loaders resolve is reported; of what joblib writes nothing else is, and it is read to its end.
#[test]
fn what_joblib_resolves_is_reported() {
    let Some(python) = oracle::python("joblib, numpy") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let number = |variable, otherwise| oracle::number(variable, otherwise).to_string();
    let seed = number("WEIGHBRIDGE_ORACLE_SEED", 1);
    let count = number("WEIGHBRIDGE_ORACLE_FILES", 1500);
    let more = std::env::var("WEIGHBRIDGE_JOBLIB_FILES").unwrap_or_default();
    let more: Vec<&str> = more.split_whitespace().collect();
    let args = [&[folder, &seed, &count], &*more].concat();
    let (mut whole, mut names) = (0, 0);
    for answer in oracle::run(&python, "joblib_files.py", &args) {
        let path = Path::new(answer["file"].as_str().unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        let observations = facts(fs::read(path).unwrap(), name);
        let (reported, mistaken) = ours(&observations);
        let joblib = theirs(&answer["joblib"]);
        let pickle = theirs(&answer["pickle"]);
        let genuine = answer["forged"] == false && answer["damaged"] == false;
        let shown = || format!("{name}\n{answer}\n{}", told(&fs::read(path).unwrap(), name));
        // Refused, because nobody knows which bytes are opcodes behind it.
        let lost = observations.iter().any(|observation| {
            matches!(
                &observation.fact,
                Fact::Unread(Unread::Unsupported(Unsupported::JoblibArray(_)))
            )
        });
        assert!(!genuine || !lost, "it is not followed: {}", shown());
        for name in joblib.iter().filter(|_| !lost) {
            assert!(
                reported.contains(name),
                "joblib resolves {name:?}: {}",
                shown()
            );
        }
        for name in &pickle {
            assert!(
                reported.contains(name) || mistaken.contains(name),
                "pickle resolves {name:?}: {}",
                shown()
            );
        }
        names += joblib.len();
        if genuine && answer["joblib"]["error"].is_null() {
            whole += 1;
            let extra = reported.difference(&joblib).next();
            assert!(extra.is_none(), "nobody resolves {extra:?}: {}", shown());
            let refused = judge(name, &observations);
            assert!(refused.is_empty(), "{refused:?}: {}", shown());
        }
        if answer["forged"] == true {
            let refused = judge(name, &observations);
            assert!(
                !refused.is_empty() || name.contains("memo-of-two") || name.contains("padding"),
                "passes: {}",
                shown()
            );
        }
    }
    assert!(whole > 300, "only {whole} files were whole");
    assert!(names > 1000, "only {names} globals were compared");
}

fn refusals(file: &[u8]) -> Vec<String> {
    let findings = judge("model.joblib", &facts(file.to_vec(), "model.joblib"));
    findings
        .into_iter()
        .map(|finding| finding.message)
        .collect()
}

#[test]
fn what_is_not_as_joblib_writes_it_is_refused() {
    let good = wrapper(&plain(b"K\x04\x85", BYTES))
        .raw(b"\xfe\xfe\xfe\xfe")
        .stop();
    assert_eq!(refusals(&good), Vec::<String>::new());
    let cases = [
        ("a shape that is not constant", plain(b"N", BYTES)),
        ("a negative size", plain(b"J\xff\xff\xff\xff\x85", BYTES)),
        ("no dtype", plain(b"K\x04\x85", b"N")),
        (
            "another attribute",
            [plain(b"K\x04\x85", BYTES), vec![("size", b"K\x05")]].concat(),
        ),
        (
            "an attribute is missing",
            plain(b"K\x04\x85", BYTES)[1..].to_vec(),
        ),
        (
            "padding of no number",
            [
                plain(b"K\x04\x85", BYTES),
                vec![("numpy_array_alignment_bytes", b"]")],
            ]
            .concat(),
        ),
    ];
    let mut told = String::new();
    for (what, attributes) in cases {
        let file = wrapper(&attributes).raw(b"\xfe\xfe\xfe\xfe").stop();
        let _ = writeln!(told, "{what}: {}", refusals(&file).join("; "));
    }
    let twice = wrapper(&plain(b"K\x04\x85", BYTES))
        .raw(b"\xfe\xfe\xfe\xfe}b")
        .stop();
    let _ = writeln!(told, "state twice: {}", refusals(&twice).join("; "));
    let short = wrapper(&plain(b"K\x09\x85", BYTES))
        .raw(b"\xfe\xfe\xfe\xfe")
        .stop();
    let _ = writeln!(told, "too short: {}", refusals(&short).join("; "));
    insta::assert_snapshot!(told, @"
    a shape that is not constant: it is in a form that is not read: an array as joblib does not write it: its shape is not a tuple of sizes
    a negative size: it is in a form that is not read: an array as joblib does not write it: its shape is not a tuple of sizes
    no dtype: it is in a form that is not read: an array as joblib does not write it: its dtype is none that NumPy writes, or has items of no size
    another attribute: it is in a form that is not read: an array as joblib does not write it: its attributes are others, or not constant
    an attribute is missing: it is in a form that is not read: an array as joblib does not write it: its attributes are others, or not constant
    padding of no number: it is in a form that is not read: an array as joblib does not write it: its attributes are others, or not constant
    state twice: it is in a form that is not read: an array as joblib does not write it: its state is set more than once
    too short: it does not read to its end: an operand needs 9 bytes, 5 are left
    ");
}

#[test]
fn a_file_beside_the_pickle_is_named_like_one() {
    for name in ["model.pkl_01.npy", "model.pkl_12.npy.z", "..npy"] {
        assert_eq!(refusals(&beside(name)), Vec::<String>::new(), "{name}");
    }
    for name in [
        "../model.pkl_01.npy",
        "/tmp/x.npy",
        "a\\b.npy",
        "c:x.npy",
        "model.pkl",
        "weights",
        "",
    ] {
        assert_eq!(refusals(&beside(name)).len(), 1, "{name}");
    }
}

/// joblib stops at such an array, and `pickle.load` goes on behind it.
#[test]
fn what_stands_behind_an_array_that_is_not_followed_is_reported() {
    let file = Pickle::proto(2)
        .global("joblib.numpy_pickle", "NDArrayWrapper")
        .raw(b")\x81}(")
        .unicode("filename")
        .unicode("../model.pkl_01.npy")
        .unicode("subclass")
        .global("numpy", "ndarray")
        .raw(b"ub");
    for array in [file, wrapper(&plain(b"K\x04\x85", b"N"))] {
        let run = array.global("os", "system").unicode("true").tuple1();
        let told = refusals(&run.reduce().stop()).join("\n");
        assert!(told.contains("os.system"), "{told}");
    }
}

/// What joblib passes over is a program to `pickle.load`, and the other way round.
#[test]
fn both_loaders_are_followed() {
    let mut said = String::new();
    for (name, bytes) in joblib::fixtures() {
        let findings = judge(name, &facts(bytes, name));
        let told: Vec<String> = findings
            .iter()
            .map(|finding| format!("{} @ {}", finding.message, finding.primary.site))
            .collect();
        writeln!(said, "{name}: {}", told.join("; ")).unwrap();
    }
    insta::assert_snapshot!(said, @"
    bytes.joblib: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system) @ @ 0xf8 REDUCE; no pickler writes this: values left on the stack besides the result: 1 @ @ 0xf9 STOP
    opcodes.joblib: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system) @ @ 0xd0 REDUCE
    objects.joblib: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system) @ from 0xb6 @ 0x1a REDUCE; loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system) @ @ 0xd0 REDUCE
    beside.joblib:
    ");
}
