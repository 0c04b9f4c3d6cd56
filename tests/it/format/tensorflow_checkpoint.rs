//! Checkpoints of TensorFlow: what an index says, how a table breaks, the text beside it, and what the real library says.

use std::sync::atomic::Ordering;

use weighbridge::{bytes::Window, fact::Fact, finding::Level, record::Recorder};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, Observed, facts, told},
        oracle,
        protobuf::{bytes, number, varint},
        sparse::Sparse,
        table::{Entry, block, of_blocks, table},
    },
};

fn shape(dimensions: &[u64]) -> Vec<u8> {
    let dimensions = dimensions.iter().map(|size| bytes(2, number(1, *size)));
    dimensions.flatten().collect()
}

fn header(shards: u64) -> Entry {
    (vec![], [number(1, shards), bytes(3, number(1, 1))].concat())
}

/// An entry of an index: a tensor of so many bytes in a shard.
fn tensor(name: &str, dtype: u64, of: &[u64], shard: u64, size: u64) -> Entry {
    let entry = [
        number(1, dtype),
        bytes(2, shape(of)),
        number(3, shard),
        number(4, 64),
        number(5, size),
        vec![0x35, 1, 2, 3, 4],
    ];
    (name.into(), entry.concat())
}

pub(crate) fn index() -> Vec<Entry> {
    vec![
        header(2),
        tensor("_CHECKPOINTABLE_OBJECT_GRAPH", 7, &[], 0, 40),
        tensor("layer/bias", 1, &[4], 0, 16),
        tensor("layer/kernel", 19, &[3, 4], 1, 24),
        tensor("step", 9, &[], 1, 8),
    ]
}

/// A table of before 1.0: what is in it, then a tensor.
fn slices() -> Vec<Entry> {
    let described = [
        bytes(1, "weights"),
        bytes(2, shape(&[3, 2])),
        number(3, 1),
        bytes(4, bytes(1, "")),
    ];
    let meta = bytes(
        1,
        [bytes(1, described.concat()), bytes(2, number(1, 0))].concat(),
    );
    let data = [
        bytes(1, "weights"),
        bytes(2, bytes(1, "")),
        bytes(3, bytes(5, [0; 24])),
    ];
    vec![
        (vec![], meta),
        (b"\0weights\0\x01".to_vec(), bytes(2, data.concat())),
    ]
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("variables.index", table(&index(), 2)),
        ("model.ckpt", table(&slices(), 1)),
        (
            "checkpoint",
            b"model_checkpoint_path: \"ckpt-1\"\n".to_vec(),
        ),
    ]
}

fn rules(name: &str, observed: &Observed) -> String {
    let findings = judge(name, observed);
    let lines = findings
        .iter()
        .map(|f| format!("{}: {}", f.rule.id, f.message));
    lines.collect::<Vec<_>>().join("\n")
}

fn about(file: Vec<u8>) -> String {
    rules("variables.index", &facts(file, "variables.index"))
}

/// Name, type, shape and bytes of each tensor that is listed.
fn tensors(file: Vec<u8>, name: &str) -> Vec<String> {
    let mut recorder = Recorder::with_listing(0);
    weighbridge::format::read(&Window::new(file), name.as_bytes(), &mut recorder);
    let tensors = recorder.take_tensors();
    let listed = tensors.iter().flat_map(|of| &of.listed);
    listed
        .map(|t| format!("{} {} {:?} {}", t.name, t.dtype, t.shape, t.bytes))
        .collect()
}

#[test]
fn tables_are_known_by_their_first_key_and_their_footer() {
    for (name, file) in [
        ("any.name", table(&index(), 99)),
        ("model.ckpt-7", table(&slices(), 1)),
        ("model.ckpt", table(&slices(), 9)),
    ] {
        assert_eq!(told(&file, name), "[] is tensorflow-checkpoint", "{name}");
        assert_eq!(rules(name, &facts(file, name)), "", "{name}");
    }
    // The name of an index says those of its shards.
    insta::assert_snapshot!(told(&table(&index(), 2), "variables.index"), @"
    [] is tensorflow-checkpoint
    [] FileReference(FileReference { role: Weights, path: Text(.data-00000-of-00002), base: Stem, end: 104 })
    [] FileReference(FileReference { role: Weights, path: Text(.data-00001-of-00002), base: Stem, end: 88 })
    ");
    // A table of another program: no key is empty.
    let other = table(&[(b"key".to_vec(), b"value".to_vec())], 1);
    assert_eq!(told(&other, "000005.ldb"), "");
    assert_eq!(told(b"\0\0\x05other", "faiss.index"), "");
}

#[test]
fn tensors_are_listed() {
    insta::assert_snapshot!(tensors(table(&index(), 2), "a.index").join("\n"), @"
    _CHECKPOINTABLE_OBJECT_GRAPH string [] 40
    layer/bias float32 [4] 16
    layer/kernel float16 [3, 4] 24
    step int64 [] 8
    ");
    insta::assert_snapshot!(tensors(table(&slices(), 2), "a.ckpt").join("\n"), @"weights float32 [3, 2] 24");
}

#[test]
fn tensors_have_a_place_and_the_size_of_their_shape() {
    let of = |entry: Entry| about(table(&[header(2), entry], 9));
    let unknown = (b"a".to_vec(), [number(1, 1), number(12, 1)].concat());
    let all = [
        of(tensor("a", 1, &[4], 0, 15)),
        of(tensor("a", 1, &[u64::MAX], 0, 0)),
        of(tensor("a", 1, &[1 << 40, 1 << 40], 0, 0)),
        of(tensor("a", 1, &[4], 2, 16)),
        of(tensor("a", 20, &[4], 0, 16)),
        of(tensor("a", 7, &[4], 0, u64::MAX)),
        of(unknown),
        about(table(&[header(0)], 9)),
        about(table(&[header(1), header(1)], 1)),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    incomplete-read: it does not read to its end: the tensor `a` needs 16 bytes of data and has 15
    incomplete-read: it does not read to its end: the tensor `a` has a shape that no data can have
    incomplete-read: it does not read to its end: the tensor `a` has a shape that no data can have
    incomplete-read: it does not read to its end: the tensor `a` is in shard 2 of 2
    incomplete-read: it does not read to its end: the tensor `a` has the type 20, which is none
    incomplete-read: it does not read to its end: the tensor `a` ends behind the end of any file
    incomplete-read: it does not read to its end: field 12, which `BundleEntryProto` does not have in this form
    incomplete-read: it does not read to its end: the table does not begin as a checkpoint does
    incomplete-read: it does not read to its end: the keys of the block at byte 57 are not in order
    ");
    // A tensor in parts, which are entries of their own.
    let parts = [number(1, 1), bytes(2, shape(&[4])), bytes(7, bytes(1, ""))];
    assert_eq!(of((b"a".to_vec(), parts.concat())), "");
}

#[test]
fn what_breaks_a_table_is_said() {
    let good = table(&index(), 2);
    let changed = |at: usize, to: u8| {
        let mut file = good.clone();
        file[at] = to;
        about(file)
    };
    let entries = index();
    let swapped = table(
        &[entries[0].clone(), entries[3].clone(), entries[2].clone()],
        9,
    );
    let across = table(
        &[entries[0].clone(), entries[3].clone(), entries[2].clone()],
        2,
    );
    let twice = table(
        &[entries[0].clone(), entries[2].clone(), entries[2].clone()],
        9,
    );
    let front = block(&entries[..2]);
    let with_kind = |kind| of_blocks(&[(entries[1].0.clone(), front.clone(), kind)]);
    // Something in front of the index that no block has.
    let mut gap = good.clone();
    gap.insert(good.len() - 48, 0);
    let all = [
        changed(20, b'X'),
        changed(good.len() - 48, 1),
        about(swapped),
        about(across),
        about(twice),
        about(with_kind(2)),
        about(gap),
    ];
    insta::assert_snapshot!(all.join("\n--\n"), @"
    incomplete-read: it does not read to its end: the block at byte 0 has another checksum
    --
    incomplete-read: it does not read to its end: the footer does not lead to the index in front of it
    --
    incomplete-read: it does not read to its end: the keys of the block at byte 0 are not in order
    --
    incomplete-read: it does not read to its end: the keys of the block at byte 118 are not in order
    --
    incomplete-read: it does not read to its end: the keys of the block at byte 0 are not in order
    --
    incomplete-read: it does not read to its end: what stands at byte 0 is no block of the table, or not the next one
    --
    incomplete-read: it does not read to its end: the footer does not lead to the index in front of it
    ");
}

/// A block may be packed with Snappy.
#[test]
fn packed_blocks_are_read() {
    let entries = index();
    let plain = block(&entries);
    let length = u8::try_from(plain.len() - 1).unwrap();
    let packed = [varint(plain.len() as u64), vec![60 << 2, length], plain].concat();
    let file = of_blocks(&[(entries[4].0.clone(), packed, 1)]);
    assert_eq!(told(&file, "a.ckpt"), "[] is tensorflow-checkpoint");
    assert_eq!(tensors(file, "a.index").len(), 4);
}

/// The tensors of an old table are not read.
#[test]
fn data_is_not_read() {
    const LENGTH: u64 = 40 << 30;
    let entries = slices();
    let first = block(&entries[..1]);
    let name = b"\0weights\0\x01";
    let field = |number: u64, length: u64| [varint(number << 3 | 2), varint(length)].concat();
    // Numbers, in a tensor, in a part, in an entry.
    let numbers = field(5, LENGTH);
    let tensor = field(3, LENGTH + numbers.len() as u64);
    let part = [bytes(1, "weights"), bytes(2, bytes(1, ""))].concat();
    let inner = (part.len() + tensor.len() + numbers.len()) as u64 + LENGTH;
    let value = [field(2, inner), part, tensor, numbers].concat();
    let head = [
        varint(0),
        varint(name.len() as u64),
        varint(value.len() as u64 + LENGTH),
        name.to_vec(),
        value,
    ]
    .concat();
    let size = head.len() as u64 + LENGTH + 8;
    let table = of_blocks(&[(vec![], first.clone(), 0)]);
    let first_end = first.len() as u64 + 5;
    let front = table[..first.len() + 5].to_vec();
    let restarts = [0_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat();
    let second_end = first_end + size + 5;
    // The blocks behind the data, at their places.
    let handle = |offset: u64, size: u64| [varint(offset), varint(size)].concat();
    let rows = [
        (vec![], handle(0, first.len() as u64)),
        (b"\x01".to_vec(), handle(first_end, size)),
    ];
    let sealed = |block: &[u8]| {
        let sum = crate::support::table::checksum(&[block, &[0]].concat());
        [block, &[0], &sum].concat()
    };
    let (other, index) = (block(&[]), block(&rows));
    let index_at = second_end + other.len() as u64 + 5;
    let mut footer = handle(second_end, other.len() as u64);
    footer.extend(handle(index_at, index.len() as u64));
    footer.resize(40, 0);
    footer.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    let tail = [sealed(&other), sealed(&index), footer].concat();
    let length = second_end + tail.len() as u64;
    let patches = vec![
        (0, front),
        (first_end, head),
        (second_end - 13, restarts),
        (second_end, tail),
    ];
    let source = Sparse::new(length, patches);
    let read = source.counter();
    let seen = facts(source, "model.ckpt");
    assert_eq!(seen.len(), 1, "{:?}", &seen[..]);
    let read = read.load(Ordering::Relaxed);
    assert!(read < 1 << 20, "{read}");
}

#[test]
fn the_list_of_checkpoints_stays_in_its_folder() {
    let of = |text: &str| rules("checkpoint", &facts(text.as_bytes().to_vec(), "checkpoint"));
    let fine = "model_checkpoint_path: \"ckpt-2\"\nall_model_checkpoint_paths: \"ckpt-1\"\nall_model_checkpoint_timestamps: 1.5e9\nlast_preserved_timestamp: 17\n";
    for text in [
        fine,
        // A saver that is given a path from the root notes that.
        "model_checkpoint_path: \"/home/me/ckpt-2\"\nall_model_checkpoint_paths: \"C:\\\\runs\\\\ckpt-1\"",
        "a list of checkpoints\n/etc/passwd",
        "other: \"/etc/passwd\"",
        "",
    ] {
        assert_eq!(of(text), "", "{text}");
    }
    let all = [
        "model_checkpoint_path: \"/home/../ckpt-2\"",
        "model_checkpoint_path: \"//server/share/ckpt\" all_model_checkpoint_paths: \"\\\\\\\\server\\\\share\"",
        "model_checkpoint_path: \"~/ckpt\" all_model_checkpoint_paths: \"C:ckpt\" all_model_checkpoint_paths: \"/a\\000b\"",
        "# mine\nall_model_checkpoint_timestamps: 1\nmodel_checkpoint_path : '..' '\\x2fckpt'\n",
        "all_model_checkpoint_paths: \"ckpt\"; all_model_checkpoint_paths: \"gs://bucket/\\143kpt\"",
    ]
    .map(of);
    insta::assert_snapshot!(all.join("\n"), @r"
    file-outside: loading it opens the checkpoint `/home/../ckpt-2`, which is outside of its folder: the path begins at the root
    file-outside: loading it opens the checkpoint `//server/share/ckpt`, which is outside of its folder: the path begins at the root
    file-outside: loading it opens the checkpoint `\\\\server\\share`, which is outside of its folder: the path begins at the root
    file-outside: loading it opens the checkpoint `~/ckpt`, which is outside of its folder: the path begins with `~`
    file-outside: loading it opens the checkpoint `C:ckpt`, which is outside of its folder: the path begins with the letter of a drive
    file-outside: loading it opens the checkpoint `/a\u{0}b`, which is outside of its folder: the path holds a NUL byte, at which some readers end it
    file-outside: loading it opens the checkpoint `../ckpt`, which is outside of its folder: the path has a part `..`
    file-outside: loading it opens the checkpoint `gs://bucket/ckpt`, which is outside of its folder: it is a URL
    ");
    let observed = facts(fine.as_bytes().to_vec(), "checkpoint");
    let paths = observed
        .iter()
        .filter(|o| matches!(o.fact, Fact::FileReference(_)));
    assert_eq!(paths.count(), 2);
}

/// Each index and each table that the library writes passes with the tensors that the library finds in it. A changed one that the library
/// takes has the same tensors here, or is refused as broken.
#[test]
fn tensors_are_those_that_the_library_finds() {
    let Some(python) = oracle::python("tensorflow") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let count = oracle::number("WEIGHBRIDGE_ORACLE_GRAPHS", 400).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let folder = dir.path().to_str().unwrap();
    let answers = oracle::run(
        &python,
        "tensorflow_checkpoints.py",
        &[folder, &count, &seed],
    );
    let (mut genuine, mut taken, mut refused) = (0, 0, 0);
    for answer in &answers {
        let name = answer["file"].as_str().unwrap();
        let file = std::fs::read(dir.path().join(name)).unwrap();
        let observed = facts(file.clone(), name);
        let is_one = observed
            .iter()
            .any(|o| matches!(&o.fact, Fact::Is(id) if id.as_str() == "tensorflow-checkpoint"));
        let broken = observed.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
        let mut found = tensors(file, name);
        found.sort();
        let mut expected: Vec<String> = answer["tensors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap().to_owned())
            .collect();
        expected.sort();
        let found: Vec<&str> = found
            .iter()
            .map(|line| line.rsplit_once(' ').unwrap().0)
            .collect();
        if answer["genuine"] == true {
            let denied: Vec<_> = judge(name, &observed)
                .into_iter()
                .filter(|f| f.level == Level::Deny)
                .map(|f| f.message)
                .collect();
            assert_eq!(denied, [""; 0], "{name}");
            assert!(is_one || answer["is_text"] == true, "{name}");
            if is_one {
                assert_eq!(found, expected, "{name}");
            }
            genuine += 1;
        } else if answer["loads"] == true && is_one && !broken {
            assert_eq!(found, expected, "{name}");
            taken += 1;
        } else if broken {
            refused += 1;
        }
    }
    assert!(genuine >= 8 && refused >= 40, "{genuine} {taken} {refused}");
}
