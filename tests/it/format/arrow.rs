//! Tables in columns: Arrow and Parquet.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use data_encoding::BASE64;
use weighbridge::fact::Fact;

use crate::{
    rule::{judge, placed},
    support::{
        fixture::{Fixture, facts, told},
        flatbuffer::{Field, Table, file},
        oracle,
        pickle::Pickle,
        sparse::Sparse,
    },
};

fn hostile() -> Vec<u8> {
    let pickle = Pickle::proto(4).global("os", "system").unicode("true");
    pickle.op(0x85).reduce().stop()
}

/// A column with a type of an application.
fn column(name: &'static str, kind: &'static str, metadata: Vec<u8>) -> Table {
    let pair = |key, value| Table(vec![(0, Field::Text(key)), (1, value)]);
    Table(vec![
        (0, Field::Text(name)),
        (
            6,
            Field::Tables(vec![
                pair("ARROW:extension:name", Field::Text(kind)),
                pair("ARROW:extension:metadata", Field::Bytes(metadata)),
            ]),
        ),
    ])
}

/// A stream that begins with a schema.
fn stream(columns: Vec<Table>) -> Vec<u8> {
    let schema = Table(vec![(1, Field::Tables(columns))]);
    let message = Table(vec![(1, Field::U8(1)), (2, Field::Table(schema))]);
    let mut message = file([0; 4], message);
    message.resize(message.len().next_multiple_of(8), 0);
    let length = u32::try_from(message.len()).unwrap();
    [&[0xff; 4], &length.to_le_bytes(), message.as_slice()].concat()
}

/// A file with a schema at its end, and another one where it begins.
fn arrow_file(first: Vec<Table>, last: Vec<Table>) -> Vec<u8> {
    let schema = Table(vec![(1, Field::Tables(last))]);
    let footer = file([0; 4], Table(vec![(1, Field::Table(schema))]));
    let length = u32::try_from(footer.len()).unwrap();
    [
        b"ARROW1\0\0",
        stream(first).as_slice(),
        &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        &footer,
        &length.to_le_bytes(),
        b"ARROW1",
    ]
    .concat()
}

/// A Parquet file whose description has a key with a value.
fn parquet(key: &str, value: &[u8]) -> Vec<u8> {
    let mut footer = vec![0x15, 2, 0x49, 0x1c];
    for text in [key.as_bytes(), value] {
        footer.push(0x18);
        let mut length = text.len();
        while length > 0x7f {
            footer.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        footer.push(u8::try_from(length).unwrap());
        footer.extend(text);
    }
    footer.extend([0, 0]);
    let length = u32::try_from(footer.len()).unwrap();
    [b"PAR1", footer.as_slice(), &length.to_le_bytes(), b"PAR1"].concat()
}

const PICKLED: &str = "arrow.py_extension_type";

fn pickled() -> Table {
    column("p", PICKLED, hostile())
}

fn in_parquet(stream: &[u8]) -> Vec<u8> {
    parquet("ARROW:schema", BASE64.encode(stream).as_bytes())
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("stream.arrow", stream(vec![pickled()])),
        ("file.arrow", arrow_file(vec![], vec![pickled()])),
        ("table.parquet", in_parquet(&stream(vec![pickled()]))),
    ]
}

fn found(name: &str, bytes: &[u8]) -> String {
    placed(&judge(name, &facts(bytes.to_vec(), name)))
}

#[test]
fn tables_are_data() {
    let columns = || vec![column("x", "arrow.json", b"\x80\x04N.".to_vec())];
    for (id, name, bytes) in [
        ("arrow", "t.arrow", stream(columns())),
        ("arrow", "t.feather", arrow_file(columns(), columns())),
        ("parquet", "t.parquet", parquet("pandas", b"{}")),
        ("parquet", "t.parquet", in_parquet(&stream(columns()))),
    ] {
        assert_eq!(told(&bytes, name), "", "{name}");
        assert_eq!(told(&bytes, "model.bin"), format!("[] is {id}"), "{name}");
        assert_eq!(found("model.bin", &bytes), "", "{name}");
    }
}

/// Old releases of pyarrow load it with the schema.
#[test]
fn a_type_that_is_a_pickle_is_read_as_one() {
    insta::assert_snapshot!(found("t.arrow", &stream(vec![pickled()])), @"p @ 0x17 REDUCE global-not-allowed: loading runs `os.system('true')`; the policy does not list `os.system` (it runs a program or changes the system)");
    let nested = Table(vec![
        (0, Field::Text("list")),
        (5, Field::Tables(vec![pickled()])),
    ]);
    let nested = stream(vec![nested]);
    for (name, bytes) in [
        ("t.arrow", &nested),
        ("t.feather", &arrow_file(vec![], vec![pickled()])),
        ("t.feather", &arrow_file(vec![pickled()], vec![])),
        ("t.parquet", &in_parquet(&nested)),
        ("notes.txt", &in_parquet(&nested)),
    ] {
        let findings = found(name, bytes);
        assert!(findings.contains("os.system"), "{name}: {findings}");
    }
    let harmless = Pickle::proto(4).unicode("x").stop();
    let harmless = stream(vec![column("p", PICKLED, harmless)]);
    assert_eq!(found("t.arrow", &harmless), "");
    let values = column("v", "ray.data.arrow_pickled_object", vec![]);
    insta::assert_snapshot!(told(&stream(vec![values]), "t.arrow"), @"
    [] is arrow
    [] unread: not supported: the column `v`, whose values are pickles
    ");
}

/// Readers of files look at their end, and take streams without the mark that begins messages since 0.15.
#[test]
fn a_table_is_known_however_it_begins() {
    let stream = stream(vec![pickled()]);
    let old = &stream[4..];
    let file = arrow_file(vec![], vec![pickled()]);
    let parquet = in_parquet(&stream);
    let with_front = |file: &[u8], front: &[u8]| [front, &file[front.len()..]].concat();
    for (name, bytes) in [
        ("t.arrows", old.to_vec()),
        ("notes.txt", with_front(&file, b"a text")),
        ("t.feather", with_front(&file, b"ARROW1zz")),
        ("t.arrow", [b"PK\x03\x04", file.as_slice()].concat()),
        ("t.parquet", with_front(&parquet, b"XXXX")),
        ("t.pq", [b"in front", parquet.as_slice()].concat()),
    ] {
        let findings = found(name, &bytes);
        assert!(findings.contains("os.system"), "{name}: {findings}");
    }
    let columns = || vec![column("x", "arrow.json", vec![])];
    let file = arrow_file(columns(), columns());
    insta::assert_snapshot!(told(&with_front(&file, b"ARROW2"), "t.arrow"), @"
    [] is arrow
    [] unread: malformed: byte 0: no writer of the format writes such a `magic`
    ");
    let parquet = self::parquet("pandas", b"{}");
    insta::assert_snapshot!(told(&with_front(&parquet, b"XXXX"), "t.parquet"), @"
    [] is parquet
    [] unread: malformed: byte 0: no writer of the format writes such a `magic`
    ");
    let end = parquet.len() - 4;
    let encrypted = [b"PARE", &parquet[4..end], b"PARE"].concat();
    insta::assert_snapshot!(told(&encrypted, "t.parquet"), @"
    [] is parquet
    [] unread: not supported: a table whose description is encrypted
    ");
    // The end of another text is none of a table.
    for text in [
        "to be continued in PAR1",
        "see ARROW1",
        "\0\0\0\0PAR1",
        "\0\0\0\0ARROW1",
    ] {
        assert_eq!(told(text.as_bytes(), "t.parquet"), "", "{text}");
        assert_eq!(told(text.as_bytes(), "t.arrow"), "", "{text}");
    }
}

/// Ray unpickles the shapes of its tensors, and takes what is no pickle as JSON.
#[test]
fn shapes_of_ray_are_pickles() {
    for kind in [
        "ray.data.arrow_tensor",
        "ray.data.arrow_tensor_v2",
        "ray.data.arrow_variable_shaped_tensor",
    ] {
        let of = |metadata: Vec<u8>| {
            found(
                "t.parquet",
                &in_parquet(&stream(vec![column("x", kind, metadata)])),
            )
        };
        insta::allow_duplicates! {
            insta::assert_snapshot!(of(hostile()), @"from 0x4 > x @ 0x17 REDUCE global-not-allowed: loading runs `os.system('true')`; the policy does not list `os.system` (it runs a program or changes the system)");
        }
        let shape = Pickle::proto(5)
            .op(b'K')
            .op(2)
            .op(b'K')
            .op(3)
            .op(0x86)
            .stop();
        for data in [b"[2, 3]".to_vec(), b"3".to_vec(), shape, vec![]] {
            assert_eq!(of(data), "", "{kind}");
        }
        assert!(
            of(b"nothing".to_vec()).contains("incomplete-read"),
            "{kind}"
        );
    }
}

/// Which of two keys is taken, readers decide.
#[test]
fn each_entry_of_a_key_counts() {
    let pair = |key, value| Table(vec![(0, Field::Text(key)), (1, value)]);
    let (name, metadata) = ("ARROW:extension:name", "ARROW:extension:metadata");
    for other_first in [false, true] {
        let mut names = vec![
            pair(name, Field::Text(PICKLED)),
            pair(name, Field::Text("arrow.json")),
        ];
        let mut values = vec![
            pair(metadata, Field::Bytes(hostile())),
            pair(metadata, Field::Bytes(b"{}".to_vec())),
        ];
        if other_first {
            names.reverse();
            values.reverse();
        }
        names.extend(values);
        let field = Table(vec![(0, Field::Text("p")), (6, Field::Tables(names))]);
        let findings = found("t.arrow", &stream(vec![field]));
        assert!(findings.contains("os.system"), "{findings}");
    }
}

#[test]
fn what_does_not_fit_in_a_table_is_said() {
    let mut cut = arrow_file(vec![], vec![]);
    cut.truncate(cut.len() - 3);
    insta::assert_snapshot!(told(&cut, "t.arrow"), @"
    [] is arrow
    [] unread: malformed: byte 171: no writer of the format writes such a `footer`
    ");
    let mut long = parquet("a", b"b");
    let at = long.len() - 8;
    long[at..at + 4].copy_from_slice(&1_000_000_u32.to_le_bytes());
    insta::assert_snapshot!(told(&long, "t.parquet"), @"
    [] is parquet
    [] unread: malformed: its content needs 1000000 bytes, 16 are left
    ");
    insta::assert_snapshot!(told(&parquet("ARROW:schema", b"!"), "t.parquet"), @"
    [] is parquet
    [] unread: malformed: byte 26: no writer of the format writes such a `schema`
    ");
    // Lists in lists, and more elements than there are bytes.
    let with = |footer: Vec<u8>| {
        let length = u32::try_from(footer.len()).unwrap();
        let file = [b"PAR1", footer.as_slice(), &length.to_le_bytes(), b"PAR1"].concat();
        told(&file, "t.parquet")
    };
    insta::assert_snapshot!(with([vec![0x19], vec![0x19; 100]].concat()), @"
    [] is parquet
    [] unread: past the limit of 64 types inside one another in the schema of a table
    ");
    insta::assert_snapshot!(with(vec![0x19, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x0f]), @"
    [] is parquet
    [] unread: malformed: its content needs 1 bytes, 0 are left
    ");
    insta::assert_snapshot!(with(vec![0x1e]), @"
    [] is parquet
    [] unread: malformed: byte 5: no writer of the format writes such a `type`
    ");
}

#[test]
fn a_table_of_any_length_costs_its_schema() {
    const LONG: u64 = 40 << 30;
    let front = stream(vec![pickled()]);
    let whole = in_parquet(&stream(vec![pickled()]));
    let tail = whole[4..].to_vec();
    let at = LONG - tail.len() as u64;
    for (name, patches) in [
        ("t.arrow", vec![(0, front)]),
        ("t.parquet", vec![(0, b"PAR1\n".to_vec()), (at, tail)]),
    ] {
        let source = Sparse::new(LONG, patches);
        let read = source.counter();
        let seen = facts(source, name);
        let calls = |o: &&_| matches!(o, Fact::Call { .. });
        assert!(seen.iter().any(|o| calls(&&o.fact)), "{name}: {seen:?}");
        assert!(read.load(Ordering::Relaxed) < 2 << 20, "{name}");
    }
}

/// What pyarrow writes is data, unless a type of it is a pickle: then what that names is what pyarrow says of the schema.
#[test]
fn pyarrow_agrees() {
    let Some(python) = oracle::python("pyarrow, numpy") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let mut kinds = BTreeSet::new();
    for answer in oracle::run(&python, "arrow_tables.py", &[path]) {
        let name = answer["file"].as_str().unwrap();
        let pickles = answer["pickles"].as_u64().unwrap();
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        let findings = found(name, &bytes);
        assert_eq!(
            findings.contains(".system('true')"),
            pickles > 0,
            "{name}: {findings}"
        );
        let is_refused = pickles > 0 || answer["forged"].as_bool().unwrap();
        assert_eq!(findings.is_empty(), !is_refused, "{name}: {findings}");
        assert!(!facts(bytes, "model.bin").is_empty(), "{name}");
        kinds.insert(pickles > 0);
    }
    assert_eq!(kinds.len(), 2);
}
