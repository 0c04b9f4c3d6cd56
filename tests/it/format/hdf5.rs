//! HDF5: what its objects name, pickles in it, and what of it cannot be followed, against h5py and `PyTables`.

use std::{collections::BTreeSet, path::Path, sync::atomic::Ordering};

use weighbridge::{
    bytes::Window,
    fact::{Fact, Hop},
    format,
    record::Recorder,
};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, facts, told},
        hdf5::{File, attribute, contiguous, external, filter, hard, model, other_link, soft},
        oracle,
        sparse::Sparse,
    },
};

/// A pickle as `PyTables` takes it: of protocol 0, so that it has no zero byte at its end.
const PICKLED: &[u8] = b"cos\nsystem\n(S'true'\ntR.";

fn old() -> Vec<u8> {
    let mut file = File::new();
    let data = file.put(&[0; 64]);
    let weights = file.object(&contiguous(data, 64));
    let noted = file.object(&[attribute("note", PICKLED)]);
    let (inner, ..) = file.old_group(&[("kernel", weights), ("noted", noted)]);
    let (root, tree, heap) = file.old_group(&[("dense", inner)]);
    file.finish_old(root, tree, heap)
}

fn linked() -> Vec<u8> {
    let mut file = File::new();
    let root = file.object(&[
        soft("soft", "/nowhere"),
        external("beside", "other.h5", "/a"),
        external("outside", "/etc/passwd", "/"),
    ]);
    file.finish(root)
}

fn in_a_circle() -> Vec<u8> {
    let mut file = File::new();
    let inner = file.bytes.len() as u64;
    file.object(&[hard("again", inner), hard("root", 200)]);
    let root = file.object(&[hard("inner", inner), hard("same", inner)]);
    file.finish(root)
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("old.h5", old()),
        ("linked.h5", linked()),
        ("circle.h5", in_a_circle()),
        ("noted.h5", model(&[("note", PICKLED)])),
    ]
}

#[test]
fn links_to_other_files_are_files_that_it_names() {
    insta::assert_snapshot!(told(&linked(), "w.h5"), @"
    [] is hdf5
    [beside] FileReference(FileReference { role: ExternalLink, path: Text(other.h5), base: Folder, end: 0 })
    [outside] FileReference(FileReference { role: ExternalLink, path: Text(/etc/passwd), base: Folder, end: 0 })
    ");
    let findings = judge("w.h5", &facts(linked(), "w.h5"));
    let told: Vec<String> = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"file-outside: loading it opens the linked file `/etc/passwd`, which is outside of its folder: the path begins at the root");
}

#[test]
fn what_pytables_unpickles_is_a_pickle() {
    insta::assert_snapshot!(told(&old(), "w.h5"), @"
    [] is hdf5
    [dense/noted/note] is pickle
    [dense/noted/note] Payload { of: Calls(Named(GlobalName { module: Text(os), name: Text(system) })), sha256: [214, 165, 207, 220, 119, 162, 233, 20, 190, 227, 25, 148, 57, 78, 232, 162, 161, 212, 106, 158, 56, 154, 11, 227, 185, 191, 180, 70, 87, 61, 237, 181] }
    [dense/noted/note @ 0x0 GLOBAL] Global { global: Named(GlobalName { module: Text(os), name: Text(system) }), usage: Import }
    [dense/noted/note @ 0x15 REDUCE] Global { global: Named(GlobalName { module: Text(os), name: Text(system) }), usage: Call }
    [dense/noted/note @ 0x15 REDUCE] Call { callee: Named(GlobalName { module: Text(os), name: Text(system) }), usage: Call, given: CallArguments { positional: Container { kind: Tuple, items: [Str(Literal { start: Text(true), length: 4 })], length: Some(1) }, keywords: None }, arguments: [Str(Text(true))] }
    ");
    let sentence = model(&[("title", b"Weights of a model."), ("TITLE", b"0.")]);
    assert_eq!(judge("w.h5", &facts(sentence, "w.h5")).len(), 0);
}

#[test]
fn what_is_not_read_is_said() {
    let of_root = |messages: Vec<_>| {
        let mut file = File::new();
        let root = file.object(&messages);
        told(&file.finish(root), "w.h5")
    };
    let unknown = vec![(99, 0, vec![0; 8])];
    insta::assert_snapshot!(of_root(unknown), @"
    [] is hdf5
    [] unread: not supported: a message of type 99 in an HDF5 object
    ");
    insta::assert_snapshot!(of_root(vec![other_link("x")]), @"
    [] is hdf5
    [] unread: not supported: a link of type 70 in an HDF5 group
    ");
    let plugin = [contiguous(u64::MAX, 8), vec![filter(40_000)]].concat();
    insta::assert_snapshot!(of_root(plugin), @"
    [] is hdf5
    [] Native(Filter(40000))
    ");
    let blosc = [contiguous(u64::MAX, 8), vec![filter(32_001)]].concat();
    insta::assert_snapshot!(of_root(blosc), @"[] is hdf5");
    let twice = vec![attribute("a", b"1"), attribute("a", b"2")];
    insta::assert_snapshot!(of_root(twice), @"
    [] is hdf5
    [] unread: malformed: an attribute is there more than once in the HDF5 file
    ");
    let cut = model(&[]);
    insta::assert_snapshot!(told(&cut[..cut.len() - 8], "w.h5"), @"
    [] is hdf5
    [] unread: malformed: the HDF5 file should end at 268 and ends at 260
    ");
    insta::assert_snapshot!(told(b"\x89HDF\r\n\x1a\n\x09", "w.h5"), @"
    [] is hdf5
    [] unread: not supported: version 9 of the superblock of HDF5
    ");
}

#[test]
fn a_block_of_the_users_stands_before_it() {
    let mut file = b"MATLAB 7.3 MAT-file".to_vec();
    file.resize(512, b' ');
    file.extend(linked());
    assert!(told(&file, "w.h5").contains("other.h5"));
    assert!(told(&file, "w.mat").contains("other.h5"));
    // The library looks twice as far each time, whatever the name is.
    for block in [4096, 1 << 16, 1 << 20] {
        let mut file = b"MATLAB 7.3 MAT-file".to_vec();
        file.resize(block, b' ');
        file.extend(linked());
        for name in ["w.bin", "w.pt", "w.mat", "w.h5"] {
            assert!(told(&file, name).contains("other.h5"), "{name} {block}");
        }
        file.splice(0..0, [0; 512]);
        assert!(!told(&file, "w.mat").contains("other.h5"));
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.resize(1 << 20, b' ');
    file.extend(linked());
    assert!(told(&file, "w.png").contains("other.h5"));
}

#[test]
fn objects_in_a_circle_are_read_once() {
    assert!(!told(&in_a_circle(), "w.h5").contains("limit"));
}

#[test]
fn a_large_file_costs_its_structure() {
    const LONG: u64 = 40 << 30;
    let mut file = File::new();
    let weights = file.object(&contiguous(8192, LONG - 8192));
    let root = file.object(&[hard("weights", weights)]);
    let mut front = file.finish(root);
    front[28..36].copy_from_slice(&LONG.to_le_bytes());
    let source = Sparse::new(LONG, vec![(0, front)]);
    let read = source.counter();
    let seen = facts(source, "w.h5");
    assert!(
        !seen.iter().any(|o| matches!(o.fact, Fact::Unread(_))),
        "{seen:?}"
    );
    let read = read.load(Ordering::Relaxed);
    assert!(read < 1 << 20, "{read} bytes read");
}

/// The names of the datasets that are listed, and whether anything was not read.
fn listed(path: &Path) -> (BTreeSet<String>, BTreeSet<String>, bool) {
    let mut recorder = Recorder::with_listing(0);
    let bytes = std::fs::read(path).unwrap();
    format::read(&Window::new(bytes), b"w.h5", &mut recorder);
    let tensors = recorder.take_tensors();
    let datasets = tensors.iter().flat_map(|of| &of.listed);
    let datasets = datasets.map(|tensor| tensor.name.to_string()).collect();
    let observations = recorder.finish();
    let unread = observations
        .iter()
        .any(|o| matches!(o.fact, Fact::Unread(_)));
    let mut named = BTreeSet::new();
    for observation in &observations {
        match &observation.fact {
            Fact::FileReference(reference) => {
                named.insert(reference.path.to_string());
            }
            Fact::Call { .. } => {
                if let Some(Hop::Member { name, .. }) = observation.site.hops.first() {
                    named.insert(name.to_string());
                }
            }
            _ => {}
        }
    }
    (datasets, named, unread)
}

/// Every dataset, every attribute and every file that h5py sees is seen, in genuine files and in damaged ones; and nothing about a
/// genuine file is left unread.
#[test]
fn what_h5py_sees_is_seen() {
    let Some(python) = oracle::python("h5py") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_HDF5", 300).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let answers = oracle::run(&python, "hdf5_files.py", &[folder, &count, &seed]);
    let (mut genuine, mut damaged) = (0, 0);
    for answer in &answers {
        let file = answer["file"].as_str().unwrap();
        let (datasets, named, unread) = listed(&dir.path().join(file));
        let is_genuine = answer["genuine"] == true;
        assert!(!(is_genuine && unread), "{file}: {answer}");
        if is_genuine {
            genuine += 1;
        } else {
            damaged += 1;
        }
        if unread {
            continue;
        }
        for dataset in answer["datasets"].as_array().unwrap() {
            let dataset = dataset.as_str().unwrap();
            assert!(
                datasets.contains(dataset),
                "{file}: {dataset} of {datasets:?}"
            );
        }
        for name in answer["files"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            assert!(named.contains(name), "{file}: {name} of {named:?}");
        }
        for name in answer["pickles"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            assert!(named.contains(name), "{file}: {name} of {named:?}");
        }
    }
    assert!(genuine > 10 && damaged > 100, "{genuine} {damaged}");
}

/// What `PyTables` and pandas write: their objects are pickles, whatever filters they go through.
#[test]
fn rows_of_objects_are_pickles() {
    let Some(python) = oracle::python("tables, pandas, h5py") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(&python, "hdf5_tables.py", &[folder]);
    for answer in &answers {
        let file = answer["file"].as_str().unwrap();
        let bytes = std::fs::read(dir.path().join(file)).unwrap();
        let seen = facts(bytes.clone(), "w.h5");
        let streams = seen.iter().filter_map(|o| match o.site.hops.last() {
            Some(Hop::Stream(row)) => Some(*row),
            _ => None,
        });
        let rows = streams.max().map_or(0, |last| u64::from(last) + 1);
        assert!(rows >= answer["rows"].as_u64().unwrap(), "{file}: {rows}");
        let told = told(&bytes, "w.h5");
        for name in answer["names"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            assert!(told.contains(name), "{file}: {name}\n{told}");
        }
        assert!(!told.contains("unread"), "{file}\n{told}");
    }
    assert!(answers.len() > 100);
}
