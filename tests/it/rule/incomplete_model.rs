//! `incomplete-model`: what a model needs beside it, in every view of a repository.

use std::fs;

use crate::{
    format::{onnx, openvino, tensorflow_checkpoint},
    support::{
        cli::run,
        joblib, oracle,
        pickle::Pickle,
        protobuf::bytes,
        repo::{Repo, repo},
        table::table,
        zip,
    },
};

const INDEX: &str = "m/model.safetensors.index.json";
const FIRST: &str = "m/model-00001-of-00002.safetensors";
const SECOND: &str = "m/model-00002-of-00002.safetensors";
/// A pointer to 1000 bytes that are elsewhere.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 1000\n";

fn index() -> &'static str {
    r#"{"metadata": {"total_size": 8}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"}}"#
}

/// A shard with tensors of these names.
fn shard(names: &[&str]) -> Vec<u8> {
    let entry = |(at, name): (usize, &&str)| {
        let offsets = [4 * at, 4 * at + 4];
        format!("\"{name}\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{offsets:?}}}")
    };
    let entries: Vec<String> = names.iter().enumerate().map(entry).collect();
    let header = format!("{{{}}}", entries.join(","));
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    [&length[..], header.as_bytes(), &vec![0; 4 * names.len()]].concat()
}

fn first() -> Vec<u8> {
    shard(&["a", "c"])
}

fn second() -> Vec<u8> {
    shard(&["b"])
}

/// What is said with these arguments.
fn said_with(repo: &Repo, arguments: &[&str]) -> String {
    let all = run(
        &repo.root,
        &[&["check", "--format", "concise"], arguments].concat(),
    );
    let lines = all.stdout.lines();
    let lines: Vec<&str> = lines
        .filter(|line| line.contains("[incomplete-model]"))
        .collect();
    lines.join("\n")
}

fn said(repo: &Repo) -> String {
    said_with(repo, &[])
}

#[test]
fn shards_of_an_index_are_beside_it() {
    let repo = repo!();
    repo.write(INDEX, index());
    insta::assert_snapshot!(said(&repo), @"m/model.safetensors.index.json:1:53: warning[incomplete-model] loading it opens 2 files, and none of them is there: `m/model-00001-of-00002.safetensors`, `m/model-00002-of-00002.safetensors`");
    repo.write(FIRST, first());
    insta::assert_snapshot!(said(&repo), @"m/model.safetensors.index.json:1:94: warning[incomplete-model] loading it opens `m/model-00002-of-00002.safetensors`, which is not there");
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    repo.write(SECOND, second());
    assert_eq!(said(&repo), "");
    // In an archive, an index has its shards there, and not beside the archive.
    let archive = |shards: &[(&'static str, Vec<u8>)]| {
        let shards = shards.iter().map(|(name, bytes)| zip::stored(name, bytes));
        let index = zip::stored("./x/model.safetensors.index.json", index());
        zip::archive(&std::iter::once(index).chain(shards).collect::<Vec<_>>())
    };
    let first = ("./x/model-00001-of-00002.safetensors", first());
    let second = ("./x/model-00002-of-00002.safetensors", second());
    repo.write("m/a.zip", archive(std::slice::from_ref(&first)));
    insta::assert_snapshot!(said(&repo), @"m/a.zip!./x/model.safetensors.index.json:1:94: warning[incomplete-model] loading it opens `x/model-00002-of-00002.safetensors`, which is not there");
    repo.write("m/a.zip", archive(&[first.clone(), second]));
    assert_eq!(said(&repo), "");
    let other = ("./x/model-00002-of-00002.safetensors", shard(&["other"]));
    repo.write("m/a.zip", archive(&[first, other]));
    insta::assert_snapshot!(said(&repo), @"m/a.zip!./x/model.safetensors.index.json:1:1: warning[incomplete-model] `model-00002-of-00002.safetensors` has none of the tensors that the index puts in it");
}

#[test]
fn shards_have_the_tensors_of_their_index() {
    let repo = repo!();
    let index = "{\"weight_map\": {\n\"a\": \"s-1-of-2.safetensors\",\n\"b\": \"s-1-of-2.safetensors\",\n\"c\": \"s-1-of-2.safetensors\",\n\"d\": \"s-2-of-2.safetensors\"}}";
    repo.write("model.safetensors.index.json", index);
    let write = |first: &[&str], second: &[&str]| {
        repo.write("s-1-of-2.safetensors", shard(first));
        repo.write("s-2-of-2.safetensors", shard(second));
        said(&repo)
    };
    assert_eq!(write(&["a", "b", "c"], &["d"]), "");
    // What no index names is no reason to stop.
    assert_eq!(write(&["c", "more", "b", "a"], &["d"]), "");
    insta::assert_snapshot!(write(&["a", "c"], &["d"]), @"model.safetensors.index.json:3:1: warning[incomplete-model] `s-1-of-2.safetensors` does not have the tensor that the index puts in it on this line");
    insta::assert_snapshot!(write(&["a"], &["b"]), @"
    model.safetensors.index.json:3:1: warning[incomplete-model] `s-1-of-2.safetensors` does not have 2 of the 3 tensors that the index puts in it: the first is on this line
    model.safetensors.index.json:5:1: warning[incomplete-model] `s-2-of-2.safetensors` has none of the tensors that the index puts in it
    ");
    // Shards that changed places.
    insta::assert_snapshot!(write(&["d"], &["a", "b", "c"]), @"
    model.safetensors.index.json:2:1: warning[incomplete-model] `s-1-of-2.safetensors` has none of the tensors that the index puts in it
    model.safetensors.index.json:5:1: warning[incomplete-model] `s-2-of-2.safetensors` has none of the tensors that the index puts in it
    ");
    // A view of the index alone knows nothing of the shards.
    assert_eq!(said_with(&repo, &["model.safetensors.index.json"]), "");
    assert_eq!(run(&repo.root, &["check"]).code, 0);
}

#[test]
fn many_files_are_counted() {
    let repo = repo!();
    let shards: Vec<String> = (1..6).map(|n| format!("\"{n}\": \"s-{n}.bin\"")).collect();
    let index = format!("{{\"weight_map\": {{{}}}}}", shards.join(", "));
    repo.write("pytorch_model.bin.index.json", index);
    insta::assert_snapshot!(said(&repo), @"pytorch_model.bin.index.json:1:22: warning[incomplete-model] loading it opens 5 files, and none of them is there: `s-1.bin`, `s-2.bin`, `s-3.bin` and 2 more");
    repo.write("s-2.bin", [0; 4]);
    insta::assert_snapshot!(said(&repo), @"pytorch_model.bin.index.json:1:22: warning[incomplete-model] loading it opens 5 files, and 4 of them are not there: `s-1.bin`, `s-3.bin`, `s-4.bin` and 1 more");
}

#[test]
fn what_is_kept_elsewhere_is_there() {
    let repo = repo!();
    repo.write(INDEX, index()).write(FIRST, first());
    let kept: [(&str, &dyn Fn()); 4] = [
        ("git-lfs", &|| {
            repo.write(SECOND, POINTER);
        }),
        ("DVC", &|| {
            let output = "outs:\n- md5: 0cc175b9c0f1b6a831c399e269772661\n  path: model-00002-of-00002.safetensors\n";
            repo.write(&format!("{SECOND}.dvc"), output);
        }),
        ("an exclusion", &|| {
            let policy = "version: 1\nextends: recommended\nexclude:\n- 'm/*.safetensors'\n";
            repo.write(".weighbridge.yaml", policy)
                .write(SECOND, second());
        }),
        ("what git ignores", &|| {
            repo.write(".gitignore", "*.safetensors\n")
                .write(SECOND, second());
        }),
    ];
    for (what, keep) in kept {
        assert_ne!(said(&repo), "", "{what}");
        keep();
        assert_eq!(said(&repo), "", "{what}");
        for path in [SECOND, ".weighbridge.yaml", ".gitignore"] {
            let _ = fs::remove_file(repo.root.join(path));
        }
        let _ = fs::remove_file(repo.root.join(format!("{SECOND}.dvc")));
    }
}

/// A view that leaves files out knows those that its state has.
#[test]
fn every_view_looks_at_its_own_state() {
    let repo = repo!();
    repo.write(FIRST, first()).write(SECOND, second()).commit();
    repo.write(INDEX, index());
    repo.git(&["add", "-A"]);
    let views: [&[&str]; 4] = [
        &["--staged"],
        &["--diff", "HEAD~1..HEAD"],
        &["--rev", "HEAD"],
        &[INDEX],
    ];
    assert_eq!(said_with(&repo, views[0]), "");
    repo.commit();
    for view in &views[1..] {
        assert_eq!(said_with(&repo, view), "", "{view:?}");
    }
    // Tracked, and not on disk, as after a sparse checkout.
    fs::remove_file(repo.root.join(SECOND)).unwrap();
    assert_eq!(said(&repo), "");
    // Gone from the next commit, but the index of shards is no part of that change.
    repo.git(&["rm", "-q", "--cached", SECOND]);
    assert_eq!(said_with(&repo, &["--staged"]), "");
    assert_ne!(said(&repo), "");
    repo.write(INDEX, format!("{} ", index()));
    repo.git(&["add", INDEX]);
    insta::assert_snapshot!(said_with(&repo, &["--staged"]), @"m/model.safetensors.index.json:1:94: warning[incomplete-model] loading it opens `m/model-00002-of-00002.safetensors`, which is not there");
    repo.commit();
    for view in &views[1..] {
        assert_ne!(said_with(&repo, view), "", "{view:?}");
    }
    // What a history held is not compared.
    assert_eq!(said_with(&repo, &["--history"]), "");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let repo = repo!();
    fs::create_dir(repo.root.join("m")).unwrap();
    std::os::unix::fs::symlink("/", repo.root.join("m/root")).unwrap();
    let map = |path: &str| format!("{{\"weight_map\": {{\"a\": \"{path}\"}}}}");
    for path in ["root/etc/passwd", "root/there/is/nothing"] {
        repo.write(INDEX, map(path));
        assert_eq!(said(&repo), "", "{path}");
        assert_eq!(said_with(&repo, &[INDEX]), "", "{path}");
    }
    // A link in place of a file is there, as git-annex has it.
    std::os::unix::fs::symlink("../nowhere", repo.root.join("m/link")).unwrap();
    repo.write(INDEX, map("link"));
    assert_eq!(said(&repo), "");
    repo.write(INDEX, map("./link/below"));
    assert_eq!(said(&repo), "");
    repo.write(INDEX, map("."));
    assert_eq!(said(&repo), "");
}

#[test]
fn weights_in_other_files_are_long_enough() {
    let repo = repo!();
    let at = |offset: &str| {
        let entries = [("location", "w.data"), ("offset", offset), ("length", "4")];
        onnx::with_external(&entries)
    };
    repo.write("a.onnx", at("96"));
    insta::assert_snapshot!(said(&repo), @"a.onnx@0xf-0x47: warning[incomplete-model] loading it opens `w.data`, which is not there");
    repo.write("w.data", [1; 100]);
    assert_eq!(said(&repo), "");
    repo.write("w.data", [1; 99]);
    insta::assert_snapshot!(said(&repo), @"a.onnx@0xf-0x47: warning[incomplete-model] loading it reads `w.data` up to byte 100, and the file has 99");
    // The size that a pointer says counts.
    repo.write("w.data", POINTER);
    assert_eq!(said(&repo), "");
    repo.write("a.onnx", at("997"));
    insta::assert_snapshot!(said(&repo), @"a.onnx@0xf-0x48: warning[incomplete-model] loading it reads `w.data` up to byte 1001, and the file has 1000");
    // Where the file is no part of the view, only that it is there is looked at.
    assert_eq!(said_with(&repo, &["a.onnx"]), "");
    // Without a length, the shape says how much is read.
    repo.write(
        "a.onnx",
        onnx::with_external(&[("location", "w.data"), ("offset", "998")]),
    );
    assert_ne!(said(&repo), "");
    repo.write("a.onnx", at("18446744073709551615"));
    assert_ne!(said(&repo), "");
}

#[test]
fn a_graph_of_openvino_has_its_constants() {
    let repo = repo!();
    let constants = [
        openvino::constant("f32", "3, 2", "0", "24"),
        openvino::constant("i8", "6", "24", "6"),
    ];
    repo.write("v/model.fp16.xml", openvino::net(&constants));
    insta::assert_snapshot!(said(&repo), @"v/model.fp16.xml: warning[incomplete-model] loading it opens `v/model.fp16.bin`, which is not there");
    repo.write("v/model.fp16.bin", [0; 29]);
    insta::assert_snapshot!(said(&repo), @"v/model.fp16.xml: warning[incomplete-model] loading it reads `v/model.fp16.bin` up to byte 30, and the file has 29");
    repo.write("v/model.fp16.bin", [0; 30]);
    assert_eq!(said(&repo), "");
    // Under another name, nobody knows what its file is called.
    repo.write("v/model.fp16.xml.old", openvino::net(&constants));
    assert_eq!(said(&repo), "");
    // Without constants, no file is read.
    repo.write("v/bare.xml", openvino::net(&[]));
    assert_eq!(said(&repo), "");
}

#[test]
fn a_checkpoint_of_tensorflow_has_its_shards() {
    let repo = repo!();
    let index = table(&tensorflow_checkpoint::index(), 2);
    repo.write("v/variables.index", &index);
    insta::assert_snapshot!(said(&repo), @"v/variables.index: warning[incomplete-model] loading it opens 2 files, and none of them is there: `v/variables.data-00000-of-00002`, `v/variables.data-00001-of-00002`");
    repo.write("v/variables.data-00000-of-00002", [0; 104]);
    repo.write("v/variables.data-00001-of-00002", [0; 80]);
    insta::assert_snapshot!(said(&repo), @"v/variables.index: warning[incomplete-model] loading it reads `v/variables.data-00001-of-00002` up to byte 88, and the file has 80");
    repo.write("v/variables.data-00001-of-00002", [0; 88]);
    assert_eq!(said(&repo), "");
    repo.write("v/variables.index.old", index);
    assert_eq!(said(&repo), "");
}

#[test]
fn pickles_have_their_arrays() {
    let repo = repo!();
    repo.write("old.pkl", joblib::beside("model.pkl_01.npy"));
    insta::assert_snapshot!(said(&repo), @"old.pkl@0x69: warning[incomplete-model] loading it opens `model.pkl_01.npy`, which is not there");
    repo.write("model.pkl_01.npy", [0; 4]);
    assert_eq!(said(&repo), "");
    let of = |lists: &str| {
        let lists: Vec<(&str, &str)> = lists
            .split(' ')
            .filter_map(|it| it.split_once('='))
            .collect();
        let mut pickle = Pickle::proto(2).global("m", "C").raw(b")\x81}(");
        for (key, value) in lists {
            pickle = match value.strip_prefix('@') {
                Some(inner) => pickle.unicode(key).raw(part(inner)),
                None => pickle.unicode(key).raw(b"](").unicode(value).raw(b"e"),
            };
        }
        pickle.raw(b"ub").stop()
    };
    for (lists, expected) in [
        ("__numpys=vectors", "g.pkl.vectors.npy"),
        ("__scipys=m", "g.pkl.m.data.npy"),
        ("vectors=x __numpys=vectors", ""),
        (
            "wv=@vectors __recursive_saveloads=wv",
            "g.pkl.wv.vectors.npy",
        ),
        ("other=@vectors __recursive_saveloads=wv", ""),
        ("__numpys=a\\b", ""),
    ] {
        repo.write("g.pkl", of(lists));
        let said = said(&repo);
        assert!(
            said.contains(expected) && said.is_empty() == expected.is_empty(),
            "{lists}: {said}"
        );
    }
}

/// gensim compresses the files beside a pickle that it compresses.
#[test]
fn compressed_pickles_have_their_arrays() {
    let repo = repo!();
    let of = |list: &str| {
        let pickle = Pickle::proto(2).global("m", "C").raw(b")\x81}(");
        let pickle = pickle.unicode(list).raw(b"](").unicode("vectors");
        let pickle = pickle.raw(b"eub").stop();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, &pickle).unwrap();
        packed.finish().unwrap()
    };
    repo.write("g.pkl.gz", of("__numpys"));
    insta::assert_snapshot!(said(&repo), @"g.pkl.gz!g.pkl@0x27: warning[incomplete-model] loading it opens `g.pkl.gz.vectors.npz`, which is not there");
    repo.write("g.pkl.gz.vectors.npz", [0; 4]);
    assert_eq!(said(&repo), "");
    repo.write("g.pkl.gz", of("__scipys"));
    insta::assert_snapshot!(said(&repo), @"g.pkl.gz!g.pkl@0x27: warning[incomplete-model] loading it opens `g.pkl.gz.vectors.sparse.npz`, which is not there");
}

/// An object of which an array has a file of its own.
fn part(attribute: &str) -> Vec<u8> {
    let pickle = Pickle::new().global("m", "D").raw(b")\x81}(");
    let pickle = pickle.unicode("__numpys").raw(b"](").unicode(attribute);
    pickle.raw(b"eub").unfinished()
}

/// The loader of each library stops without a file, and before a byte that is not there; and so much is said here, and no more.
#[test]
fn a_loader_stops_where_something_is_missing() {
    for library in ["gensim", "onnx", "openvino", "tensorflow", "transformers"] {
        let Some(python) = oracle::python(library) else {
            continue;
        };
        let repo = repo!();
        let folder = repo.root.to_str().unwrap();
        let answers = oracle::run(&python, "incomplete_models.py", &[library, folder]);
        assert!(!answers.is_empty(), "{library}");
        assert_eq!(said(&repo), "", "{library}");
        for answer in answers {
            assert_eq!(answer["loads"], true, "{answer}");
            let path = answer["path"].as_str().unwrap();
            let (own, _) = path.rsplit_once('/').unwrap();
            for case in answer["cases"].as_array().unwrap() {
                let other = format!("{own}/{}", case["file"].as_str().unwrap());
                let there = repo.root.join(&other);
                let whole = fs::read(&there).unwrap();
                let removed = case["how"] == "removed";
                fs::remove_file(&there).unwrap();
                if !removed {
                    let end = whole.len().saturating_sub(1);
                    repo.write(&other, whole.split_at(end).0);
                }
                let all = run(&repo.root, &["check", "--format", "concise"]).stdout;
                let about = |line: &&str| {
                    line.contains(&other) && (!removed || line.contains("[incomplete-model]"))
                };
                assert_eq!(
                    all.lines().any(|line| about(&line)),
                    case["loads"] == false,
                    "{case}: {all}"
                );
                repo.write(&other, &whole);
            }
        }
    }
}

/// Hostile lists cost no more than their size.
#[test]
fn no_list_costs_more_than_its_size() {
    let repo = repo!();
    let mut nested = part("a");
    for _ in 0..20_000 {
        let outer = Pickle::new()
            .global("m", "D")
            .raw(b")\x81}(")
            .unicode("x")
            .raw(&nested);
        nested = outer
            .unicode("__recursive_saveloads")
            .raw(b"](")
            .unicode("x")
            .raw(b"eub")
            .unfinished();
        if nested.len() > 1 << 16 {
            break;
        }
    }
    repo.write("g.pkl", [nested, b".".to_vec()].concat());
    assert_eq!(said(&repo), "");
    let shards: Vec<String> = (0..100_000)
        .map(|n| format!("\"{n}\": \"s/{n}\""))
        .collect();
    repo.write(
        INDEX,
        format!("{{\"weight_map\": {{{}}}}}", shards.join(", ")),
    );
    assert!(said(&repo).contains("and none of them is there"));
    let wide: Vec<u8> = (0..1000).flat_map(|n| bytes(5, format!("{n}"))).collect();
    repo.write("wide.onnx", wide);
    said(&repo);
}
