//! Orbax: the JSON of a checkpoint, and the manifest that names the files of its arrays.

use std::fs;

use crate::support::{
    cli::run,
    fixture::{Fixture, told},
    oracle,
    repo::repo,
};

const METADATA: &str = r#"{"tree_metadata": {"('w',)": {"key_metadata": [{"key": "w", "key_type": 2}], "value_metadata": {"value_type": "jax.Array", "skip_deserialize": false}}}, "use_ocdbt": true, "use_zarr3": false, "custom_metadata": null}"#;
const CHECKPOINT: &str = r#"{"item_handlers": "orbax.checkpoint.handlers.PyTreeCheckpointHandler", "metrics": {}, "init_timestamp_nsecs": 1, "commit_timestamp_nsecs": 2}"#;

/// A manifest without compression, whose table has this text of paths behind these numbers.
fn manifest(numbers: &[u8], paths: &str) -> Vec<u8> {
    let body = [
        &[7; 16][..],
        // The kind, two sizes, the arity and the compression of nodes.
        &[0, 0x80, 8, 0x80, 8, 4, 1, 0, 0, 0, 0],
        numbers,
        paths.as_bytes(),
        &[0, 0],
    ]
    .concat();
    let length = 14 + body.len() + 4;
    [
        &b"\x0c\xdb\x3a\x2a"[..],
        &(length as u64).to_le_bytes(),
        &[0, 0],
        &body,
        &[0; 4],
    ]
    .concat()
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("_METADATA", METADATA.into()),
        ("_CHECKPOINT_METADATA", CHECKPOINT.into()),
        ("manifest.ocdbt", manifest(&[2, 2, 4, 2, 0, 0], "d/abcd")),
    ]
}

#[test]
fn what_orbax_writes_is_named() {
    for (name, bytes) in fixtures() {
        assert!(told(&bytes, name).starts_with("[] is orbax"), "{name}");
    }
    for name in ["METADATA", "notes.json", "checkpoint"] {
        assert_eq!(told(METADATA.as_bytes(), name), "");
    }
    assert_eq!(told(b"{\"name\": \"x\"}", "_METADATA"), "");
    let of = |text: &str| told(text.as_bytes(), "_METADATA");
    insta::assert_snapshot!(of(&METADATA.replace("null", "7")), @"
    [] is orbax
    [] unread: malformed: `custom_metadata` has a value that its library does not write
    ");
    insta::assert_snapshot!(of(METADATA.split_at(90).0), @"
    [] is orbax
    [] unread: malformed: EOF while parsing a string at line 1 column 90
    ");
}

#[test]
fn a_manifest_names_files_of_its_folder() {
    let of = |bytes: &[u8]| told(bytes, "manifest.ocdbt");
    // The second path shares two bytes with the first.
    insta::assert_snapshot!(of(&manifest(&[2, 2, 4, 2, 0, 0], "d/abcd")), @"
    [] is orbax
    [] FileReference(FileReference { role: Weights, path: Text(d/ab), base: Folder, end: 0 })
    [] FileReference(FileReference { role: Weights, path: Text(d/cd), base: Folder, end: 0 })
    ");
    insta::assert_snapshot!(of(&manifest(&[1, 9, 0], "../../etc")), @"
    [] is orbax
    [] FileReference(FileReference { role: Weights, path: Text(../../etc), base: Folder, end: 0 })
    ");
    // More is shared than there is, more is said than there is, and numbers without end.
    insta::assert_snapshot!(of(&manifest(&[2, 9, 4, 2, 0, 0], "d/abcd")), @"
    [] is orbax
    [] unread: malformed: `path_prefix_length` has a value that its library does not write
    ");
    insta::assert_snapshot!(of(&manifest(&[1, 99, 0], "d/a")), @"
    [] is orbax
    [] unread: malformed: its content needs 99 bytes, 5 are left
    ");
    insta::assert_snapshot!(of(&manifest(&[0xff; 12], "")), @"
    [] is orbax
    [] unread: malformed: `varint` has a value that its library does not write
    ");
    let mut other = manifest(&[1, 3, 0], "d/a");
    other[4] += 1;
    insta::assert_snapshot!(of(&other), @"
    [] is orbax
    [] unread: malformed: the size of `manifest` is 53 where 54 should be
    ");
    let mut other = manifest(&[1, 3, 0], "d/a");
    other[13] = 1;
    insta::assert_snapshot!(of(&other), @"
    [] is orbax
    [] unread: malformed: compressed data is corrupt
    ");
    other[13] = 9;
    insta::assert_snapshot!(of(&other), @"
    [] is orbax
    [] unread: malformed: `compression_format` has a value that its library does not write
    ");
}

/// Folders that Orbax writes pass as they are; without a file that the manifest names, they are not whole.
#[test]
fn orbax_agrees() {
    let Some(python) = oracle::python("orbax.checkpoint, jax") else {
        return;
    };
    let repo = repo!();
    let folder = repo.root.to_str().unwrap();
    let answers = oracle::run(&python, "orbax_checkpoints.py", &[folder]);
    assert!(answers.len() > 3);
    let all = run(&repo.root, &["check", "--format", "concise"]);
    assert_eq!(all.code, 0, "{}", all.stdout);
    assert!(!all.stdout.contains("[incomplete-model]"), "{}", all.stdout);
    for answer in answers {
        let path = answer["file"].as_str().unwrap();
        let bytes = fs::read(repo.root.join(path)).unwrap();
        let (_, name) = path.rsplit_once('/').unwrap();
        let told = told(&bytes, name);
        assert!(told.starts_with("[] is orbax"), "{path}: {told}");
        if name == "manifest.ocdbt" {
            let (_, file) = told.split_once("d/").unwrap();
            let (id, _) = file.split_at(32);
            let data = path.replace(name, &format!("d/{id}"));
            fs::remove_file(repo.root.join(&data)).unwrap();
            let said = run(&repo.root, &["check", "--format", "concise"]).stdout;
            assert!(
                said.contains("[incomplete-model]") && said.contains(&data),
                "{said}"
            );
        }
    }
}
